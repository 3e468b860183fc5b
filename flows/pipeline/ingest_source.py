"""The work of ingest on one source: read it block by block, write its objects, say what became of every line."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import polars as pl

from flows.pipeline.ingest_decisions import FileWork, IngestOptions
from transforms.public.forgotten import FORGOTTEN, part_forgotten, reject_forgotten
from transforms.readings.clocks import add_counts, count_change_days, weigh_change_days
from transforms.readings.delivered_table import DeliveredRows, read_row_table, read_text_table
from transforms.readings.formats import FORMAT_BY_NAME, Layout, RefusalError, Stamp, recognise
from transforms.readings.household_table import count_unknown_types, read_households
from transforms.readings.line_flags import count_above_rating, count_flags, flag_lines
from transforms.readings.parse import Block, Parsed, number_rows, part_lines, split_block, type_fields
from transforms.readings.stamps import (
    StampEvidence,
    choose_instant,
    decide_stamp,
    read_stamps,
    start_of_interval,
    weigh_half_hours,
)
from transforms.readings.temperature_table import read_temperature
from warehouse.lake import Lake
from warehouse.landing import find_container, iter_rows, iter_text, read_header, read_text
from warehouse.manifest import ClockDay
from warehouse.reading_objects import ReadingObjects, name_object

MOST_COUNTS = 16  # of blocks, before they are added up
SAMPLE_BYTES = 2**20  # of a file, to assume what its stamps name before the whole of it is read


class _OtherStampError(Exception):
    """The whole file says something else than its beginning about what the stamps name."""


@dataclass
class Tally:
    """What is kept of the blocks that went by."""

    lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    readings: int = 0
    rejects: int = 0
    forgotten: int = 0
    first_reject: str = ""
    half_hours: StampEvidence = field(default_factory=StampEvidence)
    change_days: list[pl.DataFrame] = field(default_factory=list)
    flags: Counter[str] = field(default_factory=Counter)
    above_meter_rating: int = 0
    households: set[str] = field(default_factory=set)
    first_interval_utc: dt.datetime | None = None
    last_interval_utc: dt.datetime | None = None

    def count_lines(self, parsed: Parsed) -> None:
        """Count what became of the lines of a block."""
        self.lines += parsed.lines
        self.header_lines += parsed.header_lines
        self.blank_lines += parsed.blank_lines
        self.readings += len(parsed.readings)
        self.rejects += len(parsed.rejects)
        self.forgotten += int((parsed.rejects["reason"] == FORGOTTEN).sum())
        if not self.first_reject and len(parsed.rejects):
            line, reason = parsed.rejects.select("line", "reason").row(0)
            self.first_reject = f", line {line} first: {reason}"

    def count_change_days(self, readings: pl.DataFrame) -> None:
        """Count a block's rows on change days; the counts of many blocks are added up now and then."""
        self.change_days.append(count_change_days(readings))
        if len(self.change_days) > MOST_COUNTS:
            self.change_days = [add_counts(self.change_days)]

    def count_at(self, stamps: pl.Series) -> pl.DataFrame:
        """Return the counts so far at the given stamps of change days."""
        return add_counts([part.filter(pl.col("stamp").is_in(stamps.implode())) for part in self.change_days])

    def count_readings(self, flagged: pl.DataFrame, options: IngestOptions) -> None:
        """Count flags, homes and the time that a block's readings span."""
        self.flags.update(count_flags(flagged))
        self.above_meter_rating += count_above_rating(flagged, options.thresholds)
        self.households.update(flagged["household_id"].unique())
        times = flagged.filter(~pl.col("flag").is_in(["bad_time", "off_grid"]))["interval_start_utc"]
        ends = (self.first_interval_utc, self.last_interval_utc, times.min(), times.max())
        known = [moment for moment in ends if isinstance(moment, dt.datetime)]
        if known:
            self.first_interval_utc, self.last_interval_utc = min(known), max(known)


def read_readings(lake: Lake, work: FileWork, path: str, options: IngestOptions) -> dict[str, Any]:
    """Read a source of readings, write its objects, and return what its manifest says of its content.

    Raises
    ------
    RefusalError
        If it is truncated or damaged, turns into another table, or contradicts itself.

    """
    layout = recognise(read_header(path))
    stamp, _ = _assume_stamp(path, layout, work, options)
    for _ in range(2):
        try:
            return _read_with_stamp(lake, work, path, layout=layout, stamp=stamp, options=options)
        except _OtherStampError as error:
            stamp = error.args[0]
    message = f"{path}: what its stamps name depends on the beginning of the file"
    raise AssertionError(message)


