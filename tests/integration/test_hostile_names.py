"""Names that would command a terminal: of files, folders, members, columns and homes; no output of any command sends them."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from tests.landing_files import half_hours
from tests.pipeline import run_without_report, write_edrp, write_households

SEND = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"  # sets a title, clears the screen, colours it, and turns the text round
FIXED = "\x1b[31mred"
CSV_HEADER = "ANON_ID,ADVANCEDATETIME,HH,GASKWH\n"


@pytest.fixture
def hostile_home(tmp_path: Path, prefect_api: str, capsys: pytest.CaptureFixture[str]) -> Path:
    """Give a home after a run over files with hostile names, which printed nothing that commands a terminal."""
    del prefect_api
    landing = tmp_path / "landing"
    gas = write_edrp(landing / "gas.csv", {"1": 0.5, "2": 0.8}, dt.date(2009, 1, 1), dt.date(2009, 1, 15))
    lines = gas.read_text(encoding="utf-8").splitlines(keepends=True)
    half_hours([f"2{FIXED}"], dt.date(2009, 2, 1), 14).write_parquet(landing / "homes.parquet")
    write_households(landing / "households.csv", {"1": "flat", "2": "flat", f"2{FIXED}": f"flat{SEND}"})
    for name in (f"name{SEND}.csv", "two\nlines: OK.csv", f"folder{SEND}/inside.csv"):
        (landing / name).parent.mkdir(exist_ok=True)
        (landing / name).write_text(CSV_HEADER + lines[1], encoding="utf-8")
    (landing / "header.csv").write_text(f"a{SEND},b\n1,2\n", encoding="utf-8")
    with zipfile.ZipFile(landing / "packed.zip", "w") as archive:
        archive.writestr(f"member{SEND}.csv", CSV_HEADER + lines[2])
    capsys.readouterr()
    log = run_without_report(tmp_path, landing)
    assert log["outcome"] == "published"
    said = capsys.readouterr()
    check(said.out + said.err)
    assert r"\x1b" in said.err
    return tmp_path


def check(said: str) -> None:
    """Hold everything that was printed against what a terminal takes as a command, or as another order of the text."""
    sent = {character for character in said if not character.isprintable()} - {"\n", "\t"}
    assert not sent, [line for line in said.splitlines() if not line.replace("\t", "").isprintable()]
    assert "\nlines: OK" not in said


def test_no_command_sends_what_a_name_holds(hostile_home: Path) -> None:
    delivered = sorted(path for path in (hostile_home / "landing").rglob("*") if path.is_file())
    assert any("\x1b" in str(path) for path in delivered)
    named = [
        path for path in delivered if "\n" not in path.name
    ]  # by the user, who may break lines of their own message
    commands = [
        ["status"], ["status", "--verbose"], ["status", "--json"], ["status", "--check"], ["doctor"], ["feeds"], ["feeds", "--json"],
        ["quarantine"], ["withdraw"], ["snapshots"], ["alerts"], ["config"],
        ["sql", "FROM source"], ["sql", "FROM household"], ["sql", f"SELECT '{FIXED}'"], ["sql", f"SELECT nosuch{FIXED}"],
        ["trace", "heat_hourly", f"household_id=2{FIXED}"], ["trace", f"no{SEND}"], ["quarantine", "--put", f"name{SEND}"],
        *(["check", str(path)] for path in delivered if path.name.startswith("name")), ["check", "--json", *map(str, delivered)],
        *(["contribute", "check", str(path)] for path in named[-3:]), ["reference", "check", str(hostile_home / f"landing/folder{SEND}")],
        *(["households", "--from", str(path), "--out", str(hostile_home / f"out{SEND}.csv")] for path in named[-3:]),
        ["lcoh", "--set", f"{SEND}=1"], ["lcoh", "--scenario", SEND], ["export", SEND], [SEND],
    ]  # fmt: skip
    said = {}
    for command in commands:
        done = CliRunner().invoke(app, command, env={"HEARTH_HOME": str(hostile_home), "COLUMNS": "300"})
        assert done.exception is None or isinstance(done.exception, SystemExit), (command, done.exception)
        printed = done.stdout_bytes.decode() + done.stderr
        check(printed)
        said[" ".join(command)] = printed
    assert r"name\x1b]0;owned" in said["status --verbose"]
    assert r"name\x1b]0;owned" in said[f"check {hostile_home / 'landing' / f'name{SEND}.csv'}"]
    assert "red" in said["sql FROM household"]
    assert "home" in json.loads(said["status --json"])


def test_the_check_of_outputs_can_fail() -> None:
    for sent in (SEND, "a\rb", "\x7f", "two\nlines: OK"):
        with pytest.raises(AssertionError):
            check(f"status of {sent}\n")
