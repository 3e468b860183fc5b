"""From daily temperatures to hourly and to effective temperature."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.climate.temperature import DiurnalShape, ThermalMemory, effective_temperature, hourly_temperature
from warehouse.figures import read_figures

DAY = dt.date(2009, 1, 6)


def daily(*rows: tuple[dt.date, float | None, float | None, float | None]) -> pl.DataFrame:
    schema = {
        "date": pl.Date,
        "temperature_mean_c": pl.Float64,
        "temperature_min_c": pl.Float64,
        "temperature_max_c": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


@given(mean=st.floats(-30, 40), spread=st.one_of(st.none(), st.floats(0, 25)))
def test_the_mean_of_the_hours_is_the_days_mean_and_their_range_the_days_range(
    mean: float, spread: float | None
) -> None:
    low, high = (None, None) if spread is None else (mean - spread / 2, mean + spread / 2)
    hours = hourly_temperature(daily((DAY, mean, low, high)))["temperature_c"]
    assert len(hours) == 24
    assert hours.mean() == pytest.approx(mean, abs=1e-9)
    expected = DiurnalShape().range_k if spread is None else spread
    assert hours.max() - hours.min() == pytest.approx(expected, abs=1e-9)  # type: ignore[operator]


def test_a_day_is_coldest_at_four_and_warmest_at_two() -> None:
    hours = hourly_temperature(daily((DAY, 5.0, None, None)))
    by_temperature = hours.sort("temperature_c")["hour_start_utc"]
    assert by_temperature[0] == dt.datetime.fromisoformat("2009-01-06T04:00")
    assert by_temperature[-1] == dt.datetime.fromisoformat("2009-01-06T14:00")
    assert hours["hour_start_utc"].dtype == pl.Datetime("us")


def test_a_table_without_extremes_and_in_any_order_gives_hours_in_order() -> None:
    table = daily((DAY, 1.0, None, None), (dt.date(2009, 1, 5), 2.0, None, None)).select("date", "temperature_mean_c")
    hours = hourly_temperature(table)
    assert hours["hour_start_utc"].is_sorted()
    assert hours["temperature_c"].head(24).mean() == pytest.approx(2.0)


def test_a_day_without_a_mean_has_no_hours() -> None:
    hours = hourly_temperature(daily((DAY, None, 1.0, 2.0), (dt.date(2009, 1, 7), 3.0, None, None)))
    assert hours["hour_start_utc"].dt.date().unique().to_list() == [dt.date(2009, 1, 7)]


def test_a_date_with_two_temperatures_is_refused_by_its_date() -> None:
    twice = daily((DAY, 1.0, None, None), (DAY, 2.0, None, None))
    with pytest.raises(ValueError, match=r"1 dates have more than one temperature, e\.g\. 2009-01-06"):
        hourly_temperature(twice)
    with pytest.raises(ValueError, match="2009-01-06"):
        effective_temperature(twice)


def test_a_maximum_below_its_minimum_is_refused_by_its_date() -> None:
    with pytest.raises(ValueError, match=r"maximum below their minimum, e\.g\. 2009-01-06"):
        hourly_temperature(daily((DAY, 1.0, 3.0, 0.0)))


def test_a_constant_climate_is_felt_as_it_is() -> None:
    table = pl.DataFrame({"date": [DAY + dt.timedelta(days=n) for n in range(9)], "temperature_mean_c": [7.5] * 9})
    assert effective_temperature(table)["temperature_effective_c"].to_list() == pytest.approx([7.5] * 9)


def test_each_day_back_weighs_half_and_absent_days_nothing() -> None:
    table = pl.DataFrame({"date": [DAY, DAY + dt.timedelta(days=2)], "temperature_mean_c": [0.0, 10.0]})
    felt = effective_temperature(table, ThermalMemory(weight=0.5, days_back=3))
    assert felt["temperature_effective_c"].to_list() == pytest.approx([0.0, 10 / (1 + 0.25)])


PUBLISHED_MEAN_C = {
    2008: 10.06, 2009: 10.23, 2010: 8.95, 2011: 10.80, 2012: 9.81, 2013: 9.69, 2014: 11.04, 2015: 10.40, 2016: 10.41,
    2017: 10.67, 2018: 10.77, 2019: 10.42, 2020: 10.84, 2021: 10.35, 2022: 11.18, 2023: 11.13, 2024: 10.96,
}  # fmt: skip


def test_the_built_in_days_follow_each_other_and_have_the_published_annual_means() -> None:
    days = read_figures("temperature_daily").select("date", "temperature_mean_c")
    first, last = days["date"][0], days["date"][-1]
    assert days["date"].to_list() == [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    assert last > dt.date(2026, 1, 1)
    years = dict(days.group_by(pl.col("date").dt.year()).agg(pl.col("temperature_mean_c").mean()).iter_rows())
    assert {year: years[year] for year in PUBLISHED_MEAN_C} == pytest.approx(PUBLISHED_MEAN_C, abs=0.02)
