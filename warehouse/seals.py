"""Seals: an object carries the checksum of its own key and bytes, so that damage is seen when the object is read.

The checksum is in the footer of a Parquet object and in the last field of a JSON object. Other programs read both as plain
Parquet and JSON. The key is part of the checksum, so that the seal of an object that was swapped with another one is wrong.
"""

from __future__ import annotations

import hashlib
import mmap
import re
from pathlib import Path
from typing import Final

FIELD: Final = "hearth.seal"  # the field of a Parquet footer that holds the seal
MARK: Final = b"hearth-seal:"  # stands before the checksum; a damaged mark is told from no seal by `FIELD`
DIGITS: Final = 64  # hexadecimal digits of a SHA-256
UNSEALED_FOOTER: Final = {FIELD: MARK.decode() + "0" * DIGITS}  # `seal_parquet` replaces the zeros by the checksum
FOOTER_END: Final = 8  # bytes of a Parquet file after its footer: the footer's length and the magic number
MAGIC: Final = b"PAR1"
Content = mmap.mmap | bytearray
SEAL_OF_TEXT = re.compile(r',\s*"seal": "([0-9a-f]{64})"\s*\}\s*$')


class BrokenSealError(ValueError):
    """The content of an object is not what was written under its key; the message says what is wrong."""


def seal_parquet(path: Path, key: str) -> None:
    """Put the checksum into the footer of a Parquet file that was written with `UNSEALED_FOOTER`."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        seal_content(content, key)
        content.flush()


def seal_content(content: Content, key: str) -> None:
    """Do what `seal_parquet` does, to a Parquet file in memory."""
    at = _find_digits(content)
    if at is None:
        raise ValueError(f"{key} was written without a place for its seal")
    content[at : at + DIGITS] = _hash_around(content, at, key).encode()


def check_parquet(path: Path, key: str) -> bool:
    """Check the seal of a Parquet file, and return whether it has one: files of earlier versions have none.

    Raises
    ------
    BrokenSealError
        If the file is no whole Parquet file, or its seal is wrong.

    """
    with path.open("rb") as file:
        if not file.read(1):
            raise BrokenSealError("empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content[-len(MAGIC) :] != MAGIC or content[: len(MAGIC)] != MAGIC:
                raise BrokenSealError("cut, or no Parquet file")
            at = _find_digits(content)
            if at is None:
                if content.rfind(FIELD.encode(), _footer_start(content)) >= 0:
                    raise BrokenSealError("altered: its seal cannot be read")
                return False
            if content[at : at + DIGITS] != _hash_around(content, at, key).encode():
                raise BrokenSealError("altered, or the content of another object")
    return True


def seal_text(text: str, key: str) -> str:
    """Return a JSON object with its checksum as last field."""
    body = text.rstrip().removesuffix("}").rstrip()
    return f'{body},\n "seal": "{_hash_text(body, key)}"\n}}'


def unseal_text(text: str, key: str) -> tuple[str, bool]:
    """Return a JSON object without its checksum, and whether it had one: objects of earlier versions have none.

    Raises
    ------
    BrokenSealError
        If the seal is wrong.

    """
    found = SEAL_OF_TEXT.search(text)
    if found is None:
        return text, False
    body = text[: found.start()]
    if _hash_text(body, key) != found[1]:
        raise BrokenSealError("altered, or the content of another object")
    return f"{body}\n}}", True


def _hash_text(body: str, key: str) -> str:
    return hashlib.sha256(f"{key}\n{body}".encode()).hexdigest()


def _footer_start(content: Content) -> int:
    length = int.from_bytes(content[-FOOTER_END : -FOOTER_END + 4], "little")
    return max(len(content) - FOOTER_END - length, 0)


def _find_digits(content: Content) -> int | None:
    """Return the position of the checksum's digits, or None if the footer has no mark."""
    at = content.rfind(MARK, _footer_start(content))
    return None if at < 0 or at + len(MARK) + DIGITS > len(content) else at + len(MARK)


def _hash_around(content: Content, at: int, key: str) -> str:
    """Return the checksum of a key and of all bytes except the digits of the seal."""
    digest = hashlib.sha256(f"{key}\n".encode())
    with memoryview(content) as view:
        for part in (view[:at], view[at + DIGITS :]):
            digest.update(part)
            part.release()
    return digest.hexdigest()
