"""Stage: how high many homes peak together in a study period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from flows.pipeline.inputs import Inputs, load_readings
from flows.pipeline.months import cut_spans
from flows.pipeline.periods import PeriodUnit
from flows.pipeline.unit import Unit, code_fingerprint, describe_table, fingerprint, hash_frame
from flows.settings import Settings
from transforms.heat.demand import Bootstrap
from transforms.heat.profiles import stock_weights
from transforms.heat.selection import list_homes
from transforms.lcoh.assumptions.parameters import SCALE_ITEM
from transforms.peaks.cold_days import ColdDays, choose_cold_days, list_complete_homes, place_load
from transforms.peaks.diversity import DiversityRule, list_peak_draws, measure_diversity
from transforms.readings.inferred_flags import flag_spans
from transforms.readings.neighbour_flags import flag_exactly
from transforms.tables.cost_analysis import (
    DIVERSITY,
    DIVERSITY_CURVE,
    DIVERSITY_HOME,
    PEAK_DRAW,
)
from warehouse.figures import read_figures
from warehouse.lake import Lake

DIVERSITY_TABLES = (DIVERSITY_CURVE, PEAK_DRAW, DIVERSITY_HOME, DIVERSITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiversityUnit(Unit):
    """One study period whose peaks of many homes are to be measured, also of the numbers in `sizes`."""

    of: PeriodUnit
    sizes: tuple[int, ...]
    stage: ClassVar[str] = "measure diversity"
    tables: ClassVar[tuple[str, ...]] = ("diversity_curve", "peak_draw", "diversity_home", "diversity")

    @property
    def name(self) -> str:
        """What people call the unit."""
        return f"diversity {self.of.period.label}"

    @property
    def folder(self) -> str:
        """Where its objects lie below their table."""
        return self.of.folder


def plan_diversity(periods: Sequence[PeriodUnit], assumptions: pl.DataFrame) -> list[DiversityUnit]:
    """Return the unit of each study period."""
    code, shape = code_fingerprint("diversity"), [describe_table(table) for table in DIVERSITY_TABLES]
    scales = assumptions.filter(pl.col("item") == SCALE_ITEM)["value"].cast(pl.Int64)
    sizes = tuple(scales.unique().sort())
    rule = hash_frame(read_figures("diversity_rule"))
    return [
        DiversityUnit(
            of=unit,
            sizes=sizes,
            fingerprint=fingerprint(period=unit.fingerprint, sizes=sizes, rule=rule, code=code, tables=shape),
        )
        for unit in periods
    ]


def work_diversity(lake: Lake, unit: DiversityUnit, inputs: Inputs, settings: Settings) -> dict[str, int]:
    """Measure the peaks of many homes in one period and return its counts."""
    rule = DiversityRule.from_table(read_figures("diversity_rule"))
    homes = list_homes(inputs.households, inputs.seen).select("household_id", "dwelling_type")
    included = lake.read(unit.of.key("household_period")).filter("included").join(homes, on="household_id")
    profile = lake.read(unit.of.key("heat_profile"))
    days = choose_cold_days(inputs.temperature, profile, unit.of.period, coldest_days=rule.coldest_days)
    months = [month for month in unit.of.months if any(d.replace(day=1) == month.of.first_day for d in days.dates)]
    hourly = (lake.read(month.key("heat_hourly")) for month in months)
    half_hourly = _half_hours(lake, unit.of, inputs, days)
    loads = [
        place_load(frames, included, days, interval_minutes=minutes, completeness_min=rule.completeness_min)
        for minutes, frames in ((60, hourly), (30, half_hourly))
    ]
    found = measure_diversity(
        loads,
        period=unit.of.period.label,
        rule=rule,
        bootstrap=Bootstrap(replicates=settings.bootstrap_replicates, seed=settings.seed),
        weights=stock_weights(included, inputs.stock_shares),
        sizes=unit.sizes,
    )
    lake.put_frame(unit.key("diversity_curve"), found.curve)
    lake.put_frame(unit.key("peak_draw"), list_peak_draws(found, unit.of.period.label))
    lake.put_frame(unit.key("diversity_home"), list_complete_homes(loads, unit.of.period.label))
    lake.put_frame(unit.key("diversity"), found.table)
    return {"homes": len(included), "rows": len(found.table)}


def _half_hours(lake: Lake, period: PeriodUnit, inputs: Inputs, days: ColdDays) -> Iterator[pl.DataFrame]:
    """Give the good half-hours of the coldest days, month by month, as heat."""
    for month in period.months:
        wanted = [day for day in days.dates if day.replace(day=1) == month.of.first_day]
        if wanted:
            readings, sources = load_readings(lake, month.of, inputs)
            of_days = readings.filter(pl.col("interval_start_utc").dt.date().is_in(wanted))
            judged = flag_exactly(of_days, sources, known=inputs.known).pipe(
                flag_spans, cut_spans(inputs.spans, month.of)
            )
            yield judged.filter(pl.col("flag") == "ok").select(
                pl.col("household_id").cast(pl.String),
                "interval_start_utc",
                heat_kwh=pl.col("gas_kwh") * inputs.boiler_efficiency,
            )
