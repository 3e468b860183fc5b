"""The embedded Prefect server, its worker, and what keeps both alive.

Here: processes, ports, and the files that tell where they are.
Not here: flows and tasks (runs).
"""
