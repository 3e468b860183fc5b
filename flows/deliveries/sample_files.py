"""The readings file of a made-up trial, as CSV or Parquet, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import polars as pl

from transforms.sample.delivery import Delivery, shift_starts
from transforms.sample.stamps import EdrpStamps, IsoStamps
from transforms.tables.schema import UTC
from warehouse.lake import Lake
from warehouse.writing import appearing

READINGS_FILE = {
    "edrp": "edrp_gas.csv",
    "canonical": "canonical_gas.csv",
    "canonical_parquet": "canonical_gas.parquet",
}
CSV_HEADER = {
    "edrp": b"ANON_ID,ADVANCEDATETIME,HH,GASKWH\n",
    "canonical": b"household_id,interval_start_utc,gas_kwh\n",
}
PARQUET_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "household_id": pl.String,
    "interval_start_utc": UTC,
    "gas_kwh": pl.Float64,
}
UNREADABLE_VALUE = "ERR"
MADE_UP = 0o644  # mode of files that hold no real home
OLDEST = pl.CompatLevel.oldest()  # Arrow types that every reader of Parquet knows


class ReadingsFile(Protocol):
    """A file of readings that is being written: blocks in order, then the readings that are delivered again."""

    lines: int
    header_lines: int
    blank_lines: int

    def add(self, homes: pl.DataFrame, starts: pl.Series, delivery: Delivery) -> None:
        """Append what the meters of some homes deliver."""

    def finish(self) -> None:
        """Append the repeated readings."""


@contextmanager
def open_readings(
    out: Path, file_format: str, stamps: EdrpStamps | IsoStamps, *, joined: bool
) -> Iterator[ReadingsFile]:
    """Give the readings file; it appears under its name when the block ends without an error."""
    name = READINGS_FILE[file_format]
    if file_format == "canonical_parquet":
        schema = pl.DataFrame(schema=PARQUET_SCHEMA).to_arrow(compat_level=OLDEST).schema
        with Lake(out, mode=MADE_UP).parquet_writer(name, schema) as writer:
            yield _ParquetReadings(writer)
        return
    with appearing(out / name, mode=MADE_UP) as partial, partial.open("wb") as handle:
        yield _CsvReadings(handle, CSV_HEADER[file_format], stamps, joined=joined)


class _CsvReadings:
    """Readings as CSV; a joined file repeats its header before each part, and holds a blank line."""

    def __init__(self, handle: BinaryIO, header: bytes, stamps: EdrpStamps | IsoStamps, *, joined: bool) -> None:
        self._handle = handle
        self._header = header
        self._stamps = stamps
        self._joined = joined
        self._late: list[pl.DataFrame] = []
        self.lines = self.header_lines = self.blank_lines = 0

    def add(self, homes: pl.DataFrame, starts: pl.Series, delivery: Delivery) -> None:
        if self._joined or not self.lines:
            self._write_header()
        rows = _rows(homes, starts, delivery)
        stamped = self._stamp(rows, starts)
        self._write(stamped)
        self._late.append(_repeated(stamped))

    def finish(self) -> None:
        late = pl.concat(self._late)
        if self._joined:
            self._handle.write(b"\n")
            self.blank_lines += 1
            self.lines += 1
            self._write_header()
        self._write(late)

    def _stamp(self, rows: pl.DataFrame, starts: pl.Series) -> pl.DataFrame:
        """Add the text of each stamp: unshifted stamps are few in a year and are looked up, shifted ones are written."""
        usual = self._stamps.write(starts)
        shifted = rows.with_row_index("row").filter(pl.col("shift_s") != 0)
        odd = self._stamps.write(starts.gather(shifted["half_hour"]), shifted["shift_s"])
        where = rows["half_hour"].scatter(shifted["row"], np.arange(len(shifted), dtype=np.uint32) + len(usual))
        return rows.with_columns(stamp=pl.concat([usual, odd]).gather(where))

    def _write(self, rows: pl.DataFrame) -> None:
        columns = rows.select("household_id", "stamp", pl.col("gas_kwh").fill_nan(None))
        columns.write_csv(
            self._handle, include_header=False, float_precision=3, null_value=UNREADABLE_VALUE, quote_style="never"
        )
        self.lines += len(rows)

    def _write_header(self) -> None:
        self._handle.write(self._header)
        self.header_lines += 1
        self.lines += 1


class _ParquetReadings:
    """Readings as Parquet; a value that cannot be read is null."""

    header_lines = blank_lines = 0

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self._late: list[pl.DataFrame] = []
        self.lines = 0

    def add(self, homes: pl.DataFrame, starts: pl.Series, delivery: Delivery) -> None:
        rows = _rows(homes, starts, delivery)
        delivered = shift_starts(starts.gather(rows["half_hour"]), rows["shift_s"])
        stamped = rows.with_columns(delivered.alias("interval_start_utc"), pl.col("gas_kwh").fill_nan(None))
        self._write(stamped)
        self._late.append(_repeated(stamped))

    def finish(self) -> None:
        self._write(pl.concat(self._late))

    def _write(self, rows: pl.DataFrame) -> None:
        table = rows.select(pl.col(name).cast(dtype) for name, dtype in PARQUET_SCHEMA.items())
        self._writer.write_table(table.to_arrow(compat_level=OLDEST))
        self.lines += len(rows)


def _rows(homes: pl.DataFrame, starts: pl.Series, delivery: Delivery) -> pl.DataFrame:
    """Return the delivered lines of some homes, by home and half-hour; `second_kwh` is the value of a repeated line."""
    half_hours = len(starts)
    repeats = np.repeat(np.arange(len(homes), dtype=np.uint32), half_hours)
    frame = pl.DataFrame(
        {
            "household_id": homes["household_id"].gather(pl.Series(repeats)),
            "half_hour": np.tile(np.arange(half_hours, dtype=np.uint32), len(homes)),
            "gas_kwh": delivery.gas_kwh.ravel(),
            "shift_s": delivery.shift_s.ravel(),
            "copies": delivery.copies.ravel(),
            "second_kwh": delivery.second_kwh.ravel(),
        }
    )
    return frame.filter(pl.col("copies") > 0)


def _repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the second lines of the half-hours that are delivered twice."""
    twice = rows.filter(pl.col("copies") > 1).with_columns(gas_kwh=pl.col("second_kwh"))
    return pl.DataFrame(
        twice.to_dict(as_series=False), schema=twice.schema
    )  # a copy: a slice keeps its whole block alive
