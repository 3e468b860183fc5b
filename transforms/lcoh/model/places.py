"""The place that a network serves: its homes, its pipes, and where its heat comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike

from transforms.lcoh.assumptions.parameters import Floats
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.model.load_shape import LoadShape

ALL_HOMES = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoughtHeat:
    """Heat that a network buys at the gate of somebody else's plant, the same in all years."""

    price_gbp_per_mwh: Floats
    """Price without VAT [GBP/MWh]."""
    co2_kg_per_mwh: Floats
    """Carbon dioxide of a MWh of this heat [kg/MWh]; the perspective's price of carbon is charged on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Homes that one network could serve and the pipes that would serve them; numbers, or arrays of one shape (...)."""

    homes: Mapping[str, Floats] = field(default_factory=lambda: {ALL_HOMES: 1.0})
    """Number of homes of each dwelling type [1]; `all` where types are not known."""
    connection_share: Floats = 1.0
    """Share of the homes that take heat from the network [1]. The main pipe passes the others too."""
    main_pipe_m: Floats | None = None
    """Length of the main pipe [m], for conventions that take it from a map."""
    link_pipe_m: Floats = 0.0
    """Length of the pipe from the plant to the main pipe [m]."""
    load: LoadShape | None = None
    """Load of these homes through the year; without it, that of all homes in the assumptions."""
    bought_heat: BoughtHeat | None = None
    """Heat that the network buys; without it, the network has a plant of its own."""

    def __post_init__(self) -> None:
        """Refuse a place without homes, or with a share or a length that cannot be.

        Raises
        ------
        AssumptionError
            The message names what is wrong.

        """
        share = np.asarray(self.connection_share)
        lengths = [length for length in (self.link_pipe_m, self.main_pipe_m) if length is not None]
        wrong = {
            "it has no homes": not self.homes or np.any(np.asarray(self.every_home) <= 0),
            f"the connection share {self.connection_share} is not above 0 and at most 1": np.any(
                (share <= 0) | (share > 1)
            ),
            "a pipe is shorter than nothing": any(np.any(np.asarray(length) < 0) for length in lengths),
        }
        for reason, holds in wrong.items():
            if holds:
                message = f"this place cannot be costed: {reason}"
                raise AssumptionError(message)

    @classmethod
    def of_homes(cls, number: Floats) -> Place:
        """Return a place with a number of homes whose types are not known."""
        return cls(homes={ALL_HOMES: number})

    @property
    def every_home(self) -> Floats:
        """Number of homes in the place [1]."""
        return reduce(np.add, self.homes.values())

    @property
    def dwellings(self) -> Floats:
        """Number of homes that take heat from the network [1]."""
        return self.every_home * self.connection_share


def mixed_load(homes: Mapping[str, float], profiles: Mapping[str, ArrayLike], *, of_all: LoadShape) -> LoadShape:
    r"""Return the load of homes of several dwelling types through the year, and its peak.

    .. math:: m_h = \sum_k n_k m_{kh}, \quad
        p(n) = \frac{\max_h m_h}{\overline{m}} \cdot \frac{p_{all}(n)}{p_{all}(\infty)}

    The mean profile of many homes of a type holds the diversity of very many homes. The rise of the peak where homes
    are few, and the rise from the year to the design winter, are those of all homes together.

    Parameters
    ----------
    homes
        Number n_k of homes of each type [1].
    profiles
        Mean load m_kh of a home of each type in each hour [kWh], whole days of 24 hours in order.
    of_all
        Load of all homes: its p_all(n) [1] and the severity of its design winter [1].

    Raises
    ------
    AssumptionError
        If a type has no profile, or the profiles differ in length.

    """
    unknown = sorted(set(homes) - set(profiles))
    hours = {name: len(np.asarray(profiles[name])) for name in homes if name in profiles}
    if unknown or len(set(hours.values())) > 1:
        message = (
            f"no profile is known of {', '.join(unknown)}: give the hourly heat of each type of the place"
            if unknown
            else f"the profiles differ in length ({hours}): cut them to the same hours"
        )
        raise AssumptionError(message)
    together = reduce(np.add, (number * np.asarray(profiles[name], dtype=float) for name, number in homes.items()))
    shape = LoadShape.from_hours(together, design_over_year_peak=of_all.design_over_year_peak)
    rise = of_all.peak_over_mean
    own_peak = float(together.max() / together.mean())
    return shape.with_peak(lambda dwellings: own_peak * rise(dwellings) / rise(np.inf))
