"""The work of one unit: load from the lake, transform, write; the object written last commits it."""

from __future__ import annotations

import polars as pl

from flows.fingerprints import code_fingerprint
from flows.plan import Inputs, MonthUnit, PeriodUnit, Unit
from flows.settings import Settings
from transforms.demand import Bootstrap, annual_by_home, annual_by_type, bootstrap_intervals
from transforms.hours import build_month
from transforms.neighbour_flags import SOURCES_SCHEMA
from transforms.periods import measure_coverage
from transforms.profiles import complete_profile, expect_heat, profile_month, stock_weights
from transforms.selection import count_funnel, list_homes, select_homes
from transforms.tables import BUILD_MONTH, CELL, HOUSEHOLD_PERIOD, READING, SELECTION_FUNNEL
from warehouse.lake import Lake

STOCK_REASON = "stock needs at least 10 included homes of each of the five types"


def work_unit(lake: Lake, settings: Settings, unit: Unit, inputs: Inputs) -> dict[str, int]:
    """Do the work of a month or of a period and return its counts."""
    if isinstance(unit, MonthUnit):
        return work_month(lake, unit, inputs)
    return work_period(lake, unit, inputs, settings)


def work_month(lake: Lake, unit: MonthUnit, inputs: Inputs) -> dict[str, int]:
    """Build one month and return its counts."""
    readings, sources = _load_readings(lake, unit, inputs)
    month = build_month(readings, sources, known=inputs.known, boiler_efficiency=inputs.boiler_efficiency)
    summary = month.summary.with_columns(
        month=pl.lit(unit.first_day),
        fingerprint=pl.lit(unit.fingerprint),
        data_fingerprint=pl.lit(unit.data_fingerprint),
        code_fingerprint=pl.lit(code_fingerprint("month")),
    )
    frames = (month.flagged, month.flag_count, month.cell, month.hourly, BUILD_MONTH.conform(summary))
    for table, frame in zip(unit.tables, frames, strict=True):
        lake.put_frame(unit.key(table), frame)
    return {name: int(month.summary[name][0]) for name in ("readings", "ok_half_hours", "hours", "households")}


def _load_readings(lake: Lake, unit: MonthUnit, inputs: Inputs) -> tuple[pl.DataFrame, pl.DataFrame]:
    by_id = {m.source_id: m for m in inputs.readings}
    manifests = [by_id[source_id] for source_id in unit.sources]
    readings = pl.concat(
        [
            lake.read(m.months[unit.month]).select(*READING.schema).with_columns(source=pl.lit(n, dtype=pl.UInt32))
            for n, m in enumerate(manifests)
        ]
    )
    sources = pl.DataFrame(
        {
            "source": range(len(manifests)),
            "source_id": [m.source_id for m in manifests],
            "feed": [m.feed for m in manifests],
            "delivered": [m.delivery_date for m in manifests],
            "replaced": [m.source_id in inputs.replaced for m in manifests],
        },
        schema=SOURCES_SCHEMA,
    )
    return readings, sources


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
    selected = select_homes(homes, coverage, unit.period, settings.sufficiency)
    included = selected.filter("included").select("household_id", "dwelling_type")
    weights = stock_weights(included, inputs.stock_shares)
    profiles, expected = [], []
    for month in unit.months:
        hourly = lake.read(month.key("heat_hourly"))
        profile = profile_month(hourly, included, weights)
        profiles.append(profile)
        expected.append(expect_heat(hourly, included, profile))
    profile = complete_profile(profiles, unit.period.label, inputs.temperature)
    totals = (
        pl.concat(expected)
        .group_by("household_id", maintain_order=True)
        .agg(pl.col("heat_kwh_observed", "type_kwh_observed").sum())
    )
    annual = annual_by_home(totals, profile, included, unit.period)
    intervals = bootstrap_intervals(
        cells,
        included,
        unit.period,
        boiler_efficiency=inputs.boiler_efficiency,
        weights=weights,
        bootstrap=Bootstrap(replicates=settings.bootstrap_replicates, seed=settings.seed),
    )
    by_type = annual_by_type(
        profile, annual.join(included, on="household_id"), intervals, unit.period, stock_reason=STOCK_REASON
    )
    by_home = selected.join(
        annual.select("household_id", "heat_kwh_annual", "filled_share"), on="household_id", how="left"
    )
    by_home = by_home.with_columns(heat_kwh_observed=pl.col("gas_kwh_observed") * inputs.boiler_efficiency)
    frames = (
        HOUSEHOLD_PERIOD.conform(by_home).sort(HOUSEHOLD_PERIOD.key),
        SELECTION_FUNNEL.conform(count_funnel(selected)),
        profile,
        by_type,
    )
    for table, frame in zip(unit.tables, frames, strict=True):
        lake.put_frame(unit.key(table), frame)
    return {"homes": len(homes), "included": len(included)}
