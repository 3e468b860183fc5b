"""Perspectives, discounting in steps and the common horizon, each worked by hand at eep2019."""

from dataclasses import replace

import numpy as np
import pytest

from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures
from transforms.lcoh.model.cash_flows import discount_factors, renewed
from transforms.lcoh.model.conventions import BEST_PRACTICE, CONVENTIONS, RIVAL, WANG2018, Convention, find_convention
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.perspectives import PERSPECTIVES
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import Energy, energy_of, individual_flows, individual_system
from transforms.lcoh.model.valuation import cost_of, discount_rates, rate_figures
from transforms.lcoh.model.what_if import Built, Case, Change, build
from transforms.lcoh.results.table import lcoh_table
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
FIGURES = scenario_figures(ASSUMPTIONS, "eep2019")
PUBLIC, PRIVATE = find_convention("best_practice_public"), find_convention("best_practice_private")
TO_2018 = 79.1606 / 81.1085  # prices of 2019 in prices of 2018
YEAR_2019 = 1  # index of 2019 in series that start in 2018


def network(convention: Convention, *, dwellings: float = 100, figures: ScenarioFigures = FIGURES) -> Built:
    place = Place.of_homes(dwellings)
    return build(Case(figures=figures, convention=convention, system="network", demand_kwh=15_200, place=place))


# --- discounting ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "factor"), [(0, 1.0), (1, 0.96618), (30, 0.35628), (31, 0.34590), (75, 0.09421), (76, 0.09192)]
)
def test_factors_step_down_after_years_30_and_75(year: int, factor: float) -> None:
    factors = discount_factors(discount_rates(FIGURES, BEST_PRACTICE, years=101), years=101)
    assert factors[year] == pytest.approx(factor, abs=5e-6)


def test_the_steps_are_those_of_the_green_book() -> None:
    rates = discount_rates(FIGURES, BEST_PRACTICE, years=80)  # of the years 1 to 79
    assert rates[[0, 29, 30, 74, 75, 78]].tolist() == [0.035, 0.035, 0.03, 0.03, 0.025, 0.025]
    flat = discount_rates(FIGURES, replace(BEST_PRACTICE, discounting="flat"), years=80)
    assert set(flat.tolist()) == {0.035}
    assert set(discount_rates(FIGURES, PRIVATE, years=80).tolist()) == {0.07}


def test_every_rate_of_a_convention_is_a_figure_that_can_be_set() -> None:
    assert rate_figures(WANG2018) == (("study", "discount_rate"),)
    assert rate_figures(PRIVATE) == (("private", "commercial_rate"),)
    assert [name for _, name in rate_figures(PUBLIC)] == ["rate_to_year_30", "rate_to_year_75", "rate_after_year_75"]


# --- what energy costs whom -------------------------------------------------------------------------------


def energy(convention: Convention, system: str) -> Energy:
    return energy_of(FIGURES, convention, system=system)


def price_2019(convention: Convention, system: str) -> float:
    return float(energy(convention, system).price_gbp_per_mwh[YEAR_2019])


def test_homes_pay_the_printed_price_and_society_the_one_without_vat() -> None:
    assert price_2019(PRIVATE, "gas_boiler") == pytest.approx(53 * TO_2018)
    assert price_2019(PUBLIC, "gas_boiler") == pytest.approx(53 * TO_2018 / 1.05)
    assert price_2019(BEST_PRACTICE, "gas_boiler") == pytest.approx(53 * TO_2018 / 1.05)
    assert price_2019(WANG2018, "gas_boiler") == pytest.approx(53 * TO_2018)


def test_society_takes_carbon_payments_and_the_levy_out_of_electricity() -> None:
    paid_by_generators = 0.208868 * 40.5 * TO_2018  # grid average [t/MWh] at EEP 2019's price for electricity supply
    assert price_2019(BEST_PRACTICE, "ashp") == pytest.approx(193 * TO_2018 / 1.05 - paid_by_generators)
    levy = 7.75 * 79.1606 / 85.6358
    assert price_2019(BEST_PRACTICE, "network") == pytest.approx(137 * TO_2018 - paid_by_generators - levy)
    assert price_2019(PUBLIC, "network") == pytest.approx(137 * TO_2018)


