"""Assumptions that a run measured instead: the load of all homes, their diversity, and the SPF of heat pumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from transforms.heat.profiles import MIN_HOMES_OF_A_TYPE
from transforms.lcoh.assumptions.parameters import HIGHEST_HOURS, LOAD_DAYS, NETWORK_SOURCE, SPF_ITEMS
from transforms.lcoh.assumptions.scenarios import ALL_SCENARIOS
from transforms.lcoh.model.load_shape import LoadShape
from transforms.lcoh.model.performance import source_of_networks, spf_rows
from transforms.lcoh.model.systems import KWH_PER_MWH
from transforms.tables.cost import ASSUMPTION

ALL_HOMES: Final = "all"
ONE, SOME = 1, 20  # numbers of homes whose peaks give the exponent
HOURLY: Final = 60  # minutes
DIGITS: Final = 3  # as of all published figures that rest on homes
SPF_DIGITS: Final = 4  # SPF follows from the mean profile, published in full; dwelling types differ by less than 1 %


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatOfHomes:
    """Tables of the heat of a run's homes, with rows of any periods."""

    profile: pl.DataFrame
    """`HEAT_PROFILE`."""
    demand: pl.DataFrame
    """`HEAT_DEMAND_ANNUAL`."""
    weather_fit: pl.DataFrame
    """`WEATHER_FIT`."""
    diversity: pl.DataFrame
    """`DIVERSITY`."""
    curve: pl.DataFrame
    """`DIVERSITY_CURVE`."""
    seasonal: pl.DataFrame
    """`SEASONAL_PERFORMANCE`."""


def measured_rows(heat: HeatOfHomes, *, period: str, origin: str | None = None) -> pl.DataFrame:
    """Return the assumptions that the homes of a period measured, in place of derived ones (`ASSUMPTION`).

    Below ten homes there are none. A quantity without enough hours, weather or complete cold days is left out. Values
    are rounded to three digits, SPF to four.

    Parameters
    ----------
    heat
        Tables of the heat of the homes.
    period
        The study period.
    origin
        Program that made the homes up, None for real homes; the sources of the values name it.

    """
    homes = _one(heat.demand, period)
    if homes is None or homes["households"] < MIN_HOMES_OF_A_TYPE:
        return ASSUMPTION.empty()
    figures = (
        _load_by_day(heat.profile, period)
        | _weather(_one(heat.weather_fit, period), homes)
        | _diversity(_hourly(heat.diversity, period), _hourly(heat.curve, period))
        | _source_of_networks(heat.profile, period)
    )
    rows = [
        _row(item, parameter, value, unit, _source(period, origin))
        for (item, parameter), (value, unit) in figures.items()
    ]
    performance = spf_rows(
        heat.seasonal.join(_of_ten_homes(heat.demand), on=["dwelling_type", "period"], how="semi"), period=period
    )
    of_homes = pl.DataFrame(rows, schema=ASSUMPTION.schema).with_columns(
        pl.when(pl.col("parameter") == "days_per_year").then("value").otherwise(pl.col("value").round_sig_figs(DIGITS))
    )
    return pl.concat([of_homes, performance.with_columns(pl.col("value").round_sig_figs(SPF_DIGITS))])


def replace_rows(assumptions: pl.DataFrame, measured: pl.DataFrame) -> pl.DataFrame:
    """Return the assumptions with measured rows in place of rows with the same key."""
    rest = assumptions.join(measured, on=ASSUMPTION.key, how="anti", maintain_order="left")
    return pl.concat([rest, measured])


def without_types(assumptions: pl.DataFrame) -> pl.DataFrame:
    """Return the assumptions without the values of single dwelling types, which only a run knows."""
    return assumptions.filter(~pl.col("item").is_in(list(SPF_ITEMS.values())))


def _of_ten_homes(demand: pl.DataFrame) -> pl.DataFrame:
    return demand.filter(pl.col("households") >= MIN_HOMES_OF_A_TYPE)


