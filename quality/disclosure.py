"""Disclosure control: what every page and every download passes before it leaves the restricted tier.

Nothing published rests on fewer than ten homes. A cell below the threshold loses its values, published counts
of homes are rounded, and a hidden cell that could be worked out from the cells around it takes a companion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from transforms.public import PublicTable
from transforms.schema import Table
from transforms.tables import (
    ASSUMPTION,
    BUILD_MONTH,
    DATA_DICTIONARY,
    FLAG_COUNT,
    QUALITY_RESULT,
    SELECTION_FUNNEL,
    SOURCE,
)

FLOOR = 10  # homes per published cell, and the step of published counts: may be raised, never lowered
FEW_HOMES, COMPANION = "few_homes", "companion"

NAMES_NO_HOME = ("a column of the file", "set for the feed", "the only row of the household table", "not applicable")
OPEN_TABLES = (ASSUMPTION, DATA_DICTIONARY)  # they hold nothing of any home
LEDGER_COLUMNS = (
    "source_id", "file_name", "format", "kind", "outcome", "reason", "lines", "header_lines", "blank_lines",
    "readings", "rejects", "clock", "stamp", "superseded", "ingested_at_utc",
)  # fmt: skip
CHECK_COLUMNS = ("check_name", "table_name", "severity", "passed", "meaning")  # figures and sample keys may name a home
MONTH_COLUMNS = ("month", "households", "readings", "ok_half_hours", "hours")


@dataclass(frozen=True, kw_only=True, slots=True)
class DisclosureRule:
    """How many homes a published cell rests on at least, and the step to which counts of homes are rounded."""

    threshold: int = FLOOR
    round_to: int = FLOOR

    def __post_init__(self) -> None:
        if self.threshold < FLOOR or self.round_to < FLOOR:
            message = (
                f"threshold {self.threshold} and rounding {self.round_to} must both be at least {FLOOR} homes: "
                "the disclosure rule can be tightened, never loosened"
            )
            raise ValueError(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Margin:
    """Cells along one key that add up to a figure which is published too, here or in another table.

    `total` is the key's value that holds the sum (None where it stands elsewhere), `derived` are values that are
    computed from the same cells. `same_homes` says that all cells rest on the same homes, so that several small
    cells together are as revealing as one.
    """

    along: str
    total: str | None = None
    derived: tuple[str, ...] = ()
    same_homes: bool = False


BY_DWELLING_TYPE = Margin(along="dwelling_type", total="all", derived=("stock",))
BY_HOUR = Margin(along="hour_start_utc", same_homes=True)  # the hours of a year add up to the annual demand
DEFAULT_RULE = DisclosureRule()


def suppress_small_cells(
    frame: pl.DataFrame,
    *,
    keys: Sequence[str],
    margins: Sequence[Margin] = (),
    count: str = "households",
    rule: DisclosureRule = DEFAULT_RULE,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that may be shown, with rounded counts, and the keys of those that may not, with `because`.

    Hiding a companion along one margin may leave it alone along another, hence the repetition until nothing
    changes; it ends, since cells are only ever hidden.
    """
    order = pl.int_range(pl.len()).alias("_row")
    hidden = pl.when(pl.col(count).fill_null(0) < rule.threshold).then(pl.lit(FEW_HOMES)).alias("because")
    cells = frame.select(*keys, pl.col(count).alias("_homes"), order, hidden)
    before = -1
    while before != (now := cells["because"].count()):
        before = now
        for margin in margins:
            within = [key for key in keys if key != margin.along]
            cells = cells.pipe(_hide_companions, margin=margin, within=within, rule=rule)
    cells = cells.sort("_row")
    shown = frame.filter(cells["because"].is_null()).with_columns(_rounded(count, rule))
    return shown, cells.filter(pl.col("because").is_not_null()).select(*keys, "because")


def publish_cells(
    table: Table,
    frame: pl.DataFrame,
    *,
    margins: Sequence[Margin] = (),
    coarser: PublicTable | None = None,
    rule: DisclosureRule = DEFAULT_RULE,
) -> PublicTable:
    """Publish a table of figures per cell whose column `households` says how many homes each rests on.

    A table that details another one (`coarser`) shows only cells that the other one shows, since its cells
    would add up to the hidden ones.
    """
    before: list[pl.DataFrame] = []
    if coarser is not None:
        frame, lost = _follow(frame, of=coarser, keys=table.key)
        before.append(lost)
    shown, hidden = suppress_small_cells(frame, keys=table.key, margins=margins, rule=rule)
    return PublicTable(table.name, shown, pl.concat([*before, hidden]), rule.threshold)


def publish_following(
    table: Table, frame: pl.DataFrame, *, of: PublicTable, measured: pl.Expr, rule: DisclosureRule = DEFAULT_RULE
) -> PublicTable:
    """Publish a table that carries no count of homes: its `measured` rows need a cell that `of` shows."""
    kept, lost = _follow(frame.filter(measured), of=of, keys=table.key)
    return PublicTable(table.name, pl.concat([kept, frame.filter(~measured)]), lost, rule.threshold)


