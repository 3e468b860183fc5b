"""Files that appear whole: with the mode that they are to have, whatever the umask, or not at all."""

from __future__ import annotations

import errno
import os
import resource
import stat
from pathlib import Path

import polars as pl
import pytest

from tests.file_modes import umask
from warehouse import writing
from warehouse.lake import Lake
from warehouse.publish import open_candidate
from warehouse.runs import write_event
from warehouse.writing import PRIVATE, appearing, flush_folder, renamed_onto, telling_os_errors, write_whole


def mode_of(path: Path) -> int:
    """Return the rights of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_mode_is_that_of_the_caller_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        write_whole(tmp_path / "private", "homes", mode=PRIVATE)
        write_whole(tmp_path / "public", b"means", mode=0o644)
        Lake(tmp_path).put_frame("hourly/object.parquet", pl.DataFrame({"household_id": ["1"]}))
        write_event(tmp_path, "run", "unit begun")
    assert mode_of(tmp_path / "private") == mode_of(tmp_path / "hourly" / "object.parquet") == 0o640
    assert mode_of(tmp_path / "public") == 0o644
    assert mode_of(tmp_path / "run.jsonl") == 0o640


def test_while_it_is_written_only_the_owner_reads_it_under_a_name_that_no_delivery_has(tmp_path: Path) -> None:
    with umask(0), appearing(tmp_path / "deep" / "file.csv", mode=0o644) as partial:
        partial.write_text("half")
        assert mode_of(partial) == 0o600
        assert partial.name.startswith(".file.csv.")
        assert partial.suffix == ".tmp"
        assert not (tmp_path / "deep" / "file.csv").exists()
    assert (tmp_path / "deep" / "file.csv").read_text() == "half"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file.csv"]


def test_after_an_error_the_file_is_what_it_was_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_whole(target, "before", mode=PRIVATE)
    with pytest.raises(UnicodeEncodeError), appearing(target, mode=PRIVATE) as partial:
        partial.write_text("after \ud800", encoding="utf-8")
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_takes_the_place_of_another_in_one_rename(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with renamed_onto(tmp_path / "current") as new:
            new.symlink_to(name)
    assert (tmp_path / "current").readlink() == Path("two")
    assert list(tmp_path.iterdir()) == [tmp_path / "current"]


def test_a_candidate_is_read_by_its_owner_and_group_alone_and_so_is_what_duckdb_lays_beside_it(tmp_path: Path) -> None:
    with umask(0), open_candidate(tmp_path / "candidates" / "a.duckdb") as candidate:
        assert mode_of(candidate.path) == 0o640
    assert mode_of(tmp_path / "candidates" / "a.duckdb") == 0o640
    assert mode_of(tmp_path / "candidates") == 0o700


def test_every_write_goes_through_its_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = list[tuple[str, str]]()
    monkeypatch.setattr(writing, "at_step", lambda step, target: steps.append((step, target.name)))
    write_whole(tmp_path / "a", "text", mode=PRIVATE)
    assert steps == [(step, "a") for step in ("begun", "written", "renamed", "flushed")]


def test_what_a_library_says_of_a_full_disk_becomes_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left on device") as told, telling_os_errors(tmp_path):
        raise RuntimeError('IO Error: Could not write file "a": No space left on device')
    assert (told.value.errno, told.value.filename) == (errno.ENOSPC, str(tmp_path))
    with pytest.raises(RuntimeError, match="another matter"), telling_os_errors(tmp_path):
        raise RuntimeError("another matter")


def test_a_table_that_cannot_be_written_names_the_systems_error(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match=r"File too large.*b\.parquet"):
            Lake(tmp_path).put_frame("a/b.parquet", pl.DataFrame({"n": range(10_000)}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "a").iterdir()) == []


def test_a_folder_is_flushed_with_all_that_is_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, flushed, fsync = tmp_path / "site", set[Path](), os.fsync

    def note(handle: int) -> None:
        flushed.add(Path(f"/proc/self/fd/{handle}").readlink())
        fsync(handle)

    (folder / "inner").mkdir(parents=True)
    for name in ("index.html", "inner/data.csv"):
        (folder / name).write_text("x", encoding="utf-8")
    (folder / "link").symlink_to("index.html")
    monkeypatch.setattr(os, "fsync", note)
    flush_folder(folder)
    assert flushed == {folder, folder / "inner", folder / "index.html", folder / "inner" / "data.csv"}
