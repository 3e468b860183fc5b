"""A run may be killed at any moment, and two may be started together: nothing is lost, and the warehouse always opens."""

from __future__ import annotations

import datetime as dt
import multiprocessing as mp
import os
import random
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from tests.pipeline import differing, read_tables, run, write_edrp, write_households
from warehouse.runs import read_runs

pytestmark = pytest.mark.timeout(900)  # several runs, some of them beside others

HOMES = {str(n): 0.3 + 0.1 * n for n in range(1, 5)}
CONTEXT = mp.get_context("forkserver")
# What is slow to import and starts no thread; a process forked beside the threads of polars would wait for ever.
CONTEXT.set_forkserver_preload(
    ["great_expectations", "prefect.flows", "prefect.task_runners", "scipy.stats", "plotly.graph_objects"]
)
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A landing folder, a data folder that took it in with its tables, and how long that takes [s]."""

    landing: Path
    home: Path
    tables: dict[str, pl.DataFrame]
    run_seconds: float
    report_seconds: float


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Trial:
    """Give the trial; nothing disturbed its runs."""
    del prefect_api
    os.environ.update(ONE_THREAD)
    root = tmp_path_factory.mktemp("trial")
    landing, home = root / "landing", root / "quiet"
    for name, homes in (("a.csv", list(HOMES)[:2]), ("b.csv", list(HOMES)[2:])):
        write_edrp(landing / name, {home: HOMES[home] for home in homes}, dt.date(2009, 1, 1), dt.date(2010, 1, 1))
    write_households(landing / "households.csv", dict.fromkeys(HOMES, "flat"))
    run_to_its_end(root / "warm-up", landing, report=False)  # the first process pays for starting the fork server
    run_seconds = run_to_its_end(home, landing, report=False)
    copy = shutil.copytree(home, root / "reported", symlinks=True)
    return Trial(
        landing=landing,
        home=home,
        tables=read_tables(home),
        run_seconds=run_seconds,
        report_seconds=run_to_its_end(copy, landing),
    )


def run_to_its_end(home: Path, landing: Path, **parameters: Any) -> float:
    """Run in a process of its own, see that it ends well, and return how long it took [s]."""
    start = time.monotonic()
    process = run_apart(home, landing, **parameters)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - start


def kill_after(seconds: float, home: Path, landing: Path, **parameters: Any) -> bool:
    """Start a run in a process of its own, kill it after some time, and say whether it was still at work then."""
    process = run_apart(home, landing, **parameters)
    process.join(timeout=seconds)
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return bool(process.exitcode == -signal.SIGKILL)


def run_apart(home: Path, landing: Path, **parameters: Any) -> Any:
    """Start a run in a process of its own."""
    process = CONTEXT.Process(target=finish, args=(home, landing, dict(os.environ)), kwargs=parameters)
    process.start()
    return process


def finish(home: Path, landing: Path, environment: dict[str, str], **parameters: Any) -> None:
    """Run to the end and exit by the outcome; the fork server's environment may be older than the test's."""
    os.environ.update(environment)
    outcome = run(home, landing, **parameters)["outcome"]
    os._exit(0 if outcome in {"published", "unchanged"} else 1)


def check_states(home: Path) -> None:
    """See that Prefect calls each run crashed that its log calls so."""
    killed = [log.flow_run_id for log in read_runs(home / "runs") if log.outcome == "crashed" and log.flow_run_id]
    assert {state_of(flow_run) for flow_run in killed} <= {"CRASHED"}


def state_of(flow_run: str) -> str | None:
    """Return what Prefect calls a run."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        state = client.read_flow_run(UUID(flow_run)).state
        return None if state is None else state.type.value


@pytest.mark.parametrize("sixth", range(6))
def test_after_a_kill_at_any_moment_the_next_run_gives_a_quiet_runs_tables(
    sixth: int, trial: Trial, tmp_path: Path
) -> None:
    home, moment = tmp_path / "home", (sixth + random.Random(sixth).random()) / 6
    was_killed = kill_after(moment * trial.run_seconds, home, trial.landing, report=False)
    if (home / "warehouse" / "current.duckdb").exists():
        assert differing(trial.tables, read_tables(home)) == []
    run_to_its_end(home, trial.landing, report=False)
    assert differing(trial.tables, read_tables(home)) == []
    assert was_killed or list((home / "lake").rglob("*.tmp")) == []
    check_states(home)


@pytest.mark.parametrize("half", range(2))
def test_after_a_kill_while_the_report_is_written_the_next_run_writes_it(
    half: int, trial: Trial, tmp_path: Path
) -> None:
    home, moment = tmp_path / "home", (half + random.Random(half).random()) / 2
    shutil.copytree(trial.home, home, symlinks=True)
    kill_after(moment * trial.report_seconds, home, trial.landing)
    assert differing(trial.tables, read_tables(home)) == []
    run_to_its_end(home, trial.landing)
    assert differing(trial.tables, read_tables(home)) == []
    assert (home / "reports" / "current" / "index.html").exists()
    check_states(home)


@pytest.mark.parametrize("second", ["nightly", "backfill"])
def test_two_runs_started_together_both_succeed_and_lose_nothing(second: str, trial: Trial, tmp_path: Path) -> None:
    home, landing = tmp_path / "home", trial.landing
    span = {"kind": "backfill", "first_month": "2009-01", "last_month": "2009-06", "force": True}
    if second == "backfill":
        shutil.copytree(trial.home, home, symlinks=True)
    report = second == "nightly"  # two reports at once, once
    both = [
        run_apart(home, landing, report=report),
        run_apart(home, landing, report=report, **(span if second == "backfill" else {})),
    ]
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert differing(trial.tables, read_tables(home)) == []
