"""The place that a network serves: its pipes, its homes, bought heat, and the comparison with systems in homes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.operations.home_findings import check_settings
from flows.settings import Settings
from tests.plain_network import build as plain_build
from transforms.lcoh.assumptions.parameters import Floats
from transforms.lcoh.assumptions.refusals import AssumptionError, UnknownNameError
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import discount_factors
from transforms.lcoh.model.conventions import CONVENTIONS
from transforms.lcoh.model.demands import check_demand, paper_demand
from transforms.lcoh.model.networks import BuiltNetwork, network_capital
from transforms.lcoh.model.places import BoughtHeat, Place
from transforms.lcoh.model.systems import energy_of
from transforms.lcoh.model.what_if import Built, Case, Change, build
from transforms.lcoh.results.abatement import abatement_table
from transforms.lcoh.results.break_even import break_even_table, pair_with
from transforms.lcoh.results.costed import compared_systems
from transforms.lcoh.results.curves import sensitivity_table
from transforms.lcoh.results.explain import OneNumber, explain_cost
from transforms.lcoh.results.finance import finance_table
from transforms.lcoh.results.probability import probability_table
from transforms.lcoh.results.published import check_choice
from transforms.lcoh.results.table import lcoh_table
from transforms.lcoh.results.uncertainty import Sampling, check_ranges
from transforms.lcoh.results.variance import sobol_table
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

ASSUMPTIONS = read_assumptions()
FIGURES = scenario_figures(ASSUMPTIONS, "eep2019")
DEMAND = paper_demand(ASSUMPTIONS)
ALL = DEMAND.filter(dwelling_type="all")
OURS = {"scenario": "eep2019", "convention": "best_practice"}
MAPPED = OURS | {"convention": "best_practice_mapped"}
DEVELOPMENT = Place(homes={"all": 3000.0}, main_pipe_m=30_000.0)  # 10 m a home, as the convention without a map has it
RANGES = check_ranges(read_figures("uncertainty_range"))
WASTE = BoughtHeat(price_gbp_per_mwh=30.0, co2_kg_per_mwh=0.0)


def network(place: Place, convention: str = "best_practice_mapped", demand_kwh: Floats = 15_200.0) -> Built:
    reading = CONVENTIONS[convention]
    return build(Case(figures=FIGURES, convention=reading, system="network", demand_kwh=demand_kwh, place=place))


def own(built: Built) -> BuiltNetwork:
    assert isinstance(built.own, BuiltNetwork)
    return built.own


# --- a place goes through every table -----------------------------------------------------------------------


def of_development(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the network, of the scale of 3,000 homes or of the place, without its name."""
    rows = table.filter(pl.col("scale").is_in(["single_development", "place"]))
    named = [name for name in ("scale", "convention", "alternatives") if name in rows.columns]
    return rows.drop(named)


def test_a_place_of_a_scale_s_size_and_pipe_is_that_scale_in_every_table() -> None:
    drawn = Sampling(ranges=RANGES, seed=1, draws=100, base_samples=64)
    pairs = {
        "lcoh": [lcoh_table(DEMAND, ASSUMPTIONS, **OURS), lcoh_table(DEMAND, ASSUMPTIONS, **MAPPED, place=DEVELOPMENT)],
        "break_even": [
            break_even_table(DEMAND, ASSUMPTIONS, **OURS),
            break_even_table(DEMAND, ASSUMPTIONS, **MAPPED, place=DEVELOPMENT),
        ],
        "abatement": [
            abatement_table(DEMAND, ASSUMPTIONS, **OURS),
            abatement_table(DEMAND, ASSUMPTIONS, **MAPPED, place=DEVELOPMENT),
        ],
        "curves": [
            sensitivity_table(ASSUMPTIONS, **OURS, demand_kwh=15_200.0),
            sensitivity_table(ASSUMPTIONS, **MAPPED, demand_kwh=15_200.0, place=DEVELOPMENT),
        ],
        "finance": [
            finance_table(DEMAND, ASSUMPTIONS, **OURS),
            finance_table(DEMAND, ASSUMPTIONS, **MAPPED, place=DEVELOPMENT),
        ],
        "probability": [
            probability_table(DEMAND, ASSUMPTIONS, drawn, **OURS),
            probability_table(DEMAND, ASSUMPTIONS, drawn, **MAPPED, place=DEVELOPMENT),
        ],
        "sobol": [
            sobol_table(ASSUMPTIONS, drawn, **OURS, demand_kwh=15_200.0),
            sobol_table(ASSUMPTIONS, drawn, **MAPPED, demand_kwh=15_200.0, place=DEVELOPMENT),
        ],
    }
    for name, (by_scale, by_place) in pairs.items():
        expected, found = of_development(by_scale), of_development(by_place)
        assert expected.height > 0, name
        assert found.equals(expected), name
        assert "place" in set(by_place["scale"]), name
        assert set(by_place["scale"]) <= {"place", "individual"}, name


