"""Measuring: the figures behind the checks, by SQL; each table is scanned once for all that its rows alone decide."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import polars.selectors as cs

from quality.checks import Check
from transforms.schema import Table

Query = Callable[[str], pl.DataFrame]
"""Runs one SQL statement on the warehouse and returns its rows."""

SAMPLE_ROWS = 5
SLICE_ROWS = 2_000_000  # keys are compared in slices of about so many rows: 250 MB, however long the table


@dataclass(frozen=True, slots=True)
class Measurements:
    """What was measured: each check's figure, and by table the rows and the departures from the declaration."""

    figures: Mapping[str, float | None]
    rows: Mapping[str, int]
    departures: Mapping[str, Sequence[str]]


def measure(query: Query, checks: Sequence[Check], tables: Sequence[Table]) -> Measurements:
    """Measure the figure of each check; a check that reads what is not as declared has none."""
    departures = find_departures(query, tables)
    sound = _find_sound(tables, departures)
    figures: dict[str, float | None] = {check.name: None for check in checks}
    rows: dict[str, int] = {}
    for table in tables:
        figures[f"{table.name}.columns_are_declared"] = float(len(departures[table.name]))
        scanned = [c for c in checks if c.table == table.name and c.expression and sound.issuperset(c.reads)]
        if scanned:
            selected = ", ".join(f'{check.expression} AS "{check.name}"' for check in scanned)
            row = query(f'SELECT count(*) AS "rows", {selected} FROM {table.name}').row(0, named=True)
            rows[table.name] = row["rows"]
            figures |= {check.name: _figure(row[check.name]) for check in scanned}
    for check in checks:
        if check.broken_rows and not check.expression and sound.issuperset(check.reads):
            counts = [query(f"SELECT count(*) AS broken FROM ({sql})") for sql in _slices(check, rows)]
            figures[check.name] = float(sum(count["broken"].sum() for count in counts))
    return Measurements(figures, rows, departures)


def find_departures(query: Query, tables: Sequence[Table]) -> dict[str, list[str]]:
    """Compare each table's columns and types with its declaration; a table without departures has an empty list."""
    names = query(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_catalog = current_database() AND table_schema = 'main'"
    )["table_name"].to_list()
    return {
        table.name: _compare(table, query(f"SELECT * FROM {table.name} LIMIT 0").schema if table.name in names else {})
        for table in tables
    }


def sample_broken(query: Query, check: Check, measured: Measurements) -> str | None:
    """Return a few rows that break a check as JSON: keys first, then the figures that do not agree."""
    departures = measured.departures.get(check.table, ())
    if check.name.endswith(".columns_are_declared"):
        return pl.DataFrame({"column": departures}).write_json()
    if measured.figures[check.name] is None:
        return None
    for sql in _slices(check, measured.rows):
        sample = query(f"SELECT * FROM ({sql}) LIMIT {SAMPLE_ROWS}")
        if len(sample):
            return sample.with_columns(cs.temporal().dt.to_string("iso:strict")).write_json()
    return None


def _compare(table: Table, found: Mapping[str, pl.DataType]) -> list[str]:
    have = {name: str(dtype) for name, dtype in found.items()}
    declared = {name: str(dtype) for name, dtype in pl.DataFrame(schema=table.schema).schema.items()}
    return [
        f"{name} is {have.get(name, 'absent')}, declared {declared.get(name, 'nowhere')}"
        for name in dict.fromkeys((*declared, *have))
        if have.get(name) != declared.get(name)
    ]


def _find_sound(tables: Sequence[Table], departures: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the tables, and their columns, that are as declared."""
    sound = {table.name for table in tables if not departures[table.name]}
    for table in tables:
        wrong = {departure.split(" is ")[0] for departure in departures[table.name]}
        sound |= {f"{table.name}.{name}" for name in table.schema if name not in wrong}
    return sound


def _slices(check: Check, rows: Mapping[str, int]) -> Iterator[str]:
    """Return the SQL that finds a check's broken rows, in as many parts as bound its memory."""
    if check.broken_rows is None:
        return
    if check.slice_by is None:
        yield check.broken_rows
        return
    parts = max(1, math.ceil(rows.get(check.table, 0) / SLICE_ROWS))
    for part in range(parts):
        yield check.broken_rows.format(slice=f'hash("{check.slice_by}") % {parts} = {part}' if parts > 1 else "true")


def _figure(value: float | None) -> float | None:
    return None if value is None else float(value)
