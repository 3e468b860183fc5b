"""Yearly flows of a heat network: pipes, connections, and a plant of its own or heat that it buys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

import numpy as np

from transforms.lcoh.assumptions.parameters import (
    NETWORK,
    NETWORK_SOURCE,
    PEAK_PLANTS,
    Floats,
    HeatNetwork,
    NetworkSource,
    PeakPlant,
    PipeLaw,
    PlantSizing,
    ThermalStore,
)
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.cash_flows import FIRST_HEAT_YEAR, CashFlows, Yearly, in_operation, purchases, renewed
from transforms.lcoh.model.conventions import Convention
from transforms.lcoh.model.heat_pumps import lorenz_cop
from transforms.lcoh.model.load_shape import HOURS_PER_YEAR, LoadShape, load_shape
from transforms.lcoh.model.perspectives import PERSPECTIVES
from transforms.lcoh.model.pipes import mean_diameter_m, network_loss_kw, read_pipes, trench_gbp_per_m
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.plant import Plant, heat_pump_mwh, size_plant
from transforms.lcoh.model.systems import BOUGHT_HEAT, KWH_PER_MWH, Energy, gas_standing_charge

CONNECTIONS: Final = ("hiu", "dwelling_meter", "building_meter")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlant:
    """Plant sized by the load of the homes, with the costs of its parts."""

    sizes: Plant
    shape: LoadShape
    store: ThermalStore
    peak_plant: PeakPlant


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltNetwork:
    """A network as it was built, arrays of shape (...); it stays the same when the demand changes later."""

    network: HeatNetwork
    convention: Convention
    place: Place
    heat_pump_kw: Floats
    """Size of the heat pump [kW]; 0 where the network buys its heat."""
    substation_kw: Floats
    main_pipe_m: Floats
    trench_gbp_per_m: Floats
    """Cost of a metre of main pipe or link pipe [GBP/m]."""
    loss_kw: Floats | None
    """Heat that pipes lose at all hours; None where the loss is a share of the heat."""
    kept_gas_gbp_per_year: Floats
    """Standing charge of gas that homes keep for cooking, without the VAT that is added to the cost of heat [GBP/yr]."""
    load_plant: LoadPlant | None
    """Heat pump, store and peak plant sized by the load; None if the heat pump makes all heat, or heat is bought."""


def build_network(
    figures: ScenarioFigures, convention: Convention, place: Place, *, demand_kwh: Floats
) -> BuiltNetwork:
    """Return plant and pipes of a network by the rules of a convention.

    Parameters
    ----------
    figures, convention
        Lengths [m], capacities [kW] and unit costs; and the rules for plant, main pipe, its cost and the loss.
    place
        Homes N, given pipes, the load, and bought heat. A link pipe counts as trench like the main pipe: linear heat
        density and mean diameter are those of both together.
    demand_kwh
        Heat delivered to one connected home that plant and pipes are built for [kWh/yr], shape (...).

    Raises
    ------
    AssumptionError
        If the convention takes the length of the main pipe from a map, and the place gives none.

    """
    network = figures.record(HeatNetwork, NETWORK)
    pipes, shape = read_pipes(figures), place.load or load_shape(figures)
    by_pipe, by_diameter = convention.loss_rule == "pipe_heat_loss", convention.pipe_cost == "by_diameter"
    main_m = _main_pipe_m(network, convention, place)
    trench_m = main_m + place.link_pipe_m
    heat_kwh = np.asarray(demand_kwh, dtype=float) * place.dwellings
    diameter_m = mean_diameter_m(pipes.law, heat_mwh_per_m=heat_kwh / KWH_PER_MWH / np.maximum(trench_m, 1.0))
    if by_pipe:
        branches_m = network.internal_pipe_m_per_dwelling * np.asarray(place.dwellings, dtype=float)
        loss_kw = network_loss_kw(pipes, main_m=trench_m, diameter_m=diameter_m, branches_m=branches_m)
    else:
        loss_kw = (produced_heat(heat_kwh, loss=network.distribution_loss_share) - heat_kwh) / HOURS_PER_YEAR
    heat_pump_kw = network.heat_pump_kw_per_dwelling * place.dwellings
    substation_kw = network.substation_kw_per_dwelling * place.dwellings
    if convention.spf == "hourly" and figures.has(NETWORK_SOURCE, "rated_lorenz_cop"):
        spf = _hourly_spf(network, figures.record(NetworkSource, NETWORK_SOURCE), pipes.law, heat_kwh, loss_kw)
        network = replace(network, heat_pump_spf=spf)
    load_plant = None
    if convention.network_sizing == "load_curve":
        sizing, store = figures.record(PlantSizing, "network_plant"), figures.record(ThermalStore, "network_store")
        sizes = size_plant(sizing, store, shape, dwellings=place.dwellings, demand_kwh=heat_kwh, loss_kw=loss_kw)
        heat_pump_kw, substation_kw = sizes.heat_pump_kw, sizes.peak_kw
        peak_plant = figures.record(PeakPlant, f"network_{convention.peak_plant}")
        load_plant = LoadPlant(sizes=sizes, shape=shape, store=store, peak_plant=peak_plant)
    buys = place.bought_heat is not None
    return BuiltNetwork(
        network=network,
        convention=convention,
        place=place,
        heat_pump_kw=0.0 if buys else heat_pump_kw,
        substation_kw=substation_kw,
        main_pipe_m=main_m,
        trench_gbp_per_m=trench_gbp_per_m(pipes.law, diameter_m=diameter_m)
        if by_diameter
        else network.main_pipe_gbp_per_m,
        loss_kw=loss_kw if by_pipe else None,
        kept_gas_gbp_per_year=_kept_gas_gbp(figures, convention) * place.dwellings,
        load_plant=None if buys else load_plant,
    )


def _hourly_spf(network: HeatNetwork, source: NetworkSource, law: PipeLaw, heat_kwh: Floats, loss_kw: Floats) -> Floats:
    r"""Return heat over electricity of a network's heat pump whose COP follows its source and its flow by the hour [1].

    .. math:: SPF = \frac{D + W}{D / COP(T_{heat}) + W / COP(T_{loss})}, \quad COP(T) = SPF_{rated} \, L(T) / L_{rated}

    D is the heat of the homes and W what pipes lose. L is the Lorenz COP (`heat_pumps.lorenz_cop`) at the network's
    flow and return. Heat of the peak plant in the coldest hours counts as heat of the heat pump.

    Raises
    ------
    AssumptionError
        If the source is as warm as the water of the network.

    """
    lost_kwh = loss_kw * HOURS_PER_YEAR
    over_rated = {
        source_c: lorenz_cop(source_c, flow_c=law.flow_c, return_c=law.return_c, cooling_k=source.source_cooling_k)
        / source.rated_lorenz_cop
        for source_c in (source.source_c_of_heat, source.source_c_of_loss)
    }
    if min(over_rated.values()) <= 0:
        message = (
            f"the source of the network's heat pump ({source.source_c_of_heat:.3g} degC, network_source) is as warm as its "
            f"water ({law.flow_c:.3g} degC of flow, pipe.flow_c): such a network needs no heat pump"
        )
        raise AssumptionError(message)
    of_heat, of_loss = (
        network.heat_pump_spf * over_rated[at] for at in (source.source_c_of_heat, source.source_c_of_loss)
    )
    spf: Floats = (heat_kwh + lost_kwh) / (heat_kwh / of_heat + lost_kwh / of_loss)
    return spf


def _kept_gas_gbp(figures: ScenarioFigures, convention: Convention) -> Floats:
    """Return the standing charge of gas that a home of a network still pays, without the VAT on its heat [GBP/yr].

    It counts where homes pay the costs; other perspectives leave it out.
    """
    if PERSPECTIVES[convention.perspective].vat != "homes":
        return 0.0
    return gas_standing_charge(figures, NETWORK) / (1.0 + figures.one("vat", "on_heat"))


def network_capital(built: BuiltNetwork) -> dict[str, Floats]:
    """Return the initial capital of a network by part [GBP], arrays of shape (...).

    Per connected home: internal pipe l c, heat interface unit, heat meter.
    Per network: heat pump P c_P, substation S c_S, main pipe L c_L, link pipe, the meters of buildings, and, where it
    has them, peak plant B c_B and store V c_V. Each part is raised by the optimism bias b, to (1 + b) of its estimate.

    References
    ----------
    Wang, Z. (2018), table A.2. HM Treasury, supplementary Green Book guidance: optimism bias.

    """
    network, dwellings = built.network, built.place.dwellings
    capital = {
        "internal_pipe": network.internal_pipe_m_per_dwelling * network.internal_pipe_gbp_per_m * dwellings,
        "hiu": network.hiu_gbp_per_dwelling * dwellings,
        "dwelling_meter": network.dwelling_meter_gbp * dwellings,
        "heat_pump": built.heat_pump_kw * network.heat_pump_capital_gbp_per_kw,
        "substation": built.substation_kw * network.substation_gbp_per_kw,
        "main_pipe": built.main_pipe_m * built.trench_gbp_per_m,
        "link_pipe": built.place.link_pipe_m * built.trench_gbp_per_m,
        "building_meter": network.building_meters * network.building_meter_gbp,
    }
    if plant := built.load_plant:
        capital |= {
            "peak_plant": plant.sizes.peak_plant_kw * plant.peak_plant.capital_gbp_per_kw,
            "store": plant.sizes.store_kwh * plant.store.capital_gbp_per_kwh,
        }
    return {part: gbp * (1.0 + network.optimism_bias_share) for part, gbp in capital.items()}


def network_flows(built: BuiltNetwork, energy: Mapping[str, Energy], *, demand_kwh: Floats) -> CashFlows:
    """Return the yearly flows of a whole network over its lifetime.

    Capital_0 = K,  Capital_(k m) = K_P for each lifetime m of the heat pump that ends before the network's life, and so
    for peak plant, store and connections where the convention has them; where all systems have the horizon of a network,
    the rest of the last purchase is credited (`renewed`)
    O&M_t = o D + o_P + o_B K_B + s N,  with the standing charge s of a home for the gas that it still cooks with
    Fuel_t = p_t E + g_t G,  Carbon_t = c_t E + k_t G
    E = Q_P / SPF + a D,  G = (Q - Q_P) / eta,  with the heat Q_P of the heat pump; Q_P = Q without a peak plant
    A network that buys its heat: E = a D,  G = Q

    Parameters
    ----------
    built
        The network (`build_network`). Its values may be arrays that broadcast with `demand_kwh`.
    energy
        By carrier (electricity, gas, heat): price p_t and carbon cost c_t [GBP/MWh], emissions [kg/MWh],
        arrays of shape (..., n).
    demand_kwh
        Heat delivered to one connected home [kWh/yr], shape (...); D is that of all homes. It may differ
        from the demand for which the network was built.

    Returns
    -------
    CashFlows
        Arrays of shape (..., n + 1) [GBP, MWh, kg], of the network, not of one dwelling.

    References
    ----------
    Wang, Z. (2018), sections 2.2 and 3.2.2, table A.2.

    """
    network = built.network
    heat = _heat_of_year(built, demand_kwh=demand_kwh)
    bought = [(energy[carrier], _by_year(mwh, network)) for carrier, mwh in _bought_mwh(built, heat)]
    om_gbp = _heat_om_gbp_per_mwh(network) * heat.delivered_mwh + _plant_om_gbp(built) + built.kept_gas_gbp_per_year
    return CashFlows(
        capital_gbp=_spending(built),
        om_gbp=in_operation(_by_year(om_gbp, network)),
        fuel_gbp=in_operation(_total(mwh * one.price_gbp_per_mwh for one, mwh in bought)),
        carbon_gbp=in_operation(_total(mwh * one.carbon_gbp_per_mwh for one, mwh in bought)),
        heat_produced_mwh=in_operation(_by_year(heat.produced_mwh, network)),
        heat_delivered_mwh=in_operation(_by_year(heat.delivered_mwh, network)),
        co2_kg=in_operation(_total(mwh * one.co2_kg_per_mwh for one, mwh in bought)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatOfYear:
    """Heat of a network in a year [MWh/yr], arrays of shape (...)."""

    delivered_mwh: Floats
    produced_mwh: Floats
    heat_pump_mwh: Floats


def _heat_of_year(built: BuiltNetwork, *, demand_kwh: Floats) -> HeatOfYear:
    """Return the heat that reaches the homes, the heat that enters the pipes, and the heat pump's part of it."""
    delivered_kwh = np.asarray(demand_kwh, dtype=float) * built.place.dwellings
    if built.loss_kw is None:
        produced_kwh = produced_heat(delivered_kwh, loss=built.network.distribution_loss_share)
    else:
        produced_kwh = delivered_kwh + built.loss_kw * HOURS_PER_YEAR
    made_mwh = produced_kwh / KWH_PER_MWH
    if plant := built.load_plant:
        loss_kw = (produced_kwh - delivered_kwh) / HOURS_PER_YEAR
        made_mwh = heat_pump_mwh(plant.sizes, plant.shape, demand_kwh=delivered_kwh, loss_kw=loss_kw)
    return HeatOfYear(
        delivered_mwh=delivered_kwh / KWH_PER_MWH, produced_mwh=produced_kwh / KWH_PER_MWH, heat_pump_mwh=made_mwh
    )


