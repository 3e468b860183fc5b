"""Dot charts of analyses: one row of dots for each group, beside a line at today's value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from reports import palette, text
from reports.figures.exhibit import TITLE_WIDTH, ordered, style, title_above, wrapped
from transforms.tables.words import PROFILE_GROUPS, SYSTEMS

INDIVIDUAL = "individual"
ROOM = 0.06  # share of the axis beyond its outermost mark
PANELS = (  # quantity of a break-even, title of its axis, and the sign before its numbers
    ("carbon_price", "Carbon price at break-even [£/t]", "£"),
    ("electricity_to_gas_price_ratio", "Price of electricity over that of gas", ""),
    ("capital_grant", "Grant at break-even [£]", "£"),
)
AVERAGE_GRID, NEW_BOILER = "average", "new_boiler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The horizontal axis of a dot chart: its title, the sign before its numbers, and today's value."""

    title: str
    prefix: str = ""
    today: float | None = None


def _draw_dots(chart: go.Figure, rows: pl.DataFrame, axis: Axis, *, panel: int = 1, legend: bool = True) -> None:
    """Add a dot for each row (`name`, `system`, `value`) to a panel, and today's value as a line."""
    for system in SYSTEMS:
        of = rows.filter(system=system)
        if of.is_empty():
            continue
        label = text.name_of(system)
        chart.add_scatter(
            x=of["value"], y=of["name"], mode="markers", name=label, legendgroup=system, showlegend=legend,
            marker={"symbol": palette.SYSTEM_SYMBOL[system], "size": 12, "color": palette.SYSTEM[system].light},
            hovertemplate=f"{label}, %{{y}}: {axis.prefix}%{{x:,.4~g}}<extra></extra>", row=panel, col=1,
        )  # fmt: skip
    ends = [*rows["value"].to_list(), *([axis.today] if axis.today is not None else [])]
    room = ROOM * ((max(ends) - min(ends)) or abs(max(ends)) or 1.0)
    chart.update_xaxes(
        title=wrapped(axis.title, TITLE_WIDTH), tickprefix=axis.prefix, tickformat=",~g", nticks=5, tickangle=0,
        range=[min(ends) - room, max(ends) + room], row=panel, col=1,
    )  # fmt: skip
    chart.update_yaxes(type="category", autorange="reversed", showgrid=True, row=panel, col=1)
    if axis.today is not None:
        chart.add_vline(
            x=axis.today, line={"width": 2, "dash": "dash", "color": palette.PUBLISHED.light}, row=panel, col=1
        )


def _by_group(rows: pl.DataFrame, value: str) -> pl.DataFrame:
    """Return `name`, `system` and `value` of rows by dwelling type, in the order of figures."""
    known = ordered(rows.drop_nulls(value), "dwelling_type", PROFILE_GROUPS)
    names = [text.name_of(name) for name in known["dwelling_type"]]
    return known.select("system", value=pl.col(value)).with_columns(name=pl.Series(names, dtype=pl.String))


def chart_break_evens(rows: pl.DataFrame) -> go.Figure | None:
    """Return for each quantity with a break-even its value by dwelling type and system, and today's value."""
    single = rows.filter(scale=INDIVIDUAL)
    panels = [
        (found, Axis(title=title, prefix=prefix, today=float(of["base"][0])))
        for quantity, title, prefix in PANELS
        if not (found := _by_group(of := single.filter(quantity=quantity), "value")).is_empty()
    ]
    if not panels:
        return None
    chart = make_subplots(rows=len(panels), cols=1, vertical_spacing=0.3 / len(panels))
    for panel, (found, axis) in enumerate(panels, start=1):
        _draw_dots(chart, found, axis, panel=panel, legend=panel == 1)
    heights = [64 + 21 * found["name"].n_unique() for found, _ in panels]
    style(chart, height=60 + sum(heights))
    chart.update_layout(margin_t=60)
    return chart


def chart_abatement(rows: pl.DataFrame) -> go.Figure | None:
    """Return the cost of a tonne saved by dwelling type and system, against a new boiler and with the average grid."""
    found = _by_group(rows.filter(scale=INDIVIDUAL, grid=AVERAGE_GRID, reference=NEW_BOILER), "cost_gbp_per_tonne")
    if found.is_empty():
        return None
    chart = make_subplots(rows=1, cols=1)
    _draw_dots(chart, found, Axis(title="Cost of a tonne saved [£/t]", prefix="£", today=0.0))
    style(chart, height=150 + 34 * found["name"].n_unique())
    return chart


def chart_investment(rows: pl.DataFrame) -> go.Figure | None:
    """Return the tariff at which each network just pays, and its present tariff."""
    known = rows.drop_nulls("minimum_tariff_gbp_per_mwh").sort("dwellings", "connection_years")
    if known.is_empty():
        return None
    names = [
        f"{homes:,}\N{NO-BREAK SPACE}homes"
        + (f"<br>connected in {years} years" if known["connection_years"].n_unique() > 1 else "")
        for homes, years in known.select("dwellings", "connection_years").iter_rows()
    ]
    found = known.select(system=pl.lit("network"), value="minimum_tariff_gbp_per_mwh").with_columns(
        name=pl.Series(names)
    )
    chart = make_subplots(rows=1, cols=1)
    axis = Axis(title="Break-even tariff [£/MWh]", prefix="£", today=float(known["heat_tariff_gbp_per_mwh"][0]))
    _draw_dots(chart, found, axis, legend=False)
    style(chart, height=110 + 44 * len(set(names)))
    return chart


def chart_performance(rows: pl.DataFrame) -> go.Figure | None:
    """Return the seasonal performance of both heat pumps by dwelling type, over the range of field trials."""
    known = rows.drop_nulls("spf").filter(load=rows["load"][0])
    sources: Sequence[tuple[str, str, str]] = (
        ("air", "ashp", "Air source heat pump"),
        ("ground", "gshp", "Ground source heat pump"),
    )
    panels = [
        (name, system, of) for source, system, name in sources if not (of := known.filter(source=source)).is_empty()
    ]
    if not panels:
        return None
    chart = make_subplots(rows=len(panels), cols=1, vertical_spacing=0.5 / len(panels))
    for panel, (_, system, of) in enumerate(panels, start=1):
        found = _by_group(of.with_columns(system=pl.lit(system)), "spf")
        low, high = of["field_low"].drop_nulls(), of["field_high"].drop_nulls()
        _draw_dots(chart, found, Axis(title="Heat over electricity"), panel=panel, legend=False)
        if len(low) and len(high):
            chart.add_vrect(
                x0=low[0], x1=high[0], fillcolor=palette.OTHER_GROUP.light, opacity=0.25, line_width=0, row=panel, col=1
            )
            ends = [*found["value"], low[0], high[0]]
            chart.update_xaxes(range=[min(ends) - 0.1, max(ends) + 0.1], row=panel, col=1)
    style(chart, height=60 + sum(110 + 28 * of["dwelling_type"].n_unique() for _, _, of in panels))
    for panel, (name, _, _) in enumerate(panels, start=1):
        title_above(chart, name, panel=panel)
    return chart
