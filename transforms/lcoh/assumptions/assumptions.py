"""Rows of assumptions, checked: the parameter is known, its unit converts, and its value is within its bounds."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.lcoh.assumptions.parameters import ANY, DEFLATOR, KNOWN_FIGURES, SPF_ITEMS, UNIT_FACTORS
from transforms.lcoh.assumptions.refusals import AssumptionError, unknown_name
from transforms.tables.cost import ASSUMPTION

OVERRIDE: Final = "override"
STATUSES: Final = ("published", "second-hand", "back-solved", "derived", "own choice", OVERRIDE)
WHERE: Final = "where"  # column of unchecked rows: the file and row of each
PRICE_BASE: Final = ("study", "price_base_year")
_SHOWN: Final = 5
_KEY: Final = list(ASSUMPTION.key)

_RULES: Final = pl.DataFrame(
    [
        {
            "item": item,
            "parameter": parameter,
            "declared_unit": figure.unit,
            "at_least": figure.at_least,
            "above": figure.above,
            "at_most": figure.at_most,
            "below": figure.below,
            "whole": figure.whole,
            "by_year": figure.by_year,
            "bounds": figure.bounds,
        }
        for (item, parameter), figure in KNOWN_FIGURES.items()
    ]
)
_UNITS: Final = pl.DataFrame(
    [{"unit": written, "declared_unit": declared, "factor": f} for (written, declared), f in UNIT_FACTORS.items()]
    + [{"unit": unit, "declared_unit": unit, "factor": 1.0} for unit in _RULES["declared_unit"].unique()],
    schema={"unit": pl.String, "declared_unit": pl.String, "factor": pl.Float64},
)


def check_rows(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the rows as the table `assumption`, every value in its declared unit.

    Parameters
    ----------
    raw
        The columns of the table, as text or numbers, and `where`: the file and row of each.

    Raises
    ------
    AssumptionError
        If a row is wrong: the message names file, row and reason of the first five.

    """
    judged = raw.pipe(_as_text).pipe(_with_rules).pipe(_with_price_bases).with_columns(reason=_reason())
    refused = judged.filter(pl.col("reason").is_not_null())
    if refused.height:
        raise describe_refusals(refused, kind="rows of assumptions")
    return ASSUMPTION.conform(
        judged.with_columns(year="year_number", value=pl.col("number") * pl.col("factor"), unit="declared_unit")
    )


def _as_text(raw: pl.DataFrame) -> pl.DataFrame:
    text = pl.col([*ASSUMPTION.schema, WHERE]).cast(pl.String).str.strip_chars()
    return raw.select(text.fill_null("")).with_columns(
        number=pl.col("value").cast(pl.Float64, strict=False), year_number=pl.col("year").cast(pl.Int64, strict=False)
    )


def _with_rules(rows: pl.DataFrame) -> pl.DataFrame:
    """Join to each row the declaration of its parameter and the factor to the declared unit."""
    own = _RULES.filter(pl.col("parameter") != ANY)
    of_item = _RULES.filter(pl.col("parameter") == ANY).drop("parameter")
    rules = [name for name in _RULES.columns if name not in ("item", "parameter")]
    return (
        rows.join(own, on=["item", "parameter"], how="left", maintain_order="left")
        .join(of_item, on="item", how="left", suffix="_of_item", maintain_order="left")
        .with_columns(pl.coalesce(name, f"{name}_of_item").alias(name) for name in rules)
        .join(_UNITS, on=["unit", "declared_unit"], how="left", maintain_order="left")
    )


