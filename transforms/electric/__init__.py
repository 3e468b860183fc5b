"""Heat pumps in the measured homes, if they had them: load on the grid, hybrids, retrofit, tariffs.

Here: electricity from heat by the hour, and the tables that follow.
Not here: the performance of one hour (lcoh/model/heat_pumps) and the cost of a system (lcoh/model/what_if).
"""
