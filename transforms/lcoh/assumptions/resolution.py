"""From given rows and rules to the table `assumption`: every series in every year, in prices of one year."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.lcoh.assumptions.assumptions import OVERRIDE, PRICE_BASE
from transforms.lcoh.assumptions.parameters import DEFLATOR
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenario_rules import QUANTITY
from transforms.lcoh.assumptions.scenarios import ALL_SCENARIOS, seen_rows
from transforms.tables.cost import ASSUMPTION

_IS_MONEY: Final = pl.col("price_base") != "none"


def resolve(rows: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """Return the table `assumption` with every series that a scenario uses, in every year that it may need.

    Series are borrowed, converted to the prices of the scenario's `study.price_base_year`, and extended from its
    `study.start_year` over the longest life of any system. Each step is added to `status`, and its reason to `source`.

    Parameters
    ----------
    rows
        The given rows of the table `assumption`, checked.
    rules
        Rules, as `check_rules` returns them. A quantity that an override sets is not changed.

    Raises
    ------
    AssumptionError
        If money is in prices of a year that the deflator does not cover.

    """
    overridden = rows.filter(pl.col("status").str.starts_with(OVERRIDE)).select(QUANTITY).unique()
    free = rules.join(overridden, on=QUANTITY, how="anti", maintain_order="left")
    given = pl.concat([rows, _borrow(rows, free)])
    money = given.pipe(_add_own_money).pipe(_deflate)
    return ASSUMPTION.conform(money.pipe(_extend, _with_shared_rules(free, money), _spans(money)))


def _with_shared_rules(rules: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the shared rules to the series that a scenario has of its own but without a rule."""
    shared = rules.filter(pl.col("scenario") == ALL_SCENARIOS).drop("scenario")
    own = rows.filter(pl.col("scenario") != ALL_SCENARIOS).select(QUANTITY).unique(maintain_order=True)
    held = own.join(rules, on=QUANTITY, how="anti", maintain_order="left")
    return pl.concat(
        [rules, held.join(shared, on=["item", "parameter"], how="inner", maintain_order="left").select(rules.columns)]
    )


