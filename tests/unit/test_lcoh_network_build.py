"""A network built by its load: each option and its cost."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plain_network import build as plain_build
from transforms.climate.weather_normal import NormalWeather
from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures
from transforms.lcoh.model.conventions import BEST_PRACTICE, WANG2018, Convention, find_convention
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.load_shape import LoadShape
from transforms.lcoh.model.networks import BuiltNetwork, LoadPlant, network_capital, with_loss_share
from transforms.lcoh.model.performance import reference_load
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.plant import heat_pump_mwh
from transforms.lcoh.model.systems import energy_of, missing_series
from transforms.lcoh.model.what_if import Built, Case, Change, build
from transforms.lcoh.results.table import lcoh_table
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

ASSUMPTIONS = read_assumptions()
FIGURES = scenario_figures(ASSUMPTIONS, "eep2019")
SIZES = np.array([100.0, 300, 1000, 3000, 20_000])
GAS = replace(BEST_PRACTICE, peak_plant="gas_boiler")


def built(
    place: Place,
    reading: Convention = BEST_PRACTICE,
    demand_kwh: float | np.ndarray = 15_200.0,
    figures: ScenarioFigures = FIGURES,
) -> Built:
    return build(Case(figures=figures, convention=reading, system="network", demand_kwh=demand_kwh, place=place))


def own(one: Built) -> BuiltNetwork:
    assert isinstance(one.own, BuiltNetwork)
    return one.own


def plant_of(one: Built) -> LoadPlant:
    plant = own(one).load_plant
    assert plant
    return plant


def made_mwh(one: Built) -> float:
    plant, loss_kw = plant_of(one), own(one).loss_kw
    assert loss_kw is not None
    return float(heat_pump_mwh(plant.sizes, plant.shape, demand_kwh=15.2e6, loss_kw=loss_kw))


def cost(
    reading: Convention = BEST_PRACTICE, dwellings: float = 1000, demand_kwh: float = 15_200, **change: float
) -> float:
    return float(built(Place.of_homes(dwellings), reading, demand_kwh).cost(Change(**change)).total)


def test_a_network_of_ours_has_heat_pump_peak_plant_store_and_connections_bought_again() -> None:
    one = built(Place.of_homes(100.0))
    capital = {part: float(gbp) for part, gbp in network_capital(own(one)).items()}
    flows = one.flows()
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


def test_produced_heat_is_delivered_heat_plus_the_loss_of_the_pipes() -> None:
    one = built(Place.of_homes(SIZES))
    flows = one.flows()
    lost = flows.heat_produced_mwh[:, 1] - flows.heat_delivered_mwh[:, 1]
    assert lost == pytest.approx(np.asarray(own(one).loss_kw) * 8.76)
    share = lost / flows.heat_produced_mwh[:, 1]
    assert share == pytest.approx(np.full(5, 0.1674), abs=1e-3)  # beside the flat 20 % of the paper


def test_half_of_the_peak_makes_nearly_all_of_the_heat() -> None:
    one = built(Place.of_homes(1000.0))
    produced = 15_200 + np.asarray(own(one).loss_kw) * 8.76
    assert made_mwh(one) / produced == pytest.approx(0.988, abs=2e-3)
    without = override(ASSUMPTIONS, ["network_store.hours_of_heat_pump=0"], scenario="eep2019")
    bare = built(Place.of_homes(1000.0), figures=scenario_figures(without, "eep2019"))
    assert 0.85 < made_mwh(bare) / produced < 0.95


def test_the_second_implementation_builds_the_same_network() -> None:
    def get(item: str, parameter: str) -> float:
        return FIGURES.one(item, parameter)

    for dwellings, demand_kwh in ((1, 4_000.0), (100, 15_200.0), (20_000, 9_000.0)):
        plain = plain_build(get, dwellings, demand_kwh)
        ours = own(built(Place.of_homes(float(dwellings)), demand_kwh=demand_kwh))
        assert ours.heat_pump_kw == pytest.approx(plain.heat_pump_kw, rel=1e-12)
        assert ours.loss_kw == pytest.approx(plain.loss_kw, rel=1e-12)


# --- each rule is an option ---------------------------------------------------------------------------------


def test_a_mapped_length_is_asked_for_and_costs_by_its_metres() -> None:
    mapped = replace(BEST_PRACTICE, main_pipe="mapped_length")
    with pytest.raises(AssumptionError, match="best_practice takes the main pipe from a map: give the place"):
        cost(mapped)
    metres = [Place(homes={"all": 1000.0}, main_pipe_m=m) for m in (10_000, 4_900)]
    by_map = [float(built(place, mapped).cost().total) for place in metres]
    assert by_map[0] == pytest.approx(cost())
    assert by_map[1] < cost() - 5


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
    kw = own(built(Place.of_homes(100.0), papers))
    assert (kw.heat_pump_kw, kw.main_pipe_m, kw.trench_gbp_per_m, kw.load_plant) == (370, 1000, 468, None)


def test_a_gas_boiler_for_the_peak_burns_gas_and_needs_its_price() -> None:
    one = built(Place.of_homes(1000.0), GAS)
    assert set(one.energy) == {"electricity", "gas"}
    assert set(built(Place.of_homes(1000.0)).energy) == {"electricity"}
    made = made_mwh(one)
    burnt_mwh = (15_200 + np.asarray(own(one).loss_kw) * 8.76 - made) / 0.93
    electricity, gas = (energy_of(FIGURES, GAS, system="network", carrier=c) for c in ("electricity", "gas"))
    drawn_mwh = made / 3.6 + 0.019 * 15_200
    expected = drawn_mwh * electricity.price_gbp_per_mwh + burnt_mwh * gas.price_gbp_per_mwh
    assert one.flows().fuel_gbp[1:] == pytest.approx(expected)
    assert abs(cost(GAS) - cost()) < 1
    lacking = missing_series(scenario_figures(ASSUMPTIONS, "paper_fit"), GAS)
    assert lacking == {"network": ["gas_services.price_gbp_per_mwh"]}


def test_a_measured_shape_replaces_the_made_up_one() -> None:
    flat = LoadShape.from_hours(np.ones(8760))
    rows = paper_demand(ASSUMPTIONS)
    made_up, measured = (
        lcoh_table(
            rows,
            ASSUMPTIONS,
            scenario="eep2019",
            convention="best_practice",
            place=Place(homes={"all": 1000.0}, load=load),
        ).filter(system="network", dwelling_type="all")
        for load in (None, flat)
    )
    capital = "initial_capital_gbp_per_dwelling"
    # a flat load of 15,200 kWh and 349 W of loss: half of 2.08 kW of heat pump instead of 4.25, hardly a peak
    assert made_up[capital].item() - measured[capital].item() > 1500 * (4.25 - 1.05)
    assert measured["fuel_gbp_per_mwh"].item() > made_up["fuel_gbp_per_mwh"].item()  # half of it by boiler


def test_another_loss_share_holds_where_pipes_decide_the_loss() -> None:
    lossy = with_loss_share(own(built(Place.of_homes(10.0), demand_kwh=8_760.0)), 0.2, demand_kwh=8_760.0)
    assert lossy.loss_kw == pytest.approx(10 * 0.25)
    papers = with_loss_share(own(built(Place.of_homes(10.0), WANG2018)), 0.3, demand_kwh=8_760.0)
    assert papers.loss_kw is None
    assert papers.network.distribution_loss_share == 0.3


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
        changed = built(Place.of_homes(float(dwellings)), demand_kwh=demand, figures=figures).cost().total
        assert float(changed) > base, setting


def test_plant_stays_as_it_was_built_when_demand_changes() -> None:
    half = cost(demand_factor=0.5)
    rebuilt = cost(demand_kwh=7_600)
    assert half > rebuilt > cost()


def test_ten_thousand_networks_at_once_are_each_as_one_alone() -> None:
    demand = np.linspace(4_000, 30_000, 10_000)
    many = np.asarray(built(Place.of_homes(500.0), demand_kwh=demand).cost().total)
    assert many.shape == (10_000,)
    for n in (0, 4_321, 9_999):
        assert many[n] == pytest.approx(cost(dwellings=500, demand_kwh=demand[n]), rel=1e-12)


# --- the COP of the large heat pump by the hour --------------------------------------------------------------

TODAY = scenario_figures(read_assumptions(), "current2026")


def network_today(
    *, figures: ScenarioFigures = TODAY, convention: str = "best_practice", homes: float = 3000.0
) -> Built:
    return build(
        Case(
            figures=figures, convention=find_convention(convention), system="network", demand_kwh=15_200.0,
            place=Place.of_homes(homes),
        )
    )  # fmt: skip


def test_the_spf_is_the_heat_of_all_hours_over_the_electricity_of_all_hours() -> None:
    """Hour by hour on the reference load, against the one COP at the mean temperature weighed by heat."""
    load = reference_load(TODAY, NormalWeather.from_tables(read_figures))
    homes, air_c = load.space_kwh + load.hot_water_kwh, load.outdoor_c
    built = network_today()
    homes_kwh = 3000 * 15_200.0 * homes / homes.sum()
    loss_kwh = float(built.own.loss_kw) * 8760 / len(air_c)
    sink_k = 30 / math.log(343.15 / 313.15)
    electricity = 0.0
    for taken, outdoor in zip(homes_kwh, air_c, strict=True):
        cop = 3.15 / 6.41 * sink_k / (sink_k - (outdoor + 273.15 - 2.5))
        electricity += (taken + loss_kwh) / cop
    assert float(built.spf) == pytest.approx((homes_kwh.sum() + loss_kwh * len(air_c)) / electricity, rel=1e-9)
    assert 3.15 < float(built.spf) < 3.35


@pytest.mark.parametrize(
    ("scenario", "convention"), [("eep2019", "best_practice"), ("current2026", "wang2018_delivered")]
)
def test_without_the_catalogues_conditions_or_hours_the_spf_is_that_of_the_row(scenario: str, convention: str) -> None:
    figures = scenario_figures(read_assumptions(), scenario)
    assert network_today(figures=figures, convention=convention).spf == figures.one("network", "heat_pump_spf")


def test_cooler_water_and_a_warmer_source_raise_the_spf_and_lower_the_cost() -> None:
    def at(*settings: str) -> Built:
        return network_today(
            figures=scenario_figures(read_assumptions(settings=settings, scenario="current2026"), "current2026")
        )

    base = network_today()
    for changed in (at("pipe.flow_c=60", "pipe.return_c=35"), at("source_c_of_heat=12", "source_c_of_loss=12")):
        assert changed.spf > base.spf
        assert changed.cost().total < base.cost().total
    assert at("heat_pump_spf=6.3").spf == pytest.approx(2 * base.spf)
    with pytest.raises(AssumptionError, match=r"60 degC, network_source\) is as warm as its water \(55 degC of flow"):
        at("pipe.flow_c=55", "source_c_of_heat=60", "source_c_of_loss=60")
