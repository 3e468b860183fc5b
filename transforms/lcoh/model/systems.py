"""Yearly flows of a heating system in one home, and the energy that every system buys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from transforms.lcoh.assumptions.parameters import (
    CARBON_INTENSITY,
    CARBON_PRICE,
    COOKING,
    HOURLY_SPF,
    INDIVIDUAL_SYSTEMS,
    LEVY,
    MARGINAL_INTENSITY,
    NETWORK,
    PEAK_PLANTS,
    PRICE,
    SPF_ITEMS,
    STANDING_CHARGE,
    SUPPLY_CARBON_ITEM,
    Carrier,
    DesignLoad,
    Floats,
    IndividualSystem,
    LoadFigures,
)
from transforms.lcoh.assumptions.scenarios import Key, ScenarioFigures
from transforms.lcoh.model.cash_flows import FIRST_HEAT_YEAR, CashFlows, Yearly, in_operation, renewed
from transforms.lcoh.model.conventions import Convention
from transforms.lcoh.model.perspectives import PERSPECTIVES
from transforms.lcoh.model.places import BoughtHeat
from transforms.lcoh.model.sizing import heat_loss_load_kw, size_system

KWH_PER_MWH: Final = 1000.0
KG_PER_TONNE: Final = 1000.0
SYSTEMS: Final = (*INDIVIDUAL_SYSTEMS, NETWORK)
BOUGHT_HEAT: Final = "heat"  # carrier, beside gas and electricity, of a network without plant
TARIFF_WITH_VAT: Final = "residential"  # EEP Annex M prints the other tariffs without VAT, but with the levy


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Costs and emissions of a MWh of bought gas, electricity or heat by year of operation, shape (..., n)."""

    price_gbp_per_mwh: Yearly
    carbon_gbp_per_mwh: Yearly
    co2_kg_per_mwh: Yearly


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """The series of prices and emissions of a system's energy; None where the perspective needs none."""

    carrier: Carrier
    tariff: str
    price: Key
    intensity: Key
    carbon: Key | None
    carbon_in_price: Key | None
    levy: Key | None

    @property
    def series(self) -> tuple[Key, ...]:
        """Every series that is read."""
        in_price = (self.carbon_in_price, (self.carrier, CARBON_INTENSITY)) if self.carbon_in_price else ()
        return tuple(dict.fromkeys(k for k in (self.price, self.intensity, self.carbon, *in_price, self.levy) if k))


def purchase_of(convention: Convention, system: str, *, carrier: Carrier | None = None) -> Purchase:
    """Return the series by which a system's energy is priced; `carrier` names another energy than its main one."""
    perspective = PERSPECTIVES[convention.perspective]
    carrier = carrier or INDIVIDUAL_SYSTEMS.get(system, "electricity")
    tariff = convention.network_tariff if system == NETWORK else convention.individual_tariff
    electric = carrier == "electricity"
    marginal = electric and convention.electricity_carbon == "long_run_marginal"
    carbon_item = {
        "scenario_price": "carbon",
        "appraisal_value": f"carbon_value_{convention.carbon_value}",
        "in_prices": None,
    }[perspective.carbon]
    stripped = electric and perspective.without_levies
    return Purchase(
        carrier=carrier,
        tariff=tariff,
        price=(f"{carrier}_{tariff}", PRICE),
        intensity=(carrier, MARGINAL_INTENSITY if marginal else CARBON_INTENSITY),
        carbon=(carbon_item, CARBON_PRICE) if carbon_item else None,
        carbon_in_price=(SUPPLY_CARBON_ITEM, CARBON_PRICE) if stripped else None,
        levy=LEVY if stripped and tariff != TARIFF_WITH_VAT else None,
    )


def burns_gas(convention: Convention) -> bool:
    """Say whether networks of a convention have a gas boiler for the peak."""
    return convention.network_sizing == "load_curve" and PEAK_PLANTS[convention.peak_plant] == "gas"


