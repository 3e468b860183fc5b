"""Makes landing files: sample trials and household tables.

Here: files written for a supplier's place.
Not here: taking files in (pipeline).
"""
