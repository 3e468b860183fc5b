"""Tables of the lake: readings, rejected lines, and the small digests of months."""

from __future__ import annotations

import polars as pl

from transforms.tables.schema import UTC, Column, Table
from transforms.tables.words import EXACT_FLAGS, FLAG_DTYPE, FLAGS, INFERRED_FLAGS, B, F, N, S, household_id, source_id

READING = Table(
    "reading", "one reading of one home, with its flag", ("source_id", "line"),
    (
        household_id,
        Column("interval_start_utc", UTC, "start of the half-hour"),
        Column("gas_kwh", F, "gas of the half-hour", "kWh", lower=-1e9, upper=1e9),
        Column("flag", FLAG_DTYPE, "judgement on the reading", allowed=FLAGS),
        Column("line", N, "line of the source file, from 1; where lines hold several half-hours: the line times 100,000, plus the number of the half-hour within it", lower=1),
    ),
    tier="lake",
    made_by="transforms.readings.line_flags:flag_lines",
)  # fmt: skip

EXACT_FLAG = Table(
    "exact_flag", "one reading that other readings or the household table flag, before the history of homes does", ("source_id", "line"),
    (
        source_id,
        Column("line", N, "line of the source file, from 1", lower=1),
        Column("flag", FLAG_DTYPE, "judgement on the reading", allowed=EXACT_FLAGS),
    ),
    tier="lake",
    may_be_empty=True,
    made_by="transforms.readings.neighbour_flags:list_exact_flags",
)  # fmt: skip

FLAGGED = Table(
    "flagged", "a reading that is left out, with the flag that says why", ("source_id", "line"),
    (
        *READING.columns,
        source_id,
    ),
    tier="lake",
    may_be_empty=True,
    made_by="transforms.heat.hours:build_month",
)  # fmt: skip

REJECT = Table(
    "reject", "one line that gave no reading", ("line",),
    (
        Column("line", N, "line of the source file, from 1", lower=1),
        Column("text", S, "the line as delivered; for one part of a half-hour, its values as they were read"),
        Column("reason", S, "why it gave no reading"),
    ),
    tier="lake",
    made_by="transforms.readings.parse:part_lines",
)  # fmt: skip

CELL = Table(
    "cell", "good readings of one home by calendar month and hour of day (UTC)", ("household_id", "month", "hour_of_day"),
    (
        household_id,
        Column("month", pl.Date, "first day of the calendar month"),
        Column("hour_of_day", pl.Int8, "hour of day, UTC", "h", lower=0, upper=23),
        Column("half_hours", N, "ok half-hours", "1", lower=0),
        Column("hours", N, "hours with two ok half-hours", "1", lower=0),
        Column("gas_kwh", F, "gas of these hours", "kWh", lower=0),
        Column("first_interval_utc", UTC, "first ok half-hour"),
        Column("last_interval_utc", UTC, "last ok half-hour"),
    ),
    tier="lake",
    made_by="transforms.heat.hours:count_cells",
)  # fmt: skip

DAY = Table(
    "day", "one day of one home from one source: its ok readings, and its very high ones",
    ("household_id", "date", "source_id"),
    (
        household_id,
        Column("date", pl.Date, "day (UTC)"),
        source_id,
        Column("half_hours", N, "ok readings", "1", lower=0, upper=48),
        Column("gas_kwh", F, "gas of the ok readings", "kWh", lower=0),
        Column("delivered_half_hours", N, "ok and very high readings", "1", lower=1, upper=48),
        Column("delivered_kwh", F, "gas of the ok and very high readings", "kWh", lower=0),
        Column("max_kwh", F, "largest of them", "kWh", lower=0),
        Column("gap_kwh", F, "smallest difference between two unequal ones", "kWh", nullable=True, lower=0),
    ),
    tier="lake",
    made_by="transforms.history.digest:sum_days",
)  # fmt: skip

_run = (
    household_id,
    Column("start_utc", UTC, "start of its first half-hour"),
    Column("end_utc", UTC, "end of its last half-hour, exclusive"),
    Column("readings", N, "readings in it", "1", lower=1),
    Column("gas_kwh", F, "the value of each", "kWh", lower=0),
)

EQUAL_RUN = Table(
    "equal_run", "a run of equal readings of one home in one month: a long one, or the first or last of the month",
    ("household_id", "start_utc"),
    (
        *_run,
        Column("is_first", B, "whether the home's month begins with it"),
        Column("is_last", B, "whether the home's month ends with it"),
    ),
    tier="lake",
    made_by="transforms.history.equal_runs:find_runs",
)  # fmt: skip

OPEN_RUN = Table(
    "open_run", "the run of equal readings at the end of a home's month, from its start, which may be in an earlier month",
    ("household_id",), _run, tier="lake",
    made_by="transforms.history.equal_runs:join_runs",
)  # fmt: skip

