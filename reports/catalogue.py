"""The list of downloads from which readers choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.inputs import Download

KILOBYTE, MEGABYTE = 1e3, 1e6


@dataclass(frozen=True, slots=True)
class Item:
    """One file: its path, its name for readers, and its size."""

    file: str
    name: str
    holds: str
    size: str
    rows: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """One published table with the files that hold only this table."""

    table: str
    rows: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Files with the whole release, files with one table each, and the checksums of all in the format of `sha256sum -c`."""

    whole: tuple[Item, ...]
    shelves: tuple[Shelf, ...]
    checksums: str


def catalogue(downloads: Sequence[Download], out: Path) -> Catalogue:
    """Return the downloads below `out` with their sizes.

    Raises
    ------
    FileNotFoundError
        If a download does not exist: a page must not link to a missing file.

    """
    missing = [download.file for download in downloads if not (out / download.file).is_file()]
    if missing:
        message = f"{len(missing)} downloads are not in the site's folder (e.g. {missing[0]}): write them there before the page"
        raise FileNotFoundError(message)
    names = sorted({download.table for download in downloads if download.table})
    return Catalogue(
        whole=tuple(_item(download, out) for download in downloads if not download.table),
        shelves=tuple(_shelf(name, [d for d in downloads if d.table == name], out) for name in names),
        checksums="\n".join(f"{d.sha256}  {d.file}" for d in downloads if d.sha256),
    )


def _shelf(table: str, downloads: Sequence[Download], out: Path) -> Shelf:
    rows = next((download.rows for download in downloads if download.rows is not None), None)
    return Shelf(table, _counted(rows), tuple(_item(download, out) for download in downloads))


def _item(download: Download, out: Path) -> Item:
    path = out / download.file
    return Item(download.file, path.name, download.holds, size_of(path.stat().st_size), _counted(download.rows))


def size_of(size: float) -> str:
    """Return the size of a file in words."""
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE / 10 else f"{max(size / KILOBYTE, 0.1):.1f} kB"


def _counted(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"
