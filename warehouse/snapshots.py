"""Snapshots: published warehouses that are kept, for how long, and how one of them is published again."""

from __future__ import annotations

import datetime as dt
import grp
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from warehouse.lake import Lake
from warehouse.publish import WarehouseFolder
from warehouse.writing import flush_to_disk, renamed_onto

GIGABYTE = 1e9
STAMP = "%Y%m%dT%H%M%SZ"  # the beginning of a snapshot's id: the time at which it was made
PARTIAL = ".current.*.tmp"  # files that a killed process left while it replaced the current warehouse


class Hold(BaseModel):
    """The decision that one snapshot stays published, whatever the lake gives, until somebody ends it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    snapshot_id: str
    instead_of: str | None  # the snapshot that was published before the decision
    reason: str | None
    decided_at_utc: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many snapshots are kept, for how long, and in how much disk space; None means no limit."""

    keep: int
    days: float | None = None
    gigabytes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFile:
    """One snapshot on disk."""

    snapshot_id: str
    path: Path
    bytes: int
    made_at_utc: dt.datetime
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotStay:
    """Whether a snapshot stays, and why."""

    file: SnapshotFile
    stays: bool
    because: str


def list_files(folder: WarehouseFolder) -> list[SnapshotFile]:
    """Return the snapshots, newest first."""
    if not folder.snapshots.exists():
        return []
    current = folder.current.stat() if folder.current.exists() else None
    found = []
    for path in sorted(folder.snapshots.glob("*.duckdb"), reverse=True):
        stat = path.stat()
        found.append(
            SnapshotFile(
                snapshot_id=path.stem,
                path=path,
                bytes=stat.st_size,
                made_at_utc=_moment(path.stem, stat.st_mtime),
                is_current=current is not None and os.path.samestat(stat, current),
            )
        )
    return found


def _moment(snapshot_id: str, modified: float) -> dt.datetime:
    try:
        return dt.datetime.strptime(snapshot_id.split("-", maxsplit=1)[0], STAMP).replace(tzinfo=dt.UTC)
    except ValueError:  # a file that somebody put there
        return dt.datetime.fromtimestamp(modified, tz=dt.UTC)


def decide_retention(
    files: Sequence[SnapshotFile], retention: Retention, *, now: dt.datetime, hold: Hold | None = None
) -> list[SnapshotStay]:
    """Return which snapshots stay, in the order of `files` (newest first).

    The published snapshot always stays. If more than one is kept, two others stay as well: the one before it, for a
    rollback, and the one that a rollback replaced, for the way forward. Any other is deleted if it exceeds one limit.
    """
    current = next((n for n, file in enumerate(files) if file.is_current), None)
    always: dict[str, str] = {}
    if retention.keep > 1:
        if hold is not None and hold.instead_of is not None:
            always[hold.instead_of] = "was taken back: the way forward"
        if current is not None and current + 1 < len(files):
            always[files[current + 1].snapshot_id] = "the one before the published: the way back"
    if current is not None:
        always[files[current].snapshot_id] = "published"
    held = sum(file.bytes for file in files if file.snapshot_id in always)
    verdicts = []
    for rank, file in enumerate(files, start=1):
        why = always.get(file.snapshot_id)
        if why is not None:
            verdicts.append(SnapshotStay(file=file, stays=True, because=why))
            continue
        ended = _what_ends(file, rank, held + file.bytes, retention, now)
        held += 0 if ended else file.bytes
        because = ended or f"one of the newest {retention.keep}"
        verdicts.append(SnapshotStay(file=file, stays=ended is None, because=because))
    return verdicts


def _what_ends(file: SnapshotFile, rank: int, held: int, retention: Retention, now: dt.datetime) -> str | None:
    if rank > retention.keep:
        return f"not one of the newest {retention.keep} (snapshots_keep)"
    if retention.days is not None and now - file.made_at_utc > dt.timedelta(days=retention.days):
        return f"older than {retention.days:g} days (snapshots_keep_days)"
    if retention.gigabytes is not None and held > retention.gigabytes * GIGABYTE:
        return f"more than {retention.gigabytes:g} GB with it (snapshots_keep_gb)"
    return None


def forget_old_snapshots(folder: WarehouseFolder, retention: Retention, *, now: dt.datetime) -> list[str]:
    """Delete the snapshots that do not stay and return their ids; the caller holds the lock."""
    verdicts = decide_retention(list_files(folder), retention, now=now, hold=read_hold(folder))
    gone = [verdict.file for verdict in verdicts if not verdict.stays]
    for file in gone:
        file.path.unlink(missing_ok=True)
    return [file.snapshot_id for file in gone]


def put_back(folder: WarehouseFolder, snapshot_id: str) -> None:
    """Publish a snapshot again, by one rename; the caller holds the lock."""
    for leftover in folder.root.glob(PARTIAL):
        leftover.unlink()
    snapshot = folder.snapshot(snapshot_id)
    if folder.current.exists() and folder.current.samefile(snapshot):
        return
    with renamed_onto(folder.current) as partial:
        partial.hardlink_to(snapshot)


def read_hold(folder: WarehouseFolder) -> Hold | None:
    """Return the decision that a snapshot stays published, or None if there is none."""
    return Lake(folder.root).get_model(folder.hold.name, Hold) if folder.hold.exists() else None


def describe_hold(hold: Hold) -> str:
    """Say which snapshot stays published, since when, why, and how to end this."""
    why = f" ({hold.reason})" if hold.reason else ""
    return (
        f"held at {hold.snapshot_id} since {hold.decided_at_utc:%Y-%m-%d %H:%M} UTC{why}: "
        "runs publish nothing until `hearth rollback --resume`"
    )


def write_hold(folder: WarehouseFolder, hold: Hold) -> None:
    """Store the decision. It is written before the rename: after a kill in between, `honour_hold` does the rename."""
    Lake(folder.root).put_model(folder.hold.name, hold)


def honour_hold(folder: WarehouseFolder) -> Hold | None:
    """Return the decision in force, after doing the rename if a kill prevented it; the caller holds the lock."""
    hold = read_hold(folder)
    if hold is not None and folder.snapshot(hold.snapshot_id).exists():
        put_back(folder, hold.snapshot_id)
    return hold


def lift_hold(folder: WarehouseFolder) -> None:
    """Let the next run publish again."""
    folder.hold.unlink(missing_ok=True)
    flush_to_disk(folder.root)


def set_access(paths: Collection[Path], *, mode: int, group: str | None) -> None:
    """Set the mode and group of files and folders; whoever may read a folder may also enter it."""
    wanted_group = None if group is None else grp.getgrnam(group).gr_gid
    for path in paths:
        stat = path.stat()
        wanted = mode | 0o200 | ((mode & 0o444) >> 2) if path.is_dir() else mode
        if stat.st_mode & 0o777 != wanted:
            path.chmod(wanted)
        if wanted_group is not None and stat.st_gid != wanted_group:
            os.chown(path, -1, wanted_group)
