"""Landing files opened: lines of text, or the rows of Parquet, of a workbook, of JSON or of Green Button XML."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from xml.etree import ElementTree as ET  # nosec B405  # document types are refused before parsing

import polars as pl

from transforms.readings.declaration import Layout, NotUsedError, RefusalError, UnknownHeaderError
from transforms.readings.headers import MOST_COLUMNS, recognise
from transforms.readings.recognition import decode_start, find_header, find_layout, refuse_stand_in
from warehouse.landing import (
    LIMITS,
    Container,
    Limits,
    find_container,
    is_possible_only,
    load_bytes,
    read_start,
    refuse_large,
    refusing_damage,
    unpack,
)

ROWS_AT_A_TIME = 2**18  # of Parquet: some tens of MB as text
LONGEST_CELL = 64 * 2**10  # bytes; no id, time or value comes near it
WORKBOOK_ROWS = 2_000_000  # above the 1,048,576 rows that a sheet can hold
ESPI_UNITS = {"72": "Wh", "42": "m3", "119": "ft3", "169": "therm"}  # codes of a unit in Green Button
ESPI_COMMODITIES = {"1": "electricity", "7": "natural gas"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A recognised file: its layout, and its rows unless it is a text file."""

    layout: Layout
    rows: Iterator[pl.DataFrame] | None  # frames whose columns are text; None for a text file, which is read by lines


def open_delivery(path: str, limits: Limits = LIMITS) -> Opened:
    """Recognise a landing file.

    Raises
    ------
    NotUsedError
        If the file is no delivery.
    RefusalError
        If it is a delivery that cannot be read; the message says why.

    """
    try:
        with refusing_damage():
            opened = _open(path, limits)
    except UnknownHeaderError as error:
        raise _judge_by_name(path, error) from None
    except RefusalError as error:
        raise _judge_by_name(path, error) if is_possible_only(path) and str(error) in _NO_DELIVERY else error from None
    known = opened.layout.format
    if known.other_names is not None and re.search(known.other_names, path.rpartition("/")[2]):
        raise RefusalError(known.other_content)
    return opened


_NO_DELIVERY = frozenset({"empty"})


def _judge_by_name(path: str, error: RefusalError) -> Exception:
    """Return the error for a file of no known format: a .txt may be anything and is not used, a .csv is refused."""
    if path.lower().endswith(".xlsx"):
        return NotUsedError(
            f"a workbook in which no readings are found ({error}); `hearth households` makes households.csv from a table of homes"
        )
    return NotUsedError(f"no delivery: {error}") if is_possible_only(path) else error


def _open(path: str, limits: Limits) -> Opened:
    container = find_container(path)
    if container == "parquet":
        return _open_parquet(path, limits)
    if container == "workbook":
        return _open_workbook(path, limits)
    start, is_whole = read_start(path, container, limits)
    _, text = decode_start(start)
    bare = text.lstrip()
    refuse_stand_in(bare)
    if bare.startswith("{") or (bare.startswith("[") and bare[1:].lstrip()[:1] in {"{", "["}):
        return _open_rows(_read_json(path, container, limits))
    if bare.startswith("<"):
        return _open_rows(_read_green_button(path, container, limits))
    return Opened(find_layout(start, is_whole=is_whole), None)


def _open_rows(frame: pl.DataFrame) -> Opened:
    return Opened(recognise(frame.columns), iter([frame]))


def _open_parquet(path: str, limits: Limits) -> Opened:
    import pyarrow.parquet as pq

    names = list(pq.read_schema(load_bytes(path, limits.workbook_bytes, limits)).names)
    if len(names) > MOST_COLUMNS:
        raise RefusalError(f"{len(names):,} columns; Hearth reads up to {MOST_COLUMNS}")
    layout = recognise(names)
    kept = sorted({*layout.positions.values(), *layout.intervals})
    narrow = replace(
        layout,
        positions={role: kept.index(at) for role, at in layout.positions.items()},
        intervals={kept.index(at): n for at, n in layout.intervals.items()},
    )
    return Opened(narrow, _iter_parquet(path, [names[at] for at in kept], limits))


