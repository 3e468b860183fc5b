"""Losses that are not blind: a home that uses more loses more, and everybody more in the cold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.climate.half_hour_shapes import HALF_HOURS
from transforms.sample.delivery import Delivery

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherLossLaw:
    """How the loss of half-hours goes with level and temperature."""

    mean_share: float  # of half-hours, over homes and days [1]
    level_exponent: float  # [1]
    cold_scale_k: float  # losses grow e-fold over it [K]
    spell_half_hours: float
    highest_share: float  # of a day, in the mean [1]


@dataclass(frozen=True, slots=True)
class WeatherLoss:
    """How much each home loses on each day, as the product of two factors."""

    by_home: Floats  # [1]
    by_day: Floats  # share of half-hours that a home of factor 1 loses [1]
    law: WeatherLossLaw

    def share(self, home: int) -> Floats:
        """Return the share of half-hours that a home loses on each day [1]."""
        share: Floats = np.minimum(self.by_home[home] * self.by_day, self.law.highest_share)
        return share


def plan_weather_loss(level_kwh: Floats, day_c: Floats, law: WeatherLossLaw) -> WeatherLoss:
    r"""Work out the loss of each home on each day.

    :math:`p_{id} = \bar p\, \frac{L_i^a}{\overline{L^a}}\, \frac{e^{-T_d / K}}{\overline{e^{-T / K}}}`, at most
    `highest_share`.

    Parameters
    ----------
    level_kwh
        Gas of each home in a year [kWh].
    day_c
        Mean temperature of each day [degC].
    law
        :math:`\bar p` [1], :math:`a` [1], :math:`K` [K].

    """
    by_home = level_kwh**law.level_exponent
    by_day = np.exp(-day_c / law.cold_scale_k)
    return WeatherLoss(by_home / by_home.mean(), law.mean_share * by_day / by_day.mean(), law)


def lose_with_weather(
    delivery: Delivery,
    row: int,
    share: Floats,
    *,
    law: WeatherLossLaw,
    open_: NDArray[np.bool_],
    rng: np.random.Generator,
) -> None:
    """Leave out pieces of some half-hours of one home.

    Parameters
    ----------
    delivery
        Changed in place.
    row
        The home's row in it.
    share
        Share of half-hours to lose on each day [1].
    law
        How long a piece is.
    open_
        Half-hours that may be lost.
    rng
        Source of randomness.

    """
    spell = int(law.spell_half_hours)
    pieces = rng.random((len(share), HALF_HOURS // spell)) < share[:, None]
    where = np.flatnonzero(np.repeat(pieces.ravel(), spell) & open_)
    delivery.copies[row, where] = 0
    delivery.mark(row, where, "missing")
