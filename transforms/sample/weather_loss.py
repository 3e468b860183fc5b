"""Losses that depend on level and weather: homes that use more lose more, and all homes lose more in the cold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.climate.half_hour_shapes import HALF_HOURS
from transforms.sample.delivery import Delivery

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherLossLaw:
    """The law of losses: how the share of lost half-hours depends on level and temperature."""

    mean_share: float  # mean share of lost half-hours over homes and days [1]
    level_exponent: float  # power of the level to which losses are proportional [1]
    cold_scale_k: float  # kelvins colder over which losses grow e-fold [K]
    spell_half_hours: float  # half-hours that are lost together
    highest_share: float  # largest expected share of a day that a home loses [1]


@dataclass(frozen=True, slots=True)
class WeatherLoss:
    """Expected loss of each home on each day, as the product of two factors."""

    by_home: Floats  # factor of each home, with mean 1 [1]
    by_day: Floats  # share of half-hours that a home with the factor 1 loses [1]
    law: WeatherLossLaw

    def share(self, home: int) -> Floats:
        """Return the share of half-hours that a home loses on each day [1]."""
        share: Floats = np.minimum(self.by_home[home] * self.by_day, self.law.highest_share)
        return share


def plan_weather_loss(level_kwh: Floats, day_c: Floats, law: WeatherLossLaw) -> WeatherLoss:
    r"""Return the expected loss of each home on each day.

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
