"""A kill in the middle of forgetting loses nothing, and the same command finishes it; what comes later is dropped."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows.operations.status import describe_status, read_status
from flows.settings import load_settings
from tests.forgettable_homes import files_naming, is_same
from tests.pipeline import edrp_lines, read_tables, write_edrp, write_households
from tests.pipeline import run_without_report as run
from warehouse.lake import Lake
from warehouse.manifest import read_manifests
from warehouse.reader import open_published

HEARTH = Path(sys.executable).with_name("hearth")
HOMES = {str(n): 0.4 + 0.02 * n for n in range(1, 13)}
FEBRUARY = dt.date(2009, 2, 1)
pytestmark = pytest.mark.timeout(900)  # five commands, each a process of its own
QUICK = {  # what a report does not show of a forgotten home, tests/integration/test_forgetting.py sees
    "HEARTH_SOBOL_SAMPLES": "64",
    "HEARTH_BOOTSTRAP_REPLICATES": "100",
    "HEARTH_REPORT_AFTER_RUN": "false",
}
PATIENCE_SECONDS = 120.0
STEP_SECONDS = 0.002


def deliver(landing: Path, name: str, household_id: str | None, first: dt.date, days: int) -> None:
    """Write a file of twelve homes and, where it is given, of one more."""
    path = write_edrp(landing / name, HOMES, first, first + dt.timedelta(days=days))
    if household_id is not None:
        start = dt.datetime.combine(first, dt.time())
        own = edrp_lines(household_id.upper(), start, [0.7] * 48 * days)
        text = "".join(f"{line}\n" for line in own).replace(household_id.upper(), household_id)
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> tuple[Path, str]:
    """Give a folder with a published home, one of whose homes is to be forgotten, and the id of that one."""
    del prefect_api
    root, wanted = tmp_path_factory.mktemp("kills"), secrets.token_hex(10)
    for folder, household_id in (("landing", wanted), ("without", None)):
        for n in range(4):
            deliver(root / folder, f"week_{n}.csv", household_id, FEBRUARY + dt.timedelta(days=7 * n), 7)
        known = HOMES if household_id is None else {**HOMES, household_id: 1.0}
        write_households(root / folder / "households.csv", dict.fromkeys(known, "flat"))
    assert run(root / "home", root / "landing")["outcome"] == "published"
    assert files_naming(root / "home", wanted)
    return root, wanted


def kill_when(home: Path, command: list[str], is_time: Callable[[], bool]) -> bool:
    """Start a command, kill it at a moment, and say whether it was still at work then."""
    with subprocess.Popen(
        [HEARTH, *command, "--home", home], env=os.environ | QUICK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as working:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while working.poll() is None and not is_time() and time.monotonic() < deadline:
            time.sleep(STEP_SECONDS)
        alive = working.poll() is None
        working.send_signal(signal.SIGKILL)
    return alive


def test_a_forgetting_that_is_killed_again_and_again_is_finished_by_the_same_command(
    delivered: tuple[Path, str],
) -> None:
    root, wanted = delivered
    home, lake = root / "home", Lake(root / "home" / "lake")
    note, current = home / "forgotten" / "unfinished.json", home / "warehouse" / "current.duckdb"
    file_before = current.stat().st_ino

    def holders() -> int:
        return sum(wanted in manifest.households for manifest in read_manifests(lake))

    def runs() -> int:
        return len(list((home / "runs").glob("*.json")))

    runs_before, forget = runs(), ["forget", wanted, "--yes"]
    assert holders() == 5
    moments: dict[str, Callable[[], bool]] = {
        "noted": note.exists,
        "in the lake": lambda: holders() < 4,
        "the warehouse rewritten": lambda: current.stat().st_ino != file_before,
        "a run under way": lambda: runs() > runs_before,
    }
    for moment, is_time in moments.items():
        assert kill_when(home, forget, is_time), f"it ended before it was killed: {moment}"
        assert is_time(), moment
        assert "FORGETTING" in describe_status(read_status(load_settings(home=home))), moment
        with open_published(current) as warehouse:
            assert warehouse.query("SELECT count(*) FROM heat_hourly")["count_star()"][0] > 0
    finished = subprocess.run(
        [HEARTH, "forget", "--finish", "--home", home],
        env=os.environ | QUICK,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "5 sources and 1 snapshots held the home" in finished.stdout
    assert files_naming(home, wanted) == set()
    assert "FORGETTING" not in describe_status(read_status(load_settings(home=home)))


def test_a_later_delivery_of_a_forgotten_home_is_dropped_and_counted(delivered: tuple[Path, str]) -> None:
    root, wanted = delivered
    home, march = root / "home", dt.date(2009, 3, 1)
    for folder, household_id in (("landing", wanted), ("without", None)):
        deliver(root / folder, "late.csv", household_id, march, 5)
    assert run(home, root / "landing")["outcome"] == "published"
    assert run(root / "control", root / "without")["outcome"] == "published"
    after, control = read_tables(home), read_tables(root / "control")
    late = after["source"].row(by_predicate=pl.col("file_name") == "late.csv", named=True)
    assert (late["readings"], late["rejects"]) == (12 * 240, 240)
    assert late["lines"] == late["header_lines"] + late["readings"] + late["rejects"]
    by_hash = {"source", "flag_count", "source_level", "build_month"}  # tables that name files by their content
    assert [name for name in control.keys() - by_hash if not is_same(after[name], control[name])] == []
    assert files_naming(home, wanted) == set()
