"""`hearth forget`: one home is taken out of every stored file, and stays out.

There are three steps. First, with no run under way, every file that holds the home is written anew or deleted. Then a run
publishes what is left. Last, what was computed from the home is deleted, and a search looks for anything that was missed.
A note with the id is written first and deleted last, so that the same command continues an interrupted one.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows.operations.forgetting_texts import clear_prefect, mask_logs, server_lives
from flows.operations.pseudonyms import check_pseudonyms, keep_id
from flows.operations.rehearsal import clear_abandoned
from flows.operations.snapshots import prune_reports
from flows.pipeline.content import begin_content
from flows.pipeline.ingest_decisions import list_spellings
from flows.pipeline.stages import complete_content
from flows.progress import say, working
from flows.settings import Settings
from quality.disclosure.forgotten import rename_member
from transforms.public.forgotten import Tombstones, mark
from transforms.readings.homes import loosen
from transforms.readings.pseudonyms import is_pseudonym
from warehouse.forgetting.lake import Forgetting, forget_in_lake, list_holders
from warehouse.forgetting.search import find_homes, find_homes_in_lake
from warehouse.forgetting.tables import (
    Remains,
    delete_candidates,
    delete_snapshots,
    list_traces,
    mask_frame,
    rewrite_current,
    trace_home,
)
from warehouse.forgetting.tombstones import Unfinished
from warehouse.manifest import read_manifests
from warehouse.pseudonyms import DeliveredPaths
from warehouse.publish import read_history
from warehouse.quarantine import decision_key, left_out_sources, read_decisions
from warehouse.runs import at_work
from warehouse.snapshots import list_files, read_hold
from warehouse.versions import LAKE_FORMAT_KEY

NOTHING = Remains(has_rows=False, is_named=False)
NAMED = 5  # files that a message names
Run = Callable[[Settings], dict[str, Any]]


class NotFinishedError(RuntimeError):
    """The home is not completely forgotten yet; the message says what is left and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was done, after a home was forgotten."""

    sources: int  # sources that held it
    snapshots: int  # snapshots that held it
    apart: tuple[str, ...]  # ids of other homes, which differ in spelling only and stay
    landing_files: tuple[str, ...]  # delivered files that still hold it

    def describe(self) -> str:
        """Return it as text, which does not name the home; ids of other homes in `apart` may resemble its id."""
        lines = [
            f"forgotten: {self.sources} sources and {self.snapshots} snapshots held the home; nothing that is kept does",
            "every spelling of the id stays out: with other leading zeros, with .0 at the end, in another case, with blanks",
        ]
        if self.apart:
            lines.append(
                f"but not {', '.join(map(repr, self.apart))}: in the deliveries these ids are other homes; "
                "if one is the same home, forget it too"
            )
        if self.landing_files:
            lines += [
                "delivered files that still hold it, which their owner has to correct or delete:",
                *self.landing_files,
            ]
        lines.append("backups and copies are not changed; after restoring one, give this command again")
        return "\n".join(lines)


def check_can_start(
    settings: Settings, household_id: str, reason: str | None, *, delivered: tuple[str, ...] = ()
) -> None:
    """Check, before anything is changed, that the home can be forgotten completely.

    Raises
    ------
    ValueError
        If another home is being forgotten, no file names the home, a snapshot is held, a Prefect server of the data folder
        is running, or the settings or the reason name the home.

    """
    if not household_id.strip():
        raise ValueError("the id of a home is empty")
    folder = settings.folders.forgotten
    note, home = folder.read_unfinished(), _forgetting(_spell(settings, household_id), "search")
    if note is not None and note.household_id != household_id:
        raise ValueError("another home is being forgotten: `hearth forget --finish` first")
    asked = [home, *(_forgetting(_Spelled(household_id=one, others=(), apart=()), "search") for one in delivered)]
    if reason is not None and any(one.marks.names_text(reason) for one in asked):
        raise ValueError("the reason names the home, and it would be kept; write it without the id")
    feeds = [name for name, feed in settings.kept_feeds.items() if home.marks.among([feed.household_id])]
    if feeds:
        message = f"hearth.toml names the home: feeds.{feeds[0]!r}.household_id; take the line out first"
        raise ValueError(message)
    if read_hold(settings.folders.warehouse) is not None:
        raise ValueError("a snapshot is held, so that nothing can be published: `hearth rollback --resume` first")
    if server_lives(settings.folders):
        raise ValueError(
            "a Prefect server of this data folder is running, and its records may name the home: stop `hearth up` first"
        )
    history = read_history(settings.folders.warehouse.current)
    if history is not None and history.older is not None:
        message = f"the published warehouse {history.older}: `hearth run` publishes it anew; then forget"
        raise ValueError(message)
    check_pseudonyms(settings)
    tombstones = folder.read_tombstones(settings.pseudonyms)
    is_known = note is not None or bool(tombstones.among([household_id]))
    if (
        not is_known
        and not list_holders(settings.folders.lake, home)
        and not list_traces(settings.folders.warehouse, home)
    ):
        message = f"no delivered file holds a home {household_id!r}; ids are those of the table household"
        raise ValueError(message)


def forget(settings: Settings, household_id: str, *, reason: str | None, run: Run) -> Forgotten:
    """Forget a home, or continue after an interruption.

    Parameters
    ----------
    settings
        Settings, which name the data folder.
    household_id
        The id of the home, as its readings are delivered; or its pseudonym.
    reason
        Reason, which is kept with the tombstone.
    run
        Runs the pipeline from the lake and returns the log of the run.

    Raises
    ------
    ValueError
        As `check_can_start`.
    NotFinishedError
        If nothing could be published without the home, or a file still holds it.

    """
    if os.environ.get("PREFECT_API_URL"):
        say("your Prefect server keeps names of files and errors of runs: delete its runs of Hearth there")
    with _alone(settings):
        given = household_id
        household_id = _name_home(settings, keep_id(settings, given))
        delivered = () if given in {household_id, keep_id(settings, household_id)} or is_pseudonym(given) else (given,)
        check_can_start(settings, household_id, reason, delivered=delivered)
        note = _begin(settings, household_id, reason, delivered=delivered)
        _rewrite(settings, note)
    log = run(settings)
    with _alone(settings):
        return _finish(settings, note, str(log["outcome"]), delivered=delivered)


def finish(settings: Settings, *, run: Run) -> Forgotten:
    """Continue with the home that is being forgotten; parameters and errors are those of `forget`."""
    note = settings.folders.forgotten.read_unfinished()
    if note is None:
        raise ValueError("no home is being forgotten")
    return forget(settings, note.household_id, reason=note.reason, run=run)


def _alone(settings: Settings) -> AbstractContextManager[None]:
    return at_work(settings.folders.runs, alone=True, waiting=lambda: say("waiting for the run that is under way"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spelled:
    """A home's id, its other spellings, and the ids of other homes that differ from it in spelling only."""

    household_id: str
    others: tuple[str, ...]
    apart: tuple[str, ...]


