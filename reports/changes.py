"""The changes of a release since the one before it, in words and as tables."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from reports import text
from reports.figures.exhibit import DataTable, Heading
from reports.inputs import Published
from transforms.tables.published import DEMAND_CHANGE, TABLE_CHANGE

FIRST = "This is the first release: there is nothing to compare it with."
NOTHING = "Nothing changed: every published figure is that of the release before."
COUNTS = ("rows_before", "rows_after", "rows_added", "rows_removed", "rows_changed")
LARGEST = 120
SMALL = 0.0005  # a change that is shown as 0.0 %


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes: one sentence, and tables with their size."""

    says: str
    tables: tuple[DataTable, ...] = ()


def changes(published: Published) -> Changes:
    """Return the changes of demand and of the published tables since the last release."""
    rows = published[TABLE_CHANGE].frame
    if rows.is_empty() or rows["rows_before"].null_count() == rows.height:
        return Changes(FIRST)
    moved = rows.filter(pl.any_horizontal(pl.col(name).fill_null(0) > 0 for name in COUNTS[2:]))
    demand = published[DEMAND_CHANGE].frame
    if moved.is_empty():
        return Changes(NOTHING)
    says = f"{moved.height} of {rows.height} published tables changed. {_demand_words(published, demand)}"
    return Changes(says, (_tables_table(moved),))


def _demand_words(published: Published, demand: pl.DataFrame) -> str:
    if demand.is_empty():
        return "Heat per home cannot be compared with the release before."
    of_all = demand.filter(dwelling_type="all", period=published.period)
    if of_all.is_empty() or of_all["relative_change"][0] is None:
        return f"Heat per home in {published.period} was not in the release before."
    row = of_all.row(0, named=True)
    change = row["relative_change"]
    if abs(change) < SMALL:
        return f"Heat per home in {published.period} stayed at {text.kwh(row['heat_kwh_mean_after'])}."
    went = f"from {text.kwh(row['heat_kwh_mean_before'])} to {text.kwh(row['heat_kwh_mean_after'])}"
    return f"Heat per home in {published.period} went {went} ({text.signed(change)})."


def _tables_table(moved: pl.DataFrame) -> DataTable:
    titles = ("Rows before", "Rows now", "Added", "Removed", "Changed")
    headings = (
        Heading("Table"), *(Heading(title, numeric=True) for title in titles), Heading("Largest change", numeric=True), Heading("Where"),
    )  # fmt: skip
    names = ("table_name", *COUNTS, "largest_relative_change", "largest_change_at")
    body = tuple(
        (name, *(text.number(count) for count in counts), text.signed(largest), text.visible(where or "", LARGEST))
        for name, *counts, largest, where in moved.select(names).iter_rows()
    )
    return DataTable("Published tables that changed since the last release", headings, body)
