"""The row that is traced, found by its key; an incomplete, unknown or ambiguous key is refused with examples."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import polars as pl

from transforms.tables.schema import Table

Query: TypeAlias = Callable[[str], pl.DataFrame]
Value: TypeAlias = str | float | int | bool | dt.date | None

EXAMPLES: Final = 5
WANTED: Final = {
    pl.Datetime: "a time such as 2009-01-07T17:00",
    pl.Date: "a day such as 2009-01-07",
    pl.Boolean: "true or false",
}


class KeyChoiceError(ValueError):
    """A table or a key is unknown, or fits several rows; the message says what to write."""


def find_row(query: Query, table: Table, key: Sequence[str], *, keep_id: Callable[[str], str] = str) -> dict[str, Any]:
    """Return the one row that a key names.

    Parameters
    ----------
    query
        Runs SQL on the warehouse.
    table
        The table of the row.
    key
        Words `column=value`, or values in the order of the table's key.
    keep_id
        Returns the id by which a home is kept.

    """
    chosen = dict[str, str]()
    for word in key:
        name, sign, value = word.partition("=")
        if not sign:
            left = [column for column in table.key if column not in chosen]
            if not left:
                raise KeyChoiceError(f"{word} is one value too many; {_describe_key(table)}")
            name, value = left[0], word
        if name not in table.schema:
            raise KeyChoiceError(f"{table.name} has no column {name}; {_describe_key(table)}")
        chosen[name] = keep_id(value) if name == "household_id" else value
    tests = [f"{name} = {_literal(table, name, value)}" for name, value in chosen.items()]
    where = " AND ".join(tests) or "TRUE"
    rows = query(f"SELECT *, count(*) OVER () AS rows_in_all FROM {table.name} WHERE {where} LIMIT {EXAMPLES}")
    if len(rows) == 1:
        return rows.drop("rows_in_all").row(0, named=True)
    if rows.is_empty():
        near = query(f"SELECT {', '.join(table.key)} FROM {table.name} ORDER BY ALL LIMIT {EXAMPLES}")
        said = f"{table.name} has no row with {' '.join(key)}" if len(near) else f"{table.name} is empty"
        raise KeyChoiceError(f"{said}; {_describe_key(table)}{_examples(near)}")
    count = rows["rows_in_all"][0]
    raise KeyChoiceError(
        f"{count:,} rows of {table.name} {'have ' + ' '.join(key) if key else 'are there'}; "
        f"{_describe_key(table)}{_examples(rows.select(table.key))}"
    )


def _describe_key(table: Table) -> str:
    return f"its key: {', '.join(table.key)}"


def _examples(rows: pl.DataFrame) -> str:
    lines = (
        " ".join(f"{name}={value.isoformat() if isinstance(value, dt.date) else value}" for name, value in row.items())
        for row in rows.iter_rows(named=True)
    )
    return "".join(f"\n  {line}" for line in lines)


def _literal(table: Table, name: str, value: str) -> str:
    """Return a value that the user wrote as an SQL literal of the column's type."""
    dtype = table.column(name).dtype
    try:
        if dtype == pl.Datetime:
            moment = dt.datetime.fromisoformat(value)
            return quote(moment if moment.tzinfo is None else moment.astimezone(dt.UTC).replace(tzinfo=None))
        if dtype == pl.Date:
            return quote(dt.date.fromisoformat(f"{value}-01" if len(value) == len("2009-01") else value))
        if dtype == pl.Boolean:
            return {"true": "TRUE", "false": "FALSE"}[value.lower()]
        if dtype.is_numeric():
            return quote(float(value) if dtype.is_float() else int(value.replace(",", "")))
    except (ValueError, KeyError):
        wanted = next((words for kind, words in WANTED.items() if dtype == kind), "a number")
        raise KeyChoiceError(f"{name}={value}: {name} is {wanted}") from None
    return quote(value)


def quote(value: Value) -> str:
    """Return a value as a literal of SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
