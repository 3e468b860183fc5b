"""The table `lcoh`: its rows, and the effect of each option of a convention."""

from dataclasses import replace

import polars as pl
import pytest

from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.refusals import AssumptionError, UnknownNameError
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures
from transforms.lcoh.model.conventions import CONVENTIONS, WANG2018, Convention, find_convention
from transforms.lcoh.model.demands import in_cost_weather, measured_demand, paper_demand
from transforms.lcoh.model.networks import BuiltNetwork, network_capital
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.what_if import Built, Case, Change, build
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.cost import LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.words import DWELLING_TYPES
from warehouse.cost_figures import read_assumptions

ASSUMPTIONS = read_assumptions()
FIGURES = scenario_figures(ASSUMPTIONS, "paper_fit")


def demand(**kwh: float | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "dwelling_type": list(kwh),
            "period": ["2009"] * len(kwh),
            "demand_basis": ["measured"] * len(kwh),
            "demand_kwh": list(kwh.values()),
        },
        schema_overrides={"demand_kwh": pl.Float64},
    )


def costs(rows: pl.DataFrame) -> pl.DataFrame:
    return lcoh_table(rows, ASSUMPTIONS, scenario="paper_fit", convention="wang2018")


def test_every_demand_gets_three_systems_and_the_stock_five_networks() -> None:
    table = costs(demand(**dict.fromkeys(DWELLING_TYPES, 12_000.0), all=13_000, stock=14_000))
    assert table.schema == pl.Schema(LCOH.schema)
    assert table.select(LCOH.key).is_unique().all()
    individual, networks = (table.filter((pl.col("system") == "network") == flag) for flag in (False, True))
    assert individual.height == 3 * 7
    assert set(individual["scale"]) == {"individual"}
    assert set(individual["dwellings"]) == {1}
    assert networks.select("scale", "dwellings", "dwelling_type", "demand_kwh").rows() == [
        ("small", 100, "stock", 14_000.0),
        ("medium", 300, "stock", 14_000.0),
        ("large", 1_000, "stock", 14_000.0),
        ("single_development", 3_000, "stock", 14_000.0),
        ("multi_development", 20_000, "stock", 14_000.0),
    ]


def test_networks_serve_all_homes_where_the_stock_is_not_known() -> None:
    table = costs(demand(flat=10_000.0, all=13_000.0, stock=None))
    assert set(table.filter(pl.col("system") == "network")["dwelling_type"]) == {"all"}
    assert "stock" not in set(table["dwelling_type"])


def annual(measured_kwh: dict[str, float], normal_kwh: dict[str, float | None], period: str = "2010") -> pl.DataFrame:
    """Return rows of `HEAT_DEMAND_ANNUAL` whose intervals reach a tenth to both sides."""
    rows = [
        dict.fromkeys(HEAT_DEMAND_ANNUAL.schema)
        | {"dwelling_type": name, "period": period, "households": 40, "heat_kwh_mean": kwh}
        | {"heat_kwh_ci_low": 0.9 * kwh, "heat_kwh_ci_high": 1.1 * kwh, "heat_kwh_weather_normal": normal_kwh[name]}
        for name, kwh in measured_kwh.items()
    ]
    return HEAT_DEMAND_ANNUAL.conform(pl.DataFrame(rows, schema=HEAT_DEMAND_ANNUAL.schema, orient="row"))


@pytest.mark.parametrize("convention", ["best_practice", "best_practice_private"])
def test_costs_stand_on_normal_weather_with_the_measured_year_beside(convention: str) -> None:
    demands = measured_demand(annual({"all": 17_000.0, "flat": 11_000.0}, {"all": 15_000.0, "flat": 10_000.0}))
    table = lcoh_table(demands, ASSUMPTIONS, scenario="current2026", convention=convention)
    given = demand(all=15_000.0, flat=10_000.0).with_columns(period=pl.lit("2010"))
    alone = lcoh_table(given, ASSUMPTIONS, scenario="current2026", convention=convention)
    costs_alone = alone.join(table, on=LCOH.key, suffix="_of_run")
    assert costs_alone.height == table.height == alone.height
    assert costs_alone["lcoh_gbp_per_mwh"].to_list() == costs_alone["lcoh_gbp_per_mwh_of_run"].to_list()
    assert set(table["weather"]) == {"normal"}
    assert alone["lcoh_measured_year_gbp_per_mwh"].null_count() == alone.height, "nothing was measured"
    for row in table.filter(dwelling_type="flat").iter_rows(named=True):
        case = Case(
            figures=scenario_figures(ASSUMPTIONS, "current2026"), convention=find_convention(convention),
            system=row["system"], demand_kwh=10_000.0, dwelling_types="flat",
        )  # fmt: skip
        in_a_cold_year = build(case).cost(Change(demand_factor=1.1)).total
        assert row["lcoh_measured_year_gbp_per_mwh"] == pytest.approx(float(in_a_cold_year), rel=1e-12)
        assert row["lcoh_measured_year_gbp_per_mwh"] < row["lcoh_gbp_per_mwh"], "the same system gives more heat"


