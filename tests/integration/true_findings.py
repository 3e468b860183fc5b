"""The tables of the true warehouse that say more of the others: seasons, weather, selection, flags and levels."""

from __future__ import annotations

import datetime as dt

import polars as pl

from transforms.tables.lineage import SUSPECT_SPAN
from transforms.tables.words import INFERRED_FLAGS, SEGMENTATIONS

START = dt.datetime(2009, 1, 1)
EFFICIENCY = 0.8054
STUCK_MONTHS = (dt.date(2009, 1, 1), dt.date(2009, 2, 1))  # in each of which one reading is stuck


def flag_judgement(build: pl.DataFrame) -> pl.DataFrame:
    """Return for each month and inferred flag its ok and its stuck readings; in January ten cannot be judged for units."""
    readings = build["ok_half_hours"] + build["month"].is_in(STUCK_MONTHS).cast(pl.Int64)
    judged = pl.concat(
        build.select("month", flag=pl.lit(flag), outcome=pl.lit("judged"), readings=readings) for flag in INFERRED_FLAGS
    )
    few = (pl.col("flag") == "suspected_unit") & (pl.col("month") == START.date())
    not_judged = judged.filter(few).with_columns(outcome=pl.lit("too few days"), readings=pl.lit(10, dtype=pl.Int64))
    return pl.concat([judged.with_columns(pl.col("readings") - pl.when(few).then(10).otherwise(0)), not_judged])


def suspect_span() -> pl.DataFrame:
    """Return three spans of stuck readings, two of one home, and one of a wrong unit whose readings another flag has."""
    day = dt.timedelta(days=1)
    rows = [
        ("home1", "stuck", START + 10 * day, START + 11 * day, None, None),
        ("home1", "stuck", START + 40 * day, START + 41 * day, None, None),
        ("home2", "stuck", START + 40 * day, START + 42 * day, None, None),
        ("home1", "suspected_unit", START + 10 * day, START + 11 * day, 11.2, None),
    ]
    return pl.DataFrame(rows, schema=SUSPECT_SPAN.schema, orient="row")


def source_level() -> pl.DataFrame:
    """Return a month of a source whose homes were read before, and one whose homes were not."""
    return pl.DataFrame(
        {
            "source_id": ["a", "b"], "month": [dt.date(2009, 2, 1), dt.date(2009, 1, 1)], "households": [12, 12],
            "half_hours": [16_000, 16_000], "gas_kwh": [20_000.0, 20_000.0], "level": [1.1, 0.9],
            "households_before": [11, 0], "level_before": [1.0, None], "ratio": [1.1, None],
        }
    )  # fmt: skip


def selection_funnel(annual: pl.DataFrame) -> pl.DataFrame:
    """Return three steps of which the last excludes one home."""
    (heat,) = annual.filter(pl.col("dwelling_type") == "all")["heat_kwh_mean"]
    return pl.DataFrame(
        {
            "period": "2009", "step": [0, 1, 2], "criterion": ["named", "read", "enough"], "households": [5, 5, 4],
            "heat_kwh_mean": [None, heat * 1.1, heat], "households_without": [4, 4, 5],
        }
    )  # fmt: skip


def heat_profile_season(profile: pl.DataFrame) -> pl.DataFrame:
    """Return the profile's hours by month and by kind of day in local time; some days have no temperature."""
    local = pl.col("hour_start_utc").dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London")
    hours = profile.with_columns(
        hour_local=local.dt.hour(),
        month=local.dt.strftime("%m"),
        day_kind=pl.when(local.dt.weekday() > 5).then(pl.lit("weekend")).otherwise(pl.lit("weekday")),
        temperature_band=pl.when(local.dt.month() > 1).then(pl.lit("5_to_10_c")),
    )
    keys = ["dwelling_type", "period", "segmentation", "segment", "hour_local"]
    means = [
        hours.with_columns(segmentation=pl.lit(name), segment=pl.col(name))
        .drop_nulls("segment")
        .group_by(keys)
        .agg(pl.col("households").min(), pl.len().alias("days"), pl.col("gas_kwh_mean", "heat_kwh_mean").mean())
        for name in SEGMENTATIONS
    ]
    return pl.concat(means)


def weather_fit() -> pl.DataFrame:
    """Return the lines of all homes, and a type without."""
    heat = EFFICIENCY * (2000 + 500 + 10_000)
    fitted = {
        "dwelling_type": "all", "period": "2009", "households": 4, "days": 3, "base_gas_kwh_per_day": 15.0,
        "slope_gas_kwh_per_day_k": 6.0, "warm_slope_gas_kwh_per_day_k": 1.5, "balance_temperature_c": 14.0,
        "hot_water_gas_kwh_per_year": 2000.0, "cooking_gas_kwh_per_year": 500.0, "space_gas_kwh_per_year": 10_000.0,
        "heat_kwh_weather_normal": heat, "heat_kwh_weather_normal_ci_low": 0.9 * heat,
        "heat_kwh_weather_normal_ci_high": 1.1 * heat, "normal": "2000 to 2019",
    }  # fmt: skip
    return pl.DataFrame(
        [fitted, {"dwelling_type": "flat", "period": "2009", "households": 2, "days": 0, "normal": "2000 to 2019"}]
    )


def weather_day() -> pl.DataFrame:
    """Return a cold, a mild and a hot day on the lines of all homes."""
    return pl.DataFrame(
        {
            "dwelling_type": "all", "period": "2009", "date": [START.date(), dt.date(2009, 5, 1), dt.date(2009, 7, 1)],
            "households": [4, 4, 3], "temperature_effective_c": [4.0, 16.0, 30.0],
            "gas_kwh_mean": [77.0, 11.0, 1.0], "gas_kwh_fitted": [75.0, 12.0, 0.0],
        }
    )  # fmt: skip
