"""Taking in blocks of delivered lines: readings get their time and flags, become half-hours, and are counted and written."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from transforms.public.forgotten import FORGOTTEN, part_forgotten
from transforms.readings.clocks import add_counts, count_change_days
from transforms.readings.declaration import Format, GasConversion, Layout, RefusalError, Stamp
from transforms.readings.doubled import MOST_HOME_DAYS, add_marks, mark_days
from transforms.readings.evidence import count_cells
from transforms.readings.intervals import (
    PLACES_OF_LINE,
    REGISTER,
    add_steps,
    count_steps,
    describe_unused,
    fill_zeros,
    find_registers,
    number_places,
    regularise,
)
from transforms.readings.line_flags import count_above_rating, count_flags, flag_lines
from transforms.readings.parse import Parsed
from transforms.readings.stamps import HALF_HOUR, StampEvidence, choose_instant, start_of_interval, weigh_half_hours
from warehouse.reading_objects import ReadingObjects

if TYPE_CHECKING:
    from flows.pipeline.ingest_decisions import FeedOptions, IngestOptions, SourceDecisions

MOST_COUNTS = 16  # blocks whose counts are held before they are added up
MOST_REGROUPED = 20_000_000  # readings of other intervals than half-hours that are held in memory, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the readings of a file are taken; after the whole file is read, it is known whether the plan was right."""

    stamp: Stamp  # what the time stamps name: the start or the end of an interval
    regroup: bool  # whether all readings have to be regrouped into half-hours
    irregular: frozenset[str] = frozenset()  # otherwise: homes whose readings have to be regrouped
    doubled: Mapping[str, str] = field(default_factory=dict)  # id of a meter -> its other id, which is used


