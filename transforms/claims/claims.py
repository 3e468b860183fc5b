"""The quantitative statements of Wang 2018, beside the values of the model and of a sample of homes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from transforms.claims.claim_values import claim_values
from transforms.claims.sample_claims import sample_judgement
from transforms.lcoh.model.conventions import WANG2018
from transforms.tables.cost_analysis import CLAIM

PAPER_SCENARIO: Final = "paper_fit"
OF_MODEL: Final = ("fitted", "depends_on_fitted", "algebra", "independent")
OF_SAMPLE: Final = "sample"


def judge(claims: pl.DataFrame, values: Mapping[str, float]) -> pl.DataFrame:
    """Return the claims with their `model` value, and whether it is `within_tolerance` of the published value.

    `approx`: it differs by no more than the tolerance. `just_above`, `just_below`: it lies on that side, and differs by
    no more than the tolerance. `above`, `below`: the published value is a bound. `holds`: the statement is true (1) or
    false (0).

    Parameters
    ----------
    claims
        Columns claim, published, tolerance and relation; other columns are kept.
    values
        The model's value of each claim, in the claim's unit.

    Raises
    ------
    ValueError
        If a claim has no value, or a relation is none of these.

    """
    lacking = [claim for claim in claims["claim"] if claim not in values]
    if lacking:
        message = f"{len(lacking)} claims have no model value (e.g. {lacking[0]}): give each one a rule"
        raise ValueError(message)
    model, published, tolerance = pl.col("model"), pl.col("published"), pl.col("tolerance")
    verdicts = {
        "approx": (model - published).abs() <= tolerance,
        "just_above": (model > published) & (model <= published + tolerance),
        "just_below": (model < published) & (model >= published - tolerance),
        "above": model > published,
        "below": model < published,
        "holds": model == published,
    }
    odd = claims.filter(~pl.col("relation").is_in(list(verdicts)))
    if odd.height:
        message = (
            f"claim {odd['claim'][0]} has the relation {odd['relation'][0]!r}, which is none of {', '.join(verdicts)}"
        )
        raise ValueError(message)
    return claims.with_columns(
        pl.Series("model", [float(values[claim]) for claim in claims["claim"]], dtype=pl.Float64)
    ).with_columns(
        within_tolerance=pl.coalesce(
            pl.when(pl.col("relation") == relation).then(verdict) for relation, verdict in verdicts.items()
        )
    )


def judge_claims(
    claims: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    scenario: str = PAPER_SCENARIO,
    convention: str = WANG2018.name,
) -> pl.DataFrame:
    """Return every claim about costs and emissions, judged by the model's value at the paper's demands.

    The four bases prove different things, so counts are never summed across them. `fitted`: a price, a carbon price or
    the emissions of the grid were worked back from the published value. `depends_on_fitted`: the published value was
    not used, but the model's value rests on one that was worked back. `algebra`: the statement is true for all prices
    and costs. `independent`: none of these.
    """
    of_model = claims.filter(pl.col("basis").is_in(OF_MODEL))
    dwellings = {claim: int(number) for claim, number in of_model.select("claim", "dwellings").drop_nulls().iter_rows()}
    return judge(of_model, claim_values(assumptions, dwellings, scenario=scenario, convention=convention))


def claim_table(
    claims: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    demand: pl.DataFrame | None = None,
    profile: pl.DataFrame | None = None,
    origin: str | None = None,
    is_truth: bool = False,
) -> pl.DataFrame:
    """Return every statement of the paper beside the value of the model or of the readings (`CLAIM`).

    Statements about costs are judged by their tolerance, at the paper's demands. Statements about the readings (basis
    `sample`) are judged on the study period 2009. For a run, the published value must lie in the run's 95 % interval;
    for the truth of the built-in sample, it must be met within the tolerance.

    Parameters
    ----------
    claims
        The shipped table of statements.
    assumptions
        The table `assumption`.
    demand, profile
        Rows of the tables `heat_demand_annual` and `heat_profile` of a run, of all periods and types; without them
        the statements about the readings are not judged.
    origin
        Program that made the homes up, which the reason names; None for real homes.
    is_truth
        Whether the rows are the truth of the built-in sample, and not results from its readings.

    """
    of_model = judge_claims(claims, assumptions)
    of_sample = claims.filter(pl.col("basis") == OF_SAMPLE)
    figures, why_not = sample_judgement(of_sample, demand, profile)
    known = of_sample.filter(pl.col("claim").is_in(list(figures)))
    values = {claim: figure.value for claim, figure in figures.items()}
    ends = pl.DataFrame(
        {
            "claim": list(figures),
            "model_ci_low": [figure.low for figure in figures.values()],
            "model_ci_high": [figure.high for figure in figures.values()],
        },
        schema={"claim": pl.String, "model_ci_low": pl.Float64, "model_ci_high": pl.Float64},
    )
    judged = judge(known, values).join(ends, on="claim", how="left", maintain_order="left")
    if not is_truth:
        judged = judged.pipe(_by_interval)
    unjudged = of_sample.filter(~pl.col("claim").is_in(list(figures))).with_columns(
        model=pl.lit(None, dtype=pl.Float64),
        within_tolerance=pl.lit(None, dtype=pl.Boolean),
        reason=pl.format("not judged: {}", pl.col("claim").replace_strict(why_not, default="", return_dtype=pl.String)),
    )
    everything = pl.concat([of_model, judged.pipe(_explain, origin), unjudged], how="diagonal")
    return CLAIM.conform(
        claims.select("claim")
        .join(everything, on="claim", how="left", maintain_order="left")
        .with_columns(as_expected=pl.col("within_tolerance") == (pl.col("expected") == "pass"))
    )


def _by_interval(judged: pl.DataFrame) -> pl.DataFrame:
    """Judge statements by the run's interval where there is one: the published value must lie in it, or a bound must hold.

    A bound (`above`, `below`) is contradicted only if the whole interval lies on its wrong side. Orders have no
    interval; their judgement stays.
    """
    published, low, high = pl.col("published"), pl.col("model_ci_low"), pl.col("model_ci_high")
    by_interval = (
        pl.when(pl.col("relation") == "above")
        .then(high > published)
        .when(pl.col("relation") == "below")
        .then(low < published)
        .otherwise(published.is_between(low, high))
    )
    return judged.with_columns(
        within_tolerance=pl.coalesce(pl.when(low.is_not_null()).then(by_interval), "within_tolerance")
    )


def _explain(judged: pl.DataFrame, origin: str | None) -> pl.DataFrame:
    """Say why a statement about the readings is not met, and whether the homes are made up."""
    interval = pl.format(
        "the run's 95 % interval is {} to {}",
        *(pl.col(name).round_sig_figs(4) for name in ("model_ci_low", "model_ci_high")),
    )
    missed = pl.when(~pl.col("within_tolerance")).then(pl.coalesce(interval, pl.lit("the homes show otherwise")))
    made_up = pl.lit(f"these homes are made up ({origin}) and calibrated to the paper" if origin else None, pl.String)
    return judged.with_columns(
        reason=pl.concat_str(missed, made_up, "reason", separator="; ", ignore_nulls=True).replace("", None)
    )
