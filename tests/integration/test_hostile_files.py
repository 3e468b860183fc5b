"""Files that are broken, huge or hostile: named, contained, recorded; never a crash, never a hang, never the memory of the machine."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.pipeline import ingest_source
from flows.pipeline.ingest import ingest_file, plan_ingest
from tests.landing_files import CLEAN, DAY, HEADER, LINES, deliver, ingest, options, read_readings
from transforms.readings.parse import Parsed
from warehouse.lake import Lake
from warehouse.landing import ChangedFileError, Limits
from warehouse.manifest import read_manifests

MEGABYTE = 2**20


def write(tmp_path: Path, name: str, content: bytes) -> Path:
    """Write a delivery."""
    path = tmp_path / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def parquet(columns: dict[str, pa.Array], **options_of_writer: object) -> bytes:
    """Return a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options_of_writer)
    return sink.getvalue()


def own_columns(**changed: pa.Array) -> dict[str, pa.Array]:
    """Return the columns of our own format with some changed."""
    count = len(DAY)
    usual = {
        "household_id": pa.array(DAY["household_id"].to_list()),
        "interval_start_utc": pa.array(DAY["interval_start_utc"].to_list(), pa.timestamp("us")),
        "gas_kwh": pa.array(DAY["gas_kwh"].to_list()),
    }
    return {name: changed.get(name, column)[:count] for name, column in usual.items()}


def damaged_pages() -> bytes:
    """Return a Parquet file whose footer is whole and whose pages are not."""
    raw = bytearray(parquet(own_columns(), compression="NONE", use_dictionary=False))
    raw[4:600] = bytes(value ^ 0xA5 for value in raw[4:600])
    return bytes(raw)


