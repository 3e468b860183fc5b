"""Two lines through daily gas: exact where a law is exact, best where it is not, and quiet where there is too little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import stdtrit

from transforms.climate.weather_fit import FitRules, TwoLines, fit_two_lines, slope_error

Floats = NDArray[np.float64]
RULES = FitRules(lowest_balance_c=8, highest_balance_c=20, least_days=90, least_days_each_side=15)


def year_of_temperatures(seed: int = 1) -> Floats:
    """Return 365 effective temperatures of a British year [degC]."""
    days = np.arange(365)
    return 10 - 6.5 * np.cos(2 * np.pi * days / 365) + np.random.default_rng(seed).normal(0, 2.5, 365)


def law(t: Floats, base: float, slope: float, warm: float, balance: float) -> Floats:
    """Return gas on two lines [kWh/d]."""
    return base + slope * np.maximum(balance - t, 0) - warm * np.maximum(t - balance, 0)


def fit(t: Floats, *rows: Floats) -> TwoLines:
    """Fit rows with the same number of days."""
    gas = np.array(rows)
    return fit_two_lines(t, gas, np.isfinite(gas).astype(float), RULES)


def least_squares(t: Floats, gas: Floats, weight: Floats) -> float:
    """Return the smallest sum of squares over a grid of balance temperatures and allowed slopes."""
    best = np.inf
    for balance in np.arange(8, 20, 0.02):
        if min((t <= balance).sum(), (t > balance).sum()) < RULES.least_days_each_side:
            continue
        for columns in ((1, 1), (1, 0)):
            x = np.column_stack(
                [np.ones_like(t), columns[0] * np.maximum(balance - t, 0), columns[1] * np.maximum(t - balance, 0)]
            )
            found = np.linalg.lstsq(x * np.sqrt(weight)[:, None], gas * np.sqrt(weight), rcond=None)[0]
            if found[1] >= -found[2] >= 0:
                best = min(best, float((weight * (gas - x @ found) ** 2).sum()))
    return best


@settings(max_examples=40, deadline=None)
@given(
    base=st.floats(1, 60),
    balance=st.floats(9, 16),
    warm=st.floats(0, 1.5),
    more=st.floats(0.5, 12),
    seed=st.integers(1, 50),
)
def test_an_exact_law_is_found_exactly(base: float, balance: float, warm: float, more: float, seed: int) -> None:
    t = year_of_temperatures(seed)
    lines = fit(t, law(t, base, warm + more, warm, balance))
    assert lines.has_balance.all()
    assert lines.balance_c[0] == pytest.approx(balance, abs=1e-4)
    assert lines.base_kwh_per_day[0] == pytest.approx(base, abs=1e-3)
    assert lines.slope_kwh_per_day_k[0] == pytest.approx(warm + more, abs=1e-6)
    assert lines.warm_slope_kwh_per_day_k[0] == pytest.approx(warm, abs=1e-6)
    assert lines.r_squared[0] == pytest.approx(1)


@pytest.mark.parametrize("seed", range(4))
def test_no_other_lines_have_smaller_squares(seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = year_of_temperatures(seed)
    gas = law(t, 16, 6.7, 0.3, 14.1) + rng.normal(0, 12, 365)
    weight = rng.integers(1, 30, 365).astype(float)
    lines = fit_two_lines(t, gas[None, :], weight[None, :], RULES)
    squares = float((weight * (gas - lines.gas_at(t)[0]) ** 2).sum())
    assert squares <= least_squares(t, gas, weight) * (1 + 1e-9)


def test_a_flat_home_has_no_slope_and_no_balance_temperature() -> None:
    t = year_of_temperatures()
    lines = fit(t, np.full(365, 7.0))
    assert not lines.has_balance[0]
    assert (lines.slope_kwh_per_day_k[0], lines.warm_slope_kwh_per_day_k[0]) == (0, 0)
    assert lines.gas_at(t)[0] == pytest.approx(7)


def test_gas_that_follows_one_line_shows_no_balance_temperature() -> None:
    t = year_of_temperatures()
    lines = fit(t, 60 - 2 * t)
    assert not lines.has_balance[0]
    assert lines.slope_kwh_per_day_k[0] == pytest.approx(2)
    assert lines.gas_at(t)[0] == pytest.approx(60 - 2 * t)


def test_a_warmer_line_never_rises_and_a_kink_never_turns_the_other_way() -> None:
    t = year_of_temperatures()
    rising, plateau = law(t, 10, 5, -1, 14), np.minimum(60 - 2 * t, 50)
    lines = fit(t, rising, plateau)
    assert lines.warm_slope_kwh_per_day_k[0] == 0
    assert (lines.slope_kwh_per_day_k >= lines.warm_slope_kwh_per_day_k).all()
    assert not lines.has_balance[1]


def test_lines_end_at_nothing() -> None:
    t = year_of_temperatures()
    assert fit(t, law(t, 8, 5, 1, 14)).gas_at(np.array([30.0]))[0, 0] == 0


def test_noise_of_a_home_leaves_the_law_within_its_errors() -> None:
    t = year_of_temperatures()
    noisy = law(t, 16, 6.7, 1.2, 14.1) + np.random.default_rng(4).normal(0, 8, (300, 365))
    lines = fit_two_lines(t, noisy, np.ones_like(noisy), RULES)
    assert np.mean(lines.slope_kwh_per_day_k) == pytest.approx(6.7, rel=0.01)
    assert np.mean(lines.balance_c) == pytest.approx(14.1, abs=0.1)
    assert np.std(lines.slope_kwh_per_day_k) < 0.25
    assert np.all((lines.r_squared > 0.85) & (lines.r_squared < 1))


def test_too_few_days_give_no_figure_and_gaps_change_nothing_else() -> None:
    t = year_of_temperatures()
    whole = law(t, 16, 6.7, 1.2, 14.1)
    gaps, few = whole.copy(), whole.copy()
    gaps[::3], few[89:] = np.nan, np.nan
    lines = fit(t, whole, gaps, few)
    assert np.isnan(lines.base_kwh_per_day).tolist() == [False, False, True]
    assert np.isnan(lines.slope_kwh_per_day_k[2])
    assert not lines.has_balance[2]
    assert lines.slope_kwh_per_day_k[1] == pytest.approx(6.7)


def test_weights_stand_for_homes_behind_a_mean() -> None:
    t = year_of_temperatures()
    rng = np.random.default_rng(2)
    homes = law(t, 16, 6.7, 1.2, 14.1) * rng.lognormal(0, 0.5, (5, 1)) + rng.normal(0, 5, (5, 365))
    present = rng.random((5, 365)) < 0.7
    count = present.sum(axis=0)
    mean = np.where(present, homes, 0).sum(axis=0) / np.maximum(count, 1)
    of_means = fit_two_lines(t, mean[None, :], count[None, :].astype(float), RULES)
    pooled = fit_two_lines(np.tile(t, 5), homes.reshape(1, -1), present.reshape(1, -1).astype(float), RULES)
    assert of_means.slope_kwh_per_day_k == pytest.approx(pooled.slope_kwh_per_day_k)
    assert of_means.balance_c == pytest.approx(pooled.balance_c)


@pytest.mark.parametrize(("lasting", "level"), [(0.0, 6.0), (0.6, 5.0)])
def test_an_interval_of_the_slope_holds_the_truth_as_often_as_it_says(lasting: float, level: float) -> None:
    """Homes with errors by day, or by spells of several days: 95 % of intervals hold the law's slope."""
    rng, t, homes = np.random.default_rng(4), year_of_temperatures(3), 400
    noise = lfilter([1], [1, -lasting], rng.normal(0, level, (homes, 395)), axis=1)[:, 30:]
    gas = law(t, 15.0, 6.0, 0.5, 15.0) + noise
    gas[:, ::17] = np.nan
    lines = fit(t, *gas)
    error = slope_error(lines, t, gas, lag_days=14)
    held = np.abs(lines.slope_kwh_per_day_k - 6.0) <= stdtrit(340, 0.975) * error
    assert 0.91 <= held.mean() <= 0.98


