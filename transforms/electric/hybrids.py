"""Two changes of one home, with their costs: a small heat pump beside a gas boiler, and a retrofit that cuts the heat loss."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Final

import numpy as np
import polars as pl

from transforms.electric.electricity import Floats, cop_of_hours
from transforms.lcoh.assumptions.parameters import (
    COOKING,
    INDIVIDUAL_SYSTEMS,
    DesignLoad,
    IndividualSystem,
    LoadFigures,
)
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.cash_flows import CashFlows
from transforms.lcoh.model.conventions import Convention
from transforms.lcoh.model.performance import HourlyLoad
from transforms.lcoh.model.sizing import WATTS_PER_KW, heat_loss_load_kw
from transforms.lcoh.model.systems import KWH_PER_MWH, individual_flows, missing_series
from transforms.lcoh.model.what_if import Built, Case, build

BOILER: Final = "gas_boiler"
HEAT_PUMP: Final = "ashp"


def hybrid_rows(
    load: HourlyLoad,
    figures: ScenarioFigures,
    convention: Convention,
    *,
    demand_kwh: float,
    shares: tuple[float, ...],
) -> pl.DataFrame:
    r"""Return a heat pump of several sizes beside a gas boiler in one home (columns of `HYBRID_HEAT_PUMP`).

    The heat pump of size K runs first, and the boiler gives the rest. The heat pump's share of the heat is

    .. math:: \sigma = \sum_h \min(Q_h, K) / \sum_h Q_h

    The costs are those of both systems: purchase, maintenance, replacement and energy. The standing charge of gas
    counts once, with the boiler.

    Parameters
    ----------
    load
        Hours of the year, spread over the 24 hours around each, of a mean home; scaled to the demand.
    figures, convention
        Costs of both systems, and the rules of the cost model.
    demand_kwh
        Heat of the home [kWh/yr].
    shares
        Sizes of the heat pump over the design load [1].

    """
    design_kw = _design_kw(figures, _heat_loss(figures, demand_kwh))
    heat = (load.space_kwh + load.hot_water_kwh) * demand_kwh / (load.space_kwh + load.hot_water_kwh).sum()
    water = load.hot_water_kwh / np.maximum(load.space_kwh + load.hot_water_kwh, np.finfo(float).tiny)
    cop = cop_of_hours(load.outdoor_c, water, figures)
    boiler = _built(figures, convention, BOILER, demand_kwh=demand_kwh)
    without_gas = replace(figures, by_year=figures.by_year | {(COOKING, "gas_stays_share"): {0: 0.0}})
    rows = []
    for share in shares:
        size_kw = share * design_kw
        by_heat_pump = np.minimum(heat, size_kw)
        spf = float(by_heat_pump.sum() / (by_heat_pump / cop).sum())
        given_kwh = min(float(by_heat_pump.sum()), demand_kwh)  # a sum of hours may be rounded above the year's heat
        pump = _built(without_gas, convention, HEAT_PUMP, demand_kwh=demand_kwh, design_kw=size_kw)
        flows = _sum_flows(
            _flows(pump, efficiency=spf, heat_kwh=given_kwh), _flows(boiler, heat_kwh=demand_kwh - given_kwh)
        )
        rows.append(
            {
                "size_share": share,
                "heat_pump_kw": size_kw,
                "heat_share": given_kwh / demand_kwh,
                "spf": spf,
                "lcoh_gbp_per_mwh": float(boiler.value(flows).total),
                "gas_kwh": (demand_kwh - given_kwh) / float(_own(boiler).efficiency),
                "electricity_kwh": given_kwh / spf,
            }
        )
    return pl.DataFrame(rows)


def retrofit_rows(
    figures: ScenarioFigures,
    convention: Convention,
    *,
    demand_kwh: float,
    space_share: float,
    dwelling_type: str,
    cuts: tuple[float, ...],
) -> pl.DataFrame:
    r"""Return the heat, load and cost of a home after retrofits, by system (columns of `RETROFIT`).

    .. math:: D' = D\,(1 - \sigma x), \quad P' = P\,(1 - x), \quad V = (L D - L' D') / (D - D')

    Space heat is proportional to the heat loss; hot water stays the same. The worth V of a MWh saved is the cost that
    is avoided, also by a smaller system. Rooms are heated to the same temperature. A lower balance temperature would
    save a little more; it is left out.

    Parameters
    ----------
    figures, convention
        Costs, and the rules of the cost model.
    demand_kwh, space_share
        Heat D of the home [kWh/yr], and the share :math:`\sigma` of it that heats rooms [1], above 0.
    dwelling_type
        Dwelling type whose load gives the SPF of heat pumps.
    cuts
        Shares x by which the heat loss falls [1], above 0.

    """
    loss = _heat_loss(figures, demand_kwh)
    after = {cut: demand_kwh * (1 - space_share * cut) for cut in cuts}
    lacking = missing_series(figures, convention)
    rows = []
    for system in INDIVIDUAL_SYSTEMS:
        if system in lacking:
            continue
        before = _total(figures, convention, system, dwelling_type, demand_kwh=demand_kwh, loss=loss)
        for cut, left_kwh in after.items():
            kept = loss * (1 - cut)
            lcoh = _total(figures, convention, system, dwelling_type, demand_kwh=left_kwh, loss=kept)
            saved_kwh = demand_kwh - left_kwh
            rows.append(
                {
                    "system": system,
                    "heat_loss_cut": cut,
                    "demand_kwh": left_kwh,
                    "design_kw": _design_kw(figures, kept),
                    "lcoh_gbp_per_mwh": lcoh,
                    "heat_saved_kwh": saved_kwh,
                    "worth_gbp_per_mwh": (before * demand_kwh - lcoh * left_kwh) / saved_kwh,
                }
            )
    return pl.DataFrame(rows)


def _heat_loss(figures: ScenarioFigures, demand_kwh: float) -> float:
    per_mwh = figures.record(LoadFigures, "load").heat_loss_w_per_k_per_mwh
    return float(per_mwh) * demand_kwh / KWH_PER_MWH


def _design_kw(figures: ScenarioFigures, heat_loss_w_per_k: float) -> float:
    return float(heat_loss_load_kw(figures.record(DesignLoad, "design_load"), heat_loss_w_per_k=heat_loss_w_per_k))


def _built(
    figures: ScenarioFigures, convention: Convention, system: str, *, demand_kwh: float, design_kw: float | None = None
) -> Built:
    design = figures.record(DesignLoad, "design_load")
    loss = None if design_kw is None else design_kw * WATTS_PER_KW / (design.indoor_c - design.outdoor_c)
    return build(
        Case(figures=figures, convention=convention, system=system, demand_kwh=demand_kwh, heat_loss_w_per_k=loss)
    )


def _total(
    figures: ScenarioFigures, convention: Convention, system: str, dwelling_type: str, *, demand_kwh: float, loss: float
) -> float:
    case = Case(
        figures=figures, convention=convention, system=system, demand_kwh=demand_kwh, dwelling_types=dwelling_type,
        heat_loss_w_per_k=loss,
    )  # fmt: skip
    return float(build(case).cost().total)


def _own(built: Built) -> IndividualSystem:
    if not isinstance(built.own, IndividualSystem):
        message = f"{built.case.system} is no system in one home"
        raise TypeError(message)
    return built.own


def _flows(built: Built, *, heat_kwh: float, efficiency: float | None = None) -> CashFlows:
    own = _own(built) if efficiency is None else replace(_own(built), efficiency=efficiency)
    (energy,) = built.energy.values()
    return individual_flows(own, energy, demand_kwh=heat_kwh)


def _sum_flows(one: CashFlows, other: CashFlows) -> CashFlows:
    def total(name: str) -> Floats:
        both: Floats = getattr(one, name) + getattr(other, name)
        return both

    return CashFlows(**{field.name: total(field.name) for field in fields(CashFlows)})
