"""Heat by hour of the local day: month by month, on weekdays and weekends, on cold and on mild days."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

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
    style,
    title_above,
    why_missing,
)
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE_SEASON
from transforms.tables.words import PROFILE_GROUPS

GROUPS = ("all", *(name for name in PROFILE_GROUPS if name != "all"))  # what a reader chooses from, in this order
COLUMNS = ("dwelling_type", "segmentation", "segment", "hour_local", "households", "heat_kwh_mean")
CLOCK = "Hours are those of the clock on the wall (Europe/London, summer time included)."
ACROSS, MONTHS = 3, 12
HOUR_TITLE = "Hour of day, local time"
HOUR_TICKS = {"tickvals": [0, 6, 12, 18], "ticktext": ["00", "06", "12", "18"], "range": [-0.5, 23.5]}


def draw_months(published: Published, run: RunInfo) -> Exhibit:
    """Draw the day's profile of each month, one small chart per month."""
    return _exhibit(
        published,
        run,
        Segments(
            segmentation="month",
            key="season-months",
            title="The day's heat, month by month",
            shows=f"Mean heat per home in each hour of the day; all months and all types have the same scale. {CLOCK}",
            name=_month,
            chart=_months_chart,
        ),
    )


def draw_day_kinds(published: Published, run: RunInfo) -> Exhibit:
    """Draw the day's profile of weekdays and of weekends."""
    return _exhibit(
        published,
        run,
        Segments(
            segmentation="day_kind",
            key="season-week",
            title="Weekdays and weekends",
            shows=f"Mean heat per home in each hour of the day, over the year. Bank holidays count as the weekday that they fall on. {CLOCK}",
            name=text.name_of,
            chart=_day_kinds_chart,
        ),
    )


def draw_bands(published: Published, run: RunInfo) -> Exhibit:
    """Draw the day's profile by band of the day's mean temperature."""
    return _exhibit(
        published,
        run,
        Segments(
            segmentation="temperature_band",
            key="season-temperature",
            title="Cold days and mild days",
            shows=f"Mean heat per home in each hour of the day, by the day's mean temperature outside. {CLOCK}",
            name=text.band,
            chart=_bands_chart,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """One way to divide the days of a period, with the title and style of its figure."""

    segmentation: str
    key: str
    title: str
    shows: str
    name: Callable[[str], str]  # returns the name of a segment for readers
    chart: Callable[[pl.DataFrame], go.Figure]


def _exhibit(published: Published, run: RunInfo, of: Segments) -> Exhibit:
    segmentation, name = of.segmentation, of.name
    frame = published[HEAT_PROFILE_SEASON].frame.filter(period=published.period, segmentation=segmentation)
    rows = ordered(frame.sort(_rank(segmentation), "hour_local"), "dwelling_type", GROUPS)
    missing = (
        why_missing([published[HEAT_PROFILE_SEASON], published[HEAT_DEMAND_ANNUAL]], otherwise=NO_PERIOD)
        if rows.is_empty()
        else None
    )
    choices = [
        Choice(str(group), text.name_of(str(group)), _describe_peaks(of_group, name))
        for (group,), of_group in rows.group_by("dwelling_type", maintain_order=True)
    ]
    hidden = replace(
        published[HEAT_PROFILE_SEASON],
        suppressed=published[HEAT_PROFILE_SEASON].suppressed.filter(segmentation=segmentation),
    )
    return Exhibit(
        key=of.key,
        title=of.title,
        shows=of.shows,
        alternative=f"Line charts of mean heat per home by hour of the local day. {' '.join(c.says for c in choices[:1])}",
        chart=None if missing else of.chart(rows),
        missing=missing,
        choices=choices,
        notes=[
            *hidden_note(hidden, published.period, shown=rows),
            *partly_note(hidden, published.period, shown=rows),
            *kept_note(published[HEAT_PROFILE_SEASON], published.period),
        ],
        tables=[] if missing else [_hours_table(rows, name), _segments_table(rows, name)],
        data=rows,
        provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_PROFILE_SEASON, COLUMNS)),
    )