def test_there_is_no_error_of_a_slope_without_a_balance_temperature() -> None:
    t = year_of_temperatures()
    gas = np.stack([np.full(365, 4.0), law(t, 15.0, 6.0, 0.5, 15.0)])
    error = slope_error(fit(t, *gas), t, gas, lag_days=14)
    assert np.isnan(error[0])
    assert error[1] == pytest.approx(0, abs=1e-6)


def test_nothing_to_fit_gives_nothing() -> None:
    lines = fit_two_lines(np.empty(0), np.empty((3, 0)), np.empty((3, 0)), RULES)
    assert np.isnan(lines.slope_kwh_per_day_k).all()
    assert len(lines.has_balance) == 3


@settings(max_examples=60, deadline=None)
@given(base=st.floats(-5, 40), slope=st.floats(0, 10), warm=st.floats(0, 3), balance=st.floats(8, 20))
def test_the_sum_over_many_days_is_that_of_the_days(base: float, slope: float, warm: float, balance: float) -> None:
    balance_c, base_kwh, slope_k, warm_k = (np.array([value]) for value in (balance, base, slope + warm, warm))
    lines = TwoLines(balance_c, base_kwh, slope_k, warm_k, np.ones(1), np.array([True]))
    t = np.random.default_rng(3).normal(11, 7, 2000)
    assert lines.sum_over(t)[0] == pytest.approx(lines.gas_at(t).sum(), rel=1e-9, abs=1e-6)
