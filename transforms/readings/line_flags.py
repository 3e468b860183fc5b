"""Flags that need only the reading itself: rules in their order, thresholds with their sources."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from transforms.readings.declaration import GasConversion
from transforms.readings.stamps import is_on_grid
from transforms.tables.rules import bound
from transforms.tables.words import FLAG_DTYPE

_SERL = "SERL error flags, Edition 6 (github.com/smartEnergyResearchLab/Edition-6, define_error_flags.R)"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineThresholds:
    """Thresholds of the line flags; each carries its unit and source."""

    earliest_year: float = bound(
        2000, unit="yr", status="own choice", source="before any smart meter trial; docs/method.md, section Time"
    )
    days_ahead: float = bound(
        1,
        unit="d",
        status="own choice",
        source="a stamp may lie this far after the run date; docs/method.md, section Time",
    )
    negative_below_kwh: float = bound(0, unit="kWh", status="published", source=f"{_SERL}: flag -3")
    sentinel_m3: float = bound(
        16777.215, unit="m3", status="published", source=f"{_SERL}: flag -1, the largest 24-bit count of litres"
    )
    sentinel_tolerance: float = bound(
        1e-5, unit="1", status="own choice", source="relative; covers a kWh image that was rounded to whole kWh"
    )
    very_high_kwh: float = bound(89.8, unit="kWh", status="published", source=f"{_SERL}: flag -2, 8 m3 in a half-hour")
    above_meter_rating_kwh: float = bound(
        33.7,
        unit="kWh",
        status="own choice",
        source="3 m3 in a half-hour, the 6 m3/h of a domestic U6/G4 meter; counted",
    )


Rule = Callable[[LineThresholds, GasConversion, dt.date], pl.Expr]
_start, _gas = pl.col("interval_start_utc"), pl.col("gas_kwh")


def _is_bad_time(limits: LineThresholds, _: GasConversion, run_date: dt.date) -> pl.Expr:
    earliest = dt.datetime(int(limits.earliest_year), 1, 1)  # noqa: DTZ001 - UTC without zone
    end = dt.datetime.combine(run_date, dt.time()) + dt.timedelta(days=limits.days_ahead + 1)
    return (_start < earliest) | (_start >= end)


def _is_off_grid(_: LineThresholds, __: GasConversion, ___: dt.date) -> pl.Expr:
    return ~is_on_grid(_start) | ~pl.col("is_half_hour")


def _is_negative(limits: LineThresholds, _: GasConversion, __: dt.date) -> pl.Expr:
    return _gas < limits.negative_below_kwh


def _is_sentinel(limits: LineThresholds, conversion: GasConversion, _: dt.date) -> pl.Expr:
    images = (limits.sentinel_m3, limits.sentinel_m3 * conversion.kwh_per_m3)
    return pl.any_horizontal((_gas - image).abs() <= limits.sentinel_tolerance * image for image in images)


def _is_very_high(limits: LineThresholds, _: GasConversion, __: dt.date) -> pl.Expr:
    return _gas >= limits.very_high_kwh


RULES: dict[str, Rule] = {  # the first that holds gives the flag
    "bad_time": _is_bad_time,
    "off_grid": _is_off_grid,
    "negative": _is_negative,
    "sentinel_max": _is_sentinel,
    "very_high": _is_very_high,
}


def flag_lines(
    readings: pl.DataFrame,
    *,
    thresholds: LineThresholds,
    conversion: GasConversion,
    run_date: dt.date,
) -> pl.DataFrame:
    """Give every reading the flag of the first rule that holds, or `ok`.

    Parameters
    ----------
    readings
        `interval_start_utc`, `gas_kwh` [kWh], `is_half_hour` (false where a line gives an end that is not 30 min later).
    thresholds, conversion
        Limits, and how a volume becomes energy: it gives the kWh image of the sentinel.
    run_date
        The date of the run, UTC.

    """
    found = [
        pl.when(rule(thresholds, conversion, run_date)).then(pl.lit(flag, dtype=FLAG_DTYPE))
        for flag, rule in RULES.items()
    ]
    return readings.with_columns(flag=pl.coalesce(*found, pl.lit("ok", dtype=FLAG_DTYPE)))


def count_flags(flagged: pl.DataFrame) -> dict[str, int]:
    """Count the readings that carry each flag."""
    counts = flagged.group_by("flag").agg(readings=pl.len())
    return dict(counts.with_columns(pl.col("flag").cast(pl.String)).sort("flag").iter_rows())


def count_above_rating(flagged: pl.DataFrame, thresholds: LineThresholds) -> int:
    """Count ok readings above the rating of a domestic meter; such readings are counted and kept."""
    return flagged.filter((pl.col("flag") == "ok") & (_gas > thresholds.above_meter_rating_kwh)).height
