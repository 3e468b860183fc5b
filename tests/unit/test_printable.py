"""Names of delivered files on a terminal: nothing in them commands it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.printable import escape_controls, show_name
from flows.progress import say

HOSTILE = "gas\x1b]0;owned\x07\x1b[31m\x9b2J.csv"


def test_escapes_are_shown_and_text_stays_what_it_was() -> None:
    assert escape_controls("häuser, 5 °C\n\tnext") == "häuser, 5 °C\n\tnext"
    assert escape_controls(HOSTILE) == r"gas\x1b]0;owned\x07\x1b[31m\x9b2J.csv"
    assert show_name("a\nOK everything\r\udcff") == r"a\nOK everything\r\udcff"


def test_what_is_said_and_what_commands_print_holds_no_escape(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    say(f"refused: {HOSTILE}")
    assert r"\x1b]0;owned\x07" in (said := capsys.readouterr().err)
    assert said.removesuffix("\n").isprintable()
    (source := tmp_path / HOSTILE).write_text("no,homes\n1,2\n", encoding="utf-8")
    ran = CliRunner().invoke(app, ["households", "--from", str(source), "--out", str(tmp_path / "h.csv")])
    assert ran.exit_code == 2
    assert ran.stderr.replace("\n", "").isprintable()
    assert r"\x1b[31m" in ran.stderr
