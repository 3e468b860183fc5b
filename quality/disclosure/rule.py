"""The rule for one table of cells: at least ten homes each, rounded counts, and companions of hidden cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

FLOOR = 10  # homes per published cell, and the step of published counts: may be raised, never lowered
BEYOND = (
    0.5  # homes of an hour, beyond those that are too few, in the mean of hidden hours whose sum follows by subtraction
)
DIGITS = 3  # significant digits of values that are no mean of homes in an hour
FEW_HOMES, COMPANION, FEW_CHANGES = "few_homes", "companion", "few_changes"


@dataclass(frozen=True, kw_only=True, slots=True)
class DisclosureRule:
    """The fewest homes behind a published cell, and the step to which counts of homes are rounded."""

    threshold: int = FLOOR
    round_to: int = FLOOR

    def __post_init__(self) -> None:
        if self.threshold < FLOOR or self.round_to < FLOOR:
            message = (
                f"threshold {self.threshold} and rounding {self.round_to} must both be at least {FLOOR} homes: "
                "the disclosure rule can be tightened, never loosened"
            )
            raise ValueError(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Margin:
    """Cells along one key that add up to a value which is published too, here or in another table.

    `total` is the key's value that holds the sum (None where it stands elsewhere), `derived` are values that are
    computed from the same cells. `same_homes` says that all cells rest on the same homes, so that several small
    cells together are as revealing as one: whichever nine homes are taken out of the hidden cells, of each cell half a home
    has to be left in the mean.
    """

    along: str
    total: str | None = None
    derived: tuple[str, ...] = ()
    same_homes: bool = False


BY_DWELLING_TYPE = Margin(along="dwelling_type", total="all", derived=("stock",))
BY_HOUR = Margin(along="hour_start_utc", same_homes=True)  # the hours of a year add up to the annual demand
DEFAULT_RULE = DisclosureRule()


def suppress_small_cells(
    frame: pl.DataFrame,
    *,
    keys: Sequence[str],
    margins: Sequence[Margin] = (),
    count: str = "households",
    rule: DisclosureRule = DEFAULT_RULE,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that may be shown, with rounded counts, and the keys of those that may not, with `because`.

    A companion that is hidden along one margin may be the only hidden cell along another. So this is repeated until nothing
    changes; it ends, since no cell is ever shown again.
    """
    order = pl.int_range(pl.len()).alias("_row")
    hidden = pl.when(pl.col(count).fill_null(0) < rule.threshold).then(pl.lit(FEW_HOMES)).alias("because")
    cells = frame.select(*keys, pl.col(count).alias("_homes"), order, hidden)
    before = -1
    while before != (now := cells["because"].count()):
        before = now
        for margin in margins:
            within = [key for key in keys if key != margin.along]
            cells = cells.pipe(_hide_companions, margin=margin, within=within, rule=rule)
    cells = cells.sort("_row")
    shown = frame.filter(cells["because"].is_null()).with_columns(rounded(count, rule))
    return shown, cells.filter(pl.col("because").is_not_null()).select(*keys, "because")


def rounded(count: str, rule: DisclosureRule) -> pl.Expr:
    """Round a count to the rule's step."""
    step = rule.round_to
    return (pl.col(count) + step // 2) // step * step


def in_steps(value: pl.Expr, least: pl.Expr) -> pl.Expr:
    """Round once, to steps of 1, 2 or 5 times a power of ten that are at least `least` and leave at most three digits."""
    digit = pl.lit(10.0).pow(value.abs().log10().floor() - (DIGITS - 1))
    step = pl.max_horizontal(_step(least), digit)
    cleaned = ((value / step).round() * step).round_sig_figs(DIGITS)  # 3 * 0.1 is not quite 0.3
    return pl.when(value != 0).then(cleaned).otherwise(0.0)


def in_shares(count: pl.Expr, one_home: pl.Expr) -> pl.Expr:
    """Round a count of readings to steps of at least the most that `one_home` can add to it.

    If one home came or left between two releases, the difference of their counts reveals nothing about it: every count from
    zero to the most remains possible.
    """
    step = _step(one_home.cast(pl.Float64)).cast(pl.Int64)
    return (count + step // 2) // step * step


def _step(least: pl.Expr) -> pl.Expr:
    """Return the next of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = pl.lit(10.0).pow(least.log10().floor())
    times = pl.when(least <= power).then(1).when(least <= 2 * power).then(2).when(least <= 5 * power).then(5)
    return times.otherwise(10) * power


def _hide_companions(cells: pl.DataFrame, *, margin: Margin, within: list[str], rule: DisclosureRule) -> pl.DataFrame:
    """Hide the smallest shown cell of each margin whose hidden cells could be worked out, and what derives from them.

    Where all cells rest on the same homes, so many are hidden at once that too few homes are not most of their sum.
    """
    beside = [value for value in (margin.total, *margin.derived) if value is not None]
    member = ~pl.col(margin.along).is_in(beside) if beside else pl.lit(True)
    member &= pl.col("_homes") > 0
    hidden = member & pl.col("because").is_not_null()
    homes = pl.col("_homes").filter(hidden)
    mixed = homes.max() if margin.same_homes else homes.sum()
    # of a cell's homes beyond the threshold less one, what it has more than has to be there in the mean of the hidden cells
    gain = (pl.col("_homes") - (rule.threshold - 1)).clip(lower_bound=0) - BEYOND if margin.same_homes else pl.lit(0.0)
    lacking = -pl.when(hidden).then(gain).otherwise(0.0).sum()
    exposed = (hidden.sum() > 0) & ((hidden.sum() == 1) | (mixed < rule.threshold) | (lacking > 0))

    def per_group(of: pl.Expr) -> pl.Expr:
        return of.over(within) if within else of

    candidate = member & pl.col("because").is_null()
    # the smallest candidate first; equal counts by the order of the key, so that row order is irrelevant
    cells = cells.sort(*within, "_homes", margin.along)
    first = per_group(candidate.cum_sum()) == 1
    gained = pl.when(candidate).then(gain).otherwise(0.0)
    wanted = first | (per_group(gained.cum_sum()) - gained < per_group(lacking))
    companion = pl.when(candidate & wanted & per_group(exposed)).then(pl.lit(COMPANION))
    cells = cells.with_columns(because=pl.col("because").fill_null(companion))
    derives = pl.col(margin.along).is_in(margin.derived) & per_group((hidden).any())
    return cells.with_columns(because=pl.col("because").fill_null(pl.when(derives).then(pl.lit(COMPANION))))
