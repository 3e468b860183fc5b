"""Buried pipes of a network: their diameter, cost and heat loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from transforms.lcoh.assumptions.parameters import PIPE_SIZES, Floats, PipeLaw, PipeSize
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.sizing import WATTS_PER_KW

GJ_PER_MWH: Final = 3.6


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeSizes:
    """Sizes of pre-insulated pipe, ascending [m]."""

    inner_m: NDArray[np.float64]
    steel_m: NDArray[np.float64]
    casing_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipes:
    """Laws and sizes of a network's pipes."""

    law: PipeLaw
    sizes: PipeSizes


def read_pipes(figures: ScenarioFigures) -> Pipes:
    """Return the laws of pipes and the sizes on sale as the assumptions hold them."""
    sizes = [figures.record(PipeSize, item) for item in PIPE_SIZES]
    return Pipes(
        law=figures.record(PipeLaw, "pipe"),
        sizes=PipeSizes(
            inner_m=np.array([size.inner_m for size in sizes]),
            steel_m=np.array([size.steel_m for size in sizes]),
            casing_m=np.array([size.casing_m for size in sizes]),
        ),
    )


def mean_diameter_m(law: PipeLaw, *, heat_mwh_per_m: Floats) -> Floats:
    """Return the mean inner diameter of the pipes of a network [m].

    d = 0.0486 ln(q) + 0.0007 from q = 1.5 GJ/m on, 0.02 m below

    Parameters
    ----------
    law
        The coefficients.
    heat_mwh_per_m
        Linear heat density q: heat delivered in a year per metre of trench [MWh/m], shape (...).

    References
    ----------
    Persson and Werner (2011), Heat distribution and the future competitiveness of district heating, Applied Energy 88.

    """
    gj_per_m = np.asarray(heat_mwh_per_m, dtype=float) * GJ_PER_MWH
    fitted = law.diameter_m_per_log * np.log(np.maximum(gj_per_m, law.least_gj_per_m)) + law.diameter_m_at_1_gj_per_m
    diameter: Floats = np.where(gj_per_m < law.least_gj_per_m, law.least_diameter_m, fitted)
    return np.maximum(diameter, law.least_diameter_m)


def trench_gbp_per_m(law: PipeLaw, *, diameter_m: Floats) -> Floats:
    """Return the cost of a metre of trench with flow and return pipe, C_1 + C_2 d [GBP/m] (Persson and Werner 2011)."""
    return law.gbp_per_m + law.gbp_per_m2 * np.asarray(diameter_m, dtype=float)


def loss_w_per_m(pipes: Pipes, *, diameter_m: Floats) -> Floats:
    """Return the heat that a metre of trench with a flow and a return pipe loses [W/m].

    q = 2 U ((T_f + T_r) / 2 - T_g),  1 / U = ln(D / d) / (2 pi k_i) + ln(4 Z / D) / (2 pi k_s)
    + ln(1 + (2 Z / C)^2) / (4 pi k_s)

    The three terms are the resistances of the foam and of the soil, and the effect of the other warm pipe. Steel and
    casing have no resistance.

    Parameters
    ----------
    pipes
        Temperatures of flow, return and ground T_f, T_r, T_g [degC], conductivities of foam and soil k_i, k_s
        [W/m/K], depth Z of the axes and gap between the casings [m], C = D + gap; outer diameters of steel pipe d and
        casing D [m] by inner diameter, straight lines between sizes.
    diameter_m
        Inner diameter [m], shape (...); beyond the smallest and the largest size, that size is used.

    References ---------- Kristjansson and Boehm (2006), Optimum design of distribution and service pipes, 10th
    International Symposium on District Heating and Cooling; the layers of one pipe as EN 13941 has them according to
    VICUS Software, Heat loss calculation according to DIN EN 13941. The resistance between soil and air, equal to 0.1 m
    more of soil, is left out, so the loss is up to 0.5 % too high.

    """
    law, sizes = pipes.law, pipes.sizes
    steel_m = np.interp(diameter_m, sizes.inner_m, sizes.steel_m)
    casing_m = np.interp(diameter_m, sizes.inner_m, sizes.casing_m)
    between_axes_m = casing_m + law.gap_m
    foam = np.log(casing_m / steel_m) / (2.0 * np.pi * law.insulation_w_per_m_k)
    soil = np.log(4.0 * law.depth_m / casing_m) / (2.0 * np.pi * law.soil_w_per_m_k)
    other = np.log1p((2.0 * law.depth_m / between_axes_m) ** 2) / (4.0 * np.pi * law.soil_w_per_m_k)
    warmer_k = (law.flow_c + law.return_c) / 2.0 - law.ground_c
    loss: Floats = 2.0 * warmer_k / (foam + soil + other)
    return loss


def network_loss_kw(pipes: Pipes, *, main_m: Floats, diameter_m: Floats, branches_m: Floats) -> Floats:
    """Return the heat that a network's mains and branches lose at all hours of the year [kW]."""
    mains = np.asarray(main_m) * loss_w_per_m(pipes, diameter_m=diameter_m)
    branches = np.asarray(branches_m) * loss_w_per_m(pipes, diameter_m=pipes.law.branch_diameter_m)
    loss: Floats = (mains + branches) / WATTS_PER_KW
    return loss
