"""The words that tables use: dwelling types, flags, reasons; and the columns that several tables share."""

from __future__ import annotations

import polars as pl

from transforms.tables.schema import Column

DWELLING_TYPES = ("detached", "semi_detached", "terraced", "bungalow", "flat")
DWELLING_TYPES_OR_UNKNOWN = (*DWELLING_TYPES, "unknown")
PROFILE_GROUPS = (*DWELLING_TYPES, "unknown", "all", "stock")
PERSPECTIVE_NAMES = ("paper", "social", "public_body", "private")
SYSTEMS = ("gas_boiler", "ashp", "gshp", "network")

LINE_FLAGS = ("bad_time", "off_grid", "negative", "sentinel_max", "very_high")
EXACT_FLAGS = ("unknown_household", "superseded", "duplicate_exact", "duplicate_conflict")
INFERRED_FLAGS = ("suspected_unit", "stuck", "cold_zero_run", "catch_up")
NOT_BUILT = "not_built"  # readings of a month that could not be built: they are counted and not judged
FLAGS = ("ok", *LINE_FLAGS, *EXACT_FLAGS, *INFERRED_FLAGS)
FLAG_DTYPE = pl.Enum(FLAGS)
EXCLUSIONS = ("unknown_household", "no_readings", "not_gas_heated", "too_few_half_hours", "thin_month_hour")
SEGMENTATIONS = ("month", "day_kind", "temperature_band")

S, N, F, B = pl.String, pl.Int64, pl.Float64, pl.Boolean  # text, whole number, number, yes or no

household_id = Column("household_id", S, "pseudonymous id of the home, as delivered")
source_id = Column("source_id", S, "sha256 of the source file's bytes")
dwelling_type = Column("dwelling_type", S, "dwelling type of the home", allowed=DWELLING_TYPES_OR_UNKNOWN)
profile_group = Column(
    "dwelling_type",
    S,
    "dwelling type; all = every included home, stock = types weighted by national shares",
    allowed=PROFILE_GROUPS,
)
period = Column("period", S, "study period of twelve months, named by its year or years")
scenario = Column("scenario", S, "set of prices")
convention = Column("convention", S, "set of rules of the cost model: perspective, lifetime, sizing and price year")
lens = (
    Column(
        "perspective",
        S,
        "who counts the costs: the paper, society, a public body, or homes and the operator",
        allowed=PERSPECTIVE_NAMES,
    ),
    Column("price_year", N, "year of the prices", "yr", lower=1955),
    Column("start_year", N, "first year of operation", "yr", lower=1990),
)
system = Column("system", S, "heating system", allowed=SYSTEMS)
scale = Column("scale", S, "size of the network, or individual")
included = Column("included", B, "whether the home enters profiles")
exclusion_reason = Column(
    "exclusion_reason", S, "first selection step that the home fails", nullable=True, allowed=EXCLUSIONS
)
