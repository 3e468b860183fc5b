"""Every table of costs of a run, from the demands and homes that it measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from transforms.heat.demand import Bootstrap
from transforms.heat.profiles import stock_weights
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.model.conventions import find_convention, lenses_beside
from transforms.lcoh.model.demands import (
    NETWORK_DEMAND,
    NORMAL_WEATHER,
    OF_SAMPLE,
    CostWeather,
    measured_demand,
    paper_demand,
)
from transforms.lcoh.results.abatement import abatement_table
from transforms.lcoh.results.break_even import break_even_table
from transforms.lcoh.results.cheapest_map import cheapest_map
from transforms.lcoh.results.costed import BOILER, check_comparable
from transforms.lcoh.results.curves import sensitivity_table
from transforms.lcoh.results.finance import finance_table
from transforms.lcoh.results.households import cost_distribution, household_costs
from transforms.lcoh.results.intervals import add_intervals, intervals_by_draws
from transforms.lcoh.results.probability import probability_table
from transforms.lcoh.results.table import lcoh_table
from transforms.lcoh.results.uncertainty import Sampling, Uncertain, sampled_homes
from transforms.lcoh.results.variance import sobol_table
from transforms.tables.cost import LCOH
from transforms.tables.cost_analysis import (
    ABATEMENT,
    BREAK_EVEN,
    CHEAPEST_MAP,
    LCOH_DISTRIBUTION,
    LCOH_HOUSEHOLD,
    LCOH_PROBABILITY,
    LCOH_SENSITIVITY,
    LCOH_SOBOL,
    NETWORK_FINANCE,
)
from transforms.tables.schema import Table

PAPER_SCENARIO: Final = "paper_fit"
PAPER_CHOICE: Final = (PAPER_SCENARIO, "wang2018")  # always published too: it shows that the paper is reproduced
OTHER_PRICES: Final = {"current2026": "desnz2023", "desnz2023": "current2026"}  # electricity rises, or falls, to 2050
RIVAL_CHOICE: Final = (PAPER_SCENARIO, "rival")  # other choices that the paper allows: they show how far results move


def check_choice(convention: str) -> None:
    """Refuse a convention by which a run cannot compare systems.

    Raises
    ------
    AssumptionError
        If there is no such convention, systems are not comparable by it, or it serves one place alone.

    """
    rules = find_convention(convention)
    check_comparable(rules, BOILER)
    if rules.main_pipe == "mapped_length":
        message = (
            f"convention {convention} serves one place, whose pipes a run does not know: take best_practice; "
            "`hearth lcoh --main-pipe` costs a place"
        )
        raise AssumptionError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChoices:
    """Choices of a run: the scenario and convention by which systems are compared, and the numbers of draws."""

    scenario: str
    convention: str
    seed: int
    bootstrap_replicates: int
    sobol_samples: int
    weather: CostWeather = NORMAL_WEATHER

    @property
    def chosen(self) -> tuple[str, str]:
        """The scenario and convention by which systems are compared."""
        return self.scenario, self.convention

    @property
    def costed(self) -> list[tuple[str, str]]:
        """The published scenarios and conventions: the paper's, its rival, and those by which systems are compared.

        If today's prices are chosen, those of the other projection are added.
        """
        other = [(OTHER_PRICES[self.scenario], name) for _, name in self.compared if self.scenario in OTHER_PRICES]
        return list(dict.fromkeys([PAPER_CHOICE, RIVAL_CHOICE, *self.compared, *other]))

    @property
    def compared(self) -> list[tuple[str, str]]:
        """The scenarios and conventions by which systems are compared: the chosen ones first, then the other lens if any."""
        beside = lenses_beside(self.convention)
        return [(self.scenario, name) for name in dict.fromkeys([self.convention, *beside])]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredHeat:
    """Measured tables that the cost model reads."""

    demand: pl.DataFrame
    """Rows of `HEAT_DEMAND_ANNUAL`."""
    homes: pl.DataFrame
    """Included homes: household_id, period, dwelling_type, heat_kwh_annual [kWh/yr], heat_loss_w_per_k [W/K]."""
    peaks: pl.DataFrame
    """Rows of `PEAK_DRAW`."""
    stock_shares: Mapping[str, float]
    """Share of each dwelling type in the stock [1]."""


def cost_everything(
    heat: MeasuredHeat, assumptions: pl.DataFrame, ranges: Sequence[Uncertain], choices: CostChoices
) -> dict[Table, pl.DataFrame]:
    """Return every table of costs; comparisons, shares and break-evens use the chosen scenario and convention."""
    household = pl.concat(
        household_costs(heat.homes, assumptions, scenario=s, convention=c) for s, c in choices.compared
    )
    types = heat.homes.unique("household_id").select("household_id", "dwelling_type")
    return {
        LCOH: cost_demands(heat, assumptions, choices),
        LCOH_HOUSEHOLD: household,
        LCOH_DISTRIBUTION: cost_distribution(
            household, types, heat.demand, assumptions, weights=stock_weights(types, heat.stock_shares)
        ),
        **cost_means(heat.demand, assumptions, ranges, choices),
    }


def cost_demands(heat: MeasuredHeat, assumptions: pl.DataFrame, choices: CostChoices) -> pl.DataFrame:
    """Return the cost of heat at all demands, by all published scenarios and conventions, with intervals (`LCOH`)."""
    asked = pl.concat([measured_demand(heat.demand), paper_demand(assumptions)], how="diagonal")
    costs = pl.concat(lcoh_table(asked, assumptions, scenario=s, convention=c) for s, c in choices.costed)
    weights = {
        str(period): stock_weights(homes.select("household_id", "dwelling_type"), heat.stock_shares)
        for (period,), homes in heat.homes.group_by("period")
    }
    bootstrap = Bootstrap(replicates=choices.bootstrap_replicates, seed=choices.seed)
    networks = intervals_by_draws(costs, heat.homes, heat.peaks, assumptions, weights=weights, bootstrap=bootstrap)
    return LCOH.conform(add_intervals(costs, heat.demand, assumptions, networks=networks))


def cost_means(
    demand: pl.DataFrame, assumptions: pl.DataFrame, ranges: Sequence[Uncertain], choices: CostChoices
) -> dict[Table, pl.DataFrame]:
    """Return the tables of costs that follow from mean demands of dwelling types, measured or published."""
    scenario, convention = choices.scenario, choices.convention
    paper = paper_demand(assumptions)
    basis = measured if len(measured := measured_demand(demand)) else paper
    served = _served_demand(basis)
    served_kwh = served["demand_kwh"]
    curves = [
        sensitivity_table(assumptions, scenario=s, convention=c, demand_kwh=kwh)
        for (s, c), kwh in ((PAPER_CHOICE, _served_demand(paper)["demand_kwh"]), ((scenario, convention), served_kwh))
    ]
    sampling = Sampling(ranges=tuple(ranges), seed=choices.seed, base_samples=choices.sobol_samples)
    return {
        LCOH_SENSITIVITY: pl.concat(curves).unique(LCOH_SENSITIVITY.key, maintain_order=True),
        LCOH_SOBOL: sobol_table(
            assumptions,
            replace(sampling, ranges=(*ranges, *_sampled_homes(served))),
            scenario=scenario,
            convention=convention,
            demand_kwh=served_kwh,
        ),
        LCOH_PROBABILITY: pl.concat(
            probability_table(basis, assumptions, sampling, scenario=s, convention=c) for s, c in choices.compared
        ),
        BREAK_EVEN: break_even_table(basis, assumptions, scenario=scenario, convention=convention),
        CHEAPEST_MAP: pl.concat(
            cheapest_map(basis, assumptions, scenario=s, convention=c) for s, c in choices.compared
        ),
        ABATEMENT: abatement_table(basis, assumptions, scenario=scenario, convention=convention),
        NETWORK_FINANCE: finance_table(basis, assumptions, scenario=scenario),
    }


def _sampled_homes(served: Mapping[str, Any]) -> list[Uncertain]:
    """Return the choice of the measured homes as an uncertain parameter, if the interval of a demand is known."""
    low, high = (served.get(end) for end in OF_SAMPLE)
    return (
        [] if low is None or high is None else [sampled_homes(low / served["demand_kwh"], high / served["demand_kwh"])]
    )


def _served_demand(demand: pl.DataFrame) -> dict[str, Any]:
    """Return the demand per home of the latest period that networks serve."""
    latest = demand.filter(pl.col("period") == demand["period"].max())
    known = {row["dwelling_type"]: row for row in latest.iter_rows(named=True)}
    return next(known[name] for name in (*NETWORK_DEMAND, *known) if name in known)
