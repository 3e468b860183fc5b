"""What heat pumps would ask of the grid in the cold: per home and per feeder of any number of homes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from transforms.electric.electricity import Floats, cop_of_hours, electricity_kw, sharpened, shaved_kw, with_store
from transforms.lcoh.assumptions.parameters import DesignLoad
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.performance import HOURS, HourlyLoad
from transforms.lcoh.model.sizing import heat_loss_load_kw
from transforms.tables.electric import HEAT_PUMP_HOURLY

HOURLY: Final = 60
KNOWN: Final = ("design_day_heat_kwh", "design_peak_hour_heat_kwh", "design_temperature_c", "heat_loss_w_per_k")


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignDay:
    """The hours of the 1-in-20 coldest day of a dwelling type, per home, from midnight UTC on."""

    outdoor_c: Floats
    heat_kw: Floats
    hot_water_share: float
    heat_pump_kw: float
    """Size of the heat pump of one home, by its heat loss."""
    peak_factor: float
    """Highest hour of the design day over the highest hour of the period [1]."""

    def electricity_kw(self, heat_kw: Floats, figures: ScenarioFigures) -> Floats:
        """Return the electricity of heat in the hours of the day, shape (..., 24) [kW]."""
        cop = cop_of_hours(self.outdoor_c, self.hot_water_share, figures)
        return electricity_kw(heat_kw, cop, heat_pump_kw=self.heat_pump_kw)


def design_day(
    load: HourlyLoad, fit: Mapping[str, Any], figures: ScenarioFigures, *, peak_hour_kw: float
) -> DesignDay | None:
    """Return the design day of a dwelling type, or None where its weather is not known.

    The day of the period with the most heat gives the shape of heat and temperature. The heat is scaled to that of the
    design day, the temperatures are shifted to its temperature.

    Parameters
    ----------
    load
        Heat of the hours of a period, whole days from midnight on.
    fit
        The row of `WEATHER_FIT` of the type and period.
    figures
        Design temperatures of a heat pump in a home.
    peak_hour_kw
        Highest hour of the mean profile in the period [kW].

    """
    heat = load.space_kwh + load.hot_water_kwh
    if any(not fit[name] for name in KNOWN) or peak_hour_kw <= 0 or len(heat) < HOURS:
        return None
    days = heat[: len(heat) // HOURS * HOURS].reshape(-1, HOURS)
    outdoor = load.outdoor_c[: days.size].reshape(-1, HOURS)
    whole = np.isfinite(outdoor).all(axis=1)
    if not whole.any():
        return None
    coldest = int(np.where(whole, days.sum(axis=1), -1).argmax())
    in_day = slice(coldest * HOURS, (coldest + 1) * HOURS)
    of_day = float(days[coldest].sum())
    design = figures.record(DesignLoad, "design_load")
    return DesignDay(
        outdoor_c=outdoor[coldest] - outdoor[coldest].mean() + fit["design_temperature_c"],
        heat_kw=days[coldest] * (fit["design_day_heat_kwh"] / of_day),
        hot_water_share=float(load.hot_water_kwh[in_day].sum()) / of_day,
        heat_pump_kw=float(heat_loss_load_kw(design, heat_loss_w_per_k=fit["heat_loss_w_per_k"])),
        peak_factor=fit["design_peak_hour_heat_kwh"] / peak_hour_kw,
    )


def peak_rows(
    day: DesignDay, diversity: pl.DataFrame, figures: ScenarioFigures, *, stores_kwh: tuple[float, ...]
) -> pl.DataFrame:
    r"""Return the peak electricity of numbers of homes, with and without a store in each home (`HEAT_PUMP_PEAK`).

    .. math:: E(n, S) = \max_h \left[ \min(M_h, K) / COP_h + \max(M_h - K, 0) \right]

    :math:`M_h` is what a store S leaves (`with_store`) of the hours of the design day with the peak of n homes
    (`sharpened`). Diversity enters once, by the measured peak of n homes in `diversity`; its 5 and 95 % quantiles give
    those of the electricity. They say nothing of how much homes use in a day, so there is none where the store evens out
    the whole day. A feeder of n homes takes n times as much.

    Parameters
    ----------
    day
        The design day of a dwelling type.
    diversity
        Its rows of `DIVERSITY`, hourly.
    figures
        COP curve.
    stores_kwh
        Heat that the store of one home holds [kWh].

    """
    rows = diversity.sort("dwellings")
    bands = {
        name: rows[f"peak_kw_{name}"].cast(pl.Float64).to_numpy() * day.peak_factor for name in ("p05", "p50", "p95")
    }
    evens_out = {store: shaved_kw(day.heat_kw, store) <= day.heat_kw.mean() for store in stores_kwh}
    return pl.concat(
        rows.select(
            "dwelling_type",
            "period",
            "dwellings",
            "households",
            "extrapolated",
            store_kwh=pl.lit(store),
            heat_kw_p50=pl.Series(bands["p50"]),
            outdoor_c=pl.lit(float(day.outdoor_c.min())),
            heat_pump_kw=pl.lit(day.heat_pump_kw),
            **{
                f"electricity_kw_{name}": pl.lit(None, pl.Float64)
                if evens_out[store] and name != "p50"
                else _peak(day, heat, store, figures)
                for name, heat in bands.items()
            },
        )
        for store in stores_kwh
    ).with_columns(feeder_kw_p50=pl.col("dwellings") * pl.col("electricity_kw_p50"))


def _peak(day: DesignDay, peak_kw: Floats, store_kwh: float, figures: ScenarioFigures) -> pl.Series:
    known = np.isfinite(peak_kw)
    heat_kw = sharpened(day.heat_kw, np.where(known, peak_kw, 1.0))
    made_kw = with_store(heat_kw, cop_of_hours(day.outdoor_c, day.hot_water_share, figures), store_kwh)
    electricity = day.electricity_kw(made_kw, figures).max(axis=-1)
    return pl.Series(np.where(known, electricity, np.nan), nan_to_null=True)


def hourly_rows(day: DesignDay, key: Mapping[str, str], figures: ScenarioFigures) -> pl.DataFrame:
    """Return the design day by the hour, mean of many homes: as their boilers heat, and evenly (`HEAT_PUMP_HOURLY`)."""
    even_kw = np.full(HOURS, day.heat_kw.mean())
    return HEAT_PUMP_HOURLY.conform(
        pl.DataFrame(
            {
                "hour": range(HOURS),
                "outdoor_c": day.outdoor_c,
                "cop": cop_of_hours(day.outdoor_c, day.hot_water_share, figures),
                "heat_kw": day.heat_kw,
                "electricity_kw": day.electricity_kw(day.heat_kw, figures),
                "heat_even_kw": even_kw,
                "electricity_even_kw": day.electricity_kw(even_kw, figures),
            }
        ).with_columns(pl.lit(value).alias(name) for name, value in key.items())
    )
