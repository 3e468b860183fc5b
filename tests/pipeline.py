"""What tests of the whole pipeline share: a small trial, a run of the flow, and the tables that it published."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from flows.server.files import AUTH
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.lineage import QUALITY_RESULT, RUN
from warehouse.lake import Lake
from warehouse.reader import open_published

LINEAGE = (RUN, QUALITY_RESULT)  # they tell of the run itself
HALF = dt.timedelta(minutes=30)


def edrp_lines(home: str, start: dt.datetime, kwh: list[float], *, stamp: str = "end") -> list[str]:
    """Return EDRP lines of one home, half-hour by half-hour from `start` (UTC)."""
    lines = []
    for n, value in enumerate(kwh):
        begin = start + n * HALF
        moment = begin + HALF if stamp == "end" else begin
        half_hour = begin.hour * 2 + begin.minute // 30 + 1
        lines.append(f"{home},{moment:%d%b%y:%H:%M:%S},{half_hour},{value:.3f}".upper())
    return lines


def write_edrp(path: Path, homes: dict[str, float], start: dt.date, end: dt.date, *, shift: int = 0) -> Path:
    """Write an EDRP file of homes with a level [kWh per half-hour] each; values depend on home and moment alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    begin = dt.datetime.combine(start, dt.time())
    count = (end - start).days * 48
    first = int(begin.timestamp() // 1800)
    lines = ["ANON_ID,ADVANCEDATETIME,HH,GASKWH"]
    for home, level in homes.items():
        slots = np.arange(first + shift, first + shift + count)
        values = level * (1 + 0.35 * np.cos(slots / 17.0 + int(home)) + 0.6 * np.cos(slots / 2800.0))  # most in winter
        lines += edrp_lines(home, begin, values.round(3).tolist())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_households(path: Path, types: dict[str, str]) -> Path:
    """Write a household table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{home},{dwelling_type}" for home, dwelling_type in types.items()]
    path.write_text("household_id,dwelling_type\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def run(home: Path, landing: Path | None = None, *, report: bool = True, **parameters: Any) -> dict[str, Any]:
    """Run the flow in this process, on the server of the test session, and return the log of the run.

    Without its `report` a run takes a third of the time.
    """
    from flows.runs.nightly import nightly
    from flows.server.client import without_heartbeats

    given = {
        "home": str(home),
        "landing_quiet_seconds": 0,
        "sobol_samples": 64,
        "bootstrap_replicates": 100,
        "report_after_run": report,
    } | parameters.pop("settings", {})
    if landing is not None:
        given["landing"] = str(landing)
    with without_heartbeats():
        log: dict[str, Any] = nightly(settings_given=given, **parameters)
    return log


def run_without_report(home: Path, landing: Path | None = None, **parameters: Any) -> dict[str, Any]:
    """Run as `run` does, and leave the report as it is."""
    return run(home, landing, report=False, **parameters)


def copy_home(root: Path, to: Path) -> Path:
    """Copy a folder with `home/` and `landing/`, in which a test may change things; what is one file stays one file.

    The manifests of the copy say that the files lie in its own landing folder.
    """
    subprocess.run(["cp", "-a", f"{root}/.", to], check=True)
    lake = Lake(to / "home" / "lake")
    for key in lake.keys("sources"):
        lake.put_text(key, lake.get_text(key).replace(str(root / "landing"), str(to / "landing")))
    return to


def read_tables(home: Path) -> dict[str, pl.DataFrame]:
    """Return every published table but those of the run itself, sorted by key, without the moment of ingest."""
    with open_published(home / "warehouse" / "current.duckdb") as warehouse:
        return {
            table.name: warehouse.query(f"SELECT * FROM {table.name}")
            .drop("ingested_at_utc", strict=False)
            .sort(table.key)
            for table in WAREHOUSE_TABLES
            if table not in LINEAGE
        }


def differing(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> list[str]:
    """Return the names of the tables that are not equal to the last bit."""
    return [name for name, frame in one.items() if not frame.equals(other[name])]


def units(home: Path, table: str) -> set[str]:
    """Return the keys of the lake objects of a table."""
    return {path.relative_to(home / "lake").as_posix() for path in (home / "lake" / table).rglob("*.parquet")}


def on_server(url: str) -> dict[str, str]:
    """Return the environment in which a program uses the server of this run of the tests."""
    return {"PREFECT_API_URL": url, AUTH: os.environ[AUTH]}
