"""`hearth check`, `hearth feeds` and `hearth formats`: what files are taken for, and which formats are known."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel

from flows.operations.source_state import SourceState, describe_assumptions, read_source_state
from flows.pipeline.ingest import ingest_file, plan_ingest, settle_feeds
from flows.pipeline.ingest_decisions import ingest_options
from flows.printable import count, show_name
from flows.settings import Settings, find_config
from transforms.readings.declaration import GasConversion
from transforms.readings.formats import FORMATS
from warehouse.lake import Lake
from warehouse.landing import make_printable
from warehouse.manifest import Manifest, read_manifests
from warehouse.writing import PRIVATE, write_whole

SHOWN = 100  # characters of an example line
ROUNDS = 4  # as many as a run makes (MAX_SETTLING_ROUNDS in flows/runs/tasks.py)
BASES = (("clock", "clock_basis"), ("stamp", "stamp_basis"), ("fuel", "fuel_basis"), ("unit", "unit_basis"))


class CheckedFile(BaseModel):
    """What a run would make of one file."""

    file: str
    outcome: str
    reason: str | None
    state: SourceState | None


class FeedTaken(BaseModel):
    """What the files of one feed are taken for, with the evidence, and what has to be declared."""

    feed: str
    files: dict[str, int]  # by outcome
    taken: dict[str, list[str]]  # what is decided -> values with their evidence
    declared: dict[str, Any]
    asked: dict[str, list[str]]  # settings that held files wait for -> what their readings suggest


def check_files(paths: Sequence[Path], settings: Settings) -> list[CheckedFile]:
    """Read files together, as a run would, and keep nothing of them.

    Raises
    ------
    FileNotFoundError
        If one of them does not exist.

    """
    missing = [show_name(str(path)) for path in paths if not path.exists()]
    if missing:
        raise FileNotFoundError(f"no file {', '.join(missing)}")
    as_delivered = settings.model_copy(update={"pseudonym_key_file": None})  # nothing of it is kept
    options = replace(
        ingest_options(as_delivered, today=dt.datetime.now(dt.UTC).date()), quiet_seconds=0, keep_readings=False
    )
    with tempfile.TemporaryDirectory(prefix="hearth-check-") as folder:
        lake, landing = Lake(Path(folder) / "lake"), Path(folder) / "landing"
        names = _name_apart(paths)
        for path, name in names.items():
            place = landing / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path.resolve())
        plan = plan_ingest(lake, landing, options)
        works = list(plan.works)
        for _ in range(ROUNDS):
            for work in works:
                ingest_file(lake, work, options)
            works = settle_feeds(lake, landing, options)
        manifests = read_manifests(lake)
    return [
        checked
        for path, name in names.items()
        for checked in _list_outcomes(path, make_printable(name), manifests, dict(plan.unused))
    ]


def _name_apart(paths: Sequence[Path]) -> dict[Path, str]:
    """Return different names below a landing folder: the files' own, with their folder if several have the same name."""
    names = [path.name for path in paths]
    apart = dict[Path, str]()
    for path in paths:
        folder = f"{path.resolve().parent.name}/" if names.count(path.name) > 1 else ""
        name, n = f"{folder}{path.name}", 1
        while name in apart.values():  # their folders have the same name, too
            n += 1
            name = f"{folder.rstrip('/')}-{n}/{path.name}"
        apart[path] = name
    return apart


def _list_outcomes(
    path: Path, name: str, manifests: Sequence[Manifest], unused: Mapping[str, str]
) -> list[CheckedFile]:
    """Return the outcome of a file, or of each file within an archive."""
    taken = [
        CheckedFile(file=f"{path}{m.file_name.removeprefix(name)}", outcome=m.outcome, reason=m.reason, state=state)
        for m in manifests
        if _is_of(name, m.file_name)
        for state in [read_source_state(m, table=())]
    ]
    left = [
        CheckedFile(file=f"{path}{other.removeprefix(name)}", outcome="not used", reason=reason, state=None)
        for other, reason in unused.items()
        if _is_of(name, other)
    ]
    if taken or left:
        return [*taken, *left]
    return [CheckedFile(file=str(path), outcome="the same content", reason="as another one of these files", state=None)]


def _is_of(name: str, other: str) -> bool:
    return other == name or other.startswith(f"{name}/")


def describe_checked(files: Sequence[CheckedFile]) -> str:
    """Return what a run would make of files, as text."""
    lines = []
    for file in files:
        state = file.state
        seen = f" ({state.detail})" if state is not None and state.detail else ""
        lines.append(f"{show_name(file.file)}: {file.outcome}{'' if file.reason is None else f', {file.reason}'}{seen}")
        if state is None or state.kind == "none":
            continue
        row = "reading" if state.kind == "readings" else "row"
        lines.append(
            f"  format {state.feed.partition('/')[0]}, {count(state.lines, 'line')}: {count(state.readings, row)}, {count(state.rejects, 'reject')}"
        )
        if state.first_interval_utc and state.last_interval_utc:
            lines.append(
                f"  from {state.first_interval_utc:%Y-%m-%d %H:%M} to {state.last_interval_utc:%Y-%m-%d %H:%M} UTC, clock {state.clock}, stamps name the {state.stamp}"
            )
        lines += [f"  {count(number, 'reject')}: {reason}" for reason, number in state.reject_reasons.items()]
        lines += [f"  {what}" for what in describe_assumptions(state)]
    return "\n".join(lines)


