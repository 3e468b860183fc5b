"""A landing folder taken in and published in this process, without flow or server: for tests of many small folders."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

from flows.pipeline.publication import Publication, RunRecord, publish
from flows.settings import Settings, load_settings
from tests.landing_files import ingest, options

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def publish_landing(home: Path, **changes: Any) -> Publication:
    """Take in what lies in `home/landing` and publish it below `home`, as a run does."""
    ingest(home, options(run_date=NOW.date()))
    record = RunRecord(
        run_id=uuid.uuid4().hex, kind="nightly", reason=None, started_at_utc=NOW, sources_new=1, months_built=1
    )
    return publish(_settings(home, **changes), record)


def _settings(home: Path, **changes: Any) -> Settings:
    small: dict[str, Any] = {"home": str(home), "sobol_samples": 64, "bootstrap_replicates": 100}
    return load_settings(**(small | changes))
