"""A heat network as an investment: its returns if homes join over some years and pay a tariff for their heat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import NETWORK, NetworkFinance
from transforms.lcoh.assumptions.refusals import check_delivered
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures
from transforms.lcoh.model.cash_flows import FIRST_HEAT_YEAR, Yearly, discount_factors
from transforms.lcoh.model.conventions import Convention, find_convention
from transforms.lcoh.model.demands import check_demand, network_keys
from transforms.lcoh.model.networks import BuiltNetwork
from transforms.lcoh.model.perspectives import PERSPECTIVES
from transforms.lcoh.model.places import Place
from transforms.lcoh.model.systems import KWH_PER_MWH, gas_standing_charge, missing_series
from transforms.lcoh.model.valuation import discount_rates
from transforms.lcoh.model.what_if import Built, Case, Change, build
from transforms.tables.cost_analysis import NETWORK_FINANCE

INVESTOR: Final = "best_practice_private"  # a network is built by a private investor
COUNTERFACTUAL: Final = "gas_boiler"
_RATES: Final = np.linspace(-0.5, 1.0, 601)  # internal rates of return are sought between neighbours of these [1/yr]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Price that homes pay for heat, and the years over which they join."""

    heat_tariff_gbp_per_mwh: float | None = None
    """With VAT where the perspective counts it. By default, the cost of heat from a gas boiler to the same homes
    (`best_practice_private`), less the standing charge of gas that they still pay to cook."""
    connection_years: int | None = None
    """Years over which homes join, the same number each year; by default `network_finance.connection_years`."""


BY_DEFAULT: Final = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Flows of a network whose homes join over some years, arrays of shape (..., T)."""

    cost_gbp: Yearly
    """Capital, O&M, energy and carbon that the perspective charges."""
    delivered_mwh: Yearly


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Returns of one project."""

    npv_gbp: float
    irr: float | None
    payback_years: float | None
    notes: tuple[str, ...]


def finance_table(
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    scenario: str,
    convention: str = INVESTOR,
    terms: Terms = BY_DEFAULT,
    place: Place | None = None,
) -> pl.DataFrame:
    """Return the returns of a network of each scale as an investment (`NETWORK_FINANCE`).

    Parameters
    ----------
    demand
        Rows as `lcoh_table` reads them; networks serve the demand of `stock`, or of `all`.
    assumptions
        The table `assumption`.
    scenario, convention
        Set of prices, and convention of the cost model: it says who invests, at which rate and with which taxes.
    terms
        Tariff of the homes, and how fast they join.
    place
        The one place that networks serve, in place of networks of every scale.

    Returns
    -------
    DataFrame
        Empty where the scenario lacks the energy of networks, or of boilers while no tariff is given.

    Raises
    ------
    AssumptionError
        If the convention divides by the heat produced.

    """
    figures, rules = scenario_figures(assumptions, scenario), find_convention(convention)
    check_delivered(rules.name, rules.denominator)
    lacking = {NETWORK} & set(missing_series(figures, rules))
    if terms.heat_tariff_gbp_per_mwh is None:
        lacking |= {COUNTERFACTUAL} & set(missing_series(figures, find_convention(INVESTOR)))
    keys = network_keys(check_demand(demand, place), figures, place)
    if lacking or keys.is_empty():
        return NETWORK_FINANCE.empty()
    years = terms.connection_years or figures.record(NetworkFinance, "network_finance").connection_years
    dwellings, demand_kwh = keys["dwellings"].to_numpy(), keys["demand_kwh"].to_numpy()
    case = Case(
        figures=figures,
        convention=rules,
        system=NETWORK,
        demand_kwh=demand_kwh[:, None],
        place=place or Place.of_homes(dwellings[:, None]),
    )
    project = phase_in(build(case), connection_years=years)
    tariff, of_tariff = _tariff(figures, demand_kwh, terms.heat_tariff_gbp_per_mwh)
    taxed = _tax(figures, rules)
    rates = discount_rates(figures, rules, years=project.cost_gbp.shape[-1])
    factors = discount_factors(rates, years=project.cost_gbp.shape[-1])
    earned_gbp = project.delivered_mwh * (tariff / taxed)[:, None]
    returns = [appraise(row, factors=factors) for row in earned_gbp - project.cost_gbp]
    npv = np.array([found.npv_gbp for found in returns])
    break_even = np.vecdot(project.cost_gbp, factors) / np.vecdot(project.delivered_mwh, factors) * taxed
    return NETWORK_FINANCE.conform(
        keys.select("period", "scale", dwellings=pl.col("dwellings").round().cast(pl.Int64)).with_columns(
            scenario=pl.lit(scenario),
            convention=pl.lit(convention),
            connection_years=pl.lit(years),
            heat_tariff_gbp_per_mwh=pl.Series(tariff),
            npv_gbp_per_dwelling=pl.Series(npv / dwellings),
            irr=pl.Series([found.irr for found in returns], dtype=pl.Float64),
            payback_years=pl.Series([found.payback_years for found in returns], dtype=pl.Float64),
            minimum_tariff_gbp_per_mwh=pl.Series(break_even),
            maximum_grant_gbp_per_dwelling=pl.Series(np.maximum(-npv, 0.0) / dwellings),
            note=pl.Series(["; ".join((of_tariff, *found.notes)) for found in returns]),
        )
    )


