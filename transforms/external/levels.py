"""Levels beside SERL's: gas per home and day by dwelling type and temperature band, as measured and at equal weather."""

from __future__ import annotations

import polars as pl

from transforms.external.own import OwnFigures
from transforms.external.reference import References, in_our_types, mean_by_homes
from transforms.external.wording import number, of_made_up_homes, percent, sentences, signed
from transforms.tables.fixed_order import group_in_order

AS_IS = "gas per home and day"
SAME_WEATHER = "gas per home and day at the study's weather"
SAME_MIX = "gas per home and day at the study's weather and mix of types"
BY_TEMPERATURE = "gas per home on days of one temperature"
GAS = "gas_kwh_per_day"
UNIT = "kWh/d"
SET_LEVELS = "their levels are set, not measured"


def compare_types(own: OwnFigures, references: References) -> list[pl.DataFrame]:
    r"""Compare the gas of dwelling types with each year of SERL, as measured and corrected to the weather of that year.

    The correction is :math:`g' = g + b\,(D' - D)`, with the slope :math:`b` of the type's monthly gas against degree
    days :math:`D` below 15.5 degC. `all` is compared with the mean of SERL's types weighted by homes, and once more at
    SERL's mix of types.
    """
    published = published_types(references.level_by_type)
    both = (
        own.levels.rename({"households": "own_households", GAS: "own"})
        .join(published, on="dwelling_type")
        .rename({"dwelling_type": "segment"})
        .join(change_since_first_year(own, references), on="year", how="left")
        .with_columns(own_degree_days_k=pl.lit(own.degree_days_k, dtype=pl.Float64))
        .with_columns(
            weather=pl.col("gas_kwh_per_degree_day") * (pl.col("degree_days_k") - pl.col("own_degree_days_k"))
        )
    )
    ratio = pl.col("own") / pl.col("published")
    floor = pl.format(" of about {} m2 each", number(pl.col("floor_m2"), 0)).fill_null("")
    same_weather = both.drop_nulls("weather").with_columns(own=pl.col("own") + pl.col("weather"))
    return [
        rows_of(both, AS_IS, _explain_weather(own)),
        rows_of(same_weather, SAME_WEATHER, _explain_rest(own, ratio, "at equal weather", floor=floor)),
        rows_of(
            at_their_mix(same_weather),
            SAME_MIX,
            _explain_rest(own, ratio, "at equal weather and mix of types", floor=floor),
        ),
    ]


def published_types(level_by_type: pl.DataFrame) -> pl.DataFrame:
    """Return SERL's levels by our dwelling types, and for `all`, weighted by homes."""
    columns = ("published", "temperature_c", "degree_days_k", "floor_m2")
    rows = in_our_types(level_by_type, "building_type").with_columns(
        published="gas_kwh_per_day", floor_m2=pl.col("gas_kwh_per_day") / pl.col("gas_kwh_per_m2_day")
    )
    both = pl.concat([rows, rows.with_columns(dwelling_type=pl.lit("all"))])
    return (
        both.sort("year", "dwelling_type", "building_type")
        .group_by("year", "dwelling_type", maintain_order=True)
        .agg(*mean_by_homes(columns), pl.col("households").sum())
        .with_columns(pl.col("floor_m2").fill_nan(None))
    )


def at_their_mix(same_weather: pl.DataFrame) -> pl.DataFrame:
    """Return `all` of each year with our types weighted by SERL's homes; only years of which we show every type of SERL."""
    types = same_weather.filter(pl.col("segment") != "all")
    mixed = group_in_order(types, "year", by=None).agg(
        mixed=(pl.col("own") * pl.col("households")).sum() / pl.col("households").sum(),
        counted=pl.col("households").sum(),
    )
    return (
        same_weather.filter(pl.col("segment") == "all")
        .join(mixed, on="year")
        .filter(pl.col("counted") == pl.col("households"))
        .with_columns(own="mixed")
    )


