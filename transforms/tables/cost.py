"""The cost of heat and the assumptions that it rests on."""

from __future__ import annotations

from transforms.tables.schema import Column, Table
from transforms.tables.words import F, N, S, convention, lens, profile_group, scale, scenario, system

LCOH = Table(
    "lcoh", "levelised cost of heat of one system for one demand",
    ("scenario", "convention", "demand_basis", "period", "system", "scale", "dwelling_type"),
    (
        scenario, convention, *lens,
        Column("denominator", S, "which heat the cost is divided by", allowed=("delivered", "produced")),
        Column("demand_basis", S, "where the demand comes from: the homes, or the paper", allowed=("measured", "paper")),
        Column("period", S, "study period of the demand, or paper"),
        system, scale,
        Column("dwellings", N, "homes that the system serves", "1", lower=1),
        profile_group,
        Column("demand_kwh", F, "heat delivered per home and year", "kWh/yr", lower=0),
        Column("weather", S, "weather of the demand: normal, or measured (that of the period) where that is chosen or a demand in normal weather is lacking; null: the paper's demand", nullable=True, allowed=("normal", "measured")),
        Column("demand_measured_kwh", F, "heat per home in the weather of the period", "kWh/yr", nullable=True, lower=0),
        Column("capital_gbp_per_mwh", F, "capital part of the LCOH", "GBP/MWh", lower=0),
        Column("om_gbp_per_mwh", F, "operation and maintenance part of the LCOH", "GBP/MWh", lower=0),
        Column("fuel_gbp_per_mwh", F, "fuel part of the LCOH", "GBP/MWh", lower=0),
        Column("carbon_gbp_per_mwh", F, "carbon part of the LCOH", "GBP/MWh", lower=0),
        Column("lcoh_gbp_per_mwh", F, "levelised cost of heat", "GBP/MWh", lower=0),
        Column("lcoh_measured_year_gbp_per_mwh", F, "levelised cost of the same system at the demand in the weather of the period", "GBP/MWh", nullable=True, lower=0),
        Column("lcoh_without_cooking_gbp_per_mwh", F, "levelised cost of the same system where the gas of hobs is not counted as heat; null where no other heat is left", "GBP/MWh", nullable=True, lower=0),
        Column("households", N, "homes that a measured demand rests on", "1", nullable=True, lower=0),
        Column("lcoh_ci_low", F, "lower end of the 95 % interval, sampling of homes only", "GBP/MWh", nullable=True, lower=0),
        Column("lcoh_ci_high", F, "upper end of the 95 % interval, sampling of homes only", "GBP/MWh", nullable=True, lower=0),
        Column("grant_gbp_per_mwh", F, "by how much today's grant would lower the cost to homes; no cost here is net of it; null where the perspective does not count grants", "GBP/MWh", nullable=True, lower=0),
        Column("initial_capital_gbp_per_dwelling", F, "capital before the first heat, per home", "GBP", lower=0),
        Column("co2_kg_per_dwelling_year", F, "carbon dioxide per home and year, mean over the system's own life", "kg/yr", lower=0),
    ),
    tier="public",
    made_by="transforms.lcoh.results.published:cost_demands",
)  # fmt: skip

ASSUMPTION = Table(
    "assumption", "one assumed value, with its source", ("scenario", "item", "parameter", "year"),
    (
        Column("scenario", S, "set of prices to which the value belongs, or all"),
        Column("item", S, "technology, network part, price or rule"),
        Column("parameter", S, "property of the item"),
        Column("year", N, "year of a series; 0 for a value that holds in all years", lower=0),
        Column("value", F, "the value"),
        Column("unit", S, "its unit"),
        Column("price_base", S, "year of the prices, or none"),
        Column("status", S, "published, second-hand, back-solved, derived or own choice; then how it was changed"),
        Column("source", S, "where the value is published, or why it was chosen"),
    ),
    tier="public",
    made_by="transforms.lcoh.model.measured_rows:replace_rows",
)  # fmt: skip
