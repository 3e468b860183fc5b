"""Alerts: facts that need a person are posted to a webhook. Each is posted once, and again if it lasts for long."""

from __future__ import annotations

import datetime as dt
import os
import re
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict

from flows.operations.freshness import FeedState, show_feed
from flows.operations.quarantine import BY_HAND
from flows.operations.state import HomeState
from flows.progress import say
from flows.settings import ALERT_TOKEN, Settings
from warehouse.runs import RunLog, write_event
from warehouse.writing import PRIVATE, write_whole

Kind = Literal[
    "gate_failed", "run_failed", "landing_missing", "files_refused", "source_quarantined", "stale_data",
    "files_damaged", "files_lost", "test",
]  # fmt: skip
GOOD = frozenset({"published", "unchanged"})
JUDGED_BY_ALL: frozenset[Kind] = frozenset({"gate_failed", "run_failed", "files_damaged", "files_lost"})
JUDGED_BY_NIGHTS: frozenset[Kind] = frozenset({"landing_missing"})
NAMED = 5  # facts of one kind that a message names
SHORT = 16  # characters of a source id that are shown
LOCK_SECONDS = 30  # longer than `alert_seconds` keeps another run busy, by default
STANDING = "standing.json"
SLACK = dt.timedelta(hours=4)  # a repeat is due after whole nights, also if a night starts a little earlier
AFTER_A_HOME = "(named after a home)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is wrong now; the same thing has the same `key` in every run."""

    kind: Kind
    key: str
    what: str
    next_step: str


