"""Questions that change nothing: SQL, the cost model alone, the trace of a number.

Here: read-only work for a person who asks.
Not here: whatever writes below the data folder.
"""
