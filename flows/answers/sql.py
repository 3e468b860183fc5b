"""`hearth sql`: one SELECT on the published warehouse, as a table, CSV, JSON or Parquet.

Rows are written in batches, so that a year of every home needs no more memory than one batch. Text is written as UTF-8
bytes, whatever the locale of the terminal.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

import polars as pl
import polars.selectors as cs

from flows.answers.sql_bounds import UNBOUNDED, Bounds, watching
from flows.answers.sql_table import show_table, show_whole
from warehouse.half_hours import NAME as HALF_HOUR
from warehouse.half_hours import HalfHours, find_half_hours
from warehouse.lake import Lake
from warehouse.reader import open_published

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_ROWS = 40


def run_sql(
    database: Path,
    statement: str,
    output_format: str,
    stream: TextIO,
    *,
    bounds: Bounds = UNBOUNDED,
    lake: Lake | None = None,
) -> None:
    """Write the rows of a statement to `stream`; Ctrl-C ends it at once.

    Parameters
    ----------
    database
        The published warehouse.
    statement
        One SELECT, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN.
    output_format
        `table`, `csv`, `json` (a list of objects) or `parquet`. On a terminal a table shows what fits, and says what does
        not; in a pipe or file it is whole.
    stream
        Standard output, or a text stream with a `buffer` like it.
    bounds
        Time and memory that the statement may take; one that takes more is ended.
    lake
        The lake of the readings for the view `half_hour`; without it there is no such view.

    Raises
    ------
    ValueError
        If there is no such format, or Parquet would go to a terminal.
    warehouse.reader.NoWarehouseError
        If nothing is published yet.
    warehouse.reader.QueryError
        If the statement is refused or fails.

    """
    if output_format not in WRITERS:
        raise ValueError(f"no format {output_format}; there are {', '.join(WRITERS)}")
    if output_format == "parquet" and stream.isatty():
        raise ValueError("Parquet is not for a terminal: send it to a file with > rows.parquet")
    stream.flush()
    keeps_nested = output_format in {"json", "parquet"}
    write = write_screen if output_format == "table" and stream.isatty() else WRITERS[output_format]
    with (
        open_published(
            database, memory_gb=bounds.memory_gb, half_hours=_half_hours(database, statement, lake)
        ) as warehouse,
        watching(warehouse.interrupt, bounds),
        warehouse.stream(statement, nested_as_text=not keeps_nested) as rows,
    ):
        try:
            write(*rows, stream.buffer)
            stream.flush()
        except BrokenPipeError:  # the reader has closed the pipe, as `| head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _half_hours(database: Path, statement: str, lake: Lake | None) -> HalfHours | None:
    """Return the view of half-hours if the statement names it; other statements need no list of the lake."""
    if lake is None or not re.search(rf"\b{HALF_HOUR}\b", statement, re.IGNORECASE):
        return None
    with open_published(database) as warehouse:
        months = warehouse.query("SELECT month, fingerprint FROM build_month")
        sources = warehouse.query("SELECT source_id FROM source WHERE kind = 'readings' AND outcome = 'accepted'")
    return find_half_hours(lake, months, sources)


def write_screen(schema: pa.Schema, batches: Iterator[pa.RecordBatch], out: BinaryIO) -> None:
    """Write the first rows as a table that fits the terminal, and the number of all rows."""
    shown, rows = _empty(schema), 0
    for batch in batches:
        if rows < TABLE_ROWS:
            shown = pl.concat([shown, _frame(batch).head(TABLE_ROWS - rows)])
        rows += len(batch)
    out.write(show_table(shown, rows, shutil.get_terminal_size().columns).encode())


def write_table(schema: pa.Schema, batches: Iterator[pa.RecordBatch], out: BinaryIO) -> None:
    """Write every row and column as a table, nothing cut."""
    frames = map(_frame, batches)
    first = next(frames, _empty(schema))  # a table without rows still shows the names of its columns
    out.writelines(text.encode() for text in show_whole(itertools.chain([first], frames)))


def write_csv(schema: pa.Schema, batches: Iterator[pa.RecordBatch], out: BinaryIO) -> None:
    """Write a header line and one line per row; times in ISO 8601."""
    out.write(_empty(schema).write_csv().encode())
    out.writelines(
        _frame(batch).with_columns(_iso_times()).write_csv(include_header=False).encode() for batch in batches
    )


def write_json(schema: pa.Schema, batches: Iterator[pa.RecordBatch], out: BinaryIO) -> None:
    """Write a list of objects, one per line; times in ISO 8601, null for NaN and infinite numbers."""
    del schema
    separator = b"[\n"
    for batch in batches:
        lines = _frame(batch).with_columns(_iso_times()).write_ndjson().rstrip("\n").encode()
        out.write(separator + lines.replace(b"\n", b",\n"))  # a line break inside a text is written \n
        separator = b",\n"
    out.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def write_parquet(schema: pa.Schema, batches: Iterator[pa.RecordBatch], out: BinaryIO) -> None:
    """Write one Parquet file."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


WRITERS: dict[str, Callable[[pa.Schema, Iterator[pa.RecordBatch], BinaryIO], None]] = {
    "table": write_table,
    "csv": write_csv,
    "json": write_json,
    "parquet": write_parquet,
}


def _frame(rows: pa.Table | pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - of rows polars makes a frame  # nosec B101
    return frame


def _empty(schema: pa.Schema) -> pl.DataFrame:
    import pyarrow as pa

    return _frame(pa.Table.from_batches([], schema))  # schema.empty_table() would import pandas


def _iso_times() -> list[pl.Expr]:
    return [
        cs.datetime(time_zone=None).dt.to_string("%Y-%m-%dT%H:%M:%S%.f"),
        cs.datetime(time_zone="*").dt.to_string("%Y-%m-%dT%H:%M:%S%.f%:z"),
    ]
