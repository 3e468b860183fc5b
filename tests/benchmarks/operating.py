"""What campaigns on a real server and worker share: deliveries night by night, and what came of them."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from tests.pipeline import differing, write_edrp, write_households
from tests.running_up import Up

HOMES = {str(n): 0.25 + 0.05 * n for n in range(1, 13)}
WEEK = dt.timedelta(days=7)
# A home knows of every content that a path had; a run over everything that lies there now knows the last one alone. These
# tables have rows of replaced content too, and these columns count or hash it.
LEDGER = ("source", "flag_count", "source_level")
OF_REPLACED = ("fingerprint", "data_fingerprint", "readings")
KEEP_ALL = {"snapshots_keep": "1000", "collect_after_days": "0"}


class Deliveries:
    """A landing folder: some months of 2009 at first, then by each delivery a new week and a month that is corrected."""

    def __init__(self, folder: Path, months: int) -> None:
        self.folder, self.made = folder, 0
        self.months = [dt.date(2009, month, 1) for month in range(1, months + 1)]
        self.end = _next_month(self.months[-1])
        write_households(folder / "households.csv", dict.fromkeys(HOMES, "flat"))
        for month in self.months:
            self._write_month(month, 1.0)

    def deliver(self) -> None:
        """Add a week, and put other values into a month."""
        begin = self.end + self.made * WEEK
        write_edrp(self.folder / f"week-{begin}.csv", HOMES, begin, begin + WEEK)
        self._write_month(self.months[self.made % len(self.months)], 1 + 0.002 * (1 + self.made))
        self.made += 1

    def _write_month(self, first: dt.date, factor: float) -> None:
        levels = {home: factor * level for home, level in HOMES.items()}
        write_edrp(self.folder / f"month-{first:%Y-%m}.csv", levels, first, _next_month(first))


def _next_month(first: dt.date) -> dt.date:
    return (first + dt.timedelta(days=32)).replace(day=1)


def different_tables(serial: dict[str, pl.DataFrame], home: dict[str, pl.DataFrame]) -> list[str]:
    """Return the tables in which a home differs from a run over everything that lies in its landing folder now."""
    now = serial["source"].select("source_id")
    of_now = {name: home[name].join(now, on="source_id", how="semi", maintain_order="left") for name in LEDGER}
    of_now["build_month"] = home["build_month"].drop(OF_REPLACED)
    expected = serial | {"build_month": serial["build_month"].drop(OF_REPLACED)}
    return differing(expected, home | of_now)


@contextmanager
def operated(folder: Path, landing: Path) -> Iterator[Up]:
    """Give a running `hearth up` that keeps every snapshot, and stop it in order at the end."""
    up = Up(folder / "home", landing, **KEEP_ALL)
    try:
        yield up
    finally:
        up.close()


@contextmanager
def workplace(name: str) -> Iterator[Path]:
    """Give a folder that goes at the end, unless an error ends the block: then it is named."""
    root = Path(tempfile.mkdtemp(prefix=f"hearth-{name}-"))
    try:
        yield root
    except BaseException:
        tell(f"kept for looking at: {root}")
        raise
    shutil.rmtree(root)


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def judge(bars: dict[str, bool]) -> int:
    """Print each bar with whether it was reached; return the exit code."""
    for bar, reached in bars.items():
        tell(f"{'ok    ' if reached else 'MISSED'}  {bar}")
    return 0 if all(bars.values()) else 1
