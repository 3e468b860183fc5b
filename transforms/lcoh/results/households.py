"""The levelised cost of heat of every home, and the gap between their mean and the cost at their mean demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import INDIVIDUAL_SYSTEMS, Floats
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures
from transforms.lcoh.model.cash_flows import Yearly
from transforms.lcoh.model.conventions import Convention, find_convention
from transforms.lcoh.model.demands import MEASURED_WEATHER, NORMAL_WEATHER, measured_demand
from transforms.lcoh.model.perspectives import lens_of
from transforms.lcoh.model.systems import KWH_PER_MWH, missing_series
from transforms.lcoh.model.what_if import Case, build
from transforms.tables.cost_analysis import LCOH_DISTRIBUTION, LCOH_HOUSEHOLD
from transforms.tables.published import LCOH_QUANTILE

STOCK = "stock"
ENDS = {"_ci_high": "lcoh_at_mean_ci_low", "_ci_low": "lcoh_at_mean_ci_high"}  # more heat costs less per MWh
DECIMALS = 9  # of a quantile that is 1 minus another, without the last bits of the difference


def household_costs(homes: pl.DataFrame, assumptions: pl.DataFrame, *, scenario: str, convention: str) -> pl.DataFrame:
    """Return the levelised cost of each individual system in each home (`LCOH_HOUSEHOLD`).

    Parameters
    ----------
    homes
        `household_id`, `period`, `heat_kwh_annual` [kWh/yr] of included homes. Homes without heat are left out, since a
        cost per MWh needs heat. Optional: `dwelling_type`; `heat_loss_w_per_k` [W/K], by which a convention may size
        systems, and which is in proportion to the heat where it is null; `normal_correction_kwh` [kWh/yr], the heat
        that normal weather adds. A home without that correction is costed at its measured heat.
    assumptions
        The table `assumption`.
    scenario, convention
        Set of prices, and rules of the cost model. A system that the scenario has no prices for is left out.

    """
    figures, rules = scenario_figures(assumptions, scenario), find_convention(convention)
    missing = missing_series(figures, rules)
    with_heat = homes.filter(pl.col("heat_kwh_annual") > 0).pipe(_to_normal_weather)
    known = with_heat.select("period", "household_id", "demand_kwh", "weather")
    case = Case(
        figures=figures,
        convention=rules,
        system="",
        demand_kwh=known["demand_kwh"].to_numpy(),
        dwelling_types=with_heat["dwelling_type"].to_list() if "dwelling_type" in homes.columns else "all",
        heat_loss_w_per_k=_heat_loss(with_heat, figures),
    )
    tables = [
        known.with_columns(
            scenario=pl.lit(scenario),
            convention=pl.lit(rules.name),
            **{name: pl.lit(value) for name, value in lens_of(rules.perspective, figures).items()},
            system=pl.lit(system),
            lcoh_gbp_per_mwh=_total(replace(case, system=system)),
        )
        for system in INDIVIDUAL_SYSTEMS
        if system not in missing
    ]
    return LCOH_HOUSEHOLD.conform(pl.concat(tables)) if tables else LCOH_HOUSEHOLD.empty()


def _total(case: Case) -> Yearly:
    """Return the levelised cost of a case [GBP/MWh]."""
    return np.asarray(build(case).cost().total)


def _to_normal_weather(homes: pl.DataFrame) -> pl.DataFrame:
    """Add the heat at which each home is costed, and whether it is that of normal weather."""
    correction = (
        pl.col("normal_correction_kwh") if "normal_correction_kwh" in homes.columns else pl.lit(None, pl.Float64)
    )
    normal_kwh = pl.col("heat_kwh_annual") + correction
    # the correction of a home that hardly heats may exceed its heat
    is_known = (normal_kwh > 0).fill_null(value=False)
    return homes.with_columns(
        demand_kwh=pl.when(is_known).then(normal_kwh).otherwise("heat_kwh_annual"),
        weather=pl.when(is_known).then(pl.lit(NORMAL_WEATHER)).otherwise(pl.lit(MEASURED_WEATHER)),
    )


def _heat_loss(homes: pl.DataFrame, figures: ScenarioFigures) -> Yearly | None:
    """Return the heat loss of homes [W/K], measured or in proportion to the heat; None where none is measured."""
    if "heat_loss_w_per_k" not in homes.columns:
        return None
    per_kwh = figures.one("load", "heat_loss_w_per_k_per_mwh") / KWH_PER_MWH
    known = pl.col("heat_loss_w_per_k").fill_null(pl.col("demand_kwh") * per_kwh)
    return homes.select(known).to_series().to_numpy()


def expected_gap(fixed_gbp_per_mwh: Floats, variation: Floats) -> Floats:
    r"""Return the expected gap between the mean of homes' costs and the cost at their mean demand [GBP/MWh].

    A home's cost is :math:`L(D) = v + F / D`. The costs v [GBP/MWh] are proportional to the heat D [MWh/yr]: fuel, and
    the kilowatts of a system sized in proportion to the heat. The costs F [GBP/yr], such as upkeep, are fixed. With
    :math:`D = \bar D (1 + x)`, :math:`E x = 0` and :math:`E x^2 = CV^2`,

    .. math:: E L - L(\bar D) = \frac{F}{\bar D} E\Big[\frac{1}{1 + x} - 1\Big]
        = \frac{F}{\bar D} (E x^2 - E x^3 + \dots) \approx \frac{F}{\bar D} CV^2.

    For a lognormal D, :math:`E[1/D]\,E[D] = 1 + CV^2` and the approximation is exact. It leaves out that systems sized
    by a measured heat loss do not follow the demand.

    Parameters
    ----------
    fixed_gbp_per_mwh
        :math:`F / \bar D` [GBP/MWh], which is :math:`L(\bar D / 2) - L(\bar D)`.
    variation
        Standard deviation of the homes' demands over their mean, CV [1].

    """
    return fixed_gbp_per_mwh * variation**2


def cost_distribution(
    costs: pl.DataFrame,
    homes: pl.DataFrame,
    demand: pl.DataFrame,
    assumptions: pl.DataFrame,
    *,
    weights: Mapping[str, float] | None,
) -> pl.DataFrame:
    """Return the mean of homes' costs beside the cost at their mean demand (`LCOH_DISTRIBUTION`).

    Parameters
    ----------
    costs
        Rows of `LCOH_HOUSEHOLD`, of any scenarios, conventions and periods.
    homes
        `household_id`, `dwelling_type`.
    demand
        Rows of `HEAT_DEMAND_ANNUAL`, with the interval of each mean demand. The cost falls with the demand. So the
        costs at the two ends are an interval that covers as often as that of the demand.
    assumptions
        The table `assumption`.
    weights
        Share of each type in the stock [1], or None where `stock` cannot be formed.

    """
    of_groups = costs.join(homes.select("household_id", "dwelling_type"), on="household_id").pipe(_weigh, weights)
    keys = ["scenario", "convention", "system", "period", "dwelling_type"]
    kwh, weight = pl.col("demand_kwh"), pl.col("weight")
    mean = (kwh * weight).sum() / weight.sum()
    summed = (
        of_groups.sort("household_id")
        .group_by(keys, maintain_order=True)
        .agg(
            households=pl.col("household_id").n_unique(),
            demand_kwh=mean,
            demand_variation=((weight * (kwh - mean) ** 2).sum() / weight.sum()).sqrt() / mean,
            lcoh_mean_gbp_per_mwh=(pl.col("lcoh_gbp_per_mwh") * weight).sum() / weight.sum(),
        )
    )
    for end in ENDS:
        of_end = measured_demand(demand, end=end).select("dwelling_type", "period", pl.col("demand_kwh").alias(end))
        summed = summed.join(of_end, on=["dwelling_type", "period"], how="left", maintain_order="left")
    parts = [
        _at_mean(part, scenario_figures(assumptions, str(scenario)), find_convention(str(convention)), str(system))
        for (scenario, convention, system), part in summed.group_by(keys[:3], maintain_order=True)
    ]
    return (
        LCOH_DISTRIBUTION.conform(pl.concat(parts)).sort(LCOH_DISTRIBUTION.key) if parts else LCOH_DISTRIBUTION.empty()
    )


def _weigh(costs: pl.DataFrame, weights: Mapping[str, float] | None) -> pl.DataFrame:
    """Return a row for each home and group with the home's weight; `stock` is left out where it lacks a weighted type."""
    keys = ["scenario", "convention", "system", "period"]
    of_type = costs.with_columns(weight=pl.lit(1.0))
    groups = [of_type, of_type.with_columns(dwelling_type=pl.lit("all"))]
    if weights:
        share = pl.col("dwelling_type").replace_strict(dict(weights), default=None, return_dtype=pl.Float64)
        has_all = pl.col("dwelling_type").n_unique().over(keys) == len(weights)
        stock = of_type.filter(pl.col("dwelling_type").is_in(list(weights))).filter(has_all)
        groups.append(
            stock.with_columns(weight=share / pl.len().over([*keys, "dwelling_type"])).with_columns(
                dwelling_type=pl.lit(STOCK)
            )
        )
    return pl.concat(groups)


