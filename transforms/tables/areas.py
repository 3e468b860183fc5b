"""Areas of London: published values, and the run's results for their heat and its cost."""

from __future__ import annotations

import polars as pl

from transforms.tables.schema import UTC, Column, Table
from transforms.tables.words import DWELLING_TYPES, B, F, N, S, convention, period, scenario, system

D = pl.Date
LEVELS = ("london", "borough", "msoa", "lsoa")

area_level = Column("level", S, "level of the area", allowed=LEVELS)
area_id = Column("area_id", S, "code of the area, as the Office for National Statistics gives it")
homes_by_type = tuple(
    Column(name, N, f"{name.replace('_', '-')} homes, occupied", "homes", lower=0) for name in DWELLING_TYPES
)

AREA = Table(
    "area", "one area of London: where it is, and which homes it has", ("level", "area_id"),
    (
        area_level,
        area_id,
        Column("name", S, "name of the area"),
        Column("parent_id", S, "area of the next level that it belongs to; null for London", nullable=True),
        Column("easting", F, "easting of the middle of its homes on the British National Grid", "m", lower=500_000, upper=565_000),
        Column("northing", F, "northing of the middle of its homes on the British National Grid", "m", lower=152_000, upper=205_000),
        Column("area_km2", F, "published land; the drawn polygon may differ", "km2", lower=0),
        Column("homes", N, "occupied homes", "homes", lower=0),
        *homes_by_type,
        Column("gas_meters", F, "domestic gas meters; null where none are published", "1", nullable=True, lower=0),
        Column("gas_year", N, "year of the gas meters", nullable=True),
        Column("nondomestic_gwh", F, "gas of a borough's meters that are not domestic; no other value includes it", "GWh/yr", nullable=True, lower=0),
        Column("fuel_poor_share", F, "share of homes in fuel poverty", "1", nullable=True, lower=0, upper=1),
        Column("source", S, "who published these values"),
    ),
    tier="public",
    made_by="transforms.areas.tables:make_area_tables",
)  # fmt: skip

AREA_ARC = Table(
    "area_arc", "one piece of border that neighbouring areas share", ("arc",),
    (
        Column("arc", N, "number of the arc", lower=1),
        Column("points", S, "eastings and northings by turns: the first corner, then steps to each next one", "m"),
    ),
    tier="public",
    made_by="transforms.areas.borders:borders_to_frames",
)  # fmt: skip

AREA_RING = Table(
    "area_ring", "one closed line around an area, or around a hole in it", ("level", "area_id", "ring"),
    (
        area_level,
        area_id,
        Column("ring", N, "number of the ring within its area", lower=1),
        Column("arcs", S, "numbers of its arcs in order, negative where an arc runs backwards; clockwise around a hole"),
    ),
    tier="public",
    made_by="transforms.areas.borders:borders_to_frames",
)  # fmt: skip

