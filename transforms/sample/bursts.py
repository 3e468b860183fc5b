"""How one home burns what it is expected to: a boiler is off, or on for some of the half-hour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats32 = NDArray[np.float32]
RESOLUTION_DIGITS = 3  # meters count in 0.001 kWh


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """How bursty homes are; own choices, set so that the median home is off in half of its half-hours.

    SERL's median half-hourly gas reading is 0, and one real home is off in 58 % of its half-hours.
    """

    scale: float = (
        1.0  # a half-hour expected to use this multiple of the home's mean half-hour burns in 1 - 1/e of cases
    )
    scale_log_sd: float = 0.25  # between homes
    persistence: float = 0.8  # correlation from one half-hour to the next, before being made into on and off
    smallest_burst: float = 0.2  # of the mean burst; the largest is 2 minus this


def draw_bursts(
    expected_kwh: Floats32, mean_kwh: Floats32, *, rng: np.random.Generator, bursts: Bursts | None = None
) -> NDArray[np.float64]:
    r"""Draw what the homes of a block burn in each half-hour of a year.

    Home :math:`i` burns in half-hour :math:`t` with probability :math:`p_{it} = 1 - e^{-g_{it} / c_i}`, and then
    :math:`g_{it} / p_{it}` times a triangular draw of mean 1. Whether it does is decided by the *rank* of its latent
    state among the homes of the block, so that at every moment the block samples its own probabilities evenly
    (systematic sampling): each home is as irregular as a real one, and the mean over homes keeps close to its curve,
    whose maximum would else grow with the noise. Last, a home's year is scaled to its expected sum.

    Parameters
    ----------
    expected_kwh
        Homes x half-hours of a year, :math:`g_{it}` [kWh].
    mean_kwh
        The homes' gas in a mean half-hour, which :math:`c_i` is a multiple of [kWh].
    rng
        Source of randomness of this block and year.
    bursts
        How bursty.

    Returns
    -------
    NDArray[np.float64]
        Homes x half-hours [kWh], in steps of 0.001.

    """
    bursts = bursts or Bursts()
    homes, half_hours = expected_kwh.shape
    scale = bursts.scale * mean_kwh * np.exp(bursts.scale_log_sd * rng.standard_normal(homes, dtype=np.float32))
    probability = -np.expm1(-expected_kwh / scale[:, None])
    shock = rng.standard_normal((half_hours, homes), dtype=np.float32)
    latent = lfilter([1], np.array([1, -bursts.persistence], dtype=np.float32), shock, axis=0)
    rank = np.empty((half_hours, homes), dtype=np.float32)
    np.put_along_axis(rank, np.argsort(latent, axis=1), np.arange(homes, dtype=np.float32)[None, :], axis=1)
    position = (rank + rng.random((half_hours, 1), dtype=np.float32)) / homes
    size = rng.random((homes, half_hours), dtype=np.float32) + rng.random((homes, half_hours), dtype=np.float32)
    size = bursts.smallest_burst + (1 - bursts.smallest_burst) * size
    burst = np.where(
        probability > position.T, expected_kwh / np.maximum(probability, np.float32(1e-9)) * size, np.float32(0)
    )
    year = burst.astype(np.float64)
    year *= (expected_kwh.sum(axis=1, dtype=np.float64) / year.sum(axis=1))[:, None]
    return np.round(year, RESOLUTION_DIGITS)
