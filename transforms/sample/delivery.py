"""The delivery of meters for the true half-hours of some homes, and the truth table beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.tables.schema import UTC, Column, Table
from transforms.tables.words import DWELLING_TYPES

FAULTS = (
    "missing",
    "reject",
    "bad_time",
    "off_grid",
    "negative",
    "sentinel_max",
    "very_high",
    "unknown_household",
    "duplicate_exact",
    "duplicate_conflict",
    "suspected_unit",
    "stuck",
    "cold_zero_run",
)
NO_STAMP = np.iinfo(np.int64).min  # a shift that stands for a stamp that cannot be read

TRUTH = Table(
    "truth", "one true half-hour of one home of a made-up trial, and how it was delivered", ("household_id", "interval_start_utc"),
    (
        Column("household_id", pl.String, "made-up id of the home"),
        Column("dwelling_type", pl.String, "dwelling type of the home, also where households.csv lacks it", allowed=DWELLING_TYPES),
        Column("interval_start_utc", UTC, "start of the half-hour"),
        Column("gas_kwh", pl.Float64, "true gas of the half-hour; in a trial with all faults, the reading of a sound meter in its own steps", "kWh", lower=0),
        Column("fault", pl.String, "null without a fault; else the flag that its reading must get, or missing (no line), or reject (a line that cannot be read); the first of exact duplicates stays ok", nullable=True, allowed=FAULTS),
        Column("delivered", pl.Int8, "lines of the readings file about this half-hour", "1", lower=0, upper=2),
        Column("delivered_start_utc", UTC, "start of the half-hour that the delivered stamp names, null where there is none to read", nullable=True),
    ),
)  # fmt: skip


@dataclass(slots=True)
class Delivery:
    """The delivery of meters: arrays of homes x half-hours, which the injectors change in place."""

    gas_kwh: NDArray[np.float64]  # delivered value [kWh]; NaN where the text is no number
    shift_s: NDArray[np.int64]  # delivered stamp minus true one [s]
    copies: NDArray[np.int8]  # lines delivered
    second_kwh: NDArray[np.float64]  # value of the second line [kWh]
    fault: NDArray[np.uint8]  # 0 or 1 + index in FAULTS

    @classmethod
    def of_truth(cls, gas_kwh: NDArray[np.float64]) -> Delivery:
        """Return the delivery in which every true half-hour is delivered once, without a fault."""
        shape = gas_kwh.shape
        return cls(
            gas_kwh=gas_kwh.copy(),
            shift_s=np.zeros(shape, dtype=np.int64),
            copies=np.ones(shape, dtype=np.int8),
            second_kwh=np.zeros(shape),
            fault=np.zeros(shape, dtype=np.uint8),
        )

    def mark(self, home: int, where: NDArray[np.intp], fault: str) -> None:
        """Record the flag that these readings of a home must get."""
        self.fault[home, where] = 1 + FAULTS.index(fault)


def tabulate_truth(
    homes: pl.DataFrame, starts: pl.Series, gas_kwh: NDArray[np.float64], delivery: Delivery
) -> pl.DataFrame:
    """Return the rows of `TRUTH` of some homes.

    Parameters
    ----------
    homes
        `household_id`, `dwelling_type`, in the order of the arrays.
    starts
        Starts of the half-hours.
    gas_kwh
        Homes x half-hours, true [kWh].
    delivery
        Delivery of these half-hours.

    """
    half_hours = len(starts)
    home = pl.Series(np.repeat(np.arange(len(homes), dtype=np.uint32), half_hours))
    names = pl.Series([None, *FAULTS], dtype=pl.String)
    frame = pl.DataFrame(
        {
            "household_id": homes["household_id"].gather(home),
            "dwelling_type": homes["dwelling_type"].gather(home),
            "interval_start_utc": pl.concat([starts] * len(homes)),
            "gas_kwh": gas_kwh.ravel(),
            "fault": names.gather(pl.Series(delivery.fault.ravel())),
            "delivered": delivery.copies.ravel(),
            "shift_s": delivery.shift_s.ravel(),
        }
    )
    shifted = shift_starts(frame["interval_start_utc"], frame["shift_s"])
    return TRUTH.conform(frame.with_columns(delivered_start_utc=pl.when(pl.col("delivered") > 0).then(shifted)))


def shift_starts(starts: pl.Series, shift_s: pl.Series) -> pl.Series:
    """Return times shifted by some seconds, null where there is no stamp to read."""
    frame = pl.DataFrame({"start": starts, "shift_s": shift_s})
    shifted = pl.col("start") + pl.duration(seconds=pl.col("shift_s"), time_unit="us")
    return frame.select(pl.when(pl.col("shift_s") != NO_STAMP).then(shifted)).to_series()
