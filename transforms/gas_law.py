"""What the mean British home uses at a temperature: the measure that homes and sources are held against."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanBritishHome:
    """Daily gas of the mean British home against effective temperature, in two straight pieces.

    Watson, Lomas and Buswell 2019 (Energy Policy) on EDRP, as coded in github.com/malcolmpeacock/heat (MIT). It only
    takes the weather out of comparisons: no published figure of heat rests on it.
    """

    break_c: float = 14.1
    cold_slope_kwh_per_day_k: float = -6.71
    cold_intercept_kwh_per_day: float = 111
    warm_slope_kwh_per_day_k: float = -1.21
    warm_intercept_kwh_per_day: float = 33
    least_kwh_per_day: float = 3  # the warm line would fall below nothing at 27 degC

    def gas_of_day(self, temperature: pl.Expr) -> pl.Expr:
        """Return the gas of a day [kWh] at an effective temperature [degC]."""
        cold = self.cold_slope_kwh_per_day_k * temperature + self.cold_intercept_kwh_per_day
        warm = self.warm_slope_kwh_per_day_k * temperature + self.warm_intercept_kwh_per_day
        return pl.max_horizontal(pl.when(temperature < self.break_c).then(cold).otherwise(warm), self.least_kwh_per_day)
