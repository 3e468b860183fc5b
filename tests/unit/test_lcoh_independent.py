"""The model against a second implementation of equation (1): plain loops over years, from the shipped CSV files on."""

import csv
import math
import sys
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import warehouse.figures
from tests.plain_network import Get, build
from transforms.lcoh.assumptions.overrides import override, with_network_size
from transforms.lcoh.model.places import Place
from transforms.lcoh.results.table import lcoh_table
from warehouse.cost_figures import read_assumptions

FOLDER = Path(warehouse.figures.__file__).with_name("assumptions")
FILES = (
    "price",
    "price_current",
    "retail_rule",
    "technology_current",
    "carbon_value",
    "price_deflator",
    "perspective",
    "technology",
    "individual_size",
    "network_plant",
    "network_pipe",
    "network_load",
)
RESOLVED = read_assumptions()
IS_DERIVED = (
    pl.col("item").str.starts_with("load")
    | pl.col("parameter").str.starts_with("source_c_of_")
    | (pl.col("parameter") == "gas_kwh_per_year")
)
DERIVED = {
    (item, parameter): value
    for item, parameter, value in RESOLVED.filter(pl.col("scenario") == "all", IS_DERIVED)
    .select("item", "parameter", "value")
    .iter_rows()
}
ELEMENTS = ("capital", "om", "fuel", "carbon")
PRICE, TONNE = "price_gbp_per_mwh", "price_gbp_per_tonne"
AVERAGE, MARGINAL = "carbon_intensity_kg_per_kwh", "carbon_intensity_marginal_kg_per_kwh"

# What a convention's name stands for, written anew: denominator, tariff of networks, second heat pump, O&M of the heat
# pump as a share of its capital, who counts, common horizon, marginal grid.
READINGS = {
    "wang2018": ("produced", "residential", True, True, "paper", False, False),
    "wang2018_delivered": ("delivered", "residential", True, True, "paper", False, False),
    "rival": ("delivered", "services", False, False, "paper", False, False),
    "best_practice": ("delivered", "services", True, True, "social", True, True),
    "best_practice_public": ("delivered", "services", True, True, "public", True, True),
    "best_practice_private": ("delivered", "services", True, True, "private", True, True),
    "best_practice_mapped": ("delivered", "services", True, True, "social", True, True),
    "best_practice_gas_peak": ("delivered", "services", True, True, "social", True, True),
}


