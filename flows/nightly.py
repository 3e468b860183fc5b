"""The flow: ingest what is new, rebuild what changed, gate, publish, report.

Each unit of work is one Prefect task around a plain function. Nothing that decides what has to be done is kept in
Prefect: its database can be deleted at any time.
"""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial
from typing import Any

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.content import RunRecord, plan_content
from flows.freshness import describe_late, read_feeds
from flows.plan import Span, keep_published
from flows.progress import say
from flows.publication import is_published, publish, published_months
from flows.report import report_is_current, write_report
from flows.settings import Settings, load_settings
from flows.tasks import ingest_landing, run_task, work_inline, work_units
from warehouse.lake import Lake
from warehouse.manifest import read_manifests
from warehouse.publish import WarehouseFolder, read_history
from warehouse.quarantine import read_decisions
from warehouse.runs import RunLog, running


@flow(name="hearth", flow_run_name="{kind}", task_runner=ThreadPoolTaskRunner(max_workers=8), persist_result=False)  # type: ignore[arg-type]  # of flow's many overloads mypy finds none for an untyped task runner
def nightly(  # noqa: PLR0917 - a deployment's parameters are set by name
    settings_given: dict[str, Any] | None = None,
    kind: str = "nightly",
    reason: str | None = None,
    first_month: str | None = None,
    last_month: str | None = None,
    force: bool = False,  # noqa: FBT001, FBT002 - as above
) -> dict[str, Any]:
    """Run the pipeline once and return the log of the run.

    Parameters
    ----------
    settings_given
        Settings that override environment and hearth.toml.
    kind
        `nightly`, or `backfill`, which works from the lake and takes in no file.
    reason
        Why it runs, kept with the run.
    first_month, last_month
        The span to rebuild (YYYY-MM); other months keep their published state. None: every month.
    force
        Rebuild the span's months although they are done.

    """
    settings = load_settings(**(settings_given or {}))
    span = Span(first_month, last_month) if first_month and last_month else None
    started = dt.datetime.now(dt.UTC)
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
    log = RunLog(run_id=run_id, kind=kind, reason=reason, started_at_utc=started)
    with running(settings.home / "runs", log):
        _run(settings, log, span, force=force)
    return log.model_dump(mode="json")


def _run(settings: Settings, log: RunLog, span: Span | None, *, force: bool) -> None:
    lake, folder = Lake(settings.home / "lake"), WarehouseFolder(settings.home / "warehouse")
    if log.kind == "nightly":
        ingest_landing(lake, settings, log)
    readings = {m.source_id for m in read_manifests(lake) if m.kind == "readings" and m.outcome == "accepted"}
    out = {d.source_id for d in read_decisions(lake) if d.state == "quarantined"}
    if not readings - out:
        aside = f"; {len(readings)} are quarantined" if readings else ""
        log.outcome = "nothing_usable"
        log.message = f"no file of readings in {settings.landing_folder} could be used{aside}"
        return
    choose = partial(keep_published, lake=lake, span=span)
    history = read_history(folder.current)
    work = partial(work_units, lake, settings, log, forced=span if force else None)
    content = plan_content(lake, settings, work, partial(choose, published=published_months(history)))
    if history is not None and is_published(content, history):
        log.outcome, log.snapshot_id = "unchanged", history.snapshot_id
        log.message = describe_late(
            read_feeds(content.inputs.readings, content.inputs.replaced, settings, log.started_at_utc.date())
        )
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
        say("judging and publishing")
        inline = partial(work_inline, lake, settings)
        publication = run_task("publish", partial(publish, lake, folder, settings, record, work=inline, choose=choose))
        log.outcome, log.snapshot_id = publication.outcome, publication.snapshot_id
        log.message = publication.failures or publication.warnings
        kept = content.keys | publication.keys
    if log.outcome in {"published", "unchanged"} and not report_is_current(settings):
        say("writing the report")
        run_task("report", partial(write_report, settings))
    age = dt.timedelta(days=settings.collect_after_days)  # it protects what another run writes at this moment
    lake.sweep(kept, before=dt.datetime.now(dt.UTC) - age)