def purchases_of(convention: Convention, system: str) -> tuple[Purchase, ...]:
    """Return the purchases of a system: one, or electricity and gas for a network with a gas boiler for the peak."""
    own = purchase_of(convention, system)
    with_gas = system == NETWORK and burns_gas(convention)
    return (own, purchase_of(convention, system, carrier="gas")) if with_gas else (own,)


def series_read(convention: Convention) -> tuple[Key, ...]:
    """Return every series of prices, levies and carbon that a convention reads, for all systems."""
    return tuple(
        dict.fromkeys(key for system in SYSTEMS for bought in purchases_of(convention, system) for key in bought.series)
    )


def missing_series(figures: ScenarioFigures, convention: Convention) -> dict[str, list[str]]:
    """Return the systems that a scenario cannot cost, each with the series that it lacks."""
    lacking = {
        system: [
            ".".join(key)
            for bought in purchases_of(convention, system)
            for key in bought.series
            if not figures.has(*key)
        ]
        for system in SYSTEMS
    }
    return {system: series for system, series in lacking.items() if series}


def horizon_years(figures: ScenarioFigures, convention: Convention, system: str) -> int:
    """Return the years of operation that count [yr]: the system's own life, or the life of a network."""
    item = NETWORK if convention.horizon == "network_life" else system
    return int(figures.one(item, "lifetime_years"))


def energy_of(
    figures: ScenarioFigures, convention: Convention, *, system: str, carrier: Carrier | None = None
) -> Energy:
    """Return price, carbon cost and emissions of a system's energy in each calendar year of operation.

    p_t = v P_t - a_t A_t / 1000 - L,  c_t = i_t C_t / 1000, with emissions i_t and a_t [kg/MWh]

    P_t is the series of the convention's tariff. v removes VAT from a residential tariff, or adds it to the others.
    Where the perspective removes levies from electricity, A_t is the carbon payment of generators [GBP/t], a_t the
    average emissions of the grid, and L the climate change levy [GBP/MWh]. C_t is the price of carbon [GBP/t] that the
    perspective charges, and i_t the average or long-run marginal emissions. `carrier` names another energy than the
    system's main one.

    Raises
    ------
    AssumptionError
        If the scenario lacks a series or one of its years; the message names it.

    """
    bought = purchase_of(convention, system, carrier=carrier)
    calendar = _years_of_operation(figures, convention, system)
    price_gbp_per_mwh = figures.series(*bought.price, calendar) * vat_factor(figures, convention, bought, system)
    if bought.carbon_in_price:
        average_kg_per_mwh = figures.series(bought.carrier, CARBON_INTENSITY, calendar) * KWH_PER_MWH
        paid_gbp_per_tonne = figures.series(*bought.carbon_in_price, calendar)
        price_gbp_per_mwh = price_gbp_per_mwh - average_kg_per_mwh * paid_gbp_per_tonne / KG_PER_TONNE
    if bought.levy:
        price_gbp_per_mwh = price_gbp_per_mwh - figures.one(*bought.levy)
    co2_kg_per_mwh = figures.series(*bought.intensity, calendar) * KWH_PER_MWH
    return Energy(
        price_gbp_per_mwh=price_gbp_per_mwh,
        carbon_gbp_per_mwh=co2_kg_per_mwh * _carbon_gbp_per_kg(figures, bought, calendar),
        co2_kg_per_mwh=co2_kg_per_mwh,
    )


def energies_of(
    figures: ScenarioFigures, convention: Convention, *, system: str, bought_heat: BoughtHeat | None = None
) -> dict[str, Energy]:
    """Return prices and emissions of a system's energy by carrier; with bought heat, of electricity and heat."""
    carriers: list[Carrier] = [one.carrier for one in purchases_of(convention, system)]
    if bought_heat is None or system != NETWORK:
        return {carrier: energy_of(figures, convention, system=system, carrier=carrier) for carrier in carriers}
    electricity = energy_of(figures, convention, system=NETWORK)
    return {"electricity": electricity, BOUGHT_HEAT: _energy_of_heat(figures, convention, bought_heat)}


