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
import multiprocessing as mp
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median

from flows.server import start_server
from tests.pipeline import differing, read_tables, run, write_edrp, write_households

FIRST, NEW_YEAR = dt.date(2009, 1, 1), dt.date(2010, 1, 1)
DAY = dt.timedelta(days=1)
OF_FILES = {"source", "flag_count", "flag_judgement", "source_level"}  # also tell of content that was replaced since
SEEN = """SELECT (SELECT count(*) FROM heat_hourly) = (SELECT sum(hours) FROM build_month)
    AND (SELECT count(*) FROM household_period) = (SELECT count(DISTINCT (household_id, period)) FROM household_period)"""


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


def read_on(database: Path, stop: Event, found: mp.Queue[tuple[int, int, list[str]]]) -> None:
    """Query without pause; put reads, torn reads and errors at the end."""
    from warehouse.reader import open_published

    reads, torn, errors = 0, 0, []
    while not stop.is_set():
        try:
            with open_published(database) as warehouse:
                before = warehouse.query("SELECT max(snapshot_id) AS id FROM run")["id"][0]
                whole = warehouse.query(SEEN).row(0)[0]
                torn += not whole or before != warehouse.query("SELECT max(snapshot_id) AS id FROM run")["id"][0]
            reads += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and told
            errors.append(repr(error))
    found.put((reads, torn, errors))


def main() -> None:
    """Run the nights and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=1000)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--readers", type=int, default=4)
    asked = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="hearth-nights-"))
    try:
        with start_server(root / "prefect", ignore_configured=True) as server:
            server.wait_ready()
            simulate(root, asked.homes, asked.nights, asked.readers)
    finally:
        shutil.rmtree(root)


def simulate(root: Path, homes: int, nights: int, reader_count: int) -> None:
    """Run a year, then the nights with readers beside them, then everything at once, and print."""
    home, deliveries = root / "home", Deliveries(root / "landing", homes)
    deliveries.begin()
    tell(f"a year of {homes:,} homes: {timed(home, deliveries.folder):.1f} s")
    context = mp.get_context("spawn")
    stop, found = context.Event(), context.Queue()
    readers = [
        context.Process(target=read_on, args=(home / "warehouse" / "current.duckdb", stop, found))
        for _ in range(reader_count)
    ]
    for reader in readers:
        reader.start()
    seconds = []
    for number in range(nights):
        if deliveries.night(number):
            seconds.append(timed(home, deliveries.folder))
            tell(f"night {number + 1:>2}: {seconds[-1]:.1f} s")
    stop.set()
    seen = [found.get() for _ in readers]
    for reader in readers:
        reader.join()
    reads, torn = (sum(one[n] for one in seen) for n in (0, 1))
    errors = [error for one in seen for error in one[2]]
    tell(f"{reader_count} readers: {reads:,} reads, {torn} torn, {len(errors)} errors {errors[:2]}")
    tell(f"last five nights over first five: {median(seconds[-5:]) / median(seconds[:5]):.2f}")
    tell(f"everything at once: {timed(root / 'at-once', deliveries.folder):.1f} s")
    differ = set(differing(read_tables(root / "at-once"), read_tables(home)))
    tell(f"tables that differ from it: {sorted(differ - OF_FILES) or 'none'} (of files: {sorted(differ & OF_FILES)})")


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def timed(home: Path, landing: Path) -> float:
    """Run once and return the seconds it took."""
    start = time.perf_counter()
    log = run(home, landing, settings={"bootstrap_replicates": 100})
    if log["outcome"] not in {"published", "unchanged"}:
        message = f"{log['outcome']}: {log['message']}"
        raise RuntimeError(message)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