def _at_mean(part: pl.DataFrame, figures: ScenarioFigures, convention: Convention, system: str) -> pl.DataFrame:
    """Add the cost at mean demand, its interval and the gap that is expected, for one system."""
    mean_kwh = part["demand_kwh"].to_numpy()
    case = Case(
        figures=figures,
        convention=convention,
        system=system,
        demand_kwh=mean_kwh,
        dwelling_types=part["dwelling_type"].to_list(),
    )

    def cost(demand_kwh: Yearly) -> Yearly:
        return _total(replace(case, demand_kwh=demand_kwh))

    at_mean, at_half = (cost(kwh) for kwh in (mean_kwh, mean_kwh / 2))
    gap = expected_gap(at_half - at_mean, part["demand_variation"].to_numpy())
    ends = {of_cost: pl.Series(cost(_above_zero(part[of_demand]))) for of_demand, of_cost in ENDS.items()}
    return part.with_columns(
        lcoh_at_mean_gbp_per_mwh=at_mean,
        gap_expected_gbp_per_mwh=gap,
        **{name: values.fill_nan(None) for name, values in ends.items()},
    )


def _above_zero(demand_kwh: pl.Series) -> Yearly:
    """Return demands as numbers, NaN where they are unknown or 0."""
    return np.where(demand_kwh.fill_null(0) > 0, demand_kwh.cast(pl.Float64).to_numpy(), np.nan)