def _rank(segmentation: str) -> pl.Expr:
    """Return the order of the segments: bands of temperature by their lower end, other segments by name."""
    if segmentation == "temperature_band":
        return pl.col("segment").str.extract(r"^(-?\d+)_to_").cast(pl.Int32)
    return pl.col("segment")


def _describe_peaks(of_group: pl.DataFrame, name: Callable[[str], str]) -> str:
    """Return the homes behind a group's profiles and the times of its highest and lowest peak, in words."""
    peaks = of_group.sort("heat_kwh_mean", descending=True).group_by("segment", maintain_order=True).first()
    homes = homes_behind(of_group)
    words = [f"{homes[:1].upper()}{homes[1:]}. Highest peak: {_peak(peaks.row(0, named=True), name)}."]
    if peaks.height > 1:
        words.append(f"Lowest peak: {_peak(peaks.row(-1, named=True), name)}.")
    return " ".join(words)


def _peak(row: dict[str, Any], name: Callable[[str], str]) -> str:
    return f"{name(row['segment'])}, {text.kwh(row['heat_kwh_mean'], 2)} in the hour from {_clock(row['hour_local'])}"


def _months_chart(rows: pl.DataFrame) -> go.Figure:
    chart = make_subplots(
        rows=MONTHS // ACROSS,
        cols=ACROSS,
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        vertical_spacing=0.07,
    )
    lines, places = [], []
    for (group, segment), of_month in rows.group_by("dwelling_type", "segment", maintain_order=True):
        ink = palette.group_ink(str(group))
        lines.append(
            go.Scatter(
                **_hours(of_month, _month(str(segment))), line={"width": 2, "color": ink.light}, fill="tozeroy",
                fillcolor=palette.tint(ink).light, showlegend=False, **of_choice(str(group)),
            )
        )  # fmt: skip
        places.append(divmod(int(str(segment)) - 1, ACROSS))
    chart.add_traces(lines, rows=[down + 1 for down, _ in places], cols=[across + 1 for _, across in places])
    style(chart, height=640, left_to_right=False)
    # one scale for all, since matched axes lose their automatic range if traces are hidden
    top = 1.04 * float(rows["heat_kwh_mean"].to_numpy().max())
    chart.update_xaxes(**HOUR_TICKS)
    chart.update_yaxes(range=[0, top])
    unit = text.title_of(HEAT_PROFILE_SEASON.column("heat_kwh_mean"))
    below = {"text": HOUR_TITLE, "x": 0.5, "y": 0, "yshift": -26, "xanchor": "center", "yanchor": "top"}
    above = {"text": unit, "x": 0, "y": 1, "yshift": 22, "xanchor": "left", "yanchor": "bottom"}
    whole = [{"xref": "paper", "yref": "paper", "showarrow": False, **words} for words in (above, below)]
    chart.update_layout(margin={"t": 56, "b": 48}, annotations=[*map(_name_panel, range(1, MONTHS + 1)), *whole])
    return chart


def _name_panel(month: int) -> dict[str, object]:
    axis = "" if month == 1 else str(month)
    return {
        "text": f"<b>{calendar.month_abbr[month]}</b>",
        "xref": f"x{axis} domain",
        "yref": f"y{axis} domain",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
    }