def _energy_of_heat(figures: ScenarioFigures, convention: Convention, bought: BoughtHeat) -> Energy:
    """Return price, carbon cost and emissions of bought heat; only the price of carbon differs between years."""
    calendar = _years_of_operation(figures, convention, NETWORK)
    every_year = np.ones(len(calendar))
    co2_kg_per_mwh = np.asarray(bought.co2_kg_per_mwh, dtype=float)[..., None] * every_year
    return Energy(
        price_gbp_per_mwh=np.asarray(bought.price_gbp_per_mwh, dtype=float)[..., None] * every_year,
        carbon_gbp_per_mwh=co2_kg_per_mwh * _carbon_gbp_per_kg(figures, purchase_of(convention, NETWORK), calendar),
        co2_kg_per_mwh=co2_kg_per_mwh,
    )


def _years_of_operation(figures: ScenarioFigures, convention: Convention, system: str) -> range:
    start_year = int(figures.one("study", "start_year"))
    return range(start_year, start_year + horizon_years(figures, convention, system))


def _carbon_gbp_per_kg(figures: ScenarioFigures, bought: Purchase, calendar: range) -> Yearly:
    """Return the price of carbon that the perspective charges in each year [GBP/kg]."""
    return figures.series(*bought.carbon, calendar) / KG_PER_TONNE if bought.carbon else np.zeros(len(calendar))


def vat_factor(figures: ScenarioFigures, convention: Convention, bought: Purchase, system: str) -> float:
    """Return the factor from the printed price of energy to the one that is paid; a network's operator reclaims VAT."""
    who_pays = PERSPECTIVES[convention.perspective].vat
    if who_pays == "as_printed":
        return 1.0
    with_vat = 1.0 + figures.one("vat", "on_energy")
    paid = with_vat if who_pays == "homes" and system != NETWORK else 1.0
    return paid / (with_vat if bought.tariff == TARIFF_WITH_VAT else 1.0)


def individual_system(
    figures: ScenarioFigures,
    convention: Convention,
    system: str,
    *,
    demand_kwh: Floats | None = None,
    dwelling_types: str | Sequence[str] = "all",
    heat_loss_w_per_k: Floats | None = None,
) -> IndividualSystem:
    """Return the costs of a system in one home, with VAT and the gas standing charge where homes pay them.

    Parameters
    ----------
    figures, convention, system
        The convention decides whether the system has one size for all homes, or is sized by each home's load.
    demand_kwh
        Heat demand of the homes [kWh/yr], shape (...); without it, the system has the size for the reference home.
    dwelling_types
        Dwelling type of all homes or of each. The load of the type decides on the SPF of heat pumps where the
        convention takes the SPF from the hours.
    heat_loss_w_per_k
        Measured heat loss of the homes [W/K], shape (...); without it, the heat loss is in proportion to the demand.

    Returns
    -------
    IndividualSystem
        Its capital has the shape of the demand where the convention sizes it.

    """
    record = figures.record(IndividualSystem, system)
    if convention.spf == "hourly" and system in SPF_ITEMS:
        record = replace(record, efficiency=hourly_spf(figures, system, dwelling_types))
    if convention.individual_sizing != "one_size" and demand_kwh is not None:
        record = size_system(
            record,
            design_kw=_design_kw(figures, demand_kwh=demand_kwh, heat_loss_w_per_k=heat_loss_w_per_k),
            reference_kw=_design_kw(figures, demand_kwh=figures.one("design_load", "reference_demand_kwh")),
        )
    if PERSPECTIVES[convention.perspective].vat != "homes":
        return record
    upkeep_gbp = record.om_gbp_per_year * (1.0 + figures.one("vat", "on_upkeep"))
    return replace(
        record,
        capital_gbp=record.capital_gbp * (1.0 + figures.one("vat", f"on_{system}")),
        om_gbp_per_year=upkeep_gbp + gas_standing_charge(figures, system),
    )


