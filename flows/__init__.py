"""Orchestration: Prefect flows, the command line and settings; the only place where the other packages meet."""
