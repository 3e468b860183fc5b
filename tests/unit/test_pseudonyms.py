"""Pseudonyms: one per home and key, matched by spelling as ids are, and never taken for a date or a number."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from flows.cli.main import app
from transforms.public.forgotten import Tombstones, mark
from transforms.readings.homes import base_of, loosen, match_ids
from transforms.readings.pseudonyms import Pseudonyms, is_pseudonym
from warehouse.landing import LandedFile
from warehouse.pseudonyms import DeliveredPaths, PseudonymKeyError, check_key, keep_names, make_key, read_pseudonyms

ONE, OTHER = Pseudonyms(key=b"1" * 32), Pseudonyms(key=b"2" * 32)
IDS = st.text(min_size=1, max_size=24).filter(lambda text: "/" not in text and text.strip() != "")


@given(one=IDS, other=IDS)
def test_ids_are_told_apart_and_matched_by_spelling_as_before(one: str, other: str) -> None:
    a, b = ONE.name(one), ONE.name(other)
    assert (a == b) == (one == other)
    assert (loosen(a) == loosen(b)) == (loosen(one) == loosen(other))
    assert ONE.name(a) == a
    assert base_of(a) == a


@pytest.mark.parametrize("household_id", ["0012", "7f3a9c1e5b2d8046", "12.0", " 12", "Flat 3"])
def test_a_pseudonym_shows_nothing_of_the_id_and_depends_on_the_key(household_id: str) -> None:
    name = ONE.name(household_id)
    assert is_pseudonym(name)
    assert household_id not in name
    assert name != OTHER.name(household_id)
    assert ONE.fingerprint not in {"", OTHER.fingerprint}
    assert "1" * 32 not in f"{ONE!r}"


def test_spellings_of_several_files_are_one_home_under_pseudonyms_too() -> None:
    plain = match_ids({"12"}, {"a": {"0012"}, "b": {"12"}})
    named = match_ids({ONE.name("12")}, {"a": {ONE.name("0012")}, "b": {ONE.name("12")}})
    assert plain == {"a": {"0012": "12"}}
    assert named == {"a": {ONE.name("0012"): ONE.name("12")}}
    apart = match_ids({ONE.name("12"), ONE.name("0012")}, {"b": {ONE.name("12")}})
    assert apart == {}


@pytest.mark.parametrize(
    ("name", "base"), [("12_2009-01.csv", "12"), ("gas/12 (2).csv.gz", "12"), ("a.zip/12-2009-01-31.tsv", "12")]
)
def test_the_name_of_a_file_keeps_its_base_and_suffix_alone(name: str, base: str) -> None:
    kept = ONE.name_file(name)
    stem = kept.rpartition("/")[2].partition(".")[0]
    assert base_of(stem) == ONE.name(base)
    assert "2009" not in kept
    assert kept.endswith(name[name.rindex(".") :])
    assert ONE.name_file(kept) == kept


def test_files_whose_names_differ_by_a_date_alone_keep_different_names() -> None:
    names = [f"{where}12{joint}2009-0{month}.csv" for where in ("", "a/") for joint in "_-" for month in range(1, 10)]
    assert len({ONE.name_file(name) for name in names}) == len(names)


def test_words_that_name_no_home_stay_and_without_a_key_everything_does() -> None:
    assert ONE.name("gas") == "gas"
    assert ONE.name_file("consumption.csv") == "consumption.csv"
    assert Pseudonyms().name_file("12_2009-01.csv") == "12_2009-01.csv"
    ids = pl.Series("household_id", ["12", None, "0012"])
    assert ONE.name_column(ids).to_list() == [ONE.name("12"), None, ONE.name("0012")]
    assert Pseudonyms().name_column(ids).to_list() == ids.to_list()


def test_delivered_files_are_found_by_what_is_kept_of_their_paths(tmp_path: Path) -> None:
    path = tmp_path / "landing" / "12" / "12_2009-01.csv"
    path.parent.mkdir(parents=True)
    path.write_text("x", encoding="utf-8")
    delivered = LandedFile(str(path), "12/12_2009-01.csv", 1, 1)
    kept = keep_names(delivered, tmp_path / "landing", ONE)
    assert isinstance(kept, LandedFile)
    assert "12_2009" not in kept.path + kept.file_name
    assert kept.opens == str(path)
    assert DeliveredPaths(ONE).find(kept.path) == str(path)
    assert DeliveredPaths(OTHER).find(kept.path) is None
    assert DeliveredPaths(Pseudonyms()).find(str(path)) == str(path)
    path.unlink()
    assert DeliveredPaths(ONE).find(kept.path) is None


def test_a_key_is_its_owners_alone_and_long_enough(tmp_path: Path) -> None:
    path = tmp_path / "key"
    make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(read_pseudonyms(path).key) == 32
    with pytest.raises(FileExistsError):
        make_key(path)
    path.chmod(0o640)
    with pytest.raises(PseudonymKeyError, match="chmod 600"):
        read_pseudonyms(path)
    path.chmod(0o600)
    for content in ("", "ab" * 31, "no key"):
        path.write_text(content, encoding="ascii")
        with pytest.raises(PseudonymKeyError, match="holds no key of 32 bytes"):
            read_pseudonyms(path)
    os.unlink(path)  # noqa: PTH108 - as an operator does
    with pytest.raises(PseudonymKeyError, match="put the key back"):
        read_pseudonyms(path)
    assert read_pseudonyms(None) == Pseudonyms()


@pytest.mark.parametrize(
    ("recorded", "now", "message"),
    [
        ("", ONE, "ids as delivered"),
        (ONE.fingerprint, Pseudonyms(), "no key is set"),
        (ONE.fingerprint, OTHER, "another key"),
    ],
)
def test_another_key_than_that_of_the_lake_is_refused(recorded: str, now: Pseudonyms, message: str) -> None:
    with pytest.raises(PseudonymKeyError, match=message):
        check_key(recorded, now, holds_sources=True)
    check_key(recorded, now, holds_sources=False)
    check_key(now.fingerprint, now, holds_sources=True)


def test_a_tombstone_of_either_id_holds_for_both_and_for_every_spelling() -> None:
    for buried in ("12", ONE.name("12")):
        stones = Tombstones(
            key=b"k", marks={mark(b"k", buried): len(buried)}, loose={mark(b"k", loosen(buried)): len(buried)}, pseudonyms=ONE
        )  # fmt: skip
        assert stones.among(["12", "0012", "13"]) == {"12", "0012"}
    assert stones.among([ONE.name("0012"), ONE.name("13")]) == {ONE.name("0012")}
    assert stones.mask(f"{ONE.name('0012')} and {ONE.name('13')}") == f"(forgotten) and {ONE.name('13')}"


def hearth(home: Path, *arguments: str) -> tuple[int, str]:
    """Run a command in this process, and return its exit status and what it wrote."""
    done = CliRunner().invoke(app, [*arguments, "--home", str(home)])
    return done.exit_code, done.output


def test_the_command_makes_a_key_and_shows_pseudonyms_but_never_the_key(tmp_path: Path) -> None:
    key = tmp_path / "key"
    status, output = hearth(tmp_path, "pseudonyms", "--new-key", str(key))
    assert (status, key.stat().st_mode & 0o777) == (0, 0o600)
    assert key.read_text(encoding="ascii").strip() not in output
    status, output = hearth(tmp_path, "pseudonyms", "10482")
    assert status == 2
    assert "pseudonym_key_file is not set" in output
    (tmp_path / "hearth.toml").write_text(f'pseudonym_key_file = "{key}"\n', encoding="utf-8")
    status, output = hearth(tmp_path, "pseudonyms", "10482")
    assert status == 0
    assert read_pseudonyms(key).name("10482") in output
    assert key.read_text(encoding="ascii").strip() not in output
    for wrong in ([], ["--rotate", "10482"], ["--new-key", str(key)]):  # a key is never written over
        before = key.read_bytes()
        assert hearth(tmp_path, "pseudonyms", *wrong)[0] == 2
        assert key.read_bytes() == before
