"""Measuring the numbers of the checks by SQL; each table is scanned once for all aggregates over its rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import polars.selectors as cs

from quality.changed import Changed, Unit
from quality.checks import Check
from transforms.tables.schema import Table

Query = Callable[[str], pl.DataFrame]
"""Runs one SQL statement on the warehouse and returns its rows."""

SAMPLE_ROWS = 5
SLICE_ROWS = 2_000_000  # rows of a slice in which keys are compared, so that any table needs about 250 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """The number of each check, the count of rows of each scan, and the departures from the declarations."""

    tables: Sequence[Table]
    changed: Changed | None  # None if everything was measured
    departures: Mapping[str, Sequence[str]]
    rows: dict[tuple[str, Unit | None], int]
    figures: dict[str, float | None]


def measure(
    query: Query, checks: Sequence[Check], tables: Sequence[Table], changed: Changed | None = None
) -> Measurements:
    """Measure the number of each check; a check that reads a table or column that is not as declared has none.

    Checks per month or period are measured on the units in `changed`, or on all units if it is None.
    """
    departures = find_departures(query, tables)
    sound = _find_sound(tables, departures)
    sound_checks = [check for check in checks if sound.issuperset(check.reads)]
    measured = Measurements(
        tables=tables,
        changed=changed,
        departures=departures,
        rows={},
        figures={check.name: None for check in checks}
        | {f"{table.name}.columns_are_declared": float(len(departures[table.name])) for table in tables},
    )
    scans: dict[tuple[str, Unit | None], list[Check]] = {}
    for check in sound_checks:
        if check.expression:
            scans.setdefault((check.table, check.per), []).append(check)
    for (table, per), scanned in scans.items():
        selected = ", ".join(f'{check.expression} AS "{check.name}"' for check in scanned)
        sql = f'SELECT count(*) AS "rows", {selected} FROM {table}'
        row = query(_narrow(sql, scanned[0], measured, changed)).row(0, named=True)
        measured.rows[table, per] = row["rows"]
        measured.figures.update({check.name: _figure(row[check.name]) for check in scanned})
    for check in sound_checks:
        if check.broken_rows and not check.expression:
            counts = _ask(query, "SELECT count(*) AS broken FROM ({})", check, measured)
            measured.figures[check.name] = float(sum(count["broken"].sum() for count in counts))
    return measured


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
    """Return a few rows that break a check as JSON: keys first, then the values that do not agree."""
    departures = measured.departures.get(check.table, ())
    if check.name.endswith(".columns_are_declared"):
        return pl.DataFrame({"column": departures}).write_json()
    if measured.figures[check.name] is None:
        return None
    for sample in _ask(query, f"SELECT * FROM ({{}}) LIMIT {SAMPLE_ROWS}", check, measured):
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


def _ask(query: Query, question: str, check: Check, measured: Measurements) -> Iterator[pl.DataFrame]:
    """Run `question` on the rows that break a check, in parts that bound its memory: by months, then by hash."""
    if check.broken_rows is None:
        return
    parts = max(1, math.ceil(measured.rows.get((check.table, check.per), 0) / SLICE_ROWS)) if check.slice_by else 1
    scopes: list[Changed | None] = [measured.changed]
    if measured.changed and check.per == "month":
        scopes = [*measured.changed.split(parts)]
    hashes = math.ceil(parts / len(scopes))
    for changed in scopes:
        for part in range(hashes):
            rule = f'hash("{check.slice_by}") % {hashes} = {part}' if hashes > 1 else "true"
            sql = check.broken_rows.format(slice=rule) if check.slice_by else check.broken_rows
            yield query(_narrow(question.format(sql), check, measured, changed))


def _narrow(sql: str, check: Check, measured: Measurements, changed: Changed | None) -> str:
    """Return the `sql` of a check per unit so that it reads only changed units."""
    if changed is None or check.per is None:
        return sql
    read = {name.split(".")[0] for name in check.reads}
    return changed.narrow(sql, check.per, [table for table in measured.tables if table.name in read])


def _figure(value: float | None) -> float | None:
    return None if value is None else float(value)
