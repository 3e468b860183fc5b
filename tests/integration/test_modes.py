"""Who can read what a run leaves: files that hold homes are nobody's business but the owner's and the group's."""

from __future__ import annotations

import stat
from pathlib import Path


def modes_below(folder: Path) -> set[int]:
    """Return the modes of all files below a folder but locks, which hold nothing."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock")]
    assert files
    return {stat.S_IMODE(path.stat().st_mode) for path in files}


def test_a_run_leaves_no_file_with_homes_that_everybody_can_read(sample_home: Path) -> None:
    home = sample_home / "hearth-data"
    assert modes_below(home / "lake") == {0o640}
    assert modes_below(home / "runs") == {0o640}
    assert modes_below(home / "warehouse") == {0o440}
    assert modes_below(home / "releases") == {0o600}
