"""Tables of `hearth sql`: cut, wrapped and omitted columns, and those that never are."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.answers.sql_table import show_table, show_whole

START = dt.datetime(2009, 1, 1)


def test_long_names_are_broken_before_anything_is_cut_and_numbers_stay_whole() -> None:
    frame = pl.DataFrame(
        {"dwelling_type": ["semi_detached"], "capital_gbp_per_mwh": [12345.6], "dwellings": [20_000], "year": [2009]}
    )
    assert show_table(pl.concat([frame, frame]), 2, width=41).splitlines()[:4] == [
        "               capital_",
        "               gbp_per_",
        "dwelling_type       mwh  dwellings  year",
        "-------------  --------  ---------  ----",
    ]
    assert show_table(pl.concat([frame, frame]), 2, width=80).splitlines()[2].split() == [
        "semi_detached", "12,345.6", "20,000", "2009",
    ]  # fmt: skip


def test_a_moment_is_left_out_rather_than_cut() -> None:
    frame = pl.DataFrame({"text": ["a" * 40, "b"], "start_utc": [START, START]})
    shown = show_table(frame, 2, width=36).splitlines()
    assert shown[2] == "aaaaaaaaaaaaaa…  2009-01-01 00:00:00"
    assert "1 more column: start_utc" in " ".join(show_table(frame, 2, width=30).split())


def test_a_table_marks_cut_cells() -> None:
    frame = pl.DataFrame({"meaning": ["a long explanation of something", None], "n": [1, 20]})
    assert show_table(frame, 2, width=20).splitlines()[2:4] == ["a long explanat…   1", "null              20"]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(st.text(max_size=60), st.floats() | st.none(), st.integers(-(10**12), 10**12)), min_size=2, max_size=5
    ),
    st.integers(20, 120),
)
def test_a_table_fits_its_width_and_no_number_is_cut(rows: list[tuple[str, float | None, int]], width: int) -> None:
    frame = pl.DataFrame(rows, schema={"text": pl.String, "real_number": pl.Float64, "whole": pl.Int64}, orient="row")
    lines = show_table(frame, len(rows), width=width).splitlines()
    assert max(map(len, lines)) <= width
    numbers = frame.drop("text")
    narrow, whole = (
        show_table(numbers, len(rows), width=width).splitlines(),
        "".join(show_whole([numbers])).splitlines(),
    )
    first = next(n for n, line in enumerate(narrow) if line.startswith("-")) + 1
    for shown, full in zip(narrow[first : first + len(rows)], whole[2 : 2 + len(rows)], strict=True):
        assert shown.split() == full.split()[: len(shown.split())]


def test_numbers_of_any_size_stay_short() -> None:
    frame = pl.DataFrame(
        {"huge": [1.5e300, -2.0], "tiny": [3e-200, 0.0], "share": [2.186e-5, 0.5], "nan": [None, float("nan")]}
    )
    assert [line.split() for line in show_table(frame, 2, width=80).splitlines()[2:4]] == [
        ["1.5e+300", "3e-200", "0.000022", "null"],
        ["-2", "0", "0.500000", "nan"],
    ]
