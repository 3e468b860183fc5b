"""`hearth lcoh`: its text, and the effect of every option on the model."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.answers.lcoh import Question, run_lcoh, show_lcoh
from flows.cli.main import app
from tests.networks_only import write_networks_only
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.model.conventions import BEST_PRACTICE
from transforms.lcoh.model.systems import series_read
from transforms.tables.cost import LCOH


def test_the_json_is_a_list_of_unrounded_rows_with_every_column() -> None:
    answer = run_lcoh(
        Question(scenario="paper_fit", convention="wang2018", demand_kwh=15_200, discount_rate=0.035, dwellings=750)
    )
    table = answer.table
    rows = json.loads(show_lcoh(answer, as_json=True))
    assert [row["system"] for row in rows] == ["gas_boiler", "ashp", "gshp", "network"]
    assert [row["dwellings"] for row in rows] == [1, 1, 1, 750]
    assert all(set(row) == set(LCOH.schema) for row in rows)
    assert [row["lcoh_gbp_per_mwh"] for row in rows] == table["lcoh_gbp_per_mwh"].to_list()
    assert rows[0]["lcoh_gbp_per_mwh"] == pytest.approx(79.25446, abs=1e-5)


def test_without_a_demand_the_paper_s_types_and_scales_come() -> None:
    table = run_lcoh(Question()).table
    assert table.height == 2 * (3 * 6 + 5)  # to society and to the household
    assert set(table["demand_basis"]) == {"paper"}
    assert run_lcoh(Question(dwellings=100)).table["scale"].to_list()[-1] == "small"


def test_the_text_names_the_heat_in_the_denominator_and_what_to_compare_with() -> None:
    text = show_lcoh(run_lcoh(Question(scenario="paper_fit", convention="wang2018", demand_kwh=15_200)))
    assert text.splitlines()[0] == (
        "scenario paper_fit, convention wang2018: cost as the paper counts per MWh of heat produced, in money of 2018, "
        "from 2018 on"
    )
    assert "79.25" in text
    assert "20,000" in text
    assert "--convention best_practice" in text
    assert "--convention" not in show_lcoh(
        run_lcoh(Question(scenario="paper_fit", demand_kwh=15_200, convention="wang2018_delivered"))
    )


def test_settings_and_own_files_reach_the_model(tmp_path: Path) -> None:
    base = run_lcoh(Question(scenario="paper_fit", convention="wang2018", demand_kwh=15_200, dwellings=100)).table[
        "fuel_gbp_per_mwh"
    ]
    dear = ("electricity_residential.price_gbp_per_mwh=380",)
    doubled = run_lcoh(
        Question(scenario="paper_fit", convention="wang2018", demand_kwh=15_200, dwellings=100, overrides=dear)
    ).table
    assert (doubled["fuel_gbp_per_mwh"] / base).to_list() == pytest.approx([1, 2, 2, 2])
    own = tmp_path / "cheap_heat_pumps.csv"
    own.write_text(
        "scenario,item,parameter,year,value,unit,price_base,status,source\n"
        "paper_fit,ashp,capital_gbp,0,3.5,kGBP,2018,own choice,a quote\n",
        encoding="utf-8",
    )
    table = run_lcoh(
        Question(scenario="paper_fit", convention="wang2018", demand_kwh=15_200, dwellings=100, own_files=(own,))
    ).table
    capital = table["initial_capital_gbp_per_dwelling"]
    assert capital.to_list()[:3] == [2500, 3500, 13000]


def test_both_lenses_come_together_and_a_different_order_is_reported() -> None:
    answer = run_lcoh(Question(demand_kwh=15_200, dwellings=100))
    by_lens = answer.table.partition_by("perspective", as_dict=True, maintain_order=True)
    assert list(by_lens) == [("social",), ("private",)]
    for table in by_lens.values():
        assert table.select("price_year", "start_year").unique().rows() == [(2025, 2026)]
    cheapest = {who: t.sort("lcoh_gbp_per_mwh")["system"][0] for (who,), t in by_lens.items()}
    assert cheapest == {"social": "ashp", "private": "gas_boiler"}
    text = show_lcoh(answer)
    assert (
        "The order of the systems differs: to society ashp, then gas_boiler, then gshp; to the household gas_boiler"
        in text
    )
    assert "in money of 2025, from 2026 on" in text
    home_first = run_lcoh(Question(demand_kwh=15_200, dwellings=100, convention="best_practice_private")).table
    assert home_first["perspective"].unique(maintain_order=True).to_list() == ["private", "social"]
    alike = run_lcoh(
        Question(demand_kwh=15_200, dwellings=100, overrides=("carbon_value_central.price_gbp_per_tonne=0",))
    )
    assert "differs" not in show_lcoh(alike)


def test_a_grant_is_shown_apart_and_never_taken_off() -> None:
    table = run_lcoh(Question(demand_kwh=15_200, dwellings=100)).table
    granted = run_lcoh(Question(demand_kwh=15_200, dwellings=100, overrides=("ashp.grant_gbp=0",))).table
    of_home = table.filter(perspective="private", system="ashp").row(0, named=True)
    assert of_home["grant_gbp_per_mwh"] > 30
    assert table["grant_gbp_per_mwh"].count() == 2  # of the two heat pumps, to the household
    assert granted["lcoh_gbp_per_mwh"].to_list() == table["lcoh_gbp_per_mwh"].to_list()
    assert granted.filter(perspective="private", system="ashp")["grant_gbp_per_mwh"].to_list() == [0.0]


def test_one_setting_brings_all_money_to_another_year() -> None:
    now = run_lcoh(Question(demand_kwh=15_200, dwellings=100)).table
    then = run_lcoh(Question(demand_kwh=15_200, dwellings=100, overrides=("price_base_year=2018",))).table
    assert set(then["price_year"]) == {2018}
    ratio = (then["lcoh_gbp_per_mwh"] / now["lcoh_gbp_per_mwh"]).to_list()
    assert ratio == pytest.approx([79.1606 / 103.6294] * 8, rel=1e-9)


def test_borrowed_and_held_series_are_printed() -> None:
    text = show_lcoh(run_lcoh(Question(scenario="eep2018", convention="best_practice", demand_kwh=15_200)))
    assert text.startswith(
        "scenario eep2018, convention best_practice: cost to society per MWh of heat delivered, in money of 2018"
    )
    assert "gas_residential.price_gbp_per_mwh: borrowed from eep2019, from prices of 2019, held from 2035" in text
    assert "electricity_residential.price_gbp_per_mwh: held from 2035" in text
    own_life = run_lcoh(Question(scenario="paper_fit", convention="wang2018", demand_kwh=15_200))
    assert own_life.notes == ()  # its series are given in every year, and the paper borrows nothing


def test_a_system_without_a_price_is_left_out_by_name(tmp_path: Path) -> None:
    own = (write_networks_only(tmp_path),)
    answer = run_lcoh(Question(scenario="networks_only", convention="best_practice", demand_kwh=15_200, own_files=own))
    assert set(answer.table["system"]) == {"network"}
    assert "gas_boiler is left out: scenario networks_only has no gas_residential.price_gbp_per_mwh" in answer.notes
    assert "ashp is left out" in show_lcoh(answer)


@pytest.mark.parametrize(
    ("convention", "setting", "note"),
    [
        ("best_practice", "ashp.efficiency=3.5", "best_practice takes ashp.hourly_spf (2.833)"),
        (
            "best_practice",
            "heat_pump_sink.hot_water_c=50",
            "best_practice takes ashp.hourly_spf (2.833) and gshp.hourly",
        ),
        (
            "best_practice",
            "network.distribution_loss_share=.1",
            "by best_practice the loss of pipes follows from their",
        ),
        ("best_practice", "network.main_pipe_m=500", "best_practice takes network.main_pipe_m_per_dwelling (10)"),
        (
            "best_practice",
            "study.discount_rate=0.1",
            "best_practice takes green_book.rate_to_year_30 (0.035) and green",
        ),
        ("best_practice", "carbon.price_gbp_per_tonne=99", "carbon_value_central.price_gbp_per_tonne (a series)"),
        ("best_practice", "electricity_industrial.price_gbp_per_mwh=99", "electricity_services.price_gbp_per_mwh"),
        ("best_practice", "ashp.capital_gbp=7000", "it has that value already"),
        ("best_practice", "network_finance.connection_years=9", "no cost of these systems depends on it"),
        ("wang2018", "ashp.hourly_spf=3.5", "wang2018 takes ashp.efficiency (3)"),
        ("wang2018", "pipe.flow_c=60", "network.distribution_loss_share (0.2) and network.main_pipe_gbp_per_m (468)"),
        ("wang2018", "network_store.hours_of_heat_pump=2", "network.heat_pump_kw_per_dwelling (3.7)"),
        ("wang2018", "vat.on_heat=0.2", "this tax does not count"),
        ("rival", "network.heat_pump_lifetime_years=10", "a network's heat pump is bought once"),
    ],
)
def test_an_override_that_changes_nothing_is_named_with_what_is_used_instead(
    convention: str, setting: str, note: str
) -> None:
    answer = run_lcoh(Question(scenario="eep2019", convention=convention, overrides=(setting,)))
    (said,) = [n for n in answer.notes if n.startswith("--set")]
    assert said.startswith(f"--set {setting} changes no row: ")
    assert note in said
    assert answer.table.equals(run_lcoh(Question(scenario="eep2019", convention=convention)).table)


def test_a_length_that_the_map_replaces_is_named() -> None:
    question = Question(
        scenario="eep2019", convention="best_practice_mapped", dwellings=50, main_pipe_m=500.0,
        overrides=("network.main_pipe_m_per_dwelling=12",),
    )  # fmt: skip
    (said,) = [note for note in run_lcoh(question).notes if note.startswith("--set")]
    assert said.endswith("by best_practice_mapped the main pipe is that of the place (--main-pipe)")


@pytest.mark.parametrize(
    ("convention", "setting"),
    [
        ("wang2018", "network.distribution_loss_share=.1"),
        ("wang2018", "ashp.efficiency=3.5"),
        ("best_practice", "ashp.hourly_spf=3.5"),
        ("best_practice", "pipe.flow_c=60"),
        ("best_practice", "electricity_services.price_gbp_per_mwh=99"),
        ("best_practice_private", "vat.on_heat=0.2"),
    ],
)
def test_an_override_that_acts_is_not_named(convention: str, setting: str) -> None:
    idle = "network_finance.connection_years=9"
    answer = run_lcoh(Question(scenario="eep2019", convention=convention, overrides=(idle, setting)))
    assert [n.split()[1] for n in answer.notes if n.startswith("--set")] == [idle]
    assert not answer.table.equals(run_lcoh(Question(scenario="eep2019", convention=convention)).table)


def test_the_gas_of_a_network_s_peak_plant_is_among_the_series_that_are_read() -> None:
    gas = ("gas_services", "price_gbp_per_mwh")
    assert gas not in series_read(BEST_PRACTICE)
    assert gas in series_read(replace(BEST_PRACTICE, peak_plant="gas_boiler"))


@pytest.mark.parametrize("convention", ["wang2018", "best_practice", "best_practice_private"])
def test_a_given_discount_rate_holds_in_all_years_of_any_convention(convention: str) -> None:
    capital = [
        run_lcoh(
            Question(scenario="paper_fit", convention=convention, discount_rate=rate, demand_kwh=15_200, dwellings=100)
        ).table.row(2, named=True)
        for rate in (0.0, 0.1)
    ]
    assert [row["system"] for row in capital] == ["gshp", "gshp"]
    vat = 1.05 if convention == "best_practice_private" else 1.0
    assert capital[0]["capital_gbp_per_mwh"] == pytest.approx(vat * 13_000 / (20 * 15.2))
    assert capital[1]["capital_gbp_per_mwh"] > 2 * capital[0]["capital_gbp_per_mwh"]


def test_a_place_is_costed_with_its_pipes_and_its_heat() -> None:
    base = {"scenario": "eep2019", "convention": "best_practice_mapped", "demand_kwh": 15_200.0, "dwellings": 400}

    def row(**place: float) -> dict[str, float]:
        table = run_lcoh(Question(**base, **place)).table.filter(system="network")  # type: ignore[arg-type]
        assert table["scale"].to_list() == ["place"]
        return table.row(0, named=True)

    near = row(main_pipe_m=2_000)
    half, far = row(main_pipe_m=2_000, connection_share=0.5), row(main_pipe_m=2_000, link_pipe_m=3_000)
    assert (near["dwellings"], half["dwellings"], far["dwellings"]) == (400, 200, 400)
    assert half["lcoh_gbp_per_mwh"] > near["lcoh_gbp_per_mwh"]
    assert far["initial_capital_gbp_per_dwelling"] > near["initial_capital_gbp_per_dwelling"] + 1_000
    waste = row(main_pipe_m=2_000, heat_price_gbp_per_mwh=20, heat_co2_kg_per_mwh=0)
    dear = row(main_pipe_m=2_000, heat_price_gbp_per_mwh=40, heat_co2_kg_per_mwh=0)
    assert waste["initial_capital_gbp_per_dwelling"] < near["initial_capital_gbp_per_dwelling"] - 4_000  # no plant
    assert 20 < dear["lcoh_gbp_per_mwh"] - waste["lcoh_gbp_per_mwh"] < 26  # the loss of pipes is paid for too


def test_the_command_takes_a_place_to_the_model_and_to_the_explanation() -> None:
    place = ["--dwellings", "400", "--main-pipe", "2000", "--link-pipe", "500", "--connect", "0.5"]
    heat = ["--heat-price", "25", "--heat-co2", "0"]
    asked = ["lcoh", "--scenario", "eep2019", "--convention", "best_practice_mapped", "--demand-kwh", "15200"]
    rows = CliRunner().invoke(app, [*asked, *place, *heat, "--json"])
    assert rows.exit_code == 0, rows.output
    network = json.loads(rows.stdout)[-1]
    assert (network["scale"], network["dwellings"]) == ("place", 200)
    explained = CliRunner().invoke(app, [*asked, *place, *heat, "--explain", "network"])
    assert explained.exit_code == 0, explained.output
    assert f"{network['lcoh_gbp_per_mwh']:,.2f} GBP/MWh" in explained.stdout


def test_a_longer_life_asks_for_more_years_and_gets_them_where_a_rule_holds() -> None:
    longer = run_lcoh(
        Question(scenario="eep2019", demand_kwh=15_200, dwellings=100, overrides=("network.lifetime_years=75",))
    )
    assert longer.table.filter(system="network").height == 2


def test_a_scenario_that_can_cost_nothing_is_refused(tmp_path: Path) -> None:
    own = (write_networks_only(tmp_path),)
    with pytest.raises(AssumptionError, match="networks_only can cost no system by wang2018"):
        run_lcoh(Question(scenario="networks_only", convention="wang2018", own_files=own))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenario": "nowhere"}, "no scenario is named 'nowhere'"),
        ({"scenario": "nowhere", "discount_rate": 0.03}, "no scenario is named 'nowhere'"),
        ({"convention": "nobody"}, "no convention is named 'nobody'"),
        ({"demand_kwh": 0}, "not above zero"),
        ({"demand_kwh": -5.0}, "not above zero"),
        ({"demand_kwh": float("nan")}, "not above zero"),
        ({"discount_rate": 3.5}, "must be at least 0 and at most 1"),
        ({"discount_rate": -0.01}, "must be at least 0 and at most 1"),
        ({"main_pipe_m": 900.0}, "say how many homes it has with --dwellings"),
        ({"dwellings": 9, "heat_price_gbp_per_mwh": 20.0}, "its price and its carbon dioxide"),
        ({"dwellings": 9, "connection_share": 2.0}, "the connection share 2.0 is not above 0 and at most 1"),
        ({"dwellings": 9, "convention": "best_practice_mapped"}, "give the place its main pipe in metres"),
        ({"dwellings": 0}, "--dwellings 0: .* must be at least 1"),
        ({"overrides": ("spf=3",)}, "no parameter is named 'spf'; did you mean .*heat_pump_spf"),
        ({"overrides": ("discount_rate=0.05",), "discount_rate": 0.03, "convention": "wang2018"}, "the key is also in"),
    ],
)
def test_wrong_usage_is_a_value_error_that_names_it(options: dict[str, object], message: str) -> None:
    with pytest.raises(AssumptionError, match=message):
        run_lcoh(Question(**options))  # type: ignore[arg-type]  # the wrong values are the point
    assert issubclass(AssumptionError, ValueError)