def _bought_mwh(built: BuiltNetwork, heat: HeatOfYear) -> list[tuple[str, Floats]]:
    """Return the energy that a network buys in a year [MWh/yr]: electricity, then fuel of its peak plant, or heat."""
    network, pumps_mwh = built.network, built.network.parasitic_electricity_share * heat.delivered_mwh
    if built.place.bought_heat:
        return [("electricity", pumps_mwh), (BOUGHT_HEAT, heat.produced_mwh)]
    bought: list[tuple[str, Floats]] = [("electricity", heat.heat_pump_mwh / network.heat_pump_spf + pumps_mwh)]
    if plant := built.load_plant:
        peak_mwh = (heat.produced_mwh - heat.heat_pump_mwh) / plant.peak_plant.efficiency
        bought.append((PEAK_PLANTS[built.convention.peak_plant], peak_mwh))
    return bought


def _spending(built: BuiltNetwork) -> Yearly:
    """Return the spending on a network's parts over its life, shape (..., years); worn-out parts are bought again."""
    network, convention = built.network, built.convention
    lives = {"heat_pump": network.heat_pump_lifetime_years} if convention.replaces_heat_pump else {}
    if convention.replaces_connections:
        lives |= dict.fromkeys(CONNECTIONS, network.connection_lifetime_years)
    if plant := built.load_plant:
        lives |= {"peak_plant": plant.peak_plant.lifetime_years, "store": plant.store.lifetime_years}
    horizon = network.lifetime_years
    years = horizon + FIRST_HEAT_YEAR
    by_life: dict[int, Floats] = {}
    for part, gbp in network_capital(built).items():
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
    """Return the cost of pipes, HIUs, meters and labour for each MWh delivered [GBP/MWh]."""
    return (
        network.pipe_om_gbp_per_mwh
        + network.hiu_om_gbp_per_mwh
        + network.meter_om_gbp_per_mwh
        + network.labour_gbp_per_mwh
    )


