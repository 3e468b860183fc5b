"""Expressions that put numbers and differences into sentences."""

from __future__ import annotations

import polars as pl


def number(value: pl.Expr, digits: int = 1) -> pl.Expr:
    """Write a number with a fixed count of digits."""
    whole = value.round(digits) + 0.0  # no minus zero
    return whole.round(0).cast(pl.Int64).cast(pl.String) if digits == 0 else whole.cast(pl.String)


def signed(value: pl.Expr, digits: int = 1) -> pl.Expr:
    """Write a number with its sign."""
    text = number(value, digits)
    return pl.when(value.round(digits) > 0).then(pl.concat_str(pl.lit("+"), text)).otherwise(text)


def percent(ratio: pl.Expr) -> pl.Expr:
    """Write by how much a ratio differs from one: `+12 %`."""
    return pl.concat_str(signed((ratio - 1) * 100, 0), pl.lit(" %"))


def of_made_up_homes(origin: str | None, consequence: str) -> str:
    """Return the sentence that homes are made up; empty for real homes."""
    return "" if origin is None else f" The homes here are made up ({origin}): {consequence}."


def sentences(*parts: pl.Expr | str) -> pl.Expr:
    """Join parts to a text; one that is null is left out."""
    exprs = [pl.lit(part) if isinstance(part, str) else part.fill_null("") for part in parts]
    return pl.concat_str(exprs).str.strip_chars()
