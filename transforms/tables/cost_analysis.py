"""Results of the cost model beside the cost of each system: homes, diversity, uncertainty, break-evens, emissions, finance."""

from __future__ import annotations

import polars as pl

from transforms.tables.schema import Column, Table
from transforms.tables.words import (
    B,
    F,
    N,
    S,
    convention,
    household_id,
    lens,
    period,
    profile_group,
    scale,
    scenario,
    system,
)

DIVERSITY = Table(
    "diversity", "peak per dwelling of a number of dwellings together", ("dwelling_type", "period", "interval_minutes", "dwellings"),
    (
        profile_group,
        period,
        Column("interval_minutes", N, "length of the interval over which the peak load is averaged", "min", lower=30, upper=60),
        Column("dwellings", N, "dwellings together", "1", lower=1),
        Column("households", N, "homes from which groups are drawn", "1", lower=1),
        Column("peak_kw_p05", F, "after-diversity peak per dwelling, 5 % of draws lie below", "kW", lower=0),
        Column("peak_kw_p50", F, "after-diversity peak per dwelling, median", "kW", lower=0),
        Column("peak_kw_p95", F, "after-diversity peak per dwelling, 95 % of draws lie below", "kW", lower=0),
        Column("extrapolated", B, "whether it comes from the fitted curve instead of the homes"),
    ),
    may_be_empty=True,
    made_by="transforms.peaks.diversity:measure_diversity",
)  # fmt: skip

