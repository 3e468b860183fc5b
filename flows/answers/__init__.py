"""Questions that change nothing: SQL, the cost model alone, the trace of a number.

Here: read-only work that answers a person's question.
Not here: anything that writes below the data folder.
"""
