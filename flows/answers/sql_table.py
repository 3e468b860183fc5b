"""A table as text: rows of a frame in the width of a terminal, or whole; numbers are aligned at the decimal point."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

GAP = "  "
NARROWEST = 13  # a column of texts is not cut below this width, which holds `semi_detached` [characters]
HEADER_LINES = 3  # lines of a column's name at most; it is broken after underscores and blanks
SIGNIFICANT = 6  # digits of the largest number of a column
SEPARATED = 10_000  # numbers from here on get thousands separators, so that years get none
TINY, HUGE = 1e-9, 1e15  # columns whose largest number is outside these bounds are written with exponents
NULL = "null"
MORE = "…"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column as text, with the lines of its name."""

    name: str
    header: Sequence[str]
    cells: Sequence[str]
    is_number: bool = False
    may_be_cut: bool = False

    @property
    def width(self) -> int:
        return max((len(text) for text in (*self.header, *self.cells)), default=0) or 1

    def line(self, text: str, width: int) -> str:
        cut = text if len(text) <= width else text[: width - len(MORE)] + MORE
        return cut.rjust(width) if self.is_number else cut.ljust(width)

    def break_name(self, lines: int) -> _Shown:
        """Return the column with its name on at most `lines` lines, as narrow as its cells allow."""
        parts = re.findall(r"[^_ ]*[_ ]?", self.name)[:-1]
        room = max((len(cell) for cell in self.cells), default=1)
        while len(header := _fill(parts, room)) > lines:
            room += 1
        return replace(self, header=header)


def show_table(frame: pl.DataFrame, rows: int, width: int) -> str:
    """Return the first rows as a table that fits a terminal, and below it a line about what was left out.

    To fit, names are broken into lines, then long texts are cut, then columns are left out from the right. A single row
    with more columns than fit is written with one line per column.

    Parameters
    ----------
    frame
        The first rows.
    rows
        How many rows there are in all.
    width
        Length of a line [characters].

    """
    if _is_plan(frame):
        return _plan(frame)
    columns = [_show_column(series) for series in frame.get_columns()]
    for lines in range(1, HEADER_LINES + 1):
        broken = [column.break_name(lines) for column in columns]
        if _length([column.width for column in broken]) <= width:
            break
    widths = _fit(broken, width)
    hidden = [column.name for column in columns[len(widths) :]]
    if hidden and len(frame) == 1:
        return _upright(columns, width)
    said = _say_what_is_left_out(len(frame), rows, hidden)
    filled = textwrap.fill(said, max(width, NARROWEST), break_long_words=False, break_on_hyphens=False)
    return _join([*_header(broken, widths), *_rows(broken, widths), filled])


def show_whole(frames: Iterable[pl.DataFrame]) -> Iterator[str]:
    """Give every row and column of a table in pieces, with nothing cut, and at the end the number of rows.

    The columns are as wide as the first frame needs; the columns of a later frame may be wider.
    """
    rows, widths = 0, list[int]()
    for frame in frames:
        if _is_plan(frame):
            yield _plan(frame)
            return
        columns = [_show_column(series) for series in frame.get_columns()]
        if not widths:
            widths = [column.width for column in columns]
            yield _join(_header(columns, widths))
        wide = [max(column.width, width) for column, width in zip(columns, widths, strict=True)]
        yield _join(_rows(columns, wide))
        rows += len(frame)
    yield _join([_say_what_is_left_out(rows, rows, [])])


def _header(columns: Sequence[_Shown], widths: Sequence[int]) -> list[str]:
    shown = columns[: len(widths)]
    high = max(len(column.header) for column in shown)
    names = [[""] * (high - len(column.header)) + list(column.header) for column in shown]
    return [
        *(_line(shown, [name[n] for name in names], widths) for n in range(high)),
        GAP.join("-" * size for size in widths),
    ]


def _rows(columns: Sequence[_Shown], widths: Sequence[int]) -> list[str]:
    shown = columns[: len(widths)]
    return [_line(shown, cells, widths) for cells in zip(*(column.cells for column in shown), strict=True)]


