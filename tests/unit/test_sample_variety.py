"""A trial with all faults: the variety of its homes and its losses; other trials do not change."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.deliveries.sample import SampleOrder, write_sample
from transforms.climate.half_hour_shapes import HALF_HOURS
from transforms.readings.declaration import NotUsedError
from transforms.readings.headers import recognise
from transforms.sample.delivery import FAULTS, Delivery
from transforms.sample.figures import SampleFigures
from transforms.sample.kinds import KINDS
from transforms.sample.trial import Trial, plan_trial
from transforms.sample.variety import TRUTH_HOME, Variety
from transforms.sample.weather_loss import plan_weather_loss
from warehouse.figures import read_figures

FIGURES = SampleFigures.from_tables(read_figures)
JANUARY = {"start": dt.date(2009, 1, 1), "end": dt.date(2009, 2, 1)}
YEAR = {"start": dt.date(2009, 1, 1), "end": dt.date(2010, 1, 1)}
INFERRED = ("suspected_unit", "stuck", "cold_zero_run")


def plan(households: int, faults: str = "all", seed: int = 1, **span: dt.date) -> Trial:
    return plan_trial(FIGURES, households=households, seed=seed, faults=faults, **(span or YEAR))


def variety_of(trial: Trial) -> Variety:
    assert trial.variety is not None
    return trial.variety


def unprotected(trial: Trial) -> pl.Series:
    return pl.Series(np.zeros(len(trial.starts), dtype=bool))


@pytest.fixture(scope="module")
def whole() -> tuple[Trial, np.ndarray, np.ndarray]:
    """Give a trial of 100 homes with its truth and the codes of its faults."""
    trial = plan(100)
    gas = [trial.draw_truth(block) for block in range(len(trial.blocks))]
    fault = [trial.deliver(block, gas[block], unprotected(trial)).fault for block in range(len(trial.blocks))]
    return trial, np.concatenate(gas), np.concatenate(fault)


@pytest.mark.parametrize(("faults", "marks"), [("none", "d2c0b2be"), ("typical", "3b01712e")])
def test_inferred_faults_change_no_trial_without_them(faults: str, marks: str) -> None:
    trial = plan(20, faults, **JANUARY)
    gas = trial.draw_truth(0)
    delivery = trial.deliver(0, gas, unprotected(trial))
    digest = hashlib.sha256(delivery.fault.tobytes() + delivery.copies.tobytes() + delivery.shift_s.tobytes())
    assert trial.variety is None
    assert digest.hexdigest()[:8] == marks
    # a last digit may differ from one processor to another, a stream of random numbers may not
    weights = np.arange(1, gas.size + 1) % 1009
    assert (gas.sum(), (gas.ravel() * weights).sum()) == pytest.approx((63449.792, 30861609.082), rel=1e-6)


def test_ordinary_homes_have_the_gas_of_a_typical_trial_with_the_same_seed() -> None:
    typical, every = plan(50, "typical"), plan(50)
    ordinary = (variety_of(every).homes["kind"] == "heated").to_numpy()
    assert ordinary.sum() > 35
    one, two = (trial.draw_truth(0)[ordinary].sum(axis=1) for trial in (typical, every))
    assert two == pytest.approx(one, rel=2e-3)


def test_each_kind_of_home_uses_gas_in_its_own_way(whole: tuple[Trial, np.ndarray, np.ndarray]) -> None:
    trial, gas, _ = whole
    homes = variety_of(trial).homes
    daily = gas.reshape(len(gas), -1, HALF_HOURS).sum(axis=2)
    month = trial.starts.gather_every(HALF_HOURS).dt.month().to_numpy()
    rows = {kind: (homes["kind"] == kind).to_numpy() for kind in KINDS}
    assert all(rows[kind].any() for kind in KINDS)
    cooking = daily[rows["cooking_only"]]
    assert ((cooking.mean(axis=1) > 0.95) & (cooking.mean(axis=1) < 3.05)).all()
    assert cooking[:, month == 1].mean() == pytest.approx(cooking[:, month == 7].mean(), rel=0.15)
    heating = daily[rows["heating_only"]]
    assert heating[:, (month >= 5) & (month <= 9)].sum() == 0
    assert (heating[:, month == 1].mean(axis=1) > 10).all()
    pilot = daily[rows["pilot_light"]]
    least = homes["pilot_kwh"].to_numpy()[rows["pilot_light"]][:, None] * HALF_HOURS - 0.35
    assert (pilot >= least).all()
    for home in homes.with_row_index("row").filter(pl.col("kind") == "holiday").iter_rows(named=True):
        away = gas[home["row"], home["away_first"] : home["away_first"] + home["away_count"]]
        assert away.max() == 0
        assert gas[home["row"], : home["away_first"]].sum() > 0


def test_only_meters_at_fault_carry_an_inferred_flag(whole: tuple[Trial, np.ndarray, np.ndarray]) -> None:
    trial, _, fault = whole
    homes = variety_of(trial).homes
    codes = [1 + FAULTS.index(flag) for flag in INFERRED]
    counts = {flag: (fault == code).sum(axis=1) for flag, code in zip(INFERRED, codes, strict=True)}
    injected = homes["meter_fault"].fill_null("").to_numpy()
    assert np.array_equal(counts["cold_zero_run"] > 0, injected == "dead_meter")
    assert np.array_equal(counts["stuck"] > 0, np.isin(injected, ["stuck", "supplier_estimate"]))
    sound = np.isin(injected, ["", "dead_meter", "stuck", "supplier_estimate"])
    assert np.array_equal(counts["suspected_unit"] > 0, ~sound)


def test_sound_meters_show_no_long_run_of_equal_values_and_no_fortnight_of_zeros_in_the_cold(
    whole: tuple[Trial, np.ndarray, np.ndarray],
) -> None:
    trial, gas, _ = whole
    homes = variety_of(trial).homes
    step = homes["meter"].replace_strict(dict(FIGURES.variety.meters.step_kwh)).to_numpy()
    equal = (np.lib.stride_tricks.sliding_window_view(np.diff(gas, axis=1), 11, axis=1) == 0).all(axis=2)
    clear = gas[:, : equal.shape[1]] > np.maximum(3 * step + 0.01, 0.25)[:, None]
    assert not (equal & clear).any()
    day_c = FIGURES.temperature.filter(pl.col("date").dt.year() == 2009).sort("date")["temperature_mean_c"].to_numpy()
    daily = gas.reshape(len(gas), -1, HALF_HOURS).sum(axis=2)
    idle = (np.lib.stride_tricks.sliding_window_view(daily, 14, axis=1) == 0).all(axis=2)
    assert idle.any()  # homes that only heat
    cold = np.convolve(day_c, np.full(14, 1 / 14), mode="valid") < 10
    assert not (idle & cold).any()


@pytest.fixture(scope="module")
def losses() -> tuple[Trial, np.ndarray]:
    """Give a trial of 200 homes and which half-hours it loses beyond those that are lost blindly."""
    trial = plan(200)
    delivery = Delivery.of_truth(np.zeros((200, len(trial.starts))))
    rngs = [np.random.default_rng([7, home]) for home in range(200)]
    variety_of(trial).lose(delivery, np.arange(200), np.zeros(len(trial.starts), dtype=bool), rngs)
    missing = delivery.fault == 1 + FAULTS.index("missing")
    assert np.array_equal(missing, delivery.copies == 0)
    return trial, missing


def test_homes_that_use_more_lose_more_in_proportion(losses: tuple[Trial, np.ndarray]) -> None:
    trial, missing = losses
    level = trial.homes["gas_kwh_2009"].to_numpy()
    share = missing.mean(axis=1)
    assert share.mean() == pytest.approx(0.02, rel=0.05)
    high, low = (share[level >= np.quantile(level, 0.75)].mean(), share[level <= np.quantile(level, 0.25)].mean())
    assert high > 2 * low
    slope = (level * share).sum() / (level**2).sum() * level.mean() / share.mean()
    assert slope == pytest.approx(1, abs=0.05)


def test_more_is_lost_in_the_cold(losses: tuple[Trial, np.ndarray]) -> None:
    _, missing = losses
    day_c = FIGURES.temperature.filter(pl.col("date").dt.year() == 2009).sort("date")["temperature_mean_c"].to_numpy()
    by_day = missing.reshape(len(missing), -1, HALF_HOURS).mean(axis=(0, 2))
    assert by_day[day_c < 3].mean() > 3 * by_day[day_c > 15].mean()
    slope = np.polyfit(day_c, np.log(np.maximum(by_day, 1e-3)), 1)[0]
    assert slope == pytest.approx(-1 / 8, rel=0.15)
    assert np.array_equal(missing, np.repeat(missing[:, ::8], 8, axis=1))  # pieces of four hours


def test_the_law_of_losses_is_a_product_with_the_declared_mean() -> None:
    law = FIGURES.variety.weather_loss
    loss = plan_weather_loss(np.array([5000.0, 10_000, 15_000]), np.array([0.0, 8, 16]), law)
    shares = np.array([loss.share(home) for home in range(3)])
    assert shares.mean() == pytest.approx(law.mean_share)
    assert shares[1] / shares[0] == pytest.approx(2)
    assert shares[:, 0] / shares[:, 1] == pytest.approx(np.e)
    assert plan_weather_loss(np.array([1.0, 1e6]), np.array([0.0]), law).share(1) <= law.highest_share


def test_readings_with_a_fault_of_a_line_and_protected_half_hours_are_not_lost() -> None:
    trial = plan(20, **JANUARY)
    delivery = Delivery.of_truth(np.zeros((20, len(trial.starts))))
    delivery.mark(0, np.arange(len(trial.starts)), "very_high")
    protected = np.zeros(len(trial.starts), dtype=bool)
    protected[: len(trial.starts) // 2] = True
    rngs = [np.random.default_rng([1, home]) for home in range(20)]
    variety_of(trial).lose(delivery, np.arange(20), protected, rngs)
    assert (delivery.copies[0] == 1).all()
    assert (delivery.copies[:, protected] == 1).all()
    assert (delivery.copies[1:, ~protected] == 0).any()


@given(households=st.integers(1, 30), days=st.integers(1, 60), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_a_trial_of_any_size_can_be_drawn(households: int, days: int, seed: int) -> None:
    start = dt.date(2009, 2, 20)
    trial = plan(households, seed=seed, start=start, end=start + dt.timedelta(days=days))
    gas = trial.draw_truth(0)
    delivery = trial.deliver(0, gas, unprotected(trial))
    assert gas.shape == (households, days * HALF_HOURS)
    assert gas.min() >= 0
    assert np.isfinite(gas).all()
    homes = variety_of(trial).tabulate_homes(trial.starts)
    assert homes.schema == pl.Schema(TRUTH_HOME.schema)
    untouched = (delivery.fault == 0) & (delivery.copies == 1)
    assert np.array_equal(delivery.gas_kwh[untouched], gas[untouched])


def test_the_same_arguments_write_the_same_bytes_and_the_homes_beside_them(tmp_path: Path) -> None:
    one, two = (
        write_sample(tmp_path / name, SampleOrder(households=60, faults="all", **JANUARY)) for name in ("a", "b")
    )
    names = sorted(path.name for path in one.out.iterdir())
    assert "truth_homes.parquet" in names
    assert all((one.out / name).read_bytes() == (two.out / name).read_bytes() for name in names)
    homes = pl.read_parquet(one.out / "truth_homes.parquet")
    assert homes.schema == pl.Schema(TRUTH_HOME.schema)
    assert sum(one.kinds.values()) == len(homes) == 60
    assert dict(homes["meter_fault"].drop_nulls().value_counts().iter_rows()) == one.meter_faults
    assert set(INFERRED) <= set(one.faults)
    assert all(name in (one.out / "README.txt").read_text(encoding="utf-8") for name in one.meter_faults)
    slipped = homes.filter(pl.col("unit_factor").is_not_null())
    assert (slipped["fault_start_utc"] < slipped["fault_end_utc"]).all()
    declared = pl.read_csv(one.out / "households.csv").filter(pl.col("heating_system") != "gas_boiler")
    assert declared["heating_system"].to_list() == ["electric"]


def test_a_typical_trial_in_the_same_folder_leaves_no_truth_about_other_homes(tmp_path: Path) -> None:
    write_sample(tmp_path, SampleOrder(households=5, faults="all", **JANUARY))
    summary = write_sample(tmp_path, SampleOrder(households=5, **JANUARY))
    assert not (tmp_path / "truth_homes.parquet").exists()
    assert (summary.kinds, summary.meter_faults) == ({}, {})


def test_the_truth_about_homes_is_no_delivery() -> None:
    with pytest.raises(NotUsedError, match="truth"):
        recognise(list(TRUTH_HOME.schema))
