"""Blocks of delivered lines to readings and rejects; every line becomes exactly one of header, blank, reading, reject.

In a format with one row a day, every cell becomes a reading or a reject.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from transforms.readings.declaration import (
    STRIPPED,
    Clock,
    ElectricityError,
    Format,
    GasConversion,
    Layout,
    NotUsedError,
    RefusalError,
    is_utf8,
    normalise_name,
    split_line,
)
from transforms.readings.formats import DAY_SLOTS
from transforms.readings.headers import recognise
from transforms.readings.stamps import HALF_HOUR, read_stamps
from transforms.tables.lake import REJECT
from transforms.tables.schema import UTC

_ROLES = (
    "household_id", "stamp", "stamp_time", "stamp_end", "stamp_end_time", "half_hour", "value", "unit", "flag", "commodity",
)  # fmt: skip
_NEWLINE = ord("\n")
STRETCH = 2**16  # bytes of a text in which line ends are counted at a time
LONGEST_LINE = 64 * 2**10  # bytes
CUT = b"\x00(cut)"  # stands at the end of a line that was longer; only its beginning is kept
# An id that a spreadsheet rounded: several homes may have become one.
ROUNDED_ID = r"^\d([.,]\d+)?[eE]\+\d+$"
_THOUSANDS = {".": r"^[+-]?\d{1,3}(,\d{3})+\.\d+$", ",": r"^[+-]?\d{1,3}(\.\d{3})+,\d+$"}  # by decimal mark
_JUDGED = ("whole", "unkept")  # columns that say whether a line is a reading; readings are returned without them


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a file: its fields, still text, one row per line; and the text itself.

    `fields` has `line` (from 1 in the file), `whole` (whether the line has the right number of fields) and one column per
    role of the format. In a format with one row a day it has one row per cell, and also `interval` and `place` (the line
    in the block).
    """

    fields: pl.DataFrame
    text: bytes | None  # None where the container has rows and no lines
    lines: int

    def lines_at(self, rows: Sequence[int]) -> list[bytes]:
        """Return the given lines, counted from 0, without their line ends."""
        if self.text is None:
            roles = [role for role in _ROLES if role in self.fields.columns]
            joined = pl.concat_str(pl.col(roles).fill_null(""), separator=",")
            return [text.encode() for text in self.fields[list(rows)].select(joined).to_series()]
        places = self.fields["place"].gather(list(rows)).to_list() if "place" in self.fields.columns else rows
        return [line.removesuffix(b"\n").rstrip(b"\r") for line in cut_lines(self.text, places)]


def cut_lines(text: bytes, rows: Sequence[int]) -> list[bytes]:
    """Return the given lines of a text, counted from 0, in rising order, with their line ends.

    Line ends are counted stretch by stretch, and found one by one only where a wanted line begins: nearly always few are wanted.
    """
    wanted = np.asarray(rows, dtype=np.int64)
    counts = (text.count(b"\n", at, at + STRETCH) for at in range(0, len(text), STRETCH))
    before = np.cumsum([0, *counts])
    stretches = np.searchsorted(before, wanted) - 1  # where the line before ends; -1 for the first line
    starts = np.zeros(len(wanted), dtype=np.int64)
    for stretch, first, number in zip(*np.unique(stretches, return_index=True, return_counts=True), strict=True):
        if stretch >= 0:
            at, of_stretch = stretch * STRETCH, slice(first, first + number)
            piece = np.frombuffer(text, dtype=np.uint8, count=min(STRETCH, len(text) - at), offset=at)
            starts[of_stretch] = np.flatnonzero(piece == _NEWLINE)[wanted[of_stretch] - before[stretch] - 1] + at + 1
    return [text[start : text.find(b"\n", start) + 1 or len(text)] for start in starts.tolist()]


@dataclass(frozen=True, slots=True)
class Parsed:
    """Readings and rejects of a block, with the counts of its lines; `regrouped` counts results beyond one per line."""

    lines: int
    header_lines: int
    blank_lines: int
    rejects: pl.DataFrame
    readings: pl.DataFrame
    regrouped: int = 0


