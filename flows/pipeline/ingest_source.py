"""The work of ingest on one source: read it block by block, write its objects, say what became of every line."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import polars as pl

from flows.pipeline.ingest_decisions import FeedOptions, FileWork, IngestOptions
from transforms.public.forgotten import FORGOTTEN, part_forgotten, reject_forgotten
from transforms.readings.clocks import add_counts, count_change_days, weigh_change_days
from transforms.readings.declaration import Format, Fuel, GasConversion, Layout, RefusalError, Stamp
from transforms.readings.delivered_table import DeliveredRows, read_row_table, read_text_table
from transforms.readings.doubled import MOST_HOME_DAYS, add_marks, find_doubled, mark_days
from transforms.readings.evidence import RULE as EVIDENCE
from transforms.readings.evidence import add_cells, count_cells, judge_absent, judge_fuel, measure_level, suggest_unit
from transforms.readings.formats import DAY_SLOTS, FORMAT_BY_NAME
from transforms.readings.homes import SAME_DAYS_MIN
from transforms.readings.household_table import count_unknown_types, read_households
from transforms.readings.intervals import (
    HALF,
    PLACES_OF_LINE,
    REGISTER,
    add_steps,
    count_steps,
    describe_unused,
    fill_zeros,
    find_registers,
    is_irregular,
    regularise,
)
from transforms.readings.line_flags import count_above_rating, count_flags, flag_lines
from transforms.readings.parse import Block, Parsed, number_rows, part_lines, split_block, type_fields
from transforms.readings.recognition import hint_at
from transforms.readings.stamps import (
    HALF_HOUR,
    StampEvidence,
    choose_instant,
    decide_stamp,
    start_of_interval,
    weigh_half_hours,
)
from transforms.readings.temperature_table import read_temperature
from transforms.tables.schema import UTC
from warehouse.containers import Opened, load_rows, open_delivery
from warehouse.lake import Lake
from warehouse.landing import iter_text, read_text, split_name
from warehouse.reading_objects import ReadingObjects, name_object

MOST_COUNTS = 16  # of blocks, before they are added up
SAMPLE_BYTES = 2**20  # of a file, to assume what its stamps name before the whole of it is read
MOST_REGROUPED = 20_000_000  # readings of other intervals than half-hours that are held at a time
REASONS_NAMED = 2
IDS_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a file is read; the whole of it says whether that was right."""

    stamp: Stamp
    regroup: bool  # whether its intervals have to be made half-hours
    doubled: Mapping[str, str] = field(
        default_factory=dict
    )  # ids of a meter that another id, which is kept, stands for


class _OtherPlanError(Exception):
    """The whole file says something else than its beginning about how it is to be read."""


class _HeldError(Exception):
    """Something has to be declared before the readings may be used; they are not kept."""


