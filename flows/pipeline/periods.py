"""Stage: a study period is aggregated."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from flows.pipeline.content import Content
from flows.pipeline.history import JUDGE_HOMES
from flows.pipeline.months import BUILD_MONTHS, MonthToBuild, read_cells
from flows.pipeline.unit import Frames, Stage, Unit
from transforms.climate.temperature import ThermalMemory
from transforms.climate.weather_normal import NormalWeather
from transforms.heat.demand import (
    Bootstrap,
    annual_by_home,
    annual_by_type,
    bootstrap_intervals,
    describe_gaps,
    expect_caught_up,
)
from transforms.heat.heating import HeatingRule, measure_heating
from transforms.heat.periods import Period, Sufficiency, find_periods, measure_coverage
from transforms.heat.profiles import complete_profile, expect_heat, place_hours, profile_month, stock_weights
from transforms.heat.season import profile_by_season
from transforms.heat.selection import count_funnel, join_annual_heat, list_homes, select_homes
from transforms.tables.heat import (
    DEMAND_GAP,
    HEAT_DAY_CAUGHT_UP,
    HEAT_DEMAND_ANNUAL,
    HEAT_HOURLY,
    HEAT_PROFILE,
    HEAT_PROFILE_SEASON,
    HOUSEHOLD_PERIOD,
    SELECTION_FUNNEL,
)
from transforms.tables.lake import CELL
from transforms.tables.lineage import SUSPECT_SPAN
from transforms.tables.weather import HOUSEHOLD_WEATHER, WEATHER_DAY, WEATHER_FIT
from transforms.weather.weather import Correction, DailyGas, DrawnHeat, describe_weather, join_normal
from transforms.weather.weather_days import PeriodWeather, gas_by_day, join_months
from warehouse.lake import Lake

STOCK_REASON = "stock needs at least 10 included homes of each of the five types"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodToAggregate:
    """A study period with its months, the homes, and the weather."""

    period: Period
    months: tuple[Unit[MonthToBuild], ...]
    homes: pl.DataFrame  # result of `list_homes`
    temperature: pl.DataFrame  # hours of the period, and of the days before whose cold homes still feel
    normal: NormalWeather
    boiler_efficiency: float
    stock_shares: dict[str, float]
    sufficiency: Sufficiency
    bootstrap: Bootstrap
    caught_up: pl.DataFrame  # spans whose gas is in one reading after an outage


def plan_periods(content: Content) -> list[Unit[PeriodToAggregate]]:
    """Find the study periods of the built months and return their units."""
    inputs, settings, months = content.inputs, content.settings, content.units_of(BUILD_MONTHS)
    homes = list_homes(inputs.households, inputs.seen).drop("origin")
    (verdict,) = content.units_of(JUDGE_HOMES)
    spans = content.lake.read(verdict.key(SUSPECT_SPAN)).filter(pl.col("flag") == "catch_up")
    units = []
    for period in find_periods(read_cells(content.lake, months), settings.sufficiency, settings.period_starts):
        inside = tuple(unit for unit in months if period.start <= unit.given.month.first_day < period.end)
        if not inside:
            continue
        given = PeriodToAggregate(
            period=period,
            months=inside,
            homes=homes,
            temperature=cut_temperature(inputs.temperature, period),
            normal=inputs.normal,
            boiler_efficiency=inputs.boiler_efficiency,
            stock_shares=dict(inputs.stock_shares),
            sufficiency=settings.sufficiency,
            bootstrap=Bootstrap(replicates=settings.bootstrap_replicates, seed=settings.seed),
            caught_up=cut_caught_up(spans, period),
        )
        units.append(AGGREGATE_PERIODS.make_unit(period.label, given))
    return units


def cut_caught_up(spans: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Return the spans that are completely within a period."""
    start, end = (pl.lit(day).cast(pl.Datetime("us")) for day in (period.start, period.end))
    inside = spans.filter((pl.col("start_utc") >= start) & (pl.col("end_utc") <= end))
    return inside.select("household_id", "start_utc", "end_utc", "gas_kwh")


