"""A morning of an operator: what went wrong in the night is told, and what was done is kept."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.operations.alerts import find_facts
from flows.pipeline.ingest import plan_ingest
from flows.pipeline.ingest_decisions import IngestOptions
from flows.server.client import open_api
from flows.settings import load_settings
from tests.pipeline import on_server, write_edrp
from warehouse.lake import Lake
from warehouse.runs import RunLog, read_events, read_kept, read_runs

HEARTH = Path(sys.executable).with_name("hearth")
NOBODY = 65_534
QUICK = {
    "HEARTH_REPORT_AFTER_RUN": "false",
    "HEARTH_SOBOL_SAMPLES": "64",
    "HEARTH_BOOTSTRAP_REPLICATES": "100",
    "HEARTH_WORKERS": "1",  # month after month
}
BUILD = "build months"


def begin(*arguments: str | Path, home: Path, url: str) -> subprocess.Popen[str]:
    """Start `hearth` in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEARTH_", "PREFECT_"))}
    return subprocess.Popen(
        [HEARTH, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home.parent,
        env=kept | on_server(url) | QUICK | {"HEARTH_HOME": str(home)},
    )  # fmt: skip


def hearth(*arguments: str | Path, home: Path, url: str) -> tuple[int, str]:
    """Call `hearth` in this process and return how it ended and all that it printed."""
    given = on_server(url) | QUICK | {"HEARTH_HOME": str(home)}
    done = CliRunner().invoke(app, list(map(str, arguments)), env=given)
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Path:
    """Give a folder with `landing/` and a `home/` that took it in; copy it before anything is changed in it."""
    root = tmp_path_factory.mktemp("operator")
    write_edrp(root / "landing" / "gas.csv", {"1": 0.5, "2": 0.7}, dt.date(2009, 1, 1), dt.date(2010, 1, 1))
    code, told = hearth("run", "--landing", root / "landing", home=root / "home", url=prefect_api)
    assert code == 0, told
    return root


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """Give a copy whose files are taken for those that were taken in."""
    return shutil.copytree(built, tmp_path / "copy", symlinks=True)


def last_run(home: Path) -> RunLog:
    """Return the log of the last run."""
    return read_runs(home / "runs")[-1]


def test_a_landing_folder_that_is_gone_or_empty_is_no_good_run_and_an_alert(root: Path, prefect_api: str) -> None:
    home, landing = root / "home", root / "landing"
    assert hearth("run", "--landing", landing, home=home, url=prefect_api)[0] == 0
    landing.rename(root / "away")
    code, told = hearth("run", "--landing", landing, home=home, url=prefect_api)
    assert (code, last_run(home).outcome) == (1, "landing_missing")
    assert f"there is no folder {landing}: is its disk mounted?" in told
    landing.mkdir()  # what an unmounted disk leaves
    code, told = hearth("run", "--landing", landing, home=home, url=prefect_api)
    assert (code, last_run(home).outcome) == (1, "landing_missing")
    assert "1 files were taken in from it before" in told
    facts, judged = find_facts(load_settings(home=home, landing=landing), last_run(home))
    assert [fact.kind for fact in facts] == ["landing_missing"]
    assert str(landing) not in facts[0].what, "an alert names no place"
    landing.rmdir()
    (root / "away").rename(landing)
    assert hearth("run", "--landing", landing, home=home, url=prefect_api)[0] == 0
    facts, judged = find_facts(load_settings(home=home, landing=landing), last_run(home))
    assert facts == []
    assert "landing_missing" in judged, "it has ended"


def test_another_landing_folder_that_is_empty_is_none_that_is_missed(root: Path, prefect_api: str) -> None:
    (root / "new").mkdir()
    code, told = hearth("run", "--landing", root / "new", home=root / "home", url=prefect_api)
    assert (code, "unchanged" in told) == (0, True)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Have the rights of an account that owns nothing; as another account than root they are few already."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder into which every account may look."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_file_that_may_not_be_read_is_named_and_the_others_are_taken(open_folder: Path) -> None:
    for name in ("closed.csv", "open.csv"):
        write_edrp(open_folder / name, {"1": 0.5}, dt.date(2009, 1, 1), dt.date(2009, 1, 2), shift=len(name))
        (open_folder / name).chmod(0o644)
    (open_folder / "closed.csv").chmod(0)
    options = IngestOptions(run_date=dt.date(2010, 1, 1), quiet_seconds=0)
    plan_ingest(Lake(open_folder / "lake"), open_folder, options)  # what Python loads when it is first needed is loaded
    with as_nobody():
        plan = plan_ingest(Lake(open_folder / "lake"), open_folder, options)
    assert plan.unreadable == (("closed.csv", "Permission denied"),)
    assert [work.file_name for work in plan.works] == ["open.csv"]
    (open_folder / "closed.csv").chmod(0o644)
    with as_nobody():
        assert plan_ingest(Lake(open_folder / "lake"), open_folder, options).unreadable == ()


def test_a_refused_file_raises_an_alert_until_it_is_corrected(root: Path, prefect_api: str) -> None:
    home, landing = root / "home", root / "landing"
    settings = load_settings(home=home, landing=landing)
    (landing / "new.csv").write_text("Meter;Time;Gas\n1;2;3\n", encoding="utf-8")  # the supplier changed its header
    assert hearth("run", "--landing", landing, home=home, url=prefect_api)[0] == 0
    (fact,), judged = find_facts(settings, last_run(home))
    assert (fact.kind, "files_refused" in judged) == ("files_refused", True)
    assert "new.csv" not in fact.what, "an alert names no file"
    write_edrp(landing / "new.csv", {"3": 0.4}, dt.date(2009, 1, 1), dt.date(2009, 1, 8))
    assert hearth("run", "--landing", landing, home=home, url=prefect_api)[0] == 0
    assert find_facts(settings, last_run(home))[0] == []


def months_done(home: Path, run_id: str) -> int:
    """Count the months that a run has built."""
    events = read_events(home / "runs", run_id)
    return sum(event["event"] == "unit done" and event["stage"] == BUILD for event in events)


def test_after_ctrl_c_the_months_that_were_built_are_kept_and_a_forced_backfill_goes_on(
    root: Path, prefect_api: str
) -> None:
    home = root / "home"
    forced = ["backfill", "--from", "2009-01", "--to", "2009-12", "--force"]
    before = len(read_runs(home / "runs"))
    with begin(*forced, home=home, url=prefect_api) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            runs = read_runs(home / "runs")[before:]
            if runs and months_done(home, runs[-1].run_id) >= 1:
                break
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    cut = last_run(home)
    assert (process.returncode, cut.outcome) == (130, "interrupted"), said
    assert 1 <= cut.months_built < 12
    assert cut.message == f"{cut.months_built} of 12 months kept"
    assert f"interrupted: {cut.message}; the same command goes on from there" in said
    assert cut.message in hearth("status", home=home, url=prefect_api)[1]
    code, told = hearth(*forced, home=home, url=prefect_api)
    assert code == 0, told
    assert last_run(home).months_built == 12 - cut.months_built
    assert read_kept(home / "runs", "2009-01/2009-12") == set(), "after one that came to its end all is built anew"


def test_a_backfill_of_a_span_without_readings_says_so_and_fails(root: Path, prefect_api: str) -> None:
    span = ["backfill", "--from", "2015-01", "--to", "2015-03"]
    code, told = hearth(*span, home=root / "home", url=prefect_api)
    assert code == 1
    assert "no month from 2015-01 to 2015-03 has readings in the lake" in told


def test_a_run_is_named_in_prefect_as_in_every_log(root: Path, prefect_api: str) -> None:
    log = last_run(root / "home")
    with open_api(prefect_api, timeout_seconds=60) as client:
        run = client.get(f"flow_runs/{log.flow_run_id}").raise_for_status().json()
    assert run["name"] == log.run_id


def test_a_sample_replaces_no_file_of_anybody_else(tmp_path: Path, prefect_api: str) -> None:
    out = tmp_path / "landing"
    sample = ["sample", "--out", out, "--households", "2", "--end", "2009-01-03"]
    out.mkdir()
    (out / "edrp_gas.csv").write_text("ANON_ID,ADVANCEDATETIME,HH,GASKWH\n", encoding="utf-8")
    code, told = hearth(*sample, home=tmp_path / "home", url=prefect_api)
    assert (code, "edrp_gas.csv" in told, "--force" in told) == (2, True, True)
    assert (out / "edrp_gas.csv").read_text(encoding="utf-8").count("\n") == 1
    assert hearth(*sample, "--force", home=tmp_path / "home", url=prefect_api)[0] == 0
    assert hearth(*sample, home=tmp_path / "home", url=prefect_api)[0] == 0, "its own it replaces"
    (out / "households_2.csv").touch()
    assert hearth(*sample, home=tmp_path / "home", url=prefect_api)[0] == 2


def test_a_nightly_cannot_be_handed_to_a_server_with_settings_of_its_own(root: Path, prefect_api: str) -> None:
    code, told = hearth("run", "--queue", "--full-audit", home=root / "home", url=prefect_api)
    assert (code, "--queue goes alone" in told) == (2, True)
