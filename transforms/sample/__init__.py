"""Made-up trials with a known truth.

Here: homes, their gas, and faults that real meters have.
Not here: writing the files (flows/deliveries).
"""