def zipped(**members: bytes) -> bytes:
    """Return a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


BROKEN: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nothing": ("a.csv", lambda: b""),
    "noise": ("b.csv", lambda: bytes(range(256)) * 40),
    "a header alone": ("c.csv", f"{HEADER}\n".encode),
    "damaged pages": ("d.parquet", damaged_pages),
    "lists": ("e.parquet", lambda: parquet(own_columns(gas_kwh=pa.array([[0.1]] * len(DAY))))),
    "durations": ("f.parquet", lambda: parquet(own_columns(gas_kwh=pa.array([1] * len(DAY), pa.duration("s"))))),
    "bytes": ("g.parquet", lambda: parquet(own_columns(household_id=pa.array([b"\xff"] * len(DAY))))),
    "wide decimals": ("h.parquet", lambda: parquet(own_columns(gas_kwh=pa.array([1] * len(DAY), pa.decimal256(50, 2))))),
    "extreme dates": ("i.parquet", lambda: parquet(own_columns(interval_start_utc=pa.array([2**62] * len(DAY), pa.timestamp("us"))))),
    "an unknown zone": (
        "j.parquet", lambda: parquet(own_columns(interval_start_utc=pa.array([0] * len(DAY), pa.timestamp("us", "Mars/Base")))),
    ),
    "a cut archive": ("k.zip", lambda: zipped(gas__csv=CLEAN.encode())[:80]),
    "JSON that is cut": ("l.json", lambda: json.dumps([{"consumption": 1, "interval_start": "x", "interval_end": "y"}] * 9).encode()[:-5]),
    "JSON that is deep": ("m.json", lambda: b"[" * 100_000 + b"{"),
    "entities": ("n.xml", lambda: b'<!DOCTYPE a [<!ENTITY b "c">]><feed>&b;</feed>'),
    "a cut gzip": ("o.csv.gz", lambda: gzip.compress(CLEAN.encode() * 40)[:-9]),
    "many columns": ("p.csv", lambda: ",".join(f"c{n}" for n in range(30_000)).encode() + b"\nx\n" * 2_000),
    "a workbook that is none": ("q.xlsx", lambda: zipped(some__txt=b"x")),
    "other columns": ("r.csv", lambda: b"a;b;c\n1,5;2;3\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_with_words_recorded_and_stops_nothing(tmp_path: Path, case: str) -> None:
    name, make = BROKEN[case]
    deliver(tmp_path / "landing", "good.csv", LINES)
    write(tmp_path, name, make())
    lake, landing = Lake(tmp_path / "lake"), tmp_path / "landing"
    plan = plan_ingest(lake, landing, options())
    manifests = ingest(tmp_path)
    assert manifests["good.csv"].outcome == "accepted"
    told = {m.file_name: m.reason for m in manifests.values() if m.outcome == "refused"} | dict(plan.unused)
    assert any(told_name.startswith(name) and reason and len(reason) > 4 for told_name, reason in told.items()), told
    assert plan_ingest(lake, landing, options()).works == ()  # given up for good, until it changes


@pytest.mark.parametrize("around", [" {} ", "\u00a0{}", '"{}"', '="{}"', "{}\t", "{}\r"])
def test_an_id_is_the_same_home_whatever_its_file_is_packed_in(tmp_path: Path, around: str) -> None:
    ids = [around.format(name) for name in DAY["household_id"]]
    write(tmp_path, "p/a.parquet", parquet(own_columns(household_id=pa.array(ids))))
    lines = [f"{name},{rest.partition(',')[2]}" for name, rest in zip(ids, LINES, strict=True)]
    deliver(tmp_path / "landing", "c/a.csv", lines)
    write(tmp_path, "t/households.csv", f"household_id,dwelling_type\n{around.format('12')},flat\n".encode())
    homes = {name: set(m.households) for name, m in ingest(tmp_path).items()}
    assert homes == {"p/a.parquet": {"12", "7"}, "c/a.csv": {"12", "7"}, "t/households.csv": {"12"}}


# threads of Prefect, which other tests of the process start, may use `random` while a strategy draws
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(sorted(BROKEN)), min_size=1, max_size=10, unique=True))
def test_good_files_give_the_same_readings_whatever_stands_beside_them(
    tmp_path_factory: pytest.TempPathFactory, cases: list[str]
) -> None:
    home = tmp_path_factory.mktemp("home")
    deliver(home / "landing", "good.csv", LINES[:48])
    deliver(home / "landing", "sub/other.csv", LINES[48:])
    for case in cases:
        name, make = BROKEN[case]
        write(home, name, make())
    manifests = ingest(home)
    good = [manifests["good.csv"], manifests["sub/other.csv"]]
    found = pl.concat([read_readings(home, m) for m in good]).select(DAY.columns)
    assert found.sort(found.columns).equals(DAY.sort(found.columns))
    assert sorted(name for name, m in manifests.items() if m.outcome == "accepted") == ["good.csv", "sub/other.csv"]


def test_a_fault_of_our_own_in_one_file_is_that_files_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(tmp_path / "landing", "a.csv", LINES[:48])
    deliver(tmp_path / "landing", "b.csv", LINES[48:])

    parse = ingest_source.parse_text

    def fail(text: bytes, *rest: Any, **decided: Any) -> Parsed:
        if b"\n7," in text:
            raise pl.exceptions.PanicException("index out of bounds")
        return parse(text, *rest, **decided)

    monkeypatch.setattr(ingest_source, "parse_text", fail)
    manifests = ingest(tmp_path)
    assert manifests["a.csv"].outcome == "accepted"
    assert (manifests["b.csv"].outcome, manifests["b.csv"].detail) == ("refused", "index out of bounds")
    assert "given up: its content makes a library fail (PanicException)" in (manifests["b.csv"].reason or "")


def test_only_regular_files_are_opened_and_every_entry_is_named(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    deliver(landing, "good.csv", LINES)
    os.mkfifo(landing / "pipe.csv")
    (landing / "device.csv").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener, chdir(landing):
        listener.bind("socket.csv")
    (landing / "loop.csv").symlink_to(landing / "loop.csv")
    (landing / "sub").mkdir()
    for n in range(9):  # folders that are linked across
        (landing / f"f{n}").mkdir()
    for n in range(9):
        for m in range(9):
            (landing / f"f{n}" / f"l{m}").symlink_to(landing / f"f{m}", target_is_directory=True)
    deep = landing
    for _ in range(70):
        deep = deep / "d"
    deep.mkdir(parents=True)
    odd = os.fsencode(landing) + b"/caf\xe9\x1b[31m.csv"
    with open(odd, "wb") as file:  # noqa: PTH123 - a name that is no text
        file.write(CLEAN.encode())
    plan = plan_ingest(Lake(tmp_path / "lake"), landing, options())
    assert [work.name for work in plan.works] == ["good.csv"]
    told = dict(plan.unused)
    assert (
        told["pipe.csv"]
        == told["device.csv"]
        == told["socket.csv"]
        == "no regular file: a pipe, a device or a socket is not read"
    )
    assert told["loop.csv"].startswith("cannot be opened")
    assert "its name is not UTF-8" in told["caf\\xe9\\x1b[31m.csv"]
    assert any("more than 64 levels of folders" in reason for reason in told.values())
    json.dumps(plan.unused).encode("utf-8")  # a run's log can be written


if os.geteuid() != 0:  # root reads every folder

    def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
        deliver(tmp_path / "landing", "sub/x.csv", LINES)
        (tmp_path / "landing" / "sub").chmod(0)
        plan = plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", options())
        (tmp_path / "landing" / "sub").chmod(0o755)
        assert dict(plan.unused) == {"sub": "cannot be opened: Permission denied"}


@pytest.mark.parametrize(
    "pack", [gzip.compress, zstandard.compress, lambda raw: zipped(gas__csv=raw)], ids=["gzip", "zstd", "zip"]
)
def test_what_unpacks_to_too_much_is_given_up(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    name = "bomb.zip" if pack(b"").startswith(b"PK") else "bomb.csv"
    write(tmp_path, name, pack(CLEAN.encode() + b"\n" * (5 * MEGABYTE)))
    strict = options(limits=Limits(ratio=50, free_bytes=MEGABYTE))
    plan = plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", strict)
    told = [m.reason or "" for m in ingest(tmp_path, strict).values()] + [reason for _, reason in plan.unused]
    assert len(told) == 1
    assert "unpacks to more than" in told[0]


LIMITED = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_DATA, (4 * 2**30, 4 * 2**30))
"""
MEASURED = """
from tests.landing_files import ingest
(manifest,) = ingest(Path(sys.argv[1])).values()
said = f"{manifest.outcome} {manifest.reason}"
"""
PLANNED = """
from flows.pipeline.ingest import plan_ingest
from tests.landing_files import options
from warehouse.lake import Lake
root = Path(sys.argv[1])
plan = plan_ingest(Lake(root / "lake"), root / "landing", options())
(reason,) = {work.refusal for work in plan.works} | {reason for _, reason in plan.unused}
said = f"{sum(len(work.paths) for work in plan.works) + len(plan.unused)} {reason}"
"""
PEAK = """
# not getrusage: its highest is also that of the process that started this one
own = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(own["VmHWM"].split()[0]) // 1024, said)
"""


