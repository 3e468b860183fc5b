"""The hours of the mean home: every hour of the year as a map, and the mean week of each season."""

from __future__ import annotations

import calendar
import datetime as dt

import numpy as np
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from reports import palette, text
from reports.figures.demand import NO_PERIOD
from reports.figures.exhibit import (
    Choice,
    DataTable,
    Exhibit,
    Heading,
    hidden_note,
    homes_behind,
    kept_note,
    of_choice,
    ordered,
    partly_note,
    scale_bar,
    style,
    title_above,
    title_above_scale,
    why_missing,
)
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.climate.local_time import add_local_time
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.words import DWELLING_TYPES_OR_UNKNOWN

GROUPS = ("all", *DWELLING_TYPES_OR_UNKNOWN)
COLUMNS = ("dwelling_type", "hour_start_utc", "households", "heat_kwh_mean")
CLOCK = "Hours are those of the clock on the wall (Europe/London, summer time included)."
CHANGE_DAYS = (
    "The hour that the clock skips in spring is blank; of the hour that it repeats in autumn the mean is shown."
)
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
NOON = 12
SEASONS = {"Winter": (12, 1, 2), "Spring": (3, 4, 5), "Summer": (6, 7, 8), "Autumn": (9, 10, 11)}
SEASON_OF = {month: season for season, months in SEASONS.items() for month in months}
WEEK = 7 * 24
A_MONDAY = "2001-01-01"  # the axis of a week has dates, but shows only their day of the week
HEAT_TITLE = text.title_of(HEAT_PROFILE.column("heat_kwh_mean"))


def draw_day_map(published: Published, run: RunInfo) -> Exhibit:
    """Draw the mean heat of all homes as a map of the local days and the hours of these days."""
    rows = published[HEAT_PROFILE].frame.filter(dwelling_type="all", period=published.period)
    missing = (
        why_missing([published[HEAT_PROFILE], published[HEAT_DEMAND_ANNUAL]], otherwise=NO_PERIOD)
        if rows.is_empty()
        else None
    )
    hours = _by_local_hour(rows)
    return Exhibit(
        key="day-map",
        title="Every hour of the year at a glance",
        shows=f"One column per day, one row per hour of the day; the stronger the colour, the more heat per home. {CLOCK}",
        alternative="Hour-by-day map of heat, not shown." if missing else _map_in_words(hours),
        chart=None if missing else _map_chart(hours),
        missing=missing,
        notes=[*([] if missing else [CHANGE_DAYS]), *kept_note(published[HEAT_PROFILE], published.period)],
        tables=[] if missing else [_map_table(hours)],
        data=None if missing else hours,
        provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_PROFILE, COLUMNS)),
    )