@dataclass
class Tally:
    """Counts over the blocks so far, and the few of their rows that are needed at the end."""

    lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    readings: int = 0
    regrouped: int = 0
    forgotten: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first_reject: tuple[int, str, str] | None = None  # line, reason, text
    half_hours: StampEvidence = field(default_factory=StampEvidence)
    change_days: list[pl.DataFrame] = field(default_factory=list)
    steps: list[pl.DataFrame] = field(default_factory=list)
    cells: list[pl.DataFrame] = field(default_factory=list)
    days: list[pl.DataFrame] = field(default_factory=list)
    marks: list[pl.DataFrame] | None = field(default_factory=list)  # marks of homes' days; None if they were too many
    flags: Counter[str] = field(default_factory=Counter)
    above_meter_rating: int = 0
    filled: int = 0
    notes: tuple[str, ...] = ()
    households: set[str] = field(default_factory=set)
    first_interval_utc: dt.datetime | None = None
    last_interval_utc: dt.datetime | None = None

    @property
    def rejects(self) -> int:
        """The number of lines, or cells, that gave no reading."""
        return self.reasons.total()

    @property
    def span_half_hours(self) -> int:
        """The number of half-hours from the first to the last, both included."""
        if self.first_interval_utc is None or self.last_interval_utc is None:
            return 0
        return int((self.last_interval_utc - self.first_interval_utc) / HALF_HOUR) + 1

    def count_lines(self, parsed: Parsed) -> None:
        """Count the lines, readings and rejects of a block."""
        self.lines += parsed.lines
        self.header_lines += parsed.header_lines
        self.blank_lines += parsed.blank_lines
        self.readings += len(parsed.readings)
        self.regrouped += parsed.regrouped
        self.count_rejects(parsed.rejects)

    def count_rejects(self, rejects: pl.DataFrame) -> None:
        """Count rejects by reason, and remember the first."""
        if rejects.is_empty():
            return
        self.reasons.update(dict(rejects.group_by("reason").len().iter_rows()))
        self.forgotten = self.reasons[FORGOTTEN]
        if self.first_reject is None:
            self.first_reject = rejects.select("line", "reason", "text").row(0)

    def count_change_days(self, readings: pl.DataFrame) -> None:
        """Count a block's rows on days when clocks change."""
        self.change_days.append(count_change_days(readings))
        if len(self.change_days) > MOST_COUNTS:
            self.change_days = [add_counts(self.change_days)]

    def mark_days(self, readings: pl.DataFrame, below_kwh: float) -> None:
        """Mark the days of a block's homes, so that a meter with two ids is found."""
        if self.marks is None:
            return
        self.marks.append(mark_days(readings, below_kwh))
        if len(self.marks) > MOST_COUNTS:
            self.marks = [add_marks(self.marks)]
        if sum(map(len, self.marks)) > MOST_HOME_DAYS:
            self.marks = None

    def count_at(self, stamps: pl.Series) -> pl.DataFrame:
        """Return the counts so far at these stamps of days when clocks change."""
        return add_counts([part.filter(pl.col("stamp").is_in(stamps.implode())) for part in self.change_days])

    def count_readings(self, flagged: pl.DataFrame, options: IngestOptions, *, alone: bool, judged: bool) -> None:
        """Count flags, homes and the time that a block's readings span.

        Parameters
        ----------
        flagged
            Readings with `flag`.
        options
            Their thresholds.
        alone
            Whether the file names no home: then its days are kept, so that the same days in another file are recognised.
        judged
            Whether fuel or unit are judged by the readings: then sums by month and hour of day are kept.

        """
        self.flags.update(count_flags(flagged))
        self.above_meter_rating += count_above_rating(flagged, options.thresholds)
        self.households.update(flagged["household_id"].unique())
        if alone:
            ok = flagged.filter(pl.col("flag") == "ok")
            self.days.append(ok.select("interval_start_utc", "gas_kwh"))
        if alone or judged:
            self.cells.append(count_cells(flagged))
        times = pl.col("interval_start_utc").filter(~pl.col("flag").is_in(["bad_time", "off_grid"]))
        of_block = flagged.select(first=times.min(), last=times.max()).row(0)
        ends = (self.first_interval_utc, self.last_interval_utc, *of_block)
        known = [moment for moment in ends if isinstance(moment, dt.datetime)]
        if known:
            self.first_interval_utc, self.last_interval_utc = min(known), max(known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One pass over a source: the decisions about it, the plan, the counts, and the objects that are written."""

    layout: Layout
    plan: Plan
    decisions: SourceDecisions
    declared: FeedOptions
    options: IngestOptions
    objects: ReadingObjects
    tally: Tally = field(default_factory=Tally)

    @property
    def known(self) -> Format:
        """The format of the source."""
        return self.layout.format

    @property
    def conversion(self) -> GasConversion:
        """How a volume becomes energy."""
        return self.declared.convert(self.options.conversion)


def take_blocks(blocks: Iterable[Parsed], intake: Intake) -> None:
    """Take in the blocks of a source, one after the other.

    Half-hours are written block by block. Readings of other intervals are held until the end of the file.

    Raises
    ------
    RefusalError
        If more than `MOST_REGROUPED` readings would have to be held.

    """
    plan, held = intake.plan, list[pl.DataFrame]()
    for block in blocks:
        readings = _settle_readings(block, intake)
        if plan.regroup:
            held.append(readings)
        elif plan.irregular:
            is_irregular = pl.col("household_id").is_in(plan.irregular)
            held.append(readings.filter(is_irregular))
            # regrouped readings may be a part of their line, so all readings of the file are numbered by parts of lines
            regular = readings.filter(~is_irregular).with_columns(pl.col("line") * PLACES_OF_LINE)
            _write_half_hours(regular, intake)
        else:
            _write_half_hours(readings, intake)
        if sum(map(len, held)) > MOST_REGROUPED:
            raise RefusalError(
                f"more than {MOST_REGROUPED:,} readings of other intervals than half-hours in one file; part it by home"
            )
    if held:
        _regroup(pl.concat(held), intake)


def _settle_readings(parsed: Parsed, intake: Intake) -> pl.DataFrame:
    """Return the readings of a block with their home and time; write the rejects."""
    layout, tally = intake.layout, intake.tally
    parsed = _name_homes(parsed, intake)
    tally.count_lines(parsed)
    intake.objects.write_rejects(intake.options.keep_rejects(parsed.rejects))
    readings = parsed.readings
    if layout.intervals:
        readings = readings.with_columns(line=pl.col("line") * PLACES_OF_LINE + pl.col("interval"))
    if intake.known.stamp_from == "half_hour":
        tally.half_hours += weigh_half_hours(readings)
    ambiguous = readings.filter(pl.col("second_utc").is_not_null())["stamp"].unique()
    if len(ambiguous):
        readings = choose_instant(readings, tally.count_at(ambiguous))
    if intake.known.clock_from == "feed":
        tally.count_change_days(readings)
    return readings


def _name_homes(parsed: Parsed, intake: Intake) -> Parsed:
    """Name the home of every reading in the spelling that all files share, and leave out forgotten homes in any spelling."""
    decisions, forgotten = intake.decisions, intake.options.forgotten
    if decisions.household_id is not None:
        parsed = replace(parsed, readings=parsed.readings.with_columns(household_id=pl.lit(decisions.household_id)))
    if intake.known.names_household:
        intake.tally.mark_days(parsed.readings, intake.options.thresholds.very_high_kwh)
    parsed = part_forgotten(parsed, forgotten)
    for other_ids in (intake.plan.doubled, decisions.renamed):
        if other_ids:
            renamed = parsed.readings.with_columns(pl.col("household_id").replace(other_ids))
            parsed = part_forgotten(replace(parsed, readings=renamed), forgotten)
    if decisions.household_id is not None and forgotten.among([decisions.household_id]):
        parsed = replace(
            parsed, rejects=parsed.rejects.with_columns(text=pl.lit(""))
        )  # every line belongs to that home
    return parsed


def _write_half_hours(readings: pl.DataFrame, intake: Intake) -> None:
    """Flag and write half-hours, and count the steps between them, which may show that they are none."""
    tally = intake.tally
    tally.steps.append(count_steps(readings))
    if len(tally.steps) > MOST_COUNTS:
        tally.steps = [add_steps(tally.steps)]
    start = start_of_interval(pl.col("instant_utc"), intake.plan.stamp)
    _write_flagged(readings.with_columns(interval_start_utc=start), intake)


def _write_flagged(timed: pl.DataFrame, intake: Intake) -> None:
    """Set the flags that each line itself decides, count the readings and write them."""
    known, options = intake.known, intake.options
    flagged = flag_lines(timed, thresholds=options.thresholds, conversion=intake.conversion, run_date=options.run_date)
    judged = known.fuel is None or known.unit is None or not known.unit_is_sure
    intake.tally.count_readings(flagged, options, alone=not known.names_household, judged=judged)
    intake.objects.write_readings(flagged)


def _regroup(readings: pl.DataFrame, intake: Intake) -> None:
    """Make half-hours from readings of other intervals or of a register, and write them."""
    known, tally, declared = intake.known, intake.tally, intake.declared
    is_register = known.shape == "register"
    unit_kwh = intake.conversion.kwh_per(known.unit or "kWh") if is_register else None
    registers = [] if is_register else find_registers(readings)
    uses = readings.filter(~pl.col("household_id").is_in(registers))
    regular = regularise(uses, stamp=intake.plan.stamp, minutes=declared.interval_minutes, register_unit_kwh=unit_kwh)
    states = readings.filter(pl.col("household_id").is_in(registers))
    unused = pl.concat([regular.unused, states.select("line", reason=pl.lit(REGISTER))])
    made, tally.notes = regular.readings, regular.notes
    if declared.absent == "zero":
        made, tally.filled = fill_zeros(made)
    rejects = describe_unused(readings, unused)
    tally.regrouped += len(made) - (len(readings) - len(rejects))
    tally.readings += len(made) - len(readings)
    tally.count_rejects(rejects)
    intake.objects.write_rejects(intake.options.keep_rejects(rejects))
    _write_flagged(number_places(made, always=bool(intake.plan.irregular)), intake)
