"""Peaks of many homes: draws, fits, and changes of input that must not matter."""

import dataclasses
import datetime as dt
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.heat.demand import Bootstrap, draw_annual_heat
from transforms.peaks.cold_days import ColdDays, ColdLoad
from transforms.peaks.diversity import DiversityRule, measure_diversity
from transforms.peaks.diversity_curve import FALL_BOUNDS, Z_95, PeakCurve, fit_exponent
from transforms.peaks.diversity_draws import Pool, bracket_limit, draw_peaks, smooth_quantile
from transforms.tables.cost_analysis import DIVERSITY, DIVERSITY_CURVE
from warehouse.figures import read_figures

SHIPPED = DiversityRule.from_table(read_figures("diversity_rule"))
RULE = dataclasses.replace(SHIPPED, replicates=60, sizes=(1, 2, 5, 10, 20, 50, 100, 1000))
BOOTSTRAP = Bootstrap(replicates=120, seed=3)
DAYS = ColdDays((dt.date(2009, 1, 5), dt.date(2009, 1, 6)), "temperature")


def make_load(kw: np.ndarray, types: list[str] | None = None, minutes: int = 60) -> ColdLoad:
    homes = pl.DataFrame(
        {
            "household_id": [f"h{n:04d}" for n in range(len(kw))],
            "dwelling_type": types or ["flat"] * len(kw),
            "filled_share": [0.01] * len(kw),
        },
        schema={"household_id": pl.String, "dwelling_type": pl.String, "filled_share": pl.Float64},
    )
    counts = dict(homes.group_by("dwelling_type").len().iter_rows())
    return ColdLoad(homes, kw.astype(np.float32), minutes, DAYS, counts)


def bursts(homes: int, seed: int = 1, hours: int = 48) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mean = 4 + 3 * np.exp(-((np.arange(hours) % 24 - 7.0) ** 2) / 4)
    return rng.lognormal(-0.125, 0.5, (homes, 1)) * mean * rng.gamma(1.0, 1.0, (homes, hours))


# --- what is drawn ---------------------------------------------------------------------------------


def test_groups_of_an_order_have_no_home_in_common_and_peak_together() -> None:
    kw = np.array([[4, 0], [0, 2], [1, 1], [0, 6]], dtype=np.float32)
    peaks = draw_peaks(kw, [np.array([0, 1, 2, 3])], [1, 2, 3, 5])
    assert peaks[1].tolist() == [4, 2, 1, 6]
    assert peaks[2].tolist() == [2, 3.5]  # (4 + 0, 0 + 2) / 2 and (1 + 0, 1 + 6) / 2
    assert peaks[3].tolist() == pytest.approx([5 / 3])
    assert 5 not in peaks


