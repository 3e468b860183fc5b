"""What a command costs: processor time, clock, memory and bytes written of all processes that it starts.

A process may leave its parent, as a server does. So those of a command are found by a word in their environment, which every
process hands on.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MARK = "BENCHMARK_OF"
EVERY_S = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one piece of work costs."""

    processor_s: float
    clock_s: float
    memory_mb: float  # the most that all of its processes held at a time
    largest_mb: float  # the most that one of them held
    written_mb: float


@dataclass
class _Watch:
    """What was last seen of the processes that carry a mark."""

    mark: bytes
    processor_s: dict[int, float] = field(default_factory=dict)
    written: dict[int, int] = field(default_factory=dict)
    memory: int = 0
    largest: int = 0
    others: set[int] = field(default_factory=set)

    def look(self) -> None:
        """Look at every process once."""
        held = [self._look_at(int(folder.name)) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
        self.memory = max(self.memory, sum(held))
        self.largest = max(self.largest, *held)

    def _look_at(self, process: int) -> int:
        """Return the memory that a process holds [B], 0 where it is none of ours or has ended."""
        folder = Path(f"/proc/{process}")
        if process in self.others:
            return 0
        try:
            if process not in self.processor_s and self.mark not in (folder / "environ").read_bytes():
                self.others.add(process)
                return 0
            times = (folder / "stat").read_text().rpartition(")")[2].split()
            self.processor_s[process] = (int(times[11]) + int(times[12])) / _TICKS
            counts = dict(line.split(": ") for line in (folder / "io").read_text().splitlines())
            self.written[process] = int(counts["write_bytes"])
            return int((folder / "statm").read_text().split()[1]) * _PAGE
        except (OSError, KeyError):
            return 0


def run_measured(command: Sequence[str], environment: Mapping[str, str] | None = None) -> tuple[Cost, str]:
    """Run a command to its end, and return what it cost and what it said on standard output.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.

    """
    mark = uuid.uuid4().hex
    watch, ended = _Watch(mark.encode()), threading.Event()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    def keep_looking() -> None:
        while not ended.wait(EVERY_S):
            watch.look()

    thread = threading.Thread(target=keep_looking)
    start = time.perf_counter()
    thread.start()
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(environment or {}), MARK: mark},
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        )
    finally:
        ended.set()
        thread.join()
    clock_s = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # the system counts a child to its last moment, the watch also those that left their parent
    of_children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost = Cost(
        processor_s=max(sum(watch.processor_s.values()), of_children),
        clock_s=clock_s,
        memory_mb=watch.memory / 1e6,
        largest_mb=watch.largest / 1e6,
        written_mb=max(sum(watch.written.values()), (after.ru_oublock - before.ru_oublock) * 512) / 1e6,
    )
    return cost, done.stdout
