"""Progress on standard error: bars on a terminal, one line per finished unit otherwise."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINE_EVERY_SECONDS = 2.0  # a stage of a thousand small files prints a line now and then, not a thousand


class Tick(Protocol):
    """Says that one more unit of a stage is done."""

    def __call__(self, name: str) -> None:
        """Name the unit."""


@contextmanager
def progress(stage: str, total: int) -> Iterator[Tick]:
    """Show how far a stage of `total` units is; the block gets a function to call after each."""
    if total == 0:
        yield lambda _name: None
    elif sys.stderr.isatty():
        yield from _bar(stage, total)
    else:
        yield from _lines(stage, total)


def _bar(stage: str, total: int) -> Iterator[Tick]:
    columns = (
        TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(stage, total=total)
        yield lambda _name: bar.advance(task)


def _lines(stage: str, total: int) -> Iterator[Tick]:
    lock, done, started, last = threading.Lock(), 0, time.monotonic(), 0.0

    def tick(name: str) -> None:
        nonlocal done, last
        with lock:
            done += 1
            now = time.monotonic()
            if done < total and now - last < LINE_EVERY_SECONDS:
                return
            last = now
            left = (now - started) / done * (total - done)
            say(f"{stage}: {done} of {total} ({name}), {left:.0f} s left" if done < total else f"{stage}: {total} done")

    yield tick


def say(message: str) -> None:
    """Print a message for people on standard error."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - the command line's voice
