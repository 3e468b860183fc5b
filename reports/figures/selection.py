"""The selection of homes, and whether it moves the result."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import (
    NAME_WIDTH,
    DataTable,
    Exhibit,
    Heading,
    kept_note,
    style,
    why_missing,
    wrapped,
)
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, SELECTION_FUNNEL

COLUMNS = ("criterion", "households", "heat_kwh_mean", "households_without", "heat_kwh_mean_without")
STEP_WIDTH = 23  # characters per line of a step: its name is a sentence
LINE_HEIGHT = 17  # of a name on an axis [px]
SHOWN_AS_NOTHING = 0.0005  # a relative change that is written as 0.0 %


def draw_funnel(published: Published, run: RunInfo) -> Exhibit:
    """Draw the homes left after each selection step of the shown period."""
    rows = published[SELECTION_FUNNEL].frame.filter(period=published.period).sort("step")
    shown = _counts(published, rows["households"])
    steps = "; ".join(f"{step}: {homes}" for step, homes in zip(rows["criterion"], shown, strict=True))
    counted = rows["households"].count() > 0
    body = tuple(zip([str(step) for step in rows["step"]], rows["criterion"].to_list(), shown, strict=True))
    headings = (Heading("Step", numeric=True), Heading("Criterion"), Heading("Homes left, rounded to 10", numeric=True))
    trace = published.trace(SELECTION_FUNNEL, COLUMNS[:2])
    return Exhibit(
        key="selection",
        title="Which homes enter the figures",
        shows=f"Homes left after each selection step of the period {published.period}, rounded to 10."
        if published.period
        else "Homes left after each selection step.",
        alternative=f"Bar chart of homes left after each step: {steps}.",
        chart=_funnel_chart(rows, shown) if counted else None,
        missing=None if counted else why_missing([published[SELECTION_FUNNEL]], otherwise="no study period"),
        notes=kept_note(published[SELECTION_FUNNEL], published.period),
        tables=[DataTable(f"Selection of homes, {published.period}", headings, body)] if body else [],
        data=rows,
        provenance=provenance_of_demand(published, run, trace=trace),
    )


def _row_height(names: list[str]) -> int:
    """Return the height of a row [px] in which the longest of the wrapped names has room."""
    return max(44, LINE_HEIGHT * max(1 + name.count("<br>") for name in names) + 8)


def _counts(published: Published, homes: pl.Series) -> list[str]:
    few = f"fewer than {published[SELECTION_FUNNEL].threshold}"
    return [few if count is None else f"{count:,}" for count in homes]


def _funnel_chart(rows: pl.DataFrame, shown: list[str]) -> go.Figure:
    names = [wrapped(name, STEP_WIDTH) for name in rows["criterion"]]
    chart = go.Figure(
        go.Bar(
            x=rows["households"].fill_null(0), y=names, orientation="h",
            marker_color=palette.OTHER_GROUP.light, text=shown, textposition="outside", cliponaxis=False,
            textangle=0, constraintext="none", hovertemplate="%{y}: %{text} homes<extra></extra>",
        )
    )  # fmt: skip
    style(chart, height=90 + _row_height(names) * rows.height)
    chart.update_layout(margin_t=8)
    chart.update_xaxes(
        title="Homes left", tickformat=",d", range=[0, 1.22 * int(rows["households"].drop_nulls().to_numpy().max())]
    )
    chart.update_yaxes(type="category", autorange="reversed")
    return chart


def draw_selection_effect(published: Published, run: RunInfo) -> Exhibit:
    """Draw the heat per home after each selection step, and without each step."""
    rows = published[SELECTION_FUNNEL].frame.filter(period=published.period).sort("step")
    drawn = rows.filter(pl.any_horizontal(pl.col("heat_kwh_mean", "heat_kwh_mean_without").is_not_null()))
    missing = None
    if drawn.is_empty():
        missing = why_missing(
            [published[SELECTION_FUNNEL], published[HEAT_DEMAND_ANNUAL]],
            otherwise="no home has a year's heat to compare",
        )
    return Exhibit(
        key="selection-effect",
        title="What the selection does to the result",
        shows="Filled dots: heat per home of the homes that pass the step and all before it. Hollow dots: of the homes that pass all "
        "steps but this one, so the result without it. The vertical line is the result of all steps"
        f"{_of_all_steps(drawn)}.",
        alternative=f"Dot chart of heat per home with and without each selection step: {'; '.join(_in_words(drawn))}.",
        chart=None if missing else _effect_chart(drawn),
        missing=missing,
        notes=[
            *_largest_effect(drawn),
            *([] if missing or drawn.height == rows.height else [f"Steps without a dot rest on fewer than {published[SELECTION_FUNNEL].threshold} homes, or on homes without a year's heat."]),
            *kept_note(published[SELECTION_FUNNEL], published.period),
        ],
        tables=[] if missing else [_effect_table(published, rows)],
        data=rows,
        provenance=provenance_of_demand(published, run, trace=published.trace(SELECTION_FUNNEL, COLUMNS)),
    )  # fmt: skip


def _of_all_steps(drawn: pl.DataFrame) -> str:
    final = drawn["heat_kwh_mean"].drop_nulls()
    return "" if final.is_empty() else f", {text.kwh(final[-1])}"


def _effect_chart(drawn: pl.DataFrame) -> go.Figure:
    names = [wrapped(name, STEP_WIDTH) for name in drawn["criterion"]]
    final = drawn["heat_kwh_mean"].drop_nulls()
    chart = go.Figure()
    for column, name, marker, position in (
        ("heat_kwh_mean", "up to this step", {"color": palette.group_ink("all").light, "size": 11}, "middle right"),
        (
            "heat_kwh_mean_without", "without this step",
            {"color": palette.PAGE.light, "size": 11, "line": {"width": 2.5, "color": palette.group_ink("all").light}}, "bottom center",
        ),
    ):  # fmt: skip
        chart.add_scatter(
            x=drawn[column], y=names, mode="markers+text", name=name, marker=marker, cliponaxis=False,
            text=["" if value is None or value in set(final[-1:]) else text.number(value) for value in drawn[column]], textposition=position,
            hovertemplate=f"%{{y}}, {name}: %{{x:,.0f}} kWh a year<extra></extra>",
        )  # fmt: skip
    if len(final):
        chart.add_vline(
            x=final[-1], line={"width": 1.5, "dash": "dot", "color": palette.PUBLISHED.light}, layer="below"
        )
    low, high = _span(drawn)
    style(chart, height=130 + _row_height(names) * drawn.height)
    chart.update_xaxes(
        title=wrapped(text.title_of(SELECTION_FUNNEL.column("heat_kwh_mean")), NAME_WIDTH),
        tickformat=",d",
        nticks=3,
        range=[low, high],
    )
    chart.update_yaxes(
        type="category", categoryorder="array", categoryarray=names, range=[len(names) - 0.4, -0.6], showgrid=True
    )
    return chart


def _span(drawn: pl.DataFrame) -> tuple[float, float]:
    """Return an axis around the values, wide enough that a difference of a few kWh does not look large."""
    values = pl.concat([drawn["heat_kwh_mean"], drawn["heat_kwh_mean_without"]]).drop_nulls().to_numpy()
    room = max(0.35 * (values.max() - values.min()), 0.03 * values.max())
    return float(values.min() - room), float(values.max() + room)


def _in_words(drawn: pl.DataFrame) -> list[str]:
    return [
        f"{criterion}: with {text.kwh(with_it)}, without {text.kwh(without)}"
        for criterion, with_it, without in drawn.select(
            "criterion", "heat_kwh_mean", "heat_kwh_mean_without"
        ).iter_rows()
    ]


def _largest_effect(drawn: pl.DataFrame) -> list[str]:
    """Return one sentence on the step that moves the result most."""
    means = drawn["heat_kwh_mean"].drop_nulls()
    if means.is_empty():
        return []
    change = drawn.with_columns(change=pl.col("heat_kwh_mean_without") / means[-1] - 1).drop_nulls("change")
    if change.is_empty():
        return []
    criterion, share = change.sort(pl.col("change").abs()).select("criterion", "change").row(-1)
    if abs(share) < SHOWN_AS_NOTHING:
        return ["No step moves the result: without any one of them, heat per home stays the same to 0.1 %."]
    step = f"\N{LEFT DOUBLE QUOTATION MARK}{criterion}\N{RIGHT DOUBLE QUOTATION MARK}"
    return [f"The step that moves the result most is {step}: without it heat per home changes by {text.signed(share)}."]


def _effect_table(published: Published, rows: pl.DataFrame) -> DataTable:
    headings = tuple(
        Heading(text.title_of(SELECTION_FUNNEL.column(name)), numeric=index > 0) for index, name in enumerate(COLUMNS)
    )
    columns = [rows["criterion"].to_list()]
    for count, heat in (COLUMNS[1:3], COLUMNS[3:5]):
        columns += [_counts(published, rows[count]), [text.number(value) for value in rows[heat]]]
    body = tuple(zip(*columns, strict=True))
    return DataTable("Heat per home with and without each step; homes are rounded to 10", headings, body)
