"""Groups whose sums have one order of addition: floats added in another order differ in their last bits."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from polars.dataframe.group_by import GroupBy


def group_in_order(frame: pl.DataFrame, keys: str | Sequence[str], *, by: str | Sequence[str] | None) -> GroupBy:
    """Group rows by `keys`, each group in the order of `by`, so that sums and means are the same to the last bit.

    Neither the number of threads, nor the blocks in which rows were read, nor the order of files changes them, if keys and
    `by` together tell rows apart: rows are sorted, lie in one piece, and each group is added up from its first row to its
    last. None as `by` says that the rows are in such an order already; groups then come as their first rows do.
    """
    if by is None:
        return frame.rechunk().group_by(keys, maintain_order=True)
    keys, by = ([names] if isinstance(names, str) else list(names) for names in (keys, by))
    return frame.sort(*keys, *by, maintain_order=True).rechunk().group_by(keys, maintain_order=True)
