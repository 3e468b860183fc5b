"""The lines of a unit of work in the journal of its run: one when it begins, and one with its counts or its error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

from warehouse.manifest import Manifest

R = TypeVar("R")


class Note(Protocol):
    """Writes one line to the journal of a run."""

    def __call__(self, event: str, **fields: object) -> None:
        """Write an event with its fields."""


@contextmanager
def noting(note: Note, stage: str, unit: str) -> Iterator[dict[str, object]]:
    """Write the beginning of a unit, and its end with seconds and with the counts that the block puts into the mapping.

    A unit without an end was under way when its run was killed.
    """
    start, counts = time.monotonic(), dict[str, object]()
    note("unit begun", stage=stage, unit=unit)
    try:
        yield counts
    except Exception as error:
        seconds = round(time.monotonic() - start, 3)
        note("unit failed", stage=stage, unit=unit, seconds=seconds, error=f"{type(error).__name__}: {error}")
        raise
    note("unit done", stage=stage, unit=unit, seconds=round(time.monotonic() - start, 3), **counts)


def noted(note: Note, stage: str, unit: str, work: Callable[[], R]) -> Callable[[], R]:
    """Return a function that does `work` and writes its beginning, and its end with seconds and counts."""

    def work_and_note() -> R:
        with noting(note, stage, unit) as counts:
            done = work()
            counts.update(count(done))
        return done

    return work_and_note


def count(done: object) -> dict[str, object]:
    """Return the counts in the result of a unit of work."""
    if isinstance(done, Manifest):
        return done.model_dump(include={"source_id", "outcome", "lines", "readings", "rejects"})
    return dict(done) if isinstance(done, Mapping) else {}
