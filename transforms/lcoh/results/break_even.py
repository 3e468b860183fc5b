"""The table `break_even`: the value of one quantity at which a system costs as much as a reference in a home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.lcoh.assumptions.parameters import IndividualSystem, figures_of
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import Yearly
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.demands import check_demand
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import BOUGHT_HEAT, KG_PER_TONNE
from transforms.lcoh.model.what_if import AS_BUILT, Built, Change
from transforms.lcoh.results.costed import BOILER, Costed, compared_systems, reference_beside
from transforms.tables.cost_analysis import BREAK_EVEN

LEVEL: Final = 1e-9  # a gap that changes by less between two points counts as constant [GBP/MWh]
MOST_SPF: Final = figures_of(IndividualSystem)["efficiency"].at_most
NAMES: Final = {BOILER: "the boiler", "ashp": "the air source heat pump", "gshp": "the ground source heat pump"}

Conditions: TypeAlias = list[tuple[NDArray[np.bool_], str]]  # rows, and the words for them


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A system for many demands, and the reference in one home beside each."""

    system: Built
    reference: Built

    @property
    def name(self) -> str:
        """Name of the reference, in words."""
        return NAMES[self.reference.case.system]

    def gap(self, change: Change = AS_BUILT, of_reference: Change = AS_BUILT) -> Yearly:
        """Return how much more the system costs than the reference, each under its own change [GBP/MWh]."""
        return np.asarray(self.system.cost(change).total - self.reference.cost(of_reference).total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One quantity that is varied by a position x; the costs of all systems are linear in x."""

    name: str
    unit: str
    change: Callable[[Yearly], Change]
    """The change for a position x."""
    two_points: tuple[float, float]
    """Two positions at which costs are computed."""
    value: Callable[[Yearly, Pair], Yearly]
    """The quantity at x."""
    base: Callable[[Pair], Yearly]
    reasons: Callable[[Yearly, Pair], Conditions]
    """The positions x without a value, and why; the first reason that holds is given."""
    remarks: Callable[[Yearly, Pair], Conditions] = lambda *_: []
    """Remarks on a value at x."""
    holds_for_reference: bool = False
    """Whether the reference sees the change too."""
    applies: Callable[[Pair], bool] = lambda _: True
    """Whether the quantity has a meaning for a pair."""


def break_even_table(
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    scenario: str,
    convention: str,
    reference: str = BOILER,
    place: Place | None = None,
) -> pl.DataFrame:
    """Return the value of each quantity at which each system costs as much as the reference, as the table `break_even`.

    Everything else stays the same. The price of carbon is one for all years, in place of the perspective's. The price
    ratio is the system's price of electricity over the reference's price of gas, as means over discounted years;
    electricity changes by one factor in all years. A reference that burns no gas has no ratio. A grant is paid once,
    towards the first capital. The price of heat is that of a network that buys its heat.

    Parameters
    ----------
    demand, assumptions
        As `lcoh_table` reads them.
    scenario, convention
        Set of prices, and a convention that divides by delivered heat over the same years for all systems.
    reference
        A system in one home, bought new.
    place
        The one place that networks serve, in place of networks of every scale.

    Raises
    ------
    AssumptionError
        If systems cannot be compared by the convention, or a value is missing.

    """
    figures, rules = scenario_figures(assumptions, scenario), find_convention(convention)
    tables = [
        _rows(quantity, costed, pair)
        for costed in compared_systems(check_demand(demand, place), figures, rules, reference=reference, place=place)
        for pair in [pair_with(costed, reference)]
        for quantity in QUANTITIES
        if quantity.applies(pair)
    ]
    if not tables:
        return BREAK_EVEN.empty()
    named = pl.concat(tables).with_columns(scenario=pl.lit(scenario), convention=pl.lit(convention))
    return BREAK_EVEN.conform(named).sort(BREAK_EVEN.key)


def pair_with(costed: Costed, reference: str) -> Pair:
    """Return a system with the reference beside each of its rows."""
    return Pair(system=costed.built, reference=reference_beside(costed, reference).built)


def solve(quantity: Quantity, pair: Pair) -> Yearly:
    """Return the position x at which the gap of costs is 0; NaN where the gap does not depend on x.

    x = x_0 - g(x_0) (x_1 - x_0) / (g(x_1) - g(x_0)),  exact since g is linear

    Costs are linear in the price of carbon, the factor on the price of electricity, the grant and the price of heat,
    and in 1 / SPF.
    """

    def gap(point: float) -> Yearly:
        change = quantity.change(np.full(shape, point))
        return pair.gap(change, change if quantity.holds_for_reference else AS_BUILT)

    shape = pair.gap().shape
    first, second = quantity.two_points
    at_first = gap(first)
    rise = gap(second) - at_first
    slanted = np.abs(rise) > LEVEL
    step: Yearly = np.divide(at_first * (second - first), rise, out=np.full(shape, np.nan), where=slanted)
    return first - step


def _rows(quantity: Quantity, costed: Costed, pair: Pair) -> pl.DataFrame:
    x = solve(quantity, pair)
    finite = np.isfinite(x)
    sure = np.where(finite, x, 1.0)
    level: Conditions = [(~finite, f"the gap to {pair.name} does not depend on it")]
    reason = _say([*level, *quantity.reasons(sure, pair)], x)
    has_value = reason == ""
    value = quantity.value(np.where(has_value, sure, 1.0), pair)
    note = np.where(has_value, _say(quantity.remarks(sure, pair), x), reason)
    return costed.keys.select("period", "dwelling_type", "scale").with_columns(
        system=pl.lit(costed.system),
        quantity=pl.lit(quantity.name),
        unit=pl.lit(quantity.unit),
        base=pl.Series(np.broadcast_to(quantity.base(pair), x.shape)),
        value=pl.Series(np.where(has_value, value, np.nan), nan_to_null=True),
        note=pl.Series(note).replace("", None),
    )


def _say(conditions: Conditions, x: Yearly) -> NDArray[np.str_]:
    """Return the words of the first condition that holds for each row, empty where none does."""
    if not conditions:
        return np.full(x.shape, "")
    return np.select([at for at, _ in conditions], [words for _, words in conditions], default="")


def _compares_electricity_with_gas(pair: Pair) -> bool:
    return "electricity" in pair.system.energy and "gas" in pair.reference.energy


def _price_ratio(pair: Pair) -> Yearly:
    electricity = pair.system.mean_over_years(pair.system.energy["electricity"].price_gbp_per_mwh)
    return np.asarray(electricity / pair.reference.mean_over_years(pair.reference.energy["gas"].price_gbp_per_mwh))


def _carbon_price(pair: Pair) -> Yearly:
    """Return the perspective's price of carbon, mean over discounted years [GBP/t]."""
    (energy,) = pair.reference.energy.values()
    return np.asarray(pair.reference.mean_over_years(energy.carbon_gbp_per_mwh / energy.co2_kg_per_mwh * KG_PER_TONNE))


def _saves_no_carbon(x: Yearly, pair: Pair) -> Conditions:
    saved = pair.reference.emissions(pair.reference.flows()) - pair.system.emissions(pair.system.flows())
    return [
        (saved <= 0, f"it emits no less than {pair.name}: no price of carbon makes up for its cost"),
        (x < 0, f"it costs less than {pair.name} without any price of carbon"),
    ]


def _dear_without_electricity(x: Yearly, pair: Pair) -> Conditions:
    return [(x <= 0, f"it costs more than {pair.name} even where electricity costs nothing")]


def _dear_at_any_spf(x: Yearly, pair: Pair) -> Conditions:
    return [
        (x <= 0, f"it costs more than {pair.name} even if it needed no electricity"),
        (x < 1 / MOST_SPF, f"it would take an SPF above {MOST_SPF:g}"),
    ]


def _needs_no_grant(x: Yearly, pair: Pair) -> Conditions:
    return [(x < 0, f"it costs less than {pair.name} without a grant")]


def _exceeds_capital(x: Yearly, pair: Pair) -> Conditions:
    capital_gbp = pair.system.flows().capital_gbp[..., 0] / pair.system.dwellings
    return [(x > capital_gbp, "it is more than the system costs at first")]


def _dear_with_free_heat(x: Yearly, pair: Pair) -> Conditions:
    return [(x < 0, f"it costs more than {pair.name} even where heat costs nothing")]


QUANTITIES: Final = (
    Quantity(
        name="carbon_price",
        unit="GBP/t",
        change=lambda x: Change(carbon_gbp_per_tonne=x),
        two_points=(0.0, 100.0),
        value=lambda x, _: x,
        base=_carbon_price,
        reasons=_saves_no_carbon,
        holds_for_reference=True,
    ),
    Quantity(
        name="electricity_to_gas_price_ratio",
        unit="1",
        change=lambda x: Change(electricity_price_factor=x),
        two_points=(0.0, 1.0),
        value=lambda x, pair: x * _price_ratio(pair),
        base=_price_ratio,
        reasons=_dear_without_electricity,
        holds_for_reference=True,
        applies=_compares_electricity_with_gas,
    ),
    Quantity(
        name="spf",
        unit="1",
        change=lambda x: Change(spf=1.0 / x),
        two_points=(0.25, 0.5),
        value=lambda x, _: 1.0 / x,
        base=lambda pair: np.asarray(pair.system.spf),
        reasons=_dear_at_any_spf,
        applies=lambda pair: "electricity" in pair.system.energy and BOUGHT_HEAT not in pair.system.energy,
    ),
    Quantity(
        name="capital_grant",
        unit="GBP",
        change=lambda x: Change(grant_gbp_per_dwelling=x),
        two_points=(0.0, 1000.0),
        value=lambda x, _: x,
        base=lambda pair: np.zeros(pair.gap().shape),
        reasons=_needs_no_grant,
        remarks=_exceeds_capital,
    ),
    Quantity(
        name="heat_price",
        unit="GBP/MWh",
        change=lambda x: Change(heat_price_gbp_per_mwh=x),
        two_points=(0.0, 100.0),
        value=lambda x, _: x,
        base=lambda pair: np.asarray(pair.system.mean_over_years(pair.system.energy[BOUGHT_HEAT].price_gbp_per_mwh)),
        reasons=_dear_with_free_heat,
        applies=lambda pair: BOUGHT_HEAT in pair.system.energy,
    ),
)
