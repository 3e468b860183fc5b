"""What an operator does, or is told.

Here: status, alerts, snapshots, quarantine, withdrawal, forgetting, disk, doctor.
Not here: what a run does by itself (pipeline).
"""