def test_a_place_can_be_explained() -> None:
    found = explain_cost(ALL, ASSUMPTIONS, OneNumber(system="network"), **MAPPED, place=DEVELOPMENT)
    row = lcoh_table(ALL, ASSUMPTIONS, **MAPPED, place=DEVELOPMENT).filter(system="network").row(0, named=True)
    assert (found.scale, found.dwellings) == ("place", 3000)
    assert found.lcoh_gbp_per_mwh == pytest.approx(row["lcoh_gbp_per_mwh"], rel=1e-12)


def test_a_convention_of_maps_asks_for_the_pipe() -> None:
    with pytest.raises(AssumptionError, match="best_practice_mapped takes the main pipe from a map: give the place"):
        lcoh_table(ALL, ASSUMPTIONS, **MAPPED)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"homes": {}}, "it has no homes"),
        ({"homes": {"flat": 10.0, "detached": -10.0}}, "it has no homes"),
        ({"homes": {"all": 5.0}, "connection_share": 0.0}, "connection share 0.0 is not above 0"),
        ({"homes": {"all": 5.0}, "connection_share": 1.2}, "connection share 1.2 is not above 0 and at most 1"),
        ({"homes": {"all": 5.0}, "main_pipe_m": -1.0}, "a pipe has a negative length"),
        ({"homes": {"all": 5.0}, "link_pipe_m": np.array([3.0, -1.0])}, "a pipe has a negative length"),
    ],
)
def test_a_place_that_cannot_be_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(AssumptionError, match=message):
        Place(**wrong)  # type: ignore[arg-type]  # the wrong values are the point


def test_many_places_at_once_are_each_as_one_alone() -> None:
    rng = np.random.default_rng(6)
    number = 400
    flats, houses = rng.integers(1, 900, number).astype(float), rng.integers(1, 900, number).astype(float)
    share, main_m, link_m = rng.uniform(0.2, 1, number), rng.uniform(100, 9_000, number), rng.uniform(0, 4_000, number)
    demand_kwh = (flats * 10_000 + houses * 17_000) / (flats + houses)
    price, co2 = rng.uniform(0, 60, number), rng.uniform(0, 100, number)

    def heat_of(n: int | slice, *, buys: bool) -> BoughtHeat | None:
        return BoughtHeat(price_gbp_per_mwh=price[n], co2_kg_per_mwh=co2[n]) if buys else None

    def cost_of_places(n: int | slice, *, buys: bool) -> np.ndarray:
        homes = {"flat": flats[n], "terraced": houses[n]}
        place = Place(
            homes=homes, connection_share=share[n], main_pipe_m=main_m[n], link_pipe_m=link_m[n],
            bought_heat=heat_of(n, buys=buys),
        )  # fmt: skip
        return np.asarray(network(place, demand_kwh=demand_kwh[n]).cost().total)

    for buys in (False, True):
        together = cost_of_places(slice(None), buys=buys)
        assert together.shape == (number,)
        alone = [float(cost_of_places(n, buys=buys)) for n in (0, 123, 399)]
        assert together[[0, 123, 399]] == pytest.approx(alone, rel=1e-12)


# --- homes, connections, pipes ------------------------------------------------------------------------------


def test_a_place_with_homes_by_type_has_the_mean_of_their_demands() -> None:
    known = dict(DEMAND.select("dwelling_type", "demand_kwh").iter_rows())
    place = Place(homes={"flat": 300.0, "detached": 100.0}, main_pipe_m=4_000.0)
    table = lcoh_table(DEMAND, ASSUMPTIONS, **MAPPED, place=place)
    rows = table.filter(system="network").row(0, named=True)
    assert rows["demand_kwh"] == pytest.approx((3 * known["flat"] + known["detached"]) / 4)
    assert (rows["dwelling_type"], rows["dwellings"]) == ("all", 400)
    assert set(table["dwelling_type"]) == {"flat", "detached", "all"}
    with pytest.raises(AssumptionError, match="the place has castle, whose demand in paper is not known"):
        lcoh_table(DEMAND, ASSUMPTIONS, **MAPPED, place=Place(homes={"castle": 1.0, "flat": 1.0}, main_pipe_m=9.0))


