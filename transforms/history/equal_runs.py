"""Runs of equal readings: a stuck meter, estimated readings, or a meter that counts nothing.

A run may cross any number of months. Each month keeps its long runs, and the first and last run of each home. `join_runs`
joins the pieces of a run from one month to the next, so no month needs the readings of another.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from transforms.tables.lake import CLOSED_RUN, EQUAL_RUN, OPEN_RUN
from transforms.tables.rules import bound

HALF_HOUR = dt.timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckRule:
    """When equal non-zero readings are no measurement."""

    readings_min: int = bound(
        12,
        unit="1",
        status="own choice",
        source="a boiler that fires does not leave equal half-hours for six hours on end",
    )
    steps_min: float = bound(
        3, unit="1", status="own choice", source="a meter whose step is coarse beside what it counts repeats itself"
    )
    pilot_light_kwh: float = bound(
        0.25, unit="kWh", status="own choice", source="twice what a pilot light of 100 to 250 W burns in a half-hour"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdZeroRule:
    """When zeros are no measurement: for days on end, while it is cold.

    Zeros are normal for gas: SERL's median half-hour is 0 and a heated home may use nothing all summer. Nobody who
    lives in a gas-heated home uses none for two cold weeks; a home that stands empty without frost protection does,
    and cannot be told from a dead meter.
    """

    days_min: int = bound(
        14,
        unit="d",
        status="own choice",
        source="longer than most holidays; of 300 Flemish meters 5.7 % of days are zero",
    )
    cold_below_c: float = bound(
        10,
        unit="degC",
        status="own choice",
        source="mean of the days; homes heat below 14 to 15 degC (SERL, Watson et al. 2019)",
    )


STUCK = StuckRule()
COLD_ZERO = ColdZeroRule()


def find_runs(good: pl.DataFrame, stuck: StuckRule = STUCK, cold_zero: ColdZeroRule = COLD_ZERO) -> pl.DataFrame:
    """Return the long runs of a month, and the first and last of each home (`EQUAL_RUN`).

    Parameters
    ----------
    good
        Readings with `household_id`, `interval_start_utc`, `gas_kwh`, one per home and half-hour, sorted by the two.

    """
    home, value = pl.col("household_id"), pl.col("gas_kwh")
    begins = (home != home.shift()).fill_null(value=True)
    rows = good.select(
        "household_id", "interval_start_utc", "gas_kwh", is_first=begins, starts=begins | (value != value.shift())
    ).with_row_index("row")
    starts = rows.filter("starts").select("household_id", "gas_kwh", "is_first", "row", start_utc="interval_start_utc")
    ends = rows.filter(pl.col("starts").shift(-1, fill_value=True)).select(
        end_utc=pl.col("interval_start_utc") + HALF_HOUR, last_row="row"
    )
    pieces = pl.concat([starts, ends], how="horizontal").with_columns(
        readings=pl.col("last_row") - pl.col("row") + 1, is_last=pl.col("is_first").shift(-1, fill_value=True)
    )
    wanted = _is_long(stuck, cold_zero) | pl.col("is_first") | pl.col("is_last")
    return EQUAL_RUN.conform(pieces.filter(wanted))


def _is_long(stuck: StuckRule, cold_zero: ColdZeroRule) -> pl.Expr:
    spans_days = (pl.col("end_utc") - pl.col("start_utc")) > dt.timedelta(days=cold_zero.days_min)
    same_value = (pl.col("readings") >= stuck.readings_min) & (pl.col("gas_kwh") > stuck.pilot_light_kwh)
    return pl.when(pl.col("gas_kwh") == 0).then(spans_days).otherwise(same_value)


def join_runs(
    open_run: pl.DataFrame, month: pl.DataFrame, stuck: StuckRule = STUCK, cold_zero: ColdZeroRule = COLD_ZERO
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Continue the open runs of earlier months through one month.

    A run continues if the month of its home begins with the same value. It ends if the home has no reading in the month.

    Parameters
    ----------
    open_run
        Rows of `OPEN_RUN`.
    month
        Rows of `EQUAL_RUN`.

    Returns
    -------
    tuple
        The long runs that ended (`CLOSED_RUN` without `step_kwh`), and the runs that are open at the end of the
        month (`OPEN_RUN`).

    """
    before = open_run.select(
        "household_id", "gas_kwh", since="start_utc", so_far="readings", is_first=pl.lit(value=True)
    )
    joined = month.join(before, on=["household_id", "gas_kwh", "is_first"], how="left", maintain_order="left")
    whole = joined.with_columns(
        start_utc=pl.coalesce("since", "start_utc"), readings=pl.col("readings") + pl.col("so_far").fill_null(0)
    )
    going_on = joined.filter(pl.col("since").is_not_null()).select("household_id")
    ended = open_run.join(going_on, on="household_id", how="anti")
    columns = list(OPEN_RUN.schema)
    closed = pl.concat([ended.select(columns), whole.filter(~pl.col("is_last")).select(columns)])
    return (
        closed.filter(_is_long(stuck, cold_zero)).sort("household_id", "start_utc"),
        OPEN_RUN.conform(whole.filter("is_last")).sort("household_id"),
    )


