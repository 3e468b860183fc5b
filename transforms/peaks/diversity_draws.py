"""Peaks of groups of homes, drawn without replacement from a sample of homes or from draws of that sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Loads = NDArray[np.float32]
Rows = NDArray[np.intp]

GROUPS_PER_ORDER = 100  # at most, of each size; own choice
SMOOTHED_OVER = 10  # a quantile is a mean over the share of so many homes


@dataclass(frozen=True, slots=True)
class Pool:
    """Homes from which groups are drawn: the rows of each dwelling type and, where types are weighted, their shares."""

    rows: Mapping[str, Rows]
    shares: Mapping[str, float] | None = None

    @property
    def households(self) -> int:
        """Homes in the pool."""
        return sum(map(len, self.rows.values()))

    @property
    def size(self) -> int:
        """Homes in one order: all of them or, where types are weighted, as many as their shares allow."""
        if self.shares is None:
            return self.households
        return sum(self._quotas(self.rows).values())

    def orders(self, rng: np.random.Generator, counts: Iterable[NDArray[np.intp]]) -> Iterator[Rows]:
        """Yield random orders of the homes, each home as often as `counts` says; types in their shares."""
        for count in counts:
            drawn = {name: np.repeat(rows, count[rows]) for name, rows in self.rows.items()}
            if self.shares is not None:
                quotas = self._quotas(drawn)
                drawn = {name: rng.permutation(rows)[: quotas[name]] for name, rows in drawn.items()}
            yield rng.permutation(np.concatenate(list(drawn.values())))

    def mean(self, weights: Floats, load_kw: Loads) -> Floats:
        """Return replicates x intervals of the mean load of the homes, weighted; types in their shares [kW]."""
        sums = {name: weights[:, rows] @ load_kw[rows].astype(np.float64) for name, rows in self.rows.items()}
        homes = {name: np.maximum(weights[:, rows].sum(axis=1, keepdims=True), 1) for name, rows in self.rows.items()}
        if self.shares is None:
            total: Floats = np.sum(list(sums.values()), axis=0) / np.sum(list(homes.values()), axis=0)
            return total
        mean: Floats = np.sum([share * sums[name] / homes[name] for name, share in self.shares.items()], axis=0)
        return mean

    def _quotas(self, rows: Mapping[str, Rows]) -> dict[str, int]:
        shares = {name: share / sum((self.shares or {}).values()) for name, share in (self.shares or {}).items()}
        total = min(len(rows[name]) / share for name, share in shares.items())
        return {name: round(total * share) for name, share in shares.items()}


def draw_peaks(load_kw: Loads, orders: Iterable[Rows], sizes: Sequence[int]) -> dict[int, Floats]:
    r"""Return, by group size, the peaks per home of groups cut from random orders of homes.

    Consecutive homes of an order make groups without a home in common,
    :math:`P_{gn} = \max_t \frac{1}{n} \sum_{i \in g} P_{it}`, at most `GROUPS_PER_ORDER` of each size.

    Parameters
    ----------
    load_kw
        Homes x intervals [kW].
    orders
        Rows in random orders.
    sizes
        Homes in a group, n [1]; an order shorter than n gives none.

    """
    peaks: dict[int, list[Floats]] = {n: [] for n in sizes}
    intervals = load_kw.shape[1]
    for order in orders:
        ordered = load_kw.take(order, axis=0)
        for n in sizes:
            groups = min(len(order) // n, GROUPS_PER_ORDER)
            if groups:
                sums = ordered[: groups * n].reshape(groups, n, intervals).sum(axis=1)
                peaks[n].append(sums.max(axis=1).astype(np.float64) / n)
    return {n: np.concatenate(parts) for n, parts in peaks.items() if parts}


def smooth_quantile(draws: Floats, level: float, *, homes: int) -> float:
    """Return a quantile as the mean of the draws around it, over the share of ten homes.

    So even for groups of one home, no quantile is the peak of a single home. The share is cut where it would reach beyond
    0 or 1.
    """
    reach = min(SMOOTHED_OVER / 2 / homes, level, 1 - level)
    first, last = int((level - reach) * len(draws)), int(np.ceil((level + reach) * len(draws)))
    around = np.sort(draws)[first : max(last, first + 1)]
    return float(around.mean())


def bracket_limit(load_kw: Loads, orders: Iterable[Rows]) -> tuple[float, float]:
    r"""Return two estimates of the peak of infinitely many homes, one too low on average and one too high [kW].

    The highest hour of a sample's mean is too high on average, since the same homes choose the hour:
    :math:`E \max_t \bar P_t \ge \max_t E P_t`. The mean of one half of the homes, in the highest hour of the other half, is
    the mean of some hour. So on average it is at most that of the highest: :math:`E\,\bar P^A_{t_B} \le \max_t E P_t`.
    """
    low, high = [], []
    for order in orders:
        halves = np.array_split(order, 2)
        first, second = (load_kw[half].mean(axis=0, dtype=np.float64) for half in halves)
        low.append((first[second.argmax()] + second[first.argmax()]) / 2)
        high.append(np.average([first, second], axis=0, weights=[len(half) for half in halves]).max())
    return float(np.mean(low)), float(np.mean(high))
