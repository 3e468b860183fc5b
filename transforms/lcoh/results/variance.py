"""Global sensitivity: the share of a levelised cost's variance that each uncertain parameter explains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.refusals import check_delivered
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import Yearly
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import SYSTEMS, missing_series
from transforms.lcoh.model.what_if import Case
from transforms.lcoh.results.costed import places_by_scale
from transforms.lcoh.results.uncertainty import BASE_SAMPLES, Sampling, Uncertain, cost_of_draws, ranges_of
from transforms.tables.cost_analysis import LCOH_SOBOL

RESAMPLES: Final = 500
ENDS: Final = (0.025, 0.975)
DECIMALS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Indices:
    """Sobol indices with their 95 % intervals, each an array of shape (outputs, parameters)."""

    first_order: Yearly
    first_order_ends: tuple[Yearly, Yearly]
    total_order: Yearly
    total_order_ends: tuple[Yearly, Yearly]


def sobol_indices(
    cost: Callable[[Yearly], Yearly],
    quantiles: Sequence[Callable[[Yearly], Yearly]],
    *,
    samples: int = BASE_SAMPLES,
    resamples: int = RESAMPLES,
    seed: int,
) -> Indices:
    """Return first-order and total Sobol indices with bootstrap intervals.

    S_i = V(E(Y | X_i)) / V(Y),  S_Ti = 1 - V(E(Y | X_not i)) / V(Y)

    Two matrices A and B of a Sobol sequence, and A with one column of B for each parameter, give the estimates of
    Saltelli 2010 (`scipy.stats.sobol_indices`). Intervals are percentile bootstrap intervals over the samples. Each
    replicate gives the samples multinomial weights w. Both estimates are ratios of weighted means, so one product of
    matrices gives all replicates. `SobolResult.bootstrap` draws the same replicates one by one, which takes minutes for
    all systems.

    Parameters
    ----------
    cost
        Function of parameters, shape (d, n), to outputs, shape (s, n).
    quantiles
        Inverse distribution function of each parameter.
    samples
        Rows n of A and of B, a power of two; n (d + 2) evaluations.
    resamples, seed
        Replicates of the bootstrap, and the seed of everything drawn.

    References
    ----------
    Saltelli, A. et al. (2010), Variance based sensitivity analysis of model output, Computer Physics Communications
    181, 259-270. Archer, G. E. B., Saltelli, A. and Sobol, I. M. (1997), Sensitivity measures, ANOVA-like techniques
    and the use of bootstrap, Journal of Statistical Computation and Simulation 58, 99-120.

    """
    from scipy import stats

    count = len(quantiles)
    sequence = (
        stats.qmc.Sobol(d=2 * count, rng=np.random.default_rng(seed), bits=64).random(samples).T.reshape(2, count, -1)
    )
    base, other = (np.stack([q(u) for q, u in zip(quantiles, half, strict=True)]) for half in sequence)
    mixed = np.repeat(base[None], count, axis=0)  # one page for each parameter, which comes from the other matrix
    mixed[np.arange(count), np.arange(count)] = other
    of_base, of_other = cost(base), cost(other)
    of_mixed = cost(mixed.transpose(1, 0, 2).reshape(count, -1)).reshape(-1, count, samples).transpose(1, 0, 2)
    mean = np.mean([of_base, of_other], axis=(0, -1))[:, None]
    f_a, f_b, f_ab = of_base - mean, of_other - mean, of_mixed - mean
    found = stats.sobol_indices(func={"f_A": f_a.copy(), "f_B": f_b.copy(), "f_AB": f_ab.copy()}, n=samples)
    first, total = _weighted_indices(_draw_weights(seed, samples, resamples), f_a, f_b, f_ab)
    return Indices(
        first_order=found.first_order.reshape(-1, count),
        first_order_ends=_ends(first),
        total_order=found.total_order.reshape(-1, count),
        total_order_ends=_ends(total),
    )


@lru_cache(maxsize=1)
def _draw_weights(seed: int, samples: int, resamples: int) -> Yearly:
    """Return the weights of the samples in each replicate; all systems share them, so they are drawn once."""
    drawn = np.random.default_rng([seed, samples]).multinomial(samples, np.full(samples, 1 / samples), size=resamples)
    weights: Yearly = drawn / float(samples)
    weights.flags.writeable = False
    return weights


def sobol_table(
    assumptions: pl.DataFrame,
    sampling: Sampling,
    *,
    scenario: str,
    convention: str,
    demand_kwh: float,
    place: Place | None = None,
) -> pl.DataFrame:
    """Return how much of the variance of each system's cost each uncertain parameter explains (`lcoh_sobol`).

    Parameters
    ----------
    assumptions
        The table `assumption`.
    sampling
        Uncertain parameters, the seed and the number of base samples.
    scenario, convention
        Set of prices, and rules of the cost model; it must divide by the heat delivered.
    demand_kwh
        Mean heat per dwelling [kWh/yr].
    place
        The one place that networks serve, in place of networks of every scale.

    """
    figures, rules = scenario_figures(assumptions, scenario), find_convention(convention)
    check_delivered(rules.name, rules.denominator)
    missing = missing_series(figures, rules)
    tables = [LCOH_SOBOL.empty()]
    for system in SYSTEMS:
        own = [sampling.ranges[n] for n in ranges_of(sampling.ranges, system)]
        if system in missing or not own:
            continue
        scales, sized = places_by_scale(figures, system, place)
        demands = np.full((len(scales), 1), demand_kwh)
        case = Case(figures=figures, convention=rules, system=system, demand_kwh=demands, place=sized)
        found = sobol_indices(
            partial(_cost, case, own),
            [uncertain.quantile for uncertain in own],
            samples=sampling.base_samples,
            seed=sampling.seed,
        )
        tables.append(
            _tabulate(found, own, scales).with_columns(
                scenario=pl.lit(scenario), convention=pl.lit(convention), system=pl.lit(system)
            )
        )
    return pl.concat([LCOH_SOBOL.conform(table) for table in tables])


def _cost(case: Case, own: Sequence[Uncertain], drawn: Yearly) -> Yearly:
    """Return the cost at each scale for draws of shape (parameters, n)."""
    values = {uncertain.field: row for uncertain, row in zip(own, drawn, strict=True)}
    return cost_of_draws(case, values, draws=drawn.shape[1])


def _weighted_indices(weights: Yearly, f_a: Yearly, f_b: Yearly, f_ab: Yearly) -> tuple[Yearly, Yearly]:
    """Return first and total indices of each replicate, shape (replicates, outputs, parameters)."""
    pages, outputs, samples = f_ab.shape
    alone = (f_b * (f_ab - f_a)).reshape(-1, samples)
    all_in = ((f_a - f_ab) ** 2).reshape(-1, samples)
    moments = np.concatenate([alone, all_in, f_a, f_b, f_a**2, f_b**2])
    means = weights @ moments.T
    first, total, rest = np.split(means, [pages * outputs, 2 * pages * outputs], axis=1)
    mean_a, mean_b, square_a, square_b = np.split(rest, 4, axis=1)
    variance = ((square_a + square_b) / 2 - ((mean_a + mean_b) / 2) ** 2)[:, None, :]
    shape = (len(weights), pages, outputs)
    with np.errstate(invalid="ignore", divide="ignore"):  # a cost without variance has the shares 0
        shares = [np.nan_to_num(part.reshape(shape) / variance) for part in (first, total / 2)]
    return shares[0].transpose(0, 2, 1), shares[1].transpose(0, 2, 1)


def _ends(replicates: Yearly) -> tuple[Yearly, Yearly]:
    low, high = np.quantile(replicates, ENDS, axis=0)
    return low, high


def _tabulate(found: Indices, own: Sequence[Uncertain], scales: Sequence[str]) -> pl.DataFrame:
    indices = {
        "first_order": found.first_order,
        "first_order_ci_low": found.first_order_ends[0],
        "first_order_ci_high": found.first_order_ends[1],
        "total_order": found.total_order,
        "total_order_ci_low": found.total_order_ends[0],
        "total_order_ci_high": found.total_order_ends[1],
    }
    ranges = pl.DataFrame(
        {
            "parameter": [uncertain.parameter for uncertain in own],
            "low": [uncertain.low for uncertain in own],
            "high": [uncertain.high for uncertain in own],
            "unit": [uncertain.unit for uncertain in own],
            "source": [uncertain.source for uncertain in own],
        }
    )
    places = pl.DataFrame({"scale": list(scales)}).join(ranges, how="cross", maintain_order="left_right")
    # the order in which a matrix product adds depends on the machine's threads: so its last digits are noise
    return places.with_columns(pl.Series(name, values.reshape(-1)).round(DECIMALS) for name, values in indices.items())
