"""Yearly flows of a heat network with one large heat pump, and with peak plant and a store where it has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from transforms.lcoh.assumptions.parameters import NETWORK, Floats, HeatNetwork, PeakPlant, PlantSizing, ThermalStore
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.cash_flows import CashFlows, Yearly, in_operation, purchases, renewed
from transforms.lcoh.model.conventions import Convention
from transforms.lcoh.model.load_shape import HOURS_PER_YEAR, LoadShape, load_shape
from transforms.lcoh.model.pipes import Pipes, mean_diameter_m, network_loss_kw, read_pipes, trench_gbp_per_m
from transforms.lcoh.model.plant import Plant, heat_pump_mwh, size_plant
from transforms.lcoh.model.systems import KWH_PER_MWH, Energy, burns_gas, energy_of

CONNECTIONS = ("hiu", "dwelling_meter", "building_meter")


def network_capital(
    network: HeatNetwork, *, dwellings: Floats, convention: Convention, built: BuiltNetwork | None = None
) -> dict[str, Floats]:
    """Return the initial capital of a network by part [GBP].

    Per dwelling: internal pipe l c, heat interface unit, heat meter.
    Per network: heat pump P c_P, substation S c_S, main pipe L c_L, the meters of buildings, and, where it has them,
    peak plant B c_B and store V c_V.

    Parameters
    ----------
    network
        Lengths [m] and unit costs.
    dwellings
        Number N of dwellings [1], shape (...).
    convention
        Decides how the network is built where `built` is not given.
    built
        Capacities P, S, B [kW], V [kWh], length L [m] and cost c_L [GBP/m], shape (...).

    Returns
    -------
    dict
        Part of the network to its capital [GBP], arrays of shape (...).

    """
    built = built or build_network(network, dwellings=dwellings, convention=convention)
    capital = {
        "internal_pipe": network.internal_pipe_m_per_dwelling * network.internal_pipe_gbp_per_m * dwellings,
        "hiu": network.hiu_gbp_per_dwelling * dwellings,
        "dwelling_meter": network.dwelling_meter_gbp * dwellings,
        "heat_pump": built.heat_pump_kw * network.heat_pump_capital_gbp_per_kw,
        "substation": built.substation_kw * network.substation_gbp_per_kw,
        "main_pipe": built.main_pipe_m * built.main_pipe_gbp_per_m,
        "building_meter": network.building_meters * network.building_meter_gbp,
    }
    if built.plant and built.parts:
        capital |= {
            "peak_plant": built.plant.peak_plant_kw * built.parts.peak_plant.capital_gbp_per_kw,
            "store": built.plant.store_kwh * built.parts.store.capital_gbp_per_kwh,
        }
    return capital


def network_flows(
    network: HeatNetwork,
    electricity: Energy,
    *,
    dwellings: Floats,
    demand_kwh: Floats,
    convention: Convention,
    parts: NetworkParts | None = None,
    built: BuiltNetwork | None = None,
) -> CashFlows:
    """Return the yearly flows of a whole network over its lifetime.

    Capital_0 = K,  Capital_(k m) = K_P for each heat pump lifetime m that ends before the network does, and so for
    peak plant, store and connections where the convention has them; where the horizon is that of a network for all
    systems, what is left of the last one is credited (`renewed`)
    O&M_t = o M + o_P + o_B K_B,  Fuel_t = p_t E + g_t G,  Carbon_t = c_t E + k_t G
    E = Q_P / SPF + a D,  G = (Q - Q_P) / eta of what the peak plant buys, Q_P = Q where there is none

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
        Loss rule (D to Q), the heat M that pays the O&M o per MWh, the heat pump's O&M o_P, what is bought again, and
        the year of the first heat.
    parts
        What the network is built from (`network_parts`), for this demand, where `built` is not given; a convention
        whose rules need no demand needs none.
    built
        Plant and pipes (`build_network`) where they were built for another demand.

    Returns
    -------
    CashFlows
        Arrays of shape (..., n + first_heat_year) [GBP, MWh, kg], of the network, not of one dwelling.

    References
    ----------
    Wang, Z. (2018), sections 2.2 and 3.2.2, table A.2.

    """
    built = built or build_network(
        network, dwellings=dwellings, convention=convention, demand_kwh=demand_kwh, parts=parts
    )
    first = convention.first_heat_year
    capital_gbp = network_capital(network, dwellings=dwellings, convention=convention, built=built)
    heat = _heat_of_year(network, built, dwellings=dwellings, demand_kwh=demand_kwh, convention=convention)
    electricity_mwh = _by_year(
        heat.heat_pump_mwh / network.heat_pump_spf + network.parasitic_electricity_share * heat.delivered_mwh, network
    )
    bought = [(electricity, electricity_mwh)]
    if built.plant and built.parts:
        peak_mwh = (heat.produced_mwh - heat.heat_pump_mwh) / built.parts.peak_plant.efficiency
        bought.append((built.parts.peak_gas or electricity, _by_year(peak_mwh, network)))
    charged_mwh = heat.delivered_mwh if convention.om_charged_on == "delivered" else heat.produced_mwh
    om_gbp = _heat_om_gbp_per_mwh(network) * charged_mwh + _plant_om_gbp(network, built, convention=convention)
    return CashFlows(
        capital_gbp=_spending(capital_gbp, network, built, years=network.lifetime_years + first, convention=convention),
        om_gbp=in_operation(_by_year(om_gbp, network), first_year=first),
        fuel_gbp=in_operation(_total(mwh * energy.price_gbp_per_mwh for energy, mwh in bought), first_year=first),
        carbon_gbp=in_operation(_total(mwh * energy.carbon_gbp_per_mwh for energy, mwh in bought), first_year=first),
        heat_produced_mwh=in_operation(_by_year(heat.produced_mwh, network), first_year=first),
        heat_delivered_mwh=in_operation(_by_year(heat.delivered_mwh, network), first_year=first),
        co2_kg=in_operation(_total(mwh * energy.co2_kg_per_mwh for energy, mwh in bought), first_year=first),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatOfYear:
    """Heat of a network in a year [MWh/yr], arrays of shape (...)."""

    delivered_mwh: Floats
    produced_mwh: Floats
    heat_pump_mwh: Floats


def _heat_of_year(
    network: HeatNetwork, built: BuiltNetwork, *, dwellings: Floats, demand_kwh: Floats, convention: Convention
) -> HeatOfYear:
    """Return what reaches the dwellings, what the plant produces, and how much of it the heat pump makes."""
    delivered_kwh = np.asarray(demand_kwh, dtype=float) * dwellings
    if built.loss_kw is None:
        produced_kwh = produced_heat(delivered_kwh, loss=network.distribution_loss_share, convention=convention)
    else:
        produced_kwh = delivered_kwh + built.loss_kw * HOURS_PER_YEAR
    made_mwh = produced_kwh / KWH_PER_MWH
    if built.plant and built.parts:
        made_mwh = heat_pump_mwh(
            built.plant,
            built.parts.shape,
            demand_kwh=delivered_kwh,
            loss_kw=(produced_kwh - delivered_kwh) / HOURS_PER_YEAR,
        )
    return HeatOfYear(
        delivered_mwh=delivered_kwh / KWH_PER_MWH, produced_mwh=produced_kwh / KWH_PER_MWH, heat_pump_mwh=made_mwh
    )


def _spending(
    capital_gbp: dict[str, Floats], network: HeatNetwork, built: BuiltNetwork, *, years: int, convention: Convention
) -> Yearly:
    """Return what a network's parts cost over its life, shape (..., years): once, or whenever they are worn out."""
    lives = {"heat_pump": network.heat_pump_lifetime_years} if convention.replaces_heat_pump else {}
    if convention.replaces_connections:
        lives |= dict.fromkeys(CONNECTIONS, network.connection_lifetime_years)
    if built.parts:
        lives |= {
            "peak_plant": built.parts.peak_plant.lifetime_years,
            "store": built.parts.store.lifetime_years,
        }
    horizon = network.lifetime_years
    by_life: dict[int, Floats] = {}
    for part, gbp in capital_gbp.items():
        life = lives.get(part, horizon)
        by_life[life] = by_life.get(life, 0.0) + gbp
    return _total(
        renewed(gbp, lifetime_years=life, horizon_years=horizon, years=years)
        if convention.horizon == "network_life"
        else purchases(gbp, at=tuple(range(0, horizon, life)), years=years)
        for life, gbp in by_life.items()
    )


