"""Flags that need other readings: each rule on clean data, and on one bad row that it names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms.readings.neighbour_flags import (
    flag_duplicates,
    flag_superseded,
    flag_unknown_households,
    order_readings,
)

Make = Callable[..., pl.DataFrame]
NOON = dt.datetime(2009, 1, 5, 12)
HALF = dt.timedelta(minutes=30)
CLEAN = [("7", NOON, 1.0, 0), ("7", NOON + HALF, 1.0, 0), ("8", NOON, 1.0, 0)]


def flags(frame: pl.DataFrame) -> list[str]:
    """Return the flags in the order of the lines."""
    return frame.sort("source", "line")["flag"].to_list()


def test_homes_of_the_household_table_are_ok(readings: Make) -> None:
    assert flags(flag_unknown_households(readings(CLEAN), {"7", "8"})) == ["ok"] * 3


def test_a_home_that_the_household_table_lacks_is_flagged(readings: Make) -> None:
    assert flags(flag_unknown_households(readings(CLEAN), {"7"})) == ["ok", "ok", "unknown_household"]


def test_without_a_household_table_every_home_is_known(readings: Make) -> None:
    assert flags(flag_unknown_households(readings(CLEAN), None)) == ["ok"] * 3


def test_different_half_hours_and_homes_are_no_duplicates(readings: Make) -> None:
    assert flags(flag_duplicates(readings(CLEAN))) == ["ok"] * 3


def test_of_equal_readings_the_first_stays_ok(readings: Make) -> None:
    assert flags(flag_duplicates(order_readings(readings([*CLEAN, CLEAN[0]])))) == ["ok", "ok", "ok", "duplicate_exact"]


def test_unequal_readings_of_one_half_hour_are_all_in_conflict(readings: Make) -> None:
    judged = flag_duplicates(order_readings(readings([*CLEAN, ("7", NOON, 2.0, 0), ("7", NOON, 1.0, 0)])))
    assert flags(judged) == ["duplicate_conflict", "ok", "ok", "duplicate_conflict", "duplicate_conflict"]


def test_sources_without_an_order_that_disagree_are_in_conflict(readings: Make, sources: Make) -> None:
    both = readings([("7", NOON, 1.0, 0), ("7", NOON, 2.0, 1)])
    assert flags(both.pipe(flag_superseded, sources(2)).pipe(flag_duplicates)) == ["duplicate_conflict"] * 2


def test_a_reading_that_is_flagged_already_makes_no_duplicate(readings: Make) -> None:
    spike = readings([("7", NOON, 99.0, 0)], flag="very_high")
    judged = flag_duplicates(order_readings(pl.concat([spike, readings(CLEAN).with_columns(pl.col("line") + 1)])))
    assert flags(judged) == ["very_high", "ok", "ok", "ok"]


def test_a_later_delivery_supersedes_an_earlier_one(readings: Make, sources: Make) -> None:
    days = [dt.date(2009, 2, 1), dt.date(2009, 2, 2)]
    judged = flag_superseded(readings([*CLEAN, ("7", NOON, 2.0, 1)]), sources(2, delivered=days))
    assert flags(judged) == ["superseded", "ok", "ok", "ok"]


def test_a_later_delivery_with_a_bad_reading_supersedes_nothing(readings: Make, sources: Make) -> None:
    days = [dt.date(2009, 2, 1), dt.date(2009, 2, 2)]
    spike = readings([("7", NOON, 99.0, 1)], flag="very_high")
    assert flags(flag_superseded(pl.concat([readings(CLEAN), spike]), sources(2, delivered=days))) == ["ok"] * 3 + [
        "very_high"
    ]


def test_a_source_whose_path_has_newer_content_is_superseded_as_a_whole(readings: Make, sources: Make) -> None:
    judged = flag_superseded(readings([*CLEAN, ("9", NOON, 2.0, 1)]), sources(2, replaced=[True, False]))
    assert flags(judged) == ["superseded"] * 3 + ["ok"]


slots = st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from([0.0, 0.5]), st.integers(0, 2))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(slots, min_size=1, max_size=30), st.randoms())
def test_order_of_rows_changes_no_flag_and_flagging_twice_equals_once(
    readings: Make, rows: list[tuple[str, int, float, int]], random: object
) -> None:
    frame = readings([(home, NOON + n * HALF, kwh, source) for home, n, kwh, source in rows])
    once = flag_duplicates(order_readings(frame))
    shuffled = frame.sample(fraction=1, shuffle=True, seed=random.randint(0, 99))  # type: ignore[attr-defined]
    keys = ["source", "line"]
    assert flag_duplicates(order_readings(shuffled)).sort(keys).equals(once.sort(keys))
    assert flag_duplicates(once).sort(keys).equals(once.sort(keys))
    assert len(once) == len(frame)
    left = once.filter(pl.col("flag") == "ok")
    assert not left.select(pl.struct("household_id", "interval_start_utc").is_duplicated().any()).item()


def test_an_empty_month_stays_empty(readings: Make) -> None:
    assert flag_duplicates(readings([])).is_empty()
