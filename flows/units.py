"""The work of one unit: load from the lake, transform, write; the object written last commits it."""

from __future__ import annotations

import polars as pl

from flows.cost_units import CostUnit, DiversityUnit, work_costs, work_diversity
from flows.fingerprints import code_fingerprint
from flows.history_units import DigestUnit, HistoryUnit, work_digest, work_history
from flows.inputs import Inputs, load_readings
from flows.plan import MonthUnit, PeriodUnit, Unit, cut_spans
from flows.settings import Settings
from transforms.demand import Bootstrap, annual_by_home, annual_by_type, bootstrap_intervals, draw_annual_heat
from transforms.heating import HeatingRule, measure_heating
from transforms.hours import build_month
from transforms.periods import measure_coverage
from transforms.profiles import complete_profile, expect_heat, place_hours, profile_month, stock_weights
from transforms.season import profile_by_season
from transforms.selection import count_funnel, list_homes, select_homes
from transforms.tables import BUILD_MONTH, CELL, HOUSEHOLD_PERIOD
from transforms.weather import Correction, describe_weather, join_normal
from transforms.weather_days import PeriodWeather, gas_by_day, join_months
from warehouse.lake import Lake

STOCK_REASON = "stock needs at least 10 included homes of each of the five types"


def work_unit(lake: Lake, settings: Settings, unit: Unit, inputs: Inputs) -> dict[str, int]:
    """Do the work of a unit of any stage and return its counts."""
    match unit:
        case DigestUnit():
            return work_digest(lake, unit, inputs)
        case HistoryUnit():
            return work_history(lake, unit)
        case MonthUnit():
            return work_month(lake, unit, inputs)
        case PeriodUnit():
            return work_period(lake, unit, inputs, settings)
        case DiversityUnit():
            return work_diversity(lake, unit, inputs, settings)
        case CostUnit():
            return work_costs(lake, unit, inputs, settings)
        case _:
            message = f"nobody works on {type(unit).__name__}"
            raise TypeError(message)


def work_month(lake: Lake, unit: MonthUnit, inputs: Inputs) -> dict[str, int]:
    """Build one month and return its counts."""
    readings, sources = load_readings(lake, unit.of, inputs)
    month = build_month(
        readings,
        sources,
        known=inputs.known,
        spans=cut_spans(inputs.spans, unit.of),
        boiler_efficiency=inputs.boiler_efficiency,
    )
    summary = month.summary.with_columns(
        month=pl.lit(unit.of.first_day),
        fingerprint=pl.lit(unit.fingerprint),
        data_fingerprint=pl.lit(unit.of.data_fingerprint),
        code_fingerprint=pl.lit(code_fingerprint("month")),
    )
    frames = (month.flagged, month.flag_count, month.cell, month.hourly, BUILD_MONTH.conform(summary))
    for table, frame in zip(unit.tables, frames, strict=True):
        lake.put_frame(unit.key(table), frame)
    return {name: int(month.summary[name][0]) for name in ("readings", "ok_half_hours", "hours", "households")}


def read_cells(lake: Lake, months: tuple[MonthUnit, ...] | list[MonthUnit]) -> pl.DataFrame:
    """Return the cells of the given months, small beside their readings."""
    if not months:
        return CELL.empty()
    return pl.concat([lake.read(unit.key("cell")) for unit in months])


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
