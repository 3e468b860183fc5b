"""Selection of homes: each step lets the good home through and names itself where one fails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest

from transforms.periods import Period, Sufficiency, measure_coverage
from transforms.selection import combine_households, count_funnel, list_homes, select_homes

Make = Callable[..., pl.DataFrame]
YEAR = Period(dt.date(2009, 1, 1))


def table(*rows: tuple[str, str, str | None]) -> pl.DataFrame:
    """Return a household table."""
    schema = {"household_id": pl.String, "dwelling_type": pl.String, "heating_system": pl.String}
    return pl.DataFrame(list(rows), schema=schema, orient="row").with_columns(origin=pl.lit(None, dtype=pl.String))


def judge(cells: pl.DataFrame, households: pl.DataFrame | None, seen: set[str]) -> dict[str, str | None]:
    """Return the exclusion reason of each home."""
    selected = select_homes(list_homes(households, seen), measure_coverage(cells, YEAR), YEAR, Sufficiency())
    return dict(selected.select("household_id", "exclusion_reason").iter_rows())


def test_each_step_excludes_the_home_that_fails_it(cells: Make) -> None:
    thin = cells({"thin": 1.0}, 2009, drop=lambda month, hour: month.month == 1 and hour == 4)
    data = pl.concat([cells({"good": 1.0, "electric": 1.0, "short": 0.7}, 2009), thin])
    households = table(
        ("good", "flat", "gas"), ("electric", "flat", "electric storage"), ("short", "flat", None), ("thin", "terraced", "Gas"), ("silent", "flat", "gas")
    )  # fmt: skip
    assert judge(data, households, {"good", "electric", "short", "thin", "stranger"}) == {
        "good": None,
        "electric": "not_gas_heated",
        "short": "too_few_half_hours",
        "thin": "thin_month_hour",
        "silent": "no_readings",
        "stranger": "unknown_household",
    }


def test_without_a_household_table_a_home_is_known_and_of_unknown_type(cells: Make) -> None:
    assert judge(cells({"7": 1.0}, 2009), None, {"7"}) == {"7": None}
    assert list_homes(None, {"7"})["dwelling_type"].to_list() == ["unknown"]


def test_the_funnel_goes_down_step_by_step_to_the_included_homes(cells: Make) -> None:
    homes = list_homes(table(("a", "flat", None), ("b", "flat", None)), {"a", "b", "c"})
    selected = select_homes(homes, measure_coverage(cells({"a": 1.0, "b": 0.5}, 2009), YEAR), YEAR, Sufficiency())
    assert count_funnel(selected)["households"].to_list() == [3, 2, 2, 2, 1, 1]


def test_a_home_included_in_one_period_is_included(cells: Make) -> None:
    data = pl.concat([cells({"a": 0.5}, 2008), cells({"a": 1.0}, 2009)])
    homes = list_homes(None, {"a", "b"})
    both = [
        select_homes(homes, measure_coverage(data, period), period, Sufficiency())
        for period in (Period(dt.date(2008, 1, 1)), YEAR)
    ]
    rows = combine_households(homes, pl.concat(both), data)
    assert rows.select("household_id", "included", "exclusion_reason", "completeness").rows() == [
        ("a", True, None, 1.0),
        ("b", False, "no_readings", 0.0),
    ]


@pytest.mark.parametrize(("known", "reason"), [(True, "too_few_half_hours"), (False, "unknown_household")])
def test_where_no_period_is_found_every_home_has_a_reason(cells: Make, known: bool, reason: str) -> None:  # noqa: FBT001 - a case
    homes = list_homes(table(("a", "flat", None)) if known else table(), {"a"})
    by_period = select_homes(homes, measure_coverage(cells({}, 2009), YEAR), YEAR, Sufficiency()).head(0)
    rows = combine_households(homes, by_period, cells({"a": 0.1}, 2009))
    assert rows["exclusion_reason"].to_list() == [reason]
