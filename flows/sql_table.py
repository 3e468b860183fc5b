"""A table for people: rows of a frame in the width of a terminal, numbers aligned at the point."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

GAP = "  "
NARROWEST = 12  # a column of texts is not cut below this width [characters]
SIGNIFICANT = 6  # digits of the largest number of a column
NULL = "null"
MORE = "…"
PIPED_WIDTH = 160  # where there is no terminal [characters]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column as text."""

    name: str
    cells: Sequence[str]
    is_number: bool

    @property
    def width(self) -> int:
        return max(len(self.name), *(len(cell) for cell in self.cells), 1)

    def line(self, text: str, width: int) -> str:
        cut = text if len(text) <= width else text[: width - len(MORE)] + MORE
        return cut.rjust(width) if self.is_number else cut.ljust(width)


def show_table(frame: pl.DataFrame, rows: int, width: int | None = None) -> str:
    """Return the rows as a table of at most `width` characters, and below it what was left out of the `rows` in all."""
    if frame.columns == ["explain_key", "explain_value"]:
        return "\n".join(frame["explain_value"].to_list())
    columns = [_show_column(series) for series in frame.get_columns()]
    widths = _fit(
        [column.width for column in columns], columns, width or shutil.get_terminal_size((PIPED_WIDTH, 40)).columns
    )
    drawn = list(zip(columns, widths, strict=False))
    lines = [
        GAP.join(column.line(column.name, size) for column, size in drawn),
        GAP.join("-" * size for _, size in drawn),
        *(GAP.join(column.line(column.cells[row], size) for column, size in drawn) for row in range(len(frame))),
    ]
    hidden = [column.name for column in columns[len(widths) :]]
    return "\n".join(line.rstrip() for line in [*lines, _say_what_is_left_out(len(frame), rows, hidden)]) + "\n"


def _say_what_is_left_out(shown: int, rows: int, hidden: Sequence[str]) -> str:
    said = f"{rows:,} {'row' if rows == 1 else 'rows'}" if shown == rows else f"the first {shown} of {rows:,} rows"
    if hidden:
        said += f"; {len(hidden)} more {'column' if len(hidden) == 1 else 'columns'}: {', '.join(hidden)}"
    return f"({said}{'; --format csv gives all' if hidden or shown < rows else ''})"


def _fit(widths: list[int], columns: Sequence[_Shown], room: int) -> list[int]:
    """Return the widths of the columns that fit: long texts are cut first, then columns left out from the right."""
    fitted = list(widths)
    while sum(fitted) + len(GAP) * (len(fitted) - 1) > room:
        texts = [n for n, column in enumerate(columns[: len(fitted)]) if not column.is_number and fitted[n] > NARROWEST]
        if texts:
            widest = max(texts, key=lambda n: fitted[n])
            fitted[widest] -= 1
        elif len(fitted) > 1:
            fitted.pop()
            fitted = widths[: len(fitted)]
        else:
            return [room]
    return fitted


def _show_column(series: pl.Series) -> _Shown:
    if series.dtype.is_float():
        return _Shown(series.name, _show_floats(series.to_list()), is_number=True)
    if isinstance(series.dtype, pl.Datetime):
        series = series.dt.to_string("%Y-%m-%d %H:%M:%S")
    if series.dtype == pl.Boolean:
        series = series.cast(pl.String)
    texts = [NULL if value is None else _printable(str(value)) for value in series.to_list()]
    return _Shown(series.name, texts, is_number=series.dtype.is_numeric())


def _show_floats(values: Sequence[float | None]) -> list[str]:
    """Return numbers with as many decimals as the largest needs for six digits, and no more than any of them has."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    largest = max((abs(value) for value in finite), default=0.0)
    before_point = math.floor(math.log10(largest)) + 1 if largest > 0 else 1
    decimals = max(0, SIGNIFICANT - before_point)
    needed = max((len(f"{value:.{decimals}f}".rstrip("0").partition(".")[2]) for value in finite), default=0)
    return [NULL if value is None else f"{value:.{needed}f}" for value in values]


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
