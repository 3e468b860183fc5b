"""The truth of the made-up trial meets the statements of Wang 2018 about readings (basis `sample`), for any seed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from flows.deliveries.sample import SampleOrder, write_sample
from transforms.claims.claims import judge
from transforms.claims.sample_claims import sample_figures
from transforms.sample.delivery import FAULTS
from transforms.sample.figures import SampleFigures
from transforms.sample.trial import plan_trial
from warehouse.figures import read_figures

FIGURES = SampleFigures.from_tables(read_figures)
EFFICIENCY = FIGURES.levels.boiler_efficiency
SPAN = {"start": dt.date(2009, 1, 1), "end": dt.date(2010, 1, 1)}
CLAIMS = read_figures("claim").filter(pl.col("basis") == "sample")


def judge_truth(gas: pl.DataFrame, types: pl.DataFrame) -> dict[str, float]:
    """Assert every claim of basis `sample`; `gas` is the mean over homes by half-hour [kWh], `types` that of the year."""
    hours = gas.group_by(hour_start_utc=pl.col("interval_start_utc").dt.truncate("1h")).agg(
        heat_kwh_mean=pl.col("gas_kwh").sum() * EFFICIENCY
    )
    everyone = pl.DataFrame({"dwelling_type": "all", "gas_kwh": gas["gas_kwh"].sum()})
    demand = pl.concat([types, everyone]).select(
        "dwelling_type", gas_kwh_mean="gas_kwh", heat_kwh_mean=pl.col("gas_kwh") * EFFICIENCY
    )
    assert (len(hours), len(demand), len(CLAIMS)) == (8760, 6, 8)
    values = {claim: figure.value for claim, figure in sample_figures(hours, demand).items()}
    failed = judge(CLAIMS, values).filter(~pl.col("within_tolerance"))
    assert failed.select("claim", "published", "model").rows() == []
    return values


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_truth_of_600_homes_meets_the_paper(seed: int) -> None:
    trial = plan_trial(FIGURES, households=600, seed=seed, faults="none", **SPAN)
    profile, annual, zero = np.zeros(len(trial.starts)), [], []
    for block in range(len(trial.blocks)):
        gas = trial.draw_truth(block)
        profile += gas.sum(axis=0)
        annual.append(gas.sum(axis=1))
        zero.append((gas == 0).mean(axis=1))
    homes = trial.homes.with_columns(gas_kwh=np.concatenate(annual))
    types = homes.group_by("dwelling_type").agg(pl.col("gas_kwh").mean())
    judge_truth(pl.DataFrame({"interval_start_utc": trial.starts, "gas_kwh": profile / 600}), types)
    exact = {name: kwh / EFFICIENCY for name, kwh in FIGURES.levels.heat_kwh.items()}
    assert dict(types.iter_rows()) == pytest.approx(exact, rel=1e-5)
    assert homes["gas_kwh"].to_numpy() == pytest.approx(homes["gas_kwh_2009"].to_numpy(), rel=1e-3)
    low, median, high = np.quantile(np.concatenate(zero), (0.05, 0.5, 0.95))
    assert median == pytest.approx(0.58, abs=0.02)  # of a real home
    assert (low, high) == pytest.approx((0.455, 0.692), abs=0.02)  # how homes differ is our own choice


def test_the_written_truth_meets_the_paper_and_its_faults_their_rates(tmp_path: Path) -> None:
    summary = write_sample(tmp_path, SampleOrder(seed=11, **SPAN))
    truth = pl.scan_parquet(tmp_path / "truth.parquet")
    assert summary.half_hours == truth.select(pl.len()).collect().item() == 600 * 17_520
    gas = truth.group_by("interval_start_utc").agg(pl.col("gas_kwh").mean()).collect(engine="streaming")
    types = (
        truth.group_by("household_id", "dwelling_type").agg(pl.col("gas_kwh").sum())
        .group_by("dwelling_type").agg(pl.col("gas_kwh").mean()).collect(engine="streaming")
    )  # fmt: skip
    model = judge_truth(gas, types)
    assert summary.heat_kwh_mean == pytest.approx(model["fig1_heat_mean"])
    assert summary.peak_hour_heat_kwh == pytest.approx(model["fig2_peak"])
    rates = {row["fault"]: row["readings_share"] for row in read_figures("meter_fault").iter_rows(named=True)}
    for fault in set(rates) - {"unknown_household", "missing"}:
        assert summary.faults[fault] / summary.half_hours == pytest.approx(rates[fault], rel=0.02), fault
    assert summary.faults["missing"] / summary.half_hours == pytest.approx(rates["missing"], abs=0.005)
    delivered = truth.select(pl.col("delivered").sum().cast(pl.Int64)).collect().item()
    assert summary.lines == summary.header_lines + summary.blank_lines + delivered


@pytest.mark.parametrize("seed", range(1, 4))
def test_a_trial_with_all_faults_holds_each_at_its_declared_rate(seed: int) -> None:
    trial = plan_trial(FIGURES, households=200, seed=seed, faults="all", **SPAN)
    assert trial.variety is not None
    counts, nothing = np.zeros(1 + len(FAULTS), dtype=int), pl.Series(np.zeros(len(trial.starts), dtype=bool))
    for block in range(len(trial.blocks)):
        counts += np.bincount(
            trial.deliver(block, trial.draw_truth(block), nothing).fault.ravel(), minlength=len(counts)
        )
    share = {fault: counts[1 + code] / counts.sum() for code, fault in enumerate(FAULTS)}
    rates, declared = FIGURES.rates.readings_share, FIGURES.variety
    for fault in (
        "off_grid",
        "bad_time",
        "sentinel_max",
        "negative",
        "reject",
        "duplicate_exact",
        "duplicate_conflict",
    ):
        assert share[fault] == pytest.approx(rates[fault], rel=0.05, abs=2e-6), fault
    left = 1 - rates["missing"] - rates["sentinel_max"]
    assert share["missing"] == pytest.approx(rates["missing"] + left * declared.weather_loss.mean_share, abs=0.004)
    days = {"cold_zero_run": (0.02, 0.2), "stuck": (0.005, 0.06)}  # of a year, by the longest and shortest spells
    homes = {"cold_zero_run": ("dead_meter",), "stuck": ("stuck", "supplier_estimate")}
    for fault, (low, high) in days.items():
        carriers = sum(declared.inferred.homes_share[name] for name in homes[fault])
        assert low * carriers < share[fault] < high * carriers, fault
    slips = sum(declared.inferred.homes_share[name] for name in declared.inferred.factor)
    assert 0.2 * slips < share["suspected_unit"] + share["very_high"] < 0.9 * slips
    of_homes = trial.variety.homes
    for column, shares in (("kind", declared.kinds.homes_share), ("meter_fault", declared.inferred.homes_share)):
        found = dict(of_homes[column].drop_nulls().value_counts().iter_rows())
        assert {name: found[name] for name in shares} == {name: max(1, round(x * 200)) for name, x in shares.items()}


def test_the_delivery_of_a_trial_with_all_faults_matches_its_truth(tmp_path: Path) -> None:
    span = {"start": dt.date(2009, 1, 1), "end": dt.date(2009, 7, 1)}
    write_sample(tmp_path, SampleOrder(households=80, seed=5, faults="all", file_format="canonical_parquet", **span))
    slot = ["household_id", "interval_start_utc"]
    truth = pl.read_parquet(tmp_path / "truth.parquet")
    homes = pl.read_parquet(tmp_path / "truth_homes.parquet")
    read = pl.read_parquet(tmp_path / "canonical_gas.parquet").rename({"gas_kwh": "read_kwh"})
    read = read.drop_nulls().unique(slot, keep="none")
    once = truth.filter((pl.col("delivered") == 1) & (pl.col("delivered_start_utc") == pl.col("interval_start_utc")))
    both = once.join(read, on=slot, validate="1:1").join(homes, on="household_id")
    assert both.height == once.filter(pl.col("fault").is_null() | (pl.col("fault") != "reject")).height
    assert both.filter(pl.col("fault").is_null() & (pl.col("read_kwh") != pl.col("gas_kwh"))).height == 0
    assert both.filter((pl.col("fault") == "cold_zero_run") & (pl.col("read_kwh") != 0)).height == 0
    in_wrong_unit = both.filter(
        pl.col("unit_factor").is_not_null(),
        pl.col("interval_start_utc").is_between("fault_start_utc", "fault_end_utc", closed="left"),
        pl.col("fault").is_in(["suspected_unit", "very_high"]),
    )
    assert in_wrong_unit["meter_fault"].n_unique() == 7
    assert set(both.filter(pl.col("fault") == "suspected_unit")["household_id"]) == set(in_wrong_unit["household_id"])
    error = pl.col("read_kwh") - pl.col("gas_kwh") * pl.col("unit_factor")
    assert in_wrong_unit.select(error.abs().max()).item() <= 0.0005 + 1e-9
    dead = both.filter(
        pl.col("meter_fault") == "dead_meter",
        pl.col("interval_start_utc").is_between("fault_start_utc", "fault_end_utc", closed="left"),
    )
    assert set(dead["fault"]) == {"cold_zero_run"}
