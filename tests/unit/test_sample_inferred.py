"""Faults of meters that no single line shows: each changes and marks its own readings, and no others."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from transforms.climate.half_hour_shapes import HALF_HOURS, half_hour_starts
from transforms.readings.line_flags import LineThresholds
from transforms.sample.delivery import FAULTS, Delivery
from transforms.sample.fault_plan import plan_faults, plan_no_faults
from transforms.sample.figures import SampleFigures
from transforms.sample.homes import draw_homes
from transforms.sample.inferred_faults import INFERRED_INJECTORS, MeterFault
from transforms.sample.inferred_plan import ALWAYS, METER_FAULTS, UNIT_SLIPS, plan_inferred
from transforms.sample.kinds import draw_kinds
from transforms.sample.meters import draw_meters
from warehouse.figures import read_figures

FIGURES = SampleFigures.from_tables(read_figures)
RATES = FIGURES.variety.inferred
STARTS = half_hour_starts(dt.date(2009, 1, 1), dt.date(2010, 1, 1))
YEAR = len(STARTS)
MONTHS = np.flatnonzero(((STARTS.dt.day() == 1) & (STARTS.dt.time() == dt.time())).to_numpy())[1:]
DAY_C = FIGURES.temperature.filter(pl.col("date").dt.year() == 2009).sort("date")["temperature_mean_c"].to_numpy()
STEP_KWH = 0.112206


def use_gas(seed: int) -> np.ndarray:
    """Return a year of whole steps, off in half of the half-hours, equal to its neighbours now and then."""
    rng = np.random.default_rng(seed)
    return np.round(rng.integers(0, 30, (1, YEAR)) * (rng.random((1, YEAR)) < 0.5) * STEP_KWH, 3)


def suffer(name: str, seed: int, *, first: int = 5000, count: int = 1500) -> tuple[np.ndarray, Delivery]:
    true = use_gas(seed)
    delivery = Delivery.of_truth(true)
    fault = MeterFault(
        first=first, count=count, spells=3, factor=RATES.factor.get(name, 1), step_kwh=STEP_KWH,
        month_starts=MONTHS, rates=RATES,
    )  # fmt: skip
    INFERRED_INJECTORS[name](delivery, 0, fault, np.random.default_rng(seed))
    return true[0], delivery


def marked(delivery: Delivery, flag: str) -> np.ndarray:
    return np.asarray(delivery.fault[0] == 1 + FAULTS.index(flag))


def runs(values: np.ndarray, where: np.ndarray) -> list[tuple[int, int]]:
    """Return first and end of the runs of equal values within some readings."""
    edges = np.flatnonzero((np.diff(values) != 0) | (np.diff(where.astype(int)) != 0)) + 1
    return [(a, b) for a, b in pairwise([0, *edges.tolist(), len(values)]) if where[a]]


@pytest.mark.parametrize("name", METER_FAULTS)
@pytest.mark.parametrize("seed", range(3))
def test_each_injector_changes_nothing_that_it_does_not_mark(name: str, seed: int) -> None:
    true, delivery = suffer(name, seed)
    sound = delivery.fault[0] == 0
    assert 0 < (~sound).sum() < YEAR
    assert np.array_equal(delivery.gas_kwh[0][sound], true[sound])
    assert (delivery.copies == 1).all()
    assert (delivery.shift_s == 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_dead_meter_counts_nothing_and_the_zeros_beside_it_are_part_of_the_run(seed: int) -> None:
    true, delivery = suffer("dead_meter", seed)
    where = np.flatnonzero(marked(delivery, "cold_zero_run"))
    assert (delivery.gas_kwh[0, where] == 0).all()
    assert where[0] <= 5000
    assert where[-1] >= 6499
    assert np.array_equal(where, np.arange(where[0], where[-1] + 1))
    assert (true[np.setdiff1d(where, np.arange(5000, 6500))] == 0).all()
    assert delivery.gas_kwh[0, where[0] - 1] > 0
    assert delivery.gas_kwh[0, where[-1] + 1] > 0


@pytest.mark.parametrize("name", [*UNIT_SLIPS, ALWAYS])
def test_a_slip_changes_the_unit_of_every_reading_of_its_span(name: str) -> None:
    true, delivery = suffer(name, 1)
    span = np.arange(5000, 6500)
    delivered = delivery.gas_kwh[0, span]
    assert np.abs(delivered - true[span] * RATES.factor[name]).max() <= 0.0005 + 1e-9
    beyond = delivered >= LineThresholds().very_high_kwh
    assert np.array_equal(np.flatnonzero(marked(delivery, "very_high")), span[beyond])
    assert np.array_equal(np.flatnonzero(marked(delivery, "suspected_unit")), span[~beyond])
    assert beyond.any() == (name in {"times_100", "times_1000"})


def test_factors_are_those_of_the_units() -> None:
    assert RATES.factor == pytest.approx(
        {
            "m3_as_kwh": 3.6 / (1.02264 * 39.5), "m3_as_kwh_always": 3.6 / (1.02264 * 39.5),
            "feet_as_m3": 1 / (100 * 0.3048**3), "m3_as_feet": 100 * 0.3048**3,
            "over_1000": 1e-3, "times_100": 100, "times_1000": 1000,
        },
        rel=1e-6,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_a_stuck_meter_repeats_the_reading_at_which_it_stuck(seed: int) -> None:
    true, delivery = suffer("stuck", seed)
    spells = runs(delivery.gas_kwh[0], marked(delivery, "stuck"))
    assert 1 <= len(spells) <= 3
    for first, end in spells:
        assert delivery.gas_kwh[0, first] == true[first] > 0
        assert 12 <= end - first <= 21 * HALF_HOURS + 20


@pytest.mark.parametrize("seed", range(8))
def test_an_estimate_is_the_mean_of_the_spell_that_it_fills(seed: int) -> None:
    true, delivery = suffer("supplier_estimate", seed)
    spells = runs(delivery.gas_kwh[0], marked(delivery, "stuck"))
    assert len(spells) == 3
    for first, end in spells:
        assert HALF_HOURS <= end - first <= 10 * HALF_HOURS
        assert delivery.gas_kwh[0, first] == pytest.approx(true[first:end].mean(), abs=0.0005 + 1e-9)
        assert np.ptp(delivery.gas_kwh[0, first:end]) == 0


@pytest.mark.parametrize(("name", "across_share"), [("stuck", 0.3), ("supplier_estimate", 0.05)])
def test_few_spells_repeat_a_value_of_sound_meters_and_some_cross_the_end_of_a_month(
    name: str, across_share: float
) -> None:
    values, across = [], 0
    for seed in range(40):
        _, delivery = suffer(name, seed)
        for first, end in runs(delivery.gas_kwh[0], marked(delivery, "stuck")):
            values.append(delivery.gas_kwh[0, first])
            across += ((first < MONTHS) & (end > MONTHS)).any()
    clear = np.array(values) > max(3.5 * STEP_KWH, 0.25)
    assert 0.85 < clear.mean() <= 1
    assert across >= across_share * len(values)


def plan(households: int, seed: int, *, faults: bool = True, days: int = 365) -> pl.DataFrame:
    homes = draw_homes(FIGURES.levels, households=households, rng=np.random.default_rng(seed))
    half_hours = days * HALF_HOURS
    of_lines = plan_faults(homes, half_hours, FIGURES.rates, np.random.default_rng([seed, 2]))
    homes = draw_kinds(homes, FIGURES.variety.kinds, half_hours=half_hours, rng=np.random.default_rng([seed, 3]))
    homes = draw_meters(homes, FIGURES.variety.meters, half_hours=half_hours, rng=np.random.default_rng([seed, 4]))
    return plan_inferred(
        homes.with_columns(known=pl.Series(of_lines.known), lost=pl.Series(of_lines.lost)), RATES,
        plan=of_lines if faults else plan_no_faults(households), starts=STARTS[:half_hours], day_c=DAY_C[:days],
        rng=np.random.default_rng([seed, 5]),
    )  # fmt: skip


@pytest.mark.parametrize("households", [100, 600])
@pytest.mark.parametrize("seed", range(1, 6))
def test_every_fault_occurs_at_its_share_of_homes(households: int, seed: int) -> None:
    counts = dict(plan(households, seed)["meter_fault"].drop_nulls().value_counts().iter_rows())
    assert counts == {name: max(1, round(share * households)) for name, share in RATES.homes_share.items()}


def test_faults_sit_in_ordinary_known_homes_that_keep_their_readings() -> None:
    faulty = plan(600, 1).filter(pl.col("meter_fault").is_not_null())
    assert set(faulty["kind"]) == {"heated"}
    assert faulty["known"].all()
    assert (faulty["lost"] < 0.1 * YEAR).all()
    assert faulty["meter_after"].null_count() == len(faulty)
    assert set(faulty.filter(pl.col("meter_fault") == "feet_as_m3")["meter"]) == {"imperial_foot"}
    assert "imperial_foot" not in set(faulty.filter(pl.col("meter_fault") == "m3_as_feet")["meter"])


@pytest.mark.parametrize("seed", range(1, 6))
def test_dead_meters_are_dead_in_the_cold_for_more_than_a_fortnight_and_one_for_a_winter(seed: int) -> None:
    dead = plan(600, seed).filter(pl.col("meter_fault") == "dead_meter")
    fortnight = np.convolve(DAY_C, np.full(14, 1 / 14), mode="valid")
    for first, count in dead.select("fault_first", "fault_count").iter_rows():
        assert count >= 15 * HALF_HOURS
        assert first + count <= YEAR
        whole = slice(-(-first // HALF_HOURS), (first + count) // HALF_HOURS - 13)
        assert fortnight[whole].min() < 10
    assert dead["fault_count"].max() > 90 * HALF_HOURS  # type: ignore[operator]
    across = [((a < MONTHS) & (a + n > MONTHS)).any() for a, n in dead.select("fault_first", "fault_count").iter_rows()]
    assert sum(across) >= len(dead) // 3


@pytest.mark.parametrize("seed", range(1, 6))
def test_slips_last_twenty_days_and_leave_something_to_compare_with(seed: int) -> None:
    homes = plan(600, seed)
    slips = homes.filter(pl.col("meter_fault").is_in(UNIT_SLIPS))
    end = slips["fault_first"] + slips["fault_count"]
    assert (slips["fault_count"] >= 20 * HALF_HOURS).all()
    assert (slips["fault_first"] >= 20 * HALF_HOURS - 1).all()
    assert ((end == YEAR) | (end <= YEAR - 20 * HALF_HOURS)).all()
    assert (slips.filter(end < YEAR)["fault_count"] <= 150 * HALF_HOURS).all()
    assert 0.1 < (end == YEAR).mean() < 0.6
    always = homes.filter(pl.col("meter_fault") == ALWAYS)
    assert always.select("fault_first", "fault_count").unique().rows() == [(0, YEAR)]


def test_a_month_holds_the_faults_that_fit_into_it_and_a_week_no_long_ones() -> None:
    month = set(plan(100, 1, days=31)["meter_fault"].drop_nulls())
    assert {"dead_meter", "stuck", "supplier_estimate", "m3_as_kwh", ALWAYS} <= month
    week = set(plan(100, 1, days=7)["meter_fault"].drop_nulls())
    assert week == {"stuck", "supplier_estimate", ALWAYS}


@pytest.mark.parametrize("households", [1, 2, 5, 20])
def test_a_small_trial_keeps_three_quarters_of_its_meters_sound(households: int) -> None:
    assert plan(households, 1)["meter_fault"].null_count() >= 0.75 * households
