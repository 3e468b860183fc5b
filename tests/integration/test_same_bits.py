"""The same deliveries give the same tables to the last bit: with one thread or two, other blocks, another order of files."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.pipeline import differing, read_tables, write_edrp, write_households

HOMES = {str(n): 0.25 + 0.07 * n for n in range(1, 13)}
TYPES = ("detached", "semi_detached", "terraced", "flat", "bungalow")
FILES = {"a.csv": slice(0, 5), "b.csv": slice(5, 9), "c.csv": slice(8, 12)}  # one home is delivered twice
NEW_YEAR, SUMMER, AFTER = dt.date(2009, 1, 1), dt.date(2009, 7, 1), dt.date(2010, 1, 1)
PUBLISH = """
import sys
from functools import partial
from pathlib import Path

from tests import publishing

if len(sys.argv) > 2:
    publishing.options = partial(publishing.options, block_bytes=int(sys.argv[2]))
assert publishing.publish_landing(Path(sys.argv[1])).outcome == "published"
"""
ROOT = Path(__file__).parents[2]


def deliver(landing: Path, names: dict[str, str]) -> None:
    """Write the files under other names: what comes first by name is another one."""
    homes = list(HOMES)
    for name, part in FILES.items():
        for half, (first, last) in enumerate(((NEW_YEAR, SUMMER), (SUMMER, AFTER))):
            levels = {home: HOMES[home] for home in homes[part]}
            write_edrp(landing / f"{names[name]}{half}_{name}", levels, first, last)
    write_households(landing / "households.csv", {home: TYPES[n % 5] for n, home in enumerate(homes)})


def publish(
    home: Path, *, threads: int, names: tuple[str, ...] = ("1", "2", "3"), block_bytes: int | None = None
) -> None:
    """Publish the deliveries in a process of its own."""
    deliver(home / "landing", dict(zip(FILES, names, strict=True)))
    environment = os.environ | {"POLARS_MAX_THREADS": str(threads), "PYTHONPATH": str(ROOT)}
    arguments = [str(home)] if block_bytes is None else [str(home), str(block_bytes)]
    done = subprocess.run(
        [sys.executable, "-c", PUBLISH, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def without_names(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the tables without what files are called."""
    return {name: frame.drop("file_name", strict=False) for name, frame in tables.items()}


@pytest.mark.timeout(900)  # three runs of a year, one of them with one thread
def test_threads_blocks_and_order_of_files_change_no_bit(tmp_path: Path) -> None:
    publish(tmp_path / "one", threads=1)
    expected = without_names(read_tables(tmp_path / "one"))
    assert expected["heat_hourly"].height == len(HOMES) * 365 * 24
    assert expected["weather_day"].height > 0
    publish(tmp_path / "two", threads=2)
    publish(tmp_path / "all-else", threads=7, names=("3", "1", "2"), block_bytes=50_000)
    for other in ("two", "all-else"):
        assert differing(expected, without_names(read_tables(tmp_path / other))) == [], other