def test_half_of_the_homes_pay_for_the_whole_pipe() -> None:
    whole, half = (network(Place(homes={"all": 1000.0}, connection_share=s, main_pipe_m=9_000.0)) for s in (1.0, 0.5))
    assert half.dwellings == 500
    capital = [network_capital(own(built)) for built in (whole, half)]
    for part in ("hiu", "dwelling_meter", "internal_pipe"):
        assert capital[1][part] == pytest.approx(np.asarray(capital[0][part]) / 2), part
    assert own(half).main_pipe_m == own(whole).main_pipe_m == 9_000
    assert float(half.cost().total) > float(whole.cost().total) + 3
    by_homes = own(network(Place(homes={"all": 1000.0}, connection_share=0.5), "best_practice"))
    assert by_homes.main_pipe_m == 10_000  # the pipe passes the homes that are not connected


def test_a_kilometre_of_link_costs_as_much_as_the_paper_s_fixed_kilometre() -> None:
    reading = "wang2018_delivered"
    annuity = sum(1.035**-t for t in range(1, 51))
    for homes, gbp_per_mwh in ((100, 13.1), (500, 2.6), (3_000, 0.44), (20_000, 0.07)):
        with_link, without = (
            network(Place(homes={"all": float(homes)}, link_pipe_m=m), reading).cost().capital for m in (1_000, 0)
        )
        extra = float(with_link - without)
        assert extra == pytest.approx(468_000 / annuity / (15.2 * homes))
        assert extra == pytest.approx(gbp_per_mwh, abs=0.05)


@settings(max_examples=30, deadline=None)
@given(homes=st.integers(10, 20_000), link_m=st.floats(1, 5_000), more_m=st.floats(1, 5_000))
def test_a_longer_link_costs_and_loses_more(homes: int, link_m: float, more_m: float) -> None:
    built = [
        network(Place(homes={"all": float(homes)}, main_pipe_m=4.0 * homes, link_pipe_m=m))
        for m in (link_m, link_m + more_m)
    ]
    capital = [float(np.asarray(sum(network_capital(own(one)).values()))) for one in built]
    assert capital[1] > capital[0]
    loss_kw = [own(one).loss_kw for one in built]
    assert loss_kw[0] is not None
    assert loss_kw[1] is not None
    assert float(loss_kw[1]) > float(loss_kw[0])


# --- heat that is bought ------------------------------------------------------------------------------------


def test_a_network_that_buys_its_heat_has_no_plant_and_pays_for_heat_and_pumps() -> None:
    place = Place(homes={"all": 1000.0}, main_pipe_m=5_000.0, bought_heat=BoughtHeat(price_gbp_per_mwh=30.0, co2_kg_per_mwh=20.0))  # fmt: skip
    built = network(place)
    made = network(Place(homes={"all": 1000.0}, main_pipe_m=5_000.0))
    capital = network_capital(own(built))
    assert capital["heat_pump"] == 0
    assert {"peak_plant", "store"}.isdisjoint(capital)
    assert capital["substation"] == network_capital(own(made))["substation"]  # it still takes the peak of all homes
    assert own(built).loss_kw == own(made).loss_kw
    flows, electricity = built.flows(), energy_of(FIGURES, CONVENTIONS["best_practice_mapped"], system="network")
    produced = 15_200 + np.asarray(own(built).loss_kw) * 8.76
    pumps = 0.019 * 15_200
    assert flows.fuel_gbp[1:] == pytest.approx(30 * produced + pumps * electricity.price_gbp_per_mwh)
    assert flows.co2_kg[1:] == pytest.approx(20 * produced + pumps * electricity.co2_kg_per_mwh)
    per_kg = electricity.carbon_gbp_per_mwh / electricity.co2_kg_per_mwh
    assert flows.carbon_gbp[1:] == pytest.approx(flows.co2_kg[1:] * per_kg)
    assert flows.om_gbp[1:] == pytest.approx(np.full(50, 29.9 * 15_200))  # nothing for plant


