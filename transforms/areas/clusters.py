"""Clusters: neighbouring areas that all lie above a threshold, and that one network could serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from transforms.areas.costs import AreaLens, cheapest, cost_in_homes, cost_networks
from transforms.areas.demand import HomeDemand
from transforms.areas.figures import AreaFigures, width_2011_m, width_2019_m
from transforms.areas.heat import KWH_PER_MWH, M2_PER_KM2, homes_of, peak_kw, plot_ratio_of
from transforms.lcoh.model.places import Place
from transforms.tables.areas import AREA_CLUSTER
from transforms.tables.fixed_order import group_in_order
from transforms.tables.words import DWELLING_TYPES

_LINEAR: Final = pl.min_horizontal("heat_mwh_per_m_2011", "heat_mwh_per_m_2019")
# What is compared with each threshold; of the two linear heat densities the smaller.
JUDGED: Final[Mapping[str, pl.Expr]] = {
    "denmark_gwh_per_km2": pl.col("density_gwh_per_km2"),
    "ademe_mwh_per_m": _LINEAR,
    "scotland_mwh_per_m": _LINEAR,
    "scotland_stringent_mwh_per_m": _LINEAR,
    "scotland_highest_mwh_per_m": _LINEAR,
}


def area_clusters(
    area: pl.DataFrame,
    heat: pl.DataFrame,
    neighbours: pl.DataFrame,
    demands: Sequence[HomeDemand],
    *,
    figures: AreaFigures,
    lens: AreaLens,
) -> pl.DataFrame:
    """Return the clusters of the finest level by every threshold and demand (`AREA_CLUSTER`).

    Parameters
    ----------
    area, heat
        `AREA` and `AREA_HEAT` of one level.
    neighbours
        Pairs of areas that share a border: `area_id`, `neighbour_id`.
    demands
        The demands that `heat` was made with.
    figures, lens
        Widths and thresholds, prices and rules.

    """
    frames = [AREA_CLUSTER.empty()]
    for demand in demands:
        rows = area.join(
            heat.filter(pl.col("demand_basis") == demand.basis), on=["level", "area_id"], maintain_order="left"
        ).filter(pl.col("homes") > 0)
        for threshold, judged in JUDGED.items():
            above = rows.filter(judged >= figures.thresholds[threshold]).sort("area_id")
            if len(above):
                grouped = above.with_columns(cluster=_label(above["area_id"].to_list(), neighbours))
                frames.append(_describe(grouped, threshold, demand, figures, lens))
    return pl.concat(frames).sort(AREA_CLUSTER.key)


def _label(area_ids: list[str], neighbours: pl.DataFrame) -> pl.Series:
    """Return the number of the cluster of each area."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    number = {area: at for at, area in enumerate(area_ids)}
    pairs = [(number[a], number[b]) for a, b in neighbours.iter_rows() if a in number and b in number]
    one, other = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(area_ids), len(area_ids)))
    return pl.Series(connected_components(graph, directed=False)[1])


def _describe(
    rows: pl.DataFrame, threshold: str, demand: HomeDemand, figures: AreaFigures, lens: AreaLens
) -> pl.DataFrame:
    weight = pl.col("homes")
    clusters = group_in_order(rows, "cluster", by=None).agg(
        pl.col("level").first(),
        *(pl.col(name).sum() for name in (*DWELLING_TYPES, "area_km2", "heat_mwh")),
        *((pl.col(name) * weight).sum() / weight.sum() for name in ("easting", "northing")),
        name=pl.col("name").sort_by("heat_mwh").last(),
        cluster_id=pl.col("area_id").min(),
        areas=pl.len(),
        area_ids=pl.col("area_id").sort().str.join(","),
        homes=weight.sum(),
    )
    homes, area_km2 = homes_of(clusters), clusters["area_km2"].to_numpy()
    ratio = plot_ratio_of(homes, area_km2, figures)
    trench = np.stack([area_km2 * M2_PER_KM2 / width(figures, ratio) for width in (width_2011_m, width_2019_m)], axis=1)
    trench.sort(axis=1)  # the shorter, then the longer
    place = Place(homes={"all": homes.sum(axis=1)[:, None, None]}, main_pipe_m=trench[:, :, None])
    network = cost_networks(lens, homes, demand, place)
    prices = network.highest_heat_price(cheapest(cost_in_homes(lens, homes, demand))[0][:, None, None])[..., 0]
    return AREA_CLUSTER.conform(
        clusters.with_columns(
            threshold=pl.lit(threshold),
            demand_basis=pl.lit(demand.basis),
            period=pl.lit(demand.period),
            peak_mw=pl.Series(peak_kw(homes, demand)[1] / KWH_PER_MWH),
            main_pipe_m_low=pl.Series(trench[:, 0]),
            main_pipe_m_high=pl.Series(trench[:, 1]),
            lcoh_gbp_per_mwh_low=pl.Series(network.lcoh[:, 0, 0]),
            lcoh_gbp_per_mwh_high=pl.Series(network.lcoh[:, 1, 0]),
            highest_heat_price_gbp_per_mwh_low=pl.Series(prices[:, 1]),
            highest_heat_price_gbp_per_mwh_high=pl.Series(prices[:, 0]),
        )
    )