def _by_local_hour(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per local day and hour of day; the hour that a clock repeats is one row."""
    return (
        add_local_time(rows)
        .group_by("date_local", "hour_local")
        .agg(pl.col("heat_kwh_mean").mean())
        .sort("date_local", "hour_local")
    )


def _map_chart(hours: pl.DataFrame) -> go.Figure:
    first, last = _ends(hours)
    cells = np.full((24, (last - first).days + 1), np.nan, dtype=np.float32)
    day = (hours["date_local"] - first).dt.total_days().to_numpy()
    cells[hours["hour_local"].to_numpy(), day] = hours["heat_kwh_mean"].to_numpy().round(3)
    chart = go.Figure(
        go.Heatmap(
            z=cells, x0=f"{first:%Y-%m-%d}", dx=DAY_MS, y0=0, dy=1, zmin=0, hoverongaps=False,
            colorscale=[[at, ink.light] for at, ink in palette.scale()],
            colorbar=scale_bar(),
            hovertemplate="%{x|%e %B %Y}, hour from %{y}:00: %{z:.2f} kWh<extra></extra>",
        )
    )  # fmt: skip
    style(chart, height=440, left_to_right=False)
    chart.update_layout(margin={"t": 80, "r": 20})
    title_above_scale(chart, HEAT_TITLE)
    title_above(chart, "Hour of day (local time)", panel=1)
    chart.update_xaxes(type="date", title="Day (local time)", tickformat="%b<br>%Y", hoverformat="%e %b %Y")
    chart.update_yaxes( showgrid=False, range=[-0.5, 23.5], tickvals=[-0.5, 5.5, 11.5, 17.5, 23.5],
        ticktext=["00:00", "06:00", "12:00", "18:00", "24:00"],
    )  # fmt: skip
    return chart


def _ends(hours: pl.DataFrame) -> tuple[dt.date, dt.date]:
    days = hours["date_local"].to_list()
    return days[0], days[-1]


def _map_in_words(hours: pl.DataFrame) -> str:
    by_hour = hours.group_by("hour_local").agg(pl.col("heat_kwh_mean").mean()).sort("heat_kwh_mean", descending=True)
    peaks = []
    for name, half in (("morning", pl.col("hour_local") < NOON), ("evening", pl.col("hour_local") >= NOON)):
        found = by_hour.filter(half)
        if not found.is_empty():
            peaks.append(f"{_clock(found['hour_local'][0])} in the {name} ({found['heat_kwh_mean'][0]:.2f} kWh)")
    top = hours.sort("heat_kwh_mean", descending=True).row(0, named=True)
    return (
        f"Map of the heat per home by day and hour of day. Over the year the mean is highest in the hours from {' and '.join(peaks)}; "
        f"the highest single hour is {top['heat_kwh_mean']:.2f} kWh on {_date(top['date_local'])} from {_clock(top['hour_local'])}."
    )


def _map_table(hours: pl.DataFrame) -> DataTable:
    heat = pl.col("heat_kwh_mean")
    rows = (
        hours.group_by("hour_local")
        .agg(heat.mean().alias("mean"), heat.max().alias("top"), pl.col("date_local").sort_by(heat).last(), heat.min().alias("low"))
        .sort("hour_local")
    )  # fmt: skip
    titles = ("Hour, local time", "Mean over the days [kWh/h]", "Highest day [kWh/h]", "On", "Lowest day [kWh/h]")
    body = tuple(
        (_span(hour), text.number(mean, 2), text.number(top, 2), f"{day:%Y-%m-%d}", text.number(low, 2))
        for hour, mean, top, day, low in rows.iter_rows()
    )
    headings = tuple(Heading(title, numeric="kWh" in title) for title in titles)
    return DataTable("Heat by hour of the local day; every hour stands in table heat_profile", headings, body)


def draw_weeks(published: Published, run: RunInfo) -> Exhibit:
    """Draw the mean week of each season, Monday to Sunday, for the dwelling type that a reader picks."""
    rows = ordered(published[HEAT_PROFILE].frame.filter(period=published.period), "dwelling_type", GROUPS)
    missing = (
        why_missing([published[HEAT_PROFILE], published[HEAT_DEMAND_ANNUAL]], otherwise=NO_PERIOD)
        if rows.is_empty()
        else None
    )
    weeks = _every_hour(mean_weeks(rows))
    choices = [
        Choice(str(group), text.name_of(str(group)), _weeks_in_words(of_group))
        for (group,), of_group in weeks.group_by("dwelling_type", maintain_order=True)
    ]
    return Exhibit(
        key="week-by-season",
        title="The mean week of each season",
        shows="Mean heat per home in each of the 168 hours of the week; winter is December to February, and so on. All seasons and all "
        f"types have the same scale. {CLOCK}",
        alternative=f"Line charts of the mean week in each season. {' '.join(choice.says for choice in choices[:1])}",
        chart=None if missing else _weeks_chart(weeks),
        missing=missing,
        choices=choices,
        notes=[
            *hidden_note(published[HEAT_PROFILE], published.period, shown=rows),
            *partly_note(published[HEAT_PROFILE], published.period, shown=rows),
            *kept_note(published[HEAT_PROFILE], published.period),
        ],
        tables=[] if missing else [_seasons_table(weeks), _hours_table(weeks)],
        data=None if missing else weeks,
        provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_PROFILE, COLUMNS)),
    )


def mean_weeks(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the mean heat of each group, season and hour of the local week (0: Monday from midnight)."""
    local = add_local_time(rows)
    hour_of_week = (pl.col("date_local").dt.weekday().cast(pl.Int64) - 1) * 24 + pl.col("hour_local")
    season = pl.col("date_local").dt.month().replace_strict(SEASON_OF, return_dtype=pl.Enum(list(SEASONS)))
    return (
        local.with_columns(season=season, hour_of_week=hour_of_week)
        .group_by("dwelling_type", "season", "hour_of_week", maintain_order=True)
        .agg(pl.col("heat_kwh_mean").mean(), pl.col("households").min(), days=pl.col("date_local").n_unique())
        .sort(pl.col("dwelling_type").cast(pl.Enum(GROUPS)), "season", "hour_of_week")
    )


def _every_hour(weeks: pl.DataFrame) -> pl.DataFrame:
    """Return all hours of each shown week; heat is null if it is not known."""
    keys = weeks.select("dwelling_type", "season").unique(maintain_order=True)
    hours = pl.int_range(WEEK, dtype=pl.Int64, eager=True).alias("hour_of_week").to_frame()
    return keys.join(hours, how="cross", maintain_order="left_right").join(
        weeks, on=["dwelling_type", "season", "hour_of_week"], how="left", maintain_order="left"
    )


def _weeks_chart(weeks: pl.DataFrame) -> go.Figure:
    seasons = weeks["season"].unique().sort().to_list()
    chart = make_subplots(rows=len(seasons), cols=1, shared_xaxes=True, vertical_spacing=0.05)
    for (group, season), of_season in weeks.group_by("dwelling_type", "season", maintain_order=True):
        ink = palette.group_ink(str(group))
        chart.add_scatter(
            x0=A_MONDAY, dx=HOUR_MS, y=of_season["heat_kwh_mean"].to_numpy().astype(np.float32), mode="lines",
            line={"width": 2, "color": ink.light}, fill="tozeroy", fillcolor=palette.tint(ink).light, showlegend=False, name=str(season),
            hovertemplate=f"{season}, %{{x|%A %H:%M}}: %{{y:.2f}} kWh<extra></extra>", row=seasons.index(season) + 1, col=1,
            **of_choice(str(group)),
        )  # fmt: skip
    style(chart, height=110 + 130 * len(seasons), left_to_right=False)
    # one scale for all, since axes lose their automatic range if traces are hidden
    top = 1.04 * float(np.nanmax(weeks["heat_kwh_mean"].to_numpy()))
    chart.update_yaxes(range=[0, top], nticks=5)
    chart.update_xaxes(
        type="date", showgrid=True, tick0=A_MONDAY, dtick=DAY_MS, tickformat="%a", ticklabelmode="period", hoverformat="%A %H:%M"
    )  # fmt: skip
    chart.update_xaxes(title="Hour of the week (local time)", row=len(seasons), col=1)
    for panel, season in enumerate(seasons, start=1):
        title_above(chart, f"<b>{season}</b>", panel=panel)
    unit = {"text": HEAT_TITLE, "x": 0, "y": 1, "yshift": 24, "xanchor": "left", "yanchor": "bottom"}
    chart.add_annotation(xref="paper", yref="paper", showarrow=False, **unit)
    chart.update_layout(margin_t=60)
    return chart


def _weeks_in_words(of_group: pl.DataFrame) -> str:
    """Return the homes behind a group's weeks and the highest hour of its seasons."""
    homes = homes_behind(of_group)
    tops = of_group.sort("heat_kwh_mean", descending=True).group_by("season").first().sort("season")
    told = [
        f"{season} {text.kwh(heat, 2)} ({_moment(hour)})"
        for season, heat, hour in tops.select("season", "heat_kwh_mean", "hour_of_week").iter_rows()
    ]
    return f"{homes[:1].upper()}{homes[1:]}. Highest mean hour: {'; '.join(told)}."


def _seasons_table(weeks: pl.DataFrame) -> DataTable:
    heat, weekend = pl.col("heat_kwh_mean"), pl.col("hour_of_week") >= 5 * 24
    rows = weeks.group_by("dwelling_type", "season", maintain_order=True).agg(
        pl.col("households").min(), (heat.filter(~weekend).mean() * 24).alias("weekday"), (heat.filter(weekend).mean() * 24).alias("weekend"),
        heat.max().alias("top"), pl.col("hour_of_week").sort_by(heat).last(), heat.min().alias("low"),
    )  # fmt: skip
    titles = (
        "Dwelling type", "Season", "Homes, fewest in an hour", "Mean weekday [kWh/d]", "Mean day of a weekend [kWh/d]",
        "Highest mean hour [kWh/h]", "When, local time", "Lowest mean hour [kWh/h]",
    )  # fmt: skip
    body = tuple(
        (
            text.name_of(group), season, text.number(homes), text.number(weekday, 1), text.number(at_weekend, 1), text.number(top, 2),
            _moment(hour), text.number(low, 2),
        )
        for group, season, homes, weekday, at_weekend, top, hour, low in rows.iter_rows()
    )  # fmt: skip
    headings = tuple(Heading(title, numeric="[" in title or "Homes" in title) for title in titles)
    return DataTable("Mean week by dwelling type and season", headings, body)


def _hours_table(weeks: pl.DataFrame) -> DataTable:
    """Return the 168 hours of the first choice, one column per season."""
    first = weeks["dwelling_type"][0]
    of_first = weeks.filter(dwelling_type=first)
    seasons = of_first["season"].unique().sort().to_list()
    value = {
        (hour, s): heat for hour, s, heat in of_first.select("hour_of_week", "season", "heat_kwh_mean").iter_rows()
    }
    headings = (Heading("Hour of the week, local time"), *(Heading(str(season), numeric=True) for season in seasons))
    body = tuple(
        (_moment(hour), *(text.number(value.get((hour, season)), 2) for season in seasons)) for hour in range(WEEK)
    )
    return DataTable(f"Mean heat by hour of the week [kWh/h], {text.name_of(first)}", headings, body)


def _moment(hour_of_week: int) -> str:
    return f"{calendar.day_name[hour_of_week // 24]} {_clock(hour_of_week % 24)}"


def _clock(hour: int) -> str:
    return f"{hour:02d}:00"


def _span(hour: int) -> str:
    return f"{_clock(hour)} to {_clock(hour + 1)}"


def _date(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"