def phase_in(built: Built, *, connection_years: int) -> Project:
    """Return the flows of a network that homes join over k years, as many each year.

    In year t of operation, the share min(t / k, 1) of the homes takes heat and pays. The pipe in the building, the heat
    interface unit and the meter of a home are bought a year before its first heat, and wear out from then on. Plant,
    main pipe and the building's meter exist from the start. Energy is that of the whole network, with its losses and
    peak plant. The standing charge of gas that homes still pay to cook is theirs, and no cost of the network.

    Parameters
    ----------
    built
        A network as built for all homes, dwellings and demand of shape (s, 1).
    connection_years
        k [yr]; 1 connects all homes at once.

    Returns
    -------
    Project
        Arrays of shape (s, T).

    """
    assert isinstance(built.own, BuiltNetwork)  # noqa: S101 - for the type checker: callers pass a network  # nosec B101
    own = replace(built.own, kept_gas_gbp_per_year=0.0)
    built = replace(built, own=own)
    joined = np.arange(1, connection_years + 1) / connection_years
    growing, whole = built.flows(Change(demand_factor=joined)), _capital(built)
    years = whole.shape[-1]
    stage = np.clip(np.arange(years) - FIRST_HEAT_YEAR, 0, connection_years - 1)

    def as_joined(flows: Yearly) -> Yearly:
        """Return the flows of the year's number of homes, shape (s, T)."""
        by_stage = np.broadcast_to(flows, (*growing.heat_delivered_mwh.shape[:-1], years))
        picked: Yearly = by_stage[..., stage, np.arange(years)]
        return picked

    bare = replace(own.network, internal_pipe_gbp_per_m=0.0, hiu_gbp_per_dwelling=0.0, dwelling_meter_gbp=0.0)
    shared = _capital(replace(built, own=replace(own, network=bare)))
    of_homes = whole - shared
    capital = shared + _spread(of_homes, cohorts=connection_years, convention=built.case.convention)
    running = as_joined(growing.om_gbp) + as_joined(growing.fuel_gbp) + as_joined(growing.carbon_gbp)
    return Project(cost_gbp=capital + running, delivered_mwh=as_joined(growing.heat_delivered_mwh))


def _capital(built: Built) -> Yearly:
    """Return the spending on a network of all homes, shape (s, T)."""
    flows = built.flows()
    return np.broadcast_to(flows.capital_gbp, flows.heat_delivered_mwh.shape)[..., 0, :]


