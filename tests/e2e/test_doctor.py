"""`hearth doctor`: a sound home passes, and each thing that is broken is found by the check that is made for it."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from packaging.requirements import Requirement
from typer.testing import CliRunner

from flows.cli.main import app
from flows.operations import home_findings, machine_findings
from flows.operations.doctor import describe_findings, examine
from flows.operations.findings import Finding
from warehouse.runs import RunLog, write_run

HEARTH = Path(sys.executable).with_name("hearth")
STARTED = dt.datetime(2026, 1, 2, 3, 4)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home with a landing folder and no setting from outside, where `hearth` is on PATH."""
    for name in [name for name in os.environ if name.startswith(("HEARTH_", "PREFECT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{HEARTH.parent}{os.pathsep}{os.environ['PATH']}")
    folder = tmp_path / "home"
    (folder / "landing").mkdir(parents=True)
    (folder / "landing" / "gas.csv").write_text("ANON_ID,ADVANCEDATETIME,HH,GASKWH\n", encoding="utf-8")
    return folder


def find(home: Path, check: str) -> Finding:
    """Return what one check finds in a home."""
    return next(finding for finding in examine(home) if finding.check == check)


def test_a_sound_home_passes_every_check(home: Path, chromium: str) -> None:
    ran = CliRunner().invoke(app, ["doctor", "--home", str(home), "--json"])
    told = json.loads(ran.stdout)
    assert [finding for finding in told["findings"] if finding["state"] != "ok"] == []
    assert told["sound"] is True
    assert ran.exit_code == 0
    assert chromium in ran.stdout


def test_a_home_that_is_not_made_yet_is_sound_too(home: Path) -> None:
    found = {finding.check: finding.state for finding in examine(home.parent / "new")}
    assert found["home"] == "ok"
    assert found["landing"] == "warn"
    assert "fail" not in found.values()
    assert not (home.parent / "new").exists(), "to look is not to make"


def test_the_text_fits_a_terminal_and_says_what_to_do(home: Path) -> None:
    (home / "landing" / "gas.csv").unlink()
    found = examine(home)
    lines = describe_findings(found).splitlines()
    assert max(len(line) for line in lines if " " in line.strip()) <= 80 or str(home) in "".join(lines)
    assert any(line.lstrip().startswith("-> ") for line in lines)
    warned = [finding.check for finding in found if finding.state == "warn"]
    assert "landing" in warned
    assert lines[-1] == f"{len(found) - len(warned)} ok, {len(warned)} to look at"


def spoil_settings(home: Path) -> None:
    (home / "hearth.toml").write_text("workers = 0\n", encoding="utf-8")


def name_an_unknown_scenario(home: Path) -> None:
    (home / "hearth.toml").write_text('scenario = "none"\n', encoding="utf-8")


def name_a_missing_reference(home: Path) -> None:
    (home / "hearth.toml").write_text(f'reference_folder = "{home}/none"\n', encoding="utf-8")


def make_home_a_file(home: Path) -> None:
    (home / "landing" / "gas.csv").unlink()
    (home / "landing").rmdir()
    home.rmdir()
    home.touch()


def ask_for_more_disk(home: Path) -> None:
    (home / "hearth.toml").write_text("disk_free_min_gb = 1e9\n", encoding="utf-8")


def take_landing_away(home: Path) -> None:
    (home / "landing" / "gas.csv").unlink()
    (home / "landing").rmdir()


def spoil_warehouse(home: Path) -> None:
    (home / "warehouse").mkdir()
    (home / "warehouse" / "current.duckdb").write_bytes(b"this is no database" * 1000)


def crash_a_run(home: Path) -> None:
    write_run(home / "runs", RunLog(run_id="r1", kind="nightly", started_at_utc=STARTED))


def fail_the_gate(home: Path) -> None:
    log = RunLog(run_id="r1", kind="nightly", started_at_utc=STARTED, outcome="gate_failed", message="ledger\nmore")
    write_run(home / "runs", log)


def run_in_the_future(home: Path) -> None:
    later = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(days=2)
    write_run(home / "runs", RunLog(run_id="r1", kind="nightly", started_at_utc=later, outcome="published"))


BROKEN: list[tuple[Callable[[Path], None], str, str, str]] = [
    (spoil_settings, "settings", "fail", "hearth.toml"),
    (name_an_unknown_scenario, "settings", "fail", "hearth config"),
    (name_a_missing_reference, "settings", "fail", "hearth config"),
    (make_home_a_file, "home", "fail", "--home"),
    (ask_for_more_disk, "disk", "fail", "free some"),
    (take_landing_away, "landing", "warn", "hearth sample"),
    (spoil_warehouse, "warehouse", "fail", "publishes the newest"),
    (crash_a_run, "runs", "warn", "goes on from there"),
    (fail_the_gate, "runs", "warn", "hearth status"),
    (run_in_the_future, "runs", "fail", "clock"),
]


@pytest.mark.parametrize(("spoil", "check", "state", "step"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_broken_is_found_by_its_own_check(
    spoil: Callable[[Path], None], check: str, state: str, step: str, home: Path
) -> None:
    assert find(home, check).state == "ok"
    spoil(home)
    found = find(home, check)
    assert (found.state, step in found.step) == (state, True), found


def test_a_failure_exits_with_1_and_a_warning_with_0(home: Path) -> None:
    crash_a_run(home)
    assert CliRunner().invoke(app, ["doctor", "--home", str(home)]).exit_code == 0
    spoil_warehouse(home)
    assert CliRunner().invoke(app, ["doctor", "--home", str(home)]).exit_code == 1


def test_a_file_that_the_last_run_did_not_use_is_no_new_file(home: Path) -> None:
    (home / "landing" / "README.txt").write_text("What stands where.\n", encoding="utf-8")
    assert "(2 new files)" in find(home, "disk").told
    unused = {"README.txt": "no delivery", "gone.csv": "no delivery"}
    write_run(
        home / "runs",
        RunLog(run_id="r", kind="nightly", started_at_utc=STARTED, outcome="unchanged", files_unused=unused),
    )
    assert "(1 new file)" in find(home, "disk").told


def test_a_lock_that_no_run_holds_is_named(home: Path) -> None:
    (home / "warehouse").mkdir()
    lock = home / "warehouse" / ".publish.lock"
    program = f"import sys\nfrom filelock import FileLock\nwith FileLock({str(lock)!r}):\n    print('held', flush=True)\n    sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        found = find(home, "locks")
        holder.communicate()
    assert found.state == "warn"
    assert str(lock) in found.step
    assert find(home, "locks").state == "ok"
    with FileLock(lock, timeout=0):
        pass  # to look at a lock is not to keep it


def test_a_file_that_may_not_be_read_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = os.access
    monkeypatch.setattr(
        home_findings.os, "access", lambda path, mode: str(path)[-7:] != "gas.csv" and given(path, mode)
    )
    found = find(home, "landing")
    assert found.state == "fail"
    assert "gas.csv" in found.told


def test_a_command_line_that_is_not_on_path_is_told_how_to_get_there(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    found = find(home, "command")
    assert found.state == "warn"
    assert f'export PATH="{HEARTH.parent}' in found.step
    (home / "hearth").touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{home}:/usr/bin:/bin")
    assert "another hearth" in find(home, "command").told


def test_without_a_browser_the_way_to_one_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(HEARTH.parent))
    found = find(home, "browser")
    assert found.state == "warn"
    assert "apt-get install" in found.step


def test_a_package_outside_its_bounds_or_missing_is_named() -> None:
    needed = [Requirement("fastapi<0.1"), Requirement("no-such-package>=1"), Requirement("polars>=2")]
    wrong = machine_findings.judge_versions(needed)
    assert [text.split()[0] for text in wrong] == ["fastapi", "no-such-package"]
    assert "<0.1 is needed" in wrong[0]


def test_more_workers_than_memory_are_told() -> None:
    assert machine_findings.check_memory(2).state == "ok"
    found = machine_findings.check_memory(10**6)
    assert found.state == "warn"
    assert "HEARTH_WORKERS" in found.step


def test_a_configured_server_that_does_not_answer_is_a_failure(
    home: Path, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    assert find(home, "server").state == "ok"
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    found = find(home, "server")
    assert found.state == "fail"
    assert "PREFECT_API_URL" in found.step


def test_our_own_server_is_started_on_request_and_gone_afterwards(home: Path) -> None:
    told = json.loads(
        subprocess.run(
            [HEARTH, "doctor", "--server", "--json", "--home", home], capture_output=True, text=True, check=True
        ).stdout
    )
    server = next(finding for finding in told["findings"] if finding["check"] == "server")
    assert server["state"] == "ok"
    assert "answered at http://127.0.0.1:" in server["told"]


def test_a_file_system_that_cannot_link_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    found = find(home, "home")
    assert found.state == "fail"
    assert "hard links" in found.told
