"""Means over homes with gaps: the level of each home, and the mean of each hour at those levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TOLERANCE = 1e-12  # relative change of an hour's mean at which the fit is done
ROUNDS = 10_000  # more than the worst case needs, two homes that share three hours; a real month needs 5 to 30


def fit_levels(energy: Floats, observed: Bools) -> tuple[Floats, Floats]:
    r"""Fit the levels of homes and the mean of each hour to what was observed.

    The model is :math:`q_{ih} \approx L_i\,m_h` with the mean level 1. Its equations

    .. math:: m_h = \sum_{i \in A_h} q_{ih} \Big/ \sum_{i \in A_h} L_i, \qquad
              L_i = \sum_{h \in O_i} q_{ih} \Big/ \sum_{h \in O_i} m_h

    hold over the homes :math:`A_h` that were observed in an hour, and the hours :math:`O_i` in which a home was observed.
    So the mean of an hour is a mean over all homes, in which a missing home counts with its own level times that mean.
    Where no home is missing it is the plain mean. The equations are solved in turns (iterative proportional fitting: Deming
    and Stephan 1940, Ann. Math. Stat. 11; with structural gaps Bishop, Fienberg and Holland 1975, ch. 5). The mean is
    Cochran's ratio estimator (Sampling Techniques, 3rd ed., ch. 6) with the level as the auxiliary variable. It stays
    unbiased where gaps depend on the level of homes, on the hour, or on both; the plain mean of the observed homes does not.

    Parameters
    ----------
    energy
        Homes x hours, :math:`q_{ih} \ge 0` [kWh], 0 where nothing was observed. Every home has an hour.
    observed
        Homes x hours.

    Returns
    -------
    level : numpy.ndarray
        :math:`L_i` [1], one per home.
    mean : numpy.ndarray
        :math:`m_h` [kWh/h], one per hour; NaN where no home was observed.

    Examples
    --------
    The larger of two homes misses the second hour; its share of it is known from the first.

    >>> fit_levels(np.array([[3.0, 0.0], [1.0, 2.0]]), np.array([[True, False], [True, True]]))[1].round(6)
    array([2., 4.])

    """
    homes = len(energy)
    count = observed.sum(axis=0)
    own, total = energy.sum(axis=1), energy.sum(axis=0)
    mean = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    level = np.ones(homes)
    held = np.nan_to_num(mean)
    missing = np.nonzero(~observed & (count > 0))  # in the order of homes and hours: the same bits every time
    if not own.any():
        return level, mean
    for _ in range(ROUNDS):
        expected = held.sum() - np.bincount(missing[0], held[missing[1]], homes)
        level = np.divide(own, expected, out=np.ones(homes), where=expected > 0)
        level *= homes / level.sum()
        present = homes - np.bincount(missing[1], level[missing[0]], len(held))
        before, held = (
            held,
            np.divide(total, present, out=held.copy(), where=(count > 0) & (present > TOLERANCE * homes)),
        )
        if (np.abs(held - before) <= TOLERANCE * held).all():
            break
    return level, np.where(count > 0, held, np.nan)
