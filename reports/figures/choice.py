"""The cheapest system under uncertain assumptions, the break-evens that would change it, and the cost of saving carbon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.dots import chart_abatement, chart_break_evens, chart_investment, chart_performance
from reports.figures.exhibit import DataTable, Exhibit, Heading, ordered, style, tabulate
from reports.inputs import Published, RunInfo, provenance_of_analysis
from transforms.tables.cost_analysis import (
    ABATEMENT,
    BREAK_EVEN,
    LCOH_PROBABILITY,
    NETWORK_FINANCE,
    SEASONAL_PERFORMANCE,
)
from transforms.tables.schema import Table
from transforms.tables.words import PROFILE_GROUPS, SYSTEMS

INDIVIDUAL = "individual"
NOT_REACHED = "not reached"
LONGEST = 400
QUANTITIES = {
    "carbon_price": "Carbon price", "electricity_to_gas_price_ratio": "Price of electricity over that of gas",
    "spf": "Seasonal performance factor", "capital_grant": "Grant on the capital",
}  # fmt: skip
PROBABILITY_COLUMNS = ("dwelling_type", "system", "draws", "lcoh_p05", "lcoh_p50", "lcoh_p95", "cheapest_share")


def draw_probability(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw how often each individual system is the cheapest, by dwelling type, or nothing."""
    rows = rows_of_run(published, run, LCOH_PROBABILITY)
    if rows.is_empty():
        return []
    rows = ordered(rows.filter(alternatives=INDIVIDUAL, scale=INDIVIDUAL), "system", SYSTEMS)
    rows = ordered(rows, "dwelling_type", groups_in(rows))
    if rows.is_empty():
        return []
    shares = [
        f"{text.name_of(group)} {'; '.join(f'{text.name_of(s)} {text.percent(v)}' for s, v in of.select('system', 'cheapest_share').iter_rows())}"
        for (group,), of in rows.group_by("dwelling_type", maintain_order=True)
    ]
    draws = int(rows["draws"].to_numpy().min())
    return [
        back_with_rows(
            Exhibit(
                key="cheapest",
                title="How often each system is the cheapest in a home",
                shows=f"Share of {draws:,} draws of {text.DRAWN} in which no other individual system costs less per MWh of heat.",
                alternative=f"Stacked bar chart of how often each system is the cheapest: {'. '.join(shares)}.",
                chart=_probability_chart(rows),
            ),
            Analysis(LCOH_PROBABILITY, rows, PROBABILITY_COLUMNS),
            published,
            run,
        )
    ]


