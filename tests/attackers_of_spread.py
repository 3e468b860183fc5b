"""Trials whose homes also peak together and pay for their heat: what attacks on diversity and costs of homes share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from quality.disclosure.accounts import publish_open
from quality.disclosure.diversity import coarsen_peaks
from quality.disclosure.everything import disclose_costs, disclose_means, seal
from quality.disclosure.rule import DEFAULT_RULE
from tests.attackers import PERIOD, SHARES, START, Row, Trial, warehouse_of
from transforms.heat.demand import Bootstrap
from transforms.lcoh.model.demands import measured_demand
from transforms.peaks.cold_days import ColdDays, ColdLoad, list_complete_homes
from transforms.peaks.diversity import DiversityRule, measure_diversity
from transforms.public.public import Release
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.cost_analysis import LCOH_DISTRIBUTION, LCOH_HOUSEHOLD
from transforms.tables.words import DWELLING_TYPES

RULE = DiversityRule(
    coldest_days=1,
    completeness_min=1.0,
    measured_share_max=0.65,
    half_hourly_dwellings_max=20,
    replicates=40,
    sizes=(1, 2, 3, 5, 10, 20, 100, 1_000, 20_000),
)
VARIABLE_GBP_PER_MWH = 80.0
FIXED_GBP_PER_YEAR = 1e6  # homes of a trial use some 40 GWh a year: a fourth of what their heat costs
SCENARIO, CONVENTION, SYSTEM = "s", "c", "ashp"
WATTS = 1000.0


@dataclass(frozen=True)
class Peaks:
    """What a trial's homes peak at: the load of complete homes, and the tables made of it."""

    load: ColdLoad
    table: pl.DataFrame
    curve: pl.DataFrame


def load_of(trial: Trial) -> ColdLoad:
    """Return the load of the homes without a gap; hour 3 is everybody's highest."""
    hourly = trial.hourly().with_columns(hour=(pl.col("hour_start_utc") - START).dt.total_hours())
    incomplete = {home for home, _ in trial.gaps}
    complete = [home for home in trial.of("all") if home not in incomplete]
    of_peak = pl.when(pl.col("hour") == 3).then(10.0).otherwise(1.0)  # the fourth hour
    wide = (
        hourly.filter(pl.col("household_id").is_in(complete))
        .with_columns(kw=pl.col("heat_kwh") * of_peak)
        .sort("household_id", "hour")["kw"]
        .to_numpy()
        .reshape(len(complete), trial.hours)
    )
    homes = pl.DataFrame(
        {
            "household_id": complete,
            "dwelling_type": [trial.homes[home] for home in complete],
            "filled_share": 0.0,
            "heat_kwh_observed": wide.sum(axis=1),
        }
    )
    counts = {of: len(trial.of(of)) for of in sorted({trial.homes[home] for home in trial.of("all")})}
    days = ColdDays((START.date(), START.date() + dt.timedelta(days=1)), "temperature")
    return ColdLoad(homes, wide.astype(np.float32), 60, days, counts)


def peaks_of(trial: Trial) -> Peaks:
    """Measure the peaks of a trial's homes."""
    load = load_of(trial)
    weights = SHARES if set(load.households["dwelling_type"]) >= set(DWELLING_TYPES) else None
    found = measure_diversity(
        [load], period=PERIOD, rule=RULE, bootstrap=Bootstrap(replicates=RULE.replicates), weights=weights
    )
    return Peaks(load, found.table, found.curve)


LENS = {"perspective": pl.lit("society"), "price_year": pl.lit(2025), "start_year": pl.lit(2026)}


