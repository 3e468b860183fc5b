"""The bounds of one statement of `hearth sql`: time, memory, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from warehouse.reader import QueryError

LOOK_SECONDS = 0.05  # between two checks of the bounds
GIGABYTE = 1e9
RESIDENT = 1  # field of /proc/self/statm


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a statement may take, and how much memory in addition to what the process has already; None means any."""

    seconds: float | None
    memory_gb: float | None


UNBOUNDED = Bounds(seconds=None, memory_gb=None)


@contextmanager
def watching(interrupt: Callable[[], None], bounds: Bounds) -> Iterator[None]:
    """Interrupt the statement of this block when it breaks a bound or the user presses Ctrl-C.

    While DuckDB works, Python does not call its handler of SIGINT. But the signal writes a byte into a socket, and the
    watching thread sees it. DuckDB's own count of memory lacks the rows that it has returned, so the process is measured.

    Raises
    ------
    QueryError
        If a bound was broken; the message names the setting.

    """
    with _signals_as_bytes() as signals:
        watch = _Watch(interrupt, bounds, signals)
        watch.start()
        try:
            yield
        except (QueryError, RuntimeError):  # DuckDB raises the latter if it sees the signal itself
            if watch.broken is not None:
                raise QueryError(watch.broken) from None
            if watch.was_signalled():
                raise KeyboardInterrupt from None
            raise
        finally:
            watch.end()


class _Watch(threading.Thread):
    """A thread that checks time, memory and signals while a statement runs."""

    def __init__(self, interrupt: Callable[[], None], bounds: Bounds, signals: socket.socket | None) -> None:
        super().__init__(name="sql bounds", daemon=True)
        self.interrupt, self.bounds, self.signals = interrupt, bounds, signals
        self.began, self.before_gb = time.monotonic(), measure_memory_gb()
        self.ended = threading.Event()
        self.broken: str | None = None  # message about the bound that was broken
        self.signalled = False

    def run(self) -> None:
        """Interrupt until the statement ends; once is not enough, since DuckDB ignores it between two parts of its work."""
        while not self.ended.wait(LOOK_SECONDS):
            self.broken = self.broken or _what_is_broken(self.bounds, self.began, self.before_gb)
            if self.broken is not None or self.was_signalled():
                self.interrupt()

    def was_signalled(self) -> bool:
        """Say whether a signal came."""
        self.signalled = self.signalled or (self.signals is not None and _has_bytes(self.signals))
        return self.signalled

    def end(self) -> None:
        """End the thread."""
        self.ended.set()
        self.join()


def _what_is_broken(bounds: Bounds, began: float, before_gb: float) -> str | None:
    if bounds.seconds is not None and time.monotonic() - began > bounds.seconds:
        return (
            f"the statement was ended after {bounds.seconds:g} s; ask for less, or set sql_seconds (HEARTH_SQL_SECONDS)"
        )
    if bounds.memory_gb is not None and measure_memory_gb() - before_gb > bounds.memory_gb:
        return (
            f"the statement was ended at {bounds.memory_gb:g} GB of memory; ask for less, or set sql_memory_gb "
            "(HEARTH_SQL_MEMORY_GB)"
        )
    return None


def measure_memory_gb() -> float:
    """Return the memory of this process [GB]."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[RESIDENT])
    return pages * os.sysconf("SC_PAGE_SIZE") / GIGABYTE


@contextmanager
def _signals_as_bytes() -> Iterator[socket.socket | None]:
    """Give a socket into which each signal writes a byte; None outside the main thread, since only that gets signals."""
    if threading.current_thread() is not threading.main_thread():
        yield None
        return
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(before)


def _has_bytes(reader: socket.socket) -> bool:
    try:
        return bool(reader.recv(64))
    except BlockingIOError:
        return False
