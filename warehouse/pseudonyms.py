"""The key of pseudonyms in its file, and delivered files that are kept by the pseudonym of their path."""

from __future__ import annotations

import os
import secrets
import stat
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from transforms.readings.pseudonyms import Pseudonyms
from warehouse.landing import INSIDE, LandedFile, is_unchanged, split_inside
from warehouse.manifest import Manifest
from warehouse.writing import OWNER_ONLY

KEY_BYTES = 32
ROTATE = "`hearth pseudonyms --rotate` builds everything anew from the landing files"


class PseudonymKeyError(ValueError):
    """The key of pseudonyms cannot be used; the message says why and what to do."""


def make_key(path: Path) -> None:
    """Write a new key into a file that is not there yet, for its owner alone.

    Raises
    ------
    FileExistsError
        If there is such a file: a key that is gone can be told by nobody.

    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w", encoding="ascii") as file:
        file.write(f"{secrets.token_hex(KEY_BYTES)}\n")
        file.flush()
        os.fsync(file.fileno())
    path.chmod(OWNER_ONLY)


def read_pseudonyms(path: Path | None) -> Pseudonyms:
    """Return the pseudonyms that the key in a file gives; without a file ids stay as they are delivered.

    Raises
    ------
    PseudonymKeyError
        If the file is not there, others can read it, or it holds no key.

    """
    if path is None:
        return Pseudonyms()
    step = "`hearth pseudonyms --new-key FILE` makes one"
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(2**12)
    except OSError as error:
        message = f"pseudonym_key_file {path}: {(error.strerror or str(error)).lower()}; put the key back, or take the setting out"
        raise PseudonymKeyError(message) from None
    if mode & 0o077:
        message = (
            f"pseudonym_key_file {path} has the mode {mode:04o}, and the key is its owner's alone: chmod 600 {path}"
        )
        raise PseudonymKeyError(message)
    try:
        key = bytes.fromhex(content.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        message = f"pseudonym_key_file {path} holds no key of {KEY_BYTES} bytes or more in hexadecimal digits; {step}"
        raise PseudonymKeyError(message)
    return Pseudonyms(key=key)


def check_key(recorded: str, pseudonyms: Pseudonyms, *, holds_sources: bool) -> None:
    """Return if the lake was made with this key.

    Raises
    ------
    PseudonymKeyError
        If its sources were read with another key, or one of both has none.

    """
    if not holds_sources or recorded == pseudonyms.fingerprint:
        return
    if not pseudonyms.key:
        message = f"the lake holds pseudonyms and no key is set: set pseudonym_key_file again, or {ROTATE}"
    elif not recorded:
        message = f"the lake holds ids as delivered, and pseudonym_key_file asks for pseudonyms: {ROTATE}"
    else:
        message = f"pseudonym_key_file holds another key than the lake was made with: put that back, or {ROTATE}"
    raise PseudonymKeyError(message)


def keep_names(
    entry: LandedFile | tuple[str, str], landing: Path, pseudonyms: Pseudonyms
) -> LandedFile | tuple[str, str]:
    """Return a file of the landing folder, or a name with the reason why it is not taken, as names are kept."""
    if not pseudonyms.key:
        return entry
    if not isinstance(entry, LandedFile):
        return pseudonyms.name_file(entry[0]), entry[1]
    return replace(
        entry,
        path=pseudonyms.name_path(entry.path, str(landing.resolve())),
        file_name=pseudonyms.name_file(entry.file_name),
        delivered_path=entry.path,
        delivered_name=entry.file_name,
    )


@dataclass(frozen=True, slots=True)
class DeliveredPaths:
    """Finds delivered files by the paths that are kept of them; each folder is listed once."""

    pseudonyms: Pseudonyms
    _listed: dict[str, dict[str, str]] = field(default_factory=dict)

    def find(self, kept: str) -> str | None:
        """Return the path of a file on disk, None where it is not there any more."""
        if not self.pseudonyms.key:
            return kept
        file, inner = split_inside(kept)
        at = ""
        for part in file.removeprefix("/").split("/"):
            found = f"{at}/{part}"
            if not os.path.lexists(found):
                name = self._list(at or "/").get(part)
                if name is None:
                    return None
                found = f"{at}/{name}"
            at = found
        if inner is None:
            return at
        members = self._list_members(at)
        return f"{at}{INSIDE}{members[inner]}" if inner in members else None

    def list_unchanged(self, source: Manifest) -> list[str]:
        """Return the paths on disk that still hold a source."""
        found = ((place, self.find(place.path)) for place in source.paths)
        return [path for place, path in found if path and is_unchanged(path, place.bytes, place.mtime_ns)]

    def _list(self, folder: str) -> dict[str, str]:
        if folder not in self._listed:
            try:
                names = [path.name for path in Path(folder).iterdir()]
            except OSError:
                names = []
            as_file = {self.pseudonyms.name_file(name): name for name in names}
            self._listed[folder] = {self.pseudonyms.name(name): name for name in names} | as_file
        return self._listed[folder]

    def _list_members(self, archive: str) -> dict[str, str]:
        if archive not in self._listed:
            try:
                with zipfile.ZipFile(archive) as packed:
                    names = packed.namelist()
            except (OSError, zipfile.BadZipFile):
                names = []
            self._listed[archive] = {self.pseudonyms.name_file(name): name for name in names}
        return self._listed[archive]
