"""Conventions: the paper leaves choices of the cost model open, and a convention is one named set of choices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from transforms.lcoh.assumptions.refusals import unknown_name
from transforms.lcoh.model.cash_flows import Denominator
from transforms.lcoh.model.perspectives import PerspectiveName


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """The rules of the cost model; every field is a choice that moves results."""

    name: str
    denominator: Denominator
    """The heat by which costs are divided; in individual systems both are the same."""
    loss_rule: Literal["share_of_produced", "pipe_heat_loss"]
    """Whether the distribution loss is a share of the heat produced, or follows from pipes, insulation and
    temperatures."""
    heat_pump_om: Literal["share_of_capital", "per_kw"]
    """Whether operation and maintenance of a network's heat pump is proportional to its capital or to its size."""
    replaces_heat_pump: bool
    """Whether a network buys its heat pump again when it is worn out."""
    replaces_connections: bool
    """Whether heat interface units and heat meters are bought again when they are worn out."""
    network_sizing: Literal["kw_per_dwelling", "load_curve"]
    """Whether a network has only a heat pump of fixed size per home, or heat pump, store and peak plant sized
    by the load through the year and the peak of all homes together."""
    peak_plant: Literal["electric_boiler", "gas_boiler"]
    """Plant that makes the heat above the output of a network's heat pump, where a network has such plant."""
    main_pipe: Literal["fixed_length", "length_per_dwelling", "mapped_length"]
    """Length of the main pipe: the same for every network, a fixed length per home, or as measured for one place."""
    pipe_cost: Literal["per_metre", "by_diameter"]
    """Whether a metre of main pipe costs the same everywhere, or by its diameter, which follows from linear heat
    density."""
    individual_sizing: Literal["one_size", "heat_loss"]
    """Whether a system in a home has one size for all, or that of the home's load on a cold day."""
    individual_tariff: str
    """Group of customers at whose prices an individual system buys gas and electricity."""
    network_tariff: str
    """Group of customers at whose price a network buys electricity."""
    perspective: PerspectiveName
    """Whose costs count. It decides on taxes, on the price of carbon and on the discount rate."""
    discounting: Literal["flat", "stepped"]
    """Whether the perspective's first rate holds in all years or steps down as the Green Book has it."""
    horizon: Literal["own_life", "network_life"]
    """Years that count: each system's own life, or the life of a network for every system. In the latter case a worn-out
    system is bought again, and the rest of the last purchase is credited."""
    electricity_carbon: Literal["grid_average", "long_run_marginal"]
    """Carbon intensity of electricity: of the mean kWh, or of one kWh more in the long run."""
    carbon_value: Literal["low", "central", "high"]
    """Which series of carbon values a perspective that appraises them takes."""
    spf: Literal["constant", "hourly"]
    """Performance of heat pumps in homes: one value for all, or one of each dwelling type from the weather and the load
    of its hours (`performance`)."""


WANG2018: Final = Convention(
    name="wang2018",
    denominator="produced",
    loss_rule="share_of_produced",
    heat_pump_om="share_of_capital",
    replaces_heat_pump=True,
    replaces_connections=False,
    network_sizing="kw_per_dwelling",
    peak_plant="electric_boiler",
    main_pipe="fixed_length",
    pipe_cost="per_metre",
    individual_sizing="one_size",
    individual_tariff="residential",
    network_tariff="residential",
    perspective="paper",
    discounting="flat",
    horizon="own_life",
    electricity_carbon="grid_average",
    carbon_value="central",
    spf="constant",
)

RIVAL: Final = replace(  # other choices that the paper's statements do not exclude
    WANG2018,
    name="rival",
    denominator="delivered",
    heat_pump_om="per_kw",
    replaces_heat_pump=False,
    network_tariff="services",
)

BEST_PRACTICE: Final = Convention(  # ours: each choice is defended in docs/method.md
    name="best_practice",
    denominator="delivered",
    loss_rule="pipe_heat_loss",
    heat_pump_om="share_of_capital",
    replaces_heat_pump=True,
    replaces_connections=True,
    network_sizing="load_curve",
    peak_plant="electric_boiler",
    main_pipe="length_per_dwelling",
    pipe_cost="by_diameter",
    individual_sizing="heat_loss",
    individual_tariff="residential",
    network_tariff="services",
    perspective="social",
    discounting="stepped",
    horizon="network_life",
    electricity_carbon="long_run_marginal",
    carbon_value="central",
    spf="hourly",
)

CONVENTIONS: Final[dict[str, Convention]] = {
    convention.name: convention
    for convention in (
        WANG2018,  # only for the paper's statements
        replace(WANG2018, name="wang2018_delivered", denominator="delivered"),  # the same costs, comparable by system
        RIVAL,
        BEST_PRACTICE,
        replace(BEST_PRACTICE, name="best_practice_public", perspective="public_body"),
        replace(BEST_PRACTICE, name="best_practice_private", perspective="private", discounting="flat"),
        replace(BEST_PRACTICE, name="best_practice_mapped", main_pipe="mapped_length"),  # for one place with its pipes
        replace(BEST_PRACTICE, name="best_practice_gas_peak", peak_plant="gas_boiler"),  # as most networks have it
    )
}


LENSES: Final = (BEST_PRACTICE.name, "best_practice_private")  # the cost of heat to society, and to homes


def lenses_beside(convention: str) -> tuple[str, ...]:
    """Return the conventions that are shown together: both lenses where one of them is asked for."""
    return LENSES if convention in LENSES else (convention,)


def find_convention(name: str) -> Convention:
    """Return the convention `name`.

    Raises
    ------
    UnknownNameError
        If there is none of that name; the message lists near matches.

    """
    if name not in CONVENTIONS:
        raise unknown_name("convention", name, CONVENTIONS)
    return CONVENTIONS[name]
