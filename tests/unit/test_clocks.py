"""The clock of a feed: the votes of homes on change days, and the decision from them."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from transforms.readings.clocks import ClockVotes, add_counts, count_change_days, decide_clock, weigh_change_days
from transforms.readings.stamps import LONDON

SPRING, AUTUMN = dt.date(2009, 3, 29), dt.date(2009, 10, 25)


def delivered(day: dt.date, *, local: bool, homes: int = 3, end: bool = False) -> pl.DataFrame:
    """Return the stamps of some homes around a change day, as a UTC or a local clock writes them."""
    start = dt.datetime.combine(day, dt.time()) - dt.timedelta(hours=3)
    utc = pl.datetime_range(start, start + dt.timedelta(hours=30), "30m", time_unit="us", eager=True)
    utc = utc.dt.offset_by("30m") if end else utc
    shown = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(LONDON).dt.replace_time_zone(None) if local else utc
    one = pl.DataFrame({"stamp": shown}).with_columns(on_change_day=pl.col("stamp").dt.date() == day)
    return pl.DataFrame({"household_id": [str(n) for n in range(homes)]}).join(one, how="cross")


def votes(rows: pl.DataFrame) -> tuple[int, int]:
    """Return the votes for UTC and for local."""
    days = weigh_change_days(count_change_days(rows))
    return sum(day.for_utc for day in days), sum(day.for_local for day in days)


@pytest.mark.parametrize("day", [SPRING, AUTUMN, dt.date(2007, 3, 25), dt.date(2007, 10, 28)])
@pytest.mark.parametrize("end", [False, True])
@pytest.mark.parametrize("local", [False, True])
def test_whole_homes_vote_for_their_clock_with_stamps_of_starts_or_ends(day: dt.date, end: bool, local: bool) -> None:  # noqa: FBT001
    assert votes(delivered(day, local=local, end=end)) == ((0, 3) if local else (3, 0))


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_a_delivery_in_which_every_row_is_doubled_votes_for_the_same_clock(day: dt.date) -> None:
    for local in (False, True):
        rows = delivered(day, local=local)
        assert votes(pl.concat([rows, rows])) == votes(rows)


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
@pytest.mark.parametrize("gap", [dt.time(0, 30), dt.time(1, 30), dt.time(2, 30)])
def test_a_home_with_a_gap_beside_the_change_does_not_vote_for_the_wrong_clock(day: dt.date, gap: dt.time) -> None:
    utc, local = votes(delivered(day, local=False).filter(pl.col("stamp").dt.time() != gap))
    assert local == 0
    assert utc == 0


def test_a_home_without_the_hour_and_with_gaps_elsewhere_does_not_vote_in_spring() -> None:
    rows = delivered(SPRING, local=True).filter(pl.col("stamp").dt.time() != dt.time(18, 0))
    assert votes(rows) == (0, 0)


def test_one_doubled_row_in_autumn_is_no_vote_for_local() -> None:
    rows = delivered(AUTUMN, local=False, homes=1)
    doubled = rows.filter(pl.col("stamp").dt.time() == dt.time(1, 0))
    assert votes(pl.concat([rows, doubled])) == (0, 0)


def test_the_votes_of_blocks_add_up_to_those_of_the_whole() -> None:
    rows = delivered(AUTUMN, local=True)
    parts = [count_change_days(rows[at : at + 7]) for at in range(0, len(rows), 7)]
    assert weigh_change_days(add_counts(parts)) == weigh_change_days(count_change_days(rows))


def test_days_without_a_change_are_not_looked_at() -> None:
    assert count_change_days(delivered(dt.date(2009, 6, 1), local=False).with_columns(on_change_day=False)).is_empty()


def day(utc: int, local: int) -> list[ClockVotes]:
    """Return the votes of one file on one day."""
    return [ClockVotes(date=AUTUMN, change="autumn", households=utc + local, for_utc=utc, for_local=local)]


def test_the_feed_keeps_the_clock_that_its_files_vote_for_and_files_that_cannot_tell_follow() -> None:
    decision = decide_clock("edrp/a", {"x": day(0, 40), "y": [], "z": day(1, 30)}, default="utc")
    assert (decision.clock, decision.basis, decision.contradicting) == ("local", "clock-change days of feed edrp/a", {})


def test_where_nothing_decides_the_default_holds_and_says_so() -> None:
    decision = decide_clock("edrp/a", {"x": [], "y": day(0, 0)}, default="utc")
    assert decision.clock == "utc"
    assert decision.basis == "default of the format: no clock-change day of feed edrp/a decides"


def test_a_set_clock_overrides_the_votes() -> None:
    decision = decide_clock("edrp/a", {"x": day(40, 0)}, default="utc", setting="local")
    assert (decision.clock, decision.basis, decision.contradicting) == ("local", "set for the feed", {})


def test_a_file_that_contradicts_the_rest_of_its_feed_is_refused_by_name_and_the_rest_is_read() -> None:
    decision = decide_clock("edrp/a", {"x": day(40, 0), "y": day(0, 10), "z": []}, default="utc")
    assert decision.clock == "utc"
    assert list(decision.contradicting) == ["y"]
    assert "the other files of feed edrp/a keep UTC" in decision.contradicting["y"]
    assert "25 Oct 2009 (0 homes for UTC, 10 for local time)" in decision.contradicting["y"]


def test_a_file_that_contradicts_itself_is_refused_by_name() -> None:
    decision = decide_clock("edrp/a", {"x": day(20, 20), "y": []}, default="utc")
    assert decision.contradicting["x"].startswith("contradicting clock evidence: the file contradicts itself")


def test_where_the_feed_is_divided_all_files_that_vote_are_refused_and_the_others_keep_the_default() -> None:
    decision = decide_clock("edrp/a", {"x": day(20, 0), "y": day(0, 19), "z": []}, default="utc")
    assert decision.clock == "utc"
    assert set(decision.contradicting) == {"x", "y"}
    assert decision.basis.startswith("default of the format: the clock-change days")


def test_a_few_dissenting_homes_change_nothing() -> None:
    assert decide_clock("edrp/a", {"x": day(2, 38)}, default="utc").contradicting == {}
