"""A corrected delivery supersedes by the declared order: only its months are built anew, and the ledger shows both."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from flows.pipeline.candidate import list_sources
from flows.pipeline.content import read_current_inputs
from flows.pipeline.history import make_digests
from flows.pipeline.ingest_decisions import FeedOptions
from flows.pipeline.months import make_months
from tests.landing_files import deliver, edrp_lines, half_hours, ingest, options
from transforms.tables.lineage import FLAG_COUNT, SUSPECT_SPAN
from warehouse.cost_figures import read_assumptions
from warehouse.lake import Lake

JUNE_AND_JULY = edrp_lines(half_hours(["7", "9"], dt.date(2009, 6, 30), 2))
LATE_JULY = edrp_lines(half_hours(["7", "9"], dt.date(2009, 7, 20), 2))
OTHERS = half_hours(["7"], dt.date(2009, 7, 1), 1).with_columns(pl.col("gas_kwh") + 1)  # not what came before
BY_DATE = options(feeds={"edrp/a": FeedOptions(delivery_pattern=r"gas_(?P<delivery_date>\d{8})")})


def months(home: Path) -> dict[str, str]:
    """Return the fingerprint of each month's unit."""
    inputs = read_current_inputs(Lake(home / "lake"), read_assumptions())
    months = make_months(make_digests(inputs), SUSPECT_SPAN.empty(), inputs.boiler_efficiency)
    return {unit.key_value: unit.fingerprint for unit in months}


def ledger(home: Path) -> list[tuple[str, int, str, bool]]:
    """Return the ledger's rows: file, readings, outcome, whether superseded; the old before the new."""
    sources = list_sources(read_current_inputs(Lake(home / "lake"), read_assumptions()))
    return sources.sort("ingested_at_utc").select("file_name", "readings", "outcome", "superseded").rows()


def flags(home: Path) -> dict[str, dict[str, int]]:
    """Build every month and return the readings of each source by flag, sources by delivered readings."""
    lake = Lake(home / "lake")
    inputs = read_current_inputs(lake, read_assumptions())
    digests = make_digests(inputs)
    units = make_months(digests, SUSPECT_SPAN.empty(), inputs.boiler_efficiency)
    for unit in (*digests, *units):
        unit.work(lake)
    counted = pl.concat([lake.read(unit.key(FLAG_COUNT)) for unit in units])
    names = {m.source_id: f"{m.file_name}, {m.readings}" for m in inputs.manifests}
    found: dict[str, dict[str, int]] = {}
    for source, flag, readings in counted.group_by("source_id", "flag").agg(pl.col("readings").sum()).iter_rows():
        found.setdefault(names[source], {})[flag] = readings
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Return the months whose unit is another."""
    return {month for month in before | after if before.get(month) != after.get(month)}


def test_new_content_at_the_same_path_takes_the_place_of_the_old_and_both_stand_in_the_ledger(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "gas.csv", LATE_JULY)
    deliver(tmp_path / "landing", "other.csv", JUNE_AND_JULY[:96])
    ingest(tmp_path)
    before = months(tmp_path)
    deliver(tmp_path / "landing", "gas.csv", LATE_JULY[:100])
    ingest(tmp_path)
    assert changed(before, months(tmp_path)) == {"2009-07"}
    assert [row for row in ledger(tmp_path) if row[0] == "gas.csv"] == [
        ("gas.csv", 192, "accepted", True),
        ("gas.csv", 100, "accepted", False),
    ]
    found = flags(tmp_path)
    assert (found["gas.csv, 192"], found["gas.csv, 100"]) == ({"superseded": 192}, {"ok": 100})


def test_a_later_delivery_date_replaces_what_it_names_and_both_stand_in_the_ledger(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "a/gas_20090702.csv", JUNE_AND_JULY)
    ingest(tmp_path, BY_DATE)
    before = months(tmp_path)
    deliver(tmp_path / "landing", "a/gas_20090801.csv", edrp_lines(OTHERS))
    ingest(tmp_path, BY_DATE)
    assert changed(before, months(tmp_path)) == {"2009-07"}
    assert ledger(tmp_path) == [
        ("a/gas_20090702.csv", 192, "accepted", False),
        ("a/gas_20090801.csv", 48, "accepted", False),
    ]
    assert flags(tmp_path) == {
        "a/gas_20090702.csv, 192": {"ok": 144, "superseded": 48},
        "a/gas_20090801.csv, 48": {"ok": 48},
    }


def test_without_a_declared_order_a_second_opinion_is_a_conflict_and_replaces_nothing(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "a/gas_20090702.csv", JUNE_AND_JULY)
    deliver(tmp_path / "landing", "a/gas_20090801.csv", edrp_lines(OTHERS))
    ingest(tmp_path)
    assert flags(tmp_path) == {
        "a/gas_20090702.csv, 192": {"ok": 144, "duplicate_conflict": 48},
        "a/gas_20090801.csv, 48": {"duplicate_conflict": 48},
    }
