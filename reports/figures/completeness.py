"""The completeness of the readings by dwelling type and month, and the share of a month's readings that does not count."""

from __future__ import annotations

import datetime as dt
import math

import plotly.graph_objects as go
import polars as pl

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
    scale_bar,
    style,
    title_above,
    title_above_scale,
    why_missing,
)
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.lineage import BUILD_MONTH
from transforms.tables.words import DWELLING_TYPES_OR_UNKNOWN

GROUPS = (*DWELLING_TYPES_OR_UNKNOWN, "all")
COLUMNS = ("dwelling_type", "hour_start_utc", "households")
MONTH_COLUMNS = ("month", "readings", "ok_half_hours")
ROUNDED_TO = 10  # homes; published counts are multiples of it
ALL = 99.5  # %; from here on a share is shown as 100 %
STEP = 10  # the map begins at a full ten per cent below its lowest cell
SHARE = "Homes with a good reading [%]"
LOST = "Readings left out [%]"


def draw_completeness(published: Published, run: RunInfo) -> Exhibit:
    """Draw the mean share of homes with a good reading, by dwelling type and month."""
    rows = ordered(published[HEAT_PROFILE].frame.filter(period=published.period), "dwelling_type", GROUPS)
    cells = observed_share(rows, published[HEAT_DEMAND_ANNUAL].frame.filter(period=published.period))
    missing = (
        why_missing([published[HEAT_PROFILE], published[HEAT_DEMAND_ANNUAL]], otherwise=NO_PERIOD)
        if cells.is_empty()
        else None
    )
    return Exhibit(
        key="completeness",
        title="Homes observed, by dwelling type and month",
        shows="Share of the included homes of each type that have a good reading, in the mean hour of each month. Numbers are per cent; a cell without "
        "a number is 100 %, a blank cell is not shown.",
        alternative=_in_words(cells),
        chart=None if missing else _map(cells),
        missing=missing,
        notes=[
            *_rounding(cells),
            *hidden_note(published[HEAT_PROFILE], published.period, shown=rows),
            *partly_note(published[HEAT_PROFILE], published.period, shown=rows),
            *kept_note(published[HEAT_PROFILE], published.period),
        ],
        tables=[] if missing else [_table(cells)],
        data=None if missing else cells,
        provenance=provenance_of_demand(published, run, trace=published.trace(HEAT_PROFILE, COLUMNS)),
    )


def observed_share(profile: pl.DataFrame, demand: pl.DataFrame) -> pl.DataFrame:
    """Return the homes of each type and, for each month (UTC), their mean share with a good reading [%].

    Both counts are rounded as published, so a share may be above 100 %: it is cut there.
    """
    homes = demand.select("dwelling_type", homes="households")
    return (
        profile.group_by("dwelling_type", month=pl.col("hour_start_utc").dt.truncate("1mo").dt.date(), maintain_order=True)
        .agg(households=pl.col("households").mean(), hours=pl.len())
        .join(homes, on="dwelling_type", maintain_order="left")
        .with_columns(share=(100 * pl.col("households") / pl.col("homes")).clip(upper_bound=100))
        .sort(pl.col("dwelling_type").cast(pl.Enum(GROUPS)), "month")
    )  # fmt: skip


def _map(cells: pl.DataFrame) -> go.Figure:
    wide = cells.pivot(on="month", index=["dwelling_type", "homes"], values="share", sort_columns=False)
    months = sorted(set(cells["month"]))
    shares = wide.select(str(month) for month in months).to_numpy()
    names = [text.name_of(name) for name in wide["dwelling_type"]]
    homes = [f"{name}<br>{count:,}\N{NO-BREAK SPACE}homes" for name, count in zip(names, wide["homes"], strict=True)]
    labels = [["" if share != share or share >= ALL else f"{share:.0f}" for share in of_type] for of_type in shares]  # noqa: PLR0124 - not a number
    lowest = max(STEP * math.floor((cells["share"].to_numpy().min() - 1) / STEP), 0)
    chart = go.Figure(
        go.Heatmap(
            z=shares.round(1), x=[f"{month:%B %Y}" for month in months], y=names, zmin=lowest, zmax=100, xgap=2, ygap=2,
            colorscale=[[at, ink.light] for at, ink in palette.scale()], hoverongaps=False,
            colorbar={**scale_bar(), "nticks": 5, "ticksuffix": " %"},
            text=labels,
            texttemplate="%{text}",
            textfont_size=10,
            hovertemplate="%{y}, %{x}: %{z:.1f} % of homes<extra></extra>",
        )
    )  # fmt: skip
    style(chart, height=150 + 46 * len(names))
    chart.update_layout(margin={"t": 80, "r": 24})
    title_above_scale(chart, SHARE)
    chart.update_xaxes(
        title="Month (UTC)",
        showgrid=False,
        type="category",
        tickangle=0,
        tickvals=list(range(len(months))),
        ticktext=_initials(months),
    )
    chart.update_yaxes(type="category", autorange="reversed", showgrid=False, tickvals=names, ticktext=homes)
    return chart


def _initials(months: list[dt.date]) -> list[str]:
    """Return the first letter of each month, with the year below its first month; a phone has no room for more."""
    return [
        f"{month:%b}"[0] + (f"<br>{month:%Y}" if rank == 0 or month.year != months[rank - 1].year else "")
        for rank, month in enumerate(months)
    ]


