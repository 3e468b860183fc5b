"""Seasonal performance: loads split by hand, SPF as heat over electricity, and which SPF a demand gets."""

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.climate.weather_normal import NormalWeather
from transforms.lcoh.assumptions.parameters import CopCurve, IndividualSystem
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import BEST_PRACTICE, WANG2018
from transforms.lcoh.model.heat_pumps import cop_of_lift
from transforms.lcoh.model.measured_rows import replace_rows
from transforms.lcoh.model.performance import (
    RAW,
    SMOOTHED,
    HourlyLoad,
    _rows_of,
    reference_performance,
    seasonal_performance,
    spf_rows,
    split_load,
)
from transforms.lcoh.model.systems import hourly_spf, individual_system
from transforms.tables.cost_analysis import SEASONAL_PERFORMANCE
from transforms.tables.weather import WEATHER_FIT
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

FIGURES = scenario_figures(read_assumptions(), "eep2019")
NORMAL = NormalWeather.from_tables(read_figures)
AIR, GROUND = (FIGURES.record(CopCurve, f"heat_pump_cop_{source}") for source in ("air", "ground"))
HOURS = pl.datetime_range(
    dt.datetime(2009, 1, 1), dt.datetime(2010, 1, 1), "1h", closed="left", time_unit="us", eager=True
)
DAY_OF_HOUR = np.arange(len(HOURS)) // 24


def profile(heat_kwh: float | np.ndarray, temperature_c: float | np.ndarray, *, name: str = "flat") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "dwelling_type": name,
            "period": "2009",
            "hour_start_utc": HOURS,
            "heat_kwh_mean": np.broadcast_to(heat_kwh, len(HOURS)),
            "temperature_c": pl.Series(np.broadcast_to(temperature_c, len(HOURS)), nan_to_null=True),
        }
    )


def fit(hot_water: float | None, cooking: float | None = 0.0, *, name: str = "flat") -> pl.DataFrame:
    row: dict[str, Any] = dict.fromkeys(WEATHER_FIT.schema) | {
        "dwelling_type": name,
        "period": "2009",
        "hot_water_gas_kwh_per_year": hot_water,
        "cooking_gas_kwh_per_year": cooking,
    }
    return pl.DataFrame([row], schema=WEATHER_FIT.schema)


