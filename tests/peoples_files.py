"""Files as people bring them: made-up use of a home, written as suppliers write it, and taken in."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from tests.landing_files import ingest, options, read_readings
from transforms.readings.declaration import GasConversion
from warehouse.manifest import Manifest

KWH = "Consumption (kWh), Start, End"
KWH_PER_M3 = GasConversion().kwh_per_m3
FIRST = dt.datetime(2023, 1, 10)
LATE = {"run_date": dt.date(2026, 1, 1)}
HALF = dt.timedelta(minutes=30)
KEY = ["household_id", "interval_start_utc"]


def use(
    days: int = 3, *, home: str = "7", first: dt.datetime = FIRST, minutes: int = 30, seed: int = 1
) -> pl.DataFrame:
    """Return made-up use of a home [kWh], seasonal and often nought, as a heating home's is."""
    count = days * 1440 // minutes
    moments = [first + n * dt.timedelta(minutes=minutes) for n in range(count)]
    season = np.array([1.1 + np.cos(2 * np.pi * (m.timetuple().tm_yday - 15) / 365) for m in moments])
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(count) < 0.45, 0.0, rng.gamma(2.0, 0.6, count)) * season * minutes / 30
    return pl.DataFrame(
        {"household_id": home, "interval_start_utc": moments, "gas_kwh": values.round(3)},
        schema_overrides={"interval_start_utc": pl.Datetime("us")},
    )


def write(home: Path, name: str, text: str | bytes) -> None:
    """Write a delivery."""
    path = home / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


def take(home: Path, **declared: object) -> dict[str, Manifest]:
    """Take the landing folder in, `declared` being said of every feed that is named so."""
    feeds = {name.replace("__", "/"): value for name, value in declared.items()}
    return ingest(home, options(**LATE, feeds=feeds))


def assert_right(home: Path, manifest: Manifest, truth: pl.DataFrame, *, near: float = 2e-3) -> None:
    """Assert that a source holds the true half-hours, each once, all ok."""
    assert (manifest.outcome, manifest.reason) == ("accepted", None)
    assert manifest.lines + manifest.regrouped == (
        manifest.header_lines + manifest.blank_lines + manifest.readings + manifest.rejects
    )
    found = read_readings(home, manifest).sort(KEY)
    wanted = truth.sort(KEY)
    assert found["interval_start_utc"].to_list() == wanted["interval_start_utc"].to_list()
    assert (found["gas_kwh"] - wanted["gas_kwh"]).abs().max() < near
    assert set(found["flag"].cast(pl.String)) == {"ok"}
    assert found["line"].n_unique() == len(found)


def octopus(
    frame: pl.DataFrame, header: str = "Consumption (m³), Start, End", minutes: int = 30, per: float = KWH_PER_M3
) -> str:
    """Write use as a supplier's download."""
    length = dt.timedelta(minutes=minutes)
    lines = [
        f"{kwh / per:.6f}, {start.isoformat()}+00:00, {(start + length).isoformat()}+00:00"
        for start, kwh in frame.select("interval_start_utc", "gas_kwh").iter_rows()
    ]
    return "\n".join([header, *lines, ""])


def canonical(frame: pl.DataFrame) -> str:
    """Write use in our own format."""
    lines = [f"{home},{start},{kwh:.6f}" for home, start, kwh in frame.select(*KEY, "gas_kwh").iter_rows()]
    return "\n".join(["household_id,interval_start_utc,gas_kwh", *lines, ""])


def half_hours_of(hours: pl.DataFrame) -> pl.DataFrame:
    """Return hours as two half-hours of half their gas."""
    half = hours.with_columns(pl.col("gas_kwh") / 2)
    return pl.concat([half, half.with_columns(pl.col("interval_start_utc") + HALF)])
