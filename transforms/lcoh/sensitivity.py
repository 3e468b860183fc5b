"""The levelised cost of a system when something changes and the plant stays as it was built."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from transforms.lcoh.cash_flows import CashFlows, LevelisedCost
from transforms.lcoh.conventions import Convention
from transforms.lcoh.load_shape import LoadShape
from transforms.lcoh.network_build import BuiltNetwork, build_network, network_parts, with_loss_share
from transforms.lcoh.networks import network_flows
from transforms.lcoh.parameters import (
    NETWORK,
    Carrier,
    Floats,
    HeatNetwork,
    IndividualSystem,
)
from transforms.lcoh.scenarios import ScenarioFigures
from transforms.lcoh.systems import (
    Energy,
    energy_of,
    individual_flows,
    individual_system,
    purchases_of,
)
from transforms.lcoh.valuation import cost_of

HEAT_PUMPS: Final = ("ashp", "gshp", NETWORK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What differs from the base; arrays of one shape give a curve, or draws."""

    demand_factor: Floats = 1.0
    capital_factor: Floats = 1.0
    om_factor: Floats = 1.0
    gas_price_factor: Floats = 1.0
    electricity_price_factor: Floats = 1.0
    carbon_factor: Floats = 1.0
    discount_rate: Floats | None = None
    heat_pump_spf: Floats | None = None
    distribution_loss_share: Floats | None = None


BASE = Change()


def system_cost(
    figures: ScenarioFigures,
    convention: Convention,
    *,
    system: str,
    dwellings: Floats = 1.0,
    demand_kwh: Floats,
    change: Change = BASE,
    shape: LoadShape | None = None,
    main_pipe_m: Floats | None = None,
) -> LevelisedCost:
    """Return the levelised cost of a system under a change.

    Parameters
    ----------
    figures, convention
        The scenario's figures and the reading of the cost model.
    system
        A system in one home, or `network`.
    dwellings
        Number of dwellings of a network [1], shape (...).
    demand_kwh
        Heat delivered to one dwelling in the base [kWh/yr], shape (...).
    change
        Factors [1] on the demand, on all capital, on all operation and maintenance, on the prices of gas and
        electricity and on the cost of carbon; another discount rate [1/yr] in all years, SPF [1] or distribution
        loss [1]. What is built, plant, pipes or a home's system, is built for the demand of the base and does not
        follow it: the paper changes one input at a time.
    shape
        Measured load through the year and diversity that a network is built by; without it, that of the assumptions.
    main_pipe_m
        Length of a network's main pipe [m], shape (...), where the convention takes it from a map.

    Returns
    -------
    LevelisedCost
        Elements [GBP/MWh] of the shape that all arguments broadcast to.

    References
    ----------
    Wang, Z. (2018), figures 7 and 8.

    """
    base = build_base(
        figures,
        convention,
        system=system,
        dwellings=dwellings,
        demand_kwh=demand_kwh,
        shape=shape,
        main_pipe_m=main_pipe_m,
    )
    return changed_cost(base, change)


