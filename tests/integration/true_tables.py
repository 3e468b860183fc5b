"""A small warehouse in which every number is true, computed here apart from the code that is tested."""

from __future__ import annotations

import datetime as dt

import polars as pl
import polars.selectors as cs

from tests.integration.true_findings import (
    EFFICIENCY,
    START,
    STUCK_MONTHS,
    flag_judgement,
    heat_profile_season,
    selection_funnel,
    source_level,
    suspect_span,
    weather_day,
    weather_fit,
)
from transforms.tables.lineage import FLAG_COUNT, QUALITY_RESULT, UNIT_DOUBT
from transforms.tables.words import SYSTEMS
from warehouse.publish import describe_columns

END = dt.datetime(2010, 1, 1)
HOMES = {"home1": "detached", "home2": "detached", "home3": "flat", "home4": "flat", "home5": "flat"}
INCLUDED = ("home1", "home2", "home3", "home4")
HOME5_HOURS = 1680
LOST_HOUR = dt.datetime(2009, 7, 14, 3)
NOW = dt.datetime(2010, 2, 1, 12, 30, 15)

KEY = ("dwelling_type", "period", "hour_start_utc")


def true_tables() -> dict[str, pl.DataFrame]:
    """Return every table of the warehouse by name."""
    hourly = heat_hourly()
    profile = heat_profile(hourly)
    annual = heat_demand_annual(profile)
    by_period = household_period(hourly)
    own = by_period.filter("included").with_columns(dwelling_type=pl.col("household_id").replace_strict(HOMES))
    own = pl.concat([own, own.with_columns(dwelling_type=pl.lit("all"))])
    means = own.group_by("dwelling_type").agg(household_heat_kwh_mean=pl.col("heat_kwh_annual").mean())
    build = build_month(hourly)
    return {
        "household": household(by_period),
        "household_period": by_period,
        "selection_funnel": selection_funnel(annual),
        "heat_hourly": hourly,
        "heat_profile": profile,
        "heat_profile_season": heat_profile_season(profile),
        "heat_demand_annual": annual.join(means, on="dwelling_type", how="left").join(
            weather_fit().select("dwelling_type", cs.starts_with("heat_kwh_weather_normal")),
            on="dwelling_type",
            how="left",
        ),
        "demand_gap": pl.DataFrame(
            {
                "dwelling_type": ["all", "detached", "flat"],
                "period": "2009",
                "hours_missing": [0, 0, 1],
                "are_random": True,
            }
        ),
        "weather_fit": weather_fit(),
        "weather_day": weather_day(),
        "household_weather": pl.DataFrame({"household_id": ["home1", "home3"], "period": "2009", "days": [300, 300]}),
        "temperature_hourly": pl.DataFrame({"hour_start_utc": [START], "temperature_c": [4.5], "origin": ["built in"]}),
        "lcoh": lcoh(),
        "lcoh_household": pl.DataFrame({"household_id": ["home1"], "period": "2009"}),
        "lcoh_probability": pl.DataFrame({"period": ["2009"], "cheapest_share": [1.0]}),
        "assumption": assumption(),
        **ledger(build),
        "source_level": source_level(),
        "flag_judgement": flag_judgement(build),
        "suspect_span": suspect_span(),
        "unit_doubt": UNIT_DOUBT.empty(),
        "build_month": build,
        "run": run(),
        "quality_result": QUALITY_RESULT.empty(),
        "data_dictionary": describe_columns(),
    }


def heat_hourly() -> pl.DataFrame:
    """Return a year of four homes and ten weeks of a fifth, with gaps; gas in steps of 0.001 kWh."""
    hours = pl.datetime_range(START, END, "1h", closed="left", time_unit="us", eager=True).alias("hour_start_utc")
    number, home = pl.col("number"), pl.col("home")
    steps = (number * 7919 + home * 104_729) % 997 + (number % 24) * 40 + home * 150
    everything = (
        pl.DataFrame({"household_id": list(HOMES), "home": range(1, 6)})
        .join(hours.to_frame().with_row_index("number").cast({"number": pl.Int64}), how="cross")
        .with_columns(gas_kwh=steps / 1000)
    )
    gaps = (
        ((pl.col("household_id") == "home1") & (number % 97 == 5))
        | (pl.col("household_id").is_in(["home3", "home4"]) & (pl.col("hour_start_utc") == LOST_HOUR))
        | ((pl.col("household_id") == "home5") & (number >= HOME5_HOURS))
    )
    return everything.filter(~gaps).select(
        "household_id", "hour_start_utc", "gas_kwh", heat_kwh=pl.col("gas_kwh") * EFFICIENCY
    )


