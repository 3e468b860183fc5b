"""`hearth status`: which runs there were, which files were taken in, how fresh the warehouse is and how it was judged."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel

from flows.operations.freshness import FeedState, show_feed
from flows.operations.health import Health, judge_state
from flows.operations.source_state import SourceState, describe_source, read_source_state
from flows.operations.state import HomeState
from flows.operations.watch import Operations, describe_operations, read_operations
from flows.pipeline.report import report_is_current
from flows.printable import count, show_name
from flows.settings import Settings
from quality.gate import describe_finding
from transforms.lcoh.results.table import missing_systems
from warehouse.damage import DamageRecord
from warehouse.publish import History, read_history
from warehouse.runs import RunLog

RUNS_SHOWN = 5
SOURCES_SHOWN = 10
HISTORIC_DAYS = 366  # readings older than this come from a finished trial: status says when they end, not their age


class GateState(BaseModel):
    """How the published warehouse was judged; `not_judged` says which checks were not made, and why."""

    checks: int
    failed: int
    warnings: list[str]
    not_judged: list[str]


class Status(BaseModel):
    """The state of one data folder."""

    health: Health
    home: Path
    warehouse: Path | None
    snapshot_id: str | None
    published_at_utc: dt.datetime | None
    last_interval_utc: dt.datetime | None
    included_homes: dict[str, int]
    made_up_by: list[str]
    missing: str | None
    not_costed: list[str]
    report: Path | None
    report_is_current: bool
    gate: GateState | None
    last_good_run: str | None
    runs: list[RunLog]
    feeds: list[FeedState]
    sources: list[SourceState]
    unused: dict[str, str]  # entries of the landing folder that are not used, with the reason
    unreadable: list[str]  # files that the last nightly could not read
    damaged: list[str]  # present damage, which the next run repairs
    repaired: list[DamageRecord]  # damaged files that were put aside, oldest first
    lost: list[DamageRecord]  # those of them that have to be delivered again
    operations: Operations
    forgetting: bool  # whether a home is being forgotten


def read_status(settings: Settings) -> Status:
    """Return the state of the data folder, from manifests, run logs and the published warehouse."""
    state = HomeState(settings)
    history, operations = state.history, read_operations(state)
    table = {
        home
        for m in state.manifests
        if m.kind == "households" and m.source_id not in state.replaced and m.source_id not in state.left_out
        for home in m.households
    }
    included = {} if history is None else dict(history.included.iter_rows())
    page = settings.folders.first_page
    return Status(
        health=judge_state(state, operations),
        home=settings.home.resolve(),
        warehouse=settings.folders.published.resolve() if history is not None else None,
        snapshot_id=None if history is None else history.snapshot_id,
        published_at_utc=None if history is None else history.run["published_at_utc"][-1],
        last_interval_utc=max((feed.newest_utc for feed in state.feeds), default=None),
        included_homes=included,
        made_up_by=[] if history is None else list(history.origins),
        missing=_what_is_missing(included, settings) if history is not None else "nothing is published yet",
        not_costed=name_not_costed(history),
        report=page.resolve() if page.exists() else None,
        report_is_current=state.report_is_current,
        gate=None if history is None else _judge_state(state),
        last_good_run=operations.last_good_run,
        runs=list(state.runs),
        feeds=list(state.feeds),
        sources=[
            read_source_state(
                m, superseded=m.source_id in state.replaced, left_out=state.left_out.get(m.source_id), table=table
            )
            for m in state.manifests
        ],
        unused=state.unused,
        unreadable=list(state.unreadable),
        damaged=[str(error) for error in state.damage],
        repaired=list(state.repaired),
        lost=list(state.lost),
        operations=operations,
        forgetting=state.forgetting,
    )


def _what_is_missing(included: dict[str, int], settings: Settings) -> str | None:
    if any(included.values()):
        return None
    return (
        f"no home has enough readings in any period: it needs {settings.completeness_min:.0%} of a year's half-hours "
        f"and {settings.cell_min:.0%} of each month and hour of day; heat_hourly is published, profiles are empty"
    )


def _judge_state(state: HomeState) -> GateState:
    judged = state.judged["check_name"]
    not_judged = {
        "drift: nothing was published before": judged.str.contains(r"\.drifts_").any(),
        "age of the newest readings: freshness_days is not set": "source.feed_is_fresh" in judged,
    }
    return GateState(
        checks=len(judged),
        failed=len(state.findings),
        warnings=[describe_finding(row, with_homes=True) for row in state.findings.iter_rows(named=True)],
        not_judged=[
            *(what for what, was_judged in not_judged.items() if not was_judged),
            *([] if state.history is None else _list_not_judged(state.history.judgement)),
        ],
    )


def _list_not_judged(judgement: pl.DataFrame) -> list[str]:
    """Say for each inferred flag how many readings could not be judged, or not by their own day, and why."""
    shares = judgement.with_columns(total=pl.col("readings").sum().over("flag"))
    rows = shares.filter(pl.col("outcome") != "judged", pl.col("readings") > 0)
    return [
        f"{flag} of {readings:,} of {total:,} readings: {outcome}"
        for flag, outcome, readings, total in rows.select("flag", "outcome", "readings", "total").iter_rows()
    ]


def describe_status(state: Status, *, verbose: bool = False) -> str:
    """Return the state as text, its health first; `verbose` lists all runs and sources."""
    lines = [state.health.describe(), f"home       {state.home}"]
    if state.forgetting:
        lines.append("FORGETTING a home is not completely forgotten yet: `hearth forget --finish`")
    if state.warehouse is None:
        lines.append("warehouse  none published yet: `hearth run`")
    else:
        lines += [
            f"warehouse  {state.warehouse}",
            f"snapshot   {state.snapshot_id}, published {state.published_at_utc:%Y-%m-%d %H:%M} UTC",
            f"homes      included: {', '.join(f'{count:,} in {period}' for period, count in state.included_homes.items()) or 'none'}",
        ]
    if state.made_up_by:
        lines.append(f"origin     made up by {', '.join(state.made_up_by)}: no real home is in these data")
    if state.missing:
        lines.append(f"missing    {state.missing}")
    lines += [f"not costed {why}" for why in state.not_costed]
    if state.last_interval_utc is not None:
        lines.append(f"data until {state.last_interval_utc:%Y-%m-%d %H:%M} UTC")
    lines.append(_describe_report(state.report, is_current=state.report_is_current))
    if state.gate is not None:
        lines.append(f"gate       passed; {count(state.gate.failed, 'warning')} in {state.gate.checks} checks")
        lines += [f"           {warning}" for warning in state.gate.warnings]
        lines += [f"           not judged: {what}" for what in (state.gate.not_judged if verbose else ())]
    lines += describe_operations(state.operations)
    lines += _describe_damage(state)
    if state.feeds:
        lines += ["", "feeds", *(describe_feed(feed) for feed in state.feeds)]
    lines += [
        "",
        "runs (newest last)",
        *(_run_line(log) for log in (state.runs if verbose else state.runs[-RUNS_SHOWN:])),
    ]
    last = state.sources if verbose else state.sources[-SOURCES_SHOWN:]
    if len(state.sources) > len(last):
        which = f"the refused, those left out and the last {SOURCES_SHOWN}; `hearth status --verbose` lists all"
        lines += ["", f"sources: {len(state.sources)}; {which}"]
    else:
        lines += ["", "sources"]
    lines += [
        f"  {name}: REFUSED, it cannot be read: give the account that runs Hearth the right to"
        for name in state.unreadable
    ]
    shown = [s for s in state.sources if s.outcome != "accepted" or s.warnings or s.unknown_homes or s in last]
    lines += [describe_source(source) for source in shown] or ["  none"]
    if state.unused:
        lines += ["", "not used", *(f"  {show_name(name)}: {reason}" for name, reason in state.unused.items())]
    return "\n".join(lines)


def _describe_damage(state: Status) -> list[str]:
    """Return lines about present damage, about files to deliver again, and about the last repair."""
    lines = [f"DAMAGED    {what}" for what in state.damaged]
    lines += [f"LOST       {record.damage.describe()}" for record in state.lost]
    done = [record for record in state.repaired if record not in state.lost]
    if done:
        last = done[-1]
        how_many = f"{count(len(done), 'damaged file')} put aside and repaired"
        lines.append(f"repaired   {how_many}, last on {last.found_at_utc:%Y-%m-%d %H:%M} UTC: {last.damage.describe()}")
    return lines


def _run_line(log: RunLog) -> str:
    first = log.message.partition("\n")[0].rstrip(":")
    took = (
        f"{count(log.files_ingested, 'file')}, {count(log.months_built, 'month')}, {count(log.periods_built, 'period')}"
    )
    return f"  {log.run_id}  {log.kind:<8}  {log.outcome:<12} {took}" + (f"; {first}" if first else "")


def describe_feed(feed: FeedState) -> str:
    """Return a line about the age of a feed's newest reading, or about the end of a finished trial."""
    late = f"  LATE: {feed.alarm}" if feed.alarm else ""
    if feed.days_old > HISTORIC_DAYS:
        return f"  {show_feed(feed.feed)}: ends {feed.newest_utc:%b %Y}{late}"
    age = "today" if feed.days_old <= 0 else f"{count(feed.days_old, 'day')} old"
    return f"  {show_feed(feed.feed)}: newest reading {feed.newest_utc:%Y-%m-%d %H:%M} UTC, {age}{late}"