def _plant_om_gbp(built: BuiltNetwork) -> Floats:
    """Return the cost of operation and maintenance of heat pump and peak plant, without energy [GBP/yr]."""
    network = built.network
    heat_pump = {
        "share_of_capital": network.heat_pump_om_share_of_capital * network.heat_pump_capital_gbp_per_kw,
        "per_kw": network.heat_pump_om_gbp_per_kw_year,
    }[built.convention.heat_pump_om] * built.heat_pump_kw
    if not (plant := built.load_plant):
        return heat_pump
    boiler = plant.peak_plant
    return heat_pump + boiler.om_share_of_capital * boiler.capital_gbp_per_kw * plant.sizes.peak_plant_kw


def _by_year(constant: Floats, network: HeatNetwork) -> Yearly:
    """Return a yearly amount of shape (...) for each year of operation, shape (..., n)."""
    return np.asarray(constant, dtype=float)[..., None] * np.ones(network.lifetime_years)


def with_loss_share(built: BuiltNetwork, loss_share: Floats, *, demand_kwh: Floats) -> BuiltNetwork:
    """Return a network whose pipes lose another share l of the heat produced, w = l / (1 - l) D / 8760 [kW]."""
    network = replace(built.network, distribution_loss_share=loss_share)
    if built.loss_kw is None:
        return replace(built, network=network)
    delivered_kw = np.asarray(demand_kwh, dtype=float) * built.place.dwellings / HOURS_PER_YEAR
    return replace(built, network=network, loss_kw=loss_share / (1.0 - np.asarray(loss_share)) * delivered_kw)


def produced_heat(delivered: Floats, *, loss: Floats) -> Floats:
    """Return the heat that enters the pipes so that `delivered` reaches the homes, Q = D / (1 - l), in its unit."""
    return delivered / (1.0 - loss)


def _main_pipe_m(network: HeatNetwork, convention: Convention, place: Place) -> Floats:
    if convention.main_pipe == "mapped_length":
        if place.main_pipe_m is None:
            message = (
                f"convention {convention.name} takes the main pipe from a map: give the place its main pipe in metres, "
                "or take best_practice"
            )
            raise AssumptionError(message)
        return place.main_pipe_m
    return {
        "fixed_length": network.main_pipe_m,
        "length_per_dwelling": network.main_pipe_m_per_dwelling * place.every_home,
    }[convention.main_pipe]
