"""The table `abatement`: carbon dioxide that a system saves against a gas boiler, and what a tonne of it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import CashFlows, Yearly
from transforms.lcoh.model.conventions import Convention, find_convention
from transforms.lcoh.model.load_shape import LoadShape
from transforms.lcoh.model.plant_as_built import (
    BOILER,
    Contender,
    Reference,
    boiler_beside,
    list_contenders,
    reference_flows,
)
from transforms.lcoh.model.systems import KG_PER_TONNE, horizon_years
from transforms.tables.cost_analysis import ABATEMENT

REFERENCES: Final[tuple[Reference, ...]] = ("existing_boiler", "new_boiler")
SAVES_NOTHING: Final = "it saves no carbon dioxide: what a saved tonne costs has no meaning"


def abatement_table(
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    scenario: str,
    convention: str,
    shape: LoadShape | None = None,
) -> pl.DataFrame:
    """Return what every system saves against the existing and a new gas boiler, as the table `abatement`.

    Parameters
    ----------
    demand, assumptions
        As `lcoh_table` reads them.
    scenario, convention
        Set of prices, and a convention that divides by delivered heat over the same years for all systems. Its price
        of carbon is left out; one whose prices of electricity contain the carbon payments of generators keeps those.
    shape
        Measured load that networks are sized by.

    Raises
    ------
    AssumptionError
        If the convention does not compare, or a figure is missing.

    """
    figures, reading = scenario_figures(assumptions, scenario), find_convention(convention)
    tables = [
        _rows(contender, reference, grid=grid)
        for grid, of_grid in _by_grid(reading).items()
        for contender in list_contenders(demand, figures, of_grid, shape=shape)
        for reference in REFERENCES
    ]
    if not tables:
        return ABATEMENT.empty()
    named = pl.concat(tables).with_columns(scenario=pl.lit(scenario), convention=pl.lit(convention))
    return ABATEMENT.conform(named).sort(ABATEMENT.key)


def cost_of_saving(contender: Contender, flows: CashFlows, boiler: Contender, replaced: CashFlows) -> Yearly:
    """Return what a saved tonne costs [GBP/t], NaN where nothing is saved.

    (K_s - K_b) / (e_b - e_s),  K = capital + O&M + fuel [GBP/MWh],  e = sum_t d_t E_t / sum_t d_t MWh_t [t/MWh]

    Tonnes are discounted as the costs are. So this is the price of carbon, the same in all years, at which the two
    would cost alike, and can be held against a carbon value. Discounted costs over undiscounted tonnes, as abatement
    curves often have it, is no such price: it falls the later the same tonnes are saved.

    Parameters
    ----------
    contender, flows
        A system, and its flows of shape (rows, T).
    boiler, replaced
        The boiler beside it, and its flows as `reference_flows` returns them.

    """
    without_carbon = _uncharged(contender, flows) - _uncharged(boiler, replaced)
    saved = (boiler.emissions(replaced) - contender.emissions(flows)) / KG_PER_TONNE
    return np.divide(without_carbon, saved, out=np.full_like(saved, np.nan), where=saved > 0)


def _by_grid(convention: Convention) -> dict[str, Convention]:
    return {
        "average": replace(convention, electricity_carbon="grid_average"),
        "long_run_marginal": replace(convention, electricity_carbon="long_run_marginal"),
    }


def _rows(contender: Contender, reference: Reference, *, grid: str) -> pl.DataFrame:
    boiler = boiler_beside(contender)
    flows, replaced = contender.flows(), reference_flows(boiler, reference)
    years = horizon_years(contender.figures, contender.convention, BOILER)
    of_home = flows.co2_kg / contender.dwellings[:, None]
    cost = pl.Series(cost_of_saving(contender, flows, boiler, replaced), nan_to_null=True)
    return contender.keys.select("period", "dwelling_type", "scale").with_columns(
        system=pl.lit(contender.system),
        reference=pl.lit(reference),
        grid=pl.lit(grid),
        co2_saved_kg_per_year=pl.Series((replaced.co2_kg - of_home).sum(axis=-1) / years),
        cost_gbp_per_tonne=cost,
        note=pl.when(cost.is_null()).then(pl.lit(SAVES_NOTHING)),
    )


def _uncharged(contender: Contender, flows: CashFlows) -> Yearly:
    """Return the levelised cost without any price of carbon [GBP/MWh]."""
    cost = contender.value(flows)
    return np.asarray(cost.capital + cost.om + cost.fuel)
