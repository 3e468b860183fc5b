"""Disclosure control of the tables about files, readings, checks and selection."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import polars as pl

from quality.disclosure.cells import coarsen
from quality.disclosure.parts import accept_sets
from quality.disclosure.rule import DEFAULT_RULE, FEW_HOMES, DisclosureRule, in_shares, rounded, suppress_small_cells
from quality.disclosure.settle import TOTAL
from transforms.public.public import (
    CHECK_COLUMNS,
    LEDGER_COLUMNS,
    LINE_COLUMNS,
    MONTH_COLUMNS,
    PublicTable,
    ReleaseRecord,
)
from transforms.tables.areas import AREA_TABLES
from transforms.tables.cost import ASSUMPTION
from transforms.tables.heat import SELECTION_FUNNEL
from transforms.tables.lineage import BUILD_MONTH, DATA_DICTIONARY, FLAG_COUNT, FLAG_JUDGEMENT, QUALITY_RESULT, SOURCE
from transforms.tables.published import EXTERNAL_CHECK, GATE_RUN
from transforms.tables.schema import Table

NAMES_NO_HOME = ("a column of the file", "set for the feed", "the only row of the household table")
NOT_APPLICABLE = "not applicable"  # a file without homes, or one that could not be read
UNKNOWN_FORMAT = "of no format that is read here"
PUBLIC_REASONS = {
    "refused": "of a known format, but not as that format is read",
    "held": "kept until its fuel, its unit or what it leaves out is declared",
    "quarantined": "left out, since checks before publication failed because of it",
    "withdrawn": "taken back",
}
HALF_HOUR_MINUTES, HALF_HOURS_A_DAY = 30, 48
OPEN_TABLES = (ASSUMPTION, DATA_DICTIONARY, *AREA_TABLES)  # tables without data of any home


def publish_funnel(
    frame: pl.DataFrame,
    *,
    uneven: Collection[str] = (),
    silent: Mapping[tuple[str, int], int] | None = None,
    rule: DisclosureRule = DEFAULT_RULE,
) -> PublicTable:
    """Publish the selection funnel: every step stays, a count below the threshold is null.

    A mean is shown if it adds no homes, or enough homes, to the sets that are shown already. The homes that pass every step
    come first, then those of one step less at a time, then those that pass every step but one. In `uneven` periods few of
    the included homes have gaps, and no mean is shown: it would differ from the published demand by the use of these few.
    `silent` gives, by period and step, the homes that leave there without a good hour: they are in no mean, so they hide
    no other home.
    """
    if frame.is_empty():
        return PublicTable(SELECTION_FUNNEL.name, frame, _nothing(frame, SELECTION_FUNNEL), rule.threshold)
    counts = [pl.col(name).fill_null(0) < rule.threshold for name in ("households", "households_without")]
    judged = pl.concat(
        _allow_means(rows.sort("step"), {step: n for (of, step), n in (silent or {}).items() if of == period}, rule)
        for (period,), rows in frame.group_by("period", maintain_order=True)
    ).with_columns(pl.col("_mean", "_mean_without") & ~pl.col("period").is_in(list(uneven)))
    hidden = judged.filter(counts[0]).select(*SELECTION_FUNNEL.key, pl.lit(FEW_HOMES).alias("because"))
    shown = judged.with_columns(
        pl.when(~counts[0]).then(rounded("households", rule)),
        pl.when(~counts[1]).then(rounded("households_without", rule)),
        heat_kwh_mean=pl.when("_mean").then("heat_kwh_mean"),
        heat_kwh_mean_without=pl.when("_mean_without").then("heat_kwh_mean_without"),
    ).select(*SELECTION_FUNNEL.schema)
    return PublicTable(SELECTION_FUNNEL.name, coarsen(SELECTION_FUNNEL, shown), hidden, rule.threshold)


def _allow_means(steps: pl.DataFrame, silent: Mapping[int, int], rule: DisclosureRule) -> pl.DataFrame:
    """Mark the means of one period's steps that may be shown together.

    The homes are divided into those that pass every step and, for each step, those that fail only this step and those that
    fail it first and another one later. A set of homes that pass all steps up to one, or all but one, is a union of these.
    """
    left, without = steps["households"].to_list(), steps["households_without"].to_list()
    last, count = left[-1], len(left)
    lost = [0, *(left[k - 1] - left[k] for k in range(1, count))]
    alone = [max(n - last, 0) for n in without]
    more = [max(lost[k] - alone[k] - silent.get(k, 0), 0) for k in range(count)]
    homes = np.array([last, *alone, *more], dtype=np.int64)
    sets = np.zeros((2 * count, len(homes)), dtype=bool)
    sets[:, 0] = True
    for k in range(count):
        sets[count - 1 - k, [*range(2 + k, 1 + count), *range(2 + count + k, 1 + 2 * count)]] = True  # passes up to k
        sets[count + k, 1 + k] = True  # passes all but k
    may = accept_sets(sets, homes, threshold=rule.threshold)
    return steps.with_columns(
        _mean=pl.Series(may[count - 1 :: -1], dtype=pl.Boolean), _mean_without=pl.Series(may[count:], dtype=pl.Boolean)
    )


def publish_ledger(frame: pl.DataFrame, *, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish the ledger of sources without words that may name a home or quote a file, and without counts of one home.

    A file is named by its hash if its own name may be that of its home: if the home's id came from the name, or if the file
    could not be read. The reason why a file was refused or withdrawn is not published, since it may quote the file. Counts
    of lines are rounded to the number that one home can deliver in the span of the file, homes of a household table to ten.
    Whether the lines add up is decided before rounding.
    """
    refused, not_applicable = pl.col("outcome") == "refused", pl.col("id_basis") == NOT_APPLICABLE
    unread = (pl.col("kind") == "none") | (refused & not_applicable)
    named_after_home = ~pl.col("id_basis").is_in([*NAMES_NO_HOME, NOT_APPLICABLE]) | unread
    by_content = pl.format(
        "{}, sha256 {}",
        pl.when(unread).then(pl.lit("unread file")).otherwise(pl.lit("one home's file")),
        pl.col("source_id").str.slice(0, 12),
    )
    reason = pl.col("outcome").replace_strict(PUBLIC_REASONS, default=None)
    unknown = refused & (pl.col("kind") == "none")
    accounted = pl.sum_horizontal("header_lines", "blank_lines", "readings", "rejects")
    shown = frame.with_columns(
        file_name=pl.when(named_after_home).then(by_content).otherwise("file_name"),
        reason=pl.when(unknown).then(pl.lit(UNKNOWN_FORMAT)).otherwise(reason),
        adds_up=pl.when(pl.col("outcome") != "refused").then(pl.col("lines") + pl.col("regrouped") == accounted),
        **{name: _shown_lines(name, rule) for name in LINE_COLUMNS},
    )
    return PublicTable(SOURCE.name, shown.select(*LEDGER_COLUMNS, "adds_up"), _nothing(frame, SOURCE), rule.threshold)


