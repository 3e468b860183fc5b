"""Disclosure control: what may leave the restricted tier."""

from __future__ import annotations

import ast
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.disclosure import (
    BY_DWELLING_TYPE,
    BY_HOUR,
    DisclosureRule,
    Margin,
    publish_cells,
    publish_checks,
    publish_flags,
    publish_following,
    publish_funnel,
    publish_ledger,
    publish_months,
    publish_open,
    suppress_small_cells,
)
from tests.example_site import HOMES, make_assumptions, make_demand, make_lcoh, make_profile, make_sources
from transforms import tables
from transforms.public import PublicTable

ROOT = Path(__file__).parents[2]
KEYS = ("dwelling_type", "period")


def cells(homes: dict[str, int | None], period: str = "2009") -> pl.DataFrame:
    """Return one cell per dwelling type whose value tells the type."""
    return pl.DataFrame(
        {
            "dwelling_type": list(homes),
            "period": period,
            "households": list(homes.values()),
            "value": range(len(homes)),
        },
        schema={"dwelling_type": pl.String, "period": pl.String, "households": pl.Int64, "value": pl.Float64},
    )


def suppress(homes: dict[str, int | None]) -> tuple[set[str], dict[str, str]]:
    """Return the dwelling types that are shown, and those that are not with the reason."""
    shown, hidden = suppress_small_cells(cells(homes), keys=KEYS, margins=[BY_DWELLING_TYPE])
    return set(shown["dwelling_type"]), dict(hidden.select("dwelling_type", "because").iter_rows())


def test_cells_of_ten_and_more_homes_pass_with_rounded_counts() -> None:
    shown, hidden = suppress_small_cells(cells({"flat": 10, "detached": 14, "terraced": 15, "all": 39}), keys=KEYS)
    assert hidden.is_empty()
    assert shown["households"].to_list() == [10, 10, 20, 40]
    assert shown["value"].to_list() == [0, 1, 2, 3]


def test_a_cell_of_nine_homes_is_removed_by_the_rule() -> None:
    shown, hidden = suppress_small_cells(cells({"flat": 9, "detached": 40}), keys=KEYS)
    assert shown["dwelling_type"].to_list() == ["detached"]
    assert hidden.rows() == [("flat", "2009", "few_homes")]


def test_a_cell_whose_number_of_homes_is_unknown_is_removed() -> None:
    shown, _ = suppress_small_cells(cells({"flat": None, "detached": 40}), keys=KEYS)
    assert shown["dwelling_type"].to_list() == ["detached"]


def test_a_lone_hidden_type_takes_the_smallest_other_one_with_it() -> None:
    shown, hidden = suppress({"flat": 9, "detached": 40, "terraced": 25, "all": 74})
    assert shown == {"detached", "all"}
    assert hidden == {"flat": "few_homes", "terraced": "companion"}


def test_two_hidden_types_that_hold_fewer_than_ten_homes_together_take_a_third() -> None:
    _, hidden = suppress({"flat": 3, "bungalow": 4, "detached": 40, "terraced": 25, "all": 72})
    assert hidden == {"flat": "few_homes", "bungalow": "few_homes", "terraced": "companion"}


def test_two_hidden_types_that_hold_ten_homes_together_need_no_third() -> None:
    shown, _ = suppress({"flat": 6, "bungalow": 7, "detached": 40, "all": 53})
    assert shown == {"detached", "all"}


def test_homes_of_unknown_type_count_as_a_type() -> None:
    shown, hidden = suppress({"unknown": 2, "detached": 40, "flat": 12, "all": 54})
    assert shown == {"detached", "all"}
    assert hidden["flat"] == "companion"


def test_the_national_mix_goes_with_a_hidden_type_since_its_weights_are_public() -> None:
    _, hidden = suppress({"flat": 9, "detached": 40, "terraced": 25, "all": 74, "stock": 74})
    assert hidden["stock"] == "companion"
    shown, _ = suppress({"flat": 10, "detached": 40, "terraced": 25, "all": 75, "stock": 75})
    assert "stock" in shown


def test_a_type_without_homes_reveals_nothing_and_hides_nothing() -> None:
    shown, hidden = suppress({"flat": 0, "detached": 40, "all": 40})
    assert shown == {"detached", "all"}
    assert hidden == {"flat": "few_homes"}


def test_a_type_without_homes_is_no_cover_for_a_small_one() -> None:
    _, hidden = suppress({"flat": 0, "bungalow": 9, "detached": 40, "terraced": 12, "all": 61})
    assert hidden["terraced"] == "companion"


