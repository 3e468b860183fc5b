"""Help pages, shell completion and exit codes, as people meet them in a terminal of 80 columns."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
import typer
from typer.testing import CliRunner

from flows.cli.help_page import SECTIONS
from flows.cli.main import app

HEARTH = Path(sys.executable).with_name("hearth")
HEAVY = {"polars", "duckdb", "pyarrow", "prefect", "great_expectations", "plotly", "pandas", "numpy", "scipy", "rich"}
GROUP = typer.main.get_command(app)
COMMANDS = sorted(GROUP.commands)  # type: ignore[attr-defined]  # the command line is a group


def page(*command: str) -> list[str]:
    """Return the lines of a help page on a terminal of 80 columns."""
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"}, prog_name="hearth")
    assert shown.exit_code == 0, shown.output
    return shown.output.splitlines()


def environment(**more: str) -> dict[str, str]:
    """Return the environment without any setting of Hearth or Prefect."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEARTH_", "PREFECT_"))}
    return kept | more


@pytest.mark.parametrize(
    "command", [[], *([name] for name in COMMANDS)], ids=lambda command: " ".join(command) or "hearth"
)
def test_a_help_page_fits_one_screen(command: list[str]) -> None:
    lines = page(*command)
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_parses(name: str) -> None:
    command = GROUP.commands[name]  # type: ignore[attr-defined]  # as above
    example = re.match(r"Example: (.+)", command.epilog or "")
    assert example, f"hearth {name} shows no example"
    words = [word for word in shlex.split(example[1]) if not re.fullmatch(r"[A-Z_]+=.*", word)]
    assert words[:2] == ["hearth", name]
    context = command.make_context(name, words[2:])  # refuses unknown options, bad values and what is missing
    assert context.command is command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does_and_choices_are_shown(name: str) -> None:
    text = " ".join(page(name))
    for param in GROUP.commands[name].params:  # type: ignore[attr-defined]  # as above
        assert param.help, f"hearth {name} {param.name} has no help"
        declared = param.type_descriptor.annotation
        for choice in get_args(declared) if get_origin(declared) is Literal else ():
            assert re.search(rf"\b{choice}\b", text), f"hearth {name} {param.name} does not show {choice}"


def test_the_first_page_groups_the_commands_and_cuts_none_of_them() -> None:
    lines = page()
    assert [line.rstrip(":") for line in lines if line.rstrip(":") in SECTIONS] == list(SECTIONS)
    for name in COMMANDS:
        assert any(line.startswith(f"  {name} ") for line in lines), f"{name} is not listed"
    assert not [line for line in lines[1:] if line.endswith("...")], "what a command does is cut short"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["lcoh", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        f"import sys; sys.argv = ['hearth', *{arguments!r}]\n"
        "from flows.cli.main import main\n"
        "try: main()\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment())
    assert not HEAVY & set(ran.stderr.split())


def complete(line: str) -> list[str]:
    """Return what bash offers at the end of a line, by the protocol of its completion function."""
    words = line.split(" ")
    ran = subprocess.run(
        [HEARTH], capture_output=True, text=True, check=False,
        env=environment(_HEARTH_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1)),
    )  # fmt: skip
    assert "Traceback" not in ran.stderr
    return ran.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("hearth ba", {"backfill"}),
        ("hearth s", {"sample", "sql", "status"}),
        ("hearth sql --format ", {"table", "csv", "json", "parquet"}),
        ("hearth sample --faults ", {"none", "typical", "all"}),
        ("hearth lcoh --scenario e", {"eep2018", "eep2019"}),
        ("hearth lcoh --convention best", {"best_practice", "best_practice_private"}),
        ("hearth lcoh --explain g", {"gas_boiler", "gshp"}),
        ("hearth report --z", {"--zip"}),
    ],
)
def test_bash_completes_commands_options_and_choices(line: str, offered: set[str]) -> None:
    assert offered <= set(complete(line))


