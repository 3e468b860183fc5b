"""The demands that are costed: by dwelling type, study period and basis (measured, or the paper's)."""

from __future__ import annotations

import polars as pl

from transforms.lcoh.assumptions.parameters import (
    NETWORK,
    PAPER_DEMAND_ITEM,
    SCALE_ITEM,
)
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.lcoh.assumptions.scenarios import ScenarioFigures

DEMAND_KEY = ("demand_basis", "period", "dwelling_type")


NETWORK_DEMAND = ("stock", "all")  # the demand that a network serves: the first of these that is known


def paper_demand(assumptions: pl.DataFrame) -> pl.DataFrame:
    """Return the demands of the paper by dwelling type and on average, in the shape that `lcoh_table` reads."""
    return assumptions.filter(pl.col("item") == PAPER_DEMAND_ITEM).select(
        dwelling_type="parameter", period=pl.lit("paper"), demand_basis=pl.lit("paper"), demand_kwh="value"
    )


def check_demand(demand: pl.DataFrame) -> pl.DataFrame:
    """Return the rows whose demand is known.

    Raises
    ------
    AssumptionError
        If a demand is not above zero, or two rows stand for one key.

    """
    known = demand.select(*DEMAND_KEY, pl.col("demand_kwh").cast(pl.Float64)).drop_nulls("demand_kwh")
    wrong = known.filter(~(pl.col("demand_kwh").is_finite() & (pl.col("demand_kwh") > 0)))
    if wrong.height:
        message = (
            f"{wrong.height} rows of demand are not above zero (e.g. {wrong['demand_kwh'][0]} kWh/yr of "
            f"{wrong['dwelling_type'][0]} in {wrong['period'][0]}): a cost per MWh needs heat"
        )
        raise AssumptionError(message)
    twice = known.filter(pl.struct(DEMAND_KEY).is_duplicated())
    if twice.height:
        message = (
            f"{twice.height} rows of demand share a key (e.g. {' / '.join(twice.select(DEMAND_KEY).row(0))}): "
            "give one row for each basis, period and dwelling type"
        )
        raise AssumptionError(message)
    return known


def network_keys(demand: pl.DataFrame, figures: ScenarioFigures) -> pl.DataFrame:
    """Return a row for each scale of network and the demand that it serves: of `stock`, or of `all`."""
    scales = pl.DataFrame(
        {"scale": list(sizes := figures.items(SCALE_ITEM)), "dwellings": list(sizes.values())},
        schema={"scale": pl.String, "dwellings": pl.Float64},
    ).sort("dwellings")
    return (
        demand.filter(pl.col("dwelling_type").is_in(NETWORK_DEMAND))
        .sort(pl.col("dwelling_type").replace_strict({name: i for i, name in enumerate(NETWORK_DEMAND)}))
        .unique(["demand_basis", "period"], keep="first", maintain_order=True)
        .join(scales, how="cross", maintain_order="left_right")
        .with_columns(system=pl.lit(NETWORK))
    )
