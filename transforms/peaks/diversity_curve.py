"""The after-diversity peak of any number of dwellings: measured where homes suffice, a fitted curve beyond."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FALL_BOUNDS = (0.25, 1.5)  # range of the exponent: noise falls with 0.5, peaks that one hour dominates fall faster
Z_95 = 1.6448536269514722  # 95 % quantile of a normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakCurve:
    r"""After-diversity peak per dwelling of n dwellings.

    Up to the largest measured size :math:`n_0` it interpolates the measured medians in :math:`\log n`; beyond it

    .. math:: p_{50}(n) = p_\infty + (p_{50}(n_0) - p_\infty) (n / n_0)^{-b}.

    The band is for a group of homes outside the sample. With the distance :math:`d_q(n)` of quantile q from the median among
    groups of n homes,

    .. math:: p_q(n) = p_{50}(n) \pm d_q(n) \sqrt{1 + n / m},

    where :math:`d_q \sim 1 / \sqrt n` is the scatter of groups and :math:`d_q \sqrt{n / m} \sim 1 / \sqrt m` that of the
    m homes themselves. Beyond :math:`n_0` the distance tends to the limit of the central limit theorem for the highest hour,
    in which homes have the standard deviation :math:`\sigma`:
    :math:`d_q(n) = (c - (c - d_q(n_0) \sqrt{n_0}) \sqrt{n_0 / n}) / \sqrt n` with :math:`c = 1.645\,\sigma`.
    """

    homes: int
    """Homes m in a draw [1]."""
    medians_kw: Mapping[int, float]
    """Measured medians by n [kW]."""
    below_kw: Mapping[int, float]
    """Distance of the 5 % quantile of groups from their median, by n [kW]."""
    above_kw: Mapping[int, float]
    """Distance of their 95 % quantile [kW]."""
    limit_kw: float
    """Peak of infinitely many dwellings [kW]."""
    exponent: float
    """Exponent b by which the peak falls towards the limit [1]."""
    sd_of_homes_kw: float
    """Standard deviation of homes in the highest hour of their mean [kW]."""

    @property
    def largest(self) -> int:
        """Largest measured group."""
        return max(self.medians_kw)

    def median(self, dwellings: float) -> float:
        """Return the median peak per dwelling of a number of dwellings [kW]."""
        if dwellings <= self.largest:
            return float(np.interp(math.log(dwellings), *self._points(self.medians_kw)))
        fall = self.medians_kw[self.largest] - self.limit_kw
        return float(self.limit_kw + fall * (dwellings / self.largest) ** -self.exponent)

    def band(self, dwellings: float) -> tuple[float, float]:
        """Return the 5 % and 95 % ends of the peak per dwelling of as many other homes [kW]."""
        middle, wider = self.median(dwellings), math.sqrt(1 + dwellings / self.homes)
        low, high = (self._distance(side, dwellings) * wider for side in (self.below_kw, self.above_kw))
        return max(middle - low, 0.0), middle + high

    def _distance(self, side: Mapping[int, float], dwellings: float) -> float:
        largest = self.largest
        if dwellings <= largest:
            return float(np.interp(math.log(dwellings), *self._points(side)))
        limit = Z_95 * self.sd_of_homes_kw
        nearer = (limit - side[largest] * math.sqrt(largest)) * math.sqrt(largest / dwellings)
        return (limit - nearer) / math.sqrt(dwellings)

    @staticmethod
    def _points(values: Mapping[int, float]) -> tuple[list[float], list[float]]:
        return [math.log(n) for n in values], list(values.values())


def fit_exponent(medians_kw: Mapping[int, float], *, start: int, limit_kw: float) -> float:
    r"""Return the exponent b of :math:`p_\infty + (p(n_0) - p_\infty) (n / n_0)^{-b}` by least squares.

    Parameters
    ----------
    medians_kw
        Median peak by n, of groups that may share homes [kW]; those from `start` on are fitted to.
    start
        :math:`n_0`, through which the curve goes.
    limit_kw
        :math:`p_\infty` [kW].

    Returns
    -------
    float
        Between the ends of `FALL_BOUNDS`; their middle where there is nothing to fit.

    """
    from scipy.optimize import least_squares

    sizes = np.array([n for n in medians_kw if n > start], dtype=np.float64)
    fall = medians_kw[start] - limit_kw
    middle = sum(FALL_BOUNDS) / 2
    if fall <= 0 or not len(sizes):
        return middle
    seen = np.array([medians_kw[int(n)] for n in sizes])
    fit = least_squares(lambda b: limit_kw + fall * (sizes / start) ** -b[0] - seen, [middle], bounds=FALL_BOUNDS)
    return float(fit.x[0])
