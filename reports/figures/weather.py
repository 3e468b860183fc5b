"""The dependence of gas on the weather: the fitted lines with their days, and the uses of gas in a normal year."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.demand import NO_PERIOD
from reports.figures.exhibit import (
    TITLE_WIDTH,
    Choice,
    DataTable,
    Exhibit,
    Heading,
    axis_title,
    hidden_note,
    kept_note,
    of_choice,
    ordered,
    style,
    tabulate,
    title_above,
    why_missing,
    wrapped,
)
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.weather import WEATHER_DAY, WEATHER_FIT
from transforms.tables.words import PROFILE_GROUPS

GROUPS = ("all", *(name for name in PROFILE_GROUPS if name != "all"))  # what a reader chooses from, in this order
TOGETHER = "together"  # the choice that shows the lines of all types, but no days
LINES = ("slope_gas_kwh_per_day_k", "base_gas_kwh_per_day", "balance_temperature_c", "warm_slope_gas_kwh_per_day_k")
FIT_COLUMNS = (
    "dwelling_type", "households", "days", *LINES, "r_squared", "heat_loss_w_per_k",
    "heat_kwh_weather_normal", "heat_kwh_weather_normal_ci_low", "heat_kwh_weather_normal_ci_high",
    "design_temperature_c", "design_day_heat_kwh", "design_peak_hour_heat_kwh", "note",
)  # fmt: skip
USES = ("space", "hot_water", "cooking")
BAND_K = 2  # width of the bands of temperature by which the figure's table groups days
SMALLEST_TEXT = 12  # a number that needs a smaller font to fit its part of a bar is left out


def draw_weather_fit(published: Published, run: RunInfo) -> Exhibit:
    """Draw the two fitted lines of each dwelling type through its days."""
    fits = ordered(published[WEATHER_FIT].frame.filter(period=published.period), "dwelling_type", GROUPS)
    days = ordered(published[WEATHER_DAY].frame.filter(period=published.period).sort("date"), "dwelling_type", GROUPS)
    fitted = fits.filter(pl.all_horizontal(pl.col(LINES).is_not_null()))
    missing = None
    if days.is_empty() or fits.is_empty():
        missing = why_missing(
            [published[WEATHER_DAY], published[WEATHER_FIT], published[HEAT_DEMAND_ANNUAL]], otherwise=NO_PERIOD
        )
    choices = [] if missing else _choices(fits, fitted, days)
    return Exhibit(
        key="weather-fit",
        title="Gas per day against the temperature outside",
        shows="Each point is one day, the lines are fitted to the days; the dashed line runs on to the coldest day that a heating "
        "system is designed for (cross).",
        alternative="Scatter chart of gas per home and day against effective temperature, with two fitted straight lines. "
        + " ".join(choice.says for choice in choices[:1]),
        chart=None if missing else _fit_chart(fits, fitted, days),
        missing=missing,
        choices=choices,
        notes=[
            *_normal_note(fits),
            *hidden_note(published[WEATHER_FIT], published.period),
            *kept_note(published[WEATHER_FIT], published.period),
        ],
        tables=[]
        if missing
        else [
            tabulate(fits, WEATHER_FIT, FIT_COLUMNS, caption=f"The fit by dwelling type, {published.period}"),
            *_banded(days),
        ],
        data=days,
        provenance=provenance_of_demand(published, run, trace=published.trace(WEATHER_FIT, ("dwelling_type", *LINES))),
    )


def _choices(fits: pl.DataFrame, fitted: pl.DataFrame, days: pl.DataFrame) -> list[Choice]:
    shown = set(days["dwelling_type"])
    choices = [
        Choice(row["dwelling_type"], text.name_of(row["dwelling_type"]), _describe_fit(row))
        for row in fits.iter_rows(named=True)
        if row["dwelling_type"] in shown
    ]
    if fitted.height > 1:
        together = "The steeper a line, the more heat such a home loses; where it bends, homes start to heat."
        choices.append(Choice(TOGETHER, "Lines of every type", together))
    return choices


def _describe_fit(row: dict[str, Any]) -> str:
    """Return sentences on the fit of one type."""
    if any(row[name] is None for name in LINES):
        return f"About {row['households']:,} homes, no lines: {text.visible(row['note'] or 'too few days')}."
    bend, slope = text.celsius(row["balance_temperature_c"]), row["slope_gas_kwh_per_day_k"]
    about = f"About {row['households']:,} homes, {row['days']} days"
    words = [f"{about}: below {bend} gas grows by {slope:.1f} kWh a day for each degree colder"]
    if row["heat_loss_w_per_k"] is not None:
        words.append(f", a heat loss of {text.number(row['heat_loss_w_per_k'])} W/K")
    if row["r_squared"] is not None:
        words.append(f"; the lines explain {100 * row['r_squared']:.0f} % of the differences between days")
    words.append(".")
    if row["heat_kwh_weather_normal"] is not None:
        low, high = row["heat_kwh_weather_normal_ci_low"], row["heat_kwh_weather_normal_ci_high"]
        between = "" if None in {low, high} else f" (95 % interval {text.number(low)} to {text.number(high)})"
        words.append(f" A year of normal weather takes {text.kwh(row['heat_kwh_weather_normal'])} of heat{between}.")
    if row["design_day_heat_kwh"] is not None:
        design, peak = text.celsius(row["design_temperature_c"]), row["design_peak_hour_heat_kwh"]
        at_most = "" if peak is None else f", at most {text.kwh(peak, 1)} in an hour"
        words.append(f" The design day, {design}, takes {text.kwh(row['design_day_heat_kwh'])}{at_most}.")
    return "".join(words)


def _normal_note(fits: pl.DataFrame) -> list[str]:
    normals = [text.visible(normal) for normal in fits["normal"].drop_nulls().unique(maintain_order=True)]
    return [f"Normal weather: {text.listed(normals)}."] if normals else []


def _fit_chart(fits: pl.DataFrame, fitted: pl.DataFrame, days: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    coldest = {
        row["dwelling_type"]: row["low"]
        for row in days.group_by("dwelling_type").agg(low=pl.col("temperature_effective_c").min()).iter_rows(named=True)
    }
    warmest = days["temperature_effective_c"].to_numpy().max()
    for group in fits["dwelling_type"]:
        of_group = days.filter(dwelling_type=group)
        chart.add_scatter(
            x=of_group["temperature_effective_c"].round(2), y=of_group["gas_kwh_mean"].round(2), mode="markers", showlegend=False,
            marker={"size": 5, "opacity": 0.55, "color": palette.group_ink(group).light},
            customdata=[f"{date.day} {date:%B %Y}" for date in of_group["date"]], **of_choice(group),
            hovertemplate="%{customdata}: %{x:.1f} °C, %{y:.1f} kWh<extra></extra>",
        )  # fmt: skip
    for row in fitted.iter_rows(named=True):
        group = row["dwelling_type"]
        low = coldest.get(group, row["balance_temperature_c"])
        _add_lines(chart, row, low=low, high=float(warmest), choice=group)
        _add_lines(chart, row, low=low, high=float(warmest), choice=TOGETHER)
    style(chart, height=470)
    chart.update_layout(legend={"orientation": "v", "x": 1, "xanchor": "right", "y": 1, "yanchor": "top"}, margin_t=44)
    chart.update_xaxes(title=axis_title(WEATHER_DAY.column("temperature_effective_c")), ticksuffix="°")
    chart.update_yaxes(rangemode="tozero", showgrid=True)
    title_above(chart, text.title_of(WEATHER_DAY.column("gas_kwh_mean")), panel=1)
    return chart


def _add_lines(chart: go.Figure, row: dict[str, Any], *, low: float, high: float, choice: str) -> None:
    """Add the two lines of one type, down to the temperature of its design day, with its balance temperature."""
    group, bend = row["dwelling_type"], row["balance_temperature_c"]
    name, ink = text.name_of(group), palette.group_ink(group).light
    together = choice == TOGETHER
    over = {} if together else {"line_color": palette.PUBLISHED.light}
    drawn = sorted({low, bend, max(high, bend)})
    chart.add_scatter(
        x=drawn, y=[_gas_on_lines(row, t) for t in drawn], mode="lines", name=name, showlegend=together,
        line={"width": 2.5, "color": ink}, **over, **of_choice(choice),
        hovertemplate=f"{name}, fitted: %{{x:.1f}} °C, %{{y:.1f}} kWh<extra></extra>",
    )  # fmt: skip
    design = row["design_temperature_c"]
    if design is not None:
        at = min(design, low)
        chart.add_scatter(
            x=[at, low], y=[_gas_on_lines(row, at), _gas_on_lines(row, low)], mode="lines", showlegend=False, hoverinfo="skip",
            line={"width": 2, "dash": "dash", "color": ink}, **over, **of_choice(choice),
        )  # fmt: skip
        chart.add_scatter(
            x=[design], y=[_gas_on_lines(row, design)], mode="markers" if together else "markers+text", showlegend=False,
            text=["design day"], textposition="top right", cliponaxis=False, marker={"symbol": "x", "size": 9, "color": palette.PUBLISHED.light},
            hovertemplate=f"{name}, design day: %{{x:.1f}} °C, %{{y:.1f}} kWh of gas<extra></extra>", **of_choice(choice),
        )  # fmt: skip
    if not together:
        chart.add_scatter(
            x=[bend, bend], y=[0, _gas_on_lines(row, bend)], mode="lines", showlegend=False, hoverinfo="skip",
            line={"width": 1.5, "dash": "dot", "color": palette.PUBLISHED.light}, **of_choice(choice),
        )  # fmt: skip


def _gas_on_lines(row: dict[str, Any], temperature_c: float) -> float:
    """Return the gas [kWh/d] that the two lines of one type give at an effective temperature."""
    below = row["balance_temperature_c"] - temperature_c
    slope = row["slope_gas_kwh_per_day_k"] if below > 0 else row["warm_slope_gas_kwh_per_day_k"]
    return max(0.0, float(row["base_gas_kwh_per_day"] + slope * below))


def _banded(days: pl.DataFrame) -> list[DataTable]:
    """Return the days of all homes; days of similar temperature are grouped."""
    low = (pl.col("temperature_effective_c") / BAND_K).floor() * BAND_K
    banded = (
        days.filter(dwelling_type="all")
        .group_by(low=low)
        .agg(
            pl.len().alias("days"),
            pl.col("households").min(),
            pl.col("gas_kwh_mean").mean(),
            pl.col("gas_kwh_fitted").mean(),
        )
        .sort("low")
    )
    headings = (
        Heading("Effective temperature [°C]"), Heading("Days", numeric=True), Heading("Homes, fewest on a day", numeric=True),
        Heading("Mean gas per home [kWh/d]", numeric=True), Heading("On the lines [kWh/d]", numeric=True),
    )  # fmt: skip
    body = tuple(
        (
            f"{start:.0f} to {start + BAND_K:.0f}".replace("-", text.MINUS),
            f"{count}",
            text.number(homes),
            text.number(gas, 1),
            text.number(fit, 1),
        )
        for start, count, homes, gas, fit in banded.iter_rows()
    )
    return (
        [DataTable("Days of all homes by temperature; every day stands in table weather_day", headings, body)]
        if body
        else []
    )


def draw_gas_uses(published: Published, run: RunInfo) -> Exhibit:
    """Draw the uses of gas in a normal year: space heating, hot water, cooking."""
    columns = [f"{use}_gas_kwh_per_year" for use in USES]
    rows = ordered(published[WEATHER_FIT].frame.filter(period=published.period), "dwelling_type", PROFILE_GROUPS)
    rows = rows.filter(pl.all_horizontal(pl.col(columns).is_not_null()))
    missing = None
    if rows.is_empty():
        missing = why_missing(
            [published[WEATHER_FIT], published[HEAT_DEMAND_ANNUAL]], otherwise="no fit tells the uses of gas apart"
        )
    shares = [
        f"{text.name_of(row['dwelling_type'])} {100 * row[columns[0]] / sum(row[name] for name in columns):.0f} % for space heating"
        for row in rows.iter_rows(named=True)
    ]
    return Exhibit(
        key="gas-uses",
        title="What the gas is for",
        shows=(
            "Gas per home in a year of normal weather. On the warmest days nobody heats: their gas is cooking, at a published figure, and "
            "hot water, which rises towards winter. The rest is space heating."
        ),
        alternative=f"Stacked bar chart of gas by use: {'; '.join(shares)}.",
        chart=None if missing else _uses_chart(rows),
        missing=missing,
        notes=[
            *hidden_note(published[WEATHER_FIT], published.period),
            *kept_note(published[WEATHER_FIT], published.period),
        ],
        tables=[]
        if missing
        else [
            tabulate(
                rows, WEATHER_FIT, ("dwelling_type", "households", *columns), caption=f"Gas by use, {published.period}"
            )
        ],
        provenance=provenance_of_demand(
            published, run, trace=published.trace(WEATHER_FIT, ("dwelling_type", *columns))
        ),
    )


def _uses_chart(rows: pl.DataFrame) -> go.Figure:
    columns = [f"{use}_gas_kwh_per_year" for use in USES]
    names = [text.name_of(name) for name in rows["dwelling_type"]]
    chart = go.Figure()
    for use, column in zip(USES, columns, strict=True):
        name = text.name_of(use)
        chart.add_bar(
            x=rows[column], y=names, orientation="h", name=name, marker_color=palette.END_USE[use].light,
            text=[text.number(value) for value in rows[column]],
            textposition="inside", insidetextanchor="middle", textangle=0, constraintext="inside",
            textfont_color=palette.ON_END_USE[use].light, hovertemplate=f"{name}, %{{y}}: %{{x:,.0f}} kWh a year<extra></extra>",
        )  # fmt: skip
    style(chart, height=130 + 42 * len(names))
    chart.update_layout(
        barmode="stack", legend_traceorder="normal", uniformtext={"mode": "hide", "minsize": SMALLEST_TEXT}
    )
    chart.update_xaxes(title=wrapped("Gas per home in normal weather [kWh/yr]", TITLE_WIDTH), tickformat=",d")
    homes = [
        f"{name}<br>{count:,}\N{NO-BREAK SPACE}homes" for name, count in zip(names, rows["households"], strict=True)
    ]
    chart.update_yaxes(type="category", autorange="reversed", tickvals=names, ticktext=homes)
    return chart
