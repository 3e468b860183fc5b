"""Assumptions: each rule lets the shipped rows pass and refuses one bad row by file, row and reason."""

from pathlib import Path

import polars as pl
import pytest

from transforms.lcoh.assumptions.assumptions import WHERE, check_rows
from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.parameters import ANY, KNOWN_FIGURES, SPF_ITEMS
from transforms.lcoh.assumptions.refusals import AssumptionError, UnknownNameError
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.cost import ASSUMPTION
from transforms.tables.words import DWELLING_TYPES
from warehouse.cost_figures import read_assumptions

HEADER = "scenario,item,parameter,year,value,unit,price_base,status,source"
GOOD = "mine,electricity_residential,price_gbp_per_mwh,0,200,GBP/MWh,2018,own choice,a bill"


def own_file(folder: Path, *rows: str) -> list[Path]:
    path = folder / "mine.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return [path]


def test_the_shipped_rows_pass_and_make_the_declared_table() -> None:
    shipped = read_assumptions()
    assert shipped.schema == pl.Schema(ASSUMPTION.schema)
    assert shipped.select(ASSUMPTION.key).is_unique().all()
    assert shipped.filter(pl.any_horizontal(pl.col("unit", "status", "source") == "")).is_empty()


def test_every_value_that_the_model_reads_ships_unless_only_a_run_measures_it() -> None:
    shipped = set(read_assumptions().select("item", "parameter").iter_rows())
    lacking = {key for key in KNOWN_FIGURES if key[1] != ANY} - shipped
    assert {item for item, _ in lacking} == set(SPF_ITEMS.values())
    assert {item for item, parameter in KNOWN_FIGURES if parameter == ANY} <= {item for item, _ in shipped}


def test_the_shares_of_the_stock_add_up_and_name_the_five_types() -> None:
    shares = scenario_figures(read_assumptions(), "paper_fit").items("stock_share")
    assert set(shares) == set(DWELLING_TYPES)
    assert sum(shares.values()) == pytest.approx(1.0)


def test_values_that_the_paper_does_not_state_are_marked() -> None:
    of_paper = read_assumptions().filter(pl.col("scenario").is_in(["all", "paper_fit"]), pl.col("year") == 0)
    status = {(item, name): status for item, name, status in of_paper.select("item", "parameter", "status").iter_rows()}
    for scale in ("medium", "large"):
        assert status["network_scale", scale].startswith("own choice")
    assert status["network_scale", "small"] == "published"
    assert {status["electricity_residential", "price_gbp_per_mwh"], status["carbon", "price_gbp_per_tonne"]} == {
        "back-solved"
    }


