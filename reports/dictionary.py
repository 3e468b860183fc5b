"""The data dictionary of published tables, from their declarations."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from reports import text
from transforms.public.public import PUBLIC_TABLES
from transforms.tables.schema import Column

MOST_VALUES = 8  # if a column allows more values, they are not listed
TYPES = (
    (pl.Boolean, "yes or no"), (pl.Datetime, "time, UTC"), (pl.Date, "date"), (pl.String, "text"), (pl.Enum, "text"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DictionaryColumn:
    """One published column, in words."""

    name: str
    kind: str
    unit: str
    meaning: str
    in_key: bool


@dataclass(frozen=True, slots=True)
class DictionaryTable:
    """One published table, in words."""

    name: str
    grain: str
    fields: tuple[DictionaryColumn, ...]


def dictionary() -> list[DictionaryTable]:
    """Return every published table with its columns, by name."""
    return [
        DictionaryTable(
            name, table.grain, tuple(_field(column, in_key=column.name in table.key) for column in table.columns)
        )
        for name, table in sorted(PUBLIC_TABLES.items())
    ]


def _field(column: Column, *, in_key: bool) -> DictionaryColumn:
    values = text.listed(list(column.allowed)) if 0 < len(column.allowed) <= MOST_VALUES else ""
    meaning = column.meaning + (f": {values}" if values else "") + ("; may be empty" if column.nullable else "")
    return DictionaryColumn(column.name, _kind(column), "" if column.unit == "1" else column.unit, meaning, in_key)


def _kind(column: Column) -> str:
    for dtype, kind in TYPES:
        if column.dtype == dtype or isinstance(column.dtype, dtype):
            return kind
    return "whole number" if column.dtype.is_integer() else "number" if column.dtype.is_numeric() else "list"
