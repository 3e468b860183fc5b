"""Values from outside the warehouse, written into a query: quality knows no database to register them with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import polars as pl

_TYPES = {pl.String: "VARCHAR", pl.Int64: "BIGINT", pl.Float64: "DOUBLE", pl.Date: "DATE"}


def as_rows(frame: pl.DataFrame) -> str:
    """Return SQL that selects the rows of a small frame under its column names and types."""
    types = [_TYPES[dtype.base_type()] for dtype in frame.dtypes]
    select = ", ".join(
        f'CAST("{name}" AS {type_}) AS "{name}"' for name, type_ in zip(frame.columns, types, strict=True)
    )
    names = ", ".join(f'"{name}"' for name in frame.columns)
    rows = [f"({', '.join(_literal(value) for value in row)})" for row in frame.iter_rows()]
    nothing = f"({', '.join('NULL' for _ in types)})"
    where = "" if rows else " WHERE false"
    return f"(SELECT {select} FROM (VALUES {', '.join(rows or [nothing])}) AS given ({names}){where})"


def as_list(texts: Collection[str]) -> str:
    """Return SQL of a list of texts, to be used as `list_contains(..., x)`."""
    return f"[{', '.join(_literal(text) for text in sorted(texts))}]::VARCHAR[]"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value!r}::DOUBLE" if value == value and abs(value) != float("inf") else f"'{value}'::DOUBLE"  # noqa: PLR0124 - NaN alone differs from itself
    if isinstance(value, str | dt.date):
        return "'" + str(value).replace("'", "''") + "'"
    return repr(value)