def _total(flows: Iterable[Yearly]) -> Yearly:
    return reduce(np.add, flows)


def _heat_om_gbp_per_mwh(network: HeatNetwork) -> Floats:
    """Return what pipes, HIUs, meters and their reading cost for each MWh of heat."""
    return (
        network.pipe_om_gbp_per_mwh
        + network.hiu_om_gbp_per_mwh
        + network.meter_om_gbp_per_mwh
        + network.labour_gbp_per_mwh
    )


def _plant_om_gbp(network: HeatNetwork, built: BuiltNetwork, *, convention: Convention) -> Floats:
    """Return what heat pump and peak plant cost to run beside their energy [GBP/yr]."""
    heat_pump = {
        "share_of_capital": network.heat_pump_om_share_of_capital * network.heat_pump_capital_gbp_per_kw,
        "per_kw": network.heat_pump_om_gbp_per_kw_year,
    }[convention.heat_pump_om] * built.heat_pump_kw
    if not (built.plant and built.parts):
        return heat_pump
    boiler = built.parts.peak_plant
    return heat_pump + boiler.om_share_of_capital * boiler.capital_gbp_per_kw * built.plant.peak_plant_kw


def _by_year(constant: Floats, network: HeatNetwork) -> Yearly:
    """Return a yearly amount of shape (...) for each year of operation, shape (..., n)."""
    return np.asarray(constant, dtype=float)[..., None] * np.ones(network.lifetime_years)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkParts:
    """What a network is built from beside the figures of `HeatNetwork`; any figure may be an array."""

    sizing: PlantSizing
    store: ThermalStore
    peak_plant: PeakPlant
    peak_gas: Energy | None
    """What a gas boiler buys; None where the peak plant draws the heat pump's electricity."""
    pipes: Pipes
    shape: LoadShape


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltNetwork:
    """A network as it was built, arrays of shape (...): it does not follow when demand changes afterwards."""

    heat_pump_kw: Floats
    substation_kw: Floats
    main_pipe_m: Floats
    main_pipe_gbp_per_m: Floats
    loss_kw: Floats | None
    """Heat that pipes lose at all hours; None where the loss is a share of the heat."""
    plant: Plant | None
    """Store and peak plant; None where the heat pump makes all the heat."""
    parts: NetworkParts | None


