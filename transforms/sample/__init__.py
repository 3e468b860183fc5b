"""Made-up trials with a known truth.

Here: homes, their gas, and the faults of real meters.
Not here: writing the files (flows/deliveries).
"""
