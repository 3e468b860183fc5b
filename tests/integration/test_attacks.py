"""Attacks on what is published: whoever keeps every release and counts well finds no figure of fewer than ten homes.

Each attack is shown to work where the rule that stops it is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quality.disclosure.accounts import publish_months
from quality.disclosure.rule import Margin, suppress_small_cells
from tests.attackers import Trial, homes_of, play, publish_means, published_sums, smallest_support, warehouse_of
from transforms.heat.season import profile_by_season
from transforms.public.public import Release, ReleaseRecord

SIZES = {"detached": 24, "semi_detached": 22, "terraced": 30, "bungalow": 14, "flat": 26}
BASE = Trial(homes_of(SIZES))


def publish(trials: Sequence[Trial], *, remember: bool = True) -> list[Release]:
    """Publish one trial after the other; without `remember` each as if there had been none before."""
    last: ReleaseRecord | None = None
    releases = []
    for number, trial in enumerate(trials):
        with warehouse_of(trial) as query:
            releases.append(publish_means(query, release_id=f"r{number}", last=last if remember else None))
        last = releases[-1].record
    return releases


def fewest_homes(
    releases: Sequence[Release], trials: Sequence[Trial], *, years: bool = True, predictable: bool = False
) -> int | None:
    """Return the fewest homes, below ten, that the attacker gets a figure of, from years and from each hour."""
    hours: list[int | None] = list(range(trials[0].hours))
    found = (
        smallest_support(published_sums(releases, trials, hour=hour, predictable=predictable))
        for hour in [*([None] if years else []), *hours]
    )
    return min((count for count in found if count is not None), default=None)


def shown(release: Release, group: str, table: str = "heat_demand_annual") -> float:
    """Return the sum of a group's published heat."""
    return float(release.tables[table].frame.filter(dwelling_type=group)["heat_kwh_mean"].sum())


def kept(release: Release, table: str = "heat_demand_annual") -> set[str]:
    """Return the groups that keep the values of an earlier release."""
    return set(release.tables[table].few_changes["dwelling_type"])


FEW = {
    "one home joins": (BASE.joined_by({"new": "flat"}), 1),
    "nine homes join": (BASE.joined_by(homes_of({"flat": 9}, name="new")), 9),
    "one home is withdrawn": (BASE.without(["h-flat-3"]), 1),
    "nine homes are withdrawn": (BASE.without(BASE.of("flat")[:9]), 9),
    "one home is corrected": (BASE.corrected(["h-flat-3"]), 1),
    "one home changes its type": (Trial(BASE.homes | {"h-flat-3": "terraced"}), 1),
    "two types change by four homes each": (
        BASE.joined_by(homes_of({"flat": 4, "terraced": 4}, name="new")),
        4,
    ),
    "one withdrawn while all others are converted anew": (
        BASE.without(["h-flat-3"]).corrected(set(BASE.homes) - {"h-flat-3"}),
        1,
    ),
}


@pytest.mark.parametrize("name", FEW)
def test_the_difference_of_two_releases_shows_no_few_homes(name: str) -> None:
    after, recovered = FEW[name]
    trials, predictable = [BASE, after], "converted" in name
    assert fewest_homes(publish(trials, remember=False), trials, predictable=predictable) == recovered
    releases = publish(trials)
    assert fewest_homes(releases, trials, predictable=predictable) is None
    of_all = set() if "type" in name and "change" in name else {"all"}
    assert {"flat", "stock", *of_all} <= kept(releases[1])
    for table in ("heat_demand_annual", "heat_profile", "heat_profile_season"):
        assert "flat" in kept(releases[1], table)
        for group in ("flat", "all"):
            assert shown(releases[1], group, table) == shown(releases[0], group, table)


def test_one_withdrawn_home_is_recovered_to_the_reading_where_nothing_is_remembered() -> None:
    after = BASE.without(["h-flat-3"])
    before, now = (release.tables["heat_profile"].frame.filter(dwelling_type="flat") for release in publish([BASE, after], remember=False))  # fmt: skip
    found = 26 * before["heat_kwh_mean"] - 25 * now["heat_kwh_mean"]
    truth = BASE.hourly().filter(household_id="h-flat-3")["heat_kwh"]
    assert found.to_list() == pytest.approx(truth.to_list())
    before, now = (release.tables["heat_profile"].frame.filter(dwelling_type="flat") for release in publish([BASE, after]))  # fmt: skip
    assert (26 * before["heat_kwh_mean"] - 25 * now["heat_kwh_mean"] - truth).abs().min() > 0.01


