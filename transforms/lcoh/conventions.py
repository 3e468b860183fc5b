"""How the cost model is read: the paper leaves choices open, and each set of choices is a named row of options."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from transforms.lcoh.cash_flows import Denominator
from transforms.lcoh.refusals import unknown_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """One reading of the cost model; every field is a choice that moves results."""

    name: str
    denominator: Denominator
    """The heat that costs are divided by; in individual systems both are the same."""
    first_heat_year: Literal[0, 1]
    """Year of the first heat and the first running costs, where capital is spent in year 0."""
    loss_rule: Literal["share_of_produced", "share_of_delivered"]
    """What the distribution loss is a share of."""
    om_charged_on: Denominator
    """The heat on which operation and maintenance in GBP/MWh is paid."""
    heat_pump_om: Literal["share_of_capital", "per_kw"]
    """How operation and maintenance of a network's heat pump is reckoned."""
    replaces_heat_pump: bool
    """Whether a network buys its heat pump again when it is worn out."""
    main_pipe: Literal["fixed_length", "length_per_dwelling"]
    """How long the main pipe of a network is."""
    individual_tariff: str
    """Whose gas and electricity prices an individual system pays."""
    network_tariff: str
    """Whose electricity price a network pays."""


WANG2018: Final = Convention(
    name="wang2018",
    denominator="produced",
    first_heat_year=1,
    loss_rule="share_of_produced",
    om_charged_on="delivered",
    heat_pump_om="share_of_capital",
    replaces_heat_pump=True,
    main_pipe="fixed_length",
    individual_tariff="residential",
    network_tariff="residential",
)

CONVENTIONS: Final[dict[str, Convention]] = {
    convention.name: convention
    for convention in (
        WANG2018,  # meets the paper's statements, and serves for nothing else
        replace(WANG2018, name="wang2018_delivered", denominator="delivered"),  # the same costs, comparable by system
    )
}


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
