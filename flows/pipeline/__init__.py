"""What a run does, without Prefect: one file per stage holds its declaration, its plan and its work.

Here: what is to be done, and doing it.
Not here: formulas (transforms), how files and tables are kept (warehouse), retries and progress in Prefect (runs).
"""
