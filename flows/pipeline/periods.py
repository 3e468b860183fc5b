"""Stage: a study period is aggregated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from flows.pipeline.inputs import Inputs
from flows.pipeline.months import MonthUnit, read_cells
from flows.pipeline.unit import Unit, code_fingerprint, describe_table, fingerprint, hash_frame
from flows.settings import Settings
from transforms.climate.temperature import ThermalMemory
from transforms.heat.demand import Bootstrap, annual_by_home, annual_by_type, bootstrap_intervals, draw_annual_heat
from transforms.heat.heating import HeatingRule, measure_heating
from transforms.heat.periods import Period, measure_coverage
from transforms.heat.profiles import complete_profile, expect_heat, place_hours, profile_month, stock_weights
from transforms.heat.season import profile_by_season
from transforms.heat.selection import count_funnel, list_homes, select_homes
from transforms.tables.heat import HEAT_PROFILE, HEAT_PROFILE_SEASON, HOUSEHOLD_PERIOD, SELECTION_FUNNEL
from transforms.tables.weather import HOUSEHOLD_WEATHER, WEATHER_DAY, WEATHER_FIT
from transforms.weather.weather import Correction, describe_weather, join_normal
from transforms.weather.weather_days import PeriodWeather, gas_by_day, join_months
from warehouse.lake import Lake

STOCK_REASON = "stock needs at least 10 included homes of each of the five types"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodUnit(Unit):
    """One study period to be aggregated."""

    period: Period
    months: tuple[MonthUnit, ...]
    stage: ClassVar[str] = "aggregate periods"
    tables: ClassVar[tuple[str, ...]] = (
        "household_period",
        "selection_funnel",
        "heat_profile",
        "heat_profile_season",
        "weather_fit",
        "weather_day",
        "household_weather",
        "heat_demand_annual",
    )

    @property
    def name(self) -> str:
        """What people call the unit."""
        return f"period {self.period.label}"

    @property
    def folder(self) -> str:
        """Where its objects lie below their table."""
        return f"period={self.period.label}"


def plan_period(period: Period, months: Sequence[MonthUnit], inputs: Inputs, settings: Settings) -> PeriodUnit:
    """Return the unit of one study period over the built months."""
    inside = tuple(unit for unit in months if period.start <= unit.of.first_day < period.end)
    temperature = inputs.temperature.filter(
        pl.col("hour_start_utc").is_between(
            pl.lit(period.start - dt.timedelta(days=ThermalMemory().days_back)).cast(pl.Datetime("us")),
            pl.lit(period.end).cast(pl.Datetime("us")),
            closed="left",
        )
    )
    return PeriodUnit(
        period=period,
        months=inside,
        fingerprint=fingerprint(
            period=period.start,
            months=[unit.fingerprint for unit in inside],
            homes=None
            if inputs.households is None
            else hash_frame(inputs.households.select("household_id", "dwelling_type", "heating_system")),
            seen=sorted(inputs.seen),
            temperature=hash_frame(temperature.select("hour_start_utc", "temperature_c")),
            parameters=settings.model_dump(
                mode="json", include={"completeness_min", "cell_min", "bootstrap_replicates", "seed"}
            ),
            boiler_efficiency=inputs.boiler_efficiency,
            stock_shares=inputs.stock_shares,
            normal=[hash_frame(inputs.normal.daily), hash_frame(inputs.normal.figures)],
            code=code_fingerprint("period"),
            tables=[
                describe_table(table)
                for table in (
                    HEAT_PROFILE,
                    HEAT_PROFILE_SEASON,
                    SELECTION_FUNNEL,
                    WEATHER_FIT,
                    WEATHER_DAY,
                    HOUSEHOLD_WEATHER,
                )
            ],
        ),
    )


def work_period(lake: Lake, unit: PeriodUnit, inputs: Inputs, settings: Settings) -> dict[str, int]:
    """Aggregate one study period, month by month so that memory does not grow with months, and return its counts."""
    cells = read_cells(lake, unit.months)
    homes = list_homes(inputs.households, inputs.seen)
    coverage = measure_coverage(cells, unit.period)
    heating = measure_heating(cells, unit.period, HeatingRule())
    selected = select_homes(homes, coverage, heating, unit.period, settings.sufficiency)
    included = selected.filter("included").select("household_id", "dwelling_type")
    weights = stock_weights(included, inputs.stock_shares)
    profiles, expected, gas = [], [], {}
    for month in unit.months:
        hourly = lake.read(month.key("heat_hourly"))
        placed = place_hours(hourly, included)
        profile = profile_month(placed, weights)
        profiles.append(profile)
        expected.append(expect_heat(placed, profile))
        gas[month.of.first_day] = gas_by_day(hourly, included["household_id"], month.of.first_day)
    profile = complete_profile(profiles, unit.period.label, inputs.temperature)
    annual = annual_by_home(pl.concat(expected), profile, included, unit.period).join(included, on="household_id")
    bootstrap = Bootstrap(replicates=settings.bootstrap_replicates, seed=settings.seed)
    drawn = draw_annual_heat(annual, weights=weights, bootstrap=bootstrap)
    intervals = bootstrap_intervals(drawn, bootstrap.level)
    by_type = annual_by_type(profile, annual, intervals, unit.period, stock_reason=STOCK_REASON)
    weather = describe_weather(
        join_months(gas, included["household_id"], unit.period),
        included,
        profile,
        by_type,
        drawn=drawn,
        correction=Correction(
            period=PeriodWeather.of(inputs.temperature, unit.period),
            normal=inputs.normal,
            boiler_efficiency=inputs.boiler_efficiency,
        ),
        period=unit.period,
        weights=weights,
        bootstrap=bootstrap,
    )
    by_home = selected.join(
        annual.select("household_id", "heat_kwh_annual", "filled_share"), on="household_id", how="left"
    )
    by_home = by_home.with_columns(heat_kwh_observed=pl.col("gas_kwh_observed") * inputs.boiler_efficiency)
    frames = (
        HOUSEHOLD_PERIOD.conform(by_home).sort(HOUSEHOLD_PERIOD.key),
        count_funnel(selected, cells, unit.period, boiler_efficiency=inputs.boiler_efficiency),
        profile,
        profile_by_season(profile),
        weather.fit,
        weather.day,
        weather.household,
        join_normal(by_type, weather.fit),
    )
    for table, frame in zip(unit.tables, frames, strict=True):
        lake.put_frame(unit.key(table), frame)
    return {"homes": len(homes), "included": len(included)}