def _borrow(rows: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """Return borrowed rows as rows of the scenarios that borrow them."""
    lent = rows.rename({"scenario": "borrow_from", "item": "borrow_item", "source": "lent_source"})
    same = pl.col("item") == pl.col("borrow_item")
    lender = pl.when(same).then("borrow_from").otherwise(pl.format("{}, {}", "borrow_from", "borrow_item"))
    return (
        rules.filter(pl.col("borrow_from") != "")
        .join(lent, on=["borrow_from", "borrow_item", "parameter"], how="inner", maintain_order="left_right")
        .with_columns(
            status=pl.format("{}; borrowed from {}", "status", lender),
            source=pl.format("{}; borrowed: {}", "lent_source", "source"),
        )
        .select(rows.columns)
    )


def _bases(rows: pl.DataFrame) -> dict[str, str]:
    """Return the price year of each scenario."""
    item, parameter = PRICE_BASE
    own = rows.filter(pl.col("item") == item, pl.col("parameter") == parameter).select("scenario", "value")
    years = {scenario: str(int(value)) for scenario, value in own.iter_rows()}
    return {s: years.get(s, years[ALL_SCENARIOS]) for s in rows["scenario"].unique()} if years else {}


def _add_own_money(rows: pl.DataFrame) -> pl.DataFrame:
    """Copy shared money into the rows of each scenario that has its own price year."""
    bases = _bases(rows)
    apart = [scenario for scenario, base in bases.items() if base != bases[ALL_SCENARIOS]]
    shared = [
        seen_rows(rows, scenario).filter(_IS_MONEY, pl.col("scenario") == ALL_SCENARIOS).with_columns(
            scenario=pl.lit(scenario)
        )
        for scenario in sorted(apart)
    ]  # fmt: skip
    return pl.concat([rows, *shared])


def _deflate(rows: pl.DataFrame) -> pl.DataFrame:
    """Convert all money to the prices of its scenario's base year: value times index(base) / index(its year)."""
    item, parameter = DEFLATOR
    index = rows.filter(pl.col("item") == item, pl.col("parameter") == parameter).select(
        pl.col("year").cast(pl.String).alias("of_year"), "value"
    )
    to = pl.col("scenario").replace_strict(_bases(rows), default=None, return_dtype=pl.String)
    moved = _IS_MONEY & (pl.col("price_base") != pl.col("to"))
    brought = (
        rows.with_columns(to=to)
        .join(index.rename({"of_year": "price_base", "value": "index_from"}), on="price_base", how="left")
        .join(index.rename({"of_year": "to", "value": "index_to"}), on="to", how="left", maintain_order="left")
        .with_columns(
            value=pl.when(moved).then(pl.col("value") * pl.col("index_to") / pl.col("index_from")).otherwise("value"),
            status=pl.when(moved).then(pl.format("{}; from prices of {}", "status", "price_base")).otherwise("status"),
            was=pl.col("price_base"),
            price_base=pl.when(moved).then("to").otherwise("price_base"),
        )
    )
    lost = brought.filter(pl.col("value").is_null())
    if lost.height:
        row = lost.row(0, named=True)
        message = (
            f"{lost.height} values (e.g. {row['item']}.{row['parameter']} of scenario {row['scenario']}) are in prices "
            f"of {row['was']} and cannot be brought to {row['to']}: add rows of {'.'.join(DEFLATOR)}"
        )
        raise AssumptionError(message)
    return brought.select(rows.columns)


def _spans(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the first and last year of each scenario's series; shared series span those of all scenarios."""
    scenarios = sorted(set(rows["scenario"].unique()) - {ALL_SCENARIOS})
    start = (pl.col("item") == "study") & (pl.col("parameter") == "start_year")
    life = pl.col("parameter").str.ends_with("lifetime_years")
    spans = [
        seen_rows(rows, scenario).select(
            scenario=pl.lit(scenario),
            first=pl.col("value").filter(start).max().cast(pl.Int64),
            last=(pl.col("value").filter(start).max() + pl.col("value").filter(life).max() - 1).cast(pl.Int64),
        )
        for scenario in scenarios
    ]
    if not spans:
        return pl.DataFrame(schema={"scenario": pl.String, "first": pl.Int64, "last": pl.Int64})
    own = pl.concat(spans)
    shared = own.select(scenario=pl.lit(ALL_SCENARIOS), first=pl.col("first").min(), last=pl.col("last").max())
    return pl.concat([own, shared])


def _extend(rows: pl.DataFrame, rules: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Fill the missing years of each series by its rule; years without a rule stay missing."""
    how = rules.select(*QUANTITY, "before", "between", "after", "growth_per_year", why="source")
    series = rows.filter(pl.col("year") > 0).join(how, on=QUANTITY, how="inner")
    quantities = series.select(*QUANTITY, "before", "between", "after", "growth_per_year", "why").unique(QUANTITY)
    wanted = (
        quantities.join(spans, on="scenario", how="inner")
        .with_columns(year=pl.int_ranges("first", pl.col("last") + 1))
        .drop("first", "last")
        .explode("year")
        .join(series, on=[*QUANTITY, "year"], how="anti")
    )
    filled = pl.concat([series, wanted], how="diagonal").sort(*QUANTITY, "year").pipe(_with_neighbours).filter("wanted")
    return pl.concat([rows, filled.pipe(_fill).select(rows.columns)])


def _with_neighbours(both: pl.DataFrame) -> pl.DataFrame:
    """Add the last given value before each year, and the next after it, with their years."""
    given = pl.col("value").is_not_null()
    given_year = pl.when(given).then("year")
    return both.with_columns(
        pl.col("unit", "price_base", "status", "source").forward_fill().backward_fill().over(QUANTITY),
        wanted=~given,
        earlier=pl.col("value").forward_fill().over(QUANTITY),
        earlier_year=given_year.forward_fill().over(QUANTITY),
        later=pl.col("value").backward_fill().over(QUANTITY),
        later_year=given_year.backward_fill().over(QUANTITY),
    )


def _fill(wanted: pl.DataFrame) -> pl.DataFrame:
    """Give each wanted year its value, and say in `status` how it was found; years that no rule covers are dropped."""
    year, earlier, later = pl.col("year"), pl.col("earlier"), pl.col("later")
    before, after = pl.col("earlier_year").is_null(), pl.col("later_year").is_null()
    between = ~before & ~after
    growth = 1.0 + pl.col("growth_per_year")
    along = (year - pl.col("earlier_year")) / (pl.col("later_year") - pl.col("earlier_year"))
    percent = (100 * pl.col("growth_per_year")).round(2)
    cases = [
        (
            before & (pl.col("before") == "hold_first"),
            later,
            pl.format("held before {}", "later_year"),
        ),
        (
            before & (pl.col("before") == "grow"),
            later * growth ** (year - pl.col("later_year")),
            pl.format("grown by {} % a year before {}", percent, "later_year"),
        ),
        (
            between & (pl.col("between") == "interpolate"),
            earlier + (later - earlier) * along,
            pl.lit("interpolated"),
        ),
        (
            after & (pl.col("after") == "hold_last"),
            earlier,
            pl.format("held from {}", "earlier_year"),
        ),
        (
            after & (pl.col("after") == "grow"),
            earlier * growth ** (year - pl.col("earlier_year")),
            pl.format("grown by {} % a year from {}", percent, "earlier_year"),
        ),
    ]
    done = pl.coalesce(pl.when(case).then(words) for case, _, words in cases)
    said = pl.col("source").str.contains(pl.col("why"), literal=True)
    return wanted.with_columns(
        value=pl.coalesce(pl.when(case).then(value) for case, value, _ in cases),
        status=pl.format("{}; {}", "status", done),
        source=pl.when(said).then("source").otherwise(pl.format("{}; {}", "source", "why")),
    ).drop_nulls("value")
