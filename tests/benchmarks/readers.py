"""Readers that query the published warehouse without pause, and whether each of them saw exactly one run's tables."""

from __future__ import annotations

import multiprocessing as mp
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path

from transforms.tables.catalogue import WAREHOUSE_TABLES
from warehouse.reader import PublishedWarehouse, open_published

LAST_READ_SECONDS = 120
NICE = 15  # readers leave the processor to what they watch
TABLES = tuple(table.name for table in WAREHOUSE_TABLES)
SNAPSHOT = "SELECT snapshot_id FROM run ORDER BY published_at_utc DESC, run_id DESC LIMIT 1"
AGREES = """SELECT
    (SELECT count(*) FROM heat_hourly) = (SELECT sum(hours) FROM build_month)
    AND (SELECT count(DISTINCT date_trunc('month', hour_start_utc)) FROM heat_hourly)
        = (SELECT count(*) FROM build_month WHERE hours > 0)
    AND (SELECT sum(readings) FROM flag_count)
        = (SELECT sum(readings) FROM source WHERE kind = 'readings' AND outcome = 'accepted')
        AS agrees"""
Digest = tuple[int, ...]


@dataclass(slots=True)
class Seen:
    """What readers saw: reads, those in which tables of two runs met, errors, and the digests by snapshot."""

    reads: int = 0
    torn: int = 0
    errors: list[str] = field(default_factory=list)
    digests: dict[str, set[Digest]] = field(default_factory=lambda: defaultdict(set))

    def add(self, other: Seen) -> None:
        """Add what another reader saw."""
        self.reads += other.reads
        self.torn += other.torn
        self.errors += other.errors
        for snapshot, digests in other.digests.items():
            self.digests[snapshot] |= digests

    def describe(self) -> str:
        """Say in a line what was seen."""
        first = f", such as {self.errors[0]}" if self.errors else ""
        snapshots = f"{len(self.digests)} snapshots"
        return f"{self.reads:,} reads of {snapshots}, {self.torn} torn, {len(self.errors)} errors{first}"


def digest(warehouse: PublishedWarehouse) -> Digest:
    """Return rows and hash of every table, in the order of `TABLES`, one query after the other."""
    numbers: list[int] = []
    for name in TABLES:
        numbers += warehouse.query(f"SELECT count(*) AS rows, coalesce(bit_xor(hash(t)), 0) AS hash FROM {name} t").row(
            0
        )
    return tuple(numbers)


def read_once(database: Path, seen: Seen) -> None:
    """Open the warehouse and read every table twice: it is the same both times, and its tables tell of one run."""
    with open_published(database) as warehouse:
        snapshot = warehouse.query(SNAPSHOT)["snapshot_id"][0]
        first, agrees = digest(warehouse), warehouse.query(AGREES)["agrees"][0]
        again = (warehouse.query(SNAPSHOT)["snapshot_id"][0], digest(warehouse))
    seen.reads += 1
    seen.torn += not agrees or again != (snapshot, first)
    seen.digests[snapshot].add(first)


def read_on(database: Path, stop: Event, found: mp.Queue[Seen]) -> None:
    """Read without pause until `stop`; what was seen is put into `found`."""
    os.nice(NICE)
    seen = Seen()
    while not stop.is_set():
        try:
            read_once(database, seen)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted and told
            seen.errors.append(repr(error))
    found.put(seen)


@contextmanager
def reading(database: Path, count: int) -> Iterator[Seen]:
    """Let `count` processes read while the block runs; what they saw is there at its end.

    A digest that is not that of the snapshot as it is kept, or on which two readers do not agree, counts as torn.
    """
    context = mp.get_context("spawn")
    stop, found, seen = context.Event(), context.Queue(), Seen()
    processes = [context.Process(target=read_on, args=(database, stop, found)) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield seen
    finally:
        stop.set()
        for _ in processes:
            seen.add(found.get(timeout=LAST_READ_SECONDS))
        for process in processes:
            process.join()
        seen.torn += sum(len(digests) - 1 for digests in seen.digests.values())
        seen.torn += count_strange(seen.digests, database.parent / "snapshots")


def count_strange(digests: Mapping[str, set[Digest]], snapshots: Path) -> int:
    """Return how many snapshots are kept and hold other tables than were read."""
    strange = 0
    for snapshot, seen in digests.items():
        kept = snapshots / f"{snapshot}.duckdb"
        if kept.exists():
            with open_published(kept) as warehouse:
                strange += digest(warehouse) not in seen
    return strange
