"""The cheapest system in a home by carbon price and by the ratio of electricity to gas prices, with today's point."""

from __future__ import annotations

from typing import Any

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
LENS = {"best_practice": "To society", "best_practice_private": "To the household"}
NOTE = (
    "The price of gas stays as it is and the price of electricity varies. The carbon price is the same in all years and is added to the price of "
    "energy. The table gives the grant that would make an air source heat pump as cheap as the cheapest system."
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
            shows="Each cell shows the system with the lowest cost of heat at these prices, all else unchanged. Diamond: today, as "
            "the mean over discounted years.",
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


def at_todays_prices(rows: pl.DataFrame) -> dict[str, Any]:
    """Return the point of one lens and dwelling type that is nearest to today's prices."""
    carbon, ratio = (float(rows[name][0]) for name in NOW)
    apart = (pl.col("carbon_gbp_per_tonne") - carbon).abs() / 500 + (pl.col("price_ratio") - ratio).abs() / 4
    return rows.sort(apart).row(0, named=True)


def _says(rows: pl.DataFrame) -> str:
    carbon, ratio = (float(rows[name][0]) for name in NOW)
    nearest = at_todays_prices(rows)
    shares = [
        f"{text.name_of(system).lower()} {100 * (rows['system'] == system).sum() / rows.height:.0f} %"
        for system in SYSTEMS
        if (rows["system"] == system).any()
    ]
    grant = nearest["ashp_grant_to_match_gbp"]
    matched = f"; a grant of £{round(grant, -2):,.0f} would make an air source heat pump as cheap" if grant else ""
    return (
        f"Today, at £{carbon:,.0f} a tonne and a ratio of {ratio:.1f}, the {text.name_of(nearest['system']).lower()} is the cheapest{matched}. "
        f"Cheapest over the map: {text.listed(shares)}."
    )


def _add_view(chart: go.Figure, rows: pl.DataFrame, key: str) -> None:
    """Add one lens and dwelling type: a cell for each pair of prices, in the colour of its system, and today's point."""
    shown = [system for system in SYSTEMS if (rows["system"] == system).any()]
    told = rows.with_columns(
        rank=pl.col("system").replace_strict(shown, range(len(shown)), return_dtype=pl.Int32),
        name=pl.col("system").replace_strict(shown, [text.name_of(system) for system in shown], return_dtype=pl.String),
    ).sort("price_ratio", "carbon_gbp_per_tonne")
    carbon, ratio = (told[name].unique().sort() for name in ("carbon_gbp_per_tonne", "price_ratio"))
    in_cells = (len(ratio), len(carbon))
    said = told.select(
        pl.format(
            "{}: £{}/MWh, £{} below the next", "name", pl.col("lcoh_gbp_per_mwh").round().cast(pl.Int64),
            pl.col("margin_gbp_per_mwh").round().cast(pl.Int64),
        )
    ).to_series()  # fmt: skip
    steps = [(at, palette.SYSTEM[system].light) for rank, system in enumerate(shown) for at in (rank, rank + 1)]
    chart.add_heatmap(
        x=carbon, y=ratio, z=told["rank"].to_numpy().reshape(in_cells), text=said.to_numpy().reshape(in_cells), **in_choice(key),
        zmin=-0.5, zmax=len(shown) - 0.5, colorscale=[[at / len(shown), ink] for at, ink in steps], showscale=False, xgap=1, ygap=1,
        hovertemplate="%{text}<br>£%{x:.0f} a tonne, ratio %{y:.1f}<extra></extra>",
    )  # fmt: skip
    for system in shown:
        chart.add_scatter(
            x=[None], y=[None], mode="markers", name=text.name_of(system), **in_choice(key),
            marker={"symbol": "square", "size": 13, "color": palette.SYSTEM[system].light},
        )  # fmt: skip
    now = [float(rows[name][0]) for name in NOW]
    chart.add_scatter(
        x=now[:1], y=now[1:], mode="markers", name="Today", **in_choice(key),
        marker={"symbol": "diamond", "size": 17, "color": palette.PAGE.light, "line": {"width": 3, "color": palette.PUBLISHED.light}},
        hovertemplate="Today: £%{x:.0f} a tonne, ratio %{y:.1f}<extra></extra>",
    )  # fmt: skip