def plain_cost(demand: pl.DataFrame) -> pl.DataFrame:
    """Cost heat at so much a MWh and so much a year: a cost model that an attacker can turn round."""
    nothing = {
        name: pl.lit(0.0)
        for name in (
            "capital_gbp_per_mwh", "om_gbp_per_mwh", "fuel_gbp_per_mwh", "carbon_gbp_per_mwh",
            "initial_capital_gbp_per_dwelling", "co2_kg_per_dwelling_year",
        )
    }  # fmt: skip
    unknown = {name: pl.lit(None) for name in ("households", "lcoh_ci_low", "lcoh_ci_high", "grant_gbp_per_mwh")}
    measured_year, cost = (cost_of(pl.col(name)) for name in ("demand_measured_kwh", "demand_kwh"))
    return LCOH.conform(
        demand.with_columns(
            scenario=pl.lit(SCENARIO), convention=pl.lit(CONVENTION), denominator=pl.lit("delivered"), system=pl.lit(SYSTEM),
            scale=pl.lit("individual"), dwellings=pl.lit(1),
            lcoh_gbp_per_mwh=cost, lcoh_measured_year_gbp_per_mwh=measured_year, lcoh_without_cooking_gbp_per_mwh=cost, **nothing, **unknown, **LENS,
        )
    )  # fmt: skip


def cost_of(demand_kwh: pl.Expr) -> pl.Expr:
    """Return the cost of heat of a home [GBP/MWh]."""
    return VARIABLE_GBP_PER_MWH + FIXED_GBP_PER_YEAR * WATTS / demand_kwh


def costs_of(trial: Trial) -> dict[str, pl.DataFrame]:
    """Return what heat costs the homes of a trial, and their types."""
    keys = {
        "scenario": pl.lit(SCENARIO),
        "convention": pl.lit(CONVENTION),
        "system": pl.lit(SYSTEM),
        "period": pl.lit(PERIOD),
    }
    own = (
        trial.hourly()
        .filter(~pl.col("household_id").is_in(sorted(trial.excluded)))
        .group_by("household_id")
        .agg(demand_kwh=pl.col("heat_kwh").sum())
        .with_columns(**keys, weather=pl.lit("measured"), lcoh_gbp_per_mwh=cost_of(pl.col("demand_kwh")))
    )
    typed = own.with_columns(dwelling_type=pl.col("household_id").replace_strict(dict(trial.homes)))
    both = pl.concat([typed, typed.with_columns(dwelling_type=pl.lit("all"))])
    kwh = pl.col("demand_kwh")
    distribution = (
        both.sort("household_id")
        .group_by("dwelling_type", *keys)
        .agg(
            households=pl.len().cast(pl.Int64),
            lcoh_at_mean_gbp_per_mwh=cost_of(kwh.mean()),
            lcoh_mean_gbp_per_mwh=pl.col("lcoh_gbp_per_mwh").mean(),
            demand_variation=kwh.std(ddof=0) / kwh.mean(),
            demand=kwh.mean(),
        )
        .with_columns(
            gap_expected_gbp_per_mwh=FIXED_GBP_PER_YEAR * WATTS / pl.col("demand") * pl.col("demand_variation") ** 2,
            lcoh_at_mean_ci_low=pl.lit(None),
            lcoh_at_mean_ci_high=pl.lit(None),
        )
    )
    return {
        "lcoh": plain_cost(measured_demand(trial.annual())),
        "lcoh_household": LCOH_HOUSEHOLD.conform(own.with_columns(**LENS)),
        "lcoh_distribution": LCOH_DISTRIBUTION.conform(distribution.with_columns(**LENS)).sort(LCOH_DISTRIBUTION.key),
    }


@cache
def _peaks(homes: tuple[tuple[str, str], ...], versions: tuple[tuple[str, int], ...], gaps: frozenset[tuple[str, int]], excluded: frozenset[str], hours: int) -> Peaks:  # fmt: skip
    return peaks_of(Trial(dict(homes), hours, dict(versions), gaps, excluded))


def known_peaks(trial: Trial) -> Peaks:
    """Return the peaks of a trial, measured once."""
    return _peaks(tuple(trial.homes.items()), tuple(trial.versions.items()), trial.gaps, trial.excluded, trial.hours)