def performance(profile: pl.DataFrame, fit: pl.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    table = seasonal_performance(profile, fit, FIGURES, NORMAL)
    return {(row["source"], row["load"]): row for row in table.iter_rows(named=True)}


# --- SPF --------------------------------------------------------------------------------------------------


def test_an_even_load_at_one_temperature_has_the_cop_of_that_temperature() -> None:
    rows = performance(profile(1.0, 5.0), fit(0.0))
    air = float(cop_of_lift(np.array([46 - 1.3 * 5 - 5]), AIR)[0])
    ground = float(cop_of_lift(np.array([46 - 1.3 * 5 - (5 - 5)]), GROUND)[0])
    for load in (RAW, SMOOTHED):
        for source, cop in (("air", air), ("ground", ground)):
            row = rows[source, load]
            assert [row[name] for name in ("spf", "spf_space", "cop_coldest_hour")] == pytest.approx([cop] * 3)


def test_spf_by_hand_of_cold_days_with_three_times_the_heat_of_mild_ones() -> None:
    cold = DAY_OF_HOUR % 2 == 0  # 183 of 365 days
    rows = performance(profile(np.where(cold, 3.0, 1.0), np.where(cold, 0.0, 10.0)), fit(0.0))
    at_0, at_10 = cop_of_lift(np.array([46.0, 46 - 13.0 - 10]), AIR)
    assert rows["air", RAW]["spf"] == pytest.approx((183 * 3 + 182) / (183 * 3 / at_0 + 182 / at_10))
    assert rows["air", RAW]["cop_coldest_hour"] == pytest.approx(at_0)


def test_spf_by_hand_of_a_load_at_noon_and_of_the_same_load_spread_over_the_day() -> None:
    noon = np.arange(len(HOURS)) % 24 == 12
    rows = performance(profile(np.where(noon, 24.0, 0.0), np.where(noon, 10.0, 0.0)), fit(0.0))
    at_0, at_10 = cop_of_lift(np.array([46.0, 46 - 13.0 - 10]), AIR)
    assert rows["air", RAW]["spf"] == pytest.approx(at_10)
    assert rows["air", SMOOTHED]["spf"] == pytest.approx(24 / (23 / at_0 + 1 / at_10))


def test_hours_without_a_temperature_are_left_out() -> None:
    known = DAY_OF_HOUR % 10 > 0
    heat = np.where(known, 1.0, 50.0)
    rows = performance(profile(heat, np.where(known, 5.0, np.nan)), fit(0.0))
    assert rows["air", RAW]["spf"] == pytest.approx(float(cop_of_lift(np.array([34.5]), AIR)[0]))


def test_a_type_whose_load_cannot_be_split_has_no_row() -> None:
    assert performance(profile(1.0, 5.0), fit(None)) == {}
    assert performance(profile(1.0, 5.0), fit(0.0, name="detached")) == {}
    nothing = seasonal_performance(profile(1.0, 5.0).clear(), fit(0.0), FIGURES, NORMAL)
    assert nothing.schema == pl.Schema(SEASONAL_PERFORMANCE.schema)


@settings(deadline=None)
@given(
    st.lists(st.floats(-8, 14), min_size=24, max_size=24, unique=True),
    st.floats(0.05, 1),
    st.floats(0, 0.4),
)
def test_smoothing_never_lowers_the_spf_of_a_home_that_heats_most_in_the_coldest_hours(
    temperatures: list[float], kwh_per_k: float, water: float
) -> None:
    outdoor = np.tile(temperatures, 365)
    load = HourlyLoad(
        hour_start_utc=HOURS,
        outdoor_c=outdoor,
        space_kwh=kwh_per_k * (15 - outdoor),
        hot_water_kwh=np.full(len(HOURS), water),
    )
    raw, smooth = (
        {row["source"]: row for row in _rows_of(("flat", "2009"), load, FIGURES, (name,))} for name in (RAW, SMOOTHED)
    )
    for source, curve in (("air", AIR), ("ground", GROUND)):
        assert smooth[source]["spf_space"] >= raw[source]["spf_space"] - 1e-9
        assert raw[source]["cop_coldest_hour"] - 1e-9 <= smooth[source]["spf_space"] <= cop_of_lift(np.zeros(1), curve)
        lowest, highest = sorted((raw[source]["spf_space"], raw[source]["spf_hot_water"]))
        assert lowest - 1e-9 <= raw[source]["spf"] <= highest + 1e-9


@pytest.mark.parametrize("water", [0.0, 5e-324, 1e-310, 1e-12])
def test_hot_water_too_little_to_divide_has_the_spf_of_even_hours(water: float) -> None:
    outdoor = np.tile(np.linspace(-5, 10, 24), 365)
    load = HourlyLoad(
        hour_start_utc=HOURS, outdoor_c=outdoor, space_kwh=np.ones(len(HOURS)), hot_water_kwh=outdoor * 0 + water
    )
    found, even = (
        _rows_of(("flat", "2009"), one, FIGURES, (RAW,))[0]
        for one in (load, replace(load, hot_water_kwh=np.ones(len(HOURS))))
    )
    assert found["spf_hot_water"] == pytest.approx(even["spf_hot_water"])
    assert found["spf"] == pytest.approx(found["spf_space"])


# --- hot water apart --------------------------------------------------------------------------------------


def test_hot_water_by_hand_on_a_day_of_one_temperature() -> None:
    at_10 = 1.8248 - 0.0458 * 10
    mean = np.maximum(1.8248 - 0.0458 * NORMAL.effective_c, 0).mean()
    day_kwh = 0.8054 * (4000 * at_10 / mean + 300) / 365.25
    load = split_load(profile(1.0, 10.0), fit(4000.0, 300.0).row(0, named=True), FIGURES, NORMAL)
    assert load.hot_water_kwh == pytest.approx(np.full(8760, day_kwh / 24))
    assert load.space_kwh == pytest.approx(np.full(8760, 1 - day_kwh / 24))


def test_hot_water_never_exceeds_the_heat_of_an_hour_and_with_space_heat_makes_it_up() -> None:
    heat = np.random.default_rng(1).gamma(0.5, 1.0, len(HOURS)) * (DAY_OF_HOUR % 7 > 0)
    temperature = 10 - 8 * np.cos(2 * np.pi * DAY_OF_HOUR / 365)
    load = split_load(profile(heat, temperature), fit(4000.0, 300.0).row(0, named=True), FIGURES, NORMAL)
    assert load.space_kwh + load.hot_water_kwh == pytest.approx(heat)
    assert load.space_kwh.min() >= 0
    assert load.hot_water_kwh.min() >= 0


def test_hot_water_costs_performance() -> None:
    without, with_water = (performance(profile(1.5, 8.0), fit(water))["air", RAW] for water in (0.0, 4000.0))
    assert with_water["spf_space"] == pytest.approx(without["spf_space"])
    assert with_water["spf_hot_water"] == pytest.approx(float(cop_of_lift(np.array([55 - 8.0]), AIR)[0]))
    assert with_water["spf"] < without["spf"]


# --- beside the field trials, and the load that stands in -------------------------------------------------


def test_field_trials_stand_beside_each_source() -> None:
    rows = performance(profile(1.0, 5.0), fit(0.0))
    assert (rows["air", RAW]["field_low"], rows["air", RAW]["field_high"]) == (2.44, 2.81)
    assert (rows["ground", RAW]["field_low"], rows["ground", RAW]["field_high"]) == (2.71, 3.24)


def test_the_spf_of_the_reference_load_is_close_to_british_trials() -> None:
    table = reference_performance(FIGURES, NORMAL)
    assert table.schema == pl.Schema(SEASONAL_PERFORMANCE.schema)
    assert table.select("dwelling_type", "period", "load").unique().rows() == [("all", "normal", SMOOTHED)]
    for row in table.iter_rows(named=True):
        assert row["field_low"] < row["spf"] < 1.05 * row["field_high"]
        assert row["spf_hot_water"] < row["spf"] < row["spf_space"]
    by_share = table.select(water=0.22 / pl.col("spf_hot_water"), space=0.78 / pl.col("spf_space"), spf="spf")
    assert by_share.select(1 / (pl.col("water") + pl.col("space"))).to_series().to_list() == pytest.approx(
        by_share["spf"].to_list()
    )


# --- which SPF a demand gets ------------------------------------------------------------------------------


def seasonal() -> pl.DataFrame:
    blank: dict[str, Any] = dict.fromkeys(SEASONAL_PERFORMANCE.schema, 1.0) | {"load": SMOOTHED}
    named = [
        ("flat", "2009", "air", 2.5),
        ("all", "2009", "air", 2.7),
        ("all", "normal", "air", 2.8),
        ("flat", "2009", "ground", 3.1),
    ]
    rows = [blank | dict(zip(("dwelling_type", "period", "source", "spf"), row, strict=True)) for row in named]
    raw = [row | {"load": RAW, "spf": 9.0} for row in rows]
    return pl.DataFrame([*rows, *raw], schema=SEASONAL_PERFORMANCE.schema)


def measured(system: str, *types: str) -> list[float]:
    rows = replace_rows(read_assumptions(), spf_rows(seasonal(), period="2009"))
    return [float(spf) for spf in np.asarray(hourly_spf(scenario_figures(rows, "eep2019"), system, types))]


def test_homes_get_the_spf_of_their_type_else_of_all_homes_else_of_the_reference() -> None:
    assert measured("ashp", "terraced", "flat", "all", "flat") == [2.7, 2.5, 2.7, 2.5]
    assert measured("gshp", "terraced", "flat") == [FIGURES.one("gshp", "hourly_spf"), 3.1]
    assert hourly_spf(FIGURES, "ashp", "flat") == FIGURES.one("ashp", "hourly_spf")


def test_the_convention_decides_whose_spf_is_taken() -> None:
    figures = scenario_figures(replace_rows(read_assumptions(), spf_rows(seasonal(), period="2009")), "eep2019")
    hourly = individual_system(figures, BEST_PRACTICE, "ashp", dwelling_types=["flat", "terraced"])
    assert np.asarray(hourly.efficiency).tolist() == [2.5, 2.7]
    assert replace(hourly, efficiency=3.0) == figures.record(IndividualSystem, "ashp")
    assert individual_system(figures, WANG2018, "ashp", dwelling_types=["flat"]).efficiency == 3.0
    assert individual_system(figures, BEST_PRACTICE, "gas_boiler", dwelling_types=["flat"]).efficiency == 0.94


def test_without_a_table_a_heat_pump_has_the_one_hourly_spf_of_the_assumptions() -> None:
    given = FIGURES.one("ashp", "hourly_spf")
    assert 2.4 < given < 3.0
    assert individual_system(FIGURES, BEST_PRACTICE, "ashp").efficiency == given
    assert individual_system(FIGURES, WANG2018, "ashp").efficiency == 3.0
