"""The flow: ingest what is new, rebuild what changed, gate, publish, report.

Each unit of work is one Prefect task around a plain function. Prefect stores nothing that a plan depends on: its database
can be deleted at any time.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from prefect import flow
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows.journal import noted
from flows.operations.alerts import raise_alerts
from flows.operations.disk import check_disk
from flows.operations.freshness import describe_late, read_feeds
from flows.operations.pseudonyms import check_pseudonyms
from flows.operations.snapshots import retain
from flows.operations.withdrawal import carry_out
from flows.pipeline.candidate import RunRecord
from flows.pipeline.code import hashes_kept_in
from flows.pipeline.healing import find_damage, healing, repair
from flows.pipeline.months import Span
from flows.pipeline.publication import is_published, publish
from flows.pipeline.report import report_is_current, write_report
from flows.progress import say, working
from flows.runs.artifacts import name_flow_run, record_run, record_tables
from flows.runs.tasks import ingest_landing, run_task, work_stages
from flows.runs.workers import Workers, open_workers
from flows.server.stale import mark_crashed_before
from flows.settings import Settings, load_settings
from warehouse.damage import keys_that_stand
from warehouse.landing_state import describe_missing
from warehouse.manifest import Manifest, read_manifests
from warehouse.publish import read_history
from warehouse.quarantine import Decision, left_out_sources, read_decisions
from warehouse.runs import DamagedPlace, RunLog, read_runs, running, write_event
from warehouse.snapshots import describe_hold, read_hold
from warehouse.versions import LAKE_FORMAT_KEY
from warehouse.writing import keep_others_from_writing


@flow(name="hearth", flow_run_name="{kind}", task_runner=ThreadPoolTaskRunner(max_workers=8), persist_result=False)  # type: ignore[arg-type]  # of flow's many overloads mypy finds none for an untyped task runner
def nightly(
    *,
    settings_given: dict[str, Any] | None = None,
    kind: str = "nightly",
    reason: str | None = None,
    first_month: str | None = None,
    last_month: str | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Run the pipeline once and return the log of the run.

    Parameters
    ----------
    settings_given
        Settings that override environment and hearth.toml.
    kind
        `nightly`, or `backfill`, which works from the lake and takes in no file.
    reason
        Reason, which is kept with the run.
    first_month, last_month
        The span to rebuild (YYYY-MM); other months keep their published state. None means every month.
    force
        Whether the months of the span are rebuilt although they are up to date.

    """
    settings = load_settings(**(settings_given or {}))
    span = Span(first_month, last_month) if first_month and last_month else None
    return run_once(settings, kind=kind, reason=reason, span=span, force=force).model_dump(mode="json")


def run_once(
    settings: Settings, *, kind: str, reason: str | None = None, span: Span | None = None, force: bool = False
) -> RunLog:
    """Run the pipeline inside a flow; store the log of the run and return it."""
    keep_others_from_writing()  # a Prefect worker does not go through the command line, which does this
    mark_crashed_before(settings.folders)
    started = dt.datetime.now(dt.UTC)
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
    log = RunLog(run_id=run_id, kind=kind, reason=reason, started_at_utc=started, flow_run_id=flow_run.id)
    name_flow_run(log)
    try:
        with (
            hashes_kept_in(settings.folders.code_hashes),
            running(settings.folders.runs, log),
            open_workers(settings) as workers,
        ):
            _run(settings, log, span, workers, force=force)
    finally:
        raise_alerts(settings, log)
        record_run(settings, log)
        record_tables(settings, log)
    return log


