"""Rules of a scenario: which series it borrows, and how a series continues where no value is given."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.lcoh.assumptions.assumptions import OVERRIDE, WHERE, describe_refusals
from transforms.lcoh.assumptions.parameters import KNOWN_FIGURES

QUANTITY: Final = ["scenario", "item", "parameter"]
RULE_COLUMNS: Final = (
    *QUANTITY,
    "borrow_from",  # scenario that lends its own series; empty: the scenario's own
    "borrow_item",  # item that is lent; empty: the same
    "before",  # rule for years before the first given one: hold_first or grow
    "between",  # rule for years between given ones: interpolate
    "after",  # rule for years after the last given one: hold_last or grow
    "growth_per_year",  # growth of `grow`, 0.015 for 1.5 %
    "unit",  # unit of the series
    "source",  # source of the rule
)
CHOICES: Final = {"before": ("hold_first", "grow"), "between": ("interpolate",), "after": ("hold_last", "grow")}

_SERIES: Final = pl.DataFrame(
    [{"item": item, "parameter": name, "series_unit": f.unit} for (item, name), f in KNOWN_FIGURES.items() if f.by_year]
)


def check_rules(raw: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rules with `borrow_item` filled in and the growth as a number, null where there is none.

    Parameters
    ----------
    raw
        The columns `RULE_COLUMNS` as text, and `where`: the file and row of each.
    rows
        The table `assumption`, before rules are applied: a scenario that borrows has no rows of its own
        (an override apart), and one that lends has some. So a value is never borrowed twice.

    Raises
    ------
    AssumptionError
        If a rule cannot be used: the message names file, row and reason of the first five.

    """
    judged = raw.pipe(_as_text).pipe(_with_standing, rows).with_columns(reason=_reason())
    refused = judged.filter(pl.col("reason").is_not_null())
    if refused.height:
        raise describe_refusals(refused, kind="rules of scenarios")
    return judged.select(*RULE_COLUMNS).with_columns(
        growth_per_year=pl.col("growth_per_year").cast(pl.Float64, strict=False)
    )


def _as_text(raw: pl.DataFrame) -> pl.DataFrame:
    text = pl.col([*RULE_COLUMNS, WHERE]).cast(pl.String).str.strip_chars()
    return raw.select(text.fill_null("")).with_columns(
        borrow_item=pl.when((pl.col("borrow_item") == "") & (pl.col("borrow_from") != ""))
        .then("item")
        .otherwise("borrow_item"),
        growth=pl.col("growth_per_year").cast(pl.Float64, strict=False),
    )


def _with_standing(rules: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Join to each rule whether its series exists, which scenarios have rows of it, and whether the lender borrows it."""
    given = rows.filter(~pl.col("status").str.starts_with(OVERRIDE)).select(QUANTITY).unique()
    own = given.with_columns(has_own=pl.lit(True))
    lent = given.rename({"scenario": "borrow_from", "item": "borrow_item"}).with_columns(lender_has=pl.lit(True))
    borrows = rules.filter(pl.col("borrow_from") != "").select(
        "parameter",
        pl.col("borrow_from").alias("lender_borrows_from"),
        borrow_from="scenario",
        borrow_item="item",
    )
    lender = ["borrow_from", "borrow_item", "parameter"]
    return (
        rules.join(_SERIES, on=["item", "parameter"], how="left", maintain_order="left")
        .join(own, on=QUANTITY, how="left", maintain_order="left")
        .join(lent, on=lender, how="left", maintain_order="left")
        .join(borrows.unique(lender), on=lender, how="left", maintain_order="left")
    )


def _reason() -> pl.Expr:
    """Return the first reason why a rule cannot be used, null where there is none."""
    borrows = pl.col("borrow_from") != ""
    grows = pl.any_horizontal(pl.col("before", "after") == "grow")
    first_use = pl.col(WHERE).first().over(QUANTITY)
    lent = pl.format("{}.{}", "borrow_item", "parameter")
    unknown_choices = [
        (
            ~pl.col(name).is_in(["", *choices]),
            pl.format("{} '{}' is none of {}", pl.lit(name), name, pl.lit(", ".join(choices))),
        )
        for name, choices in CHOICES.items()
    ]
    reasons = [
        (pl.any_horizontal(pl.col("scenario", "source") == ""), pl.lit("scenario or source is empty")),
        (pl.col("series_unit").is_null(), pl.lit("no series over years has this name")),
        (
            pl.col("unit") != pl.col("series_unit"),
            pl.format("unit '{}' is not that of the series, {}", "unit", "series_unit"),
        ),
        *unknown_choices,
        (
            ~borrows & pl.all_horizontal(pl.col(*CHOICES) == ""),
            pl.lit("the rule is empty: name borrow_from, before, between or after"),
        ),
        (
            (pl.col("borrow_item") != "") & ~borrows,
            pl.format("borrow_item '{}' without borrow_from", "borrow_item"),
        ),
        (
            borrows & pl.col("has_own").fill_null(value=False),
            pl.format("{} has rows of its own: keep those or the borrowing", "scenario"),
        ),
        (
            borrows & pl.col("lender_borrows_from").is_not_null(),
            pl.format("{} borrows {} itself: borrow from {}", "borrow_from", lent, "lender_borrows_from"),
        ),
        (
            borrows & pl.col("lender_has").is_null(),
            pl.format("{} has no {} to lend", "borrow_from", lent),
        ),
        (
            grows & ~pl.col("growth").is_between(-0.5, 0.5).fill_null(value=False),
            pl.format("growth_per_year '{}' is no number from -0.5 to 0.5", "growth_per_year"),
        ),
        (
            ~grows & (pl.col("growth_per_year") != ""),
            pl.lit("growth_per_year is given, but neither before nor after is grow"),
        ),
        (
            pl.struct(QUANTITY).is_duplicated() & (first_use != pl.col(WHERE)),
            pl.format("the key is also in {}", first_use),
        ),
    ]
    return pl.coalesce(pl.when(condition).then(reason) for condition, reason in reasons)
