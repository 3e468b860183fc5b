"""Progress on standard error: a bar on a terminal, a line now and then otherwise; both with rate and time left."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from flows.printable import escape_controls

LINE_EVERY_SECONDS: Final = (
    2.0  # between two lines, so that a stage of a thousand small files does not print a thousand
)
SIGN_OF_LIFE_SECONDS: Final = 15.0  # after this time a line is printed although no piece has ended
GUESS_AFTER_SHARE: Final = 0.02  # share of the work after which the time left is estimated; earlier it would be a guess
NUMBERS: Final = ((1e9, "billion "), (1e6, "million "), (1e3, "thousand "))
SIZES: Final = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
BYTES: Final = "bytes"
MINUTE: Final = 60
HOUR: Final = 3600


@dataclass(slots=True, kw_only=True)
class StageProgress:
    """How far a stage is: its pieces, and the amount of work in them, such as readings or bytes."""

    name: str
    pieces: int
    amount: float
    unit: str
    started: float = field(default_factory=time.monotonic)
    pieces_done: int = 0
    amount_done: float = 0
    last_piece_s: float = 0  # seconds from the start to the end of the last piece

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def left_s(self) -> float | None:
        """Seconds left at the rate so far; None if it is too early to say."""
        if not self.amount_done or self.amount_done < GUESS_AFTER_SHARE * self.amount:
            return None
        whole_s = self.last_piece_s / self.amount_done * self.amount
        return max(whole_s - self.elapsed_s, 0.0)

    @property
    def rate(self) -> str:
        """The rate so far in words, such as `1.2 million readings/s`; empty if there is none to show."""
        if not self.unit or not self.amount_done or not self.last_piece_s or self.pieces == 1:
            return ""
        return describe_rate(self.amount_done / self.last_piece_s, self.unit)

    @property
    def is_done(self) -> bool:
        """Whether every piece is done."""
        return self.pieces_done == self.pieces

    def add(self, pieces: int, amount: float) -> None:
        """Count work that is done."""
        self.pieces_done += pieces
        self.amount_done += amount
        self.last_piece_s = self.elapsed_s

    def describe(self, piece: str) -> str:
        """Return one line about how far the stage is."""
        took = describe_seconds(self.elapsed_s)
        if self.is_done:
            done = f"{self.pieces:,} done" if self.pieces > 1 else "done"
            return "".join([f"{self.name}: {done} in {took}", *_clauses(self.rate)])
        count = f"{self.name}: {self.pieces_done:,} of {self.pieces:,}{f' ({piece})' if piece else ''}"
        return "".join([count, *_clauses(self.rate, self._time_left or f"{took} so far")])

    def describe_shortly(self) -> str:
        """Return the text beside a bar: how far the stage is."""
        count = f"{self.pieces_done:,}/{self.pieces:,}" if self.pieces > 1 else ""
        took = describe_seconds(self.elapsed_s)
        return "  ".join(filter(None, [count, self.rate, took if self.is_done else self._time_left or took]))

    @property
    def _time_left(self) -> str:
        return "" if self.left_s is None else f"{describe_seconds(self.left_s)} left"


class Tick(Protocol):
    """Reports that a piece of a stage is done."""

    def __call__(self, piece: str = "", amount: float = 1, *, pieces: int = 1) -> None:
        """Report the piece and the amount of work in it."""


@contextmanager
def progress(stage: str, pieces: int, *, unit: str = "units", amount: float | None = None) -> Iterator[Tick]:
    """Show how far a stage is; the block gets a function to call after each piece.

    Parameters
    ----------
    stage
        Name of the stage.
    pieces
        Number of pieces of work.
    unit, amount
        What the rate counts (empty for no rate), and how much of it is in all pieces; by default the pieces themselves.

    """
    state = StageProgress(name=stage, pieces=pieces, amount=pieces if amount is None else amount, unit=unit)
    if pieces == 0:
        yield lambda piece="", amount=1, *, pieces=1: None  # noqa: ARG005 - nothing is to be told
    elif sys.stderr.isatty():
        yield from _bar(state)
    else:
        yield from _lines(state)


@contextmanager
def working(stage: str) -> Iterator[None]:
    """Show that one piece of work goes on, and how long it took; its progress is not known."""
    with progress(stage, 1) as tick:
        yield
        tick()


class _TextBeside(ProgressColumn):
    """How far a stage is, in words; it is asked at each refresh, so that the time goes on between two pieces."""

    def __init__(self, state: StageProgress) -> None:
        super().__init__()
        self.state = state

    def render(self, task: Task) -> Text:
        """Return count, rate and time left."""
        del task
        return Text(self.state.describe_shortly())


def _bar(state: StageProgress) -> Iterator[Tick]:
    columns = (TextColumn("{task.description:<20}"), BarColumn(bar_width=16), _TextBeside(state))
    lock = threading.Lock()
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as bar:
        task = bar.add_task(
            state.name, total=None if state.pieces == 1 else state.amount
        )  # with None the bar moves to and fro

        def tick(piece: str = "", amount: float = 1, *, pieces: int = 1) -> None:
            del piece
            with lock:
                state.add(pieces, amount)
                bar.update(task, total=state.amount, completed=state.amount_done)

        yield tick


def _lines(state: StageProgress) -> Iterator[Tick]:
    lock, ended = threading.Lock(), threading.Event()
    last = state.started

    def tell(piece: str = "", *, after_seconds: float) -> None:
        nonlocal last
        if time.monotonic() - last >= after_seconds:
            last = time.monotonic()
            say(state.describe(piece))

    def tick(piece: str = "", amount: float = 1, *, pieces: int = 1) -> None:
        with lock:
            state.add(pieces, amount)
            tell(piece, after_seconds=0 if state.is_done else LINE_EVERY_SECONDS)

    def show_life() -> None:
        while not ended.wait(1):
            with lock:
                tell(after_seconds=SIGN_OF_LIFE_SECONDS)

    threading.Thread(target=show_life, name="progress", daemon=True).start()
    try:
        yield tick
    finally:
        ended.set()
        if state.pieces_done and not state.is_done:  # after an error: how far it came
            say(state.describe(""))


def _clauses(*said: str) -> list[str]:
    return [f", {text}" for text in said if text]


def describe_rate(per_second: float, unit: str) -> str:
    """Return a rate with three digits, such as `1.24 million readings/s` or `88.1 MB/s`."""
    scale = SIZES if unit == BYTES else NUMBERS
    size, name = next(((size, name) for size, name in scale if per_second >= size), (1, "B" if unit == BYTES else ""))
    return f"{per_second / size:.3g} {name}{'' if unit == BYTES else unit}/s"


def describe_seconds(seconds: float) -> str:
    """Return a time in words: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def say(message: str) -> None:
    """Print a message on standard error; a closed pipe there does not stop the work."""
    with suppress(BrokenPipeError):
        print(escape_controls(message), file=sys.stderr, flush=True)  # noqa: T201 - the command line's voice