def judge_stuck(runs: pl.DataFrame, rule: StuckRule = STUCK) -> pl.DataFrame:
    """Return the spans of the runs (`CLOSED_RUN`) that no working meter gives; a run without a known step is not judged."""
    bound = pl.max_horizontal(rule.steps_min * pl.col("step_kwh"), rule.pilot_light_kwh)
    is_stuck = (
        (pl.col("gas_kwh") > bound) & (pl.col("readings") >= rule.readings_min) & pl.col("step_kwh").is_not_null()
    )
    return runs.filter(is_stuck).select("household_id", "start_utc", "end_utc")


def judge_cold_zeros(runs: pl.DataFrame, daily: pl.DataFrame, rule: ColdZeroRule = COLD_ZERO) -> pl.DataFrame:
    """Return the spans of zeros that contain `days_min` days in a row with a mean temperature below `cold_below_c`.

    Parameters
    ----------
    runs
        Rows of `CLOSED_RUN`.
    daily
        `date`, `temperature_mean_c` [degC]; days in a row must have no gap between them.

    """
    days = (
        daily.drop_nulls()
        .sort("date")
        .with_columns(
            mean=pl.col("temperature_mean_c").rolling_mean(rule.days_min),
            whole=(pl.col("date") - pl.col("date").shift(rule.days_min - 1)) == dt.timedelta(days=rule.days_min - 1),
        )
    )
    cold = days.filter(pl.col("whole") & (pl.col("mean") < rule.cold_below_c)).select(
        window_start=pl.col("date").dt.offset_by(f"-{rule.days_min - 1}d").cast(pl.Datetime("us")),
        window_end=pl.col("date").dt.offset_by("1d").cast(pl.Datetime("us")),
    )
    long = pl.col("end_utc") - pl.col("start_utc") > dt.timedelta(days=rule.days_min)
    zeros = runs.filter((pl.col("gas_kwh") == 0) & long).with_row_index("run").sort("start_utc")
    # the first cold window that starts within the run is the one that ends first
    first = zeros.join_asof(cold.sort("window_start"), left_on="start_utc", right_on="window_start", strategy="forward")
    return (
        first.filter(pl.col("window_end") <= pl.col("end_utc"))
        .sort("household_id", "start_utc")
        .select("household_id", "start_utc", "end_utc")
    )


def name_step(runs: pl.DataFrame, level: pl.DataFrame) -> pl.DataFrame:
    """Add the step of its home's meter to each run (`CLOSED_RUN`)."""
    joined = runs.join(level.select("household_id", "step_kwh"), on="household_id", how="left", maintain_order="left")
    return CLOSED_RUN.conform(joined)
