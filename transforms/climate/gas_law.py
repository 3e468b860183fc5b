"""Daily gas of the mean British home by effective temperature: what homes and sources are held against, and made up by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GasLaw:
    """Daily gas of a home by temperature, in two straight pieces, and how its half-hours even out in the cold."""

    break_c: float
    cold_slope_kwh_per_day_k: float
    cold_intercept_kwh_per_day: float
    warm_slope_kwh_per_day_k: float
    warm_intercept_kwh_per_day: float
    flat_below_c: float
    flattening_per_k: float

    @classmethod
    def from_tables(cls, read: Callable[[str], pl.DataFrame]) -> GasLaw:
        """Take the law from the shipped table `sample_gas_law`; `read` returns one by its name."""
        rows = read("sample_gas_law").select("parameter", pl.col("value").cast(pl.Float64))
        return cls(**dict(rows.iter_rows()))

    def gas_of_day(self, temperature_c: Floats) -> Floats:
        """Return the gas of days [kWh] by their effective temperature [degC] (Watson et al. 2019, on EDRP)."""
        cold = self.cold_slope_kwh_per_day_k * temperature_c + self.cold_intercept_kwh_per_day
        warm = self.warm_slope_kwh_per_day_k * temperature_c + self.warm_intercept_kwh_per_day
        gas: Floats = np.maximum(np.where(temperature_c < self.break_c, cold, warm), 0)
        return gas

    def swing(self, temperature_c: Floats) -> Floats:
        """Return how much of the daily swing of the half-hours remains [1]: all of it in mild weather, less in the cold."""
        swing: Floats = np.clip(1 - self.flattening_per_k * (self.flat_below_c - temperature_c), 0, 1)
        return swing
