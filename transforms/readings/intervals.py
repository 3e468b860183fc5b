"""Intervals of other lengths than a half-hour, and registers, made into half-hours.

The length of a home's intervals is found from its stamps, month by month. An hour becomes two half-hours with half of its
gas each. Every later table is of hours, so this claims no peak of a half-hour (docs/decisions). Shorter intervals are added
up, if all parts of a half-hour are there. The states of a register are differenced. Lines that cannot be used are returned
with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from transforms.readings.declaration import Stamp
from transforms.readings.stamps import HALF_HOUR, minute_of_day
from transforms.tables.lake import REJECT
from transforms.tables.rules import bound

HALF = 30  # minutes
HOUR = 60
DAY_MINUTES = 1440
PLACES_OF_LINE = 100_000  # more than the half-hours of any line
NEAR_THE_TOP, NEAR_NOUGHT = 0.99, 0.01  # of the highest state of a register: it passed its last digit between them
REGISTER = "the state of a register, not the use of an interval: its values never fall; take the difference of each to the one before"
COUNTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "household_id": pl.String,
    "rows": pl.Int64,
    "on_half": pl.Int64,
    "off_grid": pl.Int64,
    "half_steps": pl.Int64,
    "falls": pl.Int64,
    "rises": pl.Int64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRule:
    """When the stamps and the values of a home show that its readings are no half-hours."""

    rows_min: float = bound(24, unit="1", status="own choice", source="readings that tell an interval: a day of hours")
    hours_share_max: float = bound(
        0.1, unit="1", status="own choice", source="share of stamps at half past, of hours: none"
    )
    long_rows_min: float = bound(
        336, unit="1", status="own choice", source="readings of a week, whose share at half past is steady"
    )
    half_share_low: float = bound(
        0.42, unit="1", status="own choice", source="share of stamps at half past, of a week: half"
    )
    half_share_high: float = bound(0.58, unit="1", status="own choice", source="as half_share_low")
    off_grid_max: float = bound(
        0.1, unit="1", status="own choice", source="share of stamps neither full nor half hours; faults are 0.1 %"
    )
    half_steps_min: float = bound(
        0.5, unit="1", status="own choice", source="share of steps of a half-hour, of a clock that is minutes wrong"
    )
    register_rows_min: float = bound(
        48, unit="1", status="own choice", source="readings that never fall: a day of half-hours"
    )
    register_values_min: float = bound(10, unit="1", status="own choice", source="different values that never fall")
    falls_max: float = bound(
        0.002, unit="1", status="own choice", source="share of falls: a rollover or an exchange of the meter"
    )


RULE = IntervalRule()


@dataclass(frozen=True, slots=True)
class Regular:
    """Half-hours, and the lines that gave none."""

    readings: pl.DataFrame
    unused: pl.DataFrame
    """`line`, `reason`."""
    notes: tuple[str, ...]
    """How many readings have which length, in words."""


def count_steps(readings: pl.DataFrame) -> pl.DataFrame:
    """Count, for each home of a block, the rows that tell its interval and a register (`COUNTS`); rows are in file order.

    Rows are counted up to the last of each home, and what was counted before it is taken off: grouping takes three times as long.
    """
    home, moment, value = pl.col("household_id"), pl.col("instant_utc"), pl.col("gas_kwh")
    minute = minute_of_day(moment) % HOUR
    goes_on = home == home.shift()
    holds = {
        "on_half": minute == HALF,
        "off_grid": minute % HALF != 0,
        "half_steps": goes_on & (moment.diff().abs() == HALF_HOUR),
        "falls": goes_on & (value.diff() < 0),
        "rises": goes_on & (value.diff() > 0),
    }
    so_far = {name: found.fill_null(value=False).cast(pl.Int64).cum_sum() for name, found in holds.items()}
    is_last = (home != home.shift(-1)).fill_null(value=True)
    pieces = readings.select(home, is_last=is_last, rows=pl.int_range(1, pl.len() + 1), **so_far).filter("is_last")
    if pieces["household_id"].n_unique() < len(pieces):  # homes take turns
        return count_steps(readings.sort("household_id", maintain_order=True))
    return pieces.select(home, *(pl.col(name) - pl.col(name).shift(fill_value=0) for name in ("rows", *holds)))


def add_steps(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up the counts of several blocks."""
    return pl.concat([pl.DataFrame(schema=COUNTS), *parts]).group_by("household_id").agg(pl.all().sum())


