"""The log of runs: one small JSON file per run, so that a run that published nothing leaves a trace as well.

People and `hearth status` read it. No plan depends on it, except that a forced backfill that was cut short goes on
from the units of its journal (`read_kept`).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from warehouse.lake import DamagedObjectError, Lake
from warehouse.writing import PRIVATE, open_lock

IN_OTHER_LINES = {"run_id", "kind", "reason"}  # fields that the journal holds already when a run ends
FILES_NAMED = 3  # files that a line about a failed unit names; it counts the others
Outcome = Literal[
    "running", "published", "unchanged", "gate_failed", "failed", "nothing_usable", "landing_missing", "interrupted",
    "crashed",
]  # fmt: skip
CUT_SHORT = frozenset({"interrupted", "crashed", "failed"})  # outcomes of runs whose work the next run continues


class FailedUnit(BaseModel):
    """A unit of work that failed; the rest of the run went on without it."""

    model_config = ConfigDict(extra="forbid")

    stage: str
    unit: str
    error: str
    rests_on: list[str]  # names of the delivered files that the unit reads
    next_step: str

    def describe(self) -> str:
        """Return one line about it."""
        named = ", ".join(self.rests_on[:FILES_NAMED])
        more = f" and {len(self.rests_on) - FILES_NAMED} more" if len(self.rests_on) > FILES_NAMED else ""
        return f"{self.stage}: {self.unit} failed: {self.error}; it rests on {named}{more}; {self.next_step}"


class DamagedPlace(BaseModel):
    """A damaged file of the data folder, and what became of it."""

    model_config = ConfigDict(extra="forbid")

    place: str  # below the data folder
    why: str
    remedy: str
    source_id: str | None = None  # the delivered file that its content came from
    deliver_again: str | None = None  # name of the file that has to be delivered again

    def describe(self) -> str:
        """Return one line about it."""
        return f"{self.place} was damaged ({self.why}): {self.remedy}"


class RunLog(BaseModel):
    """One run as `hearth status` shows it."""

    model_config = ConfigDict(extra="forbid")

    run_id: str
    kind: str
    reason: str | None = None
    started_at_utc: dt.datetime
    finished_at_utc: dt.datetime | None = None
    outcome: Outcome = "running"
    snapshot_id: str | None = None
    files_ingested: int = 0
    files_refused: int = 0
    files_held: int = 0
    files_waiting: int = 0
    files_unused: dict[str, str] = {}  # entries of the landing folder that are not used, with the reason
    unreadable: list[str] = []  # files that the operating system does not let us read; counted among the refused
    months_planned: int = 0  # that had to be built
    units_failed: list[FailedUnit] = []  # units that failed without stopping the run
    damaged: list[DamagedPlace] = []  # files that were put aside, and built again if that was possible
    months_built: int = 0
    periods_built: int = 0
    units_skipped: int = 0
    message: str = ""
    flow_run_id: str | None = None  # Prefect's id of the run
    failed_checks: list[str] = []  # critical checks that the gate failed
    forced: str | None = None  # the span (YYYY-MM/YYYY-MM) whose months are built although they are up to date
    held: bool = False  # nothing is published, since a rollback holds an earlier snapshot


def write_run(folder: Path, log: RunLog) -> None:
    """Store the log of a run, whole or not at all."""
    Lake(folder).put_model(name_log(log.run_id), log)


def write_event(folder: Path, run_id: str, event: str, **fields: object) -> None:
    """Append an event to the journal of a run, `<run_id>.jsonl`: one line of JSON in one write, so that threads do not mix."""
    line = {"at_utc": dt.datetime.now(dt.UTC), "run_id": run_id, "event": event} | fields
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / f"{run_id}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE)
    try:
        os.fchmod(handle, PRIVATE)
        os.write(handle, (json.dumps(line, default=str) + "\n").encode())
    finally:
        os.close(handle)


def read_events(folder: Path, run_id: str) -> list[dict[str, Any]]:
    """Return the events of a run in the order in which they were written; cut or damaged lines are left out."""
    path = folder / f"{run_id}.jsonl"
    if not path.exists():
        return []
    events = list[dict[str, Any]]()
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict) and "event" in event:
                events.append(event)
    return events


@contextmanager
def at_work(folder: Path, *, alone: bool = False, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock that runs share, or hold it `alone`: then no run is under way, and new runs wait.

    `waiting` is called if the lock is not free at once. The lock ends with its process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    with open_lock(folder / ".work.lock") as handle:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, kind)
        yield


@contextmanager
def running(folder: Path, log: RunLog) -> Iterator[RunLog]:
    """Record a run from its start to its end; a lock of the operating system shows that its process lives."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / f".{log.run_id}.lock"
    with at_work(folder), open_lock(lock) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        write_run(folder, log)
        write_event(folder, log.run_id, "run started", kind=log.kind, reason=log.reason)
        try:
            yield log
        except KeyboardInterrupt:
            log.outcome = "interrupted"
            log.message = describe_kept(log)
            raise
        except BaseException as error:
            log.outcome = "failed"
            log.message = f"{type(error).__name__}: {error}"
            raise
        finally:
            log.finished_at_utc = dt.datetime.now(dt.UTC)
            write_run(folder, log)
            write_event(folder, log.run_id, "run ended", **log.model_dump(mode="json", exclude=IN_OTHER_LINES))
            lock.unlink(missing_ok=True)