def _in_words(cells: pl.DataFrame) -> str:
    if cells.is_empty():
        return "Map of homes observed by dwelling type and month, not shown."
    low = cells.sort("share", maintain_order=True).row(0, named=True)
    means = [
        f"{text.name_of(group)} {share:.0f} %"
        for group, share in cells.group_by("dwelling_type", maintain_order=True).agg(pl.col("share").mean()).iter_rows()
    ]
    return (
        f"Map of the share of homes with a good reading by dwelling type and month. Mean over the months: {'; '.join(means)}. "
        f"Lowest: {text.name_of(low['dwelling_type'])} in {low['month']:%B %Y}, {low['share']:.0f} %."
    )


def _rounding(cells: pl.DataFrame) -> list[str]:
    """Return one sentence on how far the rounding of counts can move a share, for the smallest and for the largest group."""
    if cells.is_empty():
        return []
    small, large = (int(v) for v in (cells["homes"].to_numpy().min(), cells["homes"].to_numpy().max()))
    off = [
        f"{text.counted(100 * ROUNDED_TO / (2 * homes), 'point')} among {homes:,} homes"
        for homes in dict.fromkeys((small, large))
    ]
    return [
        f"Homes are counted in tens, so a share may be off by {' and '.join(off)}; the mean over a month's hours is closer."
    ]


def _table(cells: pl.DataFrame) -> DataTable:
    months = sorted(set(cells["month"]))
    value = {
        (group, month): share for group, month, share in cells.select("dwelling_type", "month", "share").iter_rows()
    }
    homes = dict(cells.select("dwelling_type", "homes").iter_rows())
    headings = [Heading("Dwelling type"), Heading("Homes, rounded to 10", numeric=True)]
    headings += [Heading(f"{month:%Y-%m} [%]", numeric=True) for month in months]
    body = tuple(
        (text.name_of(group), f"{count:,}", *(text.number(value.get((group, month)), 0) for month in months))
        for group, count in homes.items()
    )
    return DataTable("Share of homes with a good reading, by month", tuple(headings), body)


def draw_lost_readings(published: Published, run: RunInfo) -> Exhibit:
    """Draw the share of each month's readings that carries a flag and does not count."""
    rows = lost_share(published[BUILD_MONTH].frame)
    missing = why_missing([published[BUILD_MONTH]], otherwise="no readings yet") if rows.is_empty() else None
    return Exhibit(
        key="flags-by-month",
        title="Readings left out, month by month",
        shows="Share of each month's readings that carry a flag, or belong to a home that is not in the household table.",
        alternative=_lost_in_words(rows),
        chart=None if missing else _lost_chart(rows),
        missing=missing,
        tables=[] if missing else [_lost_table(rows)],
        data=None if missing else rows,
        provenance=provenance_of_demand(published, run, trace=published.trace(BUILD_MONTH, MONTH_COLUMNS)),
    )


def lost_share(months: pl.DataFrame) -> pl.DataFrame:
    """Return for each month with readings the number that does not count, and its share [%]."""
    known = months.drop_nulls(MONTH_COLUMNS).filter(pl.col("readings") > 0).sort("month").select(MONTH_COLUMNS)
    lost = (pl.col("readings") - pl.col("ok_half_hours")).clip(lower_bound=0)
    return known.with_columns(lost=lost).with_columns(share=100 * pl.col("lost") / pl.col("readings"))


def _lost_chart(rows: pl.DataFrame) -> go.Figure:
    chart = go.Figure(
        go.Bar(
            x=rows["month"].to_list(), y=rows["share"].round(3), xperiod="M1", xperiodalignment="middle",
            marker_color=palette.OUTCOME["not_judged"].light, customdata=[f"{lost:,}" for lost in rows["lost"]],
            hovertemplate="%{x|%B %Y}: %{y:.2f} % of readings (%{customdata})<extra></extra>",
        )
    )  # fmt: skip
    style(chart, height=320, left_to_right=False)
    chart.update_layout(margin_t=40)
    chart.update_xaxes(
        title="Month (UTC)", type="date", tickformat="%b<br>%Y", ticklabelmode="period", hoverformat="%B %Y"
    )
    chart.update_yaxes(rangemode="tozero", ticksuffix=" %", zeroline=True)
    title_above(chart, LOST, panel=1)
    return chart


def _lost_in_words(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return "Bar chart of readings left out, not shown."
    worst, best = (
        rows.sort("share", descending=down, maintain_order=True).row(0, named=True) for down in (True, False)
    )
    total = 100 * int(rows["lost"].sum()) / int(rows["readings"].sum())
    return (
        f"Bar chart of the share of readings that does not count in each of {rows.height} months: {total:.2f} % in all, "
        f"most in {worst['month']:%B %Y} ({worst['share']:.2f} %), least in {best['month']:%B %Y} ({best['share']:.2f} %)."
    )


def _lost_table(rows: pl.DataFrame) -> DataTable:
    headings = (
        Heading("Month"), Heading("Readings", numeric=True), Heading("Half-hours that count", numeric=True), Heading("Do not count", numeric=True),
        Heading("Do not count [%]", numeric=True),
    )  # fmt: skip
    body = tuple(
        (f"{month:%Y-%m}", f"{readings:,}", f"{ok:,}", f"{lost:,}", f"{share:.2f}")
        for month, readings, ok, lost, share in rows.iter_rows()
    )
    return DataTable("Readings by month", headings, body)
