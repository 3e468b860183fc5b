"""95 % intervals cover the mean of the population of homes in 93 to 97 % of trials, for any number of homes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from transforms.heat.demand import (
    Bootstrap,
    bootstrap_intervals,
    draw_annual_heat,
    draw_mean,
    draw_weights,
    studentised_interval,
)
from transforms.heat.levels import fit_levels
from transforms.tables.words import DWELLING_TYPES

TRIALS = 500
MORE_TRIALS = 2000  # where they are quick: chance moves the share of 500 by a point
LOG_SD = 0.5  # of levels within a type: SERL's coefficients of variation are 0.53 to 0.67
SHARES = dict(zip(DWELLING_TYPES, (0.17, 0.26, 0.28, 0.09, 0.20), strict=True))
MEANS = dict(zip(DWELLING_TYPES, (17.5, 13.2, 11.6, 12.0, 6.9), strict=True))  # [MWh]


@dataclass
class Coverage:
    """How many intervals held the truth."""

    trials: int = 0
    held: int = 0

    def count(self, row: tuple[float, float], truth: float) -> None:
        """Count one interval."""
        self.trials += 1
        self.held += row[0] <= truth <= row[1]

    @property
    def share(self) -> float:
        """Share of intervals that held it [1]."""
        assert self.trials >= TRIALS
        return self.held / self.trials


def draw_levels(rng: np.random.Generator, homes: int) -> NDArray[np.float64]:
    """Return levels whose mean in the population is 1."""
    return rng.lognormal(-(LOG_SD**2) / 2, LOG_SD, homes)


def intervals(
    homes: pl.DataFrame, trial: int, replicates: int, *, stock: bool = False
) -> dict[str, tuple[float, float]]:
    """Return the intervals of a trial by type."""
    drawn = draw_annual_heat(
        homes, weights=SHARES if stock else None, bootstrap=Bootstrap(replicates=replicates, seed=trial)
    )
    return {name: (low, high) for name, low, high in bootstrap_intervals(drawn, 0.95).iter_rows()}


def homes_of(heat: NDArray[np.float64], dwelling_type: str = "flat") -> pl.DataFrame:
    """Return homes with their annual heat."""
    ids = [f"{dwelling_type}{n}" for n in range(len(heat))]
    return pl.DataFrame({"household_id": ids, "dwelling_type": dwelling_type, "heat_kwh_annual": heat})


@pytest.mark.parametrize("homes", [12, 30, 100, 400])
def test_intervals_of_a_type_cover(homes: int) -> None:
    rng = np.random.default_rng(homes)
    weights = draw_weights(pl.Series([f"h{n}" for n in range(homes)]), Bootstrap())
    coverage, percentile = Coverage(), Coverage()
    for _ in range(MORE_TRIALS):
        drawn = draw_mean(10_000 * draw_levels(rng, homes), weights)
        coverage.count(studentised_interval(drawn, 0.95), 10_000)
        low, high = np.quantile(drawn.heat_kwh_draws, (0.025, 0.975))
        percentile.count((low, high), 10_000)
    assert 0.93 <= coverage.share <= 0.97
    assert (percentile.share < 0.93) == (homes < 50)  # why it is not a percentile interval


def test_intervals_of_all_and_of_the_stock_cover() -> None:
    rng = np.random.default_rng(5)
    homes = dict(zip(DWELLING_TYPES, (12, 18, 20, 10, 14), strict=True))
    total = sum(homes.values())
    truth = {
        "all": sum(n * 1000 * MEANS[name] for name, n in homes.items()) / total,
        "stock": sum(share * 1000 * MEANS[name] for name, share in SHARES.items()),
    }
    coverage = {name: Coverage() for name in truth}
    for trial in range(TRIALS):
        types = rng.choice(list(homes), size=total, p=[n / total for n in homes.values()])  # of a trial of all homes
        types[: 10 * len(homes)] = np.repeat(list(homes), 10)  # each type has enough
        mean_of_type = np.array([1000 * MEANS[name] for name in types])
        trial_truth = truth | {"all": float(mean_of_type.mean())}
        heat = mean_of_type * draw_levels(rng, total)
        frame = pl.concat(homes_of(heat[types == name], name) for name in homes)
        found = intervals(frame, trial, 400, stock=True)
        for name, count in coverage.items():
            count.count(found[name], trial_truth[name])
    assert 0.93 <= coverage["stock"].share <= 0.97
    assert coverage["all"].share >= 0.93  # types are fixed here, and drawn with the homes in the interval


def test_intervals_cover_where_homes_have_gaps() -> None:
    rng = np.random.default_rng(8)
    months, hours, homes = 6, 60, 30
    mean = (
        1.4 + np.cos(2 * np.pi * np.arange(months) / months)[:, None] + rng.normal(0, 0.3, (months, hours)).clip(-0.3)
    )
    weights = draw_weights(pl.Series([f"h{n}" for n in range(homes)]), Bootstrap())
    coverage = Coverage()
    for _ in range(TRIALS):
        level = draw_levels(rng, homes)
        missing_share = np.where(level > np.median(level), 0.1, 0.03)
        annual = np.zeros(homes)
        for month in mean:
            energy = np.outer(level, month) * rng.gamma(1, 1, (homes, hours))
            observed = rng.random((homes, hours)) > missing_share[:, None]
            fitted, of_type = fit_levels(energy * observed, observed)
            annual += fitted * of_type.sum()
        coverage.count(studentised_interval(draw_mean(annual, weights), 0.95), float(mean.sum()))
    assert 0.93 <= coverage.share <= 0.97
