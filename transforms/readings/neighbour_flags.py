"""Flags that need more than the reading itself: other sources, other readings of the home, the household table.

`readings` below is one month of `READING` rows with the column `source`, an index into the frame `sources`. That frame says
where each reading comes from: `feed`, `delivered` and `replaced`. Rows keep their place; only `flag` changes, and only
where it is still `ok`.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from transforms.tables.lake import EXACT_FLAG
from transforms.tables.words import EXACT_FLAGS, FLAG_DTYPE

SLOT = ("household_id", "interval_start_utc")
SOURCES_SCHEMA = {
    "source": pl.UInt32,
    "source_id": pl.String,
    "feed": pl.String,
    "delivered": pl.Date,
    "replaced": pl.Boolean,
}
_IS_OK = pl.col("flag") == "ok"


def order_readings(readings: pl.DataFrame) -> pl.DataFrame:
    """Return readings by home and time, those of one half-hour by source and line.

    A stable sort is quick on rows that are nearly in order already; an unstable one takes six times as long.
    """
    return readings.sort(*SLOT, "source", "line", maintain_order=True)


def flag_exactly(readings: pl.DataFrame, sources: pl.DataFrame, *, known: Collection[str] | None) -> pl.DataFrame:
    """Set every flag that needs no inference; the first rule that matches gives the flag."""
    return readings.pipe(flag_unknown_households, known).pipe(flag_superseded, sources).pipe(flag_duplicates)


def list_exact_flags(flagged: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Return the flags that `flag_exactly` set (`EXACT_FLAG`); later stages set them without finding them again."""
    found = flagged.filter(pl.col("flag").is_in(EXACT_FLAGS)).select("source", "line", "flag")
    return EXACT_FLAG.conform(name_source(found, sources)).sort(EXACT_FLAG.key)


def set_exact_flags(readings: pl.DataFrame, exact: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Set the flags that `list_exact_flags` has listed; readings keep their order."""
    listed = _index_source(exact, sources)
    # few lines are listed: only readings with the number of one are looked at
    few = (
        readings.select("source", "line").with_row_index("place").filter(pl.col("line").is_in(listed["line"].implode()))
    )
    return place_flags(readings, few.join(listed, on=["source", "line"]))


def place_flags(readings: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Set the flags of a few readings, named by their `place` from 0."""
    return readings.with_columns(flag=readings["flag"].scatter(found["place"], found["flag"]))


def leave_flagged_out(readings: pl.DataFrame, flagged: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Return the ok readings: those that are not among the `flagged` ones (`FLAGGED`)."""
    return readings.join(_index_source(flagged, sources), on=["source", "line"], how="anti", maintain_order="left")


def _index_source(frame: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Replace `source_id` by the index of the source, which is quicker to join on."""
    return frame.join(sources.select("source", "source_id"), on="source_id").select(
        "source", *(name for name in ("line", "flag") if name in frame.columns)
    )


def flag_unknown_households(readings: pl.DataFrame, known: Collection[str] | None) -> pl.DataFrame:
    """Flag readings of homes that the household table lacks; without a table (`None`) every home is known."""
    if known is None:
        return readings
    homes = readings["household_id"].unique()
    named = homes.filter(homes.cast(pl.String).is_in(list(known)))
    return _set_flag(readings, ~pl.col("household_id").is_in(named.implode()), "unknown_household")


def flag_superseded(readings: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Flag readings that a later delivery replaces.

    A source whose path has newer content is replaced as a whole. Within a feed that declares delivery dates, an ok
    reading of a later delivery replaces those of earlier ones for the same home and half-hour.

    Parameters
    ----------
    readings
        One month of readings, with `source`.
    sources
        `source`, `feed`, `delivered` (date or null), `replaced` (whether its path has newer content).

    """
    if not sources["replaced"].any() and sources["delivered"].null_count() == len(sources):
        return readings
    joined = readings.join(
        sources.select("source", "feed", "delivered", "replaced"), on="source", how="left", maintain_order="left"
    )
    joined = _set_flag(joined, pl.col("replaced"), "superseded")
    if sources["delivered"].n_unique() > 1:
        newest = pl.col("delivered").filter(_IS_OK).max().over(*SLOT, "feed")
        joined = _set_flag(joined, pl.col("delivered") < newest, "superseded")
    return joined.drop("feed", "delivered", "replaced")


def flag_duplicates(readings: pl.DataFrame) -> pl.DataFrame:
    """Flag ok readings that share a home and half-hour: of equal values the first stays ok, of unequal ones none does.

    `readings` are in the order of `order_readings`. So the first is the first by source id and line, and the order of
    arrival does not matter.
    """
    ok = readings.with_row_index("place").filter(_IS_OK)
    repeats = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in SLOT).fill_null(value=False)
    shared = ok.filter(repeats | repeats.shift(-1, fill_value=False))
    judged = (
        shared.with_columns(is_repeat=repeats, conflict=pl.col("gas_kwh").n_unique().over(SLOT) > 1)
        .pipe(_set_flag, pl.col("conflict"), "duplicate_conflict")
        .pipe(_set_flag, pl.col("is_repeat"), "duplicate_exact")
    )
    return place_flags(readings, judged)


def _set_flag(readings: pl.DataFrame, condition: pl.Expr, flag: str) -> pl.DataFrame:
    """Set `flag` where `condition` holds and nothing was found before: the first match wins."""
    return readings.with_columns(
        flag=pl.when(_IS_OK & condition).then(pl.lit(flag, dtype=FLAG_DTYPE)).otherwise(pl.col("flag"))
    )


def name_source(frame: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Replace the index `source` by the `source_id` that it stands for."""
    return frame.join(sources.select("source", "source_id"), on="source", how="left").drop("source")
