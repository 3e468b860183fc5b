"""What files decide together: stamps per file, clocks per feed, homes of files that name none; in any order."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import polars as pl
import pytest

from flows.pipeline.ingest import ingest_file, plan_ingest, settle_feeds
from flows.pipeline.ingest_decisions import FeedOptions
from tests.landing_files import deliver, edrp_lines, half_hours, ingest, options, read_readings
from warehouse.lake import Lake
from warehouse.manifest import Manifest, read_manifests

HOMES = ["1", "2", "3"]
SPRING, AUTUMN, SUMMER = dt.date(2009, 3, 28), dt.date(2009, 10, 24), dt.date(2009, 7, 1)
OCTOPUS = "Consumption (m³), Start, End"
OCTOPUS_LINES = ["0.1, 2023-04-04T01:00:00+01:00, 2023-04-04T01:30:00+01:00"]


def is_true(home: Path, manifest: Manifest, truth: pl.DataFrame) -> bool:
    """Say whether a source's readings in the lake are those that were measured."""
    found = read_readings(home, manifest).select(truth.columns)
    key = ["household_id", "interval_start_utc"]
    return found.sort(key).equals(truth.sort(key))


@pytest.mark.parametrize("first", [SPRING, AUTUMN, dt.date(2007, 3, 24), dt.date(2007, 10, 27), dt.date(2010, 10, 30)])
@pytest.mark.parametrize(("stamp", "clock"), list(itertools.product(("start", "end"), ("utc", "local"))))
def test_either_convention_and_either_clock_give_the_measured_half_hours(
    tmp_path: Path, first: dt.date, stamp: str, clock: str
) -> None:
    truth = half_hours(HOMES, first, 3)
    deliver(tmp_path / "landing", "gas.csv", edrp_lines(truth, stamp=stamp, clock=clock))
    manifest = ingest(tmp_path)["gas.csv"]
    assert (manifest.stamp, manifest.clock) == (stamp, clock)
    assert manifest.stamp_basis.startswith("HH agrees in ")
    assert manifest.clock_basis == "clock-change days of feed edrp/."
    assert is_true(tmp_path, manifest, truth)


def test_small_blocks_keep_the_order_of_the_repeated_hour(tmp_path: Path) -> None:
    truth = half_hours(HOMES, AUTUMN, 3).sort("interval_start_utc", "household_id")  # homes side by side
    deliver(tmp_path / "landing", "gas.csv", edrp_lines(truth, clock="local"))
    manifest = ingest(tmp_path, options(block_bytes=100))["gas.csv"]
    assert is_true(tmp_path, manifest, truth)


def test_a_file_too_short_to_tell_keeps_the_default_and_says_so(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "gas.csv", edrp_lines(half_hours(["1"], SUMMER, 1), stamp="end")[:20])
    manifest = ingest(tmp_path)["gas.csv"]
    assert (manifest.stamp, manifest.clock) == ("start", "utc")
    assert manifest.stamp_basis == "default of the format: HH of 20 of 20 rows decides nothing"
    assert manifest.clock_basis == "default of the format: no clock-change day of feed edrp/. decides"


def test_a_file_whose_half_hour_numbers_say_both_is_refused_unless_its_stamp_is_set(tmp_path: Path) -> None:
    truth = half_hours(HOMES, SUMMER, 4)
    lines = edrp_lines(truth[:96]) + edrp_lines(truth[96:192], stamp="end")
    deliver(tmp_path / "landing", "gas.csv", lines)
    assert (ingest(tmp_path)["gas.csv"].reason or "").startswith("contradicting HH: by 96 rows")
    manifest = ingest(tmp_path, options(feeds={"edrp/.": FeedOptions(stamp="start")}))["gas.csv"]
    assert (manifest.outcome, manifest.stamp, manifest.stamp_basis) == ("accepted", "start", "set for the feed")
    assert manifest.counted["hh_disagrees"] == 96
    assert ingest(tmp_path)["gas.csv"].outcome == "refused"  # nothing is set any more


def test_a_file_whose_beginning_misleads_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.pipeline.ingest_source.SAMPLE_BYTES", 2000)
    truth = half_hours(HOMES, SUMMER, 60)
    lines = edrp_lines(truth[:60]) + edrp_lines(truth[60:], stamp="end")
    deliver(tmp_path / "landing", "gas.csv", lines)
    manifest = ingest(tmp_path)["gas.csv"]
    assert (manifest.stamp, manifest.counted["hh_disagrees"]) == ("end", 60)
    assert Lake(tmp_path / "lake").keys("readings") == sorted(manifest.months.values())  # the first attempt left none


