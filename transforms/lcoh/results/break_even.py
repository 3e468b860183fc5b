"""The table `break_even`: the value of one quantity at which a system costs as much as a new gas boiler."""

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
from transforms.lcoh.model.load_shape import LoadShape
from transforms.lcoh.model.plant_as_built import AS_IT_IS, Contender, Lever, boiler_beside, list_contenders
from transforms.lcoh.model.systems import KG_PER_TONNE
from transforms.tables.cost_analysis import BREAK_EVEN

LEVEL: Final = 1e-9  # a gap that changes by less [GBP/MWh] between two points does not change
MOST_SPF: Final = figures_of(IndividualSystem)["efficiency"].at_most

Conditions: TypeAlias = list[tuple[NDArray[np.bool_], str]]  # rows, and what is to be said of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One quantity that is varied, by a lever on which the costs of all systems depend in a straight line."""

    name: str
    unit: str
    lever: Callable[[Yearly], Lever]
    """The change that a position x on the line stands for."""
    two_points: tuple[float, float]
    value: Callable[[Yearly, Contender, Contender], Yearly]
    """The quantity at x, for a system and the boiler beside it."""
    base: Callable[[Contender, Contender], Yearly]
    reasons: Callable[[Yearly, Contender, Contender], Conditions]
    """At which x there is no value, and why; the first that holds is said."""
    remarks: Callable[[Yearly, Contender, Contender], Conditions] = lambda *_: []
    """What is to be said of a value at x."""


def break_even_table(
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    scenario: str,
    convention: str,
    shape: LoadShape | None = None,
) -> pl.DataFrame:
    """Return the value of each quantity at which each system costs as much as a new boiler, as the table `break_even`.

    All else stays as it is. The price of carbon is one for all years, in place of the perspective's; the price ratio is
    that of what the system pays for electricity over what the boiler's home pays for gas, means over discounted years,
    electricity dearer or cheaper by one factor in all years; a grant is paid once, towards the first capital.

    Parameters
    ----------
    demand, assumptions
        As `lcoh_table` reads them.
    scenario, convention
        Set of prices, and a convention that divides by delivered heat over the same years for all systems.
    shape
        Measured load that networks are sized by.

    Raises
    ------
    AssumptionError
        If the convention does not compare, or a figure is missing.

    """
    figures, reading = scenario_figures(assumptions, scenario), find_convention(convention)
    tables = [
        _rows(quantity, contender)
        for contender in list_contenders(demand, figures, reading, shape=shape)
        for quantity in QUANTITIES
    ]
    if not tables:
        return BREAK_EVEN.empty()
    named = pl.concat(tables).with_columns(scenario=pl.lit(scenario), convention=pl.lit(convention))
    return BREAK_EVEN.conform(named).sort(BREAK_EVEN.key)


def cost_gap(contender: Contender, boiler: Contender, lever: Lever = AS_IT_IS) -> Yearly:
    """Return how much more a system costs than the boiler beside it under a lever [GBP/MWh]."""
    return np.asarray(contender.cost(lever).total - boiler.cost(lever).total)


def solve(quantity: Quantity, contender: Contender) -> Yearly:
    """Return where the gap of costs is nothing on a quantity's line, NaN where it is level.

    x = x_0 - g(x_0) (x_1 - x_0) / (g(x_1) - g(x_0)),  exact since g is straight

    Costs are straight in the price of carbon, the factor on the price of electricity and the grant; in the SPF they are
    straight in 1 / SPF.
    """
    boiler, rows = boiler_beside(contender), contender.keys.height
    first, second = (np.full(rows, point) for point in quantity.two_points)
    gap = cost_gap(contender, boiler, quantity.lever(first))
    rise = cost_gap(contender, boiler, quantity.lever(second)) - gap
    slanted = np.abs(rise) > LEVEL
    step: Yearly = np.divide(gap * (second - first), rise, out=np.full(rows, np.nan), where=slanted)
    return first - step


