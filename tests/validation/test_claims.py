"""The paper's statements: each comes out as expected at the paper's demands, and judging itself is tried."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.claims.claims import judge, judge_claims
from transforms.claims.sample_claims import sample_figures
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

CLAIMS = read_figures("claim")
JUDGED = {row["claim"]: row for row in judge_claims(CLAIMS, read_assumptions()).iter_rows(named=True)}


def test_every_statement_about_costs_is_judged_once() -> None:
    about_costs = CLAIMS.filter(pl.col("basis") != "sample")
    assert list(JUDGED) == about_costs["claim"].to_list()
    assert about_costs.group_by("basis").len().sort("basis").rows() == [
        ("algebra", 3), ("depends_on_fitted", 6), ("fitted", 31), ("independent", 2),
    ]  # fmt: skip
    assert CLAIMS["claim"].is_unique().all()


@pytest.mark.parametrize("claim", JUDGED)
def test_the_claim_comes_out_as_expected(claim: str) -> None:
    row = JUDGED[claim]
    assert row["expected"] in {"pass", "known_inconsistent"}
    assert row["within_tolerance"] == (row["expected"] == "pass"), row


def test_known_inconsistencies_have_a_reason() -> None:
    inconsistent = CLAIMS.filter(pl.col("expected") == "known_inconsistent")
    assert set(inconsistent["claim"]) == {
        "gas_cheaper_than_ashp", "ashp_co2_saving", "dh_capital_share_largest", "fig7_demand_minus50_medium",
    }  # fmt: skip
    assert inconsistent["reason"].null_count() == 0


FACTORS = {
    ("gas_residential", "price_gbp_per_mwh"): st.floats(0.3, 3),
    ("electricity_residential", "price_gbp_per_mwh"): st.floats(0.3, 3),
    ("carbon", "price_gbp_per_tonne"): st.floats(0.0, 10),
    ("network", "main_pipe_gbp_per_m"): st.floats(0.3, 3),
    ("network", "heat_pump_kw_per_dwelling"): st.floats(0.5, 2),
    ("gas_boiler", "efficiency"): st.floats(0.6, 1.0),
    ("ashp", "capital_gbp"): st.floats(1.0, 3),  # a heat pump costs more to buy than a boiler
    ("gshp", "capital_gbp"): st.floats(1.0, 3),
}
FITTED = [key for key in FACTORS if key[1].startswith("price") or key[1] == "heat_pump_kw_per_dwelling"]


def scaled(factors: dict[tuple[str, str], float]) -> pl.DataFrame:
    value = pl.col("value")
    for (item, parameter), factor in factors.items():
        value = (
            pl.when((pl.col("item") == item) & (pl.col("parameter") == parameter)).then(value * factor).otherwise(value)
        )
    return read_assumptions().with_columns(value=value)


@settings(max_examples=15, deadline=None)
@given(st.fixed_dictionaries(FACTORS))
def test_claims_of_algebra_hold_at_any_prices_and_costs(factors: dict[tuple[str, str], float]) -> None:
    of_algebra = CLAIMS.filter(basis="algebra")
    assert of_algebra.height == 3
    assert judge_claims(of_algebra, scaled(factors))["within_tolerance"].all()


@pytest.mark.parametrize(
    ("claim", "item", "parameter", "factor"),
    [
        ("order_gas_cheapest", "gas_residential", "price_gbp_per_mwh", 2.0),
        ("order_gshp_dearest", "electricity_residential", "price_gbp_per_mwh", 2.5),
        ("dh_capital_small", "network", "heat_pump_kw_per_dwelling", 0.8),
        ("dh_capital_largest", "network", "heat_pump_kw_per_dwelling", 0.8),
        ("dh_capital_drop", "network", "heat_pump_kw_per_dwelling", 0.7),
        ("dh_capital_above_ashp", "network", "heat_pump_kw_per_dwelling", 0.4),
    ],
)
def test_claims_that_depend_on_a_fitted_value_fail_without_it(
    claim: str, item: str, parameter: str, factor: float
) -> None:
    assert CLAIMS.filter(claim=claim)["basis"].item() == "depends_on_fitted"
    changed = scaled({(item, parameter): factor})
    assert not judge_claims(CLAIMS.filter(claim=claim), changed)["within_tolerance"].item()


def test_independent_claims_hold_at_other_fitted_values() -> None:
    independent = CLAIMS.filter(basis="independent")
    assert independent["claim"].to_list() == ["gas_co2", "fig7_demand_outweighs"]
    for factor in (0.0, 1.7):
        changed = scaled(dict.fromkeys(FITTED, factor))
        assert judge_claims(independent, changed)["within_tolerance"].all()
    labour = scaled({("network", "labour_gbp_per_mwh"): 8.0})
    assert not judge_claims(independent, labour)["within_tolerance"].all()  # it is no algebra either


def test_a_changed_price_is_noticed() -> None:
    dearer = read_assumptions().with_columns(
        value=pl.when(pl.col("item") == "electricity_residential").then(144.0).otherwise("value")
    )
    outcome = {r["claim"]: r["within_tolerance"] for r in judge_claims(CLAIMS, dearer).iter_rows(named=True)}
    assert not outcome["dh_lcoh_small"]
    assert not outcome["gshp_fuel_share"]
    assert outcome["gas_lcoh_average"]
    assert outcome["dh_capital_small"]


@pytest.mark.parametrize(
    ("relation", "tolerance", "inside", "outside"),
    [
        ("approx", 2, [98, 100, 102], [97.9, 102.1]),
        ("just_above", 2, [100.1, 102], [100, 99, 102.1]),
        ("just_below", 2, [98, 99.9], [100, 101, 97.9]),
        ("above", 0, [100.1, 1e6], [100, 99]),
        ("below", 0, [99.9, -1e6], [100, 101]),
        ("holds", 0, [100], [99, 0]),
    ],
)
def test_each_relation_is_judged_by_its_rule(
    relation: str, tolerance: float, inside: list[float], outside: list[float]
) -> None:
    for model in (*inside, *outside):
        claims = pl.DataFrame(
            {"claim": ["c"], "published": [100.0], "tolerance": [float(tolerance)], "relation": [relation]}
        )
        verdict = judge(claims, {"c": model})["within_tolerance"].item()
        assert verdict is (model in inside), (relation, model)


def test_a_claim_without_a_value_or_with_an_odd_relation_is_refused() -> None:
    claims = pl.DataFrame({"claim": ["c"], "published": [1.0], "tolerance": [0.0], "relation": ["near"]})
    with pytest.raises(ValueError, match=r"1 claims have no model value \(e\.g\. c\)"):
        judge(claims, {})
    with pytest.raises(ValueError, match="claim c has the relation 'near', which is none of approx"):
        judge(claims, {"c": 1.0})


def sample_of_a_year() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a profile of 2 kWh/h in November to May and 1 else, one hour of 7.5, and demands as published."""
    start = dt.datetime(2009, 1, 1)  # `*_utc` columns carry no zone
    profile = pl.DataFrame(
        {"hour_start_utc": pl.datetime_range(start, start + dt.timedelta(hours=8759), "1h", eager=True)}
    ).with_columns(
        heat_kwh_mean=pl.when(pl.col("hour_start_utc").dt.month().is_between(6, 10)).then(1.0).otherwise(2.0)
    )
    peak = pl.col("hour_start_utc") == start
    heat = {
        "all": 15_200,
        "detached": 18_700,
        "semi_detached": 16_600,
        "terraced": 15_000,
        "bungalow": 15_900,
        "flat": 10_400,
    }
    demand = pl.DataFrame(
        {
            "dwelling_type": list(heat),
            "gas_kwh_mean": [h / 0.8054 for h in heat.values()],
            "heat_kwh_mean": list(heat.values()),
        }
    )
    return profile.with_columns(heat_kwh_mean=pl.when(peak).then(7.5).otherwise("heat_kwh_mean")), demand


def test_a_sample_that_meets_the_paper_passes_its_claims() -> None:
    profile, demand = sample_of_a_year()
    values = {claim: figure.value for claim, figure in sample_figures(profile, demand).items()}
    claims = CLAIMS.filter(pl.col("basis") == "sample")
    assert set(values) == set(claims["claim"])
    assert values["fig2_summer_peak"] == 1.0
    assert values["fig2_november_to_may"] == pytest.approx(100 * (2 * 212 * 24 + 5.5) / (2 * 212 * 24 + 5.5 + 153 * 24))
    assert judge(claims, values)["within_tolerance"].all()


def test_a_sample_with_its_types_swapped_fails_the_order_of_types() -> None:
    profile, demand = sample_of_a_year()
    swapped = demand.with_columns(pl.col("dwelling_type").replace({"flat": "detached", "detached": "flat"}))
    outcome = judge(
        CLAIMS.filter(pl.col("basis") == "sample"),
        {claim: figure.value for claim, figure in sample_figures(profile, swapped).items()},
    )
    failed = set(outcome.filter(~pl.col("within_tolerance"))["claim"])
    assert failed == {"fig1_heat_detached", "fig1_heat_flat", "fig1_detached_highest"}
