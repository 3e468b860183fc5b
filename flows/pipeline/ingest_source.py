"""The work of ingest on one source: recognise it, decide how it is read, take in its blocks, describe the result."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import polars as pl

from flows.pipeline.ingest_blocks import Intake, Plan, Tally, take_blocks
from flows.pipeline.ingest_decisions import FeedOptions, FileWork, IngestOptions
from flows.pipeline.ingest_verdict import judge_readings
from transforms.public.forgotten import FORGOTTEN, reject_forgotten
from transforms.readings.clocks import add_counts, weigh_change_days
from transforms.readings.declaration import Clock, Format, GasConversion, Layout, RefusalError, Stamp
from transforms.readings.delivered_table import DeliveredRows, read_row_table, read_text_table
from transforms.readings.doubled import MOST_HOME_DAYS, add_marks, find_doubled
from transforms.readings.formats import DAY_SLOTS, FORMAT_BY_NAME
from transforms.readings.homes import SAME_DAYS_MIN
from transforms.readings.household_table import count_unknown_types, read_households
from transforms.readings.intervals import HALF, add_steps, count_steps, find_irregular
from transforms.readings.parse import Parsed, number_rows, part_lines, type_fields
from transforms.readings.plain_lines import parse_text
from transforms.readings.recognition import hint_at
from transforms.readings.stamps import StampEvidence, decide_stamp, weigh_half_hours
from transforms.readings.temperature_table import read_temperature
from transforms.tables.schema import UTC
from warehouse.containers import Opened, load_rows, open_delivery
from warehouse.lake import Lake
from warehouse.landing import iter_text, read_text
from warehouse.reading_objects import ReadingObjects, name_object

SAMPLE_BYTES = 2**20  # the beginning of a file, from which the plan for the whole file is assumed
MOST_PASSES = 3  # a file is read again if the whole of it contradicts the plan
REASONS_NAMED = 2  # reasons of rejects that a refusal names beside the first
IDS_NAMED = 3  # ids that a warning names


class _OtherPlanError(Exception):
    """The whole file asks for another plan than the one by which it was read."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan


class _HeldError(Exception):
    """Something has to be declared before the readings can be used; they are not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One source of readings, and all decisions about it that are made before its lines are read."""

    lake: Lake
    work: FileWork
    path: str
    options: IngestOptions

    @property
    def declared(self) -> FeedOptions:
        """The declarations about its feed."""
        return self.options.of_feed(self.work.feed)

    @property
    def conversion(self) -> GasConversion:
        """How a volume becomes energy."""
        return self.declared.convert(self.options.conversion)

    def open(self) -> Opened:
        """Recognise the file; declarations about its unit and its text take precedence."""
        opened = open_delivery(self.path, self.options.limits)
        layout, declared = opened.layout, self.declared
        written = layout.dialect
        dialect = replace(
            written, encoding=declared.encoding or written.encoding, decimal=declared.decimal or written.decimal
        )
        known = replace(layout.format, unit=declared.unit or layout.format.unit)
        return replace(opened, layout=replace(layout, format=known, dialect=dialect))

    def parse(self, opened: Opened, clock: Clock, block_bytes: int) -> Iterator[Parsed]:
        """Yield what becomes of the lines of the file, block by block, with the ids of homes as they are kept."""
        for parsed in self._parse(opened, clock, block_bytes):
            if not opened.layout.format.names_household:
                yield parsed
                continue
            ids = parsed.readings["household_id"]
            self.options.note_forgotten(ids.unique().drop_nulls())
            named = parsed.readings.with_columns(household_id=self.options.pseudonyms.name_column(ids))
            yield replace(parsed, readings=named)

    def _parse(self, opened: Opened, clock: Clock, block_bytes: int) -> Iterator[Parsed]:
        line, layout = 1, opened.layout
        if opened.rows is not None:
            for rows in opened.rows:
                block = number_rows(rows, layout, line)
                yield part_lines(block, type_fields(block, layout, clock, self.conversion), layout)
                line += len(rows)
            return
        texts = iter_text(self.path, layout, block_bytes, self.options.limits)
        text = next(texts, None)
        while text is not None:
            later = next(texts, None)
            parsed = parse_text(text, layout, line, clock=clock, conversion=self.conversion, ends_file=later is None)
            yield parsed
            line += parsed.lines
            text = later


