"""The age of the newest reading of each feed, from the manifests, so that a night without deliveries shows it as well."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from pydantic import BaseModel

from flows.settings import Settings
from quality.alarms.limits import read_limits
from warehouse.figures import read_figures
from warehouse.manifest import Manifest


class FeedState(BaseModel):
    """The newest reading of one feed."""

    feed: str
    newest_utc: dt.datetime
    days_old: int
    days_behind: int  # behind the feed with the newest reading of all
    alarm: str | None


def read_feeds(
    manifests: Iterable[Manifest], replaced: Collection[str], settings: Settings, today: dt.date
) -> list[FeedState]:
    """Return the state of each feed, by name; `alarm` says which limit a late feed exceeds."""
    newest: dict[str, dt.datetime] = {}
    for m in manifests:
        if m.kind == "readings" and m.outcome == "accepted" and m.source_id not in replaced and m.last_interval_utc:
            newest[m.feed] = max(newest.get(m.feed, m.last_interval_utc), m.last_interval_utc)
    lag = read_limits(read_figures("alarm")).feed_lag_days
    last = max(newest.values(), default=None)
    age = settings.freshness_days
    return [_state_of(feed, newest[feed], last, age=age, lag=lag, today=today) for feed in sorted(newest) if last]


def _state_of(
    feed: str, newest: dt.datetime, last: dt.datetime, *, age: int | None, lag: float, today: dt.date
) -> FeedState:
    midnight = dt.datetime.combine(today, dt.time(), tzinfo=newest.tzinfo)
    alarms = []
    if age is not None and newest + dt.timedelta(days=age) < midnight:
        alarms.append(f"more than {age} days old")
    if newest + dt.timedelta(days=lag) < last:
        alarms.append(f"more than {lag:g} days behind another feed")
    return FeedState(
        feed=feed,
        newest_utc=newest,
        days_old=(today - newest.date()).days,
        days_behind=(last.date() - newest.date()).days,
        alarm=" and ".join(alarms) or None,
    )


def show_feed(feed: str) -> str:
    """Return the name of a feed for messages."""
    name, _, folder = feed.partition("/")
    return f"{name} (landing folder)" if folder == "." else feed


def describe_late(feeds: Iterable[FeedState]) -> str:
    """Name the feeds that are late; return an empty text if none is."""
    return "; ".join(
        f"{show_feed(f.feed)} ends {f.newest_utc:%Y-%m-%d %H:%M} UTC, {f.days_old} days ago: {f.alarm}"
        for f in feeds
        if f.alarm
    )
