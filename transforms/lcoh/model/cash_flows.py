"""Equation (1) of Wang 2018: from costs and heat by year to a levelised cost of heat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from transforms.lcoh.assumptions.parameters import Floats

Denominator: TypeAlias = Literal["delivered", "produced"]
Yearly: TypeAlias = NDArray[np.float64]

FIRST_HEAT_YEAR: Final = 1  # year of the first heat and the first running costs; capital is spent in year 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlows:
    """Costs, heat and emissions of a heating system by year.

    Each array has the shape (..., T): the last axis is the year t = 0 .. T-1 after the investment, the axes before
    it broadcast over homes, network sizes or draws.
    """

    capital_gbp: Yearly
    om_gbp: Yearly
    fuel_gbp: Yearly
    carbon_gbp: Yearly
    heat_produced_mwh: Yearly
    heat_delivered_mwh: Yearly
    co2_kg: Yearly


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelisedCost:
    """The levelised cost of heat by element [GBP/MWh]."""

    capital: Floats
    om: Floats
    fuel: Floats
    carbon: Floats

    @property
    def total(self) -> Floats:
        """The levelised cost of heat [GBP/MWh]."""
        return self.capital + self.om + self.fuel + self.carbon


def discount_factors(rate: Floats, *, years: int) -> Yearly:
    """Return the discount factors of the years 0 .. `years` - 1.

    d_0 = 1,  d_t = d_(t-1) / (1 + r_t);  with one rate for all years d_t = 1 / (1 + r)^t.

    Parameters
    ----------
    rate
        Discount rate r [1/yr]: a number, or an array of shape (..., 1) for one rate in all years or
        (..., years - 1) for a rate of its own in each year t = 1 .. years - 1.
    years
        Length T of the last axis of the cash flows.

    Returns
    -------
    ndarray of shape (..., years) [1]

    """
    growth = 1.0 + np.atleast_1d(np.asarray(rate, dtype=float))
    later = np.cumprod(np.broadcast_to(growth, (*growth.shape[:-1], years - 1)), axis=-1)
    return np.concatenate([np.ones((*growth.shape[:-1], 1)), 1.0 / later], axis=-1)


def levelised_cost(flows: CashFlows, *, discount_rate: Floats, denominator: Denominator) -> LevelisedCost:
    """Return the levelised cost of heat by element.

    LCOH = sum_t [(Capital_t + O&M_t + Fuel_t + Carbon_t) / (1 + r)^t] / sum_t [MWh_t / (1 + r)^t]

    Parameters
    ----------
    flows
        Costs [GBP] and heat [MWh] by year, arrays of shape (..., T).
    discount_rate
        r [1/yr], see `discount_factors`.
    denominator
        Which heat is MWh_t: the heat that reaches the dwellings, or the heat that the plant produces.

    Returns
    -------
    LevelisedCost
        Four elements [GBP/MWh], arrays of the shape (...).

    References
    ----------
    Wang, Z. (2018), Heat pumps with district heating for the UK's domestic heating, DHC2018, equation (1).

    Examples
    --------
    A boiler for 1,000 GBP and then 50 GBP of gas a year for two years of 10 MWh, not discounted:

    >>> first_two = np.array([0.0, 1.0, 1.0])
    >>> boiler = CashFlows(
    ...     capital_gbp=np.array([1000.0, 0.0, 0.0]),
    ...     om_gbp=0 * first_two,
    ...     fuel_gbp=50 * first_two,
    ...     carbon_gbp=0 * first_two,
    ...     heat_produced_mwh=10 * first_two,
    ...     heat_delivered_mwh=10 * first_two,
    ...     co2_kg=0 * first_two,
    ... )
    >>> float(levelised_cost(boiler, discount_rate=0.0, denominator="delivered").total)
    55.0

    """
    heat_mwh = flows.heat_delivered_mwh if denominator == "delivered" else flows.heat_produced_mwh
    factors = discount_factors(discount_rate, years=heat_mwh.shape[-1])
    discounted_heat_mwh = np.vecdot(heat_mwh, factors)
    return LevelisedCost(
        capital=np.vecdot(flows.capital_gbp, factors) / discounted_heat_mwh,
        om=np.vecdot(flows.om_gbp, factors) / discounted_heat_mwh,
        fuel=np.vecdot(flows.fuel_gbp, factors) / discounted_heat_mwh,
        carbon=np.vecdot(flows.carbon_gbp, factors) / discounted_heat_mwh,
    )


def purchases(amount_gbp: Floats, *, at: tuple[int, ...], years: int) -> Yearly:
    """Return `amount_gbp` [GBP] of shape (...) spent in each year of `at`, as flows of shape (..., years)."""
    in_years = np.zeros(years)
    in_years[list(at)] = 1.0
    return np.asarray(amount_gbp, dtype=float)[..., None] * in_years


def renewed(amount_gbp: Floats, *, lifetime_years: int, horizon_years: int, years: int) -> Yearly:
    """Return the spending that keeps something in service over a horizon, as flows of shape (..., years).

    Capital_t = C in t = 0, n, 2n, ... < T,  and - C (k n - T) / n at the end, with k = ceil(T / n) purchases

    Parameters
    ----------
    amount_gbp
        Price C of one purchase [GBP], shape (...).
    lifetime_years, horizon_years
        Life n of one purchase and years of operation T that count [yr].
    years
        Length of the axis; the unused part of the last purchase is credited in its last year.

    References
    ----------
    Commission Delegated Regulation (EU) No 244/2012, annex I, 4: the residual value is the straight-line depreciation
    of the initial investment or replacement cost until the end of the calculation period.

    Examples
    --------
    A boiler that lasts 15 years, in service for 20: bought twice, ten fifteenths of the second are left.

    >>> flows = renewed(1500.0, lifetime_years=15, horizon_years=20, years=21)
    >>> [(year, float(gbp)) for year, gbp in enumerate(flows) if gbp]
    [(0, 1500.0), (15, 1500.0), (20, -1000.0)]

    """
    bought = range(0, horizon_years, lifetime_years)
    spent = np.zeros(years)
    spent[list(bought)] = 1.0
    spent[-1] -= (len(bought) * lifetime_years - horizon_years) / lifetime_years
    return np.asarray(amount_gbp, dtype=float)[..., None] * spent


def in_operation(yearly: Yearly) -> Yearly:
    """Return flows of the years of operation, shape (..., n), on the axis that starts with the investment at t = 0."""
    waiting = np.zeros((*yearly.shape[:-1], FIRST_HEAT_YEAR))
    return np.concatenate([waiting, yearly], axis=-1)
