"""Figures of the run beside published studies: levels by dwelling type and temperature, shapes of the day."""

from __future__ import annotations

import re
from typing import Any

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from reports.figures.exhibit import (
    NAME_WIDTH,
    TITLE_WIDTH,
    Choice,
    DataTable,
    Exhibit,
    Heading,
    homes_behind,
    kept_note,
    of_choice,
    style,
    title_above,
    wrapped,
)
from reports.inputs import Published, RunInfo, provenance_of_demand
from transforms.tables.published import EXTERNAL_CHECK
from transforms.tables.words import PROFILE_GROUPS

COLUMNS = ("study", "quantity", "segment", "own", "published", "ratio", "households", "explanation")
QUANTITY, SHAPE = ["quantity", "unit"], ["study", "quantity", "unit"]
HOUR = re.compile(r"^(\d{1,2}):(\d\d)$")
BAND = re.compile(r"^-?\d+_to_-?\d+_c$")
HOURS_OF_A_SHAPE = 12  # this many segments that are hours, or more, are drawn as a line
ROW_HEIGHT, FRAME_HEIGHT = 42, 140


def draw_external(published: Published, run: RunInfo) -> list[Exhibit]:
    """Draw results of the run beside published ones: levels in one exhibit, shapes of the day in another, or nothing."""
    levels, shapes = levels_and_shapes(published)
    return [
        *([] if levels.is_empty() else [_levels(published, run, _in_reading_order(levels))]),
        *([] if shapes.is_empty() else [_shapes(published, run, shapes)]),
    ]


def levels_and_shapes(published: Published) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that compare single levels, and those that compare the hours of a day, by `hour`."""
    rows = published[EXTERNAL_CHECK].frame.with_columns(hour=_hour_of(published[EXTERNAL_CHECK].frame["segment"]))
    shape = (pl.col("hour").is_not_null().all() & (pl.len() >= HOURS_OF_A_SHAPE)).over(SHAPE)
    return rows.filter(~shape), rows.filter(shape).sort(*SHAPE, "hour")


def _hour_of(segments: pl.Series) -> pl.Series:
    """Return the hour of day that each segment names, or null if it names something else."""
    found = [HOUR.match(segment) for segment in segments]
    return pl.Series([int(m[1]) + int(m[2]) / 60 if m else None for m in found], dtype=pl.Float64)


def _in_reading_order(levels: pl.DataFrame) -> pl.DataFrame:
    """Sort quantities with many rows first; types in the order of all figures, bands from cold to mild."""
    segment = pl.col("segment")
    order = dict(zip(PROFILE_GROUPS, range(len(PROFILE_GROUPS)), strict=True))
    return levels.sort(
        -pl.len().cast(pl.Int64).over(QUANTITY),
        *QUANTITY,
        segment.replace_strict(order, default=None, return_dtype=pl.Int32),
        segment.str.extract(r"^(-?\d+)_to_").cast(pl.Int32),
        "segment",
        "study",
    )


def _levels(published: Published, run: RunInfo, rows: pl.DataFrame) -> Exhibit:
    quantities = rows.partition_by(QUANTITY, maintain_order=True)
    choices = [
        Choice(f"level-{n}", _capital(_words(of["quantity"][0])), _describe_level(of))
        for n, of in enumerate(quantities)
    ]
    return Exhibit(
        key="external-levels",
        title="Levels beside published ones",
        shows="Filled dots: this run. Hollow diamonds: the published study. What explains each difference stands in the table.",
        alternative=f"Dot charts of this run beside {_studies(rows)}. {choices[0].name}: {choices[0].says}",
        chart=_levels_chart(quantities, [choice.key for choice in choices]),
        choices=choices,
        notes=kept_note(published[EXTERNAL_CHECK], published.period),
        tables=[_levels_table(rows)],
        data=rows.drop("hour"),
        provenance=_provenance(published, run, rows),
    )


def _describe_level(of: pl.DataFrame) -> str:
    """Return the homes and studies behind one quantity, and the ratios of the run's results to published ones."""
    words = f"Own figures rest on {min(of['households']):,} homes or more, beside {_studies(of)}."
    ratios = of.drop_nulls("ratio").sort("ratio")
    if ratios.is_empty():
        return words
    low, high = ratios.row(0, named=True), ratios.row(-1, named=True)
    if ratios.height == 1:
        return f"{words} Own over published: {low['ratio']:.2f}."
    ends = [f"{row['ratio']:.2f} ({_segment(row['segment'])}, {_words(row['study'])})" for row in (low, high)]
    return f"{words} Own over published: {' to '.join(ends)}."


def _levels_chart(quantities: list[pl.DataFrame], keys: list[str]) -> go.Figure:
    views: dict[str, dict[str, Any]] = {}
    marks = []
    for key, of in zip(keys, quantities, strict=True):
        several = of["study"].n_unique() > 1
        names = [
            wrapped(text.in_chart(_segment(segment)), NAME_WIDTH) + (f"<br>{text.in_chart(study)}" if several else "")
            for segment, study in of.select("segment", "study").iter_rows()
        ]
        unit = text.in_chart(text.show_unit(of["unit"][0]))
        title = wrapped(text.in_chart(_titled(_words(of["quantity"][0]), of["unit"][0])), TITLE_WIDTH)
        views[key] = {"height": FRAME_HEIGHT + ROW_HEIGHT * of.height, "title": title}
        diamond = {"symbol": "diamond", "size": 14, "color": palette.PAGE.light, "line": {"width": 2, "color": palette.PUBLISHED.light}}  # fmt: skip
        for column, name, marker in (
            ("published", "Published", diamond),
            ("own", "This run", {"symbol": "circle", "size": 9, "color": palette.group_ink("all").light}),
        ):
            marks.append(
                go.Scatter(
                    x=of[column], y=names, mode="markers", name=name, marker=marker, cliponaxis=False, **of_choice(key),
                    hovertemplate=f"{name}, %{{y}}: %{{x:,.3~r}} {unit}<extra></extra>",
                )
            )  # fmt: skip
    chart = go.Figure(marks)
    first = views[keys[0]]
    style(chart, height=first["height"])
    chart.update_layout(legend_traceorder="reversed", showlegend=True, meta={"views": views})
    chart.update_xaxes(title=first["title"], rangemode="tozero")
    chart.update_yaxes(type="category", autorange="reversed", showgrid=True)
    return chart


