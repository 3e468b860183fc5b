"""The last stages: how high many homes peak together, and what their heat costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from flows.pipeline.diversity import DiversityUnit
from flows.pipeline.inputs import Inputs
from flows.pipeline.unit import Unit, code_fingerprint, describe_table, fingerprint, hash_frame
from flows.settings import Settings
from transforms.claims.claims import claim_table
from transforms.heat.selection import list_homes
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.measured_rows import measured_rows, replace_rows
from transforms.lcoh.model.performance import reference_performance, seasonal_performance
from transforms.lcoh.results import published
from transforms.lcoh.results.published import CostChoices, MeasuredHeat, cost_everything
from transforms.lcoh.results.uncertainty import Uncertain, check_ranges
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.cost_analysis import (
    ABATEMENT,
    BREAK_EVEN,
    CLAIM,
    DIVERSITY,
    DIVERSITY_CURVE,
    LCOH_DISTRIBUTION,
    LCOH_HOUSEHOLD,
    LCOH_PROBABILITY,
    LCOH_SENSITIVITY,
    LCOH_SOBOL,
    NETWORK_FINANCE,
    PEAK_DRAW,
    SEASONAL_PERFORMANCE,
)
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HOUSEHOLD_PERIOD
from transforms.tables.schema import Table
from transforms.tables.weather import HOUSEHOLD_WEATHER, WEATHER_FIT
from warehouse.figures import read_figures
from warehouse.lake import Lake

COST_TABLES = (
    ASSUMPTION, LCOH, LCOH_HOUSEHOLD, LCOH_DISTRIBUTION, LCOH_SENSITIVITY,
    LCOH_SOBOL, LCOH_PROBABILITY, BREAK_EVEN, ABATEMENT, SEASONAL_PERFORMANCE,
    NETWORK_FINANCE, CLAIM,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CostUnit(Unit):
    """All costs of a run."""

    diversities: tuple[DiversityUnit, ...]
    assumptions: pl.DataFrame
    stage: ClassVar[str] = "cost heat"
    tables: ClassVar[tuple[str, ...]] = tuple(table.name for table in COST_TABLES)

    @property
    def name(self) -> str:
        """What people call the unit."""
        return "costs"

    @property
    def folder(self) -> str:
        """Where its objects lie below their table."""
        return "costs"


def plan_costs(diversities: Sequence[DiversityUnit], assumptions: pl.DataFrame, settings: Settings) -> CostUnit:
    """Return the unit of all costs."""
    return CostUnit(
        diversities=tuple(diversities),
        assumptions=assumptions,
        fingerprint=fingerprint(
            periods=[(unit.fingerprint, unit.of.fingerprint) for unit in diversities],
            assumptions=hash_frame(assumptions),
            figures=[hash_frame(read_figures(name)) for name in ("uncertainty_range", "claim")],
            settings=settings.model_dump(mode="json", include={"scenario", "convention", "seed", "sobol_samples"}),
            code=code_fingerprint("cost"),
            tables=[describe_table(table) for table in COST_TABLES],
        ),
    )


def work_costs(lake: Lake, unit: CostUnit, inputs: Inputs, settings: Settings) -> dict[str, int]:
    """Cost the heat of all periods and return the counts."""
    periods = [diversity.of for diversity in unit.diversities]

    def read(table: Table, units: Sequence[Unit] = periods) -> pl.DataFrame:
        return pl.concat([table.empty(), *(table.conform(lake.read(one.key(table.name))) for one in units)])

    demand, profile, fit = read(HEAT_DEMAND_ANNUAL), read(HEAT_PROFILE), read(WEATHER_FIT)
    figures = scenario_figures(unit.assumptions, settings.scenario)
    seasonal = pl.concat(
        [seasonal_performance(profile, fit, figures, inputs.normal), reference_performance(figures, inputs.normal)]
    )
    assumptions = unit.assumptions
    if periods:
        measured = measured_rows(
            period=periods[-1].period.label, profile=profile, demand=demand, weather_fit=fit, seasonal=seasonal,
            diversity=read(DIVERSITY, unit.diversities), curve=read(DIVERSITY_CURVE, unit.diversities),
        )  # fmt: skip
        assumptions = replace_rows(assumptions, measured)
    homes = _included_homes(read(HOUSEHOLD_PERIOD), read(HOUSEHOLD_WEATHER), inputs)
    origins = None if inputs.households is None else inputs.households["origin"].drop_nulls().sort()
    heat = MeasuredHeat(
        demand=demand, homes=homes, peaks=read(PEAK_DRAW, unit.diversities), stock_shares=inputs.stock_shares
    )
    origin = None if origins is None or origins.is_empty() else str(origins[0])
    frames = {
        ASSUMPTION: assumptions,
        SEASONAL_PERFORMANCE: seasonal,
        **cost_everything(heat, assumptions, read_ranges(), cost_choices(settings)),
        CLAIM: claim_table(read_figures("claim"), assumptions, demand=demand, profile=profile, origin=origin),
    }
    for table in COST_TABLES:
        lake.put_frame(unit.key(table.name), table.conform(frames[table]).sort(table.key))
    return {table.name: len(frames[table]) for table in COST_TABLES}


def _included_homes(by_period: pl.DataFrame, weather: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    types = list_homes(inputs.households, inputs.seen).select("household_id", "dwelling_type")
    return (
        by_period.filter("included")
        .select("household_id", "period", "heat_kwh_annual")
        .join(types, on="household_id")
        .join(weather.select("household_id", "period", "heat_loss_w_per_k"), on=["household_id", "period"], how="left")
        .sort("household_id", "period")
    )


def cost_means(
    demand: pl.DataFrame, profile: pl.DataFrame, assumptions: pl.DataFrame, settings: Settings, *, origin: str | None
) -> dict[Table, pl.DataFrame]:
    """Return the tables of costs that rest on the means of dwelling types alone, and the claims of the paper."""
    return {
        **published.cost_means(demand, assumptions, read_ranges(), cost_choices(settings)),
        CLAIM: claim_table(read_figures("claim"), assumptions, demand=demand, profile=profile, origin=origin),
    }


def cost_choices(settings: Settings) -> CostChoices:
    """Return what the settings choose of the cost model."""
    return CostChoices(
        scenario=settings.scenario,
        convention=settings.convention,
        seed=settings.seed,
        bootstrap_replicates=settings.bootstrap_replicates,
        sobol_samples=settings.sobol_samples,
    )


def read_ranges() -> tuple[Uncertain, ...]:
    """Return the shipped ranges of what is uncertain."""
    return check_ranges(read_figures("uncertainty_range"))
