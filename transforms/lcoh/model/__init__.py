"""Values to the cash flows and the cost of one system or network.

Here: equations.
Not here: tables over many demands (results).
"""
