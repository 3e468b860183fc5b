"""Plant of a network and systems of homes, sized by their load."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.lcoh.assumptions.parameters import DesignLoad, IndividualSystem, PlantSizing, ThermalStore
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import BEST_PRACTICE, CONVENTIONS, WANG2018
from transforms.lcoh.model.load_shape import LoadShape, load_shape
from transforms.lcoh.model.plant import heat_pump_mwh, size_plant
from transforms.lcoh.model.sizing import heat_loss_load_kw, size_system
from transforms.lcoh.model.systems import individual_system
from warehouse.cost_figures import read_assumptions

FIGURES = scenario_figures(read_assumptions(), "eep2019")
SHAPE = load_shape(FIGURES)
STORE = FIGURES.record(ThermalStore, "network_store")
HALF = PlantSizing(heat_pump_share_of_peak=0.5)
# nights of 0.5 and days of 1.5 times the mean
TWO_LEVELS = LoadShape.from_hours(np.tile(np.repeat([0.5, 1.5], 12), 365))


# --- a network's plant --------------------------------------------------------------------------------------


def test_heat_pump_store_and_peak_plant_by_hand() -> None:
    # 87,600 kWh a year: 10 kW in the mean, 15 kW by day, 5 by night; pipes lose 1 kW
    plant = size_plant(
        HALF, replace(STORE, hours_of_heat_pump=3.0), TWO_LEVELS, dwellings=5.0, demand_kwh=87_600.0, loss_kw=1.0
    )
    assert plant.peak_kw == pytest.approx(15)
    assert plant.heat_pump_kw == pytest.approx(0.5 * (15 + 1))
    assert plant.store_kwh == pytest.approx(24)
    assert plant.peak_plant_kw == pytest.approx(15 - 24 / 12 + 1 - 8)  # the store shaves 2 kW off 12 hours
    # spare of the loss, 7 kW: 2 are free by night, 24 kWh a day, which fill the store for a day that lacks 96
    made = heat_pump_mwh(plant, TWO_LEVELS, demand_kwh=87_600.0, loss_kw=1.0)
    assert made == pytest.approx(365 * (24 * 1 + 12 * 5 + 12 * 7 + 24) / 1000)


def test_a_severe_winter_needs_more_plant_and_makes_no_more_heat() -> None:
    mild = size_plant(HALF, STORE, SHAPE, dwellings=100.0, demand_kwh=1.52e6, loss_kw=30.0)
    severe = size_plant(
        HALF,
        STORE,
        replace(SHAPE, design_over_year_peak=1.5 * SHAPE.design_over_year_peak),
        dwellings=100.0,
        demand_kwh=1.52e6,
        loss_kw=30.0,
    )
    assert severe.peak_kw == pytest.approx(1.5 * np.asarray(mild.peak_kw))
    assert np.asarray(severe.peak_plant_kw) > np.asarray(mild.peak_plant_kw)


def test_a_heat_pump_smaller_than_the_loss_runs_at_full_output() -> None:
    plant = replace(
        size_plant(HALF, STORE, TWO_LEVELS, dwellings=1.0, demand_kwh=87_600.0, loss_kw=1.0),
        heat_pump_kw=0.4,
        store_kwh=0.0,
    )
    assert heat_pump_mwh(plant, TWO_LEVELS, demand_kwh=87_600.0, loss_kw=1.0) == pytest.approx(0.4 * 8.76)


@settings(max_examples=60, deadline=None)
@given(
    dwellings=st.integers(1, 20_000),
    demand=st.floats(2_000, 40_000),
    share=st.floats(0, 1),
    hours=st.floats(0, 12),
    loss=st.floats(0, 1),
)
def test_plant_meets_the_peak_and_the_heat_pump_makes_part_of_the_heat(
    dwellings: int, demand: float, share: float, hours: float, loss: float
) -> None:
    heat_kwh, loss_kw = demand * dwellings, loss * dwellings
    plant = size_plant(
        PlantSizing(heat_pump_share_of_peak=share),
        replace(STORE, hours_of_heat_pump=hours),
        SHAPE,
        dwellings=float(dwellings),
        demand_kwh=heat_kwh,
        loss_kw=loss_kw,
    )
    firm = np.asarray(plant.heat_pump_kw) + plant.peak_plant_kw
    assert firm * 24 + plant.store_kwh >= (np.asarray(plant.peak_kw) + loss_kw) * (1 - 1e-12)
    made = float(heat_pump_mwh(plant, SHAPE, demand_kwh=heat_kwh, loss_kw=loss_kw))
    assert -1e-9 <= made <= (heat_kwh / 1000 + loss_kw * 8.76) * (1 + 1e-12)
    bigger = replace(plant, heat_pump_kw=np.asarray(plant.heat_pump_kw) * 1.1)
    assert float(heat_pump_mwh(bigger, SHAPE, demand_kwh=heat_kwh, loss_kw=loss_kw)) >= made * (1 - 1e-12)


def test_homes_together_need_less_each_than_one_alone() -> None:
    homes = np.array([1.0, 10, 100, 1000, 20_000])
    plant = size_plant(HALF, STORE, SHAPE, dwellings=homes, demand_kwh=15_200 * homes, loss_kw=0.35 * homes)
    each = np.asarray(plant.heat_pump_kw) / homes
    assert (np.diff(each) < 0).all()
    assert each[0] > 1.5 * each[-1]


# --- one home -----------------------------------------------------------------------------------------------


def test_the_load_on_a_cold_day_by_hand() -> None:
    design = DesignLoad(indoor_c=21, outdoor_c=-3, reference_demand_kwh=15_200)
    assert heat_loss_load_kw(design, heat_loss_w_per_k=np.array([100.0, 250])) == pytest.approx([2.4, 6])


def test_capital_grows_with_size_from_the_smallest_on_sale() -> None:
    pump = IndividualSystem(
        capital_gbp=7000, om_gbp_per_year=90, efficiency=3, lifetime_years=20, capital_gbp_per_kw=750, least_kw=3.5
    )
    sized = size_system(pump, design_kw=np.array([1.0, 3.5, 6, 10]), reference_kw=6.0)
    assert sized.capital_gbp == pytest.approx([5125, 5125, 7000, 10_000])
    assert sized.om_gbp_per_year == 90


def test_the_paper_s_average_home_pays_the_paper_s_capital() -> None:
    for system, capital in (("gas_boiler", 2500), ("ashp", 7000), ("gshp", 13_000)):
        assert individual_system(FIGURES, BEST_PRACTICE, system, demand_kwh=15_200.0).capital_gbp == pytest.approx(
            capital
        )
        one_size = individual_system(FIGURES, WANG2018, system, demand_kwh=np.array([3e3, 4e4]))
        assert one_size.capital_gbp == capital


def test_a_measured_heat_loss_counts_before_the_demand() -> None:
    of_loss = individual_system(
        FIGURES, BEST_PRACTICE, "ashp", demand_kwh=15_200.0, heat_loss_w_per_k=np.array([400.0])
    )
    reference_kw = 16.8244 * 15.2 * 24 / 1000
    assert of_loss.capital_gbp == pytest.approx([7000 + 750 * (9.6 - reference_kw)], rel=1e-4)


def test_sizing_keeps_the_shape_of_the_homes_and_rises_with_demand() -> None:
    demand = np.linspace(2_000, 40_000, 12).reshape(3, 4)
    for system in ("ashp", "gshp"):
        capital = np.asarray(individual_system(FIGURES, BEST_PRACTICE, system, demand_kwh=demand).capital_gbp)
        assert capital.shape == (3, 4)
        assert (np.diff(capital.ravel()) >= 0).all()


def test_a_home_of_our_private_reading_pays_vat_on_its_own_size() -> None:
    private = CONVENTIONS["best_practice_private"]
    taxed, untaxed = (
        float(np.asarray(individual_system(FIGURES, reading, "ashp", demand_kwh=30_000.0).capital_gbp))
        for reading in (private, BEST_PRACTICE)
    )
    assert taxed == pytest.approx(1.05 * untaxed)
