"""`hearth status`: what ran, what was taken in, how fresh the warehouse is and how it was judged."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel

from flows.operations.freshness import FeedState, read_feeds
from flows.operations.watch import Operations, describe_operations, is_good, read_operations
from flows.pipeline.report import report_is_current
from flows.settings import Settings
from transforms.lcoh.results.table import missing_systems
from warehouse.landing import is_gone
from warehouse.manifest import Manifest, read_manifests
from warehouse.publish import History, read_history
from warehouse.quarantine import LEFT_OUT, Decision, left_out_sources, read_decisions, replaced_sources
from warehouse.runs import RunLog, read_runs

RUNS_SHOWN = 5
SOURCES_SHOWN = 20
REASONS_SHOWN = 4
UNUSUAL_SHARE = (
    0.02  # of a file's readings that one flag hits, from which on status names it; the sample's faults stay below
)


class SourceState(BaseModel):
    """One delivered file and what became of it."""

    source_id: str
    file_name: str
    feed: str
    kind: str
    outcome: str
    reason: str | None
    superseded: bool
    lines: int
    header_lines: int
    blank_lines: int
    readings: int
    rejects: int
    regrouped: int
    reject_reasons: dict[str, int]
    line_flags: dict[str, int]
    dialect: dict[str, str]
    warnings: tuple[str, ...]
    detail: str | None
    fuel: str
    fuel_basis: str
    unit: str
    unit_basis: str
    interval_basis: str
    id_basis: str
    unknown_homes: tuple[str, ...]  # that a household table exists for and lacks
    balanced: bool
    clock: str
    clock_basis: str
    stamp: str
    stamp_basis: str
    first_interval_utc: dt.datetime | None
    last_interval_utc: dt.datetime | None


class GateState(BaseModel):
    """How the published warehouse was judged; `not_judged` says what it was not held against, and why."""

    checks: int
    failed: int
    warnings: list[str]
    not_judged: list[str]


class Status(BaseModel):
    """The state of one home folder."""

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
    operations: Operations
    forgetting: bool  # whether a home is not forgotten to the end


def read_status(settings: Settings) -> Status:
    """Return the state of the home folder, from manifests, run logs and the published warehouse."""
    folder = settings.folders.warehouse
    history = read_history(folder.current)
    lake = settings.folders.lake
    manifests = read_manifests(lake)
    decisions = read_decisions(lake)
    left_out = {d.source_id: d for d in decisions if d.state in LEFT_OUT}
    replaced = replaced_sources(manifests, left_out_sources(manifests, decisions))
    used = [m for m in manifests if m.source_id not in left_out]
    table = {home for m in used if m.kind == "households" and m.source_id not in replaced for home in m.households}
    runs = read_runs(settings.folders.runs)
    good = [log.run_id for log in runs if is_good(log)]
    included = {} if history is None else dict(history.included.iter_rows())
    feeds = read_feeds(used, replaced, settings, dt.datetime.now(dt.UTC).date())
    return Status(
        home=settings.home.resolve(),
        warehouse=folder.current.resolve() if history is not None else None,
        snapshot_id=None if history is None else history.snapshot_id,
        published_at_utc=None if history is None else history.run["published_at_utc"][-1],
        last_interval_utc=max((feed.newest_utc for feed in feeds), default=None),
        included_homes=included,
        made_up_by=[] if history is None else list(history.origins),
        missing=_what_is_missing(included, settings) if history is not None else "nothing is published yet",
        not_costed=name_not_costed(history),
        report=None if (page := _find_report(settings)) is None else page.resolve(),
        report_is_current=history is not None and report_is_current(settings),
        gate=None if history is None else _judge_state(history),
        last_good_run=good[-1] if good else None,
        runs=runs,
        feeds=feeds,
        sources=[
            read_source_state(m, superseded=m.source_id in replaced, left_out=left_out.get(m.source_id), table=table)
            for m in manifests
        ],
        unused=_list_unused(settings, runs),
        operations=read_operations(settings, runs, older=None if history is None else history.older),
        forgetting=settings.folders.forgotten.is_unfinished(),
    )


def _what_is_missing(included: dict[str, int], settings: Settings) -> str | None:
    if any(included.values()):
        return None
    return (
        f"no home suffices in any period: it needs {settings.completeness_min:.0%} of a year's half-hours "
        f"and {settings.cell_min:.0%} of each month and hour of day; heat_hourly is published, profiles are empty"
    )


def _judge_state(history: History) -> GateState:
    own = history.quality_result.filter(pl.col("run_id") == history.run["run_id"][-1])
    failed = own.filter(~pl.col("passed"))
    warnings = [
        f"{name}: {meaning}" + (f", e.g. {keys}" if keys else "")
        for name, meaning, keys in failed.select("check_name", "meaning", "sample_keys").iter_rows()
    ]
    judged = own["check_name"]
    not_judged = {
        "drift: nothing was published before": judged.str.contains("drift").any(),
        "age of the newest readings: freshness_days is not set": "source.feed_is_fresh" in judged,
    }
    return GateState(
        checks=len(own),
        failed=len(failed),
        warnings=warnings,
        not_judged=[
            *(what for what, was_judged in not_judged.items() if not was_judged),
            *_list_not_judged(history.judgement),
        ],
    )


def _list_not_judged(judgement: pl.DataFrame) -> list[str]:
    """Say of each inferred flag how many readings it could not be judged for, or not by their own day, and why."""
    shares = judgement.with_columns(total=pl.col("readings").sum().over("flag"))
    rows = shares.filter(pl.col("outcome") != "judged", pl.col("readings") > 0)
    return [
        f"{flag} of {readings:,} of {total:,} readings: {outcome}"
        for flag, outcome, readings, total in rows.select("flag", "outcome", "readings", "total").iter_rows()
    ]


def read_source_state(
    m: Manifest, *, superseded: bool = False, left_out: Decision | None = None, table: Collection[str]
) -> SourceState:
    """Return what became of a file; `table` are the homes of the household table, empty where there is none."""
    balanced = m.kind != "readings" or m.lines + m.regrouped == m.header_lines + m.blank_lines + m.readings + m.rejects
    own = m.model_dump(include=set(SourceState.model_fields) - {"superseded", "balanced", "unknown_homes"})
    if left_out is not None:
        own |= {"outcome": left_out.state, "reason": left_out.reason}
    unknown = [home for home in m.households if home not in table] if m.kind == "readings" and table else []
    return SourceState(**own, superseded=superseded, balanced=balanced, unknown_homes=tuple(unknown))


def describe_status(state: Status) -> str:
    """Return the state as text for people."""
    lines = [f"home       {state.home}"]
    if state.forgetting:
        lines.append("FORGETTING a home is not forgotten to the end: `hearth forget --finish`")
    if state.warehouse is None:
        lines.append("warehouse  none published yet: `hearth run`")
    else:
        lines += [
            f"warehouse  {state.warehouse}",
            f"snapshot   {state.snapshot_id}, published {state.published_at_utc:%Y-%m-%d %H:%M} UTC",
            f"homes      {', '.join(f'{count} in {period}' for period, count in state.included_homes.items()) or 'none'} included",
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
        lines.append(f"gate       {state.gate.checks} checks, {state.gate.failed} failed")
        lines += [f"           {warning}" for warning in state.gate.warnings]
        lines += [f"           not judged: {what}" for what in state.gate.not_judged]
    lines += describe_operations(state.operations)
    if state.feeds:
        lines += ["", "feeds", *(_feed_line(feed) for feed in state.feeds)]
    lines += ["", "runs (newest last)", *(_run_line(log) for log in state.runs[-RUNS_SHOWN:])]
    if len(state.sources) > SOURCES_SHOWN:
        lines += ["", f"sources: {len(state.sources)}; the refused, those left out and the last {SOURCES_SHOWN}"]
    else:
        lines += ["", "sources"]
    shown = [
        s
        for s in state.sources
        if s.outcome != "accepted" or s.warnings or s.unknown_homes or s in state.sources[-SOURCES_SHOWN:]
    ]
    lines += [_source_line(source) for source in shown] or ["  none"]
    if state.unused:
        lines += ["", "not used", *(f"  {name}: {reason}" for name, reason in state.unused.items())]
    return "\n".join(lines)


def _list_unused(settings: Settings, runs: list[RunLog]) -> dict[str, str]:
    """Return the entries of the landing folder that the last nightly run did not use, as far as they are still there."""
    nights = [log for log in runs if log.kind == "nightly"]
    told = nights[-1].files_unused if nights else {}
    return {name: why for name, why in told.items() if not is_gone(settings.landing_folder, name)}


def _run_line(log: RunLog) -> str:
    what = f"{log.files_ingested} files, {log.months_built} months, {log.periods_built} periods"
    return f"  {log.run_id}  {log.kind:<8}  {log.outcome:<12} {what}" + (f"; {log.message}" if log.message else "")


def _feed_line(feed: FeedState) -> str:
    late = f"  LATE: {feed.alarm}" if feed.alarm else ""
    return f"  {feed.feed}: newest reading {feed.newest_utc:%Y-%m-%d %H:%M} UTC, {feed.days_old:,} days old{late}"


def _source_line(source: SourceState) -> str:
    seen = f" ({source.detail})" if source.detail else ""
    if source.outcome in {"refused", "held", "withdrawn"}:
        return f"  {source.file_name}: {source.outcome.upper()}, {source.reason}{seen}"
    if source.outcome == "quarantined":
        superseded = "; newer content at its path has replaced it" if source.superseded else "; see `hearth quarantine`"
        return f"  {source.file_name}: QUARANTINED, {source.reason}{superseded}"
    rejected = f" ({_describe_counts(source.reject_reasons)})" if source.reject_reasons else ""
    if source.kind != "readings":
        return f"  {source.file_name}: {source.kind}, {source.lines:,} lines, {source.rejects:,} rejects{rejected}"
    regrouped = f" - {source.regrouped:,} regrouped" if source.regrouped else ""
    ledger = (
        f"{source.lines:,} lines = {source.header_lines:,} header + {source.blank_lines:,} blank "
        f"+ {source.readings:,} readings + {source.rejects:,} rejects{rejected}{regrouped}"
    )
    state = "" if source.balanced else "  LEDGER DOES NOT BALANCE"
    state += "  superseded" if source.superseded else ""
    lines = [f"  {source.file_name}: {ledger}; stamps name the {source.stamp}, clock {source.clock}{state}"]
    return "\n".join([*lines, *(f"    {what}" for what in describe_assumptions(source))])


def describe_assumptions(source: SourceState) -> list[str]:
    """Say what a file was taken for, where that is not plain by its header, and what is unusual about its readings."""
    told = []
    if source.fuel_basis not in {"the format", "not applicable"}:
        told.append(f"fuel, {source.fuel_basis}")
    if source.unit_basis not in {"the name of the column", "not applicable"}:
        told.append(f"unit {source.unit}, {source.unit_basis}")
    if source.regrouped:
        told.append(f"intervals: {source.interval_basis}")
    if source.dialect:
        told.append(f"written with {', '.join(f'{name} {value}' for name, value in source.dialect.items())}")
    unusual = {
        flag: count
        for flag, count in source.line_flags.items()
        if flag != "ok" and count > UNUSUAL_SHARE * max(source.readings, 1)
    }
    if source.unknown_homes:
        shown = ", ".join(source.unknown_homes[:3])
        told.append(
            f"{len(source.unknown_homes):,} homes are not in the household table, so their readings enter no table (e.g. {shown}): "
            "add them to it"
        )
    if unusual:
        told.append(f"flagged: {_describe_counts(unusual)}")
    return [*told, *(f"WARNING: {warning}" for warning in source.warnings)]


def _describe_counts(counts: Mapping[str, int]) -> str:
    """Return counts by name, the largest first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    more = f" and {len(ordered) - REASONS_SHOWN} more reasons" if len(ordered) > REASONS_SHOWN else ""
    return ", ".join(f"{count:,} {name}" for name, count in ordered[:REASONS_SHOWN]) + more


