"""Parameters without effect under a convention, and the parameters that it uses instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from transforms.lcoh.assumptions.parameters import (
    CARBON_INTENSITY,
    CARBON_PRICE,
    COOKING,
    HOURLY_SPF,
    LEVY,
    MARGINAL_INTENSITY,
    NETWORK,
    NETWORK_SOURCE,
    PEAK_PLANTS,
    PRICE,
    SPF_ITEMS,
)
from transforms.lcoh.assumptions.scenarios import Key, ScenarioFigures
from transforms.lcoh.model.conventions import Convention
from transforms.lcoh.model.perspectives import PERSPECTIVES
from transforms.lcoh.model.systems import series_read
from transforms.lcoh.model.valuation import rate_figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitute:
    """Parameters without effect under some conventions, and the parameters or rules used instead."""

    matches: Callable[[Key], bool]
    """Whether a parameter is among them."""
    holds: Callable[[Convention], bool]
    """Whether they have no effect under a convention."""
    read_instead: Callable[[Key, Convention], tuple[Key, ...]] = lambda *_: ()
    """The parameters that are used instead."""
    words: str = ""
    """The rule for the quantity, if no single parameter holds it."""


def _one(item: str, *parameters: str) -> Callable[[Key], bool]:
    return lambda key: key in {(item, parameter) for parameter in parameters}


def _instead(item: str, *parameters: str) -> Callable[[Key, Convention], tuple[Key, ...]]:
    return lambda *_: tuple((item, parameter) for parameter in parameters)


def _same_role(key: Key, convention: Convention) -> tuple[Key, ...]:
    """Return the series of the same quantity and carrier that the convention uses, for any tariff or kind."""
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
        matches=lambda key: key[0] in SPF_ITEMS and key[1] == "efficiency",
        holds=lambda convention: convention.spf == "hourly",
        read_instead=lambda key, _: ((key[0], HOURLY_SPF),),
    ),
    Substitute(
        matches=lambda key: key[0] in SPF_ITEMS and key[1] == HOURLY_SPF,
        holds=lambda convention: convention.spf == "constant",
        read_instead=lambda key, _: ((key[0], "efficiency"),),
    ),
    Substitute(
        matches=_starts(*MADE_OF_HOURS),
        holds=lambda convention: convention.spf == "hourly",
        read_instead=lambda *_: tuple((system, HOURLY_SPF) for system in SPF_ITEMS),
        words="which is computed from them before values are set",
    ),
    Substitute(
        matches=_starts(*MADE_OF_HOURS),
        holds=lambda convention: convention.spf == "constant",
        read_instead=lambda *_: tuple((system, "efficiency") for system in SPF_ITEMS),
    ),
    Substitute(
        matches=_one(COOKING, "gas_kwh_per_year"),
        holds=lambda _: True,
        words="the gas of hobs counts as heat; lcoh_without_cooking_gbp_per_mwh is the cost without it",
    ),
    Substitute(
        matches=_one(COOKING, "gas_stays_share"),
        holds=lambda convention: PERSPECTIVES[convention.perspective].vat != "homes",
        words="no standing charge counts",
    ),
    Substitute(
        matches=_starts(NETWORK_SOURCE),
        holds=lambda _: True,
        read_instead=_instead(NETWORK, "heat_pump_spf"),
    ),
    Substitute(
        matches=_one(NETWORK, "distribution_loss_share"),
        holds=lambda convention: convention.loss_rule == "pipe_heat_loss",
        words="the loss of pipes follows from their length, foam and temperatures (pipe, pipe_dn_*)",
    ),
    Substitute(
        matches=_one(NETWORK, "heat_pump_kw_per_dwelling", "substation_kw_per_dwelling"),
        holds=lambda convention: convention.network_sizing == "load_curve",
        words="plant is sized by the load and its peak (load, load_day_*, network_plant)",
    ),
    Substitute(
        matches=_starts("network_plant", "network_store", "load", *(f"{NETWORK}_{plant}" for plant in PEAK_PLANTS)),
        holds=lambda convention: convention.network_sizing == "kw_per_dwelling",
        read_instead=_instead(NETWORK, "heat_pump_kw_per_dwelling", "substation_kw_per_dwelling"),
    ),
    Substitute(
        matches=_starts(*(f"{NETWORK}_{plant}" for plant in PEAK_PLANTS)),
        holds=lambda convention: convention.network_sizing == "load_curve",
        words="the peak is met by other plant",
    ),
    Substitute(
        matches=_one(NETWORK, "main_pipe_m"),
        holds=lambda convention: convention.main_pipe == "length_per_dwelling",
        read_instead=_instead(NETWORK, "main_pipe_m_per_dwelling"),
    ),
    Substitute(
        matches=_one(NETWORK, "main_pipe_m_per_dwelling"),
        holds=lambda convention: convention.main_pipe == "fixed_length",
        read_instead=_instead(NETWORK, "main_pipe_m"),
    ),
    Substitute(
        matches=_one(NETWORK, "main_pipe_m", "main_pipe_m_per_dwelling"),
        holds=lambda convention: convention.main_pipe == "mapped_length",
        words="the main pipe is that of the place (--main-pipe)",
    ),
    Substitute(
        matches=_one(NETWORK, "main_pipe_gbp_per_m"),
        holds=lambda convention: convention.pipe_cost == "by_diameter",
        read_instead=_instead("pipe", "gbp_per_m", "gbp_per_m2"),
    ),
    Substitute(
        matches=_starts("pipe"),
        holds=lambda convention: convention.loss_rule != "pipe_heat_loss" and convention.pipe_cost == "per_metre",
        read_instead=_instead(NETWORK, "distribution_loss_share", "main_pipe_gbp_per_m"),
    ),
    Substitute(
        matches=_one(NETWORK, "heat_pump_om_gbp_per_kw_year"),
        holds=lambda convention: convention.heat_pump_om == "share_of_capital",
        read_instead=_instead(NETWORK, "heat_pump_om_share_of_capital"),
    ),
    Substitute(
        matches=_one(NETWORK, "heat_pump_om_share_of_capital"),
        holds=lambda convention: convention.heat_pump_om == "per_kw",
        read_instead=_instead(NETWORK, "heat_pump_om_gbp_per_kw_year"),
    ),
    Substitute(
        matches=_one(NETWORK, "connection_lifetime_years"),
        holds=lambda convention: not convention.replaces_connections,
        words="the connection of a home is bought once",
    ),
    Substitute(
        matches=_one(NETWORK, "heat_pump_lifetime_years"),
        holds=lambda convention: not convention.replaces_heat_pump,
        words="a network's heat pump is bought once",
    ),
    Substitute(
        matches=lambda key: key[0] == "design_load" or key[1] in {"capital_gbp_per_kw", "least_kw"},
        holds=lambda convention: convention.individual_sizing == "one_size",
        words="a system in a home has one size for all",
    ),
    Substitute(
        matches=lambda key: key[0] in RATES and "rate" in key[1],
        holds=lambda _: True,
        read_instead=lambda _, convention: rate_figures(convention),
    ),
    Substitute(
        matches=lambda key: key[1] in SERIES,
        holds=lambda _: True,
        read_instead=_same_role,
    ),
    Substitute(
        matches=lambda key: key[0] == "vat" or key == LEVY,
        holds=lambda _: True,
        words="this tax does not count",
    ),
)


def explain_unread(key: Key, figures: ScenarioFigures, convention: Convention) -> str:
    """Return the parameters that a convention uses instead of one without effect, each with its value.

    Parameters
    ----------
    key
        Item and parameter of a value that changes no cost.
    figures, convention
        The scenario's values and the rules of the cost model.

    """
    for one in SUBSTITUTES:
        if not (one.matches(key) and one.holds(convention)):
            continue
        read = [other for other in one.read_instead(key, convention) if other != key and figures.has(*other)]
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
