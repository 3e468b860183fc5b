"""The differences between homes of one type: quantiles of their annual heat."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.demand import NO_PERIOD
from reports.figures.exhibit import (
    DataTable,
    Exhibit,
    Heading,
    axis_title,
    hidden_note,
    kept_note,
    ordered,
    partly_note,
    style,
    why_missing,
)
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.published import HEAT_DEMAND_QUANTILE
from transforms.tables.words import DWELLING_TYPES_OR_UNKNOWN, PROFILE_GROUPS

MEDIAN, MIDDLE_HALF = 0.5, (0.25, 0.75)
MEAN_OF_TEN = (
    "Each point is the mean of the ten homes nearest to it. The spread is that of homes, not the uncertainty of a mean."
)
COLUMNS = ("dwelling_type", "quantile", "households", "heat_kwh_annual")


def draw_spread(published: Published, run: RunInfo) -> Exhibit:
    """Draw the quantiles of the homes' annual heat by dwelling type."""
    frame = published[HEAT_DEMAND_QUANTILE].frame.filter(
        pl.col("heat_kwh_annual").is_not_null(), period=published.period
    )
    rows = ordered(frame.sort("quantile"), "dwelling_type", PROFILE_GROUPS)
    missing = None
    if rows.is_empty():
        missing = why_missing([published[HEAT_DEMAND_QUANTILE], published[HEAT_DEMAND_ANNUAL]], otherwise=NO_PERIOD)
    return Exhibit(
        key="spread",
        title="How much homes of one type differ",
        shows="Circle: the median, half of the homes use less. Thick line: the middle half of the homes. Thin line: from the lowest to the highest "
        "share of homes that may be shown (small dots).",
        alternative=f"Range chart of the annual heat of homes by dwelling type: {'; '.join(_ranges(rows))}.",
        chart=None if missing else _spread_chart(rows),
        missing=missing,
        notes=[
            MEAN_OF_TEN,
            *hidden_note(published[HEAT_DEMAND_ANNUAL], published.period),
            *_without_quantile(published, rows),
            *partly_note(published[HEAT_DEMAND_QUANTILE], published.period, shown=rows),
            *kept_note(published[HEAT_DEMAND_QUANTILE], published.period),
        ],
        tables=[] if missing else [_table(rows, published.period)],
        data=rows,
        provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_DEMAND_QUANTILE, COLUMNS)),
    )


def _without_quantile(published: Published, rows: pl.DataFrame) -> list[str]:
    """Return a sentence on types with an annual demand but no quantile, and one on all homes together."""
    demand = (
        published[HEAT_DEMAND_ANNUAL].frame.filter(period=published.period).join(rows, on="dwelling_type", how="anti")
    )
    names = [
        text.name_of(name) for name in ordered(demand, "dwelling_type", DWELLING_TYPES_OR_UNKNOWN)["dwelling_type"]
    ]
    notes = [f"Not shown: {text.listed(names)} (too few homes, or a quantile would tell some apart)."] if names else []
    if not rows.is_empty() and "all" in set(demand["dwelling_type"]):
        notes.append("All homes together are not shown: beside the types, their quantiles would tell homes apart.")
    return notes


def _spread_chart(rows: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    names, homes = [], []
    for (group,), of_group in rows.group_by("dwelling_type", maintain_order=True):
        name, ink = text.name_of(str(group)), palette.group_ink(str(group)).light
        names.append(name)
        homes.append(f"{name}<br>{of_group['households'][0]:,}\N{NO-BREAK SPACE}homes")
        middle = of_group.filter(pl.col("quantile").is_in(MIDDLE_HALF))
        for part, width in ((of_group, 2), (middle, 12)):
            chart.add_scatter(
                x=[part["heat_kwh_annual"].first(), part["heat_kwh_annual"].last()], y=[name, name], mode="lines",
                line={"width": width, "color": ink}, hoverinfo="skip", showlegend=False,
            )  # fmt: skip
        at_median = pl.Series([q == MEDIAN for q in of_group["quantile"]])
        chart.add_scatter(
            x=of_group["heat_kwh_annual"], y=[name] * of_group.height, mode="markers+text", showlegend=False,
            text=[text.number(x) if median else "" for x, median in zip(of_group["heat_kwh_annual"], at_median, strict=True)],
            textposition="top center", cliponaxis=False, customdata=[percent(q) for q in of_group["quantile"]],
            marker={
                "size": [13 if median else 7 for median in at_median],
                "opacity": 1,
                "color": [palette.PAGE.light if median else ink for median in at_median],
                "line": {"width": [3 if median else 0 for median in at_median], "color": ink},
            },
            hovertemplate="%{y}: %{customdata} of homes use less than about %{x:,.0f} kWh a year<extra></extra>",
        )  # fmt: skip
    style(chart, height=100 + 58 * len(names))
    chart.update_layout(margin_t=16)
    chart.update_xaxes(
        title=axis_title(HEAT_DEMAND_QUANTILE.column("heat_kwh_annual")), tickformat=",d", rangemode="tozero"
    )
    chart.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=names,
        tickvals=names,
        ticktext=homes,
        range=[len(names) - 0.5, -0.6],
    )
    return chart


def _ranges(rows: pl.DataFrame) -> list[str]:
    heat = pl.col("heat_kwh_annual")
    ends = rows.group_by("dwelling_type", maintain_order=True).agg(low=heat.first(), high=heat.last())
    return [f"{text.name_of(group)} {text.number(low)} to {text.kwh(high)}" for group, low, high in ends.iter_rows()]


def _table(rows: pl.DataFrame, period: str) -> DataTable:
    shares = sorted(set(rows["quantile"]))
    headings = [Heading("Dwelling type"), Heading("Homes, rounded to 10", numeric=True)]
    headings += [Heading(f"{percent(q)} of homes below [kWh/yr]", numeric=True) for q in shares]
    body = []
    for (group,), of_group in rows.group_by("dwelling_type", maintain_order=True):
        heat = dict(of_group.select("quantile", "heat_kwh_annual").iter_rows())
        homes = f"{of_group['households'][0]:,}"
        body.append((text.name_of(str(group)), homes, *(text.number(heat.get(q)) for q in shares)))
    return DataTable(f"Annual heat of homes by dwelling type, {period}", tuple(headings), tuple(body))


def percent(share: float) -> str:
    """Return a share as a percentage with all its digits."""
    return f"{text.assumed(round(100 * share, 4))} %"
