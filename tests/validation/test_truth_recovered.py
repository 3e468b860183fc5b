"""The pipeline on a trial with a known truth: its flags, and its results from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from flows.operations.status import describe_status, read_status
from flows.settings import load_settings
from tests.pipeline import read_tables
from transforms.tables.words import LINE_FLAGS

EXACT = (*LINE_FLAGS, "unknown_household", "duplicate_exact", "duplicate_conflict")
SLOT = ["household_id", "interval_start_utc"]


@dataclass(frozen=True)
class Recovered:
    """A trial that went through the pipeline."""

    truth: pl.DataFrame
    flagged: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    home: Path


@pytest.fixture(scope="module")
def recovered(trial_home: Path) -> Recovered:
    """Give the sample trial, flagged and published."""
    lake = trial_home / "home" / "lake"
    by_build = [pl.read_parquet(path, hive_partitioning=False) for path in sorted(lake.glob("flagged/*/*.parquet"))]
    without_month = [
        pl.read_parquet(path, hive_partitioning=False) for path in lake.glob("readings/month=none/*.parquet")
    ]
    columns = [pl.col("household_id").cast(pl.String), "interval_start_utc", pl.col("flag").cast(pl.String)]
    return Recovered(
        truth=pl.read_parquet(trial_home / "landing" / "truth.parquet"),
        flagged=pl.concat(frame.select(columns) for frame in [*by_build, *without_month]),
        tables=read_tables(trial_home / "home"),
        home=trial_home / "home",
    )


@pytest.mark.parametrize("flag", EXACT)
def test_every_exact_fault_is_found_and_nothing_else_is_flagged(flag: str, recovered: Recovered) -> None:
    truth = recovered.truth.filter(pl.col("fault") == flag)
    found = recovered.flagged.filter(pl.col("flag") == flag)
    slots = truth.select("household_id", interval_start_utc="delivered_start_utc")
    recall = slots.join(found, on=SLOT, how="semi").height / slots.height
    false_alarms = found.join(slots, on=SLOT, how="anti").height
    readings = int(recovered.truth["delivered"].sum())
    assert slots.height >= 2
    assert recall >= 0.999
    assert false_alarms * 100_000 < readings


def test_a_line_that_gives_no_reading_is_a_reject(recovered: Recovered) -> None:
    rejects = recovered.tables["source"].filter(pl.col("kind") == "readings")["rejects"].sum()
    assert rejects == recovered.truth.filter(pl.col("fault") == "reject").height > 0


def taken_for_gas_after_an_outage(recovered: Recovered) -> pl.DataFrame:
    """Return the healthy half-hours that count in the year and in no hour: large bursts after half a day without gas."""
    healthy = recovered.truth.filter(pl.col("fault").is_null(), pl.col("delivered") > 0).select(SLOT)
    return healthy.join(recovered.flagged.filter(pl.col("flag") == "catch_up"), on=SLOT, how="semi")


def test_a_healthy_reading_in_ten_thousand_is_taken_for_gas_after_an_outage(recovered: Recovered) -> None:
    taken = taken_for_gas_after_an_outage(recovered)
    assert taken.height < int(recovered.truth["delivered"].sum()) / 10_000


def hourly_truth(recovered: Recovered) -> pl.DataFrame:
    """Return the true heat of every hour of the included homes, and whether both half-hours count in it."""
    used = recovered.tables["household_period"].filter("included").select("household_id")
    taken = taken_for_gas_after_an_outage(recovered).with_columns(taken=True)
    return (
        recovered.truth.join(used, on="household_id")
        .join(taken, on=SLOT, how="left")
        .group_by("household_id", "dwelling_type", hour_start_utc=pl.col("interval_start_utc").dt.truncate("1h"))
        .agg(
            heat_kwh=pl.col("gas_kwh").sum() * 0.8054,
            good=(
                pl.col("taken").is_null() & (pl.col("fault").is_null() | (pl.col("fault") == "duplicate_exact"))
            ).all(),
        )
    )


def test_profiles_equal_the_truth_to_rounding_where_nothing_is_missing(recovered: Recovered) -> None:
    truth = (
        hourly_truth(recovered)
        .group_by("dwelling_type", "hour_start_utc")
        .agg(truth=pl.col("heat_kwh").mean(), whole=pl.col("good").all())
        .filter("whole")
    )
    both = truth.join(recovered.tables["heat_profile"], on=["dwelling_type", "hour_start_utc"])
    assert both.height == truth.height > 10_000
    assert both.select((pl.col("truth") - pl.col("heat_kwh_mean")).abs().max()).item() < 1e-9


def test_annual_demand_of_each_type_is_within_one_per_cent_of_the_homes_used(recovered: Recovered) -> None:
    annual = hourly_truth(recovered).group_by("household_id", "dwelling_type").agg(pl.col("heat_kwh").sum())
    truth = (
        pl.concat([annual, annual.with_columns(dwelling_type=pl.lit("all"))])
        .group_by("dwelling_type")
        .agg(truth=pl.col("heat_kwh").mean())
    )
    both = truth.join(recovered.tables["heat_demand_annual"], on="dwelling_type")
    error = both.select("dwelling_type", error=(pl.col("heat_kwh_mean") / pl.col("truth") - 1).abs())
    assert both.height == 6
    assert error.filter(pl.col("error") > 0.01).rows() == []


def test_annual_figures_of_homes_are_close_to_their_truth(recovered: Recovered) -> None:
    truth = hourly_truth(recovered).group_by("household_id").agg(truth=pl.col("heat_kwh").sum())
    both = truth.join(recovered.tables["household_period"], on="household_id")
    error = (pl.col("heat_kwh_annual") / pl.col("truth") - 1).abs()
    assert both.select((error < 0.03).mean()).item() > 0.95


def test_made_up_homes_say_so_in_warehouse_status_and_report(recovered: Recovered) -> None:
    homes = recovered.tables["household"].filter(pl.col("exclusion_reason") != "unknown_household")
    assert set(homes["origin"]) == {"hearth sample seed=3"}
    status = read_status(load_settings(home=recovered.home))
    assert status.made_up_by == ["hearth sample seed=3"]
    assert "no real home" in describe_status(status)
    assert "Made-up sample data" in (recovered.home / "reports" / "current" / "index.html").read_text(encoding="utf-8")