@given(st.integers(2, 6), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_no_group_peaks_above_the_mean_of_its_homes_peaks(homes: int, seed: int) -> None:
    kw = np.random.default_rng(seed).gamma(1, 1, (homes, 12)).astype(np.float32)
    peaks = draw_peaks(kw, [np.arange(homes)], [1, homes])
    assert peaks[homes][0] <= peaks[1].mean() * (1 + 1e-6)


def test_types_are_drawn_in_the_shares_of_the_stock() -> None:
    pool = Pool({"flat": np.arange(40), "detached": np.arange(40, 50)}, shares={"flat": 0.5, "detached": 0.5})
    (order,) = pool.orders(np.random.default_rng(1), [np.ones(50, dtype=np.intp)])
    assert pool.households == 50
    assert pool.size == len(order) == 20
    assert (order >= 40).sum() == 10
    weights = np.ones((1, 50))
    kw = np.concatenate([np.full((40, 3), 2.0), np.full((10, 3), 6.0)]).astype(np.float32)
    assert pool.mean(weights, kw).tolist() == [[4.0] * 3]


def test_a_quantile_of_single_homes_is_the_mean_of_ten_of_them() -> None:
    homes = np.arange(200.0)
    assert smooth_quantile(np.tile(homes, 5), 0.5, homes=200) == pytest.approx(homes[95:105].mean())
    assert smooth_quantile(homes, 0.95, homes=200) == pytest.approx(homes[185:195].mean())
    outlier = homes.copy()
    outlier[-1] = 1e6  # the largest home shows in no quantile where five homes lie beyond it
    assert smooth_quantile(outlier, 0.95, homes=200) == smooth_quantile(homes, 0.95, homes=200)


@given(st.integers(10, 60), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_the_two_estimates_of_the_limit_never_cross(homes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kw = rng.gamma(1, 1, (homes, 24)).astype(np.float32)
    low, high = bracket_limit(kw, [rng.permutation(homes) for _ in range(5)])
    assert low <= high + 1e-6


def test_the_two_estimates_of_the_limit_hold_the_truth_between_them_on_average() -> None:
    rng = np.random.default_rng(4)
    truth = 4 + 3 * np.exp(-((np.arange(24) - 7.0) ** 2) / 4)
    found = []
    for _ in range(40):
        kw = (truth * rng.gamma(1.0, 1.0, (40, 24))).astype(np.float32)
        found.append(bracket_limit(kw, [rng.permutation(40) for _ in range(10)]))
    low, high = np.mean(found, axis=0)
    assert low < 7 < high
    assert (low + high) / 2 == pytest.approx(7, rel=0.05)


# --- the curve -------------------------------------------------------------------------------------


def make_curve(**change: object) -> PeakCurve:
    given_values: dict[str, object] = {
        "homes": 100,
        "medians_kw": {1: 12.0, 10: 9.0, 20: 8.0},
        "below_kw": {1: 5.0, 10: 2.0, 20: 1.0},
        "above_kw": {1: 9.0, 10: 3.0, 20: 2.0},
        "limit_kw": 6.0,
        "exponent": 0.5,
        "sd_of_homes_kw": 5.0,
    }
    return PeakCurve(**(given_values | change))  # type: ignore[arg-type]


def test_the_curve_gives_its_hand_worked_figures() -> None:
    curve = make_curve()
    assert curve.median(10) == 9
    assert curve.median(math.sqrt(10)) == pytest.approx(10.5)  # half way in the logarithm
    assert curve.median(80) == pytest.approx(6 + 2 / 2)  # four times the largest group, half of what is above the limit
    assert curve.band(10) == pytest.approx((9 - 2 * math.sqrt(1.1), 9 + 3 * math.sqrt(1.1)))
    central = Z_95 * 5
    distance = (central - (central - 1 * math.sqrt(20)) / 2) / math.sqrt(80)
    assert curve.band(80)[0] == pytest.approx(7 - distance * math.sqrt(1.8))


def test_beyond_the_measured_homes_the_curve_goes_on_without_a_step_and_tends_to_the_error_of_the_sample() -> None:
    curve = make_curve()
    for value in (curve.median, lambda n: curve.band(n)[0], lambda n: curve.band(n)[1]):
        assert value(20.0001) == pytest.approx(value(20), rel=1e-4)
    low, high = curve.band(1e10)
    assert (high - low) / 2 == pytest.approx(Z_95 * 5 / math.sqrt(100), rel=1e-3)
    assert curve.median(1e10) == pytest.approx(6, abs=1e-3)


@given(st.floats(0.3, 1.4))
@settings(max_examples=20, deadline=None)
def test_the_exponent_of_a_curve_is_found_again(exponent: float) -> None:
    medians = {n: 6 + 3 * (n / 10) ** -exponent for n in (10, 20, 50, 100, 200)}
    assert fit_exponent(medians, start=10, limit_kw=6) == pytest.approx(exponent, abs=1e-4)


def test_an_exponent_stays_within_its_bounds_and_without_a_fall_is_their_middle() -> None:
    flat, steep = {10: 7.0, 100: 6.99}, {10: 7.0, 100: 6.0}
    assert fit_exponent(flat, start=10, limit_kw=6) == pytest.approx(FALL_BOUNDS[0], abs=1e-3)
    assert fit_exponent(steep, start=10, limit_kw=6) == pytest.approx(FALL_BOUNDS[1], abs=1e-3)
    assert fit_exponent({10: 6.0, 100: 6.0}, start=10, limit_kw=6) == sum(FALL_BOUNDS) / 2


# --- the table -------------------------------------------------------------------------------------


def test_the_peak_per_home_falls_with_their_number_and_the_band_holds_the_median() -> None:
    found = measure_diversity([make_load(bursts(120))], period="2009", rule=RULE, bootstrap=BOOTSTRAP, weights=None)
    table = found.table.filter(dwelling_type="all")
    assert found.table.schema == pl.Schema(DIVERSITY.schema)
    assert table["dwellings"].to_list() == list(RULE.sizes)
    assert table["extrapolated"].to_list() == [n > 120 * RULE.measured_share_max for n in RULE.sizes]
    assert (table["peak_kw_p50"].diff().drop_nulls() <= 0).all()
    assert table.filter(
        (pl.col("peak_kw_p05") > pl.col("peak_kw_p50")) | (pl.col("peak_kw_p50") > pl.col("peak_kw_p95"))
    ).is_empty()
    assert set(table["households"]) == {120}


def test_homes_that_are_all_alike_peak_as_one() -> None:
    same = np.tile(bursts(1), (50, 1))
    table = measure_diversity([make_load(same)], period="2009", rule=RULE, bootstrap=BOOTSTRAP, weights=None).table
    for name in ("peak_kw_p05", "peak_kw_p50"):
        assert table.filter(pl.col("dwellings") <= 10)[name].to_list() == pytest.approx([same.max()] * 8, rel=1e-4)
    assert table["peak_kw_p50"].to_list() == pytest.approx([same.max()] * len(table), rel=1e-4)


def test_types_need_ten_complete_homes_and_the_stock_all_of_its_types() -> None:
    kw = bursts(40)
    types = ["flat"] * 20 + ["terraced"] * 11 + ["detached"] * 9
    share = {"flat": 0.5, "terraced": 0.5}
    load = make_load(kw, types)
    with_stock = measure_diversity([load], period="2009", rule=RULE, bootstrap=BOOTSTRAP, weights=share)
    assert set(with_stock.table["dwelling_type"]) == {"flat", "terraced", "all", "stock"}
    without = measure_diversity(
        [load], period="2009", rule=RULE, bootstrap=BOOTSTRAP, weights=share | {"detached": 0.1}
    )
    assert set(without.table["dwelling_type"]) == {"flat", "terraced", "all"}
    none = measure_diversity([make_load(kw[:9])], period="2009", rule=RULE, bootstrap=BOOTSTRAP, weights=None)
    assert none.table.is_empty()
    assert none.curve.schema == pl.Schema(DIVERSITY_CURVE.schema)


def test_half_hours_are_measured_up_to_twenty_dwellings_and_peak_above_hours() -> None:
    half = bursts(60, hours=96)
    hour = half.reshape(60, 48, 2).mean(axis=2)
    loads = [make_load(hour), make_load(half, minutes=30)]
    found = measure_diversity(loads, period="2009", rule=RULE, bootstrap=BOOTSTRAP, weights=None)
    both = found.table.filter(dwelling_type="all").pivot(on="interval_minutes", index="dwellings", values="peak_kw_p50")
    shared = both.drop_nulls()
    assert shared["dwellings"].to_list() == [1, 2, 5, 10, 20]
    assert (shared["30"] > shared["60"]).all()
    basis = found.curve.filter(dwelling_type="all", interval_minutes=60).row(0, named=True)
    assert (basis["households_included"], basis["days"], basis["first_date"]) == (60, 2, DAYS.dates[0])
    assert basis["filled_share"] == pytest.approx(0.01)
    assert basis["limit_kw_low"] <= basis["limit_kw"] <= basis["limit_kw_high"]


def test_the_same_homes_give_the_same_table_and_other_seeds_nearly_so() -> None:
    load = make_load(bursts(80))
    one, again = (
        measure_diversity([load], period="2009", rule=RULE, bootstrap=BOOTSTRAP, weights=None) for _ in range(2)
    )
    assert one.table.equals(again.table)
    other = measure_diversity(
        [load], period="2009", rule=RULE, bootstrap=dataclasses.replace(BOOTSTRAP, seed=9), weights=None
    )
    assert not one.table.equals(other.table)
    assert other.table["peak_kw_p50"].to_list() == pytest.approx(one.table["peak_kw_p50"].to_list(), rel=0.05)


def test_peak_and_demand_are_drawn_together() -> None:
    level = np.linspace(0.5, 2, 40)[:, None]
    load = make_load(level * (1 + np.arange(48) % 24))
    homes = load.households.with_columns(heat_kwh_annual=pl.Series(level[:, 0] * 10_000))
    drawn = draw_annual_heat(homes, weights=None, bootstrap=BOOTSTRAP)["all"]
    levels = measure_diversity([load], period="2009", rule=RULE, bootstrap=BOOTSTRAP, weights=None).levels["all"]
    # every home has the same shape, so its peak goes with its demand in every draw
    ratio = levels / drawn.heat_kwh_draws
    assert ratio.std() / ratio.mean() < 1e-5
    assert drawn.heat_kwh_draws.std() / drawn.heat_kwh > 0.03


def test_asked_sizes_stand_beside_those_of_the_rule() -> None:
    table = measure_diversity(
        [make_load(bursts(30))], period="2009", rule=RULE, bootstrap=BOOTSTRAP, weights=None, sizes=[33]
    ).table
    assert 33 in table["dwellings"].to_list()
