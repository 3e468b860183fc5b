"""The components of a cost of heat: enough to compute it again with other prices, without the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from transforms.lcoh.assumptions.parameters import NETWORK, Carrier
from transforms.lcoh.assumptions.scenarios import ScenarioFigures, scenario_figures
from transforms.lcoh.model.cash_flows import FIRST_HEAT_YEAR, Yearly, discount_factors
from transforms.lcoh.model.conventions import Convention, find_convention, lenses_beside
from transforms.lcoh.model.demands import check_demand
from transforms.lcoh.model.perspectives import PERSPECTIVES
from transforms.lcoh.model.places import ALL_HOMES
from transforms.lcoh.model.systems import KWH_PER_MWH, Energy, energy_of, purchase_of, vat_factor
from transforms.lcoh.model.valuation import discount_rates
from transforms.lcoh.results.costed import BOILER, Costed, check_comparable, cost_systems
from transforms.tables.published import LCOH_CAPITAL, LCOH_COMPONENT, LCOH_ENERGY
from transforms.tables.schema import Table

ASKED: Final = "asked"  # demand basis of the demands that a reader may ask for
# All demands that a reader may ask for. Costs cannot be interpolated between them, since a heat pump has a least size.
ASKED_KWH: Final = tuple(range(3_000, 30_001, 500))
BUYERS: Final[tuple[tuple[str, str, Carrier], ...]] = (  # buyer, one of its systems, and the system's energy
    ("home", "gas_boiler", "gas"), ("home", "ashp", "electricity"), (NETWORK, NETWORK, "electricity"), (NETWORK, NETWORK, "gas"),
)  # fmt: skip
SAME: Final = 1e-9  # share by which a yearly amount may differ from year to year


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBasis:
    """A scenario and the convention by which it is costed."""

    scenario: str
    convention: str


def lenses_of(scenario: str, convention: str) -> list[CostBasis]:
    """Return the scenarios and conventions that are shown side by side; empty if the convention compares no systems."""
    return [
        CostBasis(scenario=scenario, convention=name)
        for name in lenses_beside(convention)
        if (read := find_convention(name)).denominator == "delivered" and read.horizon == "network_life"
    ]


def component_tables(
    demand: pl.DataFrame, assumptions: pl.DataFrame, bases: Sequence[CostBasis]
) -> dict[Table, pl.DataFrame]:
    """Return each system's yearly amounts, its capital, and the prices of energy, as three tables.

    Parameters
    ----------
    demand
        Demands as `lcoh_table` takes them; those that a reader may ask for (`ASKED_KWH`) are added.
    assumptions
        The table `assumption`.
    bases
        Scenarios and conventions.

    Raises
    ------
    AssumptionError
        If a convention does not compare systems.
    ValueError
        If a system's upkeep or purchased energy differs from year to year, since these tables hold one amount for all
        years.

    """
    asked = pl.DataFrame({"demand_kwh": [float(kwh) for kwh in ASKED_KWH]}).with_columns(
        demand_basis=pl.format("{} {}", pl.lit(ASKED), pl.col("demand_kwh").cast(pl.Int64)),
        period=pl.lit(ASKED), dwelling_type=pl.lit(ALL_HOMES),
    )  # fmt: skip
    both = pl.concat([demand, asked], how="diagonal")
    found: dict[Table, list[pl.DataFrame]] = {LCOH_COMPONENT: [], LCOH_CAPITAL: [], LCOH_ENERGY: []}
    for basis in bases:
        figures, convention = scenario_figures(assumptions, basis.scenario), find_convention(basis.convention)
        check_comparable(convention, BOILER)
        names = {"scenario": pl.lit(basis.scenario), "convention": pl.lit(basis.convention)}
        for costed in cost_systems(check_demand(both), figures, convention):
            found[LCOH_COMPONENT].append(_components(costed).with_columns(**names))
            found[LCOH_CAPITAL].append(_capital(costed).with_columns(**names))
        found[LCOH_ENERGY].append(_energy(figures, convention).with_columns(**names))
    return {
        table: pl.concat([table.empty(), *(table.conform(frame) for frame in frames)])
        for table, frames in found.items()
    }


def _components(costed: Costed) -> pl.DataFrame:
    """Return the upkeep and the energy of a system in each year of operation, for one home of each demand."""
    built, keys = costed.built, _keys(costed)
    flows, homes = built.flows(), costed.keys["dwellings"].to_numpy()
    taxed = costed.system == NETWORK and PERSPECTIVES[built.case.convention.perspective].vat == "homes"
    bought = {
        f"{carrier}_kwh_per_year": KWH_PER_MWH * _every_year(_bought_mwh(costed, carrier), carrier) / homes
        for carrier in built.energy
    }
    yearly = {
        "om_gbp_per_year": _every_year(flows.om_gbp, "upkeep") / homes,
        **bought,
    }
    vat = 1.0 + built.case.figures.one("vat", "on_heat") if taxed else 1.0
    amounts = [pl.Series(name, np.broadcast_to(values, keys.height)) for name, values in yearly.items()]
    missing = {
        c.name: pl.lit(0.0) for c in LCOH_COMPONENT.columns if c.name.endswith("_kwh_per_year") and c.name not in yearly
    }
    return keys.with_columns(*amounts, vat_factor=pl.lit(vat), **missing)


def _bought_mwh(costed: Costed, carrier: str) -> Yearly:
    """Return the energy of one carrier that a system buys by year [MWh]: its cost at a price of 1 GBP/MWh."""
    zero = np.zeros_like(next(iter(costed.built.energy.values())).price_gbp_per_mwh)
    priced = {
        name: Energy(price_gbp_per_mwh=zero + (name == carrier), carbon_gbp_per_mwh=zero, co2_kg_per_mwh=zero)
        for name in costed.built.energy
    }
    return replace(costed.built, energy=priced).flows().fuel_gbp


def _every_year(by_year: Yearly, name: str) -> Yearly:
    """Return the amount of a year of operation; refuse amounts that differ between years."""
    used = by_year[..., FIRST_HEAT_YEAR:]
    first: Yearly = used[..., 0]
    if not np.allclose(used, first[..., None], rtol=SAME, atol=0.0):
        message = f"{name} differs from year to year: the tables of components hold one amount for all years"
        raise ValueError(message)
    return first


def _capital(costed: Costed) -> pl.DataFrame:
    """Return purchases, replacements and the credit at the end, for one home of each demand, by year."""
    keys, flows = _keys(costed), costed.built.flows()
    spent = np.broadcast_to(flows.capital_gbp, (keys.height, flows.capital_gbp.shape[-1]))
    rows, years = np.nonzero(spent)
    amounts = spent[rows, years] / costed.keys["dwellings"].to_numpy()[rows]
    return keys.drop("dwellings")[rows].with_columns(year=pl.Series(years), capital_gbp=pl.Series(amounts))


def _keys(costed: Costed) -> pl.DataFrame:
    return costed.keys.select(
        "period", "dwelling_type", "system", "scale", pl.col("demand_kwh"), pl.col("dwellings").round().cast(pl.Int64)
    )


def _energy(figures: ScenarioFigures, convention: Convention) -> pl.DataFrame:
    """Return price, emissions and carbon value of the energy of homes and networks, and the discount factor, by year."""
    frames = []
    for buyer, system, carrier in BUYERS:
        bought = purchase_of(convention, system, carrier=carrier)
        if not all(figures.has(*series) for series in bought.series):
            continue
        energy = energy_of(figures, convention, system=system, carrier=carrier)
        years = len(energy.price_gbp_per_mwh)
        calendar = range(start := int(figures.one("study", "start_year")), start + years)
        printed = figures.series(*bought.price, calendar)
        factor = vat_factor(figures, convention, bought, system)
        carbon = figures.series(*bought.carbon, calendar) if bought.carbon else np.zeros(years)
        rates = discount_rates(figures, convention, years=years + FIRST_HEAT_YEAR)
        frames.append(
            pl.DataFrame(
                {
                    "year": np.arange(1, years + 1),
                    "calendar_year": list(calendar),
                    "price_gbp_per_mwh": printed,
                    "price_factor": np.full(years, factor),
                    "price_deducted_gbp_per_mwh": factor * printed - energy.price_gbp_per_mwh,
                    "co2_kg_per_mwh": energy.co2_kg_per_mwh,
                    "carbon_gbp_per_tonne": carbon,
                    "discount_factor": discount_factors(rates, years=years + FIRST_HEAT_YEAR)[FIRST_HEAT_YEAR:],
                }
            ).with_columns(buyer=pl.lit(buyer), carrier=pl.lit(carrier), tariff=pl.lit(bought.tariff))
        )
    return pl.concat(frames)
