"""The British clock: the local day of an hour (UTC), and its hour of that day.

A local day has 24 hours: 23 when the clock goes forward, and 25 when it goes back. The hour that the clock skips is absent.
The hour that it repeats occurs twice with the same hour of day.
"""

from __future__ import annotations

import polars as pl

from transforms.tables.schema import UTC

LONDON = "Europe/London"


def on_the_clock(moment_utc: pl.Expr) -> pl.Expr:
    """Return moments (UTC, without zone) on the clock of London, with zone."""
    return moment_utc.dt.replace_time_zone("UTC").dt.convert_time_zone(LONDON)


def local_midnight(date_local: pl.Expr) -> pl.Expr:
    """Return the moment (UTC, without zone) at which a local day begins; clocks never change at midnight."""
    return date_local.cast(UTC).dt.replace_time_zone(LONDON).dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def length_of_day(date_local: pl.Expr) -> pl.Expr:
    """Return how long a local day is: 23, 24 or 25 hours."""
    return local_midnight(date_local.dt.offset_by("1d")) - local_midnight(date_local)


def add_local_time(hours: pl.DataFrame) -> pl.DataFrame:
    """Add the place of each hour on the British clock.

    Parameters
    ----------
    hours
        A frame with `hour_start_utc`.

    Returns
    -------
    pl.DataFrame
        The frame with `date_local`, `hour_local` (0 to 23; on the day of 25 hours, 1 occurs twice) and
        `hours_in_day` of that local day [h].

    """
    local = on_the_clock(pl.col("hour_start_utc"))
    return hours.with_columns(date_local=local.dt.date(), hour_local=local.dt.hour()).with_columns(
        hours_in_day=length_of_day(pl.col("date_local")).dt.total_hours().cast(pl.Int8)
    )
