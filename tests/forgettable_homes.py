"""Deliveries that name one home wherever a delivery can, the same without it, and a search that knows no product code."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from tests.pipeline import HALF

HEADER = "ANON_ID,ADVANCEDATETIME,HH,GASKWH"
OTHERS = tuple(str(1000 + n) for n in range(14))
YEAR, GONE = dt.date(2009, 1, 1), dt.date(2010, 1, 1)


def write_deliveries(landing: Path, home: str | None) -> None:
    """Write a year of 14 homes and of `home`, a file of it alone, what no reading can be made of, and a household table.

    Without `home`: the same files less its lines, less the file that is its own.
    """
    homes = (*OTHERS, *([] if home is None else [home]))
    spring = dt.date(2009, 7, 1)
    first = _edrp(homes, YEAR, spring, "end")
    broken = ["1003,no stamp,1,0.5"]
    if home is not None:
        broken += [f"{home},no stamp,1,0.5", f"1003;{home};x", f"x{home}y,01JAN09:00:30:00,1,0.4"[:-4]]
        broken += [line.rsplit(",", 1)[0] + ",7.7" for line in first if line.startswith(home)][
            :40
        ]  # other values: conflicts
    _write(landing / "supplier" / "spring.csv", [HEADER, *first, *broken])
    _write(landing / "supplier" / "autumn.csv", [HEADER, *_edrp(homes, spring, dt.date(2009, 12, 1), "end")])
    _write(landing / "supplier" / "december.csv", [HEADER, *_edrp(homes, dt.date(2009, 12, 1), GONE, "end")])
    rows = [f"{name},flat" for name in homes] + ([] if home is None else [f"{home},flat"])
    _write(landing / "households.csv", ["household_id,dwelling_type", *rows])
    if home is not None:
        own = [f"0.{n:02d},2010-01-01T{n:02d}:00:00Z,2010-01-01T{n:02d}:30:00Z" for n in range(24)]
        _write(landing / "meters" / f"{home}.csv", ["Consumption (m³), Start, End", *own])


def _edrp(homes: tuple[str, ...], start: dt.date, end: dt.date, stamp: str) -> list[str]:
    begin = dt.datetime.combine(start, dt.time())
    slots = np.arange(int(begin.timestamp() // 1800), int(begin.timestamp() // 1800) + (end - start).days * 48)
    lines = []
    for n, home in enumerate(homes):
        values = (0.5 + 0.02 * n) * (1 + 0.35 * np.cos(slots / 17.0 + n) + 0.6 * np.cos(slots / 2800.0))
        for k, value in enumerate(values):
            at = begin + k * HALF
            moment = at + HALF if stamp == "end" else at
            lines.append(
                f"{home},{moment:%d%b%y:%H:%M:%S},{at.hour * 2 + at.minute // 30 + 1},{value:.3f}".upper().replace(
                    home.upper(), home
                )
            )
    return lines


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def is_same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Say whether two tables are the same but for the last bits of sums, which depend on how threads shared the rows."""
    try:
        assert_frame_equal(one, other, rel_tol=1e-12, abs_tol=0)
    except AssertionError:
        return False
    return True


def files_naming(root: Path, wanted: str) -> set[str]:
    """Return the files below `root` that hold a text: in their name, their bytes, or any cell of what they decode to."""
    paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {path.relative_to(root).as_posix() for path in paths if any(wanted in text for text in _texts(path))}


def _texts(path: Path) -> Iterator[str]:
    yield path.as_posix()
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # of a server that ends at this moment
        return
    yield content.decode("latin-1")
    if path.suffix == ".parquet":
        yield from _cells(pl.read_parquet(path, hive_partitioning=False))
    elif path.suffix == ".duckdb":
        with contextlib.closing(duckdb.connect(str(path), read_only=True)) as con:
            for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                yield from _cells(con.sql(f"SELECT * FROM {table}").pl())
    elif content.startswith(b"SQLite format 3"):
        with contextlib.closing(sqlite3.connect(path)) as con:
            for (table,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                yield from (str(row) for row in con.execute(f'SELECT * FROM "{table}"'))
    elif content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content).decode("latin-1")
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            yield from (packed.read(name).decode("latin-1") for name in packed.namelist())


def _cells(frame: pl.DataFrame) -> Iterator[str]:
    for column in frame.iter_columns():
        if column.dtype in {pl.String, pl.Categorical, pl.Enum} or isinstance(column.dtype, pl.Enum | pl.Categorical):
            yield from (str(text) for text in column.cast(pl.String).unique())
        elif column.dtype == pl.List(pl.String):
            yield from (str(text) for text in column.explode().unique())
