"""A heat network as it is built: plant, pipes and what they lose, by the rules of a convention."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from transforms.lcoh.conventions import Convention
from transforms.lcoh.load_shape import HOURS_PER_YEAR, LoadShape, load_shape
from transforms.lcoh.parameters import NETWORK, Floats, HeatNetwork, PeakPlant, PlantSizing, ThermalStore
from transforms.lcoh.pipes import Pipes, mean_diameter_m, network_loss_kw, read_pipes, trench_gbp_per_m
from transforms.lcoh.plant import Plant, size_plant
from transforms.lcoh.refusals import AssumptionError
from transforms.lcoh.scenarios import ScenarioFigures
from transforms.lcoh.systems import KWH_PER_MWH, Energy, burns_gas, energy_of


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