def test_bought_heat_agrees_with_plain_loops() -> None:
    """The network once more, one number at a time: built by the second implementation, without its plant."""
    homes, demand_kwh, main_m, link_m, price, co2 = 700.0, 11_000.0, 3_100.0, 950.0, 27.0, 35.0
    heat = BoughtHeat(price_gbp_per_mwh=price, co2_kg_per_mwh=co2)
    place = Place(homes={"all": homes}, main_pipe_m=main_m, link_pipe_m=link_m, bought_heat=heat)
    found = network(place, demand_kwh=demand_kwh).cost()
    plain = plain_build(FIGURES.one, homes, demand_kwh, trench_m=main_m + link_m)
    electricity = energy_of(FIGURES, CONVENTIONS["best_practice_mapped"], system="network")
    lasting, life = plain.capital["lasting"]
    connections, again = plain.capital["connections"]
    assert (life, again) == (50, 20)
    spent = {0: lasting + connections, 20: connections, 40: connections, 50: -connections / 2}
    delivered = demand_kwh * homes / 1000
    produced = delivered + plain.loss_kw * 8.76
    pumps = 0.019 * delivered
    upkeep = sum(FIGURES.one("network", f"{part}_gbp_per_mwh") for part in ("pipe_om", "hiu_om", "meter_om", "labour"))
    present = dict.fromkeys(("capital", "om", "fuel", "carbon", "heat"), 0.0)
    factor = 1.0
    for t in range(51):
        factor /= 1.0 if t == 0 else 1.035 if t <= 30 else 1.03
        present["capital"] += spent.get(t, 0.0) * factor
        if t > 0:
            of_pumps = pumps * electricity.carbon_gbp_per_mwh[t - 1]
            per_kg = electricity.carbon_gbp_per_mwh[t - 1] / electricity.co2_kg_per_mwh[t - 1]
            present["om"] += upkeep * delivered * factor
            present["fuel"] += (price * produced + pumps * electricity.price_gbp_per_mwh[t - 1]) * factor
            present["carbon"] += (co2 * produced * per_kg + of_pumps) * factor
            present["heat"] += delivered * factor
    for element in ("capital", "om", "fuel", "carbon"):
        expected = present[element] / present["heat"]
        assert float(getattr(found, element)) == pytest.approx(expected, rel=1e-9), element


def test_the_prices_of_heat_and_of_electricity_change_independently() -> None:
    built = network(Place(homes={"all": 1000.0}, main_pipe_m=5_000.0, bought_heat=WASTE))
    fuel = {
        (heat, factor): float(built.cost(Change(heat_price_gbp_per_mwh=heat, electricity_price_factor=factor)).fuel)
        for heat in (0.0, 30.0, 60.0)
        for factor in (1.0, 2.0)
    }
    assert fuel[30.0, 1.0] == pytest.approx(float(built.cost().fuel))
    of_heat, of_pumps = fuel[30.0, 1.0] - fuel[0.0, 1.0], fuel[0.0, 1.0]
    assert fuel[60.0, 2.0] == pytest.approx(2 * of_heat + 2 * of_pumps)
    assert fuel[30.0, 2.0] == pytest.approx(of_heat + 2 * of_pumps)


def highest_price(homes: float, link_m: float, reference: str = "ashp") -> float:
    place = Place(homes={"all": homes}, main_pipe_m=5.0 * homes, link_pipe_m=link_m, bought_heat=WASTE)
    table = break_even_table(ALL, ASSUMPTIONS, **MAPPED, reference=reference, place=place)
    row = table.filter(system="network", quantity="heat_price").row(0, named=True)
    assert row["base"] == pytest.approx(30.0)
    built = network(place, demand_kwh=ALL["demand_kwh"].to_numpy())
    at_price = float(built.cost(Change(heat_price_gbp_per_mwh=row["value"])).total[0])
    costs = lcoh_table(ALL, ASSUMPTIONS, **OURS).filter(system=reference)
    assert at_price == pytest.approx(costs["lcoh_gbp_per_mwh"].item(), abs=1e-6)
    return float(row["value"])


def test_the_highest_price_of_heat_falls_with_distance_and_rises_with_homes() -> None:
    assert highest_price(1_000.0, 0.0) > highest_price(1_000.0, 1_000.0) > highest_price(1_000.0, 3_000.0)
    assert highest_price(100.0, 1_000.0) < highest_price(1_000.0, 1_000.0) < highest_price(10_000.0, 1_000.0)


