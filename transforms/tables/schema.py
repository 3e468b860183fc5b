"""The classes by which every table of the project is declared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

UTC = pl.Datetime("us")  # without zone: every `*_utc` column holds UTC and names the start of its interval
Tier = Literal["lake", "restricted", "public"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its meaning, its unit and its possible values."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    meaning: str
    unit: str = ""
    nullable: bool = False
    lower: float | None = None
    upper: float | None = None
    allowed: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Axis title: the meaning with its unit in brackets."""
        return f"{self.meaning} [{self.unit}]" if self.unit else self.meaning


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its grain in a sentence, its key, its columns in order, and the function that makes it.

    `made_by` names the function that returns its rows, as `module:function`; a view has its SQL instead.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    tier: Tier = "restricted"
    may_be_empty: bool = False
    made_by: str = ""

    @property
    def module(self) -> str:
        """The file of the function that makes the table."""
        return f"{self.made_by.partition(':')[0].replace('.', '/')}.py"

    @property
    def schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Column names and polars dtypes, in order."""
        return {column.name: column.dtype for column in self.columns}

    def column(self, name: str) -> Column:
        """Return the declaration of one column.

        Raises
        ------
        KeyError
            If the table has no column of that name.

        """
        for column in self.columns:
            if column.name == name:
                return column
        message = f"table {self.name} has no column {name}"
        raise KeyError(message)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` with exactly the declared columns, in order and dtype.

        Raises
        ------
        ValueError
            If a declared column is missing or holds a null that it must not hold.

        """
        missing = [name for name in self.schema if name not in frame.columns]
        if missing:
            message = f"table {self.name} lacks {', '.join(missing)}"
            raise ValueError(message)
        out = frame.select(pl.col(c.name).cast(c.dtype) for c in self.columns)
        nulls = [c.name for c in self.columns if not c.nullable and out[c.name].null_count()]
        if nulls:
            message = f"table {self.name} holds nulls in {', '.join(nulls)}"
            raise ValueError(message)
        return out

    def empty(self) -> pl.DataFrame:
        """Return a frame of this table without rows."""
        return pl.DataFrame(schema=self.schema)


@dataclass(frozen=True, slots=True)
class View(Table):
    """One view: declared like a table, with the tables of the same file that it reads, and its SELECT."""

    reads: frozenset[str] = field(kw_only=True)
    sql: str = field(kw_only=True)
