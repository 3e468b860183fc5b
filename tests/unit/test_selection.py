"""Selection of homes: each step lets the good home through and names itself where one fails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest

from transforms.heat.heating import HeatingRule, measure_heating
from transforms.heat.periods import Period, Sufficiency, measure_coverage
from transforms.heat.selection import combine_households, count_funnel, list_homes, select_homes

Make = Callable[..., pl.DataFrame]
YEAR = Period(dt.date(2009, 1, 1))
HOURS_OF_WINTER = (31 + 28 + 31 + 30 + 31) * 24  # as `heat_in_winter` has it
ANNUAL_KWH = 3.0 * HOURS_OF_WINTER + 0.5 * (8760 - HOURS_OF_WINTER)


def table(*rows: tuple[str, str, str | None]) -> pl.DataFrame:
    """Return a household table."""
    schema = {"household_id": pl.String, "dwelling_type": pl.String, "heating_system": pl.String}
    return pl.DataFrame(list(rows), schema=schema, orient="row").with_columns(origin=pl.lit(None, dtype=pl.String))


def select(cells: pl.DataFrame, homes: pl.DataFrame, period: Period = YEAR) -> pl.DataFrame:
    """Judge homes by all steps."""
    heating = measure_heating(cells, period, HeatingRule())
    return select_homes(homes, measure_coverage(cells, period), heating, period, Sufficiency())


def judge(cells: pl.DataFrame, households: pl.DataFrame | None, seen: set[str]) -> dict[str, str | None]:
    """Return the exclusion reason of each home."""
    return dict(select(cells, list_homes(households, seen)).select("household_id", "exclusion_reason").iter_rows())


def test_each_step_excludes_the_home_that_fails_it(cells: Make) -> None:
    thin = cells({"thin": 1.0}, 2009, drop=lambda month, hour: month.month == 1 and hour == 4)
    cooking = cells({"cooking": 1.0}, 2009, gas=lambda _month: 0.07)
    data = pl.concat([cells({"good": 1.0, "electric": 1.0, "short": 0.7}, 2009), thin, cooking])
    households = table(
        ("good", "flat", "gas"), ("electric", "flat", "electric storage"), ("short", "flat", None), ("thin", "terraced", "Gas"),
        ("silent", "flat", "gas"), ("cooking", "flat", None),
    )  # fmt: skip
    assert judge(data, households, {"good", "electric", "short", "thin", "cooking", "stranger"}) == {
        "good": None,
        "electric": "not_gas_heated",
        "cooking": "not_gas_heated",
        "short": "too_few_half_hours",
        "thin": "thin_month_hour",
        "silent": "no_readings",
        "stranger": "unknown_household",
    }


def test_a_declared_gas_boiler_outweighs_the_shape_of_the_gas(cells: Make) -> None:
    data = cells({"declared": 1.0, "silent": 1.0}, 2009, gas=lambda _month: 0.07)
    households = table(("declared", "flat", " Gas boiler"), ("silent", "flat", None))
    assert judge(data, households, {"declared", "silent"}) == {"declared": None, "silent": "not_gas_heated"}


def test_all_failed_steps_are_named_in_order(cells: Make) -> None:
    data = cells({"a": 0.4}, 2009, gas=lambda _month: 0.07)
    selected = select(data, list_homes(None, {"a"}))
    assert selected["failed_steps"].to_list() == [["not_gas_heated", "too_few_half_hours", "thin_month_hour"]]
    assert selected["exclusion_reason"].to_list() == ["not_gas_heated"]


def test_without_a_household_table_a_home_is_known_and_of_unknown_type(cells: Make) -> None:
    assert judge(cells({"7": 1.0}, 2009), None, {"7"}) == {"7": None}
    assert list_homes(None, {"7"})["dwelling_type"].to_list() == ["unknown"]


def funnel(cells: pl.DataFrame, homes: pl.DataFrame) -> pl.DataFrame:
    """Return the funnel of homes at an efficiency of 0.8."""
    return count_funnel(select(cells, homes), cells, YEAR, boiler_efficiency=0.8)


def test_the_funnel_goes_down_step_by_step_to_the_included_homes(cells: Make) -> None:
    homes = list_homes(table(("a", "flat", None), ("b", "flat", None)), {"a", "b", "c"})
    rows = funnel(cells({"a": 1.0, "b": 0.5}, 2009), homes)
    assert rows["households"].to_list() == [3, 2, 2, 2, 1, 1]
    assert rows["households_without"].to_list() == [1, 1, 1, 1, 2, 1]  # b lacks half-hours and nothing else


def test_the_funnel_has_the_heat_with_and_without_each_step(cells: Make) -> None:
    data = pl.concat(
        [
            cells({"good": 1.0, "short": 0.8}, 2009),
            cells({"cooking": 1.0}, 2009, gas=lambda _month: 0.1),
        ]
    )
    rows = funnel(data, list_homes(None, {"good", "short", "cooking"}))
    whole = 0.8 * ANNUAL_KWH
    both = (whole + 0.8 * 0.1 * 8760) / 2
    of_good = rows.filter(pl.col("step") >= 3)
    assert of_good["heat_kwh_mean"].to_list() == pytest.approx([whole, whole, whole])
    without = dict(
        zip(rows["step"], zip(rows["households_without"], rows["heat_kwh_mean_without"], strict=True), strict=True)
    )
    assert without[3] == (2, pytest.approx(both))  # without the step, the home that only cooks comes in
    assert without[4] == (2, pytest.approx(whole))  # the short home has the same level
    assert without[0] == without[5] == (1, pytest.approx(whole))


def test_where_a_cell_has_no_home_the_funnel_has_no_heat(cells: Make) -> None:
    data = cells({"a": 1.0}, 2009, drop=lambda month, hour: month.month == 7 and hour == 4)
    rows = funnel(data, list_homes(None, {"a"}))
    assert rows["households"].to_list() == [1, 1, 1, 1, 1, 0]
    assert rows["heat_kwh_mean"].null_count() == rows["heat_kwh_mean_without"].null_count() == len(rows)


def test_a_funnel_without_homes_counts_none(cells: Make) -> None:
    rows = funnel(cells({}, 2009), list_homes(None, set()))
    assert rows["households"].to_list() == [0] * 6
    assert rows["period"].unique().to_list() == ["2009"]


def test_row_order_does_not_change_selection_or_funnel(cells: Make) -> None:
    data = pl.concat([cells({"a": 1.0, "b": 0.5, "c": 0.95}, 2009), cells({"d": 1.0}, 2009, gas=lambda _month: 0.1)])
    homes = list_homes(None, {"a", "b", "c", "d"})
    mixed = data.sample(fraction=1, shuffle=True, seed=4)
    assert select(mixed, homes).equals(select(data, homes))
    assert funnel(mixed, homes).equals(funnel(data, homes))


def test_a_home_included_in_one_period_is_included(cells: Make) -> None:
    data = pl.concat([cells({"a": 0.5}, 2008), cells({"a": 1.0}, 2009)])
    homes = list_homes(None, {"a", "b"})
    both = [select(data, homes, period) for period in (Period(dt.date(2008, 1, 1)), YEAR)]
    rows = combine_households(homes, pl.concat(both), data)
    assert rows.select("household_id", "included", "exclusion_reason", "completeness").rows() == [
        ("a", True, None, 1.0),
        ("b", False, "no_readings", 0.0),
    ]


@pytest.mark.parametrize(("known", "reason"), [(True, "too_few_half_hours"), (False, "unknown_household")])
def test_where_no_period_is_found_every_home_has_a_reason(cells: Make, known: bool, reason: str) -> None:  # noqa: FBT001 - a case
    homes = list_homes(table(("a", "flat", None)) if known else table(), {"a"})
    by_period = select(cells({}, 2009), homes).head(0)
    rows = combine_households(homes, by_period, cells({"a": 0.1}, 2009))
    assert rows["exclusion_reason"].to_list() == [reason]
