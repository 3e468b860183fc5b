"""The systems that a scenario can cost, each built for many demands, and the system in one home beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import INDIVIDUAL_SYSTEMS, NETWORK, SCALE_ITEM, IndividualSystem
from transforms.lcoh.assumptions.refusals import AssumptionError, unknown_name
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.cash_flows import CashFlows, renewed
from transforms.lcoh.model.conventions import Convention
from transforms.lcoh.model.demands import PLACE, network_keys
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import SYSTEMS, horizon_years, missing_series
from transforms.lcoh.model.what_if import Built, Case, build

INDIVIDUAL: Final = "individual"  # scale of a system in one home
BOILER: Final = "gas_boiler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Costed:
    """One system, built for each of many demands."""

    keys: pl.DataFrame
    """Columns demand_basis, period, dwelling_type, demand_kwh, system, scale and dwellings, a row for each demand."""
    built: Built
    """Its arrays have a value for each row."""

    @property
    def system(self) -> str:
        """Name of the system."""
        return self.built.case.system


def cost_systems(
    known: pl.DataFrame, figures: ScenarioFigures, convention: Convention, place: Place | None = None
) -> list[Costed]:
    """Return every system that the scenario has prices for, built for each demand.

    Parameters
    ----------
    known
        Demands as `check_demand` returns them. Systems in one home serve each of them. Networks of every scale serve
        the demand of `stock`, or of `all` where that is not known.
    figures, convention
        The scenario's values and the rules of the cost model.
    place
        The one place that a network serves, in place of networks of every scale.

    """
    missing = missing_series(figures, convention)
    return [
        _networks(known, figures, convention, place)
        if system == NETWORK
        else in_one_home(system, known, figures, convention)
        for system in SYSTEMS
        if system not in missing
    ]


def in_one_home(system: str, known: pl.DataFrame, figures: ScenarioFigures, convention: Convention) -> Costed:
    """Return a system in one home of each demand."""
    case = Case(
        figures=figures,
        convention=convention,
        system=system,
        demand_kwh=known["demand_kwh"].to_numpy(),
        dwelling_types=known["dwelling_type"].to_list(),
    )
    keys = known.with_columns(system=pl.lit(system), scale=pl.lit(INDIVIDUAL), dwellings=pl.lit(1.0))
    return Costed(keys=keys, built=build(case))


def _networks(known: pl.DataFrame, figures: ScenarioFigures, convention: Convention, place: Place | None) -> Costed:
    keys = network_keys(known, figures, place)
    case = Case(
        figures=figures,
        convention=convention,
        system=NETWORK,
        demand_kwh=keys["demand_kwh"].to_numpy(),
        place=place or Place.of_homes(keys["dwellings"].to_numpy()),
    )
    return Costed(keys=keys, built=build(case))


def places_by_scale(figures: ScenarioFigures, system: str, place: Place | None = None) -> tuple[list[str], Place]:
    """Return the scales of a system, and the places of these sizes as arrays of shape (scales, 1)."""
    if system != NETWORK:
        return [INDIVIDUAL], Place.of_homes(np.ones((1, 1)))
    if place is not None:
        return [PLACE], place
    scales = figures.items(SCALE_ITEM)
    return list(scales), Place.of_homes(np.array(list(scales.values()))[:, None])


# --- the system that others are compared with ---------------------------------------------------------------


def check_comparable(convention: Convention, reference: str) -> None:
    """Refuse a convention on which systems cannot be compared, or a reference that is no system in one home.

    Raises
    ------
    AssumptionError
        If the convention divides by heat produced, or counts other years for each system.
    UnknownNameError
        If there is no such system in one home.

    """
    if reference not in INDIVIDUAL_SYSTEMS:
        raise unknown_name("system in one home", reference, INDIVIDUAL_SYSTEMS)
    if convention.denominator == "delivered" and convention.horizon == "network_life":
        return
    message = (
        f"convention {convention.name} divides by heat {convention.denominator} over the horizon {convention.horizon}: "
        "systems are compared per MWh delivered and over the same years, e.g. by best_practice"
    )
    raise AssumptionError(message)


def compared_systems(
    known: pl.DataFrame, figures: ScenarioFigures, convention: Convention, *, reference: str, place: Place | None = None
) -> list[Costed]:
    """Return every system except the reference; empty if the scenario cannot cost the reference."""
    check_comparable(convention, reference)
    if reference in missing_series(figures, convention):
        return []
    found = cost_systems(known, figures, convention, place)
    return [one for one in found if one.system != reference and one.keys.height]


def reference_beside(costed: Costed, reference: str) -> Costed:
    """Return a new system in one home, such as a gas boiler, for each row of a system."""
    case = costed.built.case
    return in_one_home(reference, costed.keys, case.figures, case.convention)


def existing_boiler_flows(boiler: Costed) -> CashFlows:
    """Return the flows of a boiler that a home already has.

    It has the efficiency of the stock, and its purchase is paid for. Its successor has the same efficiency, and is bought
    at the end of its remaining life. So a system that replaces the boiler now does not save a new boiler now.
    """
    built = boiler.built
    figures, convention = built.case.figures, built.case.convention
    new = built.own
    if not isinstance(new, IndividualSystem):
        message = "the existing boiler is one in a home, not a network"
        raise TypeError(message)
    flows = replace(built, own=replace(new, efficiency=figures.one("boiler_stock", "efficiency"))).flows()
    horizon, years = horizon_years(figures, convention, BOILER), flows.capital_gbp.shape[-1]
    wait = min(int(figures.one("boiler_stock", "remaining_life_years")), horizon)
    later = renewed(
        new.capital_gbp, lifetime_years=new.lifetime_years, horizon_years=horizon - wait, years=years - wait
    )
    capital_gbp = np.concatenate([np.zeros((*later.shape[:-1], wait)), later], axis=-1)
    return replace(flows, capital_gbp=np.broadcast_to(capital_gbp, flows.heat_delivered_mwh.shape))
