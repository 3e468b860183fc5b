"""The made-up trial in three years of different weather: its law is found again, and one normal year from each of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from transforms.climate.temperature import effective_temperature, hourly_temperature
from transforms.climate.weather_normal import NormalWeather
from transforms.heat.demand import WEATHER_NORMAL, Bootstrap
from transforms.heat.periods import Period
from transforms.sample.figures import SampleFigures
from transforms.sample.trial import plan_trial
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.weather.weather import Correction, DailyGas, DrawnHeat, Weather, describe_weather
from transforms.weather.weather_days import PeriodWeather, mean_days
from warehouse.figures import read_figures

FIGURES = SampleFigures.from_tables(read_figures)
LAW = FIGURES.law
EFFICIENCY = FIGURES.levels.boiler_efficiency
NORMAL = NormalWeather.from_tables(read_figures)
TEMPERATURE = hourly_temperature(read_figures("temperature_daily"))
EFFECTIVE = effective_temperature(FIGURES.temperature)
HOMES = 150
YEARS = (2008, 2009, 2010)


@dataclass(frozen=True)
class Year:
    """One year of the trial, described, and the levels of its homes."""

    weather: Weather
    homes: pl.DataFrame
    profile: pl.DataFrame
    measured: dict[str, float]


def law_of_year(year: int) -> float:
    """Return the gas of the law in a calendar year [kWh]."""
    of_year = EFFECTIVE.filter(pl.col("date").dt.year() == year)["temperature_effective_c"].to_numpy()
    return float(LAW.gas_of_day(of_year).sum())


def describe_year(year: int) -> Year:
    """Describe the true gas of the trial's homes in one year."""
    trial = plan_trial(
        FIGURES, households=HOMES, seed=5, faults="none", start=dt.date(year, 1, 1), end=dt.date(year + 1, 1, 1)
    )
    hours = np.concatenate([trial.draw_truth(block) for block in range(len(trial.blocks))]).reshape(HOMES, -1, 2).sum(2)
    gas = hours.reshape(HOMES, -1, 24).sum(axis=2)
    included = trial.homes.select("household_id", "dwelling_type")
    period, bootstrap = Period(dt.date(year, 1, 1)), Bootstrap(replicates=200)
    means = mean_days(gas, included, weights=None)
    measured = {name: EFFICIENCY * float(mean.sum()) for name, (mean, _) in means.items()}
    rows = [
        dict.fromkeys(HEAT_DEMAND_ANNUAL.schema)
        | {"dwelling_type": name, "period": period.label, "households": HOMES, "heat_kwh_mean": heat}
        for name, heat in measured.items()
    ]
    starts = pl.datetime_range(dt.datetime(year, 1, 1), dt.datetime(year, 12, 31, 23), "1h", time_unit="us", eager=True)
    profile = pl.DataFrame(
        {"dwelling_type": "all", "hour_start_utc": starts, "heat_kwh_mean": EFFICIENCY * hours.mean(axis=0)}
    )
    weather = describe_weather(
        DailyGas(period=period, homes=included, kwh=gas),
        profile,
        pl.DataFrame(rows, schema=HEAT_DEMAND_ANNUAL.schema, orient="row"),
        drawn=DrawnHeat.draw(
            included.with_columns(heat_kwh_annual=EFFICIENCY * gas.sum(axis=1)), weights=None, bootstrap=bootstrap
        ),
        correction=Correction(
            period=PeriodWeather.from_temperature(TEMPERATURE, period), normal=NORMAL, boiler_efficiency=EFFICIENCY
        ),
    )
    return Year(weather, trial.homes, profile, measured)


@pytest.fixture(scope="module")
def years() -> dict[int, Year]:
    """Give the three years of the same homes."""
    return {year: describe_year(year) for year in YEARS}


@pytest.mark.parametrize("year", YEARS)
def test_the_law_of_the_trial_is_found_again(year: int, years: dict[int, Year]) -> None:
    fit = years[year].weather.fit.filter(pl.col("dwelling_type") == "all").row(0, named=True)
    level = float(years[year].homes["gas_kwh_2009"].to_numpy().mean()) / law_of_year(2009)
    assert fit["balance_temperature_c"] == pytest.approx(LAW.break_c, abs=0.25)
    assert fit["slope_gas_kwh_per_day_k"] == pytest.approx(-LAW.cold_slope_kwh_per_day_k * level, rel=0.01)
    assert fit["warm_slope_gas_kwh_per_day_k"] == pytest.approx(-LAW.warm_slope_kwh_per_day_k * level, rel=0.2)
    assert fit["r_squared"] > 0.995


def test_every_year_leads_to_the_same_normal_year_and_to_that_of_the_law(years: dict[int, Year]) -> None:
    of_law = float(LAW.gas_of_day(NORMAL.effective_c).sum()) / NORMAL.years / law_of_year(2009)
    levels = years[2009].homes
    truth = dict(levels.group_by("dwelling_type").agg(pl.col("gas_kwh_2009").mean() * of_law * EFFICIENCY).iter_rows())
    truth["all"] = float(levels["gas_kwh_2009"].to_numpy().mean()) * of_law * EFFICIENCY
    for year in YEARS:
        found = dict(years[year].weather.fit.select("dwelling_type", WEATHER_NORMAL[0]).iter_rows())
        assert found == {name: pytest.approx(heat, rel=0.01) for name, heat in truth.items()}, year
    measured = [years[year].measured["all"] for year in YEARS]
    assert max(measured) / min(measured) > 1.15  # what is compared above lies far apart as it was measured


@pytest.mark.parametrize("year", YEARS)
def test_each_home_has_the_slope_of_its_level(year: int, years: dict[int, Year]) -> None:
    homes = years[year].weather.household.join(years[year].homes, on="household_id")
    per_gas = -LAW.cold_slope_kwh_per_day_k / law_of_year(2009) * EFFICIENCY / 24 * 1000
    error = homes["heat_loss_w_per_k"].to_numpy() / (homes["gas_kwh_2009"].to_numpy() * per_gas) - 1
    assert len(error) == HOMES
    assert abs(np.mean(error)) < 0.02
    assert np.mean(np.abs(error) < 0.1) > 0.95


@pytest.mark.parametrize("year", YEARS)
def test_the_design_day_is_that_of_the_law(year: int, years: dict[int, Year]) -> None:
    fit = years[year].weather.fit.filter(pl.col("dwelling_type") == "all").row(0, named=True)
    cold = np.array([NORMAL.design_c])
    level = years[year].homes["gas_kwh_2009"].to_numpy() / law_of_year(2009)
    day = float(LAW.gas_of_day(cold)[0]) * EFFICIENCY
    shapes = {name: FIGURES.shapes.shape_days(name, cold, LAW)[0] for name in set(years[year].homes["dwelling_type"])}
    by_hour = np.mean(
        [
            gas * day * shapes[name].reshape(24, 2).sum(axis=1) / 48
            for gas, name in zip(level, years[year].homes["dwelling_type"], strict=True)
        ],
        axis=0,
    )
    assert fit["design_day_heat_kwh"] == pytest.approx(day * level.mean(), rel=0.01)
    assert fit["design_peak_hour_heat_kwh"] == pytest.approx(by_hour.max(), rel=0.07)
    assert fit["design_peak_hour_heat_kwh"] > years[2009].profile["heat_kwh_mean"].to_numpy().max() * 0.95