def test_a_period_without_all_demands_in_normal_weather_is_costed_as_measured() -> None:
    lacking = annual({"all": 17_000.0, "flat": 11_000.0}, {"all": 15_000.0, "flat": None})
    whole = annual({"all": 14_000.0}, {"all": 15_000.0}, period="2011")
    found = measured_demand(pl.concat([lacking, whole])).select("period", "dwelling_type", "demand_kwh", "weather")
    assert found.rows() == [
        ("2010", "all", 17_000.0, "measured"),
        ("2010", "flat", 11_000.0, "measured"),
        ("2011", "all", 15_000.0, "normal"),
    ]
    assert measured_demand(lacking, end="_ci_low")["demand_kwh"].to_list() == pytest.approx([15_300.0, 9_900.0])


def test_the_measured_year_can_be_chosen_in_place_of_a_normal_one() -> None:
    known = annual({"all": 17_000.0, "flat": 11_000.0}, {"all": 15_000.0, "flat": 10_000.0})
    assert in_cost_weather(known, "normal").equals(known)
    chosen = measured_demand(in_cost_weather(known, "measured")).select("dwelling_type", "demand_kwh", "weather")
    assert chosen.rows() == [("all", 17_000.0, "measured"), ("flat", 11_000.0, "measured")]


def test_each_period_and_basis_gets_networks_of_its_own() -> None:
    two = pl.concat([demand(all=13_000.0, stock=14_000.0), demand(all=12_000.0).with_columns(period=pl.lit("2010"))])
    table = costs(pl.concat([two, paper_demand(ASSUMPTIONS)])).filter(pl.col("system") == "network")
    assert table.group_by("demand_basis", "period", "dwelling_type").len().sort("period").rows() == [
        ("measured", "2009", "stock", 5),
        ("measured", "2010", "all", 5),
        ("paper", "paper", "all", 5),
    ]


def test_demand_without_a_mean_gives_no_networks_and_no_demand_an_empty_table() -> None:
    assert set(costs(demand(flat=10_000.0))["system"]) == {"gas_boiler", "ashp", "gshp"}
    assert costs(demand(flat=None)).is_empty()


def test_a_demand_that_is_not_above_zero_or_given_twice_is_refused() -> None:
    with pytest.raises(
        AssumptionError, match=r"1 rows of demand are not above zero \(e\.g\. 0\.0 kWh/yr of flat in 2009\)"
    ):
        costs(demand(flat=0.0, all=10_000.0))
    with pytest.raises(AssumptionError, match=r"2 rows of demand share a key \(e\.g\. measured / 2009 / flat\)"):
        costs(pl.concat([demand(flat=1.0), demand(flat=2.0)]))


def test_the_hand_worked_network_of_a_hundred_homes_comes_out() -> None:
    # Per home: 13.3 m x 169 + 1,075 + 579 + 3.7 kW x 1,500 + 3.7 kW x 35 + (1,000 m x 468 + 3,343) / 100
    row = costs(demand(all=15_200.0)).filter(pl.col("scale") == "small").row(0, named=True)
    assert row["initial_capital_gbp_per_dwelling"] == pytest.approx(2247.7 + 1075 + 579 + 5550 + 129.5 + 4713.43)
    assert row["om_gbp_per_mwh"] == pytest.approx(29.9 * 0.8 + 55.5 / 19)
    assert row["fuel_gbp_per_mwh"] == pytest.approx(190 / 3.6 + 190 * 0.019 * 0.8)
    assert row["capital_gbp_per_mwh"] == pytest.approx((14_294.63 + 5550 / 1.035**25) / 23.45562 / 19, rel=1e-6)
    assert row["denominator"] == "produced"


def test_emissions_are_the_mean_over_the_life_of_a_system() -> None:
    table = costs(demand(all=15_200.0)).filter(pl.col("system") != "network")
    kg = dict(table.select("system", "co2_kg_per_dwelling_year").iter_rows())
    assert kg["gas_boiler"] == pytest.approx(15_200 / 0.94 * 0.184)
    assert kg["ashp"] == pytest.approx(15_200 / 3 * 0.135, rel=1e-3)  # mean of a line from 0.20 to 0.07
    assert kg["gshp"] == pytest.approx(0.75 * kg["ashp"])


