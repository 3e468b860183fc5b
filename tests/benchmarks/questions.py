"""How long researchers wait for answers of a published warehouse: `python -m tests.benchmarks.questions --home hearth-demo`.

Cold is the first question after the warehouse is opened, opening included; warm is the median of those that follow. The
processor time beside each tells what other work on the machine does not change much.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flows.home import Home
from tests.benchmarks.operating import judge, tell
from warehouse.reader import open_published

COLD_MS, WARM_MS, WARM = 500, 100, 7
QUESTIONS = {
    "profile of a type in a month": """
        SELECT hour(hour_start_utc) AS hour, avg(heat_kwh_mean) AS heat_kwh FROM heat_profile
        WHERE dwelling_type = 'flat' AND month(hour_start_utc) = 1 GROUP BY ALL ORDER BY ALL""",
    "ten highest hours of all homes": """
        SELECT hour_start_utc, sum(heat_kwh) AS heat_kwh, count(*) AS homes FROM heat_hourly
        GROUP BY ALL ORDER BY heat_kwh DESC LIMIT 10""",
    "a home's year": """
        SELECT date_trunc('day', hour_start_utc) AS day, sum(heat_kwh) AS heat_kwh FROM heat_hourly
        WHERE household_id = (SELECT min(household_id) FROM household WHERE included) GROUP BY ALL ORDER BY ALL""",
    "costs of all systems": """
        SELECT scenario, convention, system, scale, dwelling_type, lcoh_gbp_per_mwh FROM lcoh
        WHERE demand_basis = 'measured' ORDER BY ALL""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What an answer takes, by the clock and of processors."""

    clock_ms: float
    processor_ms: float
    rows: int


def timed(ask: Callable[[], int]) -> Taken:
    """Return what `ask`, which returns the number of its rows, takes."""
    clock, used = time.perf_counter(), time.process_time()
    rows = ask()
    processor_ms = 1000 * (time.process_time() - used)
    return Taken(clock_ms=1000 * (time.perf_counter() - clock), processor_ms=processor_ms, rows=rows)


def ask_cold(database: Path, sql: str) -> int:
    """Open the warehouse, ask, and return the number of rows."""
    with open_published(database) as warehouse:
        return len(warehouse.query(sql))


def ask_warm(database: Path, sql: str) -> Taken:
    """Return what an answer takes that was asked for before, as the median of several."""
    with open_published(database) as warehouse:
        taken = [timed(lambda: len(warehouse.query(sql))) for _ in range(1 + WARM)][1:]
    return sorted(taken, key=lambda one: one.clock_ms)[WARM // 2]


def main() -> int:
    """Print cold and warm answers; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    database = Home(parser.parse_args().home).published
    with open_published(database) as warehouse:
        hours = warehouse.query("SELECT count(*) AS hours FROM heat_hourly")["hours"][0]
    tell(f"{hours:,} hours of homes; clock (processor) [ms]\n{'':<34}{'cold':>16}{'warm':>16}{'rows':>8}")
    bars = {}
    for name, sql in QUESTIONS.items():
        cold, warm = timed(partial(ask_cold, database, sql)), ask_warm(database, sql)
        shown = "".join(f"{one.clock_ms:>8.0f} ({one.processor_ms:>5.0f})" for one in (cold, warm))
        tell(f"{name:<34}{shown}{warm.rows:>8}")
        reached = bool(warm.rows) and cold.clock_ms <= COLD_MS and warm.clock_ms <= WARM_MS
        bars[f"{name}: at most {COLD_MS} ms cold and {WARM_MS} ms warm"] = reached
    return judge(bars)


if __name__ == "__main__":
    sys.exit(main())
