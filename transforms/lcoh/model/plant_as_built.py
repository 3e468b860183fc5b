"""The levelised cost of a system when something changes and the plant stays as it was built."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import (
    INDIVIDUAL_SYSTEMS,
    NETWORK,
    Carrier,
    Floats,
    HeatNetwork,
    IndividualSystem,
)
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.cash_flows import CashFlows, LevelisedCost, Yearly, discount_factors, renewed
from transforms.lcoh.model.conventions import Convention
from transforms.lcoh.model.demands import check_demand, network_keys
from transforms.lcoh.model.load_shape import LoadShape
from transforms.lcoh.model.networks import BuiltNetwork, build_network, network_flows, network_parts, with_loss_share
from transforms.lcoh.model.systems import (
    KG_PER_TONNE,
    Energy,
    energy_of,
    horizon_years,
    individual_flows,
    individual_system,
    missing_series,
    purchases_of,
)
from transforms.lcoh.model.valuation import cost_of, discount_rates

HEAT_PUMPS: Final = ("ashp", "gshp", NETWORK)
BOILER: Final = "gas_boiler"
Reference: TypeAlias = Literal["existing_boiler", "new_boiler"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """What may be changed, each a number or an array with one figure per row of a contender.

    The price of carbon holds for every system; the price of electricity, the SPF and the grant for those that run on it.
    """

    carbon_gbp_per_tonne: Floats | None = None
    """Price of carbon in all years, instead of the one that the perspective charges."""
    electricity_price_factor: Floats = 1.0
    spf: Floats | None = None
    grant_gbp_per_dwelling: Floats = 0.0
    """Paid towards the first capital, not towards what is bought again."""


AS_IT_IS: Final = Lever()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One system for many demands."""

    system: str
    keys: pl.DataFrame
    """Columns period, dwelling_type, demand_kwh, scale and dwellings, a row for each demand."""
    figures: ScenarioFigures
    convention: Convention
    plant: IndividualSystem | HeatNetwork
    energy: Energy
    built: BuiltNetwork | None = None
    """Plant and pipes of a network; no lever changes them."""

    @property
    def dwellings(self) -> Yearly:
        """Homes that each row serves [1]."""
        return self.keys["dwellings"].cast(pl.Float64).to_numpy()

    @property
    def spf(self) -> Floats:
        """Heat over purchased energy, of a network that of its heat pump [1]."""
        return self.plant.heat_pump_spf if isinstance(self.plant, HeatNetwork) else self.plant.efficiency

    def flows(self, lever: Lever = AS_IT_IS) -> CashFlows:
        """Return the yearly flows of each row, of the whole network where it is one; shape (rows, T)."""
        electric = self.system != BOILER
        energy = _changed(self.energy, lever, electric=electric)
        plant, demand_kwh = self.plant, self.keys["demand_kwh"].to_numpy()
        spf = lever.spf if electric and lever.spf is not None else self.spf
        if isinstance(plant, HeatNetwork):
            flows = network_flows(
                replace(plant, heat_pump_spf=spf),
                energy,
                dwellings=self.dwellings,
                demand_kwh=demand_kwh,
                convention=self.convention,
                built=_changed_peak(self.built, lever),
            )
        else:
            flows = individual_flows(
                replace(plant, efficiency=spf),
                energy,
                demand_kwh=demand_kwh,
                first_heat_year=self.convention.first_heat_year,
            )
        if not electric:
            return flows
        first_year = np.arange(flows.capital_gbp.shape[-1]) == 0
        grant_gbp = (lever.grant_gbp_per_dwelling * self.dwellings)[:, None] * first_year
        return replace(flows, capital_gbp=flows.capital_gbp - grant_gbp)

    def cost(self, lever: Lever = AS_IT_IS) -> LevelisedCost:
        """Return the levelised cost of each row [GBP/MWh]."""
        return self.value(self.flows(lever))

    def value(self, flows: CashFlows) -> LevelisedCost:
        """Return the levelised cost of flows of this contender as its convention counts it [GBP/MWh]."""
        return cost_of(flows, self.figures, self.convention, system=self.system)

    def emissions(self, flows: CashFlows) -> Yearly:
        """Return levelised emissions, sum_t d_t E_t / sum_t d_t MWh_t [kg/MWh], discounted as the costs are."""
        factors = self._factors(flows)
        levelised: Yearly = np.vecdot(flows.co2_kg, factors) / np.vecdot(flows.heat_delivered_mwh, factors)
        return levelised

    def mean_over_years(self, by_year: Yearly) -> float:
        """Return the mean of a series over the years of operation, weighed by their discount factors."""
        first = self.convention.first_heat_year
        years = len(by_year) + first
        factors = discount_factors(discount_rates(self.figures, self.convention, years=years), years=years)[first:]
        return float(by_year @ factors / factors.sum())

    def _factors(self, flows: CashFlows) -> Yearly:
        years = flows.co2_kg.shape[-1]
        return discount_factors(discount_rates(self.figures, self.convention, years=years), years=years)