class StandingFact(BaseModel):
    """A fact that still holds, and when it was posted."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    key: str
    what: str
    next_step: str
    run_id: str
    since_utc: dt.datetime
    tried_at_utc: dt.datetime
    sent_at_utc: dt.datetime | None = None  # None if it was never delivered
    trouble: str | None = None  # why the last attempt failed


class Book(BaseModel):
    """The facts that still hold, and the last alert that was tried."""

    model_config = ConfigDict(extra="forbid")

    standing: list[StandingFact] = []
    last: StandingFact | None = None


def raise_alerts(settings: Settings, log: RunLog) -> None:
    """Post what a run that has ended found wrong; no error of this changes the outcome of the run."""
    if settings.alert_url is None or log.outcome == "interrupted":  # the person who interrupted it knows
        return
    try:
        facts, judged = find_facts(settings, log)
        trouble = settle(settings, log.run_id, facts, judged)
    except Exception as error:  # noqa: BLE001 - a run that did its work stays done, and one that failed keeps its own error
        trouble = f"{type(error).__name__}: {error}"
    if trouble is not None:
        say(f"an alert could not be delivered, and the next run tries again: {trouble}")


def find_facts(settings: Settings, log: RunLog) -> tuple[list[Fact], frozenset[Kind]]:
    """Return what is wrong after a run, and the kinds of facts that it could judge."""
    state = HomeState(settings, now=log.started_at_utc)
    facts = [*_of_runs(log, state.runs), *_of_damage(state, log)]
    judged = JUDGED_BY_ALL | (JUDGED_BY_NIGHTS if log.kind == "nightly" else frozenset())
    if log.outcome not in GOOD:
        return facts, judged
    homes = {home for m in state.manifests for home in m.households}
    facts += _of_sources(state) + _of_feeds(state.feeds, homes)
    if log.held:
        facts.append(
            Fact(
                kind="stale_data",
                key=f"stale_data:held:{log.snapshot_id}",
                what=f"the published warehouse stays at snapshot {log.snapshot_id}, which was brought back; newer content is not published",
                next_step="`hearth rollback --resume` lets the next run publish",
            )
        )
    facts += _of_refused(state, log, homes)
    return facts, judged | {"source_quarantined", "stale_data", "files_refused"}


def _of_runs(log: RunLog, logs: Sequence[RunLog]) -> list[Fact]:
    facts = []
    if log.outcome == "gate_failed":
        rules = ", ".join(log.failed_checks[:NAMED]) + (" and others" if len(log.failed_checks) > NAMED else "")
        facts.append(
            Fact(
                kind="gate_failed",
                key="gate_failed:" + ",".join(sorted(log.failed_checks)),
                what=f"the gate failed and nothing was published: {len(log.failed_checks)} critical checks, {rules}",
                next_step="`hearth status` says what they found; correct the delivery, or put a source aside with `hearth quarantine --put`",
            )
        )
    elif log.outcome == "landing_missing":
        facts.append(
            Fact(
                kind="landing_missing",
                key="landing_missing",
                what="the landing folder is missing, empty or not mounted: nothing was taken in",
                next_step="mount or restore it, then `hearth run`; `hearth status` names it",
            )
        )
    elif log.outcome not in GOOD:
        error = "no usable readings" if log.outcome == "nothing_usable" else log.message.split(":")[0]
        facts.append(
            Fact(
                kind="run_failed",
                key=f"run_failed:{error}",
                what=f"a {log.kind} run failed: {error}",
                next_step="`hearth status` shows the whole error; mend its cause, then `hearth run`",
            )
        )
    earlier = [other for other in logs if other.run_id < log.run_id and other.outcome != "running"]
    if earlier and earlier[-1].outcome == "crashed":
        facts.append(
            Fact(
                kind="run_failed",
                key=f"run_failed:crashed:{earlier[-1].run_id}",
                what=f"the {earlier[-1].kind} run {earlier[-1].run_id} was killed or lost power",
                next_step="what it had done is kept, and this run went on from there; look for the reason in the system's log",
            )
        )
    return facts


def _of_damage(state: HomeState, log: RunLog) -> list[Fact]:
    """Return one fact about the damage that a run found, and one for each file that has to be delivered again."""
    facts = []
    if log.damaged:
        facts.append(
            Fact(
                kind="files_damaged",
                key=f"files_damaged:{log.run_id}",
                what=f"{len(log.damaged)} files of the data folder were damaged and put aside; what can be was built again",
                next_step="`hearth status` names them, `hearth doctor --verify` reads every byte; look at the disk",
            )
        )
    lost = {record.damage.source_id: record for record in state.lost}
    facts += [
        Fact(
            kind="files_lost",
            key=f"files_lost:{source}",
            what=f"readings of source {str(source)[:SHORT]} were damaged, and no landing file holds them any more",
            next_step="`hearth status` names the file; have it delivered again",
        )
        for source in lost
    ]
    return facts


def _of_sources(state: HomeState) -> list[Fact]:
    decided = [d for d in state.left_out.values() if d.state == "quarantined" and d.reason != BY_HAND["quarantined"]]
    known = {m.source_id: m for m in state.manifests}
    return [
        Fact(
            kind="source_quarantined",
            key=f"source_quarantined:{d.source_id}:{d.decided_at_utc:%Y%m%dT%H%M%S}",
            what=f"source {d.source_id[:SHORT]} with {known[d.source_id].readings:,} readings is left out: the gate fails with it",
            next_step="`hearth quarantine` says why; have it corrected, or decide with --lift or --accept",
        )
        for d in decided
        if d.source_id in known and d.source_id not in state.replaced
    ]


def _of_refused(state: HomeState, log: RunLog, homes: Collection[str]) -> list[Fact]:
    """Return a fact for each refused file that no newer file has replaced: a supplier may have changed its format."""
    refused = [
        Fact(
            kind="files_refused",
            key=f"files_refused:{m.source_id}",
            what=f"a file of feed {name_feed(m.feed, homes)} is refused (source {m.source_id[:SHORT]})",
            next_step="`hearth status` says why; have it corrected, and deliver it under the same name",
        )
        for m in state.refused
    ]
    unreadable = Fact(
        kind="files_refused",
        key="files_refused:unreadable",
        what=f"the operating system does not let {len(log.unreadable)} files of the landing folder be read",
        next_step="`hearth status` names them; give the account that runs Hearth the right to read them",
    )
    return refused + ([unreadable] if log.unreadable else [])


def _of_feeds(feeds: Sequence[FeedState], homes: Collection[str]) -> list[Fact]:
    return [
        Fact(
            kind="stale_data",
            key=f"stale_data:{feed.feed}",
            what=f"feed {name_feed(feed.feed, homes)} ends {feed.newest_utc:%Y-%m-%d %H:%M} UTC, {feed.days_old:,} days ago: {feed.alarm}",
            next_step="ask its supplier; `hearth status` lists all feeds",
        )
        for feed in feeds
        if feed.alarm
    ]


def name_feed(feed: str, homes: Collection[str]) -> str:
    """Return the name of a feed as it may leave the machine: not if its folder is named after a home.

    A hash of such a name would not hide the home: ids are few enough to try them all.
    """
    if not any(part in homes for part in re.split(r"[^0-9A-Za-z]", feed)) and not any(
        home in feed.split("/") for home in homes
    ):
        return show_feed(feed)
    return AFTER_A_HOME


def settle(settings: Settings, run_id: str, facts: Iterable[Fact], judged: Collection[Kind]) -> str | None:
    """Post new facts and those due again, store the facts that hold, and return why a delivery failed, if one did.

    A stored fact of a kind in `judged` ends if it is not among `facts`; facts of other kinds stay as they are.
    """
    folder = settings.folders.alerts
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=LOCK_SECONDS, mode=PRIVATE):
            return _settle(settings, run_id, list(facts), judged)
    except Timeout:
        return "another run is sending alerts"


def _settle(settings: Settings, run_id: str, facts: list[Fact], judged: Collection[Kind]) -> str | None:
    book, now = read_book(settings.folders.alerts), dt.datetime.now(dt.UTC)
    before = {known.key: known for known in book.standing}
    standing = [known for known in book.standing if known.kind not in judged]
    due: dict[Kind, list[StandingFact]] = defaultdict(list)
    for fact in facts:
        earlier = before.get(fact.key)
        holds = StandingFact(
            kind=fact.kind, key=fact.key, what=fact.what, next_step=fact.next_step, run_id=run_id,
            since_utc=earlier.since_utc if earlier else now,
            tried_at_utc=earlier.tried_at_utc if earlier else now,
            sent_at_utc=earlier.sent_at_utc if earlier else None,
            trouble=earlier.trouble if earlier else None,
        )  # fmt: skip
        standing.append(holds)
        if holds.sent_at_utc is None or now >= holds.sent_at_utc + _repeat_after(settings):
            due[fact.kind].append(holds)
    deadline, trouble, last = time.monotonic() + settings.alert_seconds, None, book.last
    for kind, group in due.items():
        payload = describe(kind, group, run_id, now)
        failed = send(settings, payload, seconds=deadline - time.monotonic())
        for fact_posted in group:
            fact_posted.tried_at_utc, fact_posted.trouble = now, failed
            fact_posted.sent_at_utc = fact_posted.sent_at_utc if failed else now
        write_event(
            settings.folders.runs,
            run_id,
            "alert",
            kind=kind,
            facts=len(group),
            delivered=failed is None,
            trouble=failed,
        )
        trouble, last = failed or trouble, group[-1].model_copy(update={"what": payload["what"]})
    write_book(settings.folders.alerts, Book(standing=standing, last=last))
    return trouble


def _repeat_after(settings: Settings) -> dt.timedelta:
    return max(dt.timedelta(days=settings.alert_repeat_days) - SLACK, dt.timedelta(0))


def describe(kind: Kind, group: Sequence[StandingFact], run_id: str, now: dt.datetime) -> dict[str, str]:
    """Return the message about facts of one kind; it holds no home, file name, address or secret."""
    more = f"; and {len(group) - NAMED} more" if len(group) > NAMED else ""
    what = "; ".join(fact.what for fact in group[:NAMED]) + more
    return {
        "kind": kind,
        "run_id": run_id,
        "what": what,
        "next_step": group[0].next_step,
        "raised_at_utc": now.isoformat(timespec="seconds"),
        "text": f"Hearth: {what}. Next: {group[0].next_step}.",  # the field that chat programs show
    }


def send(settings: Settings, payload: dict[str, str], *, seconds: float) -> str | None:
    """Post an alert; return None, or the reason why it could not be delivered."""
    if settings.alert_url is None:
        return "alert_url is not set"
    if seconds <= 0:
        return f"the {settings.alert_seconds:g} s for alerts were used up"
    from flows.operations.webhook import post

    return post(str(settings.alert_url), payload, token=os.environ.get(ALERT_TOKEN) or None, seconds=seconds)


def send_test(settings: Settings) -> str | None:
    """Post an alert that says that it is a test; return None, or the reason why it could not be delivered."""
    now = dt.datetime.now(dt.UTC)
    fact = StandingFact(
        kind="test", key="test", what="a test of the webhook; nothing is wrong", next_step="none", run_id="none",
        since_utc=now, tried_at_utc=now,
    )  # fmt: skip
    return send(settings, describe("test", [fact], "none", now), seconds=settings.alert_seconds)


def read_book(folder: Path) -> Book:
    """Return the stored facts; if the file cannot be read there are none, and what holds is posted once more."""
    try:
        return Book.model_validate_json((folder / STANDING).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return Book()


def write_book(folder: Path, book: Book) -> None:
    """Store the facts, whole or not at all."""
    write_whole(folder / STANDING, book.model_dump_json(indent=1), mode=PRIVATE)


def describe_book(book: Book) -> str:
    """Return the facts that hold, as text."""
    if not book.standing:
        return "nothing stands that an alert was raised for"
    lines = []
    for fact in book.standing:
        sent = f"sent {fact.sent_at_utc:%Y-%m-%d %H:%M} UTC" if fact.sent_at_utc else f"NOT DELIVERED: {fact.trouble}"
        lines += [
            f"{fact.kind} since {fact.since_utc:%Y-%m-%d %H:%M} UTC, {sent}",
            f"  {fact.what}",
            f"  {fact.next_step}",
        ]
    return "\n".join(lines)
