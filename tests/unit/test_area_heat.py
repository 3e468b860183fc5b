"""Heat of areas: sums, intervals, trench, peaks of mixed homes, and how far each figure is trusted."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.example_areas import FIGURES, PAPER, means, measured
from transforms.areas.demand import HomeDemand, PeakOverMany, measured_home_demand
from transforms.areas.figures import width_2011_m, width_2019_m
from transforms.areas.heat import area_heat, homes_of, peak_kw
from transforms.areas.validation import validate_areas
from transforms.tables.areas import AREA_VALIDATION
from transforms.tables.words import DWELLING_TYPES
from warehouse.areas.built_in import read_built_in

NOT_VALIDATED = AREA_VALIDATION.empty()


def heat(demand: HomeDemand, validation: pl.DataFrame = NOT_VALIDATED) -> pl.DataFrame:
    """Return the heat of the built-in areas."""
    return area_heat(read_built_in().area, [demand], FIGURES, efficiency=0.8, validation=validation)


def test_heat_is_conserved_from_msoas_to_london() -> None:
    sums = heat(PAPER).group_by("level").agg(pl.col("heat_mwh").sum())["heat_mwh"].to_list()
    assert sums == pytest.approx([sums[0]] * 3, rel=1e-9)
    assert sums[0] == pytest.approx(44.5e6, rel=0.01)


def test_half_widths_of_types_add_in_quadrature_and_reach_differently_both_ways() -> None:
    row = heat(measured()).filter(level="london").row(0, named=True)
    homes = homes_of(read_built_in().area.filter(level="london"))[0]
    kwh = np.array([20_000, 16_000, 14_000, 15_000, 10_000])
    below, above = (np.sqrt(((homes * kwh * share) ** 2).sum()) / 1000 for share in (0.1, 0.2))
    assert row["heat_mwh"] == pytest.approx(homes @ kwh / 1000)
    assert row["heat_mwh_ci_low"] == pytest.approx(row["heat_mwh"] - below)
    assert row["heat_mwh_ci_high"] == pytest.approx(row["heat_mwh"] + above)
    assert row["heat_mwh_weather_normal"] == pytest.approx(1.1 * row["heat_mwh"])
    assert row["gas_modelled_mwh"] == pytest.approx(1.1 * row["heat_mwh"] / 0.8 * 3_006_912 / 3_423_841, rel=1e-6)


def test_without_readings_there_is_no_interval_and_it_is_said() -> None:
    rows = heat(PAPER)
    assert rows["heat_mwh_ci_low"].null_count() == len(rows)
    assert rows["confidence"].unique().to_list() == [1]
    assert "no readings" in rows["confidence_reason"][0]
    assert rows["share_measured"].sum() == 0


def test_a_type_that_is_not_published_is_scaled_from_the_others_and_named() -> None:
    demand = measured(without=("bungalow",))
    others = np.array([20_000, 16_000, 14_000, 10_000]).sum() / np.array([18_600, 16_600, 15_000, 10_400]).sum()
    assert demand.heat_kwh[DWELLING_TYPES.index("bungalow")] == pytest.approx(15_900 * others)
    row = heat(demand).filter(level="london").row(0, named=True)
    assert row["types_not_published"] == "bungalow"
    assert 0.9 < row["share_measured"] < 1
    assert heat(measured())["types_not_published"].null_count() == 1036


def test_hours_sum_to_the_year_of_each_type() -> None:
    for demand in (PAPER, measured(), measured(without=("bungalow",))):
        assert demand.hours_kwh.sum(axis=0) == pytest.approx(demand.heat_kwh, rel=1e-6)


def test_the_peak_of_mixed_homes_is_that_of_their_sum_and_falls_with_their_number() -> None:
    demand = measured()
    one_type = np.zeros((1, 5))
    one_type[0, 0] = 100
    mixed = np.full((1, 5), 20.0)
    for homes in (one_type, mixed):
        together = (demand.hours_kwh @ homes[0]).max()
        low, middle, high = (float(kw[0]) for kw in peak_kw(homes, demand))
        assert middle == pytest.approx(together * 5.0 / 4.0 * 6.0 / 5.0)  # diversity of 100, and a colder winter
        assert (low / middle, high / middle) == pytest.approx((0.9, 1.1))
    apart = sum(peak_kw(np.eye(5)[[k]] * 20, demand)[1][0] for k in range(5))
    assert peak_kw(mixed, demand)[1][0] < apart
    per_home = [peak_kw(np.full((1, 5), n / 5), demand)[1][0] / n for n in (5, 50, 500, 50_000)]
    assert per_home == sorted(per_home, reverse=True)


def test_a_peak_between_known_numbers_lies_between_them() -> None:
    peak = PeakOverMany(
        homes=np.array([1.0, 100.0]), low=np.array([1.0, 1]), middle=np.array([3.0, 1]), high=np.array([5.0, 1])
    )
    assert peak.at(np.array([10.0]))[1][0] == pytest.approx(2.0)
    assert peak.at(np.array([0.5, 1e9]))[1].tolist() == [3.0, 1.0]


def test_widths_follow_their_formulas() -> None:
    ratio = np.array([0.1, 0.4, 2.0])
    assert width_2011_m(FIGURES, ratio) == pytest.approx(61.8 * ratio**-0.15)
    assert width_2019_m(FIGURES, ratio) == pytest.approx([18.75, 60.0, 60.0])


def test_trench_and_linear_heat_density_follow_from_the_published_land() -> None:
    row = heat(PAPER).filter(level="msoa").row(0, named=True)
    area_m2 = read_built_in().area.filter(area_id=row["area_id"])["area_km2"][0] * 1e6
    assert row["main_pipe_m_2011"] == pytest.approx(area_m2 / (61.8 * row["plot_ratio"] ** -0.15))
    assert row["heat_mwh_per_m_2019"] == pytest.approx(row["heat_mwh"] / row["main_pipe_m_2019"])
    assert row["density_gwh_per_km2"] == pytest.approx(row["heat_mwh"] / 1000 / (area_m2 / 1e6))


@pytest.mark.parametrize(
    ("demand", "error", "level", "reason"),
    [
        (measured(), 0.05, 5, "published gas is within 5 %"),
        (measured(), -0.2, 4, "published gas differs by 20 %"),
        (measured(), 0.6, 3, "published gas differs by 60 %"),
        (measured(), None, 3, "no gas is published"),
        (measured(without=("flat", "terraced")), 0.05, 2, "% of the heat is of types that are measured"),
        (measured(made_up=True), 0.05, 1, "made up"),
    ],
)
def test_confidence_says_why(demand: HomeDemand, error: float | None, level: int, reason: str) -> None:
    gas = read_built_in().gas.filter(pl.col("year") == 2021)
    judged = validate_areas(gas, [demand], efficiency=0.8).with_columns(error=pl.lit(error, dtype=pl.Float64))
    row = heat(demand, judged.drop_nulls("error")).filter(level="borough").row(0, named=True)
    assert row["confidence"] == level
    assert reason in row["confidence_reason"]


def test_a_band_that_is_not_published_is_null_and_never_a_number() -> None:
    assert heat(measured())["peak_mw_p05"].null_count() == 0
    hidden = replace(measured(), peak=replace(measured().peak, low=np.full(3, np.nan), high=np.full(3, np.nan)))
    for demand in (PAPER, hidden):
        rows = heat(demand)
        assert rows["peak_mw_p05"].null_count() == rows["peak_mw_p95"].null_count() == len(rows)
        assert rows["peak_mw_p50"].is_finite().all()


def test_hours_of_types_are_taken_also_where_those_of_all_homes_are_hidden() -> None:
    published = means(without=("bungalow",))
    hidden = replace(published, profile=published.profile.filter(pl.col("dwelling_type") != "all"))
    demand = measured_home_demand(PAPER, hidden)
    assert demand is not None
    assert demand.hours_of == ("detached", "semi_detached", "terraced", "detached", "flat")
    assert demand.hours_kwh.sum(axis=0) == pytest.approx(demand.heat_kwh)


def published_for(hours: int, *, types: tuple[str, ...]) -> HomeDemand:
    """Return the demands where the profiles of some types have the first hours only."""
    published = means()
    at, cut = pl.col("hour_start_utc"), pl.col("dwelling_type").is_in(types)
    few = published.profile.filter(~cut | (at < at.min() + dt.timedelta(hours=hours)))
    demand = measured_home_demand(PAPER, replace(published, profile=few))
    assert demand is not None
    return demand


@pytest.mark.parametrize("hours", [1, 6, 24, 48])
def test_a_type_with_few_published_hours_follows_all_homes(hours: int) -> None:
    demand = published_for(hours, types=("flat",))
    assert demand.hours_of == ("detached", "semi_detached", "terraced", "bungalow", "all")
    assert demand.hours_kwh.sum(axis=0) == pytest.approx(demand.heat_kwh)


@pytest.mark.parametrize("hours", [1, 6, 24, 48])
def test_where_few_hours_are_published_of_any_homes_the_assumptions_stand_in(hours: int) -> None:
    demand = published_for(hours, types=("all", *DWELLING_TYPES))
    assert demand.hours_of == (None,) * 5
    assert demand.hours_kwh / demand.heat_kwh == pytest.approx(PAPER.hours_kwh / PAPER.heat_kwh)


def test_the_design_peak_does_not_depend_on_the_order_of_the_types() -> None:
    known = means()
    fit = pl.concat(
        known.weather_fit.with_columns(dwelling_type=pl.lit(name), design_peak_hour_heat_kwh=pl.lit(5.1 + n / 3))
        for n, name in enumerate(DWELLING_TYPES)
    )
    demand = known.demand.with_columns(households=pl.Series([11, 23, 37, 41, 53]))
    peaks = set()
    for seed in range(8):
        mixed = replace(known, weather_fit=fit.sample(fraction=1, shuffle=True, seed=seed), demand=demand)
        found = measured_home_demand(PAPER, mixed)
        assert found is not None
        peaks.add(found.design_over_year_peak)
    (peak,) = peaks
    assert peak == pytest.approx(np.average((5.1 + np.arange(5) / 3) / 5, weights=[11, 23, 37, 41, 53]))
