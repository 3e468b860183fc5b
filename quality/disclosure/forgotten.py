r"""A forgotten home in the memory of releases: its place stays, its id and its readings do not.

Earlier releases showed values with the home. If its row were deleted, the memory would hold the same homes behind the old
value and the new one, and would allow the new one: their difference, times the number of homes, is the home's readings. So
the row stays under a random name, and counts as one home that left.

The codes of its readings are replaced by numbers within each hour: 1 for the first of its versions, 2 for the next one
that differs from it; no reading stays 0. The rule needs nothing else of them (`units.count_units`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from quality.disclosure.memory import CODE
from transforms.public.public import RELEASE_MEMBER


def rename_member(member: pl.DataFrame, household_id: str, token: str) -> pl.DataFrame:
    """Return `RELEASE_MEMBER` with one home under a random name, and without codes of its readings."""
    own, others = member.filter(household_id=household_id), member.filter(pl.col("household_id") != household_id)
    parts = [
        part.with_columns(
            household_id=pl.lit(token), codes=pl.Series(_number(part["codes"].to_list()), dtype=pl.Binary)
        )
        for part in own.partition_by("level", "period", maintain_order=True)
    ]
    return RELEASE_MEMBER.conform(pl.concat([others, *parts])).sort(*RELEASE_MEMBER.key, "codes")


def _number(versions: list[bytes]) -> list[bytes]:
    """Return the codes of each hour as numbers, in the order of the versions that have them."""
    codes = np.frombuffer(b"".join(versions), dtype=CODE).reshape(len(versions), -1)
    numbered = np.zeros_like(codes)
    for version, row in enumerate(codes):
        known = (codes[:version] == row) & (row > 0)
        fresh = (row > 0) & ~known.any(axis=0)
        numbered[version, fresh] = numbered[:version, fresh].max(axis=0, initial=0) + 1
        if version:
            numbered[version, known.any(axis=0)] = np.take_along_axis(
                numbered[:version], known.argmax(axis=0)[None, :], axis=0
            )[0, known.any(axis=0)]
    return [row.tobytes() for row in numbered]