MANY = {
    "ten homes join": BASE.joined_by(homes_of({"flat": 10}, name="new")),
    "ten homes are withdrawn": BASE.without(BASE.of("flat")[:10]),
    "ten homes are corrected": BASE.corrected(BASE.of("flat")[:10]),
    "all homes are corrected": BASE.corrected(BASE.homes),
}


@pytest.mark.parametrize("name", MANY)
def test_ten_changed_homes_are_published(name: str) -> None:
    trials = [BASE, MANY[name]]
    releases = publish(trials)
    assert kept(releases[1]) == set()
    assert shown(releases[1], "flat") == pytest.approx(shown_truth(trials[1], "flat"), abs=5.01)
    assert shown(releases[1], "all", "heat_profile") != shown(releases[0], "all", "heat_profile")
    assert fewest_homes(releases, trials) is None


def shown_truth(trial: Trial, group: str) -> float:
    """Return a group's true annual heat."""
    return float(trial.annual().filter(dwelling_type=group)["heat_kwh_mean"][0])


def test_ten_homes_that_are_nine_at_one_hour_are_shown_in_the_year_and_not_in_the_profile() -> None:
    more = BASE.joined_by(homes_of({"flat": 10}, name="new"))
    after = Trial(more.homes, gaps=frozenset({("new-flat-4", 2)}))
    trials = [BASE, after]
    assert fewest_homes(publish(trials, remember=False), trials, years=False) == 9
    releases = publish(trials)
    assert fewest_homes(releases, trials) is None
    assert kept(releases[1]) == set()
    assert kept(releases[1], "heat_profile") == {"flat", "all", "stock"}
    assert kept(releases[1], "heat_profile_season") == {"flat", "all", "stock"}


def test_going_back_to_almost_an_earlier_set_of_homes_shows_nothing() -> None:
    trials = [BASE, BASE.joined_by(homes_of({"flat": 10}, name="new")), BASE.without(["h-flat-3"])]
    with_two = publish(trials[:2])
    with warehouse_of(trials[2]) as query:
        only_last = publish_means(query, release_id="r2", last=forget_first(with_two[1].record))
    assert fewest_homes([*with_two, only_last], trials) == 1, "the last release alone is no measure"
    releases = publish(trials)
    assert fewest_homes(releases, trials) is None
    assert "flat" in kept(releases[2])


def forget_first(record: ReleaseRecord) -> ReleaseRecord:
    """Return a record that remembers of each group the last publication only."""
    newest = pl.col("number") == pl.col("number").max().over("level", "period", "group")
    return replace(record, edition=record.edition.filter(newest))


def test_a_chain_of_releases_shows_nothing_although_each_pair_differs_in_ten_homes() -> None:
    more = BASE.joined_by(homes_of({"flat": 12}, name="new"))
    both = more.joined_by(homes_of({"flat": 12}, name="late"))
    last = BASE.joined_by(homes_of({"flat": 11}, name="late"))  # to the first 11 join, of the second 12 leave
    trials = [BASE, more, both, last]
    assert fewest_homes(publish(trials, remember=False), trials) == 1
    releases = publish(trials)
    assert fewest_homes(releases, trials) is None
    assert [kept(release) >= {"flat"} for release in releases] == [False, False, False, True]


def test_all_minus_types_shows_no_small_type() -> None:
    for sizes, alone in (
        ({"flat": 9, "detached": 24, "terraced": 15}, 9),
        ({"flat": 4, "bungalow": 5, "detached": 30}, 9),
    ):
        trial = Trial(homes_of(sizes))
        releases = publish([trial])
        assert fewest_homes(releases, [trial]) is None
        assert "flat" not in set(releases[0].tables["heat_demand_annual"].frame["dwelling_type"])
        everything = [
            {(home, 0): 1.0 for home in trial.of(group)} for group in ("all", *sizes) if sizes.get(group, 99) >= 10
        ]
        assert smallest_support(everything) == alone


def test_a_type_that_falls_below_ten_homes_is_not_shown_by_its_companions_old_figure() -> None:
    sizes = {"flat": 19, "bungalow": 14, "detached": 24, "terraced": 30}
    before = Trial(homes_of(sizes))
    trials = [before, before.without(before.of("flat")[:10])]
    assert fewest_homes(publish(trials, remember=False), trials) == 9
    releases = publish(trials)
    assert fewest_homes(releases, trials) is None
    assert {"flat", "all"} <= kept(releases[1])


