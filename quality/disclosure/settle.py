"""Putting a table together from values that are new and values that an earlier release showed."""

from __future__ import annotations

import polars as pl

from quality.disclosure.rule import FEW_CHANGES
from transforms.public.public import KEPT, PublicTable, ReleaseRecord
from transforms.tables.schema import Table

Groups = set[tuple[str, str]]  # dwelling type (or all, stock) and period

GROUP = ["dwelling_type", "period"]
TOTAL, STOCK = "all", "stock"


def frame_of(groups: Groups) -> pl.DataFrame:
    """Return groups as a frame that can be joined."""
    return pl.DataFrame(sorted(groups), schema=KEPT, orient="row")


def groups_of(frame: pl.DataFrame) -> Groups:
    """Return the groups that have rows in a frame."""
    return set(frame.select(GROUP).iter_rows())


def settle(
    public: PublicTable,
    asked: pl.DataFrame,
    table: Table,
    *,
    anew: Groups,
    within: pl.DataFrame,
    last: ReleaseRecord | None,
) -> PublicTable:
    """Show the present rows of the groups in `anew`, and keep the rows that were shown before for other groups in `within`."""
    return keep_old(public, asked, table, anew=frame_of(anew), within=within, last=last)


def keep_old(
    public: PublicTable,
    asked: pl.DataFrame,
    table: Table,
    *,
    anew: pl.DataFrame,
    within: pl.DataFrame,
    last: ReleaseRecord | None,
) -> PublicTable:
    """Show new rows of the groups in `anew` and old rows of all others; a row that is neither is `few_changes`.

    Parameters
    ----------
    public
        The table as it would be without earlier releases.
    asked
        Every row of today, shown or not.
    table
        Its declaration.
    anew
        Groups whose rows may be new, by the columns that distinguish groups.
    within
        A frame with the groups whose old rows may stay.
    last
        The record of the last release.

    """
    on = anew.columns
    fresh = public.frame.join(anew, on=on, how="semi", maintain_order="left")
    old, old_hidden = public.frame.clear(), public.suppressed.clear()
    if last is not None and table.name in last.shown:
        groups = [name for name in GROUP if name in table.schema]
        may_stay = within.select(groups).unique()
        old = last.shown[table.name].join(may_stay, on=groups, how="semi").join(anew, on=on, how="anti")
        old = old.filter(pl.col("households").fill_null(public.threshold) >= public.threshold)
        kept = old.select(on).unique()
        old_hidden = last.hidden[table.name].join(kept, on=on, how="semi")
    frame = pl.concat([fresh, old], how="diagonal_relaxed").select(public.frame.columns).sort(table.key)
    hidden = pl.concat(
        [public.suppressed.join(old.select(on).unique(), on=on, how="anti", maintain_order="left"), old_hidden]
    )
    rest = asked.join(frame, on=table.key, how="anti", maintain_order="left").join(
        hidden, on=table.key, how="anti", maintain_order="left"
    )
    because = rest.select(*table.key, pl.lit(FEW_CHANGES).alias("because"))
    stayed = old if "dwelling_type" in old.columns else old.with_columns(dwelling_type=pl.lit(TOTAL))
    return PublicTable(
        public.name,
        frame,
        pl.concat([hidden, because]),
        public.threshold,
        stayed.select(GROUP).unique().sort(GROUP),
    )