def _run(settings: Settings, log: RunLog, span: Span | None, workers: Workers, *, force: bool) -> None:
    if force and span is not None:
        log.forced = str(span)
    if force:  # a rebuilt month keeps its fingerprint, so the gate would not measure it again
        settings = settings.model_copy(update={"full_audit": True})
    lake = settings.folders.lake
    tell = partial(_tell_damage, settings, log)
    check_pseudonyms(settings)
    repair(settings, find_damage(settings, every_byte=False), tell=tell)
    for withdrawn in carry_out(lake):
        say(f"withdrawn: {withdrawn.file_name}: its readings are left out, and will be deleted from the lake")
    if log.kind == "nightly":
        if missing := describe_missing(settings.landing_folder, read_manifests(lake)):
            log.outcome, log.message = "landing_missing", missing
            return
        ingest_landing(lake, settings, log, workers)
    else:
        check_disk(settings)
    if nothing := _find_nothing(settings, read_manifests(lake), read_decisions(lake), span):
        log.outcome, log.message = "nothing_usable", nothing
        return
    healing(settings, partial(_build_and_publish, settings, log, span, workers, force=force), tell=tell)


def _tell_damage(settings: Settings, log: RunLog, damage: DamagedPlace) -> None:
    """Record and print what was damaged and what became of it."""
    log.damaged.append(damage)
    write_event(settings.folders.runs, log.run_id, "damage", **damage.model_dump())
    say(f"damaged: {damage.describe()}")


def _build_and_publish(settings: Settings, log: RunLog, span: Span | None, workers: Workers, *, force: bool) -> None:
    lake, folder = settings.folders.lake, settings.folders.warehouse
    history = read_history(folder.current)
    content = work_stages(settings, history, log, span, force=force, workers=workers)
    if history is not None and is_published(content, history) and not settings.full_audit:
        log.outcome, log.snapshot_id = "unchanged", history.snapshot_id
        late = describe_late(
            read_feeds(content.inputs.readings, content.inputs.replaced, settings, log.started_at_utc.date())
        )
        hold = read_hold(folder)
        log.message = "; ".join(filter(None, [late, describe_hold(hold) if hold else ""]))
        kept = content.keys
    else:
        record = RunRecord(
            run_id=log.run_id,
            kind=log.kind,
            reason=log.reason,
            started_at_utc=log.started_at_utc,
            sources_new=log.files_ingested,
            months_built=log.months_built,
        )
        with working("judge and publish"):
            publication = run_task("publish", partial(publish, settings, record, span, content.not_built))
        log.outcome, log.snapshot_id = publication.outcome, publication.snapshot_id
        log.message = publication.failures or publication.warnings
        log.failed_checks, log.held = list(publication.failed_checks), publication.held
        kept = content.keys | publication.keys
    failed = (unit.describe() for unit in log.units_failed)
    damaged = (damage.describe() for damage in log.damaged)
    log.message = "; ".join(filter(None, [*failed, *damaged, log.message]))
    wanted = settings.report_after_run and log.outcome in {"published", "unchanged"}
    if wanted and not report_is_current(settings):
        note = partial(write_event, settings.folders.runs, log.run_id)
        run_task("report", noted(note, "report", str(log.snapshot_id), partial(write_report, settings)))
    old = dt.datetime.now(dt.UTC) - dt.timedelta(days=settings.collect_after_days)
    at_work = [run.started_at_utc for run in read_runs(settings.folders.runs) if run.outcome == "running"]
    # objects that another run is writing now are newer than its start, and stay
    lake.sweep(kept | {LAKE_FORMAT_KEY} | keys_that_stand(lake), before=min(old, *at_work))
    retain(settings)


def _find_nothing(
    settings: Settings, manifests: Sequence[Manifest], decisions: Sequence[Decision], span: Span | None
) -> str | None:
    """Say why there are no readings to work on, or return None."""
    out = left_out_sources(manifests, decisions)
    used = [m for m in manifests if m.kind == "readings" and m.outcome == "accepted" and m.source_id not in out]
    if not used:
        states = Counter(d.state for d in decisions if d.source_id in out)
        aside = "".join(f"; {count} are {state}" for state, count in sorted(states.items()))
        return f"no file of readings in {settings.landing_folder} could be used{aside}"
    if span is not None and not any(month in span for m in used for month in m.months):
        return f"no month from {span.first} to {span.last} has readings in the lake"
    return None
