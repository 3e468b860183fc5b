"""The lines of `hearth status` for operators: the last good run, disk, Prefect's queue, alerts, and a held snapshot."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import BaseModel

from flows.operations.alerts import StandingFact, read_book
from flows.operations.disk import tell_bytes
from flows.operations.state import HomeState
from flows.server.client import open_api
from flows.server.files import use_scheduling_api
from warehouse.snapshots import Hold, describe_hold

DEPLOYMENTS = ["nightly", "backfill", "report"]  # as prefect.yaml names them
ANSWER_SECONDS = 0.5  # status does not wait for a slower Prefect server
HOURS_IN_WORDS = 48  # a longer age is given in days


class DiskState(BaseModel):
    """The disk of the data folder [B]."""

    free_bytes: int
    needed_bytes: int
    snapshots: int
    snapshot_bytes: int


class QueueState(BaseModel):
    """The runs of Hearth on a Prefect server."""

    running: int
    late: int
    next_start_utc: dt.datetime | None


class AlertState(BaseModel):
    """The webhook: the last alert, and in `standing` the facts that still hold."""

    is_configured: bool
    last: StandingFact | None
    standing: list[StandingFact]


class Operations(BaseModel):
    """The state of an installation, without the state of its data."""

    last_good_run: str | None
    last_good_run_utc: dt.datetime | None
    disk: DiskState
    queue: QueueState | None
    alerts: AlertState
    held: Hold | None
    older: str | None  # in what the published warehouse is older than this version of Hearth


def read_operations(state: HomeState) -> Operations:
    """Return the state of the installation."""
    good, disk, book = state.last_good_run, state.disk, read_book(state.settings.folders.alerts)
    return Operations(
        last_good_run=None if good is None else good.run_id,
        last_good_run_utc=None if good is None else good.finished_at_utc,
        disk=DiskState(
            free_bytes=disk.free_bytes,
            needed_bytes=disk.needed_bytes,
            snapshots=disk.snapshots,
            snapshot_bytes=disk.snapshot_bytes,
        ),
        queue=read_queue(use_scheduling_api(state.settings.folders)),
        alerts=AlertState(is_configured=state.settings.alert_url is not None, last=book.last, standing=book.standing),
        held=state.hold,
        older=None if state.history is None else state.history.older,
    )


def read_queue(api: str | None) -> QueueState | None:
    """Return the runs of Hearth's deployments on a Prefect server, or None if there is none or it does not answer quickly."""
    if api is None:
        return None
    import httpx

    try:
        with open_api(api, timeout_seconds=ANSWER_SECONDS) as client:

            def ask(path: str, state: dict[str, Any], **more: Any) -> Any:
                asked = {"deployments": {"name": {"any_": DEPLOYMENTS}}, "flow_runs": {"state": state}} | more
                return client.post(path, json=asked).raise_for_status().json()

            soonest = ask(
                "/flow_runs/filter", {"type": {"any_": ["SCHEDULED"]}}, sort="EXPECTED_START_TIME_ASC", limit=1
            )
            return QueueState(
                running=ask("/flow_runs/count", {"type": {"any_": ["RUNNING"]}}),
                late=ask("/flow_runs/count", {"name": {"any_": ["Late"]}}),
                next_start_utc=soonest[0]["expected_start_time"] if soonest else None,
            )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError):
        return None


def describe_operations(state: Operations) -> list[str]:
    """Return the state as lines of `hearth status`."""
    lines = []
    if state.held is not None:
        lines.append(f"HELD       {describe_hold(state.held).removeprefix('held ')}")
    if state.older is not None:
        lines.append(f"format     the published warehouse {state.older}: `hearth run` publishes it anew")
    lines.append(f"good run   {_tell_run(state)}")
    disk = state.disk
    short = "  TOO LITTLE" if disk.free_bytes < disk.needed_bytes else ""
    lines.append(
        f"disk       {tell_bytes(disk.free_bytes)} free, a run needs {tell_bytes(disk.needed_bytes)}{short}; "
        f"{_count(disk.snapshots, 'snapshot')} of {tell_bytes(disk.snapshot_bytes)}"
    )
    if state.queue is not None:
        soon = state.queue.next_start_utc
        then = f", next {soon:%Y-%m-%d %H:%M} UTC" if soon else ", none planned"
        lines.append(f"queue      {state.queue.running} running, {state.queue.late} late{then}")
    lines.append(f"alerts     {_tell_alerts(state.alerts)}")
    return lines


def _tell_run(state: Operations) -> str:
    if state.last_good_run_utc is None:
        return "none yet"
    age = dt.datetime.now(dt.UTC) - state.last_good_run_utc
    hours = age.total_seconds() / 3600
    ago = "within the hour" if hours < 1 else f"{hours:.0f} h ago" if hours < HOURS_IN_WORDS else f"{age.days} days ago"
    return f"{state.last_good_run_utc:%Y-%m-%d %H:%M} UTC, {ago}"


def _tell_alerts(alerts: AlertState) -> str:
    if not alerts.is_configured:
        return "none are sent: alert_url is not set"
    if alerts.last is None:
        return "none yet"
    last = alerts.last
    delivered = f"NOT DELIVERED ({last.trouble})" if last.trouble else "delivered"
    stands = f"; {_count(len(alerts.standing), 'fact')} standing" if alerts.standing else "; nothing stands"
    return f"{last.kind} {last.tried_at_utc:%Y-%m-%d %H:%M} UTC, {delivered}{stands}"


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
