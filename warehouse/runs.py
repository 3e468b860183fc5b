"""The log of runs: one small JSON file per run, so that also a run that published nothing leaves a trace.

It is for people and `hearth status`; nothing that decides work is read from it.
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

TOLD_BY_OTHERS = {"run_id", "kind", "reason"}  # fields of a run's log that its other lines tell
FILES_NAMED = 3  # in a line about a failed unit
Outcome = Literal[
    "running", "published", "unchanged", "gate_failed", "failed", "nothing_usable", "landing_missing", "interrupted",
    "crashed",
]  # fmt: skip
CUT_SHORT = frozenset({"interrupted", "crashed", "failed"})  # outcomes of runs that another one goes on from


class FailedUnit(BaseModel):
    """A piece of work that failed and was contained: the rest went on without it."""

    model_config = ConfigDict(extra="forbid")

    stage: str
    unit: str
    error: str
    rests_on: list[str]  # names of the delivered files
    next_step: str

    def describe(self) -> str:
        """Say it in a line."""
        named = ", ".join(self.rests_on[:FILES_NAMED])
        more = f" and {len(self.rests_on) - FILES_NAMED} more" if len(self.rests_on) > FILES_NAMED else ""
        return f"{self.stage}: {self.unit} failed: {self.error}; it rests on {named}{more}; {self.next_step}"


class DamagedPlace(BaseModel):
    """A file below the data folder that was not what was written, and what became of it."""

    model_config = ConfigDict(extra="forbid")

    place: str  # below the data folder
    why: str
    remedy: str
    source_id: str | None = None  # of the delivered file that it was read from
    deliver_again: str | None = None  # name of the file without which it cannot be built again

    def describe(self) -> str:
        """Say it in a line."""
        return f"{self.place} was damaged ({self.why}): {self.remedy}"


class RunLog(BaseModel):
    """One run as `hearth status` tells of it."""

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
    units_failed: list[FailedUnit] = []  # whose failure was contained
    damaged: list[DamagedPlace] = []  # what was put aside, and built again where that was possible
    months_built: int = 0
    periods_built: int = 0
    units_skipped: int = 0
    message: str = ""
    flow_run_id: str | None = None  # what Prefect calls the run
    failed_checks: list[str] = []  # critical ones of a failed gate
    forced: str | None = None  # the span (YYYY-MM/YYYY-MM) whose months are built although they are done
    held: bool = False  # what the lake gives is not published, since a snapshot was brought back


def write_run(folder: Path, log: RunLog) -> None:
    """Store the log of a run, whole or not at all."""
    Lake(folder).put_model(name_log(log.run_id), log)


def write_event(folder: Path, run_id: str, event: str, **told: object) -> None:
    """Append what happened in a run to `<run_id>.jsonl`: one line of JSON, written at once, whichever thread says it."""
    line = {"at_utc": dt.datetime.now(dt.UTC), "run_id": run_id, "event": event} | told
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / f"{run_id}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE)
    try:
        os.fchmod(handle, PRIVATE)
        os.write(handle, (json.dumps(line, default=str) + "\n").encode())
    finally:
        os.close(handle)


def read_events(folder: Path, run_id: str) -> list[dict[str, Any]]:
    """Return what happened in a run, in the order in which it was written; a line that is cut or damaged is left out."""
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
    """Hold the lock that runs share, or hold it `alone`: then no run is under way, and those that start wait.

    It dies with its process; `waiting` is called where it is not to be had at once.
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
    """Record a run from its start to its end; an OS lock shows that its process lives."""
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
            write_event(folder, log.run_id, "run ended", **log.model_dump(mode="json", exclude=TOLD_BY_OTHERS))
            lock.unlink(missing_ok=True)


def describe_kept(log: RunLog) -> str:
    """Say how far a run came that was cut short."""
    if not log.months_planned:
        return "what was taken in is kept"
    return f"{log.months_built} of {log.months_planned} months kept"


def read_kept(folder: Path, forced: str) -> set[str]:
    """Return the fingerprints of the units that earlier runs built which forced this span and were cut short.

    A run that forced it and came to its end ends the search.
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
    """Return one run; it is `crashed` if its process died before it could say how it ended."""
    try:
        log = Lake(folder).get_model(name_log(run_id), RunLog)
    except DamagedObjectError:
        log = restore_run(folder, run_id)
    if log.outcome == "running" and not _is_alive(folder, run_id):
        log.outcome = "crashed"
    return log


def restore_run(folder: Path, run_id: str) -> RunLog:
    """Return one run as its journal tells it, where its log is damaged.

    Raises
    ------
    DamagedObjectError
        If there is no such journal.

    """
    told = {str(event["event"]): event for event in read_events(folder, run_id)}
    if "run started" not in told:
        raise DamagedObjectError(folder, name_log(run_id), "and no journal tells of the run")
    started, ended = told["run started"], told.get("run ended", {})
    fields = {"started_at_utc": started["at_utc"]} | started | ended
    return RunLog.model_validate({name: fields[name] for name in RunLog.model_fields if name in fields})


def name_log(run_id: str) -> str:
    """Return what the log of a run is called."""
    return f"{run_id}.json"


def read_runs(folder: Path) -> list[RunLog]:
    """Return all runs, oldest first, as `read_run`; one of which neither log nor journal can be read is left out."""
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
