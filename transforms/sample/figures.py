"""The values of shipped tables from which a trial is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from transforms.climate.gas_law import GasLaw
from transforms.climate.half_hour_shapes import HalfHourShapes
from transforms.sample.fault_plan import FaultRates
from transforms.sample.homes import Levels
from transforms.sample.variety import VarietyFigures


@dataclass(frozen=True, slots=True)
class SampleFigures:
    """Everything about homes, weather and meters that is not drawn at random."""

    levels: Levels
    law: GasLaw
    shapes: HalfHourShapes
    rates: FaultRates
    variety: VarietyFigures
    temperature: pl.DataFrame  # date, temperature_mean_c

    @classmethod
    def from_tables(cls, read: Callable[[str], pl.DataFrame]) -> SampleFigures:
        """Return the values of the shipped tables; `read` returns a table by its name."""
        level = _values(read("sample_level"))
        heat_kwh, stock_share = level["sample_level"], _values(read("stock_share"))["stock_share"]
        return cls(
            levels=Levels(
                heat_kwh=heat_kwh,
                stock_share=stock_share,
                log_sd=level["sample_spread"]["log_sd"],
                cut_at_sd=level["sample_spread"]["cut_at_sd"],
                boiler_efficiency=_values(read("technology"))["boiler_stock"]["efficiency"],
            ),
            law=GasLaw.from_tables(read),
            shapes=HalfHourShapes.from_table(
                read("gas_half_hour_shape"), {name: share * heat_kwh[name] for name, share in stock_share.items()}
            ),
            rates=FaultRates.from_tables(read("meter_fault"), read("meter_loss")),
            variety=VarietyFigures.from_values(lambda name: _values(read(name))),
            temperature=read("temperature_daily").select("date", "temperature_mean_c"),
        )


def _values(table: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Return the values of an assumption table by item and parameter."""
    out: dict[str, dict[str, float]] = {}
    for item, parameter, value in table.select("item", "parameter", pl.col("value").cast(pl.Float64)).iter_rows():
        out.setdefault(item, {})[parameter] = value
    return out
