"""Truths across tables: conditions that hold if every number is right, as SQL that finds breaches.

A condition says what holds; a row is a breach where it is not true, so nulls and rows without a partner are breaches too.
Not here: what is unusual but may be right (alarms).
"""
