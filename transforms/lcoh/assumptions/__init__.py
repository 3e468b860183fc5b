"""Rows of assumptions to the values of one scenario and year.

Here: parameters, scenarios, overrides, and what is refused.
Not here: any cost.
"""
