"""The load-duration curve: the hours of a year sorted by heat, highest first."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from reports import palette, text
from reports.figures.demand import NO_PERIOD
from reports.figures.exhibit import (
    DataTable,
    Exhibit,
    Heading,
    hidden_note,
    kept_note,
    ordered,
    partly_note,
    style,
    title_above,
    why_missing,
)
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.words import DWELLING_TYPES_OR_UNKNOWN

GROUPS = ("all", *DWELLING_TYPES_OR_UNKNOWN)
COLUMNS = ("dwelling_type", "hour_start_utc", "heat_kwh_mean")
POINTS = 130  # points of each of the two grids of ranks of a line
RANKS = (1, 10, 100, 1000, 4380)  # ranks of hours whose heat the table shows
PERCENT = 0.01
DASH = {
    "detached": "dash",
    "semi_detached": "dot",
    "terraced": "dashdot",
    "bungalow": "longdash",
    "flat": "longdashdot",
}
SHOWS = (
    "The hours of the period in order of the mean heat per home, highest first: how much heat is needed for how many hours. "
    "The height at the left is the peak, the area below a line the heat of the whole period."
)
PEAK_OF_A_MEAN = "Each line is the mean of many homes: one home alone peaks higher, at another hour."


def draw_load_duration(published: Published, run: RunInfo) -> Exhibit:
    """Draw the hours of the shown period sorted by mean heat, one line per dwelling type."""
    rows = ordered(published[HEAT_PROFILE].frame.filter(period=published.period), "dwelling_type", GROUPS)
    sorted_hours = sort_hours(rows)
    missing = (
        why_missing([published[HEAT_PROFILE], published[HEAT_DEMAND_ANNUAL]], otherwise=NO_PERIOD)
        if rows.is_empty()
        else None
    )
    return Exhibit(
        key="load-duration",
        title="Hours of the year, sorted by heat",
        shows=SHOWS,
        alternative=_in_words(sorted_hours),
        chart=None if missing else _chart(sorted_hours),
        missing=missing,
        notes=[
            *([] if missing else [PEAK_OF_A_MEAN]),
            *hidden_note(published[HEAT_PROFILE], published.period, shown=rows),
            *partly_note(published[HEAT_PROFILE], published.period, shown=rows),
            *kept_note(published[HEAT_PROFILE], published.period),
        ],
        tables=[] if missing else [_table(sorted_hours)],
        data=None if missing else _points(sorted_hours),
        provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_PROFILE, COLUMNS)),
    )


def sort_hours(rows: pl.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Return the heat of each group's hours [kWh/h], highest first."""
    return {
        str(group): np.sort(of_group["heat_kwh_mean"].to_numpy())[::-1]
        for (group,), of_group in rows.group_by("dwelling_type", maintain_order=True)
    }


def thin(hours: int, points: int = POINTS) -> NDArray[np.int64]:
    """Return the ranks at which a falling line is drawn, from 1 to `hours`: dense at the peak, and with both ends."""
    near_the_peak, even = np.geomspace(1, hours, points), np.linspace(1, hours, points)
    return np.unique(np.rint(np.concatenate([near_the_peak, even])).astype(np.int64))


def share_of_highest(heat: NDArray[np.float64], share: float = PERCENT) -> float:
    """Return the share of the heat in the highest `share` of the hours [1]."""
    highest = round(share * len(heat))
    return float(heat[:highest].sum() / heat.sum())


def _points(sorted_hours: dict[str, NDArray[np.float64]]) -> pl.DataFrame:
    """Return the points of the lines."""
    return pl.concat(
        pl.DataFrame({"rank": (ranks := thin(len(heat))), "heat_kwh_mean": heat[ranks - 1]}).select(
            pl.lit(group).alias("dwelling_type"), "rank", "heat_kwh_mean"
        )
        for group, heat in sorted_hours.items()
    )


def _chart(sorted_hours: dict[str, NDArray[np.float64]]) -> go.Figure:
    chart = go.Figure()
    for group, heat in sorted_hours.items():
        ranks = thin(len(heat))
        of_all = group == "all"
        chart.add_scatter(
            x=ranks.astype(np.uint16), y=heat[ranks - 1].astype(np.float32), mode="lines", name=text.name_of(group),
            line={"width": 4 if of_all else 2, "color": palette.group_ink(group).light, "dash": DASH.get(group, "solid")},
            hovertemplate=f"{text.name_of(group)}: at least %{{y:.2f}} kWh/h in %{{x:,d}} hours<extra></extra>",
        )  # fmt: skip
    style(chart, height=460, left_to_right=False)
    chart.update_layout(showlegend=True, legend={"y": 1.1, "itemwidth": 40}, margin_t=60)
    chart.update_xaxes(title="Hours, highest first [h]", tickformat=",d", rangemode="tozero", nticks=6)
    chart.update_yaxes(rangemode="tozero", zeroline=True)
    title_above(chart, text.title_of(HEAT_PROFILE.column("heat_kwh_mean")), panel=1)
    return chart


def _in_words(sorted_hours: dict[str, NDArray[np.float64]]) -> str:
    if not sorted_hours:
        return "Load-duration curve, not shown."
    peaks = "; ".join(f"{text.name_of(group)} {heat[0]:.2f}" for group, heat in sorted_hours.items())
    group, heat = next(iter(sorted_hours.items()))
    return (
        f"Falling lines of the heat per home in the sorted hours of the period. Highest hour [kWh/h]: {peaks}. "
        f"{text.name_of(group)}: half of the hours need less than {np.median(heat):.2f} kWh/h, the highest one in a hundred hold "
        f"{text.percent(share_of_highest(heat), 1)} of the heat."
    )


def _table(sorted_hours: dict[str, NDArray[np.float64]]) -> DataTable:
    titles = [
        "Dwelling type", "Hours shown", *(f"Heat reached in {rank:,} hour{'s' if rank > 1 else ''} [kWh/h]" for rank in RANKS),
        "Lowest hour [kWh/h]", "Heat in the highest 1 % of hours [%]", "Heat over the highest hour [h]",
    ]  # fmt: skip
    body = tuple(
        (
            text.name_of(group),
            f"{len(heat):,}",
            *(text.number(float(heat[rank - 1]) if rank <= len(heat) else None, 2) for rank in RANKS),
            text.number(float(heat[-1]), 2),
            text.number(100 * share_of_highest(heat), 1),
            text.number(float(heat.sum() / heat[0])),
        )
        for group, heat in sorted_hours.items()
    )
    headings = tuple(Heading(title, numeric=index > 0) for index, title in enumerate(titles))
    return DataTable("Sorted hours by dwelling type; every hour stands in table heat_profile", headings, body)
