"""Figures 3 to 6 of Wang 2018: the cost and the emissions of heat, by dwelling type and by size of network."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from reports import palette, text
from reports.figures.exhibit import (
    NAME_WIDTH,
    TITLE_WIDTH,
    DataTable,
    Exhibit,
    axis_title,
    hidden_note,
    kept_note,
    ordered,
    style,
    tabulate,
    why_missing,
    wrapped,
)
from reports.finding_words import first_upper, say_scale, with_article
from reports.inputs import Published, RunInfo, provenance_of_cost
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.words import PROFILE_GROUPS, SYSTEMS

INDIVIDUAL = ("gas_boiler", "ashp", "gshp")
PARTS = ("capital_gbp_per_mwh", "om_gbp_per_mwh", "fuel_gbp_per_mwh", "carbon_gbp_per_mwh")
HOLLOW = "-open"
INTERVALS = " Thin lines: 95 % intervals of sampling of homes only: prices, capital and performance are not in them."
DIAMONDS = " Diamonds: the same networks per MWh of heat produced, before losses in the pipes."
PRODUCED = (
    "Networks are divided by the heat that they produce, losses included: they look cheaper than they are to a home."
)
IN_A_NETWORK = "The cost of a network holds its plant, pipes, substations, heat interface units and meters."
STANDS_FOR_THE_REST = (
    "No British cost of an energy centre, an electrical connection or design fees is at hand: {share} more on all capital (optimism bias, "
    "HM Treasury's guidance) stands for them."
)
REST_IS_MISSING = "It holds no energy centre, no electrical connection and no design fees."
WRITTEN_FROM = 6  # smaller parts of a bar have no room for their share [%]


def individual_costs(published: Published, run: RunInfo, *, basis: str | None = None) -> pl.DataFrame:
    """Return the costs of the individual systems by dwelling type, in the order of figures."""
    rows = published.costs(run, INDIVIDUAL, basis=basis)
    return ordered(rows.sort(pl.col("system").cast(pl.Enum(INDIVIDUAL))), "dwelling_type", PROFILE_GROUPS)


def options(published: Published, run: RunInfo, *, convention: str | None = None) -> pl.DataFrame:
    """Return one row per heating option, all at one demand: the individual systems, then networks by size.

    The demand is that of the homes of a network: the national mix of dwelling types if there is one, or otherwise the mean
    of all homes. `option` is the name for readers.
    """
    networks = published.costs(run, ["network"], convention=convention)
    rows = published.costs(run, SYSTEMS, convention=convention, basis=published.basis_for(["network"]))
    served = networks["dwelling_type"].first()
    rows = rows.filter(dwelling_type=served).sort(pl.col("system").cast(pl.Enum(SYSTEMS)), "dwellings")
    names = [
        f"Network, {dwellings:,}\N{NO-BREAK SPACE}homes" if system == "network" else text.name_of(system)
        for system, dwellings in rows.select("system", "dwellings").iter_rows()
    ]
    return rows.with_columns(option=pl.Series(names, dtype=pl.String))


def demand_note(rows: pl.DataFrame) -> list[str]:
    """Return one sentence on the demand for which the options are compared."""
    served = rows.row(0, named=True)
    whose = {"stock": "the national mix of dwelling types", "all": "the mean home"}[served["dwelling_type"]]
    weather = " in normal weather" if served["weather"] == "normal" else ""
    return [f"All options meet the demand of {whose}: {text.kwh(served['demand_kwh'])} a year{weather}."]


def draw_individual(published: Published, run: RunInfo) -> Exhibit:
    """Draw the levelised cost of the individual systems for each dwelling type."""
    rows = individual_costs(published, run)
    paper = individual_costs(published, run, basis="paper") if _measured(rows) else rows.clear()
    columns = (
        "demand_basis",
        "dwelling_type",
        "system",
        "demand_kwh",
        "lcoh_gbp_per_mwh",
        "lcoh_ci_low",
        "lcoh_ci_high",
        *PARTS,
    )
    shows = "Levelised cost of heat of each individual system at the mean demand of each dwelling type"
    beside = ". Filled marks: at the homes' demand; hollow marks: at the paper's." if not paper.is_empty() else "."
    beside += INTERVALS if rows["lcoh_ci_low"].count() else ""
    spans = [
        f"{text.name_of(system)} {text.gbp(low, 0)} to {text.gbp(high, 0)}"
        for system, low, high in rows.group_by("system", maintain_order=True)
        .agg(low=pl.col("lcoh_gbp_per_mwh").min(), high=pl.col("lcoh_gbp_per_mwh").max())
        .iter_rows()
    ]
    trace = published.trace(LCOH, ("system", "dwelling_type", "demand_kwh", "lcoh_gbp_per_mwh"))
    return Exhibit(
        key="cost-individual",
        title="Cost of heat from individual systems, by dwelling type",
        shows=shows + beside,
        alternative=f"Dot chart of the levelised cost of heat per MWh by dwelling type: {'; '.join(spans)}.",
        chart=_individual_chart(rows, paper),
        notes=[*basis_note(published, rows), *_hidden_types(published, rows)],
        tables=[tabulate(pl.concat([rows, paper]), LCOH, columns, caption="Cost of heat from individual systems")],
        rests_on_homes=_measured(rows),
        provenance=provenance_of_cost(published, run, trace=trace, rows=rows),
    )


def _individual_chart(rows: pl.DataFrame, paper: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    for frame, hollow in ((paper, True), (rows, False)):
        for system in INDIVIDUAL:
            of_system = frame.filter(system=system)
            symbol = palette.SYSTEM_SYMBOL[system] + (HOLLOW if hollow else "")
            chart.add_scatter(
                x=of_system["lcoh_gbp_per_mwh"], y=[text.name_of(name) for name in of_system["dwelling_type"]], mode="markers",
                name=text.name_of(system), showlegend=not hollow,
                marker={"symbol": symbol, "size": 13 if hollow else 9, "color": palette.SYSTEM[system].light},
                error_x=None if hollow else interval(of_system, palette.SYSTEM[system]),
                hovertemplate=f"{text.name_of(system)}, %{{y}}: £%{{x:.1f}} per MWh<extra></extra>",
            )  # fmt: skip
    groups = [name for name in PROFILE_GROUPS if name in set(rows["dwelling_type"]) | set(paper["dwelling_type"])]
    style(chart, height=140 + 44 * len(groups))
    chart.update_xaxes(title=axis_title(LCOH.column("lcoh_gbp_per_mwh")), tickprefix="£")
    order = [text.name_of(name) for name in groups]
    chart.update_yaxes(type="category", categoryorder="array", categoryarray=order, autorange="reversed", showgrid=True)
    return chart


def draw_emissions(published: Published, run: RunInfo) -> Exhibit:
    """Draw the carbon dioxide per home and year of each heating option."""
    rows = options(published, run)
    largest = rows.filter(system="network").sort("dwellings").tail(1)
    rows = pl.concat([rows.filter(pl.col("system") != "network"), largest])
    values = [
        f"{option} {co2:,.0f} kg" for option, co2 in rows.select("option", "co2_kg_per_dwelling_year").iter_rows()
    ]
    trace = published.trace(LCOH, ("system", "scale", "co2_kg_per_dwelling_year"))
    chart = _bars(rows, "co2_kg_per_dwelling_year")
    style(chart, height=100 + 46 * rows.height)
    chart.update_xaxes(
        title=axis_title(LCOH.column("co2_kg_per_dwelling_year")),
        tickformat=",d",
        range=_room(rows["co2_kg_per_dwelling_year"]),
    )
    chart.update_yaxes(type="category", autorange="reversed")
    chart.update_layout(margin_t=8)
    return Exhibit(
        key="emissions",
        title="Carbon dioxide per home and year",
        shows="Mean emissions over each system's life, for an average home; electricity follows the scenario's path of grid intensity.",
        alternative=f"Bar chart of carbon dioxide per home and year: {'; '.join(values)}.",
        chart=chart,
        notes=[*basis_note(published, rows), *demand_note(rows)],
        tables=[_cost_table(rows, ("system", "dwellings", "demand_kwh", "co2_kg_per_dwelling_year"), "Carbon dioxide")],
        rests_on_homes=_measured(rows),
        provenance=provenance_of_cost(published, run, trace=trace, rows=rows),
    )


def draw_networks(published: Published, run: RunInfo) -> Exhibit:
    """Draw levelised cost and initial capital of networks of five sizes beside the individual systems."""
    rows = options(published, run)
    produced = options(published, run, convention=run.paper_convention).filter(system="network", denominator="produced")
    if run.convention == run.paper_convention:
        produced = produced.clear()
    heat = str(rows["denominator"][-1])
    chart = make_subplots(rows=2, cols=1, vertical_spacing=0.14)
    for panel, column in enumerate(("lcoh_gbp_per_mwh", "initial_capital_gbp_per_dwelling"), start=1):
        chart.add_traces(_bars(rows, column).data, rows=panel, cols=1)
        chart.update_xaxes(
            title=axis_title(LCOH.column(column)),
            tickprefix="£",
            tickformat=",d",
            range=_room(rows[column]),
            row=panel,
            col=1,
        )
    chart.add_scatter(
        x=produced["lcoh_gbp_per_mwh"], y=_lines(produced["option"]), mode="markers", name="Per MWh produced, as in the paper",
        marker={"symbol": "diamond", "size": 10, "color": palette.PAGE.light, "line": {"width": 2, "color": palette.PUBLISHED.light}},
        hovertemplate="%{y}: £%{x:.1f} per MWh of heat produced<extra></extra>", row=1, col=1,
    )  # fmt: skip
    style(chart, height=180 + 70 * rows.height)  # at most a phone's screen
    chart.update_layout(showlegend=not produced.is_empty())
    chart.update_yaxes(type="category", autorange="reversed")
    columns = (
        "system",
        "scale",
        "dwellings",
        "denominator",
        "demand_kwh",
        "lcoh_gbp_per_mwh",
        "lcoh_ci_low",
        "lcoh_ci_high",
        "initial_capital_gbp_per_dwelling",
    )
    values = [f"{o} {text.gbp(c)} per MWh" for o, c in rows.select("option", "lcoh_gbp_per_mwh").iter_rows()]
    trace = published.trace(
        LCOH, ("convention", "system", "dwellings", "lcoh_gbp_per_mwh", "initial_capital_gbp_per_dwelling")
    )
    return Exhibit(
        key="cost-networks",
        title="Heat networks beside individual systems",
        shows=f"Above: levelised cost per MWh of heat {heat}. Below: capital per home before the first heat."
        + (INTERVALS if rows["lcoh_ci_low"].count() else "")
        + ("" if produced.is_empty() else DIAMONDS),
        alternative=f"Bar charts of cost and capital by heating option: {'; '.join(values)}.",
        chart=chart,
        notes=[
            *basis_note(published, rows),
            *demand_note(rows),
            *_sizes(rows),
            *_own_sizes(published),
            _what_is_in(published, run),
            *([] if heat == "delivered" else [PRODUCED]),
        ],
        tables=[_cost_table(pl.concat([rows, produced]), columns, "Networks beside individual systems")],
        rests_on_homes=_measured(rows),
        provenance=provenance_of_cost(published, run, trace=trace, rows=pl.concat([rows, produced])),
    )


def draw_cost_shares(published: Published, run: RunInfo) -> Exhibit:
    """Draw what the levelised cost of each heating option consists of."""
    rows = options(published, run)
    chart = go.Figure()
    for part in PARTS:
        key = part.removesuffix("_gbp_per_mwh")
        share = 100 * rows[part] / rows["lcoh_gbp_per_mwh"]
        chart.add_bar(
            x=share, y=_lines(rows["option"]), orientation="h", name=text.name_of(key), marker_color=palette.COST_PART[key].light,
            text=[f"{value:.0f}" if value >= WRITTEN_FROM else "" for value in share], textposition="inside", insidetextanchor="middle",
            textangle=0, constraintext="none", textfont_color=palette.ON_COST_PART[key].light,
            hovertemplate=f"{text.name_of(key)}, %{{y}}: %{{x:.1f}} %<extra></extra>",
        )  # fmt: skip
    style(chart, height=130 + 46 * rows.height)
    chart.update_layout(barmode="stack", legend_traceorder="normal")
    chart.update_xaxes(
        title=wrapped("Share of the levelised cost of heat [%]", TITLE_WIDTH), range=[0, 100.5], dtick=25
    )
    chart.update_yaxes(type="category", autorange="reversed")
    shares = [
        f"{option} {100 * fuel / lcoh:.0f} % fuel"
        for option, fuel, lcoh in rows.select("option", "fuel_gbp_per_mwh", "lcoh_gbp_per_mwh").iter_rows()
    ]
    return Exhibit(
        key="cost-shares",
        title="What the cost of heat consists of",
        shows="Shares of capital, operation and maintenance, fuel and carbon in the levelised cost of each heating option.",
        alternative=f"Stacked bar chart of cost shares: {'; '.join(shares)}.",
        chart=chart,
        notes=[*basis_note(published, rows), *demand_note(rows)],
        tables=[
            _cost_table(rows, ("system", "dwellings", "denominator", *PARTS, "lcoh_gbp_per_mwh"), "Parts of the cost")
        ],
        rests_on_homes=_measured(rows),
        provenance=provenance_of_cost(
            published,
            run,
            trace=published.trace(LCOH, (*PARTS, "lcoh_gbp_per_mwh")),
            rows=rows,
        ),
    )


def basis_note(published: Published, rows: pl.DataFrame) -> list[str]:
    """Return one sentence if costs are at the paper's demand, or at the demand of an earlier release."""
    if _measured(rows):
        return kept_note(published[LCOH], published.period)
    why = why_missing(
        [published[LCOH], published[HEAT_DEMAND_ANNUAL]], otherwise="no home has enough readings in twelve months"
    )
    return [f"At the demand that Wang 2018 states or implies. The demand of the homes is {why}."]


