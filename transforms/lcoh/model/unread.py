"""Figures that a convention does not read, and what it reads in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from transforms.lcoh.assumptions.parameters import (
    CARBON_INTENSITY,
    CARBON_PRICE,
    HOURLY_SPF,
    LEVY,
    MARGINAL_INTENSITY,
    NETWORK,
    PEAK_PLANTS,
    PRICE,
    SPF_ITEMS,
)
from transforms.lcoh.assumptions.scenarios import Key, ScenarioFigures
from transforms.lcoh.model.conventions import Convention
from transforms.lcoh.model.systems import series_read
from transforms.lcoh.model.valuation import rate_figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitute:
    """Figures that stand aside under a choice of a convention, and what the cost model takes then."""

    of: Callable[[Key], bool]
    under: Callable[[Convention], bool]
    keys: Callable[[Key, Convention], tuple[Key, ...]] = lambda *_: ()
    """The figures that are read instead."""
    words: str = ""
    """How the quantity comes about where no single figure is read."""


def _one(item: str, *parameters: str) -> Callable[[Key], bool]:
    return lambda key: key in {(item, parameter) for parameter in parameters}


def _instead(item: str, *parameters: str) -> Callable[[Key, Convention], tuple[Key, ...]]:
    return lambda *_: tuple((item, parameter) for parameter in parameters)


def _same_role(key: Key, convention: Convention) -> tuple[Key, ...]:
    """Return the series that say the same of the same energy, of whatever tariff or kind."""
    item, parameter = key
    roles = {CARBON_INTENSITY, MARGINAL_INTENSITY} if parameter.startswith("carbon_intensity") else {parameter}
    carrier = item.partition("_")[0] if parameter == PRICE else item
    return tuple(
        (i, p)
        for i, p in series_read(convention)
        if p in roles and (parameter == CARBON_PRICE or i.partition("_")[0] == carrier)
    )


def _starts(*names: str) -> Callable[[Key], bool]:
    return lambda key: key[0].startswith(names)


SERIES: Final = (PRICE, CARBON_PRICE, CARBON_INTENSITY, MARGINAL_INTENSITY)
RATES: Final = ("study", "green_book", "private")
MADE_OF_HOURS: Final = ("heat_pump_cop", "heat_pump_sink", "ground_source", "reference_load")
SUBSTITUTES: Final = (
    Substitute(
        of=lambda key: key[0] in SPF_ITEMS and key[1] == "efficiency",
        under=lambda convention: convention.spf == "hourly",
        keys=lambda key, _: ((key[0], HOURLY_SPF),),
    ),
    Substitute(
        of=lambda key: key[0] in SPF_ITEMS and key[1] == HOURLY_SPF,
        under=lambda convention: convention.spf == "constant",
        keys=lambda key, _: ((key[0], "efficiency"),),
    ),
    Substitute(
        of=_starts(*MADE_OF_HOURS),
        under=lambda convention: convention.spf == "hourly",
        keys=lambda *_: tuple((system, HOURLY_SPF) for system in SPF_ITEMS),
        words="computed from them before anything is set",
    ),
    Substitute(
        of=_starts(*MADE_OF_HOURS),
        under=lambda convention: convention.spf == "constant",
        keys=lambda *_: tuple((system, "efficiency") for system in SPF_ITEMS),
    ),
    Substitute(
        of=_one(NETWORK, "distribution_loss_share"),
        under=lambda convention: convention.loss_rule == "pipe_heat_loss",
        words="what pipes lose follows from their length, foam and temperatures (pipe, pipe_dn_*)",
    ),
    Substitute(
        of=_one(NETWORK, "heat_pump_kw_per_dwelling", "substation_kw_per_dwelling"),
        under=lambda convention: convention.network_sizing == "load_curve",
        words="plant is sized by the load and its peak (load, load_day_*, network_plant)",
    ),
    Substitute(
        of=_starts("network_plant", "network_store", "load", *(f"{NETWORK}_{plant}" for plant in PEAK_PLANTS)),
        under=lambda convention: convention.network_sizing == "kw_per_dwelling",
        keys=_instead(NETWORK, "heat_pump_kw_per_dwelling", "substation_kw_per_dwelling"),
    ),
    Substitute(
        of=_starts(*(f"{NETWORK}_{plant}" for plant in PEAK_PLANTS)),
        under=lambda convention: convention.network_sizing == "load_curve",
        words="the peak is met by other plant",
    ),
    Substitute(
        of=_one(NETWORK, "main_pipe_m"),
        under=lambda convention: convention.main_pipe == "length_per_dwelling",
        keys=_instead(NETWORK, "main_pipe_m_per_dwelling"),
    ),
    Substitute(
        of=_one(NETWORK, "main_pipe_m_per_dwelling"),
        under=lambda convention: convention.main_pipe == "fixed_length",
        keys=_instead(NETWORK, "main_pipe_m"),
    ),
    Substitute(
        of=_one(NETWORK, "main_pipe_gbp_per_m"),
        under=lambda convention: convention.pipe_cost == "by_diameter",
        keys=_instead("pipe", "gbp_per_m", "gbp_per_m2"),
    ),
    Substitute(
        of=_starts("pipe"),
        under=lambda convention: convention.loss_rule != "pipe_heat_loss" and convention.pipe_cost == "per_metre",
        keys=_instead(NETWORK, "distribution_loss_share", "main_pipe_gbp_per_m"),
    ),
    Substitute(
        of=_one(NETWORK, "heat_pump_om_gbp_per_kw_year"),
        under=lambda convention: convention.heat_pump_om == "share_of_capital",
        keys=_instead(NETWORK, "heat_pump_om_share_of_capital"),
    ),
    Substitute(
        of=_one(NETWORK, "heat_pump_om_share_of_capital"),
        under=lambda convention: convention.heat_pump_om == "per_kw",
        keys=_instead(NETWORK, "heat_pump_om_gbp_per_kw_year"),
    ),
    Substitute(
        of=_one(NETWORK, "connection_lifetime_years"),
        under=lambda convention: not convention.replaces_connections,
        words="what connects a home is bought once",
    ),
    Substitute(
        of=_one(NETWORK, "heat_pump_lifetime_years"),
        under=lambda convention: not convention.replaces_heat_pump,
        words="a network's heat pump is bought once",
    ),
    Substitute(
        of=lambda key: key[0] == "design_load" or key[1] in {"capital_gbp_per_kw", "least_kw"},
        under=lambda convention: convention.individual_sizing == "one_size",
        words="a system in a home has one size for all",
    ),
    Substitute(
        of=lambda key: key[0] in RATES and "rate" in key[1],
        under=lambda _: True,
        keys=lambda _, convention: rate_figures(convention),
    ),
    Substitute(
        of=lambda key: key[1] in SERIES,
        under=lambda _: True,
        keys=_same_role,
    ),
    Substitute(
        of=lambda key: key[0] == "vat" or key == LEVY,
        under=lambda _: True,
        words="nobody is counted as paying this tax",
    ),
)


def explain_unread(key: Key, figures: ScenarioFigures, convention: Convention) -> str:
    """Return what a convention reads in the place of a figure that it does not read, each with its value.

    Parameters
    ----------
    key
        Item and parameter of a figure that changes no cost.
    figures, convention
        The scenario's figures and the reading of the cost model.

    """
    for one in SUBSTITUTES:
        if not (one.of(key) and one.under(convention)):
            continue
        read = [other for other in one.keys(key, convention) if other != key and figures.has(*other)]
        named = " and ".join(_with_value(other, figures) for other in read)
        if named:
            return f"{convention.name} takes {named}" + (f", {one.words}" if one.words else "")
        if one.words:
            return f"by {convention.name} {one.words}"
    return "no cost of these systems depends on it"


def _with_value(key: Key, figures: ScenarioFigures) -> str:
    by_year = figures.by_year[key]
    name = ".".join(key)
    return f"{name} ({by_year[0]:.4g})" if list(by_year) == [0] else f"{name} (a series)"
