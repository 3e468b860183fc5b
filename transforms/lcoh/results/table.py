"""The table `lcoh`: demand and assumptions in, the levelised cost of every system out."""

from __future__ import annotations

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import COOKING, GRANT, Floats
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import LevelisedCost
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.demands import DEMAND_KEY, OF_WEATHER, check_demand
from transforms.lcoh.model.perspectives import PERSPECTIVES, lens_of
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import SYSTEMS, missing_series
from transforms.lcoh.model.what_if import Change
from transforms.lcoh.results.costed import Costed, cost_systems
from transforms.tables.cost import LCOH


def lcoh_table(
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    scenario: str,
    convention: str,
    place: Place | None = None,
) -> pl.DataFrame:
    """Return the levelised cost of heat of every system for every demand, as the table `lcoh`.

    A system is left out if the scenario lacks a price or carbon series of its energy; `missing_systems` names it.

    Parameters
    ----------
    demand
        Columns dwelling_type, period, demand_basis and demand_kwh, the heat delivered to one home [kWh/yr]. Measured
        homes also have weather and demand_measured_kwh, the heat in the weather of the period [kWh/yr], for the cost in
        that year. Rows without a demand are left out. Each row gets its individual systems; networks of every scale
        serve the demand of `stock`, or of `all` where that is not known.
    assumptions
        The table `assumption`.
    scenario
        Set of prices.
    convention
        Rules of the cost model, a name in `CONVENTIONS`.
    place
        The one place that networks serve, in place of networks of every scale.

    Raises
    ------
    AssumptionError
        If a year or a value is missing, every system is left out, a name is unknown, or a demand is not above zero
        or given twice.

    """
    figures = scenario_figures(assumptions, scenario)
    rules = find_convention(convention)
    known = check_demand(demand, place)
    missing = missing_series(figures, rules)
    if set(missing) == set(SYSTEMS):
        message = (
            f"scenario {scenario} can cost no system by {convention}: "
            + "; ".join(f"{system} lacks {', '.join(series)}" for system, series in missing.items())
            + ". Add rows for them, or a rule that borrows them"
        )
        raise AssumptionError(message)
    rows = pl.concat(_with_costs(costed) for costed in cost_systems(known, figures, rules, place))
    return LCOH.conform(
        rows.with_columns(
            scenario=pl.lit(scenario),
            convention=pl.lit(rules.name),
            denominator=pl.lit(rules.denominator),
            **{name: pl.lit(value) for name, value in lens_of(rules.perspective, figures).items()},
            **dict.fromkeys(("households", "lcoh_ci_low", "lcoh_ci_high"), pl.lit(None)),
        )
    )


def missing_systems(assumptions: pl.DataFrame, *, scenario: str, convention: str) -> dict[str, list[str]]:
    """Return the systems that `lcoh_table` leaves out, each with the series that the scenario lacks."""
    return missing_series(scenario_figures(assumptions, scenario), find_convention(convention))


def _with_costs(costed: Costed) -> pl.DataFrame:
    """Return the rows of a system with levelised cost by element, initial capital and emissions."""
    keys, flows = costed.keys, costed.built.flows()
    cost = costed.built.value(flows)
    per_system = {
        "capital_gbp_per_mwh": cost.capital,
        "om_gbp_per_mwh": cost.om,
        "fuel_gbp_per_mwh": cost.fuel,
        "carbon_gbp_per_mwh": cost.carbon,
        "lcoh_gbp_per_mwh": cost.total,
    }
    measured = keys["demand_measured_kwh"].fill_null(np.nan).to_numpy()
    in_measured_year = costed.built.cost(Change(demand_factor=measured / keys["demand_kwh"].to_numpy()))
    per_system["lcoh_measured_year_gbp_per_mwh"] = in_measured_year.total
    per_system["lcoh_without_cooking_gbp_per_mwh"] = _without_cooking(costed)
    per_dwelling = {
        "initial_capital_gbp_per_dwelling": flows.capital_gbp[..., 0],
        "co2_kg_per_dwelling_year": costed.built.emissions_of_own_life(flows),
    }
    grant = _grant(costed, cost)
    return keys.select(
        *DEMAND_KEY,
        "demand_kwh",
        *OF_WEATHER,
        "system",
        "scale",
        pl.col("dwellings").round().cast(pl.Int64),
        *[pl.Series(name, np.broadcast_to(v, keys.height), nan_to_null=True) for name, v in per_system.items()],
        *[
            pl.Series(name, np.broadcast_to(values, keys.height)) / pl.col("dwellings")
            for name, values in per_dwelling.items()
        ],
        grant_gbp_per_mwh=pl.lit(None, pl.Float64) if grant is None else pl.Series(np.broadcast_to(grant, keys.height)),
    )


def _without_cooking(costed: Costed) -> Floats:
    r"""Return the cost per MWh of heat for rooms and water alone [GBP/MWh]: that of the system at :math:`D - \eta G_c`.

    G_c is the gas of hobs, and eta the efficiency by which gas was counted as heat. NaN where no heat is left.
    """
    figures, demand_kwh = costed.built.case.figures, costed.keys["demand_kwh"].to_numpy()
    cooking_kwh = figures.one("boiler_stock", "efficiency") * figures.one(COOKING, "gas_kwh_per_year")
    left = 1.0 - cooking_kwh / demand_kwh
    return np.asarray(costed.built.cost(Change(demand_factor=np.where(left > 0, left, np.nan))).total)


def _grant(costed: Costed, cost: LevelisedCost) -> Floats | None:
    """Return by how much today's grant lowers the cost [GBP/MWh]; None without a grant, or where homes do not count."""
    case = costed.built.case
    homes_count = PERSPECTIVES[case.convention.perspective].vat == "homes"
    if not homes_count or not case.figures.has(case.system, GRANT):
        return None
    with_grant = costed.built.cost(Change(grant_gbp_per_dwelling=case.figures.one(case.system, GRANT)))
    saved: Floats = cost.total - with_grant.total
    return saved
