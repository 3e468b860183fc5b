"""Forgotten homes are found by a keyed hash alone, and the record of releases reveals nothing about them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.disclosure.forgotten import rename_member
from quality.disclosure.units import count_units
from tests import damaging
from transforms.public.forgotten import MASK, Tombstones, mark, part_forgotten
from transforms.public.public import RELEASE_MEMBER
from transforms.readings.homes import loosen
from transforms.readings.parse import Parsed
from transforms.tables.lake import REJECT
from warehouse.forgetting.tombstones import ForgottenFolder, KeyLostError, Unfinished

KEY = b"a key of thirty-two bytes, or so"
LONG = "c0ffee12ab34"


def bury(*homes: str) -> Tombstones:
    """Return the tombstones of homes."""
    return Tombstones(key=KEY, marks={mark(KEY, home): len(home) for home in homes})


def test_only_ids_that_are_forgotten_are_found_and_only_with_the_key() -> None:
    stones = bury("13", LONG)
    assert stones.among(["13", "31", LONG, None, ""]) == {"13", LONG}
    assert Tombstones(key=b"another", marks=stones.marks).among(["13", LONG]) == frozenset()
    assert "13" not in repr(bury("13")).replace(mark(KEY, "13"), "")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("13,13JUN09:00:00:00,2,0.5", f"{MASK},13JUN09:00:00:00,2,0.5"),
        ("home 13; home 131", f"home {MASK}; home 131"),
        (f"x{LONG}y", f"x{MASK}y"),
        (f"{LONG}{LONG}", MASK + MASK),
        ("nobody", "nobody"),
    ],
)
def test_a_short_id_is_masked_as_a_word_and_a_long_one_anywhere(text: str, masked: str) -> None:
    assert bury("13", LONG).mask(text) == masked
    assert bury("13", LONG).names_text(text) == (text != masked)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("meters/13.csv.gz", f"meters/{MASK}.csv.gz"),
        ("13/2009.csv", f"{MASK}/2009.csv"),
        ("meters/2009-03-13.csv", "meters/2009-03-13.csv"),  # a day, not the home
        (f"a_{LONG}_b.csv", f"a_{MASK}_b.csv"),
    ],
)
def test_a_file_is_named_after_a_short_id_only_where_it_is_its_whole_name(name: str, masked: str) -> None:
    assert bury("13", LONG).mask_file(name) == masked
    assert bury("13", LONG).names_file(name) == (name != masked)


@given(st.lists(st.sampled_from(["7", "13", "131", LONG]), max_size=30))
def test_every_line_stays_accounted_for_when_homes_are_dropped(homes: list[str]) -> None:
    lines = list(range(2, len(homes) + 2))
    readings = pl.DataFrame(
        {"line": lines, "household_id": homes}, schema={"line": pl.Int64, "household_id": pl.String}
    )
    rejects = pl.DataFrame([(1, "13,no stamp,1", "unparseable stamp")], schema=REJECT.schema, orient="row")
    parsed = part_forgotten(Parsed(len(homes) + 1, 0, 0, rejects, readings), bury("13", LONG))
    assert parsed.lines == len(parsed.readings) + len(parsed.rejects)
    assert set(parsed.readings["household_id"]) <= {"7", "131"}
    assert parsed.rejects["line"].is_sorted()
    assert parsed.rejects["text"].to_list() == [""] * len(parsed.rejects)
    assert parsed.rejects["reason"].to_list() == ["unparseable stamp"] + ["forgotten"] * (len(parsed.rejects) - 1)


@st.composite
def members(draw: st.DrawFn) -> pl.DataFrame:
    """Draw versions of homes with codes of four hours and the sets that hold them."""
    versions = draw(
        st.lists(
            st.tuples(st.sampled_from("abx"), st.tuples(*[st.integers(0, 3)] * 4)), min_size=1, max_size=7, unique=True
        )
    )
    rows = [
        ("heat", "2009", home, (np.array(codes, dtype=np.uint16) * 1000).tobytes(), [draw(st.integers(0, 2))])
        for home, codes in versions
    ]
    return pl.DataFrame(rows, schema=RELEASE_MEMBER.schema, orient="row").sort(*RELEASE_MEMBER.key, "codes")


def judged(member: pl.DataFrame) -> list[object]:
    """Return how many homes the rule counts behind each combination of sets, in every way of counting."""
    member = member.sort("household_id", "codes")
    codes = np.frombuffer(b"".join(member["codes"]), dtype=np.uint16).reshape(len(member), -1)
    home = member["household_id"].rle_id().to_numpy().astype(np.intp)
    sets = np.array([member["sets"].list.contains(number).to_numpy() for number in range(3)])
    counted = [
        count_units(codes, home, sets, hourly=hourly, by_value=by_value)
        for hourly in (False, True)
        for by_value in (False, True)
    ]
    return [
        sorted((tuple(mark.tolist()), tuple(count.tolist())) for mark, count in zip(marks.T, counts, strict=True))
        for marks, counts in counted
    ]


@given(members())
def test_the_memory_judges_a_forgotten_home_as_it_judged_the_home(member: pl.DataFrame) -> None:
    renamed = rename_member(member, "x", "forgotten-1")
    assert judged(renamed) == judged(member)
    assert "x" not in renamed["household_id"]
    codes = np.frombuffer(b"".join(renamed.filter(household_id="forgotten-1")["codes"]), dtype=np.uint16)
    assert codes.max(initial=0) < 1000  # not one of the codes of its readings is left
    assert renamed.filter(pl.col("household_id") != "forgotten-1").equals(member.filter(pl.col("household_id") != "x"))


def test_without_its_row_the_memory_would_take_one_home_less_for_nothing() -> None:
    rows = [("heat", "2009", name, b"\x01\x00", [0]) for name in "abcx"]
    member = pl.DataFrame(rows, schema=RELEASE_MEMBER.schema, orient="row")
    assert judged(member.filter(pl.col("household_id") != "x")) != judged(rename_member(member, "x", "t"))


def test_a_damaged_tombstone_stops_the_run_and_names_the_next_step(tmp_path: Path) -> None:
    folder = ForgottenFolder(tmp_path / "forgotten")
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    folder.bury(
        Unfinished(household_id="home-1", reason=None, began_at_utc=now, token=LONG, sources=(), landing_files=())
    )
    assert folder.read_tombstones().among(["home-1", "home-2"]) == {"home-1"}
    damaging.cut(next((tmp_path / "forgotten" / "tombstones").iterdir()))
    with pytest.raises(KeyLostError, match="put it back from a backup"):
        folder.read_tombstones()


def bury_in(
    folder: ForgottenFolder, household_id: str, *, apart: tuple[str, ...] = (), spellings: tuple[str, ...] = ()
) -> None:
    """Leave the tombstone of a home in a folder."""
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    folder.bury(
        Unfinished(
            household_id=household_id, spellings=spellings, apart=apart, reason=None, began_at_utc=now, token=LONG,
            sources=(), landing_files=(),
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("buried", "again", "others"),
    [
        ("41", ["41", "0041", " 41", "41.0", "041.00"], ["141", "410", "41a", "4.1", "41.5"]),
        ("0041", ["41", "0041", "041.0"], ["401", "00410"]),
        ("Mill  Lane 3", ["mill lane 3", "MILL LANE 3 ", "Mill\tLane 3"], ["mill lane 03", "milllane 3"]),
        ("000", ["0", "00", "0.0"], ["10", ""]),
    ],
)
def test_a_tombstone_covers_every_spelling_that_ingest_takes_for_one_home(
    tmp_path: Path, buried: str, again: list[str], others: list[str]
) -> None:
    folder = ForgottenFolder(tmp_path / "forgotten")
    bury_in(folder, buried)
    stones = folder.read_tombstones()
    assert stones.among([buried, *again, *others]) == {buried, *again}
    assert all(stones.names_file(f"meters/{name}.csv") for name in again)
    assert all(stones.mask(f"no stamp;{name};x") != f"no stamp;{name};x" for name in again)
    words = [name for name in others if "." not in name]  # in a text 41.5 is the word 41 and another
    assert not any(stones.names_file(f"meters/{name}.csv") for name in words)
    untouched = [f"no stamp;{name};x" for name in words]
    assert [stones.mask(text) for text in untouched] == untouched


def test_an_id_that_was_a_home_of_its_own_stays_until_it_is_forgotten_too(tmp_path: Path) -> None:
    folder = ForgottenFolder(tmp_path / "forgotten")
    bury_in(folder, "41", apart=("0041",))
    before = folder.read_tombstones()
    assert before.among(["41", "0041", "041", "41.0"]) == {"41", "041", "41.0"}
    assert not before.names_file("0041.csv")
    assert before.mask("0041;41;041") == f"0041;{MASK};{MASK}"
    bury_in(folder, "41")  # the lake knows no longer that there were two
    assert folder.read_tombstones() == before
    bury_in(folder, "0041")
    both = folder.read_tombstones()
    assert both.among(["41", "0041", "041"]) == {"41", "0041", "041"}
    assert both.tag != before.tag


def test_a_tombstone_of_before_spellings_counted_covers_them(tmp_path: Path) -> None:
    folder = ForgottenFolder(tmp_path / "forgotten")
    bury_in(folder, "41")
    (path,) = (tmp_path / "forgotten" / "tombstones").iterdir()
    tombstone = {
        k: v
        for k, v in json.loads(path.read_text(encoding="utf-8")).items()
        if k in {"mark", "length", "forgotten_at_utc", "reason"}
    }
    path.write_text(json.dumps(tombstone), encoding="utf-8")
    assert folder.read_tombstones().among(["41", "0041", "42"]) == {"41", "0041"}


@given(st.text("0aB .", min_size=1, max_size=12), st.text("0aB .1", max_size=30))
def test_where_a_text_names_a_home_does_not_depend_on_whether_its_id_is_known(household_id: str, text: str) -> None:
    bare = loosen(household_id)
    unknown = Tombstones(
        key=KEY, marks={mark(KEY, household_id): len(household_id)}, loose={mark(KEY, bare): len(bare)}
    )
    assert unknown.mask(text) == replace(unknown, spelled=(household_id,)).mask(text)
