"""The ledger of sources as a table: every line of every file is accounted for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from reports import text
from reports.figures.exhibit import DataTable, Heading
from reports.inputs import Published
from transforms.tables.lineage import BUILD_MONTH, SOURCE

LONGEST = 500  # files that the page lists at most; the warehouse has all of them
PARTS = ("header_lines", "blank_lines", "readings", "rejects")


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One delivered file, as text."""

    file_name: str
    format: str
    outcome: str
    reason: str
    clock: str
    stamp: str
    counts: tuple[str, ...]  # lines, then PARTS
    balance: str


def entries(published: Published) -> list[LedgerLine]:
    """Return the files, refused ones first, with the sums of their lines."""
    rows = published[SOURCE].frame.sort(pl.col("outcome") != "refused", "file_name", maintain_order=True).head(LONGEST)
    return [_entry(row) for row in rows.iter_rows(named=True)]


def totals(published: Published) -> tuple[str, ...]:
    """Return lines and their parts, summed over all accepted files that no newer content replaced."""
    accepted = published[SOURCE].frame.filter(outcome="accepted", superseded=False)
    return tuple(f"{int(accepted[name].sum()):,}" for name in ("lines", *PARTS))


def _entry(row: dict[str, Any]) -> LedgerLine:
    counts = {name: row[name] for name in ("lines", *PARTS)}
    superseded = ", replaced by a newer delivery" if row["superseded"] else ""
    return LedgerLine(
        file_name=text.visible(row["file_name"]),
        format=text.visible(row["format"]),
        outcome=f"{row['outcome']}{superseded}",
        reason=text.visible(row["reason"] or "", longest=300),
        clock=row["clock"],
        stamp=row["stamp"],
        counts=tuple(text.number(count) for count in counts.values()),
        balance={None: "not read", True: "adds up", False: "does not add up"}[row["adds_up"]],
    )


def months_table(published: Published) -> DataTable:
    """Return homes, readings and good hours by month."""
    names = ("month", "households", "readings", "ok_half_hours", "hours")
    headings = tuple(Heading(text.title_of(BUILD_MONTH.column(name)), numeric=name != "month") for name in names)
    rows = tuple(
        (f"{row[0]:%Y-%m}", *(f"{value:,}" for value in row[1:]))
        for row in published[BUILD_MONTH].frame.sort("month").select(names).iter_rows()
    )
    return DataTable(
        "Readings by month: homes are rounded to 10, readings and hours to what one home can deliver", headings, rows
    )
