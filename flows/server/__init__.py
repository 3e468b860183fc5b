"""The embedded Prefect server, its worker, and the processes that keep both alive.

Here: processes, ports, and the files that name them.
Not here: flows and tasks (runs).
"""
