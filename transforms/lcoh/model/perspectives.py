"""Perspectives: whose costs count, and with which taxes, price of carbon and discount rates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from transforms.lcoh.assumptions.scenarios import ScenarioFigures

PerspectiveName: TypeAlias = Literal["paper", "social", "public_body", "private"]

RATE: Final = ("study", "discount_rate")
STEPS: Final = (  # last year after the investment in which each rate holds; HM Treasury, The Green Book
    (30, ("green_book", "rate_to_year_30")),
    (75, ("green_book", "rate_to_year_75")),
    (math.inf, ("green_book", "rate_after_year_75")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Perspective:
    """Which costs are counted, and how they are discounted."""

    vat: Literal["as_printed", "nobody", "homes"]
    """Who pays value added tax: prices as they are printed, nobody, or homes on all that they buy."""
    carbon: Literal["scenario_price", "appraisal_value", "in_prices"]
    """Price of a tonne that is added to the price of energy: the scenario's price, the Green Book's value, or none. None is
    added where prices already hold it: the price of electricity contains the carbon payments of generators, and homes
    pay nothing for the carbon of gas."""
    without_levies: bool
    """Whether the climate change levy and the carbon payments of generators are taken out of electricity's price."""
    rates: tuple[tuple[float, tuple[str, str]], ...]
    """Discount rates: the last year in which one holds, and the parameter (item, parameter) that holds it."""


def lens_of(perspective: PerspectiveName, figures: ScenarioFigures) -> dict[str, str | int]:
    """Return the perspective, the year of the prices and the first year of operation, as columns of cost tables."""
    years = {name: int(figures.one("study", parameter)) for name, parameter in LENS_YEARS.items()}
    return {"perspective": perspective, **years}


LENS_YEARS: Final = {"price_year": "price_base_year", "start_year": "start_year"}
PERSPECTIVES: Final[dict[PerspectiveName, Perspective]] = {
    "paper": Perspective(
        vat="as_printed", carbon="scenario_price", without_levies=False, rates=((math.inf, RATE),)
    ),
    "social": Perspective(vat="nobody", carbon="appraisal_value", without_levies=True, rates=STEPS),
    "public_body": Perspective(vat="nobody", carbon="in_prices", without_levies=False, rates=STEPS),
    "private": Perspective(
        vat="homes",
        carbon="in_prices",
        without_levies=False,
        rates=((math.inf, ("private", "commercial_rate")),),
    ),
}  # fmt: skip
