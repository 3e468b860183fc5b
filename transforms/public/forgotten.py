"""Forgotten homes: only a keyed hash of each id is kept, and the home is left out wherever the id appears again."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from transforms.readings.delivered_table import DeliveredRows
from transforms.readings.homes import loosen
from transforms.readings.parse import Parsed
from transforms.readings.pseudonyms import SPELLING, Pseudonyms
from transforms.tables.lake import REJECT

FORGOTTEN = "forgotten"  # reason of a reject
MASK = "(forgotten)"  # replaces an id in a text
SURE = 8  # ids of at least so many characters are also found within words; shorter ones occur in numbers by chance
_BLANKS = re.compile(r"\s+")
_PARTS = re.compile(r"\s+|\S")
_DECIMALS = re.compile(r"\.0+(?!\d)")


def mark(key: bytes, household_id: str) -> str:
    """Return the keyed hash of an id (HMAC-SHA256); without the key, no list of ids reveals the home."""
    return hmac.digest(key, household_id.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstones:
    """The marks of forgotten homes with the length of each id, and the key of the marks.

    An id belongs to a forgotten home if its own mark is known, or the mark of its loosened form (`loosen`). In the
    second case it is another spelling of the home, unless that spelling was a home of its own when the home was
    forgotten.
    """

    key: bytes = field(default=b"", repr=False)
    marks: Mapping[str, int] = field(default_factory=dict)
    loose: Mapping[str, int] = field(default_factory=dict)  # marks of loosened ids
    apart: frozenset[str] = frozenset()  # marks of ids that are other homes, although their loosened form is the same
    spelled: tuple[str, ...] = field(
        default=(), repr=False
    )  # the ids themselves, while they are known, for a quick search
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)  # a delivered id is forgotten if its pseudonym is
    also: set[str] = field(default_factory=set)  # pseudonyms of ids that were met and are forgotten

    @property
    def tag(self) -> str:
        """A name for this set of homes, empty for none; objects that were made without the homes bear it in their names."""
        shape = "".join([*sorted(self.marks), *sorted(self.apart)])
        return hashlib.sha256(shape.encode()).hexdigest()[:8] if self.marks else ""

    def among(self, ids: Iterable[str | None]) -> frozenset[str]:
        """Return the ids that belong to forgotten homes, in any spelling."""
        if not self.marks:
            return frozenset()
        return frozenset(i for i in ids if i is not None and (self._covers(i) or self._covers(self.pseudonyms.name(i))))

    def _covers(self, household_id: str) -> bool:
        own = mark(self.key, household_id)
        return (
            household_id in self.also
            or own in self.marks
            or (mark(self.key, loosen(household_id)) in self.loose and own not in self.apart)
        )

    def names_text(self, text: str) -> bool:
        """Say whether a text names a forgotten home: as a whole word, or anywhere if the id is long."""
        return bool(self._find(text))

    def mask(self, text: str) -> str:
        """Return a text with the ids of forgotten homes masked."""
        parts, end = [], 0
        for start, stop in self._find(text):
            if start >= end:
                parts += [text[end:start], MASK]
                end = stop
        return "".join([*parts, text[end:]])

    def names_file(self, name: str) -> bool:
        """Say whether a file or one of its folders is named after a forgotten home; suffixes do not count."""
        return self.mask_file(name) != name

    def mask_file(self, name: str) -> str:
        """Return the path of a file with the ids of forgotten homes masked; a short id within a name stays."""
        return "/".join(self._mask_part(part) for part in name.split("/"))

    def _mask_part(self, part: str) -> str:
        ends = [n for n, character in enumerate(part) if character == "."] + [len(part)]
        for end in ends:
            if self.among([part[:end]]):
                return MASK + part[end:]
        return replace(self, marks=_select_long(self.marks), loose=_select_long(self.loose)).mask(part)

    def may_name(self, text: str) -> bool:
        """Say quickly whether a text could name a forgotten home; always true if the ids themselves are not known."""
        if not self.spelled:
            return True
        bare = _BLANKS.sub(" ", text).lower()
        return any(household_id in text or loosen(household_id) in bare for household_id in self.spelled)

    def _find(self, text: str) -> list[tuple[int, int]]:
        """Return where ids begin and end in a text, from left to right; of ids that begin together the longest comes first."""
        if not self.may_name(text):
            return []
        exact = [
            (start, start + length)
            for start, length in _find_marks(text, self.marks, self.key)
            if length >= SURE or not _is_inside(text, start, start + length)
        ]
        return sorted({*exact, *self._find_spellings(text)}, key=lambda span: (span[0], -span[1]))

    def _find_spellings(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where a loosened id occurs in a text, with the zeros and the `.0` that belong to its spelling."""
        if not self.loose:
            return
        bare, places = _loosen_text(text)
        for begin, length in _find_marks(bare, self.loose, self.key):
            first, last = begin, begin + length
            if spelling := SPELLING.match(bare, last):
                last = spelling.end()
            if bare[first:last].isdecimal():
                first = len(bare[:first].rstrip("0"))
                tail = _DECIMALS.match(bare, last)
                last = tail.end() if tail else last
            start, end = places[first], places[last]
            is_whole = length >= SURE or not _is_inside(text, start, end)
            if is_whole and mark(self.key, text[start:end]) not in self.apart:
                yield start, end


