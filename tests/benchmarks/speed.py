"""`make bench`: what the stages cost, as ratios to a plain polars pass over the same file in the same run.

Machines are noisy: quote the ratios, never the seconds.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl

from flows.deliveries.sample import write_sample
from flows.pipeline.content import begin_content
from flows.pipeline.ingest import ingest_file, plan_ingest
from flows.pipeline.ingest_decisions import ingest_options
from flows.pipeline.stages import STAGES, complete_content
from flows.settings import load_settings
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.results.table import lcoh_table
from warehouse.cost_figures import read_assumptions
from warehouse.lake import Lake

HOMES = 200


def measure(work: Callable[[], object]) -> float:
    """Return how long `work` takes [s]."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print one line per stage: seconds, and the ratio to the plain pass."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        rows = {"make up the trial": measure(lambda: write_sample(out=root / "landing", households=HOMES))}
        file = root / "landing" / "edrp_gas.csv"
        plain = partial(lambda: pl.scan_csv(file, infer_schema=False).select(pl.all().count()).collect())
        base = min(measure(plain) for _ in range(3))
        settings = load_settings(home=root / "home", landing=root / "landing", landing_quiet_seconds=0)
        lake, options = Lake(root / "home" / "lake"), ingest_options(settings, today=dt.date(2026, 1, 1))
        works = plan_ingest(lake, settings.landing_folder, options).works
        rows["ingest"] = measure(lambda: [ingest_file(lake, work, options) for work in works])
        content, assumptions = begin_content(settings), read_assumptions()
        for stage in STAGES:
            content = content.plan(stage)
            rows[stage.name] = measure(lambda: [unit.work(lake) for unit in content.units_of(stage)])  # noqa: B023 - called at once
        rows["plan with nothing to do"] = measure(lambda: complete_content(begin_content(settings)))
        costs = partial(lcoh_table, paper_demand(assumptions), assumptions, scenario="paper_fit", convention="wang2018")
        rows["cost table of the paper"] = min(measure(costs) for _ in range(5))
        print(f"{HOMES} homes, one year; plain pass over the file {base:.2f} s = 1")  # noqa: T201 - its result
        for name, seconds in rows.items():
            print(f"{name:<26}{seconds:8.2f} s {seconds / base:8.1f}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
