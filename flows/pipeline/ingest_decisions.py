"""What is decided about delivered files before a line of them is read, and the fingerprint of these decisions."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath

from flows.pipeline.unit import fingerprint
from flows.settings import Settings
from transforms.public.forgotten import Tombstones
from transforms.readings.clocks import ClockDecision, ClockVotes, decide_clock
from transforms.readings.formats import FORMAT_BY_NAME, Clock, Format, GasConversion, Stamp
from transforms.readings.line_flags import LineThresholds
from warehouse.landing import BLOCK_BYTES, SUFFIXES
from warehouse.manifest import LandingPath, Manifest, superseded_sources
from warehouse.quarantine import Decision, withdrawn_sources

_DECLARED_BASIS = {"offset": "each stamp carries its offset", "name": "the name of the column"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOptions:
    """What is declared about one feed, where its files do not tell."""

    clock: Clock | None = None
    stamp: Stamp | None = None
    household_id: str | None = None
    delivery_pattern: str | None = None  # regular expression on the file's name, with a group `delivery_date`


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """Parameters of ingest; `feeds` by feed, such as `edrp/supplier_a`."""

    run_date: dt.date
    quiet_seconds: float = 60
    thresholds: LineThresholds = field(default_factory=LineThresholds)
    conversion: GasConversion = field(default_factory=GasConversion)
    feeds: Mapping[str, FeedOptions] = field(default_factory=dict)
    block_bytes: int = BLOCK_BYTES
    forgotten: Tombstones = field(default_factory=Tombstones)

    def of_feed(self, feed: str) -> FeedOptions:
        """Return what is declared about a feed."""
        return self.feeds.get(feed, FeedOptions())


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDecisions:
    """What other files and the options decide about one source."""

    clock: Clock | None = None  # None: not a matter of clocks
    clock_basis: str = "not applicable"
    refusal: str | None = None  # why the source cannot be read under its feed's clock
    household_id: str | None = None  # of every reading, where the format names none
    id_basis: str = "not applicable"
    withdrawn: str | None = None  # why nothing of the source is to be held


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWork:
    """One source to be read, or whose manifest is to say something new; all that was decided before reading."""

    source_id: str
    kind: str
    format: str  # name of the format, or none
    refusal: str | None  # why the header already rules it out
    feed: str
    file_name: str
    paths: tuple[LandingPath, ...]
    read_from: str | None  # None: no landing file holds this content any more
    delivery_date: dt.date | None
    decisions: SourceDecisions

    @property
    def name(self) -> str:
        """What people call it."""
        return self.file_name

    def fingerprint(self, stamp: str, options: IngestOptions) -> str:
        """Return the hash of everything that shapes the objects of the source beside its content."""
        from flows.pipeline.code import code_fingerprint
        from flows.pipeline.ingest_source import read_readings, read_table

        if self.kind == "readings":
            return fingerprint(
                code=code_fingerprint(read_readings),
                format=self.format,
                clock=self.decisions.clock,
                refusal=self.decisions.refusal,
                household_id=self.decisions.household_id,
                stamp=stamp,
                stamp_setting=options.of_feed(self.feed).stamp,
                thresholds=asdict(options.thresholds),
                conversion=asdict(options.conversion),
            )
        return fingerprint(code=code_fingerprint(read_table), format=self.format)


@dataclass(frozen=True, slots=True)
class FeedDecisions:
    """What all sources together decide: the clock of each feed, and the home of files that name none."""

    clocks: Mapping[str, ClockDecision]
    only_household: str | None
    withdrawn: Mapping[str, str] = field(default_factory=dict)  # source id -> reason

    def of_source(
        self, source_id: str, known: Format | None, feed: str, file_name: str, options: IngestOptions
    ) -> SourceDecisions:
        """Return the decisions about one source."""
        withdrawn = self.withdrawn.get(source_id)
        if known is None or known.kind != "readings":
            return SourceDecisions(withdrawn=withdrawn)
        clock, clock_basis, refusal = known.clock, _DECLARED_BASIS.get(known.clock_from, ""), None
        if known.clock_from == "feed":
            decision = self.clocks.get(feed) or decide_clock(
                feed, {}, default=known.clock, setting=options.of_feed(feed).clock
            )
            clock, clock_basis, refusal = decision.clock, decision.basis, decision.contradicting.get(source_id)
        household_id, id_basis = None, "a column of the file"
        if not known.names_household:
            household_id, id_basis = self._name_household(options.of_feed(feed), file_name)
        return SourceDecisions(
            clock=clock,
            clock_basis=clock_basis,
            refusal=refusal,
            household_id=household_id,
            id_basis=id_basis,
            withdrawn=withdrawn,
        )

    def _name_household(self, declared: FeedOptions, file_name: str) -> tuple[str, str]:
        if declared.household_id is not None:
            return declared.household_id, "set for the feed"
        if self.only_household is not None:
            return self.only_household, "the only row of the household table"
        name = PurePosixPath(file_name).name
        suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), "")
        return name[: len(name) - len(suffix)], "the name of the file"


def decide_feeds(
    manifests: Sequence[Manifest], options: IngestOptions, decisions: Collection[Decision] = ()
) -> FeedDecisions:
    """Decide from the manifests of all sources in force, whatever the order in which they came.

    One that is superseded has no say; one that is withdrawn neither has a say nor supersedes.
    """
    out = withdrawn_sources(manifests, decisions)
    held = [m for m in manifests if m.source_id not in out]
    replaced = superseded_sources(held)
    current = [m for m in held if m.source_id not in replaced]
    feeds: dict[str, dict[str, list[ClockVotes]]] = {}
    for m in current:
        if m.kind == "readings" and m.format in FORMAT_BY_NAME and FORMAT_BY_NAME[m.format].clock_from == "feed":
            votes = [ClockVotes(**day.model_dump()) for day in m.clock_evidence]
            feeds.setdefault(m.feed, {})[m.source_id] = votes
    clocks = {
        feed: decide_clock(
            feed,
            votes,
            default=FORMAT_BY_NAME[feed.split("/")[0]].clock,
            setting=options.of_feed(feed).clock,
        )
        for feed, votes in feeds.items()
    }
    homes = {home for m in current if m.kind == "households" and m.outcome == "accepted" for home in m.households}
    withdrawn = {d.source_id: d.reason for d in decisions if d.state == "withdrawn"}
    return FeedDecisions(clocks, next(iter(homes)) if len(homes) == 1 else None, withdrawn)


def read_delivery_date(file_name: str, pattern: str | None) -> dt.date | None:
    """Return the date in a file's name, or None where its feed declares no pattern or the name has none.

    Raises
    ------
    ValueError
        If the pattern has no group `delivery_date`.

    """
    if pattern is None:
        return None
    shape = re.compile(pattern)
    if "delivery_date" not in shape.groupindex:
        raise ValueError(f"delivery_pattern {pattern!r} has no group `delivery_date`; write (?P<delivery_date>...)")
    found = shape.search(file_name)
    try:
        return dt.date.fromisoformat(found["delivery_date"]) if found else None  # 2009-07-01 or 20090701
    except ValueError:
        return None  # digits that are no date declare no order


def ingest_options(settings: Settings, *, today: dt.date) -> IngestOptions:
    """Return what ingest is told: thresholds, quiet time and what is declared about feeds."""
    return IngestOptions(
        run_date=today,
        quiet_seconds=settings.landing_quiet_seconds,
        thresholds=LineThresholds(very_high_kwh=settings.very_high_kwh),
        feeds={name: FeedOptions(**feed.model_dump()) for name, feed in settings.feeds.items()},
    )