def _spread(spent: Yearly, *, cohorts: int, convention: Convention) -> Yearly:
    """Return spending, shape (s, T), of homes that join in equal parts over as many years as there are `cohorts`.

    A home that joins j years later buys everything j years later. If the value left at the end is credited by
    straight-line depreciation, spending less credit is the same amount for each year of use. The credit of each cohort
    follows from that.
    """
    years = spent.shape[-1]
    in_use = years - FIRST_HEAT_YEAR
    bought = np.maximum(spent, 0.0)
    per_year = spent.sum(axis=-1) / in_use
    total = np.zeros_like(spent)
    for late in range(cohorts):
        later = np.zeros_like(spent)
        later[..., late:] = bought[..., : years - late]
        if convention.horizon == "network_life":
            later[..., -1] = 0.0
            later[..., -1] = per_year * (in_use - late) - later.sum(axis=-1)
        total += later / cohorts
    return total


def appraise(net_gbp: Yearly, *, factors: Yearly) -> Return:
    """Return net present value, internal rate of return and payback of net flows by year, each of shape (T,).

    NPV = sum_t F_t d_t.  IRR: the r with sum_t F_t / (1 + r)^t = 0, if there is exactly one from -50 to 100 %.
    Payback: when the sum of undiscounted flows reaches 0, interpolated within the year.

    Raises
    ------
    ValueError
        If the two differ in length.

    """
    if net_gbp.shape != factors.shape:
        message = f"{net_gbp.shape[-1]} years of flows and {factors.shape[-1]} discount factors do not fit together"
        raise ValueError(message)
    irr, why_no_irr = _irr(net_gbp)
    payback, why_no_payback = _payback(net_gbp)
    notes = tuple(note for note in (why_no_irr, why_no_payback) if note)
    return Return(npv_gbp=float(net_gbp @ factors), irr=irr, payback_years=payback, notes=notes)


def _irr(net_gbp: Yearly) -> tuple[float | None, str]:
    from scipy.optimize import brentq

    def npv(rate: float) -> float:
        return float(net_gbp @ discount_factors(rate, years=len(net_gbp)))

    values = discount_factors(_RATES[:, None], years=len(net_gbp)) @ net_gbp
    earns = values > 0  # a value of exactly 0 counts on one side, else one rate would be found twice
    below = np.flatnonzero(earns[:-1] != earns[1:])
    if not len(below):
        return None, "no internal rate of return: the flows do not pay back at any rate from -50 to 100 %"
    if len(below) > 1:
        return None, f"no single internal rate of return: the present value is 0 at {len(below)} rates"
    return float(brentq(npv, _RATES[below[0]], _RATES[below[0] + 1])), ""


def _payback(net_gbp: Yearly) -> tuple[float | None, str]:
    paid = np.cumsum(net_gbp)
    reached = np.flatnonzero(paid >= 0)
    if not len(reached):
        return None, "never pays back"
    year = int(reached[0])
    if year == 0:
        return 0.0, ""
    return float(year - paid[year] / net_gbp[year]), ""


def _tariff(figures: ScenarioFigures, demand_kwh: Yearly, given: float | None) -> tuple[Yearly, str]:
    """Return the tariff for each demand [GBP/MWh], and a sentence that says where it comes from."""
    if given is not None:
        return np.full(len(demand_kwh), float(given)), "tariff as given"
    convention = find_convention(INVESTOR)
    boiler = Case(figures=figures, convention=convention, system=COUNTERFACTUAL, demand_kwh=demand_kwh)
    kept_gbp_per_mwh = gas_standing_charge(figures, NETWORK) / (demand_kwh / KWH_PER_MWH)
    tariff: Yearly = build(boiler).cost().total - kept_gbp_per_mwh
    return tariff, f"tariff: the cost of heat from a gas boiler to the homes ({INVESTOR})"


def _tax(figures: ScenarioFigures, convention: Convention) -> float:
    """Return the homes' payment over the network's income [1]: with VAT on heat where the perspective counts it."""
    return 1.0 + figures.one("vat", "on_heat") if PERSPECTIVES[convention.perspective].vat == "homes" else 1.0
