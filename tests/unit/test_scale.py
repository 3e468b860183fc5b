"""The counts behind docs/scale.md: units handed out to workers, and the costs of a large run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.pipeline.history import FOLLOW_HOMES
from flows.pipeline.months import BUILD_MONTHS
from flows.pipeline.periods import AGGREGATE_PERIODS
from tests.benchmarks.scale import (
    LAST_MEASURED,
    Campaign,
    Costs,
    StageCost,
    list_steps,
    plan_campaign,
    spread,
    tabulate_costs,
    tabulate_plans,
)

MONTHLY = StageCost(unit_seconds=2, reading_seconds=1e-6, unit_bytes=1e8, reading_bytes=50)
YEARLY = StageCost(unit_seconds=5, reading_seconds=1e-7, unit_bytes=1e8, reading_bytes=1)
COSTS = Costs(
    stages={BUILD_MONTHS.name: MONTHLY, FOLLOW_HOMES.name: MONTHLY, AGGREGATE_PERIODS.name: YEARLY},
    lake_bytes=4,
    objects_per_month=20,
)
STEP = st.tuples(st.integers(1, 8), st.floats(0.1, 100), st.booleans())


def test_units_of_a_step_go_side_by_side_and_those_in_order_one_after_the_other() -> None:
    assert spread([(6, 10, False)], lakes=1, workers=3) == (20, 60)
    assert spread([(6, 10, True)], lakes=1, workers=3) == (60, 60)
    assert spread([(6, 10, True)], lakes=3, workers=3) == (60, 180)  # other lakes fill what a chain leaves free


@given(steps=st.lists(STEP, min_size=1, max_size=4), lakes=st.integers(1, 5), workers=st.integers(1, 9))
def test_no_run_is_quicker_than_its_longest_lake_or_its_work_allows(
    steps: list[tuple[int, float, bool]], lakes: int, workers: int
) -> None:
    end, worked = spread(steps, lakes=lakes, workers=workers)
    whole = lakes * sum(count * seconds for count, seconds, _ in steps)
    longest = sum(count * seconds if in_order else seconds for count, seconds, in_order in steps)
    assert worked == pytest.approx(whole)
    assert max(longest, whole / workers) <= end * (1 + 1e-9)
    assert end <= whole * (1 + 1e-9)


def test_one_worker_takes_as_long_as_all_units_together() -> None:
    campaign = Campaign(homes=3_000, months=24, homes_per_lake=1_000, workers=1)
    seconds = sum(count * each for count, each, _ in list_steps(COSTS, campaign))
    plan = plan_campaign(COSTS, campaign)
    assert plan.hours == pytest.approx(3 * seconds / 3600)
    assert plan.busy_share == pytest.approx(1)
    assert plan.units == 3 * (24 + 24 + 2)


def test_readings_objects_and_bytes_are_counted() -> None:
    plan = plan_campaign(COSTS, Campaign(homes=2_000, months=12, homes_per_lake=1_000, workers=4))
    assert plan.readings == pytest.approx(2_000 * 365.25 * 48)
    assert plan.lake_bytes == pytest.approx(4 * plan.readings)
    assert plan.objects == 2 * 12 * 20


def test_a_larger_lake_needs_larger_workers_and_fewer_units() -> None:
    small, large = (
        plan_campaign(COSTS, Campaign(homes=40_000, months=12, homes_per_lake=homes, workers=4))
        for homes in (1_000, 10_000)
    )
    assert large.worker_bytes - 1e8 == pytest.approx(
        10 * (small.worker_bytes - 1e8)
    )  # but for what a unit takes by itself
    assert large.units == small.units / 10


def test_the_page_on_scale_shows_measured_and_planned_values() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8").splitlines()
    for row in (*tabulate_costs(LAST_MEASURED), *tabulate_plans(LAST_MEASURED)):
        assert row in page
