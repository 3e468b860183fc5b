"""Every table of Hearth, declared once.

The polars schemas, the DuckDB tables with their comments, the expectations of the gate, the data
dictionary and the axis titles are all derived from these declarations.
"""

from __future__ import annotations

import polars as pl

from transforms.schema import UTC, Column, Table

DWELLING_TYPES = ("detached", "semi_detached", "terraced", "bungalow", "flat")
DWELLING_TYPES_OR_UNKNOWN = (*DWELLING_TYPES, "unknown")
PROFILE_GROUPS = (*DWELLING_TYPES, "unknown", "all", "stock")
SYSTEMS = ("gas_boiler", "ashp", "gshp", "network")

LINE_FLAGS = ("bad_time", "off_grid", "negative", "sentinel_max", "very_high")
NEIGHBOUR_FLAGS = (
    "unknown_household",
    "superseded",
    "duplicate_exact",
    "duplicate_conflict",
    "suspected_unit",
    "stuck",
    "cold_zero_run",
)
FLAGS = ("ok", *LINE_FLAGS, *NEIGHBOUR_FLAGS)
EXCLUSIONS = ("unknown_household", "no_readings", "not_gas_heated", "too_few_half_hours", "thin_month_hour")

_S, _I, _F, _B = pl.String, pl.Int64, pl.Float64, pl.Boolean
FLAG_DTYPE = pl.Enum(FLAGS)

_household = Column("household_id", _S, "pseudonymous id of the home, as delivered")
_source = Column("source_id", _S, "sha256 of the source file's bytes")
_type = Column("dwelling_type", _S, "dwelling type of the home", allowed=DWELLING_TYPES_OR_UNKNOWN)
_group = Column(
    "dwelling_type",
    _S,
    "dwelling type; all = every included home, stock = types weighted by national shares",
    allowed=PROFILE_GROUPS,
)
_period = Column("period", _S, "study period of twelve months, named by its year or years")
_included = Column("included", _B, "whether the home enters profiles")
_exclusion = Column(
    "exclusion_reason", _S, "first selection step that the home fails", nullable=True, allowed=EXCLUSIONS
)

# --- lake ------------------------------------------------------------------------------------------

READING = Table(
    "reading", "one reading of one home as delivered, with its one flag", ("source_id", "line"),
    (
        _household,
        Column("interval_start_utc", UTC, "start of the half-hour"),
        Column("gas_kwh", _F, "gas of the half-hour", "kWh", lower=-1e9, upper=1e9),
        Column("flag", FLAG_DTYPE, "judgement on the reading", allowed=FLAGS),
        Column("line", _I, "line of the source file, from 1", lower=1),
    ),
    tier="lake",
)  # fmt: skip

REJECT = Table(
    "reject", "one line of which no reading could be made", ("line",),
    (
        Column("line", _I, "line of the source file, from 1", lower=1),
        Column("text", _S, "the line as delivered"),
        Column("reason", _S, "why no reading could be made of it"),
    ),
    tier="lake",
)  # fmt: skip

CELL = Table(
    "cell", "good readings of one home by calendar month and hour of day (UTC)", ("household_id", "month", "hour_of_day"),
    (
        _household,
        Column("month", pl.Date, "first day of the calendar month"),
        Column("hour_of_day", pl.Int8, "hour of day, UTC", "h", lower=0, upper=23),
        Column("half_hours", _I, "ok half-hours", "1", lower=0),
        Column("hours", _I, "hours of which both half-hours are ok", "1", lower=0),
        Column("gas_kwh", _F, "gas of these hours", "kWh", lower=0),
        Column("first_interval_utc", UTC, "first ok half-hour"),
        Column("last_interval_utc", UTC, "last ok half-hour"),
    ),
    tier="lake",
)  # fmt: skip

# --- warehouse: homes and heat ---------------------------------------------------------------------

HOUSEHOLD = Table(
    "household", "one home that the household table or a reading names", ("household_id",),
    (
        _household,
        _type,
        Column("heating_system", _S, "declared heating system", nullable=True),
        Column("origin", _S, "what made the home up, null for a real one", nullable=True),
        _included,
        _exclusion,
        Column("first_interval_utc", UTC, "start of the first ok half-hour", nullable=True),
        Column("last_interval_utc", UTC, "start of the last ok half-hour", nullable=True),
        Column("completeness", _F, "share of half-hours that are ok, in the home's best period", "1", nullable=True, lower=0, upper=1),
    ),
)  # fmt: skip

