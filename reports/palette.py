"""Colours with a fixed meaning: one per heating system, dwelling type, part of a cost, use of gas and kind of day.

Each is a pair for the light and the dark page. Their contrast with the page is at least 3:1 (WCAG 2.2, 1.4.11), and they
can be distinguished under simulated protanopia, deuteranopia and tritanopia; `tests/unit/test_figures.py` measures both.
No information is in colour only: categories are named on an axis, and systems differ by symbol too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ink:
    """One colour, for the light and for the dark page."""

    light: str
    dark: str


SYSTEM = {
    "gas_boiler": Ink("#4f3a44", "#b3a3b0"),
    "ashp": Ink("#1f5fb4", "#7b95ff"),
    "gshp": Ink("#c06a10", "#f08a3c"),
    "network": Ink("#0a9a6e", "#5fe3a8"),
}
SYSTEM_SYMBOL = {"gas_boiler": "square", "ashp": "circle", "gshp": "diamond", "network": "triangle-up"}

DWELLING_TYPE = {
    "detached": Ink("#1b1f4b", "#8a72e6"),
    "semi_detached": Ink("#3a62d8", "#7fb8f5"),
    "terraced": Ink("#1d9c72", "#4fe0b0"),
    "bungalow": Ink("#a8781a", "#f0cb5a"),
    "flat": Ink("#a8489a", "#f07ab0"),
    "all": Ink("#5a2a1c", "#9c8a6c"),
}
OTHER_GROUP = Ink("#6b7280", "#9aa3af")  # homes of unknown type, and the weighted mix

COST_PART = {
    "capital": Ink("#1b2a6b", "#7f74e8"),
    "om": Ink("#2390b9", "#8fe0f0"),
    "fuel": Ink("#c8700b", "#f0c850"),
    "carbon": Ink("#7a2f4a", "#e8709b"),
}
END_USE = {
    "space": Ink("#195ba0", "#8cb7e4"),
    "hot_water": Ink("#129e7f", "#5fe0cf"),
    "cooking": Ink("#a85c14", "#f0a860"),
}
DAY_KIND = {"weekday": Ink("#2b3a67", "#9db4f2"), "weekend": Ink("#b5541c", "#f2a65e")}
BAND_K = 5  # width of the bands of temperature
BAND = (  # from -10, -5, 0, 5, 10, 15 and 20 degrees on
    Ink("#10194a", "#d5dcff"),
    Ink("#2a48b3", "#85b8f1"),
    Ink("#4079d5", "#537de2"),
    Ink("#57745d", "#5af2a3"),
    Ink("#a48e36", "#f4ce23"),
    Ink("#a94d06", "#e99504"),
    Ink("#7b041d", "#d85a6a"),
)
SCALE = (  # from nothing to the most, in even steps of lightness and of colour difference
    Ink("#f9f2c4", "#222457"),
    Ink("#cadda4", "#174073"),
    Ink("#92c995", "#005f87"),
    Ink("#52b393", "#007e91"),
    Ink("#009895", "#009b93"),
    Ink("#007a94", "#4eb58e"),
    Ink("#005989", "#8ecb8a"),
    Ink("#1a3974", "#c9de8e"),
    Ink("#241a54", "#fff0a1"),
)
OUTCOME = {"judged": Ink("#5a6b62", "#a9b7aa"), "not_judged": Ink("#ac5d34", "#fdb340")}
TEMPERATURE = Ink("#8a3324", "#f2a28f")
PUBLISHED = Ink("#111418", "#f3f5f7")  # for marks of published values, and text on tinted bars
PAGE = Ink("#ffffff", "#14181d")  # background of figures; fills hollow marks
TEXT, MUTED, LINE = (
    Ink("#1a1d21", "#e8eaed"),
    Ink("#525a65", "#a9b2bd"),
    Ink("#d5d9df", "#363f49"),
)  # as on the page: site.css

_BLACK = Ink("#0b0d10", "#0b0d10")
_TURNING = Ink("#fefefe", "#0b0d10")
ON_COST_PART = {"capital": _TURNING, "om": _BLACK, "fuel": _BLACK, "carbon": _TURNING}  # text on these bars, 4.5:1

ON_END_USE = {"space": _TURNING, "hot_water": _BLACK, "cooking": _TURNING}

FAMILIES: dict[str, dict[str, Ink]] = {
    "system": SYSTEM,
    "dwelling_type": DWELLING_TYPE,
    "cost_part": COST_PART,
    "end_use": END_USE,
    "day_kind": DAY_KIND,
    "band": {str(rank): ink for rank, ink in enumerate(BAND)},
    "outcome": OUTCOME,
}


def group_ink(dwelling_type: str) -> Ink:
    """Return the colour of a dwelling type or of a group of homes."""
    return DWELLING_TYPE.get(dwelling_type, OTHER_GROUP)


def band_ink(lower_c: int) -> Ink:
    """Return the colour of the band of temperature that begins at `lower_c`, or of the nearest band."""
    return BAND[min(max(lower_c // BAND_K + 2, 0), len(BAND) - 1)]


def scale() -> list[tuple[float, Ink]]:
    """Return the scale of maps: positions from 0 to 1, each with its colour."""
    return [(rank / (len(SCALE) - 1), ink) for rank, ink in enumerate(SCALE)]


def tint(ink: Ink) -> Ink:
    """Return a colour mixed with the page's, as a background for marks and text."""
    return Ink(_blend(ink.light, PAGE.light, 0.55), _blend(ink.dark, PAGE.dark, 0.45))


def _blend(colour: str, ground: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    return "#" + "".join(f"{round(share * over + (1 - share) * under):02x}" for over, under in pairs)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def dark_of_light() -> dict[str, str]:
    """Return the dark colour for each light one; the page uses them to recolour its figures."""
    single = (OTHER_GROUP, TEMPERATURE, PUBLISHED, PAGE)
    inks = [ink for family in (*FAMILIES.values(), ON_COST_PART, ON_END_USE) for ink in family.values()]
    groups = [*DWELLING_TYPE.values(), *SYSTEM.values(), OTHER_GROUP]
    return {ink.light: ink.dark for ink in (*inks, *single, *SCALE, *map(tint, groups))}
