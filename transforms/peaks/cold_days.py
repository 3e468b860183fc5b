"""The coldest days of a period, in which peaks are sought, and the load of each home in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.heat.levels import fit_levels
from transforms.heat.periods import Period
from transforms.tables.cost_analysis import DIVERSITY_HOME
from transforms.weather.weather_days import PeriodWeather

HOURS = 24
INTERVAL_COLUMN = {60: "hour_start_utc", 30: "interval_start_utc"}  # by length [min]
MINUTES_OF_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class ColdDays:
    """The coldest days (UTC) of a period in the order of the calendar, and the quantity by which they were chosen."""

    dates: tuple[dt.date, ...]
    chosen_by: str  # temperature, or mean load


@dataclass(frozen=True, slots=True)
class ColdLoad:
    """The heat of homes that are complete in the coldest days, as power; rows in the order of the homes' ids."""

    households: pl.DataFrame  # household_id, dwelling_type, filled_share [1], heat_kwh_observed [kWh]
    load_kw: NDArray[np.float32]  # homes x intervals, mean power of each
    interval_minutes: int
    days: ColdDays
    included: dict[str, int]  # homes of each dwelling type before any was left out as incomplete


def choose_cold_days(
    temperature: pl.DataFrame, profile: pl.DataFrame, period: Period, *, coldest_days: int
) -> ColdDays:
    """Choose the coldest days of a period, by effective temperature or, where that is not known, by the mean load.

    Parameters
    ----------
    temperature
        Rows of `TEMPERATURE_HOURLY`.
    profile
        Rows of `HEAT_PROFILE` of the period; a day that lacks an hour of `all` is not chosen.
    period
        The period.
    coldest_days
        Number of days; fewer if the period has fewer.

    """
    days = (
        profile.filter(pl.col("dwelling_type") == "all")
        .group_by(date=pl.col("hour_start_utc").dt.date())
        .agg(load=pl.col("heat_kwh_mean").sort_by("hour_start_utc").sum(), hours=pl.len())
        .filter(pl.col("hours") == HOURS)
    )
    weather = PeriodWeather.from_temperature(temperature, period)
    if weather.gap is None:
        known = pl.DataFrame({"date": weather.dates, "cold": -weather.effective_c})
        ranked = days.join(known, on="date").sort("cold", "date", descending=[True, False])
    else:
        ranked = days.sort("load", "date", descending=[True, False])
    chosen = ranked["date"].head(coldest_days).sort().to_list()
    return ColdDays(tuple(chosen), "temperature" if weather.gap is None else "mean load")


def place_load(
    frames: Iterable[pl.DataFrame],
    included: pl.DataFrame,
    days: ColdDays,
    *,
    interval_minutes: int,
    completeness_min: float,
) -> ColdLoad:
    r"""Place the load of the coldest days by home and interval; homes with too many missing intervals are left out.

    A missing interval is filled by :math:`L_i m_t`: the level of the home times the mean of the interval, as
    `levels.fit_levels` finds both.

    Parameters
    ----------
    frames
        Rows with `household_id`, `heat_kwh` and `hour_start_utc` or `interval_start_utc` (by `interval_minutes`), in
        pieces of any kind, such as months: one piece is held at a time. Other days and homes may be among them.
    included
        `household_id`, `dwelling_type` of the homes of the period.
    days
        The days.
    interval_minutes
        60 for hours, 30 for half-hours.
    completeness_min
        Least share of the intervals that a home must have [1].

    Returns
    -------
    ColdLoad
        Power, :math:`P = 60\,q / \Delta` [kW] with the heat q [kWh] of an interval of :math:`\Delta` minutes.

    """
    homes = included.select("household_id", "dwelling_type").sort("household_id").with_row_index("row")
    of_day = MINUTES_OF_A_DAY // interval_minutes
    load = np.full((len(homes), of_day * len(days.dates)), np.nan, dtype=np.float32)
    position = pl.DataFrame({"date": days.dates, "day": range(len(days.dates))}, schema={"date": pl.Date, "day": int})
    start = pl.col(INTERVAL_COLUMN[interval_minutes])
    in_day = (start.dt.hour().cast(pl.Int64) * 60 + start.dt.minute()) // interval_minutes
    for frame in frames:
        placed = (
            frame.with_columns(date=start.dt.date())
            .join(position, on="date")
            .join(homes, on="household_id")
            .select("row", column=pl.col("day") * of_day + in_day, kw=pl.col("heat_kwh") * (60 / interval_minutes))
        )
        load[placed["row"].to_numpy(), placed["column"].to_numpy()] = placed["kw"].to_numpy()
    observed = np.isfinite(load)
    share = observed.mean(axis=1) if load.size else np.zeros(len(homes))
    enough = share >= completeness_min if load.size else np.zeros(len(homes), dtype=np.bool_)
    kept = homes.filter(pl.Series(enough, dtype=pl.Boolean))
    heat = np.nansum(load[enough], axis=1, dtype=np.float64) * interval_minutes / 60
    return ColdLoad(
        households=kept.select(
            "household_id",
            "dwelling_type",
            filled_share=pl.Series(1 - share[enough], dtype=pl.Float64),
            heat_kwh_observed=pl.Series(heat, dtype=pl.Float64),
        ),
        load_kw=_fill(load[enough], observed[enough]),
        interval_minutes=interval_minutes,
        days=days,
        included=dict(included.group_by("dwelling_type").len().sort("dwelling_type").iter_rows()),
    )


def list_complete_homes(loads: Iterable[ColdLoad], period: str) -> pl.DataFrame:
    """Return the homes behind the peaks of a period, by length of interval (`DIVERSITY_HOME`)."""
    frames = [
        load.households.with_columns(period=pl.lit(period), interval_minutes=pl.lit(load.interval_minutes))
        for load in loads
    ]
    conformed = pl.concat([DIVERSITY_HOME.empty(), *(DIVERSITY_HOME.conform(frame) for frame in frames)])
    return conformed.sort(DIVERSITY_HOME.key)


def _fill(load: NDArray[np.float32], observed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Fill missing intervals at the level of each home; an interval that no home has stays 0, so it is never the peak."""
    load = np.where(observed, load, np.float32(0))
    if observed.all():
        return load
    level, mean = fit_levels(load.astype(np.float64), observed)
    row, column = np.nonzero(~observed)
    load[row, column] = level[row] * np.nan_to_num(mean)[column]
    return load
