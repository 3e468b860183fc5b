"""What `hearth lcoh` prints, and that every option reaches the model."""

import json
from pathlib import Path

import pytest

from flows.lcoh import run_lcoh, show_lcoh
from transforms.lcoh.refusals import AssumptionError
from transforms.tables import LCOH


def test_the_json_is_a_list_of_unrounded_rows_with_every_column() -> None:
    table = run_lcoh(demand_kwh=15_200, discount_rate=0.035, dwellings=750)
    rows = json.loads(show_lcoh(table, as_json=True))
    assert [row["system"] for row in rows] == ["gas_boiler", "ashp", "gshp", "network"]
    assert [row["dwellings"] for row in rows] == [1, 1, 1, 750]
    assert all(set(row) == set(LCOH.schema) for row in rows)
    assert [row["lcoh_gbp_per_mwh"] for row in rows] == table["lcoh_gbp_per_mwh"].to_list()
    assert rows[0]["lcoh_gbp_per_mwh"] == pytest.approx(79.25446, abs=1e-5)


def test_without_a_demand_the_paper_s_types_and_scales_come() -> None:
    table = run_lcoh()
    assert table.height == 3 * 6 + 5
    assert set(table["demand_basis"]) == {"paper"}
    assert run_lcoh(dwellings=100)["scale"].to_list()[-1] == "small"


def test_the_text_says_which_heat_it_divides_by_and_what_to_compare_with() -> None:
    text = show_lcoh(run_lcoh(demand_kwh=15_200))
    assert text.splitlines()[0] == "scenario paper_fit, convention wang2018: cost per MWh of heat produced"
    assert "79.25" in text
    assert "20,000" in text
    assert "--convention wang2018_delivered" in text
    assert "--convention" not in show_lcoh(run_lcoh(demand_kwh=15_200, convention="wang2018_delivered"))


def test_settings_and_own_files_reach_the_model(tmp_path: Path) -> None:
    base = run_lcoh(demand_kwh=15_200, dwellings=100)["fuel_gbp_per_mwh"]
    doubled = run_lcoh(demand_kwh=15_200, dwellings=100, overrides=["electricity_residential.price_gbp_per_mwh=380"])
    assert (doubled["fuel_gbp_per_mwh"] / base).to_list() == pytest.approx([1, 2, 2, 2])
    own = tmp_path / "cheap_heat_pumps.csv"
    own.write_text(
        "scenario,item,parameter,year,value,unit,price_base,status,source\n"
        "paper_fit,ashp,capital_gbp,0,3.5,kGBP,2018,own choice,a quote\n",
        encoding="utf-8",
    )
    capital = run_lcoh(demand_kwh=15_200, dwellings=100, own_files=[own])["initial_capital_gbp_per_dwelling"]
    assert capital.to_list()[:3] == [2500, 3500, 13000]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenario": "nowhere"}, "no scenario is named 'nowhere'"),
        ({"convention": "nobody"}, "no convention is named 'nobody'"),
        ({"demand_kwh": 0}, "not above zero"),
        ({"demand_kwh": -5.0}, "not above zero"),
        ({"demand_kwh": float("nan")}, "not above zero"),
        ({"discount_rate": 3.5}, "must be at least 0 and at most 1"),
        ({"discount_rate": -0.01}, "must be at least 0 and at most 1"),
        ({"dwellings": 0}, "--dwellings 0: .* must be at least 1"),
        ({"overrides": ["spf=3"]}, "no parameter is named 'spf'; did you mean heat_pump_spf"),
        ({"overrides": ["discount_rate=0.05"], "discount_rate": 0.03}, "the key stands in"),
    ],
)
def test_wrong_usage_is_a_value_error_that_names_it(options: dict[str, object], message: str) -> None:
    with pytest.raises(AssumptionError, match=message):
        run_lcoh(**options)  # type: ignore[arg-type]  # the wrong values are the point
    assert issubclass(AssumptionError, ValueError)
