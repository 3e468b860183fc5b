"""The changes since the previous release: the annual heat of each dwelling type before and after."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import Exhibit, axis_title, ordered, style, tabulate
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.published import DEMAND_CHANGE
from transforms.tables.words import PROFILE_GROUPS

COLUMNS = ("dwelling_type", "period", "heat_kwh_mean_before", "heat_kwh_mean_after", "relative_change")

ONE_DIGIT = 0.001  # smaller changes need more than one decimal of per cent


def draw_demand_change(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the annual heat before and after of each type and period that changed, or nothing if none did."""
    rows = changed(published)
    if rows.is_empty():
        return []
    title = "Heat per home and year: what changed since the last release"
    words = [
        f"{_name(group, period, rows)} {text.kwh(before)} to {text.kwh(after)} ({_signed(change)})"
        for group, period, before, after, change in rows.select(COLUMNS).iter_rows()
    ]
    return [
        Exhibit(
            key="demand-change",
            title=title,
            shows="Hollow: the release before; filled: this release. Types and periods without a change are left out.",
            alternative=f"Dot chart of the annual heat per home before and after: {'; '.join(words)}.",
            chart=_chart(rows),
            tables=[tabulate(rows, DEMAND_CHANGE, COLUMNS, caption=title)],
            provenance=provenance_of_demand(published, run, trace=published.trace(DEMAND_CHANGE, COLUMNS)),
        )
    ]


def changed(published: Published) -> pl.DataFrame:
    """Return the types and periods whose annual heat is known before and after and differs, latest period first."""
    rows = published[DEMAND_CHANGE].frame.drop_nulls(["heat_kwh_mean_before", "heat_kwh_mean_after"])
    rows = rows.filter(pl.col("heat_kwh_mean_before") != pl.col("heat_kwh_mean_after"))
    return ordered(rows, "dwelling_type", PROFILE_GROUPS).sort("period", descending=True, maintain_order=True)


def _chart(rows: pl.DataFrame) -> go.Figure:
    names = [_name(group, period, rows) for group, period in rows.select("dwelling_type", "period").iter_rows()]
    inks = [palette.group_ink(group).light for group in rows["dwelling_type"]]
    before, after = rows["heat_kwh_mean_before"], rows["heat_kwh_mean_after"]
    chart = go.Figure()
    for name, low, high, ink in zip(names, before, after, inks, strict=True):
        chart.add_scatter(
            x=[low, high],
            y=[name, name],
            mode="lines",
            line={"width": 3, "color": ink},
            hoverinfo="skip",
            showlegend=False,
        )
    hollow = {"size": 12, "color": palette.PAGE.light, "line": {"width": 2.5, "color": inks}}
    change = [_signed(value) for value in rows["relative_change"]]
    for values, name, marker, labels in (
        (before, "Before", hollow, None),
        (after, "Now", {"size": 12, "color": inks}, change),
    ):
        chart.add_scatter(
            x=values, y=names, mode="markers" if labels is None else "markers+text", name=name, marker=marker, text=labels, cliponaxis=False,
            textposition="top center", showlegend=False, hovertemplate=f"{name}, %{{y}}: %{{x:,.0f}} kWh a year<extra></extra>",
        )  # fmt: skip
    style(chart, height=110 + 52 * rows.height)
    chart.update_layout(margin_t=16)
    both = pl.concat([before, after]).to_numpy()
    lowest, highest = float(both.min()), float(both.max())
    room = max(0.35 * (highest - lowest), 0.03 * highest)
    chart.update_xaxes(
        title=axis_title(HEAT_DEMAND_ANNUAL.column("heat_kwh_mean")), tickformat=",d", nticks=5,
        range=[lowest - room, highest + room],
    )  # fmt: skip
    chart.update_yaxes(type="category", range=[rows.height - 0.5, -0.7], showgrid=True)
    return chart


def _name(group: str, period: str, rows: pl.DataFrame) -> str:
    """Return the name of a type, with its period if the rows have several periods."""
    return (
        text.name_of(group) if rows["period"].n_unique() == 1 else f"{text.name_of(group)}<br>{text.in_chart(period)}"
    )


def _signed(change: float) -> str:
    digits = 1 if abs(change) >= ONE_DIGIT else 3
    return text.signed(change, digits)
