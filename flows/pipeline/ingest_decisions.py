"""The decisions about delivered files that are made before their lines are read, and the fingerprint of these decisions."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

import polars as pl

from flows.pipeline.unit import fingerprint
from flows.settings import HouseholdFrom, Settings
from transforms.climate.gas_law import GasLaw
from transforms.public.forgotten import Tombstones
from transforms.readings.clocks import ClockDecision, ClockVotes, decide_clock
from transforms.readings.declaration import Clock, Encoding, Format, Fuel, GasConversion, Stamp, Unit
from transforms.readings.evidence import Absent
from transforms.readings.formats import FORMAT_BY_NAME
from transforms.readings.homes import NamedHome, UnnamedFile, loosen, match_ids, name_homes
from transforms.readings.line_flags import LineThresholds
from transforms.readings.pseudonyms import Pseudonyms
from transforms.tables.fixed_order import group_in_order
from warehouse.figures import read_figures
from warehouse.landing import BLOCK_BYTES, LIMITS, Limits, split_name
from warehouse.manifest import LandingPath, Manifest, superseded_sources
from warehouse.quarantine import Decision, withdrawn_sources

_DECLARED_BASIS = {"offset": "each stamp carries its offset", "name": "the name of the column"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOptions:
    """What is declared about one feed, if its files do not say it."""

    clock: Clock | None = None
    stamp: Stamp | None = None
    household_id: str | None = None
    household_from: HouseholdFrom | None = None
    delivery_pattern: str | None = None  # regular expression on the file's name, with a group `delivery_date`
    fuel: Fuel | None = None
    unit: Unit | None = None
    interval_minutes: int | None = None
    absent: Absent | None = None  # what half-hours are that the file leaves out: zero or missing
    calorific_value: float | None = None  # [MJ/m3]
    volume_correction: float | None = None
    encoding: Encoding | None = None
    decimal: Literal[".", ","] | None = None

    def convert(self, usual: GasConversion) -> GasConversion:
        """Return the conversion from volume to energy for this feed."""
        return replace(
            usual,
            calorific_value_mj_per_m3=self.calorific_value or usual.calorific_value_mj_per_m3,
            volume_correction=self.volume_correction or usual.volume_correction,
        )


@functools.cache
def usual_gas_by_month() -> Mapping[int, float]:
    """Return the gas use of the mean British home by calendar month [kWh/d], at the shipped temperatures."""
    daily = read_figures("temperature_daily")
    law = GasLaw.from_tables(read_figures)
    gas = daily.select(
        "date",
        month=pl.col("date").dt.month(),
        gas=pl.Series(law.gas_of_day(daily["temperature_mean_c"].to_numpy())).clip(3.0, None),
    )
    return dict(group_in_order(gas, "month", by="date").agg(pl.col("gas").mean()).iter_rows())


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """Parameters of ingest; the keys of `feeds` are feeds such as `edrp/supplier_a`."""

    run_date: dt.date
    quiet_seconds: float = 60
    thresholds: LineThresholds = field(default_factory=LineThresholds)
    conversion: GasConversion = field(default_factory=GasConversion)
    feeds: Mapping[str, FeedOptions] = field(default_factory=dict)
    block_bytes: int = BLOCK_BYTES
    limits: Limits = LIMITS
    usual_kwh_per_day: Mapping[int, float] = field(default_factory=usual_gas_by_month)
    keep_readings: bool = True  # False if files are only judged, as `hearth check` does
    forgotten: Tombstones = field(default_factory=Tombstones)
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)

    def keep_rejects(self, rejects: pl.DataFrame) -> pl.DataFrame:
        """Return rejects as they are kept: beside pseudonyms without their text, which may name a home."""
        return rejects.with_columns(text=pl.lit("")) if self.pseudonyms.key else rejects

    def note_forgotten(self, delivered: Iterable[str]) -> None:
        """Note the pseudonyms of delivered ids that are forgotten: what follows knows their homes by these alone."""
        if self.pseudonyms.key:
            self.forgotten.also.update(map(self.pseudonyms.name, self.forgotten.among(delivered)))

    def of_feed(self, feed: str) -> FeedOptions:
        """Return what is declared about a feed."""
        return self.feeds.get(feed, FeedOptions())


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDecisions:
    """The decisions about one source that other files and the options make."""

    clock: Clock | None = None  # None if the source has no clock
    clock_basis: str = "not applicable"
    refusal: str | None = None  # why the source cannot be read under its feed's clock
    household_id: str | None = None  # the home of all readings, if the format names no home
    id_basis: str = "not applicable"
    renamed: Mapping[str, str] = field(default_factory=dict)  # id as delivered -> id that is used for this home
    warning: str | None = None
    withdrawn: str | None = None  # reason why the source is withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWork:
    """The work on one source, which has to be read or to get a new manifest: all decisions before reading."""

    source_id: str
    kind: str
    format: str  # name of the format, or none
    refusal: str | None  # why the header already rules it out
    detail: str | None  # what its header says
    feed: str
    file_name: str
    paths: tuple[LandingPath, ...]
    read_from: str | None  # of `paths`; None: no landing file holds this content any more
    delivery_date: dt.date | None
    decisions: SourceDecisions
    delivered_path: str | None = None  # where `read_from` is a pseudonym: what it stands for

    @property
    def opens(self) -> str | None:
        """The path to open it by."""
        return self.delivered_path or self.read_from

    @property
    def name(self) -> str:
        """The name in messages."""
        return self.file_name

    def fingerprint(self, stamp: str, options: IngestOptions) -> str:
        """Return the hash of everything except its content that decides the objects of the source."""
        from flows.pipeline.code import code_fingerprint
        from flows.pipeline.ingest_source import read_readings, read_table

        declared = options.of_feed(self.feed)
        key = options.pseudonyms.fingerprint
        if self.kind == "readings":
            return fingerprint(
                key=key,
                code=code_fingerprint(read_readings),
                format=self.format,
                clock=self.decisions.clock,
                refusal=self.decisions.refusal,
                household_id=self.decisions.household_id,
                renamed=dict(self.decisions.renamed),
                stamp=stamp,
                declared={name: value for name, value in asdict(declared).items() if name != "delivery_pattern"},
                thresholds=asdict(options.thresholds),
                conversion=asdict(declared.convert(options.conversion)),
            )
        return fingerprint(key=key, code=code_fingerprint(read_table), format=self.format)


@dataclass(frozen=True, slots=True)
class FeedDecisions:
    """The decisions that all sources make together: the clock of each feed, and the home of files that name none."""

    clocks: Mapping[str, ClockDecision]
    homes: Mapping[str, NamedHome]  # source id of a file that names no home -> its home
    table: frozenset[str]  # homes of the household table
    renamed: Mapping[str, Mapping[str, str]]  # source id -> spellings of homes
    withdrawn: Mapping[str, str] = field(default_factory=dict)  # source id -> reason

    def of_source(
        self, source_id: str, known: Format | None, feed: str, file_name: str, options: IngestOptions
    ) -> SourceDecisions:
        """Return the decisions about one source."""
        withdrawn = self.withdrawn.get(source_id)
        if known is None:  # the name of the file is not repeated here: it may be that of a home
            return SourceDecisions(id_basis="unknown, as its format is", withdrawn=withdrawn)
        if known.kind != "readings":
            return SourceDecisions(withdrawn=withdrawn)
        clock, clock_basis, refusal = known.clock, _DECLARED_BASIS.get(known.clock_from, ""), None
        if known.clock_from == "feed":
            decision = self.clocks.get(feed) or decide_clock(
                feed, {}, default=known.clock, setting=options.of_feed(feed).clock
            )
            clock, clock_basis, refusal = decision.clock, decision.basis, decision.contradicting.get(source_id)
        household_id, id_basis, warning = None, "a column of the file", None
        renamed = self.renamed.get(source_id, {})
        respelled = sum(loosen(delivered) == loosen(used) for delivered, used in renamed.items())
        if respelled:
            warning = f"{respelled} ids differ from another file's only by zeros, `.0`, case or blanks: taken for the same homes"
        if not known.names_household:
            home = self._name_household(source_id, options.of_feed(feed), file_name)
            household_id, id_basis, warning = home.household_id, home.basis, home.warning
        return SourceDecisions(
            clock=clock,
            clock_basis=clock_basis,
            refusal=refusal,
            household_id=household_id,
            id_basis=id_basis,
            renamed=renamed,
            warning=warning,
            withdrawn=withdrawn,
        )

    def _name_household(self, source_id: str, declared: FeedOptions, file_name: str) -> NamedHome:
        """Return the home of a file that names none."""
        folder, stem = split_name(file_name)
        if declared.household_id is not None:
            return NamedHome(household_id=declared.household_id, basis="set for the feed")
        if declared.household_from == "folder" and folder:
            return NamedHome(
                household_id=folder.rpartition("/")[2], basis="the name of the folder, as set for the feed"
            )
        if declared.household_from == "file":
            return NamedHome(household_id=stem, basis="the name of the file, as set for the feed")
        if declared.household_from == "table" and len(self.table) == 1:
            return NamedHome(
                household_id=next(iter(self.table)), basis="the only row of the household table, as set for the feed"
            )
        if source_id in self.homes:
            return self.homes[source_id]
        alone = UnnamedFile(source_id=source_id, folder=folder, stem=stem, marks={})
        return name_homes([alone], self.table)[source_id]


def decide_feeds(
    manifests: Sequence[Manifest], options: IngestOptions, decisions: Collection[Decision] = ()
) -> FeedDecisions:
    """Decide from the manifests of all sources in force; the order in which they came does not matter.

    A superseded source decides nothing. A withdrawn source decides nothing, and supersedes nothing either.
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
    used = [m for m in current if m.outcome == "accepted"]
    table = frozenset(home for m in used if m.kind == "households" for home in m.households)
    withdrawn = {d.source_id: d.reason for d in decisions if d.state == "withdrawn"}
    return FeedDecisions(
        clocks,
        name_homes(_unnamed_files(used, options), table),
        table,
        _match_ids(used, table),
        withdrawn,
    )


