"""Which system in a home is the cheapest over the price of carbon and the ratio of prices, with today's point."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import Choice, Exhibit, ordered, style, tabulate, title_above
from reports.figures.exhibit import of_choice as in_choice
from reports.inputs import Published, RunInfo, provenance_of_analysis
from transforms.lcoh.model.conventions import lenses_beside
from transforms.tables.cost_analysis import CHEAPEST_MAP
from transforms.tables.words import PROFILE_GROUPS, SYSTEMS

TITLE = "The cheapest system by the prices of carbon and of electricity"
COLUMNS = (
    "convention", "dwelling_type", "carbon_gbp_per_tonne", "price_ratio", "system", "lcoh_gbp_per_mwh", "margin_gbp_per_mwh",
    "ashp_grant_to_match_gbp",
)  # fmt: skip
LENS = {"best_practice": "To society", "best_practice_private": "To its home"}
NOTE = (
    "The price of gas stays, that of electricity moves. The price of carbon is one for all years and comes on top of the price of energy. "
    "The table says which grant would make an air source heat pump as cheap as the cheapest."
)
COARSE = (pl.col("carbon_gbp_per_tonne") % 100 == 0) & ((pl.col("price_ratio") * 5).round().cast(pl.Int64) % 5 == 0)
NOW = ("carbon_now_gbp_per_tonne", "price_ratio_now")


def draw_cheapest_map(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw the map for each lens and dwelling type, one at a time, or nothing."""
    beside = [run.convention, *(name for name in lenses_beside(run.convention) if name != run.convention)]
    rows = published.rows_of(CHEAPEST_MAP).filter(pl.col("convention").is_in(beside), scenario=run.scenario)
    if rows.is_empty():
        return []
    rows = ordered(rows, "dwelling_type", sorted(rows["dwelling_type"].unique(), key=_all_first)).sort(
        pl.col("convention").cast(pl.Enum(beside)), maintain_order=True
    )
    views = dict(rows.group_by("convention", "dwelling_type", maintain_order=True))
    chart, choices = go.Figure(), []
    for (convention, group), of in views.items():
        choice = Choice(key=f"{convention}-{group}", name=_name(str(convention), str(group)), says=_says(of))
        choices.append(choice)
        _add_view(chart, of, choice.key)
    style(chart, height=460)
    chart.update_layout(legend={"y": 1.06}, margin_t=60)
    chart.update_xaxes(title="Price of carbon [£ per tonne of CO₂]")
    title_above(chart, "Price of electricity over that of gas", panel=1)
    return [
        Exhibit(
            key="cheapest-map",
            title=TITLE,
            shows="Each field: the individual system whose heat costs the least at these prices, all else as it is. Diamond: today's point, "
            "means over discounted years.",
            alternative=f"Map of the cheapest system. {choices[0].name}: {choices[0].says}",
            chart=chart,
            choices=choices,
            notes=[NOTE],
            tables=[tabulate(rows.filter(COARSE), CHEAPEST_MAP, COLUMNS, caption=f"{TITLE}, every fourth point")],
            data=rows,
            provenance=provenance_of_analysis(
                published, run, trace=published.trace(CHEAPEST_MAP, COLUMNS), rows=rows, measured=rows["period"][0] != "paper"
            ),
        )
    ]  # fmt: skip


def _all_first(group: str) -> int:
    return -1 if group == "all" else PROFILE_GROUPS.index(group)


def _name(convention: str, group: str) -> str:
    return f"{LENS.get(convention, convention)}, {text.name_of(group).lower()}"


def _says(rows: pl.DataFrame) -> str:
    carbon, ratio = (float(rows[name][0]) for name in NOW)
    nearest = rows.sort(
        (pl.col("carbon_gbp_per_tonne") - carbon).abs() / 500 + (pl.col("price_ratio") - ratio).abs() / 4
    ).row(0, named=True)
    shares = [
        f"{text.name_of(system).lower()} in {100 * (rows['system'] == system).sum() / rows.height:.0f} % of the map"
        for system in SYSTEMS
        if (rows["system"] == system).any()
    ]
    grant = nearest["ashp_grant_to_match_gbp"]
    matched = f"; a grant of £{round(grant, -2):,.0f} would make an air source heat pump as cheap" if grant else ""
    return (
        f"today, at £{carbon:,.0f} a tonne and a ratio of {ratio:.1f}, the {text.name_of(nearest['system']).lower()} is the cheapest{matched}. "
        f"{'; '.join(shares).capitalize()}."
    )


def _add_view(chart: go.Figure, rows: pl.DataFrame, key: str) -> None:
    """Add one lens and dwelling type: a square for each point, in the colour of its system, and today's point."""
    for system in SYSTEMS:
        of = rows.filter(system=system)
        if of.is_empty():
            continue
        chart.add_scatter(
            x=of["carbon_gbp_per_tonne"], y=of["price_ratio"], mode="markers", name=text.name_of(system), **in_choice(key),
            marker={"symbol": "square", "size": 15, "color": palette.SYSTEM[system].light},
            customdata=of.select("lcoh_gbp_per_mwh", "margin_gbp_per_mwh").to_numpy(),
            hovertemplate=f"{text.name_of(system)}: £%{{customdata[0]:.0f}}/MWh, £%{{customdata[1]:.0f}} below the next"
            "<br>£%{x:.0f} a tonne, ratio %{y:.1f}<extra></extra>",
        )  # fmt: skip
    carbon, ratio = (float(rows[name][0]) for name in NOW)
    chart.add_scatter(
        x=[carbon], y=[ratio], mode="markers", name="Today", **in_choice(key),
        marker={"symbol": "diamond", "size": 17, "color": palette.OTHER_GROUP.light, "line": {"width": 2, "color": "#ffffff"}},
        hovertemplate="Today: £%{x:.0f} a tonne, ratio %{y:.1f}<extra></extra>",
    )  # fmt: skip
