"""Values of a run beside the same values of published studies, and what explains the difference.

Here: the comparison.
Not here: reading the studies' files (warehouse).
"""
