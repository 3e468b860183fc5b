"""The hourly load of a mix of homes, in a form that planning tools for networks read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from transforms.climate.weather_normal import NormalWeather
from transforms.electric.electricity import cop_of_hours
from transforms.lcoh.assumptions.scenarios import ScenarioFigures
from transforms.lcoh.model.performance import split_load

START: Final = "hour_start_utc"
HOURS_OF_A_YEAR: Final = (8760, 8784)  # of 365 and of 366 days
COLUMNS: Final[dict[str, str]] = {
    START: "start of the hour (UTC)",
    "outdoor_c": "outdoor temperature [degC]",
    "heat_kwh": "heat of all homes [kWh/h, which is kW]",
    "space_heat_kwh": "part of it that heats rooms [kWh/h]",
    "hot_water_kwh": "part of it that heats water, cooking included [kWh/h]",
    "heat_pump_electricity_kwh": "electricity of air source heat pumps for it [kWh/h]",
}


class ExportError(ValueError):
    """The load that was asked for cannot be exported; the message says why."""


def hourly_load(
    homes: Mapping[str, float],
    profile: pl.DataFrame,
    weather_fit: pl.DataFrame,
    figures: ScenarioFigures,
    normal: NormalWeather,
) -> pl.DataFrame:
    r"""Return the load of a mix of homes in each hour of a year, with the columns `COLUMNS`.

    .. math:: Q_h = \sum_k n_k q_{kh}, \quad E_h = \sum_k n_k q_{kh} / COP_{kh}

    The hours are means of many homes. Few homes peak higher (table `diversity`), each in other hours.

    Parameters
    ----------
    homes
        Number n of homes by dwelling type.
    profile, weather_fit
        Rows of `HEAT_PROFILE` and `WEATHER_FIT` of one period.
    figures, normal
        COP curve, and the normal weather that splits hot water from space heat.

    Raises
    ------
    ExportError
        If a dwelling type is not published, lacks hours of the year, has other hours than the first type, or its hot
        water is not known.

    """
    by_type = {name: _hours_of_year(name, profile) for name in homes}
    name, first = next(iter(by_type.items()))
    if odd := [other for other, hours in by_type.items() if not hours[START].equals(first[START])]:
        message = f"{name} and {odd[0]} are published for different hours: export them one by one"
        raise ExportError(message)
    parts = [count * _load_of_home(name, by_type[name], weather_fit, figures, normal) for name, count in homes.items()]
    heat, water, electricity = np.sum(parts, axis=0)
    return pl.DataFrame(
        {
            START: first[START],
            "outdoor_c": first["temperature_c"],
            "heat_kwh": heat,
            "space_heat_kwh": heat - water,
            "hot_water_kwh": water,
            "heat_pump_electricity_kwh": electricity,
        }
    )


def _hours_of_year(name: str, profile: pl.DataFrame) -> pl.DataFrame:
    """Return the hours of a type in order; they must be a whole year without a gap."""
    hours = profile.filter(dwelling_type=name).sort(START)
    has_gap = hours.height > 0 and hours[START][-1] - hours[START][0] != dt.timedelta(hours=hours.height - 1)
    if hours.height not in HOURS_OF_A_YEAR or has_gap:
        known = ", ".join(profile["dwelling_type"].unique().sort()) or "none"
        published = f"{hours.height} hours are published" + (", with a gap among them," if has_gap else "")
        message = f"{name}: {published} and a year has {HOURS_OF_A_YEAR[0]}; there are {known}"
        raise ExportError(message)
    return hours


def _load_of_home(
    name: str, hours: pl.DataFrame, weather_fit: pl.DataFrame, figures: ScenarioFigures, normal: NormalWeather
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return heat, hot water and electricity of one home of a type, 3 x hours [kWh]."""
    fit = weather_fit.filter(dwelling_type=name)
    if fit.is_empty() or fit["hot_water_gas_kwh_per_year"][0] is None or hours["temperature_c"].null_count():
        message = f"{name}: hot water or temperatures are not known; deliver temperatures of the whole year"
        raise ExportError(message)
    load = split_load(hours, fit.row(0, named=True), figures, normal)
    heat = load.space_kwh + load.hot_water_kwh
    share = np.divide(load.hot_water_kwh, heat, out=np.zeros_like(heat), where=heat > 0)
    return np.stack([heat, load.hot_water_kwh, heat / cop_of_hours(load.outdoor_c, share, figures)])
