"""The plant of a network, sized by load and peak, and the heat that each part of it makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.lcoh.assumptions.parameters import Floats, PlantSizing, ThermalStore
from transforms.lcoh.model.load_shape import HOURS_PER_YEAR, LoadShape
from transforms.lcoh.model.systems import KWH_PER_MWH


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """Heat pump, peak plant and store of a network, arrays of shape (...)."""

    peak_kw: Floats
    """Highest hourly load of all homes together in the winter for which plant is built, without loss [kW]."""
    heat_pump_kw: Floats
    peak_plant_kw: Floats
    store_kwh: Floats


def size_plant(
    sizing: PlantSizing,
    store: ThermalStore,
    shape: LoadShape,
    *,
    dwellings: Floats,
    demand_kwh: Floats,
    loss_kw: Floats,
) -> Plant:
    """Return the plant that heats homes in the design winter.

    P = p(N) f D / 8760,  H = h (P + w),  S = k H,  B = max(K(P, S) + w - H, 0)

    Parameters
    ----------
    sizing, store
        Share h of the peak that the heat pump makes [1], hours k of its output that the store holds [h].
    shape
        Peak p(N) of N homes over their mean load [1], severity f of the design winter [1], and the day K whose loads
        plant and store meet together (`LoadShape.firm_capacity`).
    dwellings
        N [1], shape (...).
    demand_kwh
        Heat D of all homes in a year [kWh/yr], shape (...).
    loss_kw
        Heat w that pipes lose at all hours [kW], shape (...).

    Returns
    -------
    Plant
        Peak P, heat pump H and peak plant B [kW], store S [kWh].

    """
    mean_kw = np.asarray(demand_kwh, dtype=float) / HOURS_PER_YEAR
    peak_over_mean = shape.peak_over_mean(dwellings) * shape.design_over_year_peak
    peak_kw = peak_over_mean * mean_kw
    heat_pump_kw = sizing.heat_pump_share_of_peak * (peak_kw + loss_kw)
    store_kwh = store.hours_of_heat_pump * heat_pump_kw
    firm_kw = shape.firm_capacity(peak_over_mean, store_hours=store_kwh / mean_kw) * mean_kw + loss_kw
    return Plant(
        peak_kw=peak_kw,
        heat_pump_kw=heat_pump_kw,
        peak_plant_kw=np.maximum(firm_kw - heat_pump_kw, 0.0),
        store_kwh=store_kwh,
    )


def heat_pump_mwh(plant: Plant, shape: LoadShape, *, demand_kwh: Floats, loss_kw: Floats) -> Floats:
    """Return the heat that the heat pump makes in a year [MWh/yr]; the peak plant makes the rest.

    8.76 min(w, H) + c((H - w) / m, S / m) D / 1000,  m = D / 8760

    The heat pump first covers the loss w, which occurs at all hours; c is `LoadShape.covered_share`.

    Parameters
    ----------
    plant
        Heat pump H [kW] and store S [kWh].
    shape
        The load through the year.
    demand_kwh, loss_kw
        Heat D of all homes in a year [kWh/yr] and loss w [kW], shape (...).

    """
    heat_kwh = np.asarray(demand_kwh, dtype=float)
    mean_kw = heat_kwh / HOURS_PER_YEAR
    spare_kw = plant.heat_pump_kw - np.asarray(loss_kw)
    share = shape.covered_share(spare_kw / mean_kw, store_hours=plant.store_kwh / mean_kw)
    made: Floats = (np.minimum(loss_kw, plant.heat_pump_kw) * HOURS_PER_YEAR + share * heat_kwh) / KWH_PER_MWH
    return made
