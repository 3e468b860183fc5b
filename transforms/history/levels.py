"""The level of a home: its gas over the gas of the mean British home in the same half-hours; and other sums of a home.

Where the temperature of a day is unknown, the normal temperature of that day of the year stands in for it. The level then
also holds the weather of the season. It is less sharp, and still tells a factor of eleven.
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
USABLE_HALF_HOURS = 24  # a day counts towards a level if half of it was delivered
STEP_DAYS_MIN = 5  # fewest days of a month that tell a step; own choice, so that one odd day does not decide
STEP_QUANTILE = 0.1  # of the daily smallest gaps between values: the meter's step, though an odd value spoils some days
PEAK_QUANTILE = 0.9  # of the daily largest readings: three odd days of a month do not move it
LARGE_LOG_FACTOR = math.log(SLIP.unwitnessed_factor_min)
LEAST_KWH_PER_DAY = 3.0  # the warm line of the law would fall to nothing at 27 degC


def fill_with_normal(effective: pl.DataFrame, normal: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """Return the effective temperature of each day; where it is unknown, the normal one of that day of the year.

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
    """Add the gas of the mean British home in the half-hours of each day: `expected_kwh`, `expected_delivered_kwh` [kWh].

    Parameters
    ----------
    day
        Rows of `DAY`.
    effective
        Effective temperature of all days, as from `fill_with_normal`.
    law
        Gas of the mean British home by temperature.

    """
    kwh_per_day = law.gas_of_day(effective["temperature_effective_c"].to_numpy())
    daily = effective.with_columns(kwh_per_day=pl.Series(kwh_per_day).clip(lower_bound=LEAST_KWH_PER_DAY))
    joined = day.join(daily, on="date", how="left", maintain_order="left")
    per_half_hour = pl.col("kwh_per_day") / HALF_HOURS
    return joined.with_columns(
        expected_kwh=per_half_hour * pl.col("half_hours"),
        expected_delivered_kwh=per_half_hour * pl.col("delivered_half_hours"),
    ).drop("kwh_per_day")


def pick_usable(priced: pl.DataFrame) -> pl.DataFrame:
    """Return the days with at least half of their readings: rows of `RECENT_DAY` with `gas_kwh`, `temperature_effective_c`."""
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
    """Add a month to the sums of homes (`HOME_LEVEL`)."""
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
    """Add the usual level to the level of each home.

    The usual level is the median of at least ten homes of its type; else the median of all homes, if they are at least ten;
    else the published level of its type. A median that would itself be usual in another unit is not used, since most of
    its homes are in that unit.

    Parameters
    ----------
    level
        Rows of `HOME_LEVEL`.
    homes
        `household_id`, `dwelling_type`.
    published
        Published level by dwelling type [1]; `unknown` stands for types that are not named.

    Returns
    -------
    pl.DataFrame
        Columns of `HOME_LEVEL`, `log_level`, `usual_log_level`, `compared_with`.

    """
    of_studies = pl.col("dwelling_type").replace_strict(dict(published), default=published["unknown"])
    known = level.join(homes.select("household_id", "dwelling_type"), on="household_id", how="left").with_columns(
        log_level=pl.when((pl.col("gas_kwh") > 0) & (pl.col("expected_kwh") > 0)).then(
            (pl.col("gas_kwh") / pl.col("expected_kwh")).log()
        ),
        of_studies=of_studies.log(),
    )
    enough = pl.col("log_level").count() >= SLIP.homes_min
    of_type = pl.when(enough.over("dwelling_type")).then(pl.col("log_level").median().over("dwelling_type"))
    of_all = pl.when(enough).then(pl.col("log_level").median())
    candidates = {"homes of its type": of_type, "all homes": of_all, "published studies": pl.col("of_studies")}
    sound = {
        name: pl.when((usual - pl.col("of_studies")).abs() < LARGE_LOG_FACTOR / 2).then(usual)
        for name, usual in candidates.items()
    }
    return known.with_columns(
        usual_log_level=pl.coalesce(*sound.values()),
        compared_with=pl.coalesce(*(pl.when(usual.is_not_null()).then(pl.lit(name)) for name, usual in sound.items())),
    ).drop("dwelling_type", "of_studies")
