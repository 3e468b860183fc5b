"""A run may be killed at any moment, and two may be started together: nothing is lost, and the warehouse always opens."""

from __future__ import annotations

import datetime as dt
import multiprocessing as mp
import os
import random
import signal
import time
from pathlib import Path
from typing import Any
from uuid import UUID

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
KILLS_PER_TEST = 3


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> tuple[Path, dict[str, Any], float]:
    """Give a landing folder, the tables of a quiet run over it, and how long such a run takes [s]."""
    del prefect_api
    os.environ.update(ONE_THREAD)
    root = tmp_path_factory.mktemp("trial")
    for name, homes in (("a.csv", list(HOMES)[:2]), ("b.csv", list(HOMES)[2:])):
        write_edrp(
            root / "landing" / name, {home: HOMES[home] for home in homes}, dt.date(2009, 1, 1), dt.date(2010, 1, 1)
        )
    write_households(root / "landing" / "households.csv", dict.fromkeys(HOMES, "flat"))
    run_apart(root / "warm-up", root / "landing").join()  # the first process pays for starting the fork server
    start = time.monotonic()
    process = run_apart(root / "quiet", root / "landing")
    process.join()
    assert process.exitcode == 0
    return root / "landing", read_tables(root / "quiet"), time.monotonic() - start


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


@pytest.mark.parametrize("batch", range(4))
def test_after_a_kill_at_any_moment_the_next_run_gives_a_quiet_runs_tables(
    batch: int, trial: tuple[Path, dict[str, Any], float], tmp_path: Path
) -> None:
    landing, quiet, duration = trial
    moments = random.Random(batch)
    for kill in range(KILLS_PER_TEST):
        home = tmp_path / f"home{kill}"
        process = run_apart(home, landing)
        process.join(timeout=moments.uniform(0, duration))
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        if (home / "warehouse" / "current.duckdb").exists():
            assert differing(quiet, read_tables(home)) == []
        again = run_apart(home, landing)
        again.join()
        assert again.exitcode == 0
        assert differing(quiet, read_tables(home)) == []
        assert (home / "reports" / "current" / "index.html").exists()
        assert list((home / "lake").rglob("*.tmp")) == [] or process.exitcode == -signal.SIGKILL
        killed = [log.flow_run_id for log in read_runs(home / "runs") if log.outcome == "crashed" and log.flow_run_id]
        assert {state_of(flow_run) for flow_run in killed} <= {"CRASHED"}


def state_of(flow_run: str) -> str | None:
    """Return what Prefect calls a run."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        state = client.read_flow_run(UUID(flow_run)).state
        return None if state is None else state.type.value


@pytest.mark.parametrize("second", ["nightly", "backfill"])
def test_two_runs_started_together_both_succeed_and_lose_nothing(
    second: str, trial: tuple[Path, dict[str, Any], float], tmp_path: Path
) -> None:
    landing, quiet, _ = trial
    span = {"kind": "backfill", "first_month": "2009-01", "last_month": "2009-06", "force": True}
    if second == "backfill":
        run(tmp_path / "home", landing)
    both = [
        run_apart(tmp_path / "home", landing),
        run_apart(tmp_path / "home", landing, **(span if second == "backfill" else {})),
    ]
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert differing(quiet, read_tables(tmp_path / "home")) == []