@cache
def given_rows() -> dict[tuple[str, str, str], dict[int, tuple[float, str]]]:
    found: dict[tuple[str, str, str], dict[int, tuple[float, str]]] = {}
    for name in FILES:
        with (FOLDER / f"{name}.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for scenario in row["scenario"].split():
                    key = scenario, row["item"], row["parameter"]
                    found.setdefault(key, {})[int(row["year"])] = float(row["value"]), row["price_base"]
    return found


@cache
def given_rules() -> dict[tuple[str, str, str], dict[str, str]]:
    with (FOLDER / "scenario_rule.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {(scenario, row["item"], row["parameter"]): row for row in rows for scenario in row["scenario"].split()}


SET: dict[tuple[str, str], float] = {}
"""Values that a test sets, by item and parameter."""


def figure(scenario: str, item: str, parameter: str, year: int = 0) -> float:
    return SET[item, parameter] if (item, parameter) in SET else shipped_figure(scenario, item, parameter, year)


@cache
def shipped_figure(scenario: str, item: str, parameter: str, year: int = 0) -> float:
    """One figure in the scenario's prices: its own, borrowed, or that of all; extended as its rule says."""
    rows, rules = given_rows(), given_rules()
    for owner in (scenario, "all"):
        rule = rules.get((owner, item, parameter), {})
        lender = rule.get("borrow_from") or owner
        series = rows.get((lender, rule.get("borrow_item") or item, parameter))
        by_year = {y: in_prices_of(scenario, value, base) for y, (value, base) in (series or {}).items()}
        if owner == scenario and parameter == PRICE:
            by_year |= carried_on(scenario, item, last_given=max(by_year, default=0))
        if not by_year:
            continue
        if 0 in by_year:
            return by_year[0]
        return extended(by_year, year, rule or rules.get(("all", item, parameter), {}))
    raise KeyError((scenario, item, parameter))


def in_prices_of(scenario: str, value: float, base: str) -> float:
    if base == "none":
        return value
    rows = given_rows()
    wanted = rows.get((scenario, "study", "price_base_year")) or rows["all", "study", "price_base_year"]
    index = rows["all", "gdp_deflator", "index"]
    return value * index[int(wanted[0][0])][0] / index[int(base)][0]


RETAIL = {
    "electricity_residential": (("electricity_residential_other", "electricity_residential_commodity"), 1.05),
    "gas_residential": (("gas_residential",), 1.05),
    "electricity_services": (("electricity_services",), 1.0),
    "gas_services": (("gas_services",), 1.0),
}


def carried_on(scenario: str, item: str, *, last_given: int) -> dict[int, float]:
    """Retail prices after the last given one: those of 2025 plus the change of the series that they follow."""
    if item not in RETAIL:
        return {}
    rows, carrier = given_rows(), item.partition("_")[0]
    moves = rows.get((scenario, f"wholesale_{carrier}", PRICE))
    if moves is None and carrier == "gas":
        moves = rows.get((scenario, "gas_industrial", PRICE))
    if moves is None:
        return {}
    parts, vat = RETAIL[item]
    start = sum(in_prices_of(scenario, *rows["all", "retail_rule", part][0]) for part in parts)
    then = in_prices_of(scenario, *moves[2025])
    return {
        year: vat * (start + in_prices_of(scenario, *moved) - then)
        for year, moved in moves.items()
        if year > last_given
    }


def extended(by_year: dict[int, float], year: int, rule: dict[str, str]) -> float:
    if year in by_year:
        return by_year[year]
    first, last = min(by_year), max(by_year)
    if year < first:
        if rule["before"] == "hold_first":
            return by_year[first]
        assert rule["before"] == "grow"
        return by_year[first] / (1 + float(rule["growth_per_year"])) ** (first - year)
    if year > last:
        if rule["after"] == "hold_last":
            return by_year[last]
        assert rule["after"] == "grow"
        return by_year[last] * (1 + float(rule["growth_per_year"])) ** (year - last)
    assert rule["between"] == "interpolate"
    below, above = max(y for y in by_year if y < year), min(y for y in by_year if y > year)
    return by_year[below] + (by_year[above] - by_year[below]) * (year - below) / (above - below)


def energy_in(
    scenario: str, convention: str, system: str, year: int, carrier: str = "electricity"
) -> tuple[float, float]:
    """Price and carbon cost of one MWh of a system's gas or electricity."""
    _, network_tariff, _, _, who, _, marginal = READINGS[convention]
    carrier = "gas" if system == "gas_boiler" else carrier
    tariff = network_tariff if system == "network" else "residential"
    price = figure(scenario, f"{carrier}_{tariff}", PRICE, year)
    if who in ("social", "public") and tariff == "residential":
        price /= 1.05
    if who == "private" and system == "network" and tariff == "residential":
        price /= 1.05
    if who == "social" and carrier == "electricity":
        price -= figure(scenario, "electricity", AVERAGE, year) * figure(
            scenario, "carbon_electricity_supply", TONNE, year
        )
        if tariff != "residential":
            price -= figure(scenario, "climate_change_levy", "levy_gbp_per_mwh")
    tonnes = figure(scenario, carrier, MARGINAL if marginal and carrier == "electricity" else AVERAGE, year)
    per_tonne = {"paper": "carbon", "social": "carbon_value_central"}.get(who)
    return price, tonnes * figure(scenario, per_tonne, TONNE, year) if per_tonne else 0.0


def rate_in(convention: str, year: int, rate: float | None) -> float:
    who = READINGS[convention][4]
    if rate is not None:
        return rate
    if who in ("social", "public"):
        return 0.035 if year <= 30 else 0.03 if year <= 75 else 0.025
    return 0.07 if who == "private" else 0.035


def levelise(
    costs: list[dict[str, float]], heat_mwh: list[float], convention: str, rate: float | None
) -> dict[str, float]:
    """Equation (1), one element after the other."""
    present, heat, factor = dict.fromkeys(ELEMENTS, 0.0), 0.0, 1.0
    for year, (cost, mwh) in enumerate(zip(costs, heat_mwh, strict=True)):
        if year > 0:
            factor /= 1 + rate_in(convention, year, rate)
        for element in ELEMENTS:
            present[element] += cost.get(element, 0.0) * factor
        heat += mwh * factor
    return {element: value / heat for element, value in present.items()}


def bought(price: float, life: int, horizon: int) -> dict[int, float]:
    """Spending by year: again whenever worn out, the rest of the last one given back."""
    spending: dict[int, float] = {}
    year = 0
    while year < horizon:
        spending[year] = price
        year += life
    spending[horizon] = -price * (year - horizon) / life
    return spending


@cache
def derived_spf(system: str) -> float:
    rows = read_assumptions().filter(pl.col("item") == system, pl.col("parameter") == "hourly_spf")
    return float(rows["value"][0])


@dataclass(frozen=True)
class Asked:
    """A system to be costed, built for one demand and run at another."""

    scenario: str
    convention: str
    demand_kwh: float
    run_kwh: float
    rate: float | None


def plain_individual(asked: Asked, system: str) -> dict[str, float]:
    scenario, convention, demand_kwh, rate = asked.scenario, asked.convention, asked.demand_kwh, asked.rate
    common, private = READINGS[convention][5], READINGS[convention][4] == "private"
    capital, om = figure(scenario, system, "capital_gbp"), figure(scenario, system, "om_gbp_per_year")
    efficiency, life = figure(scenario, system, "efficiency"), int(figure(scenario, system, "lifetime_years"))
    if common and system != "gas_boiler":  # best_practice: the SPF that follows the hours, tested on its own
        efficiency = derived_spf(system)
    if private:
        capital *= 1.20 if system == "gas_boiler" else 1.05
        om *= 1.20
        om += standing_charge(scenario) * (1 if system == "gas_boiler" else gas_stays(scenario))
    if common:
        capital += sized_by_load(scenario, system, demand_kwh) * (1 + (who_pays_vat(system) if private else 0.0))
    horizon = 50 if common else life
    spending = bought(capital, life, horizon)
    start = int(figure(scenario, "study", "start_year"))
    costs: list[dict[str, float]] = [{"capital": spending[0]}]
    heat = [0.0]
    for t in range(1, horizon + 1):
        price, carbon = energy_in(scenario, convention, system, start + t - 1)
        mwh = asked.run_kwh / 1000 / efficiency
        costs.append({"capital": spending.get(t, 0.0), "om": om, "fuel": mwh * price, "carbon": mwh * carbon})
        heat.append(asked.run_kwh / 1000)
    return levelise(costs, heat, convention, rate)


def upkeep_per_mwh(scenario: str) -> float:
    return sum(
        figure(scenario, "network", f"{part}_gbp_per_mwh") for part in ("pipe_om", "hiu_om", "meter_om", "labour")
    )


def standing_charge(scenario: str) -> float:
    """Return the gas standing charge of the first year, where the scenario has one."""
    try:
        return figure(scenario, "gas_residential", "standing_charge_gbp_per_year", start_year(scenario))
    except KeyError:
        return 0.0


def gas_stays(scenario: str) -> float:
    return figure(scenario, "cooking", "gas_stays_share")


def start_year(scenario: str) -> int:
    return int(figure(scenario, "study", "start_year"))


def who_pays_vat(system: str) -> float:
    return 0.20 if system == "gas_boiler" else 0.05


def derived_or_given(scenario: str) -> Get:
    """Figures of the CSV files, and the load of many homes, which the table `assumption` alone holds."""
    load = DERIVED | SET

    def get(item: str, parameter: str) -> float:
        return load[item, parameter] if (item, parameter) in load else figure(scenario, item, parameter)

    return get


def sized_by_load(scenario: str, system: str, demand_kwh: float) -> float:
    """Return the capital of a system above that of the paper's average home."""
    get = derived_or_given(scenario)
    kw_per_kwh = get("load", "heat_loss_w_per_k_per_mwh") * (21 + 3) / 1e6
    more_kw = max(demand_kwh * kw_per_kwh, get(system, "least_kw")) - 15_200 * kw_per_kwh
    return more_kw * get(system, "capital_gbp_per_kw")


def spf_of_network(scenario: str, delivered_mwh: float, lost_mwh: float) -> float:
    """Heat over electricity of a network's heat pump, that of the catalogue at the network's water and its source."""
    rated = figure(scenario, "network", "heat_pump_spf")
    try:
        rated_lorenz = figure(scenario, "network_source", "rated_lorenz_cop")
    except KeyError:
        return rated
    get = derived_or_given(scenario)
    hot, back = get("pipe", "flow_c") + 273.15, get("pipe", "return_c") + 273.15
    sink = (hot - back) / math.log(hot / back)
    electricity = 0.0
    for mwh, air_c in (
        (delivered_mwh, get("network_source", "source_c_of_heat")),
        (lost_mwh, get("network_source", "source_c_of_loss")),
    ):
        source = air_c + 273.15 - figure(scenario, "network_source", "source_cooling_k") / 2
        electricity += mwh / (rated * sink / (sink - source) / rated_lorenz)
    return (delivered_mwh + lost_mwh) / electricity


def plain_sized_network(asked: Asked, dwellings: float) -> dict[str, float]:
    scenario, convention, demand_kwh = asked.scenario, asked.convention, asked.demand_kwh
    burns_gas = convention == "best_practice_gas_peak"
    trench_m = MAIN_M + LINK_M if convention == "best_practice_mapped" else None
    boiler = "gas_boiler" if burns_gas else "electric_boiler"
    built = build(
        derived_or_given(scenario), dwellings, demand_kwh, boiler=boiler, trench_m=trench_m, run_kwh=asked.run_kwh
    )
    delivered = asked.run_kwh * dwellings / 1000
    burnt = built.peak_plant_mwh / 0.93 if burns_gas else 0.0
    spf = spf_of_network(scenario, demand_kwh * dwellings / 1000, built.loss_kw * 8.76)
    drawn = built.heat_pump_mwh / spf + 0.019 * delivered
    if not burns_gas:
        drawn += built.peak_plant_mwh / 0.99
    spending = dict.fromkeys(range(51), 0.0)
    for gbp, life in built.capital.values():
        for year, spent in bought(gbp, life, 50).items():
            spending[year] += spent
    start = int(figure(scenario, "study", "start_year"))
    vat = 1.05 if READINGS[convention][4] == "private" else 1.0
    costs, heat = [{"capital": spending[0]}], [0.0]
    for t in range(1, 51):
        price, carbon = energy_in(scenario, convention, "network", start + t - 1)
        upkeep = upkeep_per_mwh(scenario) * delivered + built.upkeep_gbp
        if vat > 1:
            upkeep += gas_stays(scenario) * standing_charge(scenario) * dwellings / vat
        fuel, charged = drawn * price, drawn * carbon
        if burns_gas:
            gas, of_gas = energy_in(scenario, convention, "network", start + t - 1, "gas")
            fuel, charged = fuel + burnt * gas, charged + burnt * of_gas
        costs.append({"capital": spending[t], "om": upkeep, "fuel": fuel, "carbon": charged})
        heat.append(delivered)
    return {element: value * vat for element, value in levelise(costs, heat, convention, asked.rate).items()}


def plain_network(asked: Asked, dwellings: float) -> dict[str, float]:
    scenario, convention = asked.scenario, asked.convention
    per, _, again, share, _, common, _ = READINGS[convention]
    if common:
        return plain_sized_network(asked, dwellings)
    get = partial(figure, scenario, "network")
    heat_pump = get("heat_pump_capital_gbp_per_kw") * 3.7 * dwellings
    per_home = 13.3 * get("internal_pipe_gbp_per_m") + get("hiu_gbp_per_dwelling") + get("dwelling_meter_gbp")
    per_home += 3.7 * get("substation_gbp_per_kw")
    others = per_home * dwellings + 1000 * get("main_pipe_gbp_per_m") + get("building_meter_gbp")
    delivered = asked.run_kwh * dwellings / 1000
    produced = delivered / (1 - 0.20)
    drawn = produced / get("heat_pump_spf") + 0.019 * delivered
    start = int(figure(scenario, "study", "start_year"))
    dearer = 1 + get("optimism_bias_share")
    costs: list[dict[str, float]] = [{"capital": (heat_pump + others) * dearer}]
    heat = [0.0]
    for t in range(1, 51):
        price, carbon = energy_in(scenario, convention, "network", start + t - 1)
        upkeep = 0.01 * heat_pump if share else get("heat_pump_om_gbp_per_kw_year") * 3.7 * dwellings
        costs.append(
            {
                "capital": heat_pump * dearer
                if again and t < 50 and t % int(get("heat_pump_lifetime_years")) == 0
                else 0.0,
                "om": upkeep_per_mwh(scenario) * delivered + upkeep,
                "fuel": drawn * price,
                "carbon": drawn * carbon,
            }
        )
        heat.append(produced if per == "produced" else delivered)
    return levelise(costs, heat, convention, asked.rate)


def one_demand(demand_kwh: float, measured_kwh: float) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "dwelling_type": ["all"], "period": ["2009"], "demand_basis": ["measured"], "demand_kwh": [demand_kwh],
            "weather": ["normal"], "demand_measured_kwh": [measured_kwh],
        }
    )  # fmt: skip


