"""One meter under two ids in one file: the two have the same readings on many days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from transforms.readings.homes import SAME_DAYS_MIN
from transforms.readings.stamps import MINUTES_PER_DAY, minute_of_day

MOST_HOME_DAYS = 10_000_000  # days of homes whose marks are kept for one file; each takes about 40 bytes
_MARKS = {"household_id": pl.String, "day": pl.Date, "mark": pl.Int64, "least": pl.Float64, "most": pl.Float64}
_WEIGHTS = pl.Series(np.random.default_rng(0).integers(1, 2**62, MINUTES_PER_DAY) * 2 + 1)


def mark_days(readings: pl.DataFrame, below_kwh: float) -> pl.DataFrame:
    r"""Return a mark for each home and day with gas, from one block of lines.

    .. math:: M = \sum_t r_t \,\mathrm{round}(10^6 g_t) \bmod 2^{64}

    with the gas :math:`g_t` [kWh] of the readings and a fixed random number :math:`r_t` for each minute of the day. Two
    days with equal marks have, but for chance, equal readings. The mark of a day in several blocks is the sum of their marks.

    Readings that no meter of a home gives are left out: dead meters send the same number all day, so two of them would
    look like one.

    Parameters
    ----------
    readings
        `household_id`, `instant_utc`, `gas_kwh` [kWh].
    below_kwh
        Readings from this value on are left out [kWh].

    Returns
    -------
    pl.DataFrame
        `household_id`, `day`, `mark`, and the `least` and `most` of the readings [kWh].

    """
    moment = pl.col("instant_utc")
    weighted = (pl.col("gas_kwh") * 1e6).round().cast(pl.Int64, strict=False) * pl.lit(_WEIGHTS).gather(
        minute_of_day(moment)
    )
    used = readings.lazy().filter((pl.col("gas_kwh") > 0) & (pl.col("gas_kwh") < below_kwh))
    marked = used.select("household_id", day=moment.dt.date(), mark=weighted, least="gas_kwh", most="gas_kwh")
    return _add_up(marked).collect()


def _add_up(marks: pl.LazyFrame) -> pl.LazyFrame:
    by_day = marks.group_by("household_id", "day")
    return by_day.agg(pl.col("mark").sum(), pl.col("least").min(), pl.col("most").max())


def add_marks(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the marks of whole days from those of several blocks."""
    return _add_up(pl.concat([pl.DataFrame(schema=_MARKS), *parts]).lazy()).collect()


def find_doubled(marks: pl.DataFrame, days_min: int = SAME_DAYS_MIN) -> dict[str, str]:
    """Return the ids of meters that the file names twice, each with the id that is kept.

    Two ids are one meter if they have equal readings on at least `days_min` days, and on at least half of the days that both
    have. The id that sorts first is kept. Days on which all readings are equal do not count, since two stuck meters may
    send the same number.

    Parameters
    ----------
    marks
        One row per home and day, as from `add_marks`.
    days_min
        Fewest days with equal readings for one meter [d].

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
    """Return the id that is kept at the end of a chain of doubles; it ends, since each id sorts before the one that it replaces."""
    while kept in found:
        kept = found[kept]
    return kept
