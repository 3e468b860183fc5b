"""The model's value for each statement of the paper about costs and emissions, at the paper's demands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import polars as pl

from transforms.lcoh.assumptions.parameters import HEAT_PUMPS, INDIVIDUAL_SYSTEMS, NETWORK
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures
from transforms.lcoh.model.cash_flows import LevelisedCost
from transforms.lcoh.model.conventions import Convention, find_convention
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.networks import BuiltNetwork, network_capital
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import KG_PER_TONNE
from transforms.lcoh.model.what_if import AS_BUILT, Built, Case, Change, build
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.words import DWELLING_TYPES

PERCENT: Final = 100.0

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PaperResults:
    """The model's results at the paper's demands, with one method for each kind of statement."""

    homes: dict[tuple[str, str], Row]
    scales: list[Row]
    figures: ScenarioFigures
    convention: Convention

    def home(self, system: str, dwelling_type: str = "all") -> Row:
        """Return the row of the table `lcoh` for one system in one dwelling type."""
        return self.homes[system, dwelling_type]

    def lcoh(self, system: str, dwelling_type: str = "all") -> float:
        """Return the levelised cost of one system in one dwelling type [GBP/MWh]."""
        return float(self.home(system, dwelling_type)["lcoh_gbp_per_mwh"])

    def share(self, system: str, element: str) -> float:
        """Return the share of an element in the levelised cost at the average demand [%]."""
        return PERCENT * float(self.home(system)[f"{element}_gbp_per_mwh"]) / self.lcoh(system)

    def cheaper(self, system: str, than: str) -> float:
        """Return how much less `system` costs than another at the average demand [%]."""
        return PERCENT * (1 - self.lcoh(system) / self.lcoh(than))

    def co2_tonnes(self, system: str) -> float:
        """Return the emissions at the average demand [t/yr]."""
        return float(self.home(system)["co2_kg_per_dwelling_year"]) / KG_PER_TONNE

    def co2_saving(self, system: str) -> float:
        """Return how much less a system emits than a gas boiler [%]."""
        return PERCENT * (1 - self.co2_tonnes(system) / self.co2_tonnes("gas_boiler"))

    def built_network(self, dwellings: int) -> Built:
        """Return a network at the average demand."""
        return build(
            Case(
                figures=self.figures,
                convention=self.convention,
                system=NETWORK,
                demand_kwh=float(self.home("gas_boiler")["demand_kwh"]),
                place=Place.of_homes(dwellings),
            )
        )

    def network(self, dwellings: int, change: Change = AS_BUILT) -> LevelisedCost:
        """Return the levelised cost of a network at the average demand."""
        return self.built_network(dwellings).cost(change)

    def network_share(self, dwellings: int, element: str) -> float:
        """Return the share of an element in the levelised cost of a network [%]."""
        cost = self.network(dwellings)
        return PERCENT * float(getattr(cost, element) / cost.total)

    def network_capital(self, dwellings: int) -> float:
        """Return the initial capital of a network per dwelling [GBP]."""
        own = self.built_network(dwellings).own
        assert isinstance(own, BuiltNetwork)  # noqa: S101 - for the type checker: a network is built as this  # nosec B101
        return float(sum(network_capital(own).values()) / dwellings)

    def response(self, dwellings: int, change: Change) -> float:
        """Return the relative change of a network's levelised cost after a change of its inputs [%]."""
        return PERCENT * float(self.network(dwellings, change).total / self.network(dwellings).total - 1)


def claim_values(
    assumptions: pl.DataFrame, dwellings: Mapping[str, int], *, scenario: str, convention: str
) -> dict[str, float]:
    """Return the model's value for each claim; `dwellings` is the size of the network for which a claim is judged."""
    table = lcoh_table(paper_demand(assumptions), assumptions, scenario=scenario, convention=convention)
    individual = table.filter(pl.col("system").is_in(list(INDIVIDUAL_SYSTEMS)))
    results = PaperResults(
        homes={(row["system"], row["dwelling_type"]): row for row in individual.iter_rows(named=True)},
        scales=table.filter(pl.col("system") == "network").sort("dwellings").to_dicts(),
        figures=scenario_figures(assumptions, scenario),
        convention=find_convention(convention),
    )
    return {claim: float(rule(results)) for claim, rule in _CLAIMS.items()} | {
        claim: float(rule(results, dwellings[claim])) for claim, rule in _CLAIMS_AT_A_SIZE.items() if claim in dwellings
    }


def _order_holds(results: PaperResults, pick: Callable[[dict[str, float]], str], system: str) -> bool:
    """Say whether `pick`, min or max by cost, chooses `system` in every dwelling type."""
    return all(pick({s: results.lcoh(s, t) for s in INDIVIDUAL_SYSTEMS}) == system for t in DWELLING_TYPES)


def _cheapest(cost: dict[str, float]) -> str:
    return min(cost, key=cost.__getitem__)


def _dearest(cost: dict[str, float]) -> str:
    return max(cost, key=cost.__getitem__)


def _flats_are_dearest(results: PaperResults) -> bool:
    return all(_dearest({t: results.lcoh(s, t) for t in DWELLING_TYPES}) == "flat" for s in INDIVIDUAL_SYSTEMS)


