"""Figures of a run beside the same figures of published studies, and what explains the difference.

Here: the comparison.
Not here: reading the studies' files (warehouse).
"""
