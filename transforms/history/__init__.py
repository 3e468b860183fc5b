"""Homes followed through all months, to find faults that only their history shows.

Here: digests of months, equal runs, slips of unit.
Not here: flags that a line or its neighbours decide (readings).
"""