@dataclass
class Tally:
    """What is kept of the blocks that went by."""

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
    marks: list[pl.DataFrame] | None = field(default_factory=list)  # of homes and days; None: too many to be kept
    flags: Counter[str] = field(default_factory=Counter)
    above_meter_rating: int = 0
    filled: int = 0
    notes: tuple[str, ...] = ()
    households: set[str] = field(default_factory=set)
    first_interval_utc: dt.datetime | None = None
    last_interval_utc: dt.datetime | None = None

    @property
    def rejects(self) -> int:
        """Lines, or cells, of which no reading could be made."""
        return self.reasons.total()

    @property
    def span_half_hours(self) -> int:
        """Half-hours from the first to the last, both included."""
        if self.first_interval_utc is None or self.last_interval_utc is None:
            return 0
        return int((self.last_interval_utc - self.first_interval_utc) / HALF_HOUR) + 1

    def count_lines(self, parsed: Parsed) -> None:
        """Count what became of the lines of a block."""
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
        """Count a block's rows on change days; the counts of many blocks are added up now and then."""
        self.change_days.append(count_change_days(readings))
        if len(self.change_days) > MOST_COUNTS:
            self.change_days = [add_counts(self.change_days)]

    def mark_days(self, readings: pl.DataFrame) -> None:
        """Keep marks of a block's homes and days, by which a meter with two ids is found."""
        if self.marks is None:
            return
        self.marks.append(mark_days(readings))
        if len(self.marks) > MOST_COUNTS:
            self.marks = [add_marks(self.marks)]
        if sum(map(len, self.marks)) > MOST_HOME_DAYS:
            self.marks = None

    def count_at(self, stamps: pl.Series) -> pl.DataFrame:
        """Return the counts so far at the given stamps of change days."""
        return add_counts([part.filter(pl.col("stamp").is_in(stamps.implode())) for part in self.change_days])

    def count_readings(self, flagged: pl.DataFrame, options: IngestOptions, *, alone: bool, judged: bool) -> None:
        """Count flags, homes and the time that a block's readings span.

        `alone`: they are of one home that the file does not name; `judged`: fuel or unit rest on what they say.
        """
        self.flags.update(count_flags(flagged))
        self.above_meter_rating += count_above_rating(flagged, options.thresholds)
        self.households.update(flagged["household_id"].unique())
        if alone:
            ok = flagged.filter(pl.col("flag") == "ok")
            self.days.append(ok.select("interval_start_utc", "gas_kwh"))
        if alone or judged:
            self.cells.append(count_cells(flagged))
        times = flagged.filter(~pl.col("flag").is_in(["bad_time", "off_grid"]))["interval_start_utc"]
        ends = (self.first_interval_utc, self.last_interval_utc, times.min(), times.max())
        known = [moment for moment in ends if isinstance(moment, dt.datetime)]
        if known:
            self.first_interval_utc, self.last_interval_utc = min(known), max(known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One source of readings, and all that is decided about it before a line of it is read."""

    lake: Lake
    work: FileWork
    path: str
    options: IngestOptions

    @property
    def declared(self) -> FeedOptions:
        """What is declared about its feed."""
        return self.options.of_feed(self.work.feed)

    @property
    def conversion(self) -> GasConversion:
        """How a volume becomes energy."""
        return self.declared.convert(self.options.conversion)

    def open(self) -> Opened:
        """Recognise the file, with what is declared about its unit and its text."""
        opened = open_delivery(self.path, self.options.limits)
        layout, declared = opened.layout, self.declared
        written = layout.dialect
        dialect = replace(
            written, encoding=declared.encoding or written.encoding, decimal=declared.decimal or written.decimal
        )
        known = replace(layout.format, unit=declared.unit or layout.format.unit)
        return replace(opened, layout=replace(layout, format=known, dialect=dialect))

    def blocks(self, opened: Opened, block_bytes: int) -> Iterator[tuple[Block, bool]]:
        """Yield the blocks of the file, and of each whether the file ends with it."""
        line, layout = 1, opened.layout
        if opened.rows is not None:
            for rows in opened.rows:
                yield number_rows(rows, layout, line), False
                line += len(rows)
            return
        texts = iter_text(self.path, layout, block_bytes, self.options.limits)
        text = next(texts, None)
        while text is not None:
            later = next(texts, None)
            block = split_block(text, layout, line)
            yield block, later is None
            line += block.lines
            text = later


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass over a source: by which plan, what goes by, and where it is written."""

    reader: Reader
    layout: Layout
    plan: Plan
    tally: Tally
    objects: ReadingObjects

    @property
    def known(self) -> Format:
        """The format of the source."""
        return self.layout.format


def read_readings(lake: Lake, work: FileWork, path: str, options: IngestOptions) -> dict[str, Any]:
    """Read a source of readings, write its objects, and return what its manifest says of its content.

    Raises
    ------
    RefusalError
        If it is truncated or damaged, turns into another table, or contradicts itself.

    """
    reader = Reader(lake=lake, work=work, path=path, options=options)
    plan = _assume_plan(reader)
    for _ in range(3):
        try:
            return _read_by_plan(reader, plan)
        except _OtherPlanError as error:
            plan = error.args[0]
    message = f"{path}: how it is to be read depends on the beginning of the file"
    raise AssertionError(message)


def _read_by_plan(reader: Reader, plan: Plan) -> dict[str, Any]:
    opened = reader.open()
    known, decided = opened.layout.format, reader.work.fingerprint(plan.stamp, reader.options)
    tag = reader.options.forgotten.tag
    objects = ReadingObjects(reader.lake, reader.work.source_id, decided, tag=tag, keep=reader.options.keep_readings)
    now = Pass(reader=reader, layout=opened.layout, plan=plan, tally=Tally(), objects=objects)
    tally = now.tally
    try:
        with objects:
            parts = []
            for block, ends_file in reader.blocks(opened, reader.options.block_bytes):
                readings = _part_block(block, now, ends_file=ends_file)
                if plan.regroup:
                    parts.append(readings)
                    _refuse_many(sum(map(len, parts)))
                else:
                    _write_half_hours(readings, now)
            if plan.regroup and parts:
                _regroup(pl.concat(parts), now)
            stamp_basis = _confirm_plan(now)
            verdict = _judge(now)
            if verdict.held is not None and tally.readings:
                raise _HeldError  # noqa: TRY301 - what was written disappears with it
    except _HeldError:
        objects.forget()
    content = _describe_content(now) | {
        "decisions_fingerprint": decided,
        "stamp_basis": stamp_basis,
        "fuel": verdict.fuel or "none",
        "fuel_basis": verdict.fuel_basis,
        "unit": known.unit or "none",
        "unit_basis": verdict.unit_basis,
    }
    if not tally.readings:
        return content | {"outcome": "refused"} | _say_no_reading(tally, opened.layout)
    held = {"outcome": "held", "reason": verdict.held, "detail": verdict.detail, "asked": dict(verdict.asked)}
    return content | (held if verdict.held else {})


def _refuse_many(readings: int) -> None:
    if readings > MOST_REGROUPED:
        raise RefusalError(
            f"more than {MOST_REGROUPED:,} readings of other intervals than half-hours in one file; part it by home"
        )


def _describe_content(now: Pass) -> dict[str, Any]:
    """Return what the manifest says of the content of a source, whatever becomes of it."""
    known, tally, reader, plan, objects = now.known, now.tally, now.reader, now.plan, now.objects
    layout, work = now.layout, reader.work
    evidence = weigh_change_days(add_counts(tally.change_days)) if known.clock_from == "feed" else []
    counted = {"above_meter_rating": tally.above_meter_rating}
    if known.stamp_from == "half_hour":
        agreeing = tally.half_hours.start if plan.stamp == "start" else tally.half_hours.end
        counted["hh_disagrees"] = tally.half_hours.rows - agreeing
    if tally.forgotten:
        counted[FORGOTTEN] = tally.forgotten
    if tally.filled:
        counted["absent_taken_as_zero"] = tally.filled
    gone = reader.options.forgotten.among({*plan.doubled, *plan.doubled.values()})
    doubled = {other: kept for other, kept in plan.doubled.items() if not gone & {other, kept}}
    return {
        "lines": tally.lines,
        "header_lines": tally.header_lines,
        "blank_lines": tally.blank_lines,
        "readings": tally.readings,
        "rejects": tally.rejects,
        "regrouped": tally.regrouped,
        "reject_reasons": dict(sorted(tally.reasons.items())),
        "rejects_key": objects.rejects_key,
        "dialect": layout.dialect.describe(),
        "clock": work.decisions.clock,
        "clock_basis": work.decisions.clock_basis,
        "clock_evidence": tuple(asdict(day) for day in evidence),
        "stamp": plan.stamp,
        "id_basis": work.decisions.id_basis,
        "interval_basis": "; ".join(tally.notes) or "half-hours by their stamps",
        "renamed": dict(work.decisions.renamed),
        "doubled": doubled,
        "warnings": tuple(_warn_of_ids(now, doubled)),
        "day_marks": {} if known.names_household else _mark_days(tally.days),
        "first_interval_utc": tally.first_interval_utc,
        "last_interval_utc": tally.last_interval_utc,
        "line_flags": dict(sorted(tally.flags.items())),
        "counted": counted,
        "parameters": asdict(reader.options.thresholds) | asdict(reader.conversion),
        "months": dict(sorted(objects.months.items())),
        "month_readings": dict(sorted(objects.month_readings.items())),
        "households": tuple(sorted(tally.households)),
    }


def _warn_of_ids(now: Pass, doubled: Mapping[str, str]) -> Iterator[str]:
    """Say which ids were taken for others, and what was not looked for."""
    if now.reader.work.decisions.warning is not None:
        yield now.reader.work.decisions.warning
    if doubled:
        shown = ", ".join(f"{other} as {kept}" for other, kept in list(doubled.items())[:IDS_NAMED])
        more = f" and {len(doubled) - IDS_NAMED} more" if len(doubled) > IDS_NAMED else ""
        yield (
            f"{len(doubled)} of its ids hold the readings of another id on {SAME_DAYS_MIN} days or more: one meter delivered twice; "
            f"its readings are taken once ({shown}{more})"
        )
    if now.tally.marks is None:
        yield f"more than {MOST_HOME_DAYS:,} homes' days: not looked for meters that are delivered under two ids"


def _say_no_reading(tally: Tally, layout: Layout) -> dict[str, str | None]:
    """Say why a file holds no reading: publicly by reasons alone, and beside it the first line of which none was made."""
    told = ""
    detail = None
    if tally.first_reject is not None:
        line, reason, text = tally.first_reject
        told = f", line {line} first: {reason}"
        detail = f"line {line}: {text[:200]}"
        told += hint_at(reason, text, layout)
    first = tally.first_reject[1] if tally.first_reject else ""
    rest = sorted(((count, why) for why, count in tally.reasons.items() if why != first), key=lambda r: (-r[0], r[1]))
    also = "".join(f"; also {count:,} {why}" for count, why in rest[:REASONS_NAMED])
    reason = f"no reading in its {tally.lines} lines ({tally.rejects} rejects{told}{also})"
    return {"reason": reason, "detail": detail}


def _mark_days(days: Sequence[pl.DataFrame]) -> dict[str, str]:
    """Return a mark of the readings of each day that has some gas, by which two deliveries of one meter are known."""
    every = pl.concat([pl.DataFrame(schema={"interval_start_utc": UTC, "gas_kwh": pl.Float64}), *days])
    marks = {}
    ordered = every.sort("interval_start_utc").with_columns(day=pl.col("interval_start_utc").dt.date())
    for (day,), part in ordered.partition_by("day", as_dict=True, maintain_order=True).items():
        if part["gas_kwh"].sum() > 0:
            text = part.select(
                pl.col("interval_start_utc").dt.to_string("%H:%M"), pl.col("gas_kwh").round(6)
            ).write_csv()
            marks[f"{day}"] = hashlib.sha256(text.encode()).hexdigest()[:12]
    return marks


def _part_block(block: Block, now: Pass, *, ends_file: bool) -> pl.DataFrame:
    """Take one block from text to readings with the moment that each names; write what no reading can be made of."""
    reader, layout, tally, objects = now.reader, now.layout, now.tally, now.objects
    known, decisions, forgotten = now.known, reader.work.decisions, reader.options.forgotten
    typed = type_fields(block, layout, decisions.clock or known.clock, reader.conversion)
    parsed = part_lines(block, typed, layout, ends_file=ends_file)
    if decisions.household_id is not None:
        parsed = replace(parsed, readings=parsed.readings.with_columns(household_id=pl.lit(decisions.household_id)))
    if known.names_household:
        tally.mark_days(parsed.readings)
    parsed = part_forgotten(parsed, forgotten)
    for other_ids in (now.plan.doubled, decisions.renamed):
        if other_ids:
            renamed = parsed.readings.with_columns(pl.col("household_id").replace(other_ids))
            parsed = part_forgotten(replace(parsed, readings=renamed), forgotten)
    if decisions.household_id is not None and forgotten.among([decisions.household_id]):
        parsed = replace(parsed, rejects=parsed.rejects.with_columns(text=pl.lit("")))  # every line is of that home
    tally.count_lines(parsed)
    objects.write_rejects(parsed.rejects)
    readings = parsed.readings
    if layout.intervals:
        readings = readings.with_columns(line=pl.col("line") * PLACES_OF_LINE + pl.col("interval"))
    if known.stamp_from == "half_hour":
        tally.half_hours += weigh_half_hours(readings)
    told_twice = readings.filter(pl.col("second_utc").is_not_null())["stamp"].unique()
    if len(told_twice):
        readings = choose_instant(readings, tally.count_at(told_twice))
    if known.clock_from == "feed":
        tally.count_change_days(readings)
    return readings


def _write_half_hours(readings: pl.DataFrame, now: Pass) -> None:
    """Flag and write readings that are half-hours, and count what would say that they are none."""
    tally, stamp = now.tally, now.plan.stamp
    tally.steps.append(count_steps(readings))
    if len(tally.steps) > MOST_COUNTS:
        tally.steps = [add_steps(tally.steps)]
    timed = readings.with_columns(interval_start_utc=start_of_interval(pl.col("instant_utc"), stamp))
    _write_flagged(timed, now)


def _write_flagged(timed: pl.DataFrame, now: Pass) -> None:
    reader, known, options = now.reader, now.known, now.reader.options
    flagged = flag_lines(timed, thresholds=options.thresholds, conversion=reader.conversion, run_date=options.run_date)
    judged = known.fuel is None or known.unit is None or not known.unit_is_sure
    now.tally.count_readings(flagged, options, alone=not known.names_household, judged=judged)
    now.objects.write_readings(flagged)


def _regroup(readings: pl.DataFrame, now: Pass) -> None:
    """Make half-hours of readings of other intervals, or of a register, and write them."""
    reader, known, tally, stamp = now.reader, now.known, now.tally, now.plan.stamp
    is_register = known.shape == "register"
    unit_kwh = reader.conversion.kwh_per(known.unit or "kWh") if is_register else None
    registers = [] if is_register else find_registers(readings)
    uses = readings.filter(~pl.col("household_id").is_in(registers))
    regular = regularise(uses, stamp=stamp, minutes=reader.declared.interval_minutes, register_unit_kwh=unit_kwh)
    states = readings.filter(pl.col("household_id").is_in(registers))
    unused = pl.concat([regular.unused, states.select("line", reason=pl.lit(REGISTER))])
    made, tally.notes = regular.readings, regular.notes
    if reader.declared.absent == "zero":
        made, tally.filled = fill_zeros(made)
    rejects = describe_unused(readings, unused)
    tally.regrouped += len(made) - (len(readings) - len(rejects))
    tally.readings += len(made) - len(readings)
    tally.count_rejects(rejects)
    now.objects.write_rejects(rejects)
    _write_flagged(made, now)


def _confirm_plan(now: Pass) -> str:
    """Return what decided what the stamps name.

    Raises
    ------
    _OtherPlanError
        If the whole file asks for another plan than its beginning.

    """
    plan, reader = now.plan, now.reader
    stamp, basis = _settle_stamp(now.tally.half_hours, now.known, reader.declared)
    regroup = plan.regroup or (_finds_intervals(reader) and is_irregular(add_steps(now.tally.steps)))
    marks = now.tally.marks
    doubled = {} if marks is None else find_doubled(add_marks(marks))
    found = Plan(stamp=stamp, regroup=regroup, doubled=doubled)
    if found != plan:
        raise _OtherPlanError(found)
    return basis


def _finds_intervals(reader: Reader) -> bool:
    return reader.declared.interval_minutes is None


def _settle_stamp(evidence: StampEvidence, known: Format, declared: FeedOptions) -> tuple[Stamp, str]:
    if declared.stamp is not None:
        return declared.stamp, "set for the feed"
    if known.stamp_from == "name":
        return known.stamp, "the name of the column"
    return decide_stamp(evidence, default=known.stamp)


def _assume_plan(reader: Reader) -> Plan:
    """Assume how a file is to be read from its beginning; the whole file confirms it or is read again."""
    opened = reader.open()
    layout, declared = opened.layout, reader.declared
    known, evidence = layout.format, StampEvidence()
    regroup = (
        known.shape == "register"
        or (known.shape == "day" and DAY_SLOTS[len(layout.intervals)] != HALF)
        or declared.interval_minutes not in {None, HALF}
        or declared.absent == "zero"
    )
    if opened.rows is None and known.shape == "interval":
        first, _ = next(reader.blocks(opened, SAMPLE_BYTES))
        typed = type_fields(first, layout, "utc", reader.conversion)
        readings = part_lines(first, typed, layout).readings
        if not known.names_household:
            readings = readings.with_columns(household_id=pl.lit(""))
        regroup = regroup or (_finds_intervals(reader) and is_irregular(count_steps(readings)))
        if known.stamp_from == "half_hour":
            evidence = weigh_half_hours(readings)
    try:
        stamp, _ = _settle_stamp(evidence, known, declared)
    except RefusalError:  # its beginning contradicts itself; the whole of it decides
        stamp = known.stamp
    return Plan(stamp=stamp, regroup=regroup)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the readings are taken to be, on what evidence, and what has to be declared before they are used."""

    fuel: Fuel | None = None
    fuel_basis: str = "not applicable"
    unit_basis: str = "not applicable"
    held: str | None = None  # published
    detail: str | None = None  # with figures of the home
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something that has to be declared: the setting, what the readings suggest, and why, without and with figures."""

    setting: str
    suggested: str = ""
    reason: str
    detail: str = ""


def _judge(now: Pass) -> Verdict:
    """Hold readings against what their format leaves open."""
    tally, reader, known = now.tally, now.reader, now.known
    declared = reader.declared
    cells = add_cells(tally.cells)
    fuel: Fuel | None = declared.fuel or known.fuel
    fuel_basis = "set for the feed" if declared.fuel else "the format"
    proved = {rule.proves for rule in known.keep if rule.proves and tally.reasons[rule.otherwise]}
    doubts: list[Doubt | None] = []
    if fuel is None and proved:
        fuel, fuel_basis = proved.pop(), "lines in m3 stand beside those in kWh"
    if fuel is None:
        told = judge_fuel(cells, split_name(reader.work.file_name)[1], absent_as_zero=_count_absent_zeros(cells, tally))
        fuel_basis, fuel = told.basis, "gas" if told.value == "gas" else None
        if told.value == "electricity":
            asked = 'it looks like electricity: declare fuel = "gas" if it is gas all the same'
            doubts.append(Doubt(setting="fuel", suggested="electricity", reason=asked, detail=told.basis))
        elif fuel is None:
            asked = 'gas or electricity, its header serves both: declare fuel = "gas" or "electricity"'
            doubts.append(Doubt(setting="fuel", reason=asked, detail=told.basis))
    elif fuel == "electricity":
        doubts.append(Doubt(setting="", reason="electricity, as declared for the feed; Hearth reads gas"))
    unit_basis, in_doubt = _judge_unit(cells, tally, reader, known)
    doubts.append(in_doubt)
    if declared.absent is None and not known.names_household:
        doubts.append(_judge_absent(cells, tally))
    holds = [doubt for doubt in doubts if doubt is not None]
    if not holds:
        return Verdict(fuel=fuel, fuel_basis=fuel_basis, unit_basis=unit_basis)
    where = (
        f'declare it under [feeds."{reader.work.feed}"] in hearth.toml; `hearth feeds --write` writes what is suggested'
    )
    return Verdict(
        fuel=fuel,
        fuel_basis=fuel_basis,
        unit_basis=unit_basis,
        held="; ".join(doubt.reason for doubt in holds),
        detail="; ".join([*(doubt.detail for doubt in holds if doubt.detail), where]),
        asked={doubt.setting: doubt.suggested for doubt in holds if doubt.setting},
    )


def _judge_unit(cells: pl.DataFrame, tally: Tally, reader: Reader, known: Format) -> tuple[str, Doubt | None]:
    """Return what decided the unit, and what has to be declared."""
    if reader.declared.unit is not None:
        return "set for the feed", None
    level = measure_level(cells, reader.options.usual_kwh_per_day, len(tally.households))
    as_m3 = "" if level is None else f"as m3 {level * reader.conversion.kwh_per_m3:.2f} times"
    usual = "" if level is None else f"as kWh {level:.2f} times the gas of the mean British home in the same months"
    suggested = "" if level is None else suggest_unit(level, reader.conversion.kwh_per_m3)
    if known.unit is None:
        asked = 'its unit stands nowhere in it: declare unit = "kWh" or "m3"'
        shown = "" if level is None else f"{usual}, {as_m3}"
        return "nothing in the file", Doubt(setting="unit", suggested=suggested, reason=asked, detail=shown)
    if known.unit_is_sure or level is None:
        return "the name of the column" if known.unit_is_sure else "the name of the column; too short to judge", None
    if EVIDENCE.level_low <= level <= EVIDENCE.level_high:
        return f"the name of the column, and {usual}", None
    asked = (
        "its unit is in doubt: far from what a British home uses in the same months; SMETS2 meters give m3 also under a header "
        'that says kWh: declare unit = "m3" or "kWh"'
    )
    doubt = Doubt(setting="unit", suggested=suggested, reason=asked, detail=f"{usual}, {as_m3}")
    return "the level contradicts the name of the column", doubt


def _count_absent_zeros(cells: pl.DataFrame, tally: Tally) -> int:
    """Return the half-hours that are left out, where they behave as noughts."""
    found = judge_absent(cells, tally.span_half_hours)
    return 0 if found is None else tally.span_half_hours - int(cells["rows"].sum())


def _judge_absent(cells: pl.DataFrame, tally: Tally) -> Doubt | None:
    """Say what the readings are with and without the half-hours that are left out, where these behave as noughts."""
    span = tally.span_half_hours
    found = judge_absent(cells, span)
    if found is None:
        return None
    kwh, present = float(cells["kwh"].sum()), int(cells["rows"].sum())
    per_year = 365.25 * 48
    return Doubt(
        setting="absent",
        suggested="zero",
        reason='half-hours that are left out behave as noughts: declare absent = "zero" or "missing"',
        detail=f"{found}; with them as noughts the home uses {kwh / span * per_year:,.0f} kWh a year, without them "
        f"{kwh / present * per_year:,.0f}",
    )


def read_table(lake: Lake, work: FileWork, path: str, options: IngestOptions) -> dict[str, Any]:
    """Read a household or temperature table, write it, and return what its manifest says of its content.

    Raises
    ------
    RefusalError
        If it is truncated or damaged, or has no usable row.

    """
    opened = open_delivery(path, options.limits)
    layout = opened.layout
    if opened.rows is not None:
        delivered = read_row_table(load_rows(opened.rows, options.limits.loaded_bytes), layout)
    else:
        delivered = read_text_table(read_text(path, layout, options.limits), layout)
    decided = work.fingerprint("none", options)
    if layout.format.kind == "households":
        lines, table = read_households(reject_forgotten(delivered, options.forgotten))
        counted = {"dwelling_type_unknown": count_unknown_types(table)}
        if gone := int((lines.rejects["reason"] == FORGOTTEN).sum()):
            counted[FORGOTTEN] = gone
        households = tuple(table["household_id"])
    else:
        lines, table = read_temperature(delivered, FORMAT_BY_NAME[work.format])
        counted, households = {}, ()
    content = _describe_table(lake, work, lines, table, decided, tag=options.forgotten.tag)
    reasons = dict(lines.rejects.group_by("reason").len().iter_rows())
    return content | {
        "counted": counted, "households": households, "reject_reasons": reasons, "dialect": layout.dialect.describe(),
    }  # fmt: skip


def _describe_table(
    lake: Lake, work: FileWork, lines: DeliveredRows, table: pl.DataFrame, decided: str, *, tag: str
) -> dict[str, Any]:
    name = f"{name_object(work.source_id, decided, tag)}.parquet"
    rejects_key = f"rejects/{name}" if len(lines.rejects) else None
    if rejects_key:
        lake.put_frame(rejects_key, lines.rejects)
    content: dict[str, Any] = {
        "lines": lines.lines,
        "header_lines": lines.header_lines,
        "blank_lines": lines.blank_lines,
        "readings": len(lines.rows),
        "rejects": len(lines.rejects),
        "rejects_key": rejects_key,
        "decisions_fingerprint": decided,
    }
    if table.is_empty():
        return content | {"outcome": "refused", "reason": f"no usable row in its {lines.lines} lines"}
    table_key = f"{work.kind}/{name}"
    lake.put_frame(table_key, table)
    return content | {"table_key": table_key}
