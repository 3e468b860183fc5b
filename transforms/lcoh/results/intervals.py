"""Sampling uncertainty of the levelised cost: from the homes drawn, by way of demand and peak, to an interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from scipy.special import ndtr, stdtrit

from transforms.heat.demand import Bootstrap, Drawn, draw_annual_heat
from transforms.lcoh.assumptions.parameters import NETWORK
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures
from transforms.lcoh.model.cash_flows import Yearly
from transforms.lcoh.model.conventions import CONVENTIONS, Convention, find_convention
from transforms.lcoh.model.demands import measured_demand
from transforms.lcoh.model.load_shape import HOURS_PER_YEAR, load_shape
from transforms.lcoh.model.places import ALL_HOMES, Place
from transforms.lcoh.model.what_if import Case, build
from transforms.lcoh.results.table import lcoh_table
from transforms.tables.cost import LCOH

MEASURED: Final = "measured"
NetworkCost = Callable[[int, Yearly, Yearly], Yearly]
Weights = Mapping[str, float] | None
GROUP: Final = ("scenario", "convention", "period", "dwelling_type")
SIZED_BY_PEAK: Final = tuple(name for name, rules in CONVENTIONS.items() if rules.network_sizing == "load_curve")
ENDS: Final = ("lcoh_ci_low", "lcoh_ci_high")
DEMAND_ENDS: Final = ("_ci_low", "_ci_high")


def add_intervals(
    costs: pl.DataFrame,
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    networks: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Add to rows of `LCOH` the homes behind each, and the 95 % interval over samples of homes.

    The cost falls with the demand. So the costs at the two ends of the demand's interval are an interval that covers as
    often. Where a network's plant is sized by the peak, which varies with the demand, give `networks`. Rows at the
    paper's demand, and rows with fewer than ten homes, have no interval.

    Parameters
    ----------
    costs
        Rows of `LCOH`.
    demand
        Rows of `HEAT_DEMAND_ANNUAL`, from which `lcoh_table` made the measured rows.
    assumptions
        The table `assumption`.
    networks
        Keys of `LCOH` with `lcoh_ci_low` and `lcoh_ci_high`, as `intervals_by_draws` returns them. They replace the
        intervals from the demand alone.

    Returns
    -------
    pl.DataFrame
        The rows with `households` [1], `lcoh_ci_low` and `lcoh_ci_high` [GBP/MWh], null where unknown.

    """
    key = list(LCOH.key)
    asked = costs.filter(demand_basis=MEASURED).select("scenario", "convention").unique(maintain_order=True)
    of_ends = [
        lcoh_table(at_end, assumptions, scenario=scenario, convention=convention).select(*key, "lcoh_gbp_per_mwh")
        for scenario, convention in asked.iter_rows()
        for at_end in (measured_demand(demand, end=end) for end in DEMAND_ENDS)
        if at_end.height
    ]
    empty = LCOH.empty().select(*key, "lcoh_gbp_per_mwh")
    both = pl.concat([empty, *of_ends]).group_by(key).agg(pl.col("lcoh_gbp_per_mwh").sort(), ends=pl.len())
    two = pl.col("ends") == 2  # noqa: PLR2004 - the two ends of an interval
    ends = both.select(
        *key,
        lcoh_ci_low=pl.when(two).then(pl.col("lcoh_gbp_per_mwh").list.first()),
        lcoh_ci_high=pl.when(two).then(pl.col("lcoh_gbp_per_mwh").list.last()),
    )
    if networks is not None:
        ends = pl.concat([ends.join(networks, on=key, how="anti"), networks.select(ends.columns)])
    homes = demand.select("dwelling_type", "period", "households", demand_basis=pl.lit(MEASURED))
    bare = costs.drop("households", "lcoh_ci_low", "lcoh_ci_high", strict=False)
    with_homes = bare.join(homes, on=["dwelling_type", "period", "demand_basis"], how="left", maintain_order="left")
    return with_homes.join(ends, on=key, how="left", maintain_order="left")


