"""Lineage: files, flags, builds, runs, checks, and the meaning of each column."""

from __future__ import annotations

import polars as pl

from transforms.tables.schema import UTC, Column, Table
from transforms.tables.words import FLAGS, INFERRED_FLAGS, NOT_BUILT, B, F, N, S, household_id, source_id

SOURCE = Table(
    "source", "one delivered file, by content", ("source_id",),
    (
        source_id,
        Column("file_name", S, "name below the landing folder"),
        Column("feed", S, "format and landing subfolder"),
        Column("format", S, "recognised format, or none"),
        Column("kind", S, "content of the file", allowed=("readings", "households", "temperature", "none")),
        Column("outcome", S, "result for the file", allowed=("accepted", "refused", "held", "quarantined", "withdrawn")),
        Column("reason", S, "why it was refused, held, quarantined or withdrawn", nullable=True),
        Column("sha256", S, "hash of the file's bytes"),
        Column("bytes", N, "size of the file", "B", lower=0),
        Column("lines", N, "lines of the file", "1", lower=0),
        Column("header_lines", N, "header lines, repeated ones included", "1", lower=0),
        Column("blank_lines", N, "blank lines", "1", lower=0),
        Column("readings", N, "parsed readings with any flag; for a household or temperature table, its rows", "1", lower=0),
        Column("rejects", N, "lines that gave no reading", "1", lower=0),
        Column("regrouped", N, "readings and rejects beyond one per line: an hour is two half-hours, shorter intervals are added up", "1"),
        Column("clock", S, "clock of the stamps", allowed=("utc", "local", "none")),
        Column("clock_basis", S, "evidence for the clock"),
        Column("stamp", S, "end of the interval that the stamps name: its start or its end", allowed=("start", "end", "none")),
        Column("stamp_basis", S, "evidence for the stamp"),
        Column("id_basis", S, "where the household id comes from"),
        Column("first_interval_utc", UTC, "start of the first half-hour", nullable=True),
        Column("last_interval_utc", UTC, "start of the last half-hour", nullable=True),
        Column("superseded", B, "whether newer content at the same path replaced it"),
        Column("ingested_at_utc", UTC, "when it was read"),
    ),
    may_be_empty=True,
    made_by="flows.pipeline.candidate:list_sources",
)  # fmt: skip

