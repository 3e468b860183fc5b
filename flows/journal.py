"""What a unit of work leaves in the log of its run: a line when it begins, and one with its counts or its error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

from warehouse.manifest import Manifest

R = TypeVar("R")


class Note(Protocol):
    """Writes one line to the log of a run."""

    def __call__(self, event: str, **told: object) -> None:
        """Name what happened, and say the rest in fields."""


@contextmanager
def noting(note: Note, stage: str, unit: str) -> Iterator[dict[str, object]]:
    """Note the beginning of a unit and its end with seconds; the block puts its counts into what it is given.

    A unit that was begun and has no end is what a killed run was at.
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
    """Return `work` so that its beginning is noted, and its end with seconds and counts."""

    def work_and_note() -> R:
        with noting(note, stage, unit) as counts:
            done = work()
            counts.update(count(done))
        return done

    return work_and_note


def count(done: object) -> dict[str, object]:
    """Return the counts in what a unit of work returned."""
    if isinstance(done, Manifest):
        return done.model_dump(include={"source_id", "outcome", "lines", "readings", "rejects"})
    return dict(done) if isinstance(done, Mapping) else {}
