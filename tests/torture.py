"""Faults injected into runs, each repeatable by its seed, and what has to hold after each.

A run takes in a second delivery and publishes it. At a step of one of its writes, or in all of it, something goes wrong; it is
a process of its own, so that it can die. What was published has to be whole, and the next run has to give the tables of a
quiet run: nothing is lost or doubled.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import errno
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import polars as pl

from tests import damaging
from tests.pipeline import differing, read_tables, write_edrp, write_households
from tests.publishing import run_here
from warehouse import writing

ROOT = Path(__file__).parents[1]
SPRING, SUMMER, AUTUMN = dt.date(2009, 3, 1), dt.date(2009, 5, 1), dt.date(2009, 6, 1)
HOMES = {str(n): 0.3 + 0.05 * n for n in range(1, 4)}
DROP_CAPABILITY, DAC_OVERRIDE, DAC_READ_SEARCH = 24, 1, 2  # of prctl and of Linux's capabilities
MEGABYTE = 2**20
OURS: Final = frozenset({"flows", "warehouse", "quality", "reports", "tests"})
DAYS_OFF = 400  # of a clock that is wrong
FAULTS: Final = (
    "killed", "terminated", "torn", "no space", "too large", "no right", "no memory", "clock back", "clock ahead", "damaged",
)  # fmt: skip
IN_A_WRITE: Final = frozenset({"killed", "terminated", "torn", "no space"})
FOLDERS: Final = ("lake", "warehouse", "runs", "lake/heat_hourly", "lake/sources", "warehouse/snapshots")
DAMAGES: Final = (damaging.remove, damaging.empty, damaging.cut, damaging.flip_bit)
CAUSES: Final = {
    "no space": "no space left on device", "too large": "file too large", "no right": "permission denied",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One fault: what goes wrong, and where, chosen by a seed."""

    seed: int
    fault: str
    step: int  # of all writes of the run, from 1
    share: float  # of whatever else is chosen

    @classmethod
    def choose(cls, seed: int, steps: int) -> Injection:
        """Return the injection of a seed; seeds in a row go through the faults."""
        chance = random.Random(seed)
        return cls(
            seed=seed, fault=FAULTS[seed % len(FAULTS)], step=chance.randint(1, steps - 1), share=chance.random()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A data folder before the second delivery, its tables, those of a quiet run after it, and the steps of that run."""

    home: Path
    before: dict[str, pl.DataFrame]
    quiet: dict[str, pl.DataFrame]
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an injection; `wrong` is empty where all held."""

    injection: Injection
    ended: int  # exit code of the injured run, or the signal that ended it, negative
    said: str
    wrong: tuple[str, ...]


def prepare(root: Path) -> Ground:
    """Make the ground of all injections."""
    home = root / "home"
    write_edrp(home / "landing" / "a.csv", HOMES, SPRING, SUMMER)
    write_households(home / "landing" / "households.csv", dict.fromkeys(HOMES, "flat"))
    assert run_here(home).outcome == "published"
    before = read_tables(home)
    shutil.copytree(home, root / "quiet", symlinks=True)
    for folder in (home, root / "quiet"):
        write_edrp(folder / "landing" / "b.csv", HOMES, SUMMER, AUTUMN)
    steps = counting_steps()
    assert run_here(root / "quiet").outcome == "published"
    writing.at_step = _NOTHING
    return Ground(home=home, before=before, quiet=read_tables(root / "quiet"), steps=len(steps))


_NOTHING = writing.at_step


def counting_steps() -> list[str]:
    """Count the steps of writes from now on, until another function is put in the place of `at_step`."""
    steps = list[str]()

    def count(step: str, target: Path) -> None:
        steps.append(f"{step} {target.name}")

    writing.at_step = count
    return steps


def inject(ground: Ground, injection: Injection, folder: Path) -> Outcome:
    """Let a run be injured, look at what it left, and let the next one run."""
    home = folder / "home"
    shutil.copytree(ground.home, home, symlinks=True, copy_function=shutil.copy2)
    if injection.fault == "damaged":
        ended, said = 0, damage_something(home, injection)
    else:
        ended, said = run_injured(home, injection)
    wrong = [*_judge_published(ground, home, injection), *_judge_message(ended, said, injection)]
    log = run_here(home)
    if log.outcome not in {"published", "unchanged"}:
        wrong.append(f"the next run ended as {log.outcome}: {log.failed_checks}")
    wrong += [f"table {name} differs from a quiet run's" for name in differing(ground.quiet, read_tables(home))]
    if run_here(home).outcome != "unchanged":
        wrong.append("the run after the next had something to do")
    return Outcome(injection=injection, ended=ended, said=said, wrong=tuple(wrong))


def damage_something(home: Path, injection: Injection) -> str:
    """Damage one file below the data folder, and say which and how."""
    chance = random.Random(injection.seed)
    rooms = ("lake", "warehouse", "runs")
    files = [path for room in rooms for path in sorted((home / room).rglob("*")) if path.is_file()]
    path = chance.choice([path for path in files if not path.name.startswith(".")])
    damage = chance.choice(DAMAGES)
    damage(path)
    return f"{damage.__name__} {path.relative_to(home)}"


def run_injured(home: Path, injection: Injection) -> tuple[int, str]:
    """Run in a process of its own in which the fault happens; return how it ended, and the last line that it said."""
    closed = home / FOLDERS[int(injection.share * len(FOLDERS))]
    is_closed = injection.fault == "no right"
    if is_closed:
        closed.chmod(stat.S_IRUSR | stat.S_IXUSR)
    arguments = [str(home), injection.fault, str(injection.step), str(injection.share)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.torture", *arguments], cwd=ROOT, capture_output=True, text=True, check=False,
            timeout=300, preexec_fn=_obey_rights if is_closed else None,
        )  # fmt: skip
    finally:
        closed.chmod(stat.S_IRWXU)
    lines = [line for line in done.stderr.splitlines() if line.startswith("hearth: ")]
    return done.returncode, lines[-1] if lines else ""


def _obey_rights() -> None:
    """Let a program that is started by root be bound by the rights of files as others are."""
    for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(DROP_CAPABILITY, capability, 0, 0, 0)


def _judge_published(ground: Ground, home: Path, injection: Injection) -> list[str]:
    """Say what is wrong with the published warehouse right after the fault; a disk that damages it is another matter."""
    if injection.fault in {"damaged", "torn"}:
        return []
    tables = read_tables(home)
    is_whole = differing(ground.before, tables) == [] or differing(ground.quiet, tables) == []
    return [] if is_whole else ["what is published is neither what was before nor what a quiet run gives"]


def _judge_message(ended: int, said: str, injection: Injection) -> list[str]:
    """Say what is wrong with what a run said that could say something."""
    if injection.fault.startswith("clock") and ended != 0:
        return [f"a wrong clock ended the run: {said}"]
    cause = CAUSES.get(injection.fault)
    if ended <= 0 or cause is None:
        return []
    return [] if cause in said and "; " in said else [f"it says neither cause nor next step: {said or 'nothing'}"]


def _fail_at(step: int, fault: str) -> Callable[[str, Path], None]:
    """Return what makes the fault happen at a step."""
    done = 0

    def at_step(name: str, target: Path) -> None:
        nonlocal done
        done += 1
        if fault == "torn" and done >= step and name == "renamed":
            damaging.cut(target)
            os.kill(os.getpid(), signal.SIGKILL)
        if done != step:
            return
        if fault == "no space":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        if fault in {"killed", "terminated"}:
            os.kill(os.getpid(), signal.SIGKILL if fault == "killed" else signal.SIGTERM)

    return at_step


def _shift_clock(days: float) -> None:
    """Let the clock be wrong that our own modules look at; libraries that are imported later keep theirs."""

    class AnyMoment(type):
        """A moment is one, whichever clock told it."""

        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, dt.datetime)

    class Wrong(dt.datetime, metaclass=AnyMoment):
        """A clock that is wrong by some days."""

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return dt.datetime.now(tz) + dt.timedelta(days=days)

    wrong = SimpleNamespace(**{**vars(dt), "datetime": Wrong})
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in OURS and getattr(module, "dt", None) is dt:
            module.dt = wrong  # type: ignore[attr-defined]


def _used_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def main() -> int:
    """Be the run in which the fault happens."""
    from flows.cli.run_here import describe_failure

    home, fault, step, share = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    if fault in IN_A_WRITE:
        writing.at_step = _fail_at(step, fault)
    elif fault == "too large":
        most = int(2_000 * 500**share)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    elif fault == "no memory":
        most = _used_bytes() + int(20 * MEGABYTE * 20**share)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    elif fault.startswith("clock"):
        _shift_clock(-DAYS_OFF * share if fault == "clock back" else DAYS_OFF * share)
    try:
        log = run_here(home)
    except Exception as error:  # noqa: BLE001 - as the command line tells it
        sys.stderr.write(f"hearth: {describe_failure(error)}\n")
        return 1
    return 0 if log.outcome in {"published", "unchanged"} else 1


if __name__ == "__main__":
    sys.exit(main())
