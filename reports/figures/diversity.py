"""The peak per home, which falls if many homes are served together."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import Exhibit, homes_behind, kept_note, style, tabulate, title_above
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.peaks.peak_rules import PeakRules, compare_rules
from transforms.tables.cost import ASSUMPTION
from transforms.tables.cost_analysis import DIVERSITY
from transforms.tables.heat import HEAT_DEMAND_ANNUAL

COLUMNS = ("interval_minutes", "dwellings", "households", "peak_kw_p05", "peak_kw_p50", "peak_kw_p95", "extrapolated")
RULE_ITEMS = ("thermos_diversity", "thermos_peak", "london_heat_map_peak")
RULES: Mapping[str, tuple[str, palette.Ink, str]] = {
    "thermos_factor": ("One home × (0.62 + 0.38/n)", palette.SYSTEM["gshp"], "dot"),  # noqa: RUF001 - a times sign
    "london_heat_map_alone": ("London Heat Map, each house alone", palette.SYSTEM["ashp"], "dashdot"),
    "london_heat_map": ("London Heat Map × (0.62 + 0.38/n)", palette.SYSTEM["ashp"], "dash"),  # noqa: RUF001 - a times sign
}
TITLE = "Peak heat per home when many homes are served together"


def draw_diversity(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the peak per home against the number of homes, beside published rules, or nothing.

    The longest interval reaches the largest groups and is drawn with its band; a shorter one is drawn beside it.
    """
    known = published[DIVERSITY].frame.filter(
        pl.col("peak_kw_p50").is_not_null(), dwelling_type="all", period=published.period
    )
    known = known.sort("interval_minutes", "dwellings", descending=[True, False])
    if known.is_empty():
        return []
    rows = known.filter(pl.col("interval_minutes") == pl.col("interval_minutes").max())
    short = known.filter(pl.col("interval_minutes") < pl.col("interval_minutes").max())
    rules = published_rules(published, rows)
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    return [
        Exhibit(
            key="diversity-peak",
            title=TITLE,
            shows=_shows(rows, short),
            alternative=f"Line chart of the peak per home, mean of {first['interval_minutes']} minutes: {_of(first)}, {_of(last)}; "
            f"drawn from {homes_behind(rows)}.{_rules_in_words(rules, last)}",
            chart=_chart(rows, short, rules),
            notes=[*_rule_note(rules), *kept_note(published[DIVERSITY], published.period)],
            tables=[tabulate(known, DIVERSITY, COLUMNS, caption=TITLE)],
            provenance=provenance_of_demand(published, run, trace=published.trace(DIVERSITY, COLUMNS)),
        )
    ]