def test_each_period_is_judged_by_itself() -> None:
    both = pl.concat(
        [cells({"flat": 9, "detached": 40, "all": 49}), cells({"flat": 19, "detached": 40, "all": 59}, "2010")]
    )
    shown, _ = suppress_small_cells(both, keys=KEYS, margins=[BY_DWELLING_TYPE])
    assert shown.filter(period="2010").height == 3
    assert shown.filter(period="2009")["dwelling_type"].to_list() == ["all"]


def test_a_lone_hidden_hour_takes_another_one_since_the_year_is_published() -> None:
    hours = pl.DataFrame(
        {"dwelling_type": "all", "period": "2009", "hour_start_utc": range(6), "households": [12, 11, 9, 30, 30, 30]}
    )
    keys = (*KEYS, "hour_start_utc")
    shown, hidden = suppress_small_cells(hours, keys=keys, margins=[BY_HOUR])
    assert shown["hour_start_utc"].to_list() == [0, 3, 4, 5]
    assert dict(hidden.select("hour_start_utc", "because").iter_rows()) == {1: "companion", 2: "few_homes"}
    two_small = hours.with_columns(households=pl.Series([12, 9, 9, 30, 30, 30]))
    shown, _ = suppress_small_cells(two_small, keys=keys, margins=[BY_HOUR])
    assert shown["hour_start_utc"].to_list() == [3, 4, 5], (
        "two hours of the same nine homes are no cover for each other"
    )


@given(
    st.lists(st.integers(0, 30), min_size=18, max_size=18),
    st.integers(10, 14),
)
def test_no_hidden_type_can_be_worked_out_and_no_row_is_lost(homes: list[int], threshold: int) -> None:
    types = ["detached", "semi_detached", "terraced", "bungalow", "flat", "unknown"]
    frame = pl.DataFrame(
        {"dwelling_type": types * 3, "hour_start_utc": [h for h in range(3) for _ in types], "households": homes}
    )
    total = (
        frame.group_by("hour_start_utc")
        .agg(pl.col("households").sum())
        .select(pl.lit("all").alias("dwelling_type"), "hour_start_utc", "households")
    )
    frame = pl.concat([frame, total])
    rule = DisclosureRule(threshold=threshold)
    keys = ("dwelling_type", "hour_start_utc")
    shown, hidden = suppress_small_cells(frame, keys=keys, margins=[BY_DWELLING_TYPE, BY_HOUR], rule=rule)
    assert shown.height + hidden.height == frame.height
    exact = shown.drop("households").join(frame, on=keys)
    assert exact.filter(pl.col("households") < threshold).is_empty()
    members = hidden.filter(pl.col("dwelling_type") != "all").join(frame.filter(pl.col("households") > 0), on=keys)
    open_types = shown.filter(pl.col("dwelling_type") != "all")
    for hour, group in members.group_by("hour_start_utc"):
        others = open_types.filter(hour_start_utc=hour[0])
        assert others.is_empty() or (group.height >= 2 and group["households"].sum() >= threshold)
    for of_type, group in members.group_by("dwelling_type"):
        others = open_types.filter(dwelling_type=of_type[0])
        assert others.is_empty() or (group.height >= 2 and int(group["households"].to_numpy().max()) >= threshold)


