"""Pseudonyms: a keyed hash in place of each id of a home, and of each name of a delivered file or folder.

A pseudonym is `p-` and 20 letters of an HMAC-SHA256 (80 bits) of the id without what programs change by themselves
(`homes.loosen`). An id that is spelled otherwise has 8 more letters (32 bits) of an HMAC of its spelling. So what matches
ids by their spellings works on pseudonyms as on ids: `loosen` takes the spelling off either. Of ten million homes two get
the same pseudonym with odds of 4 in 10^11.

Letters, since digits in the name of a file may be a date.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field

import polars as pl

from transforms.readings.homes import GENERIC, TAIL, base_of, loosen

ID_LETTERS, SPELLING_LETTERS, TAIL_LETTERS = 20, 8, 16  # of 4 bits each
_PSEUDONYM = re.compile(rf"p-[a-p]{{{ID_LETTERS}}}(?:-[a-p]{{{SPELLING_LETTERS}}})?")
SPELLING = re.compile(rf"(?<=[a-p]{{{ID_LETTERS}}})-[a-p]{{{SPELLING_LETTERS}}}(?![a-z])")
_SUFFIX = re.compile(r"\.(?:csv|tsv|txt|json|xml|parquet|xlsx|zip)(?:\.(?:gz|zst))?!?$", re.IGNORECASE)
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def is_pseudonym(text: str) -> bool:
    """Say whether an id, or the name of a file without its suffix, is a pseudonym."""
    return _PSEUDONYM.fullmatch(TAIL.sub("", text)) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """The pseudonyms that one key gives; without a key every id and name stays as it is delivered."""

    key: bytes = field(default=b"", repr=False)

    @property
    def fingerprint(self) -> str:
        """A name for the key, empty for none: whoever lacks the key can neither guess nor test it."""
        return self._hash("key", "", 64) if self.key else ""

    def name(self, household_id: str) -> str:
        """Return the pseudonym of an id, of each part between slashes by itself; that of a pseudonym is itself.

        Words that name no home, such as `gas`, stay: files are called so.
        """
        return "/".join(map(self._name_part, household_id.split("/"))) if self.key else household_id

    def _name_part(self, part: str) -> str:
        if part.lower() in GENERIC or is_pseudonym(part):
            return part
        bare = loosen(part)
        spelling = "" if part == bare else f"-{self._hash('spelling', part, SPELLING_LETTERS)}"
        return f"p-{self._hash('id', bare, ID_LETTERS)}{spelling}"

    def name_column(self, ids: pl.Series) -> pl.Series:
        """Return the pseudonyms of a column of ids."""
        if not self.key:
            return ids
        return ids.replace_strict({known: self.name(known) for known in ids.unique().drop_nulls()}, default=None)

    def name_file(self, file_name: str) -> str:
        """Return the name of a file below the landing folder, with a pseudonym for each folder and for the name itself.

        What stands beside the base of a name (`homes.base_of`), such as a date, becomes a tail, since it may be an id.
        """
        if not self.key:
            return file_name
        *folders, name = file_name.split("/")
        archives = [self._name_stem(part) if _is_archive(part) else self._name_part(part) for part in folders]
        return "/".join([*archives, self._name_stem(name)])

    def _name_stem(self, name: str) -> str:
        found = _SUFFIX.search(name)
        stem, suffix = (name[: found.start()], found[0]) if found else (name, "")
        if TAIL.search(stem):
            return name
        base = base_of(stem)
        tail = "" if base == stem else f"~{self._hash('name', stem, TAIL_LETTERS)}"
        return f"{self._name_part(base)}{tail}{suffix}"

    def name_path(self, path: str, landing: str) -> str:
        """Return the path of a file with pseudonyms below the landing folder; all of it where a link led out of there."""
        head = f"{landing}/" if path.startswith(f"{landing}/") else "/"
        return head + self.name_file(path.removeprefix(head)) if self.key else path

    def name_feed(self, feed: str) -> str:
        """Return a feed, such as `edrp/supplier_a`, with a pseudonym for its folder."""
        known, slash, folder = feed.partition("/")
        return feed if folder in {"", "."} else f"{known}{slash}{self.name(folder)}"

    def _hash(self, use: str, text: str, letters: int) -> str:
        message = f"{use}\0{text}".encode("utf-8", "surrogateescape")
        return hmac.digest(self.key, message, "sha256").hex()[:letters].translate(_LETTERS)


def _is_archive(part: str) -> bool:
    return part.lower().rstrip("!").endswith(".zip")
