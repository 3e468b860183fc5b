"""Groups that are added up in a fixed order: floats added in another order differ in their last bits."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from polars.dataframe.group_by import GroupBy


def group_in_order(frame: pl.DataFrame, keys: str | Sequence[str], *, by: str | Sequence[str] | None) -> GroupBy:
    """Group rows by `keys`, each group in the order of `by`, so that sums and means are the same to the last bit.

    Rows are sorted and lie in one piece of memory, and each group is added up from its first row to its last. So neither
    the number of threads, nor the blocks in which rows were read, nor the order of files changes a sum.

    Parameters
    ----------
    frame
        Rows of any table.
    keys
        Columns whose values make a group.
    by
        Columns that order the rows of a group; `keys` and `by` together must tell all rows apart. None: the rows are in
        such an order already.

    Returns
    -------
    GroupBy
        Groups in the order of `keys`; with None as `by`, in the order of their first rows.

    """
    keys = [keys] if isinstance(keys, str) else list(keys)
    if by is not None:
        frame = frame.sort(*keys, *([by] if isinstance(by, str) else by), maintain_order=True)
    # Where keys are plain columns, polars may add up parts of the frame first and then the parts: a random sample of the
    # keys decides. Where a key is computed it never does, so each key is shifted by 0.
    return frame.rechunk().group_by([pl.col(key).shift(0) for key in keys], maintain_order=True)
