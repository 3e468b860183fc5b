"""Statements of the paper, and what this model says of them.

Here: the values of claims and the table of verdicts.
Not here: the model (lcoh).
"""
