"""The words of `make` before anything is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = ("help", "setup", "demo", "test", "check", "lock")


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder as if it was called by hand."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "-C", str(folder), *arguments],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Give a checkout, with a blank in its path, in which nothing was set up."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_make_alone_lists_every_target(bare: Path) -> None:
    shown = make(bare).stdout
    assert [target for target in TARGETS if f"make {target}" not in shown] == []
    assert not (bare / ".venv").exists()


def test_without_a_usable_python_make_prints_the_one_line_to_run(bare: Path) -> None:
    ended = make(bare, "setup", "PYTHON=")
    assert ended.returncode != 0
    assert "apt-get install --yes python3 python3-venv" in ended.stdout


def test_without_venv_make_prints_the_one_line_to_run(bare: Path, tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\n', encoding="utf-8")
    python.chmod(0o755)
    ended = make(bare, "setup", PATH=f"{python.parent}{os.pathsep}{os.environ['PATH']}")
    assert ended.returncode != 0
    assert "apt-get install --yes python3-venv" in ended.stdout
    assert not (bare / ".venv").exists()
