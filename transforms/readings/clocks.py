"""The clock of a feed, found from its rows on the days on which UK clocks change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from transforms.readings.declaration import Clock
from transforms.readings.stamps import CHANGE_DAYS, is_on_grid
from transforms.tables.schema import UTC

CHANGE_DAY_COUNTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "household_id": pl.String,
    "stamp": UTC,
    "rows": pl.Int64,
}
SPRING_HALF_HOURS = 46


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRule:
    """When the votes of homes decide a clock."""

    share_in_file: float = 0.9  # of a file's votes; with fewer on one side the file contradicts itself
    share_in_feed: float = 2 / 3  # of the feed's votes; with fewer on one side the feed contradicts itself


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockVotes:
    """Votes of the homes of one file for its clock, on one change day."""

    date: dt.date
    change: Literal["spring", "autumn"]
    households: int  # homes with readings on both sides of the change
    for_utc: int
    for_local: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockDecision:
    """The clock of a feed, on which grounds, and which of its sources cannot be read under it."""

    clock: Clock
    basis: str
    contradicting: Mapping[str, str]  # source id -> why it is refused


def count_change_days(rows: pl.DataFrame) -> pl.DataFrame:
    """Count rows by home and stamp on change days; the decision on the clock needs nothing else of a block."""
    few = rows.filter("on_change_day").filter(is_on_grid(pl.col("stamp")))
    return few.group_by("household_id", "stamp").agg(rows=pl.len().cast(pl.Int64))


def add_counts(counts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up the counts of several blocks."""
    both = pl.concat([pl.DataFrame(schema=CHANGE_DAY_COUNTS), *counts])
    return both.group_by("household_id", "stamp").agg(pl.col("rows").sum())


def weigh_change_days(counts: pl.DataFrame) -> list[ClockVotes]:
    """Let every home vote, once per change day.

    In spring a local clock has no 01:30: a home that has one votes for UTC; one that has exactly the day's 46 other
    half-hours votes for local. In autumn a local clock has 01:00 and 01:30 twice: a home votes for local if both occur
    twice as often as 00:30 and 02:30 beside them, for UTC if all four occur equally often, so that a file delivered
    with every row doubled still votes for UTC. A home with gaps in these places does not vote.
    """
    stamp = pl.col("stamp")

    def rows_at(hour: int, minute: int) -> pl.Expr:
        return pl.col("rows").filter(stamp.dt.time() == dt.time(hour, minute)).sum()

    homes = counts.group_by("household_id", date=stamp.dt.date()).agg(
        half_hours=pl.len(), before=rows_at(0, 30), first=rows_at(1, 0), second=rows_at(1, 30), after=rows_at(2, 30)
    )
    spring = pl.col("date").dt.month() == dt.date(2000, 3, 1).month
    around = (pl.col("before") > 0) & (pl.col("after") > 0)
    even = pl.col("before") == pl.col("after")
    as_often = (pl.col("first") == pl.col("before")) & (pl.col("second") == pl.col("before"))
    twice = (pl.col("first") == 2 * pl.col("before")) & (pl.col("second") == 2 * pl.col("before"))
    whole = pl.col("half_hours") == SPRING_HALF_HOURS
    votes = homes.filter(around).with_columns(
        utc=pl.when(spring).then(pl.col("second") > 0).otherwise(even & as_often),
        local=pl.when(spring).then((pl.col("second") == 0) & whole).otherwise(even & twice),
    )
    days = votes.group_by("date").agg(households=pl.len(), for_utc=pl.col("utc").sum(), for_local=pl.col("local").sum())
    return [ClockVotes(change=CHANGE_DAYS[day["date"]], **day) for day in days.sort("date").iter_rows(named=True)]


def decide_clock(
    feed: str,
    files: Mapping[str, Sequence[ClockVotes]],
    *,
    default: Clock,
    setting: Clock | None = None,
    rule: ClockRule | None = None,
) -> ClockDecision:
    """Decide the clock of a feed from the votes of all its sources; their order does not matter.

    A source is refused if it contradicts itself, or the clock with most of the feed's votes. If the votes of the feed are
    divided, every source that votes is refused.

    Parameters
    ----------
    feed
        Name of the feed, for messages.
    files
        Votes by source id.
    default
        Clock where nothing decides.
    setting
        Clock that was set for the feed; it overrules the votes.
    rule
        Shares of votes that decide.

    """
    rule = rule or ClockRule()
    if setting is not None:
        return ClockDecision(clock=setting, basis="set for the feed", contradicting={})
    totals = {source: _total(votes) for source, votes in files.items()}
    voting = {source: total for source, total in totals.items() if sum(total)}
    torn = {s: t for s, t in voting.items() if max(t) < rule.share_in_file * sum(t)}
    whole = {s: t for s, t in voting.items() if s not in torn}
    refused = {s: _contradiction("the file contradicts itself", files[s]) for s in torn}
    utc, local = (sum(t[side] for t in whole.values()) for side in (0, 1))
    if not whole:
        basis = f"default of the format: no clock-change day of feed {feed} decides"
        return ClockDecision(clock=default, basis=basis, contradicting=refused)
    if max(utc, local) < rule.share_in_feed * (utc + local):
        why = f"feed {feed} is divided between UTC and local time"
        basis = f"default of the format: the clock-change days of feed {feed} contradict each other"
        return ClockDecision(
            clock=default, basis=basis, contradicting=refused | {s: _contradiction(why, files[s]) for s in whole}
        )
    clock: Clock = "utc" if utc >= local else "local"
    side = 0 if clock == "utc" else 1
    why = f"the other files of feed {feed} keep {'UTC' if clock == 'utc' else 'local time'}"
    refused |= {s: _contradiction(why, files[s]) for s, t in whole.items() if t[side] < t[1 - side]}
    return ClockDecision(clock=clock, basis=f"clock-change days of feed {feed}", contradicting=refused)


def _total(votes: Sequence[ClockVotes]) -> tuple[int, int]:
    return sum(day.for_utc for day in votes), sum(day.for_local for day in votes)


def _contradiction(why: str, votes: Sequence[ClockVotes]) -> str:
    days = ", ".join(
        f"{day.date:%d %b %Y} ({day.for_utc} homes for UTC, {day.for_local} for local time)"
        for day in votes
        if day.for_utc + day.for_local
    )
    return f"contradicting clock evidence: {why}; here {days}; set `clock` for the feed, or move the file to its own subfolder"