def test_a_companion_that_could_be_shown_again_stays_hidden_where_it_would_lay_open_the_past() -> None:
    before = Trial(homes_of({"flat": 9, "bungalow": 14, "detached": 24, "terraced": 30}))
    trials = [before, before.joined_by(homes_of({"flat": 10}, name="new"))]
    assert fewest_homes(publish(trials, remember=False), trials) == 9
    assert fewest_homes(publish(trials), trials) is None


def steps(release: Release) -> list[float | None]:
    """Return the mean heat of each step of the published funnel."""
    return release.tables["selection_funnel"].frame.sort("step")["heat_kwh_mean"].to_list()


def test_the_difference_of_two_funnels_shows_no_home_that_was_left_out() -> None:
    out = homes_of({"flat": 12}, name="thin")
    before = Trial(BASE.homes | out, excluded=frozenset(out))
    after = Trial(before.homes | {"thin-late": "flat"}, excluded=frozenset([*out, "thin-late"]))
    truth = float(after.hourly().filter(household_id="thin-late")["heat_kwh"].sum())
    forgetful = [steps(release)[0] for release in publish([before, after], remember=False)]
    assert None not in forgetful
    assert 129 * forgetful[1] - 128 * forgetful[0] == pytest.approx(truth, abs=129 * 10)  # type: ignore[operator]
    releases = publish([before, after])
    assert steps(releases[1]) == steps(releases[0])
    assert releases[1].tables["selection_funnel"].few_changes.height == 1
    many = homes_of({"flat": 10}, name="late")
    third = publish([before, Trial(before.homes | many, excluded=frozenset([*out, *many]))])
    assert steps(third[1])[0] != steps(third[0])[0]


def test_neighbouring_steps_of_a_funnel_show_no_few_homes() -> None:
    out = homes_of({"flat": 9}, name="thin")
    trial = Trial(BASE.homes | out, excluded=frozenset(out))
    (release,) = publish([trial])
    assert steps(release) == [None] * 5 + [steps(release)[5]]
    assert steps(release)[5] is not None
    everyone = [{(home, 0): 1.0 for home in trial.homes}, {(home, 0): 1.0 for home in trial.of("all")}]
    assert smallest_support(everyone) == 9


def test_season_year_and_peak_tell_nothing_of_an_hour_that_the_profile_hides() -> None:
    sizes = SIZES | {"bungalow": 10}
    trial = Trial(homes_of(sizes), gaps=frozenset({("h-bungalow-4", 2)}))
    (release,) = publish([trial])
    profile = release.tables["heat_profile"].frame
    hours = profile.filter(dwelling_type="bungalow")["hour_start_utc"].dt.hour().to_list()
    assert 2 not in hours
    assert len(hours) <= trial.hours - 2, "a lone hidden hour is the year less the others"
    assert fewest_homes([release], [trial]) is None
    season = release.tables["heat_profile_season"].frame
    assert season.equals(profile_by_season(profile))
    cell = {"dwelling_type": "bungalow", "segmentation": "month", "hour_local": 2}
    assert season.filter(**cell).is_empty()
    of_nine = profile_by_season(trial.profile()).filter(**cell)
    assert (
        of_nine["heat_kwh_mean"].to_list()
        == trial.profile().filter(dwelling_type="bungalow")["heat_kwh_mean"].to_list()[2:3]
    )
    peaks = release.tables["heat_demand_annual"].frame.select("dwelling_type", hour_start_utc="peak_hour_utc")
    assert peaks.join(profile, on=["dwelling_type", "hour_start_utc"], how="anti").is_empty()


def sets_of(releases: Sequence[Release]) -> list[dict[tuple[str, int], float]]:
    """Return the homes behind each year and quantile that was ever published, as the releases remember them."""
    record = releases[-1].record
    versions = record.member.filter(level="heat").with_columns(
        version=pl.col("codes").rank("dense").over("household_id")
    )
    numbers = record.edition.filter(pl.col("level").is_in(["year", "quantile"]))["set"].unique()
    return [
        dict.fromkeys(
            versions.filter(pl.col("sets").list.contains(n)).select("household_id", "version").iter_rows(), 1.0
        )
        for n in numbers
    ]


