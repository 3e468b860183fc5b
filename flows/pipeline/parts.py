"""The parts of a report, and the decision which of them are made again.

A part is a group of figures, or tables that take long to compute. The part of the last report is used again, byte for byte,
if the code that makes it and all its inputs are unchanged. A damaged or missing part is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from flows.pipeline.code import code_fingerprint
from flows.pipeline.unit import fingerprint
from reports.drawn import pack, pack_frame, unpack, unpack_frame
from reports.figures.exhibit import Exhibit
from reports.inputs import Published, RunInfo, WatchedTables
from reports.pages import Draw, Drawing, draw_listed
from transforms.public.public import PublicTable
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.schema import Table
from warehouse.writing import OWNERS_FOLDER

CHOICES = "choices of the run"
GIVEN = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new part, and the names of the inputs that it was made from."""

    content: bytes
    inputs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the last report, one file each: a checksum, a line with the hashes of code and inputs, the part."""

    folder: Path

    def take(self, name: str, *, code: str, hash_of: Callable[[str], str | None], make: Callable[[], Made]) -> bytes:
        """Return a part of the last report, or make it now.

        The inputs that the code read the last time are compared with those of today. If all are unchanged, the code would
        read the same inputs again and make the same part, so no other inputs have to be compared.

        Parameters
        ----------
        name
            Name of the part.
        code
            Hash of the code that makes it.
        hash_of
            Returns the hash of an input by its name, or None if there is no such input.
        make
            Makes the part.

        """
        kept = self._read(name)
        if kept is not None:
            head, content = kept
            if head["code"] == code and all(hash_of(one) == was for one, was in head["inputs"].items()):
                return content
        made = make()
        inputs = {one: hash_of(one) for one in sorted(made.inputs)}
        body = json.dumps({"code": code, "inputs": inputs}).encode() + b"\n" + made.content
        self.folder.mkdir(parents=True, exist_ok=True, mode=OWNERS_FOLDER)
        self._file(name).write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        return made.content

    def take_tables(
        self, name: str, *, code: str, given: str, make: Callable[[], Mapping[Table, pl.DataFrame]]
    ) -> dict[Table, pl.DataFrame]:
        """Return tables; `given` is the hash of everything that they are computed from."""

        def make_part() -> Made:
            return Made(content=_pack_tables(make()), inputs=frozenset({GIVEN}))

        return _unpack_tables(self.take(name, code=code, hash_of={GIVEN: given}.get, make=make_part))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.part"

    def _read(self, name: str) -> tuple[dict[str, Any], bytes] | None:
        try:
            checksum, body = self._file(name).read_bytes().split(b"\n", 1)
        except (OSError, ValueError):
            return None
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            return None
        head, content = body.split(b"\n", 1)
        return json.loads(head), content


def drawing_from(parts: Parts, published: Published, run: RunInfo) -> Drawing:
    """Return the function that draws the figures of a site; figures are drawn again if a table that they show changed."""
    choices = fingerprint(
        scenario=run.scenario, convention=run.convention, origin=run.origin,
        paper_scenario=run.paper_scenario, paper_convention=run.paper_convention,
    )  # fmt: skip

    @cache
    def hash_of(name: str) -> str | None:
        if name == CHOICES:
            return choices
        return hash_table(published.tables[name]) if name in published.tables else None

    def take_figures(draw: Draw, published: Published, run: RunInfo) -> Sequence[Exhibit]:
        def make() -> Made:
            watched = WatchedTables(published.tables)
            content = pack(draw_listed(draw, watched, run))
            return Made(content=content, inputs=frozenset({CHOICES, *watched.read}))

        code = fingerprint(code=code_fingerprint(draw, declared=True), plotly=version("plotly"))
        content = parts.take(f"{draw.__module__}.{draw.__name__}", code=code, hash_of=hash_of, make=make)
        return unpack(content, published.of_release(run))

    return take_figures


def hash_table(table: PublicTable) -> str:
    """Return the hash of a published table with all its digits, in its order of rows."""
    digest = hashlib.sha256(f"{table.name} {table.threshold}".encode())
    for frame in (table.frame, table.suppressed, table.few_changes):
        digest.update(f"\0{frame.schema}\n".encode())
        digest.update(frame.write_csv(null_value="null", quote_style="non_numeric").encode())
    return digest.hexdigest()


def _pack_tables(frames: Mapping[Table, pl.DataFrame]) -> bytes:
    return json.dumps({table.name: pack_frame(frame) for table, frame in frames.items()}).encode()


def _unpack_tables(content: bytes) -> dict[Table, pl.DataFrame]:
    tables = {table.name: table for table in WAREHOUSE_TABLES}
    return {tables[name]: unpack_frame(packed) for name, packed in json.loads(content).items()}