def read_feeds_taken(settings: Settings) -> list[FeedTaken]:
    """Return what each feed is taken for, from the manifests."""
    feeds: dict[str, list[Manifest]] = {}
    for m in read_manifests(settings.folders.lake):
        if m.kind == "readings" and m.outcome != "withdrawn":
            feeds.setdefault(m.feed, []).append(m)
    return [_take(feed, files, settings) for feed, files in sorted(feeds.items())]


def _take(feed: str, files: Sequence[Manifest], settings: Settings) -> FeedTaken:
    outcomes = [m.outcome for m in files]
    taken = {
        name: sorted(
            {f"{getattr(m, name)} ({getattr(m, basis)})" for m in files if getattr(m, basis) != "not applicable"}
        )
        for name, basis in BASES
    }
    taken["gas"] = sorted({_describe_conversion(m) for m in files if m.unit == "m3"})
    taken["home"] = sorted({m.id_basis for m in files})
    taken["interval"] = sorted({m.interval_basis for m in files if m.interval_basis != "not applicable"})
    asked: dict[str, set[str]] = {}
    for m in files:
        if m.outcome == "held":
            for name, suggested in m.asked.items():
                asked.setdefault(name, set()).add(suggested)
    declared = settings.kept_feeds.get(feed)
    return FeedTaken(
        feed=feed,
        files={outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
        taken=taken,
        declared={} if declared is None else declared.model_dump(exclude_none=True),
        asked={name: sorted(values) for name, values in asked.items()},
    )


def _describe_conversion(m: Manifest) -> str:
    """Return the factor by which the volumes of a file became energy."""
    conversion = GasConversion(**{name: m.parameters[name] for name in (f.name for f in fields(GasConversion))})
    return f"{conversion.kwh_per_m3:.2f} kWh/m3 ({conversion.calorific_value_mj_per_m3:g} MJ/m3 times {conversion.volume_correction:g})"


def describe_feeds(feeds: Sequence[FeedTaken]) -> str:
    """Return what feeds are taken for, as text."""
    if not feeds:
        return "no file of readings was taken in yet"
    lines = []
    for feed in feeds:
        files = ", ".join(f"{count:,} {outcome}" for outcome, count in feed.files.items())
        lines.append(f"{feed.feed}: {files}")
        for name, values in feed.taken.items():
            shown = "; ".join(values[:3]) + (f"; and {len(values) - 3:,} more" if len(values) > 3 else "")  # noqa: PLR2004 - values shown
            lines += [f"  {name:<9} {shown}"] if values else []
        lines += [f"  set       {name} = {value}" for name, value in feed.declared.items()]
        for name, values in feed.asked.items():
            suggested = [value for value in values if value]
            hint = f", the readings suggest {' or '.join(suggested)}" if suggested else ", the readings do not show it"
            lines.append(f'  ASKED     {name} under [feeds."{feed.feed}"]{hint}')
    return "\n".join(lines)


def write_suggestions(feeds: Sequence[FeedTaken], settings: Settings) -> str:
    """Write the settings that the readings suggest into hearth.toml, and say which; settings that exist stay.

    A setting is written only if all held files of the feed suggest the same value.
    """
    file = find_config(settings.home)
    document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
    written = []
    for feed in feeds:
        for name, values in feed.asked.items():
            if len(values) == 1 and values[0] and name not in feed.declared:
                section = document.setdefault("feeds", tomlkit.table()).setdefault(feed.feed, tomlkit.table())
                section[name] = values[0]
                written.append(f'{feed.feed}: {name} = "{values[0]}"')
    if not written:
        return "nothing is suggested: somebody who knows the meter has to choose what is asked"
    mode = file.stat().st_mode & 0o777 if file.exists() else PRIVATE
    write_whole(file.resolve(), tomlkit.dumps(document), mode=mode)  # the target of a link, which stays one
    return "\n".join([f"written to {file}; the next run reads these files", *written])


def describe_formats() -> str:
    """Return the known formats, each with its example lines."""
    blocks = []
    for known in FORMATS:
        head = f"{known.name}: {known.title}"
        notes = [] if known.unusable is None else [f"  not usable: {known.unusable}"]
        blocks.append("\n".join([head, *(f"  {_shorten(line)}" for line in known.example), *notes]))
    return "\n\n".join(blocks)


def _shorten(line: str) -> str:
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 3]}..."
