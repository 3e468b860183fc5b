"""Keeping a run's Prefect server alive: a server that was killed is started again at the same address."""

from __future__ import annotations

import fcntl
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from flows.server.client import PrefectServer, join_or_start
from flows.server.files import ServerError, ServerFiles, try_lock

LOOK_SECONDS = 1.0
MOST_REVIVALS = 3  # if a server dies more often, starting it again does not remove the cause
FAILED = 1  # exit code


@contextmanager
def kept_alive(server: PrefectServer) -> Iterator[None]:
    """Start the server of this block again if it is killed; if that fails, end this process with a message.

    Prefect's client retries a request to a server that is gone for minutes. A process may be killed at any moment without
    loss, so ending it is the quick way out.
    """
    if server.files is None:  # a configured server, which is not ours to start
        yield
        return
    reviver = _Reviver(server.files, server.url)
    reviver.start()
    try:
        yield
    finally:
        reviver.ended.set()
        reviver.join()


class _Reviver(threading.Thread):
    """A thread that watches the server's lock, which the operating system releases when the server dies."""

    def __init__(self, files: ServerFiles, url: str) -> None:
        super().__init__(name="prefect-reviver", daemon=True)
        self.files, self.url = files, url
        self.ended = threading.Event()

    def run(self) -> None:
        """Look until the block ends."""
        revivals = 0
        while not self.ended.wait(LOOK_SECONDS):
            if self._lives():
                continue
            revivals += 1
            try:
                self._revive(revivals)
            except (ServerError, OSError) as error:
                _end_process(error)

    def _lives(self) -> bool:
        lock = try_lock(self.files.server_lock, fcntl.LOCK_SH)
        if lock is not None:
            os.close(lock)
        return lock is None

    def _revive(self, revivals: int) -> None:
        if revivals > MOST_REVIVALS:
            message = f"it was started again {MOST_REVIVALS} times; see {self.files.log}"
            raise ServerError(message)
        url = join_or_start(self.files, schedules=self.files.schedules(), port=urlsplit(self.url).port or 0)
        if url != self.url:  # another user started it first, at another port since this one was taken
            message = f"it listens at {url} now, and no longer at {self.url}"
            raise ServerError(message)


def _end_process(error: Exception) -> None:
    message = f"hearth: the run failed: the Prefect server was killed, and cannot be started again: {error}"
    print(f"{message}; finished work is kept; the same command goes on from there", file=sys.stderr, flush=True)  # noqa: T201 - for people
    os._exit(FAILED)
