"""Stamps: their shapes, their meaning, and London's clock."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.readings.declaration import RefusalError
from transforms.readings.formats import CANONICAL, EDRP, OCTOPUS
from transforms.readings.stamps import (
    CHANGE_DAYS,
    StampEvidence,
    choose_instant,
    decide_stamp,
    number_repeats,
    parse_stamps,
    read_stamps,
    start_of_interval,
    weigh_half_hours,
)

AT = dt.datetime(2008, 2, 13, 0, 30)


@pytest.mark.parametrize(
    "text", ["13FEB08:00:30:00", "13feb08:00:30:00", "13Feb08:00:30:00", "13FEB2008:00:30:00", "13feb2008:00:30:00"]
)
def test_edrp_stamps_of_both_widths_and_any_case_are_read(text: str) -> None:
    assert parse_stamps(pl.Series([text]), EDRP.stamp_formats).to_list() == [AT]


@pytest.mark.parametrize(
    "text",
    ["", "13FEB08", "13FEB08:00:30", "31FEB08:00:30:00", "13FEB08:24:00:00", "13FEB08:00:30:60", "3FEB08:00:30:00",
     "13FEB208:00:30:00", "13FEB08:00:30:00x", "13FEV08:00:30:00", "2008-02-13 00:30:00", "??FEB08:00:30:00"],
)  # fmt: skip
def test_a_text_that_is_no_edrp_stamp_is_null(text: str) -> None:
    assert parse_stamps(pl.Series([text]), EDRP.stamp_formats).to_list() == [None]


@pytest.mark.parametrize(
    "text",
    ["2008-02-13T01:30:00+01:00", "2008-02-13T00:30:00Z", "2008-02-13 00:30:00+00:00", "2008-02-12T23:30-0100",
     "2008-02-13T00:30:00.000+00:00"],
)  # fmt: skip
def test_iso_stamps_with_an_offset_become_utc(text: str) -> None:
    assert parse_stamps(pl.Series([text]), OCTOPUS.stamp_formats).to_list() == [AT]


def test_iso_stamps_without_an_offset_are_utc_in_our_own_format_and_nothing_in_another() -> None:
    naive = pl.Series(
        ["2008-02-13T00:30:00", "2008-02-13 00:30", "2008-02-13 00:30:00.000000", "2008-02-13 00:30:00 UTC"]
    )
    assert parse_stamps(naive, CANONICAL.stamp_formats).to_list() == [AT] * 4
    assert parse_stamps(naive[:3], OCTOPUS.stamp_formats).to_list() == [None] * 3


@settings(deadline=None)  # a busy machine is no fault
@given(st.datetimes(min_value=dt.datetime(2000, 1, 1), max_value=dt.datetime(2068, 12, 31)))
def test_any_edrp_stamp_is_read_back(moment: dt.datetime) -> None:
    moment = moment.replace(microsecond=0)
    month = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"][moment.month - 1]
    text = f"{moment:%d}{month}{moment:%y:%H:%M:%S}"
    assert parse_stamps(pl.Series([text]), EDRP.stamp_formats).to_list() == [moment]


def test_the_change_days_of_the_trial_are_known() -> None:
    published = {(2007, 3, 25), (2007, 10, 28), (2008, 3, 30), (2008, 10, 26), (2009, 3, 29), (2009, 10, 25),
                 (2010, 3, 28), (2010, 10, 31)}  # fmt: skip
    assert {(d.year, d.month, d.day) for d in CHANGE_DAYS if 2007 <= d.year <= 2010} == published


def half_hours(day: dt.date) -> pl.Series:
    start = dt.datetime.combine(day, dt.time())
    return pl.datetime_range(start, start + dt.timedelta(hours=23.5), "30m", time_unit="us", eager=True)


def stamps_of(day: dt.date) -> pl.Series:
    return half_hours(day).dt.strftime("%d%b%y:%H:%M:%S").str.to_uppercase()


@pytest.mark.parametrize(("stamp", "first", "last"), [("start", 1, 48), ("end", 48, 47)])
def test_half_hour_numbers_show_whether_a_stamp_names_start_or_end(stamp: str, first: int, last: int) -> None:
    day = read_stamps(stamps_of(dt.date(2009, 6, 1)), EDRP.stamp_formats, "utc").sort("stamp")
    number = pl.col("half_hour") + 1 if stamp == "start" else (pl.col("half_hour") + 47) % 48 + 1
    rows = day.with_columns(half_hour_number=number)
    assert (rows["half_hour_number"][0], rows["half_hour_number"][-1]) == (first, last)
    evidence = weigh_half_hours(rows)
    assert decide_stamp(evidence, default="start")[0] == stamp
    assert (evidence.start, evidence.end) == ((48, 0) if stamp == "start" else (0, 48))


def test_a_change_day_and_a_row_off_the_grid_say_nothing_about_the_stamp() -> None:
    texts = pl.concat([stamps_of(dt.date(2009, 10, 25)), pl.Series(["01JUN09:00:07:00"])])
    rows = read_stamps(texts, EDRP.stamp_formats, "utc").with_columns(half_hour_number=pl.lit(1))
    assert weigh_half_hours(rows).rows == 0


@pytest.mark.parametrize(
    ("evidence", "stamp", "basis"),
    [
        (StampEvidence(1000, 995, 5), "start", "HH agrees in 995 of 1000 rows"),
        (StampEvidence(1000, 5, 995), "end", "HH agrees in 995 of 1000 rows"),
        (StampEvidence(1000, 0, 900), "end", "HH agrees in 900 of 1000 rows"),
        (StampEvidence(47, 47, 0), "end", "default of the format"),
        (StampEvidence(1000, 400, 0), "end", "default of the format"),
        (StampEvidence(), "end", "default of the format"),
    ],
)
def test_the_stamp_is_decided_by_agreement_or_by_default(evidence: StampEvidence, stamp: str, basis: str) -> None:
    decided, why = decide_stamp(evidence, default="end")
    assert decided == stamp
    assert why.startswith(basis)


def test_half_hour_numbers_that_say_both_are_a_named_error() -> None:
    with pytest.raises(RefusalError, match="contradicting HH: by 500 rows stamps name the start"):
        decide_stamp(StampEvidence(1000, 500, 500), default="start")


def test_a_set_stamp_overrides_the_half_hour_numbers() -> None:
    assert decide_stamp(StampEvidence(1000, 500, 500), default="start", setting="end") == ("end", "set for the feed")


def test_the_half_hour_that_ends_at_midnight_belongs_to_the_day_before() -> None:
    frame = pl.DataFrame({"at": [dt.datetime(2009, 6, 1)]})
    shown = frame.select(end=start_of_interval(pl.col("at"), "end"), start=start_of_interval(pl.col("at"), "start"))
    assert shown.row(0) == (dt.datetime(2009, 5, 31, 23, 30), dt.datetime(2009, 6, 1))


@pytest.mark.parametrize("day", [d for d in CHANGE_DAYS if 2007 <= d.year <= 2010])
def test_a_local_change_day_becomes_46_or_50_half_hours_of_utc_without_a_gap(day: dt.date) -> None:
    start = dt.datetime.combine(day, dt.time())
    utc = pl.datetime_range(
        start - dt.timedelta(hours=2), start + dt.timedelta(hours=25), "30m", time_unit="us", eager=True
    )
    local = utc.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London").dt.replace_time_zone(None)
    of_day = (local.dt.date() == day).sum()
    assert of_day == (46 if CHANGE_DAYS[day] == "spring" else 50)
    rows = pl.DataFrame({"text": local.dt.strftime("%d%b%y:%H:%M:%S"), "household_id": "1"}).with_row_index("line")
    table = read_stamps(rows["text"], EDRP.stamp_formats, "local")
    rows = rows.join(table, on="text", how="left", maintain_order="left")
    seen = pl.DataFrame(schema={"household_id": pl.String, "stamp": pl.Datetime("us"), "rows": pl.Int64})
    assert choose_instant(rows, seen)["instant_utc"].to_list() == utc.to_list()


def test_a_local_stamp_that_occurs_once_in_the_repeated_hour_is_the_first() -> None:
    table = read_stamps(pl.Series(["25OCT09:01:30:00", "25JAN09:01:30:00"]), EDRP.stamp_formats, "local").sort("stamp")
    assert table["instant_utc"].to_list() == [dt.datetime(2009, 1, 25, 1, 30), dt.datetime(2009, 10, 25, 0, 30)]
    assert table["second_utc"].to_list() == [None, dt.datetime(2009, 10, 25, 1, 30)]


def test_a_local_stamp_in_the_hour_that_spring_leaves_out_is_read_as_if_the_clock_had_not_changed() -> None:
    table = read_stamps(pl.Series(["29MAR09:01:00:00"]), EDRP.stamp_formats, "local")
    assert table["instant_utc"].to_list() == [dt.datetime(2009, 3, 29, 1)]


def test_repeats_are_counted_per_home_and_over_blocks() -> None:
    rows = pl.DataFrame({"household_id": ["1", "2", "1"], "stamp": [AT, AT, AT]})
    seen = pl.DataFrame({"household_id": ["2"], "stamp": [AT], "rows": [1]})
    assert number_repeats(rows, seen).to_list() == [0, 1, 1]
