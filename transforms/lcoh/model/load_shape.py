"""The heat load of many homes through the year, and its peak: plant is sized by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from transforms.lcoh.assumptions.parameters import HIGHEST_HOURS, LOAD_DAYS, Floats, LoadFigures
from transforms.lcoh.assumptions.scenarios import ScenarioFigures

HOURS_PER_DAY: Final = 24
DAYS_PER_YEAR: Final = 365  # a year of operation; the mean year of weather, 365.25 days, is another quantity
HOURS_PER_YEAR: Final = float(HOURS_PER_DAY * DAYS_PER_YEAR)

Peak: TypeAlias = Callable[[Floats], Floats]
"""Highest hourly load of n homes together over their mean load [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedPeak:
    """Peak of n homes as a curve, p(n) = p_inf + a n^-b."""

    settled: Floats
    extra: float
    exponent: float

    def __call__(self, dwellings: Floats) -> Floats:
        """Return the peak of `dwellings` homes together over their mean load [1]."""
        return self.settled + self.extra * np.asarray(dwellings, dtype=float) ** -self.exponent


def peak_by_share(peak_over_mean: float, *, homes: float, settled_share: float, exponent: float = 1.0) -> FittedPeak:
    """Return the peak of n homes from the peak of a profile's N homes, by the diversity factor f + (1 - f) n^-b.

    p(n) = p(N) (f + (1 - f) n^-b) / (f + (1 - f) N^-b)

    Parameters
    ----------
    peak_over_mean
        Highest hour of the mean profile of N homes over its mean, p(N) [1].
    homes
        N, the homes of the profile [1].
    settled_share
        f, peak per home of very many homes over the peak of one home [1].
    exponent
        b, how fast the rest falls with the number of homes [1].

    References
    ----------
    THERMOS (Centre for Sustainable Energy): 0.62 + 0.38 / n.

    """
    of_one = peak_over_mean / (settled_share + (1.0 - settled_share) * homes**-exponent)
    return FittedPeak(settled=of_one * settled_share, extra=of_one * (1.0 - settled_share), exponent=exponent)


@dataclass(frozen=True, kw_only=True)
class LoadShape:
    """The hourly load of many homes in groups of like days, over its mean, and how high the peak of n homes is.

    The hours of a day are ranked by their load. Plant, and a store that fills once a day, depend on nothing else. The
    mean over the days of a group then keeps the height of their peaks, which fall on different hours.
    """

    load: NDArray[np.float64]
    """Load over the mean load of the year [1] of the hours of a group's days, highest first, shape (..., groups, 24)."""
    days: NDArray[np.float64]
    """Days of a year in each group [d], together 365."""
    peak_over_mean: Peak
    """Highest hour of n homes together over their mean load [1]."""
    design_over_year_peak: float = 1.0
    """Highest hour of the winter for which plant is built, over the highest hour of the profile's year [1]."""

    @classmethod
    def from_hours(
        cls,
        load: ArrayLike,
        *,
        peak_over_mean: Peak | None = None,
        design_over_year_peak: float = 1.0,
        groups: int = len(LOAD_DAYS),
    ) -> LoadShape:
        """Return the shape of one measured profile, or the shapes of several.

        The day with the highest hour is a group of its own; the others, ranked by their heat, are cut into groups of
        equal numbers of days.

        Parameters
        ----------
        load
            Mean load of each hour [any unit], shape (..., hours), whole days of 24 hours in order. Nulls are refused.
        peak_over_mean
            Peak of n homes over their mean load [1]; without it, the profile's own peak for any n.
        design_over_year_peak
            See the field.
        groups
            Number of groups; one a day keeps every day.

        Raises
        ------
        ValueError
            If hours are missing, negative or no whole number of days.

        """
        by_day = -np.sort(-_whole_days(np.asarray(load, dtype=float)), axis=-1)
        number = by_day.shape[-2]
        coldest = by_day.max(axis=-1).argmax(axis=-1)[..., None]
        by_heat = np.argsort(-by_day.sum(axis=-1), axis=-1, kind="stable")
        others = by_heat[by_heat != coldest].reshape(*by_heat.shape[:-1], number - 1)
        parts = np.array_split(others, min(groups, number) - 1, axis=-1) if number > 1 else []
        members = [coldest, *parts]
        days = np.array([part.shape[-1] for part in members], dtype=float) * DAYS_PER_YEAR / number
        means = np.stack([_days_of(by_day, part).mean(axis=-2) for part in members], axis=-2)
        return cls.of_groups(means, days, peak_over_mean=peak_over_mean, design_over_year_peak=design_over_year_peak)

    @classmethod
    def of_groups(
        cls,
        load: NDArray[np.float64],
        days: NDArray[np.float64],
        *,
        peak_over_mean: Peak | None = None,
        design_over_year_peak: float = 1.0,
    ) -> LoadShape:
        """Return the shape of groups of days whose load is in any unit."""
        mean = (load.mean(axis=-1) * days).sum(axis=-1) / days.sum()
        scaled = load / mean[..., None, None]
        highest = scaled.max(axis=(-2, -1))
        return cls(
            load=scaled,
            days=days,
            peak_over_mean=peak_over_mean or FittedPeak(settled=highest, extra=0.0, exponent=1.0),
            design_over_year_peak=design_over_year_peak,
        )

    def with_peak(self, peak_over_mean: Peak) -> LoadShape:
        """Return the same load through the year with another peak of n homes."""
        return replace(self, peak_over_mean=peak_over_mean)

    def covered_share(self, capacity: Floats, *, store_hours: Floats = 0.0) -> Floats:
        """Return the share of a year's heat that plant of a capacity supplies, with a store that fills once a day.

        1 - sum_d n_d (E_d - min(E_d, F_d, s)) / sum_d n_d sum_h l_dh,
        E_d = sum_h (l_dh - c)^+  is the heat above the capacity c in a day, F_d = sum_h (c - l_dh)^+ the spare heat

        Parameters
        ----------
        capacity
            c over the mean load [1], shape (...). Nothing is supplied by a negative one.
        store_hours
            s, heat that the store holds over the mean load [h], shape (...). It is emptied once a day. On a day with
            two peaks it could do more, which is left out.

        Returns
        -------
        float or ndarray of shape (...) [1]

        """
        at = np.maximum(np.asarray(capacity, dtype=float), 0.0)[..., None, None]
        store = np.asarray(store_hours, dtype=float)[..., None]
        beyond = self.load - at
        above = np.maximum(beyond, 0.0).sum(axis=-1)
        free = above - beyond.sum(axis=-1)
        unserved = above - np.minimum(np.minimum(above, free), store)
        share: Floats = 1.0 - (unserved @ self.days) / self._heat
        return share

    def firm_capacity(self, peak: Floats, *, store_hours: Floats = 0.0) -> Floats:
        """Return the capacity that meets the day of the highest hour together with a full store.

        K = max( max_j (sum of the j highest loads - s) / j,  mean of the day ).  Above K the day needs exactly the store's
        heat s. K is not below the day's mean, since the store must be full again the next day.

        Parameters
        ----------
        peak
            Highest hourly load over the mean load [1], shape (...): the day of the highest hour is scaled to it.
        store_hours
            s over the mean load [h], shape (...).

        """
        scale = np.asarray(peak, dtype=float)[..., None]
        hours = np.arange(1, HOURS_PER_DAY + 1)
        stored = np.asarray(store_hours, dtype=float)[..., None]
        level = ((self._peak_day.cumsum(axis=-1) * scale - stored) / hours).max(axis=-1)
        capacity: Floats = np.maximum(level, self._peak_day.mean(axis=-1) * scale[..., 0])
        return capacity

    @cached_property
    def _heat(self) -> Floats:
        return np.asarray(self.load.sum(axis=-1) @ self.days)

    @cached_property
    def _peak_day(self) -> NDArray[np.float64]:
        """The day of the highest hour over that hour, the highest first, shape (..., 24)."""
        coldest = self.load.max(axis=-1).argmax(axis=-1)[..., None]
        day = -np.sort(-_days_of(self.load, coldest)[..., 0, :], axis=-1)
        return np.asarray(day / day[..., :1])


def load_shape(figures: ScenarioFigures) -> LoadShape:
    """Return the shape that the assumptions hold, for demands without readings."""
    rows = [[figures.one(day, name) for name in ("days_per_year", *HIGHEST_HOURS)] for day in LOAD_DAYS]
    about = figures.record(LoadFigures, "load")
    return _shape(
        tuple(map(tuple, rows)),
        float(about.profile_homes),
        float(about.diversity_settled_share),
        float(about.diversity_exponent),
        float(about.design_over_year_peak),
    )


@lru_cache(maxsize=8)
def _shape(
    rows: tuple[tuple[float, ...], ...], homes: float, settled_share: float, exponent: float, design: float
) -> LoadShape:
    table = np.array(rows)
    days, load = table[:, 0], table[:, 1:]
    mean = float((load.mean(axis=1) * days).sum() / days.sum())
    peak = peak_by_share(float(load.max()) / mean, homes=homes, settled_share=settled_share, exponent=exponent)
    return LoadShape.of_groups(load, days, peak_over_mean=peak, design_over_year_peak=design)


def _days_of(by_day: NDArray[np.float64], members: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return some days of each profile, shape (..., members, 24)."""
    return np.take_along_axis(by_day, members[..., None], axis=-2)


def _whole_days(load: NDArray[np.float64]) -> NDArray[np.float64]:
    wrong = ~(np.isfinite(load) & (load >= 0))
    if not load.size or load.shape[-1] % HOURS_PER_DAY or wrong.any():
        message = (
            f"a load shape needs whole days of 24 hours, each known and not negative: {load.shape[-1]} hours are given, "
            f"{int(wrong.sum())} of them cannot be used (e.g. {load[wrong][:1].tolist()}); cut the profile to whole days"
        )
        raise ValueError(message)
    return load.reshape(*load.shape[:-1], -1, HOURS_PER_DAY)
