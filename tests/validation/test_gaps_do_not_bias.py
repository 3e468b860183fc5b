"""Gaps that go with the level of homes and with the cold, as strong as the selection admits, through the estimators."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from transforms.climate.temperature import hourly_temperature
from transforms.heat.demand import annual_by_home, annual_by_type
from transforms.heat.hours import count_cells
from transforms.heat.periods import Period, Sufficiency, measure_coverage, suffices
from transforms.heat.profiles import complete_profile, expect_heat, place_hours, profile_month
from transforms.tables.heat import HEAT_HOURLY
from warehouse.figures import read_figures

PERIOD = Period(dt.date(2009, 1, 1))
HOMES = 60
EFFICIENCY = 0.8054
WEATHER = (
    hourly_temperature(read_figures("temperature_daily"))
    .filter(pl.col("hour_start_utc").dt.year() == 2009)
    .sort("hour_start_utc")
)
HOURS = WEATHER["hour_start_utc"]
CELL = HOURS.dt.month().cast(int).to_numpy() * 24 + HOURS.dt.hour().cast(int).to_numpy()
DAY_C = np.repeat(WEATHER["temperature_c"].to_numpy().reshape(-1, 24).mean(axis=1), 24)
COLD = np.argsort(DAY_C, kind="stable")
COLDEST_TENTH = COLD[: len(COLD) // 10]
# Watson et al. 2019: daily gas falls by 6.71 kWh per kelvin below 14.1 degC; homes share one shape of the day
BASE = np.clip(33 - 1.21 * DAY_C, 3, None) / 24
SHAPE = 1 + 0.6 * np.cos(2 * np.pi * (HOURS.dt.hour().to_numpy() - 18) / 24)
HEATING = np.where(DAY_C < 14.1, np.clip(111 - 6.71 * DAY_C, 3, None) / 24 - BASE, 0).clip(0)


@dataclass(frozen=True)
class Trial:
    """Homes with a known truth, and the part of it that was observed."""

    truth: NDArray[np.float64]  # heat, homes x hours [kWh]
    observed: NDArray[np.bool_]


@dataclass(frozen=True)
class Found:
    """Results of the estimators for a trial."""

    profile: NDArray[np.float64]
    annual: dict[str, float | str | None]
    homes: NDArray[np.float64]


NOTHING_CAUGHT_UP = pl.DataFrame(
    schema={
        "household_id": pl.String,
        "month": pl.Date,
        "heat_kwh_caught_up": pl.Float64,
        "type_kwh_caught_up": pl.Float64,
    }
)


def draw_heat(rng: np.random.Generator, *, alike: bool, noise: bool) -> NDArray[np.float64]:
    """Return the homes' true heat: of one shape at their levels, or of a base and a heating level of their own.

    The spread of base load and heat loss between homes is that of SERL (coefficients of variation 1.0 and 0.6).
    """
    if alike:
        gas = rng.lognormal(0, 0.5, (HOMES, 1)) * (BASE + HEATING) * SHAPE
    else:
        base, heating = (rng.lognormal(-np.log1p(cv**2) / 2, np.sqrt(np.log1p(cv**2)), (HOMES, 1)) for cv in (1.0, 0.6))
        gas = (base * BASE + heating * HEATING) * SHAPE
    if noise:
        gas = gas * rng.gamma(1, 1, gas.shape)
    return EFFICIENCY * gas


def lose_the_coldest_hours(truth: NDArray[np.float64], *, homes_share: float, lost_share: float) -> NDArray[np.bool_]:
    """Let the largest users lose their coldest hours, at most half of each month-by-hour cell."""
    observed = np.ones(truth.shape, dtype=np.bool_)
    half = np.bincount(CELL)[CELL] // 2
    rank_in_cell = (
        pl.Series(CELL[COLD]).to_frame("cell").select(pl.int_range(pl.len()).over("cell"))["literal"].to_numpy()
    )
    admitted = COLD[rank_in_cell < half[COLD]]
    lost = admitted[: int(lost_share * truth.shape[1])]
    largest = np.argsort(-truth.sum(axis=1))[: int(homes_share * HOMES)]
    observed[np.ix_(largest, lost)] = False
    return observed


def estimate(trial: Trial) -> Found:
    """Run the estimators on the observed part."""
    home, hour = np.nonzero(trial.observed)
    heat = trial.truth[home, hour]
    ids = np.array([f"h{n:03d}" for n in range(HOMES)])
    hourly = HEAT_HOURLY.conform(
        pl.DataFrame({"household_id": ids[home], "gas_kwh": heat / EFFICIENCY, "heat_kwh": heat}).with_columns(
            hour_start_utc=HOURS.gather(hour)
        )
    )
    included = pl.DataFrame({"household_id": ids}).with_columns(dwelling_type=pl.lit("terraced"))
    assert coverage_suffices(hourly)
    profiles, expected = [], []
    for _, month in hourly.group_by(pl.col("hour_start_utc").dt.truncate("1mo"), maintain_order=True):
        placed = place_hours(month, included)
        profiles.append(profile_month(placed, None))
        expected.append(expect_heat(placed, profiles[-1]))
    profile = complete_profile(profiles, PERIOD.label, WEATHER)
    homes = annual_by_home(pl.concat(expected), profile, included, PERIOD, NOTHING_CAUGHT_UP).join(
        included, on="household_id"
    )
    no_interval = pl.DataFrame(
        schema={"dwelling_type": pl.String, "heat_kwh_ci_low": pl.Float64, "heat_kwh_ci_high": pl.Float64}
    )
    by_type = annual_by_type(profile, homes, no_interval, PERIOD, stock_reason=None)
    mean = profile.filter(pl.col("dwelling_type") == "terraced").sort("hour_start_utc")["heat_kwh_mean"].to_numpy()
    assert len(mean) == PERIOD.hours
    return Found(
        mean,
        by_type.filter(pl.col("dwelling_type") == "terraced").row(0, named=True),
        homes.sort("household_id")["heat_kwh_annual"].to_numpy(),
    )


def coverage_suffices(hourly: pl.DataFrame) -> bool:
    """Say whether every home would be selected."""
    halves = pl.concat([hourly, hourly.with_columns(pl.col("hour_start_utc") + dt.timedelta(minutes=30))])
    ordered, moment = halves.sort("household_id", "hour_start_utc"), pl.col("hour_start_utc")
    cells = pl.concat(
        count_cells(month.rename({"hour_start_utc": "interval_start_utc"}), month.filter(moment.dt.minute() == 0))
        for _, month in ordered.group_by(moment.dt.truncate("1mo"), maintain_order=True)
    )
    return measure_coverage(cells, PERIOD).filter(suffices(Sufficiency())).height == HOMES


PATTERNS = {
    "half of the homes": (0.5, 0.1),
    "a quarter of the homes": (0.25, 0.1),
    "half of the homes, half as long": (0.5, 0.05),
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("alike", [True, False], ids=["alike", "base and heating apart"])
def test_gaps_of_large_homes_in_the_cold_do_not_bias(pattern: str, *, alike: bool) -> None:
    homes_share, lost_share = PATTERNS[pattern]
    truth = draw_heat(np.random.default_rng(4), alike=alike, noise=False)
    trial = Trial(truth, lose_the_coldest_hours(truth, homes_share=homes_share, lost_share=lost_share))
    hourly = truth.mean(axis=0)
    plain = (truth * trial.observed).sum(axis=0) / trial.observed.sum(axis=0)
    found = estimate(trial)
    assert plain.sum() / hourly.sum() < 0.965  # what a mean over the homes at hand would say
    assert found.annual["heat_kwh_mean"] == pytest.approx(hourly.sum(), rel=0.01)
    assert found.annual["household_heat_kwh_mean"] == pytest.approx(found.annual["heat_kwh_mean"], rel=1e-9)
    assert np.abs(found.profile - hourly).mean() < 0.005 * hourly.mean()
    assert found.profile[COLDEST_TENTH].sum() == pytest.approx(hourly[COLDEST_TENTH].sum(), rel=0.02)
    assert (np.abs(found.homes / truth.sum(axis=1) - 1) < 0.03).mean() >= 0.95
    assert str(found.annual["note"]).startswith("gaps are not random")


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("alike", [True, False], ids=["alike", "base and heating apart"])
def test_neither_where_hours_are_as_noisy_as_homes_are(seed: int, *, alike: bool) -> None:
    truth = draw_heat(np.random.default_rng(seed), alike=alike, noise=True)
    found = estimate(Trial(truth, lose_the_coldest_hours(truth, homes_share=0.5, lost_share=0.1)))
    hourly = truth.mean(axis=0)
    assert found.annual["heat_kwh_mean"] == pytest.approx(hourly.sum(), rel=0.01)
    assert abs((found.profile - hourly).mean()) < 0.005 * hourly.mean()
    assert (np.abs(found.homes / truth.sum(axis=1) - 1) < 0.03).mean() >= 0.95


def test_random_gaps_do_not_bias_and_are_not_noted() -> None:
    rng = np.random.default_rng(6)
    truth = draw_heat(rng, alike=False, noise=True)
    blocks = np.repeat(rng.random((HOMES, len(HOURS) // 12)) > 0.06, 12, axis=1)
    found = estimate(Trial(truth, blocks))
    assert found.annual["heat_kwh_mean"] == pytest.approx(truth.mean(axis=0).sum(), rel=0.003)
    assert (np.abs(found.homes / truth.sum(axis=1) - 1) < 0.03).mean() >= 0.95
    assert found.annual["note"] is None
