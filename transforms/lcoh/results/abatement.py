"""The table `abatement`: carbon dioxide that a system saves against another, and the cost of a saved tonne."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import CashFlows, Yearly
from transforms.lcoh.model.conventions import Convention, find_convention
from transforms.lcoh.model.demands import check_demand
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import KG_PER_TONNE, horizon_years
from transforms.lcoh.model.what_if import Built
from transforms.lcoh.results.costed import BOILER, Costed, compared_systems, existing_boiler_flows, reference_beside
from transforms.tables.cost_analysis import ABATEMENT

EXISTING: Final = "existing_boiler"
SAVES_NOTHING: Final = "it saves no carbon dioxide, so a saved tonne has no cost"


def abatement_table(
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    scenario: str,
    convention: str,
    reference: str = BOILER,
    place: Place | None = None,
) -> pl.DataFrame:
    """Return the carbon dioxide that every system saves against a system in one home (`ABATEMENT`).

    Parameters
    ----------
    demand, assumptions
        As `lcoh_table` reads them.
    scenario, convention
        Set of prices, and a convention that divides by delivered heat over the same years for all systems. Its price of
        carbon is left out. Carbon payments of generators stay in the price of electricity, if the convention keeps them
        there.
    reference
        System in one home that is replaced: by default a gas boiler, the existing one and a new one.
    place
        The one place that networks serve, in place of networks of every scale.

    Raises
    ------
    AssumptionError
        If systems cannot be compared by the convention, or a value is missing.

    """
    figures, rules = scenario_figures(assumptions, scenario), find_convention(convention)
    tables = [
        _rows(costed, reference, existing=existing, grid=grid)
        for grid, of_grid in _by_grid(rules).items()
        for costed in compared_systems(check_demand(demand, place), figures, of_grid, reference=reference, place=place)
        for existing in ([True, False] if reference == BOILER else [False])
    ]
    if not tables:
        return ABATEMENT.empty()
    named = pl.concat(tables).with_columns(scenario=pl.lit(scenario), convention=pl.lit(convention))
    return ABATEMENT.conform(named).sort(ABATEMENT.key)


def cost_of_saving(system: Built, flows: CashFlows, reference: Built, replaced: CashFlows) -> Yearly:
    """Return the cost of a saved tonne [GBP/t], shape (rows,); NaN if no carbon dioxide is saved.

    (K_s - K_b) / (e_b - e_s),  K = capital + O&M + fuel [GBP/MWh],  e = sum_t d_t E_t / sum_t d_t MWh_t [t/MWh]

    Tonnes are discounted like costs. So the result is the price of carbon, the same in all years, at which the two
    systems cost the same, and it can be compared with a carbon value. Discounted costs over undiscounted tonnes, as in
    many abatement curves, are no such price: they fall the later the same tonnes are saved.

    Parameters
    ----------
    system, flows
        A system, and its flows of shape (rows, T).
    reference, replaced
        The system that it replaces, and the flows of that.

    """
    without_carbon = _uncharged(system, flows) - _uncharged(reference, replaced)
    saved = (reference.emissions(replaced) - system.emissions(flows)) / KG_PER_TONNE
    return np.divide(without_carbon, saved, out=np.full_like(saved, np.nan), where=saved > 0)


def _by_grid(convention: Convention) -> dict[str, Convention]:
    return {
        "average": replace(convention, electricity_carbon="grid_average"),
        "long_run_marginal": replace(convention, electricity_carbon="long_run_marginal"),
    }


def _rows(costed: Costed, reference: str, *, existing: bool, grid: str) -> pl.DataFrame:
    beside = reference_beside(costed, reference)
    flows, replaced = costed.built.flows(), existing_boiler_flows(beside) if existing else beside.built.flows()
    years = horizon_years(costed.built.case.figures, costed.built.case.convention, reference)
    of_home = flows.co2_kg / costed.keys["dwellings"].to_numpy()[:, None]
    cost = pl.Series(cost_of_saving(costed.built, flows, beside.built, replaced), nan_to_null=True)
    new = "new_boiler" if reference == BOILER else f"new_{reference}"
    return costed.keys.select("period", "dwelling_type", "scale").with_columns(
        system=pl.lit(costed.system),
        reference=pl.lit(EXISTING if existing else new),
        grid=pl.lit(grid),
        co2_saved_kg_per_year=pl.Series((replaced.co2_kg - of_home).sum(axis=-1) / years),
        cost_gbp_per_tonne=cost,
        note=pl.when(cost.is_null()).then(pl.lit(SAVES_NOTHING)),
    )


def _uncharged(system: Built, flows: CashFlows) -> Yearly:
    """Return the levelised cost without any price of carbon [GBP/MWh]."""
    cost = system.value(flows)
    return np.asarray(cost.capital + cost.om + cost.fuel)
