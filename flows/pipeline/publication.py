"""Publication: a candidate is written, judged and published under one lock, from the choice of the base to the rename."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import polars as pl

from flows.journal import noting
from flows.pipeline.candidate import RunRecord, fill_candidate, make_run_row
from flows.pipeline.content import Content, begin_content
from flows.pipeline.judgement import Audit, decide_quarantine, list_checks, plan_audit, suspect_source
from flows.pipeline.months import Span
from flows.pipeline.stages import complete_content
from flows.progress import say
from flows.settings import Settings
from quality.culprit import find_culprit
from quality.gate import critical_failures, describe_failures, judge
from transforms.tables.lineage import QUALITY_RESULT, RUN
from warehouse.publish import (
    History,
    WarehouseFolder,
    carry_over,
    clear_candidates,
    keep_snapshot,
    open_candidate,
    put_in_place,
    read_history,
)
from warehouse.quarantine import withdrawn_sources, write_decision
from warehouse.runs import write_event
from warehouse.snapshots import describe_hold, forget_old_snapshots, honour_hold

CANDIDATES_KEPT = dt.timedelta(days=7)  # time in which somebody can look into a refused candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The outcome of a publication; `keys` are the lake objects of all candidates that it filled."""

    outcome: Literal["published", "unchanged", "gate_failed"]
    snapshot_id: str | None
    keys: frozenset[str]
    failures: str = ""
    warnings: str = ""
    failed_checks: tuple[str, ...] = ()
    held: bool = False  # nothing is published, since a rollback holds an earlier snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCandidate:
    """A candidate that was filled and judged."""

    content: Content
    snapshot_id: str
    path: Path
    results: pl.DataFrame
    culprit: str | None  # the source that all broken rows of its failures name, if there is one

    @property
    def passed(self) -> bool:
        """Whether it may be published."""
        return critical_failures(self.results).is_empty()


def publish(
    settings: Settings, record: RunRecord, span: Span | None = None, not_built: frozenset[str] = frozenset()
) -> Publication:
    """Publish the present content of the lake, unless the published warehouse has the same content.

    All stages are planned again under the lock, and missing units are worked on, so that two runs started together lose no
    update. If the gate fails, the published warehouse stays and the candidate is kept. But if one source alone explains
    the failure, this source is left out from now on, and the rest is published. While a rollback holds a snapshot, nothing
    is published. A requested full audit judges the content even if it is unchanged.
    """
    lake, folder = settings.folders.lake, settings.folders.warehouse
    with folder.lock(), lake.lock(say):
        hold = honour_hold(folder)
        history = read_history(folder.current)
        base = None if history is None else history.snapshot_id
        content = complete_content(begin_content(settings, history, span=span, not_built=not_built))
        if base is not None:
            keep_snapshot(folder, base)
        unchanged = is_published(content, history)
        if unchanged and not settings.full_audit:
            return Publication(outcome="unchanged", snapshot_id=base, keys=frozenset(content.keys))
        if hold is not None and not unchanged:
            return Publication(
                outcome="unchanged",
                snapshot_id=base,
                keys=frozenset(content.keys),
                warnings=f"newer content is not published; {describe_hold(hold)}",
                held=True,
            )
        clear_candidates(folder, CANDIDATES_KEPT, dt.datetime.now(dt.UTC))
        candidate = fill_and_judge(content, folder, record, history)
        keys = frozenset(content.keys)
        suspect = None if candidate.passed else suspect_source(content, history, candidate.culprit)
        if suspect is not None:
            decision = decide_quarantine(content, suspect, candidate.results, dt.datetime.now(dt.UTC))
            say(f"the gate fails; judging again without {decision.file_name}")
            left = complete_content(
                begin_content(settings, history, span=span, decided=(decision,), not_built=not_built)
            )
            keys |= left.keys
            if is_published(left, history):  # its quarantine was lifted, and the gate fails with it as before
                write_decision(lake, decision)
                again = f"{decision.file_name} is quarantined again: {decision.reason}"
                return Publication(outcome="unchanged", snapshot_id=base, keys=keys, warnings=again)
            without = fill_and_judge(left, folder, record, history)
            if without.passed:
                # before the rename: after a kill in between, the next run leaves the source out and publishes
                write_decision(lake, decision)
                candidate = without
            else:
                without.path.unlink()
        if not candidate.passed:
            broken = critical_failures(candidate.results)
            return Publication(
                outcome="gate_failed",
                snapshot_id=base,
                keys=keys,
                failures=f"{describe_failures(broken)}\nThe candidate is kept: {candidate.path}",
                failed_checks=tuple(broken["check_name"]),
            )
        if is_published(candidate.content, history):  # a requested full audit of unchanged content
            candidate.path.unlink()
            found = f"audited in full, nothing changed: {describe_failures(candidate.results)}"
            return Publication(outcome="unchanged", snapshot_id=base, keys=keys, warnings=found)
        mode = int(settings.published_mode, 8)
        with noting(partial(write_event, settings.folders.runs, record.run_id), "publish", candidate.snapshot_id):
            put_in_place(folder, candidate.path, candidate.snapshot_id, mode=mode, group=settings.published_group)
            forget_old_snapshots(folder, settings.retention, now=dt.datetime.now(dt.UTC))
        warned = candidate.results.filter(~pl.col("passed"))
        return Publication(
            outcome="published",
            snapshot_id=candidate.snapshot_id,
            keys=keys,
            warnings=describe_failures(warned) if len(warned) else "",
        )