def _shown_lines(name: str, rule: DisclosureRule) -> pl.Expr:
    """Return a count of lines as it may be shown; null if the number that one home can add to it is not known."""
    span = pl.col("last_interval_utc") - pl.col("first_interval_utc")
    one_home = span.dt.total_minutes() // HALF_HOUR_MINUTES + 1
    kind = pl.col("kind")
    return (
        pl.when(kind == "temperature")
        .then(pl.col(name))
        .when(kind == "households")
        .then(rounded(name, rule))
        .when(kind == "readings")
        .then(pl.col(name).sign() * in_shares(pl.col(name).abs(), one_home))
        .alias(name)
    )


def publish_flags(
    frame: pl.DataFrame, *, homes: int, half_hours: int, rule: DisclosureRule = DEFAULT_RULE
) -> PublicTable:
    """Publish readings by flag over all sources, and their `share` of the readings that are shown.

    They are rounded to the number that one home can deliver in the `half_hours` of all sources, and null below half of it.
    If the sources hold few `homes`, nothing is published.
    """
    because = pl.lit(FEW_HOMES).alias("because")
    totals = frame.group_by("flag", maintain_order=True).agg(pl.col("readings").sum())
    if homes < rule.threshold:
        empty = totals.clear().with_columns(share=pl.lit(None, dtype=pl.Float64))
        return PublicTable(FLAG_COUNT.name, empty, totals.select("flag", because), rule.threshold)
    readings = in_shares(pl.col("readings"), pl.lit(max(half_hours, rule.round_to)))
    small = (pl.col("readings") > 0) & (readings == 0)
    shown = totals.select("flag", readings=pl.when(~small).then(readings)).with_columns(
        share=pl.col("readings") / pl.col("readings").sum()
    )
    return PublicTable(FLAG_COUNT.name, shown, totals.filter(small).select("flag", because), rule.threshold)


