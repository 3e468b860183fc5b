"""Figures 1 and 2 of Wang 2018: annual heat by dwelling type, and the hourly profile beside the temperature.

The paper shows the use of its homes in one year. Use in normal weather is drawn beside the measured use.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from reports import palette, text
from reports.figures.exhibit import (
    DataTable,
    Exhibit,
    Heading,
    axis_title,
    hidden_note,
    kept_note,
    ordered,
    style,
    tabulate,
    title_above,
    why_missing,
)
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.cost import ASSUMPTION
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.weather import WEATHER_FIT
from transforms.tables.words import PROFILE_GROUPS

NO_PERIOD = "no home has enough readings in twelve months"
ANNUAL_COLUMNS = (
    "dwelling_type", "households", "gas_kwh_mean", "heat_kwh_mean", "heat_kwh_ci_low", "heat_kwh_ci_high",
    "heat_kwh_weather_normal", "heat_kwh_weather_normal_ci_low", "heat_kwh_weather_normal_ci_high",
    "peak_hour_heat_kwh", "peak_hour_utc", "note",
)  # fmt: skip
PROFILE_COLUMNS = ("hour_start_utc", "households", "heat_kwh_mean", "temperature_c")
NORMAL = "heat_kwh_weather_normal"
INTERVAL_OF = {
    "heat_kwh_mean": ("heat_kwh_ci_low", "heat_kwh_ci_high"),
    NORMAL: (f"{NORMAL}_ci_low", f"{NORMAL}_ci_high"),
}
DRAWN = ("dwelling_type", *(name for column, ends in INTERVAL_OF.items() for name in (column, *ends)))
HOUR_MS = 3_600_000


def published_demand(published: Published) -> pl.DataFrame:
    """Return the paper's demand of the dwelling types that it states [kWh/yr]."""
    return (
        published[ASSUMPTION]
        .frame.filter(pl.col("item") == "paper_demand", pl.col("status") == "published")
        .select(dwelling_type="parameter", published_kwh="value")
    )


def draw_annual_demand(published: Published, run: RunInfo) -> Exhibit:
    """Draw the annual heat per home of each dwelling type, of the period and in normal weather, beside the paper's values."""
    rows = ordered(published[HEAT_DEMAND_ANNUAL].frame.filter(period=published.period), "dwelling_type", PROFILE_GROUPS)
    shown = rows.filter(pl.col("heat_kwh_mean").is_not_null()).join(
        published_demand(published), on="dwelling_type", how="left", maintain_order="left"
    )
    table = tabulate(
        rows, HEAT_DEMAND_ANNUAL, ANNUAL_COLUMNS, caption=f"Annual demand by dwelling type, {published.period}"
    )
    return Exhibit(
        key="annual-demand",
        title="Heat per home and year, by dwelling type",
        shows=_annual_words(shown, published.period),
        alternative=f"Bar chart of annual heat per home in {published.period}: {_annual_alternative(shown)}.",
        chart=None if shown.is_empty() else _annual_chart(shown, published.period),
        missing=why_missing([published[HEAT_DEMAND_ANNUAL]], otherwise=NO_PERIOD) if shown.is_empty() else None,
        notes=[
            *hidden_note(published[HEAT_DEMAND_ANNUAL], published.period),
            *kept_note(published[HEAT_DEMAND_ANNUAL], published.period),
            *_normal_note(published, shown),
            *_mix_note(rows),
        ],
        tables=[] if shown.is_empty() else [table],
        provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_DEMAND_ANNUAL, DRAWN)),
    )


def _annual_words(shown: pl.DataFrame, period: str) -> str:
    bars = f"Filled bars: mean heat per home in {period}"
    if shown[NORMAL].count():
        bars += "; outlined bars: the same homes in a year of normal weather"
    return f"{bars}; both with the 95 % interval of the mean. Diamonds: what Wang 2018 published."


def _annual_alternative(shown: pl.DataFrame) -> str:
    return "; ".join(
        f"{text.name_of(name)} {text.kwh(mean)}" + ("" if normal is None else f", in normal weather {text.kwh(normal)}")
        for name, mean, normal in shown.select("dwelling_type", "heat_kwh_mean", NORMAL).iter_rows()
    )