def _spell(settings: Settings, household_id: str) -> _Spelled:
    """Return the spellings of a home in the lake, and those that an interrupted command found."""
    lake, note = settings.folders.lake, settings.folders.forgotten.read_unfinished()
    in_force, others = list_spellings(read_manifests(lake), read_decisions(lake), household_id)
    apart = in_force - {household_id}
    if note is not None and note.household_id == household_id:
        others, apart = others.union(note.spellings), apart.union(note.apart)
    return _Spelled(
        household_id=household_id, others=tuple(sorted(others - apart - {household_id})), apart=tuple(sorted(apart))
    )


def _name_home(settings: Settings, household_id: str) -> str:
    """Return the id that is used for a home, from any spelling of it.

    Raises
    ------
    ValueError
        If the spelling fits several homes and is the id of none.

    """
    lake, note = settings.folders.lake, settings.folders.forgotten.read_unfinished()
    if note is not None and household_id in note.spellings:
        return note.household_id
    in_force, _ = list_spellings(read_manifests(lake), read_decisions(lake), household_id)
    if household_id in in_force or not in_force:
        return household_id
    if len(in_force) > 1:
        message = (
            f"{household_id!r} may be any of the homes {', '.join(map(repr, sorted(in_force)))}: give one of these"
        )
        raise ValueError(message)
    (kept,) = in_force
    if not settings.folders.forgotten.read_tombstones(settings.pseudonyms).among([household_id]):
        say(f"{household_id!r} is kept as the home {kept!r}")
        return kept
    return household_id


def _begin(settings: Settings, household_id: str, reason: str | None, *, delivered: tuple[str, ...]) -> Unfinished:
    """Write the note about the home, with what cannot be found out later, and then its tombstone."""
    folder = settings.folders.forgotten
    spelled, before = _spell(settings, household_id), folder.read_unfinished()
    home = _forgetting(spelled, "search")
    holders = list_holders(settings.folders.lake, home)
    paths = DeliveredPaths(settings.pseudonyms)
    there = {path for m in holders for path in paths.list_unchanged(m)}
    traces = list_traces(settings.folders.warehouse, home)
    resting = {snapshot for snapshot, trace in traces.items() if trace.has_rows}
    known = (
        {"delivered": {}, "delivered_loose": {}}
        if before is None
        else before.model_dump(include={"delivered", "delivered_loose"})
    )
    marks = folder.mark_delivered(delivered[0]) if delivered else known
    note = Unfinished(
        household_id=household_id,
        spellings=spelled.others,
        apart=spelled.apart,
        delivered=marks["delivered"],
        delivered_loose=marks["delivered_loose"],
        reason=reason,
        began_at_utc=dt.datetime.now(dt.UTC) if before is None else before.began_at_utc,
        token=secrets.token_hex(8) if before is None else before.token,
        sources=tuple(sorted({m.source_id for m in holders}.union(() if before is None else before.sources))),
        landing_files=tuple(sorted(there.union(() if before is None else before.landing_files))),
        snapshots=tuple(sorted({*traces, *(() if before is None else before.snapshots)})),
        resting=tuple(sorted(resting.union(() if before is None else before.resting))),
    )
    folder.write_unfinished(note)
    folder.bury(note)
    return note


