"""Seasonal performance of heat pumps: hourly heat over electricity, by dwelling type and period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from transforms.climate.temperature import daily_temperature, effective_temperature, hourly_temperature
from transforms.climate.weather_normal import DAYS_PER_YEAR, EndUses, NormalWeather
from transforms.lcoh.assumptions.parameters import (
    COOKING,
    HOURLY_SPF,
    NETWORK_SOURCE,
    SPF_ITEMS,
    CopCurve,
    GroundSource,
    HeatPumpSink,
    ReferenceLoad,
)
from transforms.lcoh.assumptions.scenarios import ALL_SCENARIOS, ScenarioFigures
from transforms.lcoh.model.heat_pumps import Floats, cop_of_lift, flow_temperature, ground_temperature, smooth_over_day
from transforms.tables.cost import ASSUMPTION
from transforms.tables.cost_analysis import SEASONAL_PERFORMANCE

SOURCES: Final = {"ashp": "air", "gshp": "ground"}
RAW, SMOOTHED = "raw", "smoothed_24h"
COSTED_LOAD: Final = SMOOTHED  # a heat pump runs evenly through the day
REFERENCE: Final = ("all", "normal")  # dwelling type and period of the load without readings
HOURS: Final = 24
LEAST_HEAT_KWH: Final = 1e-6  # less heat over all hours counts as none: a ratio of such numbers is noise


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyLoad:
    """Heat for rooms and for hot water by hour, and the outdoor temperature, NaN where it is not known; shape (hours,)."""

    hour_start_utc: pl.Series
    outdoor_c: Floats
    space_kwh: Floats
    hot_water_kwh: Floats

    def smoothed(self) -> HourlyLoad:
        """Return the load with each hour's heat spread over the 24 hours around it."""
        return replace(
            self, space_kwh=smooth_over_day(self.space_kwh), hot_water_kwh=smooth_over_day(self.hot_water_kwh)
        )

    def where_known(self) -> HourlyLoad:
        """Return the hours whose temperature is known."""
        known = np.isfinite(self.outdoor_c)
        return HourlyLoad(
            hour_start_utc=self.hour_start_utc.filter(pl.Series(known)),
            outdoor_c=self.outdoor_c[known],
            space_kwh=self.space_kwh[known],
            hot_water_kwh=self.hot_water_kwh[known],
        )


def seasonal_performance(
    profile: pl.DataFrame, weather_fit: pl.DataFrame, figures: ScenarioFigures, normal: NormalWeather
) -> pl.DataFrame:
    """Return the performance of heat pumps with the mean hourly heat of each dwelling type (`SEASONAL_PERFORMANCE`).

    SPF = sum_h Q_h / sum_h (Q_h / COP_h), for space heating, for hot water, and for both together

    Parameters
    ----------
    profile
        Rows of `HEAT_PROFILE`.
    weather_fit
        Rows of `WEATHER_FIT`. A type and period without hot water there (too few days or temperatures) is left
        out, since its load cannot be split.
    figures
        COP curves, sinks, ground and field trials.
    normal
        Normal weather, for which hot water is known.

    """
    fits = {(row["dwelling_type"], row["period"]): row for row in weather_fit.iter_rows(named=True)}
    rows = [
        row
        for key, hours in profile.sort("hour_start_utc").group_by("dwelling_type", "period", maintain_order=True)
        if (fit := fits.get(key)) is not None and fit["hot_water_gas_kwh_per_year"] is not None
        for row in _rows_of(key, split_load(hours, fit, figures, normal), figures, (RAW, SMOOTHED))
    ]
    return _conform(rows)


def reference_performance(figures: ScenarioFigures, normal: NormalWeather) -> pl.DataFrame:
    """Return the performance with the reference load, for the demands of the paper and for a demand given by hand."""
    return _conform(_rows_of(REFERENCE, reference_load(figures, normal), figures, (SMOOTHED,)))


def reference_load(figures: ScenarioFigures, normal: NormalWeather) -> HourlyLoad:
    r"""Return a load from degree days and hot water in normal weather, for homes without a profile.

    Space heat of a day is proportional to :math:`(T_b - T)^+`, with the effective temperature :math:`T`. Hot water is
    proportional to :math:`w(T)` of `NormalWeather`, and has its share of the year. Each day's heat is even over its
    hours.
    """
    reference = figures.record(ReferenceLoad, "reference_load")
    space = np.maximum(reference.base_temperature_c - normal.effective_c, 0)
    water = _hot_water_shape(normal.effective_c, normal)
    water *= reference.hot_water_share / (1 - reference.hot_water_share) * space.sum() / water.sum()
    hours = hourly_temperature(normal.daily)
    return HourlyLoad(
        hour_start_utc=hours["hour_start_utc"],
        outdoor_c=hours["temperature_c"].to_numpy(),
        space_kwh=np.repeat(space, HOURS),
        hot_water_kwh=np.repeat(water, HOURS),
    )


