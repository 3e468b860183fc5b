"""From homes' days to the weather tables: days that count, heat in normal weather, and notes where it is missing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from transforms.climate.temperature import effective_temperature, hourly_temperature
from transforms.climate.weather_normal import NormalWeather
from transforms.heat.demand import WEATHER_NORMAL, Bootstrap
from transforms.heat.periods import Period
from transforms.tables.heat import HEAT_DAY_CAUGHT_UP, HEAT_DEMAND_ANNUAL, HEAT_HOURLY, HEAT_PROFILE
from transforms.weather.weather import Correction, DailyGas, DrawnHeat, Weather, describe_weather, join_normal
from transforms.weather.weather_days import PeriodWeather, gas_by_day, join_months, mean_days, peak_shares
from warehouse.figures import read_figures

Floats = NDArray[np.float64]
NORMAL = NormalWeather.from_tables(read_figures)
DAILY = read_figures("temperature_daily")
TEMPERATURE = hourly_temperature(DAILY)
PERIOD = Period(dt.date(2009, 1, 1))
EFFICIENCY = 0.8
NOTHING = pl.DataFrame(schema={"hour_start_utc": pl.Datetime("us"), "temperature_c": pl.Float64})
FEW = Bootstrap(replicates=200)


def gas_of_law(t: Floats) -> Floats:
    """Return the daily gas of the mean home [kWh/d], in two lines that meet at 14.1 degC."""
    return np.where(t < 14.1, 16.2 + 6.71 * (14.1 - t), 16.2 - 1.21 * (t - 14.1))


def days_of(year: int) -> Floats:
    """Return the effective temperatures of a year [degC]."""
    return effective_temperature(DAILY).filter(pl.col("date").dt.year() == year)["temperature_effective_c"].to_numpy()


TRUTH = EFFICIENCY * float(gas_of_law(NORMAL.effective_c).sum()) / 20


def describe(
    gas: Floats,
    types: list[str],
    *,
    year: int = 2009,
    temperature: pl.DataFrame = TEMPERATURE,
    bootstrap: Bootstrap = FEW,
) -> Weather:
    """Describe homes x days of gas; annual heat is the plain sum of days."""
    period = Period(dt.date(year, 1, 1))
    included = pl.DataFrame({"household_id": [f"h{n}" for n in range(len(gas))], "dwelling_type": types})
    means = mean_days(gas, included, weights=None)
    heat = {name: EFFICIENCY * float(np.nanmean(mean[0])) * gas.shape[1] for name, (mean, _) in means.items()}
    sizes = {name: types.count(name) if name != "all" else len(types) for name in heat}
    rows = [
        dict.fromkeys(HEAT_DEMAND_ANNUAL.schema)
        | {"dwelling_type": name, "period": period.label, "households": sizes[name], "heat_kwh_mean": heat[name]}
        for name in heat
    ]
    annual = HEAT_DEMAND_ANNUAL.conform(pl.DataFrame(rows, schema=HEAT_DEMAND_ANNUAL.schema, orient="row"))
    homes = included.with_columns(heat_kwh_annual=EFFICIENCY * np.nanmean(gas, axis=1) * gas.shape[1])
    return describe_weather(
        DailyGas(period=period, homes=included, kwh=gas),
        HEAT_PROFILE.empty(),
        annual,
        drawn=DrawnHeat.draw(homes, weights=None, bootstrap=bootstrap),
        correction=Correction(
            period=PeriodWeather.from_temperature(temperature, period), normal=NORMAL, boiler_efficiency=EFFICIENCY
        ),
    )


def hours_of(home: str, start: dt.datetime, count: int) -> pl.DataFrame:
    """Return hours of a home that uses 1 kWh of gas in each."""
    hours = pl.datetime_range(start, start + dt.timedelta(hours=count - 1), "1h", time_unit="us", eager=True)
    return HEAT_HOURLY.conform(
        pl.DataFrame({"household_id": home, "hour_start_utc": hours, "gas_kwh": 1.0, "heat_kwh": 0.8})
    )


def test_a_day_counts_when_all_its_hours_are_good() -> None:
    whole, short = hours_of("a", dt.datetime(2009, 2, 1), 72), hours_of("b", dt.datetime(2009, 2, 2), 47)
    homes = pl.Series(["b", "a", "c"])
    month, others = dt.date(2009, 2, 1), hours_of("other", dt.datetime(2009, 2, 1), 24)
    caught_up = HEAT_DAY_CAUGHT_UP.conform(
        pl.DataFrame(
            {"household_id": "b", "date": [dt.date(2009, 2, 3)], "gas_kwh": 23.5, "heat_kwh": 0.0, "caught_up_kwh": 5.0}
        )
    )
    gas = gas_by_day(pl.concat([whole, short, others]), HEAT_DAY_CAUGHT_UP.empty(), homes, month)
    assert gas.shape == (3, 28)
    assert [np.flatnonzero(np.isfinite(row)).tolist() for row in gas] == [[1], [0, 1, 2], []]
    assert np.nanmax(gas) == 24
    gas = gas_by_day(pl.concat([whole, short, others]), caught_up, homes, month)
    assert gas[0, :4].tolist() == pytest.approx([np.nan, 24, 23.5, np.nan], nan_ok=True)


def test_months_without_readings_are_days_without_gas() -> None:
    homes = pl.Series(["a"])
    gas = join_months({dt.date(2009, 2, 1): np.ones((1, 28))}, homes, PERIOD)
    assert gas.shape == (1, 365)
    assert np.flatnonzero(np.isfinite(gas[0])).tolist() == list(range(31, 59))


def test_the_mean_day_is_that_of_the_homes_that_have_it() -> None:
    gas = np.array([[1.0, np.nan], [3.0, 5.0], [8.0, np.nan]])
    included = pl.DataFrame({"household_id": ["a", "b", "c"], "dwelling_type": ["flat", "flat", "detached"]})
    means = mean_days(gas, included, weights=None)
    assert means["flat"][0].tolist() == [[2.0, 5.0]]
    assert means["flat"][1].tolist() == [[2.0, 1.0]]
    assert means["all"][0].tolist() == [[4.0, 5.0]]
    assert np.isnan(means["detached"][0][0, 1])


def test_stock_weighs_the_types_on_days_that_all_have() -> None:
    shares = {"flat": 0.25, "detached": 0.75}
    included = pl.DataFrame({"household_id": ["a", "b"], "dwelling_type": ["flat", "detached"]})
    mean, homes = mean_days(np.array([[1.0, 2.0], [5.0, np.nan]]), included, weights=shares)["stock"]
    assert mean[0, 0] == 4
    assert homes.tolist() == [[2, 0]]


@pytest.mark.parametrize("year", [2008, 2009, 2010])
def test_a_year_of_any_weather_leads_to_the_same_heat_in_normal_weather(year: int) -> None:
    levels = np.linspace(0.5, 1.5, 12)[:, None]
    found = describe(levels * gas_of_law(days_of(year)), ["flat"] * 12, year=year)
    row = found.fit.filter(pl.col("dwelling_type") == "flat").row(0, named=True)
    assert row[WEATHER_NORMAL[0]] == pytest.approx(TRUTH, rel=1e-9)
    assert row[WEATHER_NORMAL[1]] < TRUTH < row[WEATHER_NORMAL[2]]
    assert (row["balance_temperature_c"], row["days"], row["note"]) == (pytest.approx(14.1), len(days_of(year)), None)
    assert row["heat_loss_w_per_k"] == pytest.approx(6.71 * EFFICIENCY / 24 * 1000)
    assert row["design_day_heat_kwh"] == pytest.approx(EFFICIENCY * (16.2 + 6.71 * (14.1 - NORMAL.design_c)))
    uses = row["hot_water_gas_kwh_per_year"] + row["cooking_gas_kwh_per_year"] + row["space_gas_kwh_per_year"]
    assert uses * EFFICIENCY == pytest.approx(row[WEATHER_NORMAL[0]])


def test_changes_of_homes_apart_from_the_weather_stay() -> None:
    rest = np.where(np.arange(365) < 200, 3.0, 0.0)
    found = describe((gas_of_law(days_of(2009)) + rest)[None, :], ["flat"])
    measured = EFFICIENCY * (gas_of_law(days_of(2009)) + rest).sum()
    lawful = EFFICIENCY * gas_of_law(days_of(2009)).sum()
    normal = found.fit[WEATHER_NORMAL[0]][0]
    assert normal - TRUTH == pytest.approx(measured - lawful, rel=0.1)


def test_each_home_has_its_own_lines() -> None:
    levels = np.array([0.5, 1.0, 2.0])
    gas = levels[:, None] * gas_of_law(days_of(2009))
    gas[2, 60:] = np.nan
    homes = describe(gas, ["flat", "flat", "detached"]).household
    assert homes["days"].to_list() == [365, 365, 60]
    assert homes["slope_gas_kwh_per_day_k"].to_list()[:2] == pytest.approx([3.355, 6.71])
    assert homes.row(2, named=True)["slope_gas_kwh_per_day_k"] is None
    assert homes["balance_temperature_c"].to_list()[:2] == pytest.approx([14.1, 14.1])


def test_days_stand_beside_the_lines() -> None:
    found = describe(gas_of_law(days_of(2009))[None, :], ["flat"]).day
    assert found.height == 2 * 365
    assert (found["gas_kwh_mean"] - found["gas_kwh_fitted"]).abs().max() < 1e-9
    assert found["households"].unique().to_list() == [1]


def test_without_temperature_there_are_nulls_and_a_note() -> None:
    found = describe(gas_of_law(days_of(2009))[None, :], ["unknown"], temperature=NOTHING)
    assert found.fit["note"].unique().to_list() == [
        "no outdoor temperature is known from 2009-01-01 to 2009-12-31; deliver one to see normal weather"
    ]
    numbers = found.fit.drop("dwelling_type", "period", "households", "days", "normal", "note")
    assert sum(numbers.null_count().row(0)) == numbers.width * numbers.height
    assert found.day.is_empty()
    assert found.household.row(0, named=True) == {
        "household_id": "h0", "period": "2009", "days": 365, "base_gas_kwh_per_day": None, "slope_gas_kwh_per_day_k": None,
        "balance_temperature_c": None, "heat_loss_w_per_k": None, "heat_loss_w_per_k_ci_low": None,
        "heat_loss_w_per_k_ci_high": None, "r_squared": None, "normal_correction_kwh": None,
    }  # fmt: skip


def test_months_without_temperature_are_named_and_the_rest_is_fitted() -> None:
    known = TEMPERATURE.filter(
        pl.col("hour_start_utc").dt.date().is_between(dt.date(2009, 1, 1), dt.date(2009, 10, 10))
    )
    row = describe(gas_of_law(days_of(2009))[None, :], ["flat"], temperature=known).fit.row(0, named=True)
    assert row["note"].startswith("outdoor temperature is missing in 3 of 12 months")
    assert row["note"].endswith("e.g. 2009-10; deliver it to see normal weather")
    assert row[WEATHER_NORMAL[0]] is None
    assert row["slope_gas_kwh_per_day_k"] == pytest.approx(6.71, rel=0.01)


def test_single_missing_days_are_stood_for_by_their_month() -> None:
    gone = [dt.date(2009, 1, 10), dt.date(2009, 1, 11), dt.date(2009, 7, 1)]
    some = TEMPERATURE.filter(~pl.col("hour_start_utc").dt.date().is_in(gone))
    weather = PeriodWeather.from_temperature(some, PERIOD)
    assert weather.gap is None
    assert len(weather.positions) == 362
    assert weather.days_stood_for.sum() == pytest.approx(365)


def test_the_days_before_a_period_are_felt_in_it() -> None:
    first = PeriodWeather.from_temperature(TEMPERATURE, PERIOD)
    alone = PeriodWeather.from_temperature(
        TEMPERATURE.filter(pl.col("hour_start_utc") >= dt.datetime(2009, 1, 1)), PERIOD
    )
    assert first.effective_c[0] == pytest.approx(days_of(2009)[0])
    assert alone.effective_c[0] != pytest.approx(first.effective_c[0])
    assert alone.effective_c[3:] == pytest.approx(first.effective_c[3:])


def test_too_few_days_and_few_homes_are_said() -> None:
    gas = np.full((2, 365), np.nan)
    gas[0], gas[1, :50] = gas_of_law(days_of(2009)), 20.0
    notes = dict(describe(gas, ["flat", "detached"]).fit.select("dwelling_type", "note").iter_rows())
    assert notes["flat"] == "rests on 1 homes; there is no interval below 10"
    assert notes["detached"] == "only 50 days have a home with all 24 hours; too few for a fit"


def test_a_type_without_a_figure_keeps_its_reason() -> None:
    gas = gas_of_law(days_of(2009))[None, :]
    included = pl.DataFrame({"household_id": ["h0"], "dwelling_type": ["flat"]})
    row = dict.fromkeys(HEAT_DEMAND_ANNUAL.schema) | {
        "dwelling_type": "stock", "period": "2009", "households": 1, "note": "too few homes of some type",
    }  # fmt: skip
    annual = HEAT_DEMAND_ANNUAL.conform(pl.DataFrame([row], schema=HEAT_DEMAND_ANNUAL.schema, orient="row"))
    correction = Correction(
        period=PeriodWeather.from_temperature(TEMPERATURE, PERIOD), normal=NORMAL, boiler_efficiency=EFFICIENCY
    )
    found = describe_weather(
        DailyGas(period=PERIOD, homes=included, kwh=gas),
        HEAT_PROFILE.empty(),
        annual,
        drawn=DrawnHeat(by_type={}, weights=None, bootstrap=FEW),
        correction=correction,
    )
    assert found.fit.row(0, named=True)["note"] == "too few homes of some type"
    assert join_normal(annual, found.fit).equals(annual)


def test_heat_in_normal_weather_stands_beside_annual_demand() -> None:
    fit = describe(gas_of_law(days_of(2009))[None, :], ["flat"]).fit
    rows = [
        dict.fromkeys(HEAT_DEMAND_ANNUAL.schema) | {"dwelling_type": name, "period": "2009", "households": 1}
        for name in ("all", "flat")
    ]
    annual = HEAT_DEMAND_ANNUAL.conform(pl.DataFrame(rows, schema=HEAT_DEMAND_ANNUAL.schema, orient="row"))
    joined = join_normal(annual, fit)
    assert joined[WEATHER_NORMAL[0]].to_list() == pytest.approx([TRUTH, TRUTH])
    assert joined.schema == annual.schema


def test_the_peak_hour_of_the_design_day_evens_out_with_the_cold() -> None:
    weather = PeriodWeather.from_temperature(TEMPERATURE, PERIOD)
    share = 0.07 + 0.001 * weather.effective_c
    hour = np.full((365, 24), 1.0)
    hour[:, 18] = 23 * share / (1 - share)
    hours = pl.datetime_range(dt.datetime(2009, 1, 1), dt.datetime(2009, 12, 31, 23), "1h", time_unit="us", eager=True)
    profile = pl.DataFrame({"dwelling_type": "all", "hour_start_utc": hours, "heat_kwh_mean": hour.ravel()})
    found = peak_shares(profile, weather, coldest_days=30, design_c=-4.6)
    assert found["all"] == pytest.approx(0.07 - 0.0046)
    even = profile.with_columns(heat_kwh_mean=pl.lit(1.0))
    assert peak_shares(even, weather, coldest_days=30, design_c=-4.6)["all"] == pytest.approx(1 / 24)


def test_intervals_cover_the_truth_of_homes_that_were_not_drawn() -> None:
    """Trials of 20 homes from a population with a known mean: a 95 % interval holds it in about 95 of 100."""
    rng = np.random.default_rng(7)
    t = days_of(2009)
    included = pl.DataFrame({"household_id": [f"h{n}" for n in range(20)], "dwelling_type": "flat"})
    year = PeriodWeather.from_temperature(TEMPERATURE, PERIOD)
    third = slice(0, 365, 3)  # every third day, for speed
    weather = PeriodWeather(
        year.dates[third], year.positions[third], year.effective_c[third], np.full(122, 365 / 122), year.gap
    )
    correction = Correction(period=weather, normal=NORMAL, boiler_efficiency=EFFICIENCY)
    quick = Bootstrap(replicates=100)
    held = 0
    for _ in range(200):
        levels = rng.lognormal(-0.5 * 0.4**2, 0.4, (20, 1))
        gas = np.maximum(levels * (gas_of_law(t) + rng.normal(0, 4, (20, 365))), 0)
        annual = EFFICIENCY * gas.sum(axis=1)
        row = dict.fromkeys(HEAT_DEMAND_ANNUAL.schema) | {
            "dwelling_type": "flat", "period": "2009", "households": 20, "heat_kwh_mean": float(annual.mean()),
        }  # fmt: skip
        found = describe_weather(
            DailyGas(period=PERIOD, homes=included, kwh=gas),
            HEAT_PROFILE.empty(),
            pl.DataFrame([row], schema=HEAT_DEMAND_ANNUAL.schema, orient="row"),
            drawn=DrawnHeat.draw(included.with_columns(heat_kwh_annual=annual), weights=None, bootstrap=quick),
            correction=correction,
        ).fit.row(0, named=True)
        held += found[WEATHER_NORMAL[1]] <= TRUTH <= found[WEATHER_NORMAL[2]]
    assert 0.9 * 200 <= held <= 0.985 * 200
