"""Figures 7 and 8 of the paper as curves: the levelised cost over the full range of one thing after the other."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import INDIVIDUAL_SYSTEMS, NETWORK, SCALE_ITEM
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures
from transforms.lcoh.model.cash_flows import Yearly
from transforms.lcoh.model.conventions import Convention, find_convention
from transforms.lcoh.model.load_shape import LoadShape
from transforms.lcoh.model.plant_as_built import BASE, HEAT_PUMPS, Change, build_base, changed_cost
from transforms.lcoh.model.systems import SYSTEMS, missing_series
from transforms.tables.cost_analysis import LCOH_SENSITIVITY

INDIVIDUAL: Final = "individual"
PAPER_BASE: Final = "small"  # scale of 100 dwellings, on which the statements of figures 7 and 8 hold

_FACTORS: Final = np.linspace(0.5, 1.5, 41)
CURVES: Final[dict[str, tuple[str, Yearly]]] = {  # parameter: field of `Change`, values over the paper's full range
    "demand": ("demand_factor", _FACTORS),
    "capital": ("capital_factor", _FACTORS),
    "om": ("om_factor", _FACTORS),
    "discount_rate": ("discount_rate", np.linspace(0.0, 0.1, 41)),
    "spf": ("heat_pump_spf", np.linspace(1.0, 10.0, 91)),
}


def sensitivity_table(
    assumptions: pl.DataFrame,
    *,
    scenario: str,
    convention: str,
    demand_kwh: float,
    shape: LoadShape | None = None,
) -> pl.DataFrame:
    """Return figures 7 and 8 of the paper as curves, as the table `lcoh_sensitivity`.

    Demand, capital, and operation and maintenance go from half to one and a half of their base, the discount rate
    from 0 to 10 %, the SPF of heat pumps from 1 to 10. On delivered heat there is a curve for each system and scale
    that the scenario can cost; a convention that divides by the heat produced compares no systems and gives the
    paper's base alone, the network of 100 dwellings.

    Parameters
    ----------
    assumptions
        The table `assumption`.
    scenario, convention
        Set of prices, and reading of the cost model.
    demand_kwh
        Heat delivered to one dwelling in the base [kWh/yr].
    shape
        Measured load that networks are built by, as `lcoh_table` takes it.

    """
    figures, reading = scenario_figures(assumptions, scenario), find_convention(convention)
    scales = figures.items(SCALE_ITEM)
    missing = missing_series(figures, reading)
    if reading.denominator == "produced":
        sizes = {NETWORK: {PAPER_BASE: scales[PAPER_BASE]}}
    else:
        sizes = {system: {INDIVIDUAL: 1.0} for system in INDIVIDUAL_SYSTEMS} | {NETWORK: scales}
    curves = [
        _curve(
            figures,
            reading,
            system=system,
            scales=sizes[system],
            demand_kwh=demand_kwh,
            parameter=parameter,
            load=shape,
        )
        for system in SYSTEMS
        if system in sizes and system not in missing
        for parameter in CURVES
        if parameter != "spf" or system in HEAT_PUMPS
    ]
    rows = pl.concat(curves) if curves else LCOH_SENSITIVITY.empty().drop("scenario", "convention")
    return LCOH_SENSITIVITY.conform(rows.with_columns(scenario=pl.lit(scenario), convention=pl.lit(convention)))


def _curve(
    figures: ScenarioFigures,
    convention: Convention,
    *,
    system: str,
    scales: dict[str, float],
    demand_kwh: float,
    parameter: str,
    load: LoadShape | None,
) -> pl.DataFrame:
    """Return one parameter's curve of a system at each of its scales."""
    field, values = CURVES[parameter]
    dwellings = np.array(list(scales.values()))[:, None]
    built = build_base(figures, convention, system=system, dwellings=dwellings, demand_kwh=demand_kwh, shape=load)
    base, cost = (changed_cost(built, change).total for change in (BASE, Change(**{field: values})))
    shape = (len(scales), len(values))
    return pl.DataFrame(
        {
            "system": [system] * (shape[0] * shape[1]),
            "scale": np.repeat(np.array(list(scales)), shape[1]),
            "parameter": [parameter] * (shape[0] * shape[1]),
            "change": np.tile(values, shape[0]),
            "lcoh_gbp_per_mwh": np.broadcast_to(cost, shape).ravel(),
            "relative_change": np.broadcast_to(cost / base - 1.0, shape).ravel(),
        }
    )