def _shapes(published: Published, run: RunInfo, rows: pl.DataFrame) -> Exhibit:
    shapes = rows.partition_by(SHAPE, maintain_order=True)
    lines = (
        ("own", "This run", {"color": palette.group_ink("all").light, "width": 2.5}),
        ("published", "Published", {"color": palette.PUBLISHED.light, "width": 2, "dash": "dash"}),
    )
    chart = go.Figure(
        [
            go.Scatter(
                x=of["hour"], y=of[column].round(5), mode="lines", name=name, line=line, **of_choice(f"shape-{n}"),
                hovertemplate=f"{name}, %{{x:.3~r}} h: %{{y:.3~r}}<extra></extra>",
            )
            for n, of in enumerate(shapes)
            for column, name, line in lines
        ]
    )  # fmt: skip
    style(chart, height=420, left_to_right=False)
    chart.update_layout(legend={"y": 1.1}, margin_t=76, showlegend=True)
    chart.update_xaxes(
        title="Hour of day, local time", tickvals=[0, 6, 12, 18], ticktext=["00", "06", "12", "18"], range=[-0.5, 24]
    )
    chart.update_yaxes(rangemode="tozero")
    units = {text.in_chart(text.show_unit(unit)) for unit in rows["unit"]}
    title_above(chart, _titled("gas of the hour", units.pop()) if units != {"1"} else "Gas of the hour over the mean hour", panel=1)  # fmt: skip
    choices = [
        Choice(f"shape-{n}", _capital(_words(of["quantity"][0])), _describe_shape(of)) for n, of in enumerate(shapes)
    ]
    return Exhibit(
        key="external-shapes",
        title="Shapes of the day beside published ones",
        shows="Solid: this run. Dashed: the published study.",
        alternative=f"Line charts of the shape of the day, this run beside {_studies(rows)}. {choices[0].says}",
        chart=chart,
        choices=choices,
        notes=kept_note(published[EXTERNAL_CHECK], published.period),
        tables=[_shapes_table(shapes)],
        data=rows.drop("hour"),
        provenance=_provenance(published, run, rows),
    )


def _describe_shape(of: pl.DataFrame) -> str:
    why = " ".join(_words(words, longest=400) for words in of["explanation"].unique(maintain_order=True))
    return f"{_capital(homes_behind(of))} beside {_words(of['study'][0])}. {_capital(why)}"


def _provenance(published: Published, run: RunInfo, rows: pl.DataFrame) -> dict[str, str]:
    return {
        **provenance_of_demand(published, run, trace=published.trace(EXTERNAL_CHECK, COLUMNS)),
        "Beside": _studies(rows),
    }


def _levels_table(rows: pl.DataFrame) -> DataTable:
    words = {"study", "quantity", "segment", "unit", "explanation"}
    columns = ("quantity", "segment", "unit", "own", "published", "ratio", "households", "explanation", "study")
    headings = tuple(Heading(text.title_of(EXTERNAL_CHECK.column(name)), numeric=name not in words) for name in columns)
    body = tuple(
        (
            _words(row["quantity"]), _segment(row["segment"]), _words(row["unit"]),
            _three_digits(row["own"]), _three_digits(row["published"]), text.number(row["ratio"], 2),
            text.number(row["households"]), _words(row["explanation"], longest=400), _words(row["study"]),
        )
        for row in rows.iter_rows(named=True)
    )  # fmt: skip
    return DataTable("This run beside published figures", headings, body)


def _shapes_table(shapes: list[pl.DataFrame]) -> DataTable:
    """Return the hours of all shapes, two columns for each."""
    names = [_capital(_words(of["quantity"][0])) for of in shapes]
    headings = [Heading("Hour, local time")]
    headings += [Heading(f"{name}: {column}", numeric=True) for name in names for column in ("own", "published")]
    values = [{row["segment"]: row for row in of.iter_rows(named=True)} for of in shapes]
    hours = sorted({segment for of in values for segment in of})
    body = tuple(
        (
            hour,
            *(
                _three_digits(of[hour][column]) if hour in of else text.NOTHING
                for of in values
                for column in ("own", "published")
            ),
        )
        for hour in hours
    )
    return DataTable("Shapes of the day beside published ones", tuple(headings), body)


def _studies(rows: pl.DataFrame) -> str:
    return text.listed([_words(study) for study in rows["study"].unique().sort()])


def _segment(segment: str) -> str:
    return text.band(segment) if BAND.match(segment) else _words(text.name_of(segment))


def _words(given: str, longest: int = text.LONGEST) -> str:
    """Return words of the table with the usual signs of units, safe for any text in a study."""
    return text.visible(text.show_unit(given), longest)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _titled(quantity: str, unit: str) -> str:
    shown = text.show_unit(unit)
    return _capital(quantity) if shown in {"", "1"} else f"{_capital(quantity)} [{shown}]"


def _three_digits(value: float) -> str:
    return text.assumed(float(f"{value:.3g}"))
