"""Half-hours to hours: energy is conserved, and only whole hours count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms.heat.hours import build_month, half_hours_to_hours
from transforms.readings.neighbour_flags import flag_exactly
from transforms.tables.lineage import SUSPECT_SPAN

Make = Callable[..., pl.DataFrame]
NOON = dt.datetime(2009, 1, 5, 12)
HALF = dt.timedelta(minutes=30)


def test_an_hour_is_the_sum_of_its_two_half_hours(readings: Make) -> None:
    hours = half_hours_to_hours(readings([("7", NOON, 1.25, 0), ("7", NOON + HALF, 0.5, 0)]))
    assert hours.rows() == [("7", NOON, 1.75)]


def test_an_hour_with_one_half_is_no_hour(readings: Make) -> None:
    assert half_hours_to_hours(readings([("7", NOON, 1.25, 0), ("8", NOON + HALF, 0.5, 0)])).is_empty()


def test_a_zero_is_a_reading_like_any_other(readings: Make) -> None:
    assert half_hours_to_hours(readings([("7", NOON, 0.0, 0), ("7", NOON + HALF, 0.0, 0)]))["gas_kwh"].to_list() == [
        0.0
    ]


def test_a_built_month_keeps_every_reading_with_one_flag(readings: Make, sources: Make) -> None:
    rows = [
        ("7", NOON, 1.0, 0),
        ("7", NOON + HALF, 1.0, 0),
        ("7", NOON + HALF, 1.0, 0),
        ("9", NOON, 3.0, 0),
        ("9", NOON + HALF, 3.0, 0),
    ]
    month = build_month(
        flag_exactly(readings(rows), sources(), known={"7"}),
        sources(),
        spans=SUSPECT_SPAN.empty(),
        boiler_efficiency=0.8,
    )
    assert dict(month.flag_count.select("flag", "readings").iter_rows()) == {
        "ok": 2,
        "duplicate_exact": 1,
        "unknown_household": 2,
    }
    assert len(month.flagged) == 3
    assert month.hourly.rows() == [("7", NOON, 2.0, 1.6)]
    assert month.summary.row(0, named=True) == {
        "households": 1, "readings": 5, "ok_half_hours": 2, "used_half_hours": 2, "used_gas_kwh": 2.0, "hours": 1,
    }  # fmt: skip


def test_a_cell_counts_half_hours_that_made_no_hour(readings: Make, sources: Make) -> None:
    month = build_month(readings([("7", NOON, 1.0, 0)]), sources(), spans=SUSPECT_SPAN.empty(), boiler_efficiency=0.8)
    assert month.cell.select("half_hours", "hours", "gas_kwh", "hour_of_day").rows() == [(1, 0, 0.0, 12)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.dictionaries(st.tuples(st.sampled_from("ab"), st.integers(0, 60)), st.floats(0, 80), max_size=60))
def test_energy_is_conserved_from_half_hours_to_hours(
    readings: Make, sources: Make, values: dict[tuple[str, int], float]
) -> None:
    month = build_month(
        readings([(home, NOON + n * HALF, kwh, 0) for (home, n), kwh in sorted(values.items())]),
        sources(),
        spans=SUSPECT_SPAN.empty(),
        boiler_efficiency=0.8054,
    )
    whole = [kwh for (home, n), kwh in values.items() if (home, n ^ 1) in values]
    assert month.hourly["gas_kwh"].sum() == pytest.approx(sum(whole))
    assert month.hourly["heat_kwh"].sum() == pytest.approx(0.8054 * sum(whole))
    assert month.cell["gas_kwh"].sum() == pytest.approx(sum(whole))
    assert month.cell["half_hours"].sum() == len(values)


DAY = dt.datetime(2009, 1, 3)


def span_of(first: int, last: int, kwh: float | None) -> pl.DataFrame:
    """Return a span of half-hours of `DAY`, both ends included; the last one holds the gas of all."""
    row = {"household_id": "7", "flag": "catch_up", "start_utc": DAY + first * HALF, "end_utc": DAY + (last + 1) * HALF}
    return SUSPECT_SPAN.conform(pl.DataFrame([row | {"factor": None, "gas_kwh": kwh}]))


@pytest.mark.parametrize(
    ("present", "span", "whole"),
    [
        (range(48), span_of(10, 20, 9.0), True),
        ([*range(10), *range(20, 48)], span_of(10, 20, 9.0), True),  # the gap may be missing as well as zero
        ([*range(9), *range(20, 48)], span_of(10, 20, 9.0), False),  # another half-hour is missing
        (range(48), span_of(10, 20, None), False),  # reaches out of the month: how much is of it is not known
        (range(-5, 48), span_of(-3, 20, 9.0), False),  # reaches over midnight
    ],
    ids=["zeros", "missing", "short", "month", "midnight"],
)
def test_a_day_is_known_where_one_reading_of_it_holds_the_gas_of_its_gap(
    readings: Make, sources: Make, *, present: Sequence[int], span: pl.DataFrame, whole: bool
) -> None:
    gap = range(-3, 20)
    rows = [("7", DAY + n * HALF, 9.0 if n == 20 else 0.0 if n in gap and n >= 10 else 0.5, 0) for n in present]
    month = build_month(readings(rows), sources(), spans=span, boiler_efficiency=0.8)
    assert month.hourly["gas_kwh"].max() == 1.0
    found = month.day_caught_up.rows(named=True)
    gas = 37 * 0.5 + 9.0
    wanted = {"household_id": "7", "date": DAY.date(), "gas_kwh": gas, "heat_kwh": 0.8 * gas, "caught_up_kwh": 9.0}
    assert found == ([{k: pytest.approx(v) if isinstance(v, float) else v for k, v in wanted.items()}] if whole else [])
