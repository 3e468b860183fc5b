"""The files that lie beside the pages, as readers choose from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.inputs import Download

KILOBYTE, MEGABYTE = 1e3, 1e6


@dataclass(frozen=True, slots=True)
class Item:
    """One file: where it lies, what readers call it, how large it is."""

    file: str
    name: str
    holds: str
    size: str
    rows: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """One published table with the files that hold it alone."""

    table: str
    rows: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Files that hold the whole release, those of one table each, and the checksums of all as `sha256sum -c` reads them."""

    whole: tuple[Item, ...]
    shelves: tuple[Shelf, ...]
    checksums: str


def catalogue(downloads: Sequence[Download], out: Path) -> Catalogue:
    """Return the downloads below `out` with their sizes.

    Raises
    ------
    FileNotFoundError
        If a download is not there: a page must not link what readers cannot get.

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
    """Return the size of a file as readers see it."""
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE / 10 else f"{max(size / KILOBYTE, 0.1):.1f} kB"


def _counted(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"
