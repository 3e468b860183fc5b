"""Meters of a trial: each counts in steps, a reading is the change of its register, and some meters are exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.climate.half_hour_shapes import HALF_HOURS
from transforms.readings.declaration import GasConversion
from transforms.sample.bursts import RESOLUTION_DIGITS

METERS = ("metric_pulse", "metric_litre", "imperial_foot")
BEFORE_EXCHANGE, AFTER_EXCHANGE = "imperial_foot", "metric_pulse"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Meters:
    """Kinds of meters by name: their steps [kWh], their shares of homes [1], and the share of meters that is exchanged [1]."""

    step_kwh: Mapping[str, float]
    homes_share: Mapping[str, float]
    exchanged_share: float

    @classmethod
    def from_values(cls, values: Mapping[str, Mapping[str, float]], conversion: GasConversion | None = None) -> Meters:
        """Return the meters of the shipped table `meter_step`, given by item and parameter."""
        kwh_per_m3 = (conversion or GasConversion()).kwh_per_m3
        return cls(
            step_kwh={name: values[name]["step_m3"] * kwh_per_m3 for name in METERS},
            homes_share={name: values[name]["homes_share"] for name in METERS},
            exchanged_share=values["exchange"]["homes_share"],
        )


def draw_meters(homes: pl.DataFrame, meters: Meters, *, half_hours: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw the meter of each home, and which meters are exchanged and when.

    Exchanges fall on days in the middle half of the span, in ordinary homes with an imperial meter.

    Parameters
    ----------
    homes
        Homes, as from `kinds.draw_kinds`.
    meters
        Kinds of meters.
    half_hours
        True half-hours per home.
    rng
        Source of randomness.

    Returns
    -------
    pl.DataFrame
        `homes` with `meter`, `meter_after` (null without an exchange), `exchange_first` (first half-hour of the new
        meter, `half_hours` where there is none), `register_phase` (where between two steps the register begins) [1].

    """
    n = len(homes)
    edges = np.round(np.cumsum([meters.homes_share[name] for name in METERS]) * n).astype(int)
    rank = np.empty(n, dtype=int)
    rank[rng.permutation(n)] = np.arange(n)
    meter = np.searchsorted(edges[:-1], rank, side="right")
    exchangeable = np.flatnonzero((meter == METERS.index(BEFORE_EXCHANGE)) & (homes["kind"] == "heated").to_numpy())
    count = min(len(exchangeable), max(1, round(meters.exchanged_share * n)))
    exchanged = np.zeros(n, dtype=bool)
    exchanged[rng.choice(exchangeable, size=count, replace=False) if count else []] = True
    day = np.floor((0.25 + 0.5 * rng.random(n)) * (half_hours // HALF_HOURS)).astype(np.int64)
    return homes.with_columns(
        meter=pl.Series([METERS[code] for code in meter]),
        meter_after=pl.Series([AFTER_EXCHANGE if is_new else None for is_new in exchanged], dtype=pl.String),
        exchange_first=pl.Series(np.where(exchanged, day * HALF_HOURS, half_hours)),
        register_phase=pl.Series(rng.random(n)),
    )


def count_gas(gas_kwh: Floats, homes: pl.DataFrame, meters: Meters) -> Floats:
    r"""Return the readings of sound meters for the gas that homes use.

    With step :math:`s` and phase :math:`\varphi`, the register shows :math:`R_t = \lfloor \varphi + \sum_{u \le t} g_u
    / s \rfloor` steps. The reading is :math:`s\,(R_t - R_{t-1})`, rounded to 0.001 kWh. So the sum of readings over any
    span differs from the gas by at most a step and the rounding.

    Parameters
    ----------
    gas_kwh
        Homes x half-hours [kWh].
    homes
        Homes, as from `draw_meters`, in the order of the rows.
    meters
        Kinds of meters.

    Returns
    -------
    Floats
        Homes x half-hours [kWh].

    """
    step = homes["meter"].replace_strict(dict(meters.step_kwh), return_dtype=pl.Float64).to_numpy()
    phase = homes["register_phase"].to_numpy()
    counted = _count(gas_kwh, step, phase)
    exchanged = homes.with_row_index("row").filter(pl.col("meter_after").is_not_null())
    for row, name, first in exchanged.select("row", "meter_after", "exchange_first").iter_rows():
        counted[row, first:] = _count(
            gas_kwh[row : row + 1, first:], np.array([meters.step_kwh[name]]), phase[row : row + 1]
        )
    return counted


def _count(gas_kwh: Floats, step_kwh: Floats, phase: Floats) -> Floats:
    register = np.cumsum(gas_kwh, axis=1)
    register /= step_kwh[:, None]
    register += phase[:, None]
    np.floor(register, out=register)
    steps = np.diff(register, axis=1, prepend=0)  # phase is below one step: the register begins at 0
    counted: Floats = np.round(steps * step_kwh[:, None], RESOLUTION_DIGITS)
    return counted
