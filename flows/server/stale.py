"""Runs whose process was killed: Prefect would show them as running for ever, so Hearth marks them as crashed."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, WorkPoolFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled, Crashed, Scheduled

from flows.home import Home
from flows.progress import say
from warehouse.runs import read_runs

RUNNING = {StateType.RUNNING, StateType.CANCELLING}
AGAIN = "resume-"  # the idempotency key of a run that was queued again begins so
CRASHED: State[Any] = Crashed(
    message="its process was killed; what it had done is kept, and the next run goes on from there"
)
GRACE_SECONDS = 10.0  # time for a process to end after SIGTERM
POLL_SECONDS = 0.1


def mark_crashed(folders: Home) -> list[FlowRun]:
    """Mark the runs of a data folder that Prefect shows as running and whose process is gone; return them.

    A run holds a lock of the operating system beside its log, which ends with its process. Runs without a log in this data
    folder are left alone: the server may serve other data folders.
    """
    ended = _read_ended(folders)
    with get_client(sync_client=True) as client:
        dead = [run for run in _read(client, RUNNING) if ended.get(str(run.id))]
        for run in dead:
            client.set_flow_run_state(run.id, CRASHED, force=True)
    return dead


def mark_crashed_before(folders: Home) -> None:
    """Call `mark_crashed` at the start of a run; an error of Prefect is printed and stops nothing."""
    try:
        mark_crashed(folders)
    except Exception as error:  # noqa: BLE001 - what Prefect shows of earlier runs decides nothing
        say(f"earlier runs could not be marked as crashed in Prefect: {type(error).__name__}: {error}")


def read_at_work(pool: str) -> list[FlowRun]:
    """Return the runs that the worker of a pool has taken and that have not ended."""
    with get_client(sync_client=True) as client:
        return _read(client, RUNNING | {StateType.PENDING}, pool=pool)


def take_up_again(folders: Home, left: Sequence[FlowRun]) -> list[str]:
    """Queue again the runs that a dead worker had taken, and return the names of the queued runs.

    A process that still works on one of them is ended. A run that had not begun goes back to the queue. A run that was cut
    short is replaced by a new one with the same deployment and parameters, but only once: if that one is cut short too, it
    is left to people.
    """
    for run in left:
        end_processes(run.id)
    ended = _read_ended(folders)
    with get_client(sync_client=True) as client:
        return [
            run.name
            for run in left
            if _bring_back(client, client.read_flow_run(run.id), is_over=ended.get(str(run.id)))
        ]


def _bring_back(client: SyncPrefectClient, run: FlowRun, *, is_over: bool | None) -> bool:
    """Correct the state of a run that nobody works on any more; say whether it, or a replacement, is queued."""
    state = None if run.state is None else run.state.type
    if state == StateType.PENDING:
        client.set_flow_run_state(run.id, Scheduled(message="its worker is gone"), force=True)
        return True
    if state == StateType.CANCELLING:
        client.set_flow_run_state(run.id, Cancelled(message="its worker is gone"), force=True)
    if state == StateType.RUNNING and is_over is not False:  # otherwise another worker works on it
        client.set_flow_run_state(run.id, CRASHED, force=True)
        state = StateType.CRASHED
    if state != StateType.CRASHED or run.deployment_id is None or (run.idempotency_key or "").startswith(AGAIN):
        return False
    client.create_flow_run_from_deployment(
        run.deployment_id, parameters=run.parameters, idempotency_key=f"{AGAIN}{run.id}", tags=["resumed"]
    )
    return True


def end_processes(flow_run: UUID) -> None:
    """End the processes on this machine that work on a run: with SIGTERM, and after a while with SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in find_processes(flow_run):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + GRACE_SECONDS
        while find_processes(flow_run) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


def find_processes(flow_run: UUID) -> list[int]:
    """Return the processes on this machine whose environment names a run; none on systems without /proc."""
    variable, found = f"PREFECT__FLOW_RUN_ID={flow_run}".encode(), []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # the process has ended, or belongs to another account
            if variable in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
    return found


def _read_ended(folders: Home) -> dict[str, bool]:
    """Return for each run of a data folder, by Prefect's id, whether it has ended."""
    return {log.flow_run_id: log.outcome != "running" for log in read_runs(folders.runs) if log.flow_run_id}


def _read(client: SyncPrefectClient, states: set[StateType], *, pool: str | None = None) -> list[FlowRun]:
    asked = FlowRunFilter.model_validate({"state": {"type": {"any_": sorted(states)}}})
    of_pool = None if pool is None else WorkPoolFilter.model_validate({"name": {"any_": [pool]}})
    return client.read_flow_runs(flow_run_filter=asked, work_pool_filter=of_pool)
