"""The quality of the readings: how many carry each flag, and how many could be judged."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import (
    NAME_WIDTH,
    DataTable,
    Exhibit,
    Heading,
    kept_note,
    ordered,
    style,
    why_missing,
    wrapped,
)
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.lineage import FLAG_COUNT, FLAG_JUDGEMENT
from transforms.tables.words import FLAGS, INFERRED_FLAGS

JUDGED = "judged"
MANY_DECADES = 3  # with this many decades, a phone has room for the label of every second one
WIDE = 20  # ratio of the largest to the smallest share from which a logarithmic axis is needed to see both


def draw_flags(published: Published, run: RunInfo) -> Exhibit:
    """Draw the share of readings that carry each flag other than ok."""
    rows = published[FLAG_COUNT].frame.sort("readings", descending=True, nulls_last=True)
    few = f"fewer than {published[FLAG_COUNT].threshold}"
    faulty = rows.filter(pl.col("flag") != "ok", pl.col("readings") > 0)
    good = rows.filter(flag="ok")["share"].sum()
    percent = [text.assumed(float(f"{100 * share:.2g}")) for share in faulty["share"]]
    worst = "; ".join(f"{text.name_of(flag)} {share} %" for flag, share in zip(faulty["flag"], percent, strict=True))
    titles = (Heading("Flag"), Heading("Readings", numeric=True), Heading("Share of readings [%]", numeric=True))
    body = tuple(
        (text.name_of(flag), few, text.NOTHING)
        if readings is None
        else (text.name_of(flag), f"{readings:,}", text.assumed(float(f"{100 * share:.3g}")))
        for flag, readings, share in rows.select("flag", "readings", "share").iter_rows()
    )
    missing = why_missing([published[FLAG_COUNT]], otherwise="no readings yet") if rows.is_empty() else None
    if missing is None and faulty.is_empty():
        missing = "no reading carries a flag other than ok"
    return Exhibit(
        key="flags",
        title="Readings left out, by flag",
        shows=f"Share of all delivered readings that carry a flag; {100 * good:.2f} % carry none and count."
        + (" The axis is logarithmic." if missing is None and _is_wide(faulty) else ""),
        alternative=f"Dot chart of the share of flagged readings: {worst}.",
        chart=None if missing else _flag_chart(faulty, percent),
        missing=missing,
        notes=[
            f"A reading carries the first flag that fits, of: {', '.join(text.name_of(flag).lower() for flag in FLAGS[1:])}."
        ],
        tables=[DataTable("Readings by flag, all sources", titles, body)] if body else [],
        data=rows,
        provenance=provenance_of_demand(published, run, trace=published.trace(FLAG_COUNT, ("flag", "readings"))),
    )


def _flag_chart(faulty: pl.DataFrame, percent: list[str]) -> go.Figure:
    chart = go.Figure(
        go.Scatter(
            x=100 * faulty["share"], y=[text.name_of(flag) for flag in faulty["flag"]], mode="markers+text",
            text=[f"{value} %" for value in percent], textposition="middle right", cliponaxis=False,
            marker={"size": 11, "color": palette.COST_PART["carbon"].light},
            hovertemplate="%{y}: %{text} of readings<extra></extra>",
        )
    )  # fmt: skip
    style(chart, height=100 + 38 * faulty.height)
    chart.update_layout(margin={"t": 8, "r": 70})
    chart.update_xaxes(title="Share of readings [%]", tickformat="~g", tickangle=0, rangemode="tozero")
    if _is_wide(faulty):
        shares = faulty["share"].to_numpy()
        decades = math.log10(shares.max() / shares.min())
        chart.update_xaxes(type="log", dtick=1 if decades < MANY_DECADES else 2)
    chart.update_yaxes(type="category", autorange="reversed", showgrid=True)
    return chart


def _is_wide(faulty: pl.DataFrame) -> bool:
    shares = faulty["share"].to_numpy()
    return bool(shares.max() > WIDE * shares.min())


def draw_judgements(published: Published, run: RunInfo) -> Exhibit:
    """Draw the share of readings that each inferred flag could be judged for."""
    rows = published[FLAG_JUDGEMENT].frame.filter(pl.col("readings").is_not_null())
    totals = judged_share(rows)
    missing = why_missing([published[FLAG_JUDGEMENT]], otherwise="no readings yet") if totals.is_empty() else None
    judged = [
        f"{text.name_of(flag)} {text.almost(share)} % judged"
        for flag, share in totals.filter(outcome=JUDGED).select("flag", "share").iter_rows()
    ]
    return Exhibit(
        key="judgements",
        title="Faults that only a home's history shows: what could be judged",
        shows="Share of readings for which the home's other readings, and the temperature, suffice to say whether the flag fits. A reading "
        "that cannot be judged stays and counts.",
        alternative=f"Stacked bar chart of readings judged and not judged: {'; '.join(judged)}.",
        chart=None if missing else _judgement_chart(totals),
        missing=missing,
        notes=[*_lacking(totals), *kept_note(published[FLAG_JUDGEMENT], published.period)],
        tables=[] if missing else [_judgement_totals(totals), _judgement_months(rows)],
        data=rows,
        provenance=provenance_of_demand(
            published, run, trace=published.trace(FLAG_JUDGEMENT, ("flag", "outcome", "readings"))
        ),
    )


def judged_share(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the judged and unjudged readings of each inferred flag and their share [%]; judged ones come first."""
    return (
        ordered(rows.drop_nulls("readings"), "flag", INFERRED_FLAGS)
        .group_by("flag", "outcome", maintain_order=True)
        .agg(pl.col("readings").sum())
        .filter(pl.col("readings") > 0)
        .sort(pl.col("outcome") != JUDGED, maintain_order=True)
        .with_columns(share=100 * pl.col("readings") / pl.col("readings").sum().over("flag"))
    )


