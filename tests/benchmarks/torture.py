"""Many faults injected into runs: `python -m tests.benchmarks.torture --injections 60 --first-seed 0`.

Each seed is one fault that can be repeated: `--injections 1 --first-seed 17`. With `--write` docs/reliability.md says what was
tried, how often, and what was lost. Faults of servers, workers and two runs together are those of `kills` and `meetings`.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.torture import FAULTS, ROOT, Injection, Outcome, inject, prepare

PAGE = ROOT / "docs" / "reliability.md"
MEANING = {
    "killed": "SIGKILL at a step of a write",
    "terminated": "SIGTERM at a step of a write",
    "torn": "a file that was just put in place is cut in half, as by a power cut, and the process killed",
    "no space": "the disk is full at a step of a write (ENOSPC)",
    "too large": "no file may grow beyond a limit of 2 kB to 1 MB (RLIMIT_FSIZE)",
    "no right": "a folder may not be written",
    "no memory": "the process gets 20 to 400 MB beyond what it holds after its imports (RLIMIT_AS)",
    "clock back": "the clock is up to 400 days behind",
    "clock ahead": "the clock is up to 400 days ahead",
    "damaged": "between two runs a file of lake, warehouse or runs is deleted, emptied, cut, or one bit of it turned over",
}


def campaign(seeds: Sequence[int], root: Path, minutes: float) -> tuple[list[Outcome], int]:
    """Inject the faults of some seeds and return what came of each, and how many steps of writes a run has."""
    ground = prepare(root / "ground")
    outcomes, deadline = list[Outcome](), time.monotonic() + 60 * minutes
    for seed in seeds:
        if time.monotonic() > deadline:
            break
        injection = Injection.choose(seed, ground.steps)
        with tempfile.TemporaryDirectory(dir=root) as folder:
            outcome = inject(ground, injection, Path(folder))
        outcomes.append(outcome)
        what = f"seed {seed:>3} {injection.fault:<11} step {injection.step:>3}: ended {outcome.ended:>3} {outcome.said[:90]}"
        tell(what + "".join(f"\n    WRONG: {one}" for one in outcome.wrong))
    return outcomes, ground.steps


def describe(outcomes: Sequence[Outcome], steps: int, command: str) -> str:
    """Return the page of a campaign."""
    tried, wrong, hurt = Counter[str](), Counter[str](), Counter[str]()
    for outcome in outcomes:
        fault = outcome.injection.fault
        tried[fault] += 1
        wrong[fault] += bool(outcome.wrong)
        hurt[fault] += outcome.ended != 0
    rows = [f"| {fault} | {MEANING[fault]} | {tried[fault]} | {hurt[fault]} | {wrong[fault]} |" for fault in FAULTS]
    return "\n".join(
        [
            "# What was tried against it",
            "",
            f"`{command}` injected {len(outcomes)} faults into runs that take in a delivery and publish it",
            f"(Python {platform.python_version()}; such a run has {steps} steps of writes). After each fault the next run has to give the",
            "tables of a quiet run to the last bit, so that nothing is lost or doubled, and the run after it has to have nothing to do.",
            "What is published right after the fault has to be what was before or what a quiet run gives; after `torn` and `damaged`, which",
            "may hit it, the next run has to bring it back. A run that `no space`, `too large` or `no right` ended has to name cause and",
            "next step.",
            "",
            "| fault | what happens | injected | ended the run | something was wrong afterwards |",
            "|---|---|---|---|---|",
            *rows,
            f"| all | | {tried.total()} | {hurt.total()} | {wrong.total()} |",
            "",
            "Each seed is one fault and can be repeated: `python -m tests.benchmarks.torture --injections 1 --first-seed SEED`.",
            "`make test` injects five of these kinds once (`tests/integration/test_torture.py`), and damages each kind of file",
            "(`tests/integration/test_healing.py`). Kills with a server and a worker are `python -m tests.benchmarks.kills`, two runs and a",
            "reader together `python -m tests.benchmarks.meetings`, kills while a home is forgotten `tests/e2e/test_forgetting_kills.py`.",
            "A lake in a bucket is not among them: `tests/integration/test_cluster.py` kills a worker that writes to one.",
            "",
        ]
    )


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the campaign; 1 if something was wrong after a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--injections", type=int, default=60)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=120, help="no fault is injected later")
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    asked = parser.parse_args()
    start, seeds = time.monotonic(), range(asked.first_seed, asked.first_seed + asked.injections)
    with tempfile.TemporaryDirectory(prefix="hearth-torture-") as root:
        outcomes, steps = campaign(seeds, Path(root), asked.minutes)
    bad = [outcome for outcome in outcomes if outcome.wrong]
    tell(f"{len(outcomes)} faults in {time.monotonic() - start:.0f} s; something was wrong after {len(bad)}")
    if asked.write:
        command = f"python -m tests.benchmarks.torture --injections {len(outcomes)} --first-seed {asked.first_seed}"
        PAGE.write_text(describe(outcomes, steps, command), encoding="utf-8")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
