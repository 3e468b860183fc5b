"""The last stages: how high many homes peak together, and what their heat costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from flows.pipeline.diversity import DiversityUnit
from flows.pipeline.inputs import Inputs
from flows.pipeline.unit import Unit, code_fingerprint, describe_table, fingerprint, hash_frame
from flows.settings import Settings
from transforms.claims.claims import claim_table
from transforms.heat.demand import Bootstrap
from transforms.heat.profiles import stock_weights
from transforms.heat.selection import list_homes
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.demands import NETWORK_DEMAND, paper_demand
from transforms.lcoh.model.measured_rows import measured_rows, replace_rows
from transforms.lcoh.model.performance import reference_performance, seasonal_performance
from transforms.lcoh.results.abatement import abatement_table
from transforms.lcoh.results.break_even import break_even_table
from transforms.lcoh.results.curves import sensitivity_table
from transforms.lcoh.results.finance import finance_table
from transforms.lcoh.results.households import cost_distribution, household_costs
from transforms.lcoh.results.intervals import add_intervals, intervals_by_draws
from transforms.lcoh.results.probability import probability_table
from transforms.lcoh.results.table import lcoh_table
from transforms.lcoh.results.uncertainty import check_ranges
from transforms.lcoh.results.variance import sobol_table
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

PAPER_SCENARIO, PAPER_CONVENTION = (
    "paper_fit",
    "wang2018",
)  # always published too: they show that the paper is reproduced


RIVAL_CONVENTION = "rival"  # the other reading of the paper: how far convention alone moves a result


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
    frames = cost_everything(
        demand, profile, homes, peaks=read(PEAK_DRAW, unit.diversities), seasonal=seasonal,
        assumptions=assumptions, settings=settings, stock_shares=inputs.stock_shares,
        origin=None if origins is None or origins.is_empty() else str(origins[0]),
    )  # fmt: skip
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


def cost_everything(
    demand: pl.DataFrame,
    profile: pl.DataFrame,
    homes: pl.DataFrame,
    *,
    peaks: pl.DataFrame,
    seasonal: pl.DataFrame,
    assumptions: pl.DataFrame,
    settings: Settings,
    stock_shares: Mapping[str, float],
    origin: str | None,
) -> dict[Table, pl.DataFrame]:
    """Return every table of costs; comparisons, shares and break-evens are on the convention of the settings."""
    household = household_costs(homes, assumptions, scenario=settings.scenario, convention=settings.convention)
    types = homes.unique("household_id").select("household_id", "dwelling_type")
    return {
        ASSUMPTION: assumptions,
        LCOH: cost_demands(demand, homes, peaks, assumptions, settings=settings, stock_shares=stock_shares),
        LCOH_HOUSEHOLD: household,
        LCOH_DISTRIBUTION: cost_distribution(
            household, types, demand, assumptions, weights=stock_weights(types, stock_shares)
        ),
        SEASONAL_PERFORMANCE: seasonal,
        **cost_means(demand, profile, assumptions, settings, origin=origin),
    }


def cost_demands(
    demand: pl.DataFrame,
    homes: pl.DataFrame,
    peaks: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    settings: Settings,
    stock_shares: Mapping[str, float],
) -> pl.DataFrame:
    """Return the cost of heat at all demands by all published readings, with intervals (`LCOH`)."""
    asked = pl.concat([measured_demand(demand), paper_demand(assumptions)])
    readings = published_readings(settings)
    costs = pl.concat(lcoh_table(asked, assumptions, scenario=s, convention=c) for s, c in readings)
    weights = {
        str(period): stock_weights(of.select("household_id", "dwelling_type"), stock_shares)
        for (period,), of in homes.group_by("period")
    }
    bootstrap = Bootstrap(replicates=settings.bootstrap_replicates, seed=settings.seed)
    networks = intervals_by_draws(costs, homes, peaks, assumptions, weights=weights, bootstrap=bootstrap)
    return LCOH.conform(add_intervals(costs, demand, assumptions, networks=networks))


def cost_means(
    demand: pl.DataFrame, profile: pl.DataFrame, assumptions: pl.DataFrame, settings: Settings, *, origin: str | None
) -> dict[Table, pl.DataFrame]:
    """Return the tables of costs that rest on the means of dwelling types alone, published or not."""
    scenario, convention = settings.scenario, settings.convention
    paper = paper_demand(assumptions)
    basis = measured if len(measured := measured_demand(demand)) else paper
    served = _served_demand(basis)
    ranges = check_ranges(read_figures("uncertainty_range"))
    curves = [
        sensitivity_table(assumptions, scenario=s, convention=c, demand_kwh=kwh)
        for s, c, kwh in (
            (PAPER_SCENARIO, PAPER_CONVENTION, _served_demand(paper)),
            (scenario, convention, served),
        )
    ]
    return {
        LCOH_SENSITIVITY: pl.concat(curves).unique(LCOH_SENSITIVITY.key, maintain_order=True),
        LCOH_SOBOL: sobol_table(
            assumptions,
            ranges,
            scenario=scenario,
            convention=convention,
            demand_kwh=served,
            seed=settings.seed,
            samples=settings.sobol_samples,
        ),
        LCOH_PROBABILITY: probability_table(
            basis, assumptions, ranges, scenario=scenario, convention=convention, seed=settings.seed
        ),
        BREAK_EVEN: break_even_table(basis, assumptions, scenario=scenario, convention=convention),
        ABATEMENT: abatement_table(basis, assumptions, scenario=scenario, convention=convention),
        NETWORK_FINANCE: finance_table(basis, assumptions, scenario=scenario),
        CLAIM: claim_table(read_figures("claim"), assumptions, demand=demand, profile=profile, origin=origin),
    }


def published_readings(settings: Settings) -> list[tuple[str, str]]:
    """Return the scenarios and conventions that are published: the paper's, its rival, and that of comparisons."""
    paper = [(PAPER_SCENARIO, name) for name in (PAPER_CONVENTION, RIVAL_CONVENTION)]
    return list(dict.fromkeys([*paper, (settings.scenario, settings.convention)]))


def measured_demand(demand: pl.DataFrame) -> pl.DataFrame:
    """Return the measured demands in the shape that the cost model reads."""
    return demand.filter(pl.col("heat_kwh_mean") > 0).select(
        "dwelling_type", "period", demand_basis=pl.lit("measured"), demand_kwh="heat_kwh_mean"
    )


def _served_demand(demand: pl.DataFrame) -> float:
    """Return the demand per home of the latest period that networks serve [kWh/yr]."""
    latest = demand.filter(pl.col("period") == demand["period"].max())
    known = dict(latest.select("dwelling_type", "demand_kwh").iter_rows())
    return float(next(known[name] for name in (*NETWORK_DEMAND, *known) if name in known))
