"""Which of the known formats a header line declares, or a line of a file without a header."""

from __future__ import annotations

import re
from collections.abc import Sequence

from transforms.readings.declaration import (
    ElectricityError,
    Field,
    Format,
    Layout,
    NotUsedError,
    RefusalError,
    UnknownHeaderError,
    normalise_name,
)
from transforms.readings.formats import DAY_SLOTS, FORMATS

SHOWN_CHARACTERS = 120  # of an unknown header
MOST_COLUMNS = 500  # ten times the widest format, a row of a day
TRUTH_COLUMNS = (
    frozenset({"householdid", "intervalstartutc", "gaskwh", "fault"}),
    frozenset({"householdid", "kind", "meter", "meterfault"}),
)
ELECTRICITY_COLUMNS = frozenset({"eleckwh", "mpan", "mpancore"})
NOBODYS_COLUMNS = frozenset({"", "indexlevel0", "unnamed:0"})  # index columns that programs write beside the data


def recognise(columns: Sequence[str]) -> Layout:
    """Return the layout that a header line declares.

    Raises
    ------
    NotUsedError
        If the columns are those of a sample's truth.
    RefusalError
        If the columns are of electricity, of no known format, or of one without half-hours.

    """
    shown = ",".join(columns).strip()
    detail = f"its header: {shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + '...'}"
    if len(columns) > MOST_COLUMNS:
        raise RefusalError(f"its header has {len(columns):,} columns; Hearth reads up to {MOST_COLUMNS}", detail)
    names = [normalise_name(column) for column in columns]
    if any(set(names) >= columns for columns in TRUTH_COLUMNS):
        raise NotUsedError("the truth of a sample, not a delivery")
    if ELECTRICITY_COLUMNS & set(names):
        raise ElectricityError(
            "electricity readings, by the name of a column; Hearth reads gas: deliver the gas meter's", detail
        )
    for known in FORMATS:
        placed = _place(known, names)
        if placed is None:
            continue
        if known.unusable is not None:
            raise RefusalError(known.unusable, detail)
        positions, intervals = placed
        return Layout(
            format=known, positions=positions, width=len(names), signature=",".join(names), intervals=intervals
        )
    raise UnknownHeaderError(
        f"unknown header of {len(names)} columns: {_say_nearest(names)}; `hearth formats` lists what is known", detail
    )


def _place(known: Format, names: list[str]) -> tuple[dict[str, int], dict[int, int]] | None:
    """Return the columns of the roles and of a day's intervals; None where the header is not of the format."""
    positions = {}
    for field in known.fields:
        accepted = [normalise_name(name) for name in field.names]
        at = [names.index(name) for name in dict.fromkeys(accepted) if name in names]
        if at:
            positions[field.role] = at[0]  # the first of the accepted names wins
        elif field.required:
            return None
    intervals = _find_intervals(known.interval_columns, names, set(positions.values()))
    if known.shape == "day" and len(intervals) not in DAY_SLOTS:
        return None
    spare = [i for i, name in enumerate(names) if i not in positions.values() and name not in NOBODYS_COLUMNS]
    return None if spare and not known.extra_columns else (positions, intervals)


def _find_intervals(shape: str | None, names: list[str], taken: set[int]) -> dict[int, int]:
    """Return the columns of a day's intervals, each with the number of its interval, from 0."""
    if shape is None:
        return {}
    found = {at: match for at, name in enumerate(names) if at not in taken and (match := re.match(shape, name))}
    clock = {at: int(m["hour"]) * 60 + int(m["minute"]) for at, m in found.items() if m["hour"] is not None}
    if clock:  # 00:30 to 24:00 name the ends, 00:00 to 23:30 the starts
        ordered = sorted(clock, key=clock.__getitem__)
        return {at: place for place, at in enumerate(ordered)} if len(set(clock.values())) == len(clock) else {}
    numbers = {at: int(m["number"]) for at, m in found.items()}
    first = min(numbers.values(), default=1)
    in_turn = sorted(numbers.values()) == list(range(first, first + len(numbers)))
    return {at: number - first for at, number in numbers.items()} if in_turn and first in (0, 1) else {}


def _say_nearest(names: list[str]) -> str:
    """Name the known format that a header is nearest to, and the columns by which they differ, without quoting the header."""
    best: tuple[tuple[int, float], Format, list[str]] | None = None
    for known in FORMATS:
        if known.shape == "day" and len(_find_intervals(known.interval_columns, names, set())) not in DAY_SLOTS:
            continue
        wanted = [field for field in known.fields if field.required]
        lacking = [field.names[0] for field in wanted if not _spellings(field) & set(names)]
        rank = (
            len(lacking),
            len(lacking) / len(wanted),
        )  # of two that lack as many, the one that has more of its columns
        if len(lacking) < len(wanted) and (best is None or rank < best[0]):
            best = rank, known, lacking
    if best is None:
        return "none is of a known format"
    _, known, lacking = best
    if lacking:
        return f"nearest is `{known.name}`, of which it lacks {', '.join(f'`{name}`' for name in lacking)}"
    spare = len(set(names) - set().union(*map(_spellings, known.fields)) - NOBODYS_COLUMNS)
    return f"it is that of `{known.name}` with {spare} column{'s' if spare > 1 else ''} too many"


def _spellings(field: Field) -> set[str]:
    return {normalise_name(name) for name in field.names}


def recognise_lines(first_line: str) -> Layout | None:
    """Return the layout of a format without a header whose lines look like this one."""
    for known in FORMATS:
        if known.line_shape is not None and re.match(known.line_shape, first_line):
            positions = {field.role: at for at, field in enumerate(known.fields)}
            return Layout(format=known, positions=positions, width=len(positions), signature=None)
    return None