DIVERSITY_CURVE = Table(
    "diversity_curve", "the homes and days behind the diversity of a dwelling type, and the curve fitted beyond its homes",
    ("dwelling_type", "period", "interval_minutes"),
    (
        profile_group,
        period,
        Column("interval_minutes", N, "length of the interval over which the peak load is averaged", "min", lower=30, upper=60),
        Column("households_included", N, "included homes of the period", "1", lower=1),
        Column("households", N, "homes among them that are complete in the coldest days", "1", lower=1),
        Column("filled_share", F, "share of these homes' intervals that is filled, each at the home's own level", "1", lower=0, upper=1),
        Column("days", N, "coldest days in which the peak is sought", "d", lower=1),
        Column("first_date", pl.Date, "first of these days"),
        Column("last_date", pl.Date, "last of these days"),
        Column("chosen_by", S, "quantity by which the days were chosen", allowed=("temperature", "mean load")),
        Column("largest_measured", N, "largest number of dwellings that is measured", "1", lower=1),
        Column("limit_kw", F, "peak per dwelling of infinitely many", "kW", lower=0),
        Column("limit_kw_low", F, "an estimate of it that is too low on average", "kW", lower=0),
        Column("limit_kw_high", F, "an estimate of it that is too high on average", "kW", lower=0),
        Column("exponent", F, "the peak falls towards the limit as the number of dwellings to minus this power", "1", lower=0),
        Column("sd_of_homes_kw", F, "standard deviation of homes in the highest interval of their mean", "kW", lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.peaks.diversity:measure_diversity",
)  # fmt: skip

DIVERSITY_HOME = Table(
    "diversity_home", "one home that is complete in the coldest days of a period, and so is behind the period's diversity",
    ("period", "interval_minutes", "household_id"),
    (
        period,
        Column("interval_minutes", N, "length of the interval over which the peak load is averaged", "min", lower=30, upper=60),
        household_id,
        Column("filled_share", F, "share of the days' intervals that is filled at the home's own level", "1", lower=0, upper=1),
        Column("heat_kwh_observed", F, "heat in the intervals that are not filled", "kWh", lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.peaks.cold_days:list_complete_homes",
)  # fmt: skip

PEAK_DRAW = Table(
    "peak_draw", "peak of the mean hourly load of a group of homes in one draw of them", ("dwelling_type", "period", "draw"),
    (
        profile_group,
        period,
        Column("draw", N, "number of the draw; a home has the same weight in the draw of this number of annual heat", lower=0),
        Column("households", N, "homes that are complete in the coldest days", "1", lower=1),
        Column("level", F, "peak over the mean of the peaks of all draws", "1", lower=0),
    ),
    tier="lake",
    may_be_empty=True,
    made_by="transforms.peaks.diversity:list_peak_draws",
)  # fmt: skip

LCOH_HOUSEHOLD = Table(
    "lcoh_household", "levelised cost of heat of one system in one included home",
    ("scenario", "convention", "system", "period", "household_id"),
    (
        scenario, convention, *lens, system, period, household_id,
        Column("demand_kwh", F, "heat delivered to the home per year", "kWh/yr", lower=0),
        Column("weather", S, "weather of the demand: normal, or measured (that of the period) where that is chosen or the home's own lines cannot correct it", allowed=("normal", "measured")),
        Column("lcoh_gbp_per_mwh", F, "levelised cost of heat", "GBP/MWh", lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.lcoh.results.households:household_costs",
)  # fmt: skip

LCOH_DISTRIBUTION = Table(
    "lcoh_distribution", "levelised cost over the homes of a dwelling type, beside the cost at their mean demand",
    ("scenario", "convention", "system", "period", "dwelling_type"),
    (
        scenario, convention, system, period, profile_group,
        Column("households", N, "homes", "1", lower=1),
        Column("lcoh_at_mean_gbp_per_mwh", F, "cost at the homes' mean demand", "GBP/MWh", lower=0),
        Column("lcoh_at_mean_ci_low", F, "lower end of its 95 % interval, sampling of homes only", "GBP/MWh", nullable=True, lower=0),
        Column("lcoh_at_mean_ci_high", F, "upper end of its 95 % interval, sampling of homes only", "GBP/MWh", nullable=True, lower=0),
        Column("lcoh_mean_gbp_per_mwh", F, "mean of the homes' costs", "GBP/MWh", lower=0),
        Column("gap_expected_gbp_per_mwh", F, "expected excess of the mean over the cost at mean demand: fixed cost over demand, times the squared variation", "GBP/MWh"),
        Column("demand_variation", F, "standard deviation of the homes' demands over their mean", "1", nullable=True, lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.lcoh.results.households:cost_distribution",
)  # fmt: skip

LCOH_SENSITIVITY = Table(
    "lcoh_sensitivity", "levelised cost of one system when one parameter changes",
    ("scenario", "convention", "system", "scale", "parameter", "change"),
    (
        scenario, convention, system, scale,
        Column("parameter", S, "parameter that changes"),
        Column("change", F, "its value over the base value; for a rate or an SPF the new value"),
        Column("lcoh_gbp_per_mwh", F, "levelised cost of heat", "GBP/MWh", lower=0),
        Column("relative_change", F, "change of the cost over the base cost", "1"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.lcoh.results.published:cost_means",
)  # fmt: skip

LCOH_SOBOL = Table(
    "lcoh_sobol", "share of the variance of a levelised cost that one uncertain parameter explains",
    ("scenario", "convention", "system", "scale", "parameter"),
    (
        scenario, convention, system, scale,
        Column("parameter", S, "uncertain parameter; sampled_homes = which homes are in the sample"),
        Column("low", F, "lower end of its range, or its 5 % quantile"),
        Column("high", F, "upper end of its range, or its 95 % quantile"),
        Column("unit", S, "unit of the range"),
        Column("first_order", F, "share of the variance that it explains alone", "1"),
        Column("first_order_ci_low", F, "lower end of the 95 % interval", "1"),
        Column("first_order_ci_high", F, "upper end of the 95 % interval", "1"),
        Column("total_order", F, "share of the variance that it explains together with all its interactions", "1"),
        Column("total_order_ci_low", F, "lower end of the 95 % interval", "1"),
        Column("total_order_ci_high", F, "upper end of the 95 % interval", "1"),
        Column("source", S, "where the range comes from"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.lcoh.results.variance:sobol_table",
)  # fmt: skip

LCOH_PROBABILITY = Table(
    "lcoh_probability", "distribution of a levelised cost under uncertain assumptions, and how often it is the lowest",
    ("scenario", "convention", "period", "dwelling_type", "alternatives", "system", "scale"),
    (
        scenario, convention, period, profile_group,
        Column("alternatives", S, "systems to choose from: individual = the systems in one home, else these and a network of that scale"),
        system, scale,
        Column("draws", N, "draws of prices, carbon value, capital, upkeep, SPF, lives, losses, demand and, where there is a sample of homes, its choice", "1", lower=1),
        Column("lcoh_p05", F, "5 % of draws lie below", "GBP/MWh", lower=0),
        Column("lcoh_p50", F, "median", "GBP/MWh", lower=0),
        Column("lcoh_p95", F, "95 % of draws lie below", "GBP/MWh", lower=0),
        Column("cheapest_share", F, "share of draws in which none of the alternatives costs less", "1", lower=0, upper=1),
    ),
    may_be_empty=True,
    made_by="transforms.lcoh.results.probability:probability_table",
)  # fmt: skip

BREAK_EVEN = Table(
    "break_even", "value of one quantity at which a system costs as much as the reference, a gas boiler",
    ("scenario", "convention", "period", "dwelling_type", "system", "scale", "quantity"),
    (
        scenario, convention, period, profile_group, system, scale,
        Column("quantity", S, "quantity that is varied", allowed=("carbon_price", "electricity_to_gas_price_ratio", "spf", "capital_grant", "heat_price")),
        Column("unit", S, "its unit"),
        Column("base", F, "its value now"),
        Column("value", F, "its value at break-even", nullable=True),
        Column("note", S, "why there is no value, or what it assumes", nullable=True),
    ),
    may_be_empty=True,
    made_by="transforms.lcoh.results.break_even:break_even_table",
)  # fmt: skip

CHEAPEST_MAP = Table(
    "cheapest_map", "the cheapest system in a home at one price of carbon and one ratio of the prices of electricity and gas",
    ("scenario", "convention", "period", "dwelling_type", "carbon_gbp_per_tonne", "price_ratio"),
    (
        scenario, convention, period, profile_group,
        Column("carbon_gbp_per_tonne", F, "price of carbon in all years", "GBP/t", lower=0),
        Column("price_ratio", F, "price of electricity over that of gas, means over discounted years", "1", lower=0),
        system,
        Column("lcoh_gbp_per_mwh", F, "its levelised cost of heat", "GBP/MWh"),
        Column("margin_gbp_per_mwh", F, "how much more the next system costs", "GBP/MWh", lower=0),
        Column("ashp_grant_to_match_gbp", F, "grant at which an air source heat pump costs as much as the cheapest", "GBP", lower=0),
        Column("carbon_now_gbp_per_tonne", F, "price of carbon that the perspective charges now, mean over discounted years", "GBP/t", lower=0),
        Column("price_ratio_now", F, "ratio of the prices now", "1", lower=0),
    ),
    may_be_empty=True,
    made_by="transforms.lcoh.results.cheapest_map:cheapest_map",
)  # fmt: skip

ABATEMENT = Table(
    "abatement", "carbon dioxide that a system saves against a gas boiler, and the cost of a tonne",
    ("scenario", "convention", "period", "dwelling_type", "system", "scale", "reference", "grid"),
    (
        scenario, convention, period, profile_group, system, scale,
        Column("reference", S, "system that is replaced", allowed=("existing_boiler", "new_boiler", "new_ashp", "new_gshp")),
        Column("grid", S, "emission factor by which the system's electricity is counted", allowed=("average", "long_run_marginal")),
        Column("co2_saved_kg_per_year", F, "carbon dioxide saved per home and year", "kg/yr"),
        Column("cost_gbp_per_tonne", F, "extra cost per tonne saved, without any price of carbon", "GBP/t", nullable=True),
        Column("note", S, "why a value is missing", nullable=True),
    ),
    may_be_empty=True,
    made_by="transforms.lcoh.results.abatement:abatement_table",
)  # fmt: skip

SEASONAL_PERFORMANCE = Table(
    "seasonal_performance", "performance of a heat pump over the hours of a study period", ("dwelling_type", "period", "source", "load"),
    (
        profile_group,
        period,
        Column("source", S, "source of the heat", allowed=("air", "ground")),
        Column("load", S, "hourly heat, hour by hour or smoothed over 24 hours", allowed=("raw", "smoothed_24h")),
        Column("spf_space", F, "space heat over its electricity", "1", lower=0),
        Column("spf_hot_water", F, "hot water over its electricity", "1", lower=0),
        Column("spf", F, "all heat over all electricity", "1", lower=0),
        Column("cop_coldest_hour", F, "coefficient of performance in the coldest hour", "1", lower=0),
        Column("field_low", F, "lower end of what field trials in the UK measured", "1", nullable=True, lower=0),
        Column("field_high", F, "upper end of what field trials in the UK measured", "1", nullable=True, lower=0),
    ),
    may_be_empty=True,
    made_by="flows.pipeline.costs:work_costs",
)  # fmt: skip

NETWORK_FINANCE = Table(
    "network_finance", "a heat network as an investment", ("scenario", "convention", "period", "scale"),
    (
        scenario, convention, period, scale,
        Column("dwellings", N, "homes connected in the end", "1", lower=1),
        Column("connection_years", N, "years until all are connected", "yr", lower=0),
        Column("heat_tariff_gbp_per_mwh", F, "price that homes pay for heat", "GBP/MWh", lower=0),
        Column("npv_gbp_per_dwelling", F, "net present value per home", "GBP"),
        Column("irr", F, "internal rate of return", "1/yr", nullable=True),
        Column("payback_years", F, "years until the undiscounted flows have paid back", "yr", nullable=True, lower=0),
        Column("minimum_tariff_gbp_per_mwh", F, "break-even tariff, at which the net present value is zero", "GBP/MWh", lower=0),
        Column("maximum_grant_gbp_per_dwelling", F, "break-even grant, at which the net present value is zero; 0 where the network pays without a grant", "GBP", lower=0),
        Column("note", S, "the origin of the tariff, and why a value is missing", nullable=True),
    ),
    may_be_empty=True,
    made_by="transforms.lcoh.results.finance:finance_table",
)  # fmt: skip

CLAIM = Table(
    "claim", "one statement of the paper beside the model's value", ("claim",),
    (
        Column("claim", S, "name of the statement"),
        Column("says", S, "the statement in words"),
        Column("published", F, "the published value"),
        Column("unit", S, "its unit"),
        Column("relation", S, "how the model's value must relate to the published one"),
        Column("tolerance", F, "largest deviation that is accepted", lower=0),
        Column("model", F, "value by the model or by the readings", nullable=True),
        Column("model_ci_low", F, "lower end of the 95 % interval of a value by readings", nullable=True),
        Column("model_ci_high", F, "upper end of the 95 % interval of a value by readings", nullable=True),
        Column("basis", S, "basis of the model's value", allowed=("fitted", "depends_on_fitted", "algebra", "independent", "sample")),
        Column("expected", S, "whether it is expected to pass", allowed=("pass", "known_inconsistent")),
        Column("within_tolerance", B, "whether the published value is met: within the tolerance or, for a value by readings, within its 95 % interval", nullable=True),
        Column("as_expected", B, "whether the outcome is the expected one", nullable=True),
        Column("reason", S, "why it is not met, or was not judged", nullable=True),
        Column("source", S, "where the statement is published"),
    ),
    may_be_empty=True,
    made_by="transforms.claims.claims:claim_table",
)  # fmt: skip
