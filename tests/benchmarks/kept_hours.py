"""What a candidate costs that is filled anew, and one that keeps the published hours: `python -m tests.benchmarks.kept_hours --homes 2000`.

One month changes, on 13 and on 25 months of history. After that, nights change the same month again and again: the file must
not grow.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from transforms.heat.periods import shift_month
from transforms.tables.heat import HEAT_HOURLY
from warehouse.publish import open_candidate
from warehouse.writing import copy_file

FIRST = dt.date(2009, 1, 1)
MEGABYTE = 1e6


def write_month(folder: Path, month: dt.date, homes: int, level: float) -> Path:
    """Write the hours of a month as the lake holds them: by home and hour."""
    start, end = (dt.datetime(m.year, m.month, 1) for m in (month, shift_month(month, 1)))
    hours = pl.datetime_range(start, end, "1h", closed="left", eager=True).alias("hour_start_utc").to_frame()
    frame = pl.DataFrame({"household_id": [str(100_000 + n) for n in range(homes)]}).join(hours, how="cross")
    gas = np.round(level * np.random.default_rng(month.toordinal()).gamma(0.7, 2.0, len(frame)), 3)
    path = folder / f"{month}-{level}.parquet"
    HEAT_HOURLY.conform(frame.with_columns(gas_kwh=gas, heat_kwh=0.84 * gas)).write_parquet(path, compression="zstd")
    return path


def measure(root: Path, homes: int, months: int, nights: int) -> None:
    """Print what one changed month costs on so many months."""
    objects = {month: write_month(root, month, homes, 1.0) for month in (shift_month(FIRST, n) for n in range(months))}
    published, last = root / "published.duckdb", max(objects)
    rows = {month: pl.read_parquet(path, columns=["hour_start_utc"]).height for month, path in objects.items()}

    def fill_anew(path: Path) -> None:
        with open_candidate(path) as candidate:
            candidate.load_parquet(HEAT_HOURLY, list(objects.values()))

    def keep_hours(path: Path) -> None:
        with open_candidate(path, hours_of=published) as candidate:
            stale = candidate.drop_stale_months(rows, [last])
            candidate.load_parquet(HEAT_HOURLY, [objects[month] for month in stale])

    fill_anew(published)
    objects[last] = write_month(root, last, homes, 1.1)
    anew = timed(fill_anew, root / "anew.duckdb")
    copied = timed(lambda path: copy_file(published, path), root / "copied.duckdb")
    kept = timed(keep_hours, root / "kept.duckdb")
    size = published.stat().st_size / MEGABYTE
    tell(f"{months:>6} {size:>9,.0f} {anew:>12.2f} {copied:>12.2f} {kept:>26.2f}")
    for night in range(nights):
        (root / "kept.duckdb").replace(published)
        objects[last] = write_month(root, last, homes, 1.2 + night)
        keep_hours(root / "kept.duckdb")
    tell(f"       after {nights} nights {(root / 'kept.duckdb').stat().st_size / MEGABYTE:,.0f} MB")


def timed(work: Callable[[Path], None], path: Path) -> float:
    """Return the processor time of some work [s]."""
    used = sum(os.times()[:2])
    work(path)
    return sum(os.times()[:2]) - used


def main() -> None:
    """Print processor seconds for both ways and both histories."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=2000)
    parser.add_argument("--nights", type=int, default=5)
    asked = parser.parse_args()
    tell(f"{asked.homes:,} homes; processor [s]")
    tell("months file [MB]  filled anew  file copied  copied, a month exchanged")
    for months in (13, 25):
        with tempfile.TemporaryDirectory(prefix="hearth-hours-") as folder:
            measure(Path(folder), asked.homes, months, asked.nights)


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
