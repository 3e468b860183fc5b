"""Names for the homes of files that name none, and ids that are two spellings of one home.

Every function looks at all files at once, so that the order in which they arrived does not matter.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

GENERIC = frozenset(
    {
        "",
        "gas",
        "consumption",
        "usage",
        "export",
        "data",
        "readings",
        "meter",
        "download",
        "energy",
        "results",
        "hourly",
        "file",
    }
)
SAME_DAYS_MIN = 7  # two files with the same readings on so many days are of one meter; own choice
_COPY = re.compile(r"(?:[ _-]*\(\d+\)|[ _-]+copy(?:[ _-]*\d+)?|^copy of )", re.IGNORECASE)
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12]\d|3[01]))?"
    r"|(?:0[1-9]|[12]\d|3[01])[-_.](?:0[1-9]|1[0-2])[-_.](?:19|20)\d\d"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-_ ]?(?:19|20)\d\d"
    r"|page[-_ ]?\d+|part[-_ ]?\d+)(?!\d)",
    re.IGNORECASE,
)
_JOINTS = " -_.()"
TAIL = re.compile(r"~[a-p]{16}$")  # what a pseudonym has in place of a date and the number of a copy
_SPELLED = re.compile(r"(p-[a-p]{20})-[a-p]{8}")  # a pseudonym (`pseudonyms.py`) with what tells spellings apart


@dataclass(frozen=True, slots=True, kw_only=True)
class UnnamedFile:
    """A file of one home that it does not name: its name, its folder, and marks of its days."""

    source_id: str
    folder: str  # below the landing folder, empty for the landing folder itself
    stem: str
    marks: Mapping[str, str]  # day -> mark of its readings


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedHome:
    """The home of a file, the grounds for it, and a warning where people should check it."""

    household_id: str
    basis: str
    warning: str | None = None


def base_of(stem: str) -> str:
    """Return the name of a file without its date and the number of its copy."""
    named = TAIL.sub("", stem)
    bare = _DATE.sub("", _COPY.sub("", named)).strip(_JOINTS)
    return bare or named


def name_homes(files: Sequence[UnnamedFile], known: Collection[str]) -> dict[str, NamedHome]:
    """Name the home of each file that names none.

    Files of one folder whose names differ only by a date or by the number of a copy are of one home, unless they hold
    different readings for the same days. Files with one name in several folders are of several homes, named by their folders.
    Two files with the same readings on seven days are of one meter. If the household table has one home, it takes the
    files only where they are all of one home.

    Parameters
    ----------
    files
        Files of gas without an id.
    known
        Homes of the household table; empty where there is none.

    """
    groups = _split_conflicts(_group_by_name(files))
    groups = _merge_same(groups)
    names = _choose_names(groups)
    only = next(iter(known)) if len(known) == 1 else None
    loose = {loosen(home): home for home in known}
    named: dict[str, NamedHome] = {}
    for name, group in zip(names, groups, strict=True):
        household_id, basis = name, "the name of the file"
        if len(group.files) > 1:
            basis = f"the name of {len(group.files)} files, but for dates and copies"
        if name == group.folder and name:
            basis = "the name of the folder"
        if loosen(name) in loose:
            household_id, basis = loose[loosen(name)], f"{basis}, a home of the household table"
        elif only is not None and len(groups) == 1:
            household_id, basis = only, "the only row of the household table"
        for file in group.files:
            named[file.source_id] = NamedHome(household_id=household_id, basis=basis, warning=group.warning)
    return named


@dataclass(frozen=True, slots=True)
class _Group:
    base: str
    files: tuple[UnnamedFile, ...]
    warning: str | None = None

    @property
    def folder(self) -> str:
        return self.files[0].folder.rpartition("/")[2]


def _group_by_name(files: Sequence[UnnamedFile]) -> list[_Group]:
    groups: dict[tuple[str, str], list[UnnamedFile]] = {}
    for file in sorted(files, key=lambda f: (f.folder, f.stem, f.source_id)):
        groups.setdefault((file.folder, base_of(file.stem)), []).append(file)
    return [_Group(base, tuple(members)) for (_, base), members in groups.items()]


def _split_conflicts(groups: Sequence[_Group]) -> list[_Group]:
    """Split groups of files with one name but different readings for the same days: they are of several homes."""
    parted: list[_Group] = []
    for group in groups:
        conflict = any(_contradict(a, b) for n, a in enumerate(group.files) for b in group.files[n + 1 :])
        if conflict:
            parted += [_Group(file.stem, (file,)) for file in group.files]
        else:
            parted.append(group)
    return parted


def _contradict(one: UnnamedFile, other: UnnamedFile) -> bool:
    shared = one.marks.keys() & other.marks.keys()
    return len(shared) > 1 and 2 * sum(one.marks[day] != other.marks[day] for day in shared) > len(shared)


def _merge_same(groups: Sequence[_Group]) -> list[_Group]:
    """Join groups that hold the same readings on seven days or more: one delivery under two names."""
    merged: list[_Group] = []
    for group in groups:
        for n, other in enumerate(merged):
            days = _same_days(group, other)
            if days >= SAME_DAYS_MIN:
                warning = (
                    f"{group.files[0].stem} and {other.files[0].stem} hold the same readings on {days} days: one delivery twice; "
                    f"both are taken for the home of {other.files[0].stem}"
                )
                merged[n] = _Group(other.base, (*other.files, *group.files), warning)
                break
        else:
            merged.append(group)
    return merged


def _same_days(one: _Group, other: _Group) -> int:
    marks = {day: mark for file in other.files for day, mark in file.marks.items()}
    return len({day for file in one.files for day, mark in file.marks.items() if marks.get(day) == mark})


def _choose_names(groups: Sequence[_Group]) -> list[str]:
    """Name groups by their files, or by their folders where the name is generic or occurs in several folders."""
    bases = [group.base for group in groups]
    names = []
    for group in groups:
        by_folder = group.folder and (bases.count(group.base) > 1 or group.base.lower() in GENERIC)
        alone = [other for other in groups if other.files[0].folder == group.files[0].folder]
        if by_folder and len(alone) == 1:
            names.append(group.folder)
        elif by_folder:
            names.append(f"{group.files[0].folder}/{group.base}")
        else:
            names.append(group.base)
    return [f"{group.files[0].folder}/{group.base}" if names.count(name) > 1 and group.folder else name
            for name, group in zip(names, groups, strict=True)]  # fmt: skip


@functools.lru_cache(maxsize=2**17)
def loosen(household_id: str) -> str:
    """Return an id without the differences that programs make: blanks, case, leading zeros, and `.0` at its end.

    A pseudonym is returned without the part that tells its spelling.
    """
    bare = re.sub(r"\s+", " ", household_id.strip()).lower()
    if spelled := _SPELLED.fullmatch(bare):
        return spelled[1]
    number = re.fullmatch(r"0*(\d+?)(?:\.0+)?", bare)
    return number[1] if number else bare


def match_ids(table: Collection[str], sources: Mapping[str, Collection[str]]) -> dict[str, dict[str, str]]:
    """Find ids that differ only by leading zeros, `.0`, case or blanks, and choose one spelling for each home.

    The spelling of the household table holds, else the commonest, else the shortest. Two spellings within one file are two
    homes, since the file itself distinguishes them.

    Parameters
    ----------
    table
        Ids of the household table; empty where there is none.
    sources
        Ids that each source delivers.

    Returns
    -------
    dict
        By source, the new spelling of each id that changes.

    """
    every = set(table).union(*sources.values())
    groups: dict[str, set[str]] = {}
    for household_id in every:
        groups.setdefault(loosen(household_id), set()).add(household_id)
    several = {loose: names for loose, names in groups.items() if len(names) > 1}
    chosen: dict[str, str] = {}
    for loose, names in several.items():
        holders = [names & set(ids) for ids in (table, *sources.values())]
        if all(len(held) <= 1 for held in holders):
            counts = {name: sum(name in held for held in holders) for name in names}
            listed = names & set(table)
            chosen[loose] = min(listed or names, key=lambda name: (-counts[name], len(name), name))
    if not chosen:
        return {}
    return {
        source: renamed
        for source, ids in sources.items()
        if (renamed := {i: chosen[loosen(i)] for i in ids if chosen.get(loosen(i), i) != i})
    }
