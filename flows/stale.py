"""Runs whose process died without a word: Prefect calls them running for ever, unless someone who can tell says so."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Crashed, Scheduled

from warehouse.runs import read_runs

STARTING_SECONDS = 180  # from Prefect's start of a run to its own log: imports on a busy machine
AT_WORK = [StateType.RUNNING, StateType.CANCELLING]


def mark_crashed(home: Path, *, apart_from: str | None = None) -> list[FlowRun]:
    """Mark the runs of a home that Prefect takes for running and that do not live; return them.

    A run holds a lock of the operating system beside its log, which goes with its process. A run without a log is one
    of another home, or one that starts at this moment: only after a while is it taken for dead.

    Parameters
    ----------
    home
        The folder of lake, warehouse and logs.
    apart_from
        Prefect's id of the run that asks.

    """
    logs = {log.flow_run_id: log for log in read_runs(home / "runs") if log.flow_run_id}
    with get_client(sync_client=True) as client:
        dead = [
            run
            for run in _runs(client, AT_WORK)
            if str(run.id) != apart_from
            and (logs[str(run.id)].outcome != "running" if str(run.id) in logs else _is_old(run))
        ]
        for run in dead:
            message = "its process ended without a word; what it had done is kept, and the next run goes on from there"
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)
    return dead


def take_up_again(home: Path) -> list[str]:
    """Bring back what a worker that is gone left behind, and return what people call these runs.

    A run that it had taken and not begun goes back to the queue. One that it had begun is marked crashed, and a new one
    of the same deployment and parameters is queued, once: a run that crashes twice is left to people.
    """
    crashed = mark_crashed(home)
    with get_client(sync_client=True) as client:
        pending = _runs(client, [StateType.PENDING])
        for run in pending:
            client.set_flow_run_state(run.id, Scheduled(message="its worker is gone"), force=True)
        again = [run for run in crashed if run.deployment_id and not (run.idempotency_key or "").startswith("resume-")]
        for run in again:
            _queue_again(client, run, run.deployment_id)
    return [run.name for run in (*pending, *again)]


def _queue_again(client: SyncPrefectClient, run: FlowRun, deployment_id: UUID | None) -> None:
    if deployment_id is not None:
        client.create_flow_run_from_deployment(
            deployment_id, parameters=run.parameters, idempotency_key=f"resume-{run.id}", tags=["resumed"]
        )


def _runs(client: SyncPrefectClient, states: list[StateType]) -> list[FlowRun]:
    asked = FlowRunFilter.model_validate({"state": {"type": {"any_": states}}})
    return client.read_flow_runs(flow_run_filter=asked)


def _is_old(run: FlowRun) -> bool:
    age = dt.datetime.now(dt.UTC) - (run.start_time or run.created or dt.datetime.now(dt.UTC))
    return age > dt.timedelta(seconds=STARTING_SECONDS)