def split_block(text: bytes, layout: Layout, first_line: int) -> Block:
    """Split lines into fields, without judging them.

    Quotes around fields are dropped. A line that has too many fields and quotes is split again as CSV, in which a quoted
    field may hold delimiters.

    Parameters
    ----------
    text
        Whole lines in UTF-8; only the last of a file may lack its line end.
    layout
        The column of each role.
    first_line
        Number of the first line in the file.

    """
    columns = [f"field_{i}" for i in range(layout.width)]
    mark = layout.dialect.delimiter
    lines = text.count(b"\n") + (not text.endswith(b"\n"))
    frame = _read_csv(text if text.endswith(b"\n") else text + b"\n", columns, mark)  # a last line may be blank
    if len(frame) != lines:
        message = f"{len(frame)} rows of {lines} lines, from line {first_line}: a fault of the reader"
        raise AssertionError(message)
    whole = pl.repeat(value=True, n=lines, eager=True)
    if text.count(mark.encode()) != lines * (layout.width - 1) or (frame[columns[-1]] == "").any():
        whole = find_whole_lines(text, layout)
    if b'"' in text and not whole.all():
        frame, whole = _part_quoted(frame, whole, text, mark)
    if b"\x00" in text:
        whole &= ~frame.select(pl.any_horizontal(pl.all().str.contains("\x00", literal=True))).to_series()
    stray_return = text.count(b"\r") != text.count(b"\r\n")
    if stray_return or any(sign in text for sign in (b" ", b'"', b"\t", b"\xc2\xa0")):
        frame = frame.with_columns(pl.all().str.strip_chars(STRIPPED))
    decimal = layout.dialect.decimal
    if decimal == "," or b'"' in text:
        values = pl.col([columns[at] for at in (layout.intervals or [layout.positions["value"]])])
        thousands = "," if decimal == "." else "."
        bare = pl.when(values.str.contains(_THOUSANDS[decimal])).then(
            values.str.replace_all(thousands, "", literal=True)
        )
        frame = frame.with_columns(bare.otherwise(values).str.replace(decimal, ".", literal=True))
    roles = {role: columns[at] for role, at in layout.positions.items()}
    fields = frame.select(
        line=pl.int_range(first_line, first_line + lines, dtype=pl.Int64),
        whole=whole,
        **{role: pl.col(name) for role, name in roles.items()},
        **{f"interval_{n}": pl.col(columns[at]) for at, n in layout.intervals.items()},
    )
    return Block(_part_days(fields, layout) if layout.intervals else fields, text, lines)


def _read_csv(text: bytes, columns: list[str], mark: str) -> pl.DataFrame:
    def read(clean: bytes) -> pl.DataFrame:
        return pl.read_csv(
            clean,
            has_header=False,
            separator=mark,
            quote_char=None,
            infer_schema=False,
            schema=dict.fromkeys(columns, pl.String),
            extra_columns="ignore",
            missing_columns="insert",
            empty_string_is_null=False,
            raise_if_empty=False,
        )

    try:
        return read(text)
    except pl.exceptions.ComputeError:  # some line is not UTF-8: blank it, it becomes a reject
        return read(b"\n".join(line if is_utf8(line) else b"" for line in text.split(b"\n")))


def _part_quoted(frame: pl.DataFrame, whole: pl.Series, text: bytes, mark: str) -> tuple[pl.DataFrame, pl.Series]:
    """Split the lines that have quotes and the wrong number of fields again, as CSV."""
    lines = text.split(b"\n")
    rows = [row for row in (~whole).arg_true() if b'"' in lines[row] and is_utf8(lines[row])]
    parted = {row: split_line(lines[row].decode(), mark) for row in rows}
    good = [row for row, fields in parted.items() if len(fields) == frame.width]
    if not good:
        return frame, whole
    columns = [column.scatter(good, [parted[row][n] for row in good]) for n, column in enumerate(frame.get_columns())]
    return pl.DataFrame(columns), whole.scatter(good, [True] * len(good))


