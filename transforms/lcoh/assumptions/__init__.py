"""Rows of assumptions to the values of one scenario and year.

Here: parameters, scenarios, overrides, and refusals.
Not here: any cost.
"""
