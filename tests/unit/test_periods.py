"""Study periods and sufficiency: each rule passes sufficient readings and fails readings just below."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest

from transforms.heat.periods import Period, Sufficiency, find_periods, measure_coverage, suffices

Make = Callable[..., pl.DataFrame]
RULE = Sufficiency()


def judge(cells: pl.DataFrame, year: int = 2009) -> bool:
    """Say whether the one home suffices in a calendar year."""
    return measure_coverage(cells, Period(dt.date(year, 1, 1))).filter(suffices(RULE)).height == 1


def test_a_whole_year_is_complete(cells: Make) -> None:
    row = measure_coverage(cells({"7": 1.0}, 2009), Period(dt.date(2009, 1, 1))).row(0, named=True)
    assert (row["completeness"], row["weakest_cell"], row["hours_observed"]) == (1.0, 1.0, 8760)


def test_a_leap_year_has_8784_hours() -> None:
    assert Period(dt.date(2008, 1, 1)).hours == 8784
    assert Period(dt.date(2007, 3, 1)).hours == 8784


def test_ninety_per_cent_suffice_and_less_does_not(cells: Make) -> None:
    assert judge(cells({"7": 0.94}, 2009))
    assert not judge(cells({"7": 0.88}, 2009))


def test_one_thin_cell_fails_a_home_that_is_complete_otherwise(cells: Make) -> None:
    gap = lambda month, hour: month.month == 2 and hour == 3  # noqa: E731
    without = cells({"7": 1.0}, 2009, drop=gap)
    row = measure_coverage(without, Period(dt.date(2009, 1, 1))).row(0, named=True)
    assert row["completeness"] > 0.99
    assert row["weakest_cell"] == 0.0
    assert not judge(without)


def test_every_calendar_year_in_which_some_home_suffices_is_a_period(cells: Make) -> None:
    both = pl.concat([cells({"7": 1.0}, 2008), cells({"8": 0.95}, 2009), cells({"8": 0.3}, 2010)])
    assert [period.label for period in find_periods(both, RULE)] == ["2008", "2009"]


def test_without_a_sufficient_calendar_year_the_latest_twelve_months_are_taken(cells: Make) -> None:
    april_to_march = pl.concat(
        [
            cells({"7": 1.0}, 2023).filter(pl.col("month").dt.month() >= 4),
            cells({"7": 1.0}, 2024).filter(pl.col("month").dt.month() <= 3),
        ]
    )
    (period,) = find_periods(april_to_march, RULE)
    assert (period.start, period.end, period.label, period.year) == (
        dt.date(2023, 4, 1),
        dt.date(2024, 4, 1),
        "2023-24",
        None,
    )


def test_too_little_data_give_no_period(cells: Make) -> None:
    assert find_periods(cells({"7": 0.5}, 2009), RULE) == []
    assert find_periods(cells({"7": 1.0}, 2009).head(0), RULE) == []


def test_declared_periods_are_taken_as_they_are(cells: Make) -> None:
    periods = find_periods(cells({"7": 0.1}, 2009), RULE, [dt.date(2009, 5, 1)])
    assert [period.label for period in periods] == ["2009-10"]


@pytest.mark.parametrize(("start", "end"), [((2009, 12, 1), (2010, 11, 1)), ((2009, 1, 1), (2009, 12, 1))])
def test_a_period_has_twelve_months_in_a_row(start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    months = Period(dt.date(*start)).months
    assert (months[0], months[-1], len(set(months))) == (dt.date(*start), dt.date(*end), 12)
