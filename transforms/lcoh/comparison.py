"""Systems beside a gas boiler: the same demands, the same years, and what may be changed to make them cost the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl

from transforms.lcoh.cash_flows import CashFlows, LevelisedCost, Yearly, discount_factors, renewed
from transforms.lcoh.conventions import Convention
from transforms.lcoh.load_shape import LoadShape
from transforms.lcoh.networks import BuiltNetwork, build_network, network_flows, network_parts
from transforms.lcoh.parameters import INDIVIDUAL_SYSTEMS, NETWORK, Floats, HeatNetwork, IndividualSystem
from transforms.lcoh.refusals import AssumptionError
from transforms.lcoh.scenarios import ScenarioFigures
from transforms.lcoh.systems import (
    KG_PER_TONNE,
    Energy,
    energy_of,
    horizon_years,
    individual_flows,
    individual_system,
    missing_series,
)
from transforms.lcoh.table import check_demand, network_keys
from transforms.lcoh.valuation import cost_of, discount_rates

BOILER: Final = "gas_boiler"
Reference: TypeAlias = Literal["existing_boiler", "new_boiler"]


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