def _annual_chart(shown: pl.DataFrame, period: str) -> go.Figure:
    names = [text.name_of(name) for name in shown["dwelling_type"]]
    homes = [
        f"{name}<br>{count:,}\N{NO-BREAK SPACE}homes" for name, count in zip(names, shown["households"], strict=True)
    ]
    with_normal = shown[NORMAL].count() > 0
    inks = [palette.group_ink(name) for name in shown["dwelling_type"]]
    filled = {"color": [palette.tint(ink).light for ink in inks]}
    chart = go.Figure()
    chart.add_bar(
        **_bars(shown, "heat_kwh_mean"), name=f"In {period}", marker=filled,
        hovertemplate=f"%{{y}}, {period}: %{{x:,.0f}} kWh a year<extra></extra>",
    )  # fmt: skip
    if with_normal:
        outlined = {"color": palette.PAGE.light, "line": {"width": 2, "color": [ink.light for ink in inks]}}
        chart.add_bar(
            **_bars(shown, NORMAL), name="In normal weather", marker=outlined,
            hovertemplate="%{y}, in normal weather: %{x:,.0f} kWh a year<extra></extra>",
        )  # fmt: skip
    paper = shown.filter(pl.col("published_kwh").is_not_null())
    chart.add_scatter(
        x=paper["published_kwh"], y=[text.name_of(name) for name in paper["dwelling_type"]], mode="markers",
        name="Wang 2018, published",
        marker={"symbol": "diamond", "size": 11, "color": palette.PAGE.light, "line": {"width": 2, "color": palette.PUBLISHED.light}},
        hovertemplate="Wang 2018, %{y}: %{x:,.0f} kWh a year<extra></extra>",
    )  # fmt: skip
    style(chart, height=120 + (64 if with_normal else 46) * len(names))
    chart.update_layout(showlegend=True, barmode="group", bargap=0.22, bargroupgap=0.08)
    chart.update_xaxes(
        title=axis_title(HEAT_DEMAND_ANNUAL.column("heat_kwh_mean")), tickformat=",d", rangemode="tozero"
    )
    chart.update_yaxes(autorange="reversed", type="category", tickvals=names, ticktext=homes)
    return chart


def _bars(shown: pl.DataFrame, column: str) -> dict[str, Any]:
    """Return the common arguments of bars of annual heat: the interval and the number inside."""
    low, high = INTERVAL_OF[column]
    return {
        "x": shown[column],
        "y": [text.name_of(name) for name in shown["dwelling_type"]],
        "orientation": "h",
        "offsetgroup": column,
        "error_x": {
            "type": "data",
            "symmetric": False,
            "thickness": 1.5,
            "width": 4,
            "color": palette.PUBLISHED.light,
            "array": shown[high] - shown[column],
            "arrayminus": shown[column] - shown[low],
        },
        "text": [text.number(value) if value is not None else "" for value in shown[column]],
        "textposition": "inside",
        "insidetextanchor": "start",
        "textfont_color": palette.PUBLISHED.light,
        "constraintext": "none",
        "textangle": 0,
    }


def _normal_note(published: Published, shown: pl.DataFrame) -> list[str]:
    """Return one sentence that defines normal weather, or says why it is not shown."""
    fits = published[WEATHER_FIT].frame.filter(period=published.period)
    if shown[NORMAL].count():
        normals = fits["normal"].unique(maintain_order=True)
        return [f"Normal weather: {text.visible(normals[0])}."] if len(normals) else []
    notes = [text.visible(note) for note in fits["note"].drop_nulls().unique(maintain_order=True)]
    return [f"Heat in normal weather is not shown: {notes[0]}."] if notes and not shown.is_empty() else []


def _mix_note(rows: pl.DataFrame) -> list[str]:
    if rows.filter(pl.col("dwelling_type") == "stock", pl.col("heat_kwh_mean").is_not_null()).is_empty():
        return []
    return [
        "All homes: the plain mean of the included homes. National mix: dwelling types weighted by their national shares."
    ]


def draw_profile(published: Published, run: RunInfo) -> Exhibit:
    """Draw the mean hourly heat of all homes over the period above the outdoor temperature."""
    rows = published[HEAT_PROFILE].frame.filter(dwelling_type="all", period=published.period).sort("hour_start_utc")
    missing = (
        why_missing([published[HEAT_PROFILE], published[HEAT_DEMAND_ANNUAL]], otherwise=NO_PERIOD)
        if rows.is_empty()
        else None
    )
    hidden = published[HEAT_PROFILE].suppressed.filter(period=published.period, dwelling_type="all").height
    notes = [
        f"{hidden:,} hours are not shown: they rest on fewer than {published[HEAT_PROFILE].threshold} homes, or would reveal one that does."
    ]
    return Exhibit(
        key="hourly-profile",
        title="Heat per home hour by hour, beside the outdoor temperature",
        shows="Mean heat of all included homes in each hour of the period (above), and the outdoor air temperature of that hour (below).",
        alternative=_describe_profile(rows),
        chart=None if missing else _profile_chart(rows),
        missing=missing,
        notes=[*(notes if hidden and not missing else []), *kept_note(published[HEAT_PROFILE], published.period)],
        tables=[] if missing else [_monthly_summary(rows)],
        data=rows,
        provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_PROFILE, PROFILE_COLUMNS)),
    )


