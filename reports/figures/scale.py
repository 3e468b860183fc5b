"""What a network costs by the number of homes that it serves, beside the individual systems."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.cost import INDIVIDUAL, basis_note, demand_note, options
from reports.figures.exhibit import Exhibit, style, tabulate, title_above
from reports.inputs import Published, RunInfo, provenance_of_cost
from transforms.tables.cost import LCOH

COLUMNS = (
    "system", "scale", "dwellings", "denominator", "demand_kwh", "lcoh_gbp_per_mwh", "lcoh_ci_low", "lcoh_ci_high", "households",
)  # fmt: skip
DASH = {"gas_boiler": "dot", "ashp": "dash", "gshp": "dashdot"}
ROOM = 1.5  # how far the axis of homes goes beyond the smallest and the largest network, as a factor


def draw_scale(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the cost of heat of networks against their number of homes, or nothing where no network is costed."""
    rows = options(published, run)
    networks = rows.filter(system="network").sort("dwellings")
    if networks.is_empty():
        return []
    title = "Cost of heat by size of network"
    single = rows.filter(pl.col("system").is_in(INDIVIDUAL))
    interval = " Thin lines and bands: 95 % intervals over samples of homes." if rows["lcoh_ci_low"].count() else ""
    heat = str(networks["denominator"][0])
    return [
        Exhibit(
            key="network-scale",
            title=title,
            shows=f"Levelised cost per MWh of heat {heat}, of networks of five sizes; level lines: systems in single homes at the same "
            f"demand.{interval} The axis of homes is logarithmic.",
            alternative=_in_words(networks, single),
            chart=_chart(networks, single),
            rests_on_homes=rows["demand_basis"].first() == "measured",
            notes=[*_crossings(networks, single), *basis_note(published, rows), *demand_note(rows)],
            tables=[tabulate(rows, LCOH, COLUMNS, caption=title)],
            provenance=provenance_of_cost(published, run, trace=published.trace(LCOH, COLUMNS), rows=rows),
        )
    ]


def _chart(networks: pl.DataFrame, single: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    ends = [networks["dwellings"][0] / ROOM, networks["dwellings"][-1] * ROOM]
    for system, cost, low, high in single.select(
        "system", "lcoh_gbp_per_mwh", "lcoh_ci_low", "lcoh_ci_high"
    ).iter_rows():
        ink, name = palette.SYSTEM[system], text.name_of(system)
        if low is not None and high is not None:
            chart.add_scatter(
                x=[*ends, *ends[::-1]], y=[low, low, high, high], fill="toself", fillcolor=palette.tint(ink).light, mode="none",
                hoverinfo="skip", showlegend=False, legendgroup=system, opacity=0.5,
            )  # fmt: skip
        chart.add_scatter(
            x=ends, y=[cost, cost], mode="lines", name=name, line={"width": 2, "color": ink.light, "dash": DASH[system]},
            legendgroup=system, hovertemplate=f"{name}: £{cost:.1f} per MWh<extra></extra>",
        )  # fmt: skip
    ink, cost = palette.SYSTEM["network"], networks["lcoh_gbp_per_mwh"]
    chart.add_scatter(
        x=networks["dwellings"], y=cost, mode="lines+markers+text", name=text.name_of("network"), cliponaxis=False,
        line={"width": 3, "color": ink.light}, marker={"symbol": palette.SYSTEM_SYMBOL["network"], "size": 11, "color": ink.light},
        text=[text.gbp(value) for value in cost], textposition="top center",
        error_y={
            "type": "data", "symmetric": False, "array": networks["lcoh_ci_high"] - cost, "arrayminus": cost - networks["lcoh_ci_low"],
            "thickness": 1.5, "width": 5, "color": palette.PUBLISHED.light, "visible": networks["lcoh_ci_low"].null_count() == 0,
        },
        customdata=[text.name_of(scale) for scale in networks["scale"]],
        hovertemplate="%{customdata}, %{x:,d} homes: £%{y:.1f} per MWh<extra></extra>",
    )  # fmt: skip
    style(chart, height=440, left_to_right=False)
    chart.update_layout(showlegend=True, legend={"y": 1.1, "itemwidth": 40}, margin_t=60)
    chart.update_xaxes(
        type="log", title="Homes that the network serves", tickvals=networks["dwellings"].to_list(), tickformat=",d", tickangle=0, minor={"ticks": ""}
    )  # fmt: skip
    chart.update_yaxes(range=[0, 1.2 * _highest(networks, single)], zeroline=True, tickprefix="£")
    title_above(chart, text.title_of(LCOH.column("lcoh_gbp_per_mwh")), panel=1)
    return chart


def _highest(networks: pl.DataFrame, single: pl.DataFrame) -> float:
    costs = pl.concat([rows.select("lcoh_gbp_per_mwh", "lcoh_ci_high") for rows in (networks, single)])
    return float(costs.select(pl.max_horizontal(pl.all()).max()).item())


def _in_words(networks: pl.DataFrame, single: pl.DataFrame) -> str:
    points = [
        f"{homes:,} homes {text.gbp(cost, 1)}"
        for homes, cost in networks.select("dwellings", "lcoh_gbp_per_mwh").iter_rows()
    ]
    lines = [
        f"{text.name_of(system)} {text.gbp(cost, 1)}"
        for system, cost in single.select("system", "lcoh_gbp_per_mwh").iter_rows()
    ]
    return (
        f"Line chart of the cost of heat per MWh of networks: {'; '.join(points)}. In single homes: {'; '.join(lines)}."
    )


def _crossings(networks: pl.DataFrame, single: pl.DataFrame) -> list[str]:
    """Return how much size saves, and which individual systems even the largest network does not undercut."""
    small, large = networks.row(0, named=True), networks.row(-1, named=True)
    saved = small["lcoh_gbp_per_mwh"] - large["lcoh_gbp_per_mwh"]
    told = (
        f"From {small['dwellings']:,} to {large['dwellings']:,} homes the cost falls by {text.gbp(saved, 1)} per MWh "
        f"({text.percent(saved / small['lcoh_gbp_per_mwh'], 1)})."
    )
    notes = [told]
    for system, cost in single.select("system", "lcoh_gbp_per_mwh").iter_rows():
        below = networks.filter(pl.col("lcoh_gbp_per_mwh") < cost)
        if below.is_empty():
            notes.append(f"{text.name_of(system)}: cheaper than a network of any of these sizes.")
        elif below.height < networks.height:
            notes.append(f"{text.name_of(system)}: dearer than networks from {below['dwellings'][0]:,} homes on.")
        else:
            notes.append(f"{text.name_of(system)}: dearer than a network of any of these sizes.")
    return notes
