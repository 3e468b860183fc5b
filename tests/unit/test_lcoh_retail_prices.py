"""Retail prices that are carried on by the wholesale price."""

import polars as pl
import pytest

from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.retail_prices import add_retail_prices
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.tables.cost import ASSUMPTION
from warehouse.cost_figures import read_assumptions

PRICE = "price_gbp_per_mwh"


def row(
    scenario: str, item: str, parameter: str, value: float, *, year: int = 0, base: str = "2024"
) -> tuple[object, ...]:
    return scenario, item, parameter, year, value, "GBP/MWh", base, "own choice", "an example"


RULE = [
    row("all", "retail_rule", "anchor_year", 2025, base="none"),
    row("all", "retail_rule", "electricity_residential_other", 110),
    row("all", "retail_rule", "electricity_residential_commodity", 130, base="2025"),
    row("all", "retail_rule", "gas_residential", 60),
    row("all", "retail_rule", "electricity_services", 250),
    row("all", "retail_rule", "gas_services", 45),
    row("all", "vat", "on_energy", 0.05, base="none"),
    row("all", "gdp_deflator", "index", 100, year=2024, base="none"),
    row("all", "gdp_deflator", "index", 104, year=2025, base="none"),
]
WHOLESALE = [
    row("mine", f"wholesale_{carrier}", PRICE, value, year=year)
    for carrier, series in {"electricity": (90, 80, 70), "gas": (32, 30, 20)}.items()
    for year, value in zip((2025, 2026, 2027), series, strict=True)
]


def derive(*rows: tuple[object, ...]) -> pl.DataFrame:
    given = pl.DataFrame(list(rows), schema=ASSUMPTION.schema, orient="row")
    return add_retail_prices(given).filter(status="derived")


def test_a_price_is_that_of_the_anchor_year_and_the_change_of_the_wholesale_price() -> None:
    cap = row("mine", "electricity_residential", PRICE, 260, year=2026)
    found = derive(*RULE, *WHOLESALE, cap)
    prices = {(item, year): value for item, year, value in found.select("item", "year", "value").iter_rows()}
    # the cap of 2026 is given, so electricity starts in 2027; 130 in money of 2025 are 125 in that of 2024
    assert prices["electricity_residential", 2027] == pytest.approx(1.05 * (110 + 125 + 70 - 90))
    assert ("electricity_residential", 2026) not in prices
    assert prices["gas_residential", 2026] == pytest.approx(1.05 * (60 + 30 - 32))
    assert prices["electricity_services", 2025] == 250
    assert prices["gas_services", 2027] == 45 + 20 - 32
    assert set(found["price_base"]) == {"2024"}
    assert found["source"].str.contains("no series of any publisher").all()


def test_gas_moves_with_the_industrial_price_where_no_wholesale_price_is_known() -> None:
    industrial = [row("mine", "gas_industrial", PRICE, value, year=year) for year, value in ((2025, 40), (2030, 28))]
    found = derive(*RULE, *industrial).filter(item="gas_residential")
    assert found["value"].to_list() == pytest.approx([1.05 * 60, 1.05 * (60 - 12)])
    assert found["source"].str.contains("change of gas_industrial").all()


def test_a_price_that_is_set_for_all_years_stays_and_a_scenario_without_such_series_gets_none() -> None:
    always = row("mine", "gas_residential", PRICE, 70)
    assert "gas_residential" not in derive(*RULE, *WHOLESALE, always)["item"].to_list()
    assert derive(*RULE, row("mine", "electricity_residential", PRICE, 200, year=2026)).is_empty()


def test_a_series_without_the_anchor_year_is_refused() -> None:
    later = [one for one in WHOLESALE if one[3] != 2025]
    with pytest.raises(AssumptionError, match="wholesale_electricity, which has no value for 2025"):
        derive(*RULE, *later)


def test_a_part_that_is_missing_or_in_other_money_is_refused() -> None:
    with pytest.raises(AssumptionError, match=r"retail prices need retail_rule\.gas_residential"):
        derive(*(one for one in RULE if one[2] != "gas_residential"), *WHOLESALE)
    with pytest.raises(AssumptionError, match="in prices of 2025 and cannot be brought to 2024"):
        derive(*(one for one in RULE if one[3] != 2025 or one[1] != "gdp_deflator"), *WHOLESALE)


def test_one_setting_changes_the_rule_and_one_the_price() -> None:
    dearer = read_assumptions(settings=["retail_rule.gas_residential=80"], scenario="current2026")
    shipped = read_assumptions()
    years = [2026, 2027, 2050]
    was, now = (
        scenario_figures(rows, "current2026").series("gas_residential", PRICE, years) for rows in (shipped, dearer)
    )
    anchor = 64.86 / 1.05
    assert now - was == pytest.approx([0, 1.05 * (80 - anchor), 1.05 * (80 - anchor)], abs=1e-3)
    flat = read_assumptions(settings=["gas_residential.price_gbp_per_mwh=70"], scenario="current2026")
    assert scenario_figures(flat, "current2026").series("gas_residential", PRICE, years).tolist() == [70, 70, 70]


def test_low_central_and_high_lie_in_that_order_for_gas_and_share_the_caps() -> None:
    assumptions = read_assumptions()
    low, central, high = (
        scenario_figures(assumptions, f"current2026{level}").series("gas_residential", PRICE, range(2026, 2076))
        for level in ("_low", "", "_high")
    )
    assert low[0] == central[0] == high[0]
    assert (low[1:] < central[1:]).all()
    assert (central[1:] < high[1:]).all()
