"""The results of the checks before each publication, run by run."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import DataTable, Exhibit, Heading, style, title_above, why_missing
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.published import GATE_RUN

COLUMNS = ("run_id", "kind", "published_at_utc", "checks", "passed", "failed_warnings", "failed_critical")
SHOWN_RUNS = 60
MOST_TICKS = 8
KINDS = (
    ("failed_warnings", "Warnings", palette.OUTCOME["not_judged"], "circle"),
    ("failed_critical", "Critical", palette.COST_PART["carbon"], "diamond"),
)
FAILED = "Checks that failed"


def draw_gate(published: Published, run: RunInfo) -> Exhibit:
    """Draw the failed checks of each published run; if there is only one run, describe it in words."""
    given = published[GATE_RUN]
    rows = given.frame.sort("published_at_utc", "run_id").tail(SHOWN_RUNS)
    missing = why_missing([given], otherwise="no run is recorded yet") if rows.is_empty() else None
    return Exhibit(
        key="gate-history",
        title="Checks before publication, run by run",
        shows=_shows(rows),
        alternative=_in_words(rows),
        chart=_chart(rows) if rows.height > 1 else None,
        missing=missing,
        rests_on_homes=False,
        notes=_code_changes(rows),
        tables=[] if rows.is_empty() else [_table(rows)],
        data=None if missing else rows,
        provenance=provenance_of_demand(published, run, trace=published.trace(GATE_RUN, COLUMNS)),
    )


def _shows(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return "How the checks of each published run came out."
    last = rows.row(-1, named=True)
    told = f"The last run passed {last['passed']:,} of {last['checks']:,} checks"
    told += f"; {_failures(last)}." if last["passed"] < last["checks"] else "."
    if rows.height == 1:
        return f"{told} It is the first run on record, so there is no history yet."
    return f"Checks that failed in each of the last {rows.height} published runs. A critical failure stops a publication. {told}"


def _failures(row: dict[str, int]) -> str:
    warnings = "1 warning" if row["failed_warnings"] == 1 else f"{row['failed_warnings']:,} warnings"
    critical = "1 critical failure" if row["failed_critical"] == 1 else f"{row['failed_critical']:,} critical failures"
    return f"{warnings} and {critical}"


def _in_words(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return "Checks by run, not shown."
    clean = rows.filter(pl.col("passed") == pl.col("checks")).height
    return (
        f"Line chart of failed checks by run: in {clean} of {rows.height} runs all checks passed; at most "
        f"{int(rows['failed_warnings'].to_numpy().max()):,} warnings and {int(rows['failed_critical'].to_numpy().max()):,} critical failures in one run."
    )


def _chart(rows: pl.DataFrame) -> go.Figure:
    chart = go.Figure()
    when = [f"{moment:%e %b %Y, %H:%M}".strip() for moment in rows["published_at_utc"]]
    order = list(range(rows.height))
    for column, name, ink, symbol in KINDS:
        chart.add_scatter(
            x=order, y=rows[column], mode="lines+markers", name=name, cliponaxis=False,
            line={"width": 1.5, "color": ink.light, "dash": "solid" if symbol == "circle" else "dot"},
            marker={"size": 10, "symbol": symbol, "color": ink.light},
            customdata=[[at, f"{checks:,}"] for at, checks in zip(when, rows["checks"], strict=True)],
            hovertemplate=f"%{{customdata[0]}} UTC, {name.lower()}: %{{y}} of %{{customdata[1]}} checks<extra></extra>",
        )  # fmt: skip
    ticks = order[:: -(-rows.height // MOST_TICKS)]
    style(chart, height=340, left_to_right=False)
    chart.update_layout(legend={"y": 1.12}, margin_t=84)
    chart.update_xaxes(
        title="Published run (UTC), oldest first", tickvals=ticks, ticktext=[f"{rows['published_at_utc'][n]:%d %b<br>%H:%M}" for n in ticks],
        range=[-0.6, rows.height - 0.4],
    )  # fmt: skip
    top = max(int(rows.select(pl.max_horizontal("failed_warnings", "failed_critical").max()).item()), 1)
    chart.update_yaxes(range=[0, 1.15 * top], tickformat=",d", dtick=1 if top <= MOST_TICKS else None, zeroline=True)
    title_above(chart, FAILED, panel=1)
    return chart


def _code_changes(rows: pl.DataFrame) -> list[str]:
    """Return one sentence on how often the code changed between the runs, or nothing."""
    changes = int((rows["code_fingerprint"] != rows["code_fingerprint"].shift(1)).sum())
    often = "once" if changes == 1 else f"{changes} times"
    return [f"The code changed {often} between these runs: the table names it by run."] if changes else []


def _table(rows: pl.DataFrame) -> DataTable:
    titles = ("Run", "Kind", "Published (UTC)", "Checks", "Passed", "Warnings", "Critical", "Code")
    numbers = ("checks", "passed", "failed_warnings", "failed_critical")
    columns = (*COLUMNS, "code_fingerprint")
    headings = tuple(Heading(title, numeric=name in numbers) for title, name in zip(titles, columns, strict=True))
    shown = rows.with_columns(pl.col("code_fingerprint").str.slice(0, 12)).select(columns).reverse()
    return DataTable(
        "Checks by published run, newest first",
        headings,
        tuple(tuple(map(text.cell, row)) for row in shown.iter_rows()),
    )
