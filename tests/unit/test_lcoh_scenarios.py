"""Scenarios: series are borrowed, extended and converted to one price year, and bad rules are refused."""

from pathlib import Path

import polars as pl
import pytest

from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenario_rules import RULE_COLUMNS
from transforms.lcoh.assumptions.scenarios import list_changes, scenario_figures, seen_rows
from transforms.lcoh.model.conventions import BEST_PRACTICE
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.systems import SYSTEMS, purchase_of
from transforms.lcoh.results.table import lcoh_table, missing_systems
from transforms.tables.cost import ASSUMPTION
from warehouse.cost_figures import read_assumptions

SHIPPED = read_assumptions()
PRICE = "price_gbp_per_mwh"
PRICE_BASES = {"paper_fit": "2018", "eep2018": "2018", "eep2019": "2018"} | dict.fromkeys(
    ("desnz2023", "current2026", "current2026_low", "current2026_high"), "2025"
)
ELECTRICITY = ("electricity_residential", PRICE)
ROW_HEADER = "scenario,item,parameter,year,value,unit,price_base,status,source"
RULE_HEADER = ",".join(RULE_COLUMNS)


def own_files(folder: Path, rows: list[str], rules: list[str]) -> list[Path]:
    paths = []
    for name, header, lines in (("rows.csv", ROW_HEADER, rows), ("rules.csv", RULE_HEADER, rules)):
        paths.append(folder / name)
        paths[-1].write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return paths


def price(year: int, value: float, *, base: int = 2018, scenario: str = "mine") -> str:
    return f"{scenario},electricity_residential,{PRICE},{year},{value},GBP/MWh,{base},own choice,a bill"


def rule(how: str, *, scenario: str = "mine", item: str = "electricity_residential", unit: str = "GBP/MWh") -> str:
    return f"{scenario},{item},{PRICE},{how},{unit},because"


def value_in(assumptions: pl.DataFrame, year: int, scenario: str = "mine") -> float:
    return float(scenario_figures(assumptions, scenario).series(*ELECTRICITY, [year])[0])


def status_in(assumptions: pl.DataFrame, year: int, scenario: str = "mine", item: str = ELECTRICITY[0]) -> str:
    row = assumptions.filter(scenario=scenario, item=item, parameter=PRICE, year=year)
    return str(row["status"].item())


# --- the scenarios that ship ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scenario", ["paper_fit", "eep2018", "eep2019", "desnz2023", "current2026", "current2026_low", "current2026_high"]
)
@pytest.mark.parametrize("convention", ["wang2018", "rival", "best_practice", "best_practice_private"])
def test_every_system_that_is_not_left_out_has_its_series_in_every_year(scenario: str, convention: str) -> None:
    assert not missing_systems(SHIPPED, scenario=scenario, convention=convention)
    table = lcoh_table(paper_demand(SHIPPED), SHIPPED, scenario=scenario, convention=convention)
    assert set(table["system"]) == set(SYSTEMS)


def test_every_figure_stands_in_one_year_s_prices_and_says_how_it_came_about() -> None:
    assert SHIPPED.schema == pl.Schema(ASSUMPTION.schema)
    assert SHIPPED.select(ASSUMPTION.key).is_unique().all()
    for scenario, base in PRICE_BASES.items():
        money = seen_rows(SHIPPED, scenario).filter(pl.col("price_base") != "none")
        assert set(money["price_base"]) == {base}, scenario
    assert SHIPPED["value"].is_finite().all()
    whole = SHIPPED.filter(pl.col("scenario") == "eep2018", pl.col("item") == "gas_residential")
    assert whole["year"].sort().to_list() == list(range(2018, 2068))
    assert whole["status"].str.starts_with("published; borrowed from eep2019; from prices of 2019").all()
    assert set(whole.filter(pl.col("year") > 2035)["status"].str.split("; ").list.last()) == {"held from 2035"}
    assert whole["source"].str.contains("2019, Annex M").all()
    assert whole["source"].str.contains("no gas price of the 2018 projections at hand").all()


def test_published_figures_of_2019_come_out_in_prices_of_2018() -> None:
    # 19.3 p/kWh in 2019 prices; GDP deflator 79.1606 in 2018, 81.1085 in 2019
    assert value_in(SHIPPED, 2019, "eep2019") == pytest.approx(193 * 79.1606 / 81.1085)
    assert value_in(SHIPPED, 2035, "eep2018") == 200.54
    assert status_in(SHIPPED, 2035, "eep2018") == "second-hand"


