"""What heat costs a home at a quantile of annual heat: quantiles of the homes' costs from quantiles of their heat."""

from __future__ import annotations

import polars as pl

from transforms.lcoh.conventions import find_convention
from transforms.lcoh.households import individual_cost
from transforms.lcoh.parameters import INDIVIDUAL_SYSTEMS
from transforms.lcoh.scenarios import scenario_figures
from transforms.lcoh.systems import missing_series
from transforms.tables import LCOH_QUANTILE

DECIMALS = 9  # of a share that is one less another


def cost_quantiles(
    quantiles: pl.DataFrame, assumptions: pl.DataFrame, *, scenario: str, convention: str
) -> pl.DataFrame:
    r"""Return the levelised cost at quantiles of annual heat (`tables.LCOH_QUANTILE`).

    The cost L [GBP/MWh] of a system sized in proportion to the heat D falls with it, so that its quantile is the cost at
    the opposite quantile of the heat, :math:`L_{(q)} = L(D_{(1 - q)})`. It is computed from the quantiles alone and needs
    no home.

    Parameters
    ----------
    quantiles
        Rows of `tables.HEAT_DEMAND_QUANTILE`; those without heat are left out.
    assumptions
        The table `assumption`.
    scenario, convention
        Set of prices, and reading of the cost model. A system that the scenario has no prices for is left out.

    """
    figures, reading = scenario_figures(assumptions, scenario), find_convention(convention)
    missing = missing_series(figures, reading)
    known = quantiles.filter(pl.col("heat_kwh_annual") > 0).select(
        "period",
        "dwelling_type",
        "households",
        scenario=pl.lit(scenario),
        convention=pl.lit(reading.name),
        quantile=(1 - pl.col("quantile")).round(DECIMALS),
        demand_kwh="heat_kwh_annual",
    )
    demand_kwh = known["demand_kwh"].to_numpy()
    found = [
        known.with_columns(
            system=pl.lit(system), lcoh_gbp_per_mwh=individual_cost(figures, reading, system, demand_kwh)
        )
        for system in INDIVIDUAL_SYSTEMS
        if system not in missing
    ]
    conformed = [LCOH_QUANTILE.conform(frame) for frame in found if not frame.is_empty()]
    return pl.concat([LCOH_QUANTILE.empty(), *conformed]).sort(LCOH_QUANTILE.key)
