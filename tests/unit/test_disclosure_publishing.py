"""Disclosure control by table: the shown and the hidden cells of each published table."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.disclosure.accounts import (
    publish_checks,
    publish_external,
    publish_flags,
    publish_funnel,
    publish_judgements,
    publish_ledger,
    publish_months,
    publish_open,
)
from quality.disclosure.cells import publish_cells, publish_costs
from quality.disclosure.rule import BY_DWELLING_TYPE, BY_HOUR, Margin, in_shares, suppress_small_cells
from tests.example_site import HOMES, costs_at, make_assumptions, make_demand, make_lcoh, make_profile, make_sources
from transforms.public.public import PublicTable
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_HOURLY, HEAT_PROFILE, SELECTION_FUNNEL
from transforms.tables.lineage import FLAG_JUDGEMENT, QUALITY_RESULT
from transforms.tables.published import EXTERNAL_CHECK

ROOT = Path(__file__).parents[2]
KEYS = ("dwelling_type", "period")


def test_a_finer_table_shows_no_cell_that_the_coarser_one_hides() -> None:
    annual = make_demand(HOMES | {"bungalow": 9})
    demand = publish_cells(HEAT_DEMAND_ANNUAL, annual, margins=[BY_DWELLING_TYPE])
    hourly = pl.concat(
        [
            make_profile({"terraced": 50}).head(48).with_columns(dwelling_type=pl.lit(name))
            for name in ("bungalow", "detached", "terraced")
        ]
    )
    profile = publish_cells(HEAT_PROFILE, hourly, margins=[BY_HOUR], coarser=demand)
    assert set(demand.suppressed["dwelling_type"]) == {"bungalow", "detached"}
    assert set(profile.frame["dwelling_type"]) == {"terraced"}
    assert profile.frame.height + profile.suppressed.height == hourly.height


def funnel(left: list[int], without: list[int]) -> pl.DataFrame:
    """Return a funnel with means that identify their place."""
    steps = range(len(left))
    return SELECTION_FUNNEL.conform(
        pl.DataFrame(
            {
                "period": "2009",
                "step": steps,
                "criterion": [f"criterion {n}" for n in steps],
                "households": left,
                "heat_kwh_mean": [10_000.0 + 100 * n for n in steps],
                "households_without": without,
                "heat_kwh_mean_without": [20_000.0 + 100 * n for n in steps],
            }
        )
    )


def test_costs_are_those_of_the_published_demand_and_lead_back_to_no_other() -> None:
    annual = make_demand(HOMES).with_columns(pl.col("heat_kwh_mean", "heat_kwh_weather_normal") + 3.7)
    demand = publish_cells(HEAT_DEMAND_ANNUAL, annual, margins=[BY_DWELLING_TYPE])
    costs, assumptions = make_lcoh(annual), publish_open(ASSUMPTION, make_assumptions())
    at_means = costs_at(demand.frame, assumptions.frame)
    published = publish_costs(costs, at_means, demand=demand, assumptions=assumptions)
    both = published.frame.filter(demand_basis="measured").join(costs, on=LCOH.key, suffix="_own")
    assert both.height == costs.filter(demand_basis="measured").height
    assert set(both["demand_kwh"]) == set(demand.frame["heat_kwh_weather_normal"])
    assert set(both["demand_measured_kwh"]) == set(demand.frame["heat_kwh_mean"])
    assert both.filter(pl.col("lcoh_gbp_per_mwh") == pl.col("lcoh_gbp_per_mwh_own")).is_empty()
    assert both.select((pl.col("lcoh_gbp_per_mwh") / pl.col("lcoh_gbp_per_mwh_own") - 1).abs().max()).item() < 1e-3
    without = publish_costs(costs, LCOH.empty(), demand=demand, assumptions=assumptions)
    assert set(without.frame["demand_basis"]) == {"paper"}


def test_a_funnel_keeps_its_steps_and_loses_small_counts() -> None:
    published = publish_funnel(funnel([118, 14, 9], [9, 9, 14]))
    assert published.frame["households"].to_list() == [120, 10, None]
    assert published.frame["households_without"].to_list() == [None, None, 10]
    assert published.suppressed["step"].to_list() == [2]
    assert published.frame["heat_kwh_mean"].to_list() == [10_000, 10_100, None]


def test_a_step_that_few_homes_fail_has_no_mean_of_its_own() -> None:
    shown = publish_funnel(funnel([150, 140, 131, 100], [100, 110, 105, 111])).frame
    assert shown["heat_kwh_mean"].to_list() == [10_000, None, 10_200, 10_300], "140 less 131 is nine homes"
    assert shown["heat_kwh_mean_without"].to_list() == [20_000, None, None, 20_300], (
        "110 less 100 would leave nine of 150 less 131, 105 less 100 is five homes"
    )


def test_homes_without_readings_are_no_cover_for_those_with() -> None:
    frame = funnel([120, 100], [100, 120])
    assert publish_funnel(frame).frame["heat_kwh_mean"].null_count() == 0
    covered = publish_funnel(funnel([120, 100], [100, 100]), silent={("2009", 1): 12}).frame
    assert covered["heat_kwh_mean"].to_list() == [None, 10_100]


def test_a_funnel_of_a_period_in_which_few_homes_have_gaps_shows_no_mean() -> None:
    shown = publish_funnel(funnel([120, 100], [100, 120]), uneven=["2009"]).frame
    assert shown["heat_kwh_mean"].null_count() == shown["heat_kwh_mean_without"].null_count() == 2
    assert shown["households"].to_list() == [120, 100]


def test_judgements_follow_their_month_and_lose_small_counts() -> None:
    months = publish_months(
        pl.DataFrame({"month": [dt.date(2009, 1, 1), dt.date(2009, 2, 1)], "households": [9, 26], "readings": 5, "ok_half_hours": 4, "hours": 2})
    )  # fmt: skip
    rows = [
        (dt.date(2009, month, 1), "stuck", outcome, n)
        for month in (1, 2)
        for outcome, n in (("judged", 38_688), ("too short", 700), ("none", 0))
    ]
    frame = pl.DataFrame(rows, schema=FLAG_JUDGEMENT.schema, orient="row")
    published = publish_judgements(frame, months=months)
    assert published.frame.select("month", "outcome", "readings").rows() == [
        (dt.date(2009, 2, 1), "judged", 38_000),
        (dt.date(2009, 2, 1), "none", 0),
    ]
    assert published.suppressed.height == 4


def test_a_comparison_needs_ten_homes_and_keeps_published_values() -> None:
    row = dict.fromkeys(EXTERNAL_CHECK.schema, "x") | {"own": 12.3456, "published": 12.3987, "ratio": 0.99572}
    frame = pl.DataFrame([row | {"segment": "all", "households": 26}, row | {"segment": "flat", "households": 9}])
    published = publish_external(frame)
    assert published.frame.select("segment", "own", "published", "ratio", "households").rows() == [
        ("all", 12.3, 12.3987, 0.996, 30)
    ]
    assert published.suppressed["segment"].to_list() == ["flat"]


def test_a_year_of_heat_tells_nothing_of_a_single_hour() -> None:
    demand = publish_cells(HEAT_DEMAND_ANNUAL, make_demand(HOMES))
    assert demand.frame.select(pl.col("heat_kwh_mean", "gas_kwh_mean", "heat_kwh_ci_low") % 10).sum().row(0) == (
        0,
        0,
        0,
    )
    assert "household_heat_kwh_mean" not in demand.frame.columns


def test_a_file_named_after_its_home_is_named_by_its_content() -> None:
    frame = make_sources(["jane.csv", "edrp_gas.csv"]).with_columns(
        id_basis=pl.when(pl.col("file_name") == "jane.csv").then(pl.lit("the name of the file")).otherwise("id_basis")
    )
    published = publish_ledger(frame)
    assert published.frame["file_name"].to_list() == [
        "one home's file, sha256 000000000000",
        "edrp_gas.csv",
        "unread file, sha256 000000000000",
    ]
    assert "id_basis" not in published.frame.columns


def test_flags_are_published_over_all_sources_and_only_where_enough_homes_stand_behind_them() -> None:
    frame = pl.DataFrame(
        {
            "source_id": ["a", "b", "a", "a", "b"],
            "flag": ["ok", "ok", "negative", "off_grid", "stuck"],
            "readings": [50_000, 42_400, 400, 7_200, 0],
        }
    )
    published = publish_flags(frame, homes=10, half_hours=1_488)
    assert dict(published.frame.select("flag", "readings").iter_rows()) == {
        "ok": 92_000,
        "negative": None,
        "off_grid": 8_000,
        "stuck": 0,
    }
    assert published.frame.filter(flag="ok")["share"].item() == pytest.approx(0.92)
    few = publish_flags(frame, homes=9, half_hours=1_488)
    assert few.frame.is_empty()
    assert few.suppressed.height == 4


def test_checks_are_published_without_the_keys_and_figures_that_they_looked_at() -> None:
    row = dict.fromkeys(QUALITY_RESULT.schema, "x") | {
        "passed": True,
        "sample_keys": '["home 7"]',
        "observed": 3.0,
    }
    published = publish_checks(pl.DataFrame([row]))
    assert not {"sample_keys", "observed", "lower", "upper"} & set(published.frame.columns)


def test_months_of_few_homes_are_hidden() -> None:
    frame = pl.DataFrame(
        {
            "month": [dt.date(2009, 1, 1), dt.date(2009, 2, 1)],
            "households": [9, 26],
            "readings": 34_943,
            "ok_half_hours": 34_001,
            "hours": 17_499,
            "used_gas_kwh": 1.0,
        }
    )
    published = publish_months(frame)
    assert published.frame.rows() == [(dt.date(2009, 2, 1), 30, 34_000, 34_000, 17_000)]


def test_only_tables_that_hold_nothing_of_homes_are_open() -> None:
    assumptions = make_assumptions()
    assert publish_open(ASSUMPTION, assumptions).frame.height == assumptions.height
    with pytest.raises(ValueError, match="table heat_hourly may hold what comes from homes"):
        publish_open(HEAT_HOURLY, HEAT_HOURLY.empty())


def test_a_published_table_is_made_nowhere_but_in_disclosure_control() -> None:
    folders = ("flows", "transforms", "quality", "warehouse", "reports")
    makers = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if PublicTable.__name__ in (text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == PublicTable.__name__
    }
    assert makers
    assert {name for name in makers if not name.startswith("quality/disclosure/")} == set()


def test_a_margin_without_other_keys_is_one_group() -> None:
    frame = pl.DataFrame({"area": ["a", "b", "c"], "households": [9, 12, 15]})
    shown, _ = suppress_small_cells(frame, keys=["area"], margins=[Margin(along="area", total="all")])
    assert shown["area"].to_list() == ["c"]


def test_a_file_of_no_known_format_is_neither_named_nor_quoted() -> None:
    quoted = "no header is known: first line 'jane,2009-01-01 00:30,0.52'; known formats are edrp, octopus, canonical"
    frame = make_sources(["edrp_gas.csv"]).with_columns(
        file_name=pl.when(pl.col("outcome") == "refused").then(pl.lit("jane.csv")).otherwise("file_name"),
        reason=pl.when(pl.col("outcome") == "refused").then(pl.lit(quoted)),
        id_basis=pl.when(pl.col("outcome") == "refused").then(pl.lit("not applicable")).otherwise("id_basis"),
        lines=pl.when(pl.col("outcome") == "refused").then(17).otherwise("lines"),
    )
    refused = publish_ledger(frame).frame.filter(outcome="refused")
    assert "jane" not in refused.write_csv()
    assert refused["reason"].to_list() == ["of no format that is read here"]
    assert refused.select("lines", "readings", "rejects", "adds_up").row(0) == (None, None, None, None)


@pytest.mark.parametrize("outcome", ["refused", "quarantined", "withdrawn"])
def test_no_reason_of_the_ledger_is_published_in_its_own_words(outcome: str) -> None:
    frame = make_sources(["edrp_gas.csv"]).with_columns(outcome=pl.lit(outcome), reason=pl.lit("home 7 reads 0.52"))
    published = publish_ledger(frame).frame
    assert published["reason"].null_count() == 0
    assert "home 7" not in published.write_csv()


def test_a_household_table_counts_homes_and_a_temperature_file_counts_none() -> None:
    frame = make_sources(["a.csv", "b.csv"]).head(2).with_columns(
        kind=pl.Series(["households", "temperature"]), lines=47, readings=46, header_lines=1, blank_lines=0, rejects=0
    )  # fmt: skip
    published = publish_ledger(frame).frame
    assert published.select("lines", "readings", "rejects", "adds_up").rows() == [
        (50, 50, 0, True),
        (47, 46, 0, True),
    ]


@given(st.integers(0, 10**8), st.integers(1, 60_000), st.data())
def test_a_rounded_count_leaves_open_all_that_one_home_can_add(count: int, most: int, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, min(count, most)))
    one_home = pl.lit(most)
    before, after = (int(pl.select(in_shares(pl.lit(n), one_home)).item()) for n in (count, count - left))
    step = before - after if before != after else None
    assert step is None or step >= most
    assert abs(before - count) <= 2.5 * most