def heat_profile(hourly: pl.DataFrame) -> pl.DataFrame:
    """Return the means of the included homes by type and of all of them; home1 counts at its level where it is missing."""
    homes = hourly.filter(pl.col("household_id").is_in(INCLUDED)).with_columns(
        dwelling_type=pl.col("household_id").replace_strict(HOMES), period=pl.lit("2009")
    )
    means, both = pl.col("gas_kwh_mean", "heat_kwh_mean"), pl.col("households") == 2
    types = (
        homes.group_by(KEY)
        .agg(
            households=pl.len(),
            gas_kwh_mean=pl.col("gas_kwh").mean(),
            heat_kwh_mean=pl.col("heat_kwh").mean(),
            heat_kwh_se=pl.col("heat_kwh").std() / pl.len().sqrt(),
            gas_of_home2=pl.col("gas_kwh").filter(pl.col("household_id") == "home2").sum(),
        )
        .with_columns(
            # the level of home2 is its share of both in the hours of the month that both have, times two
            level=pl.when(both | (pl.col("dwelling_type") == "flat"))
            .then(1.0)
            .otherwise(
                (pl.col("gas_of_home2").filter(both).sum() / pl.col("gas_kwh_mean").filter(both).sum()).over(
                    "dwelling_type", pl.col("hour_start_utc").dt.month()
                )
            )
        )
        .with_columns(means / pl.col("level"))
        .drop("level", "gas_of_home2")
    )
    lost = types.filter(
        (pl.col("dwelling_type") == "flat") & (pl.col("hour_start_utc").dt.month() == LOST_HOUR.month)
        & (pl.col("hour_start_utc").dt.hour() == LOST_HOUR.hour)
    ).group_by("dwelling_type", "period").agg(means.mean(), hour_start_utc=pl.lit(LOST_HOUR))  # fmt: skip
    everyone = (
        pl.concat([types, lost], how="diagonal_relaxed")
        .group_by("period", "hour_start_utc")
        .agg(pl.col("households").sum(), means.mean())  # two homes are included of each type
        .with_columns(dwelling_type=pl.lit("all"), households=pl.col("households").cast(pl.UInt32))
    )
    return pl.concat([types, everyone], how="diagonal_relaxed").sort(KEY)