def describe_kept(log: RunLog) -> str:
    """Say how far a run came before it was cut short."""
    if not log.months_planned:
        return "what was taken in is kept"
    return f"{log.months_built} of {log.months_planned} months kept"


def read_kept(folder: Path, forced: str) -> set[str]:
    """Return the fingerprints of the units that earlier runs with the same forced span built before they were cut short.

    The search goes back to the last run with this span that was not cut short.
    """
    kept = set[str]()
    for log in reversed(read_runs(folder)):
        if log.forced != forced or log.outcome == "running":
            continue
        if log.outcome not in CUT_SHORT:
            break
        kept |= {
            str(e["fingerprint"])
            for e in read_events(folder, log.run_id)
            if e["event"] == "unit done" and "fingerprint" in e
        }
    return kept


def read_run(folder: Path, run_id: str) -> RunLog:
    """Return one run; its outcome is `crashed` if its process died before it recorded an outcome."""
    try:
        log = Lake(folder).get_model(name_log(run_id), RunLog)
    except DamagedObjectError:
        log = restore_run(folder, run_id)
    if log.outcome == "running" and not _is_alive(folder, run_id):
        log.outcome = "crashed"
    return log


def restore_run(folder: Path, run_id: str) -> RunLog:
    """Return one run from its journal, after its log was damaged.

    Raises
    ------
    DamagedObjectError
        If the run has no journal.

    """
    events = {str(event["event"]): event for event in read_events(folder, run_id)}
    if "run started" not in events:
        raise DamagedObjectError(folder, name_log(run_id), "and the run has no journal")
    started, ended = events["run started"], events.get("run ended", {})
    fields = {"started_at_utc": started["at_utc"]} | started | ended
    return RunLog.model_validate({name: fields[name] for name in RunLog.model_fields if name in fields})


def name_log(run_id: str) -> str:
    """Return the file name of the log of a run."""
    return f"{run_id}.json"


def read_runs(folder: Path) -> list[RunLog]:
    """Return all runs, oldest first; a run is left out if neither its log nor its journal can be read."""
    if not folder.exists():
        return []
    logs = list[RunLog]()
    for path in folder.glob("*.json"):
        with suppress(DamagedObjectError):
            logs.append(read_run(folder, path.stem))
    return sorted(logs, key=lambda log: (log.started_at_utc, log.run_id))


def _is_alive(folder: Path, run_id: str) -> bool:
    try:
        with (folder / f".{run_id}.lock").open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
