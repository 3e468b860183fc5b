"""Published spread of homes: steps of peaks, ends, costs at quantiles, and the record of the gate."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.disclosure.accounts import publish_gate_runs
from quality.disclosure.diversity import coarsen_peaks
from quality.disclosure.rule import DEFAULT_RULE, DisclosureRule, in_steps
from tests.attackers import Trial, homes_of, publish_means, warehouse_of
from tests.example_site import make_assumptions
from transforms.lcoh.results.households import cost_quantiles, household_costs
from transforms.tables.cost_analysis import DIVERSITY
from transforms.tables.heat import HEAT_DEMAND_ANNUAL
from transforms.tables.lineage import QUALITY_RESULT, RUN
from transforms.tables.published import GATE_RUN, HEAT_DEMAND_QUANTILE

CURVE = {"limit_kw": 5.131051, "exponent": 0.660623, "sd_of_homes_kw": 2.738901}
SIZES = (1, 2, 5, 10, 20, 50, 1_000)


def peaks(homes: int, largest: int) -> pl.DataFrame:
    """Return the peaks of so many flats, measured up to the largest number."""
    rows = [
        ("flat", "2009", 60, n, homes, 3.03 + 0.001 * n, 5.123 + 2 / n**0.5, 9.876 + 5 / n**0.5, n > largest)
        for n in SIZES
    ]
    return pl.DataFrame(rows, schema=DIVERSITY.schema, orient="row")


@pytest.mark.parametrize(
    ("value", "least", "expected"),
    [
        (8.0742, 0.0392, 8.05),  # the next of 1, 2 and 5 is 0.05
        (5.131, 0.128, 5.2),
        (9.109, 0.536, 9.0),
        (126.27, 0.85, 126.0),
        (126.27, 0.01, 126.0),  # never more than three digits
        (129_251.0, 129_251.0 / 259, 129_000.0),  # once: first to 129,500 it would become 130,000
        (0.29951, 0.0005, 0.3),
        (0.0, 0.0, 0.0),
    ],
)
def test_a_figure_is_rounded_to_the_step_above_the_least(value: float, least: float, expected: float) -> None:
    assert pl.select(in_steps(pl.lit(value), pl.lit(least))).item() == pytest.approx(expected)


@given(st.floats(0.1, 1e6), st.integers(10, 5_000))
def test_a_step_is_at_least_the_share_of_a_home_and_at_most_two_and_a_half(value: float, homes: int) -> None:
    least = value / homes
    rounded = pl.select(in_steps(pl.lit(value), pl.lit(least))).item()
    assert abs(rounded - value) <= max(1.25 * least, 0.0051 * value) * (1 + 1e-9)


def test_measured_peaks_are_in_steps_and_those_beyond_follow_from_them() -> None:
    shown = coarsen_peaks(peaks(110, 20), CURVE, homes=110, rule=DEFAULT_RULE)
    assert shown["households"].to_list() == [110] * len(SIZES)
    middle = dict(shown.select("dwellings", "peak_kw_p50").iter_rows())
    assert {n: middle[n] for n in (1, 2, 20)} == pytest.approx({1: 7.1, 2: 6.5, 20: 5.6})
    limit = 5.15  # in steps of 0.05
    assert middle[50] == pytest.approx(limit + (5.6 - limit) * (50 / 20) ** -0.66, abs=0.005)
    assert shown["peak_kw_p95"].null_count() == 0


def test_rows_beyond_those_measured_tell_no_digit_that_is_rounded_away() -> None:
    other = {"limit_kw": 5.1489, "exponent": 0.6649, "sd_of_homes_kw": 2.6501}
    tables_shown = [coarsen_peaks(peaks(110, 20), curve, homes=110, rule=DEFAULT_RULE) for curve in (CURVE, other)]
    assert tables_shown[0].equals(tables_shown[1])
    moved = CURVE | {"limit_kw": 5.21}
    assert not coarsen_peaks(peaks(110, 20), moved, homes=110, rule=DEFAULT_RULE).equals(tables_shown[0])


@pytest.mark.parametrize(
    ("homes", "largest", "ends"), [(49, 5, []), (60, 10, [10, 20, 50, 1_000]), (99, 10, [10, 20, 50, 1_000]), (100, 20, list(SIZES))]
)  # fmt: skip
def test_ends_need_ten_dwellings_or_a_hundred_homes(homes: int, largest: int, ends: list[int]) -> None:
    shown = coarsen_peaks(peaks(homes, largest), CURVE, homes=homes, rule=DEFAULT_RULE)
    assert shown["peak_kw_p50"].null_count() == 0
    for end in ("peak_kw_p05", "peak_kw_p95"):
        assert shown.drop_nulls(end)["dwellings"].to_list() == ends


def test_a_raised_threshold_hides_single_homes_and_asks_for_more_behind_ends() -> None:
    shown = coarsen_peaks(peaks(150, 20), CURVE, homes=150, rule=DisclosureRule(threshold=20))
    assert shown["dwellings"].to_list() == list(SIZES[1:])
    assert shown.drop_nulls("peak_kw_p05")["dwellings"].to_list() == [20, 50, 1_000]


def test_the_stock_is_shown_in_the_steps_of_its_smallest_type() -> None:
    coarse = coarsen_peaks(peaks(200, 20), CURVE, homes=51, rule=DEFAULT_RULE)
    fine = coarsen_peaks(peaks(200, 20), CURVE, homes=200, rule=DEFAULT_RULE)
    assert coarse.filter(dwellings=2)["peak_kw_p50"].item() == pytest.approx(6.6)
    assert fine.filter(dwellings=2)["peak_kw_p50"].item() == pytest.approx(6.55)


def test_a_quantile_of_cost_is_the_cost_at_the_opposite_quantile_of_heat() -> None:
    quantiles = pl.DataFrame(
        {
            "dwelling_type": "flat", "period": "2009", "quantile": [0.1, 0.5, 0.75], "households": [60] * 3,
            "heat_kwh_annual": [4_000.0, 9_000.0, 0.0],
        }
    )  # fmt: skip
    assumptions = make_assumptions()
    found = cost_quantiles(
        quantiles, HEAT_DEMAND_ANNUAL.empty(), assumptions, scenario="paper_fit", convention="wang2018"
    )
    assert set(found["quantile"]) == {0.9, 0.5}, "without heat there is no cost per MWh"
    homes = quantiles.select("period", "heat_kwh_annual", household_id=pl.col("quantile").cast(pl.String))
    own = household_costs(homes, assumptions, scenario="paper_fit", convention="wang2018")
    both = found.join(own, on=["system", "demand_kwh"], suffix="_own")
    assert both.height == found.height == 2 * own["system"].n_unique()
    assert (both["lcoh_gbp_per_mwh"] - both["lcoh_gbp_per_mwh_own"]).abs().max() == 0
    by_system = found.sort("quantile").group_by("system").agg(pl.col("lcoh_gbp_per_mwh").is_sorted())
    assert by_system["lcoh_gbp_per_mwh"].all()


def test_quantiles_of_heat_go_to_normal_weather_as_their_mean_does() -> None:
    quantiles = pl.DataFrame(
        {
            "dwelling_type": ["flat"],
            "period": ["2009"],
            "quantile": [0.5],
            "households": [60],
            "heat_kwh_annual": [9_000.0],
        }
    )
    row = dict.fromkeys(HEAT_DEMAND_ANNUAL.schema) | {
        "dwelling_type": "flat", "period": "2009", "heat_kwh_mean": 10_000.0, "heat_kwh_weather_normal": 9_500.0,
    }  # fmt: skip
    demand = pl.DataFrame([row], schema=HEAT_DEMAND_ANNUAL.schema)
    found = cost_quantiles(quantiles, demand, make_assumptions(), scenario="paper_fit", convention="wang2018")
    assert found["demand_kwh"].to_list() == pytest.approx([8_550.0] * found.height)


def test_without_quantiles_there_are_no_costs_at_them() -> None:
    none = HEAT_DEMAND_QUANTILE.empty()
    assert cost_quantiles(
        none, HEAT_DEMAND_ANNUAL.empty(), make_assumptions(), scenario="paper_fit", convention="wang2018"
    ).is_empty()


def runs(count: int) -> pl.DataFrame:
    """Return so many runs, a day apart, the latest first."""
    texts = {name: "x" for name, dtype in RUN.schema.items() if dtype == pl.String}
    numbers = {name: 0 for name, dtype in RUN.schema.items() if dtype == pl.Int64}
    moments = [dt.datetime(2026, 1, 1) + dt.timedelta(days=n) for n in reversed(range(count))]
    return RUN.conform(
        pl.DataFrame(
            [
                texts | numbers | {
                    "run_id": f"run{n}", "kind": "nightly", "started_at_utc": at, "published_at_utc": at,
                }
                for n, at in enumerate(moments)
            ]
        )
    )  # fmt: skip


def test_every_run_that_the_warehouse_remembers_has_its_counts_of_checks() -> None:
    verdicts = [
        ("run0", "a", "critical", True), ("run0", "b", "warning", False), ("run0", "c", "warning", True),
        ("run1", "a", "critical", True), ("run1", "d", "critical", False),
    ]  # fmt: skip
    results = pl.DataFrame(verdicts, schema=["run_id", "check_name", "severity", "passed"], orient="row").with_columns(
        *(pl.lit(None).alias(name) for name in ("observed", "lower", "upper")),
        table_name=pl.lit("t"), sample_keys=pl.lit('["home 7"]'), meaning=pl.lit("m"),
    )  # fmt: skip
    more = {"run": runs(3), "quality_result": QUALITY_RESULT.conform(results)}
    with warehouse_of(Trial(homes_of({"flat": 12})), more) as query:
        published = publish_means(query, release_id="r").tables["gate_run"]
    columns = ("run_id", "checks", "passed", "failed_warnings", "failed_critical")
    assert published.frame.select(columns).sort("run_id").rows() == [
        ("run0", 3, 2, 1, 0), ("run1", 2, 1, 0, 1), ("run2", 0, 0, 0, 0),
    ]  # fmt: skip
    assert published.frame["published_at_utc"].is_sorted()
    assert published.suppressed.is_empty()
    assert "home 7" not in str(published.frame.to_dicts())


def test_a_record_of_the_gate_holds_its_columns_and_no_other() -> None:
    row = dict.fromkeys(GATE_RUN.schema, 1) | {
        "run_id": "r", "kind": "nightly", "code_fingerprint": "f", "published_at_utc": dt.datetime(2026, 1, 1),
        "reason": "a home of mine", "settings": "{}",
    }  # fmt: skip
    assert publish_gate_runs(pl.DataFrame([row])).frame.columns == list(GATE_RUN.schema)
