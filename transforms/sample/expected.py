"""What a home is expected to use in each half-hour: the weather decides the day, type and weather the half-hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.gas_law import GasLaw
from transforms.local_time import on_the_clock
from transforms.schema import UTC
from transforms.tables import DWELLING_TYPES

HALF_HOURS = 48
LEVEL_YEAR = 2009  # the levels of homes are those of this year
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HalfHourShapes:
    """How the half-hours of a local day share its gas, by temperature, and how types differ from all types together."""

    temperature_c: Floats  # of the bands, ascending [degC]
    by_band: Floats  # bands x 48, each with mean 1 [1]
    against_all: Mapping[str, Floats]  # 48 each: shape of the type over that of all types [1]

    @classmethod
    def from_table(cls, table: pl.DataFrame, type_weights: Mapping[str, float]) -> HalfHourShapes:
        """Take the shapes from the shipped table `gas_half_hour_shape`; the weights are the types' shares in all gas."""
        ordered = table.sort("half_hour")
        bands = ordered.filter(pl.col("segmentation") == "temperature_band").group_by("temperature_c").agg("shape")
        bands = bands.sort("temperature_c")
        types = ordered.filter(pl.col("segmentation") == "dwelling_type").group_by("segment").agg("shape")
        by_type = {name: np.array(shape) for name, shape in types.iter_rows()}
        of_all = np.average(
            [by_type[n] for n in DWELLING_TYPES], axis=0, weights=[type_weights[n] for n in DWELLING_TYPES]
        )
        return cls(
            temperature_c=bands["temperature_c"].to_numpy(),
            by_band=np.array(bands["shape"].to_list()),
            against_all={name: by_type[name] / of_all for name in DWELLING_TYPES},
        )

    def of_days(self, dwelling_type: str, temperature_c: Floats, law: GasLaw) -> Floats:
        """Return days x 48 shapes with mean 1 [1]: the band's, tilted to the type, evened out in the cold."""
        upper = np.clip(np.searchsorted(self.temperature_c, temperature_c), 1, len(self.temperature_c) - 1)
        below, above = self.temperature_c[upper - 1], self.temperature_c[upper]
        part = np.clip((temperature_c - below) / (above - below), 0, 1)[:, None]
        band = (1 - part) * self.by_band[upper - 1] + part * self.by_band[upper]
        shape = band * self.against_all[dwelling_type]
        shape /= shape.mean(axis=1, keepdims=True)
        shapes: Floats = 1 + law.swing(temperature_c)[:, None] * (shape - 1)
        return shapes


def half_hour_starts(start: dt.date, end: dt.date) -> pl.Series:
    """Return the starts of all half-hours from one date to before another, in UTC."""
    first, last = (dt.datetime.combine(day, dt.time()) for day in (start, end))
    return (
        pl.datetime_range(first, last, "30m", closed="left", time_unit="us", eager=True)
        .cast(UTC)
        .alias("interval_start_utc")
    )


def expected_shares(year: int, effective: pl.DataFrame, law: GasLaw, shapes: HalfHourShapes) -> dict[str, Floats]:
    r"""Return, by dwelling type, the gas of each half-hour of a year as a share of the home's gas in 2009.

    :math:`g_{th} = G(T_d)\, s_{th}(T_d) / 48` over the sum of the same for 2009, where day and half-hour are those of
    the local clock: people heat by the clock on the wall.

    Parameters
    ----------
    year
        Calendar year, UTC.
    effective
        `date`, `temperature_effective_c` [degC]; 2009 must be among them.
    law, shapes
        What the day uses, and how it is spread over the half-hours.

    """
    out = {}
    for name in DWELLING_TYPES:
        in_year, in_level_year = (_gas_of_half_hours(name, y, effective, law, shapes) for y in (year, LEVEL_YEAR))
        out[name] = in_year / in_level_year.sum()
    return out


def _gas_of_half_hours(name: str, year: int, effective: pl.DataFrame, law: GasLaw, shapes: HalfHourShapes) -> Floats:
    starts = half_hour_starts(dt.date(year, 1, 1), dt.date(year + 1, 1, 1))
    local = starts.to_frame().select(on_the_clock(pl.col(starts.name))).to_series()
    day = local.dt.ordinal_day().to_numpy() - 1
    half_hour = local.dt.hour().to_numpy().astype(int) * 2 + local.dt.minute().to_numpy() // 30
    of_year = effective.filter(pl.col("date").dt.year() == year)
    temperature = of_year.sort("date")["temperature_effective_c"].to_numpy()
    gas = law.gas_of_day(temperature)[:, None] * shapes.of_days(name, temperature, law) / HALF_HOURS
    by_half_hour: Floats = gas[day, half_hour]
    return by_half_hour
