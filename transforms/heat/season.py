"""Heat by hour of the local day: by month, on weekdays and weekends, and by how cold the day is."""

from __future__ import annotations

import polars as pl

from transforms.climate.local_time import add_local_time
from transforms.tables.heat import HEAT_PROFILE_SEASON
from transforms.tables.words import SEGMENTATIONS

BAND_K = 5  # width of a temperature band, as in SERL's statistical reports (Few et al. 2022; Pullinger et al. 2024)
FRIDAY = 5
DAY = ("period", "date_local")


def profile_by_season(profile: pl.DataFrame) -> pl.DataFrame:
    r"""Average hourly profiles by hour of the local day within each kind of days (`HEAT_PROFILE_SEASON`).

    On days of kind :math:`k`, :math:`n_{kt}` hours show hour :math:`t` on the clock. Their mean is
    :math:`\bar q_{kt} = \sum_{h \in kt} q_h / n_{kt}`, and `days` is :math:`n_{kt}`. The hour that the clock skips in spring
    is absent; the hour that it repeats in autumn counts twice. Hence :math:`\sum_{kt} n_{kt}\,\bar q_{kt} = \sum_h q_h` over
    each segmentation. An hour belongs to the month of its local day. A bank holiday counts as the weekday on which it falls.

    Parameters
    ----------
    profile
        Rows of `HEAT_PROFILE`. A local day with a temperature in at most half of its hours is in no temperature band.

    """
    kinds = profile.pipe(add_local_time).pipe(tell_days_apart)
    rows = pl.concat(
        kinds.with_columns(segmentation=pl.lit(name), segment=pl.col(name)).drop(SEGMENTATIONS)
        for name in SEGMENTATIONS
    )
    means = (
        rows.filter(pl.col("segment").is_not_null())
        # a fixed order of addition: the same bits from any thread count
        .sort(*HEAT_PROFILE_SEASON.key, "hour_start_utc")
        .group_by(HEAT_PROFILE_SEASON.key, maintain_order=True)
        .agg(
            pl.col("households").min(),
            pl.col("gas_kwh_mean", "heat_kwh_mean", "temperature_c").mean(),
            days=pl.len(),
        )
    )
    return HEAT_PROFILE_SEASON.conform(means)


def tell_days_apart(hours: pl.DataFrame) -> pl.DataFrame:
    """Add `month`, `day_kind` and `temperature_band` of the local day of each hour.

    Parameters
    ----------
    hours
        A frame with `period`, `date_local`, `hours_in_day`, `hour_start_utc` and `temperature_c`.

    """
    kinds = hours.join(average_temperature_of_days(hours), on=DAY, how="left", maintain_order="left")
    weekday = pl.col("date_local").dt.weekday() <= FRIDAY
    return kinds.with_columns(
        month=pl.col("date_local").dt.strftime("%m"),
        day_kind=pl.when(weekday).then(pl.lit("weekday")).otherwise(pl.lit("weekend")),
        temperature_band=name_band(pl.col("temperature_mean_c")),
    ).drop("temperature_mean_c")


def average_temperature_of_days(hours: pl.DataFrame) -> pl.DataFrame:
    """Return `period`, `date_local`, `temperature_mean_c` of local days with a temperature in more than half of their hours.

    A period that begins or ends in summer time holds a single hour of some local day, which gives no mean of that day.
    """
    known = hours.drop_nulls("temperature_c").unique([*DAY, "hour_start_utc"], keep="any")
    days = (
        known.sort(*DAY, "hour_start_utc")
        .group_by(DAY, maintain_order=True)
        .agg(temperature_mean_c=pl.col("temperature_c").mean(), known=pl.len(), hours=pl.col("hours_in_day").first())
    )
    return days.filter(2 * pl.col("known") > pl.col("hours")).select(*DAY, "temperature_mean_c")


def name_band(temperature_c: pl.Expr) -> pl.Expr:
    """Return the band of a temperature: `-5_to_0_c`, `0_to_5_c`; the lower end belongs to the band, and null stays null."""
    lower = (temperature_c / BAND_K).floor().cast(pl.Int32) * BAND_K
    return pl.format("{}_to_{}_c", lower, lower + BAND_K)
