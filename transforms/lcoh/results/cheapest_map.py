"""The table `cheapest_map`: the cheapest system in a home, by the price of carbon and the price ratio."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import INDIVIDUAL_SYSTEMS
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import Yearly
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.demands import check_demand
from transforms.lcoh.model.systems import KG_PER_TONNE, missing_series
from transforms.lcoh.model.what_if import Built, Case, Change, build
from transforms.tables.cost_analysis import CHEAPEST_MAP

CARBON_GBP_PER_TONNE: Final = tuple(float(price) for price in range(0, 501, 25))  # own choice of the axis
PRICE_RATIOS: Final = tuple(round(1.0 + 0.2 * step, 1) for step in range(21))  # own choice of the axis, 1 to 5
BOILER, HEAT_PUMP = "gas_boiler", "ashp"
ONE_GRANT: Final = 1000.0  # any grant would do: the cost is linear in it


def cheapest_map(demand: pl.DataFrame, assumptions: pl.DataFrame, *, scenario: str, convention: str) -> pl.DataFrame:
    r"""Return the cheapest system in a home at each price of carbon and each ratio of prices (`CHEAPEST_MAP`).

    The price of gas stays. The price of electricity is scaled to the wanted ratio :math:`\rho` of the means over
    discounted years,

    .. math:: f = \rho / \rho_0, \quad \rho_0 = \frac{\sum_t d_t p^{el}_t}{\sum_t d_t p^{gas}_t}

    The price of carbon is one for all years, in place of the perspective's. The grant to match is
    :math:`G = (L_{hp} - \min_s L_s) / (\partial L / \partial G)`.

    Parameters
    ----------
    demand, assumptions
        As `lcoh_table` reads them.
    scenario, convention
        Set of prices, and rules of the cost model. Empty where the scenario lacks a price of gas or electricity.

    """
    figures, rules = scenario_figures(assumptions, scenario), find_convention(convention)
    if set(INDIVIDUAL_SYSTEMS) & set(missing_series(figures, rules)):
        return CHEAPEST_MAP.empty()
    carbon, ratio = (axis.ravel() for axis in np.meshgrid(CARBON_GBP_PER_TONNE, PRICE_RATIOS, indexing="ij"))
    tables = [CHEAPEST_MAP.empty()]
    for row in check_demand(demand).iter_rows(named=True):
        case = Case(
            figures=figures, convention=rules, system=BOILER, demand_kwh=row["demand_kwh"],
            dwelling_types=row["dwelling_type"],
        )  # fmt: skip
        built = {system: build(replace(case, system=system)) for system in INDIVIDUAL_SYSTEMS}
        now = _price(built[HEAT_PUMP], "electricity") / _price(built[BOILER], "gas")
        change = Change(carbon_gbp_per_tonne=carbon, electricity_price_factor=ratio / now)
        costs = np.stack([np.broadcast_to(one.cost(change).total, carbon.shape) for one in built.values()])
        least, second = np.sort(costs, axis=0)[:2]
        names = np.array(list(built))
        excess = costs[list(built).index(HEAT_PUMP)] - least
        tables.append(
            CHEAPEST_MAP.conform(
                pl.DataFrame(
                    {
                        "carbon_gbp_per_tonne": carbon,
                        "price_ratio": ratio,
                        "system": names[costs.argmin(axis=0)],
                        "lcoh_gbp_per_mwh": least,
                        "margin_gbp_per_mwh": second - least,
                        "ashp_grant_to_match_gbp": excess / _saved_by_a_pound(built[HEAT_PUMP]),
                    }
                ).with_columns(
                    scenario=pl.lit(scenario),
                    convention=pl.lit(convention),
                    period=pl.lit(row["period"]),
                    dwelling_type=pl.lit(row["dwelling_type"]),
                    carbon_now_gbp_per_tonne=pl.lit(_carbon_now(built[BOILER])),
                    price_ratio_now=pl.lit(now),
                )
            )
        )
    return pl.concat(tables)


def _price(built: Built, carrier: str) -> float:
    return built.mean_over_years(built.energy[carrier].price_gbp_per_mwh)


def _carbon_now(boiler: Built) -> float:
    """Return the perspective's price of carbon, mean over discounted years [GBP/t]."""
    gas = boiler.energy["gas"]
    per_tonne: Yearly = gas.carbon_gbp_per_mwh / gas.co2_kg_per_mwh * KG_PER_TONNE
    return boiler.mean_over_years(per_tonne)


def _saved_by_a_pound(built: Built) -> float:
    """Return by how much a pound of grant lowers the cost [(GBP/MWh)/GBP]."""
    without = float(built.cost().total)
    return (without - float(built.cost(Change(grant_gbp_per_dwelling=ONE_GRANT)).total)) / ONE_GRANT
