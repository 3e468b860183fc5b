r"""Wrong units: readings of one home that are in another unit from some day on.

The level of a day is its gas over the gas of the mean British home in the same half-hours at that day's effective
temperature, so that the weather drops out. A slip multiplies the level, the largest half-hour and the meter's step by the
same factor. A holiday, a new boiler or the start of heating changes the level but neither of the other two, and a new meter
changes only the step. A test that compares the annual sum with the mean of the type would find a quarter of the slips, and
blame one healthy home in twenty.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import polars as pl

from transforms.history.slip_rule import FACTORS, SLIP, SlipRule
from transforms.history.steps import count_common, count_near, log_steps
from transforms.tables.lake import LEVEL_CHANGE

STEP_QUANTILE = 0.15  # the second smallest gap of a fortnight: on the day of a slip, values of two units mix
STEADY_QUANTILE = 0.35  # the fifth smallest: the step of a meter comes again and again, a gap by chance does not
SAME_FACTOR = 1e-6  # logarithms that differ by less are of one factor, but for rounding


def find_changes(days: pl.DataFrame, rule: SlipRule = SLIP) -> pl.DataFrame:
    r"""Find the days on which a home's level, largest half-hour and step all change by the factor of a slip.

    Let :math:`m` be the medians of the daily levels in the `days` days before day :math:`d`, and in those from it on. The day
    is a candidate if three things hold for some factor :math:`f`: :math:`|\ln(m_{after} / m_{before}) - \ln f|` is within
    the tolerance, so is the same ratio for the median largest half-hour of the days with gas, and the smallest steps do not
    contradict. Of neighbouring candidates, the one with the largest difference of mean logarithms is the day of the change.

    A step is a witness only where the days before and after agree on theirs. Readings to the watt-hour have no step, and
    their smallest gap grows with the level.

    Parameters
    ----------
    days
        Rows of `RECENT_DAY`, any order.
    rule
        The rule.

    Returns
    -------
    pl.DataFrame
        Rows of `LEVEL_CHANGE`.

    """
    window, home = rule.days, "household_id"
    active = pl.col("level") > 0
    log_level = pl.when(active).then(pl.col("level").log())
    series = days.sort(home, "date").with_columns(
        log_level=log_level, log_max=pl.when(active).then(pl.col("max_kwh").log()), active=active
    )
    trailing = series.with_columns(
        level=pl.col("level").rolling_median(window).over(home),
        mean_log=pl.col("log_level").rolling_mean(window, min_samples=rule.active_days_min).over(home),
        maximum=pl.col("log_max").rolling_median(window, min_samples=rule.active_days_min).over(home),
        active=pl.col("active").cast(pl.Float64).rolling_sum(window).over(home),
        **{
            name: pl.col("gap_kwh").rolling_quantile(quantile, "lower", window_size=window, min_samples=3).over(home)
            for name, quantile in (("step", STEP_QUANTILE), ("larger_step", STEADY_QUANTILE))
        },
    )
    pairs = [
        expression
        for name in ("level", "mean_log", "maximum", "step", "larger_step", "active")
        for expression in (
            pl.col(name).shift(1).over(home).alias(f"{name}_before"),
            pl.col(name).shift(1 - window).over(home).alias(f"{name}_after"),
        )
    ]
    logs = trailing.select(home, "date", *pairs).with_columns(
        log_ratio=(pl.col("level_after") / pl.col("level_before")).log(),
        max_ratio=pl.col("maximum_after") - pl.col("maximum_before"),
        shift=pl.col("mean_log_after") - pl.col("mean_log_before"),
        log_level_before=pl.col("level_before").log(),
        step_before_kwh="step_before",
    )
    found = [
        logs.filter(condition).with_columns(log_factor=pl.lit(log_factor), is_sure=pl.lit(is_sure), contrast=contrast)
        for factor in FACTORS
        for log_factor in (math.log(factor), -math.log(factor))
        for condition, contrast, is_sure in _conditions(log_factor, rule)
    ]
    return keep_sharpest(LEVEL_CHANGE.conform(pl.concat(found)), rule)


def _conditions(log_factor: float, rule: SlipRule) -> Iterator[tuple[pl.Expr, pl.Expr, bool]]:
    """Yield the conditions for a change by a factor, each with its contrast and whether it is sure.

    Real homes often triple their use, so below `unwitnessed_factor_min` the step must show the slip too. In summer the level
    of a fortnight is uncertain. So a small change that only the step shows clearly, or a change from readings too small to
    be written down, may undo a sure change, but is no slip by itself. Of such readings either few days have any gas, or the
    level is off, since a thousandth is rounded: the day of the change is the one where both together rise most.
    """
    before, after = pl.col("step_before"), pl.col("step_after")
    implied = pl.max_horizontal(before * math.exp(log_factor), rule.resolution_kwh)
    are_known = ((before >= 2 * rule.resolution_kwh) & after.is_not_null()).fill_null(value=False)
    same = ((after / implied).log().abs() <= rule.step_tolerance).fill_null(value=False)
    steady = pl.all_horizontal(
        (pl.col(f"larger_step_{side}") / pl.col(f"step_{side}")).log() <= rule.step_tolerance
        for side in ("before", "after")
    )
    witnessed = are_known & same & steady.fill_null(value=False) & (implied >= 2 * rule.resolution_kwh)
    some = (pl.col("level_before") > 0) & (pl.col("level_after") > 0)
    contrast = pl.col("shift").abs()
    is_large = abs(log_factor) >= math.log(rule.unwitnessed_factor_min)
    steps_agree = (witnessed | ~are_known | same) if is_large else witnessed
    yield some & steps_agree & _near(log_factor, rule.tolerance), contrast, True
    # no new meter's step comes with a level that changes elevenfold; one of 1 ft3 beside one of 0.01 m3 may look like 2.83
    yield some & witnessed & _near(log_factor, rule.witnessed_tolerance), contrast, is_large
    if log_factor >= math.log(rule.crushing_factor_min):
        was_crushed = (pl.col("maximum_before") <= math.log(rule.crushed_kwh)).fill_null(value=True)
        is_back = (pl.col("active_after") >= rule.active_days_min) & (
            pl.col("maximum_after") > 2 * math.log(2) + math.log(rule.crushed_kwh)
        )
        gain = (pl.col("active_after") - pl.col("active_before")) / rule.days
        return_of_gas = gain + (pl.col("shift") / log_factor).fill_null(0.0)
        yield was_crushed & is_back & (return_of_gas > 0), return_of_gas, False


def _near(log_factor: float, tolerance: float) -> pl.Expr:
    ratios = ("log_ratio", "shift", "max_ratio")
    return pl.all_horizontal((pl.col(name) - log_factor).abs() <= tolerance for name in ratios).fill_null(value=False)


def keep_sharpest(changes: pl.DataFrame, rule: SlipRule = SLIP) -> pl.DataFrame:
    """Keep one of several changes of a home by one factor that lie close together: the one with the largest contrast."""
    keys = ["household_id", "log_factor"]
    apart = (pl.col("date").diff().dt.total_days() > rule.same_change_days).fill_null(value=True)
    best_of_day = changes.sort("is_sure", "contrast", descending=True).unique([*keys, "date"], keep="first")
    clustered = best_of_day.sort(*keys, "date")
    clustered = clustered.with_columns(cluster=apart.over(keys).cum_sum().over(keys))
    best = clustered.sort(
        *keys, "cluster", "is_sure", "contrast", "date", descending=[False, False, False, True, True, False]
    )
    return LEVEL_CHANGE.conform(best.group_by(*keys, "cluster", maintain_order=True).first()).sort(
        "household_id", "date"
    )


def take_back(changes: pl.DataFrame) -> pl.DataFrame:
    """Keep the sure changes, and those other changes that undo the sure change before or after them."""
    home = "household_id"
    ordered = changes.sort(home, "date", "is_sure", "contrast", descending=[False, False, True, True])
    sure = pl.when("is_sure").then("log_factor")
    neighbours = (sure.forward_fill().shift(1).over(home), sure.backward_fill().shift(-1).over(home))
    opposite = pl.any_horizontal((side + pl.col("log_factor")).abs() < SAME_FACTOR for side in neighbours)
    return ordered.filter(pl.col("is_sure") | opposite.fill_null(value=False))


def judge_changes(changes: pl.DataFrame, levels: pl.DataFrame, rule: SlipRule = SLIP) -> pl.DataFrame:
    r"""Decide which side of each change is in the wrong unit.

    The changes of a home cut its days into segments, each in some unit; one of the units is right. A meter goes wrong at a
    rate :math:`\lambda` and is put right at a rate :math:`\mu`. So the first segment is wrong with the probability
    :math:`q = \lambda / (\lambda + \mu)`, and right with :math:`1 - q`. The right unit is the one that maximises the
    likelihood of this chain,

    .. math:: \ln P(s_0) + \sum_k \ln r_k - \lambda D_{right} - \mu D_{wrong} - (\ln L - m)^2 / 2 \sigma^2 - [u] \ln 20

    with the rates :math:`r_k` of the changes, the days :math:`D` in either state, the level :math:`L` in the right unit,
    and the median :math:`m` of the homes of its type. The last term penalises a unit that would give the meter a step that
    fewer than `common_step_share` of homes have. All segments in other units are suspicious.

    Parameters
    ----------
    changes
        Rows of `LEVEL_CHANGE` that `keep_sharpest` has passed.
    levels
        `household_id`, `first_date`, `last_date`, `usual_log_level` of the home's type, `step_kwh` of all homes: the steps
        of all show which are common.
    rule
        The rule.

    Returns
    -------
    pl.DataFrame
        `household_id`, `start_utc`, `end_utc`, `factor` (delivered over true [1]).

    """
    home = "household_id"
    ordered = changes.pipe(take_back).unique([home, "date"], keep="first", maintain_order=True)
    known = ordered.join(levels, on=home)
    after = known.select(
        home, "usual_log_level", start="date",
        offset=pl.col("log_factor").cum_sum().over(home).round(6),
        end=pl.col("date").shift(-1).over(home).fill_null(pl.col("last_date").dt.offset_by("1d")),
        log_level_first=pl.col("log_level_before").first().over(home),
        step_first=pl.col("step_before_kwh").first().over(home),
    )  # fmt: skip
    before = known.unique(home, keep="first", maintain_order=True).select(
        home,
        "usual_log_level",
        start="first_date",
        offset=pl.lit(0.0),
        end="date",
        log_level_first="log_level_before",
        step_first="step_before_kwh",
    )
    segments = pl.concat([before, after]).sort(home, "start")
    units = segments.select(home, candidate="offset").unique()
    steps = log_steps(levels)
    days = (pl.col("end") - pl.col("start")).dt.total_days()
    is_right = (pl.col("offset") - pl.col("candidate")).abs() <= rule.tolerance
    was_right = is_right.shift(1).over(home, "candidate")
    to_right, to_wrong = (
        -math.log(rule.wrong_days),
        math.log(rule.wrong_share / (1 - rule.wrong_share) / rule.wrong_days),
    )
    first = pl.when(is_right).then(math.log(1 - rule.wrong_share)).otherwise(math.log(rule.wrong_share))
    change = pl.when(was_right.is_null()).then(first).when(~was_right & is_right).then(to_right).otherwise(to_wrong)
    dwelling = -days * pl.when(is_right).then(math.exp(to_wrong)).otherwise(math.exp(to_right))
    distance = pl.col("log_level_first") + pl.col("candidate") - pl.col("usual_log_level")
    scores = (
        segments.join(units, on=home)
        .sort(home, "candidate", "start")
        .with_columns(
            chain=change + dwelling,
            level=-distance.pow(2) / (2 * rule.level_log_sd**2),
            step=count_near(steps, pl.col("step_first").log() + pl.col("candidate"), rule),
        )
        .group_by(home, "candidate", maintain_order=True)
        .agg(
            score=pl.col("chain").sum()
            + pl.col("level").first()
            + pl.when(pl.col("step").first() < count_common(steps, rule))
            .then(math.log(rule.common_step_share))
            .otherwise(0.0)
        )
    )
    right = (
        scores.sort(home, "score", "candidate", descending=[False, True, False])
        .group_by(home, maintain_order=True)
        .agg(right=pl.col("candidate").first())
    )
    wrong = segments.join(right, on=home).filter((pl.col("offset") - pl.col("right")).abs() > rule.tolerance)
    return wrong.select(
        home,
        start_utc=pl.col("start").cast(pl.Datetime("us")),
        end_utc=pl.col("end").cast(pl.Datetime("us")),
        factor=(pl.col("offset") - pl.col("right")).exp(),
    ).sort(home, "start_utc")
