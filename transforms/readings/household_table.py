"""Household tables: the homes, and the dwelling type of each."""

from __future__ import annotations

import polars as pl

from transforms.readings.delivered_table import DeliveredRows
from transforms.readings.formats import HOUSEHOLDS

# Words of suppliers, surveys and censuses, in lower case, with one blank between words. A word that is not in this list
# gives the type unknown; the delivered word is kept beside it.
DWELLING_ALIASES: dict[str, tuple[str, ...]] = {
    "detached": ("detached", "detached house", "det"),
    "semi_detached": ("semi detached", "semi", "semidetached", "semi detached house", "semi house", "sd"),
    "terraced": (
        "terraced", "terrace", "terraced house", "terr", "mid terrace", "mid terraced", "mid terrace house", "end terrace",
        "end terraced", "end terrace house", "end of terrace", "town house", "townhouse",
        "enclosed mid terrace", "enclosed end terrace",
    ),
    "bungalow": ("bungalow", "detached bungalow", "semi detached bungalow", "terraced bungalow", "bung"),
    "flat": (
        "flat", "apartment", "maisonette", "flat maisonette", "flat apartment", "purpose built flat", "pb flat",
        "converted flat", "conversion flat", "tenement", "studio", "studio flat", "bedsit", "flat or maisonette",
    ),
}  # fmt: skip
UNKNOWN = "unknown"
_TYPE_OF = {alias: dwelling_type for dwelling_type, aliases in DWELLING_ALIASES.items() for alias in aliases}
_OPTIONAL = tuple(field.role for field in HOUSEHOLDS.fields if not field.required)
_ALWAYS = ("heating_system", "origin")  # columns that every household table has, delivered or not


def name_dwelling_type(delivered: pl.Expr) -> pl.Expr:
    """Map a delivered word to one of the five types, or to unknown."""
    word = delivered.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars()
    return word.replace_strict(_TYPE_OF, default=UNKNOWN, return_dtype=pl.String).fill_null(UNKNOWN)


def read_households(delivered: DeliveredRows) -> tuple[DeliveredRows, pl.DataFrame]:
    """Make a household table of delivered rows; their order does not matter.

    If several rows name one home, all but the first are rejects. If they give it several types, its type is unknown, and
    the rejects say so.

    Returns
    -------
    tuple
        The lines with their rejects; and the table with `household_id`, `dwelling_type`, `dwelling_type_delivered`,
        `heating_system`, `origin` and the delivered area codes, null where nothing was delivered.

    """
    markers = list(HOUSEHOLDS.null_markers)
    missing = pl.col("household_id").str.to_lowercase().is_in(markers)
    named = delivered.reject(pl.when(missing).then(pl.lit("no household id")))
    given = [role for role in _OPTIONAL if role in named.rows.columns]
    empty_to_null = [
        pl.when(~pl.col(c).str.to_lowercase().is_in(markers)).then(pl.col(c)).alias(c)
        for c in ["dwelling_type", *given]
    ]
    rows = named.rows.with_columns(empty_to_null)
    words = pl.col("dwelling_type").drop_nulls().unique().sort()
    homes = (
        rows.with_columns(type=name_dwelling_type(pl.col("dwelling_type")))
        .group_by("household_id")
        .agg(
            pl.col(given).drop_nulls().min(),
            types=pl.col("type").unique(),
            dwelling_type_delivered=words.str.join(" | "),
            words=words.len(),
        )
        .with_columns(
            *[pl.lit(None, dtype=pl.String).alias(c) for c in _ALWAYS if c not in given],
            dwelling_type=pl.when(pl.col("types").list.len() == 1)
            .then(pl.col("types").list.first())
            .otherwise(pl.lit(UNKNOWN)),
            dwelling_type_delivered=pl.when(pl.col("words") > 0).then("dwelling_type_delivered"),
        )
    )
    rest = [c for c in given if c not in _ALWAYS]
    table = homes.select("household_id", "dwelling_type", "dwelling_type_delivered", *_ALWAYS, *rest)
    return _reject_repeats(named, homes), table.sort("household_id")


def _reject_repeats(named: DeliveredRows, homes: pl.DataFrame) -> DeliveredRows:
    """Reject every further row of a home."""
    first = pl.col("line") == pl.col("line").min().over("household_id")
    unclear = homes.filter(pl.col("types").list.len() > 1)["household_id"]
    why = pl.when(pl.col("household_id").is_in(unclear.implode())).then(
        pl.lit("home stands here with several dwelling types; its type is unknown")
    )
    return named.reject(pl.when(~first).then(pl.coalesce(why, pl.lit("home stands here already"))))


def count_unknown_types(table: pl.DataFrame) -> int:
    """Count the homes whose type is not known."""
    return table.filter(pl.col("dwelling_type") == UNKNOWN).height
