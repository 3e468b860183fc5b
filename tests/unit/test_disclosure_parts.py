"""Sets of homes side by side: no difference of published values rests on few homes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.disclosure.cells import publish_quantiles
from quality.disclosure.parts import accept_sets, choose_windows, nearest_homes
from tests.attackers import smallest_support


def rows_of(sets: np.ndarray, homes: np.ndarray) -> list[dict[tuple[str, int], float]]:
    """Return each set as a published sum over its homes."""
    return [{(f"{unit}.{n}", 0): 1.0 for unit in np.flatnonzero(of) for n in range(homes[unit])} for of in sets]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=5),
    st.lists(st.integers(0, 14), min_size=5, max_size=5),
)
def test_no_combination_of_accepted_sets_rests_on_few_homes(sets: list[list[bool]], sizes: list[int]) -> None:
    marks, homes = np.array(sets), np.array(sizes)
    accepted = accept_sets(marks, homes, threshold=10)
    assert smallest_support(rows_of(marks[accepted], homes)) is None


def test_sets_that_overlap_in_few_homes_are_found_out_where_all_are_accepted() -> None:
    sets, homes = np.array([[True, True, False], [False, True, True]]), np.array([20, 20, 4])
    assert accept_sets(sets, homes, threshold=10) == [True, False]
    assert smallest_support([*rows_of(sets, homes), *rows_of(np.array([[False, True, False]]), homes)]) == 4


def test_the_homes_nearest_to_a_quantile_are_nearest_by_value() -> None:
    values = np.array([*range(10), *range(100, 110)], dtype=float)
    assert np.flatnonzero(nearest_homes(values, 0.25, homes=10)).tolist() == list(range(10))
    assert (
        nearest_homes(values[::-1].copy(), 0.25, homes=10)[::-1].tolist()
        == nearest_homes(values, 0.25, homes=10).tolist()
    )


@pytest.mark.parametrize(
    ("homes", "quantiles"),
    [
        (9, set()),
        (10, {0.5}),  # the ten homes are all homes
        (15, set()),  # the other five would be the total less the median
        (19, set()),
        (20, {0.5}),
        (39, {0.5, 0.75}),  # the windows of a quarter and of the half overlap
        (40, {0.25, 0.5, 0.75}),
        (49, {0.25, 0.5, 0.75}),
        (70, {0.1, 0.25, 0.5, 0.75, 0.9}),
    ],
)
def test_a_quantile_needs_homes_on_both_sides_and_room_beside_the_others(homes: int, quantiles: set[float]) -> None:
    assert set(choose_windows(np.arange(homes) * 100.0, (0.1, 0.25, 0.5, 0.75, 0.9), threshold=10)) == quantiles


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e4), min_size=10, max_size=60), st.integers(10, 15))
def test_quantiles_of_small_groups_and_their_mean_show_no_home(values: list[float], threshold: int) -> None:
    heat = np.array(values)
    windows = choose_windows(heat, (0.1, 0.25, 0.5, 0.75, 0.9), threshold=threshold)
    everyone = np.ones(len(heat), dtype=bool)
    assert all(window.sum() == threshold for window in windows.values())
    sets = np.array([everyone, *windows.values()]) if len(heat) >= threshold else np.zeros((0, len(heat)), dtype=bool)
    assert smallest_support(rows_of(sets, np.ones(len(heat), dtype=int)), below=threshold) is None


def test_the_plain_rule_for_quantiles_would_show_the_homes_between_them() -> None:
    heat = np.arange(25) * 100.0
    windows = [nearest_homes(heat, q, homes=10) for q in (0.25, 0.75)]  # n min(q, 1 - q) = 6.25
    sets = np.array([np.ones(25, dtype=bool), *windows])
    assert smallest_support(rows_of(sets, np.ones(25, dtype=int))) == 5


def homes_with_heat(counts: dict[str, int]) -> pl.DataFrame:
    """Return homes whose heat rises with their number."""
    rows = [(of, "2009", f"{of}{n:03}", 1000.0 + n) for of, count in counts.items() for n in range(count)]
    return pl.DataFrame(rows, schema=["dwelling_type", "period", "household_id", "heat_kwh_annual"], orient="row")


def test_a_published_quantile_is_the_mean_of_ten_homes_with_a_rounded_count() -> None:
    published, behind = publish_quantiles(homes_with_heat({"flat": 24, "detached": 9}))
    assert published.frame.rows() == [("flat", "2009", 0.5, 20, 1010.0)]
    assert behind.height == 10
    assert published.suppressed.height == 9
    assert set(published.suppressed["because"]) == {"few_homes"}


def test_all_homes_have_quantiles_where_they_are_of_one_type_and_none_where_types_cut_them_up() -> None:
    one, _ = publish_quantiles(homes_with_heat({"unknown": 40}))
    assert set(one.frame["dwelling_type"]) == {"unknown", "all"}
    two, _ = publish_quantiles(homes_with_heat({"flat": 40, "detached": 40}))
    assert set(two.frame["dwelling_type"]) == {"flat", "detached"}


def test_a_type_in_which_few_homes_have_gaps_has_no_quantiles() -> None:
    published, behind = publish_quantiles(homes_with_heat({"flat": 24}), uneven=[("flat", "2009"), ("all", "2009")])
    assert published.frame.is_empty()
    assert behind.is_empty()
