"""What tells the interval of a home's readings is counted home by home."""

from __future__ import annotations

import datetime as dt

import polars as pl

from transforms.readings.intervals import COUNTS, count_steps

START = dt.datetime(2009, 1, 1)


def make_home(name: str, minutes: list[int], values: list[float]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "household_id": [name] * len(minutes),
            "instant_utc": [START + dt.timedelta(minutes=at) for at in minutes],
            "gas_kwh": values,
        },
        schema_overrides={"instant_utc": pl.Datetime("us")},
    )


def test_steps_are_counted_within_each_home_also_where_homes_take_turns() -> None:
    first = make_home("1", [0, 30, 60, 97], [0.0, 1.0, 0.5, 0.5])
    second = make_home("2", [30, 90, 150], [9.0, 3.0, 4.0])
    expected = {"1": (4, 1, 1, 2, 1, 1), "2": (3, 3, 0, 0, 1, 1)}
    in_turns = pl.concat([first[:1], second[:1], first[1:2], second[1:], first[2:]])
    for rows in (pl.concat([first, second]), in_turns):
        counted = count_steps(rows)
        assert dict(counted.schema) == COUNTS
        assert {home: tuple(counts) for home, *counts in counted.iter_rows()} == expected


def test_of_no_readings_nothing_is_counted() -> None:
    assert count_steps(make_home("1", [], [])).is_empty()