def long_id() -> bytes:
    """Return a Parquet file of one text of 8 MB that every row repeats."""
    count = 50_000
    ids = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array(["x" * (8 * MEGABYTE)]))
    moments = pa.array([n * 1800 for n in range(count)], pa.timestamp("s"))
    columns = {"household_id": ids, "interval_start_utc": moments, "gas_kwh": pa.array([0.1] * count)}
    return parquet(columns, compression="zstd")


HUNGRY: dict[str, tuple[str, Callable[[], bytes]]] = {
    "short lines": ("a.csv.gz", lambda: gzip.compress(f"{HEADER}\n".encode() + b"x\n" * (8 * MEGABYTE))),
    "one endless line": ("b.csv.zst", lambda: zstandard.compress(f"{HEADER}\n".encode() + b"x" * (300 * MEGABYTE))),
    "one long text in every row": ("c.parquet", long_id),
    "a household table of millions": (
        "d.csv.gz", lambda: gzip.compress(b"household_id,dwelling_type\n" + b"1234567890,detached\n" * (4 * MEGABYTE)),
    ),
    "100,000 columns": ("f.csv", lambda: ",".join([HEADER, *(f"c{n}" for n in range(100_000))]).encode() + b"\nx\n" * 2_000),
    "100,000 columns of Parquet": ("g.parquet", lambda: parquet(dict.fromkeys((*own_columns(), *(f"c{n}" for n in range(100_000))), pa.array([1])))),
    "100,000 names of JSON": ("h.json", lambda: json.dumps([{f"c{n}": n for n in range(100_000)}] * 4).encode()),
    "400 columns of short lines": ("e.csv", lambda: ",".join([HEADER, *(f"c{n}" for n in range(400))]).encode() + b"\nx" * MEGABYTE),
}  # fmt: skip


@pytest.mark.parametrize("case", HUNGRY)
def test_a_small_file_does_not_take_the_memory_of_the_machine(tmp_path: Path, case: str) -> None:
    name, make = HUNGRY[case]
    write(tmp_path, name, make())
    megabytes, outcome, reason = measure(tmp_path)
    assert megabytes < 1024
    assert (outcome, bool(reason)) == ("refused", True)