def cut_temperature(temperature: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Return the temperatures that a period needs: its own, and those of the days before whose cold homes still feel."""
    first = period.start - dt.timedelta(days=ThermalMemory().days_back)
    start, end = (pl.lit(day).cast(pl.Datetime("us")) for day in (first, period.end))
    inside = pl.col("hour_start_utc").is_between(start, end, closed="left")
    return temperature.filter(inside).select("hour_start_utc", "temperature_c")


def work_period(lake: Lake, unit: Unit[PeriodToAggregate]) -> tuple[Frames, dict[str, int]]:
    """Aggregate one study period, month by month, so that memory does not grow with the number of months."""
    given, period, bootstrap = unit.given, unit.given.period, unit.given.bootstrap
    cells = pl.concat([lake.read(month.key(CELL)) for month in given.months])
    coverage = measure_coverage(cells, period)
    heating = measure_heating(cells, period, HeatingRule())
    selected = select_homes(given.homes, coverage, heating, period, given.sufficiency)
    included = selected.filter("included").select("household_id", "dwelling_type")
    weights = stock_weights(included, given.stock_shares)
    profiles, expected, gas = [], [], {}
    for month in given.months:
        hourly, first_day = lake.read(month.key(HEAT_HOURLY)), month.given.month.first_day
        placed = place_hours(hourly, included)
        profile = profile_month(placed, weights)
        profiles.append(profile)
        expected.append(expect_heat(placed, profile))
        caught_up = lake.read(month.key(HEAT_DAY_CAUGHT_UP))
        gas[first_day] = gas_by_day(hourly, caught_up, included["household_id"], first_day)
    profile = complete_profile(profiles, period.label, given.temperature)
    outages = expect_caught_up(given.caught_up, profile, included, given.boiler_efficiency)
    annual = annual_by_home(pl.concat(expected), profile, included, period, outages).join(included, on="household_id")
    drawn = DrawnHeat.draw(annual, weights=weights, bootstrap=bootstrap)
    intervals = bootstrap_intervals(drawn.by_type, bootstrap.level)
    by_type = annual_by_type(profile, annual, intervals, period, stock_reason=STOCK_REASON)
    weather = describe_weather(
        DailyGas(period=period, homes=included, kwh=join_months(gas, included["household_id"], period)),
        profile,
        by_type,
        drawn=drawn,
        correction=Correction(
            period=PeriodWeather.from_temperature(given.temperature, period),
            normal=given.normal,
            boiler_efficiency=given.boiler_efficiency,
        ),
    )
    frames = {
        HOUSEHOLD_PERIOD: join_annual_heat(selected, annual, boiler_efficiency=given.boiler_efficiency),
        SELECTION_FUNNEL: count_funnel(selected, cells, period, boiler_efficiency=given.boiler_efficiency),
        HEAT_PROFILE: profile,
        HEAT_PROFILE_SEASON: profile_by_season(profile),
        WEATHER_FIT: weather.fit,
        WEATHER_DAY: weather.day,
        HOUSEHOLD_WEATHER: weather.household,
        HEAT_DEMAND_ANNUAL: join_normal(by_type, weather.fit),
        DEMAND_GAP: describe_gaps(profile, annual, period),
    }
    return frames, {"homes": len(given.homes), "included": len(included)}


AGGREGATE_PERIODS = Stage(
    name="aggregate periods",
    keyed_by="period",
    unit_name="period {}",
    tables=(
        HOUSEHOLD_PERIOD,
        SELECTION_FUNNEL,
        HEAT_PROFILE,
        HEAT_PROFILE_SEASON,
        WEATHER_FIT,
        WEATHER_DAY,
        HOUSEHOLD_WEATHER,
        HEAT_DEMAND_ANNUAL,
        DEMAND_GAP,
    ),
    plan=plan_periods,
    work=work_period,
    planned_from=(BUILD_MONTHS,),
)