def split_load(hours: pl.DataFrame, fit: dict[str, Any], figures: ScenarioFigures, normal: NormalWeather) -> HourlyLoad:
    r"""Split the hourly heat of a dwelling type into hot water and space heating.

    `weather_fit` gives the hot water of a normal year. It is spread over the days by the law of Watson et al. (2019);
    cooking is the same every day. At the effective temperature :math:`T` a day has

    .. math:: W(T) = \eta\,(G_w\,w(T) / \overline{w} + G_c) / 365.25

    It is the same share of each hour of the day, at most 1: :math:`q_h \min(W_d / Q_d, 1)`. Cooking counts as hot
    water, because the demand for which a system is costed contains it.

    Parameters
    ----------
    hours
        Rows of `HEAT_PROFILE` of one type and period, sorted.
    fit
        Its row of `WEATHER_FIT`: gas for hot water G_w and for cooking G_c [kWh/yr].
    figures
        Efficiency eta of the boilers that burned the gas [1].
    normal
        w and its mean over the days of normal weather.

    """
    efficiency = figures.one("boiler_stock", "efficiency")
    known = hours.select("hour_start_utc", "temperature_c").drop_nulls()
    effective = effective_temperature(daily_temperature(known))
    shape = _hot_water_shape(effective["temperature_effective_c"].to_numpy(), normal)
    mean_shape = _hot_water_shape(normal.effective_c, normal).mean()
    gas = fit["hot_water_gas_kwh_per_year"] * shape / mean_shape + fit["cooking_gas_kwh_per_year"]
    by_day = effective.select("date", hot_water_kwh=pl.Series(efficiency * gas / DAYS_PER_YEAR))
    split = (
        hours.select("hour_start_utc", "temperature_c", heat="heat_kwh_mean", date=pl.col("hour_start_utc").dt.date())
        .with_columns(mean=pl.col("heat").mean().over("date"))
        .join(by_day, on="date", how="left", maintain_order="left")
        .with_columns(share=(pl.col("hot_water_kwh") / (HOURS * pl.col("mean"))).fill_nan(0).clip(0, 1))
        .with_columns(share=pl.col("share").fill_null(pl.col("share").mean()))
    )
    heat, share = split["heat"].to_numpy(), split["share"].to_numpy()
    return HourlyLoad(
        hour_start_utc=split["hour_start_utc"],
        outdoor_c=split["temperature_c"].fill_null(np.nan).to_numpy(),
        space_kwh=heat * (1 - share),
        hot_water_kwh=heat * share,
    )


def spf_rows(seasonal: pl.DataFrame, *, period: str) -> pl.DataFrame:
    """Return the SPF of both heat pumps in a period, of all homes and by dwelling type, as rows of `ASSUMPTION`."""
    name_of = {source: system for system, source in SOURCES.items()}
    chosen = seasonal.filter(pl.col("load") == COSTED_LOAD, pl.col("period") == period)
    of_all, system = pl.col("dwelling_type") == REFERENCE[0], pl.col("source").replace_strict(name_of)
    return ASSUMPTION.conform(
        chosen.select(
            scenario=pl.lit(ALL_SCENARIOS),
            item=pl.when(of_all).then(system).otherwise(system.replace_strict(SPF_ITEMS)),
            parameter=pl.when(of_all).then(pl.lit(HOURLY_SPF)).otherwise("dwelling_type"),
            year=pl.lit(0),
            value="spf",
            unit=pl.lit("1"),
            price_base=pl.lit("none"),
            status=pl.lit("derived"),
            source=pl.format(
                "heat over electricity by the hour (heat_pump_cop), load of {} homes in {} weather",
                "dwelling_type",
                "period",
            ),
        )
    )


def source_of_networks(heat_kwh: Floats, outdoor_c: Floats) -> dict[str, float]:
    r"""Return the mean temperatures of outdoor air as the source of a network's heat pump [degC].

    .. math:: T_{heat} = \sum_h Q_h T_h / \sum_h Q_h, \quad T_{loss} = \overline{T_h}

    They give the SPF that follows from every hour's COP (`heat_pumps.lorenz_cop`), for any temperature of the network's
    water: the first for the heat of homes, the second for the loss of pipes.

    Parameters
    ----------
    heat_kwh, outdoor_c
        Heat that homes take in each hour [kWh], and the outdoor air [degC], NaN where it is not known; shape (hours,).

    """
    known = np.isfinite(outdoor_c)
    air_c, heat = outdoor_c[known], heat_kwh[known]
    return {"source_c_of_heat": float(heat @ air_c / heat.sum()), "source_c_of_loss": float(air_c.mean())}


