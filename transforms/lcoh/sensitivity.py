"""The levelised cost of a network when one thing changes and the plant stays as it was built."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from transforms.lcoh.cash_flows import LevelisedCost, levelised_cost
from transforms.lcoh.conventions import Convention
from transforms.lcoh.networks import network_flows
from transforms.lcoh.parameters import Floats, HeatNetwork, Study
from transforms.lcoh.scenarios import ScenarioFigures
from transforms.lcoh.systems import energy_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What differs from the base; arrays of one shape give a curve."""

    demand_factor: Floats = 1.0
    capital_factor: Floats = 1.0
    om_factor: Floats = 1.0
    discount_rate: Floats | None = None
    heat_pump_spf: Floats | None = None


BASE = Change()


def network_cost(
    figures: ScenarioFigures,
    convention: Convention,
    *,
    dwellings: Floats,
    demand_kwh: Floats,
    change: Change = BASE,
) -> LevelisedCost:
    """Return the levelised cost of a network under a change.

    Parameters
    ----------
    figures, convention
        The scenario's figures and the reading of the cost model.
    dwellings
        Number of dwellings [1], shape (...).
    demand_kwh
        Heat delivered to one dwelling in the base [kWh/yr], shape (...).
    change
        Factors [1] on the demand, on all capital and on all operation and maintenance, another discount rate
        [1/yr] or SPF [1]. The plant's size does not follow the demand: the paper changes one input at a time.

    Returns
    -------
    LevelisedCost
        Elements [GBP/MWh] of the shape that all arguments broadcast to.

    References
    ----------
    Wang, Z. (2018), figures 7 and 8.

    """
    network = figures.record(HeatNetwork, "network")
    if change.heat_pump_spf is not None:
        network = replace(network, heat_pump_spf=change.heat_pump_spf)
    rate = figures.record(Study, "study").discount_rate if change.discount_rate is None else change.discount_rate
    electricity = energy_of(
        figures, carrier="electricity", tariff=convention.network_tariff, years=network.lifetime_years
    )
    flows = network_flows(
        network,
        electricity,
        dwellings=dwellings,
        demand_kwh=demand_kwh * change.demand_factor,
        convention=convention,
    )
    changed = replace(
        flows,
        capital_gbp=flows.capital_gbp * np.asarray(change.capital_factor)[..., None],
        om_gbp=flows.om_gbp * np.asarray(change.om_factor)[..., None],
    )
    return levelised_cost(changed, discount_rate=np.asarray(rate)[..., None], denominator=convention.denominator)
