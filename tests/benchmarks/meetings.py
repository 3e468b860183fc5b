"""A backfill and a night that meet on a real worker: `python -m tests.benchmarks.meetings --each 10 --months 4`.

`hearth up` serves a home. Again and again files are delivered, a night is started as a deployment run and a forced
backfill while it runs, and the other way round. Readers query without pause. It tells

- in how many meetings both were at work at the same time,
- whether both ended well, and the tables are each time those of a home where the two ran one after the other,
- whether the end state is that of one run over everything,
- how often a reader failed or saw tables of two runs.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.server.client import start_server
from tests.benchmarks.operating import Deliveries, different_tables, judge, operated, tell, workplace
from tests.benchmarks.readers import reading
from tests.pipeline import differing, read_tables, run
from tests.running_up import Up
from warehouse.runs import RunLog

QUICK = {"bootstrap_replicates": 100}
BOTH = 2
GOOD = {"published", "unchanged"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One night and one backfill, and what came of them."""

    first: str
    outcomes: tuple[str, ...]
    overlap_seconds: float
    differ: list[str]

    @property
    def is_good(self) -> bool:
        """Whether both ended well and lost nothing."""
        return set(self.outcomes) <= GOOD and len(self.outcomes) == BOTH and not self.differ


def meet(up: Up, first: str, months: Sequence[str], seconds: float) -> tuple[tuple[str, ...], float]:
    """Start one, and so many seconds later the other; return their outcomes and how long both were at work."""
    asked = parameters(months)
    second = next(name for name in asked if name != first)
    one = up.start(first, **asked[first])
    time.sleep(seconds)
    other = up.start(second, **asked[second])
    up.finish(one, other)
    logs = [log for flow_run in (one, other) for log in up.runs() if log.flow_run_id == flow_run]
    return tuple(log.outcome for log in logs), overlap(logs)


def parameters(months: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what each deployment is started with."""
    return {"nightly": {}, "backfill": {"first_month": months[0], "last_month": months[-1], "force": True}}


def overlap(logs: Sequence[RunLog]) -> float:
    """Return the seconds in which all of the runs were at work."""
    begin = max(log.started_at_utc for log in logs)
    end = min(log.finished_at_utc or log.started_at_utc for log in logs)
    return max(0.0, (end - begin).total_seconds())


def run_serially(home: Path, landing: Path, first: str, months: Sequence[str]) -> None:
    """Run the two one after the other, in a home of their own."""
    asked = parameters(months)
    for kind in sorted(asked, key=lambda name: name != first):
        outcome = run(home, landing, settings=QUICK, kind=kind, **asked[kind])["outcome"]
        assert outcome in GOOD, f"{kind} in {home}: {outcome}"


def campaign(up: Up, deliveries: Deliveries, serial: Path, *, each: int, minutes: float) -> list[Meeting]:
    """Let the two meet, now one first and now the other, and compare after each meeting."""
    deadline = time.monotonic() + 60 * minutes
    chance, meetings = random.Random(1), list[Meeting]()
    months = [f"{month:%Y-%m}" for month in deliveries.months]
    run(serial, deliveries.folder, settings=QUICK)
    usual = overlap(up.runs())
    tell(f"a night is at work for {usual:.0f} s")
    for number in range(2 * each):
        if time.monotonic() > deadline:
            break
        first = ("nightly", "backfill")[number % 2]
        deliveries.deliver()
        outcomes, together = meet(up, first, months, chance.uniform(0, 0.7 * usual))
        run_serially(serial, deliveries.folder, first, months)
        differ = differing(read_tables(serial), read_tables(up.home))
        meetings.append(Meeting(first=first, outcomes=outcomes, overlap_seconds=together, differ=differ))
        what = f"{first} first: {' and '.join(outcomes)}, {together:.1f} s at work together"
        tell(
            f"meeting {number + 1:>2}, {what}; tables that differ from the serial runs': {', '.join(differ) or 'none'}"
        )
    return meetings


def main() -> int:
    """Run the campaign, compare, and print what came of it; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=10, help="meetings in each order")
    parser.add_argument("--months", type=int, default=4, choices=range(1, 13), help="months delivered at first")
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=120, help="no meeting is begun later")
    asked = parser.parse_args()
    with workplace("meetings") as root:
        deliveries = Deliveries(root / "landing", asked.months)
        current = root / "home" / "warehouse" / "current.duckdb"
        with start_server(root / "prefect", ignore_configured=True) as server:
            server.wait_ready()
            with operated(root, deliveries.folder) as up:
                assert up.finish(up.start("nightly")) == ["COMPLETED"]
                with reading(current, asked.readers) as seen:
                    meetings = campaign(up, deliveries, root / "serial", each=asked.each, minutes=asked.minutes)
                published = sum(log.outcome == "published" for log in up.runs()) - 1
            run(root / "at-once", deliveries.folder, settings=QUICK)
        differ = different_tables(read_tables(root / "at-once"), read_tables(root / "home"))
    tell(f"{asked.readers} readers through {published} publishes: {seen.describe()}")
    tell(f"tables that differ from one run over everything: {', '.join(differ) or 'none'}")
    met = Counter(one.first for one in meetings if one.overlap_seconds > 0)
    tell(f"both at work together: {met['nightly']} with the night first, {met['backfill']} with the backfill first")
    return judge(
        {
            f"{asked.each} meetings in each order, most of them at work together": len(meetings) == 2 * asked.each
            and all(met[first] > asked.each / 2 for first in ("nightly", "backfill")),
            "both ended well each time, with the serial runs' tables": all(one.is_good for one in meetings),
            "the end state is that of one run over everything": differ == [],
            "the readers saw no error and no torn table": seen.reads > 0 and not seen.torn and not seen.errors,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
