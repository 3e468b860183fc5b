"""Attacks on how homes differ: the peaks of many together, and what heat costs them, beside all other releases.

Each attack is shown to work where the rule that stops it is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attackers import Row, Trial, homes_of, play, smallest_support
from tests.attackers_of_spread import (
    FIXED_GBP_PER_YEAR,
    VARIABLE_GBP_PER_MWH,
    WATTS,
    coarse_peaks,
    costs_of,
    known_peaks,
    load_at_peak,
    publish_next,
    publish_spread,
    published_costs,
    published_peaks,
)
from transforms.public.public import Release

SIZES = {"detached": 24, "semi_detached": 22, "terraced": 30, "bungalow": 14, "flat": 26}
BASE = Trial(homes_of(SIZES))
TABLES = ("diversity", "lcoh_distribution")

FEW = {
    "nine homes join": (BASE.joined_by(homes_of({"flat": 9}, name="new")), 9),
    "one home is withdrawn": (BASE.without(["h-flat-3"]), 1),
    "nine homes are withdrawn": (BASE.without(BASE.of("flat")[:9]), 9),
    "one home is corrected": (BASE.corrected(["h-flat-3"]), 1),
}
MANY = {
    "ten homes join": BASE.joined_by(homes_of({"flat": 10}, name="new")),
    "all homes are corrected": BASE.corrected(BASE.homes),
}


@pytest.fixture(scope="module")
def base() -> Release:
    """Give the first release of the trial that others differ from."""
    return publish_next(BASE)


def shown(release: Release, table: str, group: str) -> pl.DataFrame:
    """Return the published rows of a group."""
    return release.tables[table].frame.filter(dwelling_type=group)


def kept(release: Release, table: str) -> set[str]:
    """Return the groups that keep the values of an earlier release."""
    return set(release.tables[table].few_changes["dwelling_type"])


@pytest.mark.parametrize("name", FEW)
def test_the_difference_of_two_releases_shows_the_peak_and_the_cost_of_no_few_homes(name: str, base: Release) -> None:
    after, recovered = FEW[name]
    trials = [BASE, after]
    forgetful, releases = [base, publish_next(after)], [base, publish_next(after, base)]
    for table, read in zip(TABLES, (published_peaks, published_costs), strict=True):
        assert smallest_support(read(forgetful, trials)) == recovered, "the attack works where nothing is remembered"
        assert smallest_support(read(releases, trials)) is None
        assert {"flat", "all", "stock"} & set(releases[1].tables[table].frame["dwelling_type"]) <= kept(
            releases[1], table
        )
        for group in ("flat", "all"):
            assert shown(releases[1], table, group).equals(shown(releases[0], table, group))


@pytest.mark.parametrize("name", MANY)
def test_ten_changed_homes_are_published_in_peaks_and_costs(name: str, base: Release) -> None:
    trials = [BASE, MANY[name]]
    releases = [base, publish_next(MANY[name], base)]
    for table, read in zip(TABLES, (published_peaks, published_costs), strict=True):
        assert kept(releases[1], table) == set()
        assert not shown(releases[1], table, "flat").equals(shown(releases[0], table, "flat"))
        assert smallest_support(read(releases, trials)) is None


def test_the_load_of_a_withdrawn_home_is_told_by_bare_figures_and_not_by_published_ones(base: Release) -> None:
    after = BASE.without(["h-flat-3"])
    truth = load_at_peak(BASE)["h-flat-3"]
    before, now = (known_peaks(trial).curve.filter(dwelling_type="flat")["limit_kw_high"][0] for trial in (BASE, after))
    assert 26 * before - 25 * now == pytest.approx(truth, rel=0.03), "all homes peak at once: the limit is their mean"
    peaks = [shown(release, "diversity", "flat")["peak_kw_p50"][-1] for release in (base, publish_next(after, base))]
    assert peaks[0] == peaks[1]


def test_homes_with_gaps_in_the_coldest_days_are_hidden_in_the_steps_of_peaks() -> None:
    """One home is in the profile and not behind the peaks: the sum of the one less that of the other is that home."""
    of_mean, by_limit, by_table = [], [], []
    for number in range(8):
        homes = homes_of({"flat": 26 + number, "terraced": 40})
        trial = Trial(homes, gaps=frozenset({(f"h-flat-{number}", 5)}))
        everyone = load_at_peak(trial)
        flats = [home for home, of in homes.items() if of == "flat"]
        total = sum(everyone[home] for home in flats)  # what the profile of the hour times its homes gives
        truth, complete = everyone[f"h-flat-{number}"], len(flats) - 1
        limit = known_peaks(trial).curve.filter(dwelling_type="flat")["limit_kw_high"][0]
        of_mean.append(total / len(flats))
        by_limit.append(abs(total - complete * limit - truth))
        by_table.append(abs(total - complete * coarse_peaks(trial, "flat")["peak_kw_p50"][-1] - truth))
    error, known = np.array(by_table) / of_mean, np.array(by_limit) / of_mean
    assert known.max() < 1e-3, "the attack works on the unpublished limit"
    assert np.sqrt((error**2).mean()) > 0.25, "a step is at least one home's share: an error of half a home at most"
    assert error.max() > 0.4


def test_a_peak_is_shown_in_steps_of_at_least_what_one_home_adds(base: Release) -> None:
    for of, homes in (SIZES | {"all": sum(SIZES.values())}).items():
        rows = shown(base, "diversity", of).filter(~pl.col("extrapolated"))
        values = rows["peak_kw_p50"].to_numpy()
        steps = 10.0 ** np.arange(9)[:, None] * np.array([1, 2, 5])
        fitting = [step for step in steps.ravel() if np.allclose(np.round(values / step), values / step)]
        assert max(fitting) >= 0.99 * values.min() / homes


def test_all_minus_types_shows_no_small_number_of_complete_homes() -> None:
    for sizes, gaps, alone in (
        ({"flat": 10, "detached": 24, "terraced": 15}, {("h-flat-4", 2)}, 9),
        ({"flat": 4, "bungalow": 5, "detached": 30}, set(), 9),
    ):
        trial = Trial(homes_of(sizes), gaps=frozenset(gaps))
        (release,) = publish_spread([trial])
        assert smallest_support(published_peaks([release], [trial])) is None
        assert smallest_support(published_costs([release], [trial])) is None
        assert "flat" not in set(release.tables["diversity"].frame["dwelling_type"])
        incomplete = {home for home, _ in gaps}
        complete: list[Row] = [
            {(home, 0): 1.0 for home in trial.of(of) if home not in incomplete}
            for of in ("all", *sizes)
            if sizes.get(of, 99) >= 10 and of != "flat"
        ]
        assert smallest_support(complete) == alone, "the attack works where the small type has no companion"


def test_the_ends_of_few_dwellings_are_shown_of_a_hundred_homes_alone() -> None:
    shows = {}
    for homes in (26, 60, 110):
        (release,) = publish_spread([Trial(homes_of({"flat": homes, "terraced": 12}))])
        rows = shown(release, "diversity", "flat").sort("dwellings")
        assert rows["peak_kw_p05"].is_null().equals(rows["peak_kw_p95"].is_null())
        shows[homes] = rows.drop_nulls("peak_kw_p95")["dwellings"].to_list()
    assert shows == {26: [], 60: [10, 20, 100, 1_000, 20_000], 110: [1, 2, 3, 5, 10, 20, 100, 1_000, 20_000]}


def test_the_upper_end_of_single_homes_is_the_peak_of_the_few_highest_where_they_are_few() -> None:
    trial = Trial(homes_of({"flat": 26, "terraced": 12}))
    highest = sorted((kw for home, kw in load_at_peak(trial).items() if "flat" in home), reverse=True)
    rows = known_peaks(trial).table.filter(dwelling_type="flat", dwellings=1)
    end = rows["peak_kw_p95"][0] - rows["peak_kw_p50"][0]
    of_two = np.mean(highest[:2]) - np.median(highest)
    assert end == pytest.approx(of_two, rel=0.15), "what is not published tells of two homes"
    (release,) = publish_spread([trial])
    assert shown(release, "diversity", "flat")["peak_kw_p95"].is_null().all()


def test_no_row_beyond_those_measured_tells_the_end_or_the_scatter_that_is_hidden(base: Release) -> None:
    beyond = shown(base, "diversity", "flat").filter("extrapolated")
    assert beyond.height >= 4
    assert beyond["peak_kw_p05"].is_null().all()
    bare = known_peaks(BASE).table.filter(pl.col("dwelling_type") == "flat", "extrapolated").sort("dwellings")
    spread = known_peaks(BASE).curve.filter(dwelling_type="flat")["sd_of_homes_kw"][0]
    last = bare.row(-1, named=True)
    wider = np.sqrt(1 + last["dwellings"] / 26)
    told = (last["peak_kw_p95"] - last["peak_kw_p50"]) / wider * np.sqrt(last["dwellings"]) / 1.645
    assert told == pytest.approx(spread, rel=0.05), "bare ends tell the scatter of homes"


def with_a_small_home(trial: Trial, heat_kwh: float) -> tuple[dict[str, pl.DataFrame], Mapping[str, float]]:
    """Return a trial's costs where one flat uses very little, and the figures of the flats."""
    frames = costs_of(trial)
    small = pl.col("household_id") == "h-flat-3"
    kwh = pl.when(small).then(heat_kwh).otherwise("demand_kwh")
    own = frames["lcoh_household"].with_columns(
        demand_kwh=kwh, lcoh_gbp_per_mwh=VARIABLE_GBP_PER_MWH + FIXED_GBP_PER_YEAR * WATTS / kwh
    )
    flats = own.filter(pl.col("household_id").str.contains("flat"))
    return {**frames, "lcoh_household": own}, {
        "mean": float(flats["lcoh_gbp_per_mwh"].to_numpy().mean()),
        "homes": flats.height,
        "usual": float(frames["lcoh_distribution"].filter(dwelling_type="flat")["lcoh_mean_gbp_per_mwh"][0]),
    }


