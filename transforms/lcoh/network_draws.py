"""Networks whose plant follows the peak: intervals of their cost from draws of demand and peak together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import polars as pl

from transforms.demand import Bootstrap, Drawn, draw_annual_heat
from transforms.lcoh.cash_flows import Yearly
from transforms.lcoh.conventions import CONVENTIONS, Convention, find_convention
from transforms.lcoh.intervals import MEASURED, network_cost_of_draws, network_intervals
from transforms.lcoh.load_shape import HOURS_PER_YEAR, load_shape
from transforms.lcoh.parameters import NETWORK
from transforms.lcoh.scenarios import ScenarioFigures, scenario_figures
from transforms.tables import LCOH

Weights = Mapping[str, float] | None
GROUP: Final = ("scenario", "convention", "period", "dwelling_type")
SIZED_BY_PEAK: Final = tuple(name for name, of in CONVENTIONS.items() if of.network_sizing == "load_curve")
ENDS: Final = ("lcoh_ci_low", "lcoh_ci_high")


def intervals_by_draws(
    costs: pl.DataFrame,
    homes: pl.DataFrame,
    peaks: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    weights: Mapping[str, Weights],
    bootstrap: Bootstrap,
) -> pl.DataFrame:
    r"""Return 95 % intervals of networks that are sized by their load, for `intervals.add_intervals`.

    In each draw b of the homes a network of n homes serves :math:`D_b = D\,\hat Q_b / \hat Q` and peaks at
    :math:`P_b(n) = p(n)\,\tfrac{D}{8760}\,\ell_b`, with the means :math:`\hat Q_b` of the draws, the level
    :math:`\ell_b` of the peak and p(n) of the load shape. Plant, store, pipes and the capital for them follow from both.
    Networks that do not follow the peak are left out, as are those whose homes' peaks are not known.

    Parameters
    ----------
    costs
        Rows of `tables.LCOH`.
    homes
        `household_id`, `dwelling_type`, `period`, `heat_kwh_annual` [kWh/yr] of the included homes.
    peaks
        Rows of `tables.PEAK_DRAW`.
    assumptions
        The table `assumption`.
    weights
        By period, the share of each type in the stock [1], or None where `stock` cannot be formed.
    bootstrap
        That of annual demand and of the peaks: a home has the same weight in both.

    Returns
    -------
    pl.DataFrame
        The key of `tables.LCOH`, `lcoh_ci_low` and `lcoh_ci_high` [GBP/MWh].

    """
    of_networks = costs.filter(
        pl.col("system") == NETWORK, pl.col("demand_basis") == MEASURED, pl.col("convention").is_in(SIZED_BY_PEAK)
    )
    drawn = {
        period: draw_annual_heat(_of_period(homes, period), weights=weights.get(period), bootstrap=bootstrap)
        for period in of_networks["period"].unique().sort()
    }
    tables = [LCOH.empty().select(*LCOH.key, *ENDS)]
    for (scenario, convention, period, name), rows in of_networks.group_by(GROUP, maintain_order=True):
        levels = peaks.filter(pl.col("dwelling_type") == name, pl.col("period") == period).sort("draw")
        heat = drawn[str(period)].get(str(name))
        if heat is not None and levels.height:
            figures, reading = scenario_figures(assumptions, str(scenario)), find_convention(str(convention))
            tables.append(_intervals(rows, heat, levels, figures, reading))
    return pl.concat(tables)


def _of_period(homes: pl.DataFrame, period: str) -> pl.DataFrame:
    return homes.filter(pl.col("period") == period).drop_nulls("heat_kwh_annual")


def _intervals(
    rows: pl.DataFrame, heat: Drawn, levels: pl.DataFrame, figures: ScenarioFigures, convention: Convention
) -> pl.DataFrame:
    """Return the intervals of the networks of one demand."""
    demand_kwh = float(rows["demand_kwh"][0])
    level: Yearly = levels["level"].to_numpy()
    peak_over_mean = load_shape(figures).peak_over_mean
    found = network_intervals(
        partial(network_cost_of_draws, figures, convention),
        demand_kwh_draws=demand_kwh * heat.heat_kwh_draws / heat.heat_kwh,
        peak_kw_draws={
            n: peak_over_mean(float(n)) * demand_kwh / HOURS_PER_YEAR * level for n in rows["dwellings"].to_list()
        },
        households=min(heat.households, int(levels["households"][0])),
    )
    return rows.select(*LCOH.key, "dwellings").join(found, on="dwellings").select(*LCOH.key, *ENDS)
