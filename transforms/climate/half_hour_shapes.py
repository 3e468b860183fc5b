"""Shapes of the day: how gas is spread over the half-hours of a local day, by temperature and dwelling type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.climate.gas_law import GasLaw
from transforms.tables.schema import UTC
from transforms.tables.words import DWELLING_TYPES

HALF_HOURS = 48
LEVEL_YEAR = 2009  # year of the published levels of homes

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HalfHourShapes:
    """Shapes of a local day by temperature, and the shape of each dwelling type over that of all types together."""

    temperature_c: Floats  # of the bands, ascending [degC]
    by_band: Floats  # bands x 48, each with mean 1 [1]
    against_all: Mapping[str, Floats]  # 48 each: shape of the type over that of all types [1]

    @classmethod
    def from_table(cls, table: pl.DataFrame, type_weights: Mapping[str, float]) -> HalfHourShapes:
        """Return the shapes of the shipped table `gas_half_hour_shape`; the weights are the types' shares of all gas."""
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

    def shape_days(self, dwelling_type: str, temperature_c: Floats, law: GasLaw) -> Floats:
        """Return the shapes of days with mean 1, days x 48 [1]: interpolated between bands, for the type, flatter in the cold."""
        upper = np.clip(np.searchsorted(self.temperature_c, temperature_c), 1, len(self.temperature_c) - 1)
        below, above = self.temperature_c[upper - 1], self.temperature_c[upper]
        part = np.clip((temperature_c - below) / (above - below), 0, 1)[:, None]
        band = (1 - part) * self.by_band[upper - 1] + part * self.by_band[upper]
        shape = band * self.against_all[dwelling_type]
        shape /= shape.mean(axis=1, keepdims=True)
        shapes: Floats = 1 + law.swing(temperature_c)[:, None] * (shape - 1)
        return shapes


def half_hour_starts(start: dt.date, end: dt.date) -> pl.Series:
    """Return the starts of all half-hours (UTC) from `start` up to, and without, `end`."""
    first, last = (dt.datetime.combine(day, dt.time()) for day in (start, end))
    return (
        pl.datetime_range(first, last, "30m", closed="left", time_unit="us", eager=True)
        .cast(UTC)
        .alias("interval_start_utc")
    )