def test_a_network_s_operator_reclaims_vat_and_homes_pay_it_on_heat() -> None:
    residential = replace(PRIVATE, network_tariff="residential")
    assert price_2019(residential, "network") == pytest.approx(193 * TO_2018 / 1.05)
    assert price_2019(PRIVATE, "network") == pytest.approx(137 * TO_2018)
    as_services = replace(PRIVATE, individual_tariff="services")
    assert price_2019(as_services, "ashp") == pytest.approx(1.05 * 137 * TO_2018)
    without = override(ASSUMPTIONS, ["vat.on_heat=0"], scenario="eep2019")
    cost = network(PRIVATE).cost().total
    untaxed = network(PRIVATE, figures=scenario_figures(without, "eep2019")).cost().total
    assert cost == pytest.approx(1.05 * untaxed)


def test_homes_pay_vat_on_the_system_and_its_upkeep() -> None:
    boiler, pump = (individual_system(FIGURES, PRIVATE, system) for system in ("gas_boiler", "gshp"))
    assert (boiler.capital_gbp, boiler.om_gbp_per_year) == pytest.approx((1.2 * 2500, 1.2 * 180))
    assert (pump.capital_gbp, pump.om_gbp_per_year) == pytest.approx((1.05 * 13_000, 1.2 * 75))
    for other in (WANG2018, BEST_PRACTICE, PUBLIC):
        assert individual_system(FIGURES, other, "gas_boiler").capital_gbp == 2500


def test_carbon_is_charged_once_and_by_the_perspective_s_value() -> None:
    value_2030 = 294.50 * 79.1606 / 90.5005  # GBP/t in prices of 2018
    carbon = energy(BEST_PRACTICE, "gas_boiler").carbon_gbp_per_mwh[2030 - 2018]
    assert carbon == pytest.approx(0.184 * value_2030)
    marginal = energy(BEST_PRACTICE, "ashp")
    assert marginal.carbon_gbp_per_mwh[2030 - 2018] == pytest.approx(0.089693 * value_2030)
    assert marginal.co2_kg_per_mwh[2030 - 2018] == pytest.approx(89.693)
    assert energy(PUBLIC, "gas_boiler").carbon_gbp_per_mwh.tolist() == [0.0] * 50
    assert energy(PRIVATE, "ashp").carbon_gbp_per_mwh.tolist() == [0.0] * 50
    assert energy(WANG2018, "gas_boiler").carbon_gbp_per_mwh[0] == pytest.approx(0.184 * 14.3 * TO_2018)


def test_high_and_low_carbon_values_are_options() -> None:
    by_level = {
        level: energy(replace(BEST_PRACTICE, carbon_value=level), "gas_boiler").carbon_gbp_per_mwh[2]
        for level in ("low", "central", "high")
    }
    assert by_level["low"] / by_level["central"] == pytest.approx(126.60 / 253.19)
    assert by_level["high"] / by_level["central"] == pytest.approx(379.79 / 253.19)


# --- horizon ----------------------------------------------------------------------------------------------


def test_a_worn_out_system_is_bought_again_and_its_value_at_the_end_is_credited() -> None:
    flows = renewed(1000.0, lifetime_years=20, horizon_years=50, years=51)
    spent = {year: float(gbp) for year, gbp in enumerate(flows) if gbp}
    assert spent == {0: 1000.0, 20: 1000.0, 40: 1000.0, 50: -500.0}
    assert renewed(1000.0, lifetime_years=25, horizon_years=50, years=51).sum() == 2000
    assert renewed(1000.0, lifetime_years=20, horizon_years=20, years=21).tolist() == [1000.0] + 20 * [0.0]
    without_wait = renewed(1000.0, lifetime_years=20, horizon_years=30, years=30)
    assert {year: float(gbp) for year, gbp in enumerate(without_wait) if gbp} == {0: 1000.0, 20: 1000.0, 29: -500.0}


