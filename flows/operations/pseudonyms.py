"""`hearth pseudonyms`: whether the key is that of the lake, and everything built anew under another key."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from flows.operations.forgetting_texts import clear_prefect, server_lives
from flows.operations.rehearsal import clear_abandoned
from flows.pipeline.ingest import ingest_file, plan_ingest
from flows.pipeline.ingest_decisions import ingest_options
from flows.progress import say, working
from flows.settings import Settings
from transforms.public.public import RELEASE_MEMBER
from transforms.readings.pseudonyms import Pseudonyms
from warehouse.forgetting.search import find_homes, find_homes_in_lake
from warehouse.lake import DamagedObjectError, Lake
from warehouse.manifest import Manifest, read_manifests
from warehouse.pseudonyms import PseudonymKeyError, check_key, read_pseudonyms
from warehouse.quarantine import Decision, decision_key, left_out_sources, read_decisions, write_decision
from warehouse.runs import at_work
from warehouse.snapshots import read_hold
from warehouse.versions import LAKE_FORMAT_KEY, read_key_fingerprint

NAMED = 5  # files or sources that a message names
_ANY = re.compile(r"p-[a-p]{20}(?:-[a-p]{8})?(?:~[a-p]{16})?")


class NotRotatedError(RuntimeError):
    """Something still holds a former pseudonym; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivered:
    """What the landing folder holds: its contents by hash, the names of its files, and the ids of homes in them."""

    sources: Mapping[str, str]  # source id -> name of the file
    ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What former ids and names of files become."""

    former: Pseudonyms
    new: Pseudonyms
    delivered: _Delivered
    gone: dict[str, str] = field(default_factory=dict)  # homes that no delivered file holds any more -> a drawn name

    @property
    def homes(self) -> dict[str, str]:
        """Former id of a home -> new id."""
        kept = (Pseudonyms.name_file, Pseudonyms.name)  # a home may be called as a whole file is
        return {name(self.former, one): name(self.new, one) for one in sorted(self.delivered.ids) for name in kept}

    @property
    def files(self) -> dict[str, str]:
        """Former name of a file -> new name."""
        names = self.delivered.sources.values()
        return {self.former.name_file(name): self.new.name_file(name) for name in names}

    @property
    def former_words(self) -> set[str]:
        """What must be found nowhere afterwards: former ids, and every former pseudonym in the name of a file."""
        words = {word for name in self.files for word in _ANY.findall(name)} if self.former.key else set[str]()
        return {*self.homes, *words} - {*self.homes.values(), *self.files.values()}

    def rename(self, table: str, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a table of the memory of releases with new ids and names."""
        if table == "member":
            homes, new = self.homes, {*self.homes.values(), *self.gone.values()}
            for home in frame["household_id"].unique():
                if home not in homes and home not in new:
                    self.gone.setdefault(home, f"gone-{secrets.token_hex(8)}")
            renamed = frame.with_columns(pl.col("household_id").replace(homes | self.gone))
            return RELEASE_MEMBER.conform(renamed).sort(*RELEASE_MEMBER.key, "codes")
        return frame.with_columns(pl.col(pl.String).replace(self.files))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What was done: files that were read again, sources that no file holds any more, homes that went with these."""

    files: int
    lost: tuple[str, ...]
    gone: int

    def describe(self) -> str:
        """Return it as text for people."""
        lines = [
            f"built anew from {self.files} delivered files; no former id or pseudonym is found in anything that is kept"
        ]
        if self.lost:
            lines.append(f"{len(self.lost)} sources went, since no landing file holds them: {', '.join(self.lost)}")
        if self.gone:
            lines.append(
                f"{self.gone} homes of earlier releases are in no delivered file: they stay in their memory by drawn names"
            )
        lines.append(
            "snapshots, reports and logs of earlier runs are deleted; backups and copies are beyond this command"
        )
        return "\n".join(lines)


def check_pseudonyms(settings: Settings) -> None:
    """Return if the lake was made with the key that settings name.

    Raises
    ------
    PseudonymKeyError
        If it was not, or the key cannot be read.

    """
    lake, pseudonyms = settings.folders.lake, settings.pseudonyms
    with suppress(DamagedObjectError):  # what tells it is written again when damage is mended
        check_key(read_key_fingerprint(lake), pseudonyms, holds_sources=bool(lake.keys("sources")))


def keep_id(settings: Settings, household_id: str) -> str:
    """Return the id by which a home is kept whose delivered id or pseudonym is given; a file may be what names it."""
    pseudonyms = settings.pseudonyms
    by_file = pseudonyms.name_file(household_id)
    known = {home for m in read_manifests(settings.folders.lake) for home in m.households} if pseudonyms.key else ()
    return by_file if by_file in known else pseudonyms.name(household_id)


def rotate(
    settings: Settings, former_key: Path | None, *, drop_missing: bool, run: Callable[[Settings], dict[str, Any]]
) -> Rotated:
    """Build everything anew from the landing files, with the pseudonyms that settings ask for now.

    What is interrupted is taken up by the same command: the lake tells its former key until all else is gone.

    Parameters
    ----------
    settings
        They name the data folder and the new key, or none.
    former_key
        File with the key that the lake was made with; None where its ids are as delivered.
    drop_missing
        Whether sources may go that no landing file holds any more.
    run
        Runs the pipeline and returns the log of the run.

    Raises
    ------
    ValueError
        If it cannot be carried to its end: a wrong key, a source that would be lost, work that is under way.
    NotRotatedError
        If a former id or pseudonym is found afterwards.

    """
    with at_work(settings.folders.runs, alone=True, waiting=lambda: say("waiting for the run that is under way")):
        former = read_pseudonyms(former_key)
        _check_can_start(settings, former)
        with working("read the delivered files"):
            delivered = _read_delivered(settings)
        lost = _list_lost(settings, delivered)
        if lost and not drop_missing:
            message = (
                f"{len(lost)} sources are in no landing file and would be lost: {', '.join(lost[:NAMED])}; deliver them again, "
                "or give --drop-missing"
            )
            raise ValueError(message)
        change = Change(former=former, new=settings.pseudonyms, delivered=delivered)
        with working("take out former ids and pseudonyms"):
            _clear(settings, change)
    log = run(settings)
    _search(settings, change, str(log["outcome"]))
    return Rotated(files=len(delivered.sources), lost=lost, gone=len(change.gone))


def _check_can_start(settings: Settings, former: Pseudonyms) -> None:
    lake, folder = settings.folders.lake, settings.folders.forgotten
    recorded = read_key_fingerprint(lake)
    if lake.keys("sources") and recorded != former.fingerprint:
        if not recorded:
            message = "the lake holds ids as delivered: leave --from out"
        elif former.key:
            message = "--from holds another key than the lake was made with"
        else:
            message = "the lake holds pseudonyms: name the file of their key, --from FILE"
        raise PseudonymKeyError(message)
    if former == settings.pseudonyms:
        raise PseudonymKeyError("this is the key that the lake was made with: set pseudonym_key_file to another one")
    if folder.is_unfinished():
        raise ValueError("a home is not forgotten to the end: `hearth forget --finish` first")
    if unmarked := sum(stone.by_pseudonym for stone in folder.list_tombstones()):
        message = (
            f"{unmarked} homes were forgotten by their pseudonym and would come back under another key: "
            "`hearth forget` each by its delivered id first"
        )
        raise ValueError(message)
    if read_hold(settings.folders.warehouse) is not None:
        raise ValueError("a snapshot is held, so that nothing can be published: `hearth rollback --resume` first")
    if server_lives(settings.folders):
        raise ValueError("a Prefect server of this home is at work, and its records name files: stop `hearth up` first")
    if not settings.landing_folder.is_dir():
        message = f"there is no folder {settings.landing_folder} to build anew from; name it with --landing"
        raise ValueError(message)


def _read_delivered(settings: Settings) -> _Delivered:
    """Read every delivered file as it is, and keep nothing but the names and ids."""
    as_delivered = settings.model_copy(update={"pseudonym_key_file": None})
    options = replace(
        ingest_options(as_delivered, today=dt.datetime.now(dt.UTC).date()), quiet_seconds=0, keep_readings=False
    )
    with tempfile.TemporaryDirectory(prefix="hearth-rotate-") as folder:
        lake = Lake(Path(folder) / "lake")
        works = plan_ingest(lake, settings.landing_folder, options).works
        manifests = [ingest_file(lake, work, options) for work in works]
    ids = {one for m in manifests for one in (*m.households, *m.doubled, *m.doubled.values())}
    return _Delivered(sources={m.source_id: m.file_name for m in manifests}, ids=frozenset(ids))


def _list_lost(settings: Settings, delivered: _Delivered) -> tuple[str, ...]:
    """Name the sources in use that no landing file holds: by the hash of their content, since their names are pseudonyms."""
    manifests = read_manifests(settings.folders.lake)
    out = left_out_sources(manifests, read_decisions(settings.folders.lake))
    used = (m for m in manifests if m.outcome == "accepted" and m.source_id not in out | delivered.sources.keys())
    return tuple(_describe_source(m) for m in used)


def _describe_source(m: Manifest) -> str:
    span = (
        f", {m.first_interval_utc:%Y-%m-%d} to {m.last_interval_utc:%Y-%m-%d}"
        if m.first_interval_utc and m.last_interval_utc
        else ""
    )
    return f"SHA-256 {m.source_id[:16]} ({m.kind}, {m.lines:,} lines{span})"


def _clear(settings: Settings, change: Change) -> None:
    """Give the memory of releases and decisions the new names, and delete all else that a run makes again."""
    folders, now = settings.folders, dt.datetime.now(dt.UTC)
    clear_abandoned(settings)
    with folders.releases.lock():
        folders.releases.rewrite(change.rename)
    with folders.lake.lock(say):
        decisions = [_rename_decision(decision, change) for decision in read_decisions(folders.lake)]
        for decision in decisions:
            write_decision(folders.lake, decision)
        kept = {LAKE_FORMAT_KEY, *(decision_key(decision.source_id) for decision in decisions)}
        folders.lake.sweep(kept, before=now + dt.timedelta(minutes=1))
        with folders.warehouse.lock():
            for path in _list_made(settings):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        clear_prefect(folders)
        folders.lake.delete([LAKE_FORMAT_KEY])  # last: it tells the former key


def _list_made(settings: Settings) -> Iterator[Path]:
    """Yield what runs made beside the lake; locks stay."""
    folders, warehouse = settings.folders, settings.folders.warehouse
    for folder in (warehouse.snapshots, warehouse.candidates, folders.reports):
        yield from folder.iterdir() if folder.exists() else ()
    for folder in (folders.runs, folders.alerts):
        yield from (*folder.glob("*.json"), *folder.glob("*.jsonl"))
    if warehouse.current.exists():
        yield warehouse.current


def _rename_decision(decision: Decision, change: Change) -> Decision:
    name = change.delivered.sources.get(decision.source_id)
    new = change.files | change.homes
    reason = re.sub(r"[\w~./-]+", lambda word: new.get(word[0], word[0]), decision.reason)
    return decision.model_copy(
        update={
            "file_name": f"source {decision.source_id[:16]}" if name is None else change.new.name_file(name),
            "reason": _ANY.sub("(home)", reason) if change.former.key and not change.new.key else reason,
        }
    )


def _search(settings: Settings, change: Change, outcome: str) -> None:
    spared = [settings.landing_folder, settings.folders.root / "hearth.toml"]
    words = change.former_words
    with working("search every file for former ids and pseudonyms"):
        left = [str(path) for path in find_homes(settings.home, words, spared=spared)]
        left += find_homes_in_lake(settings.folders.lake, settings.home, words)
    if left:
        message = f"{len(left)} files hold a former id or pseudonym, such as {', '.join(left[:NAMED])}"
        raise NotRotatedError(message)
    if outcome not in {"published", "unchanged"}:
        message = f"former pseudonyms are gone, and the run ended as {outcome}: mend what `hearth status` names; then `hearth run`"
        raise NotRotatedError(message)
