"""The cash flow behind one levelised cost, year by year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import INDIVIDUAL_SYSTEMS, NETWORK, SCALE_ITEM, SPF_ITEMS
from transforms.lcoh.assumptions.refusals import AssumptionError, unknown_name
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures, seen_rows
from transforms.lcoh.model.cash_flows import FIRST_HEAT_YEAR, discount_factors
from transforms.lcoh.model.conventions import Convention, find_convention
from transforms.lcoh.model.demands import NETWORK_DEMAND, PLACE, check_demand
from transforms.lcoh.model.perspectives import PERSPECTIVES
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import SYSTEMS, missing_series, purchases_of
from transforms.lcoh.model.valuation import discount_rates, rate_figures
from transforms.lcoh.model.what_if import Case, build

FLOWS: Final = ("capital_gbp", "om_gbp", "fuel_gbp", "carbon_gbp", "heat_mwh")
COSTS: Final = FLOWS[:-1]
PRESENT: Final = "present_"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSpan:
    """A discount rate and the last year after the investment in which it holds, as far as the flows go."""

    last_year: int
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OneNumber:
    """The row of the table `lcoh` that is to be explained."""

    system: str
    dwelling_type: str | None = None
    """Dwelling type of the demand; by default the only one, else `stock` or `all`."""
    scale: str | None = None
    """Size of a network; by default the only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One levelised cost, and the yearly flows behind it."""

    scenario: str
    convention: str
    denominator: str
    system: str
    scale: str
    dwellings: int
    dwelling_type: str
    period: str
    demand_kwh: float
    steps: tuple[RateSpan, ...]
    tax: float
    """VAT that homes pay on the heat of a network, in addition to the costs in `years` [1]."""
    years: pl.DataFrame
    """One row per year t: calendar year, discount rate and factor, flows of all dwellings, and their present values."""
    assumptions: pl.DataFrame
    """The rows of the table `assumption` that the flows come from."""

    @property
    def sums(self) -> dict[str, float]:
        """Sum of each flow and of each present value."""
        names = [*FLOWS, *(f"{PRESENT}{name}" for name in FLOWS)]
        return {name: float(self.years[name].sum()) for name in names}

    @property
    def elements_gbp_per_mwh(self) -> dict[str, float]:
        """Elements of the levelised cost [GBP/MWh]: the present value of each over that of the heat, with the tax."""
        sums = self.sums
        heat_mwh = sums[f"{PRESENT}heat_mwh"]
        return {name: sums[f"{PRESENT}{name}"] / heat_mwh * (1.0 + self.tax) for name in COSTS}

    @property
    def lcoh_gbp_per_mwh(self) -> float:
        """The levelised cost [GBP/MWh]."""
        return sum(self.elements_gbp_per_mwh.values())


def explain_cost(
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    asked: OneNumber,
    *,
    scenario: str,
    convention: str,
    place: Place | None = None,
) -> Explanation:
    """Return the cash flow behind one row of the table `lcoh`.

    Parameters
    ----------
    demand
        Rows as `lcoh_table` reads them, of one basis and period.
    assumptions
        The table `assumption`.
    asked
        Which row.
    scenario, convention
        Set of prices, and rules of the cost model.
    place
        The one place that a network serves, in place of a scale.

    Raises
    ------
    AssumptionError
        If a name is unknown, a choice is open, or the scenario lacks the system's energy; the message says what to
        name.

    """
    system, dwelling_type, scale = asked.system, asked.dwelling_type, asked.scale
    if system not in SYSTEMS:
        raise unknown_name("system", system, SYSTEMS)
    figures, rules = scenario_figures(assumptions, scenario), find_convention(convention)
    if lacking := missing_series(figures, rules).get(system):
        message = f"scenario {scenario} cannot cost {system} by {convention}: it has no {' and no '.join(lacking)}"
        raise AssumptionError(message)
    of_type = _choose_demand(check_demand(demand, place), system, dwelling_type)
    if place is None or system in INDIVIDUAL_SYSTEMS:
        scale, dwellings = _choose_scale(figures, system, scale)
        place = Place.of_homes(float(dwellings))
    else:
        scale, dwellings = PLACE, round(float(place.dwellings))
    case = Case(
        figures=figures,
        convention=rules,
        system=system,
        demand_kwh=of_type["demand_kwh"],
        place=place,
        dwelling_types=of_type["dwelling_type"],
    )
    flows = build(case).flows()
    count = flows.heat_delivered_mwh.shape[-1]
    rates = discount_rates(figures, rules, years=count)
    heat_mwh = flows.heat_delivered_mwh if rules.denominator == "delivered" else flows.heat_produced_mwh
    by_flow = dict(
        zip(FLOWS, (flows.capital_gbp, flows.om_gbp, flows.fuel_gbp, flows.carbon_gbp, heat_mwh), strict=True)
    )
    start_year = int(figures.one("study", "start_year"))
    years = pl.DataFrame(
        {
            "year": np.arange(count),
            "calendar_year": start_year - FIRST_HEAT_YEAR + np.arange(count),
            "discount_rate": np.concatenate([[0.0], rates]),
            "discount_factor": discount_factors(rates, years=count),
            **{name: np.broadcast_to(np.squeeze(flow), (count,)) for name, flow in by_flow.items()},
        }
    ).with_columns((pl.col(name) * pl.col("discount_factor")).alias(f"{PRESENT}{name}") for name in FLOWS)
    return Explanation(
        scenario=scenario,
        convention=convention,
        denominator=rules.denominator,
        system=system,
        scale=scale,
        dwellings=dwellings,
        dwelling_type=of_type["dwelling_type"],
        period=of_type["period"],
        demand_kwh=of_type["demand_kwh"],
        steps=_steps(figures, rules, years=count),
        tax=_tax(figures, rules, system),
        years=years,
        assumptions=_rows_behind(assumptions, scenario, rules, system, first=start_year, years=count),
    )


def _choose_demand(known: pl.DataFrame, system: str, dwelling_type: str | None) -> dict[str, Any]:
    types = known["dwelling_type"].to_list()
    if system == NETWORK and dwelling_type not in (None, *NETWORK_DEMAND):
        message = f"a network serves the mean home, not {dwelling_type}: leave the dwelling type out"
        raise AssumptionError(message)
    wanted = dwelling_type or next((name for name in (*NETWORK_DEMAND, *types[:1]) if name in types), "")
    if wanted not in types:
        raise unknown_name("dwelling type of these demands", wanted, types)
    rows = known.filter(pl.col("dwelling_type") == wanted).rows(named=True)
    if len(rows) > 1:
        message = f"{len(rows)} demands of {wanted} are given: choose one basis and period"
        raise AssumptionError(message)
    return rows[0]


def _choose_scale(figures: ScenarioFigures, system: str, scale: str | None) -> tuple[str, int]:
    if system in INDIVIDUAL_SYSTEMS:
        if scale not in (None, "individual"):
            message = f"{system} is a system in one home: a scale such as {scale} belongs to network"
            raise AssumptionError(message)
        return "individual", 1
    scales = figures.items(SCALE_ITEM)
    if scale is None and len(scales) > 1:
        message = f"network has {len(scales)} scales: name one of {', '.join(scales)}, or a number of dwellings"
        raise AssumptionError(message)
    chosen = scale or next(iter(scales))
    if chosen not in scales:
        raise unknown_name("scale", chosen, scales)
    return chosen, int(scales[chosen])


def _steps(figures: ScenarioFigures, convention: Convention, *, years: int) -> tuple[RateSpan, ...]:
    """Return the rates that hold in the years of the flows."""
    declared = PERSPECTIVES[convention.perspective].rates
    used = declared[:1] if convention.discounting == "flat" else declared
    last = years - 1
    ends = [last if convention.discounting == "flat" else int(min(end, last)) for end, _ in used]
    begins = [1, *(end + 1 for end in ends[:-1])]
    return tuple(
        RateSpan(last_year=end, rate=figures.one(*key))
        for begin, end, (_, key) in zip(begins, ends, used, strict=True)
        if begin <= end
    )


def _tax(figures: ScenarioFigures, convention: Convention, system: str) -> float:
    taxed = system == NETWORK and PERSPECTIVES[convention.perspective].vat == "homes"
    return figures.one("vat", "on_heat") if taxed else 0.0


def _rows_behind(
    assumptions: pl.DataFrame, scenario: str, convention: Convention, system: str, *, first: int, years: int
) -> pl.DataFrame:
    """Return the rows of assumptions behind a system's flows: its own values, its energy, rates and taxes."""
    series = [key for bought in purchases_of(convention, system) for key in bought.series]
    keys = pl.DataFrame(
        [*series, *rate_figures(convention)], schema={"item": pl.String, "parameter": pl.String}, orient="row"
    ).unique()
    seen = seen_rows(assumptions, scenario).filter(
        (pl.col("year") == 0) | pl.col("year").is_between(first, first + years - 1)
    )
    items = ["study", "design_load"] if system in INDIVIDUAL_SYSTEMS else ["study", "pipe", "load"]
    items += ["vat"] if PERSPECTIVES[convention.perspective].vat != "as_printed" else []
    items += [SPF_ITEMS[system]] if convention.spf == "hourly" and system in SPF_ITEMS else []
    own = seen.filter(
        pl.col("item").is_in([system, *items])
        | (pl.col("item").str.starts_with(f"{NETWORK}_") & (pl.lit(system) == NETWORK))
    )
    return pl.concat([own, seen.join(keys, on=["item", "parameter"], how="semi")]).unique(maintain_order=True)
