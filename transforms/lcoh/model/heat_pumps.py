"""The COP of a heat pump in one hour, and the temperatures of its source and of its water."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.lcoh.assumptions.parameters import CopCurve, GroundSource, HeatPumpSink

Floats = NDArray[np.float64]
Level = float | Floats
YEAR_SECONDS = 365.25 * 24 * 3600
ZERO_CELSIUS_K = 273.15


def cop_of_lift(lift_k: Floats, curve: CopCurve) -> Floats:
    """Return the coefficient of performance at a lift from source to sink [1].

    COP = k (a - b L + c L^2),  L between the least lift of the regression and b / 2c, where the parabola is lowest

    Parameters
    ----------
    lift_k
        Temperature of the sink less that of the source [K], shape (...).
    curve
        a [1], b [1/K], c [1/K2], the least lift [K] and the field correction k [1].

    References
    ----------
    Ruhnau, O., Hirth, L., Praktiknjo, A. (2019), Time series of heat demand and heat pump efficiency for energy system
    modeling, Scientific Data 6:189: regression on manufacturers' data, corrected by 0.85 to field measurements.

    Examples
    --------
    From 5 degC outdoors to 45 degC of flow:

    >>> air = CopCurve(
    ...     at_no_lift=6.08, fall_per_k=0.09, curvature_per_k2=0.0005, least_lift_k=15, field_correction=0.85
    ... )
    >>> float(cop_of_lift(np.array([40.0]), air).round(3)[0])  # 0.85 (6.08 - 3.6 + 0.8)
    2.788

    """
    lift = np.clip(lift_k, curve.least_lift_k, curve.fall_per_k / (2 * curve.curvature_per_k2))
    on_test_stand = curve.at_no_lift - curve.fall_per_k * lift + curve.curvature_per_k2 * lift**2
    in_field: Floats = curve.field_correction * on_test_stand
    return in_field


def lorenz_cop(source_c: Level, *, flow_c: Level, return_c: Level, cooling_k: Level) -> Level:
    r"""Return the COP of an ideal heat pump between a source that it cools and water that it heats [1].

    .. math:: L = \frac{T_m}{T_m - T_s}, \quad T_m = \frac{T_f - T_r}{\ln(T_f / T_r)}, \quad T_s = T - k / 2 \quad [K]

    1 / L is linear in the source's temperature T. So the heat of a year over its electricity, summed over hours, equals
    the COP at the mean of T weighted by heat.

    Parameters
    ----------
    source_c
        Temperature T of the source before it is cooled [degC].
    flow_c, return_c
        Temperatures of the water that leaves and that returns [degC].
    cooling_k
        Temperature k by which the source is cooled [K].

    References
    ----------
    Danish Energy Agency, Technology Data for Generation of Electricity and District Heating, sheet 40: the COP of large
    heat pumps is the Lorenz COP times an efficiency.

    Examples
    --------
    From air of 7 degC to 70 degC of flow and 40 degC of return:

    >>> round(float(lorenz_cop(7.0, flow_c=70.0, return_c=40.0, cooling_k=5.0)), 3)  # 327.92 / (327.92 - 277.65)
    6.523

    """
    flow_k, return_k = np.asarray(flow_c) + ZERO_CELSIUS_K, np.asarray(return_c) + ZERO_CELSIUS_K
    sink_k = (flow_k - return_k) / np.log(flow_k / return_k)
    ideal: Level = sink_k / (sink_k - (np.asarray(source_c) + ZERO_CELSIUS_K - cooling_k / 2))
    return ideal


def flow_temperature(outdoor_c: Floats, sink: HeatPumpSink) -> Floats:
    """Return the temperature of the water that heats rooms, F = F_0 - s T [degC], at outdoor temperatures T [degC].

    The line of Ruhnau et al. (2019) for radiators is 40 - 1.0 T; the shipped values move it to the hotter flow that
    was measured in British homes.
    """
    flow: Floats = sink.space_flow_at_0_c - sink.space_flow_fall_per_k * outdoor_c
    return flow


def ground_temperature(hour_start_utc: pl.Series, outdoor_c: Floats, ground: GroundSource) -> Floats:
    r"""Return the temperature of undisturbed ground in each hour [degC].

    The yearly wave of the air, :math:`m + C \cos \omega t + S \sin \omega t` by least squares, arrives at depth
    :math:`z` damped and late:

    .. math:: T_z(t) = m + e^{-z/d} [C \cos(\omega t - z/d) + S \sin(\omega t - z/d)], \quad d = \sqrt{\alpha P / \pi}

    Air temperature is used for the surface. In Britain soil is some 0.9 K warmer over the year and swings more (Busby
    2015); in winter the two effects nearly cancel.

    Parameters
    ----------
    hour_start_utc, outdoor_c
        Hours of at least a year, and the air in them [degC].
    ground
        Depth z [m] and diffusivity alpha [m2/s].

    References
    ----------
    Kusuda, T., Achenbach, P. R. (1965), Earth temperature and thermal diffusivity at selected stations in the United
    States, ASHRAE Transactions 71.

    """
    angle = 2 * np.pi * hour_start_utc.dt.epoch("s").to_numpy() / YEAR_SECONDS
    wave = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=-1)
    mean, cosine, sine = np.linalg.lstsq(wave, outdoor_c, rcond=None)[0]
    delay = ground.depth_m / np.sqrt(ground.diffusivity_m2_per_s * YEAR_SECONDS / np.pi)
    at_depth: Floats = mean + np.exp(-delay) * (cosine * np.cos(angle - delay) + sine * np.sin(angle - delay))
    return at_depth


def smooth_over_day(load: Floats) -> Floats:
    """Return the mean of the 24 hours around each hour, from 12 before to 11 after; the end is joined to the start.

    A heat pump in a heavy house runs through the night, so it delivers the heat of a day more evenly than a boiler
    (Watson, Lomas and Buswell 2021, Energy and Buildings, doi 10.1016/j.enbuild.2021.110777).
    """
    around = np.concatenate([load[-12:], load, load[:11]])
    running = np.concatenate([[0.0], np.cumsum(around)])
    smooth: Floats = (running[24:] - running[:-24]) / 24
    return smooth
