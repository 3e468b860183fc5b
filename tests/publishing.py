"""A landing folder taken in and published in this process, without flow or server: for tests of many small folders."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from flows.pipeline.months import keep_published
from flows.pipeline.publication import Publication, RunRecord, publish
from flows.pipeline.stages import work_inline
from flows.settings import Settings, load_settings
from tests.landing_files import ingest, options
from warehouse.lake import Lake
from warehouse.publish import WarehouseFolder

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def publish_landing(home: Path, **changes: Any) -> Publication:
    """Take in what lies in `home/landing` and publish it below `home`, as a run does."""
    ingest(home, options(run_date=NOW.date()))
    settings = _settings(home, **changes)
    lake = Lake(home / "lake")
    record = RunRecord(
        run_id=uuid.uuid4().hex, kind="nightly", reason=None, started_at_utc=NOW, sources_new=1, months_built=1
    )
    return publish(
        lake,
        WarehouseFolder(home / "warehouse"),
        settings,
        record,
        work=partial(work_inline, lake, settings),
        choose=partial(keep_published, lake=lake, span=None),
    )


def _settings(home: Path, **changes: Any) -> Settings:
    small: dict[str, Any] = {"home": str(home), "sobol_samples": 64, "bootstrap_replicates": 100}
    return load_settings(**(small | changes))
