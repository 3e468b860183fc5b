"""The words of the command line for a failed run: the cause, and the next step."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import duckdb
import pytest

from flows.cli.run_here import describe_failure
from warehouse.lake import DamagedObjectError


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a/b"),
            ("/a/b: no space left on device", "free some space"),
        ),
        (OSError(errno.EFBIG, os.strerror(errno.EFBIG), "/a/b"), ("/a/b: file too large", "ulimit -f")),
        (MemoryError(), ("not enough memory", "HEARTH_WORKERS=1")),
        (duckdb.OutOfMemoryException("Out of Memory Error: failed"), ("not enough memory", "HEARTH_WORKERS=1")),
        (
            DamagedObjectError(Path("/lake"), "cell/x", "cut"),
            ("/lake/cell/x is damaged: cut", "hearth doctor --repair"),
        ),
    ],
)
def test_a_failure_of_the_machine_is_explained_with_cause_and_next_step(
    error: Exception, parts: tuple[str, str]
) -> None:
    said = describe_failure(error)
    assert [part for part in parts if part not in said] == []
