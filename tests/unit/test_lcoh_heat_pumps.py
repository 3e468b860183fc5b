"""COP, flow and ground temperature of an hour, worked by hand."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.lcoh.assumptions.parameters import CopCurve, GroundSource, HeatPumpSink
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.heat_pumps import (
    YEAR_SECONDS,
    cop_of_lift,
    flow_temperature,
    ground_temperature,
    smooth_over_day,
)
from warehouse.cost_figures import read_assumptions

FIGURES = scenario_figures(read_assumptions(), "eep2019")
AIR, GROUND = (FIGURES.record(CopCurve, f"heat_pump_cop_{source}") for source in ("air", "ground"))
SINK = FIGURES.record(HeatPumpSink, "heat_pump_sink")
SOIL = FIGURES.record(GroundSource, "ground_source")
YEAR = pl.datetime_range(
    dt.datetime(2009, 1, 1), dt.datetime(2010, 1, 1), "1h", closed="left", time_unit="us", eager=True
)


def test_the_shipped_curves_are_those_of_ruhnau_to_the_digits_that_he_prints() -> None:
    printed = [(round(c.at_no_lift, 2), round(c.fall_per_k, 2), c.curvature_per_k2) for c in (AIR, GROUND)]
    assert printed == [(6.08, 0.09, 0.0005), (10.29, 0.21, 0.0012)]
    assert (AIR.field_correction, GROUND.field_correction) == (0.85, 0.85)


def test_cop_by_hand_at_a_lift_of_40_k() -> None:
    lift = np.array([40.0])
    assert cop_of_lift(lift, AIR) == pytest.approx(0.85 * (6.0801 - 3.764 + 0.8))
    assert cop_of_lift(lift, GROUND) == pytest.approx(0.85 * (10.288 - 8.336 + 1.92))


def test_below_the_least_lift_the_cop_is_that_of_the_least_lift() -> None:
    assert cop_of_lift(np.array([-5.0, 3.0, 15.0]), AIR).tolist() == [pytest.approx(0.85 * 4.7811)] * 3


@given(st.lists(st.floats(-40, 200), min_size=2, max_size=20))
def test_a_higher_lift_never_gives_a_better_cop(lifts: list[float]) -> None:
    for curve in (AIR, GROUND):
        cop = cop_of_lift(np.sort(np.array(lifts)), curve)
        assert (np.diff(cop) <= 1e-12).all()
        assert (cop > 0).all()


def test_flow_by_hand_and_through_the_points_that_the_line_is_drawn_through() -> None:
    assert flow_temperature(np.array([0.0, 20.0, -4.6]), SINK).tolist() == pytest.approx([46, 20, 51.98])
    assert flow_temperature(np.array([6.28]), SINK)[0] == pytest.approx(37.84, abs=0.01)


def wave_of_the_air(amplitude_k: float) -> np.ndarray:
    angle = 2 * np.pi * YEAR.dt.epoch("s").to_numpy() / YEAR_SECONDS
    return 10 - amplitude_k * np.cos(angle - 0.4)


def test_at_one_damping_depth_the_wave_is_a_third_as_high_and_58_days_late() -> None:
    one_deep = GroundSource(depth_m=2.0, diffusivity_m2_per_s=4 * np.pi / YEAR_SECONDS, brine_below_ground_k=0)
    air, ground = wave_of_the_air(6.0), ground_temperature(YEAR, wave_of_the_air(6.0), one_deep)
    assert np.ptp(ground) / 2 == pytest.approx(6 / np.e, rel=1e-4)
    late_hours = int(ground.argmin()) - int(air.argmin())
    assert late_hours == pytest.approx(365.25 * 24 / (2 * np.pi), abs=1)


def test_ground_at_the_surface_has_the_yearly_wave_of_the_air_and_none_of_its_days() -> None:
    surface = GroundSource(depth_m=0.0, diffusivity_m2_per_s=1e-6, brine_below_ground_k=0)
    daily = 3 * np.cos(2 * np.pi * np.arange(len(YEAR)) / 24)
    ground = ground_temperature(YEAR, wave_of_the_air(6.0) + daily, surface)
    assert np.abs(ground - wave_of_the_air(6.0)).max() < 0.01


def test_the_shipped_ground_swings_as_british_soil_does_at_1_m() -> None:
    swing = np.ptp(ground_temperature(YEAR, wave_of_the_air(6.67), SOIL))
    assert 7.9 <= swing <= 10.3  # seasonal range of 106 stations, Busby 2015
    assert swing == pytest.approx(9.5, abs=0.1)


def test_an_hour_of_heat_is_spread_over_24_and_none_is_lost_at_the_ends() -> None:
    for hour in (0, 5, 40, 71):
        load = np.zeros(72)
        load[hour] = 24.0
        smooth = smooth_over_day(load)
        assert sorted(smooth.round(9)) == [0.0] * 48 + [1.0] * 24
        assert smooth[(hour + np.arange(-11, 13)) % 72] == pytest.approx(np.ones(24))


@given(st.lists(st.floats(0, 20), min_size=48, max_size=96))
def test_smoothing_keeps_the_heat_and_leaves_an_even_load_alone(load: list[float]) -> None:
    assert smooth_over_day(np.array(load)).sum() == pytest.approx(sum(load), abs=1e-9)
    assert smooth_over_day(np.full(len(load), 2.0)) == pytest.approx(np.full(len(load), 2.0))
