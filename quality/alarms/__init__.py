"""Alarms: what is not wrong by itself but unusual, held against stated limits, as SQL that finds what is.

They depend on what was published before, on the day of the run and on limits that are data (warehouse/assumptions).
Not here: what must hold in every warehouse (truths).
"""
