"""What filling and judging a candidate cost as years go by: `python -m tests.benchmarks.gate --homes 60 --years 3`.

For one year, two, and so on: the candidate is filled, then judged in full and as on a night on which the last month changed,
and again as on one on which no study period changed. Seconds are processor time, the least of three: other work on the
machine hardly touches them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flows.deliveries.sample import SampleOrder, write_sample
from flows.pipeline.candidate import fill_candidate
from flows.pipeline.content import begin_content
from flows.pipeline.ingest import ingest_file, plan_ingest
from flows.pipeline.ingest_decisions import ingest_options
from flows.pipeline.months import BUILD_MONTHS
from flows.pipeline.periods import AGGREGATE_PERIODS
from flows.pipeline.stages import complete_content
from flows.settings import load_settings
from quality.changed import Changed
from quality.checks import Check
from quality.gate import choose_checks
from quality.measure import measure
from transforms.tables.catalogue import WAREHOUSE_TABLES
from warehouse.lake import Lake
from warehouse.publish import open_candidate

FIRST_YEAR, ROUNDS = 2008, 3


def least(work: Callable[[], object]) -> float:
    """Return the processor time that `work` takes [s], the least of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def main() -> None:
    """Print a line per number of years."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=60)
    parser.add_argument("--years", type=int, default=3)
    asked = parser.parse_args()
    tell("years      hours  fill [s]  judge: all  last month  no period changed")
    for years in range(1, asked.years + 1):
        with tempfile.TemporaryDirectory(prefix="hearth-gate-") as folder:
            measure_years(Path(folder), asked.homes, years, choose_checks(WAREHOUSE_TABLES))


def measure_years(root: Path, homes: int, years: int, checks: list[Check]) -> None:
    """Build so many years, and print what a candidate of them costs."""
    end = dt.date(FIRST_YEAR + years, 1, 1)
    write_sample(root / "landing", SampleOrder(households=homes, start=dt.date(FIRST_YEAR, 1, 1), end=end))
    settings = load_settings(
        home=root, landing=root / "landing", landing_quiet_seconds=0, bootstrap_replicates=100, sobol_samples=64
    )
    lake, options = Lake(root / "lake"), ingest_options(settings, today=dt.date(2026, 1, 1))
    for work in plan_ingest(lake, settings.landing_folder, options).works:
        ingest_file(lake, work, options)
    content = complete_content(begin_content(settings))
    months = tuple(unit.given.month.first_day for unit in content.units_of(BUILD_MONTHS))
    labels = tuple(unit.key_value for unit in content.units_of(AGGREGATE_PERIODS))

    def fill() -> None:
        with open_candidate(root / "filled.duckdb") as candidate:
            fill_candidate(candidate, content)

    filling = least(fill)
    with open_candidate(root / "judged.duckdb") as candidate:
        fill_candidate(candidate, content)
        judging = [
            least(partial(measure, candidate.query, checks, WAREHOUSE_TABLES, changed))
            for changed in (
                Changed(months=months, periods=labels),
                Changed(months=months[-1:], periods=labels[-1:]),
                Changed(months=months[-1:], periods=()),
            )
        ]
        hours = candidate.query("SELECT count(*) AS hours FROM heat_hourly")["hours"][0]
    tell(f"{years:>5} {hours:>10,} {filling:>9.2f} {judging[0]:>11.2f} {judging[1]:>11.2f} {judging[2]:>18.2f}")


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