def publish_judgements(frame: pl.DataFrame, *, months: PublicTable, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish for how many readings each inferred flag could be judged, rounded to the number that one home delivers in the month.

    Nothing of months that are hidden for their few homes; a count that rounds to nothing is left out.
    """
    few_homes = ~pl.col("month").is_in(months.frame["month"].implode())
    readings = in_shares(pl.col("readings"), _half_hours_of_month())
    small = (pl.col("readings") > 0) & (readings == 0)
    hidden = frame.filter(few_homes | small).select(*FLAG_JUDGEMENT.key, pl.lit(FEW_HOMES).alias("because"))
    shown = frame.filter(~few_homes & ~small).with_columns(readings=readings)
    return PublicTable(FLAG_JUDGEMENT.name, shown, hidden, rule.threshold)


def publish_checks(frame: pl.DataFrame, *, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish which checks of the gate passed, without the numbers and keys that they measured."""
    nothing = frame.clear().select("check_name", pl.lit(FEW_HOMES).alias("because"))
    return PublicTable(QUALITY_RESULT.name, frame.select(CHECK_COLUMNS), nothing, rule.threshold)


def publish_gate_runs(frame: pl.DataFrame, *, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish how many checks of the gate passed in each run of the warehouse; these are counts of checks, not of homes."""
    return PublicTable(GATE_RUN.name, GATE_RUN.conform(frame), _nothing(frame, GATE_RUN), rule.threshold)


def publish_months(frame: pl.DataFrame, *, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish the homes, readings and good hours of each month; the last two are rounded to the number that one home adds."""
    shown, hidden = suppress_small_cells(frame.select(MONTH_COLUMNS), keys=BUILD_MONTH.key, rule=rule)
    half_hours = _half_hours_of_month()
    shown = shown.with_columns(
        readings=in_shares(pl.col("readings"), half_hours),
        ok_half_hours=in_shares(pl.col("ok_half_hours"), half_hours),
        hours=in_shares(pl.col("hours"), half_hours // 2),
    )
    return PublicTable(BUILD_MONTH.name, shown, hidden, rule.threshold)


def publish_external(
    frame: pl.DataFrame,
    *,
    demand: PublicTable | None = None,
    last: ReleaseRecord | None = None,
    rule: DisclosureRule = DEFAULT_RULE,
) -> PublicTable:
    """Publish the results of a run beside those of other studies, to three digits.

    Some results rest on all included homes and on no other published value. So if `demand` keeps the row of `all` from the
    `last` release, this table keeps its rows too.
    """
    if demand is not None and last is not None and (demand.few_changes["dwelling_type"] == TOTAL).any():
        frame = last.shown.get(EXTERNAL_CHECK.name, frame.clear())
    shown, hidden = suppress_small_cells(EXTERNAL_CHECK.conform(frame), keys=EXTERNAL_CHECK.key, rule=rule)
    return PublicTable(EXTERNAL_CHECK.name, coarsen(EXTERNAL_CHECK, shown), hidden, rule.threshold)


def publish_open(table: Table, frame: pl.DataFrame, *, rule: DisclosureRule = DEFAULT_RULE) -> PublicTable:
    """Publish a table without data of any home.

    Raises
    ------
    ValueError
        If the table is not one of those.

    """
    if table not in OPEN_TABLES:
        known = ", ".join(t.name for t in OPEN_TABLES)
        message = f"table {table.name} may hold what comes from homes; only {known} are open: publish its cells instead"
        raise ValueError(message)
    return PublicTable(table.name, table.conform(frame), _nothing(frame, table), rule.threshold)


def _half_hours_of_month() -> pl.Expr:
    return pl.col("month").dt.days_in_month().cast(pl.Int64) * HALF_HOURS_A_DAY


def _nothing(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    return frame.clear().select(*table.key, pl.lit(FEW_HOMES).alias("because"))
