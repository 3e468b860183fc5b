"""Ten questions of a thesis: what the cookbook answers in SQL is computed anew from `heat_hourly`, in polars."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.doc_blocks import recipes

RECIPES = {recipe.title.partition(".")[0]: recipe for recipe in recipes()}
LOCAL = pl.col("hour_start_utc").dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London")
HEAT, TYPE, PERIOD = pl.col("heat_kwh"), "dwelling_type", "period"


@pytest.fixture(scope="module")
def current(sample_home: Path) -> Path:
    """Give the published warehouse."""
    return sample_home / "hearth-data" / "warehouse" / "current.duckdb"


@pytest.fixture(scope="module")
def hours(current: Path) -> pl.DataFrame:
    """Give the good hours of included homes, put together from the tables and not from the view."""
    with duckdb.connect(str(current), read_only=True) as con:
        hourly, periods, homes, weather = (
            con.sql(f"FROM {name}").pl()
            for name in ("heat_hourly", "household_period", "household", "temperature_hourly")
        )
    included = periods.filter("included").select("household_id", "period", "period_start_utc", "period_end_utc")
    return (
        hourly.join(included, on="household_id")
        .filter(pl.col("hour_start_utc").is_between("period_start_utc", "period_end_utc", closed="left"))
        .join(homes.select("household_id", "dwelling_type"), on="household_id")
        .join(weather.select("hour_start_utc", "temperature_c"), on="hour_start_utc", how="left")
        .with_columns(hour=LOCAL.dt.hour().cast(pl.Int64), weekday=LOCAL.dt.weekday(), month=LOCAL.dt.month())
    )


def mean_hours(hours: pl.DataFrame) -> pl.DataFrame:
    """Return the mean home hour by hour."""
    return (
        hours.group_by(PERIOD, "hour_start_utc")
        .agg(kwh=HEAT.mean(), households=pl.len().cast(pl.Int64))
        .sort(PERIOD, "hour_start_utc")
    )


def by_hour(hours: pl.DataFrame) -> pl.DataFrame:
    """Answer 31."""
    weekend = pl.col("weekday") >= 6
    return hours.group_by(PERIOD, hour_local="hour").agg(
        weekday_kwh=HEAT.filter(~weekend).mean(), weekend_kwh=HEAT.filter(weekend).mean()
    )


def in_winter(hours: pl.DataFrame) -> pl.DataFrame:
    """Answer 32."""
    winter = pl.col("month").is_in([12, 1, 2])
    return hours.group_by(PERIOD, TYPE).agg(winter_share=HEAT.filter(winter).sum() / HEAT.sum())


def highest(hours: pl.DataFrame) -> pl.DataFrame:
    """Answer 33."""
    first = mean_hours(hours).sort("kwh", descending=True).unique(PERIOD, keep="first", maintain_order=True)
    return first.select(PERIOD, admd_kwh="kwh", households="households", hour_start_utc="hour_start_utc")


def coincidence(hours: pl.DataFrame) -> pl.DataFrame:
    """Answer 34."""
    own = hours.group_by(PERIOD, "household_id").agg(HEAT.max()).group_by(PERIOD).agg(own=HEAT.mean())
    top = mean_hours(hours).group_by(PERIOD).agg(top=pl.col("kwh").max())
    return top.join(own, on=PERIOD).select(PERIOD, coincidence_factor=pl.col("top") / pl.col("own"))


def rise(hours: pl.DataFrame) -> pl.DataFrame:
    """Answer 35."""
    return mean_hours(hours).group_by(PERIOD).agg(largest_rise_kwh=pl.col("kwh").diff().max())


def mornings(hours: pl.DataFrame) -> pl.DataFrame:
    """Answer 36."""
    peaks = hours.sort("heat_kwh", "hour_start_utc").unique(
        ["period", "household_id"], keep="last", maintain_order=True
    )
    return peaks.group_by(PERIOD, TYPE).agg(
        morning_share=(pl.col("hour") < 12).mean(), households=pl.len().cast(pl.Int64)
    )


def degree_hours(hours: pl.DataFrame) -> pl.DataFrame:
    """Answer 37."""
    below = (15.5 - pl.col("temperature_c")).clip(lower_bound=0)
    known = hours.drop_nulls("temperature_c")
    return known.group_by(PERIOD, TYPE).agg(kwh_per_degree_hour=HEAT.sum() / below.sum())


def top_tenth(hours: pl.DataFrame) -> pl.DataFrame:
    """Answer 38."""
    homes = hours.group_by(PERIOD, "household_id").agg(HEAT.mean()).sort("heat_kwh", descending=True)
    most = pl.int_range(pl.len()) < (pl.len() / 10).ceil()
    return homes.group_by(PERIOD, maintain_order=True).agg(top_tenth_share=HEAT.filter(most).sum() / HEAT.sum())


def at_night(hours: pl.DataFrame) -> pl.DataFrame:
    """Answer 39."""
    night = (pl.col("hour") >= 23) | (pl.col("hour") < 6)
    return hours.group_by(PERIOD, TYPE).agg(night_share=HEAT.filter(night).sum() / HEAT.sum())


def with_weather(hours: pl.DataFrame) -> pl.DataFrame:
    """Answer 40."""
    days = hours.group_by(PERIOD, TYPE, "household_id", day=pl.col("hour_start_utc").dt.date()).agg(
        HEAT.sum(), pl.col("temperature_c").mean(), hours=pl.len()
    )
    whole = days.filter(pl.col("hours") == 24)
    return whole.group_by(PERIOD, TYPE).agg(correlation=pl.corr("heat_kwh", "temperature_c"))


ANSWERS: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "31": by_hour, "32": in_winter, "33": highest, "34": coincidence, "35": rise, "36": mornings, "37": degree_hours, "38": top_tenth,
    "39": at_night, "40": with_weather,
}  # fmt: skip


@pytest.mark.parametrize("number", list(ANSWERS))
def test_an_answer_of_the_cookbook_is_what_the_hours_give(number: str, current: Path, hours: pl.DataFrame) -> None:
    recipe = RECIPES[number]
    with duckdb.connect(str(current), read_only=True) as con:
        told = con.sql(recipe.sql).pl()
    anew = ANSWERS[number](hours).select(told.columns)
    assert not told.is_empty()
    assert_frame_equal(
        told.sort(recipe.key), anew.sort(recipe.key), check_dtypes=False, check_exact=False, rel_tol=1e-9, abs_tol=1e-12
    )