def test_the_grid_is_interpolated_between_published_points() -> None:
    figures = scenario_figures(SHIPPED, "eep2019")
    years = [2018, 2021, 2022, 2025, 2050, 2067]
    grid = figures.series("electricity", "carbon_intensity_kg_per_kwh", years).tolist()
    expected = [0.208868, 0.208868, 0.208868 + (0.126655 - 0.208868) / 4, 0.126655, 0.00241, 0.00241]
    assert grid == pytest.approx(expected)


def test_carbon_values_grow_beyond_their_table() -> None:
    values = scenario_figures(SHIPPED, "eep2019").series(
        "carbon_value_central", "price_gbp_per_tonne", [2018, 2050, 2052]
    )
    to_2018 = 79.1606 / 90.5005
    assert values.tolist() == pytest.approx(
        [253.19 * to_2018 / 1.015**2, 397.54 * to_2018, 397.54 * to_2018 * 1.015**2]
    )


def test_a_scenario_starts_in_its_own_year() -> None:
    assert scenario_figures(SHIPPED, "desnz2023").one("study", "start_year") == 2026
    of_industry = SHIPPED.filter(scenario="desnz2023", item="electricity_industrial")
    assert (of_industry["year"].min(), of_industry["year"].max()) == (2021, 2075)
    services = status_in(SHIPPED, 2030, "desnz2023", "electricity_services")
    assert services == "published; borrowed from desnz2023, electricity_industrial; from prices of 2022"


def test_changes_are_listed_for_the_series_that_a_convention_reads() -> None:
    series = purchase_of(BEST_PRACTICE, "gas_boiler").series
    changes = list_changes(SHIPPED, "desnz2023", [*series, ("electricity_industrial", PRICE)])
    assert changes == {
        ("carbon_value_central", "price_gbp_per_tonne"): ["from prices of 2022", "grown by 1.5 % a year from 2050"],
        ("electricity_industrial", PRICE): ["from prices of 2022", "held from 2050"],
        ("gas_residential", PRICE): ["from prices of 2022", "interpolated", "held from 2050"],
    }


# --- one's own ------------------------------------------------------------------------------------------


def test_each_rule_of_extension_fills_its_years(tmp_path: Path) -> None:
    given = [price(2020, 200), price(2024, 240)]
    held = read_assumptions(own_files(tmp_path, given, [rule(",,hold_first,interpolate,hold_last,")]))
    assert [value_in(held, year) for year in (2018, 2020, 2021, 2023, 2024, 2067)] == [200, 200, 210, 230, 240, 240]
    assert status_in(held, 2018) == "own choice; held before 2020"
    assert status_in(held, 2021) == "own choice; interpolated"
    assert status_in(held, 2067) == "own choice; held from 2024"
    assert status_in(held, 2020) == "own choice"
    grown = read_assumptions(own_files(tmp_path, given, [rule(",,grow,interpolate,grow,0.02")]))
    assert [value_in(grown, year) for year in (2018, 2026)] == pytest.approx([200 / 1.02**2, 240 * 1.02**2])
    assert status_in(grown, 2026) == "own choice; grown by 2.0 % a year from 2024"


@pytest.mark.parametrize(
    ("how", "year"), [(",,hold_first,interpolate,,", 2025), (",,,interpolate,hold_last,", 2019), (",,hold_first,,hold_last,", 2021)]
)  # fmt: skip
def test_a_year_that_no_rule_covers_is_an_error_that_names_it(tmp_path: Path, how: str, year: int) -> None:
    assumptions = read_assumptions(own_files(tmp_path, [price(2020, 200), price(2024, 240)], [rule(how)]))
    with pytest.raises(
        AssumptionError, match=rf"mine: electricity_residential.* 1 years \({year} to {year}\), and no rule"
    ):
        value_in(assumptions, year)


