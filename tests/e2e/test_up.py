"""`hearth up` as production runs it: a real server, a real worker, real deployments, on loopback."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.pipeline import differing, read_tables, run, write_edrp, write_households
from warehouse.runs import RunLog, read_runs

HOMES = {str(n): 0.3 + 0.1 * n for n in range(1, 5)}
HEARTH = Path(sys.executable).with_name("hearth")
START, END = dt.date(2009, 1, 1), dt.date(2010, 1, 1)
SECONDS = 300.0  # far above what anything here takes on a busy machine
NIGHTS_AWAY = 3


class Up:
    """A running `hearth up`, and what one may ask its server."""

    def __init__(self, home: Path, landing: Path) -> None:
        self.home, self.landing = home, landing
        environment = own_environment() | {
            "HEARTH_LANDING_QUIET_SECONDS": "0",
            "HEARTH_BOOTSTRAP_REPLICATES": "100",
            "HEARTH_SOBOL_SAMPLES": "64",
        }
        self.log = (home.parent / "up.log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [HEARTH, "up", "--home", home, "--landing", landing, "--port", "0"],
            env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        wait_until(lambda: "worker     ready" in self.said() or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()
        self.url = json.loads((home / "prefect" / "server.json").read_text())["url"]

    def said(self) -> str:
        """Return everything that it printed."""
        return Path(self.log.name).read_text(encoding="utf-8")

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        """Post to the API and return its answer."""
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            answer = client.post(path, json=body).raise_for_status()
            return answer.json()

    def get(self, path: str) -> Any:
        """Return what the API holds."""
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            return client.get(path).raise_for_status().json()

    def start(self, name: str, *, late: dt.timedelta = dt.timedelta(0), **parameters: Any) -> str:
        """Queue a run of a deployment, as `prefect deployment run` does, and return its id."""
        deployment = self.get(f"/deployments/name/{name}/{name}")["id"]
        moment = dt.datetime.now(dt.UTC) - late
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": moment.isoformat()}}
        body = {"parameters": parameters, "state": state}
        return str(self.ask(f"/deployments/{deployment}/create_flow_run", body)["id"])

    def state(self, flow_run: str) -> str:
        """Return the state of a run."""
        return str(self.get(f"/flow_runs/{flow_run}")["state"]["type"])

    def finish(self, *flow_runs: str) -> list[str]:
        """Wait for runs and return their states."""
        ended = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
        wait_until(lambda: all(self.state(one) in ended for one in flow_runs))
        return [self.state(one) for one in flow_runs]

    def runs(self) -> list[RunLog]:
        """Return the logs of the home's runs, oldest first."""
        return read_runs(self.home / "runs")

    def worker(self) -> int:
        """Return the process of the worker."""
        return next(pid for pid in children(self.process.pid) if "worker" in command_of(pid))

    def stop(self, number: int) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=SECONDS)


def own_environment() -> dict[str, str]:
    """Return this process's environment without another server's or home's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "HEARTH"))}


def wait_until(happened: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Say whether it happened in time."""
    deadline = time.monotonic() + seconds
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.1)
    return happened()


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in text]


def descendants(pid: int) -> list[int]:
    """Return all processes below a process."""
    below = children(pid)
    return [*below, *(one for child in below for one in descendants(child))]


def command_of(pid: int) -> str:
    """Return the command line of a process, empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of deliveries."""
    folder = tmp_path_factory.mktemp("deliveries")
    write_edrp(folder / "a.csv", HOMES, START, END)
    write_households(folder / "households.csv", dict.fromkeys(HOMES, "flat"))
    return folder


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, landing: Path) -> Iterator[Up]:
    """Give a `hearth up`; it is killed at the end if a test has not stopped it."""
    running = Up(tmp_path_factory.mktemp("up") / "home with a blank", landing)
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGTERM)
    running.log.close()


def test_deploying_schedules_nights_at_two_in_london(up: Up) -> None:
    scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    runs = up.ask("/flow_runs/filter", scheduled)
    assert len(runs) > 0
    starts = [dt.datetime.fromisoformat(run["expected_start_time"]) for run in runs]
    assert {start.astimezone(ZoneInfo("Europe/London")).strftime("%H:%M") for start in starts} == {"02:00"}


