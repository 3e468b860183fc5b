"""The cost of the same heat to society and to the household, and by different projections of prices."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.cost import draw_individual, options
from reports.figures.exhibit import Exhibit, axis_title, style, tabulate
from reports.inputs import Published, RunInfo, provenance_of_analysis
from transforms.lcoh.model.conventions import lenses_beside
from transforms.tables.cost import LCOH
from transforms.tables.words import SYSTEMS

TITLE = "The same heat to society and to the household, by scenario"
COLUMNS = (
    "scenario",
    "convention",
    "perspective",
    "price_year",
    "start_year",
    "system",
    "scale",
    "demand_kwh",
    "lcoh_gbp_per_mwh",
)
TO_WHOM = {"social": "to society", "private": "to the household"}
SYSTEMS_SHOWN = [name for name in SYSTEMS if name != "network"]


def draw_individual_beside(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the cost of the individual systems by the other lens, or nothing if the release has none."""
    return [
        replace(
            of_lens := draw_individual(published, replace(run, convention=name)),
            key=f"cost-individual-{name.replace('_', '-')}",
            title=f"The same {_to_whom(published, run, name)}, by dwelling type",
            notes=[*of_lens.notes, LENS_NOTE],
        )
        for name in _beside(published, run)
    ]


def draw_readings(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the individual systems at one demand by each present scenario and each lens, or nothing if there is only one."""
    names = [run.convention, *_beside(published, run)]
    held = published[LCOH].frame.filter(pl.col("convention").is_in(names), demand_basis="measured")
    scenarios = [run.scenario, *sorted(set(held["scenario"]) - {run.scenario, run.paper_scenario})]
    if len(names) * len(scenarios) < 2 or held.filter(scenario=run.scenario).is_empty():  # noqa: PLR2004 - nothing beside it
        return []
    served = options(published, run).row(0, named=True)
    rows = held.filter(
        pl.col("system").is_in(SYSTEMS_SHOWN), pl.col("scenario").is_in(scenarios), period=published.period,
        dwelling_type=served["dwelling_type"],
    ).sort(
        pl.col("scenario").cast(pl.Enum(scenarios)), pl.col("convention").cast(pl.Enum(names)), "lcoh_gbp_per_mwh"
    )  # fmt: skip
    if rows.is_empty():
        return []
    chart, order = (
        go.Figure(),
        [_named(*key) for key in rows.select("scenario", "perspective").unique(maintain_order=True).iter_rows()],
    )
    for system in SYSTEMS_SHOWN:
        of = rows.filter(system=system)
        chart.add_scatter(
            x=of["lcoh_gbp_per_mwh"], y=[_named(*key) for key in of.select("scenario", "perspective").iter_rows()], mode="markers",
            name=text.name_of(system), marker={"symbol": palette.SYSTEM_SYMBOL[system], "size": 11, "color": palette.SYSTEM[system].light},
            hovertemplate=f"{text.name_of(system)}: £%{{x:.0f}} per MWh<extra></extra>",
        )  # fmt: skip
    style(chart, height=150 + 48 * len(order))
    chart.update_xaxes(title=axis_title(LCOH.column("lcoh_gbp_per_mwh")), tickprefix="£", rangemode="tozero")
    chart.update_yaxes(type="category", categoryorder="array", categoryarray=order, autorange="reversed", showgrid=True)
    cheapest = rows.group_by("scenario", "perspective", maintain_order=True).first()
    told = [
        f"{_named(row['scenario'], row['perspective']).replace('<br>', ' ')}: {text.name_of(row['system']).lower()} {text.gbp(row['lcoh_gbp_per_mwh'])}"
        for row in cheapest.iter_rows(named=True)
    ]
    return [
        Exhibit(
            key="cost-readings",
            title=TITLE,
            shows=f"Levelised cost of heat at {text.kwh(served['demand_kwh'])} a year, in prices of {rows['price_year'][0]}, for systems "
            f"bought in {rows['start_year'][0]}, by scenario of prices and by who pays.",
            alternative=f"Dot chart; the cheapest each time: {'; '.join(told)} per MWh.",
            chart=chart,
            notes=[LENS_NOTE, PRICES_NOTE],
            tables=[tabulate(rows, LCOH, COLUMNS, caption=TITLE)],
            data=rows,
            provenance=provenance_of_analysis(published, run, trace=published.trace(LCOH, COLUMNS), rows=rows, measured=True),
        )
    ]  # fmt: skip


LENS_NOTE = (
    "To the household: retail prices with VAT, the standing charge of gas, no price of carbon beyond them, and a discount rate of 7 %; the grant "
    "for heat pumps is not deducted. To society: no taxes, the Green Book's value of carbon, and its discount rate of 3.5 %, falling later."
)
PRICES_NOTE = (
    "Electricity prices fall until 2050 in desnz2023 (Green Book, 2023) and rise in current2026 (price cap, then the wholesale prices of DESNZ's "
    "projections of February 2026)."
)


def _beside(published: Published, run: RunInfo) -> list[str]:
    known = published[LCOH].frame.filter(scenario=run.scenario)["convention"].unique()
    return [name for name in lenses_beside(run.convention) if name in known and name != run.convention]


def _to_whom(published: Published, run: RunInfo, convention: str) -> str:
    return (
        f"cost {to_whom(published[LCOH].frame.filter(scenario=run.scenario, convention=convention)['perspective'][0])}"
    )


def to_whom(perspective: str) -> str:
    """Return who pays a cost, in words."""
    return TO_WHOM.get(perspective, perspective)


def _named(scenario: str, perspective: str) -> str:
    return f"{scenario},<br>{to_whom(perspective)}"
