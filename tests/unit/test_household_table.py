"""Household and temperature tables: words to types, repeats, and every line accounted for."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.readings.delivered_table import DeliveredRows, read_row_table, read_text_table
from transforms.readings.headers import recognise
from transforms.readings.household_table import DWELLING_ALIASES, name_dwelling_type, read_households
from transforms.readings.temperature_table import read_temperature
from transforms.tables.words import DWELLING_TYPES


def deliver(text: str | bytes) -> DeliveredRows:
    """Read a delivered table by its first line that is not blank."""
    raw = text.encode() if isinstance(text, str) else text
    header = next(line for line in raw.splitlines() if line.strip())
    return read_text_table(raw, recognise(header.decode("utf-8-sig").split(",")))


def households(text: str | bytes) -> tuple[DeliveredRows, pl.DataFrame]:
    return read_households(deliver(text))


def account(lines: DeliveredRows) -> int:
    return lines.header_lines + lines.blank_lines + len(lines.rows) + len(lines.rejects)


def test_every_alias_stands_for_one_of_the_five_types() -> None:
    assert set(DWELLING_ALIASES) == set(DWELLING_TYPES)
    words = [word for aliases in DWELLING_ALIASES.values() for word in aliases]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("word", "dwelling_type"),
    [
        ("Detached", "detached"), ("SEMI-DETACHED", "semi_detached"), ("semi_detached", "semi_detached"),
        ("Mid-terrace", "terraced"), ("End  Terrace", "terraced"), ("Bungalow", "bungalow"),
        ("Flat / Maisonette", "flat"), ("Purpose-built flat", "flat"), ("castle", "unknown"), (None, "unknown"),
    ],
)  # fmt: skip
def test_delivered_words_become_dwelling_types(word: str | None, dwelling_type: str) -> None:
    frame = pl.DataFrame({"word": [word]}, schema={"word": pl.String})
    assert frame.select(name_dwelling_type(pl.col("word"))).item() == dwelling_type


def test_a_table_keeps_the_delivered_text_beside_the_dwelling_type() -> None:
    lines, table = households("Hhold_ID,region,dwelling_type,NUTS1\n7,x,Castle,UKI\n8,y,semi,--\n9,z,,\n")
    assert table.select("household_id", "dwelling_type", "dwelling_type_delivered", "nuts1").rows() == [
        ("7", "unknown", "Castle", "UKI"),
        ("8", "semi_detached", "semi", None),
        ("9", "unknown", None, None),
    ]
    assert table["heating_system"].to_list() == [None] * 3
    assert table["origin"].to_list() == [None] * 3
    assert account(lines) == lines.lines == 4


def test_quoted_fields_may_hold_commas() -> None:
    _, table = households('household_id,dwelling_type\n1,"flat, maisonette"\n')
    assert table["dwelling_type"].to_list() == ["flat"]


def test_a_quoted_field_over_several_lines_is_rejected_line_by_line() -> None:
    lines, table = households('household_id,dwelling_type\n1,"flat\nabove"\n2,flat\n')
    assert lines.rejects.rows() == [(3, 'above"', "wrong number of fields")]
    assert table["household_id"].to_list() == ["1", "2"]


def test_repeats_headers_blanks_and_bad_lines_are_accounted_for() -> None:
    text = b"\xef\xbb\xbfhousehold_id,dwelling_type\r\n1,flat\r\n\r\n1,flat\r\n,detached\r\nhousehold_id,dwelling_type\r\n2,flat,x\r\n3,fl\xe9t\r\n4,det\r\nNotes below"
    lines, table = households(text)
    assert table["household_id"].to_list() == ["1", "4"]
    assert lines.rejects.select("line", "reason").rows() == [
        (4, "home stands here already"),
        (5, "no household id"),
        (7, "wrong number of fields"),
        (8, "not UTF-8"),
        (10, "wrong number of fields"),
    ]
    assert (lines.lines, lines.header_lines, lines.blank_lines) == (10, 2, 1)
    assert account(lines) == 10


def test_a_home_with_two_types_is_unknown_in_any_order_of_lines() -> None:
    rows = ["1,flat", "1,detached", "2,semi", "2,semi-detached", "3,terraced"]
    tables = []
    for seed in range(4):
        random.Random(seed).shuffle(rows)
        lines, table = households("\n".join(["household_id,dwelling_type", *rows]))
        assert account(lines) == 6
        tables.append(table)
        assert "home stands here with several dwelling types; its type is unknown" in lines.rejects["reason"].to_list()
    assert all(table.equals(tables[0]) for table in tables)
    assert tables[0].rows()[0][:3] == ("1", "unknown", "detached | flat")
    assert tables[0]["dwelling_type"].to_list() == ["unknown", "semi_detached", "terraced"]


def test_a_table_may_come_as_rows() -> None:
    rows = pl.DataFrame({"dwelling_type": ["flat", None], "household_id": ["1", "2"]})
    lines, table = read_households(read_row_table(rows, recognise(rows.columns)))
    assert table["dwelling_type"].to_list() == ["flat", "unknown"]
    assert (lines.lines, account(lines)) == (2, 2)


def temperatures(text: str) -> tuple[DeliveredRows, pl.DataFrame]:
    layout = recognise(text.splitlines()[0].split(","))
    return read_temperature(read_text_table(text.encode(), layout), layout.format)


def test_daily_temperatures_become_hours_whose_mean_is_the_days() -> None:
    lines, hours = temperatures("date,temperature_mean_c\n2009-01-01,-0.7\n2009-01-02,1.2\n")
    assert len(hours) == 48
    days = hours.group_by(pl.col("hour_start_utc").dt.date(), maintain_order=True).agg(pl.col("temperature_c").mean())
    assert days["temperature_c"].to_list() == pytest.approx([-0.7, 1.2])
    assert account(lines) == lines.lines == 3


def test_extremes_shape_the_day_and_are_left_aside_where_they_do_not_lie_around_the_mean() -> None:
    text = "date,temperature_mean_c,temperature_min_c,temperature_max_c\n2009-01-01,5,0,10\n2009-01-02,5,9,1\n"
    _, hours = temperatures(text)
    spread = hours.group_by(pl.col("hour_start_utc").dt.date(), maintain_order=True).agg(
        pl.col("temperature_c").max() - pl.col("temperature_c").min()
    )
    assert spread["temperature_c"][0] == pytest.approx(10)
    assert spread["temperature_c"][1] == pytest.approx(5.04)


def test_hourly_temperatures_are_taken_as_they_are() -> None:
    _, hours = temperatures("hour_start_utc,temperature_c\n2009-01-01T01:00:00,2.5\n2009-01-01 00:00:00,3\n")
    assert hours.rows() == [
        (dt.datetime(2009, 1, 1), 3.0),
        (dt.datetime(2009, 1, 1, 1), 2.5),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("01/01/2009,5", "unparseable date"),
        ("2009-01-01,", "no temperature"),
        ("2009-01-01,nan", "no temperature"),
        ("2009-01-01,-99.9", "temperature outside [-40, 45] degC"),
        ("2009-01-03,5", "this date stands here already"),
    ],
)
def test_a_bad_temperature_is_rejected_by_reason(line: str, reason: str) -> None:
    lines, hours = temperatures(f"date,temperature_mean_c\n2009-01-03,5\n{line}\n")
    assert lines.rejects["reason"].to_list() == [reason]
    assert len(hours) == 24
    assert account(lines) == 3


def test_a_day_with_two_temperatures_has_none() -> None:
    lines, hours = temperatures("date,temperature_mean_c\n2009-01-03,5\n2009-01-03,6\n2009-01-04,6\n")
    assert lines.rejects["reason"].to_list() == ["this date stands here with several temperatures"] * 2
    assert len(hours) == 24


def test_an_hourly_temperature_off_the_hour_is_rejected() -> None:
    lines, _ = temperatures("hour_start_utc,temperature_c\n2009-01-01T01:30:00,2.5\n")
    assert lines.rejects["reason"].to_list() == ["not the start of an hour"]


tokens = st.sampled_from(
    [
        b",",
        b"\n",
        b"\r",
        b"\r\n",
        b'"',
        b" ",
        b"\x00",
        b"\xff",
        b"\xc3\xa9",
        b"\xef\xbb\xbf",
        b"7",
        b"flat",
        b"1,flat\n",
        b"#",
    ]
)


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(tokens, max_size=30).map(b"".join))
def test_no_bytes_of_a_table_lose_a_line(rest: bytes) -> None:
    text = b"household_id,dwelling_type\n" + rest
    lines, table = households(text)
    assert account(lines) == lines.lines == text.count(b"\n") + (not text.endswith(b"\n"))
    assert table["household_id"].is_unique().all()