FLAG_COUNT = Table(
    "flag_count", "readings of one source that carry one flag", ("source_id", "flag"),
    (
        source_id,
        Column("flag", S, "judgement on the reading; not_built: its month could not be built", allowed=(*FLAGS, NOT_BUILT)),
        Column("readings", N, "readings", "1", lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.heat.hours:count_flags",
)  # fmt: skip

FLAG_JUDGEMENT = Table(
    "flag_judgement", "readings of one month by whether an inferred flag could be judged for them", ("month", "flag", "outcome"),
    (
        Column("month", pl.Date, "first day of the calendar month"),
        Column("flag", S, "inferred flag", allowed=INFERRED_FLAGS),
        Column("outcome", S, "judged, or the evidence that was missing"),
        Column("readings", N, "readings", "1", lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.history.history:count_judged",
)  # fmt: skip

SUSPECT_SPAN = Table(
    "suspect_span", "a span of one home's readings that carries an inferred flag", ("household_id", "flag", "start_utc"),
    (
        household_id,
        Column("flag", S, "inferred flag", allowed=INFERRED_FLAGS),
        Column("start_utc", UTC, "start of its first half-hour"),
        Column("end_utc", UTC, "end of its last half-hour, exclusive"),
        Column("factor", F, "delivered over true, where a wrong unit is suspected", "1", nullable=True, lower=0),
        Column("gas_kwh", F, "gas of the span, where its last reading holds all of it", "kWh", nullable=True, lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.history.history:conclude",
)  # fmt: skip

UNIT_DOUBT = Table(
    "unit_doubt", "a home whose gas, from its first reading on, would be usual in another unit", ("household_id",),
    (
        household_id,
        Column("level", F, "its gas over that of the mean British home at that temperature, or in that season", "1", lower=0),
        Column("usual_level", F, "usual level of comparable homes", "1", lower=0),
        Column("compared_with", S, "homes that give the usual level", allowed=("homes of its type", "all homes", "published studies")),
        Column("factor", F, "delivered over true, if the unit is wrong", "1", lower=0),
        Column("step_kwh", F, "the meter's step", "kWh", nullable=True, lower=0),
        Column("peak_kwh", F, "its largest half-hours", "kWh", nullable=True, lower=0),
        Column("cold_to_warm", F, "gas of a cold day over that of a warm day", "1", nullable=True, lower=0),
        Column("witness", S, "what proves the wrong unit beside the level", allowed=("step", "largest half-hours", "none")),
        Column("flagged", B, "whether it is proved, and its readings carry suspected_unit"),
    ),
    may_be_empty=True,
    made_by="transforms.history.history:conclude",
)  # fmt: skip

SOURCE_LEVEL = Table(
    "source_level", "how high the readings of one source lie in one month, beside the same homes' other readings", ("source_id", "month"),
    (
        source_id,
        Column("month", pl.Date, "first day of the calendar month"),
        Column("households", N, "homes with readings", "1", lower=0),
        Column("half_hours", N, "readings without an exact flag", "1", lower=0),
        Column("gas_kwh", F, "their gas", "kWh", lower=0),
        Column("level", F, "their gas over that of the mean British home at that temperature", "1", nullable=True, lower=0),
        Column("households_before", N, "those among the homes with earlier readings, or with readings from other sources", "1", lower=0),
        Column("level_before", F, "level of these homes' earlier readings and of those from other sources", "1", nullable=True, lower=0),
        Column("ratio", F, "level over level_before, for the homes that have both", "1", nullable=True, lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.history.history:measure_sources",
)  # fmt: skip

BUILD_MONTH = Table(
    "build_month", "one month of readings made into hours", ("month",),
    (
        Column("month", pl.Date, "first day of the calendar month"),
        Column("fingerprint", S, "hash of everything that the month was computed from, code and rules included"),
        Column("data_fingerprint", S, "hash of the readings and of the homes that are unknown"),
        Column("code_fingerprint", S, "hash of the modules that computed it"),
        Column("households", N, "homes with a good hour", "1", lower=0),
        Column("readings", N, "readings of the month with any flag", "1", lower=0),
        Column("ok_half_hours", N, "ok half-hours of known homes", "1", lower=0),
        Column("used_half_hours", N, "half-hours that entered an hour", "1", lower=0),
        Column("used_gas_kwh", F, "gas of the half-hours that entered an hour", "kWh", lower=0),
        Column("hours", N, "good hours", "1", lower=0),
    ),
    may_be_empty=True,
    made_by="flows.pipeline.months:work_month",
)  # fmt: skip

RUN = Table(
    "run", "one run that published a warehouse", ("run_id",),
    (
        Column("run_id", S, "identifier of the run"),
        Column("kind", S, "kind of run", allowed=("nightly", "backfill")),
        Column("reason", S, "reason that was given for it", nullable=True),
        Column("started_at_utc", UTC, "start of the run"),
        Column("published_at_utc", UTC, "when its tables were complete"),
        Column("snapshot_id", S, "the warehouse it published"),
        Column("base_snapshot_id", S, "the warehouse it replaced", nullable=True),
        Column("content_fingerprint", S, "hash of everything that the warehouse was made from"),
        Column("code_version", S, "version of Hearth"),
        Column("warehouse_format", N, "number of the warehouse's format, null before it was recorded", "1", nullable=True, lower=1),
        Column("code_fingerprint", S, "hash of the modules that computed it"),
        Column("settings", S, "settings that shape numbers, as JSON"),
        Column("periods", S, "hash of everything that each study period was computed from, as JSON", nullable=True),
        Column("audit", S, "whether the gate measured everything, or kept results of months and periods that did not change", nullable=True, allowed=("full", "carried")),
        Column("gate_fingerprint", S, "hash of the checks whose results can be kept; under another hash none is kept", nullable=True),
        Column("sources_new", N, "files that the run took in", "1", lower=0),
        Column("months_built", N, "months that it built", "1", lower=0),
    ),
    made_by="flows.pipeline.candidate:make_run_row",
)  # fmt: skip

QUALITY_RESULT = Table(
    "quality_result", "one check of the gate on one run's candidate", ("run_id", "check_name"),
    (
        Column("run_id", S, "identifier of the run"),
        Column("check_name", S, "name of the check"),
        Column("table_name", S, "table that it judges"),
        Column("severity", S, "whether a failure stops the publication", allowed=("critical", "warning")),
        Column("passed", B, "whether it held"),
        Column("observed", F, "the measured value", nullable=True),
        Column("lower", F, "smallest value that passes", nullable=True),
        Column("upper", F, "largest value that passes", nullable=True),
        Column("sample_keys", S, "a few keys of rows that fail, as JSON", nullable=True),
        Column("meaning", S, "meaning of the check, in a sentence"),
    ),
    may_be_empty=True,  # the gate judges before it writes
    made_by="quality.gate:judge",
)  # fmt: skip

DATA_DICTIONARY = Table(
    "data_dictionary", "one column of one table or view", ("table_name", "column_name"),
    (
        Column("table_name", S, "table or view"),
        Column("column_name", S, "column"),
        Column("position", N, "order in the table", lower=1),
        Column("type", S, "DuckDB type"),
        Column("unit", S, "unit, empty where there is none"),
        Column("meaning", S, "meaning of the column"),
        Column("is_key", B, "whether it is part of the key"),
        Column("nullable", B, "whether it may be null"),
        Column("grain", S, "grain of the table: the meaning of one row"),
        Column("tier", S, "who may see it", allowed=("restricted", "public")),
    ),
    tier="public",
    made_by="warehouse.publish:describe_columns",
)  # fmt: skip
