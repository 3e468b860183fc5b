"""Costs as tables: over demands, homes, draws, prices.

Here: the model's published results.
Not here: equations (model).
"""
