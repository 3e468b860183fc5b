"""A running `hearth up`, and what one may ask its server, for tests and campaigns."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx

from flows.server.client import open_api
from warehouse.runs import RunLog, read_runs

HEARTH = Path(sys.executable).with_name("hearth")
SECONDS = 300.0  # far above what anything here takes on a busy machine
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
QUICK = {
    "HEARTH_LANDING_QUIET_SECONDS": "0",
    "HEARTH_BOOTSTRAP_REPLICATES": "100",
    "HEARTH_SOBOL_SAMPLES": "64",
}


class Up:
    """A running `hearth up`, and what one may ask its server."""

    def __init__(self, home: Path, landing: Path, **settings: str) -> None:
        self.home, self.landing = home, landing
        given = QUICK | {f"HEARTH_{name.upper()}": value for name, value in settings.items()}
        self.log = (home.parent / "up.log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [HEARTH, "up", "--home", home, "--landing", landing, "--port", "0"],
            env=own_environment() | given, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        try:
            wait_until(lambda: "worker     ready" in self.said() or self.process.poll() is not None)
            assert self.process.poll() is None, self.said()
        except BaseException:  # nobody has it yet who could close it: an open log would hide what went wrong
            self.process.kill()
            self.process.wait(timeout=SECONDS)
            self.log.close()
            raise
        self.url = json.loads((home / "prefect" / "server.json").read_text())["url"]
        credential = (home / "prefect" / "credential").read_text(encoding="utf-8")
        self.client = open_api(self.url, timeout_seconds=60, credential=credential)

    def said(self) -> str:
        """Return everything that it printed."""
        return Path(self.log.name).read_text(encoding="utf-8")

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        """Post to the API and return its answer."""
        return self._send("POST", path, json=body)

    def get(self, path: str) -> Any:
        """Return what the API holds."""
        return self._send("GET", path)

    def _send(self, method: str, path: str, **body: Any) -> Any:
        """Ask until the server is not busy, as Prefect's own client does."""
        deadline = time.monotonic() + SECONDS
        answer = self.client.request(method, path, **body)
        while answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and time.monotonic() < deadline:
            time.sleep(1)
            answer = self.client.request(method, path, **body)
        return answer.raise_for_status().json()

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
        wait_until(lambda: all(self.state(one) in ENDED for one in flow_runs))
        return [self.state(one) for one in flow_runs]

    def runs(self) -> list[RunLog]:
        """Return the logs of the home's runs, oldest first."""
        return read_runs(self.home / "runs")

    def worker(self) -> int:
        """Return the process of the worker, 0 while there is none."""
        return next((pid for pid in children(self.process.pid) if "worker start" in command_of(pid)), 0)

    def processes_of(self, flow_run: str) -> list[int]:
        """Return the processes that work on a run: those that were told its id when they started."""
        return [pid for pid in processes() if f"PREFECT__FLOW_RUN_ID={flow_run}" in environment_of(pid)]

    def stop(self, number: int) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=SECONDS)

    def close(self) -> None:
        """End it in order if it still runs, and close what is open."""
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
        self.client.close()
        self.log.close()

    def resumed(self) -> dict[str, str]:
        """Return the runs that were queued again, by the run that each of them stands for."""
        asked = {"flow_runs": {"tags": {"all_": ["resumed"]}}}
        runs = self.ask("/flow_runs/filter", asked)
        return {run["idempotency_key"].removeprefix("resume-"): run["id"] for run in runs}


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
    return [int(one) for one in _read(pid, f"task/{pid}/children").split()]


def descendants(pid: int) -> list[int]:
    """Return all processes below a process."""
    below = children(pid)
    return [*below, *(one for child in below for one in descendants(child))]


def processes() -> list[int]:
    """Return every process of this machine."""
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def command_of(pid: int) -> str:
    """Return the command line of a process, empty if it is gone."""
    return _read(pid, "cmdline").replace("\0", " ")


def environment_of(pid: int) -> list[str]:
    """Return what a process was given as its environment when it started, empty if it is gone or another user's."""
    return _read(pid, "environ").split("\0")


def kill(pids: Iterable[int]) -> None:
    """Kill processes at once; one that is gone already is left out."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _read(pid: int, what: str) -> str:
    try:
        return Path(f"/proc/{pid}/{what}").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
