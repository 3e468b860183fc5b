"""Alarms on the share of readings with a flag, compared with published rates (`warehouse/assumptions/flag_share.csv`)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl

from quality.alarms.inline import as_list
from quality.alarms.limits import AlarmLimits
from quality.checks import Check

READS = ("flag_count", "source")
SHARES = """
    SELECT source_id, file_name, coalesce(sum(flag_count.readings) FILTER (WHERE flag = '{flag}'), 0)::BIGINT AS flagged,
        sum(flag_count.readings)::BIGINT AS readings
    FROM flag_count JOIN source USING (source_id) WHERE NOT superseded GROUP BY ALL
"""


def check_flag_shares(
    shares: pl.DataFrame, limits: AlarmLimits, *, large_sources: Collection[str], accepted: Collection[str]
) -> list[Check]:
    """Return for each flag the alarm on its share, per source and over all, and the check that it is not most of a source.

    Parameters
    ----------
    shares
        `flag`, `expected_share`, `alarm_share`, `critical_share` (null: no share of it stops anything) [1].
    limits
        A source with fewer readings than `half_hours_min` is not judged: one faulty meter would be most of it.
    large_sources
        Sources with enough homes that most of their readings are no single meter's fault.
    accepted
        Sources that stop nothing.

    """
    stopping = set(large_sources) - set(accepted)
    checks = []
    for row in shares.iter_rows(named=True):
        checks.append(_share_is_usual(row, limits))
        if row["critical_share"] is not None:
            checks.append(_is_not_most_of_a_source(row, stopping))
    return checks


def _share_is_usual(row: dict[str, Any], limits: AlarmLimits) -> Check:
    rows = SHARES.format(flag=row["flag"])
    return Check(
        name=f"flag_count.{row['flag']}_is_as_rare_as_usual",
        table="flag_count",
        meaning=(
            f"{row['flag']} is at most {100 * row['alarm_share']:g} % of the readings of each source and of all; "
            f"{100 * row['expected_share']:g} % are usual"
        ),
        severity="warning",
        reads=READS,
        broken_rows=f"""
            SELECT *, flagged / readings AS share FROM (
                FROM ({rows})
                UNION ALL SELECT NULL, 'all files', sum(flagged)::BIGINT, sum(readings)::BIGINT FROM ({rows})
            )
            WHERE readings >= {limits.half_hours_min} AND (flagged <= {row["alarm_share"]} * readings) IS NOT TRUE
            ORDER BY share DESC
        """,
    )


def _is_not_most_of_a_source(row: dict[str, Any], stopping: Collection[str]) -> Check:
    return Check(
        name=f"flag_count.{row['flag']}_is_not_most_of_a_source",
        table="flag_count",
        meaning=(
            f"{row['flag']} is at most {100 * row['critical_share']:g} % of the readings of a source with many homes; "
            "if it is right, `hearth quarantine --accept SOURCE`"
        ),
        reads=READS,
        broken_rows=f"""
            SELECT *, flagged / readings AS share FROM ({SHARES.format(flag=row["flag"])})
            WHERE list_contains({as_list(stopping)}, source_id)
                AND (flagged <= {row["critical_share"]} * readings) IS NOT TRUE
            ORDER BY share DESC
        """,
    )


def check_judged(limits: AlarmLimits) -> Check:
    """Return the alarm on readings that an inferred flag could not be judged for, or only by the season."""
    return Check(
        name="flag_judgement.nearly_all_readings_are_judged",
        table="flag_judgement",
        meaning=(
            f"each of the flags that a home's history decides is judged for all but {100 * limits.not_judged_max:g} % of the "
            "readings; where temperatures are lacking, deliver them beside the readings"
        ),
        severity="warning",
        reads=("flag_judgement",),
        broken_rows=f"""
            SELECT flag, outcome, readings, round(readings / total, 3) AS share FROM (
                SELECT flag, outcome, sum(readings)::BIGINT AS readings, sum(sum(readings)) OVER (PARTITION BY flag) AS total
                FROM flag_judgement GROUP BY flag, outcome
            )
            WHERE outcome <> 'judged' AND total >= {limits.half_hours_min}
                AND (readings <= {limits.not_judged_max} * total) IS NOT TRUE
            ORDER BY flag, outcome
        """,
    )