def _match_ids(manifests: Sequence[Manifest], table: frozenset[str]) -> dict[str, dict[str, str]]:
    """Return for each source the ids that are replaced: other spellings, and a meter's id that the household table lacks."""
    renamed = match_ids(table, _delivered_ids(manifests))
    for m in manifests:
        listed = {kept: other for other, kept in m.doubled.items() if other in table and kept not in table}
        if listed:
            renamed[m.source_id] = listed | renamed.get(m.source_id, {})
    return renamed


def _unnamed_files(manifests: Sequence[Manifest], options: IngestOptions) -> list[UnnamedFile]:
    """Return the files of readings that name no home and whose feed declares none."""
    files = []
    for m in manifests:
        known, declared = FORMAT_BY_NAME.get(m.format), options.of_feed(m.feed)
        if m.kind != "readings" or known is None or known.names_household:
            continue
        if declared.household_id is None and declared.household_from is None:
            folder, stem = split_name(m.file_name)
            files.append(UnnamedFile(source_id=m.source_id, folder=folder, stem=stem, marks=m.day_marks))
    return files


def _delivered_ids(manifests: Sequence[Manifest]) -> dict[str, frozenset[str]]:
    """Return the ids in each source of readings, as delivered."""
    ids = {}
    for m in manifests:
        known = FORMAT_BY_NAME.get(m.format)
        if m.kind == "readings" and known is not None and known.names_household:
            spelled = {used: delivered for delivered, used in m.renamed.items()}
            ids[m.source_id] = frozenset(spelled.get(home, home) for home in m.households)
    return ids


