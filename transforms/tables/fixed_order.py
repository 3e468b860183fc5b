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
    keys = [keys] if isinstance(keys, str) else list(keys)
    if by is not None:
        frame = frame.sort(*keys, *([by] if isinstance(by, str) else by), maintain_order=True)
    # By columns alone, polars adds up parts of the frame and then these, or not, as a random sample of the keys decides.
    # It does not where a key is computed.
    return frame.rechunk().group_by([pl.col(key).shift(0) for key in keys], maintain_order=True)
