"""Normal weather, its design day, and the uses of gas."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from scipy.stats import gumbel_r

from transforms.climate.weather_fit import TwoLines
from transforms.climate.weather_normal import NormalWeather, design_temperature, split_end_uses
from transforms.tables.cost import ASSUMPTION
from warehouse.figures import read_figures

NORMAL = NormalWeather.from_tables(read_figures)


def lines(*, balance: float, base: float, slope: float, warm: float) -> TwoLines:
    """Return one row of lines."""
    balance_c, base_kwh, slope_k, warm_k = (np.array([value]) for value in (balance, base, slope, warm))
    return TwoLines(balance_c, base_kwh, slope_k, warm_k, np.ones(1), np.array([True]))


WATSON = lines(balance=14.1, base=16.2, slope=6.71, warm=1.21)


def test_the_normal_is_every_day_of_twenty_years() -> None:
    shipped = read_figures("temperature_normal")
    assert shipped["date"].to_list() == pl.date_range(dt.date(1991, 1, 1), dt.date(2010, 12, 31), eager=True).to_list()
    assert shipped["unit"].unique().to_list() == ["degC"]
    assert shipped["source"].null_count() == 0
    assert (NORMAL.years, NORMAL.label) == (20, "1991 to 2010, HadCET (Central England)")


def test_the_newest_normal_is_the_last_twenty_whole_years_and_warmer() -> None:
    newest = NormalWeather.from_tables(read_figures, years="newest")
    last_built_in = read_figures("temperature_daily")["date"].cast(pl.Date).max()
    assert last_built_in == dt.date(2026, 6, 29)
    days = pl.date_range(dt.date(2006, 1, 1), dt.date(2025, 12, 31), eager=True)
    assert newest.daily["date"].cast(pl.Date).to_list() == days.to_list()
    assert newest.label == "2006 to 2025, HadCET (Central England)"
    assert newest.design_c > NORMAL.design_c
    assert newest.gas_of_year(WATSON)[0] < NORMAL.gas_of_year(WATSON)[0]


def test_the_normal_agrees_with_the_built_in_temperatures() -> None:
    both = read_figures("temperature_normal").join(read_figures("temperature_daily"), on="date", suffix="_built_in")
    assert len(both) == 1461
    assert both.filter(pl.col("temperature_mean_c") != pl.col("temperature_mean_c_built_in")).rows() == []


@pytest.mark.parametrize(
    ("year", "published"),
    [
        (1991, "3.3 1.6 7.8 8.0 10.7 12.0 17.1 17.1 14.7 10.1 6.6 4.5"),
        (1996, "4.3 2.5 4.5 8.6 9.1 14.4 16.4 16.6 13.6 11.6 5.7 2.8"),
        (2000, "4.9 6.3 7.6 7.8 12.0 15.0 15.3 16.7 14.8 10.3 6.8 5.4"),
        (2006, "4.5 3.9 5.1 8.8 12.4 15.9 19.8 16.2 16.9 13.0 8.1 6.5"),
    ],
)
def test_its_months_have_the_means_that_the_met_office_publishes(year: int, published: str) -> None:
    of_year = NORMAL.daily.filter(pl.col("date").dt.year() == year)
    means = of_year.group_by(pl.col("date").dt.month()).agg(pl.col("temperature_mean_c").mean()).sort("date")
    expected = [float(value) for value in published.split()]
    assert means["temperature_mean_c"].to_list() == pytest.approx(expected, abs=0.061)  # both are rounded


def test_every_figure_is_an_assumption_with_unit_and_source() -> None:
    rows = ASSUMPTION.conform(NORMAL.figures)
    assert rows.filter(pl.col("unit") == "", pl.col("source") == "").is_empty()
    assert not rows.select("item", "parameter").is_duplicated().any()


def test_a_year_of_normal_weather_is_the_mean_of_its_twenty() -> None:
    cold, warm = -6.71 * NORMAL.effective_c + 110.811, -1.21 * NORMAL.effective_c + 33.261
    expected = np.where(NORMAL.effective_c < 14.1, cold, warm).sum() / 20
    assert NORMAL.gas_of_year(WATSON)[0] == pytest.approx(expected)


def test_the_design_day_is_the_level_that_one_year_in_twenty_falls_below() -> None:
    minima = -gumbel_r.rvs(loc=1.5, scale=1.2, size=20_000, random_state=1)
    years = pl.DataFrame(
        {
            "date": pl.date_range(dt.date(1, 1, 1), dt.date(9000, 1, 1), "1y", eager=True),
            "temperature_effective_c": minima[:9000],
        }
    )
    expected = -gumbel_r.ppf(0.95, loc=1.5, scale=1.2)
    assert design_temperature(years, return_period_years=20) == pytest.approx(expected, abs=0.1)


def test_the_design_day_lies_between_the_two_coldest_years() -> None:
    coldest = (
        pl.DataFrame({"year": NORMAL.daily["date"].dt.year(), "t": NORMAL.effective_c})
        .group_by("year").agg(pl.col("t").min())["t"].sort()
    )  # fmt: skip
    assert coldest[0] < NORMAL.design_c < coldest[1]


def test_the_uses_of_gas_add_up_and_hot_water_is_near_the_national_mean() -> None:
    gas = float(NORMAL.gas_of_year(WATSON)[0])
    uses = split_end_uses(WATSON, NORMAL, dwelling_type="all", gas_kwh_per_year=gas)
    assert sum(uses.values()) == pytest.approx(gas)
    assert uses["cooking_gas_kwh_per_year"] == pytest.approx(241 + 48 * 2.32)
    assert 0.18 < uses["hot_water_gas_kwh_per_year"] / gas < 0.26  # 20 % of domestic heat in 2009


def test_a_home_that_only_cooks_and_washes_heats_no_space() -> None:
    shape = 1.8248 - 0.0458 * NORMAL.effective_c
    per_day = 8.0 * shape / shape.mean() + 1.0
    slope = 8.0 * 0.0458 / shape.mean()
    law = lines(
        balance=12.0,
        base=float(np.interp(12.0, np.sort(NORMAL.effective_c), np.sort(per_day)[::-1])),
        slope=slope,
        warm=slope,
    )
    gas = float(NORMAL.gas_of_year(law)[0])
    uses = split_end_uses(law, NORMAL, dwelling_type="semi_detached", gas_kwh_per_year=gas)
    assert uses["space_gas_kwh_per_year"] / gas < 0.01


def test_cooking_never_exceeds_the_gas_there_is() -> None:
    tiny = lines(balance=14.0, base=0.1, slope=0.1, warm=0.0)
    uses = split_end_uses(tiny, NORMAL, dwelling_type="flat", gas_kwh_per_year=100.0)
    assert uses == {
        "cooking_gas_kwh_per_year": 100.0,
        "hot_water_gas_kwh_per_year": 0.0,
        "space_gas_kwh_per_year": 0.0,
    }