def test_a_feed_of_daily_files_keeps_the_clock_of_its_change_day_in_any_order(tmp_path: Path) -> None:
    truth = {f"{day:%Y%m%d}.csv": half_hours(HOMES, day, 2) for day in (SUMMER, dt.date(2009, 8, 1), AUTUMN)}
    states = []
    for n, order in enumerate(itertools.permutations(truth)):
        home = tmp_path / str(n)
        for name in order:
            deliver(home / "landing", f"a/{name}", edrp_lines(truth[name], clock="local"))
            manifests = ingest(home)
        assert all(is_true(home, manifests[f"a/{name}"], frame) for name, frame in truth.items())
        states.append(
            {name: (m.clock, m.clock_basis, m.decisions_fingerprint, m.months) for name, m in manifests.items()}
        )
    assert all(state == states[0] for state in states)


def test_feeds_are_parted_by_landing_subfolder(tmp_path: Path) -> None:
    truth = half_hours(HOMES, AUTUMN, 2)
    deliver(tmp_path / "landing", "a/gas.csv", edrp_lines(truth, clock="local"))
    deliver(tmp_path / "landing", "b/2009/gas.csv", edrp_lines(truth))
    manifests = ingest(tmp_path)
    assert {m.feed: m.clock for m in manifests.values()} == {"edrp/a": "local", "edrp/b": "utc"}
    assert all(is_true(tmp_path, manifest, truth) for manifest in manifests.values())


def test_a_later_file_that_decides_the_clock_sends_the_others_back_once(tmp_path: Path) -> None:
    truth, lake, landing = half_hours(HOMES, SUMMER, 1), Lake(tmp_path / "lake"), tmp_path / "landing"
    deliver(landing, "summer.csv", edrp_lines(truth, clock="local"))
    assert ingest(tmp_path)["summer.csv"].clock == "utc"
    deliver(landing, "autumn.csv", edrp_lines(half_hours(HOMES, AUTUMN, 2), clock="local"))
    (work,) = plan_ingest(lake, landing, options()).works
    ingest_file(lake, work, options())
    again = settle_feeds(lake, landing, options())
    assert sorted(work.name for work in again) == ["autumn.csv", "summer.csv"]
    for work in again:
        ingest_file(lake, work, options())
    assert settle_feeds(lake, landing, options()) == []
    manifests = {m.file_name: m for m in read_manifests(lake)}
    assert manifests["summer.csv"].clock == "local"
    assert is_true(tmp_path, manifests["summer.csv"], truth)


def test_a_source_whose_file_is_gone_stays_as_it_was_read_and_says_so(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "summer.csv", edrp_lines(half_hours(HOMES, SUMMER, 1), clock="local"))
    before = ingest(tmp_path)["summer.csv"]
    (tmp_path / "landing" / "summer.csv").unlink()
    deliver(tmp_path / "landing", "autumn.csv", edrp_lines(half_hours(HOMES, AUTUMN, 2), clock="local"))
    after = ingest(tmp_path)["summer.csv"]
    assert (after.clock, after.months) == ("utc", before.months)
    assert (
        after.clock_basis
        == "utc, as it was read before its landing file was gone; now: clock-change days of feed edrp/."
    )


def test_a_file_that_contradicts_its_feed_is_refused_until_the_clock_is_set(tmp_path: Path) -> None:
    truth = half_hours(HOMES, AUTUMN, 2)
    deliver(tmp_path / "landing", "a.csv", edrp_lines(truth))
    deliver(tmp_path / "landing", "b.csv", edrp_lines(half_hours(HOMES, SPRING, 2)))
    deliver(tmp_path / "landing", "wrong.csv", edrp_lines(half_hours(["9"], AUTUMN, 2), clock="local"))
    deliver(tmp_path / "landing", "summer.csv", edrp_lines(half_hours(HOMES, SUMMER, 1)))
    manifests = ingest(tmp_path)
    assert {name: m.outcome for name, m in manifests.items()} == {
        "a.csv": "accepted", "b.csv": "accepted", "summer.csv": "accepted", "wrong.csv": "refused",
    }  # fmt: skip
    assert "the other files of feed edrp/. keep UTC; here 25 Oct 2009" in (manifests["wrong.csv"].reason or "")
    assert manifests["wrong.csv"].months == {}
    assert not plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", options()).works
    forced = options(feeds={"edrp/.": FeedOptions(clock="utc")})
    assert {m.outcome for m in ingest(tmp_path, forced).values()} == {"accepted"}
    assert ingest(tmp_path)["wrong.csv"].outcome == "refused"