HOUSEHOLD_PERIOD = Table(
    "household_period", "one home in one study period", ("household_id", "period"),
    (
        _household,
        _period,
        Column("period_start_utc", UTC, "start of the period"),
        Column("period_end_utc", UTC, "end of the period, exclusive"),
        Column("completeness", _F, "share of the period's half-hours that are ok", "1", lower=0, upper=1),
        Column("weakest_cell", _F, "smallest share of ok half-hours in a month-by-hour cell", "1", lower=0, upper=1),
        _included,
        _exclusion,
        Column("hours_observed", _I, "good hours in the period", "h", lower=0),
        Column("heat_kwh_observed", _F, "heat of these hours", "kWh", lower=0),
        Column("heat_kwh_annual", _F, "heat of the whole period, gaps filled by the type's profile", "kWh", nullable=True, lower=0),
        Column("filled_share", _F, "share of that heat which is estimated", "1", nullable=True, lower=0, upper=1),
    ),
    may_be_empty=True,
)  # fmt: skip

SELECTION_FUNNEL = Table(
    "selection_funnel", "homes left after each selection step of a period", ("period", "step"),
    (
        _period,
        Column("step", _I, "order of the step", lower=0),
        Column("criterion", _S, "what the step asks for"),
        Column("households", _I, "homes that pass this step and all before it", "1", lower=0),
    ),
    may_be_empty=True,
)  # fmt: skip

HEAT_HOURLY = Table(
    "heat_hourly", "every good hour of every known home", ("household_id", "hour_start_utc"),
    (
        _household,
        Column("hour_start_utc", UTC, "start of the hour"),
        Column("gas_kwh", _F, "gas used in the hour", "kWh", lower=0, upper=179.6),
        Column("heat_kwh", _F, "heat delivered in the hour", "kWh", lower=0, upper=179.6),
    ),
)  # fmt: skip

HEAT_PROFILE = Table(
    "heat_profile", "mean heat per home of a dwelling type in one hour of a period", ("dwelling_type", "period", "hour_start_utc"),
    (
        _group,
        _period,
        Column("hour_start_utc", UTC, "start of the hour"),
        Column("households", _I, "homes with a good reading in the hour", "1", lower=1),
        Column("gas_kwh_mean", _F, "mean gas per home", "kWh/h", lower=0, upper=179.6),
        Column("heat_kwh_mean", _F, "mean heat per home", "kWh/h", lower=0, upper=179.6),
        Column("heat_kwh_se", _F, "standard error of the mean heat", "kWh/h", nullable=True, lower=0),
        Column("temperature_c", _F, "outdoor air temperature", "degC", nullable=True, lower=-40, upper=45),
    ),
    may_be_empty=True,
)  # fmt: skip

