"""Unusual homes: the gas of each kind, and its times."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from transforms.climate.half_hour_shapes import HALF_HOURS
from transforms.climate.temperature import effective_temperature
from transforms.sample.expected import expected_shares
from transforms.sample.figures import SampleFigures
from transforms.sample.homes import draw_homes
from transforms.sample.kinds import KINDS, YearOfKinds, draw_kinds, shape_expected
from warehouse.figures import read_figures

FIGURES = SampleFigures.from_tables(read_figures)
WEATHER = FIGURES.temperature.join(effective_temperature(FIGURES.temperature), on="date")
RULE = FIGURES.variety.kinds
YEAR = 365 * HALF_HOURS


def draw(households: int, seed: int = 1, half_hours: int = YEAR) -> pl.DataFrame:
    homes = draw_homes(FIGURES.levels, households=households, rng=np.random.default_rng(seed))
    return draw_kinds(homes, RULE, half_hours=half_hours, rng=np.random.default_rng([seed, 1]))


@pytest.mark.parametrize("households", [100, 600])
@pytest.mark.parametrize("seed", range(1, 4))
def test_every_kind_occurs_at_its_share(households: int, seed: int) -> None:
    counts = dict(draw(households, seed)["kind"].value_counts().iter_rows())
    assert set(counts) == set(KINDS)
    for kind, share in RULE.homes_share.items():
        assert counts[kind] == round(share * households), kind


def test_half_of_a_small_trial_stays_ordinary_and_a_short_trial_has_no_absences() -> None:
    assert (draw(4)["kind"] == "heated").sum() == 2
    assert (draw(1)["kind"] == "heated").all()
    week = draw(600, half_hours=7 * HALF_HOURS)
    assert set(week["kind"]) == set(KINDS) - {"vacant", "holiday"}
    assert (week["away_count"] == 0).all()


def test_only_homes_that_cook_have_another_level_and_half_of_them_say_that_they_heat_by_electricity() -> None:
    homes = draw(600)
    before = draw_homes(FIGURES.levels, households=600, rng=np.random.default_rng(1))
    cooking = (homes["kind"] == "cooking_only").to_numpy()
    assert ((homes["gas_kwh_2009"] != before["gas_kwh_2009"]).to_numpy() == cooking).all()
    assert homes["gas_kwh_2009"].filter(pl.Series(cooking)).is_between(365, 3 * 365).all()
    declared = homes.filter(pl.Series(cooking))["heating_system"].to_list()
    assert (declared.count("electric"), declared.count(None)) == (9, 9)
    assert (homes.filter(pl.Series(~cooking))["heating_system"] == "gas_boiler").all()


def test_absences_have_their_lengths_and_lie_within_the_span() -> None:
    homes = draw(600)
    assert (homes["away_first"] + homes["away_count"] <= YEAR).all()
    days = {kind: homes.filter(pl.col("kind") == kind)["away_count"] / HALF_HOURS for kind in KINDS}
    assert days["holiday"].is_between(7, 13).all()
    assert days["vacant"].is_between(21, 84).all()
    assert all((days[kind] == 0).all() for kind in KINDS if kind not in {"holiday", "vacant"})


def shape(kind: str, year: int = 2009, *, skipped: int = 0, **columns: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the expected gas of one detached home of a kind, and that of the same home if it were ordinary."""
    home = {"kind": kind, "away_first": 0, "away_count": 0, "away_level": 0.0} | columns
    annual = np.array([20_000 if kind != "cooking_only" else 730], dtype=np.float32)
    share = expected_shares(year, WEATHER.select("date", "temperature_effective_c"), FIGURES.law, FIGURES.shapes)
    usual = (share["detached"][None, :] * annual[:, None]).astype(np.float32)
    of_year = YearOfKinds.of_year(year, WEATHER, FIGURES.law, RULE)
    return shape_expected(usual, annual, pl.DataFrame([home]), of_year, skipped=skipped)[0], usual[0]


def test_a_home_that_cooks_uses_the_same_each_day_around_meals_of_the_local_clock() -> None:
    gas, _ = shape("cooking_only")
    days = gas.reshape(365, HALF_HOURS)
    assert days[days.sum(axis=1) > 0].sum(axis=1) == pytest.approx(2.0, rel=0.05)
    assert gas.sum() == pytest.approx(730, rel=1e-3)
    winter, summer = days[10], days[190]
    assert int(np.argmax(winter)) in {35, 36}  # 18:00
    assert np.allclose(np.roll(winter, -2), summer)  # an hour earlier in UTC
    near_meals = np.abs((np.arange(HALF_HOURS)[:, None] + 0.5) / 2 - np.array([7.5, 12.5, 18.0])).min(axis=1) <= 2
    assert winter[near_meals].sum() > 0.98 * winter.sum()


@pytest.mark.parametrize("year", [2008, 2009, 2010])
def test_a_home_that_only_heats_is_off_in_summer_and_never_idle_through_a_cold_fortnight(year: int) -> None:
    gas, usual = shape("heating_only", year)
    daily = gas.reshape(-1, HALF_HOURS).sum(axis=1)
    days = WEATHER.filter(pl.col("date").dt.year() == year).sort("date").with_columns(gas=pl.Series(daily))
    from_june = days.filter(pl.col("date").dt.month().is_between(6, 9))
    assert from_june["gas"].sum() == 0
    in_may = days.filter(pl.col("date").dt.month() == 5)
    assert (in_may["gas"].sum() > 0) == (year == 2010)  # its first fortnight had 8 degC
    idle = days.with_columns(
        idle=pl.col("gas").rolling_sum(14) == 0, mean=pl.col("temperature_mean_c").rolling_mean(14)
    ).filter("idle")
    assert idle["mean"].min() > 10  # type: ignore[operator]
    january = days.filter(pl.col("date").dt.month() == 1)["gas"].sum()
    assert 0.7 * usual[: 31 * HALF_HOURS].sum() < january < usual[: 31 * HALF_HOURS].sum()


def test_a_home_is_at_its_lower_level_exactly_while_it_is_vacant() -> None:
    gas, usual = shape("vacant", away_first=1000, away_count=2000, away_level=0.25)
    assert np.allclose(gas[1000:3000], usual[1000:3000] * 0.25)
    assert np.array_equal(np.delete(gas, slice(1000, 3000)), np.delete(usual, slice(1000, 3000)))


def test_an_absence_over_the_new_year_goes_on_in_the_next() -> None:
    december = {"away_first": 20 * HALF_HOURS, "away_count": 20 * HALF_HOURS}  # of a span that begins on 1 December
    before, usual_before = shape("holiday", 2008, skipped=335 * HALF_HOURS, **december)
    after, usual_after = shape("holiday", 2009, skipped=-31 * HALF_HOURS, **december)
    assert (before[355 * HALF_HOURS :] == 0).all()
    assert np.array_equal(before[: 355 * HALF_HOURS], usual_before[: 355 * HALF_HOURS])
    assert (after[: 9 * HALF_HOURS] == 0).all()
    assert np.array_equal(after[9 * HALF_HOURS :], usual_after[9 * HALF_HOURS :])


def test_ordinary_homes_and_homes_with_a_pilot_light_keep_their_expected_gas() -> None:
    for kind in ("heated", "pilot_light"):
        gas, usual = shape(kind)
        assert np.array_equal(gas, usual)


def test_the_shares_of_a_day_of_meals_sum_to_one() -> None:
    assert RULE.cooking_only.shares_of_day().sum() == pytest.approx(1)
    assert dt.date(2009, 5, 1) in WEATHER["date"].to_list()