def fill_and_judge(
    content: Content, folder: WarehouseFolder, record: RunRecord, history: History | None
) -> JudgedCandidate:
    """Fill a candidate with tables and lineage, and judge it; earlier runs and their results are carried over."""
    now = dt.datetime.now(dt.UTC)
    snapshot_id = f"{now:%Y%m%dT%H%M%SZ}-{content.fingerprint[:8]}"
    base = None if history is None else history.snapshot_id
    path = folder.candidates / f"{snapshot_id}.duckdb"
    audit = plan_audit(content, history, now)
    row = make_run_row(record, content, snapshot_id=snapshot_id, base=base, now=now, judged=audit.describe())
    checks, alarms = list_checks(content, history, row)
    note = partial(write_event, content.settings.folders.runs, record.run_id)
    with open_candidate(
        path, hours_of=folder.current if may_keep_hours(content, history, audit) else None
    ) as candidate:
        with noting(note, "load", snapshot_id):
            fill_candidate(candidate, content, audit.changed.months)
            if history is not None:
                for table, earlier in ((RUN, history.run), (QUALITY_RESULT, history.quality_result)):
                    candidate.load_frame(table, carry_over(table, earlier))
            candidate.load_frame(RUN, row)
        with noting(note, "gate", snapshot_id):
            results = judge(
                candidate.query,
                run_id=record.run_id,
                sufficiency=content.settings.sufficiency,
                alarms=alarms,
                changed=audit.changed,
            )
            candidate.load_frame(QUALITY_RESULT, results)
            culprit = find_culprit(candidate.query, checks, results)
    return JudgedCandidate(content=content, snapshot_id=snapshot_id, path=path, results=results, culprit=culprit)


def may_keep_hours(content: Content, history: History | None, audit: Audit) -> bool:
    """Say whether a candidate may begin with the published hours.

    It may not in a full audit: then everything is filled from the lake, so that no warehouse is many nights away from it.
    And it may not after a file was withdrawn: deleted rows stay in a DuckDB file until others overwrite them.
    """
    if history is None or audit.is_full:
        return False
    return not withdrawn_sources(content.inputs.manifests, content.inputs.decisions) & history.sources_used


def is_published(content: Content, history: History | None) -> bool:
    """Say whether the published warehouse has exactly this content, in the format of this version."""
    return history is not None and history.older is None and history.content_fingerprint == content.fingerprint
