"""Daily gas of the mean British home by effective temperature: homes and sources are compared with it, and samples follow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GasLaw:
    """Daily gas of a home by temperature, in two straight lines, and how its half-hours even out in the cold."""

    break_c: float
    """Effective temperature at which the lines meet [degC]."""
    cold_slope_kwh_per_day_k: float
    cold_intercept_kwh_per_day: float
    """Gas on the colder line at 0 degC [kWh/d]."""
    warm_slope_kwh_per_day_k: float
    warm_intercept_kwh_per_day: float
    """Gas on the warmer line at 0 degC [kWh/d]."""
    flat_below_c: float
    """Effective temperature below which half-hours even out [degC]."""
    flattening_per_k: float
    """Share of the daily swing that is lost for each kelvin below it [1/K]."""

    @classmethod
    def from_tables(cls, read: Callable[[str], pl.DataFrame]) -> GasLaw:
        """Return the law of the shipped table `sample_gas_law`; `read` returns a table by its name."""
        rows = read("sample_gas_law").select("parameter", pl.col("value").cast(pl.Float64))
        return cls(**dict(rows.iter_rows()))

    def gas_of_day(self, temperature_c: Floats) -> Floats:
        """Return the gas of days [kWh] by their effective temperature [degC] (Watson et al. 2019, on EDRP)."""
        cold = self.cold_slope_kwh_per_day_k * temperature_c + self.cold_intercept_kwh_per_day
        warm = self.warm_slope_kwh_per_day_k * temperature_c + self.warm_intercept_kwh_per_day
        gas: Floats = np.maximum(np.where(temperature_c < self.break_c, cold, warm), 0)
        return gas

    def swing(self, temperature_c: Floats) -> Floats:
        """Return the share of the daily swing of half-hours that remains [1]: 1 in mild weather, less in the cold."""
        swing: Floats = np.clip(1 - self.flattening_per_k * (self.flat_below_c - temperature_c), 0, 1)
        return swing