def find_irregular(counts: pl.DataFrame, rule: IntervalRule = RULE) -> list[str]:
    """Return the homes whose readings do not look like the use of half-hours.

    A meter whose clock is some minutes wrong still steps by half-hours; it is not among them.
    """
    on_grid = pl.col("rows") - pl.col("off_grid")
    share = pl.col("on_half") / on_grid
    other_length = ((on_grid >= rule.rows_min) & (share < rule.hours_share_max)) | (
        (on_grid >= rule.long_rows_min) & ~share.is_between(rule.half_share_low, rule.half_share_high)
    )
    other_clock = (
        (pl.col("rows") >= rule.rows_min)
        & (pl.col("off_grid") > rule.off_grid_max * pl.col("rows"))
        & (pl.col("half_steps") < rule.half_steps_min * pl.col("rows"))
    )
    fewer, more = pl.min_horizontal("falls", "rises"), pl.max_horizontal("falls", "rises")
    register = (
        (pl.col("rows") >= rule.register_rows_min)
        & (fewer <= rule.falls_max * pl.col("rows") + 1)
        & (more >= rule.register_values_min)
    )
    return sorted(counts.filter(other_length | other_clock | register)["household_id"])


def find_intervals(readings: pl.DataFrame) -> pl.DataFrame:
    """Return the length of the intervals of each home and month: the commonest difference between its moments.

    Returns
    -------
    pl.DataFrame
        `household_id`, `month`, `minutes` (null for a home with fewer readings than a day of hours).

    """
    moments = readings.select("household_id", "instant_utc").unique().sort("household_id", "instant_utc")
    steps = moments.with_columns(
        month=pl.col("instant_utc").dt.truncate("1mo"),
        minutes=pl.col("instant_utc").diff().over("household_id").dt.total_seconds() / 60,
    )
    by_month = steps.group_by("household_id", "month").agg(
        rows=pl.len(), minutes=pl.col("minutes").drop_nulls().mode().min()
    )
    of_home = steps.group_by("household_id").agg(rows=pl.len(), of_home=pl.col("minutes").drop_nulls().mode().min())
    both = by_month.join(of_home.filter(pl.col("rows") >= RULE.rows_min).drop("rows"), on="household_id", how="left")
    length = pl.when(pl.col("rows") >= RULE.rows_min).then("minutes").otherwise("of_home")
    return both.select("household_id", "month", minutes=length)


def find_registers(readings: pl.DataFrame, rule: IntervalRule = RULE) -> list[str]:
    """Return the homes that deliver states of a register: their values never fall, except when the meter is exchanged."""
    ordered = readings.sort("household_id", "instant_utc").with_columns(
        step=pl.col("gas_kwh").diff().over("household_id")
    )
    homes = ordered.group_by("household_id").agg(
        rows=pl.len(), falls=(pl.col("step") < 0).sum(), values=pl.col("gas_kwh").n_unique(), last=pl.col("gas_kwh").last(),
        first=pl.col("gas_kwh").first(), rises=(pl.col("step") > 0).sum(),
    )  # fmt: skip
    found = homes.filter(
        (pl.col("rows") >= rule.register_rows_min)
        & (pl.col("values") >= rule.register_values_min)
        & (pl.col("falls") <= rule.falls_max * pl.col("rows"))
        & (pl.col("rises") >= rule.register_values_min)
    )
    return sorted(found["household_id"])


def regularise(
    readings: pl.DataFrame, *, stamp: Stamp, minutes: int | None, register_unit_kwh: float | None
) -> Regular:
    """Turn readings of any interval that Hearth can use into half-hours.

    Parameters
    ----------
    readings
        `line`, `household_id`, `instant_utc`, `gas_kwh` [kWh], `is_half_hour`, and where lines name their end `stamp_end`.
    stamp
        What the moments name: the `start` or the `end` of their interval.
    minutes
        Length of the intervals where it is declared; else it is found.
    register_unit_kwh
        Energy of the unit that a register counts in [kWh]; None where the values are no states of a register.

    """
    if register_unit_kwh is not None:
        readings, lost = difference_register(readings, register_unit_kwh)
        stamp = "start"
    else:
        lost = _no_lines()
    if minutes is None:
        found = find_intervals(readings)
        timed = readings.with_columns(month=pl.col("instant_utc").dt.truncate("1mo")).join(
            found, on=["household_id", "month"], how="left", maintain_order="left"
        )
    else:
        timed = readings.with_columns(minutes=pl.lit(float(minutes)))
    timed = timed.with_columns(pl.col("minutes").fill_null(_declared_minutes(timed)))
    length = pl.duration(seconds=(pl.col("minutes") * 60).cast(pl.Int64))
    start = pl.col("instant_utc") if stamp == "start" else pl.col("instant_utc") - length
    timed = timed.with_columns(interval_start_utc=start)
    if "stamp_end" in timed.columns and register_unit_kwh is None:
        timed = timed.with_columns(is_half_hour=(pl.col("stamp_end") - pl.col("instant_utc")) == length)
    hours, halves, parts, other = _part_by_length(timed)
    made, incomplete = sum_parts(parts)
    pieces = [halves, split_hours(hours), made]
    columns = ["line", "household_id", "interval_start_utc", "gas_kwh", "is_half_hour"]
    return Regular(
        readings=pl.concat([piece.select(columns) for piece in pieces]),
        unused=pl.concat([lost, incomplete, _name_others(other)]).sort("line"),
        notes=_describe_lengths(timed),
    )


