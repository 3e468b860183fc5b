"""The work of a run, without Prefect: one file per stage holds its declaration, its plan and its work.

Here: finding out what has to be done, and doing it.
Not here: formulas (transforms), storing files and tables (warehouse), retries and progress in Prefect (runs).
"""
