"""Statements of the paper, and the values of this model for them.

Here: the values of claims and the table of verdicts.
Not here: the model (lcoh).
"""
