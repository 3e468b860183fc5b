"""Gas that catches up after an outage: one reading that holds the gas of the missing or empty half-hours before it.

A meter that could not send for hours writes their gas into the next half-hour. That gas was used, but not in that half-hour.
So it counts in the year and in no hour or peak, and the zeros before it are no measurement.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from transforms.tables.fixed_order import group_in_order
from transforms.tables.lake import CATCH_UP, GAP_VALUE
from transforms.tables.rules import bound

HALF_HOUR = dt.timedelta(minutes=30)
PEAK_QUANTILE = 0.9  # of the daily largest readings: three odd days of a month do not move it


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUpRule:
    """When a reading after a gap holds the gas of the gap."""

    missing_min: int = bound(
        4, unit="1", status="own choice", source="half-hours missing; of 46 gaps of a real home 44 are of one half-hour"
    )
    zeros_min: int = bound(
        24, unit="1", status="own choice", source="zeros in a row: twelve hours, longer than a night without a fire"
    )
    times_usual_peak: float = bound(
        1.5, unit="1", status="own choice", source="over the home's usual largest reading of a day in that month"
    )
    share_min: float = bound(
        0.3,
        unit="1",
        status="own choice",
        source="of the gap's length times the home's mean half-hour of that month: the month's days differ so much",
    )
    share_max: float = bound(3, unit="1", status="own choice", source="as share_min")
    readings_min: int = bound(
        96, unit="1", status="own choice", source="other half-hours of the month that the mean rests on: two days"
    )


CATCH_UP_RULE = CatchUpRule()


def find_gap_values(counted: pl.DataFrame, day: pl.DataFrame, rule: CatchUpRule = CATCH_UP_RULE) -> pl.DataFrame:
    """Return the readings of a month that are unusually large and follow missing half-hours or zeros (`GAP_VALUE`).

    Parameters
    ----------
    counted
        Readings of one month that are ok or very high, with `household_id`, `interval_start_utc`, `gas_kwh`, `flag`, one per
        home and half-hour, sorted. What is usual of the home rests on the ok ones alone.
    day
        Rows of `DAY` of the same readings.
    rule
        The bounds.

    """
    home, value, moment = "household_id", pl.col("gas_kwh"), pl.col("interval_start_utc")
    usual = group_in_order(day, home, by=("date", "source_id")).agg(
        usual_peak_kwh=pl.col("max_kwh").quantile(PEAK_QUANTILE, "lower"),
        month_kwh=pl.col("gas_kwh").sum(),
        month_readings=pl.col("half_hours").sum(),
    )
    rows = (
        counted.select(pl.col(home), moment, value, is_ok=pl.col("flag") == "ok")
        .with_row_index("row")
        .cast({"row": pl.Int64})
    )
    used = rows.filter(value > 0)
    starts = rows.group_by(home, maintain_order=True).agg(first_row=pl.col("row").first())
    same = pl.col(home) == pl.col(home).shift()
    before = used.with_columns(
        gap_start_utc=pl.when(same).then(moment.shift() + HALF_HOUR),
        row_before=pl.when(same).then(pl.col("row").shift()),
    )
    idle = (moment - pl.col("gap_start_utc")) >= rule.missing_min * HALF_HOUR
    after_gap = before.filter(pl.col("gap_start_utc").is_null() | idle)
    return GAP_VALUE.conform(
        after_gap.join(starts, on=home)
        .with_columns(pl.col(home).cast(pl.String))
        .join(usual.with_columns(pl.col(home).cast(pl.String)), on=home)
        .filter(value > rule.times_usual_peak * pl.col("usual_peak_kwh"))
        .with_columns(zeros=pl.col("row") - pl.coalesce(pl.col("row_before") + 1, "first_row"))
        .with_columns(
            other_kwh=pl.col("month_kwh") - pl.when("is_ok").then(value).otherwise(0),
            other_readings=pl.col("month_readings") - pl.col("zeros") - pl.col("is_ok"),
        )
        .select(home, "gap_start_utc", "zeros", "gas_kwh", "other_kwh", "other_readings", end_utc=moment + HALF_HOUR)
    ).sort(GAP_VALUE.key)


def judge_gap_values(
    gap_value: pl.DataFrame, open_run: pl.DataFrame, rule: CatchUpRule = CATCH_UP_RULE
) -> pl.DataFrame:
    r"""Return the large readings that hold the gas of the gap before them (`CATCH_UP`).

    Let :math:`v` be the reading, :math:`n` the half-hours since the home's last gas, that of :math:`v` included, and
    :math:`\bar g` the mean half-hour of the home's other readings of the month. Then :math:`v` catches up if
    :math:`v / (n\,\bar g)` lies in the range of the rule, and enough half-hours are missing or zero. A gap that began in an
    earlier month starts where the home's readings ended in that month.

    Parameters
    ----------
    gap_value
        Rows of `GAP_VALUE`.
    open_run
        Rows of `OPEN_RUN` at the end of the month before.
    rule
        The bounds.

    """
    is_zero = pl.col("open_kwh") == 0
    earlier = open_run.select(
        "household_id", open_start="start_utc", open_end="end_utc", open_kwh="gas_kwh", open_readings="readings"
    )
    known = gap_value.join(earlier, on="household_id", how="left", maintain_order="left").with_columns(
        start_utc=pl.coalesce("gap_start_utc", pl.when(is_zero).then("open_start").otherwise("open_end")),
        zeros=pl.col("zeros") + pl.when(pl.col("gap_start_utc").is_null() & is_zero).then("open_readings").otherwise(0),
    )
    half_hours = (pl.col("end_utc") - pl.col("start_utc")) / HALF_HOUR
    missing = half_hours - 1 - pl.col("zeros")
    share = pl.col("gas_kwh") / (half_hours * pl.col("other_kwh") / pl.col("other_readings"))
    fits = share.is_between(rule.share_min, rule.share_max) & (pl.col("other_readings") >= rule.readings_min)
    is_gap = (missing >= rule.missing_min) | (pl.col("zeros") >= rule.zeros_min)
    return CATCH_UP.conform(known.filter(is_gap & fits)).sort(CATCH_UP.key)
