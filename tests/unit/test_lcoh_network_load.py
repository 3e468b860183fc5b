"""The load of many homes: the share that plant of a size covers, and the peak of n homes."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.load_rows import derive_load_rows
from transforms.lcoh.model.load_shape import FittedPeak, LoadShape, load_shape, peak_by_share
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

FIGURES = scenario_figures(read_assumptions(), "eep2019")
SHIPPED = load_shape(FIGURES)
RNG = np.random.default_rng(7)


def two_days(night: float, day: float) -> LoadShape:
    """Return a year of days with twelve hours of `night`, then twelve of `day`."""
    return LoadShape.from_hours(np.tile(np.repeat([night, day], 12), 365))


def random_year(days: int = 30) -> np.ndarray:
    winter = 1 + np.cos(np.linspace(0, 2 * np.pi, days))[:, None]
    return (winter * RNG.gamma(4, 0.25, (days, 24)) + 0.1).ravel()


# --- how much of the heat plant of a size supplies ----------------------------------------------------------


def test_plant_of_half_the_day_load_supplies_all_of_the_night_and_half_of_the_day() -> None:
    shape = two_days(0.5, 1.5)
    assert shape.covered_share(0.75) == pytest.approx((12 * 0.5 + 12 * 0.75) / 24)
    assert shape.covered_share(1.5) == pytest.approx(1)
    assert shape.covered_share(0) == pytest.approx(0)
    assert shape.covered_share(-3.0) == pytest.approx(0)


def test_a_store_carries_only_the_spare_heat_of_the_night_to_the_day() -> None:
    shape = two_days(0.5, 1.5)
    assert shape.covered_share(1.0, store_hours=2.0) == pytest.approx((6 + 12 + 2) / 24)
    assert shape.covered_share(1.0, store_hours=6.0) == pytest.approx(1)
    assert shape.covered_share(0.75, store_hours=20.0) == pytest.approx((6 + 9 + 3) / 24)  # 12 h x 0.25 are free


def test_groups_of_days_stand_for_their_days() -> None:
    load = np.concatenate([np.full(24, 3.0), np.tile(np.full(24, 1.0), 364)])
    shape = LoadShape.from_hours(load)
    mean = (3 + 364) / 365
    assert shape.days.sum() == pytest.approx(365)
    assert shape.days[0] == pytest.approx(1)
    assert shape.load[0] == pytest.approx(np.full(24, 3 / mean))
    assert shape.covered_share(2 / mean) == pytest.approx(1 - (3 - 2) / (3 + 364))


def test_fourteen_groups_of_days_agree_with_all_days_within_half_a_point() -> None:
    hours = random_year(365)  # noisier than the mean of any ten homes
    grouped, daily = LoadShape.from_hours(hours), LoadShape.from_hours(hours, groups=365)
    capacity = np.linspace(0, 4, 41)
    for store in (0.0, 2.0, 6.0):
        of_groups, of_days = (shape.covered_share(capacity, store_hours=store) for shape in (grouped, daily))
        assert np.abs(of_groups - of_days).max() < 0.005, store
    assert grouped.firm_capacity(5.0, store_hours=3.0) == pytest.approx(daily.firm_capacity(5.0, store_hours=3.0))


@settings(max_examples=60, deadline=None)
@given(
    capacity=st.floats(0, 6),
    more=st.floats(0, 2),
    store=st.floats(0, 24),
    larger=st.floats(0, 12),
)
def test_more_capacity_and_more_store_never_supply_less(
    capacity: float, more: float, store: float, larger: float
) -> None:
    shares = [
        float(SHIPPED.covered_share(capacity, store_hours=store)),
        float(SHIPPED.covered_share(capacity + more, store_hours=store)),
        float(SHIPPED.covered_share(capacity, store_hours=store + larger)),
    ]
    assert all(-1e-12 <= share <= 1 + 1e-12 for share in shares)
    assert shares[1] >= shares[0] - 1e-12
    assert shares[2] >= shares[0] - 1e-12


def test_one_day_is_a_shape_of_that_day_alone() -> None:
    shape = LoadShape.from_hours(np.repeat([0.5, 1.5], 12))
    assert shape.days == pytest.approx([365])
    assert shape.load == pytest.approx(np.array([[1.5] * 12 + [0.5] * 12]))
    assert shape.covered_share(0.75) == pytest.approx((12 * 0.5 + 12 * 0.75) / 24)


def test_shapes_of_arrays_are_kept() -> None:
    capacity, store = np.linspace(0, 3, 4)[:, None], np.array([0.0, 1.0, 5.0])
    share = np.asarray(SHIPPED.covered_share(capacity, store_hours=store))
    assert share.shape == (4, 3)
    assert share[2, 1] == pytest.approx(float(SHIPPED.covered_share(capacity[2, 0], store_hours=1.0)))


# --- what must be firm --------------------------------------------------------------------------------------


def test_without_a_store_plant_meets_the_peak_and_with_one_the_level_above_which_the_day_holds_the_store() -> None:
    shape = two_days(0.5, 1.5)
    assert shape.firm_capacity(3.0) == pytest.approx(3)  # the day of the peak scaled from 1.5 to 3: nights of 1
    assert shape.firm_capacity(3.0, store_hours=6.0) == pytest.approx(3 - 6 / 12)
    assert shape.firm_capacity(3.0, store_hours=100.0) == pytest.approx(2)  # the day's mean: the store fills again


@settings(max_examples=40, deadline=None)
@given(peak=st.floats(1, 10), store=st.floats(0, 30))
def test_plant_and_store_meet_every_hour_of_the_peak_day(peak: float, store: float) -> None:
    firm = float(SHIPPED.firm_capacity(peak, store_hours=store))
    day = SHIPPED.load[0] / SHIPPED.load[0].max() * peak
    assert np.maximum(day - firm, 0).sum() <= store + 1e-9
    assert day.mean() - 1e-12 <= firm <= peak + 1e-12
    if firm > day.mean() + 1e-9:  # and not more than is needed
        assert np.maximum(day - firm, 0).sum() == pytest.approx(store, abs=1e-9)


# --- peak of n homes ----------------------------------------------------------------------------------------


def test_one_home_s_peak_is_that_of_many_over_the_settled_share() -> None:
    peak = peak_by_share(4.33, homes=591, settled_share=0.62)
    assert peak(591) == pytest.approx(4.33)
    assert peak(1) == pytest.approx(4.33 / (0.62 + 0.38 / 591))
    assert peak(1e9) == pytest.approx(0.62 * float(peak(1)), rel=1e-6)


def test_a_fitted_curve_gives_the_peak_of_any_number_of_homes() -> None:
    assert FittedPeak(settled=4.0, extra=3.0, exponent=0.5)(np.array([1.0, 9.0])) == pytest.approx([7, 5])


# --- where there are no readings ----------------------------------------------------------------------------


def test_the_made_up_load_has_the_peak_of_the_paper_and_the_year_of_its_law() -> None:
    assert SHIPPED.days.sum() == pytest.approx(365)
    assert (SHIPPED.load.mean(axis=1) * SHIPPED.days).sum() == pytest.approx(365)
    peak_kw = SHIPPED.peak_over_mean(591) * 15_200 / 8760
    assert peak_kw == pytest.approx(7.5, rel=2e-3)  # Wang 2018, section 3.1
    assert SHIPPED.load.max() == pytest.approx(SHIPPED.peak_over_mean(591))
    assert peak_kw * SHIPPED.design_over_year_peak == pytest.approx(8.16, rel=2e-3)  # docs/method.md, normal weather


def test_the_made_up_load_follows_from_the_shipped_law_by_hand() -> None:
    rows = derive_load_rows(read_figures)
    value = dict(rows.select(pl.format("{}.{}", "item", "parameter"), "value").iter_rows())
    # 6.71 kWh/d/K of the cold line over the law's 16.62 MWh of gas in 2009
    assert value["load.heat_loss_w_per_k_per_mwh"] == pytest.approx(6.71 / 24 * 1000 / 16.6177, rel=1e-4)
    assert value["load_day_01.days_per_year"] == 1
    assert [value[f"load_day_{n:02d}.days_per_year"] for n in range(2, 15)] == [28] * 13
    daily = [sum(value[f"load_day_{n:02d}.highest_{h:02d}"] for h in range(1, 25)) for n in range(2, 15)]
    assert daily == sorted(daily, reverse=True)
    assert set(rows["status"]) == {"derived"}


def test_a_profile_with_a_gap_or_half_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match=r"24 hours are given, 1 of them cannot be used \(e\.g\. \[nan\]\)"):
        LoadShape.from_hours([*np.ones(23), np.nan])
    with pytest.raises(ValueError, match="25 hours are given"):
        LoadShape.from_hours(np.ones(25))
