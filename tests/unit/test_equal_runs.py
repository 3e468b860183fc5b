"""Runs of equal readings: found within a month, joined across months, and judged by step, pilot light and cold."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.history.equal_runs import find_runs, join_runs, judge_cold_zeros, judge_stuck, name_step
from transforms.tables.lake import CLOSED_RUN, OPEN_RUN

START = dt.datetime(2009, 1, 1)
HALF = dt.timedelta(minutes=30)
DAY = 48


def series(values: list[float], *, home: str = "7", start: dt.datetime = START) -> pl.DataFrame:
    """Return good readings of one home, half-hour by half-hour."""
    return pl.DataFrame(
        {
            "household_id": home,
            "interval_start_utc": [start + n * HALF for n in range(len(values))],
            "gas_kwh": values,
        },
        schema_overrides={"interval_start_utc": pl.Datetime("us")},
    )


def follow(readings: pl.DataFrame) -> list[tuple[str, dt.datetime, dt.datetime, int, float]]:
    """Return the long runs of readings that were cut into their months."""
    open_run, found = OPEN_RUN.empty(), []
    months = readings.sort("interval_start_utc").group_by(
        pl.col("interval_start_utc").dt.truncate("1mo"), maintain_order=True
    )
    for _, month in months:
        closed, open_run = join_runs(open_run, find_runs(month.sort("household_id", "interval_start_utc")))
        found.append(closed)
    closed, _ = join_runs(open_run, find_runs(readings.clear()))
    return pl.concat([*found, closed]).sort("household_id", "start_utc").rows()


def closed_run(value: float, readings: int, *, step: float | None, start: dt.datetime = START) -> pl.DataFrame:
    rows = {"household_id": "7", "start_utc": start, "end_utc": start + readings * HALF, "readings": readings}
    return CLOSED_RUN.conform(
        pl.DataFrame([rows | {"gas_kwh": value, "step_kwh": step}], schema_overrides={"step_kwh": pl.Float64})
    )


def cold(days: int, temperature: float, *, start: dt.date = dt.date(2009, 1, 1)) -> pl.DataFrame:
    dates = [start + dt.timedelta(days=n) for n in range(days)]
    return pl.DataFrame({"date": dates, "temperature_mean_c": [temperature] * days})


def test_a_run_within_a_month_is_kept_with_its_length_and_value() -> None:
    rows = find_runs(series([1.0, 2.0, *[0.9] * 12, 3.0, 1.0])).filter(pl.col("readings") == 12).rows(named=True)
    assert [(row["gas_kwh"], row["start_utc"], row["end_utc"]) for row in rows] == [
        (0.9, START + 2 * HALF, START + 14 * HALF)
    ]


def test_of_other_runs_only_the_first_and_the_last_of_a_home_are_kept() -> None:
    both = pl.concat([series([1.0, 2.0, 0.0, 0.0, 3.0]), series([5.0], home="8")])
    runs = find_runs(both).select("household_id", "gas_kwh", "is_first", "is_last").rows()
    assert runs == [("7", 1.0, True, False), ("7", 3.0, False, True), ("8", 5.0, True, True)]


@pytest.mark.parametrize("january", [1, 5, 11])
def test_a_run_across_a_border_is_one_run(january: int) -> None:
    start = dt.datetime(2009, 2, 1) - (january + 2) * HALF
    values = [0.1, 0.2, *[0.7] * 12, 0.3]
    assert follow(series(values, start=start)) == [("7", start + 2 * HALF, start + 14 * HALF, 12, 0.7)]


def test_a_run_that_fills_months_is_one_run() -> None:
    start = dt.datetime(2009, 1, 20)
    found = follow(series([0.5, *[0.0] * (75 * DAY), 0.5], start=start))
    assert [(row[1], row[2], row[3]) for row in found] == [
        (start + HALF, start + HALF + dt.timedelta(days=75), 75 * DAY)
    ]


def test_a_home_that_delivers_nothing_for_a_month_ends_its_run() -> None:
    values = [0.6] * 8
    apart = pl.concat(
        [series(values, start=dt.datetime(2009, 1, 31, 20)), series(values, start=dt.datetime(2009, 3, 1))]
    )
    other = series([0.1, 0.2], home="8", start=dt.datetime(2009, 2, 3))
    assert follow(pl.concat([apart, other])) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.4, 0.8]), min_size=1, max_size=60), st.integers(1, 59))
def test_where_the_border_lies_does_not_matter(values: list[float], before: int) -> None:
    longer = [value for value in values for _ in range(9)]
    whole = [row[3:] for row in follow(series(longer, start=dt.datetime(2009, 3, 2)))]
    cut = [row[3:] for row in follow(series(longer, start=dt.datetime(2009, 4, 1) - before * HALF))]
    assert whole == cut


@pytest.mark.parametrize(
    ("value", "readings", "step", "stuck"),
    [
        (0.9, 12, 0.011, True),
        (0.9, 11, 0.011, False),  # too short
        (0.9, 12, 0.318, False),  # below three steps of an imperial meter
        (1.272, 12, 0.318, True),
        (0.2, 48, 0.011, False),  # a pilot light
        (0.9, 48, None, False),  # unknown step: not judged
    ],
)
def test_equal_readings_are_stuck_above_step_and_pilot_light(
    value: float, readings: int, step: float | None, *, stuck: bool
) -> None:
    assert len(judge_stuck(closed_run(value, readings, step=step))) == stuck


@pytest.mark.parametrize(
    ("days", "temperature", "found"), [(15, 5.0, True), (14, 5.0, False), (15, 10.5, False), (40, 9.9, True)]
)
def test_zeros_are_suspicious_where_it_is_cold_for_a_fortnight(days: int, temperature: float, *, found: bool) -> None:
    zeros = closed_run(0.0, days * DAY, step=0.011)
    assert len(judge_cold_zeros(zeros, cold(60, temperature))) == found


def test_a_warm_summer_without_gas_is_healthy_however_cold_the_weeks_around_it() -> None:
    weather = pl.concat(
        [cold(30, 6.0), cold(90, 16.0, start=dt.date(2009, 1, 31)), cold(30, 6.0, start=dt.date(2009, 5, 1))]
    )
    summer = closed_run(0.0, 100 * DAY, step=0.011, start=dt.datetime(2009, 1, 28))
    assert judge_cold_zeros(summer, weather).is_empty()


def test_a_dead_year_is_suspicious_although_its_mean_is_warm() -> None:
    weather = pl.concat([cold(60, 4.0), cold(305, 15.0, start=dt.date(2009, 3, 2))])
    assert len(judge_cold_zeros(closed_run(0.0, 365 * DAY, step=None), weather)) == 1


def test_without_temperature_zeros_are_not_judged() -> None:
    assert judge_cold_zeros(
        closed_run(0.0, 40 * DAY, step=0.011), cold(0, 0.0).cast({"date": pl.Date, "temperature_mean_c": pl.Float64})
    ).is_empty()
    with_hole = pl.concat(
        [cold(10, 2.0), cold(10, 2.0, start=dt.date(2009, 1, 12)), cold(10, 2.0, start=dt.date(2009, 1, 23))]
    )
    assert judge_cold_zeros(closed_run(0.0, 32 * DAY, step=0.011), with_hole).is_empty()


def test_a_run_takes_the_step_of_its_home() -> None:
    level = pl.DataFrame({"household_id": ["7"], "step_kwh": [0.011]})
    assert name_step(closed_run(1.0, 12, step=None).drop("step_kwh"), level)["step_kwh"].to_list() == [0.011]
