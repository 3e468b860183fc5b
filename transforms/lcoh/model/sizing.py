"""A heating system of one home, sized by the load that it must meet in the cold."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from transforms.lcoh.assumptions.parameters import DesignLoad, Floats, IndividualSystem

WATTS_PER_KW: Final = 1000.0


def heat_loss_load_kw(design: DesignLoad, *, heat_loss_w_per_k: Floats) -> Floats:
    """Return the load that keeps a home warm on a cold day, H (T_i - T_o) / 1000 [kW].

    Parameters
    ----------
    design
        Temperatures indoors T_i and outdoors T_o [degC].
    heat_loss_w_per_k
        Heat loss H [W/K], shape (...): the slope of the home's heat over temperature, hot water included in part.

    References
    ----------
    MCS, MIS 3005: a heat pump meets the whole load at the design temperature, in continuous operation.

    """
    return np.asarray(heat_loss_w_per_k, dtype=float) * (design.indoor_c - design.outdoor_c) / WATTS_PER_KW


def size_system(system: IndividualSystem, *, design_kw: Floats, reference_kw: Floats) -> IndividualSystem:
    """Return the system with the capital of its size.

    C(P) = max(C + c (max(P, P_min) - P_ref), 0)

    Parameters
    ----------
    system
        Capital C [GBP] of the size P_ref, cost c of a kW [GBP/kW], smallest size P_min [kW].
    design_kw
        Design load P [kW], shape (...).
    reference_kw
        P_ref [kW].

    """
    more_kw = np.maximum(design_kw, system.least_kw) - reference_kw
    return replace(system, capital_gbp=np.maximum(system.capital_gbp + system.capital_gbp_per_kw * more_kw, 0.0))
