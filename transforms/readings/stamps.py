"""Delivered stamps: how they are parsed, whether they name the start or the end of a half-hour, and UK clocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from transforms.readings.declaration import Clock, RefusalError, Stamp, StampFormat
from transforms.tables.schema import UTC

HALF_HOUR = dt.timedelta(minutes=30)
HALF_HOURS_PER_DAY = 48
MINUTES_PER_DAY = 1440
_MICROSECONDS_PER_MINUTE = 60_000_000
LONDON = "Europe/London"
TRIAL_FIRST_DAY = dt.date(2009, 1, 1)  # day 1 of the Irish trial
_YEARS = range(2000, 2100)


@dataclass(frozen=True, slots=True, kw_only=True)
class StampRule:
    """When the half-hour numbers of a file decide whether its stamps name starts or ends."""

    share: float = 0.99  # of the rows that agree with either convention, least share that agree with one; own choice
    rows: int = 48  # fewest rows that decide: a day of one home


@dataclass(frozen=True, slots=True)
class StampEvidence:
    """How many rows have the half-hour number of a stamp that names the start, and how many that of one that names the end."""

    rows: int = 0
    start: int = 0
    end: int = 0

    def __add__(self, other: StampEvidence) -> StampEvidence:
        return StampEvidence(self.rows + other.rows, self.start + other.start, self.end + other.end)


def last_sunday(year: int, month: int) -> dt.date:
    """Return the last Sunday of March or October: the days on which UK clocks change (since 1996)."""
    last = dt.date(year, month, 31)
    return last - dt.timedelta(days=last.isoweekday() % 7)


CHANGE_DAYS: dict[dt.date, Literal["spring", "autumn"]] = {
    **{last_sunday(year, 3): "spring" for year in _YEARS},
    **{last_sunday(year, 10): "autumn" for year in _YEARS},
}


def parse_stamps(texts: pl.Series, formats: Sequence[StampFormat]) -> pl.Series:
    """Parse moments; a text with none of the exact shapes becomes null, a moment with an offset becomes UTC.

    Months are English in any locale. `T` or a blank may stand between date and time, and `Z` or `UTC` for +00:00. 24:00 is
    the midnight at the end of the day.
    """
    text = pl.col("text")
    frame = texts.alias("text").to_frame()
    if any("T" in known.parse for known in formats):
        text = text.str.replace(r"^(\d{4}-\d\d-\d\d) +", "${1}T").str.replace(r" *(?:Z|z|UTC)$", "+00:00")
    ends_day = text.str.contains(r"[T ]24:00(:00(\.0+)?)?([+-]\d\d:?\d\d)?$")
    text = pl.when(ends_day).then(text.str.replace(r"([T ])24:", "${1}00:")).otherwise(text)
    parsed = [_parse_one(text, known) for known in formats]
    moment = pl.coalesce(parsed).cast(UTC)
    midnight = pl.when(ends_day).then(moment.dt.offset_by("1d")).otherwise(moment)
    return frame.select(midnight.alias("stamp")).to_series()


def _parse_one(text: pl.Expr, known: StampFormat) -> pl.Expr:
    shaped = pl.when(text.str.contains(known.shape)).then(text)
    if known.parse == "epoch":
        return pl.from_epoch(shaped.cast(pl.Int64, strict=False), time_unit="s")
    if known.parse == "cer":
        return _read_trial_code(shaped)
    moment = shaped.str.to_datetime(known.parse, strict=False, time_unit="us")
    return _without_zone(moment, zoned="%z" in known.parse)


def _read_trial_code(code: pl.Expr) -> pl.Expr:
    """Return the moment in UTC of a code of the Irish trial: three digits for the day, two for its half-hour on the clock."""
    day, half_hour = (
        code.str.slice(0, 3).cast(pl.Int32, strict=False),
        code.str.slice(3, 2).cast(pl.Int32, strict=False),
    )
    date = pl.lit(TRIAL_FIRST_DAY) + pl.duration(days=day - 1)
    midnight = (
        date.cast(UTC).dt.replace_time_zone("Europe/Dublin").dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    )
    possible = half_hour.is_between(1, HALF_HOURS_PER_DAY + 2) & (day >= 1)
    return pl.when(possible).then(midnight + pl.duration(minutes=30 * (half_hour - 1)))


def _without_zone(moment: pl.Expr, *, zoned: bool) -> pl.Expr:
    return moment.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else moment


def read_stamps(texts: pl.Series, formats: Sequence[StampFormat], clock: Clock, zone: str = LONDON) -> pl.DataFrame:
    """Parse each distinct stamp once: a year has only 17,520 half-hours, however many homes there are.

    `zone` is the time zone of a local clock; clocks in the European Union and the UK change on the same days.

    Returns
    -------
    pl.DataFrame
        `text`; `stamp`, as delivered; `instant_utc`, the moment that it names; `second_utc`, the later of two moments
        where the autumn change makes a local stamp name two, else null; `half_hour`, 0 to 47, null off the grid and on
        change days; `on_change_day`.

    """
    distinct = texts.unique()
    table = pl.DataFrame({"text": distinct, "stamp": parse_stamps(distinct, formats)})
    stamp = pl.col("stamp")
    on_change_day = stamp.dt.date().is_in(list(CHANGE_DAYS)).fill_null(value=False)
    table = table.with_columns(
        on_change_day=on_change_day,
        half_hour=pl.when(is_on_grid(stamp) & ~on_change_day).then(
            stamp.dt.hour().cast(pl.Int16) * 2 + stamp.dt.minute() // 30
        ),
    )
    if clock == "utc":
        return table.with_columns(instant_utc=stamp, second_utc=pl.lit(None, dtype=UTC))
    first, second = local_to_utc(stamp, "earliest", zone), local_to_utc(stamp, "latest", zone)
    # a stamp in the hour that the spring change skips is taken as if the clock had not changed yet
    table = table.with_columns(instant_utc=first.fill_null(stamp), second_utc=second)
    return table.with_columns(
        second_utc=pl.when(pl.col("second_utc") != pl.col("instant_utc")).then(pl.col("second_utc"))
    )


def local_to_utc(stamp: pl.Expr, which: Literal["earliest", "latest"], zone: str) -> pl.Expr:
    """Return the moment in UTC that a local stamp names; null where the clock leaves it out."""
    local = stamp.dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
    return local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def is_on_grid(moment: pl.Expr) -> pl.Expr:
    """Whether a moment is a full or a half hour."""
    return moment == moment.dt.truncate("30m")


def minute_of_day(moment: pl.Expr) -> pl.Expr:
    """Return the full minutes since midnight, 0 to 1439; asking for hour and minute takes ten times as long."""
    return moment.dt.epoch("us") // _MICROSECONDS_PER_MINUTE % MINUTES_PER_DAY


def weigh_half_hours(rows: pl.DataFrame) -> StampEvidence:
    """Compare half-hour numbers (1 to 48) with the `half_hour` (0 to 47) of the stamp under both conventions.

    A stamp that names the start of the half-hour number HH has `half_hour` HH - 1. A stamp that names its end has HH, and
    midnight belongs to number 48 of the day before. Change days, whose numbers run to 46 or 50, are left out.
    """
    known = rows.select("half_hour", "half_hour_number").filter(pl.col("half_hour").is_not_null())
    number, at = pl.col("half_hour_number"), pl.col("half_hour")
    start, end = number == at + 1, number == (at - 1) % HALF_HOURS_PER_DAY + 1
    counted = known.select(rows=pl.len(), start=start.sum(), end=end.sum())
    return StampEvidence(*counted.row(0))


def decide_stamp(
    evidence: StampEvidence, *, default: Stamp, setting: Stamp | None = None, rule: StampRule | None = None
) -> tuple[Stamp, str]:
    """Decide whether the stamps of a file name starts or ends, and say on what grounds.

    Raises
    ------
    RefusalError
        If the numbers of some rows say start, and those of too many others say end.

    """
    rule = rule or StampRule()
    if setting is not None:
        return setting, "set for the feed"
    votes = evidence.start + evidence.end
    if votes < rule.rows or votes * 2 < evidence.rows:
        return default, f"default of the format: HH of {votes} of {evidence.rows} rows decides nothing"
    winner: Stamp = "start" if evidence.start >= evidence.end else "end"
    agreeing = max(evidence.start, evidence.end)
    if agreeing < rule.share * votes:
        raise RefusalError(
            f"contradicting HH: by {evidence.start} rows stamps name the start of the half-hour, by {evidence.end} its "
            f"end; set `stamp` for the feed, or part the file"
        )
    return winner, f"HH agrees in {agreeing} of {evidence.rows} rows"


def number_repeats(rows: pl.DataFrame, seen: pl.DataFrame) -> pl.Series:
    """Count, for each row, the earlier rows of the same home with the same stamp, in this block and in earlier ones.

    Parameters
    ----------
    rows
        `household_id`, `stamp`, in the order of the file.
    seen
        `household_id`, `stamp`, `rows`: the counts of the blocks before.

    """
    key = ["household_id", "stamp"]
    before = rows.join(seen, on=key, how="left", maintain_order="left")["rows"].fill_null(0)
    return before + rows.select(pl.int_range(pl.len()).over(key)).to_series()


def choose_instant(rows: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Give a repeated local stamp of the autumn change its later moment, and the first or only one its earlier moment.

    Only the order of a home's rows in the file tells the two hours apart.
    """
    twice = rows.filter(pl.col("second_utc").is_not_null())
    if twice.is_empty():
        return rows
    later = twice.filter(number_repeats(twice.select("household_id", "stamp"), seen) > 0)["line"]
    chosen = pl.when(pl.col("line").is_in(later.implode())).then("second_utc").otherwise("instant_utc")
    return rows.with_columns(instant_utc=chosen)


def start_of_interval(instant: pl.Expr, stamp: Stamp, length: dt.timedelta | pl.Expr = HALF_HOUR) -> pl.Expr:
    """Return the start of the interval that a moment names."""
    return instant if stamp == "start" else instant - length