def read_readings(lake: Lake, work: FileWork, path: str, options: IngestOptions) -> dict[str, Any]:
    """Read a source of readings, write its objects, and return the fields of its manifest.

    Raises
    ------
    RefusalError
        If the file is truncated or damaged, turns into another table, or contradicts itself.

    """
    reader = Reader(lake=lake, work=work, path=path, options=options)
    plan = _assume_plan(reader)
    for _ in range(MOST_PASSES):
        try:
            return _read_by_plan(reader, plan)
        except _OtherPlanError as error:
            plan = error.plan
    message = f"{path}: how it is to be read depends on the beginning of the file"
    raise AssertionError(message)


def _assume_plan(reader: Reader) -> Plan:
    """Return the plan that the beginning of a file suggests; if the whole file contradicts it, it is read again."""
    opened = reader.open()
    layout, declared, decisions = opened.layout, reader.declared, reader.work.decisions
    known, evidence = layout.format, StampEvidence()
    irregular: frozenset[str] = frozenset()
    regroup = (
        known.shape == "register"
        or (known.shape == "day" and DAY_SLOTS[len(layout.intervals)] != HALF)
        or declared.interval_minutes not in {None, HALF}
        or declared.absent == "zero"
    )
    if opened.rows is None and known.shape == "interval":
        readings = next(reader.parse(opened, "utc", SAMPLE_BYTES)).readings
        if known.stamp_from == "half_hour":
            evidence = weigh_half_hours(readings)
        if not regroup and _finds_intervals(reader):
            home = (
                pl.lit(decisions.household_id)
                if decisions.household_id is not None
                else pl.col("household_id").replace(decisions.renamed)
            )
            irregular = frozenset(find_irregular(count_steps(readings.with_columns(household_id=home))))
    try:
        stamp, _ = _settle_stamp(evidence, known, declared)
    except RefusalError:  # the beginning contradicts itself, and the whole file decides
        stamp = known.stamp
    return Plan(stamp=stamp, regroup=regroup, irregular=irregular)


def _finds_intervals(reader: Reader) -> bool:
    return reader.declared.interval_minutes is None


def _settle_stamp(evidence: StampEvidence, known: Format, declared: FeedOptions) -> tuple[Stamp, str]:
    if declared.stamp is not None:
        return declared.stamp, "set for the feed"
    if known.stamp_from == "name":
        return known.stamp, "the name of the column"
    return decide_stamp(evidence, default=known.stamp)


def _read_by_plan(reader: Reader, plan: Plan) -> dict[str, Any]:
    opened, work, options = reader.open(), reader.work, reader.options
    known, decided = opened.layout.format, work.fingerprint(plan.stamp, options)
    tag = options.forgotten.tag
    objects = ReadingObjects(reader.lake, work.source_id, decided, tag=tag, keep=options.keep_readings)
    intake = Intake(
        layout=opened.layout,
        plan=plan,
        decisions=work.decisions,
        declared=reader.declared,
        options=options,
        objects=objects,
    )
    tally = intake.tally
    try:
        with objects:
            clock = work.decisions.clock or known.clock
            take_blocks(reader.parse(opened, clock, options.block_bytes), intake)
            stamp_basis = _confirm_plan(reader, intake)
            verdict = judge_readings(intake, feed=work.feed, file_name=work.file_name)
            if verdict.held is not None and tally.readings:
                raise _HeldError  # noqa: TRY301 - it removes the objects that were written
    except _HeldError:
        objects.forget()
    content = _describe_content(intake) | {
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


def _confirm_plan(reader: Reader, intake: Intake) -> str:
    """Return the basis of the decision about the stamps: start or end of an interval.

    Raises
    ------
    _OtherPlanError
        If the whole file asks for another plan.

    """
    plan, tally = intake.plan, intake.tally
    stamp, basis = _settle_stamp(tally.half_hours, intake.known, reader.declared)
    irregular = plan.irregular
    if not plan.regroup and _finds_intervals(reader):
        irregular |= frozenset(find_irregular(add_steps(tally.steps)))
    doubled = {} if tally.marks is None else find_doubled(add_marks(tally.marks))
    found = replace(plan, stamp=stamp, irregular=irregular, doubled=doubled)
    if found != plan:
        raise _OtherPlanError(found)
    return basis


def _describe_content(intake: Intake) -> dict[str, Any]:
    """Return the fields of the manifest about the content of a source, whether it is accepted, held or refused."""
    known, tally, plan, objects, decisions = (
        intake.known,
        intake.tally,
        intake.plan,
        intake.objects,
        intake.decisions,
    )
    evidence = weigh_change_days(add_counts(tally.change_days)) if known.clock_from == "feed" else []
    counted = {"above_meter_rating": tally.above_meter_rating}
    if known.stamp_from == "half_hour":
        agreeing = tally.half_hours.start if plan.stamp == "start" else tally.half_hours.end
        counted["hh_disagrees"] = tally.half_hours.rows - agreeing
    if tally.forgotten:
        counted[FORGOTTEN] = tally.forgotten
    if tally.filled:
        counted["absent_taken_as_zero"] = tally.filled
    gone = intake.options.forgotten.among({*plan.doubled, *plan.doubled.values()})
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
        "dialect": intake.layout.dialect.describe(),
        "clock": decisions.clock,
        "clock_basis": decisions.clock_basis,
        "clock_evidence": tuple(asdict(day) for day in evidence),
        "stamp": plan.stamp,
        "id_basis": decisions.id_basis,
        "interval_basis": _describe_intervals(intake),
        "renamed": dict(decisions.renamed),
        "doubled": doubled,
        "warnings": tuple(_warn_of_ids(intake, doubled)),
        "day_marks": {} if known.names_household else _mark_days(tally.days),
        "first_interval_utc": tally.first_interval_utc,
        "last_interval_utc": tally.last_interval_utc,
        "line_flags": dict(sorted(tally.flags.items())),
        "counted": counted,
        "parameters": asdict(intake.options.thresholds) | asdict(intake.conversion),
        "months": dict(sorted(objects.months.items())),
        "month_readings": dict(sorted(objects.month_readings.items())),
        "households": tuple(sorted(tally.households)),
    }


