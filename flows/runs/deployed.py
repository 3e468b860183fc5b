"""The flows that prefect.yaml deploys, for the schedule, the dashboard and `prefect deployment run`.

They do the work of `hearth run`, `hearth backfill` and `hearth report`, with the settings of the worker that runs them. A
flow fails where the command would exit 1.
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
    """A run left no published warehouse that is up to date; the message says why."""


@flow(name="nightly", task_runner=ThreadPoolTaskRunner(max_workers=8), persist_result=False)  # type: ignore[arg-type]  # as in flows/runs/nightly.py
def nightly() -> dict[str, Any]:
    """Ingest what is new, rebuild what changed, judge, publish, report."""
    return _return_good(run_once(load_settings(), kind="nightly"))


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
        If a month is not written as YYYY-MM, or the span ends before it starts.

    """
    if parse_month(first_month) > parse_month(last_month):
        message = f"the span ends before it starts: first_month {first_month}, last_month {last_month}"
        raise ValueError(message)
    span = Span(first_month, last_month)
    settings = load_settings(full_audit=full_audit or None)
    return _return_good(run_once(settings, kind="backfill", reason=reason, span=span, force=force))


@flow(name="report", persist_result=False)
def report() -> str:
    """Write the report site anew from the published warehouse."""
    return str(write_report(load_settings(), anew=True))


def _return_good(log: RunLog) -> dict[str, Any]:
    """Return the log of a run, for Prefect's page of the run.

    Raises
    ------
    RunFailedError
        If its outcome is not good.

    """
    if log.outcome not in GOOD:
        message = f"{log.outcome}: {log.message}"
        raise RunFailedError(message)
    return log.model_dump(mode="json")
