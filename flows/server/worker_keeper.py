"""Prefect's worker, from its own side: it ends in order when its supervisor is gone, also when that was killed.

Started by flows/server/up.py as `python -m flows.server.worker_keeper worker start ...` with a pipe for its input, of which the supervisor
holds the other end: nothing comes through it, and it ends with the supervisor. Else a killed `hearth up` would leave a
worker that asks for runs beside the next one's.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 20.0  # for its runs to end


def end_with_supervisor(pipe: int) -> None:
    """Wait for the end of the pipe, then ask this process to end, and after a while do not ask."""
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    supervised = os.dup(sys.stdin.fileno())  # what the worker does with its input must not matter
    threading.Thread(target=end_with_supervisor, args=(supervised,), name="supervised", daemon=True).start()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