def measure(tmp_path: Path, code: str = "") -> tuple[int, str, str]:
    """Return the highest memory [MB] of a process of its own that takes the landing folder in, and what it said.

    A limit of the operating system keeps a fault from taking the memory of the machine.
    """
    done = subprocess.run(
        [sys.executable, "-c", LIMITED + (code or MEASURED) + PEAK, str(tmp_path)], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OPENBLAS_NUM_THREADS": "1"}, timeout=280,
    )  # fmt: skip
    megabytes, *said = done.stdout.split(maxsplit=2)
    return int(megabytes), said[0], said[1].strip()


def test_a_line_of_a_gigabyte_takes_bounded_memory_and_costs_no_reading(tmp_path: Path) -> None:
    path = write(tmp_path, "long.csv", f"{HEADER}\n{LINES[0]}\n".encode() + b"x" * MEGABYTE)
    os.truncate(path, 2**30)  # zeros that take no disk
    megabytes, outcome, _ = measure(tmp_path)
    assert megabytes < 1024
    assert outcome == "accepted"


def test_members_of_an_archive_that_overlap_are_counted_together(tmp_path: Path) -> None:
    raw = zipped(**{f"m{n:03}__csv": CLEAN.encode() + b"\n" * (MEGABYTE // 2) for n in range(20)})
    write(tmp_path, "bomb.zip", raw)
    strict = options(limits=Limits(ratio=50, free_bytes=MEGABYTE))
    (told,) = plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", strict).unused
    assert told[0] == "bomb.zip"
    assert "unpacks to more than" in told[1]
    assert len(plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", options()).works) == 1  # all the same content


def test_links_of_another_account_lead_nowhere_out_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing = tmp_path / "landing"
    deliver(landing, "sub/good.csv", LINES[:48])
    deliver(tmp_path / "private", "other.csv", LINES[48:])
    (landing / "within.csv").symlink_to(landing / "sub" / "good.csv")
    (landing / "out.csv").symlink_to(tmp_path / "private" / "other.csv")
    (landing / "folder").symlink_to(tmp_path / "private", target_is_directory=True)
    lake = Lake(tmp_path / "lake")
    followed = plan_ingest(lake, landing, options())
    assert {place.path for work in followed.works for place in work.paths} >= {str(tmp_path / "private" / "other.csv")}
    monkeypatch.setattr("warehouse.landing.own_accounts", set)
    plan = plan_ingest(lake, landing, options())
    assert {name for name, why in plan.unused if "a link of another account" in why} == {"out.csv", "folder"}
    assert {place.path for work in plan.works for place in work.paths} == {str(landing / "sub" / "good.csv")}


@pytest.mark.parametrize("change", ["grows", "shrinks"])
def test_a_file_that_changes_while_it_is_read_waits_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    path = deliver(tmp_path / "landing", "gas.csv", LINES)
    whole = path.read_bytes()
    real = ingest_source.parse_text

    def change_and_part(*given: Any, **named: Any) -> Parsed:
        path.write_bytes(whole + b"more\n" if change == "grows" else whole[:100])
        return real(*given, **named)

    lake = Lake(tmp_path / "lake")
    with monkeypatch.context() as patched:
        patched.setattr(ingest_source, "parse_text", change_and_part)
        (work,) = plan_ingest(lake, tmp_path / "landing", options(block_bytes=200)).works
        with pytest.raises(ChangedFileError, match="the next run takes it"):
            ingest_file(lake, work, options(block_bytes=200))
    assert read_manifests(lake) == []
    path.write_bytes(whole)
    assert ingest(tmp_path)["gas.csv"].readings == len(DAY)


def test_twenty_thousand_files_are_planned_in_bounded_time_and_memory(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    for n in range(20_000):
        (landing / f"{n}.csv").write_bytes(b"")
    megabytes, planned, reason = measure(tmp_path, PLANNED)
    assert megabytes < 1024
    assert (planned, reason) == ("20000", "empty")


def test_too_many_files_get_a_clear_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.landing.MOST_FILES", 3)
    for n in range(5):
        deliver(tmp_path / "landing", f"{n}.csv", LINES)
    told = dict(plan_ingest(Lake(tmp_path / "lake"), tmp_path / "landing", options()).unused)
    assert list(told) == ["3.csv"]
    assert "more than 3 files" in told["3.csv"]
