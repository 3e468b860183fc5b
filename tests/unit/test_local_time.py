"""The British clock: local days of 23, 24 and 25 hours."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from transforms.climate.local_time import add_local_time

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