def summarise_run(log: dict[str, Any], settings: Settings) -> str:
    """Return the outcome of one run, the systems without a cost, and where to look next."""
    took = [
        f"{count(log['files_ingested'], 'file')} taken in",
        f"{log['files_refused']} refused",
        *([f"{log['files_held']} held: `hearth feeds` says what to declare"] if log["files_held"] else []),
        f"{count(log['months_built'], 'month')} and {count(log['periods_built'], 'period')} built",
        f"{count(log['units_skipped'], 'step')} reused",
    ]
    lines = [f"run {log['run_id']}: {log['outcome']}; {', '.join(took)}"]
    if log["files_waiting"]:
        lines.append(f"{count(log['files_waiting'], 'file')} changed a moment ago: the next run takes what is whole")
    if log["message"]:
        lines.append(log["message"])
    if log["outcome"] in {"published", "unchanged"}:
        history, page = read_history(settings.folders.published), settings.folders.first_page
        lines += [f"not costed {why}" for why in name_not_costed(history)]
        lines += [
            f"warehouse  {settings.folders.published}",
            _describe_report(page if page.exists() else None, is_current=report_is_current(settings)),
        ]
    return "\n".join(lines)


def _describe_report(page: Path | None, *, is_current: bool) -> str:
    if page is None:
        return "report     none: `hearth report`"
    return f"report     {page}{'' if is_current else ' (older than its warehouse: `hearth report`)'}"


def name_not_costed(history: History | None) -> list[str]:
    """Return a line for each system without a cost, since the scenario of the published warehouse lacks a series for it.

    There are no lines for a warehouse of an older version: its assumptions may have other names.
    """
    if history is None or history.older is not None or history.assumption.is_empty():
        return []
    used = json.loads(history.run["settings"][-1])
    scenario, convention = used["scenario"], used["convention"]
    missing = missing_systems(history.assumption, scenario=scenario, convention=convention)
    return [f"{system}: scenario {scenario} has no {' and no '.join(series)}" for system, series in missing.items()]