def test_a_divided_feed_is_a_named_error_for_the_files_that_divide_it(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "a.csv", edrp_lines(half_hours(HOMES, AUTUMN, 2)))
    deliver(tmp_path / "landing", "b.csv", edrp_lines(half_hours(HOMES, SPRING, 2), clock="local"))
    deliver(tmp_path / "landing", "summer.csv", edrp_lines(half_hours(HOMES, SUMMER, 1)))
    manifests = ingest(tmp_path)
    assert [manifests[name].outcome for name in ("a.csv", "b.csv", "summer.csv")] == ["refused", "refused", "accepted"]
    assert (manifests["a.csv"].reason or "").startswith("contradicting clock evidence: feed edrp/. is divided")
    (tmp_path / "landing" / "b.csv").unlink()
    parted = ingest(tmp_path, options(feeds={"edrp/.": FeedOptions(clock="utc")}))
    assert parted["a.csv"].outcome == "accepted"


def test_a_set_clock_and_a_set_stamp_hold(tmp_path: Path) -> None:
    truth = half_hours(HOMES, SUMMER, 1)
    deliver(tmp_path / "landing", "gas.csv", edrp_lines(truth, stamp="end", clock="local"))
    declared = FeedOptions(clock="local", stamp="end")
    manifest = ingest(tmp_path, options(feeds={"edrp/.": declared}))["gas.csv"]
    assert (manifest.clock_basis, manifest.stamp_basis) == ("set for the feed", "set for the feed")
    assert is_true(tmp_path, manifest, truth)


def test_the_home_of_a_file_that_names_none_is_set_or_the_only_one_or_the_files_name(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    deliver(landing, "my.home.csv.gz", OCTOPUS_LINES, header=OCTOPUS)  # the packing is told by content
    first = ingest(tmp_path)["my.home.csv.gz"]
    assert (first.households, first.id_basis) == (("my.home",), "the name of the file")
    deliver(landing, "households.csv", ["H1,flat"], header="household_id,dwelling_type")
    second = ingest(tmp_path)["my.home.csv.gz"]
    assert (second.households, second.id_basis) == (("H1",), "the only row of the household table")
    declared = {"octopus/.": FeedOptions(household_id="mine")}
    third = ingest(tmp_path, options(feeds=declared))["my.home.csv.gz"]
    assert (third.households, third.id_basis) == (("mine",), "set for the feed")
    deliver(landing, "households.csv", ["H1,flat", "H2,flat"], header="household_id,dwelling_type")
    assert ingest(tmp_path)["my.home.csv.gz"].households == ("my.home",)


def test_a_home_that_was_named_before_its_file_went_stays_and_says_so(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "home.csv", OCTOPUS_LINES, header=OCTOPUS)
    ingest(tmp_path)
    (tmp_path / "landing" / "home.csv").unlink()
    deliver(tmp_path / "landing", "households.csv", ["H1,flat"], header="household_id,dwelling_type")
    manifest = ingest(tmp_path)["home.csv"]
    assert manifest.households == ("home",)
    assert manifest.id_basis.startswith("home, as it was read before its landing file was gone; now: the only row")


def test_delivery_dates_come_from_the_declared_pattern_and_need_no_reading(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "a/gas_20090702.csv", edrp_lines(half_hours(["1"], SUMMER, 1)))
    before = ingest(tmp_path)["a/gas_20090702.csv"]
    pattern = {"edrp/a": FeedOptions(delivery_pattern=r"gas_(?P<delivery_date>\d{8})")}
    after = ingest(tmp_path, options(feeds=pattern))["a/gas_20090702.csv"]
    assert (before.delivery_date, after.delivery_date) == (None, dt.date(2009, 7, 2))
    assert after.ingested_at_utc == before.ingested_at_utc
    wrong = {"edrp/a": FeedOptions(delivery_pattern=r"gas_(\d{8})")}
    with pytest.raises(ValueError, match="has no group `delivery_date`"):
        ingest(tmp_path, options(feeds=wrong))