def check_comparable(convention: Convention) -> None:
    """Refuse a convention on which systems cannot be compared with a boiler.

    Raises
    ------
    AssumptionError
        If it divides by heat produced, or counts other years for each system.

    """
    if convention.denominator == "delivered" and convention.horizon == "network_life":
        return
    message = (
        f"convention {convention.name} divides by heat {convention.denominator} over the horizon {convention.horizon}: "
        "systems are compared per MWh delivered and over the same years, e.g. by best_practice"
    )
    raise AssumptionError(message)


def list_contenders(
    demand: pl.DataFrame,
    figures: ScenarioFigures,
    convention: Convention,
    *,
    shape: LoadShape | None = None,
) -> list[Contender]:
    """Return every system that a scenario can compare with a gas boiler; none where it cannot cost the boiler.

    Parameters
    ----------
    demand
        As `lcoh_table` reads it. Networks of every scale serve the demand of `stock`, or of `all`.
    figures, convention
        The scenario's figures and a convention that compares.
    shape
        Measured load that networks are sized by; without it, that of the assumptions.

    """
    check_comparable(convention)
    missing = missing_series(figures, convention)
    known = check_demand(demand)
    homes = known.with_columns(scale=pl.lit("individual"), dwellings=pl.lit(1.0))
    rows = {s: homes for s in INDIVIDUAL_SYSTEMS if s != BOILER} | {NETWORK: network_keys(known, figures)}
    return [
        _network(keys, figures, convention, shape)
        if system == NETWORK
        else _in_one_home(system, keys, figures, convention)
        for system, keys in rows.items()
        if keys.height and not {system, BOILER} & set(missing)
    ]


def boiler_beside(contender: Contender) -> Contender:
    """Return a new gas boiler in one home for each row of a contender."""
    keys = contender.keys.with_columns(dwellings=pl.lit(1.0))
    return _in_one_home(BOILER, keys, contender.figures, contender.convention)


def reference_flows(boiler: Contender, reference: Reference) -> CashFlows:
    """Return the flows of the boiler that a system replaces.

    A new one is bought in year 0. The existing one is there: it has the efficiency of the stock, nothing is paid for it,
    and its successor, which differs in nothing, is bought when its remaining life is over; so a system that replaces it
    now does not spare a boiler now.
    """
    if reference == "new_boiler":
        return boiler.flows()
    plant, convention = boiler.plant, boiler.convention
    if isinstance(plant, HeatNetwork):
        message = "the reference is a boiler in one home, not a network"
        raise TypeError(message)
    efficiency = boiler.figures.one("boiler_stock", "efficiency")
    flows = replace(boiler, plant=replace(plant, efficiency=efficiency)).flows()
    horizon, years = horizon_years(boiler.figures, convention, BOILER), flows.capital_gbp.shape[-1]
    wait = min(int(boiler.figures.one("boiler_stock", "remaining_life_years")), horizon)
    later = renewed(
        plant.capital_gbp, lifetime_years=plant.lifetime_years, horizon_years=horizon - wait, years=years - wait
    )
    capital_gbp = np.concatenate([np.zeros((*later.shape[:-1], wait)), later], axis=-1)
    return replace(flows, capital_gbp=np.broadcast_to(capital_gbp, flows.heat_delivered_mwh.shape))


def _in_one_home(system: str, keys: pl.DataFrame, figures: ScenarioFigures, convention: Convention) -> Contender:
    return Contender(
        system=system,
        keys=keys,
        figures=figures,
        convention=convention,
        plant=individual_system(
            figures,
            convention,
            system,
            demand_kwh=keys["demand_kwh"].to_numpy(),
            dwelling_types=keys["dwelling_type"].to_list(),
        ),
        energy=energy_of(figures, convention, system=system),
    )


def _network(
    keys: pl.DataFrame, figures: ScenarioFigures, convention: Convention, shape: LoadShape | None
) -> Contender:
    plant = figures.record(HeatNetwork, NETWORK)
    return Contender(
        system=NETWORK,
        keys=keys,
        figures=figures,
        convention=convention,
        plant=plant,
        energy=energy_of(figures, convention, system=NETWORK),
        built=build_network(
            plant,
            dwellings=keys["dwellings"].to_numpy(),
            demand_kwh=keys["demand_kwh"].to_numpy(),
            convention=convention,
            parts=network_parts(figures, convention, shape=shape),
        ),
    )


def _changed(energy: Energy, lever: Lever, *, electric: bool) -> Energy:
    """Return price and carbon cost under a lever, shape (rows, n) where it has a figure per row."""
    if electric:
        factor = np.asarray(lever.electricity_price_factor, dtype=float)[..., None]
        energy = replace(energy, price_gbp_per_mwh=energy.price_gbp_per_mwh * factor)
    if lever.carbon_gbp_per_tonne is None:
        return energy
    price = np.asarray(lever.carbon_gbp_per_tonne, dtype=float)[..., None] / KG_PER_TONNE
    return replace(energy, carbon_gbp_per_mwh=energy.co2_kg_per_mwh * price)


def _changed_peak(built: BuiltNetwork | None, lever: Lever) -> BuiltNetwork | None:
    """Return a network whose peak plant burns gas at the lever's price of carbon."""
    if built is None or built.parts is None or built.parts.peak_gas is None:
        return built
    return replace(built, parts=replace(built.parts, peak_gas=_changed(built.parts.peak_gas, lever, electric=False)))