def test_a_series_is_borrowed_and_brought_to_the_borrower_s_prices(tmp_path: Path) -> None:
    rows = ["mine,study,price_base_year,0,2022,yr,none,own choice,me"]
    assumptions = read_assumptions(own_files(tmp_path, rows, [rule("eep2019,,,,hold_last,")]))
    assert value_in(assumptions, 2019) == pytest.approx(193 * 90.5005 / 81.1085)
    assert status_in(assumptions, 2040) == "published; borrowed from eep2019; from prices of 2019; held from 2035"
    figures = scenario_figures(assumptions, "mine")
    assert figures.one("ashp", "capital_gbp") == pytest.approx(7000 * 90.5005 / 79.1606)
    assert figures.one("ashp", "efficiency") == 3
    assert scenario_figures(assumptions, "paper_fit").one("ashp", "capital_gbp") == 7000


def test_prices_of_another_year_are_brought_to_the_common_one(tmp_path: Path) -> None:
    assumptions = read_assumptions(own_files(tmp_path, [price(0, 200, base=2022)], []))
    assert value_in(assumptions, 2030) == pytest.approx(200 * 79.1606 / 90.5005)
    assert status_in(assumptions, 0) == "own choice; from prices of 2022"


def test_a_setting_replaces_a_borrowed_value() -> None:
    changed = read_assumptions(settings=["gas_residential.price_gbp_per_mwh=60"], scenario="eep2018")
    gas = changed.filter(scenario="eep2018", item="gas_residential")
    assert gas.select("year", "value", "status", "price_base").rows() == [(0, 60.0, "override", "2018")]


def test_a_later_start_asks_for_later_years() -> None:
    later = read_assumptions(settings=["start_year=2030"], scenario="eep2019")
    assert later.filter(scenario="eep2019", item="gas_residential")["year"].max() == 2079


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (rule("nowhere,,,,,"), "nowhere has no electricity_residential.price_gbp_per_mwh to lend"),
        (rule("eep2018,,,,,", item="gas_residential"), "eep2018 borrows gas_residential.price_gbp_per_mwh itself: borrow from eep2019"),
        (rule("eep2019,,,,,", scenario="paper_fit"), "paper_fit has rows of its own: keep those or the borrowing"),
        (rule(",,,,,"), "the rule is empty"),
        (rule(",,,,hold_last,", unit="GBP/t"), "unit 'GBP/t' is not that of the series, GBP/MWh"),
        (rule(",gas_residential,,,hold_last,"), "borrow_item 'gas_residential' without borrow_from"),
        (rule(",,guess,,,"), "before 'guess' is none of hold_first, grow"),
        (rule(",,,spline,,"), "between 'spline' is none of interpolate"),
        (rule(",,,,forever,"), "after 'forever' is none of hold_last, grow"),
        (rule(",,,,grow,"), "growth_per_year '' is no number from -0.5 to 0.5"),
        (rule(",,,,grow,fast"), "growth_per_year 'fast' is no number"),
        (rule(",,,,hold_last,0.01"), "growth_per_year is given, but neither before nor after is grow"),
        (rule("eep2019,,,,,", item="electricity"), "electricity.price_gbp_per_mwh: no series over years has this name"),
        (rule(",,,,hold_last,").replace("because", ""), "scenario or source is empty"),
        (rule(",,,,hold_last,", scenario="eep2018"), "the key is also in scenario_rule.csv, row 8"),
    ],
)  # fmt: skip
def test_a_bad_rule_is_refused_by_file_row_and_reason(tmp_path: Path, bad: str, reason: str) -> None:
    good = rule(",,,,hold_last,", item="electricity_services")
    read_assumptions(own_files(tmp_path, [], [good]))
    with pytest.raises(AssumptionError) as refusal:
        read_assumptions(own_files(tmp_path, [], [good, bad]))
    assert "rules.csv, row 3: " in str(refusal.value)
    assert reason in str(refusal.value)


def test_a_file_of_rules_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.csv"
    path.write_text("scenario,borrow_from\nmine,eep2019\n", encoding="utf-8")
    with pytest.raises(AssumptionError, match=r"rules\.csv lacks the columns item, parameter"):
        read_assumptions([path])


def test_money_that_cannot_be_brought_to_the_asked_year_is_refused() -> None:
    with pytest.raises(
        AssumptionError, match=r"in prices of \d{4} and cannot be brought to 2040: add rows of gdp_deflator"
    ):
        read_assumptions(settings=["price_base_year=2040"], scenario="eep2019")
