"""What heat costs in an area: a network through it, a system in each home, and what bought heat may cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from transforms.areas.demand import Floats, HomeDemand
from transforms.areas.heat import highest_load_kw, homes_of
from transforms.lcoh.assumptions.parameters import INDIVIDUAL_SYSTEMS, NETWORK
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.cash_flows import CashFlows
from transforms.lcoh.model.conventions import Convention, find_convention
from transforms.lcoh.model.load_shape import HOURS_PER_DAY, HOURS_PER_YEAR, LoadShape
from transforms.lcoh.model.networks import BuiltNetwork, network_capital
from transforms.lcoh.model.places import BoughtHeat, Place
from transforms.lcoh.model.systems import missing_series
from transforms.lcoh.model.what_if import Built, Case, build
from transforms.tables.areas import AREA_LCOH
from transforms.tables.words import DWELLING_TYPES

CONNECTION_SHARES: Final = (1.0, 0.5, 0.3)
WIDTHS: Final = ("2011", "2019")
AT_A_TIME: Final = 256  # areas whose yearly flows are held in memory together
CANNOT: Final = "ashp"  # some homes have no place for its outdoor unit
FREE_HEAT: Final = BoughtHeat(price_gbp_per_mwh=0.0, co2_kg_per_mwh=0.0)  # emissions of waste heat count for its maker


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaLens:
    """Prices and rules that areas are costed by; the main pipe has the length that the map gives."""

    figures: ScenarioFigures
    scenario: str
    convention: Convention

    @classmethod
    def with_mapped_pipe(cls, figures: ScenarioFigures, *, scenario: str, convention: str) -> AreaLens:
        """Return the lens of a convention in which the main pipe is as long as the map says.

        Raises
        ------
        ValueError
            If no convention has that name.

        """
        base = find_convention(convention)
        name = base.name if base.main_pipe == "mapped_length" else f"{base.name}_mapped"
        return cls(figures=figures, scenario=scenario, convention=replace(base, name=name, main_pipe="mapped_length"))

    @property
    def systems(self) -> tuple[str, ...]:
        """Systems in a home that the scenario has prices for."""
        missing = missing_series(self.figures, self.convention)
        return tuple(system for system in INDIVIDUAL_SYSTEMS if system not in missing)

    @property
    def can_cost_networks(self) -> bool:
        """Whether the scenario has prices for a network."""
        return NETWORK not in missing_series(self.figures, self.convention)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCost:
    """What one system costs in each area, arrays of shape (...)."""

    lcoh: Floats
    capital_gbp: Floats
    """Per home that is served."""
    co2_kg: Floats
    """Per home that is served and year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCost(SystemCost):
    """What a network costs in each area, and what would change it, arrays of shape (...)."""

    main_pipe_gbp_per_mwh: Floats
    per_gbp_of_grant: Floats
    """Change of the cost for each pound of grant per home [GBP/MWh/GBP]."""
    with_free_heat: Floats
    """Cost of the network without a plant, if it bought heat at a price of zero [GBP/MWh]."""
    per_gbp_of_heat_price: Floats
    """Change of `with_free_heat` for each GBP/MWh that bought heat costs [1]."""

    def highest_heat_price(self, reference: Floats) -> Floats:
        """Return the price of bought heat at which the network costs as much as `reference` [GBP/MWh]."""
        return np.asarray((reference - self.with_free_heat) / self.per_gbp_of_heat_price)

    def grant_to_match(self, reference: Floats) -> Floats:
        """Return the grant per home at which the network costs as much as `reference` [GBP]; 0 where it costs no more."""
        return np.maximum((reference - self.lcoh) / self.per_gbp_of_grant, 0.0)


