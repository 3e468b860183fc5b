"""Costs as tables: over demands, homes, draws, prices.

Here: what is published of the model.
Not here: equations (model).
"""
