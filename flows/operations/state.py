"""The state of a data folder, which status, alerts and doctor read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from flows.operations.disk import Disk, measure_disk
from flows.operations.freshness import FeedState, read_feeds
from flows.pipeline.healing import find_damage
from flows.pipeline.report import report_is_current
from flows.settings import Settings
from warehouse.damage import DamageRecord, list_lost, read_records
from warehouse.lake import DamagedObjectError
from warehouse.landing import is_gone
from warehouse.manifest import Manifest, read_whole_manifests
from warehouse.publish import History, read_history
from warehouse.quarantine import LEFT_OUT, Decision, left_out_sources, replaced_sources
from warehouse.runs import RunLog, read_runs
from warehouse.snapshots import Hold, read_hold
from warehouse.versions import check_lake

ROLLBACK = "rollback"  # kind of a run that publishes an earlier snapshot again


@dataclass(frozen=True)
class HomeState:
    """The state of a data folder; each part is read once, when it is first asked for."""

    settings: Settings
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    @cached_property
    def runs(self) -> Sequence[RunLog]:
        """The runs, oldest first."""
        return read_runs(self.settings.folders.runs)

    @cached_property
    def last_good_run(self) -> RunLog | None:
        """The last run after which the published warehouse was up to date with the deliveries."""
        return next((log for log in reversed(self.runs) if is_good(log)), None)

    @cached_property
    def manifests(self) -> Sequence[Manifest]:
        """The manifests of all sources, taken in or refused."""
        check_lake(self.settings.folders.lake)
        return read_whole_manifests(self.settings.folders.lake)

    @cached_property
    def damage(self) -> Sequence[DamagedObjectError]:
        """The damage that is seen without reading every byte; the next run repairs it."""
        found = find_damage(self.settings, every_byte=False)
        try:
            read_history(self.settings.folders.published)
        except DamagedObjectError as error:
            found += [] if error.key in {one.key for one in found} else [error]
        return found

    @cached_property
    def repaired(self) -> Sequence[DamageRecord]:
        """The records of damaged files that were put aside, oldest first."""
        return read_records(self.settings.folders.lake)

    @cached_property
    def lost(self) -> Sequence[DamageRecord]:
        """Delivered content that was damaged and has to be delivered again."""
        return list_lost(self.settings.folders.lake)

    @cached_property
    def decisions(self) -> Sequence[Decision]:
        """The decisions about single sources."""
        return self.settings.folders.lake.list_whole("quarantine", Decision)

    @cached_property
    def left_out(self) -> dict[str, Decision]:
        """The decisions by which sources are left out, by source."""
        return {decision.source_id: decision for decision in self.decisions if decision.state in LEFT_OUT}

    @cached_property
    def replaced(self) -> frozenset[str]:
        """The sources that newer content has replaced."""
        return replaced_sources(self.manifests, left_out_sources(self.manifests, self.decisions))

    @cached_property
    def refused(self) -> Sequence[Manifest]:
        """The files that are refused, and that nothing has replaced."""
        gone = self.replaced | left_out_sources(self.manifests, self.decisions)
        return [m for m in self.manifests if m.outcome == "refused" and m.source_id not in gone]

    @cached_property
    def unreadable(self) -> Sequence[str]:
        """The files that the last nightly could not read."""
        nights = [log for log in self.runs if log.kind == "nightly"]
        return nights[-1].unreadable if nights else ()

    @cached_property
    def unused(self) -> dict[str, str]:
        """The entries of the landing folder that the last nightly did not use and that are still there, with the reason."""
        nights = [log for log in self.runs if log.kind == "nightly"]
        entries = nights[-1].files_unused if nights else {}
        return {name: why for name, why in entries.items() if not is_gone(self.settings.landing_folder, name)}

    @cached_property
    def feeds(self) -> Sequence[FeedState]:
        """How old the newest reading of each feed is."""
        used = [m for m in self.manifests if m.source_id not in self.left_out]
        return read_feeds(used, self.replaced, self.settings, self.now.date())

    @cached_property
    def history(self) -> History | None:
        """The history of the published warehouse, or None if there is none that can be read."""
        with suppress(DamagedObjectError):
            return read_history(self.settings.folders.published)
        return None

    @cached_property
    def judged(self) -> pl.DataFrame:
        """The results of the gate for the published warehouse (`QUALITY_RESULT`); no rows if nothing is published."""
        if self.history is None:
            return pl.DataFrame()
        return self.history.quality_result.filter(pl.col("run_id") == self.history.run["run_id"][-1])

    @cached_property
    def findings(self) -> pl.DataFrame:
        """The checks that the published warehouse does not meet; all of them are warnings, since it was published."""
        return self.judged if self.judged.is_empty() else self.judged.filter(~pl.col("passed"))

    @cached_property
    def report_is_current(self) -> bool:
        """Whether the site was made from the published warehouse."""
        return self.history is not None and report_is_current(self.settings)

    @cached_property
    def disk(self) -> Disk:
        """The disk of the data folder."""
        return measure_disk(self.settings)

    @cached_property
    def hold(self) -> Hold | None:
        """The decision that a snapshot stays published, or None if there is none that can be read."""
        with suppress(DamagedObjectError):
            return read_hold(self.settings.folders.warehouse)
        return None

    @cached_property
    def forgetting(self) -> bool:
        """Whether a home is being forgotten."""
        return self.settings.folders.forgotten.is_unfinished()


def is_good(log: RunLog) -> bool:
    """Say whether a run left the published warehouse up to date with the deliveries."""
    return log.outcome in {"published", "unchanged"} and log.kind != ROLLBACK and not log.held