CLOSED_RUN = Table(
    "closed_run", "a long run of equal readings from its start to its end, across months", ("household_id", "start_utc"),
    (*_run, Column("step_kwh", F, "the meter's step at that time", "kWh", nullable=True, lower=0)),
    tier="lake",
    made_by="transforms.history.equal_runs:name_step",
)  # fmt: skip

RECENT_DAY = Table(
    "recent_day", "one of the last days of a home, among which changes of level are sought", ("household_id", "date"),
    (
        household_id,
        Column("date", pl.Date, "day (UTC)"),
        Column("level", F, "gas over that of the mean British home at that temperature", "1", lower=0),
        Column("max_kwh", F, "largest reading", "kWh", lower=0),
        Column("gap_kwh", F, "smallest difference between two unequal readings", "kWh", nullable=True, lower=0),
    ),
    tier="lake",
    made_by="transforms.history.history:advance",
)  # fmt: skip

HOME_LEVEL = Table(
    "home_level", "state of a home's readings at the end of a month", ("household_id",),
    (
        household_id,
        Column("first_date", pl.Date, "first day with readings"),
        Column("last_date", pl.Date, "last day with readings"),
        Column("days", N, "days among which changes of level are sought", "d", lower=0),
        Column("gas_kwh", F, "gas of these days", "kWh", lower=0),
        Column("expected_kwh", F, "gas of the mean British home in the same half-hours", "kWh", lower=0),
        Column("step_kwh", F, "the meter's step, as last seen", "kWh", nullable=True, lower=0),
        Column("peak_kwh", F, "90 % quantile of the days' largest readings, in the month in which it is largest", "kWh", nullable=True, lower=0),
        Column("cold_days", N, "usable cold days", "d", lower=0),
        Column("cold_kwh", F, "their gas", "kWh", lower=0),
        Column("warm_days", N, "usable warm days", "d", lower=0),
        Column("warm_kwh", F, "their gas", "kWh", lower=0),
    ),
    tier="lake",
    made_by="transforms.history.history:advance",
)  # fmt: skip

LEVEL_CHANGE = Table(
    "level_change", "a day on which a home's level changes by the factor of a wrong unit", ("household_id", "date"),
    (
        household_id,
        Column("date", pl.Date, "first day of the new level"),
        Column("log_factor", F, "logarithm of the factor between two units, new over old", "1"),
        Column("log_ratio", F, "logarithm of the measured ratio of levels", "1"),
        Column("log_level_before", F, "logarithm of the level before", "1"),
        Column("step_before_kwh", F, "the meter's step before", "kWh", nullable=True, lower=0),
        Column("is_sure", B, "whether it counts as a slip by itself, or only where it undoes another"),
        Column("contrast", F, "difference of the mean logarithms of the levels: largest where the change is", "1", lower=0),
    ),
    tier="lake",
    made_by="transforms.history.unit_slips:find_changes",
)  # fmt: skip

UNSETTLED = Table(
    "unsettled", "readings of one home in one month that a rule cannot judge yet", ("month", "flag", "household_id"),
    (
        Column("month", pl.Date, "first day of the calendar month"),
        Column("flag", S, "inferred flag", allowed=INFERRED_FLAGS),
        household_id,
        Column("readings", N, "readings", "1", lower=0),
        Column("readings_without_temperature", N, "those among them on days without a temperature", "1", lower=0),
    ),
    tier="lake",
    made_by="transforms.history.history:advance",
)  # fmt: skip

MONTH_READINGS = Table(
    "month_readings", "readings of one month without an exact flag", ("month",),
    (
        Column("month", pl.Date, "first day of the calendar month"),
        Column("readings", N, "readings", "1", lower=0),
        Column("readings_without_temperature", N, "those among them on days without a temperature", "1", lower=0),
    ),
    tier="lake",
    made_by="transforms.history.history:advance",
)  # fmt: skip

GAP_VALUE = Table(
    "gap_value", "an unusually large reading of one home after missing half-hours or zeros", ("household_id", "end_utc"),
    (
        household_id,
        Column("gap_start_utc", UTC, "end of the last reading above zero before it; null: in an earlier month", nullable=True),
        Column("end_utc", UTC, "end of its half-hour, exclusive"),
        Column("zeros", N, "zeros of the month since that reading", "1", lower=0),
        Column("gas_kwh", F, "its gas", "kWh", lower=0),
        Column("other_kwh", F, "gas of the home's other readings of the month", "kWh", lower=0),
        Column("other_readings", N, "how many they are, without these zeros", "1", lower=0),
    ),
    tier="lake",
    made_by="transforms.history.catch_up:find_gap_values",
)  # fmt: skip

CATCH_UP = Table(
    "catch_up", "a reading that holds the gas of the gap before it", ("household_id", "start_utc"),
    (
        household_id,
        Column("start_utc", UTC, "start of the gap"),
        Column("end_utc", UTC, "end of the reading, exclusive"),
        Column("gas_kwh", F, "its gas", "kWh", lower=0),
    ),
    tier="lake",
    made_by="transforms.history.catch_up:judge_gap_values",
)  # fmt: skip
