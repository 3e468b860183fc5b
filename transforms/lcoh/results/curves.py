"""Figures 7 and 8 of the paper as curves: the levelised cost over the full range of one parameter at a time."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import HEAT_PUMPS, NETWORK, Floats
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import Yearly
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import SYSTEMS, missing_series
from transforms.lcoh.model.what_if import Built, Case, Change, build
from transforms.lcoh.results.costed import places_by_scale
from transforms.tables.cost_analysis import LCOH_SENSITIVITY

PAPER_BASE: Final = "small"  # scale of 100 dwellings, on which the statements of figures 7 and 8 hold

_FACTORS: Final = np.linspace(0.5, 1.5, 41)
CURVES: Final[dict[str, tuple[str, Yearly]]] = {  # parameter: field of `Change`, values over the paper's full range
    "demand": ("demand_factor", _FACTORS),
    "capital": ("capital_factor", _FACTORS),
    "om": ("om_factor", _FACTORS),
    "discount_rate": ("discount_rate", np.linspace(0.0, 0.1, 41)),
    "spf": ("spf", np.linspace(1.0, 10.0, 91)),
}


def sensitivity_table(
    assumptions: pl.DataFrame,
    *,
    scenario: str,
    convention: str,
    demand_kwh: float,
    place: Place | None = None,
) -> pl.DataFrame:
    """Return figures 7 and 8 of the paper as curves, as the table `lcoh_sensitivity`.

    Demand, capital, and operation and maintenance go from half to one and a half of their base, the discount rate from
    0 to 10 %, and the SPF of heat pumps from 1 to 10. A convention that divides by delivered heat has a curve for each
    system and scale that the scenario can cost. A convention that divides by the heat produced compares no systems; it
    has only the paper's base, the network of 100 dwellings.

    Parameters
    ----------
    assumptions
        The table `assumption`.
    scenario, convention
        Set of prices, and rules of the cost model.
    demand_kwh
        Heat delivered to one dwelling in the base [kWh/yr].
    place
        The one place that networks serve, in place of networks of every scale.

    """
    figures, rules = scenario_figures(assumptions, scenario), find_convention(convention)
    missing = missing_series(figures, rules)
    compares = rules.denominator == "delivered"
    curves = []
    for system in SYSTEMS if compares else (NETWORK,):
        if system in missing:
            continue
        scales, sized = places_by_scale(figures, system, place)
        case = Case(figures=figures, convention=rules, system=system, demand_kwh=demand_kwh, place=sized)
        curves.append(_curves(build(case), scales))
    rows = pl.concat(curves) if curves else LCOH_SENSITIVITY.empty().drop("scenario", "convention")
    shown = rows if compares or place else rows.filter(pl.col("scale") == PAPER_BASE)
    return LCOH_SENSITIVITY.conform(shown.with_columns(scenario=pl.lit(scenario), convention=pl.lit(convention)))


def _curves(built: Built, scales: list[str]) -> pl.DataFrame:
    """Return the curves of a system at each of its scales, one parameter after the other."""
    system, base = built.case.system, built.cost().total
    with_spf = system in (*HEAT_PUMPS, NETWORK)
    return pl.concat(
        _curve(scales, values, built.cost(Change(**{field: values})).total, base).with_columns(
            system=pl.lit(system), parameter=pl.lit(parameter)
        )
        for parameter, (field, values) in CURVES.items()
        if parameter != "spf" or with_spf
    )


def _curve(scales: list[str], values: Yearly, cost: Floats, base: Floats) -> pl.DataFrame:
    shape = (len(scales), len(values))
    return pl.DataFrame(
        {
            "scale": np.repeat(np.array(scales), shape[1]),
            "change": np.tile(values, shape[0]),
            "lcoh_gbp_per_mwh": np.broadcast_to(cost, shape).ravel(),
            "relative_change": np.broadcast_to(cost / base - 1.0, shape).ravel(),
        }
    )
