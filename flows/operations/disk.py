"""Free disk space: how much a run needs, and the refusal to start a run that would fill the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flows.settings import Settings
from warehouse.snapshots import GIGABYTE, list_files

# Measured on 300 made-up homes for a year: 142 MB of CSV became 23 MB of lake and a warehouse of 48 MB; report, release
# and Prefect's records took 20 MB. A new delivery enters the lake, the candidate, and a second candidate where one
# source is left out; a rebuild of every month writes half a warehouse of lake beside them.
SITE_BYTES = 50e6  # report, release and Prefect's records, with room to spare
OF_A_WAREHOUSE = 2.5  # bytes per byte of the published warehouse: two candidates and half a warehouse of lake
OF_NEW_TEXT = 0.16 + 2 * 0.34  # bytes per byte of new CSV: lake, and two candidates
PACKED = 6.0  # bytes of text per byte of a packed file of readings (gzip, zstd, Parquet), at most


class NotEnoughDiskError(RuntimeError):
    """A run would fill the disk; the message says what is free, what the run needs and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The disk of a data folder."""

    free_bytes: int
    needed_bytes: int
    needed_for: str
    warehouse_bytes: int
    snapshots: int
    snapshot_bytes: int


def measure_disk(settings: Settings, new_files: Iterable[tuple[str, int]] = ()) -> Disk:
    """Return the free space and what the next run needs; `new_files` are names and bytes of the files that it takes in."""
    folder = settings.folders.warehouse
    files = list_files(folder)
    current = folder.current.stat().st_size if folder.current.exists() else 0
    new = sum(size if name.lower().endswith(".csv") else PACKED * size for name, size in new_files)
    if settings.disk_free_min_gb is None:
        needed = SITE_BYTES + OF_A_WAREHOUSE * current + OF_NEW_TEXT * new
        why = f"{OF_A_WAREHOUSE:g} x the warehouse of {tell_bytes(current)}, {tell_bytes(OF_NEW_TEXT * new)} for new files, {tell_bytes(SITE_BYTES)} for the report"
    else:
        needed, why = settings.disk_free_min_gb * GIGABYTE, "disk_free_min_gb"
    return Disk(
        free_bytes=shutil.disk_usage(_existing(settings.home)).free,
        needed_bytes=round(needed),
        needed_for=why,
        warehouse_bytes=current,
        snapshots=len(files),
        snapshot_bytes=sum(file.bytes for file in files),
    )


def check_disk(settings: Settings, new_files: Iterable[tuple[str, int]] = ()) -> None:
    """Check that the disk of the data folder has room for what a run writes.

    Raises
    ------
    NotEnoughDiskError
        If it has not.

    """
    disk = measure_disk(settings, new_files)
    if disk.free_bytes < disk.needed_bytes:
        message = (
            f"{tell_bytes(disk.free_bytes)} are free at {settings.home}, and a run needs {tell_bytes(disk.needed_bytes)} "
            f"({disk.needed_for}); nothing was changed. Free some, or keep fewer than the {disk.snapshots} snapshots of "
            f"{tell_bytes(disk.snapshot_bytes)} (snapshots_keep, snapshots_keep_gb)"
        )
        raise NotEnoughDiskError(message)


def tell_bytes(count: float) -> str:
    """Return a number of bytes in words, such as `1.2 GB`."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:,.1f} {unit}" if count < 100 * size else f"{count / size:,.0f} {unit}"
    return f"{count / 1e3:,.0f} kB"


def _existing(folder: Path) -> Path:
    """Return the nearest folder above that exists, since the data folder may not exist yet."""
    whole = folder.resolve()
    return next(path for path in (whole, *whole.parents) if path.exists())
