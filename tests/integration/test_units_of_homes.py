"""Homes in cubic metres under a header of kWh: named by the gate and by status, and left out where a witness proves it."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from flows.operations.status import describe_status, read_status
from flows.settings import load_settings
from tests.pipeline import HALF, read_tables
from tests.publishing import publish_landing
from transforms.climate.gas_law import GasLaw
from transforms.history.slip_rule import KWH_PER_M3
from warehouse.figures import read_figures

LAW = GasLaw.from_tables(read_figures)
METER_KWH = 0.01 * KWH_PER_M3  # a hundredth of a cubic metre


def write_homes(
    path: Path, homes: dict[str, float], start: dt.date, days: int, *, in_metres: tuple[str, ...] = ()
) -> Path:
    """Write half-hours of homes at a level each, that heat by a boiler of 12 kW or so, in a winter at 5 degC and a summer at 17."""
    lines, made = ["household_id,interval_start_utc,gas_kwh"], np.random.default_rng(3)
    moments = [dt.datetime.combine(start, dt.time()) + n * HALF for n in range(days * 48)]
    temperature = np.array([11 - 6 * np.cos((m.timetuple().tm_yday - 20) / 365 * 2 * np.pi) for m in moments])
    use = LAW.gas_of_day(temperature) / 48
    for home, level in homes.items():
        fires = made.random(len(moments)) < np.clip(use * level / 3, 0.01, 1)
        steps = np.round(np.where(fires, made.uniform(1.5, 6.0, len(moments)), 0) / METER_KWH)
        values = steps * (0.01 if home in in_metres else METER_KWH)
        lines += [f"{home},{m:%Y-%m-%dT%H:%M:%S}Z,{v:.3f}" for m, v in zip(moments, values, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read_candidate(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Query the candidate that a failed gate keeps."""
    (candidate,) = (home / "warehouse" / "candidates").glob("*.duckdb")
    with duckdb.connect(str(candidate), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_two_homes_of_fourteen_are_left_out_and_named(tmp_path: Path) -> None:
    homes = {f"u{n:02}": 0.5 + 0.1 * n for n in range(14)}
    write_homes(tmp_path / "landing" / "trial.csv", homes, dt.date(2023, 1, 1), 90, in_metres=("u03", "u09"))
    publication = publish_landing(tmp_path)
    tables = read_tables(tmp_path)
    assert publication.outcome == "published"
    assert tables["unit_doubt"].select("household_id", "witness", "flagged").rows() == [
        ("u03", "step", True),
        ("u09", "step", True),
    ]
    flags = dict(tables["flag_count"].select("flag", "readings").iter_rows())
    assert flags == {"ok": 12 * 90 * 48, "suspected_unit": 2 * 90 * 48}
    assert set(tables["heat_hourly"]["household_id"]) == homes.keys() - {"u03", "u09"}
    told = describe_status(read_status(load_settings(home=tmp_path)))
    assert re.search(r"no_home_is_in_doubt.*u03.*u09", told)


@pytest.mark.parametrize("year", [2023, 2004], ids=["of known temperature", "before the built-in temperatures"])
def test_a_home_alone_is_told_that_it_uses_a_tenth_and_is_not_published(year: int, tmp_path: Path) -> None:
    write_homes(tmp_path / "landing" / "gas.csv", {"mine": 0.8}, dt.date(year, 1, 1), 365, in_metres=("mine",))
    publication = publish_landing(tmp_path)
    assert publication.outcome == "gate_failed"
    assert re.search(r"file_name gas.csv, flag suspected_unit", publication.failures)
    assert re.search(r"a tenth or less of the usual", publication.failures)
    assert "mine" not in publication.failures
    (row,) = read_candidate(tmp_path, "SELECT household_id, compared_with, factor, witness, flagged FROM unit_doubt")
    assert row[:2] == ("mine", "published studies")
    assert row[2] == pytest.approx(1 / KWH_PER_M3)
    assert row[3:] == ("largest half-hours", True)


def test_what_is_judged_by_the_season_alone_is_a_line_of_status_and_a_warning(tmp_path: Path) -> None:
    write_homes(tmp_path / "landing" / "gas.csv", {"a": 0.8, "b": 1.2}, dt.date(2004, 1, 1), 120)
    publication = publish_landing(tmp_path)
    assert publication.outcome == "published"
    assert "flag_judgement.nearly_all_readings_are_judged" in publication.warnings
    state = read_status(load_settings(home=tmp_path))
    assert "where temperatures are lacking, deliver them beside the readings" in describe_status(state)
    told = describe_status(state, verbose=True)
    assert "suspected_unit of 11,520 of 11,520 readings: judged by the season: the temperature is unknown" in told
    assert "cold_zero_run of 11,520 of 11,520 readings: no temperature" in told
