"""How the made-up trial writes its half-hours down."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from transforms.climate.half_hour_shapes import half_hour_starts
from transforms.sample.delivery import NO_STAMP
from transforms.sample.stamps import Clock, EdrpStamps, IsoStamps, Stamp

SPRING, AUTUMN = dt.date(2009, 3, 29), dt.date(2009, 10, 25)


def stamps_of_local_day(day: dt.date, stamp: Stamp, clock: Clock) -> list[str]:
    starts = half_hour_starts(day - dt.timedelta(days=1), day + dt.timedelta(days=2))
    edrp = EdrpStamps(stamp=stamp, clock=clock)
    moments = edrp.on_clock(starts)
    effective = moments - dt.timedelta(minutes=30) if stamp == "end" else moments  # 00:00 belongs to the day before
    return edrp.write(starts.filter(effective.dt.date() == day)).to_list()


@pytest.mark.parametrize("stamp", ["start", "end"])
@pytest.mark.parametrize(("day", "half_hours"), [(SPRING, 46), (AUTUMN, 50), (dt.date(2009, 6, 1), 48)])
def test_a_local_day_has_46_50_or_48_half_hours(stamp: Stamp, day: dt.date, half_hours: int) -> None:
    assert len(stamps_of_local_day(day, stamp, "local")) == half_hours
    assert len(stamps_of_local_day(day, stamp, "utc")) == 48


def test_stamps_that_name_the_start_begin_the_day_at_midnight() -> None:
    stamps = stamps_of_local_day(dt.date(2009, 1, 1), "start", "utc")
    assert stamps[:2] == ["01JAN09:00:00:00,1", "01JAN09:00:30:00,2"]
    assert stamps[-1] == "01JAN09:23:30:00,48"


def test_stamps_that_name_the_end_finish_the_day_at_the_next_midnight() -> None:
    stamps = stamps_of_local_day(dt.date(2009, 1, 1), "end", "utc")
    assert stamps[:2] == ["01JAN09:00:30:00,1", "01JAN09:01:00:00,2"]
    assert stamps[-1] == "02JAN09:00:00:00,48"


def test_the_spring_day_skips_an_hour_and_the_autumn_day_repeats_one() -> None:
    spring = stamps_of_local_day(SPRING, "start", "local")
    assert spring[:4] == ["29MAR09:00:00:00,1", "29MAR09:00:30:00,2", "29MAR09:02:00:00,5", "29MAR09:02:30:00,6"]
    autumn = stamps_of_local_day(AUTUMN, "start", "local")
    assert autumn[2:6] == ["25OCT09:01:00:00,3", "25OCT09:01:30:00,4"] * 2


def test_half_hours_of_the_repeated_hour_share_their_stamps() -> None:
    starts = half_hour_starts(dt.date(2009, 1, 1), dt.date(2010, 1, 1))
    twice = starts.filter(EdrpStamps(stamp="start", clock="local").shares_stamp(starts))
    assert twice.to_list() == half_hour_starts(AUTUMN, AUTUMN + dt.timedelta(days=1)).head(4).to_list()
    assert not EdrpStamps(clock="utc").shares_stamp(starts).any()


def test_a_shifted_stamp_shows_its_seconds_and_an_unreadable_one_no_day() -> None:
    starts = half_hour_starts(dt.date(2009, 1, 1), dt.date(2009, 1, 2)).head(3)
    shift = pl.Series([0, 425, NO_STAMP])
    assert EdrpStamps(stamp="start").write(starts, shift).to_list() == [
        "01JAN09:00:00:00,1",
        "01JAN09:00:37:05,2",
        "??JAN09:01:00:00,3",
    ]
    assert IsoStamps().write(starts, shift).to_list() == [
        "2009-01-01T00:00:00",
        "2009-01-01T00:37:05",
        "??-01-01T01:00:00",
    ]