def _find_marks(text: str, marks: Mapping[str, int], key: bytes) -> Iterator[tuple[int, int]]:
    """Yield where an id with one of the marks begins in a text, and how long it is; a short id must be a whole word."""
    for length in set(marks.values()):
        for start in range(len(text) - length + 1):
            end = start + length
            is_open = length >= SURE or not _is_inside(text, len(text[:start].rstrip("0")), end)
            if is_open and mark(key, text[start:end]) in marks:
                yield start, length


def _is_inside(text: str, start: int, end: int) -> bool:
    """Say whether a part of a text is only a part of a word."""
    return (start > 0 and text[start - 1].isalnum()) or text[end : end + 1].isalnum()


def _loosen_text(text: str) -> tuple[str, list[int]]:
    """Return a text in lower case with single blanks, and the place of each character in the original, the end included."""
    bare, places = [], []
    for part in _PARTS.finditer(text):
        character = " " if part[0].isspace() else part[0].lower()
        bare.append(character)
        places += [part.start()] * len(character)
    return "".join(bare), [*places, len(text)]


def _select_long(marks: Mapping[str, int]) -> dict[str, int]:
    return {name: length for name, length in marks.items() if length >= SURE}


def part_forgotten(parsed: Parsed, tombstones: Tombstones) -> Parsed:
    """Turn readings of forgotten homes into rejects without text, so that every line stays accounted for.

    A line that was already a reject keeps its reason, and it keeps its text unless the text names a forgotten home.
    """
    if not tombstones.marks:
        return parsed
    gone = tombstones.among(parsed.readings["household_id"].unique())
    is_gone = pl.col("household_id").is_in(list(gone))
    dropped = parsed.readings.filter(is_gone).select("line", text=pl.lit(""), reason=pl.lit(FORGOTTEN))
    rejects = pl.concat([mask_rejects(parsed.rejects, tombstones), REJECT.conform(dropped)]).sort("line")
    return replace(parsed, rejects=rejects, readings=parsed.readings.filter(~is_gone))


def mask_rejects(rejects: pl.DataFrame, tombstones: Tombstones) -> pl.DataFrame:
    """Return rejects; texts that name a forgotten home are emptied."""
    named = pl.Series([tombstones.names_text(text) for text in rejects["text"]], dtype=pl.Boolean)
    return rejects.with_columns(text=pl.when(~named).then("text").otherwise(pl.lit("")))


def reject_forgotten(delivered: DeliveredRows, tombstones: Tombstones) -> DeliveredRows:
    """Turn the rows of forgotten homes in a household table into rejects without text."""
    if not tombstones.marks or "household_id" not in delivered.rows.columns:
        return delivered
    gone = tombstones.among(delivered.rows["household_id"].unique())
    judged = delivered.reject(pl.when(pl.col("household_id").is_in(list(gone))).then(pl.lit(FORGOTTEN)))
    return replace(judged, rejects=mask_rejects(judged.rejects, tombstones))
