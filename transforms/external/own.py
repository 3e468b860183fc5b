"""The run's values for the comparison, only from tables that have passed disclosure control."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from transforms.climate.local_time import add_local_time
from transforms.heat.season import average_temperature_of_days
from transforms.public.public import PublicTable
from transforms.tables.fixed_order import group_in_order

DEGREE_DAY_BASE_C = 15.5  # as in SERL's `mean_hdd`
MONTHS_FOR_A_LINE = 6  # fewest months that give a slope; own choice, so that cold and warm ones are among them
HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFigures:
    """Values of one study period of a run, in the form in which studies publish them."""

    period: str
    origin: str | None  # program that made the homes up; None for real homes
    degree_days_k: float | None  # per day [K]
    levels: pl.DataFrame  # dwelling_type, households, gas_kwh_per_day, gas_kwh_per_degree_day
    bands: pl.DataFrame  # temperature_band, households, days, temperature_c, gas_kwh_per_day, gas_kwh_per_day_k
    hours: pl.DataFrame  # segmentation, segment, hour_local, households, hour_over_mean


def summarise_own(
    profile: PublicTable, season: PublicTable, demand: PublicTable, *, origin: str | None, period: str | None = None
) -> OwnFigures | None:
    """Return the values of one period, by default the latest, from published tables; None if nothing is published.

    Parameters
    ----------
    profile, season, demand
        Published `HEAT_PROFILE` (the rows of `all` suffice), `HEAT_PROFILE_SEASON` and
        `HEAT_DEMAND_ANNUAL`.
    origin
        Program that made the homes up, or None.
    period
        The study period; None: the latest.

    """
    shown = demand.frame.drop_nulls("gas_kwh_mean")
    chosen = period or shown["period"].max()
    if chosen is None:
        return None
    of_period = pl.col("period") == chosen
    everyone = profile.frame.filter(of_period & (pl.col("dwelling_type") == "all"))
    if shown.filter(of_period).is_empty() or everyone.is_empty():
        return None
    days = degree_days_of_days(everyone)
    kinds = season.frame.filter(of_period)
    slopes = slope_of_types(kinds, days)
    return OwnFigures(
        period=str(chosen),
        origin=origin,
        degree_days_k=days["degree_days_k"].mean() if len(days) else None,  # type: ignore[arg-type]  # a float column
        levels=shown.filter(of_period)
        .select("dwelling_type", "households", gas_kwh_per_day=pl.col("gas_kwh_mean") / days_of_period(everyone))
        .join(slopes, on="dwelling_type", how="left")
        .sort("dwelling_type"),
        bands=gas_of_bands(kinds),
        hours=shape_of_hours(kinds),
    )


def days_of_period(profile: pl.DataFrame) -> int:
    """Return the days of the calendar months that a profile touches."""
    month = pl.col("hour_start_utc").dt.truncate("1mo")
    return int(profile.select(month.max().dt.offset_by("1mo") - month.min()).item().days)


def degree_days_of_days(profile: pl.DataFrame) -> pl.DataFrame:
    """Return `date_local`, `degree_days_k` of the local days of a profile whose temperature is known [K]."""
    days = average_temperature_of_days(add_local_time(profile))
    short = (DEGREE_DAY_BASE_C - pl.col("temperature_mean_c")).clip(lower_bound=0)
    return days.select("date_local", degree_days_k=short).sort("date_local")


def slope_of_types(season: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    r"""Fit how the monthly gas of each type follows the degree days, :math:`g_m = a + b D_m`, by least squares.

    Returns
    -------
    pl.DataFrame
        `dwelling_type`, `gas_kwh_per_degree_day` = :math:`b` [kWh/(d K)]; no row below six months.

    """
    dated = days.with_columns(segment=pl.col("date_local").dt.strftime("%m"))
    degree_days = group_in_order(dated, "segment", by="date_local").agg(pl.col("degree_days_k").mean())
    months = (
        season.filter(pl.col("segmentation") == "month")
        .pipe(group_in_order, ("dwelling_type", "segment"), by="hour_local")
        .agg(gas=gas_per_day(), weight=pl.col("days").sum())
        .join(degree_days, on="segment")
        .sort("dwelling_type", "segment")
    )
    g, d, w = pl.col("gas"), pl.col("degree_days_k"), pl.col("weight")
    off = d - (d * w).sum() / w.sum()
    return (
        group_in_order(months, "dwelling_type", by=None)
        .agg(gas_kwh_per_degree_day=(g * off * w).sum() / (off.pow(2) * w).sum(), months=pl.len())
        .filter(pl.col("months") >= MONTHS_FOR_A_LINE, pl.col("gas_kwh_per_degree_day").is_finite())
        .drop("months")
    )


def gas_of_bands(season: pl.DataFrame) -> pl.DataFrame:
    """Return the daily gas of all homes in each temperature band, and its slope between the neighbouring bands."""
    bands = (
        season.filter(pl.col("segmentation") == "temperature_band", pl.col("dwelling_type") == "all")
        .rename({"segment": "temperature_band"})
        .pipe(group_in_order, "temperature_band", by="hour_local")
        .agg(
            pl.col("households").min(),
            days=(pl.col("days").sum() / HOURS).round().cast(pl.Int64),
            temperature_c=(pl.col("temperature_c") * pl.col("days")).sum() / pl.col("days").sum(),
            gas_kwh_per_day=gas_per_day(),
            hours=pl.len(),
        )
        .filter(pl.col("hours") == HOURS)
        .drop("hours")
        .sort("temperature_c")
    )

    def ends(column: str) -> tuple[pl.Expr, pl.Expr]:
        value = pl.col(column)
        return value.shift(1).fill_null(value), value.shift(-1).fill_null(value)

    (colder, warmer), (gas_colder, gas_warmer) = ends("temperature_c"), ends("gas_kwh_per_day")
    slope = (gas_warmer - gas_colder) / (warmer - colder)
    return bands.with_columns(gas_kwh_per_day_k=pl.when(warmer > colder).then(slope))


def shape_of_hours(season: pl.DataFrame) -> pl.DataFrame:
    """Return the gas of each local hour over the mean of the day [1], by dwelling type and by band of all homes."""
    types = season.filter(pl.col("segmentation") == "month").with_columns(
        segmentation=pl.lit("dwelling_type"), segment="dwelling_type"
    )
    bands = season.filter(pl.col("segmentation") == "temperature_band", pl.col("dwelling_type") == "all")
    hours = (
        pl.concat([types, bands])
        .pipe(group_in_order, ("segmentation", "segment", "hour_local"), by=("days", "gas_kwh_mean"))
        .agg(
            pl.col("households").min(),
            gas=(pl.col("gas_kwh_mean") * pl.col("days")).sum() / pl.col("days").sum(),
        )
    )
    return over_mean(hours)


def over_mean(hours: pl.DataFrame) -> pl.DataFrame:
    """Divide `gas` by the mean of its 24 hours; segments without all 24 are left out."""
    segment = ["segmentation", "segment"]
    return (
        hours.filter(pl.len().over(segment) == HOURS)
        .with_columns(hour_over_mean=pl.col("gas") / pl.col("gas").mean().over(segment))
        .drop("gas")
        .sort(*segment, "hour_local")
    )


def gas_per_day() -> pl.Expr:
    """Return the gas of a mean day from the means of its hours [kWh/d]: the sum over all hours, divided by their days."""
    return (pl.col("gas_kwh_mean") * pl.col("days")).sum() / (pl.col("days").sum() / HOURS)