def publish_next(trial: Trial, last: Release | None = None) -> Release:
    """Publish a trial with its peaks and costs, after another release or as the first."""
    peaks = known_peaks(trial)
    more = costs_of(trial) | {
        "diversity": peaks.table,
        "diversity_curve": peaks.curve,
        "diversity_home": list_complete_homes([peaks.load], PERIOD),
    }
    record = None if last is None else last.record
    name = "r0" if record is None else f"r{int(record.release_id[1:]) + 1}"
    with warehouse_of(trial, more) as query:
        means = disclose_means(query, last=record)
        at_means = plain_cost(measured_demand(means.tables["heat_demand_annual"].frame))
        assumptions = publish_open(ASSUMPTION, query("SELECT * FROM assumption"))
        costs = disclose_costs(query, means, at_means, assumptions)
        return seal(name, {**means.tables, **costs}, means.control)


def publish_spread(trials: Sequence[Trial]) -> list[Release]:
    """Publish trials with their peaks and costs, one after the other."""
    releases: list[Release] = []
    for trial in trials:
        releases.append(publish_next(trial, releases[-1] if releases else None))
    return releases


def published_peaks(releases: Sequence[Release], trials: Sequence[Trial]) -> list[Row]:
    """Return a row per group whose peaks a release shows: the complete homes of the trial that the values stem from.

    Raises
    ------
    AssertionError
        If published values are those of no trial.

    """
    rows: list[Row] = []
    for release in releases:
        frame = release.tables["diversity"].frame
        for (group,), shown in frame.filter(pl.col("dwelling_type") != "stock").group_by("dwelling_type"):
            values = shown.sort("dwellings")["peak_kw_p50"].to_list()
            stems = [t for t in trials if values == coarse_peaks(t, str(group))["peak_kw_p50"].to_list()]
            assert stems, f"{group} shows {values}, which no trial gives"
            incomplete = {home for home, _ in stems[0].gaps}
            rows.append(
                {
                    (home, stems[0].versions.get(home, 0)): 1.0
                    for home in stems[0].of(str(group))
                    if home not in incomplete
                }
            )
    return rows


def coarse_peaks(trial: Trial, group: str) -> pl.DataFrame:
    """Return what would be shown of a group if nothing else were."""
    peaks = known_peaks(trial)
    curves = peaks.curve.filter(dwelling_type=group)
    if curves.is_empty():
        return peaks.table.clear()
    curve = curves.row(0, named=True)
    rows = peaks.table.filter(dwelling_type=group)
    return coarsen_peaks(rows, curve, homes=curve["households"], rule=DEFAULT_RULE).sort("dwellings")


def published_costs(releases: Sequence[Release], trials: Sequence[Trial]) -> list[Row]:
    """Return a row per group whose mean cost a release shows: the homes of the trial that comes nearest to it.

    Raises
    ------
    AssertionError
        If a published mean is that of no trial.

    """
    truths = [costs_of(trial)["lcoh_distribution"] for trial in trials]
    rows: list[Row] = []
    for release in releases:
        frame = release.tables["lcoh_distribution"].frame.drop_nulls("lcoh_mean_gbp_per_mwh")
        for group, mean, at_mean in frame.select(
            "dwelling_type", "lcoh_mean_gbp_per_mwh", "lcoh_at_mean_gbp_per_mwh"
        ).iter_rows():
            # the mean is coarse: of two trials the cost at mean demand, which is not, tells which one it stems from
            near = [_distance(truth, group, at_mean) for truth in truths]
            best = int(np.argmin(near))
            truth = truths[best].filter(dwelling_type=group)["lcoh_mean_gbp_per_mwh"][0]
            assert abs(truth / mean - 1) < 0.05, f"{group} shows {mean}, which no trial gives"
            rows.append({(home, trials[best].versions.get(home, 0)): 1.0 for home in trials[best].of(group)})
    return rows


def _distance(truth: pl.DataFrame, group: str, at_mean: float) -> float:
    rows = truth.filter(dwelling_type=group)
    return abs(rows["lcoh_at_mean_gbp_per_mwh"][0] - at_mean) if len(rows) else np.inf


def load_at_peak(trial: Trial) -> Mapping[str, float]:
    """Return the load of every home in the hour in which all peak [kW], of those with gaps too."""
    whole = Trial(trial.homes, trial.hours, trial.versions, frozenset(), trial.excluded)
    load = load_of(whole)
    return dict(zip(load.households["household_id"], load.load_kw.max(axis=1).astype(float), strict=True))
