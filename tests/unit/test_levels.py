"""The fit of levels and hourly means: exact where the model is, plain where nothing is missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.heat.levels import fit_levels


def draw(
    seed: int, *, homes: int = 7, hours: int = 40, share: float = 0.3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return levels with mean 1, hourly means, and which homes were observed; each home and hour at least once."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(0, 0.5, homes)
    observed = rng.random((homes, hours)) > share
    observed[:, 0] = True
    observed[0] = True
    return level / level.mean(), rng.gamma(2, 1, hours), observed


def test_two_homes_and_two_hours_by_hand() -> None:
    level, mean = fit_levels(np.array([[3.0, 0.0], [1.0, 2.0]]), np.array([[True, False], [True, True]]))
    assert level == pytest.approx([1.5, 0.5])
    assert mean == pytest.approx([2.0, 4.0])


@given(st.integers(0, 10_000))
def test_values_that_follow_the_model_are_recovered_from_any_gaps(seed: int) -> None:
    level, mean, observed = draw(seed)
    found = fit_levels(np.outer(level, mean) * observed, observed)
    assert found[0] == pytest.approx(level)
    assert found[1] == pytest.approx(mean)


@given(st.integers(0, 10_000))
def test_where_no_home_is_missing_the_mean_is_the_plain_one(seed: int) -> None:
    _, _, observed = draw(seed)
    observed[:, ::2] = True
    energy = np.random.default_rng(seed).gamma(0.5, 2, observed.shape) * observed
    assert fit_levels(energy, observed)[1][::2] == pytest.approx(energy.mean(axis=0)[::2])


@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_the_order_of_homes_and_a_scale_do_not_matter(seed: int, scale: float) -> None:
    _, _, observed = draw(seed)
    rng = np.random.default_rng(seed)
    energy = rng.gamma(0.5, 2, observed.shape) * observed
    level, mean = fit_levels(energy, observed)
    order = rng.permutation(len(energy))
    other_level, other_mean = fit_levels(scale * energy[order], observed[order])
    assert other_mean == pytest.approx(scale * mean, rel=1e-8)
    assert other_level == pytest.approx(level[order], rel=1e-8)


def test_the_equations_hold_for_values_that_do_not_follow_the_model() -> None:
    _, _, observed = draw(3, homes=30, hours=200)
    energy = np.random.default_rng(3).gamma(0.3, 2, observed.shape) * observed
    level, mean = fit_levels(energy, observed)
    assert (level[:, None] * observed).sum(axis=0) * mean == pytest.approx(energy.sum(axis=0), rel=1e-10)
    assert (observed * mean).sum(axis=1) * level == pytest.approx(energy.sum(axis=1), rel=1e-10)
    assert level.mean() == pytest.approx(1)


def test_an_hour_without_a_home_has_no_mean() -> None:
    observed = np.array([[True, False], [True, False]])
    level, mean = fit_levels(np.array([[1.0, 0.0], [3.0, 0.0]]), observed)
    assert level == pytest.approx([0.5, 1.5])
    assert mean[0] == 2
    assert np.isnan(mean[1])


def test_homes_without_gas_have_level_zero_and_a_month_without_gas_is_zero() -> None:
    observed = np.array([[True, True], [True, False]])
    level, mean = fit_levels(np.array([[0.0, 0.0], [2.0, 0.0]]), observed)
    assert level[0] == 0
    assert mean[0] == 1
    nothing_level, nothing = fit_levels(np.zeros((2, 2)), observed)
    assert nothing.tolist() == [0, 0]
    assert nothing_level.tolist() == [1, 1]


def test_homes_that_hardly_meet_are_fitted_all_the_same() -> None:
    observed = np.ones((2, 400), dtype=bool)
    observed[0, 202:], observed[1, :198] = False, False
    level, mean = np.array([0.5, 1.5]), np.linspace(1, 2, 400)
    found = fit_levels(np.outer(level, mean) * observed, observed)
    assert found[0] == pytest.approx(level, rel=1e-8)
    assert found[1] == pytest.approx(mean, rel=1e-8)