def list_spellings(
    manifests: Sequence[Manifest], decisions: Collection[Decision], household_id: str
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the homes in force whose ids are spellings of an id, and all other spellings that any source held.

    There are several such homes if one table or file holds both of them, or if files are named after them.
    """
    out = withdrawn_sources(manifests, decisions)
    gone = out | superseded_sources([m for m in manifests if m.source_id not in out])
    bare = loosen(household_id)
    used = {m.source_id: {home for home in m.households if loosen(home) == bare} for m in manifests}
    delivered = {i for m in manifests for i in (*m.renamed, *m.renamed.values()) if loosen(i) == bare}
    in_force = frozenset().union(*(used[m.source_id] for m in manifests if m.source_id not in gone))
    return in_force, frozenset(delivered.union(*used.values()) - in_force)


def read_delivery_date(file_name: str, pattern: str | None) -> dt.date | None:
    """Return the date in a file's name, or None if its feed declares no pattern or the name has no date.

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
        return None  # digits that are no date


def options_of_run(settings: Settings, *, today: dt.date) -> IngestOptions:
    """Return the options of ingest for a lake that is kept: homes that are forgotten stay out of it."""
    tombstones = settings.folders.forgotten.read_tombstones(settings.pseudonyms)
    options = replace(ingest_options(settings, today=today), forgotten=tombstones)
    options.note_forgotten(feed.household_id for feed in settings.feeds.values() if feed.household_id)
    return options


def ingest_options(settings: Settings, *, today: dt.date) -> IngestOptions:
    """Return the options of ingest from the settings: thresholds, quiet time and declarations about feeds."""
    return IngestOptions(
        run_date=today,
        quiet_seconds=settings.landing_quiet_seconds,
        thresholds=LineThresholds(very_high_kwh=settings.very_high_kwh),
        limits=Limits(ratio=settings.unpacked_ratio_max, unpacked_bytes=settings.unpacked_gb_max * 1e9),
        feeds={name: FeedOptions(**feed.model_dump()) for name, feed in settings.kept_feeds.items()},
        pseudonyms=settings.pseudonyms,
    )
