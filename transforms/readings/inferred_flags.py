"""Flags that the history of a home decides: every ok reading within a suspicious span gets the span's flag."""

from __future__ import annotations

import polars as pl

from transforms.readings.neighbour_flags import place_flags
from transforms.tables.words import FLAG_DTYPE, INFERRED_FLAGS


def flag_spans(readings: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Flag the ok readings within the spans of their home; where several apply, the first of `INFERRED_FLAGS` wins.

    Parameters
    ----------
    readings
        Rows of `READING`.
    spans
        Rows of `SUSPECT_SPAN`; `end_utc` is exclusive.

    """
    for flag in INFERRED_FLAGS:
        flagged_spans = spans.filter(pl.col("flag") == flag)
        if len(flagged_spans):
            readings = _flag_within(readings, flagged_spans, flag)
    return readings


def _flag_within(readings: pl.DataFrame, spans: pl.DataFrame, flag: str) -> pl.DataFrame:
    # few homes have spans, so only their readings are joined; all readings keep their place
    home = readings.schema["household_id"]  # often a categorical
    wanted = spans.select(pl.col("household_id").cast(home, strict=False), "start_utc", "end_utc").drop_nulls()
    found = (
        readings.select("household_id", "interval_start_utc", "flag")
        .with_row_index("place")
        .filter(pl.col("household_id").is_in(wanted["household_id"].implode()), pl.col("flag") == "ok")
        .join(wanted, on="household_id")
        .filter(
            (pl.col("interval_start_utc") >= pl.col("start_utc")) & (pl.col("interval_start_utc") < pl.col("end_utc"))
        )
        .select(pl.col("place").unique(), flag=pl.lit(flag, dtype=FLAG_DTYPE))
    )
    return place_flags(readings, found)
