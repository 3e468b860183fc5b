"""Ranges of costs: over the homes of a type, and under uncertain assumptions."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.choice import INDIVIDUAL, Analysis, back_with_rows, rows_of_run, sort_rows
from reports.figures.exhibit import Exhibit, axis_title, style, tabulate
from reports.inputs import Published, RunInfo
from transforms.tables.cost import LCOH
from transforms.tables.cost_analysis import LCOH_DISTRIBUTION, LCOH_PROBABILITY
from transforms.tables.published import LCOH_QUANTILE
from transforms.tables.words import SYSTEMS

SPREAD = 0.24  # distance between the systems of one dwelling type, in rows
DISTRIBUTION_COLUMNS = (
    "dwelling_type", "system", "households", "lcoh_at_mean_gbp_per_mwh", "lcoh_at_mean_ci_low", "lcoh_at_mean_ci_high",
    "lcoh_mean_gbp_per_mwh", "gap_expected_gbp_per_mwh", "demand_variation",
)  # fmt: skip
QUANTILE_COLUMNS = ("dwelling_type", "system", "quantile", "households", "demand_kwh", "lcoh_gbp_per_mwh")
MEAN_EXCEEDS = (
    "A home that needs little heat pays nearly as much for its system as one that needs much: so the mean of the homes' costs "
    "exceeds the cost at their mean demand."
)
RANGE_COLUMNS = ("dwelling_type", "system", "draws", "lcoh_p05", "lcoh_p50", "lcoh_p95")


def draw_distribution(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw how much the costs of homes differ, their mean, and the cost at their mean demand, or nothing."""
    rows = rows_of_run(published, run, LCOH_DISTRIBUTION)
    if rows.is_empty():
        return []
    rows, quantiles = sort_rows(rows), rows_of_run(published, run, LCOH_QUANTILE)
    means = rows.drop_nulls("lcoh_mean_gbp_per_mwh")
    gaps = [
        f"{text.name_of(group)}, {text.name_of(system)}: {text.gbp(mean)} against {text.gbp(at_mean)}"
        for group, system, mean, at_mean in means.select(
            "dwelling_type", "system", "lcoh_mean_gbp_per_mwh", "lcoh_at_mean_gbp_per_mwh"
        ).iter_rows()
    ]
    shows = "Hollow: cost at the homes' mean demand, with its 95 % interval of sampling of homes only."
    if not means.is_empty():
        shows = f"Filled: mean of the costs of the homes. {shows}"
    if not quantiles.is_empty():
        shows += " Wide line: from the homes that use most to those that use least, as far as they may be shown."
    title = "How far the cost of heat differs from home to home"
    of_quantiles = (
        []
        if quantiles.is_empty()
        else [
            tabulate(
                sort_rows(quantiles), LCOH_QUANTILE, QUANTILE_COLUMNS, caption="Cost of homes by how much they use"
            )
        ]
    )
    return [
        back_with_rows(
            Exhibit(
                key="cost-of-homes",
                title=title,
                shows=shows,
                alternative=f"Dot chart of the mean cost of homes beside the cost at mean demand, per MWh. {'; '.join(gaps) or 'No mean is shown'}.",
                chart=_distribution_chart(rows, quantiles),
                notes=[] if means.is_empty() else [MEAN_EXCEEDS],
                tables=[tabulate(rows, LCOH_DISTRIBUTION, DISTRIBUTION_COLUMNS, caption=title), *of_quantiles],
            ),
            Analysis(LCOH_DISTRIBUTION, rows, DISTRIBUTION_COLUMNS),
            published,
            run,
        )
    ]


def _distribution_chart(rows: pl.DataFrame, quantiles: pl.DataFrame) -> go.Figure:
    chart, groups = go.Figure(), rows["dwelling_type"].unique(maintain_order=True).to_list()
    for system, of, at in _by_system(rows, groups):
        name, ink, symbol = text.name_of(system), palette.SYSTEM[system].light, palette.SYSTEM_SYMBOL[system]
        if not quantiles.is_empty():
            cost = pl.col("lcoh_gbp_per_mwh")
            ends = of.select("dwelling_type").join(
                quantiles.filter(system=system).group_by("dwelling_type").agg(low=cost.min(), high=cost.max()),
                on="dwelling_type", how="left", maintain_order="left",
            )  # fmt: skip
            chart.add_scatter(
                **_bars_between(ends["low"], ends["high"], at, palette.tint(palette.SYSTEM[system]).light, width=9)
            )
        at_mean = of["lcoh_at_mean_gbp_per_mwh"]
        for values, filled in ((at_mean, False), (of["lcoh_mean_gbp_per_mwh"], True)):
            what = "mean of the homes' costs" if filled else "cost at mean demand"
            chart.add_scatter(
                x=values, y=at, mode="markers", name=name, showlegend=filled, customdata=_named(of, groups),
                marker={"symbol": symbol, "size": 10, "color": ink if filled else palette.PAGE.light, "line": {"width": 2, "color": ink}},
                error_x=None if filled else {
                    "type": "data", "symmetric": False, "thickness": 1.5, "width": 3, "color": palette.PUBLISHED.light,
                    "array": (of["lcoh_at_mean_ci_high"] - at_mean).fill_null(0), "arrayminus": (at_mean - of["lcoh_at_mean_ci_low"]).fill_null(0),
                },
                hovertemplate=f"{name}, %{{customdata}}, {what}: £%{{x:.1f}} per MWh<extra></extra>",
            )  # fmt: skip
    return _frame(chart, rows, groups)


