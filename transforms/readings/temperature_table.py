"""Delivered temperature tables: outdoor air temperature by hour, by day, or as the extremes of a station's periods."""

from __future__ import annotations

import polars as pl

from transforms.climate.temperature import hourly_temperature
from transforms.readings.declaration import Format
from transforms.readings.delivered_table import DeliveredRows
from transforms.readings.stamps import parse_stamps
from transforms.tables.fixed_order import group_in_order
from transforms.tables.heat import TEMPERATURE_HOURLY

_LIMITS = TEMPERATURE_HOURLY.column("temperature_c")
_LOWEST, _HIGHEST = _LIMITS.lower or 0.0, _LIMITS.upper or 0.0
_EXTREMES = ["temperature_min_c", "temperature_max_c"]
_PERIODS = (12, 24)  # lengths of a station's periods [h]


def read_temperature(delivered: DeliveredRows, known: Format) -> tuple[DeliveredRows, pl.DataFrame]:
    """Make hourly temperatures of delivered hours, days or periods.

    Returns
    -------
    tuple
        The lines with their rejects, and `hour_start_utc`, `temperature_c` [degC], sorted.

    """
    when = known.fields[0].role
    degrees = [role for role in delivered.rows.columns if role.startswith("temperature")]
    typed = delivered.with_rows(
        delivered.rows.with_columns(
            pl.col(degrees).cast(pl.Float64, strict=False),
            parse_stamps(delivered.rows[when], known.stamp_formats).alias("moment"),
        )
    )
    if when == "period_end_utc":
        lines = _keep_whole_periods(_reject_unusable(typed, when, degrees))
        return lines, hourly_temperature(_days_of_periods(lines.rows))
    lines = _reject_unusable(typed, when, [known.fields[1].role])
    if known.repeats == "refused":
        lines = _reject_repeats(lines, when, degrees)
    if when == "hour_start_utc":
        hours = group_in_order(lines.rows, "moment", by=degrees[0]).agg(temperature_c=pl.col(degrees[0]).mean())
        return lines, hours.rename({"moment": "hour_start_utc"})
    return lines, hourly_temperature(_known_extremes(lines.rows, degrees))


def _reject_unusable(lines: DeliveredRows, when: str, needed: list[str]) -> DeliveredRows:
    """Reject rows without a moment on the hour, and rows with a missing or impossible temperature."""
    on_grid = pl.col("moment") == pl.col("moment").dt.truncate("1h")
    missing = pl.any_horizontal(pl.col(needed).is_null() | pl.col(needed).is_nan())
    possible = pl.all_horizontal(pl.col(needed).is_between(_LOWEST, _HIGHEST))
    return lines.reject(
        pl.coalesce(
            pl.when(pl.col("moment").is_null()).then(pl.lit(f"unparseable {when}")),
            pl.when(~on_grid).then(pl.lit("not the start of an hour")),
            pl.when(missing).then(pl.lit("no temperature")),
            pl.when(~possible).then(pl.lit(f"temperature outside [{_LOWEST:g}, {_HIGHEST:g}] degC")),
        )
    )


def _reject_repeats(lines: DeliveredRows, when: str, degrees: list[str]) -> DeliveredRows:
    several = pl.struct(degrees).n_unique().over("moment") > 1
    lines = lines.reject(pl.when(several).then(pl.lit(f"this {when} stands here with several temperatures")))
    first = pl.col("line") == pl.col("line").min().over("moment")
    return lines.reject(pl.when(~first).then(pl.lit(f"this {when} stands here already")))


def _keep_whole_periods(lines: DeliveredRows) -> DeliveredRows:
    """Reject extremes of other periods than a day or half a day, and halves of a day whose other half is missing.

    A station's day runs from 09:00 to 09:00 UTC. It is named by the day on which it begins, which holds 15 of its hours.
    """
    hours = pl.col("period_hours").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    known = pl.col("hours").is_in(_PERIODS).fill_null(value=False)
    upside_down = pl.col("temperature_max_c") < pl.col("temperature_min_c")
    timed = lines.with_rows(lines.rows.with_columns(hours=hours)).reject(
        pl.when(~known)
        .then(pl.lit("extremes of another period than 12 or 24 hours"))
        .when(upside_down)
        .then(pl.lit("a maximum below its minimum"))
    )
    begin = pl.col("moment") - pl.duration(hours=pl.col("hours"))
    dated = timed.with_rows(timed.rows.with_columns(begin=begin, date=begin.dt.date()))
    halves = pl.col("begin").filter(pl.col("hours") < max(_PERIODS)).n_unique()
    whole = ((pl.col("hours") == max(_PERIODS)).any() | (halves > 1)).over("date")
    return dated.reject(pl.when(~whole).then(pl.lit("half of a day whose other half is missing")))


def _days_of_periods(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the extremes of each day, and the middle of the two as its mean, as climate records take it."""
    days = rows.group_by("date").agg(pl.col("temperature_min_c").min(), pl.col("temperature_max_c").max())
    return days.with_columns(temperature_mean_c=pl.mean_horizontal(_EXTREMES)).sort("date")


def _known_extremes(rows: pl.DataFrame, degrees: list[str]) -> pl.DataFrame:
    """Keep the extremes of a day only where they lie around its mean."""
    daily = rows.select(pl.col("moment").dt.date().alias("date"), *degrees)
    if not set(_EXTREMES) <= set(degrees):
        return daily.drop(_EXTREMES, strict=False)
    mean = pl.col("temperature_mean_c")
    around = (pl.col(_EXTREMES[0]) <= mean) & (mean <= pl.col(_EXTREMES[1]))
    return daily.with_columns(pl.when(around).then(pl.col(c)).alias(c) for c in _EXTREMES)
