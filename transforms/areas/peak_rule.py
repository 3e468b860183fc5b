"""The peak by the London Heat Map's rule, beside the peak of many homes together."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from transforms.areas.demand import HomeDemand
from transforms.areas.heat import peak_kw
from transforms.peaks.peak_rules import PeakRules, london_heat_map_peak
from transforms.tables.words import DWELLING_TYPES

NUMBERS: Final = (1, 5, 10, 30, 100, 500)
HOUSE, FLAT = DWELLING_TYPES.index("semi_detached"), DWELLING_TYPES.index("flat")


def compare_peaks(demand: HomeDemand, rules: PeakRules) -> pl.DataFrame:
    r"""Return the peak per home by the London Heat Map's rule and by homes together.

    .. math:: p_{houses} = b + s\,q, \quad p_{block} = (b + s\,n q) / n

    The rule holds for one building and knows no diversity: separate houses each keep the full peak, and a block counts the
    base b once. It was fitted to a year of readings. So our peak is that of the year too, not that of the winter for which
    plant is built.

    Parameters
    ----------
    demand
        Heat q of a home of each type, and how n homes peak together.
    rules
        Base b [kW] and slope s [kW/(kWh/yr)] of the rule.

    Returns
    -------
    pl.DataFrame
        `homes`, and per home [kW] `houses_rule_kw`, `houses_kw` (semi-detached houses), `block_rule_kw`, `block_kw`
        (flats of one building), with `houses_ratio`, `block_ratio`, rule over ours.

    """
    numbers = np.array(NUMBERS, dtype=float)
    columns = {"homes": list(NUMBERS)}
    frame = pl.DataFrame(columns)
    for name, at in (("houses", HOUSE), ("block", FLAT)):
        homes = np.zeros((len(numbers), len(DWELLING_TYPES)))
        homes[:, at] = numbers
        together = 1.0 if name == "houses" else numbers
        rule = london_heat_map_peak(rules, together * demand.heat_kwh[at]) / together * np.ones(len(numbers))
        own = peak_kw(homes, demand)[1] / numbers / demand.design_over_year_peak
        frame = frame.with_columns(
            pl.Series(f"{name}_rule_kw", rule), pl.Series(f"{name}_kw", own), pl.Series(f"{name}_ratio", rule / own)
        )
    return frame
