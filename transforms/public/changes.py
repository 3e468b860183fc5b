"""Changes between two releases: rows added, removed or changed, and how far the demand of each dwelling type moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.published import DEMAND_CHANGE, TABLE_CHANGE
from transforms.tables.schema import Table

LATER = " after"  # no declared column has a blank in its name


def compare_tables(
    before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame], tables: Collection[Table], *, since: str
) -> pl.DataFrame:
    """Count the rows added, removed and changed in each table, and name the number that moved furthest.

    Parameters
    ----------
    before, after
        The tables of an earlier and of this release by name. One that is missing counts as empty.
    tables
        Declarations of the tables to compare. Only columns that both releases have are compared, so a new column
        changes no row.
    since
        Name of the earlier release.

    Returns
    -------
    pl.DataFrame
        `TABLE_CHANGE`, a row per table. The relative change of a number is (after - before) / abs(before) [1]. A number
        that was 0 before has none, but its row counts as changed.

    """
    rows = [
        {
            "table_name": table.name,
            "since_release": since,
            **_compare(table, _given(table, before), _given(table, after)),
        }
        for table in tables
    ]
    return TABLE_CHANGE.conform(pl.DataFrame(rows, schema=TABLE_CHANGE.schema)).sort("table_name")


def compare_demand(before: pl.DataFrame, after: pl.DataFrame, *, since: str) -> pl.DataFrame:
    """Put the annual heat of each dwelling type and period in two releases side by side.

    Parameters
    ----------
    before, after
        `HEAT_DEMAND_ANNUAL` as published; a cell that a release does not show is null.
    since
        Name of the earlier release.

    Returns
    -------
    pl.DataFrame
        `DEMAND_CHANGE`.

    """
    old, new = (_given(HEAT_DEMAND_ANNUAL, {HEAT_DEMAND_ANNUAL.name: frame}) for frame in (before, after))
    keys = list(HEAT_DEMAND_ANNUAL.key)
    both = old.select(*keys, heat_kwh_mean_before="heat_kwh_mean").join(
        new.select(*keys, heat_kwh_mean_after="heat_kwh_mean"), on=keys, how="full", coalesce=True
    )
    change = _relative("heat_kwh_mean_before", "heat_kwh_mean_after")
    return DEMAND_CHANGE.conform(both.with_columns(relative_change=change, since_release=pl.lit(since))).sort(keys)


def _given(table: Table, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the columns of a table that a release has, in today's types; a table without its key counts as empty."""
    frame = frames.get(table.name, table.empty())
    if not set(table.key) <= set(frame.columns):
        frame = table.empty()
    return frame.select(pl.col(c.name).cast(c.dtype, strict=False) for c in table.columns if c.name in frame.columns)


def _compare(table: Table, old: pl.DataFrame, new: pl.DataFrame) -> dict[str, Any]:
    keys = list(table.key)
    shared = [name for name in new.columns if name in old.columns and name not in keys]
    both = old.select(*keys, *shared).join(
        new.select(*keys, *shared), on=keys, how="inner", suffix=LATER, nulls_equal=True, validate="1:1"
    )
    moved = pl.any_horizontal(pl.lit(value=False), *(pl.col(n).ne_missing(pl.col(n + LATER)) for n in shared))
    changed = both.filter(moved)
    furthest = _furthest(changed, keys, [name for name in shared if new.schema[name].is_numeric()])
    return {
        "rows_before": len(old),
        "rows_after": len(new),
        "rows_added": len(new) - len(both),
        "rows_removed": len(old) - len(both),
        "rows_changed": len(changed),
        "largest_relative_change": furthest[" change"] if furthest else None,
        "largest_change_at": _name_cell(furthest, keys) if furthest else None,
    }


def _furthest(changed: pl.DataFrame, keys: list[str], numbers: list[str]) -> dict[str, Any] | None:
    """Return key, ` column` and ` change` of the number that moved furthest; of several, the first by key.

    The two names begin with a blank, so that they never equal a key.
    """
    cells = [
        changed.select(*keys, pl.lit(position).alias(" position"), _relative(name, name + LATER).alias(" change"))
        for position, name in enumerate(numbers)
    ]
    if not cells:
        return None
    size = pl.col(" change").abs()
    known = pl.concat(cells).drop_nulls(" change").filter((size > 0) & (size == size.max())).sort(*keys, " position")
    if known.is_empty():
        return None
    first = known.row(0, named=True)
    return {**first, " column": numbers[first[" position"]]}


def _relative(before: str, after: str) -> pl.Expr:
    """Return the relative change [1]; null if the number before was 0 or either is missing."""
    old, new = pl.col(before).cast(pl.Float64), pl.col(after).cast(pl.Float64)
    change = (new - old) / old.abs()
    return pl.when(change.is_finite()).then(change)


def _name_cell(cell: Mapping[str, Any], keys: list[str]) -> str:
    where = ", ".join(f"{key}={cell[key]}" for key in keys)
    return f"{where}: {cell[' column']}"
