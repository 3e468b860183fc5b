"""The view `half_hour`: every reading of the published months with its final flag, read from the lake's own files.

The warehouse holds hours; the lake holds the readings, in two kinds of file. `readings/month=YYYY-MM/...` has all readings
of a source in a month. `flagged/month=YYYY-MM/...` (named by the fingerprint in `build_month`) has the readings of a built
month that are left out, each with the flag that says why. All other readings have the flag `ok`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from transforms.tables.lake import FLAGGED
from warehouse.lake import Lake
from warehouse.manifest import read_manifests

NAME = "half_hour"

EMPTY = (
    "SELECT NULL::VARCHAR AS household_id, NULL::TIMESTAMP AS interval_start_utc, NULL::DOUBLE AS gas_kwh, NULL::VARCHAR AS flag, "
    "NULL::VARCHAR AS source_id, NULL::BIGINT AS line LIMIT 0"
)


@dataclass(frozen=True, slots=True)
class HalfHours:
    """The files that the view reads, and its query."""

    files: tuple[Path, ...]
    sql: str


def find_half_hours(lake: Lake, months: pl.DataFrame, sources: pl.DataFrame) -> HalfHours:
    """Return the view of half-hours of a published warehouse.

    Parameters
    ----------
    lake
        The lake that holds the readings, in a folder.
    months
        `month` and `fingerprint` of the published `build_month`.
    sources
        `source_id` of the accepted files of readings in the published warehouse.

    """
    names = {f"{month:%Y-%m}": fingerprint for month, fingerprint in months.select("month", "fingerprint").iter_rows()}
    taken = set(sources["source_id"])
    readings = {
        lake.path(key).resolve(): manifest.source_id
        for manifest in read_manifests(lake)
        if manifest.source_id in taken
        for month, key in sorted(manifest.months.items())
        if month in names
    }
    if not readings:
        return HalfHours((), EMPTY)
    flagged = [
        lake.path(f"{FLAGGED.name}/month={month}/{made}.parquet").resolve() for month, made in sorted(names.items())
    ]
    named = ", ".join(f"({_quoted(path)}, {_quoted(source_id)})" for path, source_id in readings.items())
    return HalfHours(
        files=(*readings, *flagged),
        sql=f"""
WITH left_out AS (
    SELECT household_id, interval_start_utc, gas_kwh, flag::VARCHAR AS flag, source_id, line FROM read_parquet({_listed(flagged)})
), delivered AS (
    SELECT household_id, interval_start_utc, gas_kwh, 'ok' AS flag, file.source_id, line
    FROM read_parquet({_listed(readings)}, filename = true) AS reading
    JOIN (VALUES {named}) AS file(path, source_id) ON file.path = reading.filename
)
FROM left_out UNION ALL
FROM delivered ANTI JOIN left_out USING (source_id, line, interval_start_utc)""",
    )


def _listed(files: Iterable[Path]) -> str:
    return f"[{', '.join(map(_quoted, files))}]"


def _quoted(value: object) -> str:
    text = str(value).replace("'", "''")
    return f"'{text}'"
