"""Lines of text to readings: the well-written lines of a block are parsed together, the others one by one.

Nearly every line of nearly every file is well written. So polars reads a block into typed columns at once. A line with a
null field goes through `transforms.readings.parse` as text. That parser gives the same reading for a good line, and says
what is wrong with a bad one.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from transforms.readings.declaration import STRIPPED, Clock, GasConversion, Layout
from transforms.readings.parse import (
    ROUNDED_ID,
    Parsed,
    cut_lines,
    find_whole_lines,
    part_lines,
    split_block,
    type_fields,
)
from transforms.readings.stamps import read_stamps
from transforms.tables.lake import REJECT

_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "household_id": pl.String,
    "stamp": pl.String,
    "half_hour": pl.Int16,
    "value": pl.Float64,
}
MOST_DOUBTFUL = 0.5  # doubtful lines over all lines of a block; above it parsing each line by itself is quicker


def parse_text(
    text: bytes, layout: Layout, first_line: int, *, clock: Clock, conversion: GasConversion, ends_file: bool = False
) -> Parsed:
    """Turn the lines of a text into readings and rejects.

    Parameters
    ----------
    text
        Whole lines in UTF-8; only the last of a file may lack its line end.
    layout
        Layout of the file.
    first_line
        Number of the first line in the file.
    clock, conversion
        The clock of the stamps, and how a volume becomes energy.
    ends_file
        Whether the file ends with the text: a last line without a line end may have been cut.

    Returns
    -------
    Parsed
        Readings with `gas_kwh` [kWh], rejects, and the counts of the other lines.

    Raises
    ------
    RefusalError
        If a line is the header of another table, since other columns follow it.

    """
    typed = _read_typed(text, layout, first_line, clock, conversion) if _may_be_plain(layout) else None
    if typed is None:
        return parse_each(text, layout, first_line, clock, conversion, ends_file=ends_file)
    good, doubtful = _part_good(typed, text, layout)
    if len(doubtful) > MOST_DOUBTFUL * len(good):
        return parse_each(text, layout, first_line, clock, conversion, ends_file=ends_file)
    readings = typed.drop("is_numbered")
    if not doubtful:
        return Parsed(len(good), 0, 0, REJECT.empty(), readings)
    numbers = typed["line"].filter(~good)
    others = parse_each(b"".join(doubtful), layout, numbers, clock, conversion, ends_file=ends_file)
    readings = readings.filter(good)
    if len(others.readings):
        readings = pl.concat([readings, others.readings]).sort("line")
    return replace(others, lines=len(good), readings=readings)


def parse_each(
    text: bytes,
    layout: Layout,
    numbers: int | pl.Series,
    clock: Clock,
    conversion: GasConversion,
    *,
    ends_file: bool,
) -> Parsed:
    """Parse every line of a text by itself; `numbers` are the numbers of the lines, or the number of the first."""
    block = split_block(text, layout, numbers if isinstance(numbers, int) else 1)
    if not isinstance(numbers, int):
        block = replace(block, fields=block.fields.with_columns(line=numbers))
    return part_lines(block, type_fields(block, layout, clock, conversion), layout, ends_file=ends_file)


def _may_be_plain(layout: Layout) -> bool:
    """Say whether the lines of a layout can be read into typed columns without loss."""
    roles = layout.positions.keys()
    return (
        roles <= _TYPES.keys()
        and len(roles) == layout.width
        and layout.dialect.decimal == "."
        and not layout.format.keep
    )


def _read_typed(
    text: bytes, layout: Layout, first_line: int, clock: Clock, conversion: GasConversion
) -> pl.DataFrame | None:
    """Read a text into the columns of `parse.type_fields`; None if polars finds another number of lines than the text has."""
    roles = sorted(layout.positions, key=layout.positions.__getitem__)
    try:
        fields = pl.read_csv(
            text if text.endswith(b"\n") else text + b"\n",  # a last line may be blank
            has_header=False,
            separator=layout.dialect.delimiter,
            quote_char=None,
            schema={role: _TYPES[role] for role in roles},
            ignore_errors=True,
            extra_columns="ignore",
            missing_columns="insert",
            empty_string_is_null=False,
            raise_if_empty=False,
        )
    except pl.exceptions.ComputeError:
        return None
    lines = text.count(b"\n") + (not text.endswith(b"\n"))
    if len(fields) != lines or b"\x00" in text:
        return None
    known = layout.format
    value = pl.col("value")
    factor = 1.0 if known.unit is None else conversion.kwh_per(known.unit)
    stamps = read_stamps(fields["stamp"], known.stamp_formats, clock, known.zone)
    has_number = "half_hour" in roles
    return (
        fields.with_columns(line=pl.int_range(first_line, first_line + lines, dtype=pl.Int64))
        .select(
            "line",
            gas_kwh=pl.when(value.is_finite()).then(value if factor == 1 else value * factor),
            **({"household_id": pl.col("household_id")} if known.names_household else {}),
            half_hour_number=pl.col("half_hour") if has_number else pl.lit(None, pl.Int16),
            is_numbered=pl.col("half_hour").is_not_null() if has_number else pl.lit(value=True),
            text="stamp",
        )
        .join(stamps, on="text", how="left", maintain_order="left")
        .drop("text")
        .with_columns(is_half_hour=pl.lit(value=True))
    )


def _part_good(typed: pl.DataFrame, text: bytes, layout: Layout) -> tuple[pl.Series, list[bytes]]:
    """Say which lines are well written, and return the others.

    A line with too few fields has a null last field, so it is not good. If the good lines together have the delimiters that
    they should have, none of them has too many; otherwise the delimiters of each line are counted.
    """
    complete = pl.all_horizontal(pl.col("gas_kwh", "instant_utc").is_not_null(), "is_numbered")
    good = typed.select(complete=complete)["complete"]
    if "household_id" in typed.columns:
        ids = typed["household_id"].unique()
        odd = ids.filter(
            ids.str.strip_chars(STRIPPED).ne_missing(ids)
            | ids.str.to_lowercase().is_in(layout.format.null_markers)
            | ids.str.contains(ROUNDED_ID)
        )
        if len(odd):
            good &= ~typed["household_id"].is_in(odd.implode())
    if not text.endswith(b"\n"):
        good = good.scatter(len(good) - 1, False)
    above = layout.dialect.skipped_lines
    if above:
        good &= typed["line"] > above
    doubtful = _cut_others(text, good)
    mark = layout.dialect.delimiter.encode()
    marks = text.count(mark) - sum(line.count(mark) for line in doubtful)
    if marks != good.sum() * (layout.width - 1):
        good &= find_whole_lines(text, layout)
        doubtful = _cut_others(text, good)
    return good, doubtful


def _cut_others(text: bytes, good: pl.Series) -> list[bytes]:
    return [] if good.all() else cut_lines(text, (~good).arg_true().to_list())
