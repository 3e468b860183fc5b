"""A landing folder taken in and published in this process, without flow or server: for tests of many small folders."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from flows.operations.withdrawal import carry_out
from flows.pipeline.healing import find_damage, healing, repair
from flows.pipeline.months import Span
from flows.pipeline.publication import Publication, RunRecord, publish
from flows.settings import Settings, load_settings
from tests.landing_files import ingest, options
from warehouse.runs import RunLog, running
from warehouse.versions import record_lake

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def publish_landing(home: Path, *, span: Span | None = None, **changes: Any) -> Publication:
    """Ingest `home/landing` and publish below `home`, as a run does."""
    settings = _settings(home, **changes)
    ingest(home, options(run_date=NOW.date(), forgotten=settings.folders.forgotten.read_tombstones()))
    record = RunRecord(
        run_id=uuid.uuid4().hex, kind="nightly", reason=None, started_at_utc=NOW, sources_new=1, months_built=1
    )
    return publish(settings, record, span)


def run_here(home: Path, *, span: Span | None = None, **changes: Any) -> RunLog:
    """Do the work of a nightly run, with healing, in this process and without Prefect; return its log."""
    settings, now = _settings(home, **changes), dt.datetime.now(dt.UTC)
    log = RunLog(run_id=f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}", kind="nightly", started_at_utc=now)
    tell = log.damaged.append
    with running(settings.folders.runs, log):
        repair(settings, find_damage(settings, every_byte=False), tell=tell)
        carry_out(settings.folders.lake)
        record_lake(settings.folders.lake)
        publication = healing(settings, partial(publish_landing, home, span=span, **changes), tell=tell)
        log.outcome, log.snapshot_id, log.held = publication.outcome, publication.snapshot_id, publication.held
        log.failed_checks = list(publication.failed_checks)
    return log


def _settings(home: Path, **changes: Any) -> Settings:
    small: dict[str, Any] = {"home": str(home), "sobol_samples": 64, "bootstrap_replicates": 100}
    return load_settings(**(small | changes))
