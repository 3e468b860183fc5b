"""What a run over many homes would take: costs of units measured small, and the counts of a large run worked through.

`python -m tests.benchmarks.scale SMALL LARGE` takes two landing folders of a year (`hearth sample --households 40`, and 240),
measures what a reading and a unit cost in each stage, and prints the tables of docs/scale.md. Without folders it plans with what
was measured before (`LAST_MEASURED`). Processor time is measured: it depends little on what else the machine does.
"""

from __future__ import annotations

import datetime as dt
import heapq
import math
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from flows.pipeline.content import begin_content
from flows.pipeline.history import DIGEST_MONTHS, FOLLOW_HOMES
from flows.pipeline.ingest import ingest_file, plan_ingest
from flows.pipeline.ingest_decisions import ingest_options
from flows.pipeline.months import BUILD_MONTHS
from flows.pipeline.periods import AGGREGATE_PERIODS
from flows.pipeline.stages import STAGES
from flows.settings import load_settings

READINGS_PER_MONTH = 365.25 * 48 / 12  # of a home
MEASURED = ("ingest", DIGEST_MONTHS.name, FOLLOW_HOMES.name, BUILD_MONTHS.name, AGGREGATE_PERIODS.name)
MONTHS_OF_A_PERIOD = 12
WAREHOUSE_BYTES: Final = 48e6 / (300 * 365 * 48)  # of a reading, as docs/operations.md has it of 300 homes
BRITAIN: Final = 27_500_000  # homes
HOMES_PER_LAKE: Final = (5_000, 20_000, 100_000)
WORKERS: Final = (10, 100, 1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCost:
    """What a unit of a stage takes: by itself, and for each reading of its months."""

    unit_seconds: float
    reading_seconds: float
    unit_bytes: float  # of memory
    reading_bytes: float  # of memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What was measured: the stages, what a reading takes in the lake [B], and the objects of a month."""

    stages: Mapping[str, StageCost]
    lake_bytes: float
    objects_per_month: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A large run: all homes in lakes of equal size, each with a data folder and a `hearth run` of its own."""

    homes: int
    months: int
    homes_per_lake: int
    workers: int

    @property
    def lakes(self) -> int:
        """How many lakes there are."""
        return math.ceil(self.homes / self.homes_per_lake)

    @property
    def readings_per_unit(self) -> float:
        """Readings of one lake's month."""
        return self.homes_per_lake * READINGS_PER_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a campaign takes."""

    readings: float
    units: int
    objects: float
    lake_bytes: float
    warehouse_bytes: float  # of one lake's warehouse
    worker_bytes: float
    hours: float
    busy_share: float  # of the workers' time


def plan_campaign(costs: Costs, campaign: Campaign) -> Plan:
    """Return what a campaign takes; the hours are those of its units handed out one by one to free workers."""
    months = campaign.lakes * campaign.months
    readings = months * campaign.readings_per_unit
    seconds, worked = spread(list_steps(costs, campaign), lakes=campaign.lakes, workers=campaign.workers)
    return Plan(
        readings=readings,
        units=campaign.lakes * sum(count for count, _, _ in list_steps(costs, campaign)),
        objects=months * costs.objects_per_month,
        lake_bytes=readings * costs.lake_bytes,
        warehouse_bytes=campaign.months * campaign.readings_per_unit * WAREHOUSE_BYTES,
        worker_bytes=max(
            cost.unit_bytes + cost.reading_bytes * campaign.readings_per_unit * _months_of(stage)
            for stage, cost in costs.stages.items()
        ),
        hours=seconds / 3600,
        busy_share=worked / (seconds * campaign.workers),
    )


def list_steps(costs: Costs, campaign: Campaign) -> list[tuple[int, float, bool]]:
    """Return the steps of one lake in order: units, seconds of each, whether each waits for the one before."""
    steps = []
    for stage, cost in costs.stages.items():
        covered = _months_of(stage)
        seconds = cost.unit_seconds + cost.reading_seconds * campaign.readings_per_unit * covered
        steps.append((math.ceil(campaign.months / covered), seconds, stage == FOLLOW_HOMES.name))
    return steps


def _months_of(stage: str) -> int:
    return MONTHS_OF_A_PERIOD if stage == AGGREGATE_PERIODS.name else 1


def spread(steps: list[tuple[int, float, bool]], *, lakes: int, workers: int) -> tuple[float, float]:
    """Return when the last lake is done, and how long the workers were at work in all [s].

    A step of a lake begins when its step before is done. Free workers take what waited longest.
    """
    waiting = deque[int]()  # a lake for each unit that could begin
    step, left, begun = [0] * lakes, [0] * lakes, [0] * lakes
    ends = list[tuple[float, int]]()
    now = worked = 0.0

    def offer(lake: int) -> None:
        count, _, in_order = steps[step[lake]]
        left[lake], begun[lake] = count, 1 if in_order else count
        waiting.extend([lake] * begun[lake])

    for lake in range(lakes):
        offer(lake)
    while waiting or ends:
        while waiting and len(ends) < workers:
            lake = waiting.popleft()
            seconds = steps[step[lake]][1]
            worked += seconds
            heapq.heappush(ends, (now + seconds, lake))
        now, lake = heapq.heappop(ends)
        left[lake] -= 1
        if left[lake] and steps[step[lake]][2]:
            waiting.append(lake)
        elif not left[lake] and step[lake] + 1 < len(steps):
            step[lake] += 1
            offer(lake)
    return now, worked


def measure_costs(landings: Sequence[Path]) -> Costs:
    """Return what units cost by themselves and for each reading, from a small and a large trial of one year."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_measure_trial(landing, Path(folder) / str(n)) for n, landing in enumerate(landings))
    stages = {}
    for stage in MEASURED:
        (few, seconds, memory), (many, more_seconds, more_memory) = small.stages[stage], large.stages[stage]
        slope = max(more_seconds - seconds, 0) / (many - few)
        grown = max(more_memory - memory, 0) / (many - few)
        stages[stage] = StageCost(
            unit_seconds=max(seconds - slope * few, 0),
            reading_seconds=slope,
            unit_bytes=max(memory - grown * few, 0),
            reading_bytes=grown,
        )
    readings = large.stages["ingest"][0]
    return Costs(
        stages=stages, lake_bytes=large.lake_bytes / readings, objects_per_month=large.objects / MONTHS_OF_A_PERIOD
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    stages: Mapping[str, tuple[float, float, float]]  # of a unit: readings, processor seconds, memory [B]
    objects: int
    lake_bytes: int


def _measure_trial(landing: Path, home: Path) -> _Trial:
    settings = load_settings(home=home, landing=landing, landing_quiet_seconds=0)
    lake, options = settings.folders.lake, ingest_options(settings, today=dt.datetime.now(dt.UTC).date())
    stages = dict[str, tuple[float, float, float]]()
    for work in plan_ingest(lake, landing, options).works:
        ((manifest, *took),) = _work_apart([partial(ingest_file, lake, work, options)])
        if manifest.kind == "readings":
            stages["ingest"] = (manifest.readings, *took)
    readings, content = stages["ingest"][0], begin_content(settings)
    for stage in STAGES[: STAGES.index(AGGREGATE_PERIODS) + 1]:
        content = content.plan(stage)
        done = _work_apart([partial(unit.work, lake) for unit in content.units_of(stage)])
        seconds, memory = sum(one[1] for one in done) / len(done), max(one[2] for one in done)
        stages[stage.name] = (readings * _months_of(stage.name) / MONTHS_OF_A_PERIOD, seconds, memory)
    keys = lake.keys(".")
    return _Trial(stages=stages, objects=len(keys), lake_bytes=sum(map(lake.size, keys)))


def _work_apart(works: Sequence[Callable[[], Any]]) -> list[tuple[Any, float, float]]:
    """Do pieces of work in one new process; return of each its result, its processor seconds, and the most memory so far."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        return [process.submit(_measure, work).result() for work in works]


def _measure(work: Callable[[], Any]) -> tuple[Any, float, float]:
    start = time.process_time()
    done = work()
    return done, time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# 40 and 240 homes of the sample for 2009 on two shared cores (x86-64, Python 3.11, polars 2.1 with one thread), November 2026
# fmt: off
LAST_MEASURED: Final = Costs(
    stages={
        "ingest":            StageCost(unit_seconds=0.28, reading_seconds=0.90e-6, unit_bytes=354e6, reading_bytes=55),
        "digest months":     StageCost(unit_seconds=0.01, reading_seconds=0.18e-6, unit_bytes=262e6, reading_bytes=32),
        "follow homes":      StageCost(unit_seconds=0.04, reading_seconds=0.07e-6, unit_bytes=264e6, reading_bytes=0),
        "build months":      StageCost(unit_seconds=0.03, reading_seconds=0.22e-6, unit_bytes=262e6, reading_bytes=34),
        "aggregate periods": StageCost(unit_seconds=0.58, reading_seconds=0.23e-6, unit_bytes=306e6, reading_bytes=8),
    },
    lake_bytes=4.74,
    objects_per_month=20,
)
# fmt: on


def tabulate_costs(costs: Costs) -> list[str]:
    """Return what was measured as rows of a table."""
    return [
        f"| {stage} | {cost.unit_seconds:.2f} | {1e6 * cost.reading_seconds:.2f} | {cost.unit_bytes / 1e6:,.0f} | {cost.reading_bytes:,.0f} |"
        for stage, cost in costs.stages.items()
    ]


def tabulate_plans(costs: Costs) -> list[str]:
    """Return what five years of all British homes take, as rows of a table."""
    rows = []
    for homes_per_lake in HOMES_PER_LAKE:
        plans = [
            plan_campaign(costs, Campaign(homes=BRITAIN, months=60, homes_per_lake=homes_per_lake, workers=workers))
            for workers in WORKERS
        ]
        first, hours = plans[0], " | ".join(f"{plan.hours:,.1f}" for plan in plans)
        rows.append(
            f"| {homes_per_lake:,} | {math.ceil(BRITAIN / homes_per_lake):,} | {first.units:,} | {first.objects:,.0f} | "
            f"{first.warehouse_bytes / 1e9:,.1f} | {first.worker_bytes / 1e9:,.1f} | {hours} | {plans[-1].busy_share:.0%} |"
        )
    return rows


def main(landings: Sequence[str]) -> None:
    """Print what was measured, and the plan for Britain."""
    costs = measure_costs([Path(name) for name in landings]) if landings else LAST_MEASURED
    lake = f"{costs.lake_bytes:.2f} B of a reading in the lake, {costs.objects_per_month:.0f} objects of a month"
    print(*tabulate_costs(costs), lake, *tabulate_plans(costs), sep="\n")  # noqa: T201 - its result


if __name__ == "__main__":
    main(sys.argv[1:])
