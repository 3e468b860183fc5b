"""`hearth status`: what ran, what was taken in, how fresh the warehouse is and how it was judged."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel

from flows.operations.freshness import FeedState, read_feeds
from flows.operations.watch import Operations, describe_operations, is_good, read_operations
from flows.pipeline.report import report_is_current
from flows.settings import Settings
from transforms.lcoh.results.table import missing_systems
from warehouse.manifest import Manifest, read_manifests
from warehouse.publish import History, read_history
from warehouse.quarantine import LEFT_OUT, Decision, left_out_sources, read_decisions, replaced_sources
from warehouse.runs import RunLog, read_runs

RUNS_SHOWN = 5
SOURCES_SHOWN = 20


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
            _source_state(m, superseded=m.source_id in replaced, left_out=left_out.get(m.source_id)) for m in manifests
        ],
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


def _source_state(m: Manifest, *, superseded: bool, left_out: Decision | None) -> SourceState:
    balanced = m.kind != "readings" or m.lines == m.header_lines + m.blank_lines + m.readings + m.rejects
    own = m.model_dump(include=set(SourceState.model_fields) - {"superseded", "balanced"})
    if left_out is not None:
        own |= {"outcome": left_out.state, "reason": left_out.reason}
    return SourceState(**own, superseded=superseded, balanced=balanced)


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
    shown = [s for s in state.sources if s.outcome != "accepted" or s in state.sources[-SOURCES_SHOWN:]]
    lines += [_source_line(source) for source in shown] or ["  none"]
    return "\n".join(lines)


def _run_line(log: RunLog) -> str:
    what = f"{log.files_ingested} files, {log.months_built} months, {log.periods_built} periods"
    return f"  {log.run_id}  {log.kind:<8}  {log.outcome:<12} {what}" + (f"; {log.message}" if log.message else "")


def _feed_line(feed: FeedState) -> str:
    late = f"  LATE: {feed.alarm}" if feed.alarm else ""
    return f"  {feed.feed}: newest reading {feed.newest_utc:%Y-%m-%d %H:%M} UTC, {feed.days_old:,} days old{late}"


def _source_line(source: SourceState) -> str:
    if source.outcome == "refused":
        return f"  {source.file_name}: REFUSED, {source.reason}"
    if source.outcome == "withdrawn":
        return f"  {source.file_name}: WITHDRAWN, {source.reason}"
    if source.outcome == "quarantined":
        superseded = "; newer content at its path has replaced it" if source.superseded else "; see `hearth quarantine`"
        return f"  {source.file_name}: QUARANTINED, {source.reason}{superseded}"
    if source.kind != "readings":
        return f"  {source.file_name}: {source.kind}, {source.lines:,} lines"
    ledger = (
        f"{source.lines:,} lines = {source.header_lines:,} header + {source.blank_lines:,} blank "
        f"+ {source.readings:,} readings + {source.rejects:,} rejects"
    )
    state = "" if source.balanced else "  LEDGER DOES NOT BALANCE"
    state += "  superseded" if source.superseded else ""
    return f"  {source.file_name}: {ledger}; stamps name the {source.stamp}, clock {source.clock}{state}"


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
