"""Ingest: which landing files have to be read, how one is read, and what the files of a feed decide together.

There are three functions. `plan_ingest` compares the landing folder with the manifests. `ingest_file` reads one source.
`settle_feeds` names the sources that have to be read again, since other files of their feed changed the decisions about
them. When it names none, the state does not depend on the order in which the files came.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from flows.pipeline.ingest_decisions import (
    FeedDecisions,
    FileWork,
    IngestOptions,
    decide_feeds,
    read_delivery_date,
)
from flows.pipeline.ingest_source import read_readings, read_table
from transforms.readings.declaration import NotUsedError, RefusalError
from transforms.readings.formats import FORMAT_BY_NAME
from transforms.readings.homes import base_of
from warehouse.containers import open_delivery
from warehouse.lake import Lake
from warehouse.landing import (
    INSIDE,
    ChangedFileError,
    LandedFile,
    Limits,
    hash_file,
    is_unchanged,
    split_name,
    walk_landing,
)
from warehouse.manifest import (
    WITHDRAWN,
    LandingPath,
    Manifest,
    manifest_key,
    read_manifests,
    withdraw_content,
    write_manifest,
)
from warehouse.pseudonyms import DeliveredPaths, keep_names
from warehouse.quarantine import read_decisions, replaced_sources, withdrawn_sources

OUT_OF_MEMORY = "not read: it takes more memory than there was; the next run tries again"
FAULT_CHARACTERS = 300  # characters of an error's message that the manifest keeps
_ORDER = ("households", "temperature", "readings", "none")  # tables first: they decide which home some files belong to


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """The files of the landing folder by what has to be done with them."""

    works: tuple[FileWork, ...]
    unchanged: int  # number of files whose content in the lake is up to date
    waiting: tuple[str, ...]  # files that changed a moment ago
    withdrawn: tuple[str, ...]  # files whose content is withdrawn
    forgotten: int  # number of files that are named after a forgotten home, which are not read
    unused: tuple[tuple[str, str], ...]  # name and reason of files that are no deliveries
    unreadable: tuple[tuple[str, str], ...] = ()  # name and reason of files that the operating system refuses


@dataclass(frozen=True, slots=True)
class _Known:
    """The manifests, and the latest content of each landing path."""

    manifests: dict[str, Manifest]
    newest: dict[str, tuple[LandingPath, str]]

    @classmethod
    def of(cls, manifests: Sequence[Manifest]) -> _Known:
        places = [(place, m.source_id) for m in manifests for place in m.paths]
        newest = {place.path: (place, source) for place, source in sorted(places, key=lambda p: p[0].revision)}
        return cls({m.source_id: m for m in manifests}, newest)

    def identify(self, file: LandedFile) -> str | None:
        """Return the source id of an unchanged file, or None if the file has to be hashed."""
        place, source = self.newest.get(file.path, (None, None))
        return source if place and (place.bytes, place.mtime_ns) == (file.bytes, file.mtime_ns) else None

    def place(self, file: LandedFile, source_id: str) -> LandingPath:
        """Return the path with its revision, which is one higher than before if the content is another."""
        place, source = self.newest.get(file.path, (None, None))
        revision = 1 if place is None else place.revision + (source != source_id)
        return LandingPath(path=file.path, bytes=file.bytes, mtime_ns=file.mtime_ns, revision=revision)


def plan_ingest(lake: Lake, landing: Path, options: IngestOptions) -> IngestPlan:
    """Compare the landing folder with the manifests.

    A file that cannot be read is listed in `unreadable`, and the others go on.
    """
    manifests = read_manifests(lake)
    known, decided = _Known.of(manifests), decide_feeds(manifests, options, read_decisions(lake))
    found: dict[str, list[LandedFile]] = {}
    waiting, unused, unreadable, forgotten = list[str](), list[tuple[str, str]](), list[tuple[str, str]](), 0
    for delivered in walk_landing(landing, options.limits):
        name = delivered.file_name if isinstance(delivered, LandedFile) else delivered[0]
        if options.forgotten.names_file(name):
            forgotten += 1  # counted and not named, since logs keep names
            continue
        options.note_forgotten(_list_ids(name))
        entry = keep_names(delivered, landing, options.pseudonyms)
        if not isinstance(entry, LandedFile):
            unused.append(entry)
            continue
        with _setting_aside([entry], unused, unreadable):
            source_id = known.identify(entry)
            if source_id is None and entry.age_seconds() < options.quiet_seconds:
                waiting.append(entry.file_name)
                continue
            if source_id is None:
                _recognise(entry.opens, options.limits)
                source_id = hash_file(entry.opens, options.limits)
            found.setdefault(source_id, []).append(entry)
    works, unchanged = [], 0
    for source_id, files in found.items():
        with _setting_aside(files, unused, unreadable):
            work = _plan_source(source_id, files, known, decided, options)
            if _is_due(known.manifests.get(source_id), work, options):
                works.append(work)
            else:
                unchanged += len(files)
    return IngestPlan(
        works=tuple(sorted(works, key=lambda work: (_ORDER.index(work.kind), work.file_name))),
        unchanged=unchanged,
        waiting=tuple(waiting),
        withdrawn=tuple(
            sorted(file.file_name for source in found.keys() & decided.withdrawn for file in found[source])
        ),
        forgotten=forgotten,
        unused=tuple(unused),
        unreadable=tuple(unreadable),
    )


def _list_ids(name: str) -> Iterator[str]:
    """Yield what a file may be taken to be named after: its folders, its name, and that without a date."""
    folder, stem = split_name(name)
    yield from folder.split("/")
    for last in (stem, base_of(stem)):
        yield from (last, f"{folder}/{last}")


@contextmanager
def _setting_aside(
    files: Sequence[LandedFile], unused: list[tuple[str, str]], unreadable: list[tuple[str, str]]
) -> Iterator[None]:
    """List files that are no deliveries or cannot be read, with the reason, instead of raising the error."""
    try:
        yield
    except (
        NotUsedError,
        RefusalError,
    ) as error:  # refused before its content has a name, such as a bomb within an archive
        unused += [(file.file_name, str(error)) for file in files]
    except OSError as error:
        unreadable += [(file.file_name, error.strerror or str(error)) for file in files]


def settle_feeds(lake: Lake, landing: Path, options: IngestOptions) -> list[FileWork]:
    """Return the sources that were read under other decisions than those that all sources together now give.

    Content whose files are gone cannot be read again; then only its manifest is updated. If a source has several files, one
    below `landing` is preferred.
    """
    manifests, decisions = read_manifests(lake), read_decisions(lake)
    out = withdrawn_sources(manifests, decisions)
    decided, replaced = decide_feeds(manifests, options, decisions), replaced_sources(manifests, out)
    here, delivered = f"{landing.resolve()}/", DeliveredPaths(options.pseudonyms)
    works = []
    for m in manifests:
        if m.source_id in replaced | out or m.kind == "none" or m.reason == OUT_OF_MEMORY:
            continue
        places = sorted(m.paths, key=lambda place: (not place.path.startswith(here), place.path))
        work = _work_of(m, _find_delivered(places, delivered), decided, options)
        if _is_due(m, work, options):
            works.append(work)
    return works


def ingest_file(lake: Lake, work: FileWork, options: IngestOptions) -> Manifest:
    """Read one source, or update its manifest; doing the same work twice gives the same result.

    Raises
    ------
    ChangedFileError
        If the file changed while it was read.
    OSError
        If the file cannot be read.

    """
    known = lake.get_model(key, Manifest) if lake.exists(key := manifest_key(work.source_id)) else None
    if known is not None and not _is_stale(known, work, options):
        manifest = _refresh(known, work)
    elif work.decisions.withdrawn is not None:
        manifest = _describe(work, {"decisions_fingerprint": WITHDRAWN})
        manifest = withdraw_content(manifest, work.decisions.withdrawn)
    elif work.read_from is None:
        message = f"{work.file_name}: no landing file holds source {work.source_id[:16]}, and the lake does not know it"
        raise FileNotFoundError(message)
    else:
        manifest = _read(lake, work, known, options)
    if manifest != known:
        write_manifest(lake, manifest)
    return manifest


def _read(lake: Lake, work: FileWork, known: Manifest | None, options: IngestOptions) -> Manifest:
    """Read a source and say what it holds, or why it is refused."""
    path = str(work.opens)
    refused: dict[str, Any] = {
        "outcome": "refused",
        "decisions_fingerprint": work.fingerprint("none", options),
    }
    place = next(place for place in work.paths if place.path == work.read_from)
    if not is_unchanged(path, place.bytes, place.mtime_ns):
        raise ChangedFileError(f"{work.file_name} changed before it was read; the next run takes it")
    try:
        if work.refusal is not None:
            raise RefusalError(work.refusal, work.detail or "")  # noqa: TRY301 - refused by its header or by its content, it is one case
        if work.decisions.refusal is not None and known is not None:
            refused["clock_evidence"] = known.clock_evidence
            raise RefusalError(work.decisions.refusal)  # noqa: TRY301 - as above
        read = read_readings if work.kind == "readings" else read_table
        with containing_faults():
            content = read(lake, work, path, options)
    except RefusalError as error:
        content = refused | {"reason": str(error), "detail": error.detail or None}
    if not is_unchanged(path, place.bytes, place.mtime_ns):
        raise ChangedFileError(f"{work.file_name} changed while it was read; the next run takes it")
    if options.pseudonyms.key:
        content |= {"detail": None}  # it quotes the file
    return _describe(work, content)


@contextmanager
def containing_faults() -> Iterator[None]:
    """Turn any error in the work on one file into its refusal, so that the error is recorded and other files go on.

    Errors of the disk are not about the file, and pass. A panic of polars is no `Exception` and so has to be named.
    """
    try:
        yield
    except (RefusalError, NotUsedError, OSError):
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        given_up = f"given up: its content makes a library fail ({type(error).__name__})"
        reason = OUT_OF_MEMORY if isinstance(error, MemoryError) else given_up
        raise RefusalError(reason, str(error)[:FAULT_CHARACTERS]) from error


def _describe(work: FileWork, content: Mapping[str, Any]) -> Manifest:
    """Return the manifest of a source from its work and what was found in its content."""
    return Manifest.model_validate(
        {
            "source_id": work.source_id,
            "kind": work.kind,
            "outcome": "accepted",
            "format": work.format,
            "feed": work.feed,
            "file_name": work.file_name,
            "paths": work.paths,
            "bytes": max(place.bytes for place in work.paths),
            "delivery_date": work.delivery_date,
            "id_basis": work.decisions.id_basis,  # also of a file that is not read: it may be named after its home
            "ingested_at_utc": dt.datetime.now(dt.UTC).replace(tzinfo=None),
            "hearth_version": version("hearth"),
            **content,
        }
    )


def _plan_source(
    source_id: str, files: list[LandedFile], known: _Known, decided: FeedDecisions, options: IngestOptions
) -> FileWork:
    """Return the work on a source of the landing folder under the present decisions."""
    before = known.manifests.get(source_id)
    paths = {place.path: place for place in before.paths} if before else {}
    paths |= {file.path: known.place(file, source_id) for file in files}
    named = {file.path: file for file in files}
    opened = named[min(named)]
    first = min(paths)  # of several copies the first path names the source, in whatever order they came
    if before is not None and first not in named:
        file_name, subfolder = before.file_name, before.feed.partition("/")[2]
    else:
        file_name, subfolder = named[first].file_name, named[first].subfolder
    placed = tuple(paths[path] for path in sorted(paths))
    if before is not None:
        as_before = before.model_copy(
            update={"file_name": file_name, "feed": f"{before.format}/{subfolder}", "paths": placed}
        )
        work = _work_of(as_before, opened, decided, options)
        if not _is_stale(before, work, options):
            return work
    kind, format_name, refusal, detail = _recognise(opened.opens, options.limits)
    feed = f"{format_name}/{subfolder}"
    return FileWork(
        source_id=source_id,
        kind=kind,
        format=format_name,
        refusal=refusal,
        detail=detail,
        feed=feed,
        file_name=file_name,
        paths=placed,
        read_from=opened.path,
        delivered_path=opened.delivered_path or None,
        delivery_date=read_delivery_date(opened.delivered_name or file_name, options.of_feed(feed).delivery_pattern),
        decisions=decided.of_source(source_id, FORMAT_BY_NAME.get(format_name), feed, file_name, options),
    )


def _recognise(path: str, limits: Limits) -> tuple[str, str, str | None, str | None]:
    """Return the kind and format of a file by its header, and the reason if the header already rules it out.

    Raises
    ------
    NotUsedError
        If the file is no delivery.

    """
    try:
        with containing_faults():
            known = open_delivery(path, limits).layout.format
    except RefusalError as error:
        return "none", "none", str(error), error.detail or None
    return known.kind, known.name, None, None


def _find_delivered(places: Sequence[LandingPath], delivered: DeliveredPaths) -> LandedFile | None:
    """Return the first of some places where the delivered file still is what it was."""
    for place in places:
        path = delivered.find(place.path)
        if path is not None and is_unchanged(path, place.bytes, place.mtime_ns):
            return LandedFile(
                place.path, "", place.bytes, place.mtime_ns, delivered_path=path if path != place.path else ""
            )
    return None


def _work_of(m: Manifest, file: LandedFile | None, decided: FeedDecisions, options: IngestOptions) -> FileWork:
    """Return the work on a source with a manifest, under the present decisions, from a file that holds it."""
    pattern = options.of_feed(m.feed).delivery_pattern
    name = m.file_name
    if file is not None and file.delivered_path:  # the name that is kept shows no date
        name = "/".join(file.delivered_path.replace(INSIDE, "/").split("/")[-m.file_name.count("/") - 1 :])
    has_name = file is not None or not options.pseudonyms.key
    return FileWork(
        source_id=m.source_id,
        kind=m.kind,
        format=m.format,
        refusal=m.reason if m.kind == "none" else None,
        detail=m.detail if m.kind == "none" else None,
        feed=m.feed,
        file_name=m.file_name,
        paths=m.paths,
        read_from=None if file is None else file.path,
        delivered_path=(file.delivered_path or None) if file is not None else None,
        delivery_date=read_delivery_date(name, pattern) if has_name else m.delivery_date,
        decisions=decided.of_source(m.source_id, FORMAT_BY_NAME.get(m.format), m.feed, m.file_name, options),
    )


def _is_due(known: Manifest | None, work: FileWork, options: IngestOptions) -> bool:
    return known is None or _is_stale(known, work, options) or _refresh(known, work) != known


def _is_stale(known: Manifest, work: FileWork, options: IngestOptions) -> bool:
    """Say whether a source was read under other decisions, and can be read again."""
    if work.decisions.withdrawn is not None:
        return False
    same = known.decisions_fingerprint == work.fingerprint(known.stamp, options)
    is_tried_again = bool(known.lost) or known.reason == OUT_OF_MEMORY
    return (not same or is_tried_again) and work.read_from is not None


def _refresh(known: Manifest, work: FileWork) -> Manifest:
    """Return the manifest with what can be updated without reading the source again."""
    if work.decisions.withdrawn is not None:
        known = withdraw_content(known, work.decisions.withdrawn)
    basis = {}
    if known.outcome == "accepted" and known.kind == "readings":
        wanted, kept = work.decisions, "as it was read before its landing file was gone"
        other_clock = wanted.clock != known.clock or wanted.refusal is not None
        other_home = wanted.household_id is not None and known.households != (wanted.household_id,)
        basis = {
            "clock_basis": f"{known.clock}, {kept}; now: {wanted.clock_basis}" if other_clock else wanted.clock_basis,
            "id_basis": f"{known.households[0]}, {kept}; now: {wanted.id_basis}" if other_home else wanted.id_basis,
        }
    return known.model_copy(
        update={
            "feed": work.feed,
            "file_name": work.file_name,
            "paths": work.paths,
            "delivery_date": work.delivery_date,
            **basis,
        }
    )
