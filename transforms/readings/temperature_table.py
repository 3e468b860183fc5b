"""Temperature tables: outdoor air temperature by day or by hour, as delivered."""

from __future__ import annotations

import polars as pl

from transforms.climate.temperature import hourly_temperature
from transforms.readings.declaration import Format
from transforms.readings.delivered_table import DeliveredRows
from transforms.readings.formats import TEMPERATURE_DAILY
from transforms.readings.stamps import parse_stamps
from transforms.tables.heat import TEMPERATURE_HOURLY

_LIMITS = TEMPERATURE_HOURLY.column("temperature_c")


def read_temperature(delivered: DeliveredRows, known: Format) -> tuple[DeliveredRows, pl.DataFrame]:
    """Make hourly temperatures of delivered days or hours.

    Returns
    -------
    tuple
        The lines with their rejects, and `hour_start_utc`, `temperature_c` [degC], sorted.

    """
    when, mean = known.fields[0].role, known.fields[1].role
    degrees = [field.role for field in known.fields[1:] if field.role in delivered.rows.columns]
    typed = delivered.rows.with_columns(parse_stamps(delivered.rows[when], known.stamp_formats).alias("moment"))
    typed = typed.with_columns(pl.col(c).cast(pl.Float64, strict=False) for c in degrees)
    possible = pl.col(mean).is_between(_LIMITS.lower or 0.0, _LIMITS.upper or 0.0)
    on_grid = pl.col("moment") == pl.col("moment").dt.truncate("1h")
    lines = DeliveredRows(
        delivered.lines, delivered.header_lines, delivered.blank_lines, delivered.rejects, typed
    ).reject(
        pl.coalesce(
            pl.when(pl.col("moment").is_null()).then(pl.lit(f"unparseable {when}")),
            pl.when(~on_grid).then(pl.lit("not the start of an hour")),
            pl.when(pl.col(mean).is_null() | pl.col(mean).is_nan()).then(pl.lit("no temperature")),
            pl.when(~possible).then(pl.lit(f"temperature outside [{_LIMITS.lower:g}, {_LIMITS.upper:g}] degC")),
        )
    )
    several = pl.struct(degrees).n_unique().over("moment") > 1
    lines = lines.reject(pl.when(several).then(pl.lit(f"this {when} stands here with several temperatures")))
    first = pl.col("line") == pl.col("line").min().over("moment")
    lines = lines.reject(pl.when(~first).then(pl.lit(f"this {when} stands here already")))
    if known is not TEMPERATURE_DAILY:
        hours = lines.rows.select(hour_start_utc="moment", temperature_c=mean)
        return lines, hours.sort("hour_start_utc")
    return lines, hourly_temperature(_known_extremes(lines.rows, degrees))


def _known_extremes(rows: pl.DataFrame, degrees: list[str]) -> pl.DataFrame:
    """Keep the extremes of a day only where they lie around its mean."""
    daily = rows.select(pl.col("moment").dt.date().alias("date"), *degrees)
    extremes = ["temperature_min_c", "temperature_max_c"]
    if not set(extremes) <= set(degrees):
        return daily.drop(extremes, strict=False)
    mean = pl.col("temperature_mean_c")
    around = (pl.col(extremes[0]) <= mean) & (mean <= pl.col(extremes[1]))
    return daily.with_columns(pl.when(around).then(pl.col(c)).alias(c) for c in extremes)
