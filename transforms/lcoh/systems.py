"""Yearly flows of a heating system in one home, and the energy that it buys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.lcoh.cash_flows import CashFlows, Yearly, in_operation, purchases
from transforms.lcoh.parameters import CARBON_INTENSITY, CARBON_PRICE, PRICE, Carrier, Floats, IndividualSystem
from transforms.lcoh.scenarios import ScenarioFigures

KWH_PER_MWH = 1000.0
KG_PER_TONNE = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """What a MWh of purchased gas or electricity costs and emits in each year of operation, shape (..., n)."""

    price_gbp_per_mwh: Yearly
    carbon_gbp_per_mwh: Yearly
    co2_kg_per_mwh: Yearly


def energy_of(figures: ScenarioFigures, *, carrier: Carrier, tariff: str, years: int) -> Energy:
    """Return price, carbon cost and emissions of a carrier in the calendar years from the first of operation.

    Raises
    ------
    AssumptionError
        If the scenario lacks a price or an intensity in one of the years; the message names it.

    """
    start_year = int(figures.one("study", "start_year"))
    calendar = range(start_year, start_year + years)
    co2_kg_per_mwh = figures.series(carrier, CARBON_INTENSITY, calendar) * KWH_PER_MWH
    carbon_price_gbp_per_kg = figures.series("carbon", CARBON_PRICE, calendar) / KG_PER_TONNE
    return Energy(
        price_gbp_per_mwh=figures.series(f"{carrier}_{tariff}", PRICE, calendar),
        carbon_gbp_per_mwh=co2_kg_per_mwh * carbon_price_gbp_per_kg,
        co2_kg_per_mwh=co2_kg_per_mwh,
    )


def individual_flows(
    system: IndividualSystem, energy: Energy, *, demand_kwh: Floats, first_heat_year: int
) -> CashFlows:
    """Return the yearly flows of one home's heating system over its lifetime.

    Capital_0 = C,  O&M_t = O,  Fuel_t = p_t D / eta,  Carbon_t = c_t D / eta,  MWh_t = D

    Parameters
    ----------
    system
        Capital C [GBP], operation and maintenance O [GBP/yr], efficiency or SPF eta [1], lifetime n [yr];
        numbers, or arrays that broadcast with `demand_kwh`.
    energy
        Price p_t and carbon cost c_t [GBP/MWh of purchased energy], emissions [kg/MWh], arrays of shape (..., n).
    demand_kwh
        Heat demand D of the home [kWh/yr], shape (...).
    first_heat_year
        Year t of the first heat: 1, or 0 for the year of the investment.

    Returns
    -------
    CashFlows
        Arrays of shape (..., n + first_heat_year) [GBP, MWh, kg]. The heat is used where it is produced.

    """
    years = system.lifetime_years + first_heat_year
    heat_mwh = np.asarray(demand_kwh, dtype=float)[..., None] / KWH_PER_MWH * np.ones(system.lifetime_years)
    purchased_mwh = heat_mwh / np.asarray(system.efficiency)[..., None]
    om_gbp = np.asarray(system.om_gbp_per_year, dtype=float)[..., None] * np.ones(system.lifetime_years)
    heat_by_year_mwh = in_operation(heat_mwh, first_year=first_heat_year)
    return CashFlows(
        capital_gbp=purchases(system.capital_gbp, at=(0,), years=years),
        om_gbp=in_operation(om_gbp, first_year=first_heat_year),
        fuel_gbp=in_operation(purchased_mwh * energy.price_gbp_per_mwh, first_year=first_heat_year),
        carbon_gbp=in_operation(purchased_mwh * energy.carbon_gbp_per_mwh, first_year=first_heat_year),
        heat_produced_mwh=heat_by_year_mwh,
        heat_delivered_mwh=heat_by_year_mwh,
        co2_kg=in_operation(purchased_mwh * energy.co2_kg_per_mwh, first_year=first_heat_year),
    )