def test_emissions_are_those_of_the_own_life_also_where_costs_count_longer() -> None:
    rows = demand(all=15_200.0)
    table = lcoh_table(rows, ASSUMPTIONS, scenario="eep2019", convention="best_practice")
    kg = dict(table.filter(pl.col("system") != "network").select("system", "co2_kg_per_dwelling_year").iter_rows())
    figures = scenario_figures(ASSUMPTIONS, "eep2019")
    grid = figures.series("electricity", "carbon_intensity_marginal_kg_per_kwh", range(2018, 2038))
    spf = figures.one("ashp", "hourly_spf")
    assert kg["ashp"] == pytest.approx(15_200 / spf * grid.mean())  # 20 years of a heat pump, not 50 of a network
    assert kg["ashp"] > 700


# --- conventions ------------------------------------------------------------------------------------


def network(convention: Convention, dwellings: int = 100, figures: ScenarioFigures = FIGURES) -> Built:
    place = Place.of_homes(dwellings)
    return build(Case(figures=figures, convention=convention, system="network", demand_kwh=15_200, place=place))


def network_lcoh(
    convention: Convention, dwellings: int = 100, figures: ScenarioFigures = FIGURES, **change: float
) -> float:
    return float(network(convention, dwellings, figures).cost(Change(**change)).total)


def test_delivered_heat_makes_networks_dearer_and_leaves_homes_as_they_are() -> None:
    rows = paper_demand(ASSUMPTIONS)
    produced, delivered = (
        lcoh_table(rows, ASSUMPTIONS, scenario="paper_fit", convention=name)
        for name in ("wang2018", "wang2018_delivered")
    )
    ratio = delivered["lcoh_gbp_per_mwh"] / produced["lcoh_gbp_per_mwh"]
    is_network = produced["system"] == "network"
    assert ratio.filter(is_network).to_list() == pytest.approx([1.25] * 5)
    assert ratio.filter(~is_network).to_list() == pytest.approx([1.0] * 18)
    assert set(delivered["denominator"]) == {"delivered"}
    single = delivered.filter(pl.col("scale") == "single_development")["lcoh_gbp_per_mwh"].item()
    gshp = delivered.filter(pl.col("system") == "gshp", pl.col("dwelling_type") == "all")["lcoh_gbp_per_mwh"].item()
    assert (round(single), round(gshp)) == (138, 113)


def test_the_other_reading_that_fits_the_paper_gives_its_known_figures() -> None:
    """A horizon of 40 years, no second heat pump and 20 % more heat produced than delivered: domain note, column A."""
    reading = replace(WANG2018, replaces_heat_pump=False)
    settings = ["network.lifetime_years=40", f"network.distribution_loss_share={1 - 1 / 1.2}"]
    figures = scenario_figures(override(ASSUMPTIONS, settings, scenario="paper_fit"), "paper_fit")
    small = network_lcoh(reading, 100, figures)
    assert small == pytest.approx(121.0, abs=0.1)
    assert network_lcoh(reading, 20_000, figures) == pytest.approx(108.9, abs=0.1)
    assert network_lcoh(reading, 100, figures, demand_factor=0.5) / small - 1 == pytest.approx(0.329, abs=1e-3)
    assert network_lcoh(reading, 100, figures, capital_factor=1.5) / small - 1 == pytest.approx(0.152, abs=1e-3)
    assert network_lcoh(reading, 100, figures, om_factor=1.5) / small - 1 == pytest.approx(0.116, abs=1e-3)
    assert network_lcoh(reading, 100, figures, discount_rate=0.0) / small - 1 == pytest.approx(-0.142, abs=1e-3)
    assert network_lcoh(reading, 100, figures, discount_rate=0.1) / small - 1 == pytest.approx(0.361, abs=1e-3)


def test_each_option_moves_the_cost_by_its_own_amount() -> None:
    base = network_lcoh(WANG2018)
    heat_pump_gbp_per_mwh = 5550 / 23.45562 / 19
    assert base - network_lcoh(replace(WANG2018, replaces_heat_pump=False)) == pytest.approx(
        heat_pump_gbp_per_mwh / 1.035**25, rel=1e-6
    )
    assert base - network_lcoh(replace(WANG2018, heat_pump_om="per_kw")) == pytest.approx(3.7 * (15 - 1) / 19)


