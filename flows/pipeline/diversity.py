"""Stage: the peak of many homes together in a study period (after-diversity demand)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from flows.pipeline.content import Content
from flows.pipeline.months import MonthToBuild
from flows.pipeline.periods import AGGREGATE_PERIODS, PeriodToAggregate
from flows.pipeline.readings import load_readings
from flows.pipeline.unit import Frames, Stage, Unit
from transforms.heat.profiles import stock_weights
from transforms.lcoh.assumptions.parameters import SCALE_ITEM
from transforms.peaks.cold_days import ColdDays, choose_cold_days, list_complete_homes, place_load
from transforms.peaks.diversity import DiversityRule, list_peak_draws, measure_diversity
from transforms.readings.neighbour_flags import leave_flagged_out
from transforms.tables.cost_analysis import DIVERSITY, DIVERSITY_CURVE, DIVERSITY_HOME, PEAK_DRAW
from transforms.tables.heat import HEAT_HOURLY, HEAT_PROFILE, HOUSEHOLD_PERIOD
from transforms.tables.lake import FLAGGED
from warehouse.figures import read_figures
from warehouse.lake import Lake


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodOfPeaks:
    """A study period whose peaks of many homes are measured; `sizes` are numbers of homes that must be among them."""

    period: Unit[PeriodToAggregate]
    sizes: tuple[int, ...]
    rule: DiversityRule


def plan_diversity(content: Content) -> list[Unit[PeriodOfPeaks]]:
    """Return the unit of each study period."""
    scales = content.assumptions.filter(pl.col("item") == SCALE_ITEM)["value"].cast(pl.Int64)
    sizes = tuple(scales.unique().sort())
    rule = DiversityRule.from_table(read_figures("diversity_rule"))
    return [
        MEASURE_DIVERSITY.make_unit(unit.key_value, PeriodOfPeaks(period=unit, sizes=sizes, rule=rule))
        for unit in content.units_of(AGGREGATE_PERIODS)
    ]


def work_diversity(lake: Lake, unit: Unit[PeriodOfPeaks]) -> tuple[Frames, dict[str, int]]:
    """Measure the peaks of many homes in one period."""
    aggregated, rule = unit.given.period, unit.given.rule
    given, label = aggregated.given, aggregated.given.period.label
    included = lake.read(aggregated.key(HOUSEHOLD_PERIOD)).filter("included")
    profile = lake.read(aggregated.key(HEAT_PROFILE))
    days = choose_cold_days(given.temperature, profile, given.period, coldest_days=rule.coldest_days)
    months = [month for month in given.months if _days_of(month, days)]
    hourly = (lake.read(month.key(HEAT_HOURLY)) for month in months)
    half_hourly = _load_half_hours(lake, months, days, given.boiler_efficiency)
    loads = [
        place_load(frames, included, days, interval_minutes=minutes, completeness_min=rule.completeness_min)
        for minutes, frames in ((60, hourly), (30, half_hourly))
    ]
    found = measure_diversity(
        loads,
        period=label,
        rule=rule,
        bootstrap=given.bootstrap,
        weights=stock_weights(included, given.stock_shares),
        sizes=unit.given.sizes,
    )
    frames = {
        DIVERSITY_CURVE: found.curve,
        PEAK_DRAW: list_peak_draws(found, label),
        DIVERSITY_HOME: list_complete_homes(loads, label),
        DIVERSITY: found.table,
    }
    return frames, {"homes": len(included), "rows": len(found.table)}


def _days_of(month: Unit[MonthToBuild], days: ColdDays) -> list[object]:
    return [day for day in days.dates if day.replace(day=1) == month.given.month.first_day]


def _load_half_hours(
    lake: Lake, months: list[Unit[MonthToBuild]], days: ColdDays, boiler_efficiency: float
) -> Iterator[pl.DataFrame]:
    """Give the heat of the half-hours without a flag on the coldest days, month by month."""
    for month in months:
        loaded = load_readings(lake, month.given.month)
        of_days = loaded.readings.filter(pl.col("interval_start_utc").dt.date().is_in(_days_of(month, days)))
        good = leave_flagged_out(of_days, lake.read(month.key(FLAGGED)), loaded.sources)
        yield good.select(
            pl.col("household_id").cast(pl.String),
            "interval_start_utc",
            heat_kwh=pl.col("gas_kwh") * boiler_efficiency,
        )


MEASURE_DIVERSITY = Stage(
    name="measure diversity",
    keyed_by="period",
    unit_name="diversity {}",
    tables=(DIVERSITY_CURVE, PEAK_DRAW, DIVERSITY_HOME, DIVERSITY),
    plan=plan_diversity,
    work=work_diversity,
)