def test_where_even_free_heat_is_too_dear_it_is_said() -> None:
    place = Place(homes={"all": 5.0}, main_pipe_m=5_000.0, bought_heat=WASTE)
    table = break_even_table(ALL, ASSUMPTIONS, **MAPPED, reference="ashp", place=place)
    row = table.filter(quantity="heat_price").row(0, named=True)
    assert row["value"] is None
    assert row["note"] == "it costs more than the air source heat pump even where heat costs nothing"
    without_plant = set(table.filter(system="network")["quantity"])
    assert without_plant == {"carbon_price", "capital_grant", "heat_price"}  # no heat pump whose SPF could change


# --- what a system is compared with -------------------------------------------------------------------------


@pytest.mark.parametrize("reference", ["ashp", "gshp"])
def test_any_system_in_a_home_may_be_the_reference(reference: str) -> None:
    table = break_even_table(DEMAND, ASSUMPTIONS, **OURS, reference=reference)
    assert reference not in set(table["system"])
    assert "electricity_to_gas_price_ratio" not in set(table["quantity"])
    reading = CONVENTIONS["best_practice"]
    found = compared_systems(check_demand(DEMAND), FIGURES, reading, reference=reference)
    changes = {"carbon_price": "carbon_gbp_per_tonne", "spf": "spf", "capital_grant": "grant_gbp_per_dwelling"}
    checked = 0
    for costed in found:
        for quantity, field in changes.items():
            if quantity == "spf" and costed.system == "gas_boiler":
                continue
            rows = costed.keys.select("dwelling_type", "scale").join(
                table.filter(system=costed.system, quantity=quantity), on=["dwelling_type", "scale"],
                how="left", maintain_order="left",
            )  # fmt: skip
            value = rows["value"].fill_null(np.nan).to_numpy()
            change = Change(**{field: value})
            gap = pair_with(costed, reference).gap(change, change if quantity == "carbon_price" else Change())
            assert np.abs(gap[np.isfinite(value)]).max(initial=0.0) < 1e-6
            checked += int(np.isfinite(value).sum())
    assert checked > 10


def test_a_boiler_beside_a_heat_pump_saves_no_carbon_and_a_boiler_has_no_spf() -> None:
    table = abatement_table(DEMAND, ASSUMPTIONS, **OURS, reference="ashp")
    assert set(table["reference"]) == {"new_ashp"}
    boiler = table.filter(system="gas_boiler")
    assert (boiler["co2_saved_kg_per_year"] < 0).all()
    assert boiler["cost_gbp_per_tonne"].null_count() == boiler.height
    quantities = break_even_table(DEMAND, ASSUMPTIONS, **OURS, reference="ashp").filter(system="gas_boiler")
    assert set(quantities["quantity"]) == {"carbon_price", "capital_grant"}


def test_the_reference_is_a_system_in_a_home() -> None:
    for table in (break_even_table, abatement_table):
        with pytest.raises(UnknownNameError, match="no system in one home is named 'network'"):
            table(DEMAND, ASSUMPTIONS, **OURS, reference="network")


# --- discounting ---------------------------------------------------------------------------------------------


def test_discount_factors_are_those_of_the_place_s_convention() -> None:
    built = network(DEVELOPMENT)
    by_year = np.arange(50, dtype=float)
    factors = discount_factors(np.r_[np.full(30, 0.035), np.full(20, 0.03)], years=51)[1:]
    assert built.mean_over_years(by_year) == pytest.approx(float(by_year @ factors / factors.sum()))


# --- what a run may be set to -------------------------------------------------------------------------------


def test_a_run_takes_a_convention_that_compares_and_needs_no_map() -> None:
    for name in ("best_practice", "best_practice_public", "best_practice_private", "best_practice_gas_peak"):
        check_choice(name)
    with pytest.raises(AssumptionError, match="best_practice_mapped serves one place, whose pipes a run does not know"):
        check_choice("best_practice_mapped")
    with pytest.raises(AssumptionError, match="convention wang2018 divides by heat produced"):
        check_choice("wang2018")
    with pytest.raises(UnknownNameError, match="no convention is named 'nobody'"):
        check_choice("nobody")


def test_the_doctor_names_a_convention_that_a_run_cannot_use(tmp_path: Path) -> None:
    found = {
        name: check_settings(Settings(home=tmp_path, convention=name), tmp_path)
        for name in ("best_practice", "best_practice_mapped")
    }
    assert found["best_practice"].state == "ok"
    assert found["best_practice_mapped"].state == "fail"
    assert "serves one place" in found["best_practice_mapped"].told
