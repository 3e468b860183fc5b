"""Who works on units: threads of this process, or the workers of a Dask cluster.

In both cases a unit is a Prefect task of this process. The task sends its work to Dask, so that retries, progress and the
log of the run stay here, and workers need neither Prefect's server nor its credential. It sends the address of the lake and
the unit; the worker itself reads and writes the lake. If a worker dies, Dask gives its work to another one
(docs/decisions/0028-dask-under-tasks.md).
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

CONNECT_SECONDS: Final = 10  # time for the scheduler to answer, and for a first worker to come
LOOK_SECONDS: Final = 30.0  # interval at which a waiting unit checks that a worker is left
MOST_AT_A_TIME: Final = 1024  # threads of this process that wait for workers, at most


class WorkersError(OSError):
    """The workers cannot be used; the message says why and what to do."""


class Workers(Protocol):
    """The threads or processes that work on units."""

    @property
    def at_a_time(self) -> int:
        """How many units are worked on at a time."""

    def submit(self, unit: Task[[], R]) -> PrefectFuture[R]:
        """Start a task beside others."""

    def do(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `work` on a worker and return its result."""

    def see(self, folder: Path) -> bool:
        """Say whether every worker sees the same folder under this path as this process."""


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of this process."""

    at_a_time: int

    def submit(self, unit: Task[[], R]) -> PrefectFuture[R]:
        """Start a task on a thread of the flow."""
        return unit.submit()

    def do(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `work` on this thread."""
        return work(*args, **kwargs)

    def see(self, folder: Path) -> bool:
        """Return True: the workers are threads of this process."""
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
        """Start a task on a thread that waits for a worker."""
        return self.runner.submit(unit, {})

    def do(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `work` on a worker of the cluster.

        Raises
        ------
        WorkersError
            If the scheduler is gone, several workers died while they did this work, or the worker has another version of
            Hearth.

        """
        from distributed import CancelledError, KilledWorker
        from distributed.comm import CommClosedError

        whole = functools.partial(work, *args, **kwargs)
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
        """Say whether the folder of every worker has the same time of its last change, to the nanosecond."""
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
    """Give the workers that the settings name.

    Raises
    ------
    WorkersError
        If the scheduler does not answer, or has no worker.

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
    """Do work for another process, after checking that both have the same code and libraries."""
    if hash_code_of_numbers() != code:
        raise WorkersError("a Dask worker has another version of Hearth, or of its libraries, than this machine")
    return work()
