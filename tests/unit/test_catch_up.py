"""Gas that catches up after an outage: large for the home, after a gap that it fits; nothing else is taken for it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.conftest import make_readings, make_sources
from transforms.heat.demand import expect_caught_up
from transforms.history.catch_up import find_gap_values, judge_gap_values
from transforms.history.digest import sum_days
from transforms.tables.lake import OPEN_RUN
from transforms.tables.words import FLAG_DTYPE

HALF = dt.timedelta(minutes=30)
FEBRUARY = dt.datetime(2023, 2, 1)
DAYS = 28
OUTAGE = 10 * 48 + 12  # the 11th, 6:00


def half_hours(seed: int = 1) -> list[float | None]:
    """Return a month of a home that heats: 1.0 kWh in the mean, 3 kWh at most, nothing at night."""
    made = np.random.default_rng(seed)
    return [
        0.0 if n % 48 < 12 else round(float(made.uniform(0.5, 3.0) if made.random() < 0.75 else 0), 3)
        for n in range(DAYS * 48)
    ]


def judge(
    values: list[float | None], *, start: dt.datetime = FEBRUARY, open_run: pl.DataFrame | None = None, flag: str = "ok"
) -> list[tuple[dt.datetime, dt.datetime, float]]:
    """Return start, end and gas of readings that catch up; None in `values` is a missing half-hour."""
    rows = [("7", start + n * HALF, value, 0) for n, value in enumerate(values) if value is not None]
    counted = make_readings(rows, flag=flag)
    found = find_gap_values(counted, sum_days(counted, make_sources()))
    return judge_gap_values(found, OPEN_RUN.empty() if open_run is None else open_run).drop("household_id").rows()


def with_outage(length: int, value: float, *, zeros: bool = False) -> list[float | None]:
    """Return the month with an outage of so many half-hours, and a value after it."""
    values = half_hours()
    values[OUTAGE - 1] = 1.0
    values[OUTAGE : OUTAGE + length] = [0.0 if zeros else None] * length
    values[OUTAGE + length] = value
    return values


def test_a_month_without_an_outage_has_none() -> None:
    assert judge(half_hours()) == []


@pytest.mark.parametrize("zeros", [False, True], ids=["missing", "zeros"])
def test_a_value_that_fits_the_gap_before_it_is_found_with_the_gap(zeros: bool) -> None:  # noqa: FBT001
    start = FEBRUARY + OUTAGE * HALF
    assert judge(with_outage(32, 40.0, zeros=zeros)) == [(start, start + 33 * HALF, 40.0)]


@pytest.mark.parametrize(
    ("length", "value"),
    [(32, 4.0), (32, 200.0), (3, 12.0), (32, 7.0)],
    ids=["as large as others", "far more than the gap", "a short gap", "far less than the gap"],
)
def test_heat_that_the_gap_does_not_explain_is_left_alone(length: int, value: float) -> None:
    assert judge(with_outage(length, value)) == []


def test_a_large_value_without_a_gap_is_left_alone() -> None:
    values = half_hours()
    values[OUTAGE - 1], values[OUTAGE] = 1.0, 20.0
    assert judge(values) == []


def test_a_morning_after_a_night_without_gas_is_left_alone() -> None:
    values = half_hours()
    for day in range(DAYS):
        values[day * 48 + 12] = 9.0  # the boiler starts at full power each day at six
    assert judge(values) == []


def test_a_home_that_comes_back_from_a_holiday_is_left_alone() -> None:
    assert judge(with_outage(7 * 48, 9.0, zeros=True)) == []


def open_run(value: float, start: dt.datetime, end: dt.datetime) -> pl.DataFrame:
    row = {"household_id": ["7"], "start_utc": [start], "end_utc": [end], "readings": [(end - start) // HALF]}
    return OPEN_RUN.conform(pl.DataFrame(row | {"gas_kwh": [value]}))


def test_an_outage_across_the_months_end_starts_where_the_month_before_ended() -> None:
    values: list[float | None] = [None] * 20 + [40.0, *half_hours()[21:]]
    last = FEBRUARY - 12 * HALF
    assert judge(values, open_run=open_run(1.2, last - HALF, last)) == [(last, FEBRUARY + 21 * HALF, 40.0)]
    zeros: list[float | None] = [0.0] * 20 + [40.0, *half_hours()[21:]]
    assert judge(zeros, open_run=open_run(0.0, last, FEBRUARY)) == [(last, FEBRUARY + 21 * HALF, 40.0)]


def test_a_first_reading_catches_up_with_nothing() -> None:
    assert judge([None] * 20 + [40.0, *half_hours()[21:]]) == []


def test_a_very_high_reading_may_catch_up() -> None:
    values = with_outage(96, 95.0)
    rows = [("7", FEBRUARY + n * HALF, value, 0) for n, value in enumerate(values) if value is not None]
    counted = make_readings(rows).with_columns(
        flag=pl.when(pl.col("gas_kwh") > 89.8)
        .then(pl.lit("very_high"))
        .otherwise(pl.lit("ok"))
        .cast(pl.Enum(["ok", "very_high"]))
    )
    found = find_gap_values(counted, sum_days(counted, make_sources()))
    assert judge_gap_values(found, OPEN_RUN.empty())["gas_kwh"].to_list() == [95.0]


@given(st.integers(0, 50))
def test_healthy_homes_of_any_seed_have_none(seed: int) -> None:
    assert judge(half_hours(seed)) == []


def test_caught_up_heat_is_compared_with_the_type_during_the_outage() -> None:
    hours = pl.datetime_range(
        FEBRUARY, FEBRUARY + dt.timedelta(days=2), "1h", closed="left", eager=True, time_unit="us"
    )
    profile = pl.DataFrame({"dwelling_type": "flat", "hour_start_utc": hours, "heat_kwh_mean": 2.0})
    holed = profile.filter(pl.col("hour_start_utc") != FEBRUARY + dt.timedelta(hours=12))
    spans = pl.DataFrame(
        {
            "household_id": ["7"],
            "start_utc": [FEBRUARY + 20 * HALF],
            "end_utc": [FEBRUARY + 30 * HALF],
            "gas_kwh": [10.0],
        }
    )
    included = pl.DataFrame({"household_id": ["7", "8"], "dwelling_type": "flat"})
    for given_profile in (profile, holed):
        row = expect_caught_up(spans, given_profile, included, 0.8).row(0, named=True)
        assert row["month"] == FEBRUARY.date()
        assert row["heat_kwh_caught_up"] == pytest.approx(8.0)
        assert row["type_kwh_caught_up"] == pytest.approx(5 * 2.0)
    assert expect_caught_up(spans.clear(), profile, included, 0.8).is_empty()


def test_impossible_readings_do_not_raise_the_usual_gas_of_a_home() -> None:
    values = with_outage(32, 400.0)
    values[100], values[200] = 9000.0, 5000.0  # with these in the mean, 400 kWh would fit the gap
    rows = [("7", FEBRUARY + n * HALF, value, 0) for n, value in enumerate(values) if value is not None]
    high = pl.when(pl.col("gas_kwh") > 89.8).then(pl.lit("very_high")).otherwise(pl.lit("ok"))
    counted = make_readings(rows).with_columns(flag=high.cast(FLAG_DTYPE))
    found = find_gap_values(counted, sum_days(counted, make_sources()))
    assert judge_gap_values(found, OPEN_RUN.empty()).is_empty()
