"""The faults of a made-up trial: their number, their homes, and their effect on readings."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.climate.half_hour_shapes import half_hour_starts
from transforms.sample.delivery import FAULTS, NO_STAMP, TRUTH, Delivery, tabulate_truth
from transforms.sample.fault_plan import LOSS_KINDS, POINT_KINDS, FaultPlan, plan_faults, plan_no_faults
from transforms.sample.faults import LOSS_INJECTORS, POINT_INJECTORS, inject_faults, place_losses
from transforms.sample.figures import SampleFigures
from transforms.sample.homes import draw_homes
from transforms.tables.words import LINE_FLAGS
from warehouse.figures import read_figures

FIGURES = SampleFigures.from_tables(read_figures)
STARTS = half_hour_starts(dt.date(2009, 1, 1), dt.date(2010, 1, 1))
HALF_HOURS = len(STARTS)


def plan(households: int = 600, seed: int = 1) -> tuple[pl.DataFrame, FaultPlan]:
    homes = draw_homes(FIGURES.levels, households=households, rng=np.random.default_rng(seed))
    return homes, plan_faults(homes, HALF_HOURS, FIGURES.rates, np.random.default_rng([seed, 1]))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_faults_occur_at_the_measured_rates(seed: int) -> None:
    _, faults = plan(seed=seed)
    readings = len(faults.lost) * HALF_HOURS
    for name in (*LOSS_KINDS, *POINT_KINDS):
        assert faults.counts[name].sum() == pytest.approx(FIGURES.rates.readings_share[name] * readings, rel=0.02), name
    missing = faults.lost.sum() - sum(faults.counts[name].sum() for name in LOSS_KINDS)
    assert missing / readings == pytest.approx(FIGURES.rates.readings_share["missing"], abs=0.005)
    assert (~faults.known).sum() == 6


def test_homes_lose_readings_as_unevenly_as_measured() -> None:
    _, faults = plan()
    loss = np.sort(faults.lost / HALF_HOURS)
    for homes_share, limit in zip(*FIGURES.rates.loss_quantiles, strict=True):
        assert (loss <= limit + 0.5 / HALF_HOURS).mean() == pytest.approx(homes_share, abs=0.012)
    worst = loss[-round(0.08 * len(loss)) :]
    assert worst.sum() > 0.6 * loss.sum()


def test_each_fault_sits_in_few_homes() -> None:
    _, faults = plan()
    for name in (*LOSS_KINDS, *POINT_KINDS):
        hit = (faults.counts[name] > 0).mean()
        assert hit <= FIGURES.rates.homes_share[name] * 1.2, name


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_homes_that_suffice_are_like_all_homes_of_their_type(seed: int) -> None:
    homes, faults = plan(seed=seed)
    kept = (faults.lost <= 0.1 * HALF_HOURS) & faults.known
    assert 0.75 < kept.mean() < 0.85
    level = pl.col("gas_kwh_2009")
    judged = homes.with_columns(kept=pl.Series(kept)).group_by("dwelling_type")
    ratio = judged.agg(level.filter("kept").mean() / level.mean())
    assert ratio["gas_kwh_2009"].to_list() == pytest.approx([1] * 5, abs=0.002)


def test_no_home_stands_at_the_edge_of_sufficiency() -> None:
    _, faults = plan(households=5000)
    assert not ((faults.lost > 0.0905 * HALF_HOURS) & (faults.lost < 0.1095 * HALF_HOURS)).any()


@given(households=st.integers(1, 40), seed=st.integers(0, 99), days=st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_a_small_trial_has_a_plan_that_fits_into_it(households: int, seed: int, days: int) -> None:
    homes = draw_homes(FIGURES.levels, households=households, rng=np.random.default_rng(seed))
    half_hours = days * 48
    faults = plan_faults(homes, half_hours, FIGURES.rates, np.random.default_rng(seed))
    assert (~faults.known).sum() == min(1, households - 1)
    assert (faults.lost <= half_hours).all()
    assert (sum(faults.counts[name] for name in LOSS_KINDS) <= faults.lost).all()


@given(days=st.integers(1, 60), share=st.floats(0, 0.97), seed=st.integers(0, 99))
def test_exactly_the_planned_half_hours_are_lost(days: int, share: float, seed: int) -> None:
    count = int(days * 48 * share)
    lost = place_losses(count, np.zeros(days * 48, dtype=bool), np.random.default_rng(seed))
    assert len(lost) == len(np.unique(lost)) == count


@pytest.mark.parametrize("seed", range(20))
def test_a_home_that_loses_little_keeps_half_of_each_month_by_hour_cell(seed: int) -> None:
    lost = place_losses(int(0.09 * HALF_HOURS), np.zeros(HALF_HOURS, dtype=bool), np.random.default_rng(seed))
    frame = pl.DataFrame({"start": STARTS}).with_columns(ok=~pl.int_range(pl.len()).is_in(lost.tolist()))
    cells = frame.group_by(pl.col("start").dt.month(), hour=pl.col("start").dt.hour()).agg(pl.col("ok").mean())
    assert cells["ok"].min() > 0.55  # type: ignore[operator]


def test_most_losses_of_a_healthy_home_are_where_batches_meet() -> None:
    lost = place_losses(60, np.zeros(HALF_HOURS, dtype=bool), np.random.default_rng(1))
    assert (lost % 48 == 47).sum() >= 20


def test_without_faults_every_half_hour_is_delivered_as_it_is() -> None:
    gas = np.full((2, HALF_HOURS), 0.5)
    delivery = _deliver(gas, plan_no_faults(2))
    truth = _truth(gas, delivery)
    assert truth["fault"].null_count() == len(truth) == 2 * HALF_HOURS
    assert (truth["delivered"] == 1).all()
    assert truth["delivered_start_utc"].equals(truth["interval_start_utc"])
    assert np.array_equal(delivery.gas_kwh, gas)


def _only(fault: str, count: int = 40) -> FaultPlan:
    counts = {fault: np.array([count, 0])}
    lost = np.array([count if fault in (*LOSS_KINDS, "missing") else 0, 0])
    return FaultPlan(known=np.array([True, True]), lost=lost, counts={} if fault == "missing" else counts)


@pytest.mark.parametrize("fault", [injector.fault for injector in (*LOSS_INJECTORS, *POINT_INJECTORS)])
def test_each_injector_hits_the_planned_readings_of_its_home_and_no_others(fault: str) -> None:
    gas = np.full((2, HALF_HOURS), 0.5)
    delivery = _deliver(gas, _only(fault))
    truth = _truth(gas, delivery)
    hit = truth.filter(pl.col("fault").is_not_null())
    assert hit["fault"].to_list() == [fault] * 40
    assert set(hit["household_id"]) == {"1"}
    sound = delivery.fault == 0
    assert (delivery.gas_kwh[sound] == 0.5).all()
    assert (delivery.shift_s[sound] == 0).all()
    assert (delivery.copies[sound] == 1).all()


def _hit(fault: str) -> tuple[Delivery, np.ndarray]:
    delivery = _deliver(np.full((2, HALF_HOURS), 0.5), _only(fault))
    return delivery, delivery.fault == 1 + FAULTS.index(fault)


def test_missing_readings_have_no_line() -> None:
    delivery, hit = _hit("missing")
    assert (delivery.copies[hit] == 0).all()


def test_a_sentinel_is_the_highest_count_or_its_image_in_kwh() -> None:
    delivery, hit = _hit("sentinel_max")
    assert set(delivery.gas_kwh[hit]) <= {16777.215, 188250.978}


def test_an_off_grid_stamp_is_late_by_the_same_part_of_a_half_hour() -> None:
    delivery, hit = _hit("off_grid")
    (shift,) = set(delivery.shift_s[hit])
    assert 0 < shift < 1800


def test_a_reset_clock_names_distinct_half_hours_far_away() -> None:
    gas = np.full((2, HALF_HOURS), 0.5)
    stamps = _truth(gas, _deliver(gas, _only("bad_time"))).filter(pl.col("fault") == "bad_time")["delivered_start_utc"]
    assert stamps.n_unique() == 40
    assert stamps.dt.year().is_in([2044, 2065]).all()
    assert (stamps.dt.minute() % 30 == 0).all()


def test_very_high_and_negative_readings_are_beyond_their_limits() -> None:
    delivery, hit = _hit("very_high")
    assert (delivery.gas_kwh[hit] >= 89.8).all()
    assert (delivery.gas_kwh[hit] < 16777).all()
    delivery, hit = _hit("negative")
    assert (delivery.gas_kwh[hit] < 0).all()


def test_rejects_have_no_value_or_no_stamp() -> None:
    delivery, hit = _hit("reject")
    assert np.isnan(delivery.gas_kwh[hit]).sum() == 20
    assert (delivery.shift_s[hit] == NO_STAMP).sum() == 20
    assert not (np.isnan(delivery.gas_kwh) & (delivery.shift_s == NO_STAMP)).any()


def test_duplicates_repeat_the_value_and_conflicts_do_not() -> None:
    delivery, hit = _hit("duplicate_exact")
    assert (delivery.copies[hit] == 2).all()
    assert (delivery.second_kwh[hit] == delivery.gas_kwh[hit]).all()
    delivery, hit = _hit("duplicate_conflict")
    assert (delivery.copies[hit] == 2).all()
    assert (abs(delivery.second_kwh[hit] - delivery.gas_kwh[hit]) > 0.009).all()


def test_a_home_that_the_household_table_lacks_is_unknown_unless_the_line_itself_is_at_fault() -> None:
    homes, faults = plan(households=60)
    unknown = int(np.flatnonzero(~faults.known)[0])
    delivery = _deliver(np.full((len(homes), HALF_HOURS), 0.5), faults)
    names = {FAULTS[code - 1] if code else None for code in np.unique(delivery.fault[unknown])}
    assert "unknown_household" in names
    assert names <= {"unknown_household", "missing", *LINE_FLAGS}


def test_protected_half_hours_suffer_no_fault_alone() -> None:
    protected = np.zeros(HALF_HOURS, dtype=bool)
    protected[100:HALF_HOURS] = True
    delivery = Delivery.of_truth(np.full((1, HALF_HOURS), 0.5))
    inject_faults(
        delivery, np.array([0]), starts=STARTS, plan=_only("duplicate_exact"),
        rngs=[np.random.default_rng(1)], protected=protected,
    )  # fmt: skip
    assert np.flatnonzero(delivery.fault[0]).max() < 100


def test_a_half_hour_that_is_wrong_already_may_be_lost_but_is_hit_by_nothing_else() -> None:
    delivery = Delivery.of_truth(np.full((1, HALF_HOURS), 0.5))
    delivery.mark(0, np.arange(HALF_HOURS - 100), "stuck")
    rngs, protected = [np.random.default_rng(1)], np.zeros(HALF_HOURS, dtype=bool)
    for fault in ("missing", "reject"):
        inject_faults(delivery, np.array([0]), starts=STARTS, plan=_only(fault), rngs=rngs, protected=protected)
    counts = {FAULTS[code - 1]: int((delivery.fault == code).sum()) for code in np.unique(delivery.fault) if code}
    assert counts["missing"] == counts["reject"] == 40
    assert (delivery.fault[0, : HALF_HOURS - 100] != 1 + FAULTS.index("reject")).all()
    assert counts["stuck"] >= HALF_HOURS - 140


def _deliver(gas: np.ndarray, faults: FaultPlan) -> Delivery:
    rngs = [np.random.default_rng([5, home]) for home in range(len(gas))]
    protected = np.zeros(HALF_HOURS, dtype=bool)
    delivery = Delivery.of_truth(gas)
    inject_faults(delivery, np.arange(len(gas)), starts=STARTS, plan=faults, rngs=rngs, protected=protected)
    return delivery


def _truth(gas: np.ndarray, delivery: Delivery) -> pl.DataFrame:
    homes = pl.DataFrame({"household_id": [str(n + 1) for n in range(len(gas))], "dwelling_type": ["flat"] * len(gas)})
    truth = tabulate_truth(homes, STARTS, gas, delivery)
    assert truth.schema == pl.Schema(TRUTH.schema)
    return truth