def number_places(readings: pl.DataFrame, *, always: bool) -> pl.DataFrame:
    """Renumber readings where several come from one line: the line times 100,000, plus the place within the line.

    With `always` they are numbered so in any case, since other readings of the same file are.
    """
    ordered = readings.sort("line", "interval_start_utc")
    if not always and ordered["line"].n_unique() == len(ordered):
        return ordered
    return ordered.with_columns(line=pl.col("line") * PLACES_OF_LINE + pl.int_range(pl.len()).over("line"))


def _declared_minutes(timed: pl.DataFrame) -> pl.Expr:
    """Return the length that each line declares by its end stamp [min]; without an end stamp, a half-hour."""
    if "stamp_end" in timed.columns:
        return (pl.col("stamp_end") - pl.col("instant_utc")).dt.total_seconds() / 60
    return pl.lit(float(HALF))


def _no_lines() -> pl.DataFrame:
    return pl.DataFrame(schema={"line": pl.Int64, "reason": pl.String})


def _part_by_length(timed: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    minutes = pl.col("minutes")
    is_part = (minutes < HALF) & (minutes > 0) & (HALF % minutes == 0)
    on_hour = pl.col("interval_start_utc") == pl.col("interval_start_utc").dt.truncate("1h")
    is_hour = (minutes == HOUR) & on_hour & pl.col("is_half_hour")
    is_half = (minutes == HALF) | ((minutes == HOUR) & ~is_hour)  # an hour off the hour is flagged as off the grid
    halves = timed.filter(is_half).with_columns(is_half_hour=pl.col("is_half_hour") & (minutes == HALF))
    return timed.filter(is_hour), halves, timed.filter(is_part), timed.filter(~(is_half | is_part | is_hour))


def split_hours(hours: pl.DataFrame) -> pl.DataFrame:
    """Split each hour into two half-hours with half of its gas each."""
    half = hours.with_columns(pl.col("gas_kwh") / 2, is_half_hour=pl.lit(value=True))
    return pl.concat([half, half.with_columns(pl.col("interval_start_utc") + HALF_HOUR)])


def sum_parts(parts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add up intervals shorter than a half-hour; a half-hour with a missing or negative part is not made.

    Returns
    -------
    tuple
        The half-hours, each with the line of its first part; and the lines that gave none (`line`, `reason`).

    """
    slot = pl.col("interval_start_utc").dt.truncate("30m")
    once = parts.with_columns(slot=slot).unique(
        ["household_id", "interval_start_utc", "gas_kwh"], keep="first", maintain_order=True
    )
    key = ["household_id", "slot"]
    needed = (HALF / pl.col("minutes")).first().cast(pl.Int64)
    sums = once.group_by(key, maintain_order=True).agg(
        pl.col("gas_kwh").sum(),
        pl.col("line").min(),
        whole=(pl.len() == needed)
        & (pl.col("interval_start_utc").n_unique() == needed)
        & (pl.col("gas_kwh") >= 0).all(),
    )
    made = sums.filter("whole").with_columns(interval_start_utc=pl.col("slot"), is_half_hour=pl.lit(value=True))
    left = parts.with_columns(slot=slot).join(made.select(key), on=key, how="anti")
    reason = pl.lit("a part of a half-hour whose other parts are missing, negative or several")
    return made, left.select("line", reason=reason)


def difference_register(readings: pl.DataFrame, unit_kwh: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Turn the states of registers into the use between each state and the next.

    A register that passes its last digit starts again at nought; its use is known. If a register falls otherwise, the meter
    was exchanged or set, and the use in that interval is not known. Use over a gap belongs to no interval.

    Parameters
    ----------
    readings
        `line`, `household_id`, `instant_utc`, and in `gas_kwh` the states [kWh].
    unit_kwh
        Energy of the unit that the register counts in [kWh].

    Returns
    -------
    tuple
        Readings with the use in `gas_kwh` [kWh], and the lines that gave none (`line`, `reason`).

    """
    key = ["household_id", "instant_utc"]
    ordered = readings.sort(*key, "line").unique(key, keep="first", maintain_order=True)
    before, after = pl.col("gas_kwh"), pl.col("gas_kwh").shift(-1).over("household_id")
    length = (pl.col("instant_utc").shift(-1).over("household_id") - pl.col("instant_utc")).dt.total_seconds() / 60
    stepped = ordered.with_columns(use=after - before, step=length, top=_top_of_register(before / unit_kwh) * unit_kwh)
    usual = pl.col("step").drop_nulls().mode().min().over("household_id")
    turned = pl.col("use") + pl.col("top")
    passed_top = (before > NEAR_THE_TOP * pl.col("top")) & (turned < NEAR_NOUGHT * pl.col("top"))
    rolled = (pl.col("use") < 0) & passed_top
    stepped = stepped.with_columns(use=pl.when(rolled).then(turned).otherwise("use"))
    reason = pl.coalesce(
        pl.when(pl.col("use").is_null()).then(pl.lit("the last state of the register: its use is not known yet")),
        pl.when(pl.col("use") < 0).then(pl.lit("the register falls after it: another meter, or its state was set")),
        pl.when(pl.col("step") != usual).then(
            pl.lit("a state of the register before a gap: its use lies in several intervals")
        ),
    )
    judged = stepped.with_columns(reason=reason)
    good = (
        judged.filter(pl.col("reason").is_null())
        .with_columns(gas_kwh=pl.col("use"))
        .drop("use", "step", "top", "reason")
    )
    repeated = readings.join(ordered.select("line"), on="line", how="anti")
    lost = pl.concat(
        [
            judged.drop_nulls("reason").select("line", "reason"),
            repeated.select("line", reason=pl.lit("a state of the register for the same moment stands here already")),
        ]
    )
    return good.with_columns(is_half_hour=pl.lit(value=True)), lost


def _top_of_register(state: pl.Expr) -> pl.Expr:
    """Return the next power of ten above the highest state of each home: the value at which its register starts again."""
    digits = state.max().over("household_id").clip(1, None).log10().floor() + 1
    return pl.lit(10.0).pow(digits)


def _name_others(other: pl.DataFrame) -> pl.DataFrame:
    length = (
        pl.when(pl.col("minutes") == DAY_MINUTES)
        .then(pl.lit("a day"))
        .otherwise(pl.format("{} minutes", pl.col("minutes")))
    )
    return other.select("line", reason=pl.format("an interval of {}: half-hours cannot be made of it", length))


def _describe_lengths(timed: pl.DataFrame) -> tuple[str, ...]:
    """Say how many readings have which length."""
    counts = timed.group_by("minutes").agg(readings=pl.len()).sort("readings", descending=True)
    return tuple(f"{minutes:g} min: {readings:,} readings" for minutes, readings in counts.head(5).iter_rows())


def fill_zeros(readings: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Add the half-hours that a home leaves out between its first and its last reading, with zero use; and count them.

    Each added half-hour has the line of the reading before it.
    """
    ends = readings.group_by("household_id").agg(
        first=pl.col("interval_start_utc").min(), last=pl.col("interval_start_utc").max()
    )
    grid = ends.select(
        "household_id", interval_start_utc=pl.datetime_ranges("first", "last", "30m", time_unit="us")
    ).explode("interval_start_utc")
    key = ["household_id", "interval_start_utc"]
    absent = grid.join(readings.select(key), on=key, how="anti").sort(key)
    lines = readings.select(*key, "line").sort(key)
    placed = absent.join_asof(
        lines.rename({"interval_start_utc": "at"}),
        left_on="interval_start_utc",
        right_on="at",
        by="household_id",
        check_sortedness=False,
    ).select("line", *key, gas_kwh=pl.lit(0.0), is_half_hour=pl.lit(value=True))
    return pl.concat([readings, placed.select(readings.columns)]), len(absent)


def describe_unused(readings: pl.DataFrame, unused: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that gave no half-hour as rejects (`REJECT`), each once, with the values that were read."""
    once = unused.unique("line", keep="first", maintain_order=True)
    shown = readings.select(
        "line", text=pl.format("{},{},{} kWh", "household_id", pl.col("instant_utc").dt.to_string(), "gas_kwh")
    )
    return REJECT.conform(once.join(shown.unique("line", keep="first"), on="line", how="left").sort("line"))
