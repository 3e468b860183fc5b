"""Where units are worked on: on threads of this process, or on the workers of a Dask cluster.

A unit is a Prefect task of this process in both cases. Its work is sent to Dask from inside the task, so that retries,
progress and the log of the run stay here, and workers need neither Prefect's server nor its credential. What is sent is
the lake's place and the unit; a worker reads and writes the lake by itself. Dask gives the work of a worker that died to
another one (docs/decisions/0028-dask-under-tasks.md).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, ParamSpec, Protocol, TypeVar

from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import Task

from flows.pipeline.stages import hash_code_of_numbers
from flows.progress import say
from flows.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

CONNECT_SECONDS: Final = 10
LOOK_SECONDS: Final = 30.0  # between two looks at whether a worker is left
MOST_AT_A_TIME: Final = 1024  # threads of this process that wait for workers


class WorkersError(OSError):
    """Workers are not as a run needs them; the message says why and what to do."""


class Workers(Protocol):
    """Who works on units."""

    @property
    def at_a_time(self) -> int:
        """How many units are worked on at a time."""

    def submit(self, unit: Task[[], R]) -> PrefectFuture[R]:
        """Begin a task beside others."""

    def do(self, work: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
        """Do what can be done anywhere, and return what it returns."""

    def see(self, folder: Path) -> bool:
        """Say whether whoever works sees the folder that this process sees."""


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of this process."""

    at_a_time: int

    def submit(self, unit: Task[[], R]) -> PrefectFuture[R]:
        """Begin a task on a thread of the flow."""
        return unit.submit()

    def do(self, work: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
        """Do the work on this thread."""
        return work(*given, **named)

    def see(self, folder: Path) -> bool:
        """Say that the folder is seen: it is this process that works."""
        del folder
        return True


@dataclass(frozen=True, slots=True)
class DaskWorkers:
    """The workers of a Dask scheduler; a thread of this process waits for each unit."""

    client: Any
    runner: ThreadPoolTaskRunner[Any]
    code: str

    @property
    def at_a_time(self) -> int:
        """How many units are worked on at a time: one for each thread of the workers."""
        threads = int(sum(self.client.nthreads().values()))
        return max(1, min(threads, MOST_AT_A_TIME))

    def submit(self, unit: Task[[], R]) -> PrefectFuture[R]:
        """Begin a task on a thread that may wait."""
        return self.runner.submit(unit, {})

    def do(self, work: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
        """Let a worker do the work.

        Raises
        ------
        WorkersError
            If the scheduler is gone, workers died of the work, or another version of Hearth is installed there.

        """
        from distributed import CancelledError, KilledWorker
        from distributed.comm import CommClosedError

        whole = functools.partial(work, *given, **named)
        try:
            sent = self.client.submit(_work_with_same_code, self.code, whole, pure=False)
            while not self._has_ended(sent):
                if not self.client.nthreads():
                    say("no Dask worker is left; waiting for one")
            done: R = sent.result()
        except KilledWorker as error:
            lost = error.allowed_failures + 1
            raise WorkersError(f"{lost} Dask workers died of it, one after the other: give them more memory") from None
        except (CancelledError, CommClosedError) as error:
            raise WorkersError(f"the Dask scheduler was lost: {type(error).__name__}") from None
        return done

    def see(self, folder: Path) -> bool:
        """Say whether every worker sees the folder that this process sees: one that changed at the same nanosecond."""
        seen = self.client.run(os.stat, str(folder), on_error="return")
        changed = folder.stat().st_mtime_ns
        return all(getattr(stat, "st_mtime_ns", None) == changed for stat in seen.values())

    def _has_ended(self, sent: Any) -> bool:
        from distributed import wait

        try:
            with self.client.as_current():
                wait(sent, timeout=LOOK_SECONDS)
        except TimeoutError:
            return False
        return True


@contextmanager
def open_workers(settings: Settings) -> Iterator[Workers]:
    """Give whoever works on the units of a run.

    Raises
    ------
    WorkersError
        If the scheduler does not answer, or no worker comes.

    """
    if settings.task_runner == "threads":
        yield Threads(settings.workers)
        return
    from distributed import Client

    address = str(settings.dask_scheduler)
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except OSError:
        raise WorkersError(f"no Dask scheduler answers at {address}, which dask_scheduler names") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except OSError:
            raise WorkersError(
                f"the Dask scheduler at {address} has no worker; start some: dask worker {address}"
            ) from None
        say(f"units go to {len(client.nthreads())} Dask workers of {address}")
        runner: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=MOST_AT_A_TIME)
        with runner:
            yield DaskWorkers(client, runner, hash_code_of_numbers())


def _work_with_same_code(code: str, work: Callable[[], R]) -> R:
    """Do the work of another process, whose code and libraries must be those of this one."""
    if hash_code_of_numbers() != code:
        raise WorkersError("a Dask worker has another version of Hearth, or of its libraries, than whoever asks it")
    return work()
