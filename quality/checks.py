"""The checks of the gate on each table, which follow from its declaration, so that a new column is checked as well.

A check is a number that DuckDB measures, and the range in which it must be. Nearly all checks count the rows that
break a rule, and must find none. A rule is written as a condition that *holds*; a row breaks the rule if the condition
is not true, so that null never passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from quality.changed import Unit
from transforms.tables.schema import Column, Table

Severity = Literal["critical", "warning"]

BY_MONTH = frozenset({"heat_hourly"})  # the only long table; the rows of all other tables are scanned quickly


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must be true of a warehouse.

    Parameters
    ----------
    name, table, meaning, severity
        As published in `QUALITY_RESULT`; only a critical failure stops a publication.
    reads
        The tables (`source`) or columns (`source.lines`) that it reads. If one of them is not as declared, the number is
        null, and the check fails.
    expression
        The number as an aggregate over the table's rows; all aggregates of a table are measured in one scan.
    broken_rows
        SQL that selects the rows that break the rule, keys first. Without an `expression`, these rows are counted.
    slice_by
        Column by whose hash `broken_rows` is measured in slices of bounded size (`{slice}` in the SQL).
    per
        Set if each month, or each study period, can be checked alone. Then units that were judged before are not measured
        again. Such a check is critical and counts broken rows, so that a published unit is known to have none.
    lower, upper
        The range of the number; None means no bound.

    """

    name: str
    table: str
    meaning: str
    reads: tuple[str, ...]
    severity: Severity = "critical"
    expression: str | None = None
    broken_rows: str | None = None
    slice_by: str | None = None
    per: Unit | None = None
    lower: float | None = 0
    upper: float | None = 0

    def __post_init__(self) -> None:
        if self.lower is None and self.upper is None:
            raise ValueError(f"check {self.name} cannot fail: it has neither a lower nor an upper bound")
        if self.per and (self.severity, self.lower, self.upper) != ("critical", 0, 0):
            raise ValueError(f"check {self.name} cannot be carried: what is published may have failed it")


def check_tables(tables: Sequence[Table]) -> list[Check]:
    """Return the checks that follow from the declarations of `tables`."""
    return [check for table in tables for check in check_table(table)]


def check_table(table: Table) -> list[Check]:
    """Return the checks that follow from one declaration: columns, rows, key, nulls, bounds and allowed values."""
    return [
        _columns_are_declared(table),
        *([] if table.may_be_empty else [_has_rows(table)]),
        _key_is_unique(table),
        *(check for column in table.columns for check in _check_column(table, column)),
    ]


def _columns_are_declared(table: Table) -> Check:
    """Check columns and types; the gate measures this from the table's schema, before everything else."""
    return Check(
        name=f"{table.name}.columns_are_declared",
        table=table.name,
        meaning="the table has exactly the declared columns with the declared types",
        reads=(),
    )


def _has_rows(table: Table) -> Check:
    return Check(
        name=f"{table.name}.has_rows",
        table=table.name,
        meaning=f"there is a row ({table.grain})",
        reads=_columns(table, table.key),
        expression="count(*)",
        lower=1,
        upper=None,
    )


def _key_is_unique(table: Table) -> Check:
    key = ", ".join(_quoted(name) for name in table.key)
    return Check(
        name=f"{table.name}.key_is_unique",
        table=table.name,
        meaning=f"{', '.join(table.key)} names one row",
        reads=_columns(table, table.key),
        broken_rows=f"SELECT {key}, count(*) AS rows FROM {table.name} WHERE {{slice}} GROUP BY {key} HAVING count(*) > 1",
        slice_by=table.key[0],
        per=_unit_of(table),
    )


def _check_column(table: Table, column: Column) -> Iterator[Check]:
    name, what = _quoted(column.name), f"{column.name} ({column.meaning})"
    absent = f"{name} IS NULL OR "
    if not column.nullable:
        yield _row_check(table, column, "is_not_null", f"{what} is never null", f"{name} IS NOT NULL")
    if column.lower is not None or column.upper is not None:
        low = "-infinity" if column.lower is None else f"{column.lower:g}"
        high = "infinity" if column.upper is None else f"{column.upper:g}"
        unit = f" {column.unit}" if column.unit not in {"", "1"} else ""
        holds = absent + " AND ".join(_bounds(column))
        yield _row_check(table, column, "is_within_bounds", f"{what} lies in {low} to {high}{unit}", holds)
    elif column.dtype.is_float():
        yield _row_check(table, column, "is_finite", f"{what} is a number", f"{absent}isfinite({name})")
    if column.allowed:
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in column.allowed)
        meaning = f"{what} is one of {', '.join(column.allowed)}"
        yield _row_check(table, column, "is_allowed", meaning, f"{absent}{name} IN ({values})")


def _bounds(column: Column) -> Iterator[str]:
    """Give the conditions of a bounded column; for DuckDB NaN is larger than any number, hence `isfinite`."""
    name = _quoted(column.name)
    if column.dtype.is_float():
        yield f"isfinite({name})"
    if column.lower is not None:
        yield f"{name} >= {column.lower!r}"
    if column.upper is not None:
        yield f"{name} <= {column.upper!r}"


def _row_check(table: Table, column: Column, rule: str, meaning: str, holds: str) -> Check:
    shown = ", ".join(_quoted(name) for name in dict.fromkeys((*table.key, column.name)))
    return Check(
        name=f"{table.name}.{column.name}.{rule}",
        table=table.name,
        meaning=meaning,
        reads=_columns(table, (*table.key, column.name)),
        expression=f"count(*) FILTER (WHERE ({holds}) IS NOT TRUE)",
        broken_rows=f"SELECT {shown} FROM {table.name} WHERE ({holds}) IS NOT TRUE",
        per=_unit_of(table),
    )


def _unit_of(table: Table) -> Unit | None:
    return "month" if table.name in BY_MONTH else None


def _columns(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{table.name}.{name}" for name in dict.fromkeys(names))


def _quoted(name: str) -> str:
    return f'"{name}"'