def _judgement_chart(totals: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    flags = [name for name in INFERRED_FLAGS if name in set(totals["flag"])]
    names = [wrapped(text.name_of(flag), NAME_WIDTH) for flag in flags]
    for key, name, rows in (
        ("judged", "Judged", totals.filter(pl.col("outcome") == JUDGED)),
        ("not_judged", "Not judged", totals.filter(pl.col("outcome") != JUDGED)),
    ):
        outcomes = rows.group_by("flag").agg(pl.col("share").sum(), pl.col("outcome").str.join("; "))
        of_flag = {flag: (share, outcome) for flag, share, outcome in outcomes.iter_rows()}
        found = [of_flag.get(flag, (0.0, key)) for flag in flags]
        chart.add_bar(
            x=[share for share, _ in found], y=names, orientation="h", name=name, marker_color=palette.OUTCOME[key].light,
            customdata=[text.in_chart(outcome) for _, outcome in found],
            hovertemplate="%{y}, %{customdata}: %{x:.2f} % of readings<extra></extra>",
        )  # fmt: skip
    style(chart, height=120 + 60 * len(flags))
    chart.update_layout(barmode="stack", legend_traceorder="normal")
    chart.update_xaxes(title="Share of readings [%]", range=[0, 100.5], dtick=25)
    chart.update_yaxes(type="category", autorange="reversed")
    return chart


def _lacking(totals: pl.DataFrame) -> list[str]:
    """Return one sentence on the data that were missing, by flag."""
    lacking = [
        f"{text.name_of(flag)}: {text.almost(share)} % ({text.visible(outcome)})"
        for flag, outcome, share in totals.filter(pl.col("outcome") != JUDGED)
        .select("flag", "outcome", "share")
        .iter_rows()
    ]
    return [f"Not judged: {'; '.join(lacking)}."] if lacking else []


def _judgement_totals(totals: pl.DataFrame) -> DataTable:
    headings = (Heading("Flag"), Heading("Outcome"), Heading("Readings", numeric=True), Heading("Share of readings [%]", numeric=True))  # fmt: skip
    body = tuple(
        (
            text.name_of(flag),
            "Judged" if outcome == JUDGED else f"Not judged: {text.visible(outcome)}",
            f"{readings:,}",
            text.almost(share),
        )
        for flag, outcome, readings, share in totals.select("flag", "outcome", "readings", "share").iter_rows()
    )
    return DataTable("Inferred flags, all months", headings, body)


def _judgement_months(rows: pl.DataFrame) -> DataTable:
    flags = [name for name in INFERRED_FLAGS if name in set(rows["flag"])]
    shares = (
        rows.group_by("month", "flag")
        .agg(
            judged=pl.col("readings").filter(pl.col("outcome") == JUDGED).sum(),
            readings=pl.col("readings").sum(),
        )
        .filter(pl.col("readings") > 0)
        .with_columns(share=100 * pl.col("judged") / pl.col("readings"))
    )
    value = {(month, flag): share for month, flag, share in shares.select("month", "flag", "share").iter_rows()}
    headings = (Heading("Month"), *(Heading(f"{text.name_of(flag)}, judged [%]", numeric=True) for flag in flags))
    body = tuple(
        (f"{month:%Y-%m}", *(text.NOTHING if (month, f) not in value else text.almost(value[month, f]) for f in flags))
        for month in sorted(set(shares["month"]))
    )
    return DataTable("Share of readings judged, by month", headings, body)
