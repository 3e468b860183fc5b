"""Homes that are forgotten: known by a keyed hash of their id alone, and left out wherever the id comes again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from transforms.readings.delivered_table import DeliveredRows
from transforms.readings.parse import Parsed
from transforms.tables.lake import REJECT

FORGOTTEN = "forgotten"  # reason of a line that is dropped
MASK = "(forgotten)"  # what stands in a text where an id stood
SURE = 8  # characters from which on an id is looked for within words: shorter ones stand in numbers by chance


def mark(key: bytes, household_id: str) -> str:
    """Return the keyed hash of an id (HMAC-SHA256): without the key, no list of ids tells whose it is."""
    return hmac.digest(key, household_id.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstones:
    """The marks of forgotten homes with the length of each id, and the key that they are made with."""

    key: bytes = field(default=b"", repr=False)
    marks: Mapping[str, int] = field(default_factory=dict)
    spelled: tuple[str, ...] = field(default=(), repr=False)  # the ids, while they are known: most texts name none

    @property
    def tag(self) -> str:
        """A name for this set of homes, empty for none: part of the names of objects that were made without them."""
        return hashlib.sha256("".join(sorted(self.marks)).encode()).hexdigest()[:8] if self.marks else ""

    def among(self, ids: Iterable[str | None]) -> frozenset[str]:
        """Return those of some ids that are forgotten."""
        lengths = set(self.marks.values())
        return frozenset(i for i in ids if i is not None and len(i) in lengths and mark(self.key, i) in self.marks)

    def names_text(self, text: str) -> bool:
        """Say whether a text names one: as a word of its own, or anywhere where the id is long."""
        return next(self._find(text), None) is not None

    def mask(self, text: str) -> str:
        """Return a text without the ids that it names."""
        parts, end = [], 0
        for start, length in self._find(text):
            if start >= end:
                parts += [text[end:start], MASK]
                end = start + length
        return "".join([*parts, text[end:]])

    def names_file(self, name: str) -> bool:
        """Say whether a file or a folder on its way is named after one, its suffixes left out."""
        return self.mask_file(name) != name

    def mask_file(self, name: str) -> str:
        """Return the name of a file without the ids that it or a folder is named after; a short id within one stays."""
        return "/".join(self._mask_part(part) for part in name.split("/"))

    def _mask_part(self, part: str) -> str:
        ends = [n for n, character in enumerate(part) if character == "."] + [len(part)]
        for end in ends:
            if self.among([part[:end]]):
                return MASK + part[end:]
        long = replace(self, marks={name: length for name, length in self.marks.items() if length >= SURE})
        return long.mask(part)

    def _find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where an id stands in a text and how long it is, from left to right."""
        if self.spelled and not any(household_id in text for household_id in self.spelled):
            return
        lengths = sorted(set(self.marks.values()), reverse=True)
        for start in range(len(text)):
            for length in lengths:
                end = start + length
                inside = (start > 0 and text[start - 1].isalnum()) or text[end : end + 1].isalnum()
                is_whole = end <= len(text) and (length >= SURE or not inside)
                if is_whole and mark(self.key, text[start:end]) in self.marks:
                    yield start, length
                    break


def part_forgotten(parsed: Parsed, tombstones: Tombstones) -> Parsed:
    """Turn readings of forgotten homes into rejects without text, so that every line stays accounted for.

    A line that was a reject before keeps its reason, and its text unless that names such a home.
    """
    if not tombstones.marks:
        return parsed
    gone = tombstones.among(parsed.readings["household_id"].unique())
    is_gone = pl.col("household_id").is_in(list(gone))
    dropped = parsed.readings.filter(is_gone).select("line", text=pl.lit(""), reason=pl.lit(FORGOTTEN))
    rejects = pl.concat([mask_rejects(parsed.rejects, tombstones), REJECT.conform(dropped)]).sort("line")
    return replace(parsed, rejects=rejects, readings=parsed.readings.filter(~is_gone))


def mask_rejects(rejects: pl.DataFrame, tombstones: Tombstones) -> pl.DataFrame:
    """Return rejects without the texts that name a forgotten home."""
    named = pl.Series([tombstones.names_text(text) for text in rejects["text"]], dtype=pl.Boolean)
    return rejects.with_columns(text=pl.when(~named).then("text").otherwise(pl.lit("")))


def reject_forgotten(delivered: DeliveredRows, tombstones: Tombstones) -> DeliveredRows:
    """Turn the rows of forgotten homes in a household table into rejects without text."""
    if not tombstones.marks or "household_id" not in delivered.rows.columns:
        return delivered
    gone = tombstones.among(delivered.rows["household_id"].unique())
    judged = delivered.reject(pl.when(pl.col("household_id").is_in(list(gone))).then(pl.lit(FORGOTTEN)))
    return replace(judged, rejects=mask_rejects(judged.rejects, tombstones))
