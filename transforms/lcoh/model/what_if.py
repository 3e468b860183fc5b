"""The cost of heat, and its cost after a change: one case, one change, one evaluation.

All results use it: tables of costs, sensitivity, draws, Sobol indices, break-even, intervals and explanations. A case
is built once, for its own demand; a change does not rebuild it. Every value of a change may be an array: then the
result is a curve, or a cost for each draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from transforms.lcoh.assumptions.parameters import HEAT_PUMPS, NETWORK, Floats, IndividualSystem
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.cash_flows import FIRST_HEAT_YEAR, CashFlows, LevelisedCost, Yearly, discount_factors
from transforms.lcoh.model.conventions import Convention
from transforms.lcoh.model.networks import BuiltNetwork, build_network, network_flows, with_loss_share
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import (
    BOUGHT_HEAT,
    KG_PER_TONNE,
    Energy,
    energies_of,
    individual_flows,
    individual_system,
)
from transforms.lcoh.model.valuation import cost_of, discount_rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A heating system for homes that is to be costed, with the values of a scenario and the rules of a convention."""

    figures: ScenarioFigures
    convention: Convention
    system: str
    """A system in one home, or `network`."""
    demand_kwh: Floats
    """Heat delivered to one home that takes heat from the system [kWh/yr], shape (...)."""
    place: Place = field(default_factory=Place)
    """The place that a network serves."""
    dwelling_types: str | Sequence[str] = "all"
    """Dwelling type of all homes or of each; it decides on the SPF of a heat pump in a home."""
    heat_loss_w_per_k: Floats | None = None
    """Heat loss of the homes where it is measured [W/K], shape (...); it decides on the size of a system in a home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Differences from the case; arrays of one shape give a curve, or draws. Everything else stays the same."""

    demand_factor: Floats = 1.0
    capital_factor: Floats = 1.0
    om_factor: Floats = 1.0
    gas_price_factor: Floats = 1.0
    electricity_price_factor: Floats = 1.0
    carbon_factor: Floats = 1.0
    carbon_gbp_per_tonne: Floats | None = None
    """Price of carbon in all years, in place of the one that the perspective charges [GBP/t]."""
    heat_price_gbp_per_mwh: Floats | None = None
    """Price of the heat that a network buys, in all years [GBP/MWh]."""
    discount_rate: Floats | None = None
    """Discount rate in all years [1/yr]."""
    spf: Floats | None = None
    """Heat over electricity of the heat pump of a home or a network [1]."""
    spf_factor: Floats = 1.0
    """Factor on the SPF as built, or on `spf` where it is given [1]."""
    distribution_loss_share: Floats | None = None
    """Share of the heat in the pipes of a network that does not reach the homes [1]."""
    grant_gbp_per_dwelling: Floats = 0.0
    """Grant towards the first capital, not towards replacements [GBP]."""