def _rewrite(settings: Settings, note: Unfinished) -> None:
    """Write anew, or delete, every file that holds the home."""
    spelled = _Spelled(household_id=note.household_id, others=note.spellings, apart=note.apart)
    home = _forgetting(spelled, note.token)
    folder = settings.folders.warehouse
    clear_abandoned(settings)
    with working("rewrite what holds the home"):
        with settings.folders.lake.lock(say):
            forget_in_lake(settings.folders.lake, home)
        with folder.lock():
            history = read_history(folder.current)
            delete_candidates(folder)
            if history is not None and trace_home(folder.current, home) != NOTHING:
                mode = int(settings.published_mode, 8)
                rewrite_current(folder, home, history.snapshot_id, mode=mode, group=settings.published_group)
            delete_snapshots(folder, note.snapshots)
        releases = settings.folders.releases
        with releases.lock():
            releases.rewrite(
                lambda name, frame: (
                    _rename_members(frame, home.household_ids, f"forgotten-{note.token}")
                    if name == "member"
                    else mask_frame(name, frame, home.marks)
                )
            )
        mask_logs(settings.folders, home)
        clear_prefect(settings.folders)


def _finish(settings: Settings, note: Unfinished, outcome: str, *, delivered: tuple[str, ...]) -> Forgotten:
    """Delete what was computed from the home, search for what was missed, and delete the note with the id."""
    folder = settings.folders.warehouse
    _sweep(settings)
    with folder.lock():
        delete_snapshots(folder, note.snapshots)
        history, kept = read_history(folder.current), {file.snapshot_id for file in list_files(folder)}
    with settings.folders.releases.lock():
        prune_reports(settings, kept)
    if history is not None and history.snapshot_id in note.resting:
        message = (
            f"the run ended as {outcome}: the rows of the home are gone, but published results still rest on them; "
            "mend what `hearth status` names, then `hearth forget --finish`"
        )
        raise NotFinishedError(message)
    forgotten = settings.folders.forgotten
    spared = [forgotten.note, settings.landing_folder, *map(Path, note.landing_files)]
    with working("search every file for the home"):
        ids, left = (note.household_id, *note.spellings, *delivered), list[str]()
        left += [str(path) for path in find_homes(settings.home, ids, spared=spared)]
        left += find_homes_in_lake(settings.folders.lake, settings.home, ids)
    if left:
        named = ", ".join(left[:NAMED])
        message = f"{len(left)} files still hold the home, such as {named}; `hearth forget --finish` tries again"
        raise NotFinishedError(message)
    forgotten.finish()
    say("the id is deleted")
    still = tuple(path for path in note.landing_files if Path(path).exists())
    return Forgotten(sources=len(note.sources), snapshots=len(note.snapshots), apart=note.apart, landing_files=still)


def _sweep(settings: Settings) -> None:
    """Delete at once all objects that nothing refers to any more; what was computed from the home is among them."""
    lake = settings.folders.lake
    manifests, decisions = read_manifests(lake), read_decisions(lake)
    kept = {LAKE_FORMAT_KEY, *(decision_key(decision.source_id) for decision in decisions)}
    kept.update(*(manifest.object_keys for manifest in manifests))
    out = left_out_sources(manifests, decisions)
    if any(m.kind == "readings" and m.outcome == "accepted" and m.source_id not in out for m in manifests):
        kept |= complete_content(begin_content(settings)).keys
    lake.sweep(kept, before=dt.datetime.now(dt.UTC))


def _rename_members(member: pl.DataFrame, household_ids: Sequence[str], token: str) -> pl.DataFrame:
    for household_id in household_ids:
        member = rename_member(member, household_id, token)
    return member


def _forgetting(home: _Spelled, tag: str) -> Forgetting:
    """Return the home with the marks that find it in texts; their key is used for nothing else."""
    key, ids = secrets.token_bytes(16), (home.household_id, *home.others)
    texts = {text for household_id in ids for text in (household_id, _as_json(household_id))}
    marks = Tombstones(
        key=key,
        marks={mark(key, text): len(text) for text in texts},
        loose={mark(key, bare): len(bare) for bare in map(loosen, texts)},
        apart=frozenset(mark(key, other) for other in home.apart),
        spelled=tuple(texts),
    )
    return Forgetting(household_ids=ids, marks=marks, tag=tag[:8])


def _as_json(text: str) -> str:
    return json.dumps(text)[1:-1]
