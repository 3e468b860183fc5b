"""`python -m tests.benchmarks.lcoh_speed`: what the cost model takes, each figure with its bar beside."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from transforms.lcoh.assumptions.parameters import INDIVIDUAL_SYSTEMS, NETWORK
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import BEST_PRACTICE
from transforms.lcoh.model.demands import paper_demand
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.what_if import Case, build
from transforms.lcoh.results.curves import sensitivity_table
from transforms.lcoh.results.finance import finance_table
from transforms.lcoh.results.probability import draw, probability_table
from transforms.lcoh.results.uncertainty import BASE_SAMPLES, DRAWS, Sampling, check_ranges, cost_of_draws, ranges_of
from transforms.lcoh.results.variance import sobol_indices, sobol_table
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

SCENARIO, CONVENTION, DEMAND_KWH, HOMES, PARAMETERS = "eep2019", "best_practice", 15_200.0, 5_000, 9


def measure(work: Callable[[], object], *, times: int = 3) -> float:
    """Return the shortest of some runs [s]."""
    runs = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        runs.append(time.perf_counter() - start)
    return min(runs)


def main() -> None:
    """Print one line per bar: what it took, and what it may take."""
    assumptions = read_assumptions()
    ranges = check_ranges(read_figures("uncertainty_range"))
    figures, demand = scenario_figures(assumptions, SCENARIO), paper_demand(assumptions)
    chosen = {"scenario": SCENARIO, "convention": CONVENTION}
    sampling = Sampling(ranges=ranges, seed=1)
    drawn = draw(ranges, draws=DRAWS, seed=1)
    of_network = [ranges[place] for place in ranges_of(ranges, NETWORK)]
    # filled up with parameters without effect: the shipped ranges of a network are fewer
    quantiles = [u.quantile for u in of_network] + [of_network[-1].quantile] * (PARAMETERS - len(of_network))

    case = Case(
        figures=figures,
        convention=BEST_PRACTICE,
        system=NETWORK,
        demand_kwh=np.full((1, 1), DEMAND_KWH),
        place=Place.of_homes(np.full((1, 1), 300.0)),
    )

    def one_network(values: np.ndarray) -> np.ndarray:
        of_fields = {u.field: row for u, row in zip(of_network, values, strict=False)}
        return cost_of_draws(case, of_fields, draws=values.shape[1])

    homes_kwh = np.random.default_rng(1).lognormal(9.5, 0.5, HOMES)
    bars = [
        (
            f"one LCOH row of a network, amortised over {DRAWS:,} draws [us]",
            measure(partial(one_network, drawn[[*ranges_of(ranges, NETWORK)]])) / DRAWS * 1e6,
            10.0,
        ),
        (
            f"{DRAWS:,} draws over all systems and dwelling types [s]",
            measure(partial(probability_table, demand, assumptions, sampling, **chosen)),
            1.0,
        ),
        (
            f"Sobol indices of one network, {BASE_SAMPLES:,} x {PARAMETERS}, with intervals [s]",
            measure(partial(sobol_indices, one_network, quantiles, seed=1)),
            1.0,
        ),
        (
            "Sobol indices of all systems and scales, with intervals [s]",
            measure(partial(sobol_table, assumptions, sampling, demand_kwh=DEMAND_KWH, **chosen), times=1),
            float("nan"),
        ),
        (
            f"{HOMES:,} homes x {len(INDIVIDUAL_SYSTEMS)} systems [s]",
            measure(
                lambda: [
                    build(Case(figures=figures, convention=BEST_PRACTICE, system=system, demand_kwh=homes_kwh)).cost()
                    for system in INDIVIDUAL_SYSTEMS
                ]
            ),
            0.5,
        ),
        (
            "curves of all systems and scales [s]",
            measure(partial(sensitivity_table, assumptions, demand_kwh=DEMAND_KWH, **chosen)),
            float("nan"),
        ),
        (
            "networks as investments, all scales [s]",
            measure(partial(finance_table, demand, assumptions, scenario=SCENARIO)),
            float("nan"),
        ),
    ]
    for name, taken, bar in bars:
        verdict = "" if np.isnan(bar) else f"bar {bar:6.1f}  {'below' if taken < bar else 'ABOVE'}"
        print(f"{name:<75}{taken:9.3f}  {verdict}".rstrip())  # noqa: T201 - its result


if __name__ == "__main__":
    sys.exit(main())
