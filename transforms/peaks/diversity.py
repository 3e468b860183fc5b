"""The table `diversity`: the peak of homes together by their number, with a band for the peak of other homes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from transforms.heat.demand import Bootstrap, draw_weights
from transforms.heat.profiles import MIN_HOMES_OF_A_TYPE
from transforms.peaks.cold_days import ColdLoad
from transforms.peaks.diversity_curve import PeakCurve, fit_exponent
from transforms.peaks.diversity_draws import Floats, Loads, Pool, bracket_limit, draw_peaks, smooth_quantile
from transforms.tables.cost_analysis import DIVERSITY, DIVERSITY_CURVE, PEAK_DRAW
from transforms.tables.words import PROFILE_GROUPS

SIZES = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700,
    1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 20_000,
)  # fmt: skip
BAND = (0.05, 0.95)
HOURLY = 60
LEAST_ROWS = 100  # each draw has at least so many homes to cut groups from, so that small groups are many
ROWS_IN_ORDERS, FEWEST_ORDERS, MOST_ORDERS = (
    40_000,
    20,
    400,
)  # random orders of all homes: the fewer homes, the more orders


@dataclass(frozen=True, slots=True, kw_only=True)
class DiversityRule:
    """Rules by which diversity is measured."""

    coldest_days: int
    completeness_min: float
    measured_share_max: float
    half_hourly_dwellings_max: int
    replicates: int
    sizes: tuple[int, ...] = field(default=SIZES)

    @classmethod
    def from_table(cls, table: pl.DataFrame) -> DiversityRule:
        """Return the rule of the shipped table `diversity_rule`."""
        rows = table.filter(pl.col("item") == "diversity")
        value = {name: float(v) for name, v in rows.select("parameter", "value").iter_rows()}
        return cls(
            coldest_days=int(value["coldest_days"]),
            completeness_min=value["completeness_min"],
            measured_share_max=value["measured_share_max"],
            half_hourly_dwellings_max=int(value["half_hourly_dwellings_max"]),
            replicates=int(value["replicates"]),
        )


@dataclass(frozen=True, slots=True)
class Diversity:
    """The peaks of a period: rows of `DIVERSITY` and `DIVERSITY_CURVE`, and the curves by dwelling type and interval [min]."""

    table: pl.DataFrame
    curve: pl.DataFrame
    curves: Mapping[tuple[str, int], PeakCurve]
    levels: Mapping[str, Floats]
    """By dwelling type, the highest hour of the mean load in each draw of the homes over the mean of these [1].

    The draws are those of `demand.draw_annual_heat`."""


def list_peak_draws(found: Diversity, period: str) -> pl.DataFrame:
    """Return the highest hour of each group of homes in each draw of the homes (`PEAK_DRAW`)."""
    frames = [
        pl.DataFrame({"level": levels})
        .with_row_index("draw")
        .with_columns(
            dwelling_type=pl.lit(name), period=pl.lit(period), households=pl.lit(found.curves[name, HOURLY].homes)
        )
        for name, levels in found.levels.items()
    ]
    return pl.concat([PEAK_DRAW.empty(), *(PEAK_DRAW.conform(frame) for frame in frames)])


def measure_diversity(
    loads: Sequence[ColdLoad],
    *,
    period: str,
    rule: DiversityRule,
    bootstrap: Bootstrap,
    weights: Mapping[str, float] | None,
    sizes: Sequence[int] = (),
) -> Diversity:
    r"""Measure the after-diversity peak per dwelling against the number of dwellings.

    For each dwelling type with at least ten complete homes, for `all` and for `stock`:

    1. Groups of n homes without replacement give the median peak. On average it is the median of the population's groups,
       since a random group of a random sample is a random group of the population.
    2. The scatter of groups is taken from groups of draws of the homes (each home with the Poisson(1) weights of
       `demand.draw_weights`), again without replacement. Within a draw of m homes, the variance of a group's mean is
       :math:`\frac{\sigma^2}{n} (1 - \frac{n}{m})`: smaller than in the population by the finite-population correction.
       Between draws it is :math:`\frac{\sigma^2}{m}`. The sum is :math:`\frac{\sigma^2}{n}` for any n up to m, so no
       correction is needed. The median of these groups is not used: it is too high, since a draw holds some homes twice.
    3. Beyond `measured_share_max` of the homes, where few groups differ, the curve of `PeakCurve` takes over. :math:`p_\infty` is the middle of the two
       estimates of `diversity_draws.bracket_limit`; free fits of :math:`p_\infty` to the measured sizes were tried and
       lie 17 % too low at 20,000 homes, since no one power of n holds from few homes to many.

    Parameters
    ----------
    loads
        Loads of homes that are complete in the coldest days: one by hours, and perhaps one by half-hours.
    period
        Label of the period.
    rule
        Rules of the measurement.
    bootstrap
        Seed, and number of draws of the level.
    weights
        Share of each type in the stock [1], or None where `stock` cannot be formed.
    sizes
        Numbers of dwellings in addition to those of the rule, such as the sizes of networks.

    """
    wanted = sorted({*rule.sizes, *sizes})
    rows, bases = [], []
    curves: dict[tuple[str, int], PeakCurve] = {}
    levels: dict[str, Floats] = {}
    for load in loads:
        minutes = load.interval_minutes
        shown = [n for n in wanted if minutes == HOURLY or n <= rule.half_hourly_dwellings_max]
        draws = draw_weights(load.households["household_id"], bootstrap)
        for name, pool in _pools(load, weights).items():
            rng = np.random.default_rng([bootstrap.seed, minutes, PROFILE_GROUPS.index(name)])
            curve, limits = _measure(load.load_kw, pool, draws, rng=rng, sizes=shown, rule=rule)
            curves[name, minutes] = curve
            if minutes == HOURLY:
                levels[name] = _draw_levels(load.load_kw, pool, draws)
            key = {"dwelling_type": name, "period": period, "interval_minutes": minutes, "households": pool.households}
            rows += [key | _row(curve, n) for n in shown]
            bases.append(key | _basis(name, load, pool, curve, limits))
    table = pl.DataFrame(rows, schema=DIVERSITY.schema) if rows else DIVERSITY.empty()
    curve_table = pl.DataFrame(bases, schema=DIVERSITY_CURVE.schema) if bases else DIVERSITY_CURVE.empty()
    return Diversity(
        DIVERSITY.conform(table).sort(DIVERSITY.key),
        DIVERSITY_CURVE.conform(curve_table).sort(DIVERSITY_CURVE.key),
        curves,
        levels,
    )


def _pools(load: ColdLoad, weights: Mapping[str, float] | None) -> dict[str, Pool]:
    """Return the homes of each group that has enough of them."""
    types = load.households["dwelling_type"].to_numpy()
    of_type = {str(name): np.flatnonzero(types == name) for name in sorted(set(types))}
    pools = {name: Pool({name: rows}) for name, rows in of_type.items()}
    pools["all"] = Pool({"all": np.arange(len(types))})
    if weights and all(len(of_type.get(name, ())) >= MIN_HOMES_OF_A_TYPE for name in weights):
        pools["stock"] = Pool({name: of_type[name] for name in weights}, shares=weights)
    return {name: pool for name, pool in pools.items() if pool.households >= MIN_HOMES_OF_A_TYPE}


def _measure(
    kw: Loads, pool: Pool, draws: Floats, *, rng: np.random.Generator, sizes: Sequence[int], rule: DiversityRule
) -> tuple[PeakCurve, tuple[float, float]]:
    """Measure one group of homes: its curve, and the two estimates that bracket its limit."""
    homes = pool.size
    measured = [n for n in sizes if n <= max(homes * rule.measured_share_max, 1)]
    orders = list(pool.orders(rng, [np.ones(len(kw), dtype=np.intp)] * _count_orders(homes)))
    larger = sorted(n for n in {*sizes, homes // 2, homes} if measured[-1] < n <= homes)
    plain = draw_peaks(kw, orders, [*measured, *larger])
    low, high = bracket_limit(kw, orders)
    cut = max(measured[-1], LEAST_ROWS)
    counts = draws[: rule.replicates].astype(np.intp)
    drawn = draw_peaks(kw, (order[:cut] for order in pool.orders(rng, counts)), measured)
    middle = {n: smooth_quantile(plain[n], 0.5, homes=homes) for n in measured}
    ends = {n: [smooth_quantile(drawn[n], q, homes=homes) for q in (BAND[0], 0.5, BAND[1])] for n in measured}
    limit = min((low + high) / 2, middle[measured[-1]])
    mean = pool.mean(np.ones((1, len(kw))), kw)[0]
    spread = np.mean([kw[order, mean.argmax()].std(dtype=np.float64) for order in orders])
    curve = PeakCurve(
        homes=homes,
        medians_kw=middle,
        below_kw={n: max(q50 - q05, 0.0) for n, (q05, q50, _) in ends.items()},
        above_kw={n: max(q95 - q50, 0.0) for n, (_, q50, q95) in ends.items()},
        limit_kw=limit,
        exponent=fit_exponent(
            {measured[-1]: middle[measured[-1]]} | {n: float(np.median(plain[n])) for n in larger},
            start=measured[-1],
            limit_kw=limit,
        ),
        sd_of_homes_kw=float(spread) * math.sqrt(homes / max(homes - 1, 1)),
    )
    return curve, (low, high)


def _draw_levels(kw: Loads, pool: Pool, draws: Floats) -> Floats:
    """Return the highest interval of the mean load in each draw over the mean of these [1]; 1 where nothing is used."""
    peaks: Floats = pool.mean(draws, kw).max(axis=1)
    return peaks / peaks.mean() if peaks.mean() > 0 else np.ones_like(peaks)


def _count_orders(homes: int) -> int:
    return min(max(ROWS_IN_ORDERS // homes, FEWEST_ORDERS), MOST_ORDERS)


def _row(curve: PeakCurve, dwellings: int) -> dict[str, object]:
    low, high = curve.band(dwellings)
    return {
        "dwellings": dwellings,
        "peak_kw_p05": low,
        "peak_kw_p50": curve.median(dwellings),
        "peak_kw_p95": high,
        "extrapolated": dwellings > curve.largest,
    }


def _basis(name: str, load: ColdLoad, pool: Pool, curve: PeakCurve, limits: tuple[float, float]) -> dict[str, object]:
    """Say what a curve rests on."""
    rows = np.concatenate(list(pool.rows.values()))
    types = load.included if name == "all" else pool.rows
    return {
        "households_included": sum(count for of, count in load.included.items() if of in types),
        "days": len(load.days.dates),
        "first_date": load.days.dates[0],
        "last_date": load.days.dates[-1],
        "chosen_by": load.days.chosen_by,
        "filled_share": load.households["filled_share"].gather(rows).mean(),
        "largest_measured": curve.largest,
        "limit_kw": curve.limit_kw,
        "limit_kw_low": limits[0],
        "limit_kw_high": limits[1],
        "exponent": curve.exponent,
        "sd_of_homes_kw": curve.sd_of_homes_kw,
    }
