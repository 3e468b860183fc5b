"""The British clock: local days of 23, 24 and 25 hours."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.local_time import add_local_time, label_half_hours
from transforms.schema import UTC

SPRING, AUTUMN, PLAIN = dt.date(2009, 3, 29), dt.date(2009, 10, 25), dt.date(2009, 7, 1)


def around(day: dt.date, step: str, column: str) -> pl.DataFrame:
    """Return the moments (UTC) of the day before, the day and the day after."""
    first, last = (dt.datetime.combine(day + dt.timedelta(days=n), dt.time()) for n in (-1, 2))
    return pl.DataFrame({column: pl.datetime_range(first, last, step, closed="left", time_unit="us", eager=True)})


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (SPRING, [0, *range(2, 24)]),
        (AUTUMN, [0, 1, 1, *range(2, 24)]),
        (PLAIN, list(range(24))),
    ],
)
def test_a_local_day_holds_the_hours_that_its_clock_shows(day: dt.date, hours: list[int]) -> None:
    of_day = add_local_time(around(day, "1h", "hour_start_utc")).filter(pl.col("date_local") == day)
    assert of_day["hour_local"].to_list() == hours
    assert of_day["hours_in_day"].unique().to_list() == [len(hours)]


@pytest.mark.parametrize(("day", "count"), [(SPRING, 46), (AUTUMN, 50), (PLAIN, 48)])
def test_the_half_hours_of_a_local_day_count_to_46_48_or_50(day: dt.date, count: int) -> None:
    of_day = label_half_hours(around(day, "30m", "interval_start_utc")).filter(pl.col("date_local") == day)
    assert of_day["half_hour_local"].to_list() == list(range(1, count + 1))
    assert of_day["half_hours_in_day"].unique().to_list() == [count]


def test_the_first_half_hour_of_a_summer_day_is_2300_utc_of_the_day_before() -> None:
    start = dt.datetime(2009, 6, 30, 23)
    row = label_half_hours(pl.DataFrame({"interval_start_utc": [start]}, schema={"interval_start_utc": UTC})).row(0)
    assert row == (start, PLAIN, 1, 48)


@given(st.dates(dt.date(2000, 1, 2), dt.date(2039, 12, 30)))
def test_every_half_hour_has_one_number_in_its_day_and_no_day_lacks_one(day: dt.date) -> None:
    labelled = label_half_hours(around(day, "30m", "interval_start_utc"))
    assert not labelled.select("date_local", "half_hour_local").is_duplicated().any()
    of_day = labelled.filter(pl.col("date_local") == day)
    assert of_day.height == of_day["half_hour_local"].max() == of_day["half_hours_in_day"][0]
