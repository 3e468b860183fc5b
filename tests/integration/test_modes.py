"""Who can read what a run leaves, whatever the umask: what holds homes is the owner's and the group's, the report is for all."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pytest

from tests.file_modes import umask
from tests.pipeline import run, write_edrp, write_households

OTHERS, GROUP_WRITES = 0o007, 0o020
STRICTEST = 0o077
PUBLIC = ("reports",)
OWNERS_ALONE = ("releases", "forgotten", "prefect")


def modes_of(home: Path, *, folders: bool = False) -> dict[str, int]:
    """Return the mode of every file of a data folder by its path, or of every folder."""
    found = [
        path for path in home.rglob("*") if (path.is_dir() if folders else path.is_file()) and not path.is_symlink()
    ]
    return {path.relative_to(home).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in found}


def modes_below(folder: Path) -> set[int]:
    """Return the modes of all files below a folder but locks, which hold nothing."""
    files = {path: mode for path, mode in modes_of(folder).items() if not path.endswith(".lock")}
    assert files
    return set(files.values())


def test_a_run_leaves_no_file_with_homes_that_everybody_can_read(sample_home: Path) -> None:
    home = sample_home / "hearth-data"
    assert modes_below(home / "lake") == {0o640}
    assert modes_below(home / "runs") == {0o640}
    assert modes_below(home / "warehouse") == {0o440}
    assert modes_below(home / "releases") == {0o600}


@pytest.mark.parametrize("mask", [0o000, STRICTEST])
def test_no_umask_opens_what_holds_homes_or_closes_the_report(mask: int, tmp_path: Path, prefect_api: str) -> None:
    del prefect_api
    home, landing = tmp_path / "home", tmp_path / "landing"
    write_edrp(landing / "gas.csv", {"1": 0.5, "2": 0.8}, dt.date(2009, 1, 1), dt.date(2009, 2, 1))
    write_households(landing / "households.csv", {"1": "flat", "2": "flat"})
    (landing / "refused.csv").write_text("12,01JAN09:00:30:00,2,0.345\n", encoding="utf-8")
    with umask(mask):
        assert run(home, landing, report=mask == STRICTEST)["outcome"] == "published"
    files = modes_of(home)
    assert {path.split("/")[0] for path in files} >= {"lake", "warehouse", "runs"}
    held = {
        path: oct(mode)
        for path, mode in files.items()
        if not path.startswith(PUBLIC) and mode & (OTHERS | GROUP_WRITES)
    }
    assert held == {}
    owners = {
        path: oct(mode)
        for path, mode in files.items()
        if path.startswith(OWNERS_ALONE) and not path.endswith(".lock") and mode & 0o077
    }
    assert owners == {}
    assert (mask == STRICTEST) == any(path.endswith("index.html") for path in files)
    closed = {
        path: oct(mode)
        for path, mode in files.items()
        if path.startswith(PUBLIC) and "/." not in path and mode & 0o444 != 0o444
    }
    assert closed == {}
    written = {path: oct(mode) for path, mode in modes_of(home, folders=True).items() if mode & 0o022}
    assert written == {}  # whoever can write to a folder can put another file in a file's place
