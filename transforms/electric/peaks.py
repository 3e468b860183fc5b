"""Peak load of heat pumps on the grid in the cold: per home, and per feeder with any number of homes."""

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
from transforms.tables.fixed_order import group_in_order

HOURLY: Final = 60  # minutes
ABOVE_ZERO: Final = ("design_day_heat_kwh", "design_peak_hour_heat_kwh", "heat_loss_w_per_k")


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignDay:
    """The hours of the 1-in-20 coldest day of a dwelling type, per home, from midnight UTC on; arrays of shape (24,)."""

    outdoor_c: Floats
    """Outdoor temperature [degC]."""
    heat_kw: Floats
    """Heat per home [kW]."""
    hot_water_share: float
    """Share of hot water in the heat of the day [1]."""
    heat_pump_kw: float
    """Size of the heat pump of one home, by its heat loss [kW]."""
    peak_factor: float
    """Highest hour of the design day over the highest hour of the period [1]."""

    def electricity_kw(self, heat_kw: Floats, figures: ScenarioFigures) -> Floats:
        """Return the electricity that heat takes in the hours of the day, shape (..., 24) [kW]."""
        cop = cop_of_hours(self.outdoor_c, self.hot_water_share, figures)
        return electricity_kw(heat_kw, cop, heat_pump_kw=self.heat_pump_kw)


def design_day(
    load: HourlyLoad, fit: Mapping[str, Any], figures: ScenarioFigures, *, peak_hour_kw: float
) -> DesignDay | None:
    """Return the design day of a dwelling type, or None where its weather is not known.

    The day of the period with the most heat gives the shapes of heat and temperature. Its heat is scaled to that of the
    design day, and its temperatures are shifted to the design temperature.

    Parameters
    ----------
    load
        Heat of the hours of a period, in order. Days (UTC) without all 24 hours and their temperatures are left out.
    fit
        The row of `WEATHER_FIT` of the type and period.
    figures
        Design temperatures of a heat pump in a home.
    peak_hour_kw
        Highest hour of the mean profile in the period [kW].

    """
    heat = load.space_kwh + load.hot_water_kwh
    known = fit["design_temperature_c"] is not None and all((fit[name] or 0.0) > 0 for name in ABOVE_ZERO)
    hours = pl.DataFrame({"date": load.hour_start_utc.dt.date(), "heat": heat, "is_known": np.isfinite(load.outdoor_c)})
    days = group_in_order(hours.with_row_index("at"), "date", by="at").agg(
        pl.col("at").first(), pl.col("heat").sum(), known_hours=pl.col("is_known").sum()
    )
    whole = days.filter(pl.col("known_hours") == HOURS, pl.col("heat") > 0).sort(
        "heat", "date", descending=[True, False]
    )
    if not known or peak_hour_kw <= 0 or whole.is_empty():
        return None
    in_day = slice(whole["at"][0], whole["at"][0] + HOURS)
    outdoor_c, heat_kwh = load.outdoor_c[in_day], float(heat[in_day].sum())
    design = figures.record(DesignLoad, "design_load")
    return DesignDay(
        outdoor_c=outdoor_c - outdoor_c.mean() + fit["design_temperature_c"],
        heat_kw=heat[in_day] * (fit["design_day_heat_kwh"] / heat_kwh),
        hot_water_share=float(load.hot_water_kwh[in_day].sum()) / heat_kwh,
        heat_pump_kw=float(heat_loss_load_kw(design, heat_loss_w_per_k=fit["heat_loss_w_per_k"])),
        peak_factor=fit["design_peak_hour_heat_kwh"] / peak_hour_kw,
    )


def peak_rows(
    day: DesignDay, diversity: pl.DataFrame, figures: ScenarioFigures, *, stores_kwh: tuple[float, ...]
) -> pl.DataFrame:
    r"""Return the peak electricity of numbers of homes, with and without a store in each home (`HEAT_PUMP_PEAK`).

    .. math:: E(n, S) = \max_h \left[ \min(M_h, K) / COP_h + \max(M_h - K, 0) \right]

    :math:`M_h` is the heat that is made in the hours of the design day with a store S (`with_store`), after its shape
    was given the peak of n homes (`sharpened`). Diversity enters once, by the measured peak of n homes in `diversity`.
    Its 5 and 95 % quantiles give those of the electricity. They say nothing about the heat of a whole day, so they are
    null where the store evens out the day. A feeder of n homes takes n times as much.

    Parameters
    ----------
    day
        The design day of a dwelling type.
    diversity
        Hourly rows of `DIVERSITY` of that type.
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