AREA_GAS = Table(
    "area_gas", "domestic gas that is published for an area in a year", ("level", "area_id", "year"),
    (
        Column("level", S, "level of the area; msoa_2011 and lsoa_group are of the Census of 2011", allowed=("borough", "msoa_2011", "lsoa_group")),
        Column("area_id", S, "code of the area; of a group, that of its first LSOA of 2011"),
        Column("name", S, "name of the area"),
        Column("year", N, "gas year, named by the calendar year in which most of it lies"),
        Column("gas_meters", F, "domestic gas meters", "1", lower=0),
        Column("gas_gwh", F, "domestic gas", "GWh/yr", lower=0),
        Column("nondomestic_gwh", F, "gas of other meters; null where none is published", "GWh/yr", nullable=True, lower=0),
        Column("weather_corrected", B, "whether the publisher corrected it to normal weather"),
        Column("homes", N, "occupied homes of 2021", "homes", lower=0),
        *homes_by_type,
        Column("source", S, "who published these values"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.areas.tables:make_area_tables",
)  # fmt: skip

# The files of an area folder, with columns of our own, before areas are put together.

PLACE = Table(
    "area_place", "place and land of an LSOA of 2021", ("area_id",),
    (
        area_id,
        Column("name", S, "name of the LSOA"),
        Column("msoa_id", S, "code of its MSOA of 2021"),
        Column("msoa_name", S, "name of its MSOA"),
        Column("borough_id", S, "code of its borough"),
        Column("borough_name", S, "name of its borough"),
        Column("area_km2", F, "published land area", "km2", lower=0.001, upper=200),
        Column("easting", F, "easting of the population-weighted centre", "m", lower=500_000, upper=565_000),
        Column("northing", F, "northing of the population-weighted centre", "m", lower=152_000, upper=205_000),
    ),
    tier="lake",
)  # fmt: skip

HOMES = Table(
    "area_homes", "occupied homes of an LSOA of 2021 by type, as the Census counts them", ("area_id",),
    (
        area_id,
        Column("homes", N, "occupied homes", "homes", lower=0, upper=20_000),
        Column("detached", N, "detached houses, bungalows among them", "homes", lower=0),
        Column("semi_detached", N, "semi-detached houses, bungalows among them", "homes", lower=0),
        Column("terraced", N, "terraced houses, bungalows among them", "homes", lower=0),
        Column("flat", N, "flats of all kinds, and mobile homes", "homes", lower=0),
    ),
    tier="lake",
)  # fmt: skip

LINK = Table(
    "area_link", "one LSOA of 2021 that an LSOA of 2011 became, wholly or in part", ("lsoa_2011_id", "area_id"),
    (
        Column("lsoa_2011_id", S, "code of the LSOA of 2011"),
        area_id,
        Column("msoa_2011_id", S, "code of its MSOA of 2011"),
        Column("borough_id", S, "code of its borough"),
    ),
    tier="lake",
    may_be_empty=True,
)  # fmt: skip

SMALL_AREA_GAS = Table(
    "area_lsoa_gas", "domestic gas of an LSOA of 2011 in a year", ("year", "lsoa_2011_id"),
    (
        Column("year", N, "year", lower=2000, upper=2100),
        Column("lsoa_2011_id", S, "code of the LSOA of 2011"),
        Column("gas_meters", F, "domestic gas meters", "1", lower=0, upper=20_000),
        Column("gas_kwh", F, "domestic gas", "kWh/yr", lower=0, upper=1e9),
    ),
    tier="lake",
    may_be_empty=True,
)  # fmt: skip

BOROUGH_GAS = Table(
    "area_borough_gas", "gas of a borough in a year", ("year", "borough_id"),
    (
        Column("year", N, "year", lower=2000, upper=2100),
        Column("borough_id", S, "code of the borough"),
        Column("name", S, "name of the borough"),
        Column("gas_meters", F, "domestic gas meters", "1", lower=1, upper=1e6),
        Column("gas_gwh", F, "domestic gas", "GWh/yr", lower=0.1, upper=1e4),
        Column("nondomestic_gwh", F, "gas of other meters", "GWh/yr", lower=0, upper=1e5),
    ),
    tier="lake",
    may_be_empty=True,
)  # fmt: skip

BUNGALOWS = Table(
    "area_bungalows", "bungalows among the houses of an LSOA of 2011", ("lsoa_2011_id",),
    (
        Column("lsoa_2011_id", S, "code of the LSOA of 2011"),
        Column("bungalows", N, "bungalows, rounded to 10", "homes", lower=0),
        Column("houses", N, "houses and bungalows, each type rounded to 10", "homes", lower=0),
    ),
    tier="lake",
    may_be_empty=True,
)  # fmt: skip

FUEL_POOR = Table(
    "area_fuel_poor", "homes in fuel poverty in an LSOA of 2011", ("lsoa_2011_id",),
    (
        Column("lsoa_2011_id", S, "code of the LSOA of 2011"),
        Column("homes", N, "homes", "homes", lower=0),
        Column("fuel_poor_homes", N, "homes in fuel poverty", "homes", lower=0),
    ),
    tier="lake",
    may_be_empty=True,
)  # fmt: skip

PIECES = (PLACE, HOMES, LINK, SMALL_AREA_GAS, BOROUGH_GAS, BUNGALOWS, FUEL_POOR)

# Results of the run for areas.

demand_basis = Column("demand_basis", S, "where the demand of a home comes from: measured homes, or the paper", allowed=("measured", "paper"))  # fmt: skip

AREA_HOME_DEMAND = Table(
    "area_home_demand", "heat of a home of one type, from which areas are modelled", ("demand_basis", "period", "dwelling_type"),
    (
        demand_basis,
        period,
        Column("dwelling_type", S, "dwelling type", allowed=DWELLING_TYPES),
        Column("heat_kwh", F, "heat per home and year", "kWh/yr", lower=0),
        Column("state", S, "measured; held: measured, with the value of an earlier release; assumed: without a published measurement", allowed=("measured", "held", "assumed")),
        Column("hours_of", S, "dwelling type, or all, whose published profile its hours follow; null: the load of the assumptions, since no profile has enough hours", nullable=True),
    ),
    tier="public",
    made_by="transforms.areas.demand:list_home_demands",
)  # fmt: skip

AREA_HEAT = Table(
    "area_heat", "heat of the homes of one area, modelled from their types", ("level", "area_id", "demand_basis", "period"),
    (
        area_level,
        area_id,
        demand_basis,
        period,
        Column("homes", N, "occupied homes", "homes", lower=0),
        Column("heat_mwh", F, "heat of all homes", "MWh/yr", lower=0),
        Column("heat_mwh_ci_low", F, "lower end of its 95 % interval over samples of measured homes", "MWh/yr", nullable=True, lower=0),
        Column("heat_mwh_ci_high", F, "upper end of its 95 % interval", "MWh/yr", nullable=True, lower=0),
        Column("heat_mwh_weather_normal", F, "heat of all homes in normal weather", "MWh/yr", nullable=True, lower=0),
        Column("gas_modelled_mwh", F, "gas that boilers would burn for the heat of the homes with a meter, in normal weather where that is known; null where no meters are published", "MWh/yr", nullable=True, lower=0),
        Column("density_gwh_per_km2", F, "heat of all homes for each km2 of published land", "GWh/km2", lower=0),
        Column("plot_ratio", F, "floor area of homes over land", "1", lower=0),
        Column("main_pipe_m_2011", F, "trench of a network through the area by the width formula of 2011", "m", lower=0),
        Column("main_pipe_m_2019", F, "trench of a network through the area by the width formula of 2019", "m", lower=0),
        Column("heat_mwh_per_m_2011", F, "linear heat density by the width formula of 2011", "MWh/m", lower=0),
        Column("heat_mwh_per_m_2019", F, "linear heat density by the width formula of 2019", "MWh/m", lower=0),
        Column("peak_mw_p05", F, "highest hour of all homes together in the winter for which plant is built, 5 % of draws lie below; null where no band is published", "MW", nullable=True, lower=0),
        Column("peak_mw_p50", F, "highest hour of all homes together in the winter for which plant is built, median", "MW", lower=0),
        Column("peak_mw_p95", F, "highest hour of all homes together in the winter for which plant is built, 95 % of draws lie below; null where no band is published", "MW", nullable=True, lower=0),
        Column("share_measured", F, "share of the heat that is of measured dwelling types", "1", lower=0, upper=1),
        Column("types_not_published", S, "dwelling types that are not measured, or that disclosure control hides", nullable=True),
        Column("types_held", S, "dwelling types with the values of an earlier release, since few homes changed", nullable=True),
        Column("confidence", N, "from 1, a published mean alone, to 5, measured and close to published gas", "1", lower=1, upper=5),
        Column("confidence_reason", S, "reason for the degree of confidence"),
    ),
    tier="public",
    made_by="transforms.areas.heat:area_heat",
)  # fmt: skip

gas_level = AREA_GAS.column("level")

AREA_VALIDATION = Table(
    "area_validation", "modelled gas of one area beside its published gas", ("level", "area_id", "year", "demand_basis"),
    (
        gas_level,
        AREA_GAS.column("area_id"),
        AREA_GAS.column("year"),
        demand_basis,
        AREA_GAS.column("name"),
        Column("gas_meters", F, "domestic gas meters", "1", lower=0),
        Column("meters_per_home", F, "meters over homes; above 1 if empty homes or shops have meters", "1", lower=0),
        Column("published_gwh", F, "domestic gas as published", "GWh/yr", lower=0),
        Column("uncalibrated_gwh", F, "modelled gas without a factor", "GWh/yr", lower=0),
        Column("calibrated_gwh", F, "modelled gas times one factor for all areas of the level and year", "GWh/yr", lower=0),
        Column("left_out_gwh", F, "modelled gas times the factor of all other areas", "GWh/yr", lower=0),
        Column("naive_gwh", F, "London's mean per meter times the area's meters", "GWh/yr", lower=0),
        Column("error", F, "calibrated over published, minus 1", "1"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.areas.validation:validate_areas",
)  # fmt: skip

AREA_VALIDATION_SCORE = Table(
    "area_validation_score", "how well modelled gas meets published gas, over all areas of a level", ("level", "year", "demand_basis", "variant"),
    (
        gas_level,
        AREA_GAS.column("year"),
        demand_basis,
        Column("variant", S, "which gas is compared with published gas", allowed=("uncalibrated", "calibrated", "left_one_out", "carried", "naive")),
        Column("areas", N, "areas compared", "1", lower=1),
        Column("mean_absolute_error", F, "mean absolute relative error of the areas (MAPE)", "1", lower=0),
        Column("over_naive", F, "mean absolute error over that of the naive variant, London's mean per meter", "1", nullable=True, lower=0),
        Column("areas_within_15_percent", N, "areas whose error is at most 15 %", "1", lower=0),
        Column("total_error", F, "error of the sum over all areas", "1"),
        Column("correlation_per_meter", F, "correlation of modelled and published gas per meter", "1", nullable=True, lower=-1, upper=1),
        Column("factor", F, "published over modelled gas, by which modelled gas was multiplied", "1", lower=0),
        Column("weather_factor", F, "part of the factor due to weather: published gas over the same gas in normal weather; null where only one is published", "1", nullable=True, lower=0),
        Column("level_factor", F, "rest of the factor: how far London's homes differ from the modelled ones", "1", nullable=True, lower=0),
        Column("carried_from_year", N, "year whose factor was carried", nullable=True),
        Column("worst_area", S, "area with the largest error"),
        Column("worst_error", F, "its error", "1"),
        Column("note", S, "limits of the comparison"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.areas.validation:score_areas",
)  # fmt: skip

WIDTH_RULES = ("2011", "2019", "none")

AREA_LCOH = Table(
    "area_lcoh", "cost of heat of one system for the homes of an area",
    ("level", "area_id", "demand_basis", "period", "scenario", "convention", "width_rule", "connection_share", "system"),
    (
        area_level,
        area_id,
        demand_basis,
        period,
        scenario,
        convention,
        Column("width_rule", S, "width formula for the trench of a network; none for a system in a home", allowed=WIDTH_RULES),
        Column("connection_share", F, "share of the homes that take heat from the network", "1", lower=0, upper=1),
        system,
        Column("lcoh_gbp_per_mwh", F, "levelised cost of heat delivered; for systems in a home the mean over the area's heat", "GBP/MWh"),
        Column("main_pipe_gbp_per_mwh", F, "part of this cost that pays for the main pipe", "GBP/MWh", nullable=True, lower=0),
        Column("initial_capital_gbp_per_home", F, "first capital per home that is served", "GBP", lower=0),
        Column("co2_kg_per_home_year", F, "emissions per home that is served", "kg/yr"),
        Column("cheapest_in_home", S, "system in a home that costs least in the area", nullable=True),
        Column("gap_gbp_per_mwh", F, "cost of the network less that of the cheapest system in a home", "GBP/MWh", nullable=True),
        Column("grant_to_match_gbp_per_home", F, "grant towards the first capital that closes the gap; 0 where there is no gap", "GBP", nullable=True, lower=0),
        Column("highest_heat_price_gbp_per_mwh", F, "what bought heat may cost at the plant's gate before the cheapest system in a home is cheaper; below 0 where even free heat is too dear", "GBP/MWh", nullable=True),
        Column("gap_without_ashp_gbp_per_mwh", F, "the gap where a home cannot have an air source heat pump", "GBP/MWh", nullable=True),
        Column("highest_heat_price_without_ashp_gbp_per_mwh", F, "the highest heat price where a home cannot have an air source heat pump", "GBP/MWh", nullable=True),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.areas.costs:area_lcoh",
)  # fmt: skip

AREA_CLUSTER = Table(
    "area_cluster", "neighbouring areas that all lie above a threshold", ("threshold", "cluster_id", "demand_basis", "period"),
    (
        Column("threshold", S, "name of the threshold"),
        Column("cluster_id", S, "code of the first area of the cluster"),
        demand_basis,
        period,
        area_level,
        Column("name", S, "name of its area with the most heat"),
        Column("easting", F, "easting of the middle of its homes", "m"),
        Column("northing", F, "northing of the middle of its homes", "m"),
        Column("areas", N, "areas in it", "1", lower=1),
        Column("area_ids", S, "their codes"),
        Column("homes", N, "occupied homes", "homes", lower=0),
        Column("area_km2", F, "published land", "km2", lower=0),
        Column("heat_mwh", F, "heat of all homes", "MWh/yr", lower=0),
        Column("peak_mw", F, "highest hour of all its homes together in the winter for which plant is built, median", "MW", lower=0),
        Column("main_pipe_m_low", F, "shorter trench of the two width formulas", "m", lower=0),
        Column("main_pipe_m_high", F, "longer trench of the two width formulas", "m", lower=0),
        Column("lcoh_gbp_per_mwh_low", F, "cost of a network by the shorter trench, all homes connected", "GBP/MWh"),
        Column("lcoh_gbp_per_mwh_high", F, "cost of a network by the longer trench, all homes connected", "GBP/MWh"),
        Column("highest_heat_price_gbp_per_mwh_low", F, "highest price of bought heat, by the longer trench", "GBP/MWh"),
        Column("highest_heat_price_gbp_per_mwh_high", F, "highest price of bought heat, by the shorter trench", "GBP/MWh"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.areas.clusters:area_clusters",
)  # fmt: skip

CONTRIBUTION_KINDS = ("load", "supply", "network", "opportunity_area", "policy_target")

CONTRIBUTION = Table(
    "contribution", "one load, supply, network, opportunity area or policy target that somebody contributed",
    ("kind", "contributor", "site_id"),
    (
        Column("kind", S, "kind of contribution", allowed=CONTRIBUTION_KINDS),
        Column("contributor", S, "who contributed it"),
        Column("site_id", S, "name that the contributor gives it"),
        Column("name", S, "name"),
        Column("category", S, "kind of load, supply, network, area or target"),
        Column("status", S, "existing, under construction, proposed or potential"),
        Column("easting", F, "easting; for a line or an area, of a point on it", "m", lower=500_000, upper=565_000),
        Column("northing", F, "northing; for a line or an area, of a point on it", "m", lower=152_000, upper=205_000),
        Column("points", S, "corners of a line or an area, eastings and northings by turns; null for a point", "m", nullable=True),
        Column("homes", N, "homes", "homes", nullable=True, lower=0),
        Column("heat_mwh", F, "heat in a year: demand of a load, potential of a supply, or delivery of a network", "MWh/yr", nullable=True, lower=0),
        Column("peak_kw", F, "highest load", "kW", nullable=True, lower=0),
        Column("capacity_kw", F, "heat capacity of a supply", "kW", nullable=True, lower=0),
        Column("temperature_c", F, "supply temperature", "degC", nullable=True, lower=0, upper=200),
        Column("length_m", F, "length of a line", "m", nullable=True, lower=0),
        Column("value_basis", S, "metered, benchmark or estimated", nullable=True),
        Column("obliged", S, "why the draft zoning rules would oblige a load to connect; null where they would not", nullable=True),
        Column("source", S, "where it comes from"),
        Column("licence", S, "its licence"),
        Column("valid_from", D, "day from which it holds; a later row of the same contributor and id takes its place"),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.areas.tables:make_area_tables",
)  # fmt: skip

CONTRIBUTION_LOG = Table(
    "contribution_log", "the rows of one kind that one contributor gave in one file", ("file_sha256", "contributor", "kind"),
    (
        Column("file_sha256", S, "SHA-256 of the file"),
        CONTRIBUTION.column("contributor"),
        CONTRIBUTION.column("kind"),
        Column("rows", N, "rows that can be used; later rows may have replaced some", "1", lower=1),
        Column("added_at_utc", UTC, "when the file was added last"),
        Column("withdrawn_at_utc", UTC, "when the file was withdrawn; null if it was not", nullable=True),
    ),
    tier="public",
    may_be_empty=True,
    made_by="transforms.areas.tables:make_area_tables",
)  # fmt: skip

AREA_TABLES = (
    AREA, AREA_ARC, AREA_RING, AREA_GAS, AREA_HOME_DEMAND, AREA_HEAT, AREA_LCOH, AREA_CLUSTER, AREA_VALIDATION, AREA_VALIDATION_SCORE,
    CONTRIBUTION, CONTRIBUTION_LOG,
)  # fmt: skip