def peak_of(rows: pl.DataFrame) -> tuple[float, dt.datetime]:
    """Return the highest hour of a profile [kWh/h] and when it starts."""
    top = rows.sort("heat_kwh_mean", descending=True).row(0, named=True)
    return top["heat_kwh_mean"], top["hour_start_utc"]


def _profile_chart(rows: pl.DataFrame) -> go.Figure:
    hours = pl.datetime_range(*_span(rows), interval="1h", eager=True).alias("hour_start_utc")
    every_hour = hours.to_frame().join(rows, on="hour_start_utc", how="left", maintain_order="left")
    grid = {
        "x0": f"{hours[0]:%Y-%m-%d %H:%M}",
        "dx": HOUR_MS,
        "mode": "lines",
        "connectgaps": False,
        "showlegend": False,
    }
    chart = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.62, 0.38], vertical_spacing=0.12)
    panels = (
        ("heat_kwh_mean", palette.group_ink("all"), 3, "%{x|%e %b %Y, %H:%M} UTC: %{y:.2f} kWh<extra></extra>"),
        ("temperature_c", palette.TEMPERATURE, 1, "%{x|%e %b %Y, %H:%M} UTC: %{y:.1f} °C<extra></extra>"),
    )
    for panel, (column, ink, decimals, hover) in enumerate(panels, start=1):
        values = every_hour[column].cast(pl.Float32).round(decimals).to_numpy()
        line = {"width": 0.8, "color": ink.light}
        chart.add_scatter(**grid, y=values, name=column, line=line, hovertemplate=hover, row=panel, col=1)
        title_above(chart, text.title_of(HEAT_PROFILE.column(column)), panel=panel)
    style(chart, height=480, left_to_right=False)
    chart.update_layout(dragmode="zoom")
    chart.update_xaxes(type="date", hoverformat="%e %b %Y, %H:%M")
    chart.update_xaxes(title=text.title_of(HEAT_PROFILE.column("hour_start_utc")) + " (UTC)", row=2, col=1)
    chart.update_yaxes(rangemode="tozero", row=1, col=1)
    return chart


def _span(rows: pl.DataFrame) -> tuple[dt.datetime, dt.datetime]:
    hours = rows["hour_start_utc"].to_list()
    return hours[0], hours[-1]


def _describe_profile(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return "Hourly heat profile, not shown."
    peak, at = peak_of(rows)
    low = rows["heat_kwh_mean"].to_numpy().min()
    return (
        f"Two line charts over {rows.height:,} hours: mean heat per home between {low:.2f} and {peak:.2f} kWh per hour, "
        f"highest on {text.moment(at)}, and below it the outdoor temperature."
    )


def _monthly_summary(rows: pl.DataFrame) -> DataTable:
    months = (
        rows.group_by(month=pl.col("hour_start_utc").dt.strftime("%Y-%m"))
        .agg(
            pl.len().alias("hours"),
            pl.col("households").min(),
            pl.col("heat_kwh_mean").sum().alias("sum"),
            pl.col("heat_kwh_mean").mean().alias("mean"),
            pl.col("heat_kwh_mean").max().alias("peak"),
            pl.col("temperature_c").mean(),
        )
        .sort("month")
    )
    titles = (
        "Month (UTC)", "Hours shown", "Homes, fewest in an hour", "Heat of these hours per home [kWh]",
        "Mean hour [kWh/h]", "Highest hour [kWh/h]", "Mean outdoor air temperature [°C]",
    )  # fmt: skip
    decimals = (0, 0, 0, 0, 2, 2, 1)
    body = tuple(
        (str(row[0]), *(text.number(value, digits) for value, digits in zip(row[1:], decimals[1:], strict=True)))
        for row in months.iter_rows()
    )
    headings = tuple(Heading(title, numeric=index > 0) for index, title in enumerate(titles))
    return DataTable("The profile by month; every hour stands in the warehouse", headings, body)
