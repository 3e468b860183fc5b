"""Stage: the cost of the homes' heat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from flows.pipeline.content import Content
from flows.pipeline.diversity import MEASURE_DIVERSITY, PeriodOfPeaks
from flows.pipeline.unit import Frames, Stage, Unit
from flows.settings import Settings
from transforms.claims.claims import claim_table
from transforms.climate.weather_normal import NormalWeather
from transforms.electric.rules import ElectricRules
from transforms.electric.tables import MeasuredMeans, electric_tables
from transforms.heat.selection import list_homes
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.demands import in_cost_weather
from transforms.lcoh.model.measured_rows import HeatOfHomes, measured_rows, replace_rows
from transforms.lcoh.model.performance import reference_performance, seasonal_performance
from transforms.lcoh.results import published
from transforms.lcoh.results.published import CostChoices, MeasuredHeat, cost_everything
from transforms.lcoh.results.uncertainty import Uncertain, check_ranges
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.cost_analysis import (
    ABATEMENT,
    BREAK_EVEN,
    CHEAPEST_MAP,
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
from transforms.tables.electric import ELECTRIC_TABLES
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HOUSEHOLD_PERIOD
from transforms.tables.schema import Table
from transforms.tables.weather import HOUSEHOLD_WEATHER, WEATHER_FIT
from warehouse.figures import read_figures
from warehouse.lake import Lake

COST_TABLES = (
    ASSUMPTION, LCOH, LCOH_HOUSEHOLD, LCOH_DISTRIBUTION, LCOH_SENSITIVITY,
    LCOH_SOBOL, LCOH_PROBABILITY, BREAK_EVEN, CHEAPEST_MAP, ABATEMENT, SEASONAL_PERFORMANCE,
    NETWORK_FINANCE, CLAIM, *ELECTRIC_TABLES,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatToCost:
    """The heat of all study periods, and everything else that its cost depends on."""

    diversities: tuple[Unit[PeriodOfPeaks], ...]
    assumptions: pl.DataFrame
    ranges: tuple[Uncertain, ...]
    claims: pl.DataFrame
    choices: CostChoices
    electric: ElectricRules
    normal: NormalWeather
    homes: pl.DataFrame  # `household_id`, `dwelling_type`
    stock_shares: dict[str, float]
    origin: str | None  # what made the homes up; None if they are real


def plan_costs(content: Content) -> list[Unit[HeatToCost]]:
    """Return the one unit of all costs."""
    inputs = content.inputs
    origins = [] if inputs.households is None else inputs.households["origin"].drop_nulls().sort().to_list()
    given = HeatToCost(
        diversities=content.units_of(MEASURE_DIVERSITY),
        assumptions=content.assumptions,
        ranges=read_ranges(),
        claims=read_figures("claim"),
        choices=cost_choices(content.settings),
        electric=read_electric_rules(),
        normal=inputs.normal,
        homes=list_homes(inputs.households, inputs.seen).select("household_id", "dwelling_type"),
        stock_shares=dict(inputs.stock_shares),
        origin=origins[0] if origins else None,
    )
    return [COST_HEAT.make_unit("costs", given)]


def work_costs(lake: Lake, unit: Unit[HeatToCost]) -> tuple[Frames, dict[str, int]]:
    """Cost the heat of all periods."""
    given, diversities = unit.given, unit.given.diversities
    periods = [diversity.given.period for diversity in diversities]

    def read(table: Table, units: Sequence[Unit[Any]]) -> pl.DataFrame:
        return pl.concat([table.empty(), *(lake.read(one.key(table)) for one in units)])

    demand, profile, fit = (read(table, periods) for table in (HEAT_DEMAND_ANNUAL, HEAT_PROFILE, WEATHER_FIT))
    demand = in_cost_weather(demand, given.choices.weather)
    figures = scenario_figures(given.assumptions, given.choices.scenario)
    seasonal = pl.concat(
        [seasonal_performance(profile, fit, figures, given.normal), reference_performance(figures, given.normal)]
    )
    assumptions = given.assumptions
    if periods:
        of_homes = HeatOfHomes(
            profile=profile, demand=demand, weather_fit=fit, seasonal=seasonal, diversity=read(DIVERSITY, diversities),
            curve=read(DIVERSITY_CURVE, diversities),
        )  # fmt: skip
        measured = measured_rows(of_homes, period=periods[-1].key_value, origin=given.origin)
        assumptions = replace_rows(assumptions, measured)
    heat = MeasuredHeat(
        demand=demand,
        homes=_included_homes(
            read(HOUSEHOLD_PERIOD, periods),
            in_cost_weather(read(HOUSEHOLD_WEATHER, periods), given.choices.weather),
            given.homes,
        ),
        peaks=read(PEAK_DRAW, diversities),
        stock_shares=given.stock_shares,
    )
    means = MeasuredMeans(profile=profile, demand=demand, weather_fit=fit, diversity=read(DIVERSITY, diversities))
    frames = {
        ASSUMPTION: assumptions,
        SEASONAL_PERFORMANCE: seasonal,
        **cost_everything(heat, assumptions, given.ranges, given.choices),
        CLAIM: claim_table(given.claims, assumptions, demand=demand, profile=profile, origin=given.origin),
        **electric_tables(means, assumptions, given.electric, given.normal, priced_by=given.choices.chosen),
    }
    sorted_frames = {table: frames[table].sort(table.key) for table in COST_TABLES}
    return sorted_frames, {table.name: len(frames[table]) for table in COST_TABLES}


def _included_homes(by_period: pl.DataFrame, weather: pl.DataFrame, types: pl.DataFrame) -> pl.DataFrame:
    return (
        by_period.filter("included")
        .select("household_id", "period", "heat_kwh_annual")
        .join(types, on="household_id")
        .join(
            weather.select("household_id", "period", "heat_loss_w_per_k", "normal_correction_kwh"),
            on=["household_id", "period"],
            how="left",
        )
        .sort("household_id", "period")
    )


COST_HEAT = Stage(
    name="cost heat", keyed_by="run", unit_name="{}", tables=COST_TABLES, plan=plan_costs, work=work_costs
)


def cost_means(
    demand: pl.DataFrame, profile: pl.DataFrame, assumptions: pl.DataFrame, settings: Settings, *, origin: str | None
) -> dict[Table, pl.DataFrame]:
    """Return the tables of costs that are computed from means of dwelling types only, and the claims of the paper."""
    return {
        **published.cost_means(demand, assumptions, read_ranges(), cost_choices(settings)),
        CLAIM: claim_table(read_figures("claim"), assumptions, demand=demand, profile=profile, origin=origin),
    }


def heat_electrically(means: MeasuredMeans, assumptions: pl.DataFrame, settings: Settings) -> dict[Table, pl.DataFrame]:
    """Return the tables of electric heating from published means."""
    normal = NormalWeather.from_tables(read_figures, years=settings.normal_weather)
    chosen = cost_choices(settings).chosen
    return electric_tables(means, assumptions, read_electric_rules(), normal, priced_by=chosen)


def cost_choices(settings: Settings) -> CostChoices:
    """Return the choices about the cost model in the settings."""
    return CostChoices(
        scenario=settings.scenario,
        convention=settings.convention,
        seed=settings.seed,
        bootstrap_replicates=settings.bootstrap_replicates,
        sobol_samples=settings.sobol_samples,
        weather=settings.cost_weather,
    )


def read_electric_rules() -> ElectricRules:
    """Return the shipped heat stores, sizes, retrofits and tariff of electric heating."""
    return ElectricRules.from_table(read_figures("electric_rule"))


def read_ranges() -> tuple[Uncertain, ...]:
    """Return the shipped ranges of uncertain assumptions."""
    return check_ranges(read_figures("uncertainty_range"))
