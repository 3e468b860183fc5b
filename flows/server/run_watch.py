"""The lines of `hearth up` about runs: one when a run begins and one when it has ended, with its run id."""

from __future__ import annotations

from pathlib import Path

from flows.progress import describe_seconds
from warehouse.runs import RunLog, read_run, read_runs


class RunWatch:
    """The runs of a data folder, as of the last look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ended = {log.run_id for log in read_runs(folder) if log.outcome != "running"}
        self._begun: set[str] = set()

    def look(self) -> list[str]:
        """Return a line for each run that began or ended since the last look."""
        names = sorted(path.stem for path in self._folder.glob("*.json") if path.stem not in self._ended)
        return [line for name in names for line in self._describe(read_run(self._folder, name))]

    def _describe(self, log: RunLog) -> list[str]:
        lines = []
        if log.run_id not in self._begun:
            self._begun.add(log.run_id)
            lines.append(f"run        {log.run_id} begins: {log.kind}{f', {log.reason}' if log.reason else ''}")
        if log.outcome != "running":
            self._ended.add(log.run_id)
            lines.append(f"run        {log.run_id} ended: {describe_end(log)}")
        return lines


def describe_end(log: RunLog) -> str:
    """Return the outcome of a run and how long it took."""
    took = ""
    if log.finished_at_utc is not None:
        took = f" after {describe_seconds((log.finished_at_utc - log.started_at_utc).total_seconds())}"
    first_line = log.message.partition("\n")[0]
    return f"{log.outcome}{took}" + (f"; {first_line}" if first_line else "")
