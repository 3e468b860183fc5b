"""Writes landing files: sample trials and household tables.

Here: files that a supplier could have delivered.
Not here: taking files in (pipeline).
"""
