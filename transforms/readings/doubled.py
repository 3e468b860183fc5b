"""One meter under two ids within one file: found by days on which both have the same readings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from transforms.readings.homes import SAME_DAYS_MIN

MINUTES_PER_DAY = 1440
MOST_HOME_DAYS = 10_000_000  # that are remembered of one file, each about 40 bytes
_MARKS = {"household_id": pl.String, "day": pl.Date, "mark": pl.Int64, "least": pl.Float64, "most": pl.Float64}
_WEIGHTS = pl.Series(np.random.default_rng(0).integers(1, 2**62, MINUTES_PER_DAY) * 2 + 1)


def mark_days(readings: pl.DataFrame, below_kwh: float) -> pl.DataFrame:
    """Return a mark of the readings of each home and day with some gas, from one block of lines.

    The mark is the sum, modulo two to the power of 64, of the readings in millionths of a kWh, each times a fixed random number
    of its minute of the day. The marks of several blocks are added up.

    A reading that no meter of a home gives tells no two homes apart: dead meters send the same number all day.

    Parameters
    ----------
    readings
        `household_id`, `instant_utc`, `gas_kwh` [kWh].
    below_kwh
        Where readings begin that no meter of a home gives [kWh].

    """
    moment = pl.col("instant_utc")
    minute = moment.dt.hour().cast(pl.Int32) * 60 + moment.dt.minute()
    weighted = (pl.col("gas_kwh") * 1e6).round().cast(pl.Int64, strict=False) * pl.lit(_WEIGHTS).gather(minute)
    used = readings.lazy().filter((pl.col("gas_kwh") > 0) & (pl.col("gas_kwh") < below_kwh))
    marked = used.select("household_id", day=moment.dt.date(), mark=weighted, least="gas_kwh", most="gas_kwh")
    return _add_up(marked).collect()


def _add_up(marks: pl.LazyFrame) -> pl.LazyFrame:
    by_day = marks.group_by("household_id", "day")
    return by_day.agg(pl.col("mark").sum(), pl.col("least").min(), pl.col("most").max())


def add_marks(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up the marks of several blocks."""
    return _add_up(pl.concat([pl.DataFrame(schema=_MARKS), *parts]).lazy()).collect()


def find_doubled(marks: pl.DataFrame, days_min: int = SAME_DAYS_MIN) -> dict[str, str]:
    """Return the ids whose readings stand in the file under another id too, each with the id that is kept.

    Two ids are one meter where they have the same readings on enough days, and other readings on no more days than that. The
    first by its spelling is kept. Days with one and the same reading over and over do not count: meters that are stuck alike
    are two.

    Parameters
    ----------
    marks
        As of `add_marks`, one row per home and day.
    days_min
        Days with the same readings, from which on two ids are of one meter.

    """
    marks = marks.filter(pl.col("most") > pl.col("least"))
    same = marks.with_columns(kept=pl.col("household_id").min().over("day", "mark"))
    pairs = (
        same.filter(pl.col("household_id") != pl.col("kept"))
        .group_by("household_id", "kept")
        .agg(days=pl.len())
        .filter(pl.col("days") >= days_min)
    )
    if pairs.is_empty():
        return {}
    days = marks.select("household_id", "day")
    shared = (
        pairs.join(days, on="household_id")
        .join(days, left_on=["kept", "day"], right_on=["household_id", "day"])
        .group_by("household_id", "kept", "days")
        .agg(shared=pl.len())
        .filter(2 * pl.col("days") >= pl.col("shared"))
        .sort("household_id", "days", "kept", descending=[False, True, False])
        .unique("household_id", keep="first", maintain_order=True)
    )
    found = dict(shared.select("household_id", "kept").iter_rows())
    return {doubled: _follow(found, kept) for doubled, kept in found.items()}


def _follow(found: dict[str, str], kept: str) -> str:
    """Return the id that is kept in the end, where an id that is kept is itself another's double; each is before the last."""
    while kept in found:
        kept = found[kept]
    return kept
