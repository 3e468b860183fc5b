"""Changes between two releases are counted by key, and the value that moved furthest is named."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.exceptions import PolarsError

from transforms.public.changes import compare_demand, compare_tables
from transforms.tables.schema import UTC, Column, Table

HEAT = Table(
    "heat", "heat of a group in an hour", ("group", "hour_start_utc"),
    (
        Column("group", pl.String, "group"),
        Column("hour_start_utc", UTC, "hour"),
        Column("heat_kwh", pl.Float64, "heat", "kWh", nullable=True),
        Column("homes", pl.Int64, "homes", "1", nullable=True),
        Column("note", pl.String, "note", nullable=True),
    ),
)  # fmt: skip
SIX = dt.datetime(2009, 1, 6, 6)


def heat(*rows: tuple[str, float | None, int | None, str | None]) -> pl.DataFrame:
    """Return rows of `HEAT` at six o'clock."""
    return pl.DataFrame([(group, SIX, *rest) for group, *rest in rows], schema=HEAT.schema, orient="row")


def compare(before: pl.DataFrame, after: pl.DataFrame) -> dict[str, object]:
    """Compare two states of `HEAT`."""
    rows = compare_tables({"heat": before}, {"heat": after}, [HEAT], since="r0")
    assert rows.height == 1
    return rows.row(0, named=True)


OLD = heat(("flat", 2.0, 10, None), ("terraced", 4.0, 20, "x"), ("detached", None, 30, None))


def test_nothing_changed_is_said_as_zeros() -> None:
    assert compare(OLD, OLD.reverse()) == {
        "table_name": "heat", "rows_before": 3, "rows_after": 3, "rows_added": 0, "rows_removed": 0, "rows_changed": 0,
        "largest_relative_change": None, "largest_change_at": None, "since_release": "r0",
    }  # fmt: skip


def test_rows_that_came_went_and_changed_are_counted_apart() -> None:
    new = heat(("flat", 1.5, 10, None), ("terraced", 4.0, 20, "y"), ("bungalow", 1.0, 10, None))
    change = compare(OLD, new)
    assert (change["rows_added"], change["rows_removed"], change["rows_changed"]) == (1, 1, 2)
    assert change["largest_relative_change"] == pytest.approx(-0.25)
    assert change["largest_change_at"] == "group=flat, hour_start_utc=2009-01-06 06:00:00: heat_kwh"


def test_a_whole_number_may_move_furthest() -> None:
    change = compare(OLD, heat(("flat", 2.2, 10, None), ("terraced", 4.0, 40, "x"), ("detached", None, 30, None)))
    assert change["largest_relative_change"] == 1.0
    assert str(change["largest_change_at"]).endswith("group=terraced, hour_start_utc=2009-01-06 06:00:00: homes")


def test_a_figure_that_appears_changes_its_row_but_has_no_relative_change() -> None:
    change = compare(heat(("flat", None, 0, None)), heat(("flat", 2.0, 10, None)))
    assert (change["rows_changed"], change["largest_relative_change"]) == (1, None)


def test_a_column_that_one_release_lacks_changes_no_row() -> None:
    assert compare(OLD.drop("note"), OLD)["rows_changed"] == 0
    assert compare(OLD, OLD.drop("note"))["rows_changed"] == 0


def test_a_table_that_the_earlier_release_lacks_is_all_new() -> None:
    rows = compare_tables({}, {"heat": OLD}, [HEAT], since="r0").row(0, named=True)
    assert (rows["rows_before"], rows["rows_added"], rows["rows_removed"]) == (0, 3, 0)


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(PolarsError, match="1:1"):
        compare(OLD, pl.concat([OLD, OLD.head(1)]))


GROUPS = st.dictionaries(st.sampled_from("abcdef"), st.one_of(st.none(), st.floats(-5, 5)), max_size=6)


@settings(deadline=None)
@given(GROUPS, GROUPS)
def test_rows_balance_and_the_reverse_comparison_swaps_added_and_removed(
    before: dict[str, float | None], after: dict[str, float | None]
) -> None:
    old, new = (heat(*((name, value, 1, None) for name, value in of.items())) for of in (before, after))
    forth, back = compare(old, new), compare(new, old)
    assert forth["rows_before"] - forth["rows_removed"] + forth["rows_added"] == forth["rows_after"]  # type: ignore[operator]
    assert (forth["rows_added"], forth["rows_removed"]) == (back["rows_removed"], back["rows_added"])
    assert forth["rows_changed"] == back["rows_changed"]
    assert forth["rows_changed"] == sum(before[name] != after[name] for name in before.keys() & after.keys())


def demand(**heat_kwh: float | None) -> pl.DataFrame:
    """Return annual heat by dwelling type in 2009."""
    return pl.DataFrame(
        {"dwelling_type": list(heat_kwh), "period": ["2009"] * len(heat_kwh), "heat_kwh_mean": list(heat_kwh.values())}
    )


def test_demand_of_each_type_stands_before_and_after() -> None:
    rows = compare_demand(demand(all=12_000.0, flat=8_000.0), demand(all=12_600.0, detached=20_000.0), since="r0")
    assert rows.rows() == [
        ("all", "2009", 12_000.0, 12_600.0, pytest.approx(0.05), "r0"),
        ("detached", "2009", None, 20_000.0, None, "r0"),
        ("flat", "2009", 8_000.0, None, None, "r0"),
    ]