MAIN_M, LINK_M, SHARE = 12_345.0, 678.0, 0.4  # of the place that `best_practice_mapped` serves
RATES = ("discount_rate", "rate_to_year_30", "rate_to_year_75", "rate_after_year_75", "commercial_rate")


LIVES = st.integers(5, 50)
DRAWN = {
    "gas_boiler.lifetime_years": LIVES,
    "ashp.lifetime_years": LIVES,
    "gshp.lifetime_years": LIVES,
    "network.heat_pump_lifetime_years": LIVES,
    "network.connection_lifetime_years": LIVES,
    "network_store.lifetime_years": LIVES,
    "network.optimism_bias_share": st.floats(0, 2),
    "network.heat_pump_spf": st.floats(1, 8),
    "network_source.source_c_of_heat": st.floats(-10, 25),
    "network_source.source_c_of_loss": st.floats(-10, 25),
    "pipe.flow_c": st.floats(56, 110),
    "pipe.return_c": st.floats(30, 55),
    "cooking.gas_stays_share": st.floats(0, 1),
    "cooking.gas_kwh_per_year": st.floats(0, 600),
}


@settings(max_examples=120, deadline=None)
@given(
    scenario=st.sampled_from(
        ["paper_fit", "eep2018", "eep2019", "desnz2023", "current2026", "current2026_low", "current2026_high"]
    ),
    convention=st.sampled_from(sorted(READINGS)),
    demand_kwh=st.floats(500, 80_000),
    in_measured_year=st.floats(0.5, 1.6),
    rate=st.none() | st.floats(0, 0.25),
    dwellings=st.integers(1, 60_000),
    chosen=st.fixed_dictionaries({}, optional=DRAWN),
)
def test_every_element_agrees_with_the_plain_implementation(
    *,
    scenario: str,
    convention: str,
    demand_kwh: float,
    in_measured_year: float,
    rate: float | None,
    dwellings: int,
    chosen: dict[str, float],
) -> None:
    given_rates = [] if rate is None else [f"{name}={rate}" for name in RATES]
    given = [f"{name}={value!r}" for name, value in chosen.items()]
    assumptions = with_network_size(override(RESOLVED, given_rates + given, scenario=scenario), dwellings)
    mapped = Place(homes={"all": float(dwellings)}, connection_share=SHARE, main_pipe_m=MAIN_M, link_pipe_m=LINK_M)
    place = mapped if convention == "best_practice_mapped" else None
    homes = dwellings * SHARE if place else float(dwellings)
    demand = one_demand(demand_kwh, demand_kwh * in_measured_year)
    table = lcoh_table(demand, assumptions, scenario=scenario, convention=convention, place=place)
    rows = {row["system"]: row for row in table.iter_rows(named=True)}
    lacks_gas_of_networks = convention == "best_practice_gas_peak" and scenario == "paper_fit"
    assert set(rows) == {"gas_boiler", "ashp", "gshp"} | (set() if lacks_gas_of_networks else {"network"})
    with_set = {
        (item, parameter): value for name, value in chosen.items() for item, _, parameter in [name.partition(".")]
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[__name__], "SET", with_set)
        get = derived_or_given(scenario)
        without_cooking = demand_kwh - 0.8054 * get("cooking", "gas_kwh_per_year")
        runs = {
            "lcoh_gbp_per_mwh": demand_kwh,
            "lcoh_measured_year_gbp_per_mwh": demand_kwh * in_measured_year,
            "lcoh_without_cooking_gbp_per_mwh": without_cooking,
        }
        for column, run_kwh in runs.items():
            asked = Asked(scenario, convention, demand_kwh, run_kwh, rate)
            for system, row in rows.items():
                plain = plain_network(asked, homes) if system == "network" else plain_individual(asked, system)
                if column == "lcoh_gbp_per_mwh":
                    for element in ELEMENTS:
                        found = row[f"{element}_gbp_per_mwh"]
                        assert found == pytest.approx(plain[element], rel=1e-9, abs=1e-6), (system, element)
                assert row[column] == pytest.approx(sum(plain.values()), rel=1e-9, abs=1e-6), (system, column)