def interval(rows: pl.DataFrame, ink: palette.Ink = palette.PUBLISHED) -> dict[str, object]:
    """Return the 95 % interval of costs as error bars, or nothing if there is none."""
    cost = rows["lcoh_gbp_per_mwh"]
    return {
        "type": "data", "symmetric": False, "thickness": 1.5, "width": 4, "color": ink.light,
        "array": (rows["lcoh_ci_high"] - cost).fill_null(0), "arrayminus": (cost - rows["lcoh_ci_low"]).fill_null(0),
        "visible": rows["lcoh_ci_low"].count() > 0,
    }  # fmt: skip


def _measured(rows: pl.DataFrame) -> bool:
    return bool(rows["demand_basis"].first() == "measured")


def _sizes(rows: pl.DataFrame) -> list[str]:
    """Return sentences that compare the costs of networks by size, and with each system in a home."""
    networks = rows.filter(system="network").sort("dwellings")
    costs = dict(networks.select("dwellings", "lcoh_gbp_per_mwh").iter_rows())
    told = say_scale(costs)
    beside: dict[str, list[str]] = {}
    for system, cost in (
        rows.filter(pl.col("system").is_in(INDIVIDUAL)).select("system", "lcoh_gbp_per_mwh").iter_rows()
    ):
        below = [homes for homes, of_network in costs.items() if of_network < cost]
        how = (
            "cheaper than networks of any of these sizes" if not below
            else "dearer than networks of any of these sizes" if len(below) == len(costs)
            else f"dearer than networks from {below[0]:,} homes on"
        )  # fmt: skip
        beside.setdefault(how, []).append(with_article(text.name_of(system)))
    return [
        *([] if told is None else [f"{told}."]),
        *(
            f"{first_upper(text.listed(names))} {'is' if len(names) == 1 else 'are'} {how}."
            for how, names in beside.items()
        ),
    ]


