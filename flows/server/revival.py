"""A run outlives its Prefect server: one that was killed is started again at the same address."""

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
MOST_REVIVALS = 3  # a server that dies again and again has a cause that no new start removes
FAILED = 1  # exit code


@contextmanager
def kept_alive(server: PrefectServer) -> Iterator[None]:
    """Start the server of this block again when it is killed; where that fails, end this process with a message.

    Prefect's own client asks a server that is gone again and again, for minutes per request. A process may be killed at
    any moment without loss, so that its end is the bounded way out.
    """
    if server.files is None:  # it is somebody else's
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
    """Looks for the server's lock, which the operating system takes from a process that dies."""

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
        if url != self.url:  # another user of this home was quicker, and found the port taken
            message = f"it listens at {url} now, and no longer at {self.url}"
            raise ServerError(message)


def _end_process(error: Exception) -> None:
    told = f"hearth: the run failed: the Prefect server was killed, and cannot be started again: {error}"
    print(f"{told}; what was finished is kept; the same command goes on from there", file=sys.stderr, flush=True)  # noqa: T201 - for people
    os._exit(FAILED)
