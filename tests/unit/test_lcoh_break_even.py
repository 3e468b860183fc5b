"""Break-evens: worked by hand, put back into the model, and null with a reason where there is none."""

import numpy as np
import polars as pl
import pytest
from scipy.optimize import brentq

from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.demands import check_demand, paper_demand
from transforms.lcoh.model.measured_rows import replace_rows
from transforms.lcoh.model.performance import SMOOTHED, spf_rows
from transforms.lcoh.model.what_if import AS_BUILT, Change
from transforms.lcoh.results.break_even import QUANTITIES, Quantity, break_even_table, pair_with
from transforms.lcoh.results.costed import Costed, compared_systems
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.cost_analysis import BREAK_EVEN, SEASONAL_PERFORMANCE
from warehouse.cost_figures import read_assumptions

ONE_HOME = pl.DataFrame(
    {"dwelling_type": ["all"], "period": ["2009"], "demand_basis": ["measured"], "demand_kwh": [15_200.0]}
)
MEASURED = pl.DataFrame(
    [
        dict.fromkeys(SEASONAL_PERFORMANCE.schema, spf)
        | {"dwelling_type": name, "period": "2009", "source": source, "load": SMOOTHED}
        for source, of_all, of_flats in (("air", 2.5, 2.4), ("ground", 3.0, 2.9))
        for name, spf in (("all", of_all), ("flat", of_flats))
    ],
    schema=SEASONAL_PERFORMANCE.schema,
)
ASSUMPTIONS = replace_rows(read_assumptions(), spf_rows(MEASURED, period="2009"))
PAPER = paper_demand(ASSUMPTIONS)
OF_PLANT = [quantity for quantity in QUANTITIES if quantity.name != "heat_price"]  # that of a network that buys heat
NO_DISCOUNT = [f"green_book.rate_{when}=0" for when in ("to_year_30", "to_year_75", "after_year_75")]
INTENSITY = "electricity.carbon_intensity_marginal_kg_per_kwh"

# Costs of one home and year of 15.2 MWh, in 50 years without discounting; prices without VAT.
ELECTRICITY, GAS = 190 / 1.05, 47 / 1.05
PUMP_FIXED = (3 * 7000 - 10 / 20 * 7000) / 50 + 90
BOILER = (4 * 2500 - 10 / 15 * 2500) / 50 + 180 + 15.2 / 0.94 * GAS
CURRENT = 15.2 / 2.5 * ELECTRICITY


def changed(*settings: str, scenario: str = "paper_fit") -> pl.DataFrame:
    clean = [] if any(setting.startswith(INTENSITY) for setting in settings) else [f"{INTENSITY}=0.1"]
    return override(ASSUMPTIONS, [*NO_DISCOUNT, *clean, *settings], scenario=scenario)


def by_quantity(*settings: str, system: str = "ashp") -> dict[str, dict[str, object]]:
    table = break_even_table(ONE_HOME, changed(*settings), scenario="paper_fit", convention="best_practice_public")
    return {row["quantity"]: row for row in table.filter(pl.col("system") == system).iter_rows(named=True)}


def test_each_dwelling_type_has_its_own_spf_in_costs_and_break_evens_alike() -> None:
    table = break_even_table(PAPER, ASSUMPTIONS, scenario="eep2019", convention="best_practice")
    base = table.filter(pl.col("quantity") == "spf", pl.col("system") == "ashp").select("dwelling_type", "base")
    types = PAPER["dwelling_type"]
    assert dict(base.iter_rows()) == {name: 2.4 if name == "flat" else 2.5 for name in types}
    costs = lcoh_table(PAPER, ASSUMPTIONS, scenario="eep2019", convention="best_practice")
    costs_of = {name: dict(zip(part["dwelling_type"], part["lcoh_gbp_per_mwh"], strict=True))
                for (name,), part in costs.filter(scale="individual").group_by("system")}  # fmt: skip
    pump = next(one for one in contenders("best_practice", "eep2019") if one.system == "ashp")
    gap = dict(zip(pump.keys["dwelling_type"], pair_with(pump, "gas_boiler").gap(), strict=True))
    assert gap == pytest.approx({name: costs_of["ashp"][name] - costs_of["gas_boiler"][name] for name in types})