def _probability_chart(rows: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    for (system,), of in rows.group_by("system", maintain_order=True):
        name = text.name_of(str(system))
        chart.add_bar(
            x=100 * of["cheapest_share"], y=[text.name_of(group) for group in of["dwelling_type"]], orientation="h", name=name,
            marker_color=palette.SYSTEM[str(system)].light, hovertemplate=f"{name}, %{{y}}: %{{x:.1f}} % of draws<extra></extra>",
        )  # fmt: skip
    style(chart, height=140 + 42 * rows["dwelling_type"].n_unique())
    chart.update_layout(barmode="stack", legend_traceorder="normal", margin_t=60)
    chart.update_xaxes(title="Share of draws [%]", range=[0, 100.5], dtick=25)
    order = [text.name_of(group) for group in rows["dwelling_type"].unique(maintain_order=True)]
    chart.update_yaxes(type="category", categoryorder="array", categoryarray=order, autorange="reversed")
    return chart


def draw_break_evens(published: Published, run: RunInfo) -> list[Exhibit]:
    """Show the value of each quantity at which a system costs as much as the gas boiler, or nothing."""
    rows = rows_of_run(published, run, BREAK_EVEN)
    if rows.is_empty():
        return []
    title = "What it takes to cost as much as a gas boiler"
    headings = (
        Heading("Dwelling type"), Heading("System"), Heading("What is varied"), Heading("Unit"), Heading("Now", numeric=True),
        Heading("At break-even", numeric=True), Heading("Note"),
    )  # fmt: skip
    body = tuple(
        (
            text.name_of(row["dwelling_type"]),
            published.option(row["system"], row["scale"]),
            QUANTITIES[row["quantity"]],
            text.visible(text.show_unit("" if row["unit"] == "1" else row["unit"])),
            text.significant(row["base"]),
            NOT_REACHED if row["value"] is None else text.significant(row["value"]),
            _note(row["note"]),
        )
        for row in sort_rows(rows).iter_rows(named=True)
    )
    return [
        back_with_rows(
            Exhibit(
                key="break-even",
                title=title,
                shows="Each mark changes one quantity alone until a system in a home costs as much as the gas boiler. Dashed: where it stands now. "
                "The table has networks too, and what cannot be reached.",
                alternative=f"Dot chart of break-even values against a gas boiler by dwelling type and system; table of {rows.height} rows.",
                chart=chart_break_evens(rows),
                tables=[DataTable(title, headings, body)],
            ),
            Analysis(BREAK_EVEN, rows, ("system", "scale", "quantity", "base", "value", "note")),
            published,
            run,
        )
    ]


def draw_abatement(published: Published, run: RunInfo) -> list[Exhibit]:
    """Show the carbon dioxide that each system saves and the cost per tonne, or nothing."""
    rows = rows_of_run(published, run, ABATEMENT)
    if rows.is_empty():
        return []
    columns = (
        "dwelling_type",
        "system",
        "scale",
        "reference",
        "grid",
        "co2_saved_kg_per_year",
        "cost_gbp_per_tonne",
        "note",
    )
    return [
        back_with_rows(
            Exhibit(
                key="abatement",
                title="What saving a tonne of carbon dioxide costs",
                shows="Extra cost of heat over the carbon dioxide saved against a new gas boiler, with the emissions of average electricity and "
                "without any price of carbon. The table has other comparisons too.",
                alternative=f"Dot chart of the cost of a tonne of carbon dioxide saved by dwelling type and system; table of {rows.height} rows.",
                chart=chart_abatement(rows),
            ),
            Analysis(ABATEMENT, sort_rows(rows), columns),
            published,
            run,
        )
    ]


def draw_finance(published: Published, run: RunInfo) -> list[Exhibit]:
    """Show the value of each network as an investment, or nothing."""
    rows = published.rows_of(NETWORK_FINANCE)
    if not rows.is_empty():
        rows = rows.filter(scenario=run.scenario).sort("dwellings", "connection_years")
    if rows.is_empty():
        return []
    columns = (
        "scale", "dwellings", "connection_years", "heat_tariff_gbp_per_mwh", "npv_gbp_per_dwelling", "irr", "payback_years",
        "minimum_tariff_gbp_per_mwh", "maximum_grant_gbp_per_dwelling", "note",
    )  # fmt: skip
    return [
        back_with_rows(
            Exhibit(
                key="finance",
                title="A heat network as an investment",
                shows="Break-even tariff: the price of heat at which a network just pays. Dashed: the tariff that the value, return and payback in "
                "the table assume.",
                alternative=f"Dot chart of the break-even tariff of networks by number of homes; table of {rows.height} rows.",
                chart=chart_investment(rows),
            ),
            Analysis(NETWORK_FINANCE, rows, columns),
            published,
            run,
        )
    ]


def draw_performance(published: Published, run: RunInfo) -> list[Exhibit]:
    """Show the seasonal performance of heat pumps beside the results of field trials, or nothing."""
    rows = published.rows_of(SEASONAL_PERFORMANCE)
    if rows.is_empty():
        return []
    columns = (
        "dwelling_type", "source", "load", "spf_space", "spf_hot_water", "spf", "cop_coldest_hour", "field_low", "field_high",
    )  # fmt: skip
    told = rows.with_columns(scenario=pl.lit(run.scenario), convention=pl.lit(run.convention))
    return [
        back_with_rows(
            Exhibit(
                key="performance",
                title="Performance of heat pumps over the hours of the year",
                shows="Heat over electricity in the weather and at the load of the study period. Grey: the range of field trials in the UK.",
                alternative=f"Dot chart of seasonal performance factors by dwelling type beside field trials; table of {rows.height} rows.",
                chart=chart_performance(rows),
            ),
            Analysis(SEASONAL_PERFORMANCE, told, columns),
            published,
            run,
        )
    ]


def rows_of_run(published: Published, run: RunInfo, table: Table) -> pl.DataFrame:
    """Return the rows of an analysis in the run's scenario and convention."""
    return published.rows_of(table).filter(scenario=run.scenario, convention=run.convention)


def groups_in(rows: pl.DataFrame) -> list[str]:
    """Return the dwelling types in the order of all figures, and other types after them."""
    found = set(rows["dwelling_type"])
    return [name for name in PROFILE_GROUPS if name in found] + sorted(found - set(PROFILE_GROUPS))


def sort_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows by dwelling type and system, in the order of all figures."""
    rows = rows.sort(pl.col("system").cast(pl.Enum(SYSTEMS)), maintain_order=True)
    return ordered(rows, "dwelling_type", groups_in(rows))


def _note(note: str | None) -> str:
    return text.NOTHING if note is None else text.visible(text.show_unit(note), LONGEST)


@dataclass(frozen=True, slots=True)
class Analysis:
    """The rows of an analysis of costs behind a figure, and the columns that the figure shows."""

    table: Table
    rows: pl.DataFrame
    columns: Sequence[str]


def back_with_rows(exhibit: Exhibit, analysis: Analysis, published: Published, run: RunInfo) -> Exhibit:
    """Return the figure with its rows and their source; the rows become its table if it has none."""
    measured = analysis.rows["period"].first() != "paper"
    trace = published.trace(analysis.table, analysis.columns)
    return replace(
        exhibit,
        rests_on_homes=measured,
        tables=exhibit.tables or [tabulate(analysis.rows, analysis.table, analysis.columns, caption=exhibit.title)],
        data=analysis.rows,
        provenance=provenance_of_analysis(published, run, trace=trace, rows=analysis.rows, measured=measured),
    )