@given(st.permutations(range(7)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    frame = cells(
        {"flat": 9, "bungalow": 20, "detached": 40, "terraced": 20, "semi_detached": 50, "all": 139, "stock": 139}
    )
    shown, _ = suppress_small_cells(frame[order], keys=KEYS, margins=[BY_DWELLING_TYPE])
    assert set(shown["dwelling_type"]) == {"detached", "terraced", "semi_detached", "all"}


@pytest.mark.parametrize("parameters", [{"threshold": 9}, {"round_to": 5}])
def test_the_rule_can_be_tightened_but_not_loosened(parameters: dict[str, int]) -> None:
    assert DisclosureRule(threshold=25).threshold == 25
    with pytest.raises(ValueError, match="at least 10 homes"):
        DisclosureRule(**parameters)


def test_a_raised_threshold_hides_more() -> None:
    shown, _ = suppress_small_cells(cells({"flat": 24, "detached": 40}), keys=KEYS, rule=DisclosureRule(threshold=25))
    assert shown["dwelling_type"].to_list() == ["detached"]


def test_a_finer_table_shows_no_cell_that_the_coarser_one_hides() -> None:
    annual = make_demand(HOMES | {"bungalow": 9})
    demand = publish_cells(tables.HEAT_DEMAND_ANNUAL, annual, margins=[BY_DWELLING_TYPE])
    hourly = pl.concat(
        [
            make_profile(50).head(48).with_columns(dwelling_type=pl.lit(name))
            for name in ("bungalow", "detached", "terraced")
        ]
    )
    profile = publish_cells(tables.HEAT_PROFILE, hourly, margins=[BY_HOUR], coarser=demand)
    assert set(demand.suppressed["dwelling_type"]) == {"bungalow", "detached"}
    assert set(profile.frame["dwelling_type"]) == {"terraced"}
    assert profile.frame.height + profile.suppressed.height == hourly.height


def test_costs_at_a_hidden_demand_are_hidden_and_the_papers_stay() -> None:
    annual = make_demand(HOMES | {"bungalow": 9})
    demand = publish_cells(tables.HEAT_DEMAND_ANNUAL, annual, margins=[BY_DWELLING_TYPE])
    costs = make_lcoh(annual)
    published = publish_following(tables.LCOH, costs, of=demand, measured=pl.col("demand_basis") == "measured")
    measured = published.frame.filter(demand_basis="measured")
    assert set(measured["dwelling_type"]) == set(demand.frame["dwelling_type"])
    assert published.frame.filter(demand_basis="paper").height == costs.filter(demand_basis="paper").height
    assert published.frame.height + published.suppressed.height == costs.height


def test_a_funnel_keeps_its_steps_and_loses_small_counts() -> None:
    frame = pl.DataFrame(
        {"period": "2009", "step": [0, 1, 2], "criterion": ["a", "b", "c"], "households": [118, 14, 9]}
    )
    published = publish_funnel(frame)
    assert published.frame["households"].to_list() == [120, 10, None]
    assert published.suppressed["step"].to_list() == [2]


def test_a_file_named_after_its_home_is_named_by_its_content() -> None:
    frame = make_sources(["jane.csv", "edrp_gas.csv"]).with_columns(
        id_basis=pl.when(pl.col("file_name") == "jane.csv").then(pl.lit("the name of the file")).otherwise("id_basis")
    )
    published = publish_ledger(frame)
    assert published.frame["file_name"].to_list() == [
        "one home's file, sha256 000000000000",
        "edrp_gas.csv",
        "edrp_elec.csv",
    ]
    assert "id_basis" not in published.frame.columns


def test_flags_are_published_over_all_sources_and_only_where_enough_homes_stand_behind_them() -> None:
    frame = pl.DataFrame(
        {
            "source_id": ["a", "b", "a", "a", "b"],
            "flag": ["ok", "ok", "negative", "off_grid", "stuck"],
            "readings": [500, 424, 4, 72, 0],
        }
    )
    published = publish_flags(frame, homes=10)
    assert dict(published.frame.select("flag", "readings").iter_rows()) == {
        "ok": 920,
        "negative": None,
        "off_grid": 70,
        "stuck": 0,
    }
    assert published.frame.filter(flag="ok")["share"].item() == pytest.approx(0.92)
    few = publish_flags(frame, homes=9)
    assert few.frame.is_empty()
    assert few.suppressed.height == 4


def test_checks_are_published_without_the_keys_and_figures_that_they_looked_at() -> None:
    row = dict.fromkeys(tables.QUALITY_RESULT.schema, "x") | {
        "passed": True,
        "sample_keys": '["home 7"]',
        "observed": 3.0,
    }
    published = publish_checks(pl.DataFrame([row]))
    assert not {"sample_keys", "observed", "lower", "upper"} & set(published.frame.columns)


def test_months_of_few_homes_are_hidden() -> None:
    frame = pl.DataFrame(
        {
            "month": ["2009-01", "2009-02"],
            "households": [9, 26],
            "readings": 5,
            "ok_half_hours": 4,
            "hours": 2,
            "used_gas_kwh": 1.0,
        }
    )
    published = publish_months(frame)
    assert published.frame.rows() == [("2009-02", 30, 5, 4, 2)]


def test_only_tables_that_hold_nothing_of_homes_are_open() -> None:
    assumptions = make_assumptions()
    assert publish_open(tables.ASSUMPTION, assumptions).frame.height == assumptions.height
    with pytest.raises(ValueError, match="table heat_hourly may hold what comes from homes"):
        publish_open(tables.HEAT_HOURLY, tables.HEAT_HOURLY.empty())


def test_a_published_table_is_made_nowhere_but_in_disclosure_control() -> None:
    folders = ("flows", "transforms", "quality", "warehouse", "reports")
    makers = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == PublicTable.__name__
    }
    assert makers == {"quality/disclosure.py"}


def test_a_margin_without_other_keys_is_one_group() -> None:
    frame = pl.DataFrame({"area": ["a", "b", "c"], "households": [9, 12, 15]})
    shown, _ = suppress_small_cells(frame, keys=["area"], margins=[Margin(along="area", total="all")])
    assert shown["area"].to_list() == ["c"]