def network_parts(figures: ScenarioFigures, convention: Convention, *, shape: LoadShape | None = None) -> NetworkParts:
    """Return what networks are built from; `shape` where the load is measured, else that of the assumptions."""
    return NetworkParts(
        sizing=figures.record(PlantSizing, "network_plant"),
        store=figures.record(ThermalStore, "network_store"),
        peak_plant=figures.record(PeakPlant, f"network_{convention.peak_plant}"),
        peak_gas=energy_of(figures, convention, system=NETWORK, carrier="gas") if burns_gas(convention) else None,
        pipes=read_pipes(figures),
        shape=load_shape(figures) if shape is None else shape,
    )


def build_network(
    network: HeatNetwork,
    *,
    dwellings: Floats,
    convention: Convention,
    demand_kwh: Floats | None = None,
    parts: NetworkParts | None = None,
    main_pipe_m: Floats | None = None,
) -> BuiltNetwork:
    """Return plant and pipes of a network by the rules of a convention.

    Parameters
    ----------
    network
        Lengths [m], capacities [kW] and unit costs.
    dwellings
        Number N of dwellings [1], shape (...).
    convention
        How plant, main pipe, its cost and the loss are reckoned.
    demand_kwh
        Heat delivered to one dwelling that plant and pipes are built for [kWh/yr], shape (...).
    parts
        Plant, pipes and load shape; needed, as is the demand, where anything is sized by them.
    main_pipe_m
        Length of the main pipe [m], shape (...), where the convention takes it from a map.

    Raises
    ------
    AssumptionError
        If the convention needs a length, a demand or parts that are not given.

    """
    main_m = _main_pipe_m(network, dwellings=dwellings, convention=convention, mapped_m=main_pipe_m)
    by_pipe, by_diameter = convention.loss_rule == "pipe_heat_loss", convention.pipe_cost == "by_diameter"
    by_load = convention.network_sizing == "load_curve"
    if not (by_pipe or by_diameter or by_load):
        return BuiltNetwork(
            heat_pump_kw=network.heat_pump_kw_per_dwelling * dwellings,
            substation_kw=network.substation_kw_per_dwelling * dwellings,
            main_pipe_m=main_m,
            main_pipe_gbp_per_m=network.main_pipe_gbp_per_m,
            loss_kw=None,
            plant=None,
            parts=None,
        )
    if parts is None or demand_kwh is None:
        message = (
            f"convention {convention.name} sizes networks by their demand and parts, which are not given: build them "
            "with demand_kwh and network_parts(figures, convention)"
        )
        raise AssumptionError(message)
    heat_kwh = np.asarray(demand_kwh, dtype=float) * dwellings
    diameter_m = mean_diameter_m(parts.pipes.law, heat_mwh_per_m=heat_kwh / KWH_PER_MWH / np.maximum(main_m, 1.0))
    if by_pipe:
        branches_m = network.internal_pipe_m_per_dwelling * np.asarray(dwellings, dtype=float)
        loss_kw = network_loss_kw(parts.pipes, main_m=main_m, diameter_m=diameter_m, branches_m=branches_m)
    else:
        produced_kwh = produced_heat(heat_kwh, loss=network.distribution_loss_share, convention=convention)
        loss_kw = (produced_kwh - heat_kwh) / HOURS_PER_YEAR
    plant = (
        size_plant(parts.sizing, parts.store, parts.shape, dwellings=dwellings, demand_kwh=heat_kwh, loss_kw=loss_kw)
        if by_load
        else None
    )
    return BuiltNetwork(
        heat_pump_kw=plant.heat_pump_kw if plant else network.heat_pump_kw_per_dwelling * dwellings,
        substation_kw=plant.peak_kw if plant else network.substation_kw_per_dwelling * dwellings,
        main_pipe_m=main_m,
        main_pipe_gbp_per_m=trench_gbp_per_m(parts.pipes.law, diameter_m=diameter_m)
        if by_diameter
        else network.main_pipe_gbp_per_m,
        loss_kw=loss_kw if by_pipe else None,
        plant=plant,
        parts=parts,
    )


