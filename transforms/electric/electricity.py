"""From heat by the hour to the electricity of an air source heat pump."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transforms.lcoh.assumptions.parameters import CopCurve, HeatPumpSink
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.heat_pumps import cop_of_lift, flow_temperature

Floats = NDArray[np.float64]

GREATEST_POWER = 64.0  # exponent of the shape of a day; above it practically all heat lies in one hour
HALVINGS = 60  # of the interval 0 to 64: more than the 53 bits of a float


def cop_of_hours(outdoor_c: Floats, hot_water_share: Floats | float, figures: ScenarioFigures) -> Floats:
    r"""Return the COP of an air source heat pump that heats rooms and water in the same hour [1].

    .. math:: 1 / COP = (1 - w) / COP_s(T) + w / COP_w(T)

    Parameters
    ----------
    outdoor_c
        Outdoor temperature T of each hour [degC].
    hot_water_share
        Share w of the heat that is hot water [1], of each hour or of all.
    figures
        COP curve and temperatures of the water.

    References
    ----------
    Ruhnau, Hirth and Praktiknjo (2019), see `heat_pumps.cop_of_lift`.

    """
    curve, sink = figures.record(CopCurve, "heat_pump_cop_air"), figures.record(HeatPumpSink, "heat_pump_sink")
    space = cop_of_lift(flow_temperature(outdoor_c, sink) - outdoor_c, curve)
    water = cop_of_lift(sink.hot_water_c - outdoor_c, curve)
    cop: Floats = 1 / ((1 - hot_water_share) / space + hot_water_share / water)
    return cop


def electricity_kw(heat_kw: Floats, cop: Floats, *, heat_pump_kw: float) -> Floats:
    r"""Return the electricity of a heat pump, and of the direct heater that gives the rest of the heat [kW].

    .. math:: E = \min(Q, K) / COP + \max(Q - K, 0)

    Parameters
    ----------
    heat_kw
        Heat Q per home [kW].
    cop
        COP of the hour [1].
    heat_pump_kw
        Size K of the heat pump per home [kW]; a direct electric heater gives the rest.

    Examples
    --------
    8 kW of heat from a heat pump of 6 kW at a COP of 2: 3 kW and 2 kW of direct heating.

    >>> float(electricity_kw(np.array([8.0]), np.array([2.0]), heat_pump_kw=6.0)[0])
    5.0

    """
    electricity: Floats = np.minimum(heat_kw, heat_pump_kw) / cop + np.maximum(heat_kw - heat_pump_kw, 0)
    return electricity


def shaved_kw(heat_kw: Floats, store_kwh: float) -> Floats:
    r"""Return the lowest heat output that serves a day with a store, shape (...) [kW].

    .. math:: F = \max\left(\bar Q, \max_j \frac{1}{j} \left(\sum_{k \le j} Q_{(k)} - S\right)\right)

    with the hours :math:`Q_{(k)}` from the highest down. The store S is full before the first hour above F, and is
    filled again in hours below F.

    Parameters
    ----------
    heat_kw
        Heat in the hours of a day, shape (..., 24) [kW].
    store_kwh
        Heat S that the store holds [kWh].

    Examples
    --------
    Two hours of 6 kW, else 2 kW; 4 kWh take 2 kW off each:

    >>> float(shaved_kw(np.array([2.0] * 22 + [6.0] * 2), 4.0))
    4.0

    """
    highest = -np.sort(-heat_kw, axis=-1)
    hours = np.arange(1, highest.shape[-1] + 1)
    levels = (np.cumsum(highest, axis=-1) - store_kwh) / hours
    lowest: Floats = np.maximum(levels.max(axis=-1), heat_kw.mean(axis=-1))
    return lowest


def with_store(heat_kw: Floats, cop: Floats, store_kwh: float) -> Floats:
    """Return the heat that is made in the hours of a day with a store in each home, shape (..., 24) [kW].

    The store gives the heat above `shaved_kw`. It is filled in hours with room below that output, the best COP first.
    """
    level = shaved_kw(heat_kw, store_kwh)[..., None]
    given = np.maximum(heat_kw - level, 0).sum(axis=-1, keepdims=True)
    best = np.argsort(-cop)
    room = np.maximum(level - heat_kw, 0)[..., best]
    filled = np.minimum(room, np.maximum(given - (np.cumsum(room, axis=-1) - room), 0))
    made: Floats = np.minimum(heat_kw, level)
    made[..., best] += filled
    return made


def sharpened(heat_kw: Floats, peak_kw: Floats) -> Floats:
    r"""Return the hours of a day with another peak and the same heat, shape (..., 24) [kW].

    .. math:: Q'_h = \bar Q\, Q_h^\gamma / \overline{Q^\gamma}, \quad \max_h Q'_h = P

    Few homes peak higher than many, but use the same heat per home in a day. For a peak below the mean of the day, or
    above the heat of one hour that held all, the nearest possible day is returned.

    Parameters
    ----------
    heat_kw
        Heat of many homes in the 24 hours of a day, per home [kW].
    peak_kw
        Peak P per home for a number of homes, shape (...) [kW].

    """
    shape = np.maximum(heat_kw, 0) / heat_kw.max()
    low, high = np.zeros_like(peak_kw, dtype=float), np.full_like(peak_kw, GREATEST_POWER, dtype=float)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_low = heat_kw.mean() / np.mean(shape ** middle[..., None], axis=-1) < peak_kw
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    bent = shape ** high[..., None]
    day: Floats = heat_kw.mean() * bent / bent.mean(axis=-1, keepdims=True)
    return day