def _with_price_bases(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the price year of the results, and whether a row's money is in prices of that year or can be converted to them."""
    item, parameter = DEFLATOR
    is_base = (pl.col("item") == PRICE_BASE[0]) & (pl.col("parameter") == PRICE_BASE[1])
    declared = pl.col("number").cast(pl.Int64, strict=False).cast(pl.String)
    index_years = rows.filter(pl.col("item") == item, pl.col("parameter") == parameter)["year"].to_list()
    bases = rows.filter(is_base).select(declared).to_series().to_list()
    money = rows.filter(pl.col("price_base") != "none")["price_base"].to_list()
    common = (bases or money or [""])[0]
    return rows.with_columns(
        common_base=pl.lit(common),
        convertible=pl.col("price_base").is_in([common, *index_years]),
        base_is_lost=is_base & ~declared.is_in(index_years) & bool(index_years),
    )


def _reason() -> pl.Expr:
    """Return the first reason why a row cannot be used, null where there is none."""
    value = pl.col("number") * pl.col("factor")
    money = pl.col("declared_unit").str.starts_with("GBP")
    first_use = pl.col(WHERE).first().over(_KEY)
    years_given = pl.col("year_number").n_unique().over("scenario", "item", "parameter")
    given = pl.when(pl.col("unit") == "1").then("value").otherwise(pl.format("{} {}", "value", "unit"))
    outside = (
        (value < pl.col("at_least"))
        | (value <= pl.col("above"))
        | (value > pl.col("at_most"))
        | (value >= pl.col("below"))
    )
    reasons = [
        (
            pl.any_horizontal(pl.col("scenario", "status", "source") == ""),
            pl.lit("scenario, status or source is empty"),
        ),
        (pl.col("declared_unit").is_null(), pl.lit("unknown parameter")),
        (~pl.col("number").is_finite().fill_null(value=False), pl.format("the value '{}' is not a number", "value")),
        (pl.col("factor").is_null(), pl.format("unit '{}' does not convert to {}", "unit", "declared_unit")),
        (outside, pl.format("the value {} must be {}", given, "bounds")),
        (pl.col("whole") & (value != value.round()), pl.format("the value {} must be a whole number", "value")),
        (
            pl.col("year_number").is_null() | (pl.col("year_number") < 0),
            pl.format("year '{}' is neither a year nor 0", "year"),
        ),
        (
            ~pl.col("by_year") & (pl.col("year_number") != 0),
            pl.format("year {} given to a value for all years: write 0", "year"),
        ),
        (
            (pl.col("year_number") == 0) & (years_given > 1),
            pl.lit("year 0 (all years) beside rows for single years: keep one of the two"),
        ),
        (
            money & ~pl.col("price_base").str.contains(r"^\d{4}$"),
            pl.format("price_base '{}' is not the year of the prices", "price_base"),
        ),
        (
            money & ~pl.col("convertible"),
            pl.format("prices of {} beside prices of {}, and no deflator joins the two", "price_base", "common_base"),
        ),
        (
            pl.col("base_is_lost"),
            pl.format("prices cannot be brought to those of {}: the deflator has no such year", "value"),
        ),
        (~money & (pl.col("price_base") != "none"), pl.lit("price_base must be none, since this is no money")),
        (
            ~pl.col("status").str.contains(f"^({'|'.join(STATUSES)})"),
            pl.format("status '{}' begins with none of " + ", ".join(STATUSES), "status"),
        ),
        (
            pl.struct(_KEY).is_duplicated() & (first_use != pl.col(WHERE)),
            pl.format("the key is also in {}", first_use),
        ),
    ]
    return pl.coalesce(pl.when(condition).then(reason) for condition, reason in reasons)


def describe_refusals(refused: pl.DataFrame, *, kind: str) -> AssumptionError:
    """Return the error for rows with item, parameter, `where` and reason: each by file, row and reason, five at most."""
    lines = [_describe(row) for row in refused.head(_SHOWN).iter_rows(named=True)]
    if refused.height == 1:
        return AssumptionError(lines[0])
    more = [f"and {refused.height - _SHOWN} more"] if refused.height > _SHOWN else []
    return AssumptionError("\n  ".join([f"{refused.height} {kind} refused:", *lines, *more]))


def _describe(row: dict[str, str]) -> str:
    name = f"{row['item']}.{row['parameter']}"
    if row["reason"] == "unknown parameter":
        return f"{row[WHERE]}: {unknown_name('parameter', name, parameter_names())}"
    return f"{row[WHERE]}: {name}: {row['reason']}"


def parameter_names(assumptions: pl.DataFrame | None = None) -> set[str]:
    """Return every parameter's full name, `item.parameter`, also of parameters that only rows of data name."""
    measured_only = SPF_ITEMS.values()
    known = (key for key in KNOWN_FIGURES if key[1] != ANY and key[0] not in measured_only)
    declared = {f"{item}.{parameter}" for item, parameter in known}
    if assumptions is None:
        return declared
    return declared | set(assumptions.select(pl.format("{}.{}", "item", "parameter")).to_series())
