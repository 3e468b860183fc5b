"""Every table of Hearth, declared once.

Here: grain, key, columns with unit, meaning and bounds; schema, DDL, expectations and dictionary follow from them.
Not here: how a table is computed or stored.
"""