def heat_demand_annual(profile: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of the profiles; the hour that flats lack counts as the mean of its month and hour of day."""
    alike = profile.filter(
        (pl.col("dwelling_type") == "flat")
        & (pl.col("hour_start_utc").dt.month() == LOST_HOUR.month)
        & (pl.col("hour_start_utc").dt.hour() == LOST_HOUR.hour)
    )
    filled = alike.group_by("dwelling_type").agg(pl.col("gas_kwh_mean", "heat_kwh_mean").mean())
    sums = (
        pl.concat([profile.select(filled.columns), filled])
        .group_by("dwelling_type")
        .agg(pl.col("gas_kwh_mean", "heat_kwh_mean").sum())
    )
    peaks = profile.group_by("dwelling_type").agg(
        peak_hour_heat_kwh=pl.col("heat_kwh_mean").max(),
        peak_hour_utc=pl.col("hour_start_utc").sort_by("heat_kwh_mean").last(),
    )
    notes = {"flat": "1 hours without a home are filled by the mean of their month and hour of day"}
    of_types = sums.join(peaks, on="dwelling_type").with_columns(
        period=pl.lit("2009"),
        year=pl.lit(2009, dtype=pl.Int64),
        households=pl.col("dwelling_type").replace_strict({"detached": 2, "flat": 2, "all": 4}),
        heat_kwh_ci_low=pl.when(pl.col("dwelling_type") == "all").then(pl.col("heat_kwh_mean") * 0.9),
        heat_kwh_ci_high=pl.when(pl.col("dwelling_type") == "all").then(pl.col("heat_kwh_mean") * 1.1),
        note=pl.col("dwelling_type").replace_strict(notes, default=None, return_dtype=pl.String),
    )
    stock = pl.DataFrame({"dwelling_type": ["stock"], "period": ["2009"], "households": [4], "note": ["too few homes"]})
    return pl.concat([of_types, stock.cast({"households": of_types.schema["households"]})], how="diagonal")


def household_period(hourly: pl.DataFrame) -> pl.DataFrame:
    """Return what each home observed in 2009, and its annual heat scaled up by the hours of its type."""
    observed = hourly.group_by("household_id").agg(
        hours_observed=pl.len().cast(pl.Int64), heat_kwh_observed=pl.col("heat_kwh").sum()
    )
    included = pl.col("household_id").is_in(INCLUDED)
    factor = pl.lit(8760) / pl.col("hours_observed")
    return observed.with_columns(
        dwelling_type=pl.col("household_id").replace_strict(HOMES),
        period=pl.lit("2009"),
        period_start_utc=pl.lit(START),
        period_end_utc=pl.lit(END),
        completeness=pl.col("hours_observed") / 8760,
        weakest_cell=pl.when(included).then(0.9).otherwise(0.0),
        included=included,
        exclusion_reason=pl.when(~included).then(pl.lit("too_few_half_hours")),
        heat_kwh_annual=pl.when(included).then(pl.col("heat_kwh_observed") * factor),
        filled_share=pl.when(included).then(1 - 1 / factor),
    ).sort("household_id")


def household(by_period: pl.DataFrame) -> pl.DataFrame:
    """Return the homes."""
    return by_period.select(
        "household_id",
        pl.col("household_id").replace_strict(HOMES).alias("dwelling_type"),
        "included",
        "exclusion_reason",
        pl.lit(START).alias("first_interval_utc"),
        pl.when(pl.col("household_id") == "home5")
        .then(START + dt.timedelta(hours=HOME5_HOURS, minutes=-30))
        .otherwise(END - dt.timedelta(minutes=30))
        .alias("last_interval_utc"),
        "completeness",
    )


def build_month(hourly: pl.DataFrame) -> pl.DataFrame:
    """Return the months, in each of which one ok half-hour lacks its other half and one reading is no good."""
    return (
        hourly.group_by(month=pl.col("hour_start_utc").dt.truncate("1mo").dt.date())
        .agg(
            households=pl.col("household_id").n_unique(),
            hours=pl.len().cast(pl.Int64),
            used_gas_kwh=pl.col("gas_kwh").sum(),
        )
        .with_columns(
            fingerprint=pl.lit("f"),
            code_fingerprint=pl.lit("c"),
            readings=2 * pl.col("hours") + 2,
            ok_half_hours=2 * pl.col("hours") + 1,
            used_half_hours=2 * pl.col("hours"),
        )
        .sort("month")
    )


def ledger(build: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return two accepted files and a refused one, and the flags of their readings."""
    ok, others = int(build["ok_half_hours"].sum()), len(build)
    none = dict.fromkeys(("clock", "stamp"), "none")
    rows = [
        {
            "source_id": "a",
            "kind": "readings",
            "readings": ok - 100,
            "rejects": 3,
            "header_lines": 2,
            "blank_lines": 1,
            "clock": "utc",
        },
        {
            "source_id": "b",
            "kind": "readings",
            "readings": 100 + others,
            "rejects": 0,
            "header_lines": 1,
            "blank_lines": 0,
            "clock": "utc",
        },
        none
        | {
            "source_id": "c",
            "kind": "none",
            "outcome": "refused",
            "reason": "electricity",
            "format": "none",
            "lines": 7,
        },
        none | {"source_id": "d", "kind": "households", "readings": 5, "header_lines": 1},
    ]
    common = {
        "outcome": "accepted", "format": "edrp", "feed": "edrp", "bytes": 10, "stamp": "start", "superseded": False,
        "clock_basis": "by default", "stamp_basis": "by HH", "id_basis": "column", "ingested_at_utc": NOW,
    }  # fmt: skip
    zero = dict.fromkeys(("readings", "rejects", "header_lines", "blank_lines", "regrouped"), 0)
    source = pl.DataFrame([common | zero | row for row in rows]).with_columns(
        file_name=pl.col("source_id") + ".csv",
        sha256="source_id",
        first_interval_utc=pl.lit(START),
        last_interval_utc=pl.lit(END),
        lines=pl.coalesce("lines", pl.sum_horizontal("readings", "rejects", "header_lines", "blank_lines")),
    )
    stuck = len(STUCK_MONTHS)
    flags = [("a", "ok", ok - 100), ("b", "ok", 100), ("b", "sentinel_max", others - stuck), ("b", "stuck", stuck)]
    return {
        "source": source,
        "flag_count": pl.DataFrame(flags, schema=FLAG_COUNT.schema, orient="row"),
    }


def lcoh() -> pl.DataFrame:
    """Return the four systems at one demand."""
    return pl.DataFrame(
        {
            "scenario": "paper_fit", "convention": "wang2018", "denominator": "delivered", "demand_basis": "paper",
            "period": "paper", "system": list(SYSTEMS), "scale": "individual", "dwellings": 1,
            "dwelling_type": "all", "demand_kwh": 15_200.0, "capital_gbp_per_mwh": [11.1, 40.0, 70.0, 30.0],
            "om_gbp_per_mwh": [11.8, 9.0, 8.0, 12.0], "fuel_gbp_per_mwh": [50.0, 40.0, 30.0, 45.0],
            "carbon_gbp_per_mwh": [6.3, 2.0, 1.0, 2.0], "initial_capital_gbp_per_dwelling": 2500.0,
            "co2_kg_per_dwelling_year": 3000.0,
        }
    ).with_columns(
        lcoh_gbp_per_mwh=pl.sum_horizontal(pl.selectors.matches("^(capital|om|fuel|carbon)_gbp_per_mwh$"))
    )  # fmt: skip


def assumption() -> pl.DataFrame:
    """Return the efficiencies, of which the gate looks up one."""
    common = {"scenario": "all", "year": 0, "unit": "1", "price_base": "none", "status": "published", "source": "paper"}
    return pl.DataFrame(
        [
            common | {"item": "boiler_stock", "parameter": "efficiency", "value": EFFICIENCY},
            common | {"item": "gas_boiler", "parameter": "efficiency", "value": 0.94},
        ]
    )


def run() -> pl.DataFrame:
    """Return the run that made it."""
    return pl.DataFrame(
        [
            {
                "run_id": "run1", "kind": "nightly", "reason": None, "started_at_utc": NOW, "published_at_utc": NOW,
                "snapshot_id": "s1", "base_snapshot_id": None, "content_fingerprint": "f", "code_version": "0.1.0",
                "code_fingerprint": "c", "settings": "{}", "sources_new": 3, "months_built": 12,
            }
        ]
    )  # fmt: skip
