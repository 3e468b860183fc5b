"""Gas of one home by half-hour, in bursts: a boiler is off, or on for part of the half-hour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from transforms.climate.half_hour_shapes import HALF_HOURS

Floats32 = NDArray[np.float32]
RESOLUTION_DIGITS = 3  # meters count in 0.001 kWh
TINY_KWH = np.float32(1e-9)  # keeps a division by nothing defined where the result is not used


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """How irregular the gas of homes is; own choices, fitted to one real home of 10,500 kWh a year and to 300 Flemish homes.

    The real home burns nothing in 58 % of its half-hours, in 50 % of those of winter and in 71 % of those of summer.
    Its highest hour is 17.2 times its mean, the second highest 13.3 times. SERL's median half-hour is nothing too. A day
    of the median Flemish home scatters by 22 % in winter and by 61 % in summer around the days beside it.
    """

    rate: float = 0.62  # -ln(1 - p) of a half-hour that is expected to use the home's mean
    exponent: float = 0.4  # how the rate follows the expected gas; what the rate does not follow makes bursts larger
    rate_log_sd: float = 0.25  # between homes
    persistence: float = 0.85  # correlation of the latent state from one half-hour to the next
    day_scatter: float = 0.43  # how far a day's sum follows its bursts rather than the weather, at the home's mean
    smallest_burst: float = 0.1  # over the mean one
    size_exponent: float = 1.8  # how steeply bursts fall from the largest to the smallest
    boiler_kwh: float = 7.6  # what the boiler of the smallest home burns in a half-hour, 15 kW
    boiler_over_mean: float = 5.0  # what is added for the home's size, over its mean half-hour
    power_reserve: float = 2.0  # boiler's power over the mean burst, at least


FITTING_ROUNDS = 4
LARGEST_STEP = 1.25  # of one round: few homes keep their bursts rather than the mean of all


def draw_bursts(
    expected_kwh: Floats32, mean_kwh: Floats32, *, rng: np.random.Generator, bursts: Bursts | None = None
) -> NDArray[np.float64]:
    r"""Draw the gas that the homes of a block burn in each half-hour of a year.

    Home :math:`i` burns in half-hour :math:`t` with probability

    .. math:: p_{it} = \min(1, \max(1 - e^{-r_i (g_{it} / \bar g_i)^k}, v\, g_{it} / B_i))

    where the boiler burns at most :math:`B_i` in a half-hour, and then :math:`g_{it} / p_{it}` times a size of mean 1.
    Bursts of a day are then fitted to its sum, see `_fit_days`, and a home's year is scaled to its expected sum.

    Parameters
    ----------
    expected_kwh
        Homes x half-hours of a year, :math:`g_{it}` [kWh].
    mean_kwh
        The homes' gas in a mean half-hour, :math:`\bar g_i` [kWh].
    rng
        Source of randomness of this block and year.
    bursts
        Irregularity of the homes: :math:`r` with its spread between homes, :math:`k`, :math:`B`, :math:`v`.

    Returns
    -------
    NDArray[np.float64]
        Homes x half-hours [kWh], in steps of 0.001.

    """
    bursts = bursts or Bursts()
    homes = len(expected_kwh)
    rate = bursts.rate * np.exp(bursts.rate_log_sd * rng.standard_normal(homes, dtype=np.float32))
    boiler_kwh = np.float32(bursts.boiler_kwh) + np.float32(bursts.boiler_over_mean) * mean_kwh
    relative = (expected_kwh / mean_kwh[:, None]) ** np.float32(bursts.exponent)
    needed = expected_kwh * (bursts.power_reserve / boiler_kwh)[:, None]
    probability = np.minimum(np.maximum(-np.expm1(-rate[:, None] * relative), needed), np.float32(1))
    size = _draw_sizes(probability, rng, bursts)
    pattern = expected_kwh / np.maximum(probability, TINY_KWH) * size
    year = _fit_days(pattern, expected_kwh, mean_kwh, boiler_kwh, bursts).astype(np.float64)
    year *= (expected_kwh.sum(axis=1, dtype=np.float64) / year.sum(axis=1))[:, None]
    return np.round(year, RESOLUTION_DIGITS)


def _draw_sizes(probability: Floats32, rng: np.random.Generator, bursts: Bursts) -> Floats32:
    r"""Draw the size of each half-hour's burst, 0 where the home is off, with mean 1 where it is on [1].

    A home is on where its position :math:`u` lies below :math:`p`, and its size is
    :math:`s_0 + (1 - s_0)(1 + q)(1 - u / p)^q`. The position is the *rank* of the home's latent state among the homes of
    the block, so that at every moment the block samples its own probabilities and sizes evenly (systematic sampling):
    each home is as irregular as a real one, and the mean over homes keeps close to its curve, whose maximum would else
    grow with the noise.
    """
    homes, half_hours = probability.shape
    shock = rng.standard_normal((half_hours, homes), dtype=np.float32)
    latent = lfilter([1], np.array([1, -bursts.persistence], dtype=np.float32), shock, axis=0)
    rank = np.empty((half_hours, homes), dtype=np.float32)
    np.put_along_axis(rank, np.argsort(latent, axis=1), np.arange(homes, dtype=np.float32)[None, :], axis=1)
    position = ((rank + rng.random((half_hours, 1), dtype=np.float32)) / homes).T
    below = 1 - position / np.maximum(probability, TINY_KWH)
    steepest = np.float32((1 - bursts.smallest_burst) * (1 + bursts.size_exponent))
    falling = steepest * np.maximum(below, np.float32(0)) ** np.float32(bursts.size_exponent)
    return np.where(below > 0, np.float32(bursts.smallest_burst) + falling, np.float32(0))


def _fit_days(
    pattern_kwh: Floats32, expected_kwh: Floats32, mean_kwh: Floats32, boiler_kwh: Floats32, bursts: Bursts
) -> Floats32:
    r"""Scale bursts so that days keep to the weather, and the mean over homes to its curve.

    Of a day's bursts with the sum :math:`T`, where :math:`E` is expected, the home burns :math:`E (T / E)^\gamma` with
    :math:`\gamma = \min(1, \gamma_0 (\bar E / E)^k)`: cold days follow the weather, and mild ones who showers when. By
    turns, each home's day is scaled to this sum, and each half-hour to what all homes of the block are expected to use
    in it (iterative proportional fitting); no burst exceeds the boiler.
    """
    days = pattern_kwh.reshape(len(pattern_kwh), -1, HALF_HOURS)
    expected = expected_kwh.reshape(days.shape)
    usual = expected.sum(axis=2)
    relative = np.maximum(usual / (HALF_HOURS * mean_kwh[:, None]), TINY_KWH)
    follows = np.minimum(bursts.day_scatter * relative ** np.float32(-bursts.exponent), np.float32(1))
    wanted = usual * (days.sum(axis=2) / np.maximum(usual, TINY_KWH)) ** follows
    wanted *= usual.sum(axis=0) / np.maximum(wanted.sum(axis=0), TINY_KWH)
    of_all = expected.sum(axis=0)
    for _ in range(FITTING_ROUNDS):
        days *= (wanted / np.maximum(days.sum(axis=2), TINY_KWH))[:, :, None]
        step = of_all / np.maximum(days.sum(axis=0), TINY_KWH)
        days *= np.clip(step, 1 / LARGEST_STEP, LARGEST_STEP)
        np.minimum(days, boiler_kwh[:, None, None], out=days)
    return days.reshape(pattern_kwh.shape)
