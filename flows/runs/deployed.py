"""The flows that prefect.yaml deploys: what a schedule, a person at the dashboard or `prefect deployment run` starts.

They do what the commands `hearth run`, `hearth backfill` and `hearth report` do, with the settings of the worker that they
run on, and fail in Prefect's eyes where the command would exit 1.
"""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.pipeline.months import Span
from flows.pipeline.report import write_report
from flows.runs.nightly import run_once
from flows.settings import load_settings, parse_month
from warehouse.runs import RunLog

GOOD = ("published", "unchanged")


class RunFailedError(RuntimeError):
    """A run ended without a warehouse that it could stand for; the message says why."""


@flow(name="nightly", task_runner=ThreadPoolTaskRunner(max_workers=8), persist_result=False)  # type: ignore[arg-type]  # as in flows/runs/nightly.py
def nightly() -> dict[str, Any]:
    """Ingest what is new, rebuild what changed, judge, publish, report."""
    return _stand_for(run_once(load_settings(), kind="nightly"))


@flow(name="backfill", task_runner=ThreadPoolTaskRunner(max_workers=8), persist_result=False)  # type: ignore[arg-type]  # as above
def backfill(
    *,
    first_month: str,
    last_month: str,
    reason: str | None = None,
    force: bool = False,
    full_audit: bool = False,
) -> dict[str, Any]:
    """Rebuild a span of months (YYYY-MM) from the lake, with today's code and rules.

    Raises
    ------
    ValueError
        If a month is none, or the span ends before it starts.

    """
    if parse_month(first_month) > parse_month(last_month):
        message = f"the span ends before it starts: first_month {first_month}, last_month {last_month}"
        raise ValueError(message)
    span = Span(first_month, last_month)
    settings = load_settings(full_audit=full_audit or None)
    return _stand_for(run_once(settings, kind="backfill", reason=reason, span=span, force=force))


@flow(name="report", persist_result=False)
def report() -> str:
    """Write the report site anew from the published warehouse."""
    return str(write_report(load_settings(), anew=True))


def _stand_for(log: RunLog) -> dict[str, Any]:
    """Return the log of a run, for Prefect's page of the run.

    Raises
    ------
    RunFailedError
        If the run published nothing that holds.

    """
    if log.outcome not in GOOD:
        message = f"{log.outcome}: {log.message}"
        raise RunFailedError(message)
    return log.model_dump(mode="json")