def test_the_completion_script_can_be_shown_and_is_valid_bash(tmp_path: Path) -> None:
    shown = subprocess.run(
        [HEARTH, "--show-completion"], capture_output=True, text=True, check=False,
        env=environment(_HEARTH_COMPLETE="source_bash"),
    )  # fmt: skip
    assert "complete -o default -F" in shown.stdout
    (script := tmp_path / "hearth.bash").write_text(shown.stdout, encoding="utf-8")
    subprocess.run(["bash", "-n", script], check=True)


NOWHERE = ["--home", "nowhere"]
WRONG = [
    (["run", "--landing", "none", *NOWHERE], "hearth sample"),
    (["run", "--landing", "a-file.csv", *NOWHERE], "name its folder"),
    (["backfill", "--from", "2009-13", "--to", "2010-01"], "write it as 2009-01"),
    (["sample", "--out", "x", "--start", "2009-02-30"], "write it as 2009-01-31"),
    (["sample", "--out", "x", "--start", "1990-01-01", "--end", "1990-02-01"], "choose a start"),
    (["households", "--from", "none.xlsx", "--out", "h.csv"], "name a workbook or CSV"),
    (["quarantine", "--lift", "none.csv", *NOWHERE], "none.csv"),
    (["withdraw", "none.csv", *NOWHERE], "none.csv"),
    (["report", *NOWHERE], "hearth run"),
    (["sql", "SELECT 1", *NOWHERE], "hearth run"),
    (["sql", "SELECT 1", "--format", "xml"], "'parquet'"),
    (["lcoh", "--set", "ashp.nothing=1"], "did you mean"),
    (["lcoh", "--scenario", "none"], "there are"),
    (["lcoh", "--scale", "small"], "--explain"),
    (["lcoh", "--assumptions", "none.csv"], "none.csv"),
    (["rollback", "none", *NOWHERE], "none"),
    (["nonsense"], "hearth -h"),
    (["status", "--nonsense"], "hearth status -h"),
    (["config", "extra"], "hearth config -h"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "step"), WRONG, ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else ""
)
def test_wrong_usage_exits_with_2_and_names_the_next_step(
    arguments: list[str], step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file.csv").touch()
    ran = CliRunner().invoke(app, arguments, prog_name="hearth", env={"COLUMNS": "80"})
    assert ran.exit_code == 2, ran.output
    assert isinstance(ran.exception, SystemExit), "a user's mistake must not be a traceback"
    assert step in ran.stderr
    assert not ran.stdout


def test_a_spoiled_warehouse_is_named_with_the_way_out(tmp_path: Path) -> None:
    spoiled = tmp_path / "warehouse" / "current.duckdb"
    spoiled.parent.mkdir()
    spoiled.write_bytes(b"this is no database" * 1000)
    for arguments in (["sql", "SELECT 1"], ["report"]):
        ran = CliRunner().invoke(app, [*arguments, "--home", str(tmp_path)], prog_name="hearth")
        assert ran.exit_code == 2, ran.output
        assert str(spoiled) in ran.stderr
        assert "publishes the newest" in ran.stderr
    status = CliRunner().invoke(app, ["status", "--home", str(tmp_path)], prog_name="hearth")
    assert status.output.startswith("FAIL")
    assert f"{spoiled} is damaged" in status.output
    assert "`hearth doctor --repair` puts it aside" in status.output
    checked = CliRunner().invoke(app, ["status", "--check", "--home", str(tmp_path)], prog_name="hearth")
    assert checked.exit_code == 2, checked.output


def test_a_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "homes.csv").write_text("household_id,dwelling_type\n1,flat\n", encoding="utf-8")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran = subprocess.run(
            [HEARTH, "lcoh", "--json"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment()
        )
    assert ran.returncode == 1
    assert "no space left on device; free some space" in ran.stderr
    assert "Traceback" not in ran.stderr
