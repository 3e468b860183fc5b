"""Runs as Prefect sees them: flows, tasks, artifacts, assets.

Here: all code that imports prefect for a run.
Not here: what a run computes (pipeline), and the server that it talks to (server).
"""