def _day_kinds_chart(rows: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    for (group, kind), of_kind in rows.group_by("dwelling_type", "segment", maintain_order=True):
        line = {
            "width": 2.5,
            "color": palette.DAY_KIND[str(kind)].light,
            "dash": "solid" if kind == "weekday" else "dash",
        }
        chart.add_scatter(**_hours(of_kind, text.name_of(str(kind))), line=line, **of_choice(str(group)))
    return _frame_day(chart, height=380)


def _bands_chart(rows: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    for (group, band), of_band in rows.group_by("dwelling_type", "segment", maintain_order=True):
        lower = int(str(band).split("_to_")[0])
        line = {"width": 2.5, "color": palette.band_ink(lower).light, "dash": "solid" if lower % 10 == 0 else "dash"}
        chart.add_scatter(**_hours(of_band, text.band(str(band))), line=line, **of_choice(str(group)))
    return _frame_day(chart, height=460)


def _hours(rows: pl.DataFrame, name: str) -> dict[str, object]:
    """Return the common arguments of the lines by hour of day."""
    return {
        "x": rows["hour_local"],
        "y": rows["heat_kwh_mean"].round(4),
        "mode": "lines",
        "name": name,
        "customdata": [f"{_clock(hour)} to {_clock(hour + 1)}" for hour in rows["hour_local"]],
        "hovertemplate": f"{name}, %{{customdata}}: %{{y:.2f}} kWh<extra></extra>",
    }


def _frame_day(chart: go.Figure, *, height: int) -> go.Figure:
    style(chart, height=height, left_to_right=False)
    chart.update_layout(showlegend=True, legend={"y": 1.1}, margin_t=76)
    chart.update_xaxes(title=HOUR_TITLE, **HOUR_TICKS)
    chart.update_yaxes(rangemode="tozero")
    title_above(chart, text.title_of(HEAT_PROFILE_SEASON.column("heat_kwh_mean")), panel=1)
    return chart


def _hours_table(rows: pl.DataFrame, name: Callable[[str], str]) -> DataTable:
    """Return the hours of the first choice, one column per segment."""
    first = rows["dwelling_type"][0]
    of_first = rows.filter(dwelling_type=first)
    segments = list(of_first["segment"].unique(maintain_order=True))
    value = {
        (hour, key): heat for hour, key, heat in of_first.select("hour_local", "segment", "heat_kwh_mean").iter_rows()
    }
    headings = [Heading("Hour, local time"), *(Heading(name(key), numeric=True) for key in segments)]
    body = tuple(
        (f"{_clock(hour)} to {_clock(hour + 1)}", *(text.number(value.get((hour, key)), 2) for key in segments))
        for hour in range(24)
    )
    return DataTable(f"Mean heat by hour of day [kWh/h], {text.name_of(first)}", tuple(headings), body)


def _segments_table(rows: pl.DataFrame, name: Callable[[str], str]) -> DataTable:
    """Return homes, mean and highest hour of every choice and segment."""
    peaks = (
        rows.sort("heat_kwh_mean", descending=True, maintain_order=True)
        .group_by("dwelling_type", "segment", maintain_order=True)
        .agg(pl.col("heat_kwh_mean").first().alias("peak"), pl.col("hour_local").first())
    )
    table = (
        rows.group_by("dwelling_type", "segment", maintain_order=True)
        .agg(
            pl.col("households").min(),
            pl.col("days").max(),
            pl.col("heat_kwh_mean").mean(),
            pl.col("temperature_c").mean(),
        )
        .join(peaks, on=["dwelling_type", "segment"], maintain_order="left")
    )
    titles = (
        "Dwelling type", "Days", "Homes, fewest in an hour", "Number of days", "Mean outdoor air temperature [°C]",
        "Mean hour [kWh/h]", "Highest hour [kWh/h]", "Highest hour, local time",
    )  # fmt: skip
    body = tuple(
        (
            text.name_of(row["dwelling_type"]), name(row["segment"]), text.number(row["households"]), text.number(row["days"]),
            text.number(row["temperature_c"], 1), text.number(row["heat_kwh_mean"], 2), text.number(row["peak"], 2), _clock(row["hour_local"]),
        )
        for row in table.iter_rows(named=True)
    )  # fmt: skip
    words = ("Dwelling type", "Days", "Highest hour, local time")
    headings = tuple(Heading(title, numeric=title not in words) for title in titles)
    return DataTable(
        "By dwelling type and kind of days; every hour stands in table heat_profile_season", headings, body
    )


def _month(segment: str) -> str:
    return calendar.month_name[int(segment)]


def _clock(hour: int) -> str:
    return f"{hour:02d}:00"