def test_quantiles_beside_means_of_several_releases_show_no_few_homes() -> None:
    base = Trial(homes_of({"flat": 60, "terraced": 44}), hours=2)
    after = base.joined_by(homes_of({"flat": 12}, name="new"))
    releases = publish([base, after])
    assert set(releases[0].tables["heat_demand_quantile"].frame["quantile"]) >= {0.25, 0.5, 0.75}
    assert smallest_support(sets_of(releases)) is None
    forgetful = publish([base, after], remember=False)
    assert smallest_support([*sets_of(forgetful[:1]), *sets_of(forgetful[1:])]) is not None
    assert "flat" in kept(releases[1], "heat_demand_quantile")
    assert "flat" not in kept(releases[1])


@pytest.mark.parametrize("small", [[9], [3, 4], [9, 14]])
def test_areas_and_their_sum_show_no_small_area(small: Sequence[int]) -> None:
    sizes = {f"area{n}": homes for n, homes in enumerate([*small, 21, 17, 30])}
    frame = pl.DataFrame({"area": [*sizes, "all"], "households": [*sizes.values(), sum(sizes.values())]})
    areas, _ = suppress_small_cells(frame, keys=["area"], margins=[Margin(along="area", total="all")])
    only_small, _ = suppress_small_cells(frame, keys=["area"])

    def rows(published: pl.DataFrame) -> list[dict[tuple[str, int], float]]:
        inside = {name: [f"{name}.{n}" for n in range(homes)] for name, homes in sizes.items()}
        inside["all"] = [home for homes in inside.values() for home in homes]
        return [{(home, 0): 1.0 for home in inside[name]} for name in published["area"]]

    assert smallest_support(rows(areas)) is None
    assert smallest_support(rows(only_small)) == sum(n for n in small if n < 10)


TYPES = ("flat", "bungalow", "detached")
moves = st.lists(
    st.tuples(st.sampled_from(["join", "leave", "correct"]), st.sampled_from(TYPES), st.integers(1, 14)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries({of: st.integers(5, 24) for of in TYPES}),
    st.lists(moves, min_size=1, max_size=3),
    st.sets(st.tuples(st.integers(0, 30), st.integers(0, 1)), max_size=6),
)
def test_no_releases_together_show_few_homes_whatever_changes(
    sizes: Mapping[str, int], nights: Sequence[Sequence[tuple[str, str, int]]], gaps: set[tuple[int, int]]
) -> None:
    names = sorted(homes_of(sizes))
    missing = frozenset((names[n], hour) for n, hour in gaps if n < len(names))
    trials = [Trial(homes_of(sizes), hours=2, gaps=missing)]
    for number, night in enumerate(nights):
        trials.append(play(trials[-1], night, number))
    assert fewest_homes(publish(trials), trials) is None


def published_counts(hours: NDArray[np.int64], *, rounds: bool) -> pl.DataFrame:
    """Return the hours of each month, homes x months, as they are published, or as they were counted."""
    months = pl.date_range(dt.date(2009, 1, 1), dt.date(2009, 12, 1), "1mo", eager=True)
    counted = pl.DataFrame({"month": months, "households": len(hours), "hours": hours.sum(axis=0)}).with_columns(
        readings=2 * pl.col("hours"), ok_half_hours=2 * pl.col("hours")
    )
    return publish_months(counted).frame if rounds else counted


def hours_left_possible(before: pl.DataFrame, after: pl.DataFrame, *, step: int) -> list[tuple[int, int]]:
    """Return between which ends the attacker knows the leaving home's hours of each month to lie.

    He knows the two releases, the step that counts are rounded to, and how many hours a month has.
    """
    fall = (before["hours"] - after["hours"]).to_list()
    most = [24 * days for days in before["month"].dt.days_in_month()]
    return [(max(0, n - step + 1), min(hours, n + step - 1)) for n, hours in zip(fall, most, strict=True)]


@pytest.mark.parametrize("homes", [12, 60, 600])
def test_the_hours_of_a_home_that_leaves_do_not_follow_by_subtraction(homes: int) -> None:
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    hours = np.random.default_rng(homes).integers(0, 24 * days + 1, size=(homes + 1, 12))
    leaver = hours[-1].tolist()
    exact = [published_counts(of, rounds=False) for of in (hours, hours[:-1])]
    assert [low for low, high in hours_left_possible(*exact, step=1) if low == high] == leaver, (
        "counts tell all 12 months"
    )
    rounded = [published_counts(of, rounds=True) for of in (hours, hours[:-1])]
    ends = hours_left_possible(*rounded, step=1000)
    nearly_all = [high - low >= 24 * int(of) - 2 for (low, high), of in zip(ends, days, strict=True)]
    assert all(nearly_all), f"of 12 months, the attacker narrows the hours to {ends}"
