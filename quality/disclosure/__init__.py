"""Disclosure control: every page and every download passes it before it leaves the restricted tier.

Here: thresholds, companions, roundings, cells that keep their value; `everything` is the one way out.
Not here: how a release is written (warehouse/public).
"""
