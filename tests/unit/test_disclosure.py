"""Disclosure control: which cells may leave the restricted tier."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.disclosure.rule import BY_DWELLING_TYPE, BY_HOUR, DisclosureRule, suppress_small_cells

KEYS = ("dwelling_type", "period")


def cells(homes: dict[str, int | None], period: str = "2009") -> pl.DataFrame:
    """Return one cell per dwelling type, with a value that identifies the type."""
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


@settings(deadline=None)
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


@settings(deadline=None)
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