def test_of_late_nights_the_first_does_all_the_work_and_the_others_find_nothing_new(up: Up) -> None:
    late = [up.start("nightly", late=dt.timedelta(days=days)) for days in range(NIGHTS_AWAY, 0, -1)]
    assert set(up.finish(*late)) == {"COMPLETED"}
    outcomes = [log.outcome for log in up.runs()]
    assert outcomes == ["published"] + ["unchanged"] * (NIGHTS_AWAY - 1)
    spans = [(log.started_at_utc, log.finished_at_utc) for log in up.runs()]
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans) if one[1])  # one at a time


@pytest.mark.parametrize("first", ["nightly", "backfill"])
def test_a_backfill_and_a_night_that_meet_publish_what_a_serial_run_does(
    up: Up, first: str, tmp_path: Path, prefect_api: str
) -> None:
    del prefect_api
    number = {"nightly": 7, "backfill": 8}[first]  # a delivery that is new
    write_edrp(up.landing / f"{first}.csv", {str(number): 0.9}, START, END)
    names = {"nightly": {}, "backfill": {"first_month": "2009-01", "last_month": "2009-04", "force": True}}
    order = [first, *(name for name in names if name != first)]
    started = [up.start(name, **names[name]) for name in order]
    assert up.finish(*started) == ["COMPLETED", "COMPLETED"]
    serial = run(tmp_path / "home", up.landing, settings={"bootstrap_replicates": 100})
    assert serial["outcome"] == "published"
    assert differing(read_tables(tmp_path / "home"), read_tables(up.home)) == []


def test_the_same_backfill_asked_for_twice_is_one_run(up: Up) -> None:
    command = [HEARTH, "backfill", "--home", up.home, "--from", "2009-02", "--to", "2009-03", "--queue"]
    runs = [subprocess.run(command, capture_output=True, text=True, check=False, env=own_environment()) for _ in "12"]
    assert [run.stderr for run in runs] == ["", ""]
    said = [run.stdout for run in runs]
    told = {one.rsplit("/", 1)[1].strip() for one in said}
    assert len(told) == 1
    assert up.finish(*told) == ["COMPLETED"]
    assert up.runs()[-1].kind == "backfill"
    assert up.runs()[-1].outcome == "unchanged"


def test_a_killed_worker_is_replaced_and_its_run_is_marked_crashed_and_done_again(up: Up) -> None:
    write_edrp(up.landing / "late.csv", {"9": 0.7}, START, END)
    started = up.start("nightly")
    assert wait_until(lambda: any(log.flow_run_id == started for log in up.runs()))
    worker = up.worker()
    for pid in [worker, *descendants(worker)]:
        os.kill(pid, signal.SIGKILL)
    assert up.finish(started) == ["CRASHED"]
    again = {"flow_runs": {"tags": {"all_": ["resumed"]}}}
    assert wait_until(lambda: len(up.ask("/flow_runs/filter", again)) == 1)
    assert up.finish(up.ask("/flow_runs/filter", again)[0]["id"]) == ["COMPLETED"]
    assert up.worker() != worker
    assert [log.outcome for log in up.runs()][-2:] == ["crashed", "published"]


def test_a_second_one_is_refused_by_the_address_of_the_first(up: Up) -> None:
    command = [HEARTH, "up", "--home", up.home]
    second = subprocess.run(command, capture_output=True, text=True, check=False, env=own_environment())
    assert second.returncode == 1
    assert up.url in second.stderr


def test_a_request_to_stop_ends_everything_within_seconds_and_in_order(up: Up) -> None:
    below = descendants(up.process.pid)
    assert len(below) >= 2
    server = json.loads((up.home / "prefect" / "server.json").read_text())["pid"]
    assert up.stop(signal.SIGINT) == 0
    assert wait_until(lambda: not any(map(command_of, [*below, server])), seconds=30)
    assert "Traceback" not in up.said()
    assert up.said().rstrip().endswith("stopped")