def _read_with_stamp(
    lake: Lake, work: FileWork, path: str, *, layout: Layout, stamp: Stamp, options: IngestOptions
) -> dict[str, Any]:
    decided = work.fingerprint(stamp, options)
    tally = Tally()
    with ReadingObjects(lake, work.source_id, decided, tag=options.forgotten.tag) as objects:
        for block in _iter_blocks(path, layout, options.block_bytes):
            _read_block(block, tally, objects, work=work, layout=layout, stamp=stamp, options=options)
        settled, stamp_basis = _settle_stamp(tally.half_hours, layout, work, options)
        if settled != stamp:
            raise _OtherStampError(settled)
    evidence = weigh_change_days(add_counts(tally.change_days)) if layout.format.clock_from == "feed" else []
    counted = {"above_meter_rating": tally.above_meter_rating}
    if layout.format.stamp_from == "half_hour":
        agreeing = tally.half_hours.start if stamp == "start" else tally.half_hours.end
        counted["hh_disagrees"] = tally.half_hours.rows - agreeing
    if tally.forgotten:
        counted[FORGOTTEN] = tally.forgotten
    content: dict[str, Any] = {
        "lines": tally.lines,
        "header_lines": tally.header_lines,
        "blank_lines": tally.blank_lines,
        "readings": tally.readings,
        "rejects": tally.rejects,
        "rejects_key": objects.rejects_key,
        "decisions_fingerprint": decided,
        "clock": work.decisions.clock,
        "clock_basis": work.decisions.clock_basis,
        "clock_evidence": tuple(ClockDay(**asdict(day)) for day in evidence),
        "stamp": stamp,
        "stamp_basis": stamp_basis,
        "id_basis": work.decisions.id_basis,
        "first_interval_utc": tally.first_interval_utc,
        "last_interval_utc": tally.last_interval_utc,
        "line_flags": dict(sorted(tally.flags.items())),
        "counted": counted,
        "parameters": asdict(options.thresholds) | asdict(options.conversion),
        "months": dict(sorted(objects.months.items())),
        "month_readings": dict(sorted(objects.month_readings.items())),
        "households": tuple(sorted(tally.households)),
    }
    if not tally.readings:
        reason = f"no reading in its {tally.lines} lines ({tally.rejects} rejects{tally.first_reject})"
        return content | {"outcome": "refused", "reason": reason}
    return content


def _read_block(
    block: Block,
    tally: Tally,
    objects: ReadingObjects,
    *,
    work: FileWork,
    layout: Layout,
    stamp: Stamp,
    options: IngestOptions,
) -> None:
    """Take one block from text to flagged readings in the lake."""
    known, decisions = layout.format, work.decisions
    typed = type_fields(block, known, decisions.clock or known.clock, options.conversion)
    parsed = part_lines(block, typed, layout)
    if decisions.household_id is not None:
        parsed = replace(parsed, readings=parsed.readings.with_columns(household_id=pl.lit(decisions.household_id)))
    parsed = part_forgotten(parsed, options.forgotten)
    if decisions.household_id is not None and options.forgotten.among([decisions.household_id]):
        parsed = replace(parsed, rejects=parsed.rejects.with_columns(text=pl.lit("")))  # every line is of that home
    tally.count_lines(parsed)
    objects.write_rejects(parsed.rejects)
    readings = parsed.readings
    if known.stamp_from == "half_hour":
        tally.half_hours += weigh_half_hours(readings)
    told_twice = readings.filter(pl.col("second_utc").is_not_null())["stamp"].unique()
    if len(told_twice):
        readings = choose_instant(readings, tally.count_at(told_twice))
    if known.clock_from == "feed":
        tally.count_change_days(readings)
    flagged = readings.with_columns(interval_start_utc=start_of_interval(pl.col("instant_utc"), stamp)).pipe(
        flag_lines, thresholds=options.thresholds, conversion=options.conversion, run_date=options.run_date
    )
    tally.count_readings(flagged, options)
    objects.write_readings(flagged)


def _iter_blocks(path: str, layout: Layout, block_bytes: int) -> Iterator[Block]:
    line = 1
    if find_container(path) == "parquet":
        for rows in iter_rows(path):
            yield number_rows(rows, layout, line)
            line += len(rows)
        return
    for text in iter_text(path, block_bytes):
        block = split_block(text, layout, line)
        yield block
        line += len(block.fields)


def _settle_stamp(evidence: StampEvidence, layout: Layout, work: FileWork, options: IngestOptions) -> tuple[Stamp, str]:
    known = layout.format
    if known.stamp_from == "name":
        return known.stamp, "the name of the column"
    return decide_stamp(evidence, default=known.stamp, setting=options.of_feed(work.feed).stamp)


def _assume_stamp(path: str, layout: Layout, work: FileWork, options: IngestOptions) -> tuple[Stamp, str]:
    """Assume what the stamps name from the beginning of the file; the whole file confirms it or is read again."""
    evidence = StampEvidence()
    if layout.format.stamp_from == "half_hour" and find_container(path) != "parquet":
        first = next(_iter_blocks(path, layout, SAMPLE_BYTES))
        stamps = read_stamps(first.fields["stamp"], layout.format.stamp_formats, "utc")
        evidence = weigh_half_hours(
            first.fields.select(
                pl.col("stamp").alias("text"), half_hour_number=pl.col("half_hour").cast(pl.Int16, strict=False)
            ).join(stamps, on="text", how="left")
        )
    try:
        return _settle_stamp(evidence, layout, work, options)
    except RefusalError:
        return layout.format.stamp, "its beginning contradicts itself; the whole of it decides"


def read_table(lake: Lake, work: FileWork, path: str, options: IngestOptions) -> dict[str, Any]:
    """Read a household or temperature table, write it, and return what its manifest says of its content.

    Raises
    ------
    RefusalError
        If it is truncated or damaged, or has no usable row.

    """
    layout = recognise(read_header(path))
    if find_container(path) == "parquet":
        delivered = read_row_table(pl.concat(list(iter_rows(path))), layout)
    else:
        delivered = read_text_table(read_text(path), layout)
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
    return content | {"counted": counted, "households": households}


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