def _part_days(rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Return one row per cell of a day; empty cells beyond the usual number of a day are left out."""
    intervals = [f"interval_{n}" for n in sorted(layout.intervals.values())]
    usual = len(intervals) // 24 * 24 if len(intervals) >= 24 else len(intervals)  # noqa: PLR2004 - hours of a day
    kept = [name for name in rows.columns if name not in intervals]
    placed = rows.with_row_index("place")
    cells = placed.unpivot(
        intervals, index=["place", *kept], variable_name="interval", value_name="value"
    ).with_columns(pl.col("interval").str.strip_prefix("interval_").cast(pl.Int16))
    is_spare = (pl.col("interval") >= usual) & pl.col("value").str.to_lowercase().is_in(
        list(layout.format.null_markers)
    )
    broken = ~pl.col("whole") | is_blank_day(pl.col("stamp"), layout)
    return cells.filter(~is_spare & (~broken | (pl.col("interval") == 0))).sort("place", "interval")


def is_blank_day(stamp: pl.Expr, layout: Layout) -> pl.Expr:
    """Say whether the text of a day has none of the format's shapes; its row is then one reject, blank or header line."""
    return ~pl.any_horizontal(stamp.fill_null("").str.contains(known.shape) for known in layout.format.stamp_formats)


def find_whole_lines(text: bytes, layout: Layout) -> pl.Series:
    """Say for each line whether it has as many delimiters as the layout asks for."""
    buffer = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(buffer == _NEWLINE) + 1
    starts = np.concatenate([[0], ends[ends < len(text)]])
    marks = np.add.reduceat(buffer == ord(layout.dialect.delimiter), starts, dtype=np.int64)
    return pl.Series(marks == layout.width - 1)


def type_fields(block: Block, layout: Layout, clock: Clock, conversion: GasConversion) -> pl.DataFrame:
    """Give the fields of a block their types; a field that does not parse is null.

    Returns
    -------
    pl.DataFrame
        `line`, `whole`, `household_id` (where the format has it), `gas_kwh` [kWh], `half_hour_number`, `is_half_hour`,
        `unkept` (why a well-written line is no reading, else null) and the columns of `stamps.read_stamps` without its text.

    """
    known, fields = layout.format, block.fields
    for role in ("stamp", "stamp_end"):
        if f"{role}_time" in fields.columns:
            fields = fields.with_columns(pl.concat_str(role, f"{role}_time", separator=" "))
    value = pl.col("value").cast(pl.Float64, strict=False)
    factor = _energy_of_unit(fields, known, conversion)
    columns: dict[str, pl.Expr | pl.Series] = {
        "gas_kwh": pl.when(value.is_finite()).then(value if factor is None else value * factor)
    }
    if known.keep:
        columns["unkept"] = _say_unkept(known)
    if known.names_household:
        columns["household_id"] = pl.col("household_id")
    columns["half_hour_number"] = (
        read_half_hour(fields["half_hour"]) if "half_hour" in fields.columns else pl.lit(None, pl.Int16)
    )
    if "interval" in fields.columns:
        columns["interval"] = pl.col("interval")
    stamps = read_stamps(fields["stamp"], known.stamp_formats, clock, known.zone)
    typed = fields.select("line", "whole", pl.col("stamp").alias("text"), **columns)
    typed = typed.join(stamps, on="text", how="left", maintain_order="left").drop("text")
    if layout.intervals:
        return _place_in_day(typed, fields["value"], layout, clock)
    if "stamp_end" not in fields.columns:
        return typed.with_columns(is_half_hour=pl.lit(value=True))
    ends = read_stamps(fields["stamp_end"], known.stamp_formats, clock, known.zone)
    ended = fields.select(text="stamp_end").join(
        ends.select("text", stamp_end="instant_utc"), on="text", how="left", maintain_order="left"
    )
    return typed.with_columns(ended["stamp_end"]).with_columns(
        is_half_hour=pl.col("stamp_end") - pl.col("instant_utc") == HALF_HOUR
    )


def read_half_hour(texts: pl.Series) -> pl.Series:
    """Return numbers of half-hours, also where a program wrote 7 as 7.0; null where a text is no whole number."""
    numbers = texts.cast(pl.Int16, strict=False)
    return texts.cast(pl.Float64, strict=False).cast(pl.Int16, strict=False) if numbers.null_count() else numbers


def _energy_of_unit(fields: pl.DataFrame, known: Format, conversion: GasConversion) -> pl.Expr | None:
    """Return the energy of one unit of a line's value [kWh], by the line's own unit where a column has it; None: values are kWh."""
    if "unit" not in fields.columns:
        return None if known.unit in {"kWh", None} else pl.lit(conversion.kwh_per(known.unit))
    factors = {"kwh": 1.0, "wh": 0.001, "m3": conversion.kwh_per_m3, "m³": conversion.kwh_per_m3}
    return pl.col("unit").str.to_lowercase().replace_strict(factors, default=None, return_dtype=pl.Float64)


def _say_unkept(known: Format) -> pl.Expr:
    reasons = [
        pl.when(~pl.col(rule.role).str.to_lowercase().is_in(list(rule.values))).then(pl.lit(rule.otherwise))
        for rule in known.keep
    ]
    return pl.coalesce(*reasons, pl.lit(None, dtype=pl.String))


def _place_in_day(typed: pl.DataFrame, values: pl.Series, layout: Layout, clock: Clock) -> pl.DataFrame:
    """Give each cell of a day its moment.

    A local day is counted from its midnight on: 46 half-hours in spring, 50 in autumn. If all usual cells of a change day
    are filled, the clock of the meter did not change. If the cells from 01:00 to 02:00 are empty in spring, the cells
    follow the clock on the wall.
    """
    minutes = DAY_SLOTS[len(layout.intervals)]
    per_hour = 60 // minutes
    usual = 24 * per_hour
    step = pl.col("interval").cast(pl.Int64) * minutes
    if clock == "utc":
        instant = pl.col("stamp") + pl.duration(minutes=step)
        return typed.with_columns(
            instant_utc=instant, second_utc=pl.lit(None, dtype=UTC), is_half_hour=pl.lit(value=True)
        )
    filled = ~values.fill_null("").str.to_lowercase().is_in(list(layout.format.null_markers))
    counted = typed.with_columns(filled=filled).with_columns(
        cells=pl.col("filled").sum().over("line"),
        late=(pl.col("filled") & (pl.col("interval") >= usual - per_hour)).sum().over("line"),
    )
    is_spring = pl.col("on_change_day") & (pl.col("stamp").dt.month() < 7)  # noqa: PLR2004 - March or October
    is_autumn = pl.col("on_change_day") & ~is_spring
    by_wall = is_spring & (pl.col("cells") == usual - per_hour) & (pl.col("late") == per_hour)
    by_utc = is_spring & (pl.col("cells") >= usual) | is_autumn & (pl.col("cells") == usual) & (
        len(layout.intervals) == usual
    )
    from_midnight = pl.col("instant_utc") + pl.duration(minutes=step)
    after_gap = pl.col("interval") >= per_hour
    on_wall = from_midnight - pl.when(after_gap).then(pl.duration(hours=1)).otherwise(pl.duration(hours=0))
    in_utc = pl.col("stamp") + pl.duration(minutes=step)
    return counted.with_columns(
        instant_utc=pl.when(by_utc).then(in_utc).when(by_wall).then(on_wall).otherwise(from_midnight),
        second_utc=pl.lit(None, dtype=UTC),
        is_half_hour=pl.lit(value=True),
    ).drop("filled", "cells", "late")


def part_lines(block: Block, typed: pl.DataFrame, layout: Layout, *, ends_file: bool = False) -> Parsed:
    """Separate readings from all other lines; each of those is a header, a blank, or a reject with a reason.

    Parameters
    ----------
    block
        The fields of the lines.
    typed
        The typed fields, as from `type_fields`.
    layout
        Layout of the file.
    ends_file
        Whether the file ends with the block: a last line without a line end may have been cut.

    Raises
    ------
    RefusalError
        If a line is the header of another table, since other columns follow it.

    """
    needed = [c for c in ("household_id", "instant_utc", "stamp_end", "gas_kwh") if c in typed.columns]
    complete = pl.col("whole") & pl.all_horizontal(pl.col(needed).is_not_null())
    if "unkept" in typed.columns:
        complete &= pl.col("unkept").is_null()
    if "household_id" in typed.columns:
        complete &= ~_is_null_marker("household_id", layout.format) & ~pl.col("household_id").str.contains(ROUNDED_ID)
    above = layout.dialect.skipped_lines
    if above:
        complete &= pl.col("line") > above
    good = typed.select(complete=complete.fill_null(value=False))["complete"]
    doubtful = ends_file and _is_cut(block, layout)
    if doubtful:
        good &= typed["line"] != typed["line"].max()
    if good.all():
        return Parsed(block.lines, 0, 0, REJECT.empty(), typed.drop(_JUDGED, strict=False), len(typed) - block.lines)
    rows = (~good).arg_true().to_list()
    raw = block.lines_at(rows)
    texts = [line.decode() if is_utf8(line) else line.decode("latin-1") for line in raw]
    bad = typed[rows].with_columns(
        text=pl.Series(texts, dtype=pl.String),
        utf8=pl.Series([is_utf8(line) for line in raw], dtype=pl.Boolean),
        value=block.fields["value"].gather(rows),
        cut=(pl.col("line") == typed["line"].max()) if doubtful else pl.lit(value=False),
    )
    bad = bad.with_columns(signature=pl.Series([normalise_name(text) for text in texts], dtype=pl.String))
    has_lines = block.text is not None
    is_blank = pl.col("text").str.strip_chars(" \t\r\ufeff") == "" if has_lines else pl.lit(value=False)
    is_header = pl.col("signature") == layout.header if has_lines else pl.lit(value=False)
    is_header |= (pl.col("line") <= above) & ~is_blank
    bad = bad.with_columns(header=is_header, blank=is_blank & ~is_header, reason=_say_why(layout.format, bad.columns))
    rejects = bad.filter(~pl.col("header") & ~pl.col("blank"))
    _refuse_other_headers(rejects, layout.dialect.delimiter)
    return Parsed(
        lines=block.lines,
        header_lines=int(bad["header"].sum()),
        blank_lines=int(bad["blank"].sum()),
        rejects=REJECT.conform(rejects),
        readings=typed.drop(_JUDGED, strict=False).filter(good),
        regrouped=len(typed) - block.lines,
    )


def _is_cut(block: Block, layout: Layout) -> bool:
    """Say whether the last line of a file may have been cut within its value: it lacks a line end, and a value stands last.

    A line that was cut within its stamp does not parse anyway.
    """
    values = layout.intervals or [layout.positions["value"]]
    return block.text is not None and not block.text.endswith(b"\n") and layout.width - 1 in values


def _is_null_marker(column: str, known: Format) -> pl.Expr:
    return pl.col(column).str.to_lowercase().is_in(list(known.null_markers))


def _say_why(known: Format, columns: Sequence[str]) -> pl.Expr:
    """Say why a line gives no reading; the first reason that holds counts."""
    text = pl.col("text")
    reasons = [
        (~pl.col("utf8"), "not UTF-8"),
        (text.str.ends_with(CUT.decode()), f"longer than {LONGEST_LINE // 1024} kB"),
        (text.str.contains("\x00", literal=True), "holds a NUL byte"),
        (~pl.col("whole"), "wrong number of fields"),
    ]
    if "household_id" in columns:
        without = pl.col("household_id").is_null() | _is_null_marker("household_id", known)
        reasons.append((without, "no household id"))
        rounded = pl.col("household_id").str.contains(ROUNDED_ID)
        reasons.append((rounded, "household id rounded by a spreadsheet, such as 9.3E+09: export the ids as text"))
    unkept = [pl.col("unkept")] if known.keep else []
    later = [
        (pl.col("instant_utc").is_null(), "unparseable stamp"),
        (_is_null_marker("value", known), "no value"),
        (pl.col("gas_kwh").is_null(), "unparseable value"),
    ]
    if "stamp_end" in columns:
        later.append((pl.col("stamp_end").is_null(), "unparseable end stamp"))
    later.append((pl.col("cut"), "cut: the file ends within this line"))
    first, rest = ([pl.when(holds).then(pl.lit(reason)) for holds, reason in part] for part in (reasons, later))
    return pl.coalesce(*first, *unkept, *rest)


def _refuse_other_headers(rejects: pl.DataFrame, mark: str) -> None:
    """Refuse a file in which another table begins halfway; only lines that hold the name of a column are checked."""
    names = [normalise_name(name) for name in ("advancedatetime", "start", "interval_start_utc", "ELECKWH")]
    spelled = rejects.filter(pl.col("signature").str.contains_any(names))
    for line, text in spelled.select("line", "text").iter_rows():
        try:
            other = recognise(split_line(text, mark))
        except ElectricityError as error:
            raise RefusalError(f"from line {line} on {error}", error.detail) from None
        except (NotUsedError, RefusalError):
            continue
        raise RefusalError(
            f"line {line} is the header of another table ({other.format.name}); part the file there",
            f"line {line}: {text}",
        )


def number_rows(rows: pl.DataFrame, layout: Layout, first_line: int) -> Block:
    """Return the block of rows from a container without lines (Parquet, a workbook, JSON); their cells are text already."""
    names = rows.columns
    fields = rows.select(
        line=pl.int_range(first_line, first_line + len(rows), dtype=pl.Int64),
        whole=pl.repeat(value=True, n=len(rows), dtype=pl.Boolean),
        **{role: pl.col(names[at]).str.strip_chars(STRIPPED) for role, at in layout.positions.items()},
        **{f"interval_{n}": pl.col(names[at]).str.strip_chars(STRIPPED) for at, n in layout.intervals.items()},
    )
    return Block(_part_days(fields, layout) if layout.intervals else fields, None, len(rows))
