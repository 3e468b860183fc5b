"""Buried pipes: diameter, cost and loss by hand, and how they move."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.pipes import loss_w_per_m, mean_diameter_m, network_loss_kw, read_pipes, trench_gbp_per_m
from warehouse.cost_figures import read_assumptions

PIPES = read_pipes(scenario_figures(read_assumptions(), "eep2019"))


def test_the_diameter_follows_linear_heat_density() -> None:
    # 1.52 MWh/m = 5.472 GJ/m: 0.0486 ln 5.472 + 0.0007
    assert mean_diameter_m(PIPES.law, heat_mwh_per_m=1.52) == pytest.approx(0.0486 * 1.69963 + 0.0007, abs=1e-6)
    assert mean_diameter_m(PIPES.law, heat_mwh_per_m=np.array([0.0, 0.4])) == pytest.approx([0.02, 0.02])


def test_the_trench_costs_by_its_diameter() -> None:
    assert trench_gbp_per_m(PIPES.law, diameter_m=0.1) == pytest.approx(187.6 + 394.9)
    at_ten_metres_a_home = trench_gbp_per_m(PIPES.law, diameter_m=mean_diameter_m(PIPES.law, heat_mwh_per_m=1.52))
    assert at_ten_metres_a_home == pytest.approx(517, abs=0.5)  # 468 in Wang 2018; 500 to 1,100 in DECC's calculator


def test_the_loss_of_dn_80_by_hand() -> None:
    # steel 88.9 mm, casing 180 mm, axes 330 mm apart and 900 mm deep, 55 degC in the mean over soil of 10.2 degC
    foam = math.log(180 / 88.9) / (2 * math.pi * 0.029)
    soil = math.log(4 * 900 / 180) / (2 * math.pi * 1.5)
    other = math.log(1 + (1800 / 330) ** 2) / (4 * math.pi * 1.5)
    assert (foam, soil, other) == pytest.approx((3.8716, 0.31786, 0.18175), rel=1e-4)
    loss = loss_w_per_m(PIPES, diameter_m=0.0825)
    assert loss == pytest.approx(2 * (55 - 10.2) / (foam + soil + other))
    assert loss == pytest.approx(20.5, abs=0.05)


def test_mains_and_branches_lose_at_all_hours() -> None:
    branch = float(loss_w_per_m(PIPES, diameter_m=PIPES.law.branch_diameter_m))
    main = float(loss_w_per_m(PIPES, diameter_m=0.0825))
    loss = network_loss_kw(PIPES, main_m=1000.0, diameter_m=0.0825, branches_m=1330.0)
    assert loss == pytest.approx((1000 * main + 1330 * branch) / 1000)


def test_foam_of_half_the_conductivity_nearly_halves_the_loss_and_cooler_water_loses_in_proportion() -> None:
    base = float(loss_w_per_m(PIPES, diameter_m=0.1))
    better = replace(PIPES, law=replace(PIPES.law, insulation_w_per_m_k=0.0145))
    assert 0.5 < float(loss_w_per_m(better, diameter_m=0.1)) / base < 0.6
    cooler = replace(PIPES, law=replace(PIPES.law, flow_c=55.0, return_c=25.0))
    assert float(loss_w_per_m(cooler, diameter_m=0.1)) / base == pytest.approx((40 - 10.2) / (55 - 10.2))


@given(low=st.floats(0.01, 60), factor=st.floats(1, 5))
def test_denser_heat_means_wider_and_dearer_pipes(low: float, factor: float) -> None:
    narrow, wide = (float(mean_diameter_m(PIPES.law, heat_mwh_per_m=q)) for q in (low, low * factor))
    assert wide >= narrow >= PIPES.law.least_diameter_m
    assert trench_gbp_per_m(PIPES.law, diameter_m=wide) >= trench_gbp_per_m(PIPES.law, diameter_m=narrow)


def test_every_size_loses_less_per_metre_than_the_largest_and_casings_hold_their_pipes() -> None:
    sizes = PIPES.sizes
    assert (np.diff(sizes.inner_m) > 0).all()
    assert (sizes.inner_m < sizes.steel_m).all()
    assert (sizes.steel_m < sizes.casing_m).all()
    losses = np.asarray(loss_w_per_m(PIPES, diameter_m=sizes.inner_m))
    assert losses.max() == losses[-1]
