"""`hearth up` as production runs it: a real server, a real worker, real deployments, on loopback."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.pipeline import differing, on_server, read_tables, write_edrp, write_households
from tests.pipeline import run_without_report as run
from tests.running_up import HEARTH, Up, command_of, descendants, kill, own_environment, wait_until

pytestmark = pytest.mark.timeout(900)  # a server, a worker and several runs

HOMES = {str(n): 0.3 + 0.1 * n for n in range(1, 5)}
START, END = dt.date(2009, 1, 1), dt.date(2010, 1, 1)
NIGHTS_AWAY = 3


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
    running.close()


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
    serial = run(tmp_path / "home", up.landing)
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
    worker, begun = up.worker(), up.processes_of(started)
    kill([worker])
    assert up.finish(started) == ["CRASHED"]
    assert wait_until(lambda: started in up.resumed())
    assert not any(map(command_of, begun))  # two that work on the same run would wait for each other
    assert up.finish(up.resumed()[started]) == ["COMPLETED"]
    assert up.worker() not in {0, worker}
    assert up.runs()[-2].outcome in {"crashed", "failed"}  # it was told to end, and may have had the time to say so
    assert up.runs()[-1].outcome == "published"


def test_a_second_one_is_refused_by_the_address_of_the_first(up: Up) -> None:
    command = [HEARTH, "up", "--home", up.home]
    second = subprocess.run(command, capture_output=True, text=True, check=False, env=own_environment())
    assert second.returncode == 1
    assert up.url in second.stderr


def test_a_request_to_stop_ends_everything_within_seconds_and_in_order(up: Up) -> None:
    write_edrp(up.landing / "last.csv", {"10": 0.8}, START, END)
    started = up.start("nightly")
    assert wait_until(lambda: any(log.flow_run_id == started for log in up.runs()))
    below = descendants(up.process.pid)
    assert set(up.processes_of(started)) <= set(below)
    server = json.loads((up.home / "prefect" / "server.json").read_text())["pid"]
    assert up.stop(signal.SIGINT) == 0
    assert wait_until(lambda: not any(map(command_of, [*below, server])), seconds=30)
    assert "Traceback" not in up.said()
    assert up.said().rstrip().endswith("stopped")


def test_what_was_cut_short_is_done_by_the_next_one_which_does_not_outlive_its_server(up: Up) -> None:
    cut_short = up.runs()[-1].flow_run_id
    after = Up(up.home, up.landing)
    try:
        assert cut_short in after.resumed()
        assert after.finish(after.resumed()[cut_short]) == ["COMPLETED"]
        assert after.runs()[-1].outcome == "published"
        below = descendants(after.process.pid)
        kill([json.loads((after.home / "prefect" / "server.json").read_text())["pid"]])
        assert after.process.wait(timeout=60) == 1
        assert "the Prefect server ended" in after.said()
        assert not any(map(command_of, below))
    finally:
        after.close()


def test_a_worker_ends_when_its_supervisor_is_gone(prefect_api: str, tmp_path: Path) -> None:
    environment = own_environment() | on_server(prefect_api) | {"PREFECT_HOME": str(tmp_path)}
    command = [
        sys.executable,
        "-P",
        "-m",
        "flows.server.worker_keeper",
        "worker",
        "start",
        "--pool",
        "kept",
        "--type",
        "process",
    ]
    log = tmp_path / "worker.log"
    with log.open("wb") as out:
        worker = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True
        )
        try:
            assert wait_until(lambda: b"started!" in log.read_bytes())
            assert worker.poll() is None
            assert worker.stdin is not None
            worker.stdin.close()  # as the operating system does when the supervisor is killed
            assert worker.wait(timeout=60) == 0
        finally:
            worker.kill()
            worker.wait()
