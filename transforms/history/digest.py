"""The digest of a month: small enough to follow homes through years, and enough to find faults that no single month shows."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from transforms.history.catch_up import find_gap_values
from transforms.history.equal_runs import find_runs
from transforms.readings.neighbour_flags import name_source
from transforms.tables.lake import DAY


@dataclass(frozen=True, slots=True)
class Digest:
    """The tables of one digested month."""

    day: pl.DataFrame
    equal_run: pl.DataFrame
    gap_value: pl.DataFrame


def digest_month(flagged: pl.DataFrame, sources: pl.DataFrame) -> Digest:
    """Digest one month's readings, flagged and in order as from `transforms.readings.neighbour_flags.flag_exactly`."""
    replaced = sources.filter("replaced")["source"]
    counts = pl.col("flag").is_in(["ok", "very_high"]) & ~pl.col("source").is_in(replaced.implode())
    counted = flagged.filter(counts)
    day = sum_days(counted, sources)
    return Digest(day=day, equal_run=find_runs(counted), gap_value=find_gap_values(counted, day))


def sum_days(counted: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Add up each home's days by source (`DAY`); very high readings count in `delivered_kwh` and not in `gas_kwh`.

    Parameters
    ----------
    counted
        Readings that are ok or very high, sorted by home and time, with `source`.
    sources
        `source`, `source_id`.

    """
    ok, value = pl.col("flag") == "ok", pl.col("gas_kwh")
    keys = ["household_id", "date", "source"]
    dated = counted.select("household_id", "source", "gas_kwh", "flag", date=pl.col("interval_start_utc").dt.date())
    changes = pl.any_horizontal((pl.col(name) != pl.col(name).shift()).fill_null(value=True) for name in keys)
    # numbers sort faster than texts: `piece` numbers the stretches of rows with one home, day and source
    ordered = dated.with_columns(piece=changes.cum_sum()).sort("piece", "gas_kwh", maintain_order=True)
    days = (
        ordered.with_columns(gap=pl.when(pl.col("piece") == pl.col("piece").shift()).then(value.diff()))
        .group_by("piece", maintain_order=True)
        .agg(
            pl.col(keys).first(),
            half_hours=ok.sum(),
            gas_kwh=value.filter(ok).sum(),
            delivered_half_hours=pl.len(),
            delivered_kwh=value.sum(),
            max_kwh=value.max(),
            gap_kwh=pl.col("gap").filter(pl.col("gap") > 0).min(),
        )
        .group_by(keys, maintain_order=True)  # two sources that take turns within a day leave several pieces
        .agg(
            pl.col("half_hours", "gas_kwh", "delivered_half_hours", "delivered_kwh").sum(),
            pl.col("max_kwh").max(),
            pl.col("gap_kwh").min(),
        )
    )
    return DAY.conform(name_source(days, sources))
