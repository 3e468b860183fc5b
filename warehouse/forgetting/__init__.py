"""Taking a home out of everything that is kept.

Here: tombstones, the lake and tables written anew, the search for what is left.
Not here: the command and its order of work (flows/operations).
"""
