"""The events that units leave in the journal of their run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flows.journal import noted, noting
from warehouse.runs import read_events, write_event


def tell(folder: Path) -> list[tuple[Any, ...]]:
    """Return the events of a run with stage, unit and error."""
    return [(e["event"], e["stage"], e["unit"], e.get("error")) for e in read_events(folder, "r")]


def test_a_unit_is_noted_when_it_begins_and_with_its_counts_when_it_ends(tmp_path: Path) -> None:
    note = partial(write_event, tmp_path, "r")
    assert noted(note, "build months", "month 2009-01", lambda: {"readings": 48})() == {"readings": 48}
    assert tell(tmp_path) == [
        ("unit begun", "build months", "month 2009-01", None),
        ("unit done", "build months", "month 2009-01", None),
    ]
    assert read_events(tmp_path, "r")[1]["readings"] == 48


def test_a_unit_that_fails_is_noted_with_its_error_which_goes_on(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), noting(partial(write_event, tmp_path, "r"), "load", "snapshot"):
        raise OSError("the disk is full")
    assert tell(tmp_path)[1] == ("unit failed", "load", "snapshot", "OSError: the disk is full")


def test_a_unit_that_is_cut_short_was_begun_and_has_no_end(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), noting(partial(write_event, tmp_path, "r"), "gate", "snapshot"):
        raise KeyboardInterrupt
    assert tell(tmp_path) == [("unit begun", "gate", "snapshot", None)]