def _own_sizes(published: Published) -> list[str]:
    sizes = published[ASSUMPTION].frame.filter(
        pl.col("item") == "network_scale", pl.col("status").str.starts_with("own choice")
    )
    named = [
        f"{name} ({homes:,.0f} homes)" for name, homes in sizes.sort("value").select("parameter", "value").iter_rows()
    ]
    return [f"The paper states no single size for some networks. Hearth takes {text.listed(named)}."] if named else []


def _what_is_in(published: Published, run: RunInfo) -> str:
    """Return which parts of a network have costs of their own, and what stands for the others."""
    share = scenario_figures(published[ASSUMPTION].frame, run.scenario).one("network", "optimism_bias_share")
    return f"{IN_A_NETWORK} {STANDS_FOR_THE_REST.format(share=text.percent(share)) if share else REST_IS_MISSING}"


def _hidden_types(published: Published, rows: pl.DataFrame) -> list[str]:
    return hidden_note(published[HEAT_DEMAND_ANNUAL], published.period) if _measured(rows) else []


def _bars(rows: pl.DataFrame, column: str) -> go.Figure:
    money = LCOH.column(column).unit.startswith("GBP")
    decimals = text.DECIMALS[LCOH.column(column).unit]
    values = [text.gbp(v, decimals) if money else text.number(v, decimals) for v in rows[column]]
    inks = [palette.SYSTEM[system] for system in rows["system"]]
    of_interval = column == "lcoh_gbp_per_mwh"  # whose line would run through a number behind the bar
    return go.Figure(
        go.Bar(
            x=rows[column], y=_lines(rows["option"]), orientation="h", showlegend=False,
            marker={"color": [palette.tint(ink).light for ink in inks], "line": {"width": 2, "color": [ink.light for ink in inks]}},
            error_x=interval(rows) if of_interval else None, textfont_color=palette.PUBLISHED.light,
            text=values, textposition="inside" if of_interval else "outside", insidetextanchor="start", cliponaxis=False, textangle=0, constraintext="none",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )  # fmt: skip


def _room(values: pl.Series) -> list[float]:
    """Return the range of an axis with room for a number behind the longest bar, on a phone too."""
    return [0.0, 1.3 * float(values.to_numpy().max())]


def _lines(names: pl.Series) -> list[str]:
    return [wrapped(name, NAME_WIDTH) for name in names]


def _cost_table(rows: pl.DataFrame, columns: Sequence[str], caption: str) -> DataTable:
    return tabulate(rows, LCOH, columns, caption=caption)
