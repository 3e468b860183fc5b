"""Tables that exist only published: made at the border of the restricted tier, for pages and downloads."""

from __future__ import annotations

from transforms.tables.schema import UTC, Column, Table
from transforms.tables.words import F, N, S, convention, period, profile_group, scenario, system

HEAT_DEMAND_QUANTILE = Table(
    "heat_demand_quantile", "one quantile of the homes' annual heat, as the mean of the ten homes nearest to it",
    ("dwelling_type", "period", "quantile"),
    (
        profile_group,
        period,
        Column("quantile", F, "share of homes below", "1", lower=0, upper=1),
        Column("households", N, "included homes", "1", lower=1),
        Column("heat_kwh_annual", F, "mean annual heat of the ten homes nearest to the quantile", "kWh/yr", lower=0),
    ),
    tier="public",
    may_be_empty=True,
)  # fmt: skip

EXTERNAL_CHECK = Table(
    "external_check", "one figure of this run beside the same figure of a published study", ("study", "quantity", "segment"),
    (
        Column("study", S, "what it is compared with"),
        Column("quantity", S, "what is compared"),
        Column("segment", S, "dwelling type, temperature band, hour of day, or all"),
        Column("unit", S, "unit of both figures"),
        Column("own", F, "figure of this run"),
        Column("published", F, "figure of the study"),
        Column("ratio", F, "own over published", "1", nullable=True),
        Column("households", N, "homes behind the own figure", "1", lower=1),
        Column("explanation", S, "what explains the difference"),
    ),
    tier="public",
    may_be_empty=True,
)  # fmt: skip

LCOH_QUANTILE = Table(
    "lcoh_quantile", "levelised cost of one system in a home at a published quantile of annual heat",
    ("scenario", "convention", "system", "period", "dwelling_type", "quantile"),
    (
        scenario, convention, system,
        period, profile_group,
        Column("quantile", F, "share of homes whose heat costs less: a home that uses more pays less per MWh", "1", lower=0, upper=1),
        Column("households", N, "included homes", "1", lower=1),
        Column("demand_kwh", F, "mean annual heat of the ten homes nearest to the quantile", "kWh/yr", lower=0),
        Column("lcoh_gbp_per_mwh", F, "levelised cost of that heat, the system sized in proportion to it", "GBP/MWh", lower=0),
    ),
    tier="public",
    may_be_empty=True,
)  # fmt: skip

GATE_RUN = Table(
    "gate_run", "how the gate judged one run that published a warehouse", ("run_id",),
    (
        Column("run_id", S, "identifier of the run"),
        Column("kind", S, "what started it", allowed=("nightly", "backfill")),
        Column("published_at_utc", UTC, "when its tables were complete"),
        Column("checks", N, "checks of the gate", "1", lower=0),
        Column("passed", N, "checks that held", "1", lower=0),
        Column("failed_warnings", N, "checks that did not hold and only warn", "1", lower=0),
        Column("failed_critical", N, "checks that did not hold and stop a publication", "1", lower=0),
        Column("code_fingerprint", S, "hash of the modules that computed it"),
    ),
    tier="public",
    may_be_empty=True,
)  # fmt: skip

DEMAND_CHANGE = Table(
    "demand_change", "how far the annual heat of a dwelling type moved since an earlier release", ("dwelling_type", "period"),
    (
        profile_group,
        period,
        Column("heat_kwh_mean_before", F, "heat per home and year in the earlier release; null where it was not shown", "kWh/yr", nullable=True, lower=0),
        Column("heat_kwh_mean_after", F, "heat per home and year in this release; null where it is not shown", "kWh/yr", nullable=True, lower=0),
        Column("relative_change", F, "(after - before) / before", "1", nullable=True),
        Column("since_release", S, "the earlier release"),
    ),
    tier="public",
    may_be_empty=True,
)  # fmt: skip

TABLE_CHANGE = Table(
    "table_change", "what changed in one published table since an earlier release", ("table_name",),
    (
        Column("table_name", S, "published table"),
        Column("rows_before", N, "rows in the earlier release", "1", lower=0),
        Column("rows_after", N, "rows in this release", "1", lower=0),
        Column("rows_added", N, "rows whose key the earlier release did not have", "1", lower=0),
        Column("rows_removed", N, "rows whose key this release does not have", "1", lower=0),
        Column("rows_changed", N, "rows of the same key with another value", "1", lower=0),
        Column("largest_relative_change", F, "largest (after - before) / |before| of any figure", "1", nullable=True),
        Column("largest_change_at", S, "key and column of that figure", nullable=True),
        Column("since_release", S, "the earlier release"),
    ),
    tier="public",
    may_be_empty=True,
)  # fmt: skip
