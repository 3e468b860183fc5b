"""Monte Carlo: the distribution of a levelised cost, and how often each system is the cheapest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from transforms.lcoh.assumptions.parameters import INDIVIDUAL_SYSTEMS, NETWORK
from transforms.lcoh.assumptions.refusals import AssumptionError, check_delivered
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.cash_flows import Yearly
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.demands import NETWORK_DEMAND, OF_SAMPLE, check_demand, served_demand
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import missing_series
from transforms.lcoh.model.what_if import Case
from transforms.lcoh.results.costed import INDIVIDUAL, places_by_scale
from transforms.lcoh.results.uncertainty import Sampling, Uncertain, cost_of_draws, ranges_of, sampled_homes
from transforms.tables.cost_analysis import LCOH_PROBABILITY

QUANTILES: Final = {"lcoh_p05": 0.05, "lcoh_p50": 0.5, "lcoh_p95": 0.95}
Costs = dict[tuple[str, str], Yearly]  # system and scale to the cost of each draw


def probability_table(
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    sampling: Sampling,
    *,
    scenario: str,
    convention: str,
    place: Place | None = None,
) -> pl.DataFrame:
    """Return quantiles of each system's cost and the share of draws in which no other costs less (`lcoh_probability`).

    All systems share the draws of prices, of carbon, of the measured homes, and of the home: one of the type, by the
    spread of homes about the type's mean. Other parameters are drawn for each system alone. Homes of a type choose from
    the systems in one home. For the demand that a network serves (`stock`, or `all` where that is not known) there is
    one more choice for each scale, from these systems and a network of that scale, since no place offers all scales.
    The shares of one choice add up to one.

    Parameters
    ----------
    demand
        Columns dwelling_type, period, demand_basis and demand_kwh, of one basis, as `lcoh_table` reads them.
    assumptions
        The table `assumption`.
    sampling
        Uncertain parameters, and the number of draws.
    scenario, convention
        Set of prices, and rules of the cost model; it must divide by the heat delivered.
    place
        The one place that networks serve, in place of networks of every scale.

    Raises
    ------
    AssumptionError
        If the convention divides by the heat produced, or demands of two bases are given.

    """
    figures, rules = scenario_figures(assumptions, scenario), find_convention(convention)
    check_delivered(rules.name, rules.denominator)
    known = check_demand(demand, place)
    if known["demand_basis"].n_unique() > 1:
        message = f"demands of {' and '.join(known['demand_basis'].unique().sort())} are mixed: give those of one basis"
        raise AssumptionError(message)
    missing = missing_series(figures, rules)
    groups = known.sort(pl.col("dwelling_type").is_in(NETWORK_DEMAND), maintain_order=True)
    ranges, draws = (*sampling.ranges, *_sampled_homes(groups)), sampling.draws
    drawn = _draw_each(ranges, draws=draws, seed=sampling.seed)
    case = Case(figures=figures, convention=rules, system="", demand_kwh=groups["demand_kwh"].to_numpy()[:, None])
    of_homes = {
        system: cost_of_draws(replace(case, system=system), _values(ranges, drawn, system), draws=draws)
        for system in INDIVIDUAL_SYSTEMS
        if system not in missing
    }
    served = {} if NETWORK in missing else dict(served_demand(known).select("period", "dwelling_type").iter_rows())
    tables = [LCOH_PROBABILITY.empty()]
    for nth, row in enumerate(groups.iter_rows(named=True)):
        homes: Costs = {(system, INDIVIDUAL): cost[nth] for system, cost in of_homes.items()}
        key = {"period": row["period"], "dwelling_type": row["dwelling_type"]}
        tables += [_describe(homes, INDIVIDUAL, key)] if homes else []
        if served.get(row["period"]) == row["dwelling_type"]:
            scales, sized = places_by_scale(figures, NETWORK, place)
            demands = np.full((len(scales), 1), row["demand_kwh"])
            network_case = replace(case, system=NETWORK, demand_kwh=demands, place=sized)
            values = _values(ranges, drawn, NETWORK)
            group_values = {field: row[nth] if row.ndim > 1 else row for field, row in values.items()}
            costs = cost_of_draws(network_case, group_values, draws=draws)
            tables += [
                _describe(homes | {(NETWORK, scale): cost}, scale, key)
                for scale, cost in zip(scales, costs, strict=True)
            ]
    return pl.concat(
        LCOH_PROBABILITY.conform(table.with_columns(scenario=pl.lit(scenario), convention=pl.lit(convention)))
        for table in tables
    )


def draw(ranges: Sequence[Uncertain], *, draws: int, seed: int) -> Yearly:
    """Return draws of every uncertain parameter, shape (parameters, draws), from a seeded Latin hypercube."""
    return np.stack(_draw_each(ranges, draws=draws, seed=seed))


def _draw_each(ranges: Sequence[Uncertain], *, draws: int, seed: int) -> list[Yearly]:
    """Return the draws of each parameter, shape (draws,); those of the sampled homes have a row for each demand."""
    from scipy.stats import qmc

    uniform = qmc.LatinHypercube(d=len(ranges), rng=np.random.default_rng(seed)).random(draws).T
    together = [_correlated(uniform, ranges, place) for place in range(len(ranges))]
    return [uncertain.quantile(column) for uncertain, column in zip(ranges, together, strict=True)]


def _sampled_homes(demands: pl.DataFrame) -> list[Uncertain]:
    """Return the choice of the measured homes as an uncertain parameter, if the interval of any demand is known."""
    ends = demands.select(pl.col(end) / pl.col("demand_kwh") for end in OF_SAMPLE)
    if not ends.drop_nulls().height:
        return []
    low, high = ends.fill_null(1.0).to_numpy().T[..., None]
    return [sampled_homes(low, high)]


def _correlated(uniform: Yearly, ranges: Sequence[Uncertain], place: int) -> Yearly:
    r"""Return the probabilities of one parameter, correlated with another by a Gaussian copula if it names one.

    .. math:: z = \rho z_o + \sqrt{1 - \rho^2} z', \quad u = \Phi(z)
    """
    own = ranges[place]
    others = [n for n, one in enumerate(ranges) if one.parameter == own.correlates_with]
    if not others:
        column: Yearly = uniform[place]
        return column
    scores = ndtri(uniform[[others[0], place]])
    tied: Yearly = ndtr(own.correlation * scores[0] + np.sqrt(1 - own.correlation**2) * scores[1])
    return tied


def _values(ranges: Sequence[Uncertain], drawn: Sequence[Yearly], system: str) -> dict[str, Yearly]:
    return {ranges[n].field: drawn[n] for n in ranges_of(ranges, system)}


def _describe(costs: Costs, alternatives: str, key: dict[str, str]) -> pl.DataFrame:
    """Return one row per system of a choice."""
    stacked = np.stack(list(costs.values()))
    quantiles = np.quantile(stacked, list(QUANTILES.values()), axis=1)
    cheapest = (stacked == stacked.min(axis=0)).mean(axis=1)
    return pl.DataFrame(
        {
            **{name: [value] * len(costs) for name, value in key.items()},
            "alternatives": [alternatives] * len(costs),
            "system": [system for system, _ in costs],
            "scale": [scale for _, scale in costs],
            "draws": [stacked.shape[1]] * len(costs),
            **dict(zip(QUANTILES, quantiles, strict=True)),
            "cheapest_share": cheapest,
        }
    )
