"""Blocks of delivered lines to readings and rejects; every line becomes exactly one of header, blank, reading, reject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from transforms.readings.formats import (
    Clock,
    ElectricityError,
    Format,
    GasConversion,
    Layout,
    NotUsedError,
    RefusalError,
    normalise_name,
    recognise,
)
from transforms.readings.stamps import HALF_HOUR, parse_stamps, read_stamps
from transforms.tables.lake import REJECT

_ROLES = ("household_id", "stamp", "stamp_end", "half_hour", "value")
_NEWLINE = ord("\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a file: its fields, still text, one row per line, and the lines themselves where they are asked for.

    `fields` has `line` (from 1 in the file), `whole` (whether the line has the right number of fields) and one column
    per role of the format.
    """

    fields: pl.DataFrame
    text: bytes | None  # None where the container has rows and no lines

    def lines_at(self, rows: Sequence[int]) -> list[bytes]:
        """Return the given lines, counted from 0, without their line ends."""
        if self.text is None:
            roles = [role for role in _ROLES if role in self.fields.columns]
            joined = pl.concat_str(pl.col(roles).fill_null(""), separator=",")
            return [text.encode() for text in self.fields[list(rows)].select(joined).to_series()]
        ends = np.flatnonzero(np.frombuffer(self.text, dtype=np.uint8) == _NEWLINE)
        starts = np.concatenate([[0], ends + 1])
        ends = np.append(ends, len(self.text))
        return [self.text[starts[row] : ends[row]].removesuffix(b"\r") for row in rows]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of the lines of a block."""

    lines: int
    header_lines: int
    blank_lines: int
    rejects: pl.DataFrame
    readings: pl.DataFrame


def split_block(text: bytes, layout: Layout, first_line: int) -> Block:
    """Split lines into fields, without judging them.

    Quotes around fields are dropped; a comma within quotes parts fields all the same, since no format has text in its
    lines of readings, and the line is then a reject with the wrong number of fields.

    Parameters
    ----------
    text
        Whole lines; only the last of a file may lack its line end.
    layout
        Where each role stands.
    first_line
        Number of the first line.

    """
    columns = [f"field_{i}" for i in range(layout.width)]
    lines = text.count(b"\n") + (not text.endswith(b"\n"))
    frame = _read_csv(text if text.endswith(b"\n") else text + b"\n", columns)  # a last line may be blank
    if len(frame) != lines:
        message = f"{len(frame)} rows of {lines} lines, from line {first_line}: a fault of the reader"
        raise AssertionError(message)
    whole = pl.repeat(value=True, n=lines, eager=True)
    if text.count(b",") != lines * (layout.width - 1) or (frame[columns[-1]] == "").any():
        whole = pl.Series(_count_commas(text, lines) == layout.width - 1)
    if any(mark in text for mark in (b" ", b'"', b"\t")):
        frame = frame.with_columns(pl.all().str.strip_chars(' "\t\r'))
    roles = {role: columns[at] for role, at in layout.positions.items()}
    fields = frame.select(
        line=pl.int_range(first_line, first_line + lines, dtype=pl.Int64),
        whole=whole,
        **{role: pl.col(name) for role, name in roles.items()},
    )
    return Block(fields, text)


def _read_csv(text: bytes, columns: list[str]) -> pl.DataFrame:
    def read(clean: bytes) -> pl.DataFrame:
        return pl.read_csv(
            clean,
            has_header=False,
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
        return read(b"\n".join(line if _is_utf8(line) else b"" for line in text.split(b"\n")))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _count_commas(text: bytes, lines: int) -> np.ndarray:
    """Count the commas of each line."""
    buffer = np.frombuffer(text, dtype=np.uint8)
    line_of_comma = np.searchsorted(np.flatnonzero(buffer == _NEWLINE), np.flatnonzero(buffer == ord(",")))
    return np.bincount(line_of_comma, minlength=lines)


def type_fields(block: Block, known: Format, clock: Clock, conversion: GasConversion) -> pl.DataFrame:
    """Give the fields of a block their types; what does not parse is null.

    Returns
    -------
    pl.DataFrame
        `line`, `whole`, `household_id` (where the format has it), `gas_kwh` [kWh], `half_hour_number`, `is_half_hour`
        and the columns of `stamps.read_stamps` but its text.

    """
    fields = block.fields
    value = pl.col("value").cast(pl.Float64, strict=False)
    energy = value * conversion.kwh_per_m3 if known.unit == "m3" else value
    columns: dict[str, pl.Expr] = {"gas_kwh": pl.when(value.is_finite()).then(energy)}
    if known.names_household:
        columns["household_id"] = pl.col("household_id")
    number = (
        pl.col("half_hour").cast(pl.Int16, strict=False) if "half_hour" in fields.columns else pl.lit(None, pl.Int16)
    )
    stamps = read_stamps(fields["stamp"], known.stamp_formats, clock)
    typed = fields.select("line", "whole", pl.col("stamp").alias("text"), half_hour_number=number, **columns)
    typed = typed.join(stamps, on="text", how="left", maintain_order="left").drop("text")
    if "stamp_end" not in fields.columns:
        return typed.with_columns(is_half_hour=pl.lit(value=True))
    ends = parse_stamps(fields["stamp_end"], known.stamp_formats)
    return typed.with_columns(stamp_end=ends).with_columns(
        is_half_hour=pl.col("stamp_end") - pl.col("instant_utc") == HALF_HOUR
    )


def part_lines(block: Block, typed: pl.DataFrame, layout: Layout) -> Parsed:
    """Part readings from lines of which none can be made; each of these is a header, blank, or a reject with a reason.

    Raises
    ------
    RefusalError
        If a line is the header of another table: what follows it are other columns.

    """
    needed = [c for c in ("household_id", "stamp", "stamp_end", "gas_kwh") if c in typed.columns]
    complete = pl.col("whole") & pl.all_horizontal(pl.col(needed).is_not_null())
    if "household_id" in typed.columns:
        complete &= ~_is_null_marker("household_id", layout.format)
    good = typed.select(complete=complete.fill_null(value=False))["complete"]
    if good.all():
        return Parsed(len(typed), 0, 0, REJECT.empty(), typed)
    rows = (~good).arg_true().to_list()
    raw = block.lines_at(rows)
    texts = [line.decode() if _is_utf8(line) else line.decode("latin-1") for line in raw]
    bad = typed[rows].with_columns(
        text=pl.Series(texts, dtype=pl.String),
        utf8=pl.Series([_is_utf8(line) for line in raw], dtype=pl.Boolean),
        value=block.fields["value"].gather(rows),
    )
    bad = bad.with_columns(signature=pl.Series([normalise_name(text) for text in texts], dtype=pl.String))
    is_header = pl.col("signature") == layout.signature if block.text is not None else pl.lit(value=False)
    is_blank = pl.col("text").str.strip_chars(" \t\r\ufeff") == "" if block.text is not None else pl.lit(value=False)
    bad = bad.with_columns(header=is_header, blank=is_blank & ~is_header, reason=_say_why(layout.format, bad.columns))
    rejects = bad.filter(~pl.col("header") & ~pl.col("blank"))
    _refuse_other_headers(rejects)
    return Parsed(
        lines=len(typed),
        header_lines=int(bad["header"].sum()),
        blank_lines=int(bad["blank"].sum()),
        rejects=REJECT.conform(rejects),
        readings=typed.filter(good),
    )


def _is_null_marker(column: str, known: Format) -> pl.Expr:
    return pl.col(column).str.to_lowercase().is_in(list(known.null_markers))


def _say_why(known: Format, columns: Sequence[str]) -> pl.Expr:
    """Say why no reading can be made of a line; the first reason that holds."""
    reasons = [
        (~pl.col("utf8"), "not UTF-8"),
        (~pl.col("whole"), "wrong number of fields"),
        (pl.col("stamp").is_null(), "unparseable stamp"),
        (_is_null_marker("value", known), "no value"),
        (pl.col("gas_kwh").is_null(), "unparseable value"),
    ]
    if "household_id" in columns:
        without = pl.col("household_id").is_null() | _is_null_marker("household_id", known)
        reasons.insert(2, (without, "no household id"))
    if "stamp_end" in columns:
        reasons.append((pl.col("stamp_end").is_null(), "unparseable end stamp"))
    return pl.coalesce(pl.when(holds).then(pl.lit(reason)) for holds, reason in reasons)


def _refuse_other_headers(rejects: pl.DataFrame) -> None:
    """Refuse a file in which another table begins halfway; only lines that spell a column's name are looked at."""
    names = [normalise_name(name) for name in ("advancedatetime", "start", "interval_start_utc", "ELECKWH")]
    spelled = rejects.filter(pl.col("signature").str.contains_any(names))
    for line, text in spelled.select("line", "text").iter_rows():
        try:
            other = recognise(text.split(","))
        except ElectricityError as error:
            raise RefusalError(f"from line {line} on {error}") from None
        except (NotUsedError, RefusalError):
            continue
        raise RefusalError(f"line {line} is the header of another table ({other.format.name}); part the file there")


def number_rows(rows: pl.DataFrame, layout: Layout, first_line: int) -> Block:
    """Take the rows of a container that has no lines (Parquet), all of them text already."""
    names = rows.columns
    fields = rows.select(
        line=pl.int_range(first_line, first_line + len(rows), dtype=pl.Int64),
        whole=pl.repeat(value=True, n=len(rows), dtype=pl.Boolean),
        **{role: pl.col(names[at]) for role, at in layout.positions.items()},
    )
    return Block(fields, None)