def summarise_run(log: dict[str, Any], settings: Settings) -> str:
    """Return how one run ended, what it could not cost, and where to look next."""
    took = [
        f"{log['files_ingested']} files taken in",
        f"{log['files_refused']} refused",
        f"{log['months_built']} months and {log['periods_built']} periods built",
        f"{log['units_skipped']} units were done already",
    ]
    lines = [f"run {log['run_id']}: {log['outcome']}; {', '.join(took)}"]
    if log["files_waiting"]:
        lines.append(f"{log['files_waiting']} files are too fresh to be whole and wait for the next run")
    if log["message"]:
        lines.append(log["message"])
    if log["outcome"] in {"published", "unchanged"}:
        history = read_history(settings.folders.published)
        lines += [f"not costed {why}" for why in name_not_costed(history)]
        lines += [
            f"warehouse  {settings.folders.published}",
            _describe_report(_find_report(settings), is_current=report_is_current(settings)),
        ]
    return "\n".join(lines)


def _find_report(settings: Settings) -> Path | None:
    page = settings.folders.first_page
    return page if page.exists() else None


def _describe_report(page: Path | None, *, is_current: bool) -> str:
    if page is None:
        return "report     none: `hearth report`"
    return f"report     {page}{'' if is_current else ' (older than its warehouse: `hearth report`)'}"


def name_not_costed(history: History | None) -> list[str]:
    """Return a line for each system that the compared scenario of a published warehouse lacks a series of.

    Nothing is said of a warehouse that another version published: its assumptions may have other names.
    """
    if history is None or history.older is not None or history.assumption.is_empty():
        return []
    used = json.loads(history.run["settings"][-1])
    scenario, convention = used["scenario"], used["convention"]
    missing = missing_systems(history.assumption, scenario=scenario, convention=convention)
    return [f"{system}: scenario {scenario} has no {' and no '.join(series)}" for system, series in missing.items()]