HEAT_DEMAND_ANNUAL = Table(
    "heat_demand_annual", "heat per home and year of a dwelling type in one period", ("dwelling_type", "period"),
    (
        _group,
        _period,
        Column("year", _I, "calendar year, where the period is one", nullable=True),
        Column("households", _I, "included homes", "1", lower=0),
        Column("gas_kwh_mean", _F, "gas per home and year", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_mean", _F, "heat per home and year", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_ci_low", _F, "lower end of the 95 % interval of the mean", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_ci_high", _F, "upper end of the 95 % interval of the mean", "kWh/yr", nullable=True, lower=0),
        Column("household_heat_kwh_mean", _F, "mean of the homes' own annual figures, to compare", "kWh/yr", nullable=True, lower=0),
        Column("peak_hour_heat_kwh", _F, "highest hour of the mean profile", "kWh/h", nullable=True, lower=0),
        Column("peak_hour_utc", UTC, "start of that hour", nullable=True),
        Column("note", _S, "why a figure is missing or needs care", nullable=True),
    ),
    may_be_empty=True,
)  # fmt: skip

TEMPERATURE_HOURLY = Table(
    "temperature_hourly", "outdoor air temperature of one hour", ("hour_start_utc",),
    (
        Column("hour_start_utc", UTC, "start of the hour"),
        Column("temperature_c", _F, "outdoor air temperature", "degC", lower=-40, upper=45),
        Column("origin", _S, "where it comes from"),
    ),
)  # fmt: skip

# --- warehouse: cost of heat -----------------------------------------------------------------------

LCOH = Table(
    "lcoh", "levelised cost of heat of one system for one demand",
    ("scenario", "convention", "demand_basis", "period", "system", "scale", "dwelling_type"),
    (
        Column("scenario", _S, "set of prices"),
        Column("convention", _S, "how the cost model is read"),
        Column("denominator", _S, "which heat the cost is divided by", allowed=("delivered", "produced")),
        Column("demand_basis", _S, "whose demand", allowed=("measured", "paper")),
        Column("period", _S, "study period of the demand, or paper"),
        Column("system", _S, "heating system", allowed=SYSTEMS),
        Column("scale", _S, "size of the network, or individual"),
        Column("dwellings", _I, "homes that the system serves", "1", lower=1),
        _group,
        Column("demand_kwh", _F, "heat delivered per home and year", "kWh/yr", lower=0),
        Column("capital_gbp_per_mwh", _F, "capital part of the LCOH", "GBP/MWh", lower=0),
        Column("om_gbp_per_mwh", _F, "operation and maintenance part of the LCOH", "GBP/MWh", lower=0),
        Column("fuel_gbp_per_mwh", _F, "fuel part of the LCOH", "GBP/MWh", lower=0),
        Column("carbon_gbp_per_mwh", _F, "carbon part of the LCOH", "GBP/MWh", lower=0),
        Column("lcoh_gbp_per_mwh", _F, "levelised cost of heat", "GBP/MWh", lower=0),
        Column("initial_capital_gbp_per_dwelling", _F, "capital before the first heat, per home", "GBP", lower=0),
        Column("co2_kg_per_dwelling_year", _F, "carbon dioxide per home and year over the system's life", "kg/yr", lower=0),
    ),
    tier="public",
)  # fmt: skip

ASSUMPTION = Table(
    "assumption", "one assumed figure, with its source", ("scenario", "item", "parameter", "year"),
    (
        Column("scenario", _S, "set of prices that the figure belongs to, or all"),
        Column("item", _S, "technology, network part, price or rule"),
        Column("parameter", _S, "what the figure says of it"),
        Column("year", _I, "year of a series, 0 where the figure holds always", lower=0),
        Column("value", _F, "the figure"),
        Column("unit", _S, "its unit"),
        Column("price_base", _S, "year of the prices, or none"),
        Column("status", _S, "published, second-hand, back-solved, derived or own choice"),
        Column("source", _S, "where the figure stands"),
    ),
    tier="public",
)  # fmt: skip

# --- warehouse: lineage ----------------------------------------------------------------------------

SOURCE = Table(
    "source", "one delivered file, by content", ("source_id",),
    (
        _source,
        Column("file_name", _S, "name below the landing folder"),
        Column("feed", _S, "format and landing subfolder"),
        Column("format", _S, "recognised format, or none"),
        Column("kind", _S, "what the file holds", allowed=("readings", "households", "temperature", "none")),
        Column("outcome", _S, "what became of the file", allowed=("accepted", "refused")),
        Column("reason", _S, "why it was refused", nullable=True),
        Column("sha256", _S, "hash of the file's bytes"),
        Column("bytes", _I, "size of the file", "B", lower=0),
        Column("lines", _I, "lines of the file", "1", lower=0),
        Column("header_lines", _I, "header lines, repeated ones included", "1", lower=0),
        Column("blank_lines", _I, "blank lines", "1", lower=0),
        Column("readings", _I, "parsed readings, whatever their flag; of a household or temperature table its rows", "1", lower=0),
        Column("rejects", _I, "lines of which no reading could be made", "1", lower=0),
        Column("clock", _S, "clock of the stamps", allowed=("utc", "local", "none")),
        Column("clock_basis", _S, "what decided the clock"),
        Column("stamp", _S, "what the stamps name", allowed=("start", "end", "none")),
        Column("stamp_basis", _S, "what decided that"),
        Column("id_basis", _S, "where the household id comes from"),
        Column("first_interval_utc", UTC, "start of the first half-hour", nullable=True),
        Column("last_interval_utc", UTC, "start of the last half-hour", nullable=True),
        Column("superseded", _B, "whether newer content at the same path replaced it"),
        Column("ingested_at_utc", UTC, "when it was read"),
    ),
    may_be_empty=True,
)  # fmt: skip

FLAG_COUNT = Table(
    "flag_count", "readings of one source that carry one flag", ("source_id", "flag"),
    (
        _source,
        Column("flag", _S, "judgement on the reading", allowed=FLAGS),
        Column("readings", _I, "readings", "1", lower=0),
    ),
    may_be_empty=True,
)  # fmt: skip

BUILD_MONTH = Table(
    "build_month", "one month of readings made into hours", ("month",),
    (
        Column("month", pl.Date, "first day of the calendar month"),
        Column("fingerprint", _S, "hash of everything that the month was computed from, code and rules included"),
        Column("data_fingerprint", _S, "hash of the readings and of the homes that are unknown"),
        Column("code_fingerprint", _S, "hash of the modules that computed it"),
        Column("households", _I, "homes with a good hour", "1", lower=0),
        Column("readings", _I, "readings of the month, whatever their flag", "1", lower=0),
        Column("ok_half_hours", _I, "ok half-hours of known homes", "1", lower=0),
        Column("used_half_hours", _I, "half-hours that entered an hour", "1", lower=0),
        Column("used_gas_kwh", _F, "gas of the half-hours that entered an hour", "kWh", lower=0),
        Column("hours", _I, "good hours", "1", lower=0),
    ),
    may_be_empty=True,
)  # fmt: skip

RUN = Table(
    "run", "one run that published a warehouse", ("run_id",),
    (
        Column("run_id", _S, "identifier of the run"),
        Column("kind", _S, "what started it", allowed=("nightly", "backfill")),
        Column("reason", _S, "why, as given", nullable=True),
        Column("started_at_utc", UTC, "start of the run"),
        Column("published_at_utc", UTC, "when its tables were complete"),
        Column("snapshot_id", _S, "the warehouse it published"),
        Column("base_snapshot_id", _S, "the warehouse it replaced", nullable=True),
        Column("content_fingerprint", _S, "hash of everything that the warehouse was made from"),
        Column("code_version", _S, "version of Hearth"),
        Column("code_fingerprint", _S, "hash of the modules that computed it"),
        Column("settings", _S, "settings that shape numbers, as JSON"),
        Column("sources_new", _I, "files that the run took in", "1", lower=0),
        Column("months_built", _I, "months that it built", "1", lower=0),
    ),
)  # fmt: skip

QUALITY_RESULT = Table(
    "quality_result", "one check of the gate on one run's candidate", ("run_id", "check_name"),
    (
        Column("run_id", _S, "identifier of the run"),
        Column("check_name", _S, "name of the check"),
        Column("table_name", _S, "table that it judges"),
        Column("severity", _S, "whether a failure stops the publication", allowed=("critical", "warning")),
        Column("passed", _B, "whether it held"),
        Column("observed", _F, "the measured figure", nullable=True),
        Column("lower", _F, "smallest figure that passes", nullable=True),
        Column("upper", _F, "largest figure that passes", nullable=True),
        Column("sample_keys", _S, "a few keys of rows that fail, as JSON", nullable=True),
        Column("meaning", _S, "what the check says, in a sentence"),
    ),
    may_be_empty=True,  # the gate judges before it writes
)  # fmt: skip

DATA_DICTIONARY = Table(
    "data_dictionary", "one column of one table", ("table_name", "column_name"),
    (
        Column("table_name", _S, "table"),
        Column("column_name", _S, "column"),
        Column("position", _I, "order in the table", lower=1),
        Column("type", _S, "DuckDB type"),
        Column("unit", _S, "unit, empty where there is none"),
        Column("meaning", _S, "what it holds"),
        Column("is_key", _B, "whether it is part of the key"),
        Column("nullable", _B, "whether it may be null"),
        Column("grain", _S, "what one row of the table is"),
        Column("tier", _S, "who may see it", allowed=("restricted", "public")),
    ),
    tier="public",
)  # fmt: skip

WAREHOUSE_TABLES = (
    HOUSEHOLD, HOUSEHOLD_PERIOD, SELECTION_FUNNEL, HEAT_HOURLY, HEAT_PROFILE, HEAT_DEMAND_ANNUAL, TEMPERATURE_HOURLY,
    LCOH, ASSUMPTION, SOURCE, FLAG_COUNT, BUILD_MONTH, RUN, QUALITY_RESULT, DATA_DICTIONARY,
)  # fmt: skip