def change_since_first_year(own: OwnFigures, references: References) -> pl.DataFrame:
    """Return `year`, `first_year`, `first_over_year` [1]: gas of SERL's homes in its first year over that in each year.

    Both are at the temperatures of this run: SERL's gas by band, weighted by the run's days in the band.
    """
    days = own.bands.select("temperature_band", "days")
    years = references.level_by_band.join(days, on="temperature_band")
    first = years.filter(pl.col("year") == pl.col("year").min()).select(
        "temperature_band", first_gas=GAS, first_year="year"
    )
    both = years.join(first, on="temperature_band")
    weighted = group_in_order(both, ("year", "first_year"), by="temperature_band")
    ratio = (pl.col("first_gas") * pl.col("days")).sum() / (pl.col(GAS) * pl.col("days")).sum()
    return weighted.agg(first_over_year=ratio).sort("year")


def compare_bands(own: OwnFigures, references: References) -> list[pl.DataFrame]:
    """Compare the gas of all homes on days of one temperature band, so that the weather hardly matters.

    Days still differ within a band; the slope between neighbouring bands corrects for that.
    """
    both = (
        own.bands.rename({"households": "own_households", GAS: "own", "temperature_c": "own_temperature_c"})
        .join(references.level_by_band.rename({GAS: "published"}), on="temperature_band")
        .rename({"temperature_band": "segment"})
        .join(first_year_of_bands(references), on="segment", how="left")
        .with_columns(
            weather=pl.col("gas_kwh_per_day_k") * (pl.col("temperature_c") - pl.col("own_temperature_c")),
            first_over_year=pl.col("first_gas") / pl.col("published"),
        )
    )
    days = pl.format("{} days here, {} degC on average, {} degC there", "days", number(pl.col("own_temperature_c")), number(pl.col("temperature_c")))  # fmt: skip
    within = pl.format(": that is {} of the {} kWh/d", signed(-pl.col("weather")), signed(pl.col("own") - pl.col("published")))  # fmt: skip
    carried = (pl.col("own") + pl.col("weather").fill_null(0)) / pl.col("published")
    rest = _explain_rest(own, carried, "at equal temperature", floor=pl.lit(""))
    return [rows_of(both, BY_TEMPERATURE, sentences(days, within, ". ", rest))]


def first_year_of_bands(references: References) -> pl.DataFrame:
    """Return SERL's gas of each band in the first year that has the band."""
    years = references.level_by_band.sort("year")
    return years.group_by(segment="temperature_band", maintain_order=True).agg(
        first_gas=pl.col(GAS).first(), first_year=pl.col("year").first()
    )


def rows_of(both: pl.DataFrame, quantity: str, explanation: pl.Expr) -> pl.DataFrame:
    """Return rows of `EXTERNAL_CHECK`, not yet in order."""
    return both.select(
        study=pl.format("SERL {}", "year"),
        quantity=pl.lit(quantity),
        segment="segment",
        unit=pl.lit(UNIT),
        own="own",
        published="published",
        households="own_households",
        explanation=explanation,
    )


def _explain_weather(own: OwnFigures) -> pl.Expr:
    left = pl.col("own") + pl.col("weather") - pl.col("published")
    known = pl.format(
        "Weather: {} had {} degree days (below 15.5 degC) a day, {} had {}; that is {} of the {} kWh/d, and {} are left.",
        pl.lit(own.period), number(pl.col("own_degree_days_k"), 2), "year", number(pl.col("degree_days_k"), 2),
        signed(-pl.col("weather")), signed(pl.col("own") - pl.col("published")), signed(left),
    )  # fmt: skip
    unknown = "Weather cannot be told apart: too few months or no temperature here."
    return sentences(known.fill_null(unknown), of_made_up_homes(own.origin, SET_LEVELS))


def _explain_rest(own: OwnFigures, ratio: pl.Expr, given: str, *, floor: pl.Expr) -> pl.Expr:
    """Explain the difference at equal weather: by the years since SERL's first, and by the samples of homes."""
    rest = pl.format("{} is left {}.", percent(ratio), pl.lit(given))
    time = pl.format(
        " Time: SERL's homes used {} in {} against {} at equal temperature; {} is left for the years before and for other homes.",
        percent(pl.col("first_over_year")), "first_year", "year", percent(ratio / pl.col("first_over_year")),
    )  # fmt: skip
    later = pl.when(pl.col("year") > pl.col("first_year")).then(time)
    sample = pl.format(" Sample: {} homes of {} here, {} there{}.", "own_households", pl.lit(own.period), "households", floor)  # fmt: skip
    return sentences(rest, later, sample, of_made_up_homes(own.origin, SET_LEVELS))
