"""Heat of areas: demand with its interval, density, trench, peak, and how far to trust them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from transforms.areas.demand import MEASURED, Floats, HomeDemand
from transforms.areas.figures import AreaFigures, width_2011_m, width_2019_m
from transforms.tables.areas import AREA_HEAT
from transforms.tables.words import DWELLING_TYPES

KWH_PER_MWH: Final = 1000.0
MWH_PER_GWH: Final = 1000.0
M2_PER_KM2: Final = 1e6
AT_A_TIME: Final = 512  # areas whose hours are held in memory together
TRUSTED_SHARE: Final = 0.9  # least share of the heat that is of measured types, for a confidence above 2; own choice
CLOSE, NEAR = 0.10, 0.25  # largest error of calibrated gas for a confidence of 5, and of 4; own choice


def area_heat(
    area: pl.DataFrame, demands: list[HomeDemand], figures: AreaFigures, *, efficiency: float, validation: pl.DataFrame
) -> pl.DataFrame:
    r"""Return the heat of every area by every demand (`AREA_HEAT`).

    .. math::

        Q = \sum_k n_k q_k, \quad
        [Q - \sqrt{\textstyle\sum_k (n_k a_k)^2},\; Q + \sqrt{\textstyle\sum_k (n_k b_k)^2}], \quad
        e = \sum_k n_k F_k / A, \quad L = A / w(e), \quad Q / L

    All occupied homes count, on gas or not. The half-widths a and b of the types are independent, since no home is of two
    types.

    Parameters
    ----------
    area
        Areas with homes n_k by type and published land A (`AREA`).
    demands
        Heat q_k of a home.
    figures
        Floor areas F_k and width formulas w.
    efficiency
        Efficiency of the stock's boilers [1]. It turns heat into the gas of the homes that have a meter.
    validation
        Modelled gas beside published gas (`AREA_VALIDATION`). The confidence rests on it.

    """
    frames = [_heat_by_demand(area, demand, figures, efficiency, validation) for demand in demands]
    return pl.concat(frames).sort(AREA_HEAT.key)


def homes_of(area: pl.DataFrame) -> Floats:
    """Return the homes of areas by type, shape (areas, types)."""
    return area.select(DWELLING_TYPES).to_numpy().astype(float)


def peak_kw(homes: Floats, demand: HomeDemand) -> tuple[Floats, Floats, Floats]:
    r"""Return the peak of mixed homes together: 5 % quantile, median and 95 % quantile of draws [kW], each of shape (areas,).

    The quantiles are NaN where no band is published.

    .. math:: P = \max_h(\textstyle\sum_k n_k m_{kh}) \; p_{all}(n) / p_{all}(\infty) \; f

    Parameters
    ----------
    homes
        n_k by type, shape (areas, types).
    demand
        Mean load m_kh of a home; the peak per home p_all(n) of n homes together; and f, the highest hour of the winter for
        which plant is built over the highest hour of the period.

    """
    low, middle, high = demand.peak.at(homes.sum(axis=1))
    highest = highest_load_kw(homes, demand) * demand.design_over_year_peak
    return highest * low, highest * middle, highest * high


def highest_load_kw(homes: Floats, demand: HomeDemand) -> Floats:
    """Return the highest hour of mixed homes in the period, as if they were very many [kW], shape (areas,)."""
    return np.concatenate([(demand.hours_kwh @ part.T).max(axis=0) for part in _parts(homes)])


def plot_ratio_of(homes: Floats, area_km2: Floats, figures: AreaFigures) -> Floats:
    """Return the floor area of homes over land [1]."""
    return np.asarray(homes @ figures.floor_m2 / (area_km2 * M2_PER_KM2))


def _parts(homes: Floats) -> Iterator[Floats]:
    for start in range(0, max(len(homes), 1), AT_A_TIME):
        yield homes[start : start + AT_A_TIME]


def _heat_by_demand(
    area: pl.DataFrame, demand: HomeDemand, figures: AreaFigures, efficiency: float, validation: pl.DataFrame
) -> pl.DataFrame:
    homes, area_km2 = homes_of(area), area["area_km2"].to_numpy()
    heat_mwh = homes @ demand.heat_kwh / KWH_PER_MWH
    plot_ratio = plot_ratio_of(homes, area_km2, figures)
    pipe_2011, pipe_2019 = (
        area_km2 * M2_PER_KM2 / width(figures, plot_ratio) for width in (width_2011_m, width_2019_m)
    )
    peaks = peak_kw(homes, demand)
    share = homes @ (demand.heat_kwh * demand.measured) / KWH_PER_MWH / np.maximum(heat_mwh, 1e-12)
    normal = None if demand.normal_kwh is None else homes @ demand.normal_kwh / KWH_PER_MWH
    rows = area.select("level", "area_id", "gas_meters", "homes").with_columns(
        demand_basis=pl.lit(demand.basis),
        period=pl.lit(demand.period),
        heat_mwh=pl.Series(heat_mwh),
        heat_mwh_ci_low=_end(homes, heat_mwh, demand, at=0),
        heat_mwh_ci_high=_end(homes, heat_mwh, demand, at=1),
        heat_mwh_weather_normal=pl.lit(None, dtype=pl.Float64) if normal is None else pl.Series(normal),
        density_gwh_per_km2=pl.Series(heat_mwh / MWH_PER_GWH / area_km2),
        plot_ratio=pl.Series(plot_ratio),
        main_pipe_m_2011=pl.Series(pipe_2011),
        main_pipe_m_2019=pl.Series(pipe_2019),
        heat_mwh_per_m_2011=pl.Series(heat_mwh / pipe_2011),
        heat_mwh_per_m_2019=pl.Series(heat_mwh / pipe_2019),
        share_measured=pl.Series(np.clip(share, 0.0, 1.0)),
        types_not_published=pl.lit(demand.not_published, dtype=pl.String),
        types_held=pl.lit(demand.types_held, dtype=pl.String),
        **{
            f"peak_mw_{name}": pl.Series(kw / KWH_PER_MWH).fill_nan(None)
            for name, kw in zip(("p05", "p50", "p95"), peaks, strict=True)
        },
    )
    served = pl.coalesce("heat_mwh_weather_normal", "heat_mwh") / efficiency
    return AREA_HEAT.conform(
        rows.with_columns(
            gas_modelled_mwh=pl.when(pl.col("homes") > 0).then(served * pl.col("gas_meters") / pl.col("homes"))
        ).pipe(_with_confidence, demand, validation)
    )


def _end(homes: Floats, heat_mwh: Floats, demand: HomeDemand, *, at: int) -> pl.Series | pl.Expr:
    if demand.half_width_kwh is None:
        return pl.lit(None, dtype=pl.Float64)
    reach = np.sqrt(((homes * demand.half_width_kwh[at]) ** 2).sum(axis=1)) / KWH_PER_MWH
    return pl.Series(np.maximum(heat_mwh + (reach if at else -reach), 0.0))


def _with_confidence(rows: pl.DataFrame, demand: HomeDemand, validation: pl.DataFrame) -> pl.DataFrame:
    """Add a level of confidence from 1 to 5, and its reason."""
    judged = (
        validation.filter(pl.col("demand_basis") == demand.basis)
        .sort("year")
        .group_by("area_id", maintain_order=True)
        .agg(error=pl.col("error").last().abs())
    )
    found = rows.join(judged, on="area_id", how="left", maintain_order="left")
    percent = (pl.col("error") * 100).round(0).cast(pl.Int64)
    cases = [
        (pl.lit(demand.basis != MEASURED), 1, pl.lit("a published mean of each dwelling type, no readings")),
        (pl.lit(demand.made_up), 1, pl.lit("the homes behind it are made up")),
        (
            pl.col("share_measured") < TRUSTED_SHARE, 2,
            pl.format("{} % of the heat is of types that are measured", (pl.col("share_measured") * 100).round(0).cast(pl.Int64)),
        ),
        (pl.col("error").is_null(), 3, pl.lit("measured; no gas is published for the area")),
        (pl.col("error") > NEAR, 3, pl.format("measured; published gas differs by {} %", percent)),
        (pl.col("error") > CLOSE, 4, pl.format("measured; published gas differs by {} %", percent)),
    ]  # fmt: skip
    level: pl.Expr = pl.lit(5)
    reason: pl.Expr = pl.format("measured, and published gas is within {} %", percent)
    for when, number, why in reversed(cases):
        level = pl.when(when).then(number).otherwise(level)
        reason = pl.when(when).then(why).otherwise(reason)
    return found.with_columns(confidence=level, confidence_reason=reason)
