"""The source that explains a failure: the one that the broken rows of all failed checks name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import polars as pl

from quality.checks import Check
from quality.measure import Query


def find_culprit(query: Query, checks: Sequence[Check], results: pl.DataFrame) -> str | None:
    """Return the one source that the broken rows of all critical failures name, or None.

    A failed check whose rows name no source (a drifted mean, an hour out of bounds) is left aside. If all failures name
    several sources, the one of the earliest month is returned: later sources are compared with its wrong level. Judging
    a candidate without the source then proves whether it explains the failure alone.

    Parameters
    ----------
    query
        Runs one SQL statement on the judged candidate.
    checks
        The checks that were judged.
    results
        Their verdicts (`QUALITY_RESULT`).

    """
    by_name = {check.name: check for check in checks}
    failed = results.filter(~pl.col("passed") & (pl.col("severity") == "critical")).drop_nulls("observed")
    rows = [frame for name in failed["check_name"] if (frame := _name_sources(query, by_name[name])) is not None]
    if not rows:
        return None
    common = reduce(set.intersection, (set(frame["source_id"]) for frame in rows))
    if len(common) <= 1:
        return common.pop() if common else None
    months = pl.concat(rows).filter(pl.col("source_id").is_in(common)).group_by("source_id").agg(pl.col("month").min())
    first = months.filter(pl.col("month") == pl.col("month").min())["source_id"]
    return str(first[0]) if len(first) == 1 else None


def _name_sources(query: Query, check: Check) -> pl.DataFrame | None:
    """Return `source_id` and earliest `month` (null where rows have none) of a check's broken rows, if they name any."""
    if check.broken_rows is None:
        return None
    sql = check.broken_rows.format(slice="true") if check.slice_by else check.broken_rows
    columns = query(f"SELECT * FROM ({sql}) LIMIT 0").columns
    if "source_id" not in columns:
        return None
    month = "min(month)" if "month" in columns else "NULL"
    return query(
        f"SELECT source_id, {month}::DATE AS month FROM ({sql}) WHERE source_id IS NOT NULL GROUP BY source_id"
    )
