"""Files of a landing folder: which are read, whatever they are packed in, and which are refused or not used."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from flows.pipeline.ingest import OUT_OF_MEMORY, plan_ingest
from tests.landing_files import CLEAN, DAY, HEADER, LINES, deliver, ingest, is_accounted_for, options, read_readings
from warehouse.lake import Lake
from warehouse.landing import POSSIBLE_SUFFIXES, SUFFIXES
from warehouse.manifest import read_manifests


def as_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame where a delivery is expected."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "an empty file": ("x.csv", b"", "empty"),
    "a blank file": ("x.csv", b"\n \r\n\xef\xbb\xbf\n", "empty"),
    "a binary file": ("x.csv", b"ANON\x00_ID\x01\x02\x03" * 99, "binary"),
    "a workbook under another name": ("x.csv", b"PK\x03\x04" + b"\x00" * 99, "truncated or damaged: it can be read neither as a workbook"),
    "an unknown header": ("x.csv", b"a,b,c\n1,2,3\n", "unknown header of 3 columns: none is of a known format"),
    "no header": ("x.csv", "\n".join(LINES).encode(), "unknown header of 4 columns: none is of a known format"),
    "electricity": ("x.csv", CLEAN.replace("GASKWH", "ELECKWH").encode(), "electricity readings"),
    "a header alone": ("x.csv", f"{HEADER}\n".encode(), "no reading in its 1 lines (0 rejects)"),
    "nothing but rejects": (
        "x.csv", f"{HEADER}\n1,x,1,0\n".encode(), "no reading in its 2 lines (1 rejects, line 2 first: unparseable stamp; a stamp of `edrp` is written as",
    ),
    "a truncated gzip file": ("x.csv.gz", gzip.compress(CLEAN.encode() * 50)[:-20], "truncated"),
    "a truncated zstandard file": ("x.csv.zst", zstandard.compress(CLEAN.encode() * 50)[:-20], "truncated"),
    "a damaged gzip file": ("x.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 64, "truncated or damaged"),
    "a truncated parquet file": ("x.parquet", b"PAR1" + b"\x15\x04" * 200, "truncated or damaged"),
    "another table halfway": (
        "x.csv", f"{CLEAN}household_id,interval_start_utc,gas_kwh\n".encode(), "line 98 is the header of another table",
    ),
    "a line without end": ("x.csv", b"ANON_ID" * 20_000, "no line ends within its first 65536 bytes"),
    "a household table without homes": ("x.csv", b"household_id,dwelling_type\n,flat\n", "no usable row in its 2 lines"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_by_name_and_the_rest_goes_on(tmp_path: Path, case: str) -> None:
    name, content, reason = REFUSED[case]
    deliver(tmp_path / "landing", "good.csv", LINES)
    (tmp_path / "landing" / name).write_bytes(content)
    manifests = ingest(tmp_path)
    assert manifests["good.csv"].outcome == "accepted"
    assert manifests[name].outcome == "refused"
    assert (manifests[name].reason or "").startswith(reason)
    assert manifests[name].months == {}
    assert is_accounted_for(manifests[name])
    assert not plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", options()).works  # once is enough


def test_a_parquet_file_cut_short_is_refused_and_read_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "landing" / "x.parquet"
    as_parquet(DAY, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-50])
    assert "truncated" in (ingest(tmp_path)["x.parquet"].reason or "")
    path.write_bytes(whole)
    ingest(tmp_path)
    manifests = read_manifests(Lake(tmp_path / "lake"))
    assert sorted((m.outcome, m.paths[0].revision) for m in manifests) == [("accepted", 2), ("refused", 1)]


def test_what_is_no_delivery_is_named_with_its_reason_and_no_error(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    truth = DAY.with_columns(fault=pl.lit("none"))
    as_parquet(truth, landing / "truth.parquet")
    (landing / "README.txt").write_text("What stands where.\n", encoding="utf-8")
    for name in (
        "notes.odt",
        "old.xls",
        "packed.tar.gz",
        ".hidden.csv",
        "gas.csv.part",
        "gas.csv.tmp",
        "sub/.git/x.csv",
    ):
        deliver(landing, name, LINES)
    (landing / "gone.csv").symlink_to(landing / "nowhere.csv")
    plan = plan_ingest(Lake(tmp_path / "lake"), landing, options())
    assert plan.works == ()
    assert dict(plan.unused) == {
        "truth.parquet": "the truth of a sample, not a delivery",
        "README.txt": "no delivery: unknown header of 1 columns: none is of a known format; `hearth formats` lists what is known (no "
        "delimiter)",
        "notes.odt": f"not one of {', '.join((*SUFFIXES, *POSSIBLE_SUFFIXES))}, .zip",
        "old.xls": "a workbook of a kind that is not read: save it as .xlsx or .csv",
        "packed.tar.gz": "packed in a way that is not read: unpack it, or pack it as .zip",
        ".hidden.csv": "hidden",
        "sub/.git/x.csv": "hidden",
        "gas.csv.part": "still being delivered, by its name",
        "gas.csv.tmp": "still being delivered, by its name",
        "gone.csv": "cannot be opened: No such file or directory",
    }


def test_a_landing_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    plan = plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", options())
    assert (plan.works, plan.unchanged, plan.waiting, plan.unused) == ((), 0, (), ())


def test_a_file_waits_until_it_has_been_quiet(tmp_path: Path) -> None:
    path = deliver(tmp_path / "landing", "gas.csv", LINES)
    lake, patient = Lake(tmp_path / "lake"), options(quiet_seconds=60)
    plan = plan_ingest(lake, tmp_path / "landing", patient)
    assert (plan.works, plan.waiting) == ((), ("gas.csv",))
    os.utime(path, (time.time() - 61, time.time() - 61))
    assert [work.name for work in plan_ingest(lake, tmp_path / "landing", patient).works] == ["gas.csv"]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gas.csv", bytes),
        ("gas.CSV", lambda raw: b"\xef\xbb\xbf" + raw),
        ("crlf.csv", lambda raw: raw.replace(b"\n", b"\r\n")),
        ("utf16.csv", lambda raw: raw.decode().encode("utf-16")),
        ("old_mac.csv", lambda raw: raw.replace(b"\n", b"\r")),
        ("gas.csv.gz", gzip.compress),
        ("twice.csv.gz", lambda raw: gzip.compress(raw[:900]) + gzip.compress(raw[900:])),
        ("gas.csv.zst", zstandard.compress),
        ("twice.csv.zst", lambda raw: zstandard.compress(raw[:900]) + zstandard.compress(raw[900:])),
        ("misnamed.csv", gzip.compress),
    ],
)
def test_the_packing_of_a_file_does_not_change_its_readings(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / name).write_bytes(pack(CLEAN.encode()))
    manifest = ingest(tmp_path)[name]
    assert (manifest.outcome, manifest.lines, manifest.header_lines) == ("accepted", 97, 1)
    assert is_accounted_for(manifest)
    assert read_readings(tmp_path, manifest).select(DAY.columns).equals(DAY)


@pytest.mark.parametrize("moment", [pl.Datetime("ms"), pl.Datetime("ns", "Europe/London"), pl.String])
def test_our_own_format_comes_as_text_and_as_parquet(tmp_path: Path, moment: pl.DataType) -> None:
    landing = tmp_path / "landing"
    deliver(landing, "a.csv", DAY.write_csv(include_header=False).splitlines(), header=",".join(DAY.columns))
    start = pl.col("interval_start_utc")
    zoned = start.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London")
    typed = zoned.cast(moment) if getattr(moment, "time_zone", None) else start.cast(moment)
    ids = DAY.with_columns(pl.col("household_id").cast(pl.Int64), interval_start_utc=typed)
    as_parquet(ids.select("gas_kwh", "household_id", "interval_start_utc"), landing / "b.parquet")
    manifests = ingest(tmp_path)
    for name in ("a.csv", "b.parquet"):
        assert (manifests[name].format, manifests[name].clock, manifests[name].readings) == ("canonical", "utc", 96)
        assert read_readings(tmp_path, manifests[name]).select(DAY.columns).equals(DAY)
    assert manifests["b.parquet"].lines == 96


def test_an_empty_parquet_file_is_refused(tmp_path: Path) -> None:
    as_parquet(DAY.clear(), tmp_path / "landing" / "x.parquet")
    assert ingest(tmp_path)["x.parquet"].reason == "no reading in its 0 lines (0 rejects)"


def test_a_file_read_through_a_link_is_known_by_where_it_lies(tmp_path: Path) -> None:
    deliver(tmp_path, "elsewhere/csv/gas.csv", LINES)
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "trial").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    manifest = ingest(tmp_path)["trial/csv/gas.csv"]
    assert manifest.paths[0].path == str((tmp_path / "elsewhere" / "csv" / "gas.csv").resolve())
    assert manifest.feed == "edrp/trial"


@pytest.mark.parametrize("place", ["read_readings", "open_delivery"])
def test_a_file_that_met_too_little_memory_is_read_by_the_next_run(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(tmp_path / "landing", "gas.csv", LINES)

    def ask_for_too_much(*_asked: object) -> None:
        raise MemoryError

    with monkeypatch.context() as short:
        short.setattr(f"flows.pipeline.ingest.{place}", ask_for_too_much)
        manifest = ingest(tmp_path)["gas.csv"]
    assert (manifest.outcome, manifest.reason) == ("refused", OUT_OF_MEMORY)
    assert ingest(tmp_path)["gas.csv"].outcome == "accepted"
    assert not plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", options()).works
