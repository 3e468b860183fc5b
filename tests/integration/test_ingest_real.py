"""Ingest of a real home's file; collected only where the reference data stand beside the project."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from tests.landing_files import ingest, is_accounted_for, options, read_readings

REAL_GAS = Path(__file__).parents[3] / "shared" / "reference" / "real_gas"
HOMES = sorted(REAL_GAS.glob("uk_octopus_smets2_home_2023-24_halfhourly_m3.csv"))

if HOMES:

    @pytest.mark.parametrize("path", HOMES, ids=lambda path: path.name)
    def test_a_real_home_has_17855_ok_readings_and_10672_kwh(tmp_path: Path, path: Path) -> None:
        (tmp_path / "landing").mkdir()
        shutil.copy(path, tmp_path / "landing")
        (manifest,) = ingest(tmp_path, options(run_date=dt.date(2026, 1, 1))).values()
        assert is_accounted_for(manifest)
        assert (manifest.line_flags, manifest.rejects, len(manifest.months)) == ({"ok": 17855}, 0, 13)
        readings = read_readings(tmp_path, manifest)
        assert round(readings["gas_kwh"].sum()) == 10672
        span = manifest.last_interval_utc - manifest.first_interval_utc
        assert span / dt.timedelta(minutes=30) + 1 - len(readings) == 49  # half-hours that its supplier lost
        assert readings["interval_start_utc"].n_unique() == len(readings)
