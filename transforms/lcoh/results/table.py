"""The table `lcoh`: demand and assumptions in, the levelised cost of every system out."""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import (
    INDIVIDUAL_SYSTEMS,
    NETWORK,
    HeatNetwork,
)
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures
from transforms.lcoh.model.cash_flows import CashFlows
from transforms.lcoh.model.conventions import Convention, find_convention
from transforms.lcoh.model.demands import DEMAND_KEY, check_demand, network_keys
from transforms.lcoh.model.load_shape import LoadShape
from transforms.lcoh.model.networks import network_flows, network_parts
from transforms.lcoh.model.systems import (
    SYSTEMS,
    energy_of,
    horizon_years,
    individual_flows,
    individual_system,
    missing_series,
)
from transforms.lcoh.model.valuation import cost_of
from transforms.tables.cost import LCOH


def lcoh_table(
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    scenario: str,
    convention: str,
    shape: LoadShape | None = None,
) -> pl.DataFrame:
    """Return the levelised cost of heat of every system for every demand, as the table `lcoh`.

    A system whose energy the scenario has no price or carbon series for is left out: `missing_systems` names it.

    Parameters
    ----------
    demand
        Columns dwelling_type, period, demand_basis and demand_kwh, the heat delivered to one home [kWh/yr].
        Rows without a demand are left out. Each row gets its individual systems; networks of every scale serve the
        demand of `stock`, or of `all` where that is not known.
    assumptions
        The table `assumption`.
    scenario
        Set of prices.
    convention
        Reading of the cost model, a name in `CONVENTIONS`.
    shape
        Measured load through the year and diversity that networks are sized by; without it, that of the assumptions.

    Raises
    ------
    AssumptionError
        If a year or a figure is missing, every system is left out, a name is unknown, or a demand is not above zero
        or given twice.

    """
    figures = scenario_figures(assumptions, scenario)
    reading = find_convention(convention)
    known = demand.pipe(check_demand)
    missing = missing_series(figures, reading)
    if set(missing) == set(SYSTEMS):
        message = (
            f"scenario {scenario} can cost no system by {convention}: "
            + "; ".join(f"{system} lacks {', '.join(series)}" for system, series in missing.items())
            + ". Add rows for them, or a rule that borrows them"
        )
        raise AssumptionError(message)
    tables = [_individual(system, known, figures, reading) for system in INDIVIDUAL_SYSTEMS if system not in missing]
    networks = [] if NETWORK in missing else [_networks(known, figures, reading, shape)]
    rows = pl.concat([*tables, *networks])
    return LCOH.conform(
        rows.with_columns(
            scenario=pl.lit(scenario),
            convention=pl.lit(reading.name),
            denominator=pl.lit(reading.denominator),
            **dict.fromkeys(("households", "lcoh_ci_low", "lcoh_ci_high"), pl.lit(None)),
        )
    )


def missing_systems(assumptions: pl.DataFrame, *, scenario: str, convention: str) -> dict[str, list[str]]:
    """Return the systems that `lcoh_table` leaves out, each with the series that the scenario lacks."""
    return missing_series(scenario_figures(assumptions, scenario), find_convention(convention))


def _individual(system: str, demand: pl.DataFrame, figures: ScenarioFigures, convention: Convention) -> pl.DataFrame:
    demand_kwh = demand["demand_kwh"].to_numpy()
    flows = individual_flows(
        individual_system(
            figures, convention, system, demand_kwh=demand_kwh, dwelling_types=demand["dwelling_type"].to_list()
        ),
        energy_of(figures, convention, system=system),
        demand_kwh=demand_kwh,
        first_heat_year=convention.first_heat_year,
    )
    keys = demand.with_columns(system=pl.lit(system), scale=pl.lit("individual"), dwellings=pl.lit(1, dtype=pl.Int64))
    return _with_costs(keys, flows, figures, convention, system=system)


def _networks(
    demand: pl.DataFrame, figures: ScenarioFigures, convention: Convention, shape: LoadShape | None
) -> pl.DataFrame:
    keys = network_keys(demand, figures)
    network = figures.record(HeatNetwork, NETWORK)
    dwellings, demand_kwh = keys["dwellings"].to_numpy(), keys["demand_kwh"].to_numpy()
    flows = network_flows(
        network,
        energy_of(figures, convention, system=NETWORK),
        dwellings=dwellings,
        demand_kwh=demand_kwh,
        convention=convention,
        parts=network_parts(figures, convention, shape=shape),
    )
    return _with_costs(
        keys.with_columns(pl.col("dwellings").cast(pl.Int64)), flows, figures, convention, system=NETWORK
    )


def _with_costs(
    keys: pl.DataFrame, flows: CashFlows, figures: ScenarioFigures, convention: Convention, *, system: str
) -> pl.DataFrame:
    """Add to each key its levelised cost by element, its initial capital and its emissions."""
    cost = cost_of(flows, figures, convention, system=system)
    in_use_years = horizon_years(figures, convention, system)
    per_system = {
        "capital_gbp_per_mwh": cost.capital,
        "om_gbp_per_mwh": cost.om,
        "fuel_gbp_per_mwh": cost.fuel,
        "carbon_gbp_per_mwh": cost.carbon,
        "lcoh_gbp_per_mwh": cost.total,
    }
    per_dwelling = {
        "initial_capital_gbp_per_dwelling": flows.capital_gbp[..., 0],
        "co2_kg_per_dwelling_year": flows.co2_kg.sum(axis=-1) / in_use_years,
    }
    return keys.select(
        *DEMAND_KEY,
        "demand_kwh",
        "system",
        "scale",
        "dwellings",
        *[pl.Series(name, np.broadcast_to(values, keys.height)) for name, values in per_system.items()],
        *[
            pl.Series(name, np.broadcast_to(values, keys.height)) / pl.col("dwellings")
            for name, values in per_dwelling.items()
        ],
    )