def network_intervals(
    cost: NetworkCost,
    *,
    demand_kwh_draws: Yearly,
    peak_kw_draws: Mapping[int, Yearly],
    households: int,
    level: float = 0.95,
) -> pl.DataFrame:
    """Return the interval of the cost of networks whose plant follows the peak, by their number of dwellings.

    Parameters
    ----------
    cost
        Levelised cost [GBP/MWh] of a network by its dwellings, and draws of demand [kWh/yr] and peak [kW] per dwelling.
    demand_kwh_draws
        Mean demand in each draw of the homes, `demand.Drawn.heat_kwh_draws` [kWh/yr].
    peak_kw_draws
        By number of dwellings, the peak per dwelling in the same draws, the median times `diversity.Diversity.levels` [kW]. Demand
        and peak go together, since a draw gives a home the same weight in both.
    households
        Homes behind the draws [1].
    level
        Share of samples in which the interval holds the truth [1].

    Returns
    -------
    pl.DataFrame
        `dwellings`, `lcoh_ci_low`, `lcoh_ci_high` [GBP/MWh].

    Raises
    ------
    ValueError
        If demand and peak were not drawn equally often.

    """
    wrong = [n for n, peaks in peak_kw_draws.items() if len(peaks) != len(demand_kwh_draws)]
    if wrong:
        message = (
            f"{len(wrong)} peaks (e.g. of {wrong[0]} dwellings) have {len(peak_kw_draws[wrong[0]])} draws and the demand "
            f"{len(demand_kwh_draws)}: draw both with the same bootstrap"
        )
        raise ValueError(message)
    rows = [
        (n, *expanded_interval(cost(n, demand_kwh_draws, peaks), households=households, level=level))
        for n, peaks in peak_kw_draws.items()
    ]
    schema = {"dwellings": pl.Int64, "lcoh_ci_low": pl.Float64, "lcoh_ci_high": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def network_cost_of_draws(
    figures: ScenarioFigures, convention: Convention, dwellings: int, demand_kwh: Yearly, peak_kw: Yearly
) -> Yearly:
    """Return the levelised cost of a network in each draw of its homes [GBP/MWh], its plant sized by the draw's peak.

    Parameters
    ----------
    figures, convention
        Values of the scenario, and rules of the cost model.
    dwellings
        Homes of the network [1].
    demand_kwh, peak_kw
        Demand [kWh/yr] and after-diversity peak [kW] per home in each draw, shape (draws,).

    """
    peaks = load_shape(figures).with_peak(lambda _: peak_kw * HOURS_PER_YEAR / demand_kwh)
    place = Place(homes={ALL_HOMES: np.full(len(demand_kwh), float(dwellings))}, load=peaks)
    case = Case(figures=figures, convention=convention, system=NETWORK, demand_kwh=demand_kwh, place=place)
    return np.asarray(build(case).cost().total)


def expanded_interval(draws: Yearly, *, households: int, level: float = 0.95) -> tuple[float, float]:
    r"""Return the percentile interval of bootstrap draws, widened for a small sample.

    A percentile interval of n homes is too short: it lacks the divisor n - 1 of a standard deviation, and the t
    quantile. So it is taken at :math:`\alpha' / 2 = \Phi(-\sqrt{n / (n - 1)}\; t_{1 - \alpha / 2,\, n - 1})` in place
    of :math:`\alpha / 2`.

    Parameters
    ----------
    draws
        The value in each draw of the homes.
    households
        Homes n behind it [1], at least 2.
    level
        :math:`1 - \alpha` [1].

    References
    ----------
    Hesterberg, T. C. (2015), What Teachers Should Know About the Bootstrap, The American Statistician 69 (4), 371-386:
    the expanded percentile interval.

    """
    t = stdtrit(households - 1, (1 + level) / 2)
    tail = float(ndtr(-np.sqrt(households / (households - 1)) * t))
    low, high = np.quantile(draws, (tail, 1 - tail))
    return float(low), float(high)


def intervals_by_draws(
    costs: pl.DataFrame,
    homes: pl.DataFrame,
    peaks: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    weights: Mapping[str, Weights],
    bootstrap: Bootstrap,
) -> pl.DataFrame:
    r"""Return 95 % intervals of networks that are sized by their load, for `add_intervals`.

    In each draw b of the homes, a network of n homes serves the demand :math:`D_b = D\,\hat Q_b / \hat Q`, and has the
    peak :math:`P_b(n) = p(n)\,\tfrac{D}{8760}\,\ell_b`, with the means :math:`\hat Q_b` of the draws, the level
    :math:`\ell_b` of the peak and p(n) of the load shape. Plant, store, pipes and their capital follow from both.
    Networks that are not sized by the peak are left out, and so are those without draws of the peak.

    Parameters
    ----------
    costs
        Rows of `LCOH`.
    homes
        `household_id`, `dwelling_type`, `period`, `heat_kwh_annual` [kWh/yr] of the included homes.
    peaks
        Rows of `PEAK_DRAW`.
    assumptions
        The table `assumption`.
    weights
        By period, the share of each type in the stock [1], or None where `stock` cannot be formed.
    bootstrap
        The bootstrap of annual demand and of the peaks: a home has the same weight in both.

    Returns
    -------
    pl.DataFrame
        The key of `LCOH`, `lcoh_ci_low` and `lcoh_ci_high` [GBP/MWh].

    """
    of_networks = costs.filter(
        pl.col("system") == NETWORK, pl.col("demand_basis") == MEASURED, pl.col("convention").is_in(SIZED_BY_PEAK)
    )
    drawn = {
        period: draw_annual_heat(_of_period(homes, period), weights=weights.get(period), bootstrap=bootstrap)
        for period in of_networks["period"].unique().sort()
    }
    tables = [LCOH.empty().select(*LCOH.key, *ENDS)]
    for (scenario, convention, period, name), rows in of_networks.group_by(GROUP, maintain_order=True):
        levels = peaks.filter(pl.col("dwelling_type") == name, pl.col("period") == period).sort("draw")
        heat = drawn[str(period)].get(str(name))
        if heat is not None and levels.height:
            figures, rules = scenario_figures(assumptions, str(scenario)), find_convention(str(convention))
            tables.append(_intervals(rows, heat, levels, figures, rules))
    return pl.concat(tables)


def _of_period(homes: pl.DataFrame, period: str) -> pl.DataFrame:
    return homes.filter(pl.col("period") == period).drop_nulls("heat_kwh_annual")


def _intervals(
    rows: pl.DataFrame, heat: Drawn, levels: pl.DataFrame, figures: ScenarioFigures, convention: Convention
) -> pl.DataFrame:
    """Return the intervals of the networks of one demand."""
    demand_kwh = float(rows["demand_kwh"][0])
    level: Yearly = levels["level"].to_numpy()
    peak_over_mean = load_shape(figures).peak_over_mean
    found = network_intervals(
        partial(network_cost_of_draws, figures, convention),
        demand_kwh_draws=demand_kwh * heat.heat_kwh_draws / heat.heat_kwh,
        peak_kw_draws={
            n: peak_over_mean(float(n)) * demand_kwh / HOURS_PER_YEAR * level for n in rows["dwellings"].to_list()
        },
        households=min(heat.households, int(levels["households"][0])),
    )
    return rows.select(*LCOH.key, "dwellings").join(found, on="dwellings").select(*LCOH.key, *ENDS)
