"""Five trials with every fault of the sample: how many faults are found, and how far results are off afterwards."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from flows.deliveries.sample import SampleOrder, write_sample
from flows.pipeline.content import begin_content
from flows.pipeline.ingest import ingest_file, plan_ingest
from flows.pipeline.ingest_decisions import ingest_options
from flows.pipeline.months import BUILD_MONTHS
from flows.pipeline.periods import AGGREGATE_PERIODS
from flows.pipeline.stages import STAGES, work_missing
from flows.settings import load_settings
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HOUSEHOLD_PERIOD
from transforms.tables.lake import FLAGGED
from transforms.tables.words import INFERRED_FLAGS
from warehouse.lake import Lake

SEEDS = (11, 12, 13, 14, 15)
HOMES = 120
SLOT = ["household_id", "interval_start_utc"]
BOILER_EFFICIENCY = 0.8054


@dataclass(frozen=True)
class Built:
    """One trial, built up to the annual figures."""

    truth: pl.DataFrame
    flagged: pl.DataFrame
    by_type: pl.DataFrame
    by_home: pl.DataFrame
    profile: pl.DataFrame

    @property
    def used(self) -> pl.DataFrame:
        """Return the true half-hours of the homes that are used."""
        return self.truth.join(self.by_home.filter("included").select("household_id"), on="household_id")


def build(seed: int, root: Path) -> Built:
    write_sample(root / "landing", SampleOrder(households=HOMES, seed=seed, faults="all"))
    settings = load_settings(home=root / "home", landing=root / "landing", landing_quiet_seconds=0)
    lake, options = Lake(root / "home" / "lake"), ingest_options(settings, today=dt.date(2026, 1, 1))
    for work in plan_ingest(lake, settings.landing_folder, options).works:
        ingest_file(lake, work, options)
    content = begin_content(settings)
    for stage in STAGES[: STAGES.index(AGGREGATE_PERIODS) + 1]:
        content = content.plan(stage)
        work_missing(content, stage)
    (period,) = content.units_of(AGGREGATE_PERIODS)
    columns = [pl.col("household_id").cast(pl.String), "interval_start_utc", pl.col("flag").cast(pl.String)]
    return Built(
        truth=pl.read_parquet(root / "landing" / "truth.parquet"),
        flagged=pl.concat(lake.read(unit.key(FLAGGED)).select(columns) for unit in content.units_of(BUILD_MONTHS)),
        by_type=lake.read(period.key(HEAT_DEMAND_ANNUAL)),
        by_home=lake.read(period.key(HOUSEHOLD_PERIOD)),
        profile=lake.read(period.key(HEAT_PROFILE)),
    )


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Built]:
    """Give the five trials."""
    return {seed: build(seed, tmp_path_factory.mktemp(f"all-faults-{seed}")) for seed in SEEDS}


@pytest.mark.parametrize("flag", [flag for flag in INFERRED_FLAGS if flag != "catch_up"])
def test_inferred_faults_are_found_and_healthy_readings_left_alone(flag: str, trials: dict[int, Built]) -> None:
    found = false = faulty = readings = 0
    for trial in trials.values():
        truth = trial.truth.filter(pl.col("fault") == flag, pl.col("delivered") > 0)
        slots = truth.select("household_id", interval_start_utc="delivered_start_utc")
        flagged = trial.flagged.filter(pl.col("flag") == flag)
        found += slots.join(flagged, on=SLOT, how="semi").height
        false += flagged.join(slots, on=SLOT, how="anti").height
        faulty += slots.height
        readings += int(trial.truth["delivered"].sum())
    assert faulty > 1000
    assert found >= 0.9 * faulty
    assert false < readings / 1000


def test_hardly_any_reading_is_taken_for_gas_after_an_outage(trials: dict[int, Built]) -> None:
    """The sample has gaps and zeros, and no meter that catches up after them."""
    flagged = sum(trial.flagged.filter(pl.col("flag") == "catch_up").height for trial in trials.values())
    assert flagged < sum(int(trial.truth["delivered"].sum()) for trial in trials.values()) / 1000


@pytest.mark.parametrize("seed", SEEDS)
def test_annual_demand_of_each_type_is_within_one_per_cent_of_the_homes_used(
    seed: int, trials: dict[int, Built]
) -> None:
    annual = (
        trials[seed].used.group_by("household_id", "dwelling_type").agg(pl.col("gas_kwh").sum() * BOILER_EFFICIENCY)
    )
    both = pl.concat([annual, annual.with_columns(dwelling_type=pl.lit("all"))])
    truth = both.group_by("dwelling_type").agg(truth=pl.col("gas_kwh").mean())
    joined = truth.join(trials[seed].by_type, on="dwelling_type")
    error = joined.select("dwelling_type", error=(pl.col("heat_kwh_mean") / pl.col("truth") - 1).abs())
    assert error.height == 6
    assert error.filter(pl.col("error") >= 0.01).rows() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_hours_of_the_mean_profile_are_off_by_less_than_half_a_per_cent(seed: int, trials: dict[int, Built]) -> None:
    hours = (
        trials[seed]
        .used.group_by(hour_start_utc=pl.col("interval_start_utc").dt.truncate("1h"))
        .agg(truth=pl.col("gas_kwh").sum() * BOILER_EFFICIENCY / pl.col("household_id").n_unique())
    )
    joined = hours.join(trials[seed].profile.filter(dwelling_type="all"), on="hour_start_utc")
    assert joined.height > 8000
    mean_error = joined.select((pl.col("heat_kwh_mean") - pl.col("truth")).sum() / pl.col("truth").sum()).item()
    assert abs(mean_error) < 0.005


def test_annual_figures_of_homes_are_within_three_per_cent_for_95_of_100(trials: dict[int, Built]) -> None:
    errors = []
    for trial in trials.values():
        truth = trial.used.group_by("household_id").agg(truth=pl.col("gas_kwh").sum() * BOILER_EFFICIENCY)
        joined = truth.join(trial.by_home, on="household_id")
        errors.append(joined.select(error=(pl.col("heat_kwh_annual") / pl.col("truth") - 1).abs()))
    error = pl.concat(errors)
    assert error.height > 300
    assert error.select((pl.col("error") < 0.03).mean()).item() >= 0.95