def test_a_main_pipe_with_a_length_per_home_shows_no_economy_of_scale() -> None:
    reading = replace(WANG2018, main_pipe="length_per_dwelling")
    metres = []
    for n in (100, 20_000):
        own = network(reading, n).own
        assert isinstance(own, BuiltNetwork)
        metres.append(network_capital(own)["main_pipe"] / (468 * n))
    assert metres == pytest.approx([10, 10])
    assert network_lcoh(reading, 100) == pytest.approx(network_lcoh(WANG2018, 100))
    assert network_lcoh(reading, 20_000) > 1.05 * network_lcoh(WANG2018, 20_000)


def test_a_second_tariff_is_a_row_of_data() -> None:
    reading = replace(WANG2018, network_tariff="industrial")
    with pytest.raises(AssumptionError, match=r"scenario paper_fit has no electricity_industrial\.price_gbp_per_mwh"):
        network_lcoh(reading)
    priced = override(ASSUMPTIONS, ["electricity_industrial.price_gbp_per_mwh=144"], scenario="paper_fit")
    cheaper = network_lcoh(reading, figures=scenario_figures(priced, "paper_fit"))
    assert network_lcoh(WANG2018) - cheaper == pytest.approx((190 - 144) * (1 / 3.6 + 0.019 * 0.8))


def test_conventions_go_by_their_own_names_and_an_unknown_one_lists_near_matches() -> None:
    assert all(convention.name == name for name, convention in CONVENTIONS.items())
    with pytest.raises(UnknownNameError, match="no convention is named 'wang2017'; did you mean wang2018"):
        find_convention("wang2017")


# --- cooking --------------------------------------------------------------------------------------------------


def today(demand_kwh: float, convention: str, *settings: str) -> dict[str, dict[str, float]]:
    """Return the costs of each system for one demand, networks of 3,000 homes, by the prices of today."""
    assumptions = read_assumptions(settings=settings, scenario="current2026")
    demand = paper_demand(assumptions).filter(dwelling_type="all").with_columns(demand_kwh=pl.lit(demand_kwh))
    table = lcoh_table(demand, assumptions, scenario="current2026", convention=convention)
    shown = table.filter(pl.col("scale").is_in(["individual", "single_development"]))
    return {row["system"]: row for row in shown.iter_rows(named=True)}


def test_without_the_gas_of_the_hob_the_same_fixed_costs_fall_on_less_heat() -> None:
    """241 + 48 x 2.32 = 352.4 kWh of gas, at 80.54 % 283.8 kWh that were counted as heat of 10,000."""
    for row in (found := today(10_000.0, "best_practice")).values():
        if row["system"] != "network":  # whose upkeep goes with heat in part, and whose pipes lose the same
            fixed = row["capital_gbp_per_mwh"] + row["om_gbp_per_mwh"]
            expected = row["lcoh_gbp_per_mwh"] + fixed * (10_000 / (10_000 - 0.8054 * 352.4) - 1)
            assert row["lcoh_without_cooking_gbp_per_mwh"] == pytest.approx(expected, rel=1e-9)
        assert row["lcoh_without_cooking_gbp_per_mwh"] > row["lcoh_gbp_per_mwh"]
    no_hob = today(10_000.0, "best_practice", "cooking.gas_kwh_per_year=0")
    for system, row in no_hob.items():
        assert row["lcoh_without_cooking_gbp_per_mwh"] == pytest.approx(found[system]["lcoh_gbp_per_mwh"], rel=1e-12)
    assert today(283.0, "best_practice")["ashp"]["lcoh_without_cooking_gbp_per_mwh"] is None


def test_a_home_that_keeps_its_gas_hob_keeps_the_standing_charge() -> None:
    charge_gbp = scenario_figures(ASSUMPTIONS, "current2026").series(
        "gas_residential", "standing_charge_gbp_per_year", [2026]
    )[0]
    leaves, half, stays = (
        today(10_000.0, "best_practice_private", f"cooking.gas_stays_share={share}") for share in (0, 0.5, 1)
    )
    assert stays["gas_boiler"] == leaves["gas_boiler"], "a boiler pays it anyway"
    for system in ("ashp", "gshp", "network"):
        at_none, at_half, at_all = (found[system]["om_gbp_per_mwh"] for found in (leaves, half, stays))
        assert at_all - at_none == pytest.approx(charge_gbp / 10.0, rel=1e-9)
        assert at_half - at_none == pytest.approx(charge_gbp / 20.0, rel=1e-9)
    social = today(10_000.0, "best_practice", "cooking.gas_stays_share=1")
    assert social == today(10_000.0, "best_practice"), "a standing charge is no cost to society"
