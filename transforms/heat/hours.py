"""From flagged half-hours to hours of heat: the build of one month."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from polars.dataframe.group_by import GroupBy

from transforms.readings.inferred_flags import flag_spans
from transforms.readings.neighbour_flags import name_source
from transforms.readings.stamps import HALF_HOURS_PER_DAY, minute_of_day
from transforms.tables.fixed_order import group_in_order
from transforms.tables.heat import HEAT_DAY_CAUGHT_UP, HEAT_HOURLY
from transforms.tables.lake import CELL

HOURS_OF_DAY = 24
MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True)
class Month:
    """The tables of one built month."""

    flagged: pl.DataFrame
    flag_count: pl.DataFrame
    cell: pl.DataFrame
    hourly: pl.DataFrame
    day_caught_up: pl.DataFrame
    summary: pl.DataFrame


def build_month(
    readings: pl.DataFrame,
    sources: pl.DataFrame,
    *,
    spans: pl.DataFrame,
    boiler_efficiency: float,
) -> Month:
    """Turn one month's readings into hours of heat, and judge every reading.

    Parameters
    ----------
    readings
        Rows of `READING` of one month, in order, with `source`, an index into `sources`. Every flag that other readings
        decide is set (`transforms.readings.neighbour_flags.flag_exactly`).
    sources
        One row per source: `source`, `source_id`; in the order of `source_id`.
    spans
        Spans of suspicious readings (`SUSPECT_SPAN`), found by following homes through all months.
    boiler_efficiency
        Heat delivered per gas used [1].

    """
    judged = flag_spans(readings, spans)
    good = judged.filter(pl.col("flag") == "ok")
    hours = half_hours_to_hours(good)
    used = hours.select(half_hours=pl.len() * 2, gas_kwh=pl.col("gas_kwh").sum())
    summary = pl.DataFrame(
        {
            "households": hours["household_id"].n_unique(),
            "readings": len(judged),
            "ok_half_hours": len(good),
            "used_half_hours": used["half_hours"][0],
            "used_gas_kwh": used["gas_kwh"][0],
            "hours": len(hours),
        }
    )
    return Month(
        flagged=judged.filter(pl.col("flag") != "ok")
        .with_columns(pl.col("household_id").cast(pl.String))
        .pipe(name_source, sources)
        .sort("source_id", "line"),
        flag_count=count_flags(judged, sources),
        cell=count_cells(good, hours),
        hourly=HEAT_HOURLY.conform(gas_to_heat(hours, boiler_efficiency)),
        day_caught_up=sum_days_caught_up(good, spans, boiler_efficiency),
        summary=summary,
    )


def half_hours_to_hours(good: pl.DataFrame) -> pl.DataFrame:
    """Add up the two half-hours of each hour [kWh]; an hour with only one of them is left out.

    `good` holds at most one reading per home and half-hour, sorted by home and time. So the second half of an hour is the row
    after the first. Comparing with the next row takes a twentieth of the time of grouping.
    """
    hour = pl.col("interval_start_utc").dt.truncate("1h")
    halves = good.with_columns(hour_start_utc=hour)
    whole = pl.all_horizontal(pl.col(name) == pl.col(name).shift(-1) for name in ("household_id", "hour_start_utc"))
    return (
        halves.with_columns(pl.col("gas_kwh") + pl.col("gas_kwh").shift(-1), whole=whole)
        .filter("whole")
        .select("household_id", "hour_start_utc", "gas_kwh")
    )


def sum_days_caught_up(good: pl.DataFrame, spans: pl.DataFrame, boiler_efficiency: float) -> pl.DataFrame:
    """Add up the days with an outage whose gas one later reading holds, if all other half-hours are good (`HEAT_DAY_CAUGHT_UP`).

    A gap that reaches over midnight belongs to no single day.

    Parameters
    ----------
    good
        Ok readings of one month, at most one per home and half-hour.
    spans
        Rows of `SUSPECT_SPAN`; `gas_kwh` of a span that reaches beyond the month is null.
    boiler_efficiency
        Heat delivered per gas used [1].

    """
    date, end = pl.col("start_utc").dt.date(), pl.col("end_utc")
    caught_up = spans.filter(
        (pl.col("flag") == "catch_up") & pl.col("gas_kwh").is_not_null() & (date == end.dt.offset_by("-30m").dt.date())
    )
    days = group_in_order(caught_up.with_columns(date=date), ("household_id", "date"), by="start_utc").agg(
        caught_up_kwh=pl.col("gas_kwh").sum(), half_hours=((end - pl.col("start_utc")).dt.total_minutes() // 30).sum()
    )
    dated = good.filter(pl.col("household_id").cast(pl.String).is_in(days["household_id"].implode())).with_columns(
        pl.col("household_id").cast(pl.String), date=pl.col("interval_start_utc").dt.date()
    )
    others = group_in_order(dated, ("household_id", "date"), by="interval_start_utc").agg(
        others=pl.len(), others_kwh=pl.col("gas_kwh").sum()
    )
    together = days.join(others, on=["household_id", "date"], how="left").with_columns(
        pl.col("others", "others_kwh").fill_null(0)
    )
    whole = together.filter(pl.col("half_hours") + pl.col("others") == HALF_HOURS_PER_DAY).with_columns(
        gas_kwh=pl.col("others_kwh") + pl.col("caught_up_kwh")
    )
    return HEAT_DAY_CAUGHT_UP.conform(gas_to_heat(whole, boiler_efficiency)).sort(HEAT_DAY_CAUGHT_UP.key)


def gas_to_heat(hours: pl.DataFrame, boiler_efficiency: float) -> pl.DataFrame:
    r"""Add `heat_kwh`, :math:`Q = \eta G` [kWh], with the mean efficiency of the boiler stock (Wang 2018, section 2.1)."""
    return hours.with_columns(heat_kwh=pl.col("gas_kwh") * boiler_efficiency)


def count_cells(good: pl.DataFrame, hours: pl.DataFrame) -> pl.DataFrame:
    """Count a month's good half-hours and hours by home and hour of day (`CELL`); sufficiency is judged by these counts.

    Both frames are sorted by home and time.
    """
    moment, hour = pl.col("interval_start_utc"), pl.col("hour_start_utc")
    halves = _group_cells(good, moment).agg(
        pl.col("household_id").first(),
        half_hours=pl.len(),
        first_interval_utc=moment.first(),
        last_interval_utc=moment.last(),
    )
    whole = _group_cells(hours, hour).agg(
        pl.col("household_id").first(),
        hour_of_day=hour.first().dt.hour(),
        hours=pl.len(),
        gas_kwh=pl.col("gas_kwh").sum(),
    )
    first = pl.col("first_interval_utc")
    joined = (
        halves.with_columns(month=first.dt.month_start().dt.date(), hour_of_day=first.dt.hour())
        .join(whole, on=["household_id", "hour_of_day"], how="left")
        .with_columns(pl.col("hours", "gas_kwh").fill_null(0))
    )
    return CELL.conform(joined).sort(CELL.key)


def _group_cells(frame: pl.DataFrame, moment: pl.Expr) -> GroupBy:
    """Group by one number that stands for home and hour of day: several keys take four times as long."""
    home = (pl.col("household_id") != pl.col("household_id").shift()).fill_null(value=True).cum_sum()
    cell = home * HOURS_OF_DAY + minute_of_day(moment) // MINUTES_PER_HOUR
    return group_in_order(frame.with_columns(cell=cell), "cell", by=None)


def count_flags(judged: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Count readings by source and flag, `ok` included."""
    counted = judged.group_by("source", "flag").agg(readings=pl.len().cast(pl.Int64))
    return name_source(counted.with_columns(pl.col("flag").cast(pl.String)), sources).sort("source_id", "flag")
