"""The declared figures that areas need beside the cost model's: floor areas, widths, thresholds, the trend of gas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.tables.words import DWELLING_TYPES

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFigures:
    """Figures of the shipped table `area_figure`."""

    floor_m2: Floats
    """Floor area of a home by dwelling type [m2]."""
    width_2011: tuple[float, float]
    """Width at plot ratio 1 [m] and exponent [1]."""
    width_2019: tuple[float, float, float]
    """Width per plot ratio [m], width at none [m], plot ratio from which on it is constant [1]."""
    thresholds: dict[str, float]
    new_home_space_kwh_per_m2: float
    zoning_nondomestic_mwh: float
    least_metered_homes: int
    gas_trend: dict[int, float]
    """Published gas per domestic meter of Great Britain outside London by year [kWh/yr]."""

    @classmethod
    def from_table(cls, table: pl.DataFrame) -> AreaFigures:
        """Take the figures from the table."""
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
    """Return the effective width of a network's ground by Persson and Werner (2011), w = 61.8 e^-0.15 [m].

    The trench is L = A / w, each metre counted once.
    """
    at_1, exponent = figures.width_2011
    return np.asarray(at_1 * np.maximum(plot_ratio, 1e-9) ** exponent)


def width_2019_m(figures: AreaFigures, plot_ratio: Floats) -> Floats:
    """Return the effective width by Persson et al. (2019), w = 137.5 e + 5, 60 m above e = 0.4 [m]."""
    slope, at_0, most = figures.width_2019
    return np.asarray(slope * np.minimum(plot_ratio, most) + at_0)
