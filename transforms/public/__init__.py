"""Data that leave the restricted tier: releases, changes between them, licences, inert cells.

Here: pure parts of publishing.
Not here: disclosure control itself (quality/disclosure).
"""
