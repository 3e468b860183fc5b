"""Yearly flows of a heat network with one large heat pump."""

from __future__ import annotations

import numpy as np

from transforms.lcoh.cash_flows import CashFlows, Yearly, in_operation, purchases
from transforms.lcoh.conventions import Convention
from transforms.lcoh.parameters import Floats, HeatNetwork
from transforms.lcoh.systems import KWH_PER_MWH, Energy


def network_capital(network: HeatNetwork, *, dwellings: Floats, convention: Convention) -> dict[str, Floats]:
    """Return the initial capital of a network by part [GBP].

    Per dwelling: internal pipe l c, heat interface unit, heat meter, heat pump P c_P, substation S c_S.
    Per network: main pipe L c_L and the meters of buildings.

    Parameters
    ----------
    network
        Lengths [m], capacities [kW] and unit costs.
    dwellings
        Number N of dwellings [1], shape (...).
    convention
        Decides how long the main pipe is: L, or a length per dwelling times N.

    Returns
    -------
    dict
        Part of the network to its capital [GBP], arrays of shape (...).

    """
    main_pipe_m = {
        "fixed_length": network.main_pipe_m,
        "length_per_dwelling": network.main_pipe_m_per_dwelling * dwellings,
    }[convention.main_pipe]
    per_dwelling = {
        "internal_pipe": network.internal_pipe_m_per_dwelling * network.internal_pipe_gbp_per_m,
        "hiu": network.hiu_gbp_per_dwelling,
        "dwelling_meter": network.dwelling_meter_gbp,
        "heat_pump": network.heat_pump_kw_per_dwelling * network.heat_pump_capital_gbp_per_kw,
        "substation": network.substation_kw_per_dwelling * network.substation_gbp_per_kw,
    }
    per_network = {
        "main_pipe": main_pipe_m * network.main_pipe_gbp_per_m,
        "building_meter": network.building_meters * network.building_meter_gbp,
    }
    return {part: gbp * dwellings for part, gbp in per_dwelling.items()} | per_network


def produced_heat(delivered: Floats, *, loss: Floats, convention: Convention) -> Floats:
    """Return the heat that the plant produces so that `delivered` reaches the dwellings, in the unit of the latter.

    The loss [1] is a share of the heat produced, Q = D / (1 - l), or of the heat delivered, Q = D (1 + l).
    """
    return {
        "share_of_produced": delivered / (1.0 - loss),
        "share_of_delivered": delivered * (1.0 + loss),
    }[convention.loss_rule]


def network_flows(
    network: HeatNetwork, electricity: Energy, *, dwellings: Floats, demand_kwh: Floats, convention: Convention
) -> CashFlows:
    """Return the yearly flows of a whole network over its lifetime.

    Capital_0 = K,  Capital_(k m) = K_P for each heat pump lifetime m that ends before the network does
    O&M_t = o M + o_P,  Fuel_t = p_t E,  Carbon_t = c_t E,  E = Q / SPF + a D

    Parameters
    ----------
    network
        The network's figures; numbers, or arrays that broadcast with `dwellings` and `demand_kwh`.
    electricity
        Price p_t and carbon cost c_t [GBP/MWh], emissions [kg/MWh], arrays of shape (..., n).
    dwellings
        Number of dwellings [1], shape (...).
    demand_kwh
        Heat delivered to one dwelling [kWh/yr], shape (...); D is that of all dwellings.
    convention
        Loss rule (D to Q), the heat M that pays the O&M o per MWh, the heat pump's O&M o_P, its replacement,
        the main pipe's length and the year of the first heat.

    Returns
    -------
    CashFlows
        Arrays of shape (..., n + first_heat_year) [GBP, MWh, kg], of the network, not of one dwelling.

    References
    ----------
    Wang, Z. (2018), sections 2.2 and 3.2.2, table A.2.

    """
    first = convention.first_heat_year
    years = network.lifetime_years + first
    capital_gbp = network_capital(network, dwellings=dwellings, convention=convention)
    delivered_mwh = np.asarray(demand_kwh, dtype=float) * dwellings / KWH_PER_MWH
    produced_mwh = produced_heat(delivered_mwh, loss=network.distribution_loss_share, convention=convention)
    electricity_mwh = _by_year(
        produced_mwh / network.heat_pump_spf + network.parasitic_electricity_share * delivered_mwh, network
    )
    worn_out = range(network.heat_pump_lifetime_years, network.lifetime_years, network.heat_pump_lifetime_years)
    bought_again = tuple(worn_out) if convention.replaces_heat_pump else ()
    charged_mwh = delivered_mwh if convention.om_charged_on == "delivered" else produced_mwh
    heat_pump_om_gbp = _heat_pump_om_gbp(network, dwellings=dwellings, convention=convention)
    om_gbp = _heat_om_gbp_per_mwh(network) * charged_mwh + heat_pump_om_gbp
    return CashFlows(
        capital_gbp=purchases(sum(capital_gbp.values()), at=(0,), years=years)
        + purchases(capital_gbp["heat_pump"], at=bought_again, years=years),
        om_gbp=in_operation(_by_year(om_gbp, network), first_year=first),
        fuel_gbp=in_operation(electricity_mwh * electricity.price_gbp_per_mwh, first_year=first),
        carbon_gbp=in_operation(electricity_mwh * electricity.carbon_gbp_per_mwh, first_year=first),
        heat_produced_mwh=in_operation(_by_year(produced_mwh, network), first_year=first),
        heat_delivered_mwh=in_operation(_by_year(delivered_mwh, network), first_year=first),
        co2_kg=in_operation(electricity_mwh * electricity.co2_kg_per_mwh, first_year=first),
    )


def _heat_om_gbp_per_mwh(network: HeatNetwork) -> Floats:
    """Return what pipes, HIUs, meters and their reading cost for each MWh of heat."""
    return (
        network.pipe_om_gbp_per_mwh
        + network.hiu_om_gbp_per_mwh
        + network.meter_om_gbp_per_mwh
        + network.labour_gbp_per_mwh
    )


def _heat_pump_om_gbp(network: HeatNetwork, *, dwellings: Floats, convention: Convention) -> Floats:
    """Return what the heat pump costs to run beside its electricity [GBP/yr]."""
    kw = network.heat_pump_kw_per_dwelling * dwellings
    return {
        "share_of_capital": network.heat_pump_om_share_of_capital * network.heat_pump_capital_gbp_per_kw * kw,
        "per_kw": network.heat_pump_om_gbp_per_kw_year * kw,
    }[convention.heat_pump_om]


def _by_year(constant: Floats, network: HeatNetwork) -> Yearly:
    """Return a yearly amount of shape (...) for each year of operation, shape (..., n)."""
    return np.asarray(constant, dtype=float)[..., None] * np.ones(network.lifetime_years)
