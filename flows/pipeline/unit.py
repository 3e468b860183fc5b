"""Stages and their units of work, and the fingerprint of everything that a unit rests on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np
import polars as pl

from flows.pipeline.code import code_fingerprint
from transforms.tables.schema import Table
from warehouse.lake import DamagedObjectError, Lake

if TYPE_CHECKING:
    from flows.pipeline.content import Content

Given = TypeVar("Given")
PLAIN = frozenset({int, float, str})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unit(Generic[Given]):
    """One piece of a stage's work.

    The work reads `given`, the objects that `given` names, and nothing else, so nothing else can change a number. The
    fingerprint is the hash of `given`, of the code of the work and of the tables that it writes.
    """

    stage: Stage[Given]
    key_value: str  # the month, the study period, or `all`
    given: Given
    fingerprint: str

    @property
    def name(self) -> str:
        """The name of the unit in messages."""
        return self.stage.unit_name.format(self.key_value)

    def key(self, table: Table) -> str:
        """Return the key of the object that holds the unit's rows of a table."""
        folder = self.key_value if self.stage.keyed_by == "run" else f"{self.stage.keyed_by}={self.key_value}"
        return f"{table.name}/{folder}/{self.fingerprint}.parquet"

    @property
    def keys(self) -> list[str]:
        """The keys of all its objects, in the order in which they are written."""
        return [self.key(table) for table in self.stage.tables]

    def is_done(self, lake: Lake) -> bool:
        """Say whether the lake holds the unit: its objects are written in order, so the last one completes it.

        Raises
        ------
        DamagedObjectError
            If the last object is there and an earlier one is missing.

        """
        *before, last = self.keys
        if not lake.exists(last):
            return False
        for key in before:
            if not lake.exists(key):
                raise DamagedObjectError(lake.root, last, f"of its unit {key} is missing")
        return True

    def work(self, lake: Lake) -> dict[str, int]:
        """Do the work, write its tables and return its counts; doing it twice gives the same result."""
        frames, counts = self.stage.work(lake, self)
        for table in self.stage.tables:
            lake.put_frame(self.key(table), table.conform(frames[table]))
        return counts


def list_undone(units: Sequence[Unit[Given]], lake: Lake) -> list[Unit[Given]]:
    """Return the units that are not done.

    Raises
    ------
    DamagedObjectError
        If units have lost objects; the error names all of them.

    """
    undone, damaged = list[Unit[Given]](), list[DamagedObjectError]()
    for unit in units:
        try:
            if not unit.is_done(lake):
                undone.append(unit)
        except DamagedObjectError as error:
            damaged.append(error)
    if damaged:
        first, *others = damaged
        raise DamagedObjectError(first.root, first.key, first.why, others)
    return undone


Frames = Mapping[Table, pl.DataFrame]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage(Generic[Given]):
    """One stage of a run: its units, the tables that they write, how they are planned and worked on.

    Parameters
    ----------
    name
        What the stage does, for messages.
    keyed_by
        The key of its units: the calendar month, the study period, or `run` if there is one unit.
    unit_name
        Name of a unit in messages; `{}` stands for its key.
    tables
        The tables that a unit writes, in this order.
    plan
        Returns the units for a content in which the stages before are planned.
    work
        Returns the tables of a unit and its counts; it reads the lake and `given`, and nothing else.
    in_order
        Whether each unit reads tables of the unit before.
    planned_from
        The stages whose tables the plan reads: this stage can be planned only after they are done.

    """

    name: str
    keyed_by: Literal["month", "period", "run"]
    unit_name: str
    tables: tuple[Table, ...]
    plan: Callable[[Content], Sequence[Unit[Given]]]
    work: Callable[[Lake, Unit[Given]], tuple[Frames, dict[str, int]]]
    in_order: bool = False
    planned_from: tuple[Stage[Any], ...] = ()

    @property
    def code(self) -> str:
        """The hash of the code that decides what a unit's tables hold."""
        return code_fingerprint(self.work)

    def make_unit(self, key_value: str, given: Given) -> Unit[Given]:
        """Return the unit of a key; its fingerprint depends on everything in `given`."""
        shape = {table.name: describe_table(table) for table in self.tables}
        text = fingerprint(given=given, code=self.code, tables=shape)
        return Unit(stage=self, key_value=key_value, given=given, fingerprint=text)


def fingerprint(**parts: object) -> str:
    """Return the SHA-256 of the parts; their order does not matter."""
    text = json.dumps(_as_json(parts), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def hash_frame(frame: pl.DataFrame) -> str:
    """Return a hash of a frame's rows that does not depend on their order."""
    return fingerprint(rows=frame.sort(frame.columns).write_csv(float_precision=9), names=frame.columns)


def describe_table(table: Table) -> list[str]:
    """Return names and types of a table's columns, which the fingerprint of a unit that writes it depends on."""
    return [f"{name}:{dtype}" for name, dtype in table.schema.items()]


def _as_json(value: object) -> Any:  # noqa: PLR0911 - one answer for each kind of value
    """Return a value in a form that JSON can hold: frames and arrays as hashes, units as their fingerprints.

    Raises
    ------
    TypeError
        If there is no fixed form for values of this type.

    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case dt.date():
            return value.isoformat()
        case pl.DataFrame():
            return hash_frame(value)
        case np.ndarray():
            return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        case Unit():
            return value.fingerprint
        case Mapping():
            return {str(name): _as_json(part) for name, part in value.items()}
        case frozenset() | set():
            return sorted(_as_json(part) for part in value)
        case list() | tuple():  # of numbers and words, as borders are, without a call for each
            return [part if type(part) in PLAIN else _as_json(part) for part in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    message = f"{type(value).__name__} has no fingerprint"
    raise TypeError(message)
