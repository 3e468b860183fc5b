"""The homes of a trial: the number of each type, and the gas of each home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.tables.words import DWELLING_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Heat of homes of each type in 2009, and the spread between homes."""

    heat_kwh: Mapping[str, float]  # mean of the type [kWh/yr]
    stock_share: Mapping[str, float]  # share of the type in all homes [1]
    log_sd: float  # standard deviation of the logarithm [1]
    cut_at_sd: float  # no home lies further out [1]
    boiler_efficiency: float  # heat per gas [1]


def draw_homes(levels: Levels, *, households: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw the homes of a trial.

    The levels of a type are the stratified quantiles of a lognormal distribution, scaled so that their mean is exactly
    that of the type for any seed. The seed decides which id has which level.

    Parameters
    ----------
    levels
        Heat of homes of each type.
    households
        Number of homes.
    rng
        Source of the ids' order.

    Returns
    -------
    pl.DataFrame
        `household_id` (text, 1 to `households`, in numerical order), `dwelling_type`, `gas_kwh_2009` [kWh/yr].

    Raises
    ------
    ValueError
        If there are no homes.

    """
    if households < 1:
        message = f"a trial needs at least 1 household, not {households}"
        raise ValueError(message)
    counts = share_out(levels.stock_share, households)
    types = np.repeat(list(counts), list(counts.values()))
    gas = np.concatenate(
        [
            stratified_lognormal(n, levels.log_sd, levels.cut_at_sd)
            * (levels.heat_kwh[name] / levels.boiler_efficiency)
            for name, n in counts.items()
        ]
    )
    order = rng.permutation(households)
    return pl.DataFrame(
        {
            "household_id": [str(n) for n in range(1, households + 1)],
            "dwelling_type": types[order],
            "gas_kwh_2009": gas[order],
        }
    )


def share_out(stock_share: Mapping[str, float], households: int) -> dict[str, int]:
    """Return how many homes each type gets by its share, the largest remainders rounded up."""
    exact = {name: stock_share[name] / sum(stock_share.values()) * households for name in DWELLING_TYPES}
    counts = {name: int(value + 1e-9) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_remainder[: households - sum(counts.values())]:
        counts[name] += 1
    return counts


def stratified_lognormal(n: int, log_sd: float, cut_at_sd: float) -> NDArray[np.float64]:
    """Return the mid-point quantiles of `n` equal strata of a lognormal cut at both ends, scaled to mean 1."""
    normal = NormalDist()
    low = normal.cdf(-cut_at_sd)
    z = np.array([normal.inv_cdf(low + (1 - 2 * low) * (k + 0.5) / n) for k in range(n)])
    values = np.exp(log_sd * z)
    scaled: NDArray[np.float64] = values / values.mean() if n else values
    return scaled
