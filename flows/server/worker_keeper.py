"""Prefect's worker, from its own side: it ends in order when its supervisor is gone, also if that was killed.

flows/server/up.py starts it as `python -m flows.server.worker_keeper worker start ...` with a pipe as its input. The
supervisor holds the other end and writes nothing, so the pipe ends with the supervisor. Otherwise the worker of a killed
`hearth up` would go on beside the worker of the next one.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 20.0  # time for its runs to end


def end_with_supervisor(pipe: int) -> None:
    """Wait for the end of the pipe, then end this process with SIGTERM, and after a while its group with SIGKILL."""
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    supervised = os.dup(sys.stdin.fileno())  # a copy, since the worker may close its input
    threading.Thread(target=end_with_supervisor, args=(supervised,), name="supervised", daemon=True).start()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
