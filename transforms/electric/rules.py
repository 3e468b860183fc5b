"""The stores, sizes of heat pumps, retrofits and tariff for which the tables of electric heating are made."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOfUse:
    """A tariff of three prices by the hour of the local clock, over the price of the middle hours [1]."""

    low_factor: float
    high_factor: float
    low_hours: tuple[int, ...]
    high_hours: tuple[int, ...]

    def factors(self) -> list[float]:
        """Return the price of each hour of the local day over that of the middle hours [1]."""
        return [
            self.low_factor if hour in self.low_hours else self.high_factor if hour in self.high_hours else 1.0
            for hour in range(24)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricRules:
    """Values for which the tables of electric heating are made, from the shipped table `electric_rule`."""

    stores_kwh: tuple[float, ...]
    """Heat that the store of one home holds [kWh]."""
    hybrid_shares: tuple[float, ...]
    """Heat pump of a hybrid over the design load of the home [1]."""
    heat_loss_cuts: tuple[float, ...]
    """Shares by which a retrofit cuts the heat loss [1]."""
    tariff: TimeOfUse

    @classmethod
    def from_table(cls, table: pl.DataFrame) -> ElectricRules:
        """Return the values of the table."""
        value = {(item, name): float(v) for item, name, v in table.select("item", "parameter", "value").iter_rows()}

        def every(item: str) -> tuple[float, ...]:
            return tuple(number for (named, _), number in value.items() if named == item)

        hour = {name: int(v) for (item, name), v in value.items() if item == "time_of_use" and name.endswith("_h")}
        low = (range(hour[f"low_start_{n}_h"], hour[f"low_end_{n}_h"]) for n in (1, 2))
        return cls(
            stores_kwh=every("home_store"),
            hybrid_shares=every("hybrid_size"),
            heat_loss_cuts=every("heat_loss_cut"),
            tariff=TimeOfUse(
                low_factor=value["time_of_use", "low_factor"],
                high_factor=value["time_of_use", "high_factor"],
                low_hours=tuple(h for hours in low for h in hours),
                high_hours=tuple(range(hour["high_start_h"], hour["high_end_h"])),
            ),
        )