def test_over_the_life_of_a_network_every_system_is_used_in_the_same_years() -> None:
    boiler = individual_system(FIGURES, BEST_PRACTICE, "gas_boiler")
    flows = individual_flows(boiler, energy(BEST_PRACTICE, "gas_boiler"), demand_kwh=10_000.0)
    spent = {year: float(gbp) for year, gbp in enumerate(flows.capital_gbp) if gbp}
    assert spent == pytest.approx({0: 2500, 15: 2500, 30: 2500, 45: 2500, 50: -2500 * 10 / 15})
    assert flows.heat_delivered_mwh.tolist() == [0.0] + 50 * [10.0]
    own = individual_flows(boiler, energy(WANG2018, "gas_boiler"), demand_kwh=10_000.0)
    assert own.capital_gbp.tolist() == [2500.0] + 15 * [0.0]


def test_a_network_s_heat_pump_is_credited_over_the_common_horizon_only() -> None:
    short = override(ASSUMPTIONS, ["network.heat_pump_lifetime_years=20"], scenario="eep2019")
    figures = scenario_figures(short, "eep2019")
    ours = replace(
        BEST_PRACTICE,
        network_sizing="kw_per_dwelling",
        loss_rule="share_of_produced",
        main_pipe="fixed_length",
        pipe_cost="per_metre",
        replaces_connections=False,
    )
    last = {
        reading.name: network(reading, dwellings=10, figures=figures).flows().capital_gbp[[0, 20, 40, 50]]
        for reading in (WANG2018, ours, RIVAL)
    }
    heat_pump = 10 * 3.7 * 1500
    assert last["wang2018"][1:].tolist() == pytest.approx([heat_pump, heat_pump, 0])
    assert last["best_practice"][1:].tolist() == pytest.approx([heat_pump, heat_pump, -heat_pump / 2])
    assert last["rival"][1:].tolist() == [0, 0, 0]
    assert len({float(capital[0]) for capital in last.values()}) == 1


# --- conventions ------------------------------------------------------------------------------------------


def test_every_convention_names_a_perspective_and_all_of_ours_divide_by_delivered_heat() -> None:
    assert {convention.perspective for convention in CONVENTIONS.values()} == set(PERSPECTIVES)
    ours = [convention for name, convention in CONVENTIONS.items() if name.startswith("best_practice")]
    assert len(ours) == 5
    assert {(c.denominator, c.horizon) for c in ours} == {("delivered", "network_life")}


def test_the_rival_reading_gives_the_paper_s_network_costs_per_delivered_mwh() -> None:
    table = lcoh_table(paper_demand(ASSUMPTIONS), ASSUMPTIONS, scenario="paper_fit", convention="rival")
    by_scale = dict(table.filter(system="network").select("scale", "lcoh_gbp_per_mwh").iter_rows())
    assert 120 < by_scale["small"] < 124  # "over 120" in the paper's figure 5
    assert by_scale["multi_development"] == pytest.approx(110, rel=0.01)  # "under 110"
    row = table.filter(scale="small").row(0, named=True)
    assert row["fuel_gbp_per_mwh"] == pytest.approx(144 * (1 / 3.6 / 0.8 + 0.019))
    assert row["om_gbp_per_mwh"] == pytest.approx(29.9 + 3.7 / 15.2)
    assert row["denominator"] == "delivered"


def test_the_order_of_systems_turns_with_the_perspective() -> None:
    def cheapest(convention: str) -> str:
        rows = lcoh_table(paper_demand(ASSUMPTIONS), ASSUMPTIONS, scenario="eep2019", convention=convention)
        return str(rows.filter(dwelling_type="all").sort("lcoh_gbp_per_mwh")["system"][0])

    assert cheapest("best_practice_private") == "gas_boiler"
    assert cheapest("best_practice") == "ashp"


def test_another_rate_for_the_sensitivity_holds_in_all_years() -> None:
    rates = np.array([0.0, 0.05])
    curve = network(BEST_PRACTICE).cost(Change(discount_rate=rates))
    assert np.shape(curve.total) == (2,)
    flows = network(BEST_PRACTICE).flows()
    single = cost_of(flows, FIGURES, BEST_PRACTICE, system="network", discount_rate=0.05).total
    assert np.asarray(curve.total)[1] == pytest.approx(single)
