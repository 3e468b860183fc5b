"""The declared values that areas need beside those of the cost model: floor areas, widths, thresholds, the trend of gas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.tables.words import DWELLING_TYPES

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFigures:
    """Values of the shipped table `area_figure`."""

    floor_m2: Floats
    """Floor area of a home by dwelling type [m2]."""
    width_2011: tuple[float, float]
    """Width at plot ratio 1 [m] and exponent [1]."""
    width_2019: tuple[float, float, float]
    """Width per plot ratio [m], width at plot ratio 0 [m], plot ratio above which the width is constant [1]."""
    thresholds: dict[str, float]
    """Least heat density by name, in the unit that the name ends with."""
    new_home_space_kwh_per_m2: float
    """Space heat of a new home for each square metre of floor [kWh/(m2 yr)]."""
    zoning_nondomestic_mwh: float
    """Heat above which the draft zoning rules oblige a building without homes to connect [MWh/yr]."""
    least_metered_homes: int
    """Fewest homes that a metered contribution may add up."""
    gas_trend: dict[int, float]
    """Published gas per domestic meter of Great Britain outside London by year [kWh/yr]."""

    @classmethod
    def from_table(cls, table: pl.DataFrame) -> AreaFigures:
        """Return the values of the table.

        Raises
        ------
        KeyError
            If the table lacks one of them.

        """
        rows = table.select("item", "parameter", "year", "value").iter_rows()
        value = {(item, name, year): float(number) for item, name, year, number in rows}

        def one(item: str, name: str) -> float:
            return value[item, name, 0]

        return cls(
            floor_m2=np.array([one("floor_area", name) for name in DWELLING_TYPES]),
            width_2011=(one("width_2011", "width_at_1"), one("width_2011", "exponent")),
            width_2019=(
                one("width_2019", "width_per_plot_ratio"),
                one("width_2019", "width_at_0"),
                one("width_2019", "plot_ratio_max"),
            ),
            thresholds={name: number for (item, name, _), number in value.items() if item == "threshold"},
            new_home_space_kwh_per_m2=one("new_home", "space_kwh_per_m2"),
            zoning_nondomestic_mwh=one("zoning", "nondomestic_mwh"),
            least_metered_homes=int(one("contribution", "least_metered_homes")),
            gas_trend={year: number for (item, _, year), number in value.items() if item == "gas_trend"},
        )


def width_2011_m(figures: AreaFigures, plot_ratio: Floats) -> Floats:
    """Return the effective width of a network by Persson and Werner (2011), w = 61.8 e^-0.15 [m].

    The land A divided by the width is the length of the trench, L = A / w. Each metre of it counts once.
    """
    at_1, exponent = figures.width_2011
    return np.asarray(at_1 * np.maximum(plot_ratio, 1e-9) ** exponent)  # above 0: an area may be without homes


def width_2019_m(figures: AreaFigures, plot_ratio: Floats) -> Floats:
    """Return the effective width by Persson et al. (2019), w = 137.5 e + 5, 60 m above e = 0.4 [m]."""
    slope, at_0, most = figures.width_2019
    return np.asarray(slope * np.minimum(plot_ratio, most) + at_0)