# --- by hand ----------------------------------------------------------------------------------------------


def test_each_quantity_by_hand() -> None:
    rows = by_quantity()
    extra = PUMP_FIXED + CURRENT - BOILER
    saved_tonnes = 15.2 * (184 / 0.94 - 100 / 2.5) / 1000
    expected = {
        "carbon_price": ("GBP/t", 0.0, extra / saved_tonnes),
        "electricity_to_gas_price_ratio": (
            "1",
            ELECTRICITY / GAS,
            ELECTRICITY / GAS * (BOILER - PUMP_FIXED) / CURRENT,
        ),
        "spf": ("1", 2.5, 2.5 * CURRENT / (BOILER - PUMP_FIXED)),
        "capital_grant": ("GBP", 0.0, 50 * extra),
    }
    assert set(rows) == set(expected)
    for name, (unit, base, value) in expected.items():
        assert (rows[name]["unit"], rows[name]["base"]) == (unit, pytest.approx(base)), name
        assert rows[name]["value"] == pytest.approx(value), name
    assert rows["capital_grant"]["note"] == "it is more than the system costs at first"
    assert rows["spf"]["note"] is None


def test_the_perspective_s_price_of_carbon_is_the_base() -> None:
    flat = changed("carbon_value_central.price_gbp_per_tonne=120")
    table = break_even_table(ONE_HOME, flat, scenario="paper_fit", convention="best_practice")
    bases = table.filter(pl.col("quantity") == "carbon_price")["base"]
    assert bases.to_list() == pytest.approx([120.0] * bases.len())


def test_the_price_ratio_is_that_of_means_over_discounted_years() -> None:
    figures = scenario_figures(ASSUMPTIONS, "eep2019")
    weights = np.array([1.035**-t if t <= 30 else 1.035**-30 * 1.03 ** (30 - t) for t in range(1, 51)])
    electricity, gas = (
        figures.series(f"{carrier}_residential", "price_gbp_per_mwh", range(2018, 2068)) @ weights
        for carrier in ("electricity", "gas")
    )
    table = break_even_table(ONE_HOME, ASSUMPTIONS, scenario="eep2019", convention="best_practice_public")
    rows = table.filter(pl.col("quantity") == "electricity_to_gas_price_ratio", pl.col("system") == "ashp")
    assert rows["base"].to_list() == pytest.approx([electricity / gas])


def test_a_network_is_held_against_its_own_price_of_electricity() -> None:
    rows = by_quantity(system="network")
    assert rows["electricity_to_gas_price_ratio"]["base"] == pytest.approx(144 / GAS)
    assert rows["spf"]["base"] == pytest.approx(3.6)


# --- put back ---------------------------------------------------------------------------------------------


def change_of(name: str, value: np.ndarray, base: np.ndarray) -> tuple[Change, Change]:
    """Return the changes of the system and of the boiler beside it for a value."""
    if name == "electricity_to_gas_price_ratio":
        return Change(electricity_price_factor=value / base), AS_BUILT
    if name == "carbon_price":
        return Change(carbon_gbp_per_tonne=value), Change(carbon_gbp_per_tonne=value)
    return Change(**{{"spf": "spf", "capital_grant": "grant_gbp_per_dwelling"}[name]: value}), AS_BUILT


def contenders(convention: str, scenario: str) -> list[Costed]:
    figures = scenario_figures(ASSUMPTIONS, scenario)
    return compared_systems(check_demand(PAPER), figures, find_convention(convention), reference="gas_boiler")


