"""`hearth sample`: write a made-up trial, and its truth beside it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import polars as pl

from flows.deliveries.sample_files import MADE_UP, OLDEST, READINGS_FILE, open_readings
from transforms.sample.delivery import TRUTH, tabulate_truth
from transforms.sample.figures import SampleFigures
from transforms.sample.kinds import GAS_BOILER
from transforms.sample.stamps import Clock, EdrpStamps, IsoStamps, Stamp
from transforms.sample.trial import Faults, Trial, plan_trial
from warehouse.figures import read_figures
from warehouse.lake import Lake
from warehouse.writing import write_whole

HOMES_TRUTH = "truth_homes.parquet"
NOTE_FILE = "README.txt"
MADE_UP_BY = "hearth sample seed="  # the beginning of the origin that the note of a sample names
NAMES = frozenset(
    {*READINGS_FILE.values(), "households.csv", "temperature.csv", "truth.parquet", HOMES_TRUTH, NOTE_FILE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrder:
    """Which trial is made up, and how it is delivered.

    Raises
    ------
    ValueError
        If faults or format are unknown, or the format has no such clock.

    """

    households: int = 600
    start: dt.date = dt.date(2009, 1, 1)
    """First date (UTC); within the years of the shipped temperatures, as is the end."""
    end: dt.date = dt.date(2010, 1, 1)
    """The date after the last one (UTC)."""
    seed: int = 1
    """Seed of the random numbers."""
    faults: str = "typical"
    """`none` for a clean delivery. `typical` for faults that single lines show, at measured rates. `all` adds faults that
    must be inferred, unusual homes, and losses that depend on the level of a home and on cold."""
    file_format: str = "edrp"
    """`edrp`, or our own format as CSV (`canonical`) or Parquet (`canonical_parquet`)."""
    stamp: Stamp = "end"
    """Whether EDRP's stamps name the start or the end of a half-hour; our own format has starts."""
    clock: Clock = "utc"
    """On which clock EDRP's stamps are; our own format has UTC."""

    def __post_init__(self) -> None:
        if self.faults not in get_args(Faults):
            message = f"unknown faults {self.faults!r}; known are {', '.join(get_args(Faults))}"
            raise ValueError(message)
        if self.file_format not in READINGS_FILE:
            message = f"unknown format {self.file_format!r}; known are {', '.join(READINGS_FILE)}"
            raise ValueError(message)
        if self.file_format != "edrp" and self.clock == "local":
            message = f"format {self.file_format} is in UTC; a local clock needs --format edrp"
            raise ValueError(message)

    @property
    def origin(self) -> str:
        """What the homes say of where they come from."""
        return f"{MADE_UP_BY}{self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSummary:
    """What was written, to print."""

    out: Path
    order: SampleOrder
    known_households: int
    lines: int
    header_lines: int
    blank_lines: int
    half_hours: int
    faults: dict[str, int]  # true half-hours by the fault of their delivery
    kinds: dict[str, int]  # homes by kind; empty if all are of one kind
    meter_faults: dict[str, int]  # homes by those faults of their meter that no single line shows
    heat_kwh_mean: float
    peak_hour_heat_kwh: float

    def __str__(self) -> str:
        counts = _listed(self.faults) or "none"
        order, unknown = self.order, self.order.households - self.known_households
        return (
            f"Made-up readings of {order.households:,} homes ({unknown} of them missing from households.csv), "
            f"{order.start} to before {order.end}\n"
            f"  {READINGS_FILE[order.file_format]}: {self.lines:,} lines, of them {self.header_lines} headers and "
            f"{self.blank_lines} blank\n"
            f"  truth.parquet: {self.half_hours:,} half-hours; {self.heat_kwh_mean:,.0f} kWh of heat per home, "
            f"{self.peak_hour_heat_kwh:.2f} kWh in the highest hour\n"
            + (f"  homes by kind: {_listed(self.kinds)}\n" if self.kinds else "")
            + (f"  homes by fault of their meter: {_listed(self.meter_faults)}\n" if self.meter_faults else "")
            + f"  half-hours with a fault: {counts}\n"
            f"These are not measurements ({order.origin})."
        )


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def write_sample(
    out: Path, order: SampleOrder, *, force: bool = False, advance: Callable[[int, int], None] | None = None
) -> SampleSummary:
    """Write a made-up trial: readings, households, temperature, the truth, and a note about them.

    The same arguments write the same bytes. It needs the memory of one block of homes, whatever their number.

    Parameters
    ----------
    out
        Folder; files of an earlier sample are replaced.
    order
        What is to be written.
    force
        Whether files that `hearth sample` did not write are replaced too.
    advance
        Called with the homes done and the homes in all after each block.

    Raises
    ------
    ValueError
        If the span is empty or has no known temperatures.
    FileExistsError
        If the folder holds files that no sample wrote, and `force` is not set.

    """
    if not force:
        check_folder(out)
    figures = SampleFigures.from_tables(read_figures)
    trial = plan_trial(
        figures, households=order.households, start=order.start, end=order.end, seed=order.seed, faults=order.faults
    )
    write_whole(out / NOTE_FILE, f"{order.origin} is being written, or was interrupted.\n", mode=MADE_UP)
    stamps = EdrpStamps(stamp=order.stamp, clock=order.clock) if order.file_format == "edrp" else IsoStamps()
    protected = stamps.shares_stamp(trial.starts)
    _write_households(out, trial, order.origin)
    _write_temperature(out, order.start, order.end)
    _write_homes_truth(out, trial)
    counts: Counter[str] = Counter()
    profile = np.zeros(len(trial.starts))
    with ExitStack() as stack:
        readings = stack.enter_context(open_readings(out, order.file_format, stamps, joined=order.faults != "none"))
        truth = stack.enter_context(
            Lake(out, mode=MADE_UP).parquet_writer("truth.parquet", TRUTH.empty().to_arrow(compat_level=OLDEST).schema)
        )
        for block, members in enumerate(trial.blocks):
            homes = trial.homes[members]
            gas_kwh = trial.draw_truth(block)
            delivery = trial.deliver(block, gas_kwh, protected)
            readings.add(homes, trial.starts, delivery)
            table = tabulate_truth(homes, trial.starts, gas_kwh, delivery)
            truth.write_table(table.to_arrow(compat_level=OLDEST))
            counts.update(dict(table["fault"].drop_nulls().value_counts().iter_rows()))
            profile += gas_kwh.sum(axis=0)
            if advance:
                advance(int(members[-1]) + 1, order.households)
        readings.finish()
    heat = profile / order.households * figures.levels.boiler_efficiency
    summary = SampleSummary(
        out=out,
        order=order,
        known_households=int(trial.plan.known.sum()),
        lines=readings.lines,
        header_lines=readings.header_lines,
        blank_lines=readings.blank_lines,
        half_hours=order.households * len(trial.starts),
        faults=dict(counts),
        kinds=_count_homes(trial, "kind"),
        meter_faults=_count_homes(trial, "meter_fault"),
        heat_kwh_mean=float(heat.sum()),
        peak_hour_heat_kwh=float(heat.reshape(-1, 2).sum(axis=1).max()),
    )
    write_whole(out / NOTE_FILE, f"{summary}{NOTE}{NOTE_ALL if trial.variety else ''}", mode=MADE_UP)
    return summary


