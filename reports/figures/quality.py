"""What became of the data: homes by selection step, and readings by flag."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import NAME_WIDTH, DataTable, Exhibit, Heading, style, why_missing, wrapped
from reports.inputs import RunInfo, SiteInputs, provenance_of_demand
from transforms.tables import FLAG_COUNT, FLAGS, SELECTION_FUNNEL

MANY_DECADES = 3  # from here on a phone has room for the label of every second one


def draw_funnel(inputs: SiteInputs, run: RunInfo) -> Exhibit:
    """Draw the homes left after each selection step of the shown period."""
    rows = inputs.funnel.frame.filter(period=inputs.period).sort("step")
    few = f"fewer than {inputs.funnel.threshold}"
    shown = [few if homes is None else f"{homes:,}" for homes in rows["households"]]
    steps = "; ".join(f"{step}: {homes}" for step, homes in zip(rows["criterion"], shown, strict=True))
    counted = rows["households"].count() > 0
    body = tuple(zip([str(step) for step in rows["step"]], rows["criterion"].to_list(), shown, strict=True))
    headings = (Heading("Step", numeric=True), Heading("Criterion"), Heading("Homes left, rounded to 10", numeric=True))
    trace = inputs.trace(SELECTION_FUNNEL, ("criterion", "households"))
    return Exhibit(
        key="selection",
        title="Which homes enter the figures",
        shows=f"Homes left after each selection step of the period {inputs.period}, rounded to 10."
        if inputs.period
        else "Homes left after each selection step.",
        alternative=f"Bar chart of homes left after each step: {steps}.",
        chart=_funnel_chart(rows, shown) if counted else None,
        missing=None if counted else why_missing([inputs.funnel], otherwise="no study period"),
        tables=[DataTable(f"Selection of homes, {inputs.period}", headings, body)] if body else [],
        provenance=provenance_of_demand(inputs, run, trace=trace),
    )


def _funnel_chart(rows: pl.DataFrame, shown: list[str]) -> go.Figure:
    chart = go.Figure(
        go.Bar(
            x=rows["households"].fill_null(0), y=[wrapped(name, NAME_WIDTH) for name in rows["criterion"]], orientation="h",
            marker_color=palette.OTHER_GROUP.light, text=shown, textposition="outside", cliponaxis=False,
            textangle=0, constraintext="none", hovertemplate="%{y}: %{text} homes<extra></extra>",
        )
    )  # fmt: skip
    style(chart, height=90 + 64 * rows.height)
    chart.update_layout(margin_t=8)
    chart.update_xaxes(
        title="Homes left", tickformat=",d", range=[0, 1.22 * int(rows["households"].drop_nulls().to_numpy().max())]
    )
    chart.update_yaxes(type="category", autorange="reversed")
    return chart


def draw_flags(inputs: SiteInputs, run: RunInfo) -> Exhibit:
    """Draw the share of readings that carry each flag other than ok."""
    rows = inputs.flags.frame.sort("readings", descending=True, nulls_last=True)
    few = f"fewer than {inputs.flags.threshold}"
    faulty = rows.filter(pl.col("flag") != "ok", pl.col("readings") > 0)
    good = rows.filter(flag="ok")["share"].sum()
    percent = [text.assumed(float(f"{100 * share:.2g}")) for share in faulty["share"]]
    worst = "; ".join(f"{text.name_of(flag)} {share} %" for flag, share in zip(faulty["flag"], percent, strict=True))
    titles = (Heading("Flag"), Heading("Readings", numeric=True), Heading("Share of readings [%]", numeric=True))
    body = tuple(
        (text.name_of(flag), few, text.NOTHING)
        if readings is None
        else (text.name_of(flag), f"{readings:,}", text.assumed(float(f"{100 * share:.3g}")))
        for flag, readings, share in rows.select("flag", "readings", "share").iter_rows()
    )
    missing = why_missing([inputs.flags], otherwise="no readings yet") if rows.is_empty() else None
    if missing is None and faulty.is_empty():
        missing = "no reading carries a flag other than ok"
    return Exhibit(
        key="flags",
        title="Readings that do not count, by flag",
        shows=f"Share of all delivered readings that carry a flag; {100 * good:.2f} % carry none and count. The axis is logarithmic.",
        alternative=f"Dot chart of the share of flagged readings: {worst}.",
        chart=None if missing else _flag_chart(faulty, percent),
        missing=missing,
        notes=[
            f"A reading carries the first flag that fits, of: {', '.join(text.name_of(flag).lower() for flag in FLAGS[1:])}."
        ],
        tables=[DataTable("Readings by flag, all sources", titles, body)] if body else [],
        provenance=provenance_of_demand(inputs, run, trace=inputs.trace(FLAG_COUNT, ("flag", "readings"))),
    )


def _flag_chart(faulty: pl.DataFrame, percent: list[str]) -> go.Figure:
    chart = go.Figure(
        go.Scatter(
            x=100 * faulty["share"], y=[text.name_of(flag) for flag in faulty["flag"]], mode="markers+text",
            text=[f"{value} %" for value in percent], textposition="middle right", cliponaxis=False,
            marker={"size": 11, "color": palette.COST_PART["carbon"].light},
            hovertemplate="%{y}: %{text} of readings<extra></extra>",
        )
    )  # fmt: skip
    shares = faulty["share"].to_numpy()
    decades = math.log10(shares.max() / shares.min())
    style(chart, height=100 + 38 * faulty.height)
    chart.update_layout(margin={"t": 8, "r": 70})
    chart.update_xaxes(
        type="log",
        title="Share of readings [%]",
        dtick=1 if decades < MANY_DECADES else 2,
        tickformat="~g",
        tickangle=0,
    )
    chart.update_yaxes(type="category", autorange="reversed", showgrid=True)
    return chart
