"""From the lines of a file to readings that bear one flag each.

Here: formats, stamps, clocks, parsing, flags, and the tables delivered beside readings.
Not here: rules that need months of a home (history).
"""
