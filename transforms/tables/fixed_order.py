"""Groups that are added up in a fixed order: floats added in another order differ in their last bits."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from polars.dataframe.group_by import GroupBy


def group_in_order(frame: pl.DataFrame, keys: str | Sequence[str], *, by: str | Sequence[str] | None) -> GroupBy:
    """Group rows by `keys`, each group in the order of `by`, so that sums and means are the same to the last bit.

    Rows are sorted and lie in one piece of memory, and each group is added up from its first row to its last. So a sum
    does not depend on the number of threads, on the blocks in which rows were read, or on the order of files.

    Parameters
    ----------
    frame
        Rows of any table.
    keys
        Columns whose values make a group.
    by
        Columns that order the rows of a group; `keys` and `by` together must be unique. None: the rows are
        already in such an order.

    Returns
    -------
    GroupBy
        Groups in the order of `keys`; with None as `by`, in the order of their first rows.

    """
    keys = [keys] if isinstance(keys, str) else list(keys)
    if by is not None:
        frame = frame.sort(*keys, *([by] if isinstance(by, str) else by), maintain_order=True)
    # With plain columns as keys, polars may add up parts of the frame and then the parts; a random sample of the keys
    # decides. With computed keys it never does, so each key is shifted by 0.
    return frame.rechunk().group_by([pl.col(key).shift(0) for key in keys], maintain_order=True)