def with_loss_share(built: BuiltNetwork, loss_share: Floats, *, dwellings: Floats, demand_kwh: Floats) -> BuiltNetwork:
    """Return a network whose pipes lose another share l of the heat produced, w = l / (1 - l) D / 8760 [kW].

    Where the loss is a share by convention, the network's own figure holds and nothing changes here.
    """
    if built.loss_kw is None:
        return built
    delivered_kw = np.asarray(demand_kwh, dtype=float) * dwellings / HOURS_PER_YEAR
    return replace(built, loss_kw=loss_share / (1.0 - np.asarray(loss_share)) * delivered_kw)


def produced_heat(delivered: Floats, *, loss: Floats, convention: Convention) -> Floats:
    """Return the heat that the plant produces so that `delivered` reaches the dwellings, in the unit of the latter.

    The loss [1] is a share of the heat produced, Q = D / (1 - l), or of the heat delivered, Q = D (1 + l).
    """
    return delivered * (1.0 + loss) if convention.loss_rule == "share_of_delivered" else delivered / (1.0 - loss)


def _main_pipe_m(network: HeatNetwork, *, dwellings: Floats, convention: Convention, mapped_m: Floats | None) -> Floats:
    if convention.main_pipe == "mapped_length":
        if mapped_m is None:
            message = f"convention {convention.name} takes the main pipe from a map: give main_pipe_m"
            raise AssumptionError(message)
        return mapped_m
    return {
        "fixed_length": network.main_pipe_m,
        "length_per_dwelling": network.main_pipe_m_per_dwelling * dwellings,
    }[convention.main_pipe]