def _warn_of_ids(intake: Intake, doubled: Mapping[str, str]) -> Iterator[str]:
    """Say which ids were taken for other ids, and whether doubled meters were not searched for."""
    if intake.decisions.warning is not None:
        yield intake.decisions.warning
    if doubled:
        shown = ", ".join(f"{other} as {kept}" for other, kept in list(doubled.items())[:IDS_NAMED])
        more = f" and {len(doubled) - IDS_NAMED} more" if len(doubled) > IDS_NAMED else ""
        yield (
            f"{len(doubled)} of its ids hold the readings of another id on {SAME_DAYS_MIN} days or more: one meter delivered twice; "
            f"its readings are taken once ({shown}{more})"
        )
    if intake.tally.marks is None:
        yield f"more than {MOST_HOME_DAYS:,} homes' days: not looked for meters that are delivered under two ids"


def _describe_intervals(intake: Intake) -> str:
    """Say how long the intervals of a source are."""
    regular, tally = "half-hours by their stamps", intake.tally
    others = "; ".join(tally.notes)
    if not others:
        return regular
    homes = len(intake.plan.irregular)
    named = f"{homes:,} home{'' if homes == 1 else 's'}"
    return f"{regular}; of {named} {others}" if len(add_steps(tally.steps)) else others


def _say_no_reading(tally: Tally, layout: Layout) -> dict[str, str | None]:
    """Say why a file holds no reading: `reason`, which may be published, and `detail`, which quotes the first reject."""
    first_said = ""
    detail = None
    if tally.first_reject is not None:
        line, reason, text = tally.first_reject
        first_said = f", line {line} first: {reason}"
        detail = f"line {line}: {text[:200]}"
        first_said += hint_at(reason, text, layout)
    first = tally.first_reject[1] if tally.first_reject else ""
    rest = sorted(((count, why) for why, count in tally.reasons.items() if why != first), key=lambda r: (-r[0], r[1]))
    also = "".join(f"; also {count:,} {why}" for count, why in rest[:REASONS_NAMED])
    reason = f"no reading in its {tally.lines} lines ({tally.rejects} rejects{first_said}{also})"
    return {"reason": reason, "detail": detail}


def _mark_days(days: Sequence[pl.DataFrame]) -> dict[str, str]:
    """Return a hash of the readings of each day with gas, by which two deliveries of one meter are recognised."""
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


def read_table(lake: Lake, work: FileWork, path: str, options: IngestOptions) -> dict[str, Any]:
    """Read a household or temperature table, write it, and return the fields of its manifest.

    Raises
    ------
    RefusalError
        If the file is truncated or damaged, or has no usable row.

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
        named = options.pseudonyms.name_column(table["household_id"])
        table = table.with_columns(household_id=named).sort("household_id")
        counted = {"dwelling_type_unknown": count_unknown_types(table)}
        if gone := int((lines.rejects["reason"] == FORGOTTEN).sum()):
            counted[FORGOTTEN] = gone
        households = tuple(table["household_id"])
    else:
        lines, table = read_temperature(delivered, FORMAT_BY_NAME[work.format])
        counted, households = {}, ()
    lines = replace(lines, rejects=options.keep_rejects(lines.rejects))
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