def cost_quantiles(
    quantiles: pl.DataFrame, demand: pl.DataFrame, assumptions: pl.DataFrame, *, scenario: str, convention: str
) -> pl.DataFrame:
    r"""Return the levelised cost at quantiles of annual heat, corrected to normal weather like the mean (`LCOH_QUANTILE`).

    The cost L [GBP/MWh] of a system sized in proportion to the heat D falls with D. So its quantile is the cost at the
    opposite quantile of heat, :math:`L_{(q)} = L(D_{(1 - q)})`. It needs only published quantiles, and no single home.

    Parameters
    ----------
    quantiles
        Rows of `HEAT_DEMAND_QUANTILE`; those without heat are left out.
    demand
        Rows of `HEAT_DEMAND_ANNUAL`, which say by how much normal weather changes the mean of a type.
    assumptions
        The table `assumption`.
    scenario, convention
        Set of prices, and rules of the cost model. A system that the scenario has no prices for is left out.

    """
    figures, rules = scenario_figures(assumptions, scenario), find_convention(convention)
    missing = missing_series(figures, rules)
    moved = measured_demand(demand).select(
        "dwelling_type", "period", to_normal=pl.col("demand_kwh") / pl.col("demand_measured_kwh")
    )
    with_heat = quantiles.filter(pl.col("heat_kwh_annual") > 0)
    known = with_heat.join(moved, on=["dwelling_type", "period"], how="left", maintain_order="left").select(
        "period",
        "dwelling_type",
        "households",
        scenario=pl.lit(scenario),
        convention=pl.lit(rules.name),
        quantile=(1 - pl.col("quantile")).round(DECIMALS),
        demand_kwh=pl.col("heat_kwh_annual") * pl.col("to_normal").fill_null(1.0),
    )
    case = Case(figures=figures, convention=rules, system="", demand_kwh=known["demand_kwh"].to_numpy())
    found = [
        known.with_columns(system=pl.lit(system), lcoh_gbp_per_mwh=_total(replace(case, system=system)))
        for system in INDIVIDUAL_SYSTEMS
        if system not in missing
    ]
    conformed = [LCOH_QUANTILE.conform(frame) for frame in found if not frame.is_empty()]
    return pl.concat([LCOH_QUANTILE.empty(), *conformed]).sort(LCOH_QUANTILE.key)
