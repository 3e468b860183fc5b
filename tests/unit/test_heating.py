"""Which gas looks like heating: the range of a year and the ratio of winter to summer, each from both sides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest

from transforms.heat.heating import HeatingRule, measure_heating
from transforms.heat.periods import Period
from transforms.tables.cost import ASSUMPTION
from transforms.tables.rules import describe_rule

Make = Callable[..., pl.DataFrame]
YEAR = Period(dt.date(2009, 1, 1))
RULE = HeatingRule()
WINTER, SUMMER = {12, 1, 2}, {6, 7, 8}


def seasonal(*, winter: float, summer: float) -> Callable[[dt.date], float]:
    """Return gas per hour by month [kWh]; spring and autumn lie half way."""
    return lambda month: winter if month.month in WINTER else summer if month.month in SUMMER else (winter + summer) / 2


def heats(cells: pl.DataFrame, rule: HeatingRule = RULE) -> bool | None:
    """Judge the one home."""
    (judged,) = measure_heating(cells, YEAR, rule)["heats"].to_list()
    assert judged is None or isinstance(judged, bool)
    return judged


@pytest.mark.parametrize(("winter", "summer", "expected"), [(2.05, 1.0, True), (1.95, 1.0, False), (1.0, 2.0, False)])
def test_winter_must_be_twice_the_summer(cells: Make, winter: float, summer: float, *, expected: bool) -> None:
    assert heats(cells({"7": 1.0}, 2009, gas=seasonal(winter=winter, summer=summer))) is expected


@pytest.mark.parametrize(("annual", "expected"), [(99.0, False), (101.0, True), (73_100.0, True), (73_300.0, False)])
def test_a_year_must_lie_in_the_range(cells: Make, annual: float, *, expected: bool) -> None:
    shape = seasonal(winter=10.0, summer=1.0)
    unit = cells({"7": 1.0}, 2009, gas=shape)["gas_kwh"].sum()
    data = cells({"7": 1.0}, 2009, gas=lambda month: shape(month) * annual / unit)
    assert measure_heating(data, YEAR, RULE)["gas_kwh_per_year"].to_list() == pytest.approx([annual])
    assert heats(data) is expected


def test_a_home_without_gas_in_summer_heats(cells: Make) -> None:
    assert heats(cells({"7": 1.0}, 2009, gas=seasonal(winter=2.0, summer=0.0))) is True


def test_a_home_without_any_gas_does_not_heat(cells: Make) -> None:
    assert heats(cells({"7": 1.0}, 2009, gas=lambda _month: 0.0)) is False


@pytest.mark.parametrize("lost", [WINTER, SUMMER])
def test_a_home_without_a_winter_or_a_summer_is_not_judged(cells: Make, lost: set[int]) -> None:
    assert heats(cells({"7": 1.0}, 2009, drop=lambda month, _hour: month.month in lost, gas=lambda _month: 0.1)) is None


def test_thirty_days_of_a_season_are_judged(cells: Make) -> None:
    one_month = lambda month, _hour: month.month in {1, 2}  # noqa: E731
    assert heats(cells({"7": 1.0}, 2009, drop=one_month, gas=lambda _month: 0.1)) is False
    assert heats(cells({"7": 0.9}, 2009, drop=one_month, gas=lambda _month: 0.1)) is None


def test_gaps_do_not_tilt_the_ratio(cells: Make) -> None:
    by_night = cells({"7": 1.0}, 2009, drop=lambda month, hour: month.month == 1 and hour < 6)
    whole = measure_heating(cells({"7": 0.9}, 2009), YEAR, RULE).row(0, named=True)
    gappy = measure_heating(by_night, YEAR, RULE).row(0, named=True)
    assert gappy["winter_kwh_per_day"] == pytest.approx(whole["winter_kwh_per_day"]) == 72.0
    assert gappy["summer_kwh_per_day"] == 12.0


def test_any_twelve_months_have_each_season_once(cells: Make) -> None:
    data = pl.concat([cells({"7": 1.0}, 2009), cells({"7": 1.0}, 2010)])
    rows = measure_heating(data, Period(dt.date(2009, 9, 1)), RULE)
    assert rows.select("winter_kwh_per_day", "summer_kwh_per_day", "heats").rows() == [(72.0, 12.0, True)]


def test_row_order_does_not_matter_and_a_scale_scales(cells: Make) -> None:
    data = cells({"a": 1.0, "b": 0.93}, 2009)
    once = measure_heating(data, YEAR, RULE).sort("household_id")
    assert measure_heating(data.sample(fraction=1, shuffle=True, seed=2), YEAR, RULE).sort("household_id").equals(once)
    doubled = measure_heating(data.with_columns(pl.col("gas_kwh") * 2), YEAR, RULE).sort("household_id")
    assert (doubled["gas_kwh_per_year"] / once["gas_kwh_per_year"]).to_list() == [2.0, 2.0]


def test_every_bound_is_an_assumption_with_a_source() -> None:
    rows = ASSUMPTION.conform(describe_rule("gas_heating", RULE))
    assert dict(rows.select("parameter", "value").iter_rows())["least_winter_to_summer"] == 2.0
    assert len(rows) == 4
    assert rows["source"].str.len_chars().min() > 20
