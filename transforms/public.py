"""The mark of a table that may be published: reports take nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class PublicTable:
    """A table that has passed disclosure control; only `quality.disclosure` makes one.

    `frame` holds what may be shown. `suppressed` holds the keys of the cells that may not, with `because`:
    `few_homes` (the cell rests on fewer than `threshold` homes) or `companion` (it would reveal one that does).
    """

    name: str
    frame: pl.DataFrame
    suppressed: pl.DataFrame
    threshold: int
