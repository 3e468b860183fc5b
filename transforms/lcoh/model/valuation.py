"""From yearly flows to a levelised cost, by the discount rates and taxes of a convention's perspective."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from transforms.lcoh.assumptions.parameters import NETWORK, Floats
from transforms.lcoh.assumptions.scenarios import Key, ScenarioFigures
from transforms.lcoh.model.cash_flows import CashFlows, LevelisedCost, Yearly, levelised_cost
from transforms.lcoh.model.conventions import Convention
from transforms.lcoh.model.perspectives import PERSPECTIVES


def discount_rates(figures: ScenarioFigures, convention: Convention, *, years: int) -> Yearly:
    """Return the discount rate of each year t = 1 .. `years` - 1 after the investment [1/yr].

    r_t is the perspective's rate of year t where discounting is stepped, and its first rate where it is flat.

    References
    ----------
    HM Treasury, The Green Book (2026), paragraph 6.54: 3.5 % to year 30, 3.0 % to year 75, 2.5 % after it.

    """
    steps = PERSPECTIVES[convention.perspective].rates
    first_rate = figures.one(*steps[0][1])
    if convention.discounting == "flat":
        return np.full(years - 1, first_rate)
    after = np.arange(1, years)
    return np.select([after <= last for last, _ in steps], [np.full(years - 1, figures.one(*key)) for _, key in steps])


def rate_figures(convention: Convention) -> tuple[Key, ...]:
    """Return the parameters (item, parameter) that hold the discount rates of a convention."""
    rates = tuple(key for _, key in PERSPECTIVES[convention.perspective].rates)
    return rates[:1] if convention.discounting == "flat" else rates


def cost_of(
    flows: CashFlows,
    figures: ScenarioFigures,
    convention: Convention,
    *,
    system: str,
    discount_rate: Floats | None = None,
) -> LevelisedCost:
    """Return the levelised cost of flows as a convention counts it [GBP/MWh].

    Parameters
    ----------
    flows
        Flows of `system`, arrays of shape (..., T).
    figures, convention
        Discount rates, denominator, and the VAT that homes pay on the heat of a network. The network's operator
        reclaims the VAT on its own purchases.
    system
        A system in one home, or `network`.
    discount_rate
        Rate for all years [1/yr], shape (...), in place of the convention's.

    """
    rates = (
        discount_rates(figures, convention, years=flows.fuel_gbp.shape[-1])
        if discount_rate is None
        else np.asarray(discount_rate, dtype=float)[..., None]
    )
    cost = levelised_cost(flows, discount_rate=rates, denominator=convention.denominator)
    if system != NETWORK or PERSPECTIVES[convention.perspective].vat != "homes":
        return cost
    taxed = 1.0 + figures.one("vat", "on_heat")
    return replace(
        cost, capital=cost.capital * taxed, om=cost.om * taxed, fuel=cost.fuel * taxed, carbon=cost.carbon * taxed
    )
