"""Landing folders for tests of ingest: EDRP lines as either clock and either convention writes them, and their ingest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from flows.pipeline.ingest import ingest_file, plan_ingest, settle_feeds
from flows.pipeline.ingest_decisions import IngestOptions
from transforms.tables.lake import READING
from warehouse.lake import Lake
from warehouse.manifest import Manifest, read_manifests

HEADER = "ANON_ID,ADVANCEDATETIME,HH,GASKWH"
RUN_DATE = dt.date(2012, 1, 1)


def options(**changes: object) -> IngestOptions:
    """Return options for a run long after the trial, which waits for no file."""
    return IngestOptions(**({"run_date": RUN_DATE, "quiet_seconds": 0} | changes))


def half_hours(homes: Sequence[str], first: dt.date, days: int) -> pl.DataFrame:
    """Return half-hours in UTC with a gas value that no other half-hour of the same home has in 20 days, rising and falling."""
    start = dt.datetime.combine(first, dt.time())
    moments = pl.datetime_range(
        start, start + dt.timedelta(days=days), "30m", closed="left", time_unit="us", eager=True
    )
    one = pl.DataFrame({"interval_start_utc": moments}).with_row_index("n")
    every = pl.DataFrame({"household_id": list(homes)}).join(one, how="cross")
    return every.select(
        "household_id", "interval_start_utc", gas_kwh=(pl.col("n") * 377 % 1000).cast(pl.Float64) / 1000
    )


def edrp_lines(readings: pl.DataFrame, *, stamp: str = "start", clock: str = "utc") -> list[str]:
    """Write half-hours down as EDRP does."""
    instant = pl.col("interval_start_utc") + dt.timedelta(minutes=0 if stamp == "start" else 30)
    if clock == "local":
        london = instant.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London")
        instant = london.dt.replace_time_zone(None)
    slot = pl.col("at").dt.hour().cast(pl.Int32) * 2 + pl.col("at").dt.minute() // 30
    text = pl.format(
        "{},{},{},{}",
        "household_id",
        pl.col("at").dt.strftime("%d%b%y:%H:%M:%S").str.to_uppercase(),
        slot + 1 if stamp == "start" else (slot + 47) % 48 + 1,
        "gas_kwh",
    )
    return readings.with_columns(at=instant).select(text).to_series().to_list()


def deliver(landing: Path, name: str, lines: Sequence[str], header: str = HEADER) -> Path:
    """Write a text file into the landing folder."""
    path = landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def ingest(home: Path, opts: IngestOptions | None = None) -> dict[str, Manifest]:
    """Ingest `home/landing` into `home/lake` until it is settled; return all manifests by file name."""
    opts, lake = opts or options(), Lake(home / "lake")
    works, rounds = list(plan_ingest(lake, home / "landing", opts).works), 0
    while works:
        rounds += 1
        assert rounds < 5, f"never settles: {[work.name for work in works]}"
        for work in works:
            ingest_file(lake, work, opts)
        works = settle_feeds(lake, home / "landing", opts)
    return {m.file_name: m for m in read_manifests(lake)}


def read_readings(home: Path, manifest: Manifest) -> pl.DataFrame:
    """Return the readings of a source from the lake, in the order of its lines."""
    lake = Lake(home / "lake")
    frames = [lake.read(key) for key in manifest.months.values()]
    return pl.concat([READING.empty(), *frames]).sort("line")


def is_accounted_for(manifest: Manifest) -> bool:
    """Say whether every line of a source is a header, blank, a reading or a reject."""
    parts = manifest.header_lines + manifest.blank_lines + manifest.readings + manifest.rejects
    return manifest.lines == parts


JUNE = dt.date(2009, 6, 1)
DAY = half_hours(["12", "7"], JUNE, 1)
LINES = edrp_lines(DAY)
CLEAN = "\n".join([HEADER, *LINES]) + "\n"
