"""The shape of the day beside SERL's: hour by hour on the local clock, by dwelling type and by temperature band."""

from __future__ import annotations

import polars as pl

from transforms.external.own import HOURS, OwnFigures, over_mean
from transforms.external.reference import References, in_our_types
from transforms.external.wording import number, of_made_up_homes, sentences, signed
from transforms.tables.fixed_order import group_in_order

SHIFTS = (-2, -1, 0, 1, 2)
SET_SHAPES = (
    "their shapes rest on SERL's, so agreement tests the way from readings to profiles and says nothing about homes"
)
SEGMENT = ("segmentation", "segment")


def compare_shapes(own: OwnFigures, references: References) -> list[pl.DataFrame]:
    """Compare the gas of each local hour over the day's mean, the hour and height of the peak, and the clock.

    The shift of the clock is the number of hours by which the run's shape must be moved to come closest to SERL's. If
    it is not 0, a clock or the meaning of a stamp is wrong.
    """
    published = hours_of_half_hours(references.half_hour_gas)
    both = own.hours.rename({"hour_over_mean": "own", "households": "own_households"}).join(
        published.rename({"hour_over_mean": "published"}), on=[*SEGMENT, "hour_local"]
    )
    if both.is_empty():
        return []
    years = sorted(set(references.half_hour_gas["year"]))
    study = f"SERL {years[0]}" + (f"-{years[-1] % 100:02d}" if len(years) > 1 else "")
    facts = both.join(describe_segments(both), on=SEGMENT)
    explanation = _explain(own)
    hourly = facts.select(
        study=pl.lit(study), quantity=pl.format("shape of the day, {}", _name_segment()), segment=_name_hour(), unit=pl.lit("1"),
        own="own", published="published", households="own_households", explanation=explanation,
    )  # fmt: skip
    segments = facts.unique(SEGMENT, keep="first", maintain_order=True)
    summary = [
        segments.select(
            study=pl.lit(study), quantity=pl.lit(quantity), segment="segment", unit=pl.lit(unit),
            own=pl.col(mine).cast(pl.Float64), published=theirs.cast(pl.Float64), households="fewest_households",
            explanation=explanation,
        )
        for quantity, unit, mine, theirs in (
            ("hour of the day's peak", "h", "own_peak_hour", pl.col("published_peak_hour")),
            ("peak over the day's mean", "1", "own_peak", pl.col("published_peak")),
            ("shift of the clock that fits best", "h", "best_shift_h", pl.lit(0)),
        )
    ]  # fmt: skip
    return [hourly, *summary]


def hours_of_half_hours(half_hour_gas: pl.DataFrame) -> pl.DataFrame:
    """Return SERL's gas of each local hour over the day's mean [1], by the run's segments.

    A SERL stamp names the *end* of its half-hour: 00:30 and 01:00 make the hour from 00:00, and midnight belongs to
    hour 23 of the day before. Years and building types are weighted by their homes.
    """
    types = in_our_types(half_hour_gas.filter(pl.col("segmentation") == "building_type"), "segment")
    types = types.with_columns(segmentation=pl.lit("dwelling_type"), segment="dwelling_type").drop("dwelling_type")
    bands = half_hour_gas.filter(pl.col("segmentation") == "temperature_band")
    start = (pl.col("read_minute_local") - 30) % (HOURS * 60)
    hours = (
        pl.concat([types.select(bands.columns), bands])
        .with_columns(hour_local=(start // 60).cast(pl.Int8))
        .pipe(group_in_order, (*SEGMENT, "hour_local"), by=("households", "gas_kw_mean"))
        .agg(gas=(pl.col("gas_kw_mean") * pl.col("households")).sum() / pl.col("households").sum())
    )
    return over_mean(hours)


def describe_segments(both: pl.DataFrame) -> pl.DataFrame:
    """Return, by segment, the two peaks, the mean absolute difference and the shift that fits best."""
    ordered = both.sort(*SEGMENT, "hour_local").with_columns(
        ((pl.col("own").gather((pl.int_range(pl.len()) - shift) % HOURS).over(SEGMENT) - pl.col("published")).abs())
        .mean()
        .over(SEGMENT)
        .alias(f"difference_{shift}")
        for shift in SHIFTS
    )
    differences = [pl.col(f"difference_{shift}").first() for shift in SHIFTS]
    hour = pl.col("hour_local")
    return ordered.group_by(SEGMENT, maintain_order=True).agg(
        own_peak=pl.col("own").max(),
        published_peak=pl.col("published").max(),
        own_peak_hour=hour.gather(pl.col("own").arg_max()).first(),
        published_peak_hour=hour.gather(pl.col("published").arg_max()).first(),
        fewest_households=pl.col("own_households").min(),
        difference=pl.col("difference_0").first(),
        best_shift_h=pl.concat_list(differences).list.arg_min().cast(pl.Int64) + SHIFTS[0],
    )


def _name_hour() -> pl.Expr:
    return pl.format("{}:00", pl.col("hour_local").cast(pl.String).str.zfill(2))


def _name_segment() -> pl.Expr:
    """Name a dwelling type or a band as words: `semi detached`, `days of -5 to 0 degC`."""
    band = pl.format("days of {} degC", pl.col("segment").str.strip_suffix("_c").str.replace_all("_", " "))
    type_ = pl.col("segment").str.replace_all("_", " ")
    return pl.when(pl.col("segmentation") == "temperature_band").then(band).otherwise(type_)


def _explain(own: OwnFigures) -> pl.Expr:
    apart = pl.format(
        "{} of the mean apart on average over the hours; peak {} of the mean at {}:00 here, {} at {}:00 there.",
        number(pl.col("difference"), 3), number(pl.col("own_peak"), 2),
        pl.col("own_peak_hour"), number(pl.col("published_peak"), 2), pl.col("published_peak_hour"),
    )  # fmt: skip
    shifted = pl.format(
        " Moved by {} h it fits best: check the clock and the meaning of the stamps.", signed(pl.col("best_shift_h"), 0)
    )
    clock = pl.when(pl.col("best_shift_h") != 0).then(shifted)
    of_year = (
        None
        if own.degree_days_k is None
        else f" Over a year of {own.degree_days_k:.2f} degree days a day here: the colder, the flatter the day."
    )
    weather = pl.when(pl.col("segmentation") == "dwelling_type").then(pl.lit(of_year, dtype=pl.String))
    return sentences(apart, clock, weather, of_made_up_homes(own.origin, SET_SHAPES))
