"""What is kept of forgotten homes: a keyed hash of each id, the key, and a note while a home is being forgotten."""

from __future__ import annotations

import datetime as dt
import secrets
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from transforms.public.forgotten import Tombstones, mark
from transforms.readings.homes import loosen
from transforms.readings.pseudonyms import Pseudonyms, is_pseudonym
from warehouse.writing import OWNER_ONLY, OWNERS_FOLDER, flush_to_disk, write_whole

KEY_BYTES = 32
AS_DELIVERED = Pseudonyms()
Record = TypeVar("Record", bound=BaseModel)


class KeyLostError(ValueError):
    """The key or a tombstone is lost: forgotten homes can no longer be recognised, and their readings would come back."""


class Tombstone(BaseModel):
    """One home that is forgotten."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mark: str  # HMAC-SHA256 of its id
    length: int  # of its id
    spellings: Mapping[str, int] = {}  # mark of each other spelling in which it was delivered -> length of the spelling
    loose: Mapping[str, int] = {}  # mark of its loosened id -> length of the loosened id
    apart: tuple[str, ...] = ()  # marks of other homes whose ids differ from this one in spelling only
    by_pseudonym: bool = (
        False  # whether no mark is of an id as it is delivered: another key would let the home come back
    )
    forgotten_at_utc: dt.datetime
    reason: str | None


class Unfinished(BaseModel):
    """A home that is being forgotten: the only place that holds its id until the work is done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    household_id: str
    spellings: tuple[str, ...] = ()  # other spellings of the id that the lake knows
    apart: tuple[str, ...] = ()  # ids of other homes, which differ from this one in spelling only
    delivered: Mapping[str, int] = {}  # mark of the delivered id, where the lake knows its pseudonym
    delivered_loose: Mapping[str, int] = {}
    reason: str | None
    began_at_utc: dt.datetime
    token: str  # stands for the home in the memory of releases, and in the names of new objects
    sources: tuple[str, ...]  # sources that held it
    landing_files: tuple[str, ...]  # delivered files that hold it; their owner has to delete it there
    snapshots: tuple[str, ...] = ()  # snapshots that hold it
    resting: tuple[str, ...] = ()  # snapshots whose results rest on it


@dataclass(frozen=True, slots=True)
class ForgottenFolder:
    """The folder `forgotten/` of a data folder; only its owner can open it."""

    root: Path

    @property
    def _key(self) -> Path:
        return self.root / "key"

    @property
    def note(self) -> Path:
        """The file that holds the id of a home until it is forgotten."""
        return self.root / "unfinished.json"

    def list_tombstones(self) -> list[Tombstone]:
        """Return the tombstones, oldest first.

        Raises
        ------
        KeyLostError
            If one of them cannot be read.

        """
        found = [_read(path, Tombstone) for path in self.root.glob("tombstones/*.json")]
        return sorted(found, key=lambda stone: (stone.forgotten_at_utc, stone.mark))

    def read_tombstones(self, pseudonyms: Pseudonyms = AS_DELIVERED) -> Tombstones:
        """Return the marks of all forgotten homes, which hold for delivered ids and for their pseudonyms.

        Raises
        ------
        KeyLostError
            If there are tombstones and the key is gone.

        """
        found = self.list_tombstones()
        if not found:
            return Tombstones()
        if not self._key.exists():
            raise KeyLostError(
                f"{len(found)} homes are forgotten, and the key that recognises them is lost: put {self._key} back from a "
                "backup; without it their readings would be taken in again"
            )
        return Tombstones(
            key=self._read_key(),
            marks=dict(ChainMap(*({stone.mark: stone.length, **stone.spellings} for stone in found))),
            loose=dict(ChainMap(*(dict(stone.loose or {stone.mark: stone.length}) for stone in found))),
            apart=frozenset(name for stone in found for name in stone.apart),
            pseudonyms=pseudonyms,
        )

    def _read_key(self) -> bytes:
        return bytes.fromhex(self._key.read_text(encoding="ascii"))

    def mark_delivered(self, household_id: str) -> dict[str, dict[str, int]]:
        """Return what the note and the tombstone keep of an id that is kept as its pseudonym: marks with lengths."""
        self._have_key()
        key, bare = self._read_key(), loosen(household_id)
        return {
            "delivered": {mark(key, household_id): len(household_id)},
            "delivered_loose": {mark(key, bare): len(bare)},
        }

    def _have_key(self) -> None:
        self.read_tombstones()
        if not self._key.exists():
            self._write(self._key, secrets.token_hex(KEY_BYTES))

    def bury(self, unfinished: Unfinished) -> None:
        """Write the tombstone of a home; the first tombstone also makes the key.

        An earlier tombstone of the home keeps its spellings, since the lake may have lost some of them by now.
        """
        self._have_key()
        key, bare = self._read_key(), loosen(unfinished.household_id)
        name, loose = mark(key, unfinished.household_id), {mark(key, bare): len(bare), **unfinished.delivered_loose}
        path = self.root / "tombstones" / f"{name}.json"
        earlier = _read(path, Tombstone) if path.exists() else None
        spellings = {mark(key, spelling): len(spelling) for spelling in unfinished.spellings}
        spellings |= dict(unfinished.delivered)
        apart = {mark(key, other) for other in unfinished.apart}
        if earlier is not None:
            spellings |= dict(earlier.spellings)
            loose |= dict(earlier.loose)
            apart |= set(earlier.apart)
        stone = Tombstone(
            mark=name,
            length=len(unfinished.household_id),
            spellings=dict(sorted(spellings.items())),
            loose=dict(sorted(loose.items())),
            apart=tuple(sorted(apart)),
            by_pseudonym=is_pseudonym(unfinished.household_id)
            and not unfinished.delivered
            and (earlier is None or earlier.by_pseudonym),
            forgotten_at_utc=unfinished.began_at_utc if earlier is None else earlier.forgotten_at_utc,
            reason=unfinished.reason if earlier is None else earlier.reason,
        )
        if stone != earlier:
            self._write(path, stone.model_dump_json(indent=1))

    def read_unfinished(self) -> Unfinished | None:
        """Return the home that is being forgotten, or None if there is none."""
        return _read(self.note, Unfinished) if self.note.exists() else None

    def write_unfinished(self, unfinished: Unfinished) -> None:
        """Write the note about a home; it comes before the first change."""
        self._write(self.note, unfinished.model_dump_json(indent=1))

    def is_unfinished(self) -> bool:
        """Say whether a home is being forgotten; an account that may not look into the folder gets False."""
        try:
            return self.note.exists()
        except PermissionError:
            return False

    def finish(self) -> None:
        """Delete the note, which holds the id."""
        self.note.unlink(missing_ok=True)
        flush_to_disk(self.root)

    def _write(self, path: Path, text: str) -> None:
        """Store a text for the owner alone, whole or not at all."""
        for folder in (self.root, path.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=OWNERS_FOLDER)
            folder.chmod(OWNERS_FOLDER)
        write_whole(path, text, mode=OWNER_ONLY)


def _read(path: Path, model: type[Record]) -> Record:
    try:
        return model.model_validate_json(path.read_bytes())
    except ValueError:
        raise KeyLostError(
            f"{path} is damaged: put it back from a backup; without it the home is not recognised, and its readings would be "
            "taken in again"
        ) from None
