"""A network built by its load: each option, and what it costs."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plain_network import build
from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.parameters import HeatNetwork
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import BEST_PRACTICE, WANG2018, Convention
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.load_shape import LoadShape
from transforms.lcoh.model.networks import build_network, network_capital, network_flows, network_parts, with_loss_share
from transforms.lcoh.model.plant import heat_pump_mwh
from transforms.lcoh.model.plant_as_built import Change, network_cost
from transforms.lcoh.model.systems import energy_of, missing_series
from transforms.lcoh.results.table import lcoh_table
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
FIGURES = scenario_figures(ASSUMPTIONS, "eep2019")
NETWORK = FIGURES.record(HeatNetwork, "network")
PARTS = network_parts(FIGURES, BEST_PRACTICE)
SIZES = np.array([100.0, 300, 1000, 3000, 20_000])
GAS = replace(BEST_PRACTICE, peak_plant="gas_boiler")


def cost(
    reading: Convention = BEST_PRACTICE, dwellings: float = 1000, demand_kwh: float = 15_200, **given: float
) -> float:
    change = Change(**{name: value for name, value in given.items() if name != "main_pipe_m"})
    return float(
        network_cost(
            FIGURES,
            reading,
            dwellings=dwellings,
            demand_kwh=demand_kwh,
            change=change,
            main_pipe_m=given.get("main_pipe_m"),
        ).total
    )


def test_a_network_of_ours_has_heat_pump_peak_plant_store_and_connections_bought_again() -> None:
    built = build_network(NETWORK, dwellings=100.0, demand_kwh=15_200.0, convention=BEST_PRACTICE, parts=PARTS)
    capital = {
        p: float(c) for p, c in network_capital(NETWORK, dwellings=100.0, convention=BEST_PRACTICE, built=built).items()
    }
    flows = network_flows(
        NETWORK,
        energy_of(FIGURES, BEST_PRACTICE, system="network"),
        dwellings=100.0,
        demand_kwh=15_200.0,
        convention=BEST_PRACTICE,
        built=built,
    )
    connections = capital["hiu"] + capital["dwelling_meter"] + capital["building_meter"]
    assert connections == pytest.approx(100 * (1075 + 579) + 3343)
    spent = {year: float(gbp) for year, gbp in enumerate(flows.capital_gbp) if abs(gbp) > 1e-6}
    assert spent == pytest.approx(
        {
            0: sum(capital.values()),
            20: connections + capital["peak_plant"],
            25: capital["heat_pump"],
            40: connections + capital["peak_plant"] + capital["store"],
            50: -(connections + capital["peak_plant"]) / 2 - 0.75 * capital["store"],
        }
    )


def test_what_is_produced_is_what_is_delivered_and_the_loss_of_the_pipes() -> None:
    built = build_network(NETWORK, dwellings=SIZES, demand_kwh=15_200.0, convention=BEST_PRACTICE, parts=PARTS)
    flows = network_flows(
        NETWORK,
        energy_of(FIGURES, BEST_PRACTICE, system="network"),
        dwellings=SIZES,
        demand_kwh=15_200.0,
        convention=BEST_PRACTICE,
        built=built,
    )
    lost = flows.heat_produced_mwh[:, 1] - flows.heat_delivered_mwh[:, 1]
    assert lost == pytest.approx(np.asarray(built.loss_kw) * 8.76)
    share = lost / flows.heat_produced_mwh[:, 1]
    assert share == pytest.approx(np.full(5, 0.1674), abs=1e-3)  # beside the flat 20 % of the paper


def test_half_of_the_peak_makes_nearly_all_of_the_heat() -> None:
    built = build_network(NETWORK, dwellings=1000.0, demand_kwh=15_200.0, convention=BEST_PRACTICE, parts=PARTS)
    assert built.plant
    made = heat_pump_mwh(built.plant, PARTS.shape, demand_kwh=15.2e6, loss_kw=built.loss_kw or 0.0)
    produced = 15_200 + np.asarray(built.loss_kw) * 8.76
    assert made / produced == pytest.approx(0.988, abs=2e-3)
    without = replace(PARTS, store=replace(PARTS.store, hours_of_heat_pump=0.0))
    bare = build_network(NETWORK, dwellings=1000.0, demand_kwh=15_200.0, convention=BEST_PRACTICE, parts=without)
    assert bare.plant
    less = heat_pump_mwh(bare.plant, PARTS.shape, demand_kwh=15.2e6, loss_kw=bare.loss_kw or 0.0)
    assert 0.85 < float(less / produced) < 0.95


def test_the_second_implementation_builds_the_same_network() -> None:
    def get(item: str, parameter: str) -> float:
        return FIGURES.one(item, parameter)

    for dwellings, demand_kwh in ((1, 4_000.0), (100, 15_200.0), (20_000, 9_000.0)):
        plain = build(get, dwellings, demand_kwh)
        ours = build_network(
            NETWORK, dwellings=float(dwellings), demand_kwh=demand_kwh, convention=BEST_PRACTICE, parts=PARTS
        )
        assert ours.heat_pump_kw == pytest.approx(plain.heat_pump_kw, rel=1e-12)
        assert ours.loss_kw == pytest.approx(plain.loss_kw, rel=1e-12)


# --- each rule is an option ---------------------------------------------------------------------------------


def test_a_mapped_length_is_asked_for_and_costs_by_its_metres() -> None:
    mapped = replace(BEST_PRACTICE, main_pipe="mapped_length")
    with pytest.raises(AssumptionError, match="best_practice takes the main pipe from a map: give main_pipe_m"):
        cost(mapped)
    assert cost(mapped, main_pipe_m=10_000) == pytest.approx(cost())
    assert cost(mapped, main_pipe_m=4_900) < cost() - 5


def test_a_fixed_length_shows_the_economy_of_scale_that_a_length_per_home_has_not() -> None:
    fixed = replace(BEST_PRACTICE, main_pipe="fixed_length")
    assert cost(fixed, 100) - cost(fixed, 20_000) > 10
    assert 0 < cost(BEST_PRACTICE, 100) - cost(BEST_PRACTICE, 20_000) < 1


def test_each_of_our_rules_can_go_back_to_the_paper_s() -> None:
    back = {
        "loss_rule": "share_of_produced",
        "network_sizing": "kw_per_dwelling",
        "pipe_cost": "per_metre",
        "replaces_connections": False,
    }
    for field, value in back.items():
        assert cost(replace(BEST_PRACTICE, **{field: value})) != pytest.approx(cost(), abs=1e-3), field
    papers = replace(BEST_PRACTICE, **back, main_pipe="fixed_length", individual_sizing="one_size")
    kw = build_network(NETWORK, dwellings=100.0, convention=papers)
    assert (kw.heat_pump_kw, kw.main_pipe_m, kw.main_pipe_gbp_per_m, kw.plant) == (370, 1000, 468, None)


def test_a_gas_boiler_for_the_peak_burns_gas_and_needs_its_price() -> None:
    gas_parts = network_parts(FIGURES, GAS)
    assert gas_parts.peak_gas
    built = build_network(NETWORK, dwellings=1000.0, demand_kwh=15_200.0, convention=GAS, parts=gas_parts)
    assert built.plant
    assert PARTS.peak_gas is None
    made = heat_pump_mwh(built.plant, gas_parts.shape, demand_kwh=15.2e6, loss_kw=built.loss_kw or 0.0)
    burnt_mwh = (15_200 + np.asarray(built.loss_kw) * 8.76 - made) / 0.93
    electricity = energy_of(FIGURES, GAS, system="network")
    flows = network_flows(NETWORK, electricity, dwellings=1000.0, demand_kwh=15_200.0, convention=GAS, parts=gas_parts)
    drawn_mwh = made / 3.6 + 0.019 * 15_200
    expected = drawn_mwh * electricity.price_gbp_per_mwh + burnt_mwh * gas_parts.peak_gas.price_gbp_per_mwh
    assert flows.fuel_gbp[1:] == pytest.approx(expected)
    assert abs(cost(GAS) - cost()) < 1
    lacking = missing_series(scenario_figures(ASSUMPTIONS, "paper_fit"), GAS)
    assert lacking == {"network": ["gas_services.price_gbp_per_mwh"]}


def test_a_convention_that_sizes_by_load_asks_for_what_it_needs() -> None:
    with pytest.raises(AssumptionError, match="best_practice sizes networks by their demand and parts"):
        network_capital(NETWORK, dwellings=100.0, convention=BEST_PRACTICE)


def test_a_measured_shape_replaces_the_made_up_one() -> None:
    flat = LoadShape.from_hours(np.ones(8760))
    rows = paper_demand(ASSUMPTIONS)
    made_up, measured = (
        lcoh_table(rows, ASSUMPTIONS, scenario="eep2019", convention="best_practice", shape=shape).filter(
            pl.col("scale") == "large"
        )
        for shape in (None, flat)
    )
    capital = "initial_capital_gbp_per_dwelling"
    # a flat load of 15,200 kWh and 349 W of loss: half of 2.08 kW of heat pump instead of 4.25, hardly a peak
    assert made_up[capital].item() - measured[capital].item() > 1500 * (4.25 - 1.05)
    assert measured["fuel_gbp_per_mwh"].item() > made_up["fuel_gbp_per_mwh"].item()  # half of it by boiler


def test_another_loss_share_holds_where_pipes_decide_the_loss() -> None:
    built = build_network(NETWORK, dwellings=10.0, demand_kwh=8_760.0, convention=BEST_PRACTICE, parts=PARTS)
    lossy = with_loss_share(built, 0.2, dwellings=10.0, demand_kwh=8_760.0)
    assert lossy.loss_kw == pytest.approx(10 * 0.25)
    papers = build_network(NETWORK, dwellings=10.0, convention=WANG2018)
    assert with_loss_share(papers, 0.3, dwellings=10.0, demand_kwh=8_760.0) is papers


# --- how results move ---------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(dwellings=st.integers(1, 20_000), demand=st.floats(3_000, 40_000))
def test_longer_or_worse_insulated_pipes_and_dearer_plant_cost_more(dwellings: int, demand: float) -> None:
    base = cost(BEST_PRACTICE, dwellings, demand)
    dearer = [
        "network.main_pipe_m_per_dwelling=12",
        "pipe.insulation_w_per_m_k=0.05",
        "pipe.flow_c=90",
        "network.heat_pump_capital_gbp_per_kw=1800",
        "network_electric_boiler.capital_gbp_per_kw=100",
        "network_store.capital_gbp_per_kwh=40",
        "load.design_over_year_peak=1.3",
    ]
    for setting in dearer:
        figures = scenario_figures(override(ASSUMPTIONS, [setting], scenario="eep2019"), "eep2019")
        changed = network_cost(figures, BEST_PRACTICE, dwellings=float(dwellings), demand_kwh=demand).total
        assert float(changed) > base, setting


def test_plant_stays_as_it_was_built_when_demand_changes() -> None:
    half = cost(demand_factor=0.5)
    rebuilt = cost(demand_kwh=7_600)
    assert half > rebuilt > cost()


def test_ten_thousand_networks_at_once_are_each_as_one_alone() -> None:
    demand = np.linspace(4_000, 30_000, 10_000)
    many = np.asarray(network_cost(FIGURES, BEST_PRACTICE, dwellings=500.0, demand_kwh=demand).total)
    assert many.shape == (10_000,)
    for n in (0, 4_321, 9_999):
        assert many[n] == pytest.approx(cost(dwellings=500, demand_kwh=demand[n]), rel=1e-12)