def network_cost(
    figures: ScenarioFigures,
    convention: Convention,
    *,
    dwellings: Floats,
    demand_kwh: Floats,
    change: Change = BASE,
    shape: LoadShape | None = None,
    main_pipe_m: Floats | None = None,
) -> LevelisedCost:
    """Return the levelised cost of a network under a change, as `system_cost` does."""
    return system_cost(
        figures,
        convention,
        system=NETWORK,
        dwellings=dwellings,
        demand_kwh=demand_kwh,
        change=change,
        shape=shape,
        main_pipe_m=main_pipe_m,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A system as it is built for its base, with the energy that it buys; it stays when something changes."""

    figures: ScenarioFigures
    convention: Convention
    system: str
    dwellings: Floats
    demand_kwh: Floats
    energy: Energy
    own: IndividualSystem | HeatNetwork
    built: BuiltNetwork | None


def build_base(
    figures: ScenarioFigures,
    convention: Convention,
    *,
    system: str,
    dwellings: Floats = 1.0,
    demand_kwh: Floats,
    dwelling_type: str = "all",
    shape: LoadShape | None = None,
    main_pipe_m: Floats | None = None,
) -> Base:
    """Return a system built for its base, to be costed under many changes; parameters as of `system_cost`.

    `dwelling_type` is that of the homes of an individual system, whose load its SPF is that of.
    """
    own: IndividualSystem | HeatNetwork
    built = None
    if system == NETWORK:
        own = figures.record(HeatNetwork, NETWORK)
        built = build_network(
            own,
            dwellings=dwellings,
            demand_kwh=demand_kwh,
            convention=convention,
            parts=network_parts(figures, convention, shape=shape),
            main_pipe_m=main_pipe_m,
        )
    else:
        own = individual_system(figures, convention, system, demand_kwh=demand_kwh, dwelling_types=dwelling_type)
    return Base(
        figures=figures,
        convention=convention,
        system=system,
        dwellings=dwellings,
        demand_kwh=demand_kwh,
        energy=energy_of(figures, convention, system=system),
        own=own,
        built=built,
    )


def changed_cost(base: Base, change: Change) -> LevelisedCost:
    """Return the levelised cost of what was built, under a change, as `system_cost` does."""
    cost = cost_of(
        changed_flows(base, change),
        base.figures,
        base.convention,
        system=base.system,
        discount_rate=change.discount_rate,
    )
    carrier, *others = _carriers(base)
    price_factor = {"gas": change.gas_price_factor, "electricity": change.electricity_price_factor}[carrier]
    return LevelisedCost(  # an element is proportional to its costs: scaling it spares every year of every draw
        capital=cost.capital * change.capital_factor,
        om=cost.om * change.om_factor,
        fuel=cost.fuel * (1.0 if others else price_factor),  # what burns two energies is scaled in its flows
        carbon=cost.carbon * change.carbon_factor,
    )


def changed_flows(base: Base, change: Change) -> CashFlows:
    """Return the yearly flows of what was built under a change of demand, SPF or loss, of all dwellings together."""
    demand_kwh = base.demand_kwh * np.asarray(change.demand_factor)
    spf = change.heat_pump_spf
    own, energy, built = base.own, base.energy, base.built
    if isinstance(own, IndividualSystem):
        return individual_flows(
            own if spf is None or base.system not in HEAT_PUMPS else replace(own, efficiency=spf),
            energy,
            demand_kwh=demand_kwh,
            first_heat_year=base.convention.first_heat_year,
        )
    network, loss = own if spf is None else replace(own, heat_pump_spf=spf), change.distribution_loss_share
    if len(_carriers(base)) > 1:
        energy, built = _dearer(energy, change.electricity_price_factor), _with_dearer_gas(built, change)
    if loss is not None:
        network = replace(network, distribution_loss_share=loss)
        if built:
            built = with_loss_share(built, loss, dwellings=base.dwellings, demand_kwh=base.demand_kwh)
    return network_flows(
        network,
        energy,
        dwellings=base.dwellings,
        demand_kwh=demand_kwh,
        convention=base.convention,
        built=built,
    )


def _carriers(base: Base) -> list[Carrier]:
    return list(dict.fromkeys(bought.carrier for bought in purchases_of(base.convention, base.system)))


def _dearer(energy: Energy, factor: Floats) -> Energy:
    return replace(energy, price_gbp_per_mwh=energy.price_gbp_per_mwh * np.asarray(factor, dtype=float)[..., None])


def _with_dearer_gas(built: BuiltNetwork | None, change: Change) -> BuiltNetwork | None:
    if not (built and built.parts and built.parts.peak_gas):
        return built
    gas = _dearer(built.parts.peak_gas, change.gas_price_factor)
    return replace(built, parts=replace(built.parts, peak_gas=gas))
