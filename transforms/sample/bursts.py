"""Gas of one home by half-hour, in bursts: a boiler is off, or on for part of the half-hour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats32 = NDArray[np.float32]
RESOLUTION_DIGITS = 3  # meters count in 0.001 kWh


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """How irregular the gas of homes is; own choices, by which the median home is off in half of its half-hours.

    SERL's median half-hourly gas reading is 0, and one real home is off in 58 % of its half-hours.
    """

    scale: float = 1.0  # c_i over the mean half-hour: where the expected gas is c_i, 1 - 1/e of half-hours burn
    scale_log_sd: float = 0.25  # standard deviation of its logarithm between homes
    persistence: float = 0.8  # correlation of the latent state from one half-hour to the next
    smallest_burst: float = 0.2  # over the mean burst; the largest is 2 minus this


def draw_bursts(
    expected_kwh: Floats32, mean_kwh: Floats32, *, rng: np.random.Generator, bursts: Bursts | None = None
) -> NDArray[np.float64]:
    r"""Draw the gas that the homes of a block burn in each half-hour of a year.

    Home :math:`i` burns in half-hour :math:`t` with probability :math:`p_{it} = 1 - e^{-g_{it} / c_i}`, and then
    :math:`g_{it} / p_{it}` times a triangular draw of mean 1. The *rank* of its latent state among the homes of
    the block decides whether it burns, so that the block samples its probabilities evenly at every moment (systematic
    sampling). Each home is then as irregular as a real one, and the mean over homes stays close to its curve, whose
    maximum would otherwise grow with the noise. Last, a home's year is scaled to its expected sum.

    Parameters
    ----------
    expected_kwh
        Homes x half-hours of a year, :math:`g_{it}` [kWh].
    mean_kwh
        The homes' gas in a mean half-hour [kWh]; :math:`c_i` is a multiple of it.
    rng
        Source of randomness of this block and year.
    bursts
        Irregularity of the homes.

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
