"""Tables that exist only in a release: made from restricted tables, for pages and downloads."""

from __future__ import annotations

from transforms.tables.schema import UTC, Column, Table
from transforms.tables.words import F, N, S, convention, period, profile_group, scale, scenario, system

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
    made_by="quality.disclosure.cells:publish_quantiles",
)  # fmt: skip

EXTERNAL_CHECK = Table(
    "external_check", "one value of this run beside the same value of a published study", ("study", "quantity", "segment"),
    (
        Column("study", S, "published study"),
        Column("quantity", S, "quantity that is compared"),
        Column("segment", S, "dwelling type, temperature band, hour of day, or all"),
        Column("unit", S, "unit of both values"),
        Column("own", F, "value of this run"),
        Column("published", F, "value of the study"),
        Column("ratio", F, "own over published", "1", nullable=True),
        Column("households", N, "homes behind the run's value", "1", lower=1),
        Column("explanation", S, "what explains the difference"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.external.compare:check_external",
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
    made_by="transforms.lcoh.results.households:cost_quantiles",
)  # fmt: skip

LCOH_COMPONENT = Table(
    "lcoh_component", "operation and energy that one system takes every year for one home, at a published demand or one that a reader may ask for",
    ("scenario", "convention", "system", "scale", "period", "dwelling_type", "demand_kwh"),
    (
        scenario, convention, system, scale,
        Column("period", S, "study period of the demand; asked: a demand that a reader may ask for; paper: the paper's"),
        profile_group,
        Column("demand_kwh", F, "heat delivered to one home", "kWh/yr", lower=0),
        Column("dwellings", N, "homes that the system heats", "1", lower=1),
        Column("om_gbp_per_year", F, "operation and maintenance for one home", "GBP/yr", lower=0),
        Column("electricity_kwh_per_year", F, "electricity bought for one home", "kWh/yr", lower=0),
        Column("gas_kwh_per_year", F, "gas bought for one home", "kWh/yr", lower=0),
        Column("vat_factor", F, "factor on all costs: value added tax on the heat of a network where homes pay it", "1", lower=1),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.lcoh.results.components:component_tables",
)  # fmt: skip

LCOH_CAPITAL = Table(
    "lcoh_capital", "capital of one system for one home in one year: first purchase, replacement, or value left at the end",
    (*LCOH_COMPONENT.key, "year"),
    (
        *(LCOH_COMPONENT.column(name) for name in LCOH_COMPONENT.key),
        Column("year", N, "years after the investment", "yr", lower=0),
        Column("capital_gbp", F, "spent, or credited at the end (below zero)", "GBP"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.lcoh.results.components:component_tables",
)  # fmt: skip

LCOH_ENERGY = Table(
    "lcoh_energy", "price, emissions and carbon value of one energy for one buyer in one year", ("scenario", "convention", "buyer", "carrier", "year"),
    (
        scenario, convention,
        Column("buyer", S, "who buys it", allowed=("home", "network")),
        Column("carrier", S, "energy that is bought", allowed=("gas", "electricity")),
        Column("year", N, "years after the investment; the first year of heat is 1", "yr", lower=1),
        Column("calendar_year", N, "the same year in the calendar", "yr"),
        Column("tariff", S, "customers for whom the price is printed"),
        Column("price_gbp_per_mwh", F, "printed price", "GBP/MWh", lower=0),
        Column("price_factor", F, "factor on the printed price: value added tax removed or added", "1", lower=0),
        Column("price_deducted_gbp_per_mwh", F, "deducted after the factor: levies and the generators' carbon, where a perspective does not count them", "GBP/MWh"),
        Column("co2_kg_per_mwh", F, "emissions", "kg/MWh", lower=0),
        Column("carbon_gbp_per_tonne", F, "carbon dioxide price that the perspective adds to the energy price; 0: none", "GBP/t", lower=0),
        Column("discount_factor", F, "value in the year of the investment of one pound in this year", "1", lower=0, upper=1),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.lcoh.results.components:component_tables",
)  # fmt: skip

GATE_RUN = Table(
    "gate_run", "how the gate judged one run that published a warehouse", ("run_id",),
    (
        Column("run_id", S, "identifier of the run"),
        Column("kind", S, "kind of run", allowed=("nightly", "backfill")),
        Column("published_at_utc", UTC, "when its tables were complete"),
        Column("checks", N, "checks of the gate", "1", lower=0),
        Column("passed", N, "checks that held", "1", lower=0),
        Column("failed_warnings", N, "checks that did not hold and only warn", "1", lower=0),
        Column("failed_critical", N, "checks that did not hold and stop a publication", "1", lower=0),
        Column("code_fingerprint", S, "hash of the modules that computed it"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="quality.disclosure.accounts:publish_gate_runs",
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
    made_by="transforms.public.changes:compare_demand",
)  # fmt: skip

TABLE_CHANGE = Table(
    "table_change", "changes of one published table since an earlier release", ("table_name",),
    (
        Column("table_name", S, "published table"),
        Column("rows_before", N, "rows in the earlier release", "1", lower=0),
        Column("rows_after", N, "rows in this release", "1", lower=0),
        Column("rows_added", N, "rows whose key the earlier release did not have", "1", lower=0),
        Column("rows_removed", N, "rows whose key this release does not have", "1", lower=0),
        Column("rows_changed", N, "rows of the same key with another value", "1", lower=0),
        Column("largest_relative_change", F, "largest (after - before) / |before| of any number", "1", nullable=True),
        Column("largest_change_at", S, "key and column of that number", nullable=True),
        Column("since_release", S, "the earlier release"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.public.changes:compare_tables",
)  # fmt: skip
