"""What becomes of runs whose process died: on a real Prefect server, with logs and locks as runs leave them."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelling, Pending, Running, State

from flows.home import Home
from flows.server.stale import end_processes, find_processes, mark_crashed, take_up_again
from tests.pipeline import run_without_report as run
from tests.pipeline import write_edrp
from warehouse.runs import RunLog, running, write_run

Start = Callable[..., UUID]


@flow(name="stands-for-a-run")
def stand_for_a_run() -> None:
    """Be known to Prefect by a name."""


@pytest.fixture
def start(prefect_api: str) -> Start:
    """Give what makes Prefect know of a run in some state; nobody executes it."""
    del prefect_api

    def make(state: State[None]) -> UUID:
        with get_client(sync_client=True) as client:
            return client.create_flow_run(stand_for_a_run, state=state).id

    return make


def state_of(flow_run: UUID) -> StateType | None:
    """Return what Prefect holds of a run."""
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(flow_run).state
        return None if state is None else state.type


def log_of(flow_run: UUID) -> RunLog:
    """Return the log of a run that has begun."""
    started = dt.datetime.now(dt.UTC)
    return RunLog(run_id=f"run-{flow_run}", kind="nightly", started_at_utc=started, flow_run_id=str(flow_run))


def test_a_run_whose_lock_went_with_its_process_is_marked_crashed(start: Start, tmp_path: Path) -> None:
    dead = start(Running())
    write_run(tmp_path / "runs", log_of(dead))
    assert [run.id for run in mark_crashed(Home(tmp_path))] == [dead]
    assert state_of(dead) == StateType.CRASHED
    assert mark_crashed(Home(tmp_path)) == []


def test_a_run_that_holds_its_lock_and_one_of_another_home_are_left_alone(start: Start, tmp_path: Path) -> None:
    alive, foreign = start(Running()), start(Running())
    write_run(tmp_path / "elsewhere" / "runs", log_of(foreign))
    with running(tmp_path / "runs", log_of(alive)):
        assert mark_crashed(Home(tmp_path)) == []
    assert [state_of(alive), state_of(foreign)] == [StateType.RUNNING, StateType.RUNNING]


def test_what_a_worker_left_gets_its_true_state(start: Start, tmp_path: Path) -> None:
    taken, cancelled, begun, at_work = start(Pending()), start(Cancelling()), start(Running()), start(Running())
    write_run(tmp_path / "runs", log_of(begun))
    with get_client(sync_client=True) as client:
        left = [client.read_flow_run(one) for one in (taken, cancelled, begun, at_work)]
    with running(tmp_path / "runs", log_of(at_work)):
        again = take_up_again(Home(tmp_path), left)
    assert again == [left[0].name]  # the others have no deployment by which they could be queued
    assert [state_of(run.id) for run in left] == [
        StateType.SCHEDULED,
        StateType.CANCELLED,
        StateType.CRASHED,
        StateType.RUNNING,
    ]


def test_the_processes_of_a_run_are_found_by_what_they_were_told_and_ended() -> None:
    one, other = uuid4(), uuid4()
    process, bystander = (
        subprocess.Popen(["sleep", "60"], env=os.environ | {"PREFECT__FLOW_RUN_ID": str(told)}) for told in (one, other)
    )
    try:
        assert find_processes(one) == [process.pid]
        end_processes(one)
        assert process.wait(timeout=10) != 0
        assert bystander.poll() is None
    finally:
        for started in (process, bystander):
            started.kill()
            started.wait()


def test_what_a_run_at_work_has_written_is_not_collected_by_another(prefect_api: str, tmp_path: Path) -> None:
    del prefect_api
    home, landing = tmp_path / "home", tmp_path / "landing"
    write_edrp(landing / "gas.csv", {"1": 0.5}, dt.date(2009, 1, 1), dt.date(2009, 1, 8))
    collect: dict[str, Any] = {"settings": {"collect_after_days": 0}}
    run(home, landing, **collect)
    with running(home / "runs", log_of(uuid4())):
        written = home / "lake" / "heat_hourly" / "month=2009-02" / "not-yet-published.parquet"
        written.parent.mkdir()
        written.write_bytes(b"")
        run(home, landing, **collect)
        assert written.exists()
    run(home, landing, **collect)
    assert not written.exists()
