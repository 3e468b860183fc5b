"""What a unit of work leaves in the log of its run: one line with its counts, or with its error."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from warehouse.manifest import Manifest

R = TypeVar("R")


class Note(Protocol):
    """Writes one line to the log of a run."""

    def __call__(self, event: str, **told: object) -> None:
        """Name what happened, and say the rest in fields."""


def noted(note: Note, stage: str, unit: str, work: Callable[[], R]) -> Callable[[], R]:
    """Return `work` so that its end is noted, with seconds and counts."""

    def work_and_note() -> R:
        start = time.monotonic()
        try:
            done = work()
        except Exception as error:
            seconds = round(time.monotonic() - start, 3)
            note("unit failed", stage=stage, unit=unit, seconds=seconds, error=f"{type(error).__name__}: {error}")
            raise
        note("unit done", stage=stage, unit=unit, seconds=round(time.monotonic() - start, 3), **count(done))
        return done

    return work_and_note


def count(done: object) -> dict[str, object]:
    """Return the counts in what a unit of work returned."""
    if isinstance(done, Manifest):
        return done.model_dump(include={"source_id", "outcome", "lines", "readings", "rejects"})
    return dict(done) if isinstance(done, Mapping) else {}
