"""Alarms: SQL that finds rows that are not wrong but unusual, by stated limits.

They depend on what was published before, on the day of the run and on limits that are data (warehouse/assumptions).
Not here: what must hold in every warehouse (truths).
"""