@pytest.mark.parametrize("convention", ["best_practice", "best_practice_public", "best_practice_private"])
@pytest.mark.parametrize("scenario", ["paper_fit", "eep2018", "eep2019"])
def test_every_value_put_back_makes_both_cost_the_same(scenario: str, convention: str) -> None:
    table = break_even_table(PAPER, ASSUMPTIONS, scenario=scenario, convention=convention)
    assert table.schema == pl.Schema(BREAK_EVEN.schema)
    assert table.select(BREAK_EVEN.key).is_unique().all()
    assert table.height == 4 * (2 * 6 + 5)
    assert table.filter(pl.col("value").is_null() & pl.col("note").is_null()).is_empty()
    checked = 0
    for one in contenders(convention, scenario):
        for quantity in OF_PLANT:
            rows = one.keys.select("dwelling_type", "scale").join(
                table.filter(pl.col("system") == one.system, pl.col("quantity") == quantity.name),
                on=["dwelling_type", "scale"],
                maintain_order="left",
            )
            value = rows["value"].fill_null(np.nan).to_numpy()
            gap = pair_with(one, "gas_boiler").gap(*change_of(quantity.name, value, rows["base"].to_numpy()))
            known = np.isfinite(value)
            assert np.abs(gap[known]).max(initial=0.0) < 1e-6
            checked += int(known.sum())
    assert checked > 4 * 5


@pytest.mark.parametrize("quantity", OF_PLANT, ids=lambda quantity: quantity.name)
def test_a_root_finder_on_the_whole_model_finds_the_same(quantity: Quantity) -> None:
    table = break_even_table(PAPER, ASSUMPTIONS, scenario="eep2019", convention="best_practice")
    network = next(c for c in contenders("best_practice", "eep2019") if c.system == "network")
    first = network.keys["scale"][0]
    row = table.filter(
        pl.col("system") == "network", pl.col("scale") == first, pl.col("quantity") == quantity.name
    ).row(0, named=True)
    homes = network.keys.height

    def gap(value: float) -> float:
        change = change_of(quantity.name, np.full(homes, value), np.full(homes, row["base"]))
        return float(pair_with(network, "gas_boiler").gap(*change)[0])

    low, high = {"spf": (0.5, 15.0), "capital_grant": (0.0, 1e5)}.get(quantity.name, (0.0, 2000.0))
    assert brentq(gap, low, high, xtol=1e-10) == pytest.approx(row["value"], rel=1e-7)


def test_each_type_has_its_own_spf_and_break_even() -> None:
    table = break_even_table(PAPER, ASSUMPTIONS, scenario="eep2019", convention="best_practice")
    spf = table.filter(pl.col("system") == "ashp", pl.col("quantity") == "spf")
    assert dict(spf.select("dwelling_type", "base").iter_rows())["flat"] == 2.4
    assert spf["value"].n_unique() == spf.height


# --- none, and why ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "quantity", "reason"),
    [
        ([f"{INTENSITY}=1"], "carbon_price", "emits no less than the boiler"),
        (["ashp.capital_gbp=0", "electricity_residential.price_gbp_per_mwh=20"], "carbon_price", "without any price"),
        (["ashp.capital_gbp=0", "electricity_residential.price_gbp_per_mwh=20"], "capital_grant", "without a grant"),
        (["ashp.om_gbp_per_year=2000"], "electricity_to_gas_price_ratio", "even where electricity costs nothing"),
        (["ashp.om_gbp_per_year=2000"], "spf", "even if it needed no electricity"),
        (["ashp.om_gbp_per_year=700"], "spf", "an SPF above 15"),
        (["electricity_residential.price_gbp_per_mwh=0"], "electricity_to_gas_price_ratio", "does not depend on it"),
    ],
)
def test_where_there_is_no_value_it_is_null_and_says_why(settings: list[str], quantity: str, reason: str) -> None:
    row = by_quantity(*settings)[quantity]
    assert row["value"] is None
    assert reason in str(row["note"])


def test_a_convention_that_does_not_compare_is_refused() -> None:
    with pytest.raises(AssumptionError, match="systems are compared per MWh delivered"):
        break_even_table(PAPER, ASSUMPTIONS, scenario="eep2019", convention="wang2018_delivered")
