"""All tables of electric heating, from the means that a run measured or published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from transforms.climate.weather_normal import NormalWeather
from transforms.electric.hybrids import hybrid_rows, retrofit_rows
from transforms.electric.peaks import HOURLY, design_day, hourly_rows, peak_rows
from transforms.electric.rules import ElectricRules
from transforms.electric.tariffs import tariff_rows
from transforms.lcoh.assumptions.scenarios import scenario_figures
from transforms.lcoh.model.conventions import find_convention
from transforms.lcoh.model.performance import HOURS, HourlyLoad, split_load
from transforms.lcoh.model.systems import missing_series
from transforms.tables.electric import (
    ELECTRIC_TABLES,
    HEAT_PUMP_HOURLY,
    HEAT_PUMP_PEAK,
    HEAT_PUMP_TARIFF,
    HYBRID_HEAT_PUMP,
    RETROFIT,
)
from transforms.tables.schema import Table

LEAST_DAYS: Final = 360  # days with temperatures that a year must have to be costed; own choice


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMeans:
    """Means of dwelling types that a run measured or published."""

    profile: pl.DataFrame
    """Rows of `HEAT_PROFILE`."""
    demand: pl.DataFrame
    """Rows of `HEAT_DEMAND_ANNUAL`."""
    weather_fit: pl.DataFrame
    """Rows of `WEATHER_FIT`."""
    diversity: pl.DataFrame
    """Rows of `DIVERSITY`."""


def electric_tables(
    means: MeasuredMeans,
    assumptions: pl.DataFrame,
    rules: ElectricRules,
    normal: NormalWeather,
    *,
    priced_by: tuple[str, str],
) -> dict[Table, pl.DataFrame]:
    """Return every table of electric heating; `priced_by` names the scenario and the convention of the costs.

    A dwelling type and period without weather, or without a whole year, is left out.
    """
    scenario, convention = priced_by
    figures, by_convention = scenario_figures(assumptions, scenario), find_convention(convention)
    costed = by_convention.individual_sizing == "heat_loss" and not {"gas_boiler", "ashp"} & set(
        missing_series(figures, by_convention)
    )
    fits = {(row["dwelling_type"], row["period"]): row for row in means.weather_fit.iter_rows(named=True)}
    demands = {(row["dwelling_type"], row["period"]): row for row in means.demand.iter_rows(named=True)}
    hourly = means.diversity.filter(pl.col("interval_minutes") == HOURLY)
    found: dict[Table, list[pl.DataFrame]] = {table: [] for table in ELECTRIC_TABLES}
    for key, hours in means.profile.sort("hour_start_utc").group_by("dwelling_type", "period", maintain_order=True):
        group = {"dwelling_type": str(key[0]), "period": str(key[1])}
        at = (group["dwelling_type"], group["period"])
        fit, demand = fits.get(at), demands.get(at)
        if fit is None or demand is None or fit["hot_water_gas_kwh_per_year"] is None:
            continue
        load = split_load(hours, fit, figures, normal)
        day = design_day(load, fit, figures, peak_hour_kw=demand["peak_hour_heat_kwh"] or 0.0)
        if day is not None:
            of_type = hourly.filter(**group)
            if of_type.height:
                found[HEAT_PUMP_PEAK].append(peak_rows(day, of_type, figures, stores_kwh=rules.stores_kwh))
            found[HEAT_PUMP_HOURLY].append(hourly_rows(day, group, figures))
        even = _whole_year(load)
        if even is None or day is None:
            continue
        found[HEAT_PUMP_TARIFF].append(
            _with(
                group,
                tariff_rows(
                    even, figures, heat_pump_kw=day.heat_pump_kw, tariff=rules.tariff, stores_kwh=rules.stores_kwh
                ),
            )
        )
        if costed and demand["heat_kwh_mean"]:
            costed_group = {**group, "scenario": scenario, "convention": convention}
            kwh = float(demand["heat_kwh_weather_normal"] or demand["heat_kwh_mean"])
            hybrids = hybrid_rows(even, figures, by_convention, demand_kwh=kwh, shares=rules.hybrid_shares)
            found[HYBRID_HEAT_PUMP].append(_with(costed_group, hybrids))
            if space_share := _space_share(fit):  # without space heat, a retrofit saves nothing
                cut = retrofit_rows(
                    figures,
                    by_convention,
                    demand_kwh=kwh,
                    space_share=space_share,
                    dwelling_type=group["dwelling_type"],
                    cuts=rules.heat_loss_cuts,
                )
                found[RETROFIT].append(_with(costed_group, cut))
    return {
        table: pl.concat([table.empty(), *map(table.conform, frames)]).sort(table.key)
        for table, frames in found.items()
    }


def _with(key: Mapping[str, str], rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.lit(value).alias(name) for name, value in key.items())


def _whole_year(load: HourlyLoad) -> HourlyLoad | None:
    """Return the load of the hours with a temperature, smoothed over 24 hours; None unless the year is nearly whole."""
    known = load.smoothed().where_known()
    enough = len(known.outdoor_c) >= LEAST_DAYS * HOURS and (known.space_kwh + known.hot_water_kwh).sum() > 0
    return known if enough else None


def _space_share(fit: Mapping[str, Any]) -> float:
    parts = [float(fit[f"{use}_gas_kwh_per_year"] or 0.0) for use in ("space", "hot_water", "cooking")]
    return parts[0] / sum(parts) if sum(parts) > 0 else 0.0
