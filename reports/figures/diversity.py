"""How far the peak per home falls when many homes are served together."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import Exhibit, homes_behind, kept_note, style, tabulate, title_above
from reports.inputs import RunInfo, SiteInputs, provenance_of_demand
from transforms.tables import DIVERSITY

COLUMNS = ("dwellings", "households", "peak_kw_p05", "peak_kw_p50", "peak_kw_p95", "extrapolated")


def draw_diversity(inputs: SiteInputs, run: RunInfo) -> list[Exhibit]:
    """Draw the peak per home against the number of homes, over the shortest interval there is, or nothing."""
    if inputs.diversity is None:
        return []
    rows = inputs.diversity.frame.filter(pl.col("peak_kw_p50").is_not_null(), dwelling_type="all", period=inputs.period)
    rows = rows.filter(pl.col("interval_minutes") == pl.col("interval_minutes").min()).sort("dwellings")
    if rows.is_empty():
        return []
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    minutes = first["interval_minutes"]
    dashed = " Dashed: beyond the homes that were measured, from a fitted curve." if rows["extrapolated"].any() else ""
    title = "Peak heat per home when many homes are served together"
    return [
        Exhibit(
            key="diversity-peak",
            title=title,
            shows=f"Mean of {minutes} minutes in the coldest days. Line: median of random groups of homes; band: 5 to 95 % of them." + dashed,
            alternative=f"Line chart of the peak per home: {_of(first)}, {_of(last)}; drawn from {homes_behind(rows)}.",
            chart=_chart(rows),
            notes=kept_note(inputs.diversity, inputs.period),
            tables=[tabulate(rows, DIVERSITY, COLUMNS, caption=title)],
            provenance=provenance_of_demand(inputs, run, trace=inputs.trace(DIVERSITY, COLUMNS)),
        )
    ]  # fmt: skip


def _of(row: dict[str, float]) -> str:
    homes = "1 home" if row["dwellings"] == 1 else f"{row['dwellings']:,} homes"
    return f"{text.number(row['peak_kw_p50'], 1)} kW for {homes}"


def _chart(rows: pl.DataFrame) -> go.Figure:
    ink = palette.DWELLING_TYPE["all"]
    measured, beyond = rows.filter(~pl.col("extrapolated")), rows.filter("extrapolated")
    chart = go.Figure()
    for column, fill in (("peak_kw_p05", None), ("peak_kw_p95", "tonexty")):
        chart.add_scatter(
            x=rows["dwellings"], y=rows[column], mode="lines", line={"width": 0, "color": ink.light}, hoverinfo="skip",
            fill=fill, fillcolor=palette.tint(ink).light, name="5 to 95 % of groups", showlegend=fill is not None,
        )  # fmt: skip
    for of, name, dash in (
        (measured, "Median, measured", "solid"),
        (pl.concat([measured.tail(1), beyond]), "Median, extrapolated", "dash"),
    ):
        chart.add_scatter(
            x=of["dwellings"], y=of["peak_kw_p50"], mode="lines", name=name, showlegend=of.height > 1,
            line={"width": 3, "color": ink.light, "dash": dash},
            hovertemplate="%{x:,.0f} homes: %{y:.2f} kW per home<extra></extra>",
        )  # fmt: skip
    style(chart, height=420, left_to_right=False)
    chart.update_layout(margin_t=104, legend_y=1.1)  # above the title of the axis
    chart.update_xaxes(type="log", title="Homes together", dtick=1, tickformat=",d")
    chart.update_yaxes(rangemode="tozero")
    title_above(chart, "Peak per home [kW]", panel=1)
    return chart
