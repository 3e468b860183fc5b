"""The level of a home: its gas over what the mean British home uses in the same half-hours, and what else is summed up.

Where the temperature of a day is unknown, the normal one of that day of the year stands in for it: a level then holds the
weather of the season too, which makes it less sharp and no less useful against factors of eleven.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl

from transforms.climate.gas_law import GasLaw
from transforms.history.slip_rule import SLIP
from transforms.history.whole_series import WHOLE_SERIES, WholeSeriesRule
from transforms.tables.fixed_order import group_in_order
from transforms.tables.lake import HOME_LEVEL

HALF_HOURS = 48
USABLE_HALF_HOURS = 24  # a day counts towards a level when half of it was delivered
STEP_DAYS_MIN = 5
STEP_QUANTILE = 0.1  # of the daily smallest gaps: what the meter counts in, unless one odd value spoils a day
PEAK_QUANTILE = 0.9  # of the daily largest readings: three odd days of a month do not move it
LARGE_LOG_FACTOR = math.log(SLIP.unwitnessed_factor_min)
LEAST_KWH_PER_DAY = 3.0  # the warm line of the law would fall to nothing at 27 degC


def fill_with_normal(effective: pl.DataFrame, normal: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """Return the effective temperature of each of the days, the normal one of its day of the year where it is unknown.

    Parameters
    ----------
    effective
        `date`, `temperature_effective_c` [degC].
    normal
        `month`, `day`, `temperature_effective_c` [degC].
    days
        The days.

    Returns
    -------
    pl.DataFrame
        `date`, `temperature_effective_c` [degC], `is_measured`.

    """
    dated = pl.DataFrame({"date": days}).with_columns(month=pl.col("date").dt.month(), day=pl.col("date").dt.day())
    joined = dated.join(effective, on="date", how="left", maintain_order="left").join(
        normal.rename({"temperature_effective_c": "normal_c"}), on=["month", "day"], how="left", maintain_order="left"
    )
    return joined.select(
        "date",
        temperature_effective_c=pl.coalesce("temperature_effective_c", "normal_c"),
        is_measured=pl.col("temperature_effective_c").is_not_null(),
    )


def expect_days(day: pl.DataFrame, effective: pl.DataFrame, law: GasLaw) -> pl.DataFrame:
    """Set beside each day what the mean British home uses in its half-hours: `expected_kwh`, `expected_delivered_kwh`.

    Parameters
    ----------
    day
        Rows of `DAY`.
    effective
        As from `fill_with_normal`, of all days.
    law
        What the mean British home uses at a temperature.

    """
    of_day = law.gas_of_day(effective["temperature_effective_c"].to_numpy())
    daily = effective.with_columns(of_day=pl.Series(of_day).clip(lower_bound=LEAST_KWH_PER_DAY))
    joined = day.join(daily, on="date", how="left", maintain_order="left")
    per_half_hour = pl.col("of_day") / HALF_HOURS
    return joined.with_columns(
        expected_kwh=per_half_hour * pl.col("half_hours"),
        expected_delivered_kwh=per_half_hour * pl.col("delivered_half_hours"),
    ).drop("of_day")


def pick_usable(priced: pl.DataFrame) -> pl.DataFrame:
    """Return the days of which half was delivered: rows of `RECENT_DAY` with `gas_kwh` and `temperature_effective_c`."""
    days = (
        priced.sort("household_id", "date", "source_id")
        .group_by("household_id", "date", maintain_order=True)
        .agg(
            pl.col("delivered_half_hours", "delivered_kwh", "expected_delivered_kwh", "gas_kwh").sum(),
            pl.col("max_kwh").max(),
            pl.col("gap_kwh").min(),
            pl.col("temperature_effective_c").first(),
        )
    )
    return days.filter(pl.col("delivered_half_hours") >= USABLE_HALF_HOURS).with_columns(
        level=pl.col("delivered_kwh") / pl.col("expected_delivered_kwh")
    )


def update_levels(
    before: pl.DataFrame, priced: pl.DataFrame, usable: pl.DataFrame, rule: WholeSeriesRule = WHOLE_SERIES
) -> pl.DataFrame:
    """Add a month to what is known of homes (`HOME_LEVEL`)."""
    gaps, home = pl.col("gap_kwh").drop_nulls(), "household_id"
    step = pl.when(gaps.len() >= STEP_DAYS_MIN).then(gaps.quantile(STEP_QUANTILE, "lower"))
    month = group_in_order(priced, home, by=("date", "source_id")).agg(
        first_date=pl.col("date").min(),
        last_date=pl.col("date").max(),
        gas_kwh=pl.col("gas_kwh").sum(),
        expected_kwh=pl.col("expected_kwh").sum(),
        step_kwh=step,
    )
    is_cold = pl.col("temperature_effective_c") < rule.cold_below_c
    is_warm = pl.col("temperature_effective_c") >= rule.warm_from_c
    days = group_in_order(usable, home, by=None).agg(
        days=pl.len().cast(pl.Int64),
        peak_kwh=pl.col("max_kwh").quantile(PEAK_QUANTILE, "lower"),
        cold_days=is_cold.sum().cast(pl.Int64),
        cold_kwh=pl.col("gas_kwh").filter(is_cold).sum(),
        warm_days=is_warm.sum().cast(pl.Int64),
        warm_kwh=pl.col("gas_kwh").filter(is_warm).sum(),
    )
    sums = ("days", "gas_kwh", "expected_kwh", "cold_days", "cold_kwh", "warm_days", "warm_kwh")
    month = month.join(days, on=home, how="left").with_columns(pl.col(*sums).fill_null(0))
    both = pl.concat([before, HOME_LEVEL.conform(month)])
    return HOME_LEVEL.conform(
        group_in_order(both, home, by=None).agg(
            pl.col("first_date").min(),
            pl.col("last_date").max(),
            pl.col(*sums).sum(),
            pl.col("peak_kwh").max(),
            pl.col("step_kwh").drop_nulls().last(),
        )
    ).sort(home)


def compare_levels(level: pl.DataFrame, homes: pl.DataFrame, published: Mapping[str, float]) -> pl.DataFrame:
    """Set the usual level beside each home's.

    It is the median of ten homes or more of its type, else that of all homes if they are ten, else what studies publish
    of its type. A median that would itself be usual in another unit is none: most of these homes are in that unit.

    Parameters
    ----------
    level
        Rows of `HOME_LEVEL`.
    homes
        `household_id`, `dwelling_type`.
    published
        Level by dwelling type [1]; `unknown` stands for those that are not named.

    Returns
    -------
    pl.DataFrame
        Columns of `HOME_LEVEL`, `log_level`, `usual_log_level`, `compared_with`.

    """
    known = pl.col("dwelling_type").replace_strict(dict(published), default=published["unknown"])
    told = level.join(homes.select("household_id", "dwelling_type"), on="household_id", how="left").with_columns(
        log_level=pl.when((pl.col("gas_kwh") > 0) & (pl.col("expected_kwh") > 0)).then(
            (pl.col("gas_kwh") / pl.col("expected_kwh")).log()
        ),
        of_studies=known.log(),
    )
    enough = pl.col("log_level").count() >= SLIP.homes_min
    of_type = pl.when(enough.over("dwelling_type")).then(pl.col("log_level").median().over("dwelling_type"))
    of_all = pl.when(enough).then(pl.col("log_level").median())
    candidates = {"homes of its type": of_type, "all homes": of_all, "published studies": pl.col("of_studies")}
    sound = {
        name: pl.when((usual - pl.col("of_studies")).abs() < LARGE_LOG_FACTOR / 2).then(usual)
        for name, usual in candidates.items()
    }
    return told.with_columns(
        usual_log_level=pl.coalesce(*sound.values()),
        compared_with=pl.coalesce(*(pl.when(usual.is_not_null()).then(pl.lit(name)) for name, usual in sound.items())),
    ).drop("dwelling_type", "of_studies")
