"""Write, audit, publish: under one lock, from the choice of the base snapshot to the rename."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import polars as pl

from flows.content import Content, RunRecord, Work, describe_run, fill_candidate, plan_content
from flows.plan import MonthUnit
from flows.settings import Settings
from quality.gate import critical_failures, describe_failures, judge
from transforms import tables
from warehouse.lake import Lake
from warehouse.publish import (
    Candidate,
    History,
    WarehouseFolder,
    clear_candidates,
    forget_old_snapshots,
    keep_snapshot,
    open_candidate,
    put_in_place,
    read_history,
)

CANDIDATES_KEPT = dt.timedelta(days=7)


class Choose(Protocol):
    """Chooses the state in which each month is published."""

    def __call__(self, months: list[MonthUnit], *, published: pl.DataFrame | None) -> list[MonthUnit]:
        """Return the units to publish, given those that the sources ask for and the published `build_month`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What came of a publication."""

    outcome: Literal["published", "unchanged", "gate_failed"]
    snapshot_id: str | None
    failures: str = ""
    warnings: str = ""


def publish(
    lake: Lake, folder: WarehouseFolder, settings: Settings, record: RunRecord, *, work: Work, choose: Choose
) -> Publication:
    """Publish what the lake gives now, unless the published warehouse is made of just that.

    The plan is computed again under the lock, so that two runs started together lose no update; `work` is called for
    units that are still missing then. A failed gate leaves the published warehouse untouched and keeps the candidate.
    """
    with folder.lock():
        history = read_history(folder.current)
        base = None if history is None else history.snapshot_id
        content = plan_content(lake, settings, work, partial(choose, published=published_months(history)))
        if base is not None:
            keep_snapshot(folder, base)
        if is_published(content, history):
            return Publication(outcome="unchanged", snapshot_id=base)
        now = dt.datetime.now(dt.UTC)
        clear_candidates(folder, CANDIDATES_KEPT, now)
        snapshot_id = f"{now:%Y%m%dT%H%M%SZ}-{content.fingerprint[:8]}"
        path = folder.candidates / f"{snapshot_id}.duckdb"
        with open_candidate(path) as candidate:
            fill_candidate(candidate, lake, content)
            row = describe_run(record, content, snapshot_id=snapshot_id, base=base, now=now)
            results = _judge(candidate, row, history, settings)
        critical = critical_failures(results)
        if len(critical):
            failures = f"{describe_failures(critical)} The candidate is kept: {path}"
            return Publication(outcome="gate_failed", snapshot_id=base, failures=failures)
        put_in_place(folder, path, snapshot_id, group=settings.warehouse_group)
        forget_old_snapshots(folder, settings.snapshots_keep)
        warned = results.filter(~pl.col("passed"))
        return Publication(
            outcome="published", snapshot_id=snapshot_id, warnings=describe_failures(warned) if len(warned) else ""
        )


def _judge(candidate: Candidate, row: pl.DataFrame, history: History | None, settings: Settings) -> pl.DataFrame:
    """Write the lineage of the run into the candidate and judge it all; earlier runs and verdicts are carried over."""
    if history is not None:
        candidate.load_frame(tables.RUN, history.run)
        candidate.load_frame(tables.QUALITY_RESULT, history.quality_result)
    candidate.load_frame(tables.RUN, row)
    results = judge(candidate.query, run_id=row["run_id"][0], sufficiency=settings.sufficiency)
    candidate.load_frame(tables.QUALITY_RESULT, results)
    return results


def published_months(history: History | None) -> pl.DataFrame | None:
    """Return the published `build_month`, or None where nothing is published."""
    return None if history is None else history.build_month


def is_published(content: Content, history: History | None) -> bool:
    """Say whether the published warehouse is made of exactly `content`."""
    return history is not None and history.content_fingerprint == content.fingerprint