def _load_by_day(profile: pl.DataFrame, period: str) -> dict[tuple[str, str], tuple[float, str]]:
    hours = profile.filter(pl.col("dwelling_type") == ALL_HOMES, pl.col("period") == period).sort("hour_start_utc")
    day = pl.col("hour_start_utc").dt.date()
    whole = hours.filter(pl.len().over(day) == len(HIGHEST_HOURS))["heat_kwh_mean"].to_numpy()
    if len(whole) < len(LOAD_DAYS) * len(HIGHEST_HOURS) or whole.sum() == 0:
        return {}
    shape = LoadShape.from_hours(whole)
    groups = zip(LOAD_DAYS, shape.days, shape.load, strict=True)
    return {
        (name, parameter): (float(value), unit)
        for name, days, load in groups
        for parameter, value, unit in [
            ("days_per_year", days, "d/yr"),
            *((rank, hour, "1") for rank, hour in zip(HIGHEST_HOURS, load, strict=True)),
        ]
    }


def _source_of_networks(profile: pl.DataFrame, period: str) -> dict[tuple[str, str], tuple[float, str]]:
    hours = profile.filter(pl.col("dwelling_type") == ALL_HOMES, pl.col("period") == period).sort("hour_start_utc")
    known = hours.drop_nulls(["temperature_c", "heat_kwh_mean"])
    if known.is_empty() or known["heat_kwh_mean"].sum() == 0:
        return {}
    found = source_of_networks(known["heat_kwh_mean"].to_numpy(), known["temperature_c"].to_numpy())
    return {(NETWORK_SOURCE, name): (value, "degC") for name, value in found.items()}


def _weather(fit: dict[str, Any] | None, homes: dict[str, Any]) -> dict[tuple[str, str], tuple[float, str]]:
    """Return the heat loss and the design peak over the heat for which systems are costed, in normal weather if known.

    The homes decide the load of a cold day and the peak of a design winter; the weather of the measured year does not.
    So each ratio has the heat as its denominator by which it is multiplied later.
    """
    found: dict[tuple[str, str], tuple[float, str]] = {
        ("load", "profile_homes"): (float(round(homes["households"], -1)), "homes")
    }
    measured_kwh = homes["heat_kwh_mean"]
    if fit is None or not measured_kwh:
        return found
    costed_kwh = homes["heat_kwh_weather_normal"] or measured_kwh
    if fit["design_peak_hour_heat_kwh"] and homes["peak_hour_heat_kwh"]:
        ratio = fit["design_peak_hour_heat_kwh"] / homes["peak_hour_heat_kwh"]
        found["load", "design_over_year_peak"] = (ratio * measured_kwh / costed_kwh, "1")
    if fit["heat_loss_w_per_k"]:
        loss = fit["heat_loss_w_per_k"] / costed_kwh * KWH_PER_MWH
        found["load", "heat_loss_w_per_k_per_mwh"] = (loss, "W/K/MWh")
    return found


def _diversity(diversity: pl.DataFrame, curve: pl.DataFrame) -> dict[tuple[str, str], tuple[float, str]]:
    """Return f and b of the diversity factor f + (1 - f) n^-b through the peaks of one, of 20 and of very many homes."""
    median = dict(diversity.select("dwellings", "peak_kw_p50").iter_rows())
    if curve.is_empty() or ONE not in median or SOME not in median:
        return {}
    settled = float(curve["limit_kw"][0] / median[ONE])
    rest = (median[SOME] / median[ONE] - settled) / (1 - settled) if settled < 1 else 0.0
    if not 0 < rest < 1:
        return {}
    return {
        ("load", "diversity_settled_share"): (settled, "1"),
        ("load", "diversity_exponent"): (float(-np.log(rest) / np.log(SOME)), "1"),
    }


def _one(frame: pl.DataFrame, period: str) -> dict[str, Any] | None:
    rows = frame.filter(pl.col("dwelling_type") == ALL_HOMES, pl.col("period") == period)
    return None if rows.is_empty() else rows.row(0, named=True)


def _hourly(frame: pl.DataFrame, period: str) -> pl.DataFrame:
    return frame.filter(
        pl.col("dwelling_type") == ALL_HOMES, pl.col("period") == period, pl.col("interval_minutes") == HOURLY
    )


def _row(item: str, parameter: str, value: float, unit: str, source: str) -> dict[str, Any]:
    return {
        "scenario": ALL_SCENARIOS,
        "item": item,
        "parameter": parameter,
        "year": 0,
        "value": value,
        "unit": unit,
        "price_base": "none",
        "status": "derived",
        "source": source,
    }


def _source(period: str, origin: str | None) -> str:
    """Return the source of a run's values; those of made-up homes are not called measured."""
    return (
        f"measured: all homes of this run in {period}"
        if origin is None
        else f"made up ({origin}): all homes in {period}"
    )