def _rows(quantity: Quantity, contender: Contender) -> pl.DataFrame:
    boiler = boiler_beside(contender)
    x = solve(quantity, contender)
    finite = np.isfinite(x)
    sure = np.where(finite, x, 1.0)
    level: Conditions = [(~finite, "the gap to the boiler does not depend on it")]
    reason = _say([*level, *quantity.reasons(sure, contender, boiler)], x)
    has_value = reason == ""
    value = quantity.value(np.where(has_value, sure, 1.0), contender, boiler)
    note = np.where(has_value, _say(quantity.remarks(sure, contender, boiler), x), reason)
    return contender.keys.select("period", "dwelling_type", "scale").with_columns(
        system=pl.lit(contender.system),
        quantity=pl.lit(quantity.name),
        unit=pl.lit(quantity.unit),
        base=pl.Series(np.broadcast_to(quantity.base(contender, boiler), x.shape)),
        value=pl.Series(np.where(has_value, value, np.nan), nan_to_null=True),
        note=pl.Series(note).replace("", None),
    )


def _say(conditions: Conditions, x: Yearly) -> NDArray[np.str_]:
    """Return for each row the words of the first condition that holds, nothing where none does."""
    if not conditions:
        return np.full(x.shape, "")
    return np.select([at for at, _ in conditions], [words for _, words in conditions], default="")


def _price_ratio(contender: Contender, boiler: Contender) -> Yearly:
    electricity, gas = (one.mean_over_years(one.energy.price_gbp_per_mwh) for one in (contender, boiler))
    return np.asarray(electricity / gas)


def _carbon_price(_: Contender, boiler: Contender) -> Yearly:
    """Return the mean over discounted years of what the perspective charges for a tonne [GBP/t]."""
    energy = boiler.energy
    return np.asarray(boiler.mean_over_years(energy.carbon_gbp_per_mwh / energy.co2_kg_per_mwh * KG_PER_TONNE))


def _saves_no_carbon(x: Yearly, contender: Contender, boiler: Contender) -> Conditions:
    saved = boiler.emissions(boiler.flows()) - contender.emissions(contender.flows())
    return [
        (saved <= 0, "it emits no less than the boiler: no price of carbon makes up for its cost"),
        (x < 0, "it costs less than the boiler without any price of carbon"),
    ]


def _dear_without_electricity(x: Yearly, *_: Contender) -> Conditions:
    return [(x <= 0, "it costs more than the boiler even where electricity costs nothing")]


def _dear_at_any_spf(x: Yearly, *_: Contender) -> Conditions:
    return [
        (x <= 0, "it costs more than the boiler even if it needed no electricity"),
        (x < 1 / MOST_SPF, f"it would take an SPF above {MOST_SPF:g}"),
    ]


def _needs_no_grant(x: Yearly, *_: Contender) -> Conditions:
    return [(x < 0, "it costs less than the boiler without a grant")]


def _exceeds_capital(x: Yearly, contender: Contender, _: Contender) -> Conditions:
    capital_gbp = contender.flows().capital_gbp[..., 0] / contender.dwellings
    return [(x > capital_gbp, "it is more than the system costs at first")]


QUANTITIES: Final = (
    Quantity(
        name="carbon_price",
        unit="GBP/t",
        lever=lambda x: Lever(carbon_gbp_per_tonne=x),
        two_points=(0.0, 100.0),
        value=lambda x, *_: x,
        base=_carbon_price,
        reasons=_saves_no_carbon,
    ),
    Quantity(
        name="electricity_to_gas_price_ratio",
        unit="1",
        lever=lambda x: Lever(electricity_price_factor=x),
        two_points=(0.0, 1.0),
        value=lambda x, contender, boiler: x * _price_ratio(contender, boiler),
        base=_price_ratio,
        reasons=_dear_without_electricity,
    ),
    Quantity(
        name="spf",
        unit="1",
        lever=lambda x: Lever(spf=1.0 / x),
        two_points=(0.25, 0.5),
        value=lambda x, *_: 1.0 / x,
        base=lambda contender, _: np.asarray(contender.spf),
        reasons=_dear_at_any_spf,
    ),
    Quantity(
        name="capital_grant",
        unit="GBP",
        lever=lambda x: Lever(grant_gbp_per_dwelling=x),
        two_points=(0.0, 1000.0),
        value=lambda x, *_: x,
        base=lambda contender, _: np.zeros(contender.keys.height),
        reasons=_needs_no_grant,
        remarks=_exceeds_capital,
    ),
)
