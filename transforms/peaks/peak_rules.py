"""Published rules for the peak of heat, to compare with the measured peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakRules:
    """Values of the published rules, from the shipped table `diversity_rule`."""

    factor_of_many: float  # [1]
    factor_of_one: float  # [1]
    thermos_base_kw: float
    thermos_kw_per_kwh: float  # of annual heat [kW/(kWh/yr)]
    london_base_kw: float
    london_kw_per_kwh: float  # of annual heat [kW/(kWh/yr)]
    london_kw_per_kwh_non_residential: float

    @classmethod
    def from_table(cls, table: pl.DataFrame) -> PeakRules:
        """Return the values of the table."""
        value = {(item, name): float(v) for item, name, v in table.select("item", "parameter", "value").iter_rows()}
        return cls(
            factor_of_many=value["thermos_diversity", "factor_of_many"],
            factor_of_one=value["thermos_diversity", "factor_of_one"],
            thermos_base_kw=value["thermos_peak", "base_kw"],
            thermos_kw_per_kwh=value["thermos_peak", "kw_per_kwh"],
            london_base_kw=value["london_heat_map_peak", "base_kw"],
            london_kw_per_kwh=value["london_heat_map_peak", "kw_per_kwh"],
            london_kw_per_kwh_non_residential=value["london_heat_map_peak", "kw_per_kwh_non_residential"],
        )


def thermos_diversity_factor(rules: PeakRules, dwellings: Floats) -> Floats:
    """Return the after-diversity peak per dwelling over the peak of one dwelling alone, 0.62 + 0.38 / n [1]."""
    return rules.factor_of_many + rules.factor_of_one / dwellings


def thermos_peak(rules: PeakRules, heat_kwh: Floats) -> Floats:
    """Return the peak of one building by its annual heat, P = 21.84 kW + 0.0004963 kW/(kWh/yr) Q [kW]."""
    return rules.thermos_base_kw + rules.thermos_kw_per_kwh * heat_kwh


def london_heat_map_peak(
    rules: PeakRules, heat_kwh: Floats, *, non_residential: NDArray[np.bool_] | bool = False
) -> Floats:
    """Return the peak of one building in the London Heat Map.

    P = 21.84 kW + s Q, with s = 0.000342535 kW/(kWh/yr), or 0.000275948 where part of the building is no dwelling

    Parameters
    ----------
    rules
        Values of the rules.
    heat_kwh
        Heat Q of the building [kWh/yr].
    non_residential
        Whether part of it is no dwelling.

    Returns
    -------
    ndarray [kW]

    References
    ----------
    Greater London Authority, London Heat Map 2024. No formula is published; this one reproduces the columns KWH and PEAK_KW of
    its buildings. It has no diversity between buildings.

    """
    slope = np.where(non_residential, rules.london_kw_per_kwh_non_residential, rules.london_kw_per_kwh)
    return rules.london_base_kw + slope * heat_kwh


def compare_rules(
    rules: PeakRules, *, demand_kwh: float, peak_of_one_kw: float, dwellings: Sequence[int]
) -> pl.DataFrame:
    """Return the peak per dwelling of a number of houses by published rules.

    `thermos_factor` is the measured peak of one home times 0.62 + 0.38 / n. `thermos` and `london_heat_map` are the rules for
    a building of one dwelling, times the same factor. `london_heat_map_alone` is the peak that the London Heat Map shows for
    each house, without diversity.

    Parameters
    ----------
    rules
        Values of the rules.
    demand_kwh
        Annual heat of one dwelling [kWh/yr].
    peak_of_one_kw
        Measured peak of one home, the median [kW].
    dwellings
        Numbers of dwellings n [1].

    Returns
    -------
    pl.DataFrame
        `rule`, `dwellings`, `peak_kw` per dwelling.

    """
    n = np.asarray(dwellings, dtype=float)
    factor, heat = thermos_diversity_factor(rules, n), np.full(len(n), demand_kwh)
    peaks = {
        "thermos_factor": peak_of_one_kw * factor,
        "thermos": thermos_peak(rules, heat) * factor,
        "london_heat_map": london_heat_map_peak(rules, heat) * factor,
        "london_heat_map_alone": london_heat_map_peak(rules, heat),
    }
    return pl.concat(
        pl.DataFrame({"rule": [name] * len(n), "dwellings": list(dwellings), "peak_kw": kw})
        for name, kw in peaks.items()
    )