def check_folder(out: Path) -> None:
    """Check that a folder holds only files of a sample: readings of real homes may have no second copy.

    Its note must say that it is a sample, and it must hold no other file.

    Raises
    ------
    FileExistsError
        If the folder holds other files.

    """
    names = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    note = out / NOTE_FILE
    own = NAMES if note.is_file() and MADE_UP_BY in note.read_text(encoding="utf-8", errors="replace") else frozenset()
    strange = [name for name in names if name not in own]
    if strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        message = (
            f"{out} holds {strange[0]}{more}, which `hearth sample` did not write: name another folder, or --force "
            "replaces files of the same names"
        )
        raise FileExistsError(message)


NOTE = """

No household stands behind these files. `hearth sample` drew them from published figures, so that what Hearth makes of
them can be held against the truth: truth.parquet says for each half-hour of each home what was truly used and what is
wrong with the reading that was delivered (or that none was). Readings of real homes: UK Data Service, SN 7591 (EDRP).
"""

NOTE_ALL = """
With all faults, some homes only cook or only heat, stand empty or keep a pilot light; meters count in steps of their own,
and what a sound meter counts is the truth here; some meters die, stick or deliver in a wrong unit, some readings are
estimates; homes that use much lose more readings, and all homes lose more in the cold. truth_homes.parquet says which home
is which.
"""


def _write_households(out: Path, trial: Trial, origin: str) -> None:
    """Write the homes that the household table knows; `origin` marks them as made up."""
    homes = trial.variety.homes if trial.variety else trial.homes.with_columns(heating_system=pl.lit(GAS_BOILER))
    known = homes.filter(pl.Series(trial.plan.known))
    table = known.select("household_id", "dwelling_type", "heating_system", origin=pl.lit(origin))
    write_whole(out / "households.csv", table.write_csv(), mode=MADE_UP)


def _write_homes_truth(out: Path, trial: Trial) -> None:
    """Write how the homes differ; if they do not, delete such a file of an earlier trial."""
    (out / HOMES_TRUTH).unlink(missing_ok=True)
    if trial.variety:
        Lake(out, mode=MADE_UP).put_frame(HOMES_TRUTH, trial.variety.tabulate_homes(trial.starts))


def _count_homes(trial: Trial, column: str) -> dict[str, int]:
    """Count the homes by a column in which they differ."""
    return dict(trial.variety.homes[column].drop_nulls().value_counts().iter_rows()) if trial.variety else {}


def _write_temperature(out: Path, start: dt.date, end: dt.date) -> None:
    daily = read_figures("temperature_daily").filter(pl.col("date").is_between(start, end, closed="left"))
    write_whole(out / "temperature.csv", daily.select("date", "temperature_mean_c").write_csv(), mode=MADE_UP)
