"""The work of an operator: what they look at, and what they decide.

Here: status, alerts, snapshots, quarantine, withdrawal, forgetting, disk, doctor.
Not here: what a run does by itself (pipeline).
"""