def publish_funnel(frame: pl.DataFrame, *, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish the selection funnel: every step stays, a count below the threshold is null."""
    small = pl.col("households") < rule.threshold
    hidden = frame.filter(small).select(*SELECTION_FUNNEL.key, pl.lit(FEW_HOMES).alias("because"))
    shown = frame.with_columns(pl.when(~small).then(_rounded("households", rule)))
    return PublicTable(SELECTION_FUNNEL.name, shown, hidden, rule.threshold)


def publish_ledger(frame: pl.DataFrame, *, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish the ledger of sources; a file that may be named after its home is named by its content instead."""
    named_after_home = ~pl.col("id_basis").is_in(NAMES_NO_HOME)
    one_home = pl.format("one home's file, sha256 {}", pl.col("source_id").str.slice(0, 12))
    shown = frame.with_columns(file_name=pl.when(named_after_home).then(one_home).otherwise("file_name"))
    nothing = frame.clear().select("source_id", pl.lit(FEW_HOMES).alias("because"))
    return PublicTable(SOURCE.name, shown.select(LEDGER_COLUMNS), nothing, rule.threshold)


def publish_flags(frame: pl.DataFrame, *, homes: int, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish readings by flag over all sources and their `share`, rounded as homes are.

    Nothing where the sources hold few `homes`; a count that rounds to less than the threshold is null.
    """
    because = pl.lit(FEW_HOMES).alias("because")
    totals = frame.group_by("flag", maintain_order=True).agg(pl.col("readings").sum())
    if homes < rule.threshold:
        empty = totals.clear().with_columns(share=pl.lit(None, dtype=pl.Float64))
        return PublicTable(FLAG_COUNT.name, empty, totals.select("flag", because), rule.threshold)
    small = pl.col("readings").is_between(1, rule.threshold - 1)
    shown = totals.select(
        "flag",
        readings=pl.when(~small).then(_rounded("readings", rule)),
    ).with_columns(share=pl.col("readings") / totals["readings"].sum())
    return PublicTable(FLAG_COUNT.name, shown, totals.filter(small).select("flag", because), rule.threshold)


def publish_checks(frame: pl.DataFrame, *, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish which checks of the gate held, without the figures and keys that they looked at."""
    nothing = frame.clear().select("check_name", pl.lit(FEW_HOMES).alias("because"))
    return PublicTable(QUALITY_RESULT.name, frame.select(CHECK_COLUMNS), nothing, rule.threshold)


def publish_months(frame: pl.DataFrame, *, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish how many homes, readings and good hours each month holds."""
    shown, hidden = suppress_small_cells(frame.select(MONTH_COLUMNS), keys=BUILD_MONTH.key, rule=rule)
    return PublicTable(BUILD_MONTH.name, shown, hidden, rule.threshold)


def publish_open(table: Table, frame: pl.DataFrame, *, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish a table that holds nothing of any home.

    Raises
    ------
    ValueError
        If the table is not one of those.

    """
    if table not in OPEN_TABLES:
        known = ", ".join(t.name for t in OPEN_TABLES)
        message = f"table {table.name} may hold what comes from homes; only {known} are open: publish its cells instead"
        raise ValueError(message)
    nothing = frame.clear().select(*table.key, pl.lit(FEW_HOMES).alias("because"))
    return PublicTable(table.name, table.conform(frame), nothing, rule.threshold)


def _rounded(count: str, rule: DisclosureRule) -> pl.Expr:
    step = rule.round_to
    return (pl.col(count) + step // 2) // step * step


def _follow(frame: pl.DataFrame, *, of: PublicTable, keys: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split `frame` into the rows whose cell `of` shows, and the keys of the rest."""
    on = [column for column in of.suppressed.columns if column in keys]
    kept = frame.join(of.frame, on=on, how="semi", maintain_order="left")
    lost = (
        frame.join(of.frame, on=on, how="anti", maintain_order="left")
        .join(of.suppressed, on=on, how="left", maintain_order="left")
        .select(*keys, pl.col("because").fill_null(FEW_HOMES))
    )
    return kept, lost


def _hide_companions(cells: pl.DataFrame, *, margin: Margin, within: list[str], rule: DisclosureRule) -> pl.DataFrame:
    """Hide the smallest shown cell of each margin whose hidden cells could be worked out, and what derives from them."""
    beside = [value for value in (margin.total, *margin.derived) if value is not None]
    member = ~pl.col(margin.along).is_in(beside) if beside else pl.lit(True)
    member &= pl.col("_homes") > 0
    hidden = member & pl.col("because").is_not_null()
    homes = pl.col("_homes").filter(hidden)
    mixed = homes.max() if margin.same_homes else homes.sum()
    exposed = (hidden.sum() > 0) & ((hidden.sum() == 1) | (mixed < rule.threshold))

    def per_group(of: pl.Expr) -> pl.Expr:
        return of.over(within) if within else of

    candidate = member & pl.col("because").is_null()
    # the smallest candidate first; equal counts by the order of the key, so that row order is irrelevant
    cells = cells.sort(*within, "_homes", margin.along)
    first = per_group(candidate.cum_sum()) == 1
    companion = pl.when(candidate & first & per_group(exposed)).then(pl.lit(COMPANION))
    cells = cells.with_columns(because=pl.col("because").fill_null(companion))
    derives = pl.col(margin.along).is_in(margin.derived) & per_group((hidden).any())
    return cells.with_columns(because=pl.col("because").fill_null(pl.when(derives).then(pl.lit(COMPANION))))