def reference_source_rows(figures: ScenarioFigures, normal: NormalWeather) -> pl.DataFrame:
    """Return the source of networks' heat pumps with the reference load, as rows of `ASSUMPTION`."""
    load = reference_load(figures, normal)
    found = source_of_networks(load.space_kwh + load.hot_water_kwh, load.outdoor_c)
    source = "outdoor air of normal weather, weighed by the heat of the reference load, or by all hours alike"
    return _derived_rows(NETWORK_SOURCE, found, unit="degC", source=source)


def cooking_row(uses: EndUses) -> pl.DataFrame:
    """Return the gas for cooking of a home of the mean number of occupants, as a row of `ASSUMPTION`."""
    source = (
        "BREDEM 2012, table 5, gas hob with electric oven, at the mean number of occupants of homes with gas (gas_cooking, "
        "occupants); range 0 (no gas hob) to 700 (a gas oven too)"
    )
    gas_kwh = {"gas_kwh_per_year": round(uses.cooking_kwh_per_year(REFERENCE[0]), 1)}
    return _derived_rows(COOKING, gas_kwh, unit="kWh/yr", source=source)


def _derived_rows(item: str, figures: Mapping[str, float], *, unit: str, source: str) -> pl.DataFrame:
    return ASSUMPTION.conform(
        pl.DataFrame({"parameter": list(figures), "value": list(figures.values())}).with_columns(
            scenario=pl.lit(ALL_SCENARIOS),
            item=pl.lit(item),
            year=pl.lit(0),
            unit=pl.lit(unit),
            price_base=pl.lit("none"),
            status=pl.lit("derived"),
            source=pl.lit(source),
        )
    )


def _hot_water_shape(effective_c: Floats, normal: NormalWeather) -> Floats:
    uses = normal.end_uses
    shape: Floats = np.maximum(uses.hot_water_at_0_c + uses.hot_water_per_k * effective_c, 0)
    return shape


def _rows_of(
    key: tuple[Any, ...], load: HourlyLoad, figures: ScenarioFigures, loads: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return the rows of one dwelling type and period, by source and load."""
    sink = figures.record(HeatPumpSink, "heat_pump_sink")
    ground = figures.record(GroundSource, "ground_source")
    rows = []
    for name in loads:
        hours = (load.smoothed() if name == SMOOTHED else load).where_known()
        if not len(hours.outdoor_c):
            continue
        flow_c = flow_temperature(hours.outdoor_c, sink)
        under_ground = ground_temperature(hours.hour_start_utc, hours.outdoor_c, ground)
        taken_from = {"air": hours.outdoor_c, "ground": under_ground - ground.brine_below_ground_k}
        for source, source_c in taken_from.items():
            curve = figures.record(CopCurve, f"heat_pump_cop_{source}")
            space, water = cop_of_lift(flow_c - source_c, curve), cop_of_lift(sink.hot_water_c - source_c, curve)
            trials = figures.items(f"field_trial_{source}").values()
            rows.append(
                {
                    "dwelling_type": key[0],
                    "period": key[1],
                    "source": source,
                    "load": name,
                    "spf_space": _spf(hours.space_kwh, space),
                    "spf_hot_water": _spf(hours.hot_water_kwh, water),
                    "spf": _spf(np.concatenate([hours.space_kwh, hours.hot_water_kwh]), np.concatenate([space, water])),
                    "cop_coldest_hour": float(space[hours.outdoor_c.argmin()]),
                    "field_low": min(trials, default=None),
                    "field_high": max(trials, default=None),
                }
            )
    return rows


def _spf(heat_kwh: Floats, cop: Floats) -> float:
    """Return heat over electricity; hours count alike where there is no heat, or too little to divide."""
    weight = heat_kwh if heat_kwh.sum() > LEAST_HEAT_KWH else np.ones_like(heat_kwh)
    return float(weight.sum() / (weight / cop).sum())


def _conform(rows: list[dict[str, Any]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=SEASONAL_PERFORMANCE.schema, orient="row")
    return SEASONAL_PERFORMANCE.conform(frame).sort(SEASONAL_PERFORMANCE.key)
