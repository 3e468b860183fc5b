"""Stamps of delivered half-hours: EDRP's stamps with half-hour numbers, or ISO times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from transforms.climate.local_time import LONDON
from transforms.sample.delivery import shift_starts

Stamp = Literal["start", "end"]
Clock = Literal["utc", "local"]
STAMP = "%d%b%y:%H:%M:%S"
UNREADABLE = "??%b%y:%H:%M:%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdrpStamps:
    """EDRP stamps: they name the start or the end of a half-hour, on a clock."""

    stamp: Stamp = "end"
    clock: Clock = "utc"

    def write(self, starts: pl.Series, shift_s: pl.Series | None = None) -> pl.Series:
        """Return `DDMMMYY:HH:MM:SS,HH` for half-hours; `shift_s` moves the stamps, and the number HH follows the stamp."""
        shown = self.on_clock(starts if shift_s is None else shift_starts(starts, shift_s))
        times = pl.DataFrame({"shown": shown, "true": self.on_clock(starts)})
        known = pl.coalesce("shown", "true")
        half_hour = known.dt.hour().cast(pl.Int32) * 2 + known.dt.minute().cast(pl.Int32) // 30
        number = half_hour + 1 if self.stamp == "start" else (half_hour + 47) % 48 + 1
        text = pl.coalesce(pl.col("shown").dt.strftime(STAMP), pl.col("true").dt.strftime(UNREADABLE))
        return times.select(pl.format("{},{}", text.str.to_uppercase(), number)).to_series()

    def on_clock(self, starts: pl.Series) -> pl.Series:
        """Return the moment that a stamp names, on its clock."""
        moments = starts.dt.offset_by("30m") if self.stamp == "end" else starts
        if self.clock == "utc":
            return moments
        return moments.dt.replace_time_zone("UTC").dt.convert_time_zone(LONDON).dt.replace_time_zone(None)

    def shares_stamp(self, starts: pl.Series) -> pl.Series:
        """Say which half-hours share their stamp with another: those of the repeated autumn hour on a local clock."""
        return self.on_clock(starts).is_duplicated()


@dataclass(frozen=True, slots=True)
class IsoStamps:
    """ISO times of the start of half-hours in UTC, as in our own format."""

    def write(self, starts: pl.Series, shift_s: pl.Series | None = None) -> pl.Series:
        """Return `YYYY-MM-DDTHH:MM:SS` for half-hours shifted by some seconds."""
        shown = starts if shift_s is None else shift_starts(starts, shift_s)
        return shown.dt.strftime("%Y-%m-%dT%H:%M:%S").fill_null(starts.dt.strftime("??-%m-%dT%H:%M:%S"))

    def shares_stamp(self, starts: pl.Series) -> pl.Series:
        """Say that no half-hour shares its stamp with another."""
        return pl.Series(np.zeros(len(starts), dtype=bool))