def _line(columns: Sequence[_Shown], texts: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(column.line(text, size) for column, text, size in zip(columns, texts, widths, strict=True))


def _join(lines: Iterable[str]) -> str:
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _upright(columns: Sequence[_Shown], width: int) -> str:
    """Return a single row as a line for each column, with name and value; a long value takes several lines."""
    left = min(max(len(column.name) for column in columns), max(width // 2, 1))
    room = max(width - left - len(GAP), 1)
    lines = []
    for column in columns:
        values = textwrap.wrap(column.cells[0], room) or [""]
        name = column.name if len(column.name) <= left else column.name[: left - len(MORE)] + MORE
        lines += [
            f"{text:<{left}}{GAP}{value}" for text, value in zip([name] + [""] * len(values), values, strict=False)
        ]
    return _join([*lines, "(1 row)"])


def _say_what_is_left_out(shown: int, rows: int, hidden: Sequence[str]) -> str:
    said = f"{rows:,} {'row' if rows == 1 else 'rows'}" if shown == rows else f"the first {shown} of {rows:,} rows"
    if hidden:
        said += f"; {len(hidden)} more {'column' if len(hidden) == 1 else 'columns'}: {', '.join(hidden)}"
    return f"({said}{'; --format csv gives all' if hidden or shown < rows else ''})"


def _fit(columns: Sequence[_Shown], room: int) -> list[int]:
    """Return the widths of the columns that fit; long texts are cut first, then columns are left out from the right."""
    widths = [column.width for column in columns]
    fitted = list(widths)
    while _length(fitted) > room:
        texts = [n for n, column in enumerate(columns[: len(fitted)]) if column.may_be_cut and fitted[n] > NARROWEST]
        if texts:
            widest = max(texts, key=lambda n: fitted[n])
            others = max((fitted[n] for n in texts if n != widest), default=0)
            fitted[widest] -= max(1, min(fitted[widest] - max(NARROWEST, others), _length(fitted) - room))
        elif len(fitted) > 1:
            fitted = widths[: len(fitted) - 1]
        else:
            return [room]
    return fitted


def _length(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _fill(parts: Sequence[str], room: int) -> list[str]:
    """Return the parts of a name on lines of at most `room` characters; a longer part gets a line of its own."""
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) > room:
            lines.append("")
        lines[-1] += part
    return lines


def _show_column(series: pl.Series) -> _Shown:
    name = _printable(series.name)
    if series.dtype.is_float():
        return _Shown(name, [name], _show_floats(series.to_list()), is_number=True)
    if series.dtype.is_integer():
        return _Shown(name, [name], _show_integers(series.to_list()), is_number=True)
    is_number = series.dtype.is_numeric()
    may_be_cut = not (is_number or series.dtype.is_temporal() or series.dtype == pl.Boolean)
    if isinstance(series.dtype, pl.Datetime):
        series = series.dt.to_string("%Y-%m-%d %H:%M:%S")
    if series.dtype == pl.Boolean:
        series = series.cast(pl.String)
    texts = [NULL if value is None else _printable(str(value)) for value in series.to_list()]
    return _Shown(name, [name], texts, is_number=is_number, may_be_cut=may_be_cut)


def _show_integers(values: Sequence[int | None]) -> list[str]:
    separator = "," if any(value is not None and abs(value) >= SEPARATED for value in values) else ""
    return [NULL if value is None else f"{value:{separator}}" for value in values]


def _show_floats(values: Sequence[float | None]) -> list[str]:
    """Return numbers with the decimals that the largest needs for six digits, but without trailing zeros in all of them."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    largest = max((abs(value) for value in finite), default=0.0)
    if largest and not TINY <= largest < HUGE:
        return [NULL if value is None else f"{value:.{SIGNIFICANT}g}" for value in values]
    before_point = math.floor(math.log10(largest)) + 1 if largest > 0 else 1
    decimals = max(0, SIGNIFICANT - before_point)
    needed = max((len(f"{value:.{decimals}f}".rstrip("0").partition(".")[2]) for value in finite), default=0)
    separator = "," if largest >= SEPARATED else ""
    return [NULL if value is None else f"{value:{separator}.{needed}f}" for value in values]


def _is_plan(frame: pl.DataFrame) -> bool:
    return frame.columns == ["explain_key", "explain_value"]


def _plan(frame: pl.DataFrame) -> str:
    return "\n".join(frame["explain_value"].to_list())


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