AS_BUILT: Final = Change()


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A case with its built system, and the energy that the system buys."""

    case: Case
    own: IndividualSystem | BuiltNetwork
    energy: dict[str, Energy]
    """Prices and emissions by carrier: gas, electricity or heat."""

    @property
    def dwellings(self) -> Floats:
        """Number of homes that the system heats [1]."""
        return self.own.place.dwellings if isinstance(self.own, BuiltNetwork) else 1.0

    @property
    def spf(self) -> Floats:
        """Heat over purchased energy [1]; for a network, that of its heat pump."""
        return self.own.network.heat_pump_spf if isinstance(self.own, BuiltNetwork) else self.own.efficiency

    def cost(self, change: Change = AS_BUILT) -> LevelisedCost:
        """Return the levelised cost under a change, elements [GBP/MWh] of the shape that all arguments broadcast to."""
        cost = self.value(self._bent_flows(change), discount_rate=change.discount_rate)
        capital, om, fuel, carbon = self._factors(change)
        return LevelisedCost(  # an element is proportional to its costs, so it is scaled once instead of in every year
            capital=cost.capital * capital, om=cost.om * om, fuel=cost.fuel * fuel, carbon=cost.carbon * carbon
        )

    def flows(self, change: Change = AS_BUILT) -> CashFlows:
        """Return the yearly flows under a change, of all homes together, shape (..., T)."""
        flows = self._bent_flows(change)
        capital, om, fuel, carbon = (np.asarray(factor, dtype=float)[..., None] for factor in self._factors(change))
        return replace(
            flows,
            capital_gbp=flows.capital_gbp * capital,
            om_gbp=flows.om_gbp * om,
            fuel_gbp=flows.fuel_gbp * fuel,
            carbon_gbp=flows.carbon_gbp * carbon,
        )

    def value(self, flows: CashFlows, *, discount_rate: Floats | None = None) -> LevelisedCost:
        """Return the levelised cost of flows of this system as the convention counts it [GBP/MWh]."""
        case = self.case
        return cost_of(flows, case.figures, case.convention, system=case.system, discount_rate=discount_rate)

    def emissions(self, flows: CashFlows) -> Yearly:
        """Return levelised emissions, sum_t d_t E_t / sum_t d_t MWh_t, discounted like costs [kg/MWh]."""
        factors = self._discount_factors(flows.co2_kg.shape[-1])
        levelised: Yearly = np.vecdot(flows.co2_kg, factors) / np.vecdot(flows.heat_delivered_mwh, factors)
        return levelised

    def emissions_of_own_life(self, flows: CashFlows) -> Yearly:
        """Return mean yearly emissions of all homes over the system's own life, without its successor [kg/yr]."""
        years = int(self.case.figures.one(self.case.system, "lifetime_years"))
        mean: Yearly = flows.co2_kg[..., FIRST_HEAT_YEAR : FIRST_HEAT_YEAR + years].mean(axis=-1)
        return mean

    def mean_over_years(self, by_year: Yearly) -> float:
        """Return the mean of a series over the years of operation, weighted by their discount factors."""
        factors = self._discount_factors(len(by_year) + FIRST_HEAT_YEAR)[FIRST_HEAT_YEAR:]
        return float(by_year @ factors / factors.sum())

    def _discount_factors(self, years: int) -> Yearly:
        return discount_factors(discount_rates(self.case.figures, self.case.convention, years=years), years=years)

    def _factors(self, change: Change) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the factors on capital, O&M, fuel and carbon as a whole; a grant or a second energy is not scaled."""
        fuel = 1.0 if len(self.energy) > 1 else self._price_factor(next(iter(self.energy)), change)
        capital = 1.0 if np.any(change.grant_gbp_per_dwelling) else change.capital_factor
        return capital, change.om_factor, fuel, change.carbon_factor

    @staticmethod
    def _price_factor(carrier: str, change: Change) -> Floats:
        return {
            "gas": change.gas_price_factor, "electricity": change.electricity_price_factor, BOUGHT_HEAT: 1.0
        }[carrier]  # fmt: skip

    def _bent_flows(self, change: Change) -> CashFlows:
        """Return the flows under a change, without its factors on whole elements."""
        demand_kwh = self.case.demand_kwh * np.asarray(change.demand_factor)
        energy = {carrier: self._changed_energy(carrier, one, change) for carrier, one in self.energy.items()}
        own = self.own
        if isinstance(own, IndividualSystem):
            if self.case.system in HEAT_PUMPS:
                own = replace(own, efficiency=self._changed_spf(own.efficiency, change))
            (bought,) = energy.values()
            flows = individual_flows(own, bought, demand_kwh=demand_kwh)
        else:
            spf = self._changed_spf(own.network.heat_pump_spf, change)
            own = replace(own, network=replace(own.network, heat_pump_spf=spf))
            if change.distribution_loss_share is not None:
                own = with_loss_share(own, change.distribution_loss_share, demand_kwh=self.case.demand_kwh)
            flows = network_flows(own, energy, demand_kwh=demand_kwh)
        return self._with_grant(flows, change)

    @staticmethod
    def _changed_spf(spf: Floats, change: Change) -> Floats:
        return (spf if change.spf is None else change.spf) * change.spf_factor

    def _with_grant(self, flows: CashFlows, change: Change) -> CashFlows:
        grant_gbp = np.asarray(change.grant_gbp_per_dwelling * self.dwellings)[..., None]
        if not np.any(grant_gbp):
            return flows
        capital_gbp = flows.capital_gbp * np.asarray(change.capital_factor, dtype=float)[..., None]
        first_year = np.arange(capital_gbp.shape[-1]) == 0
        return replace(flows, capital_gbp=capital_gbp - grant_gbp * first_year)

    def _changed_energy(self, carrier: str, energy: Energy, change: Change) -> Energy:
        """Return price and carbon cost under a change; if there is one energy, its element is scaled later instead."""
        price, carbon = energy.price_gbp_per_mwh, energy.carbon_gbp_per_mwh
        if carrier == BOUGHT_HEAT and change.heat_price_gbp_per_mwh is not None:
            price = np.asarray(change.heat_price_gbp_per_mwh, dtype=float)[..., None] * np.ones(price.shape[-1])
        elif len(self.energy) > 1:
            price = price * np.asarray(self._price_factor(carrier, change), dtype=float)[..., None]
        if change.carbon_gbp_per_tonne is not None:
            per_kg = np.asarray(change.carbon_gbp_per_tonne, dtype=float)[..., None] / KG_PER_TONNE
            carbon = energy.co2_kg_per_mwh * per_kg
        return replace(energy, price_gbp_per_mwh=price, carbon_gbp_per_mwh=carbon)


def build(case: Case) -> Built:
    """Return a case with a system built for its demand, which can be costed under many changes.

    Raises
    ------
    AssumptionError
        If the scenario lacks a value that the system needs, or the place a length that the convention asks for.

    """
    figures, convention, system = case.figures, case.convention, case.system
    own = (
        build_network(figures, convention, case.place, demand_kwh=case.demand_kwh)
        if system == NETWORK
        else individual_system(
            figures,
            convention,
            system,
            demand_kwh=case.demand_kwh,
            dwelling_types=case.dwelling_types,
            heat_loss_w_per_k=case.heat_loss_w_per_k,
        )
    )
    energy = energies_of(figures, convention, system=system, bought_heat=case.place.bought_heat)
    return Built(case=case, own=own, energy=energy)
