"""Attacks on hours that no release shows: a year less the hours that are shown leaves their sum, and somebody stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import linprog

from quality.disclosure.cells import YEARLY_STEP_KWH
from quality.disclosure.rule import Margin
from tests.attackers import (
    MOST_VERSIONS,
    Trial,
    hidden_beyond,
    homes_of,
    published_hours_and_years,
    smallest_support,
)
from tests.integration.test_attacks import publish
from transforms.public.public import Release

SIZES = {"detached": 14, "bungalow": 10, "flat": 12}
INFEASIBLE = 2  # as linprog says it
HIGHEST_HOUR_KWH = 5.0  # of the mean of a type; the sample's highest is below 4
GAPS = {
    "one hour of one home": [("h-bungalow-4", 2)],
    "two hours of one home": [("h-bungalow-4", 2), ("h-bungalow-4", 3)],
    "all hours but one of one home": [("h-bungalow-4", hour) for hour in range(3)],
    "an hour of each of two homes": [("h-bungalow-4", 2), ("h-bungalow-5", 3)],
    "the same hour of three homes of three types": [("h-bungalow-4", 2), ("h-flat-1", 2), ("h-detached-1", 2)],
}


OUTAGE = [("h-bungalow-4", hour) for hour in range(20)]  # weeks in which the same home is missing


def long(gaps: Sequence[tuple[str, int]]) -> Trial:
    """Return a trial of enough hours for an outage."""
    return Trial(homes_of(SIZES), hours=60, gaps=frozenset(gaps))


def homes_beyond_nine(releases: Sequence[Release], trials: Sequence[Trial]) -> float | None:
    """Return how many homes of a hidden hour are none of the nine that are there most, in the mean; of the worst group."""
    found = map(hidden_beyond, published_hours_and_years(releases, trials).values())
    return min((beyond for beyond in found if beyond is not None), default=None)


def base(gaps: Sequence[tuple[str, int]]) -> Trial:
    """Return a small trial with gaps."""
    return Trial(homes_of(SIZES), hours=4, gaps=frozenset(gaps))


def few_homes(releases: Sequence[Release], trials: Sequence[Trial]) -> int | None:
    """Return the fewest homes, below ten, behind a sum of published years and hours of one group."""
    found = map(smallest_support, published_hours_and_years(releases, trials).values())
    return min((count for count in found if count is not None), default=None)


def hidden_hours(releases: Sequence[Release], group: str, hours: int) -> set[int]:
    """Return the hours of a group that no release shows."""
    shown = {
        hour
        for release in releases
        for hour in release.tables["heat_profile"].frame.filter(dwelling_type=group)["hour_start_utc"].dt.hour()
    }
    return set(range(hours)) - shown


@pytest.mark.parametrize("case", GAPS)
def test_the_sum_of_hidden_hours_rests_on_ten_homes(case: str) -> None:
    trial = base(GAPS[case])
    releases = publish([trial])
    assert few_homes(releases, [trial]) is None
    hidden = hidden_hours(releases, "bungalow", trial.hours)
    assert hidden >= {hour for home, hour in GAPS[case] if "bungalow" in home}
    behind = {home for home in trial.of("bungalow") for hour in hidden if (home, hour) not in trial.gaps}
    assert len(behind) >= 10


def test_without_the_rule_of_hours_the_year_tells_the_hours_of_nine_homes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quality.disclosure.heat.BY_HOUR", Margin(along="hour_start_utc"))  # two hidden hours suffice
    trial = base(GAPS["two hours of one home"])
    assert few_homes(publish([trial]), [trial]) == 9


@pytest.mark.parametrize("case", GAPS)
def test_groups_put_together_tell_an_hour_only_within_more_than_any_hour_is(case: str) -> None:
    """The algebra of all groups singles out nine homes; the years in it are rounded, and it multiplies what that leaves open."""
    trial = base(GAPS[case])
    rows = [row for of in published_hours_and_years(publish([trial]), [trial]).values() for row in of]
    columns = sorted({column for row in rows for column in row})
    matrix = np.array([[row.get(column, 0.0) for column in columns] for row in rows])
    is_year = np.array([len({place for _, place in row}) > 1 for row in rows])
    home, hour = GAPS[case][0]
    few = [other for other in trial.of("bungalow") if other != home]
    target = np.array([1 / len(few) if of in few and place // MOST_VERSIONS == hour else 0.0 for of, place in columns])
    weights = [*np.where(is_year, 1.0, 0.0)] * 2  # of a row, and of the row taken away
    solved = linprog(weights, A_eq=np.hstack([matrix.T, -matrix.T]), b_eq=target, bounds=(0, None))
    assert solved.status == INFEASIBLE or solved.fun * YEARLY_STEP_KWH / 2 >= HIGHEST_HOUR_KWH


@pytest.mark.parametrize("change", ["added", "removed", "changed", "gap closed", "gap opened"])
def test_three_releases_with_one_home_more_less_or_other_show_no_hidden_hour(change: str) -> None:
    first = base(GAPS["two hours of one home"])
    others = {
        "added": [first.joined_by({"new": "bungalow"}), first.joined_by({"new": "bungalow", "newer": "flat"})],
        "removed": [first.without(["h-flat-3"]), first.without(["h-flat-3", "h-bungalow-1"])],
        "changed": [first.corrected(["h-bungalow-4"]), first.corrected(["h-bungalow-4"]).corrected(["h-flat-2"])],
        "gap closed": [base([("h-bungalow-4", 2)]), base([])],
        "gap opened": [base([*first.gaps, ("h-bungalow-4", 1)]), base([*first.gaps, ("h-bungalow-5", 0)])],
    }[change]
    trials = [first, *others]
    assert few_homes(publish(trials), trials) is None


def test_three_releases_that_remember_nothing_show_one_home() -> None:
    first = base(GAPS["two hours of one home"])
    trials = [first, first.joined_by({"new": "flat"}), first.joined_by({"new": "flat", "newer": "flat"})]
    assert few_homes(publish(trials, remember=False), trials) == 1


@pytest.mark.parametrize("gaps", [OUTAGE, [*OUTAGE, ("h-flat-1", 3), ("h-flat-2", 3), ("h-flat-3", 3)]])
def test_hours_of_an_outage_are_hidden_with_others_so_that_nine_homes_are_not_most_of_their_sum(
    gaps: list[tuple[str, int]],
) -> None:
    trial = long(gaps)
    releases = publish([trial])
    beyond = homes_beyond_nine(releases, [trial])
    assert beyond is not None
    assert beyond >= 0.5
    hidden = hidden_hours(releases, "bungalow", trial.hours)
    assert len(hidden) == 2 * len(OUTAGE)  # an hour of all ten homes for each of nine, and no more


def test_without_that_rule_the_sum_rests_mostly_on_the_homes_that_were_not_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quality.disclosure.rule.BEYOND", 0.0)  # one hour more suffices for ten homes to be there
    trial = long(OUTAGE)
    beyond = homes_beyond_nine(publish([trial]), [trial])
    assert beyond is not None
    assert beyond < 0.1


@pytest.mark.parametrize("change", ["added", "removed", "corrected", "outage elsewhere", "outage over"])
def test_all_that_three_releases_show_leaves_no_sum_that_rests_mostly_on_nine(change: str) -> None:
    first = long(OUTAGE)
    others = {
        "added": [first.joined_by({"new": "bungalow"}), first.joined_by({"new": "bungalow", "newer": "bungalow"})],
        "removed": [first.without(["h-flat-3"]), first.without(["h-flat-3", "h-detached-1"])],
        "corrected": [first.corrected(["h-bungalow-4"]), first.corrected(["h-bungalow-4"]).corrected(["h-bungalow-5"])],
        "outage elsewhere": [long([("h-bungalow-5", hour) for hour in range(30, 50)]), first],
        "outage over": [long([]), long([])],
    }[change]
    trials = [first, *others]
    beyond = homes_beyond_nine(publish(trials), trials)
    assert beyond is None or beyond >= 0.5
