"""`hearth snapshots` and `hearth rollback`: list the published warehouses that are kept, and publish one of them again."""

from __future__ import annotations

import datetime as dt
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from filelock import Timeout
from pydantic import BaseModel

from flows.operations.disk import tell_bytes
from flows.operations.state import ROLLBACK
from flows.pipeline.report import give_access, write_report
from flows.progress import say
from flows.settings import Settings
from warehouse.publish import WarehouseFolder, keep_snapshot
from warehouse.reader import QueryError, open_published
from warehouse.runs import RunLog, running
from warehouse.snapshots import (
    Hold,
    SnapshotFile,
    decide_retention,
    describe_hold,
    forget_old_snapshots,
    honour_hold,
    lift_hold,
    list_files,
    put_back,
    read_hold,
    set_access,
    write_hold,
)
from warehouse.versions import FormatError, check_not_newer, describe_older, lacking_columns


class SnapshotState(BaseModel):
    """One snapshot as `hearth snapshots` shows it."""

    snapshot_id: str
    published_at_utc: dt.datetime
    kind: str | None  # kind of the run that published it; None if the snapshot cannot be read
    run_id: str | None
    hours: int | None  # rows of heat_hourly
    bytes: int
    is_current: bool
    stays: bool
    because: str
    trouble: str | None  # why today's code cannot publish it again


def list_snapshots(settings: Settings) -> list[SnapshotState]:
    """Return every snapshot, newest first; each says whether the next run keeps it, and why."""
    folder = settings.folders.warehouse
    verdicts = decide_retention(
        list_files(folder), settings.retention, now=dt.datetime.now(dt.UTC), hold=read_hold(folder)
    )
    return [
        _describe(verdict.file).model_copy(update={"stays": verdict.stays, "because": verdict.because})
        for verdict in verdicts
    ]


def _describe(file: SnapshotFile) -> SnapshotState:
    state = SnapshotState(
        snapshot_id=file.snapshot_id, published_at_utc=file.made_at_utc, kind=None, run_id=None, hours=None,
        bytes=file.bytes, is_current=file.is_current, stays=True, because="", trouble=None,
    )  # fmt: skip
    try:
        with open_published(file.path) as warehouse:
            run = warehouse.query("SELECT * FROM run ORDER BY published_at_utc, run_id")
            hours = warehouse.query(
                "SELECT estimated_size AS rows FROM duckdb_tables() WHERE table_name = 'heat_hourly'"
            )
            trouble = _what_prevents(run, warehouse.query, file.snapshot_id)
    except (QueryError, FileNotFoundError) as error:
        return state.model_copy(update={"trouble": f"cannot be read: {error}"})
    last = run.row(-1, named=True)
    found = {
        "kind": last["kind"],
        "run_id": last["run_id"],
        "hours": int(hours["rows"].sum()),
        "published_at_utc": last["published_at_utc"].replace(tzinfo=dt.UTC),
        "trouble": trouble,
    }
    return state.model_copy(update=found)


def _what_prevents(run: pl.DataFrame, query: Callable[[str], pl.DataFrame], name: str) -> str | None:
    """Say why today's code cannot publish a warehouse again, or return None."""
    try:
        check_not_newer(run, name)
    except FormatError as error:
        return str(error)
    return describe_older(run, lacking_columns(query))


def describe_snapshots(states: list[SnapshotState], settings: Settings) -> str:
    """Return the snapshots as text."""
    if not states:
        return "no snapshot yet: `hearth run` publishes the first"
    hold = read_hold(settings.folders.warehouse)
    lines = [f"{'snapshot':<27}{'published (UTC)':<18}{'by':<10}{'hours':>12}{'size':>10}"]
    for state in states:
        hours = "" if state.hours is None else f"{state.hours:,}"
        lines.append(
            f"{state.snapshot_id:<27}{state.published_at_utc:%Y-%m-%d %H:%M}  {state.kind or '?':<10}"
            f"{hours:>12}{tell_bytes(state.bytes):>10}"
        )
        lines.append(f"  {'' if state.stays else 'deleted by the next run: '}{state.because}")
        if state.trouble:
            lines.append(f"  cannot be brought back: {state.trouble}")
    if hold is not None:
        lines += ["", describe_hold(hold)]
    return "\n".join(lines)


