"""Steps of meters, and how common each is: readings in a wrong unit have a step that few other meters have."""

from __future__ import annotations

import polars as pl

from transforms.history.slip_rule import SlipRule


def log_steps(levels: pl.DataFrame) -> pl.Series:
    """Return the logarithms of the known steps of homes, sorted."""
    return levels.filter(pl.col("step_kwh") > 0)["step_kwh"].log().sort()


def count_common(steps: pl.Series, rule: SlipRule) -> float:
    """Return the number of homes that make a step common: a share of all, and at least two."""
    return max(rule.common_step_share * len(steps), 2)


def count_near(steps: pl.Series, log_step: pl.Expr, rule: SlipRule) -> pl.Expr:
    """Count the homes whose meter has a given step, as a logarithm; null where the given step is null."""
    edge = rule.common_step_tolerance

    def count(wanted: pl.Series) -> pl.Series:
        above = steps.search_sorted(wanted + edge, side="right").cast(pl.Int64)
        below = steps.search_sorted(wanted - edge, side="left").cast(pl.Int64)
        return (above - below).set(wanted.is_null(), None)

    return log_step.map_batches(count, return_dtype=pl.Int64)