def _gap_widens(results: PaperResults) -> bool:
    by_demand = sorted(DWELLING_TYPES, key=lambda t: float(results.home("gas_boiler", t)["demand_kwh"]))
    gaps = [[results.lcoh(pump, t) - results.lcoh("gas_boiler", t) for t in by_demand] for pump in HEAT_PUMPS]
    return all(smaller > larger for gap in gaps for smaller, larger in pairwise(gap))


def _falls_with_scale(results: PaperResults) -> bool:
    costs = [float(row["lcoh_gbp_per_mwh"]) for row in results.scales]
    return all(larger < smaller for smaller, larger in pairwise(costs))


def _capital_per_dwelling(results: PaperResults) -> list[float]:
    return [float(row["initial_capital_gbp_per_dwelling"]) for row in results.scales]


def _capital_above_ashp(results: PaperResults) -> bool:
    ashp = float(results.home("ashp")["initial_capital_gbp_per_dwelling"])
    return all(network > ashp for network in _capital_per_dwelling(results))


def _capital_drop(results: PaperResults) -> float:
    smallest, *_, largest = _capital_per_dwelling(results)
    return PERCENT * (1 - largest / smallest)


def _demand_outweighs(results: PaperResults, dwellings: int) -> bool:
    by_demand = abs(results.response(dwellings, Change(demand_factor=0.5)))
    by_cost = (Change(capital_factor=0.5), Change(om_factor=0.5))
    return all(by_demand > abs(results.response(dwellings, change)) for change in by_cost)


_CLAIMS: Final[dict[str, Callable[[PaperResults], float]]] = {
    "gas_lcoh_detached": lambda r: r.lcoh("gas_boiler", "detached"),
    "gas_lcoh_flat": lambda r: r.lcoh("gas_boiler", "flat"),
    "gas_lcoh_average": lambda r: r.lcoh("gas_boiler"),
    "gas_cheaper_than_ashp": lambda r: r.cheaper("gas_boiler", than="ashp"),
    "gas_cheaper_than_gshp": lambda r: r.cheaper("gas_boiler", than="gshp"),
    "gshp_lcoh_flat": lambda r: r.lcoh("gshp", "flat"),
    "order_gas_cheapest": lambda r: _order_holds(r, _cheapest, "gas_boiler"),
    "order_gshp_dearest": lambda r: _order_holds(r, _dearest, "gshp"),
    "order_flat_dearest": _flats_are_dearest,
    "order_gap_widens": _gap_widens,
    "gas_co2": lambda r: r.co2_tonnes("gas_boiler"),
    "gshp_co2": lambda r: r.co2_tonnes("gshp"),
    "ashp_co2": lambda r: r.co2_tonnes("ashp"),
    "gshp_co2_saving": lambda r: r.co2_saving("gshp"),
    "ashp_co2_saving": lambda r: r.co2_saving("ashp"),
    "dh_falls_every_scale": _falls_with_scale,
    "dh_capital_drop": _capital_drop,
    "dh_capital_above_ashp": _capital_above_ashp,
    "gas_capital_share": lambda r: r.share("gas_boiler", "capital"),
    "gas_fuel_share": lambda r: r.share("gas_boiler", "fuel"),
    "gas_carbon_share": lambda r: r.share("gas_boiler", "carbon"),
    "gshp_capital_share": lambda r: r.share("gshp", "capital"),
    "gshp_fuel_share": lambda r: r.share("gshp", "fuel"),
    "ashp_carbon_share": lambda r: r.share("ashp", "carbon"),
}

_CLAIMS_AT_A_SIZE: Final[dict[str, Callable[[PaperResults, int], float]]] = {
    "dh_lcoh_small": lambda r, n: float(r.network(n).total),
    "dh_lcoh_largest": lambda r, n: float(r.network(n).total),
    "dh_capital_small": lambda r, n: r.network_capital(n),
    "dh_capital_largest": lambda r, n: r.network_capital(n),
    "dh_near_gshp": lambda r, n: PERCENT * (float(r.network(n).total) / r.lcoh("gshp") - 1),
    "dh_carbon_share": lambda r, n: r.network_share(n, "carbon"),
    "dh_capital_share_small": lambda r, n: r.network_share(n, "capital"),
    "dh_capital_share_largest": lambda r, n: r.network_share(n, "capital"),
    "fig7_demand_minus50": lambda r, n: r.response(n, Change(demand_factor=0.5)),
    "fig7_demand_minus50_medium": lambda r, n: r.response(n, Change(demand_factor=0.5)),
    "fig7_demand_plus50": lambda r, n: r.response(n, Change(demand_factor=1.5)),
    "fig7_capital_50": lambda r, n: r.response(n, Change(capital_factor=1.5)),
    "fig7_om_50": lambda r, n: r.response(n, Change(om_factor=1.5)),
    "fig7_demand_outweighs": _demand_outweighs,
    "fig8_rate_0": lambda r, n: r.response(n, Change(discount_rate=0.0)),
    "fig8_rate_10": lambda r, n: r.response(n, Change(discount_rate=0.10)),
    "fig8_spf_1": lambda r, n: r.response(n, Change(spf=1.0)),
    "fig8_spf_10": lambda r, n: r.response(n, Change(spf=10.0)),
}