def load_of_mix(homes: Floats, demand: HomeDemand) -> LoadShape:
    r"""Return the load of each area's mix of homes through the year, and its peak; it broadcasts to (areas, widths, shares).

    .. math:: m_h = \sum_k n_k m_{kh}, \quad p(n) = \frac{\max_h m_h}{\overline{m}}\; p_{all}(n) / p_{all}(\infty)

    Where all types follow the hours of one profile, every mix has that load through the year.

    Parameters
    ----------
    homes
        n_k by type, shape (areas, types).
    demand
        Hours and diversity.

    """
    mixes = homes if len(set(demand.hours_of)) > 1 else homes.sum(axis=0, keepdims=True)
    whole_days = mixes @ demand.hours_kwh[: len(demand.hours_kwh) // HOURS_PER_DAY * HOURS_PER_DAY].T
    shape = LoadShape.from_hours(whole_days[:, None, None], design_over_year_peak=demand.design_over_year_peak)
    mean_kw = homes @ demand.heat_kwh / HOURS_PER_YEAR
    own = highest_load_kw(homes, demand) / mean_kw
    return shape.with_peak(lambda dwellings: own[:, None, None] * demand.peak.at(np.asarray(dwellings))[1])


def cost_networks(lens: AreaLens, homes: Floats, demand: HomeDemand, place: Place) -> NetworkCost:
    """Return what networks cost: those with a plant of their own, and those that buy heat.

    Parameters
    ----------
    lens
        Prices and rules.
    homes
        Homes by type, shape (areas, types).
    demand
        Heat of a home of each type.
    place
        Number of homes, connection shares and pipes, of shapes that broadcast to (areas, widths, shares).

    """
    demand = demand.in_cost_weather()
    with_load = replace(place, load=load_of_mix(homes, demand))
    heat_kwh = (homes @ demand.heat_kwh / homes.sum(axis=1))[:, None, None]
    own = build(_case(lens, with_load, heat_kwh))
    flows = own.flows()
    per_gbp = _per_gbp_of_capital(own, flows)
    buying = build(_case(lens, replace(with_load, bought_heat=FREE_HEAT), heat_kwh))
    free = buying.flows()
    return NetworkCost(
        lcoh=np.asarray(own.value(flows).total),
        capital_gbp=flows.capital_gbp[..., 0] / own.dwellings,
        co2_kg=own.emissions_of_own_life(flows) / own.dwellings,
        main_pipe_gbp_per_mwh=per_gbp * _main_pipe_gbp(own),
        per_gbp_of_grant=-per_gbp * own.dwellings,
        with_free_heat=np.asarray(buying.value(free).total),
        per_gbp_of_heat_price=np.asarray(buying.value(replace(free, fuel_gbp=free.heat_produced_mwh)).fuel),
    )


def main_pipe_gbp_per_mwh(built: Built) -> Floats:
    """Return how much of a network's cost its main pipe makes up [GBP/MWh].

    Raises
    ------
    TypeError
        If what was built is no network.

    """
    return _per_gbp_of_capital(built, built.flows()) * _main_pipe_gbp(built)


def _main_pipe_gbp(built: Built) -> Floats:
    if not isinstance(built.own, BuiltNetwork):
        message = f"a {built.case.system} has no main pipe"
        raise TypeError(message)
    return np.asarray(network_capital(built.own)["main_pipe"])


def _per_gbp_of_capital(built: Built, flows: CashFlows) -> Floats:
    """Return what each pound of first capital adds to the cost [GBP/MWh/GBP]."""
    one_gbp = np.zeros(flows.capital_gbp.shape)
    one_gbp[..., 0] = 1.0
    return np.asarray(built.value(replace(flows, capital_gbp=one_gbp)).capital)


def cost_in_homes(lens: AreaLens, homes: Floats, demand: HomeDemand) -> dict[str, SystemCost]:
    r"""Return what each system in a home costs in each area, arrays of shape (areas,).

    .. math:: c = \sum_k n_k q_k c_k / \sum_k n_k q_k

    The cost c_k of a MWh is weighted by heat; capital and emissions per home are weighted by homes.

    Parameters
    ----------
    lens
        Prices and rules.
    homes
        n_k by type, shape (areas, types).
    demand
        Heat q_k of a home; it sizes the system of each type.

    """
    demand = demand.in_cost_weather()
    heat = homes * demand.heat_kwh
    found = {}
    for system in lens.systems:
        case = Case(
            figures=lens.figures, convention=lens.convention, system=system, demand_kwh=demand.heat_kwh,
            dwelling_types=DWELLING_TYPES,
        )  # fmt: skip
        built = build(case)
        flows = built.flows()
        lcoh = built.value(flows).total
        capital, co2 = flows.capital_gbp[..., 0], built.emissions_of_own_life(flows)
        found[system] = SystemCost(
            lcoh=heat @ np.broadcast_to(lcoh, demand.heat_kwh.shape) / heat.sum(axis=1),
            capital_gbp=homes @ np.broadcast_to(capital, demand.heat_kwh.shape) / homes.sum(axis=1),
            co2_kg=homes @ np.broadcast_to(co2, demand.heat_kwh.shape) / homes.sum(axis=1),
        )
    return found


def cheapest(costs: dict[str, SystemCost], *, without: Sequence[str] = ()) -> tuple[Floats, list[str]]:
    """Return the cost of the cheapest system in a home in each area, and which it is.

    Raises
    ------
    ValueError
        If no system is left.

    """
    left = {system: cost for system, cost in costs.items() if system not in without}
    if not left:
        raise ValueError("no system in a home is left to compare with; leave fewer out")
    names = list(left)
    table = np.stack([left[name].lcoh for name in names])
    return table.min(axis=0), [names[at] for at in table.argmin(axis=0)]


def area_lcoh(area: pl.DataFrame, heat: pl.DataFrame, demands: Sequence[HomeDemand], lens: AreaLens) -> pl.DataFrame:
    """Return what heat costs in every area by each system, width formula and connection share (`AREA_LCOH`).

    Parameters
    ----------
    area, heat
        `AREA` and `AREA_HEAT`; areas without homes are left out.
    demands
        The demands that `heat` was made with.
    lens
        Prices and rules.

    """
    frames = [AREA_LCOH.empty()]
    inhabited = area.filter(pl.col("homes") > 0)
    for demand in demands:
        pipes = heat.filter(pl.col("demand_basis") == demand.basis)
        rows = inhabited.join(pipes, on=["level", "area_id"], maintain_order="left")
        for start in range(0, len(rows), AT_A_TIME):
            frames += _cost_rows(rows[start : start + AT_A_TIME], demand, lens)
    return pl.concat(frames).sort(AREA_LCOH.key)


def _cost_rows(rows: pl.DataFrame, demand: HomeDemand, lens: AreaLens) -> list[pl.DataFrame]:
    homes = homes_of(rows)
    in_homes = cost_in_homes(lens, homes, demand)
    keys = rows.select("level", "area_id").with_columns(
        demand_basis=pl.lit(demand.basis),
        period=pl.lit(demand.period),
        scenario=pl.lit(lens.scenario),
        convention=pl.lit(lens.convention.name),
    )
    frames = [
        _complete(
            _priced(keys, cost).with_columns(width_rule=pl.lit("none"), connection_share=1.0, system=pl.lit(system))
        )
        for system, cost in in_homes.items()
    ]
    if not lens.can_cost_networks or not in_homes:
        return frames
    reference, names = cheapest(in_homes)
    others = [system for system in in_homes if system != CANNOT]
    fallback = cheapest(in_homes, without=[CANNOT])[0] if others else np.full(len(rows), np.nan)
    network = cost_networks(lens, homes, demand, _place(rows))
    for w, width in enumerate(WIDTHS):
        for s, share in enumerate(CONNECTION_SHARES):
            one = _at(network, w, s)
            frames.append(
                _complete(
                    _priced(keys, one).with_columns(
                        width_rule=pl.lit(width),
                        connection_share=share,
                        system=pl.lit(NETWORK),
                        main_pipe_gbp_per_mwh=pl.Series(one.main_pipe_gbp_per_mwh),
                        cheapest_in_home=pl.Series(names),
                        gap_gbp_per_mwh=pl.Series(one.lcoh - reference),
                        grant_to_match_gbp_per_home=pl.Series(one.grant_to_match(reference)),
                        highest_heat_price_gbp_per_mwh=pl.Series(one.highest_heat_price(reference)),
                        gap_without_ashp_gbp_per_mwh=pl.Series(one.lcoh - fallback).fill_nan(None),
                        highest_heat_price_without_ashp_gbp_per_mwh=pl.Series(
                            one.highest_heat_price(fallback)
                        ).fill_nan(None),
                    )
                )
            )
    return frames


def _place(rows: pl.DataFrame) -> Place:
    """Return the places of areas by width formula and connection share, shape (areas, widths, shares)."""
    pipes = rows.select(f"main_pipe_m_{width}" for width in WIDTHS).to_numpy()
    return Place(
        homes={"all": rows["homes"].to_numpy().astype(float)[:, None, None]},
        connection_share=np.array(CONNECTION_SHARES)[None, None, :],
        main_pipe_m=pipes[:, :, None],
    )


def _case(lens: AreaLens, place: Place, demand_kwh: Floats) -> Case:
    return Case(figures=lens.figures, convention=lens.convention, system=NETWORK, demand_kwh=demand_kwh, place=place)


def _at(cost: NetworkCost, width: int, share: int) -> NetworkCost:
    """Return the costs of one width formula and connection share."""
    shape = cost.lcoh.shape
    parts = {
        name: np.broadcast_to(getattr(cost, name), shape)[:, width, share] for name in NetworkCost.__dataclass_fields__
    }
    return NetworkCost(**parts)


def _priced(keys: pl.DataFrame, cost: SystemCost) -> pl.DataFrame:
    return keys.with_columns(
        lcoh_gbp_per_mwh=pl.Series(cost.lcoh),
        initial_capital_gbp_per_home=pl.Series(cost.capital_gbp),
        co2_kg_per_home_year=pl.Series(cost.co2_kg),
    )


def _complete(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows of `AREA_LCOH`; columns that a system in a home does not have are null."""
    absent = {name: pl.lit(None, dtype=dtype) for name, dtype in AREA_LCOH.schema.items() if name not in frame.columns}
    return AREA_LCOH.conform(frame.with_columns(**absent))
