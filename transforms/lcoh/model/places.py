"""The place that a network serves: its homes, its pipes, and where its heat comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

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
    """Homes that one network could serve, and its pipes; numbers, or arrays of one shape (...)."""

    homes: Mapping[str, Floats] = field(default_factory=lambda: {ALL_HOMES: 1.0})
    """Number of homes of each dwelling type [1]; `all` where types are not known."""
    connection_share: Floats = 1.0
    """Share of the homes that take heat from the network [1]. The main pipe passes the others too."""
    main_pipe_m: Floats | None = None
    """Length of the main pipe [m], for conventions that take it from a map."""
    link_pipe_m: Floats = 0.0
    """Length of the pipe from the plant to the main pipe [m]."""
    load: LoadShape | None = None
    """Load of these homes through the year; None: the load of all homes in the assumptions."""
    bought_heat: BoughtHeat | None = None
    """Heat that the network buys; None: the network has a plant of its own."""

    def __post_init__(self) -> None:
        """Refuse a place without homes, or with a share or a length that cannot be.

        Raises
        ------
        AssumptionError
            The message names the fault.

        """
        share = np.asarray(self.connection_share)
        lengths = [length for length in (self.link_pipe_m, self.main_pipe_m) if length is not None]
        wrong = {
            "it has no homes": not self.homes or np.any(np.asarray(self.every_home) <= 0),
            f"the connection share {self.connection_share} is not above 0 and at most 1": np.any(
                (share <= 0) | (share > 1)
            ),
            "a pipe has a negative length": any(np.any(np.asarray(length) < 0) for length in lengths),
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
