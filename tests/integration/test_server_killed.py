"""A Prefect server that is killed under a run: the run goes on with another at the same address, or ends soon with a word."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.pipeline import read_tables, write_edrp
from tests.running_up import HEARTH, QUICK, own_environment, wait_until

BOUND_SECONDS = 60.0
ENVIRONMENT = QUICK | {"HEARTH_REPORT_AFTER_RUN": "false"}
UNREVIVED = """
import os, signal, socket, sys, time, json
from pathlib import Path
from flows.server.client import start_server
from flows.server.revival import kept_alive

with start_server(Path(sys.argv[1]), ignore_configured=True) as server, kept_alive(server):
    server.wait_ready()
    told = json.loads(server.files.address.read_text())
    os.kill(told["pid"], signal.SIGKILL)
    while True:  # take its port before anybody else does
        try:
            taken = socket.create_server(("127.0.0.1", int(server.url.split(":")[2].split("/")[0])))
            break
        except OSError:
            time.sleep(0.01)
    time.sleep(600)
"""


def kill_server(home: Path, but: set[int]) -> int:
    """Kill the server of a home as soon as it is another than some, and return the process that it was."""

    def pid() -> int | None:
        told: int | None = json.loads((home / "prefect" / "server.json").read_text())["pid"]
        return told

    assert wait_until(lambda: pid() not in {None, *but}, seconds=BOUND_SECONDS)
    found = pid()
    assert found is not None
    os.kill(found, signal.SIGKILL)
    return found


def test_a_run_whose_server_is_killed_twice_ends_soon_and_has_published(tmp_path: Path) -> None:
    home, landing = tmp_path / "home", tmp_path / "landing"
    write_edrp(landing / "gas.csv", {"1": 0.5, "2": 0.8}, dt.date(2009, 1, 1), dt.date(2009, 4, 1))
    run = subprocess.Popen(
        [HEARTH, "run", "--home", home, "--landing", landing],
        env=own_environment() | ENVIRONMENT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert run.stderr is not None
    said = [next(run.stderr)]
    killed: set[int] = set()
    for awaited in ("ingest", "cost heat"):
        while not said[-1].startswith(awaited):
            said.append(next(run.stderr))
        killed.add(kill_server(home, killed))
    began = time.monotonic()
    said += run.communicate(timeout=BOUND_SECONDS)[1].splitlines()
    assert run.returncode == 0, said
    assert time.monotonic() - began < BOUND_SECONDS
    assert len(killed) == 2
    assert len(read_tables(home)["heat_hourly"]) > 4000


def test_a_run_whose_server_cannot_be_started_again_ends_soon_and_says_so(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", UNREVIVED, tmp_path / "prefect"],
        env=own_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, check=False, timeout=2 * BOUND_SECONDS,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "the Prefect server was killed, and cannot be started again" in ended.stderr
    assert "the same command goes on from there" in ended.stderr
