"""Nights on top of a year, with readers at work all along: `python -m tests.benchmarks.nights --homes 1000 --nights 30`.

Every night delivers one day of readings. Among them come a late file, a corrected one, one that grows over two nights, one
that is half uploaded, a broken one, and a night is missed. It tells

- whether the end state is that of one run over everything,
- how the last five nights compare with the first five, in seconds,
- how often a reader failed or saw tables of two runs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from flows.server.client import start_server
from tests.benchmarks.operating import different_tables, judge, tell
from tests.benchmarks.readers import reading
from tests.pipeline import read_tables, run, write_edrp, write_households

FIRST, NEW_YEAR = dt.date(2009, 1, 1), dt.date(2010, 1, 1)
NIGHTS_MIN = 10
DAY = dt.timedelta(days=1)
GROWTH_MAX = 1.3


class Deliveries:
    """A landing folder that fills night by night."""

    def __init__(self, folder: Path, homes: int) -> None:
        self.folder = folder
        self.homes = {str(n): 0.2 + 0.6 * (n % 97) / 97 for n in range(1, homes + 1)}
        self.half = dict(list(self.homes.items())[: homes // 2])
        self.rest = dict(list(self.homes.items())[homes // 2 :])

    def begin(self) -> None:
        """Deliver a year and the households."""
        write_edrp(self.folder / "2009.csv", self.homes, FIRST, NEW_YEAR)
        write_households(self.folder / "households.csv", dict.fromkeys(self.homes, "terraced"))

    def night(self, number: int) -> bool:
        """Deliver a night's files; say whether Hearth runs."""
        day = NEW_YEAR + number * DAY
        path = self.folder / f"{day}.csv"
        special: dict[int, Callable[[], object]] = {
            2: lambda: write_edrp(path, self.half, day, day + DAY),
            3: lambda: path.write_bytes(self.whole(day).read_bytes()[: path_size(self.whole(day)) // 2]),
            5: lambda: self.whole(day).rename(path.with_suffix(".csv.part")),
            6: lambda: (self.folder / "broken.csv").write_bytes(bytes(range(256)) * 64),
        }
        special.get(number, lambda: self.whole(day).rename(path))()
        if number == 4:  # the file that grew is whole, and what lacked two nights ago comes late
            self.whole(day - DAY).rename(self.folder / f"{day - DAY}.csv")
            write_edrp(self.folder / f"late-{day - 2 * DAY}.csv", self.rest, day - 2 * DAY, day - DAY)
        if number == 6:  # beside a broken file
            self.whole(day).rename(path)
            (self.folder / f"{day - DAY}.csv.part").rename(self.folder / f"{day - DAY}.csv")
        if number == 7:  # an earlier file comes again, with other values
            first = NEW_YEAR + DAY
            write_edrp(
                self.folder / f"{first}.csv",
                {home: 1.1 * level for home, level in self.homes.items()},
                first,
                first + DAY,
            )
        return number != 8  # the night that is missed

    def whole(self, day: dt.date) -> Path:
        """Write a whole day's file beside the landing folder."""
        return write_edrp(self.folder.parent / "whole" / f"{day}.csv", self.homes, day, day + DAY)


def path_size(path: Path) -> int:
    """Return the bytes of a file."""
    return path.stat().st_size


def main() -> int:
    """Run the nights and print what came of them; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=1000)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--readers", type=int, default=4)
    asked = parser.parse_args()
    if asked.nights < NIGHTS_MIN:
        parser.error(f"--nights {asked.nights}: the {NIGHTS_MIN - 1}th is missed, and the next takes in what it left")
    root = Path(tempfile.mkdtemp(prefix="hearth-nights-"))
    try:
        with start_server(root / "prefect", ignore_configured=True) as server:
            server.wait_ready()
            return simulate(root, asked.homes, asked.nights, asked.readers)
    finally:
        shutil.rmtree(root)


def simulate(root: Path, homes: int, nights: int, reader_count: int) -> int:
    """Run a year, then the nights with readers beside them, then everything at once; print, and return the exit code."""
    home, deliveries = root / "home", Deliveries(root / "landing", homes)
    deliveries.begin()
    tell(f"a year of {homes:,} homes: {timed(home, deliveries.folder)}")
    taken = []
    with reading(home / "warehouse" / "current.duckdb", reader_count) as seen:
        for number in range(nights):
            if deliveries.night(number):
                taken.append(timed(home, deliveries.folder))
                tell(f"night {number + 1:>2}: {taken[-1]}")
    tell(f"{reader_count} readers: {seen.describe()}")
    growth = {
        name: median(getattr(one, name) for one in taken[-5:]) / median(getattr(one, name) for one in taken[:5])
        for name in ("seconds", "processor_seconds")
    }
    tell("last five nights over first five: " + ", ".join(f"{ratio:.2f} in {name}" for name, ratio in growth.items()))
    tell(f"everything at once: {timed(root / 'at-once', deliveries.folder)}")
    differ = different_tables(read_tables(root / "at-once"), read_tables(home))
    tell(f"tables that differ from it: {', '.join(differ) or 'none'}")
    return judge(
        {
            f"the last five nights take at most {GROWTH_MAX} times the first five": growth["processor_seconds"]
            <= GROWTH_MAX,
            "the end state is that of one run over everything": not differ,
            "the readers saw no error and no torn table": bool(seen.reads) == bool(reader_count)
            and not seen.torn
            and not seen.errors,
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a run took: by the clock, and of processors, which other work on the machine does not change much."""

    seconds: float
    processor_seconds: float

    def __str__(self) -> str:
        """Return both as text."""
        return f"{self.seconds:.1f} s, {self.processor_seconds:.1f} s of processors"


def timed(home: Path, landing: Path) -> Taken:
    """Run once and return what it took."""
    start, used = time.perf_counter(), sum(os.times()[:4])
    log = run(home, landing, settings={"bootstrap_replicates": 100})
    if log["outcome"] not in {"published", "unchanged"}:
        message = f"{log['outcome']}: {log['message']}"
        raise RuntimeError(message)
    return Taken(seconds=time.perf_counter() - start, processor_seconds=sum(os.times()[:4]) - used)


if __name__ == "__main__":
    sys.exit(main())
