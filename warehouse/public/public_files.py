"""The published tables as plain files for download: CSV for spreadsheets, Parquet for programs."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.public.inert_cells import make_inert
from transforms.tables.schema import Table

CSV_FOLDER, PARQUET_FOLDER = "csv", "parquet"
MOMENT = "%Y-%m-%dT%H:%M:%S%.f"
LARGE_BYTES = 800_000  # a CSV beyond this is compressed
COMPRESSION = 4  # level of gzip: half the time of the default level for 4 % more bytes
HOUR = "hour_start_utc"
ARROW_TYPES = {
    pl.String: pa.string(),
    pl.Int64: pa.int64(),
    pl.Int8: pa.int8(),
    pl.Float64: pa.float64(),
    pl.Boolean: pa.bool_(),
    pl.Date: pa.date32(),
    pl.Datetime: pa.timestamp("us"),
}
CODED = (
    pl.String,
    pl.Int64,
    pl.Int8,
    pl.Boolean,
    pl.Date,
    pl.Datetime,
)  # types of columns with few distinct values; a column of means has as many values as rows


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFile:
    """One file for download: its path below the folder of downloads, what it holds, and its checksum."""

    file: str
    holds: str
    bytes: int
    sha256: str
    table: Table | None = None
    rows: int | None = None


def measure_file(
    folder: Path, file: str, holds: str, *, table: Table | None = None, rows: int | None = None
) -> PublicFile:
    """Describe a written file, with its size and checksum."""
    content = (folder / file).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return PublicFile(file=file, holds=holds, bytes=len(content), sha256=digest, table=table, rows=rows)


def write_csv_files(folder: Path, tables: Mapping[Table, pl.DataFrame]) -> list[PublicFile]:
    """Write each table as `csv/<table>.csv`, large ones as `.csv.gz`; spreadsheets take no cell for a formula."""
    (folder / CSV_FOLDER).mkdir(parents=True)
    files = []
    for table, frame in tables.items():
        content = make_inert(frame).write_csv(datetime_format=MOMENT).encode()
        large = len(content) > LARGE_BYTES
        name = f"{CSV_FOLDER}/{table.name}.csv{'.gz' if large else ''}"
        (folder / name).write_bytes(gzip.compress(content, compresslevel=COMPRESSION, mtime=0) if large else content)
        files.append(measure_file(folder, name, table.grain, table=table, rows=len(frame)))
    return files


def write_parquet_files(
    folder: Path, tables: Mapping[Table, pl.DataFrame], about: Mapping[str, str]
) -> list[PublicFile]:
    """Write each table as `parquet/<table>.parquet`, with units and meanings in the schema.

    A table of hours is ordered by time and has one row group per month. A reader over HTTP so asks for the footer, and
    then only for the columns and months that it wants. Each table is one file, since a plain web server cannot list a
    folder of months.

    Parameters
    ----------
    folder, tables
        Where to write, and the rows of each table.
    about
        The description of the release, for the metadata of each file.

    """
    (folder / PARQUET_FOLDER).mkdir(parents=True)
    files = []
    for table, frame in tables.items():
        name = f"{PARQUET_FOLDER}/{table.name}.parquet"
        schema = arrow_schema(table, about)
        coded = [column.name for column in table.columns if column.dtype.base_type() in CODED]
        with pq.ParquetWriter(folder / name, schema, compression="zstd", use_dictionary=coded) as writer:
            for group in _row_groups(table, frame):
                writer.write_table(group.to_arrow().cast(schema), row_group_size=max(len(group), 1))
        files.append(measure_file(folder, name, table.grain, table=table, rows=len(frame)))
    return files


def arrow_schema(table: Table, about: Mapping[str, str]) -> pa.Schema:
    """Return the Arrow schema of a table: each column with its unit and meaning, the table with its grain."""
    fields = [
        pa.field(
            column.name,
            ARROW_TYPES[column.dtype.base_type()],
            nullable=column.nullable,
            metadata={"unit": column.unit, "meaning": column.meaning},
        )
        for column in table.columns
    ]
    return pa.schema(fields, metadata={"table": table.name, "grain": table.grain, "key": ", ".join(table.key), **about})


def _row_groups(table: Table, frame: pl.DataFrame) -> Iterable[pl.DataFrame]:
    if HOUR not in table.key or frame.is_empty():
        return [frame]
    ordered = frame.sort(HOUR, *(name for name in table.key if name != HOUR))
    return [group for _, group in ordered.group_by(pl.col(HOUR).dt.truncate("1mo"), maintain_order=True)]
