"""Ingest of a landing folder: what it makes of files, and that no line is lost."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.pipeline.ingest import ingest_file, plan_ingest
from tests.landing_files import CLEAN, DAY, HEADER, LINES, deliver, ingest, is_accounted_for, options, read_readings
from transforms.readings.declaration import GasConversion
from warehouse.lake import Lake
from warehouse.landing import ChangedFileError
from warehouse.manifest import read_manifests, superseded_sources
from warehouse.reading_objects import NO_MONTH


def test_a_delivered_reading_can_be_followed_from_its_line_to_the_lake(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "supplier_a/gas.csv", LINES)
    manifest = ingest(tmp_path)["supplier_a/gas.csv"]
    assert (manifest.outcome, manifest.format, manifest.feed) == ("accepted", "edrp", "edrp/supplier_a")
    assert (manifest.lines, manifest.header_lines, manifest.readings) == (97, 1, 96)
    assert manifest.households == ("12", "7")
    assert manifest.months.keys() == manifest.month_readings.keys() == {"2009-06"}
    assert manifest.first_interval_utc == dt.datetime(2009, 6, 1)
    assert manifest.last_interval_utc == dt.datetime(2009, 6, 1, 23, 30)
    found = read_readings(tmp_path, manifest)
    assert found["line"].to_list() == list(range(2, 98))
    assert found.select(DAY.columns).equals(DAY)
    assert manifest.line_flags == {"ok": 96}


def test_the_same_landing_twice_is_nothing_to_do_and_hashes_no_file(tmp_path: Path) -> None:
    path = deliver(tmp_path / "landing", "gas.csv", LINES)
    ingest(tmp_path)
    stat = path.stat()
    path.write_bytes(path.read_bytes().replace(b"0.001", b"0.002"))  # other content, same size and time: not looked at
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    plan = plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", options())
    assert (plan.works, plan.unchanged) == ((), 1)


def test_a_file_that_changes_before_it_is_read_is_left_for_the_next_run(tmp_path: Path) -> None:
    path = deliver(tmp_path / "landing", "gas.csv", LINES)
    lake = Lake(tmp_path / "lake")
    (work,) = plan_ingest(lake, tmp_path / "landing", options()).works
    path.write_text(CLEAN + LINES[0], encoding="utf-8")
    with pytest.raises(ChangedFileError, match=r"gas\.csv changed"):
        ingest_file(lake, work, options())
    assert read_manifests(lake) == []


def test_rejects_keep_line_text_and_reason(tmp_path: Path) -> None:
    lines = [
        LINES[0],
        "12,??JUN09:00:30:00,2,0.1",
        LINES[1],
        "",
        HEADER.lower(),
        "12,01JUN09:01:00:00,3,ERR",
        *LINES[3:],
    ]
    deliver(tmp_path / "landing", "gas.csv", lines)
    manifest = ingest(tmp_path)["gas.csv"]
    assert (manifest.header_lines, manifest.blank_lines, manifest.rejects) == (2, 1, 2)
    assert is_accounted_for(manifest)
    assert Lake(tmp_path / "lake").read(manifest.rejects_key or "").rows() == [
        (3, "12,??JUN09:00:30:00,2,0.1", "unparseable stamp"),
        (7, "12,01JUN09:01:00:00,3,ERR", "unparseable value"),
    ]


def test_flagged_readings_keep_their_row_and_a_bad_time_belongs_to_no_month(tmp_path: Path) -> None:
    bad = ["1,01JUN99:00:00:00,1,0.5", "1,01JUN09:00:07:00,1,0.5", "1,01JUN09:00:30:00,2,-1", "1,01JUN09:01:00:00,3,16777.215",
           "1,01JUN09:01:30:00,4,90", "1,01JUN09:02:00:00,5,50"]  # fmt: skip
    deliver(tmp_path / "landing", "gas.csv", bad)
    manifest = ingest(tmp_path)["gas.csv"]
    assert manifest.line_flags == dict.fromkeys(
        ["bad_time", "negative", "off_grid", "ok", "sentinel_max", "very_high"], 1
    )
    assert manifest.counted["above_meter_rating"] == 1
    assert manifest.month_readings == {NO_MONTH: 1, "2009-06": 5}
    assert read_readings(tmp_path, manifest)["flag"].to_list() == [
        "bad_time", "off_grid", "negative", "sentinel_max", "very_high", "ok",
    ]  # fmt: skip


def test_a_changed_threshold_reads_the_file_again_and_nothing_else_does(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "gas.csv", ["1,01JUN09:00:30:00,2,60"])
    assert ingest(tmp_path)["gas.csv"].line_flags == {"ok": 1}
    strict = options()
    strict = options(thresholds=type(strict.thresholds)(very_high_kwh=50))
    after = ingest(tmp_path, strict)["gas.csv"]
    assert after.line_flags == {"very_high": 1}
    assert after.parameters["very_high_kwh"] == 50
    later = options(thresholds=strict.thresholds, run_date=dt.date(2013, 1, 1))
    assert not plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", later).works


def test_a_file_that_grows_supersedes_what_it_was(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    deliver(landing, "gas.csv", LINES[:48])
    ingest(tmp_path)
    deliver(landing, "gas.csv", LINES)
    ingest(tmp_path)
    manifests = read_manifests(Lake(tmp_path / "lake"))
    assert sorted((m.paths[0].revision, m.readings) for m in manifests) == [(1, 48), (2, 96)]
    assert superseded_sources(manifests) == {m.source_id for m in manifests if m.readings == 48}


def test_a_path_that_returns_to_old_content_makes_the_old_source_the_newest(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    for lines in (LINES[:48], LINES, LINES[:48]):
        deliver(landing, "gas.csv", lines)
        ingest(tmp_path)
    manifests = read_manifests(Lake(tmp_path / "lake"))
    assert sorted((m.paths[0].revision, m.readings) for m in manifests) == [(2, 96), (3, 48)]
    assert superseded_sources(manifests) == {m.source_id for m in manifests if m.readings == 96}


def test_a_copy_at_a_second_path_is_one_source_with_two_paths_whichever_came_first(tmp_path: Path) -> None:
    states = []
    for order in (("a.csv", "sub/b.csv"), ("sub/b.csv", "a.csv")):
        home = tmp_path / order[0].replace("/", "_")
        for name in order:
            deliver(home / "landing", name, LINES)
            ingest(home)
        (manifest,) = read_manifests(Lake(home / "lake"))
        assert [Path(place.path).name for place in manifest.paths] == ["a.csv", "b.csv"]
        states.append((manifest.file_name, manifest.feed, manifest.months))
    assert states[0] == states[1] == ("a.csv", "edrp/.", states[0][2])


def test_two_copies_that_arrive_together_are_one_piece_of_work(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "a.csv", LINES)
    deliver(tmp_path / "landing", "b.csv", LINES)
    plan = plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", options())
    assert [work.name for work in plan.works] == ["a.csv"]
    assert [place.revision for place in plan.works[0].paths] == [1, 1]


def test_a_file_that_was_only_touched_is_not_read_again(tmp_path: Path) -> None:
    path = deliver(tmp_path / "landing", "gas.csv", LINES)
    before = ingest(tmp_path)["gas.csv"]
    os.utime(path, ns=(1, 1))
    after = ingest(tmp_path)["gas.csv"]
    assert (after.ingested_at_utc, after.months) == (before.ingested_at_utc, before.months)
    assert (after.paths[0].mtime_ns, after.paths[0].revision) == (1, 1)


def test_a_killed_ingest_leaves_nothing_that_counts_and_the_next_one_finishes(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "gas.csv", LINES)
    whole = ingest(tmp_path)["gas.csv"]
    lake = Lake(tmp_path / "lake")
    lake.path(f"sources/{whole.source_id}.json").unlink()  # what a kill before the last write leaves
    again = ingest(tmp_path)["gas.csv"]
    assert again.months == whole.months
    assert read_readings(tmp_path, again).select(DAY.columns).equals(DAY)


def test_the_table_of_households_and_of_temperatures_come_first(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    deliver(landing, "a_gas.csv", LINES)
    deliver(landing, "b_temperature.csv", ["2009-06-01,14.2"], header="date,temperature_mean_c")
    deliver(landing, "c_households.csv", ["12,flat", "7,castle"], header="household_id,dwelling_type")
    plan = plan_ingest(Lake(tmp_path / "lake"), landing, options())
    assert [work.kind for work in plan.works] == ["households", "temperature", "readings"]
    manifests, lake = ingest(tmp_path), Lake(tmp_path / "lake")
    homes = manifests["c_households.csv"]
    assert (homes.households, homes.counted, homes.readings) == (("12", "7"), {"dwelling_type_unknown": 1}, 2)
    assert lake.read(homes.table_key or "")["dwelling_type"].to_list() == ["flat", "unknown"]
    assert len(lake.read(manifests["b_temperature.csv"].table_key or "")) == 24
    assert all(is_accounted_for(manifest) for manifest in manifests.values())


line = st.one_of(
    st.sampled_from(LINES),
    st.sampled_from([HEADER, f'"{HEADER.lower()}"', "", " \t", "12,01JUN09:00:00:00,1", "é,x", ",,,", "1,2,3,4,5"]),
    st.builds("9,01{}09:00:00:00,{},{}".format, st.sampled_from(["JUN", "jul", "XXX"]), st.integers(0, 50),
              st.sampled_from(["0.1", "-1", "1e9", "", "NaN"])),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(line, min_size=1, max_size=60), st.sampled_from(["\n", "\r\n"]), st.integers(40, 400))
def test_no_line_is_lost_and_blocks_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], line_end: str, block_bytes: int
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "landing").mkdir()
    (home / "landing" / "gas.csv").write_bytes(line_end.join([HEADER, *lines]).encode())
    whole = ingest(home)["gas.csv"]
    assert is_accounted_for(whole)
    assert whole.lines == 1 + len(lines) - (lines[-1] == "")
    assert sum(whole.line_flags.values()) == sum(whole.month_readings.values()) == whole.readings
    other = home / "other"
    (other / "landing").mkdir(parents=True)
    (other / "landing" / "gas.csv").write_bytes((home / "landing" / "gas.csv").read_bytes())
    cut = ingest(other, options(block_bytes=block_bytes))["gas.csv"]
    same = {"lines", "header_lines", "blank_lines", "readings", "rejects", "line_flags", "month_readings", "stamp_basis",
            "outcome", "reason", "counted", "households", "first_interval_utc", "last_interval_utc"}  # fmt: skip
    assert cut.model_dump(include=same) == whole.model_dump(include=same)
    assert read_readings(other, cut).equals(read_readings(home, whole))


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_shuffled_lines_give_the_same_readings(tmp_path_factory: pytest.TempPathFactory, random: object) -> None:
    home = tmp_path_factory.mktemp("home")
    shuffled = list(LINES)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    deliver(home / "landing", "gas.csv", shuffled)
    found = read_readings(home, ingest(home)["gas.csv"]).select(DAY.columns)
    assert found.sort("household_id", "interval_start_utc").equals(DAY.sort("household_id", "interval_start_utc"))


OCTOPUS = """Consumption (m³), Start, End
0.000, 2023-10-29T00:30:00+01:00, 2023-10-29T01:00:00+01:00
0.123, 2023-10-29T01:00:00+01:00, 2023-10-29T01:30:00+01:00
0.200, 2023-10-29T01:30:00+01:00, 2023-10-29T01:00:00+00:00
0.300, 2023-10-29T01:00:00+00:00, 2023-10-29T01:30:00+00:00
0.948, 2023-10-29T01:30:00+00:00, 2023-10-29T02:00:00+00:00
"""


def test_a_home_of_todays_meters_is_read_over_the_change_of_the_clock(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "my home.csv").write_text(OCTOPUS, encoding="utf-8")
    manifest = ingest(tmp_path, options(run_date=dt.date(2024, 6, 1)))["my home.csv"]
    readings = read_readings(tmp_path, manifest)
    hours = pl.Series(["23:30", "00:00", "00:30", "01:00", "01:30"])
    assert readings["interval_start_utc"].dt.strftime("%H:%M").to_list() == hours.to_list()
    assert readings["gas_kwh"].sum() == pytest.approx(1.571 * GasConversion().kwh_per_m3)
    assert manifest.line_flags == {"ok": 5}
    assert (manifest.households, manifest.clock_basis) == (("my home",), "each stamp carries its offset")
    assert manifest.parameters["volume_correction"] == 1.02264