def published_rules(published: Published, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the peak per home by published rules for the same groups (`rule`, `dwellings`, `peak_kw`); empty if a value is missing.

    The rules start from the annual heat of all homes, and from the median peak of one home.
    """
    figures = published[ASSUMPTION].frame.filter(pl.col("item").is_in(RULE_ITEMS))
    demand = (
        published[HEAT_DEMAND_ANNUAL]
        .frame.filter(dwelling_type="all", period=published.period)["heat_kwh_mean"]
        .drop_nulls()
    )
    one = rows.filter(dwellings=1)["peak_kw_p50"]
    if figures["item"].n_unique() < len(RULE_ITEMS) or demand.is_empty() or one.is_empty():
        return pl.DataFrame(schema={"rule": pl.String, "dwellings": pl.Int64, "peak_kw": pl.Float64})
    compared = compare_rules(
        PeakRules.from_table(figures),
        demand_kwh=demand[0],
        peak_of_one_kw=one[0],
        dwellings=rows["dwellings"].to_list(),
    )
    return compared.filter(pl.col("rule").is_in(list(RULES)))


def _shows(rows: pl.DataFrame, short: pl.DataFrame) -> str:
    """Return sentences that explain the line and the band, and dashed and dotted lines if there are any."""
    minutes = rows["interval_minutes"][0]
    told = f"Mean of {minutes} minutes in the coldest days. Line: median of random groups of homes; band: 5 to 95 % of them."
    if rows["extrapolated"].any():
        largest = rows.filter(~pl.col("extrapolated"))["dwellings"].to_list()
        told += (
            f" Solid: groups of up to {max(largest):,} of the homes; dashed: larger groups, from a fitted curve."
            if largest
            else ""
        )
    if not short.is_empty():
        told += f" Thin: the same over {short['interval_minutes'][0]} minutes."
    return told


def _of(row: dict[str, float]) -> str:
    homes = "1 home" if row["dwellings"] == 1 else f"{row['dwellings']:,} homes"
    return f"{text.number(row['peak_kw_p50'], 1)} kW for {homes}"


def _rules_in_words(rules: pl.DataFrame, last: dict[str, float]) -> str:
    at_last = rules.filter(dwellings=last["dwellings"])
    told = [f"{RULES[rule][0]}: {kw:.1f} kW" for rule, kw in at_last.select("rule", "peak_kw").iter_rows()]
    return f" By published rules, for {last['dwellings']:,} homes: {'; '.join(told)}." if told else ""


def _rule_note(rules: pl.DataFrame) -> list[str]:
    if rules.is_empty():
        return []
    told = (
        "0.62 + 0.38/n is the diversity factor of THERMOS. The London Heat Map gives every house a peak of 21.84 kW plus 0.3425 kW for "
        "each MWh a year, and adds up houses as if all peaked at once, unless a diversity factor is applied."
    )
    return [told]


def _chart(rows: pl.DataFrame, short: pl.DataFrame, rules: pl.DataFrame) -> go.Figure:
    ink = palette.DWELLING_TYPE["all"]
    drawn, beyond = rows.filter(~pl.col("extrapolated")), rows.filter("extrapolated")
    banded = rows.drop_nulls(["peak_kw_p05", "peak_kw_p95"])
    chart = go.Figure()
    for column, fill in (("peak_kw_p05", None), ("peak_kw_p95", "tonexty")):
        chart.add_scatter(
            x=banded["dwellings"], y=banded[column], mode="lines", line={"width": 0, "color": ink.light}, hoverinfo="skip",
            fill=fill, fillcolor=palette.tint(ink).light, name="5 to 95 % of groups", showlegend=fill is not None and banded.height > 1,
        )  # fmt: skip
    for of, name, dash, width in (
        (drawn, "Median of groups", "solid", 3),
        (pl.concat([drawn.tail(1), beyond]), "Median, extrapolated", "dash", 3),
        (short, f"Median over {short['interval_minutes'][0]} minutes" if short.height else "", "solid", 1.5),
    ):
        chart.add_scatter(
            x=of["dwellings"], y=of["peak_kw_p50"], mode="lines", name=name, showlegend=of.height > 1,
            line={"width": width, "color": ink.light, "dash": dash},
            hovertemplate=f"{name}, %{{x:,.0f}} homes: %{{y:.2f}} kW per home<extra></extra>",
        )  # fmt: skip
    for rule, (name, rule_ink, dash) in RULES.items():
        of = rules.filter(rule=rule)
        if not of.is_empty():
            chart.add_scatter(
                x=of["dwellings"], y=of["peak_kw"], mode="lines", name=name, line={"width": 2, "color": rule_ink.light, "dash": dash},
                hovertemplate=f"{name}, %{{x:,.0f}} homes: %{{y:.2f}} kW per home<extra></extra>",
            )  # fmt: skip
    style(chart, height=480, left_to_right=False)
    chart.update_layout(
        legend={"y": 1.1, "itemwidth": 40, "traceorder": "normal"}, margin_t=60
    )  # above the title of the axis
    chart.update_xaxes(type="log", title="Homes together", dtick=1, tickformat=",d")
    chart.update_yaxes(rangemode="tozero", zeroline=True)
    title_above(chart, "Peak per home [kW]", panel=1)
    return chart