def test_a_good_own_row_joins_the_table(tmp_path: Path) -> None:
    rows = read_assumptions(own_file(tmp_path, GOOD)).filter(pl.col("scenario") == "mine")
    assert rows.select("value", "source").rows() == [(200.0, "a bill")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("mine,ashp,capital_gbp,0,-1,GBP,2018,own choice,me", "the value -1 GBP must be at least 0 GBP"),
        ("mine,ashp,efficiency,0,0,1,none,own choice,me", "the value 0 must be above 0 and at most 15"),
        ("mine,ashp,efficiency,0,300,1,none,own choice,me", "the value 300 must be above 0 and at most 15"),
        ("mine,ashp,lifetime_years,0,0,yr,none,own choice,me", "the value 0 yr must be at least 1"),
        ("mine,ashp,lifetime_years,0,12.5,yr,none,own choice,me", "the value 12.5 must be a whole number"),
        ("mine,network,distribution_loss_share,0,1,1,none,own choice,me", "must be at least 0 and below 1"),
        ("mine,study,discount_rate,0,3.5,1/yr,none,own choice,me", "must be at least 0 and at most 1"),
        ("mine,ashp,capital_gbp,0,7000,kW,2018,own choice,me", "unit 'kW' does not convert to GBP"),
        ("mine,ashp,capital_gbp,0,7k,GBP,2018,own choice,me", "the value '7k' is not a number"),
        ("mine,ashp,capital_gbp,0,,GBP,2018,own choice,me", "the value '' is not a number"),
        ("mine,ashp,capital_gbp,0,nan,GBP,2018,own choice,me", "the value 'nan' is not a number"),
        ("mine,ashp,capital_gpb,0,7000,GBP,2018,own choice,me", "no parameter is named 'ashp.capital_gpb'; did you mean ashp.capital_gbp"),
        ("mine,ashp,capital_gbp,soon,7000,GBP,2018,own choice,me", "year 'soon' is neither a year nor 0"),
        ("mine,ashp,capital_gbp,2020,7000,GBP,2018,own choice,me", "year 2020 given to a value for all years"),
        ("mine,ashp,capital_gbp,0,7000,GBP,none,own choice,me", "price_base 'none' is not the year of the prices"),
        ("mine,ashp,capital_gbp,0,7000,GBP,2031,own choice,me", "prices of 2031 beside prices of 2018, and no deflator joins the two"),
        ("mine,study,price_base_year,0,2031,yr,none,own choice,me", "prices cannot be brought to those of 2031: the deflator has no such year"),
        ("mine,gdp_deflator,index,2031,0,1,none,own choice,me", "the value 0 must be above 0"),
        ("mine,vat,on_energy,0,1.2,1,none,own choice,me", "must be at least 0 and at most 1"),
        ("mine,carbon_value_central,price_gbp_per_tonne,2030,-5,GBP/t,2022,own choice,me", "the value -5 GBP/t must be at least 0 GBP/t"),
        ("mine,ashp,efficiency,0,3,1,2018,own choice,me", "price_base must be none"),
        ("mine,ashp,efficiency,0,3,1,none,guess,me", "status 'guess' begins with none of published"),
        ("mine,ashp,efficiency,0,3,1,none,own choice,", "scenario, status or source is empty"),
        (GOOD, "the key is also in mine.csv, row 2"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_by_file_row_and_reason(tmp_path: Path, row: str, reason: str) -> None:
    with pytest.raises(AssumptionError) as refusal:
        read_assumptions(own_file(tmp_path, GOOD, row))
    assert reason in str(refusal.value)
    assert "mine.csv, row 3: " in str(refusal.value)


def test_a_figure_that_holds_always_beside_single_years_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        AssumptionError, match=r"mine\.csv, row 3: .* year 0 \(all years\) beside rows for single years"
    ):
        read_assumptions(own_file(tmp_path, GOOD.replace(",0,200", ",2018,200"), GOOD))


def test_many_bad_rows_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    bad = [f"mine,ashp,wrong_{n},0,1,1,none,own choice,me" for n in range(8)]
    with pytest.raises(AssumptionError, match="8 rows of assumptions refused") as refusal:
        read_assumptions(own_file(tmp_path, *bad))
    assert str(refusal.value).count("mine.csv, row") == 5
    assert "and 3 more" in str(refusal.value)


def test_a_file_that_is_no_table_of_assumptions_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(AssumptionError, match=r"notes\.csv lacks the columns scenario"):
        read_assumptions([path])
    with pytest.raises(AssumptionError, match=r"gone\.csv: cannot be read"):
        read_assumptions([tmp_path / "gone.csv"])


def test_units_convert_to_the_declared_one() -> None:
    shipped = read_assumptions()
    changed = override(
        shipped,
        ["electricity_residential.price_gbp_per_mwh=21 p/kWh", "ashp.efficiency=280%", "main_pipe_m=1.5km"],
        scenario="paper_fit",
    )
    figures = scenario_figures(changed, "paper_fit")
    assert figures.one("electricity_residential", "price_gbp_per_mwh") == pytest.approx(210)
    assert figures.one("ashp", "efficiency") == pytest.approx(2.8)
    assert figures.one("network", "main_pipe_m") == pytest.approx(1500)
    assert scenario_figures(shipped, "paper_fit").one("ashp", "efficiency") == 3


def test_a_missing_year_is_refused_by_name(tmp_path: Path) -> None:
    rows = [
        "mine,electricity_residential,price_gbp_per_mwh,0,200,GBP/MWh,2018,own choice,me",
        "mine,gas_residential,price_gbp_per_mwh,0,50,GBP/MWh,2018,own choice,me",
        "mine,carbon,price_gbp_per_tonne,0,16,GBP/t,2018,own choice,me",
        *(f"mine,electricity,carbon_intensity_kg_per_kwh,{y},0.1,kg/kWh,none,own choice,me" for y in range(2018, 2068)),
    ]
    whole = read_assumptions(own_file(tmp_path, *rows))
    assert lcoh_table(paper_demand(whole), whole, scenario="mine", convention="wang2018").height == 23
    gap = read_assumptions(own_file(tmp_path, *rows[:-3], rows[-1]))
    with pytest.raises(
        AssumptionError, match=r"scenario mine: electricity\.carbon_intensity.* 2 years \(2065 to 2066\), and no rule"
    ):
        lcoh_table(paper_demand(gap), gap, scenario="mine", convention="wang2018")


def test_a_scenario_that_can_cost_no_system_names_the_missing_series(tmp_path: Path) -> None:
    assumptions = read_assumptions(own_file(tmp_path, GOOD))
    with pytest.raises(
        AssumptionError,
        match=r"mine can cost no system by wang2018: gas_boiler lacks gas_residential\.price_gbp_per_mwh, carbon\.price",
    ):
        lcoh_table(paper_demand(assumptions), assumptions, scenario="mine", convention="wang2018")


def test_rows_that_were_not_resolved_are_refused_where_they_mix_prices(tmp_path: Path) -> None:
    resolved = read_assumptions(own_file(tmp_path, GOOD.replace(",2018,own", ",2022,own")))
    scenario_figures(resolved, "mine")
    of_2022 = resolved.with_columns(
        price_base=pl.when(pl.col("scenario") == "mine").then(pl.lit("2022")).otherwise("price_base")
    )
    with pytest.raises(AssumptionError, match=r"mixes prices of 2018 and 2022 \(e\.g\. electricity_residential"):
        scenario_figures(of_2022, "mine")


def test_a_scenario_sees_its_own_rows_before_those_of_all(tmp_path: Path) -> None:
    assumptions = read_assumptions(own_file(tmp_path, "mine,ashp,capital_gbp,0,6000,GBP,2018,own choice,me"))
    assert scenario_figures(assumptions, "mine").one("ashp", "capital_gbp") == 6000
    assert scenario_figures(assumptions, "paper_fit").one("ashp", "capital_gbp") == 7000


def test_an_unknown_scenario_lists_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match="no scenario is named 'paperfit'; did you mean paper_fit"):
        scenario_figures(read_assumptions(), "paperfit")
    with pytest.raises(UnknownNameError, match="no scenario is named 'eep2017'; did you mean eep201"):
        override(read_assumptions(), ["heat_pump_spf=3"], scenario="eep2017")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("heat_pump_sfp=3", "no parameter is named 'heat_pump_sfp'; did you mean heat_pump_spf"),
        ("network.heat_pump_sfp=3", "did you mean .*heat_pump_spf"),
        ("electricity_residential_price=200", r"electricity_residential\.price_gbp_per_mwh"),
        ("capital_gbp=1", r"3 items: write one of ashp\.capital_gbp, gas_boiler\.capital_gbp"),
        ("heat_pump_spf", "sets nothing: write parameter=value"),
        ("heat_pump_spf=0", "--set heat_pump_spf=0: network.heat_pump_spf: the value 0 must be above 0"),
        ("heat_pump_spf=three", "the value 'three' is not a number"),
        ("network_scale.huge=5", "no parameter is named 'network_scale.huge'"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_next_step(setting: str, message: str) -> None:
    with pytest.raises(AssumptionError, match=message):
        override(read_assumptions(), [setting], scenario="paper_fit")


def test_a_setting_given_twice_is_refused() -> None:
    with pytest.raises(AssumptionError, match="the key is also in --set heat_pump_spf=3"):
        override(read_assumptions(), ["heat_pump_spf=3", "network.heat_pump_spf=4"], scenario="paper_fit")


def test_a_setting_replaces_a_whole_series_and_says_so() -> None:
    changed = override(read_assumptions(), ["electricity.carbon_intensity_kg_per_kwh=0.05"], scenario="paper_fit")
    rows = changed.filter(pl.col("scenario") == "paper_fit", pl.col("parameter") == "carbon_intensity_kg_per_kwh")
    assert rows.select("year", "value", "status").rows() == [(0, 0.05, "override")]


def test_text_and_numbers_are_read_alike() -> None:
    typed = pl.DataFrame(
        {
            "scenario": ["all"], "item": ["ashp"], "parameter": ["efficiency"], "year": [0], "value": [3.0],
            "unit": ["1"], "price_base": ["none"], "status": ["published"], "source": ["a table"], WHERE: ["here"],
        }
    )  # fmt: skip
    assert check_rows(typed).equals(check_rows(typed.cast(pl.String)))