def draw_cost_ranges(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the range of the cost of each individual system under uncertain assumptions, or nothing."""
    rows = rows_of_run(published, run, LCOH_PROBABILITY)
    if not rows.is_empty():
        rows = sort_rows(rows.filter(alternatives=INDIVIDUAL, scale=INDIVIDUAL))
    if rows.is_empty():
        return []
    draws = int(rows["draws"].to_numpy().min())
    told = [
        f"{text.name_of(group)}, {text.name_of(system)}: {text.gbp(low)} to {text.gbp(high)}, median {text.gbp(middle)}"
        for group, system, low, middle, high in rows.select("dwelling_type", "system", *RANGE_COLUMNS[3:]).iter_rows()
    ]
    return [
        back_with_rows(
            Exhibit(
                key="cost-ranges",
                title="How uncertain the cost of heat is, home by home",
                shows=f"Mark: median of {draws:,} draws of {text.DRAWN}; line: from 5 to 95 % of the draws.",
                alternative=f"Range chart of the levelised cost per MWh by dwelling type and system. {'; '.join(told)}.",
                chart=_range_chart(rows),
                notes=[
                    "Systems share most assumptions of a draw, prices above all: that two lines overlap does not say how often one is the cheaper."
                ],
            ),
            Analysis(LCOH_PROBABILITY, rows, RANGE_COLUMNS),
            published,
            run,
        )
    ]


def _range_chart(rows: pl.DataFrame) -> go.Figure:
    chart, groups = go.Figure(), rows["dwelling_type"].unique(maintain_order=True).to_list()
    for system, of, at in _by_system(rows, groups):
        name, ink = text.name_of(system), palette.SYSTEM[system].light
        chart.add_scatter(**_bars_between(of["lcoh_p05"], of["lcoh_p95"], at, ink, width=3))
        ends = [f"£{low:.0f} to £{high:.0f}" for low, high in of.select("lcoh_p05", "lcoh_p95").iter_rows()]
        chart.add_scatter(
            x=of["lcoh_p50"], y=at, mode="markers", name=name, customdata=list(zip(_named(of, groups), ends, strict=True)),
            marker={"symbol": palette.SYSTEM_SYMBOL[system], "size": 11, "color": ink},
            hovertemplate=f"{name}, %{{customdata[0]}}: £%{{x:.0f}} per MWh, 5 to 95 %: %{{customdata[1]}}<extra></extra>",
        )  # fmt: skip
    return _frame(chart, rows, groups)


def _by_system(rows: pl.DataFrame, groups: Sequence[str]) -> list[tuple[str, pl.DataFrame, list[float]]]:
    """Return the rows of each system with their heights, one above the other within a dwelling type."""
    systems = [system for system in SYSTEMS if system in set(rows["system"])]
    found = []
    for rank, system in enumerate(systems):
        of = rows.filter(system=system)
        shift = SPREAD * (rank - (len(systems) - 1) / 2)
        found.append((system, of, [groups.index(group) + shift for group in of["dwelling_type"]]))
    return found


def _bars_between(low: pl.Series, high: pl.Series, at: list[float], ink: str, *, width: float) -> dict[str, object]:
    """Return one line per row, from its low to its high value, as a trace with gaps."""
    x = [value for pair in zip(low, high, strict=True) for value in (*pair, None)]
    y = [value for height in at for value in (height, height, None)]
    return {
        "x": x,
        "y": y,
        "mode": "lines",
        "line": {"width": width, "color": ink},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _named(rows: pl.DataFrame, groups: Sequence[str]) -> list[str]:
    names = {group: text.name_of(group) for group in groups}
    return [names[group] for group in rows["dwelling_type"]]


def _frame(chart: go.Figure, rows: pl.DataFrame, groups: Sequence[str]) -> go.Figure:
    homes = dict(rows.select("dwelling_type", "households").iter_rows()) if "households" in rows.columns else {}
    names = [
        text.name_of(group) + (f"<br>{homes[group]:,}\N{NO-BREAK SPACE}homes" if group in homes else "")
        for group in groups
    ]
    style(chart, height=150 + 62 * len(groups))
    chart.update_layout(showlegend=True, margin_t=48)
    costs = [value for trace in chart.data for value in trace.x if value is not None]
    room = 0.04 * (max(costs) - min(costs))
    chart.update_xaxes(
        title=axis_title(LCOH.column("lcoh_gbp_per_mwh")), tickprefix="£", range=[min(costs) - room, max(costs) + room]
    )
    chart.update_yaxes(
        range=[len(groups) - 0.5, -0.5], tickvals=list(range(len(groups))), ticktext=names, showgrid=False
    )
    for border in range(1, len(groups)):
        chart.add_hline(
            y=border - 0.5, line={"width": 1, "color": palette.OTHER_GROUP.light, "dash": "dot"}, opacity=0.5
        )
    return chart