def roll_back(settings: Settings, name: str, *, reason: str | None = None) -> str:
    """Publish a snapshot again, write its report, and return what was done.

    No run replaces the snapshot until somebody ends this with `--resume`, or goes forward to the newest snapshot.

    Parameters
    ----------
    settings
        Settings, which name the data folder.
    name
        A snapshot id, or the beginning of one.
    reason
        Reason, which is kept with the run and the decision.

    Raises
    ------
    ValueError
        If the name fits no snapshot or several, it is the published one, or today's code cannot read it.

    """
    folder = settings.folders.warehouse
    target = _find(list_snapshots(settings), name)
    log = _start_log(reason)
    with running(settings.folders.runs, log):
        with _publishing_lock(folder):
            hold, before = honour_hold(folder), _published_id(folder)
            if before is not None:
                keep_snapshot(folder, before)
            newest = list_files(folder)[0].snapshot_id
            if target.snapshot_id == newest:
                put_back(
                    folder, newest
                )  # before the hold ends: after a kill in between, the older one is published again
                lift_hold(folder)
            else:
                instead = hold.instead_of if hold is not None else before
                decision = Hold(
                    snapshot_id=target.snapshot_id, instead_of=instead, reason=reason, decided_at_utc=log.started_at_utc
                )
                write_hold(folder, decision)
                put_back(folder, target.snapshot_id)
        log.outcome, log.snapshot_id = "published", target.snapshot_id
        log.message = f"current.duckdb is {target.snapshot_id} instead of {before}"
        page = write_report(settings)
    if target.snapshot_id == newest:
        follows = "It is the newest snapshot: runs publish again."
    else:
        follows = (
            "Runs still take files in, and publish nothing until `hearth rollback --resume`;\n"
            f"`hearth rollback {newest}` goes forward again."
        )
    return f"{log.message}\nreport     {page}\n{follows}"


def resume(settings: Settings) -> str:
    """End the hold that a rollback began, and return what follows.

    Raises
    ------
    ValueError
        If nothing is held.

    """
    folder = settings.folders.warehouse
    if read_hold(folder) is None:
        raise ValueError("nothing is held: runs publish what they find")
    log = _start_log("resumed")
    with running(settings.folders.runs, log), _publishing_lock(folder):
        hold = honour_hold(folder)
        lift_hold(folder)
        log.outcome, log.snapshot_id = "unchanged", None if hold is None else hold.snapshot_id
        log.message = "the hold has ended; the next run publishes again"
    return f"{log.message}: `hearth run`"


def _start_log(reason: str | None) -> RunLog:
    started = dt.datetime.now(dt.UTC)
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
    return RunLog(run_id=run_id, kind=ROLLBACK, reason=reason, started_at_utc=started)


def _find(states: list[SnapshotState], name: str) -> SnapshotState:
    found = [state for state in states if name and state.snapshot_id.startswith(name)]
    if len(found) != 1:
        known = ", ".join(state.snapshot_id for state in states[:3]) or "none"
        message = f"{len(found)} snapshots are named {name!r}; there are {len(states)}, newest first {known}"
        raise ValueError(message)
    (state,) = found
    if state.is_current:
        message = f"{state.snapshot_id} is the published one; `hearth snapshots` lists the others"
        raise ValueError(message)
    if state.trouble:
        message = f"{state.snapshot_id} cannot be brought back: it {state.trouble}"
        raise ValueError(message)
    return state


def _published_id(folder: WarehouseFolder) -> str | None:
    if not folder.current.exists():
        return None
    with open_published(folder.current) as warehouse:
        runs = warehouse.query("SELECT snapshot_id FROM run ORDER BY published_at_utc, run_id")
    return str(runs["snapshot_id"][-1])


@contextmanager
def _publishing_lock(folder: WarehouseFolder) -> Iterator[None]:
    lock = folder.lock()
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("waiting for a publication that is under way")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def retain(settings: Settings) -> list[str]:
    """Delete snapshots and reports that do not stay, set the mode of the others, and return the names of the deleted ones.

    Nothing is done while another run publishes: that run does the same at its end.
    """
    folder = settings.folders.warehouse
    try:
        with folder.lock(timeout=0):
            gone = forget_old_snapshots(folder, settings.retention, now=dt.datetime.now(dt.UTC))
            kept = list_files(folder)
            mode = int(settings.published_mode, 8)
            set_access([file.path for file in kept], mode=mode, group=settings.published_group)
    except Timeout:
        return []
    with settings.folders.releases.lock():
        return gone + prune_reports(settings, {file.snapshot_id for file in kept})


def prune_reports(settings: Settings, kept: Collection[str]) -> list[str]:
    """Delete the reports of snapshots that are gone, and of every other snapshot all except the latest report.

    The report that `reports/current` points to stays. The caller holds the lock of releases.
    """
    reports = settings.folders.reports
    if not reports.exists():
        return []
    current = (reports / "current").resolve().name
    folders = [path for path in reports.iterdir() if path.is_dir() and not path.is_symlink() and path.name[0] != "."]
    newest: dict[str, Path] = {}
    for path in sorted(folders, key=lambda path: path.stat().st_mtime_ns):
        newest[snapshot_of(path.name)] = path
    gone = []
    for path in folders:
        snapshot = snapshot_of(path.name)
        if path.name != current and (snapshot not in kept or path != newest[snapshot]):
            shutil.rmtree(path)
            gone.append(path.name)
        else:
            give_access(path, settings)
    return gone


def snapshot_of(report: str) -> str:
    """Return the snapshot id that the name of a report's folder begins with."""
    return "-".join(report.split("-")[:2])