def gas_standing_charge(figures: ScenarioFigures, system: str) -> float:
    """Return the yearly standing charge that a home pays for its supply of gas, with VAT [GBP/yr].

    A home without a boiler pays none, unless it still cooks with gas (`cooking.gas_stays_share`). Every home has
    electricity anyway. The charge is constant in real terms, so that of the first year of operation holds for all
    years.
    """
    key = (f"gas_{TARIFF_WITH_VAT}", STANDING_CHARGE)
    if not figures.has(*key):
        return 0.0
    first = [int(figures.one("study", "start_year"))]
    paying_share = 1.0 if INDIVIDUAL_SYSTEMS.get(system) == "gas" else figures.one(COOKING, "gas_stays_share")
    return float(figures.series(*key, first)[0]) * paying_share


def hourly_spf(figures: ScenarioFigures, system: str, dwelling_types: str | Sequence[str] = "all") -> Floats:
    """Return the SPF of a heat pump with the hourly load of one dwelling type, or of each type in a list [1].

    A type without a measured load takes the SPF of all homes. Without any measured load, it is the SPF of the reference
    load.
    """
    by_type = figures.items(SPF_ITEMS[system])
    of_all = figures.one(system, HOURLY_SPF)
    if isinstance(dwelling_types, str):
        return by_type.get(dwelling_types, of_all)
    return np.array([by_type.get(name, of_all) for name in dwelling_types])


def _design_kw(figures: ScenarioFigures, *, demand_kwh: Floats, heat_loss_w_per_k: Floats | None = None) -> Floats:
    """Return the load of a cold day [kW], by the measured heat loss or by one that is proportional to the demand."""
    if heat_loss_w_per_k is None:
        per_mwh = figures.record(LoadFigures, "load").heat_loss_w_per_k_per_mwh
        heat_loss_w_per_k = per_mwh * np.asarray(demand_kwh, dtype=float) / KWH_PER_MWH
    return heat_loss_load_kw(figures.record(DesignLoad, "design_load"), heat_loss_w_per_k=heat_loss_w_per_k)


def individual_flows(system: IndividualSystem, energy: Energy, *, demand_kwh: Floats) -> CashFlows:
    """Return the yearly flows of one home's heating system over the years that `energy` covers.

    Capital_t as of `renewed`,  O&M_t = O,  Fuel_t = p_t D / eta,  Carbon_t = c_t D / eta,  MWh_t = D

    Parameters
    ----------
    system
        Capital C [GBP], operation and maintenance O [GBP/yr], efficiency or SPF eta [1], lifetime n [yr];
        numbers, or arrays that broadcast with `demand_kwh`.
    energy
        Price p_t and carbon cost c_t [GBP/MWh of purchased energy], emissions [kg/MWh], arrays of shape (..., T):
        T years of operation. After its lifetime the system is bought again; its value left after T is credited.
    demand_kwh
        Heat demand D of the home [kWh/yr], shape (...).

    Returns
    -------
    CashFlows
        Arrays of shape (..., T + first_heat_year) [GBP, MWh, kg]. The heat is used where it is produced.

    """
    in_use_years = energy.price_gbp_per_mwh.shape[-1]
    years = in_use_years + FIRST_HEAT_YEAR
    used = in_operation(np.ones(in_use_years))
    heat_mwh = np.asarray(demand_kwh, dtype=float)[..., None] / KWH_PER_MWH
    purchased_mwh = heat_mwh / np.asarray(system.efficiency)[..., None]
    heat_by_year_mwh = heat_mwh * used
    return CashFlows(
        capital_gbp=renewed(
            system.capital_gbp, lifetime_years=system.lifetime_years, horizon_years=in_use_years, years=years
        ),
        om_gbp=np.asarray(system.om_gbp_per_year, dtype=float)[..., None] * used,
        fuel_gbp=purchased_mwh * in_operation(energy.price_gbp_per_mwh),
        carbon_gbp=purchased_mwh * in_operation(energy.carbon_gbp_per_mwh),
        heat_produced_mwh=heat_by_year_mwh,
        heat_delivered_mwh=heat_by_year_mwh,
        co2_kg=purchased_mwh * in_operation(energy.co2_kg_per_mwh),
    )
