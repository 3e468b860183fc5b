"""From daily temperatures to hours, and to the effective temperature, which remembers the days before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.tables.fixed_order import group_in_order
from transforms.tables.schema import UTC

HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class DiurnalShape:
    """The coldest and the warmest hour of a day (UTC), and the range between them where the day's own extremes are unknown.

    The hours and the range are those of the mean diurnal cycle of Great Britain in ERA5: -2.32 K at 04:00 and +2.72 K
    at 14:00 (github.com/malcolmpeacock/heat, `input/temperature/hourly_profile.csv`, MIT).
    """

    coldest_hour: int = 4
    warmest_hour: int = 14
    range_k: float = 5.04


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalMemory:
    """Weight of each day before, and the number of such days (BDEW reference temperature: halved each day, three days back)."""

    weight: float = 0.5
    days_back: int = 3


def hourly_temperature(daily: pl.DataFrame, shape: DiurnalShape | None = None) -> pl.DataFrame:
    r"""Spread daily mean temperatures over the hours of their days.

    :math:`T_h = \bar T + (T_{max} - T_{min})\, s_h` with :math:`\sum_h s_h = 0` and :math:`\max s - \min s = 1`: half a
    cosine rises from the coldest hour to the warmest, another falls back. The mean of the 24 hours is the day's mean
    and their range is the day's range; a day whose extremes are unknown takes that of `shape`.

    Parameters
    ----------
    daily
        `date`, `temperature_mean_c` [degC] and, where known, `temperature_min_c`, `temperature_max_c` [degC].
    shape
        Hours of the extremes [h, UTC] and the default range [K].

    Returns
    -------
    pl.DataFrame
        `hour_start_utc`, `temperature_c` [degC], sorted; a day without a mean has no hours.

    Raises
    ------
    ValueError
        If a date occurs twice, or a maximum lies below its minimum.

    """
    shape = shape or DiurnalShape()
    extremes = {"temperature_min_c", "temperature_max_c"} <= set(daily.columns)
    spread = pl.col("temperature_max_c") - pl.col("temperature_min_c") if extremes else pl.lit(None, dtype=pl.Float64)
    days = (
        daily.filter(pl.col("temperature_mean_c").is_not_null() & pl.col("temperature_mean_c").is_not_nan())
        .select("date", mean=pl.col("temperature_mean_c").cast(pl.Float64), spread=spread.fill_nan(None))
        .sort("date")
    )
    _refuse_repeated(days["date"])
    upside_down = days.filter(pl.col("spread") < 0)["date"]
    if len(upside_down):
        message = (
            f"{len(upside_down)} days have a maximum below their minimum, e.g. {upside_down[0]}; swap or drop the two"
        )
        raise ValueError(message)
    hours = pl.DataFrame({"hour": np.arange(HOURS), "s": diurnal_curve(shape)})
    temperature = pl.col("mean") + pl.col("spread").fill_null(shape.range_k) * pl.col("s")
    return days.join(hours, how="cross", maintain_order="left_right").select(
        hour_start_utc=(pl.col("date").cast(UTC) + pl.duration(hours=pl.col("hour"))).cast(UTC),
        temperature_c=temperature,
    )


def diurnal_curve(shape: DiurnalShape) -> NDArray[np.float64]:
    """Return the 24 values of the diurnal cycle by hour of day [1], with mean 0 and range 1."""
    rise = (shape.warmest_hour - shape.coldest_hour) % HOURS
    since_coldest = (np.arange(HOURS) - shape.coldest_hour) % HOURS
    rising = -np.cos(np.pi * since_coldest / rise) / 2
    falling = np.cos(np.pi * (since_coldest - rise) / (HOURS - rise)) / 2
    curve = np.where(since_coldest <= rise, rising, falling)
    centred: NDArray[np.float64] = curve - curve.mean()
    return centred


def daily_temperature(hourly: pl.DataFrame) -> pl.DataFrame:
    """Return `date`, `temperature_mean_c` [degC]: the mean over the hours of each day (UTC) that are known."""
    dated = hourly.with_columns(date=pl.col("hour_start_utc").dt.date())
    days = group_in_order(dated, "date", by="hour_start_utc")
    return days.agg(temperature_mean_c=pl.col("temperature_c").mean()).sort("date")


def effective_temperature(daily: pl.DataFrame, memory: ThermalMemory | None = None) -> pl.DataFrame:
    r"""Weigh each day's mean with the days before, :math:`T_e = \sum_i w^i T_{d-i} / \sum_i w^i`.

    Days that the frame lacks, before its first and in its gaps, drop out of both sums.

    Parameters
    ----------
    daily
        `date`, `temperature_mean_c` [degC].
    memory
        The weight of a day against the one after it [1], and how many days count [d].

    Returns
    -------
    pl.DataFrame
        `date`, `temperature_effective_c` [degC], sorted.

    """
    memory = memory or ThermalMemory()
    days = daily.select("date", "temperature_mean_c").drop_nulls().sort("date")
    _refuse_repeated(days["date"])
    shares = pl.concat(
        days.select(
            pl.col("date").dt.offset_by(f"{back}d"),
            weighted=pl.col("temperature_mean_c") * memory.weight**back,
            weight=pl.lit(memory.weight**back),
            back=back,
        )
        for back in range(memory.days_back + 1)
    )
    sums = group_in_order(shares, "date", by="back").agg(pl.col("weighted", "weight").sum())
    return (
        days.select("date")
        .join(sums, on="date", how="left", maintain_order="left")
        .select("date", temperature_effective_c=pl.col("weighted") / pl.col("weight"))
    )


def _refuse_repeated(dates: pl.Series) -> None:
    repeated = dates.filter(dates.is_duplicated())
    if len(repeated):
        message = f"{repeated.n_unique()} dates have more than one temperature, e.g. {repeated[0]}; keep one row each"
        raise ValueError(message)
