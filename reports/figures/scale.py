"""The cost of a network by the trench that London's neighbourhoods need, and by the share of homes that connect."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import NAME_WIDTH, DataTable, Exhibit, Heading, axis_title, style, wrapped
from reports.inputs import Published, RunInfo, provenance_of_analysis
from transforms.tables.areas import AREA_LCOH
from transforms.tables.cost import LCOH

LEVEL: Final = "msoa"
COLUMNS: Final = ("level", "width_rule", "connection_share", "system", "lcoh_gbp_per_mwh")
ENDS: Final = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
TRENCH: Final = {"2011": "shorter trench", "2019": "longer trench"}  # by the formula for its length
TITLE: Final = "Cost of a network by neighbourhood of London"


def draw_trench(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the cost of networks over neighbourhoods by connection, or nothing if there are no areas."""
    rows = trench_costs(published)
    networks = rows.filter(system="network")
    if networks.is_empty():
        return []
    of_areas = published[AREA_LCOH].frame.filter(demand_basis=rows["demand_basis"][0])
    return [
        Exhibit(
            key="network-trench",
            title=TITLE,
            shows=f"Levelised cost per MWh of heat delivered in {networks['areas'][0]:,} neighbourhoods (MSOAs), by the share of homes that "
            "connect and by two estimates of the trench. Mark: median; line: from 10 to 90 % of the neighbourhoods. Rows below: systems in "
            "the same homes.",
            alternative=f"Range chart of the cost of heat over neighbourhoods. {'; '.join(_in_words(rows))}.",
            chart=_chart(rows),
            notes=["Homes by type are those of the Census of 2021. The trench follows from the density of homes, by two formulas."],
            rests_on_homes=rows["demand_basis"][0] == "measured",
            tables=[_table(rows)],
            data=rows,
            provenance=provenance_of_analysis(
                published, run, trace=published.trace(AREA_LCOH, COLUMNS), rows=of_areas, measured=rows["demand_basis"][0] == "measured"
            ),
        )
    ]  # fmt: skip


def trench_costs(published: Published) -> pl.DataFrame:
    """Return the 10 %, 50 % and 90 % quantiles of the cost of heat over neighbourhoods, by system, connection and trench."""
    rows = published[AREA_LCOH].frame.filter(level=LEVEL)
    basis = "measured" if "measured" in set(rows["demand_basis"]) else "paper"
    cost = pl.col("lcoh_gbp_per_mwh")
    return (
        rows.filter(demand_basis=basis)
        .group_by("demand_basis", "system", "width_rule", "connection_share")
        .agg(areas=pl.len(), **{name: cost.quantile(share, "linear") for name, share in ENDS.items()})
        .sort(pl.col("system") != "network", pl.col("connection_share"), "width_rule", "p50", descending=[False, True, False, False])
    )  # fmt: skip


def _chart(rows: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    names = [_option(row) for row in rows.iter_rows(named=True)]
    for name, row in zip(names, rows.iter_rows(named=True), strict=True):
        ink = palette.SYSTEM[row["system"]].light
        chart.add_scatter(
            x=[row["p10"], row["p50"], row["p90"]], y=[name] * 3, mode="lines+markers", showlegend=False, line={"width": 3, "color": ink},
            marker={"symbol": palette.SYSTEM_SYMBOL[row["system"]], "size": [0, 12, 0], "color": ink, "opacity": 1},
            hovertemplate="%{y}: £%{x:.0f} per MWh<extra></extra>",
        )  # fmt: skip
    style(chart, height=100 + 44 * len(names))
    chart.update_layout(margin_t=8)
    chart.update_xaxes(title=axis_title(LCOH.column("lcoh_gbp_per_mwh")), tickprefix="£")
    chart.update_yaxes(type="category", categoryorder="array", categoryarray=names, autorange="reversed", showgrid=True)
    return chart


def _option(row: dict[str, Any]) -> str:
    """Return the name of a system in two short lines; a network's name has its connection and its trench."""
    if row["width_rule"] not in TRENCH:
        return wrapped(text.name_of(row["system"]), NAME_WIDTH)
    share = "All homes" if row["connection_share"] >= 1 else text.percent(row["connection_share"]) + " of homes"
    return f"{share},<br>{TRENCH[row['width_rule']]}"


def _in_words(rows: pl.DataFrame) -> list[str]:
    return [
        f"{_option(row).replace('<br>', ' ')}: {text.gbp(row['p10'])} to {text.gbp(row['p90'])}, median {text.gbp(row['p50'])}"
        for row in rows.iter_rows(named=True)
    ]


def _table(rows: pl.DataFrame) -> DataTable:
    titles = ("Neighbourhoods", "10 % cost less than [£/MWh]", "Median [£/MWh]", "90 % cost less than [£/MWh]")
    headings = (
        Heading("Network by homes that connect and trench, or system in a home"),
        *(Heading(title, numeric=True) for title in titles),
    )
    body = tuple(
        (_option(row).replace("<br>", " "), f"{row['areas']:,}", *(text.number(row[name]) for name in ENDS))
        for row in rows.iter_rows(named=True)
    )
    return DataTable(TITLE, headings, body)