def test_a_home_that_makes_up_most_of_a_mean_cost_hides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    heat_kwh = 40_000.0
    frames, told = with_a_small_home(BASE, heat_kwh)
    others = (told["homes"] - 1) * told["usual"]
    found = FIXED_GBP_PER_YEAR * WATTS / (told["homes"] * told["mean"] - others - VARIABLE_GBP_PER_MWH)
    assert found == pytest.approx(heat_kwh, rel=0.02), "the bare mean tells how little the home uses"
    distribution = frames["lcoh_distribution"].with_columns(
        lcoh_mean_gbp_per_mwh=pl.when(pl.col("dwelling_type") == "flat")
        .then(told["mean"])
        .otherwise("lcoh_mean_gbp_per_mwh")
    )
    monkeypatch.setattr("tests.attackers_of_spread.costs_of", lambda _: {**frames, "lcoh_distribution": distribution})
    (release,) = publish_spread([BASE])
    means = dict(release.tables["lcoh_distribution"].frame.select("dwelling_type", "lcoh_mean_gbp_per_mwh").iter_rows())
    assert means["flat"] is None
    assert means["all"] is None
    assert means["terraced"] is not None


def test_what_an_earlier_release_showed_is_not_put_beside_costs_of_other_prices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trials = [BASE, BASE.without(["h-flat-3"])]
    prices = iter((80.0, 90.0, 80.0, 80.0))

    def dearer(trial: Trial) -> dict[str, pl.DataFrame]:
        monkeypatch.setattr("tests.attackers_of_spread.VARIABLE_GBP_PER_MWH", next(prices))
        return costs_of(trial)

    monkeypatch.setattr("tests.attackers_of_spread.costs_of", dearer)
    first, second = publish_spread(trials)
    assert shown(first, "lcoh_distribution", "flat")["lcoh_mean_gbp_per_mwh"].null_count() == 0
    flat = shown(second, "lcoh_distribution", "flat")
    assert flat["lcoh_mean_gbp_per_mwh"].is_null().all()
    costs = shown(second, "lcoh", "flat")
    assert flat["lcoh_at_mean_gbp_per_mwh"].to_list() == costs["lcoh_gbp_per_mwh"].to_list()
    same = publish_spread(trials)[1]
    assert shown(same, "lcoh_distribution", "flat")["lcoh_mean_gbp_per_mwh"].null_count() == 0


nights = st.lists(
    st.tuples(st.sampled_from(["join", "leave", "correct"]), st.sampled_from(["flat", "detached"]), st.integers(1, 14)),
    min_size=1,
    max_size=2,
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries({"flat": st.integers(8, 24), "detached": st.integers(8, 24)}),
    st.lists(nights, min_size=1, max_size=2),
    st.sets(st.integers(0, 15), max_size=3),
)
def test_no_releases_together_show_the_peaks_or_costs_of_few_homes(
    sizes: Mapping[str, int], changes: list[list[tuple[str, str, int]]], incomplete: set[int]
) -> None:
    names = sorted(homes_of(sizes))
    trials = [Trial(homes_of(sizes), gaps=frozenset((names[n], 2) for n in incomplete if n < len(names)))]
    for number, night in enumerate(changes):
        trials.append(play(trials[-1], night, number))
    releases = publish_spread(trials)
    assert smallest_support(published_peaks(releases, trials)) is None
    assert smallest_support(published_costs(releases, trials)) is None
