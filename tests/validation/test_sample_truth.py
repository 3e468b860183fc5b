"""The truth of the made-up trial meets what Wang 2018 says of the readings (basis `sample`), whatever the seed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from flows.sample import write_sample
from transforms.claims import judge, sample_claim_values
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
    values = sample_claim_values(hours, demand)
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
    assert 0.4 < np.median(np.concatenate(zero)) < 0.6
    assert np.mean((np.concatenate(zero) > 0.38) & (np.concatenate(zero) < 0.62)) > 0.85


def test_the_written_truth_meets_the_paper_and_its_faults_their_rates(tmp_path: Path) -> None:
    summary = write_sample(out=tmp_path, seed=11, **SPAN)
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
