"""A figure on a page: the chart, its description in words, its rows, and their source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import plotly.graph_objects as go
import polars as pl

from reports import palette, text
from transforms.public.public import PublicTable
from transforms.tables.schema import Column, Table

FEW_HOMES = "not shown: rests on fewer than {} homes"
NAME_WIDTH, TITLE_WIDTH = 17, 32  # characters per line of category names and of axis titles
SCALE_PX = (26, 62)  # height of the scale of a map, and of its title, above the map
SAMPLE = "made-up sample data, not EDRP"


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of a table on a page."""

    title: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table for readers: headings and cells are text; `frame` holds the same rows unrounded."""

    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[str, ...], ...]
    frame: pl.DataFrame | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several views of a chart, of which a reader picks one; it shows the traces made with `of_choice(key)`."""

    key: str
    name: str
    says: str  # a description of the view


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart on a page: the JSON from which the browser draws it, and its height."""

    as_json: str
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One figure of a page; if it cannot be shown, `chart` is None and `missing` says why.

    `title` names its topic; `finding` is its finding in one sentence, which is the heading on a page.

    If there are `choices`, the page opens with the first one. Readers download `data` as CSV, or the unrounded rows of the
    first table if it is None.
    """

    key: str
    title: str
    shows: str
    alternative: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)
    finding: str | None = None
    chart: go.Figure | None = None  # it becomes a `Chart` on a page
    missing: str | None = None
    rests_on_homes: bool = True
    choices: Sequence[Choice] = ()
    notes: Sequence[str] = ()
    tables: Sequence[DataTable] = field(default_factory=tuple)
    data: pl.DataFrame | None = field(default=None, compare=False, repr=False)

    @property
    def heading(self) -> str:
        """The heading of the figure: its finding, or its topic if it has none."""
        return self.title if self.finding is None or self.missing is not None else self.finding


def of_choice(key: str) -> dict[str, dict[str, str]]:
    """Return the argument that makes a trace part of one choice; a trace without it belongs to all of them."""
    return {"meta": {"choice": key}}


def tabulate(frame: pl.DataFrame, table: Table, columns: Sequence[str], *, caption: str) -> DataTable:
    """Return rows of a declared table for readers: headings and decimals follow the declaration."""
    declared = [table.column(name) for name in columns]
    headings = tuple(Heading(text.title_of(c), numeric=frame.schema[c.name].is_numeric()) for c in declared)
    rows = tuple(
        tuple(text.cell(_named(value), column) for value, column in zip(row, declared, strict=True))
        for row in frame.select(columns).iter_rows()
    )
    return DataTable(caption, headings, rows, frame.select(columns))


def why_missing(tables: Sequence[PublicTable], *, otherwise: str) -> str:
    """Return the reason why a figure has nothing to show: disclosure control, or `otherwise`."""
    for table in tables:
        if not table.suppressed.is_empty():
            return FEW_HOMES.format(table.threshold)
    return f"not shown: {otherwise}"


def hidden_names(table: PublicTable, period: str, column: str = "dwelling_type") -> list[str]:
    """Return the names of the cells of a period that disclosure control hides."""
    hidden = table.suppressed.filter(pl.col("period") == period)
    return [text.name_of(name) for name in hidden[column].unique(maintain_order=True)]


def hidden_note(table: PublicTable, period: str, *, shown: pl.DataFrame | None = None) -> list[str]:
    """Return one sentence on hidden cells, or nothing if there are none.

    In a table with several rows per dwelling type, a type with `shown` rows is hidden only in part.
    """
    visible = [] if shown is None else [text.name_of(name) for name in shown["dwelling_type"].unique()]
    names = [name for name in hidden_names(table, period) if name not in visible]
    return [f"Not shown: {text.listed(names)} ({_rests_on_few(table)})."] if names else []


def partly_note(table: PublicTable, period: str, *, shown: pl.DataFrame) -> list[str]:
    """Return one sentence on types with hidden and with `shown` cells, or nothing."""
    visible = [text.name_of(name) for name in shown["dwelling_type"].unique()]
    names = [name for name in hidden_names(table, period) if name in visible]
    return [f"Shown in part: {text.listed(names)} (the rest {_rests_on_few(table)})."] if names else []


def _rests_on_few(table: PublicTable) -> str:
    return f"rests on fewer than {table.threshold} homes, or would reveal a figure that does"


def kept_note(table: PublicTable, period: str) -> list[str]:
    """Return one sentence on groups whose values are those of an earlier release, or nothing if there are none."""
    kept = table.few_changes.filter(pl.col("period") == period)["dwelling_type"].unique(maintain_order=True)
    if kept.is_empty():
        return []
    names = text.listed([text.name_of(name) for name in kept])
    why = f"fewer than {table.threshold} homes changed since, and a new figure beside the old one would show them"
    return [f"Kept from an earlier release: {names} ({why})."]


def homes_behind(rows: pl.DataFrame) -> str:
    """Return the published number of homes behind some rows: the lowest number if rows differ."""
    counts = rows["households"].drop_nulls().to_list()
    return f"about {min(counts):,} homes" if counts else "homes not counted"


def ordered(frame: pl.DataFrame, column: str, order: Sequence[str]) -> pl.DataFrame:
    """Return the rows whose `column` is in `order`, in that order."""
    return frame.filter(pl.col(column).is_in(order)).sort(pl.col(column).cast(pl.Enum(order)))


def style(chart: go.Figure, *, height: int, left_to_right: bool = True) -> go.Figure:
    """Set the layout of a chart; the page sets the colours of text and lines, since it may be light or dark."""
    chart.update_layout(
        template=None,
        height=height,
        margin={"l": 8, "r": 12, "t": 36, "b": 8},
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"},
        bargap=0.32,
        dragmode=False,
    )
    zero = {"zeroline": False, "zerolinecolor": palette.OTHER_GROUP.light}
    chart.update_xaxes(automargin=True, title_standoff=8, showgrid=left_to_right, **zero)
    chart.update_yaxes(automargin=True, ticklabelstandoff=6, showgrid=not left_to_right, **zero)
    return chart


def title_above(chart: go.Figure, title: str, *, panel: int) -> None:
    """Write the title of a panel's vertical axis horizontally above it, which can be read on a phone too."""
    axis = "" if panel == 1 else str(panel)
    chart.add_annotation(
        text=title, xref="paper", yref=f"y{axis} domain", x=0, y=1.02, xanchor="left", yanchor="bottom", showarrow=False
    )  # fmt: skip


def scale_bar() -> dict[str, object]:
    """Return the colour scale above a map; `title_above_scale` names its value."""
    return {
        "orientation": "h", "x": 0, "xanchor": "left", "xpad": 0, "y": 1, "yanchor": "bottom", "ypad": SCALE_PX[0], "len": 1, "thickness": 12,
        "outlinewidth": 0,
    }  # fmt: skip


def title_above_scale(chart: go.Figure, title: str) -> None:
    """Write the meaning of the colours of a map above their scale."""
    chart.add_annotation(
        text=title, xref="paper", yref="paper", x=0, y=1, yshift=SCALE_PX[1], xanchor="left", yanchor="bottom", showarrow=False
    )  # fmt: skip


def wrapped(words: str, width: int) -> str:
    """Return words in lines of about `width` characters, so that names and titles of axes fit a phone."""
    lines = [""]
    for word in words.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def axis_title(column: Column) -> str:
    """Return the title of a horizontal axis: meaning and unit as declared."""
    return wrapped(text.title_of(column), TITLE_WIDTH)


def _named(value: object) -> object:
    return text.NAMES.get(value, value) if isinstance(value, str) else value
