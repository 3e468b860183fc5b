"""Disclosure control of the costs of heat to the homes of a dwelling type (decision 12)."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from quality.disclosure.homes import Query
from quality.disclosure.memory import Control
from quality.disclosure.rule import DIGITS, FEW_HOMES, in_steps, rounded
from quality.disclosure.settle import GROUP, STOCK, Groups, settle
from transforms.public.public import PublicTable
from transforms.tables.cost_analysis import LCOH_DISTRIBUTION

OF_SYSTEM = ["scenario", "convention", "system", "period"]
MEAN, GAP, VARIATION = "lcoh_mean_gbp_per_mwh", "gap_expected_gbp_per_mwh", "demand_variation"
OF_COSTS = {
    "lcoh_at_mean_gbp_per_mwh": "lcoh_gbp_per_mwh",
    "lcoh_at_mean_ci_low": "lcoh_ci_low",
    "lcoh_at_mean_ci_high": "lcoh_ci_high",
}
VARIATION_DIGITS = 2
SAME = 1e-9  # relative, of two costs
HOMES = "SELECT c.*, h.dwelling_type FROM lcoh_household c JOIN household h USING (household_id) ORDER BY ALL"


def publish_distribution(
    query: Query,
    anew: Groups,
    demand: PublicTable,
    costs: PublicTable,
    control: Control,
) -> PublicTable:
    """Publish the mean of homes' costs beside the published cost at their mean demand.

    A mean is shown if the demand of its group is shown, and it is new if that is new. It is rounded to steps of at least the
    amount that one home adds. It is hidden if one home makes up most of the amount by which costs exceed those of a large home.
    """
    asked = query("SELECT * FROM lcoh_distribution ORDER BY ALL")
    enough = asked.join(demand.frame, on=GROUP, how="semi", maintain_order="left").filter(
        pl.col("households") >= control.rule.threshold
    )
    marked = enough.join(
        _find_dominated(query(HOMES), asked), on=[*OF_SYSTEM, "dwelling_type"], how="left", maintain_order="left"
    )
    fixed = pl.col(GAP) / pl.col(VARIATION) ** 2  # the costs of a home that do not go with its heat, per MWh
    varies = pl.col("varied_by_one").not_() & (pl.col(VARIATION) > 0)
    shown = (
        marked.with_columns(
            pl.when(pl.col("made_by_one").not_() & (pl.col(VARIATION) > 0))
            .then(in_steps(pl.col(MEAN), fixed / pl.col("households")))
            .alias(MEAN),
            pl.when(varies).then(pl.col(VARIATION).round_sig_figs(VARIATION_DIGITS)).alias(VARIATION),
            fixed.alias("_fixed"),
        )
        .with_columns((pl.col("_fixed") * pl.col(VARIATION) ** 2).round_sig_figs(DIGITS).alias(GAP))
        .with_columns(rounded("households", control.rule))
        .select(*LCOH_DISTRIBUTION.schema)
        .pipe(_put_beside, costs, anew=True)
    )
    lost = asked.join(shown, on=LCOH_DISTRIBUTION.key, how="anti", maintain_order="left")
    because = lost.select(*LCOH_DISTRIBUTION.key, pl.lit(FEW_HOMES).alias("because"))
    public = PublicTable(LCOH_DISTRIBUTION.name, shown, because, control.rule.threshold)
    settled = settle(public, asked, LCOH_DISTRIBUTION, anew=anew, within=demand.frame, last=control.last)
    return replace(settled, frame=_put_beside(settled.frame, costs, anew=False))


def _put_beside(rows: pl.DataFrame, costs: PublicTable, *, anew: bool) -> pl.DataFrame:
    """Take the cost at mean demand from the published costs; drop old means that were shown beside another cost."""
    key = [*OF_SYSTEM, "dwelling_type"]
    published = costs.frame.filter(demand_basis="measured").select(
        *key, *(pl.col(of).alias(f"_{name}") for name, of in OF_COSTS.items())
    )
    both = rows.join(published, on=key, maintain_order="left")
    at_mean, now = (pl.col(f"{prefix}lcoh_at_mean_gbp_per_mwh") for prefix in ("", "_"))
    holds = pl.lit(anew) | ((at_mean / now - 1).abs() < SAME)
    return both.with_columns(
        *(pl.when(holds).then(name).alias(name) for name in (MEAN, GAP)),
        *(pl.col(f"_{name}").alias(name) for name in OF_COSTS),
    ).select(rows.columns)


def _find_dominated(homes: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Return for each group whether one home makes up most of a sum: of fixed costs (`made_by_one`), or of squares.

    It does if the sum of all others, except the second largest, is less than the largest: the second largest home knows its
    own value and can subtract it.
    """
    key = [*OF_SYSTEM, "dwelling_type"]
    both = pl.concat([homes, homes.with_columns(dwelling_type=pl.lit("all"))])
    fixed = pl.col(GAP) / pl.col(VARIATION) ** 2
    large = groups.select(*key, large_home=pl.col("lcoh_at_mean_gbp_per_mwh") - fixed)
    made = (pl.col("lcoh_gbp_per_mwh") - pl.col("large_home")).clip(lower_bound=0)
    kwh = pl.col("demand_kwh")
    judged = (
        both.join(large, on=key, maintain_order="left")
        .with_columns(_made=made, _varied=(kwh - kwh.mean().over(key)) ** 2)
        .group_by(key)
        .agg(made_by_one=_is_dominated("_made"), varied_by_one=_is_dominated("_varied"))
    )
    stock = (
        judged.filter(pl.col("dwelling_type") != "all")
        .group_by(OF_SYSTEM)
        .agg(pl.col("made_by_one", "varied_by_one").any())
    )
    return pl.concat([judged, stock.with_columns(dwelling_type=pl.lit(STOCK)).select(judged.columns)])


def _is_dominated(name: str) -> pl.Expr:
    largest = pl.col(name).top_k(2)
    return pl.col(name).sum() - largest.sum() < largest.max()