def _iter_parquet(path: str, columns: list[str], limits: Limits) -> Iterator[pl.DataFrame]:
    """Yield the columns of a Parquet file as text: times with a zone in UTC, whole numbers without a decimal point."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with refusing_damage():
        schema = pq.read_schema(load_bytes(path, limits.workbook_bytes, limits))
        texts = [
            name
            for name in columns
            if pa.types.is_string(schema.field(name).type) or pa.types.is_large_string(schema.field(name).type)
        ]
        _refuse_types(schema, columns)
        # text columns as dictionaries: a long text that every row repeats is in memory once, and is refused before it is copied
        with pq.ParquetFile(load_bytes(path, limits.workbook_bytes, limits), read_dictionary=texts) as file:
            batches = (
                file.iter_batches(batch_size=ROWS_AT_A_TIME, columns=columns)
                if file.metadata.num_rows
                else [file.schema_arrow.empty_table().select(columns)]
            )
            for batch in batches:
                _refuse_long_cells(batch)
                frame = pl.from_arrow(batch)
                if not isinstance(frame, pl.DataFrame):
                    raise TypeError(f"a batch of {path} is a {type(frame).__name__}")
                yield frame.select(_as_text(frame[name]) for name in columns)


def _refuse_types(schema: Any, columns: list[str]) -> None:
    import pyarrow as pa

    for name in columns:
        kind = schema.field(name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        simple = (
            pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
            or pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_null(kind) or pa.types.is_decimal128(kind)
            or pa.types.is_boolean(kind) or pa.types.is_string_view(kind)
        )  # fmt: skip
        if not simple:
            raise RefusalError(
                "a column of a type that is no text, number or time; write it as one of these",
                f"column {name} is {kind}",
            )


def _refuse_long_cells(batch: Any) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in batch.columns:
        for chunk in getattr(column, "chunks", [column]):
            values = chunk.dictionary if isinstance(chunk, pa.DictionaryArray) else chunk
            if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
                longest = pc.max(pc.binary_length(values)).as_py()
                if longest is not None and longest > LONGEST_CELL:
                    raise RefusalError(f"a text of more than {LONGEST_CELL // 1024} kB in one cell")


def _as_text(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%d %H:%M:%S%.f")
    if (
        dtype.is_float()
        and column.drop_nulls().is_finite().all()
        and (column.drop_nulls() % 1 == 0).all()
        and (column.drop_nulls().abs() < 2**53).all()
    ):
        column = column.cast(pl.Int64)  # an id of digits that a table with gaps turned into floats
    return column.cast(pl.String, strict=False)


def _open_workbook(path: str, limits: Limits) -> Opened:
    """Recognise the first sheet of a workbook that has a known header."""
    import fastexcel

    source = load_bytes(path, limits.workbook_bytes, limits)
    try:
        with zipfile.ZipFile(source) as archive:
            held = sum(info.file_size for info in archive.infolist())
            if "xl/workbook.xml" not in archive.namelist():
                raise RefusalError("a zip archive under another name; name it .zip, or unpack it")
    except zipfile.BadZipFile:
        raise RefusalError("truncated or damaged: it can be read neither as a workbook nor as a zip archive") from None
    refuse_large(held, limits.workbook_bytes)
    trouble: Exception = RefusalError("an empty workbook")
    try:
        book = fastexcel.read_excel(source.getvalue() if isinstance(source, io.BytesIO) else source)
        for name in book.sheet_names:
            sheet = book.load_sheet(name, header_row=None, dtypes="string", n_rows=WORKBOOK_ROWS)
            cells = sheet.to_polars().fill_null("")
            found = find_header([list(row) for row in cells.head(100).iter_rows()])
            if found is not None:
                layout, above = found
                return Opened(layout, iter([cells[above + 1 :]]))
            if cells.height:
                shown = next((list(row) for row in cells.iter_rows() if sum(map(bool, row)) > 1), [])
                trouble = UnknownHeaderError(
                    f"no header of a known format in its first rows, which have {len(shown)} columns", ",".join(shown)
                )
    except fastexcel.FastExcelError as error:
        raise RefusalError(
            f"a workbook that cannot be read: {type(error).__name__}", str(error).splitlines()[0]
        ) from None
    raise trouble


def _load_text(path: str, container: Container, limits: Limits) -> bytes:
    held = bytearray()
    for piece in unpack(path, container, 2**20, limits):
        held += piece
        refuse_large(len(held), limits.loaded_bytes)
    return bytes(held)


def _read_json(path: str, container: Container, limits: Limits) -> pl.DataFrame:
    """Return the longest list of records of a JSON text as a table of text."""
    raw = _load_text(path, container, limits)
    try:
        records = _find_records(_load_json(raw))
    except (ValueError, RecursionError) as error:
        raise RefusalError("JSON that cannot be read: cut or damaged", str(error)) from None
    if not records:
        raise RefusalError("JSON in which no list of readings is found; deliver a list of times and values, or CSV")
    if isinstance(records[0], list):
        pairs = [row for row in records if isinstance(row, list) and len(row) > 1]
        moment = "epoch_seconds" if all(isinstance(row[0], int) for row in pairs) else "timestamp"
        records = [{moment: row[0], "value": row[1]} for row in pairs]
    names = list(dict.fromkeys(name for record in records if isinstance(record, dict) for name in record))
    if len(names) > MOST_COLUMNS:
        raise RefusalError(f"JSON records with {len(names):,} names; Hearth reads up to {MOST_COLUMNS}")
    rows = [record if isinstance(record, dict) else {} for record in records]
    return pl.DataFrame(
        {name: [_json_text(row.get(name)) for row in rows] for name in names}, schema=dict.fromkeys(names, pl.String)
    )


def _load_json(raw: bytes) -> Any:
    """Return a JSON document; one record a line is a list of records."""
    try:
        return json.loads(raw)
    except ValueError:
        lines = [line for line in raw.splitlines() if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith(b"{") for line in lines):  # noqa: PLR2004 - one would be a document
            raise
        return [json.loads(line) for line in lines]


def _json_text(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _find_records(document: Any) -> list[Any]:
    """Return the longest list of records, or of pairs, within a JSON document."""
    best: list[Any] = []
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            if value and isinstance(value[0], dict | list) and len(value) > len(best) and not _holds_lists(value[0]):
                best = value
            waiting += [inner for inner in value[:10] if isinstance(inner, dict | list)]
    return best


def _holds_lists(record: Any) -> bool:
    values = record.values() if isinstance(record, dict) else record
    return any(isinstance(value, dict | list) and value for value in values)


def _read_green_button(path: str, container: Container, limits: Limits) -> pl.DataFrame:
    """Return the interval readings of a Green Button file as a table of text."""
    raw = _load_text(path, container, limits)
    plain = raw.replace(b"\0", b"")  # UTF-16, which the parser reads too, has a null beside each of these letters
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise RefusalError("XML with a document type of its own, which is not read")
    rows: list[dict[str, str]] = []
    kinds: set[tuple[str, str, int]] = set()
    try:
        for _, element in ET.iterparse(io.BytesIO(raw)):  # noqa: S314 - document types are refused above  # nosec B314
            tag = element.tag.rpartition("}")[2]
            if tag == "ReadingType":
                fields = _read_fields(element)
                power = int(fields.get("powerOfTenMultiplier") or 0)
                kinds.add((fields.get("uom", ""), fields.get("commodity", ""), power))
            elif tag == "IntervalReading":
                rows.append(_read_interval(element))
                element.clear()
    except (ET.ParseError, ValueError) as error:
        raise RefusalError("XML that cannot be read: cut or damaged", str(error)) from None
    if not rows:
        raise UnknownHeaderError("XML without the interval readings of Green Button (ESPI)")
    if len(kinds) != 1:
        raise RefusalError(
            f"Green Button with {len(kinds)} different reading types; deliver only the gas meter, with its ReadingType"
        )
    ((unit, commodity, power),) = kinds
    named = {
        "espi_unit": ESPI_UNITS.get(unit, f"unit {unit}"),
        "espi_commodity": ESPI_COMMODITIES.get(commodity, f"commodity {commodity}"),
    }
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("espi_start", "espi_end", "espi_value"), pl.String))
    scaled = (pl.col("espi_value").cast(pl.Float64, strict=False) * 10.0**power).cast(pl.String)
    return frame.with_columns(espi_value=scaled, **{name: pl.lit(text) for name, text in named.items()})


def _read_interval(element: ET.Element) -> dict[str, str]:
    fields = _read_fields(element)
    start, length = fields.get("start", ""), fields.get("duration", "")
    end = str(int(start) + int(length)) if start.isdecimal() and length.isdecimal() else ""
    return {"espi_start": start, "espi_end": end, "espi_value": fields.get("value", "")}


def _read_fields(element: ET.Element) -> dict[str, str]:
    """Return the text of each element below one, by its name without the namespace."""
    return {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in element.iter()}


def load_rows(frames: Iterator[pl.DataFrame], most_bytes: int) -> pl.DataFrame:
    """Return all rows of a small table.

    Raises
    ------
    RefusalError
        If they are larger than a table that is read whole may be.

    """
    loaded, held = [], 0
    for frame in frames:
        loaded.append(frame)
        held += int(frame.estimated_size())
        refuse_large(held, most_bytes)
    return pl.concat(loaded)
