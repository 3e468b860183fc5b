"""Normal weather: its days, its design day, and the end uses of gas in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.climate.temperature import effective_temperature
from transforms.climate.weather_fit import FitRules, TwoLines

Floats = NDArray[np.float64]
NORMAL_YEARS = 20
NEWEST = "newest"
NormalYears = Literal["1991-2010", "newest"]
DAYS_PER_YEAR = 365.25  # mean over the twenty years of normal weather, leap years included
EULER = 0.5772156649015329  # Euler's constant, in the mean of a Gumbel distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class EndUses:
    """Uses of gas beside space heating."""

    cooking_base_kwh_per_year: float
    cooking_per_person_kwh_per_year: float
    occupants: Mapping[str, float]  # by dwelling type; `all` stands for types that are not named
    hot_water_at_0_c: float  # hot water at an effective temperature of 0 degC, in relative units
    hot_water_per_k: float  # its change for each kelvin, in the same units
    days_without_heating_per_year: float

    def cooking_kwh_per_year(self, dwelling_type: str) -> float:
        """Return the gas for cooking of a home [kWh/yr] by its occupants (BREDEM 2012, table 5)."""
        people = self.occupants.get(dwelling_type, self.occupants["all"])
        return self.cooking_base_kwh_per_year + self.cooking_per_person_kwh_per_year * people


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalWeather:
    """The days of normal weather, and the rules by which demand is corrected to them."""

    daily: pl.DataFrame  # date, temperature_mean_c
    figures: pl.DataFrame  # rows of `ASSUMPTION`
    label: str
    effective_c: Floats  # effective temperature of all days, shape (days,) [degC]
    years: float
    design_c: float  # effective temperature of the design day
    coldest_days: int
    rules: FitRules
    end_uses: EndUses

    @classmethod
    def from_tables(cls, read: Callable[[str], pl.DataFrame], *, years: NormalYears = "1991-2010") -> NormalWeather:
        """Return normal weather from the shipped tables; `read` returns a table by its name.

        `years` are the twenty years that end with the trial, or the newest twenty whole years, which are warmer.
        """
        daily = read("temperature_normal").select("date", "temperature_mean_c")
        if years == NEWEST:
            daily = _newest_years(daily, read("temperature_daily").select("date", "temperature_mean_c"))
        figures = read("weather")
        value: dict[str, dict[str, float]] = {}
        for item, parameter, number in figures.select(
            "item", "parameter", pl.col("value").cast(pl.Float64)
        ).iter_rows():
            value.setdefault(item, {})[parameter] = number
        effective = effective_temperature(daily)
        cooking, water, design = value["gas_cooking"], value["hot_water"], value["design_day"]
        first, last = (int(year) for year in daily.select(pl.col("date").dt.year().unique().sort())["date"][[0, -1]])
        return cls(
            daily=daily,
            figures=figures,
            label=f"{first} to {last}, HadCET (Central England)",
            effective_c=effective["temperature_effective_c"].to_numpy(),
            years=len(effective) / DAYS_PER_YEAR,
            design_c=design_temperature(effective, return_period_years=design["return_period_years"]),
            coldest_days=int(design["coldest_days"]),
            rules=FitRules(**value["weather_fit"]),
            end_uses=EndUses(
                cooking_base_kwh_per_year=cooking["base_kwh_per_year"],
                cooking_per_person_kwh_per_year=cooking["per_person_kwh_per_year"],
                occupants=value["occupants"],
                hot_water_at_0_c=water["shape_at_0_c"],
                hot_water_per_k=water["shape_per_k"],
                days_without_heating_per_year=water["days_without_heating_per_year"],
            ),
        )

    def effective_by_day(self) -> pl.DataFrame:
        """Return the mean effective temperature of each day of the year: `month`, `day`, `temperature_effective_c` [degC]."""
        effective = effective_temperature(self.daily)
        days = effective.group_by(month=pl.col("date").dt.month(), day=pl.col("date").dt.day())
        return days.agg(pl.col("temperature_effective_c").sort().mean()).sort("month", "day")

    def gas_of_year(self, lines: TwoLines) -> Floats:
        """Return the gas on fitted lines in a year of normal weather [kWh/yr], shape (rows,)."""
        return lines.sum_over(self.effective_c) / self.years


def _newest_years(normal: pl.DataFrame, built_in: pl.DataFrame) -> pl.DataFrame:
    """Return the days of the newest twenty whole years in the two tables together."""
    days = pl.concat([normal, built_in]).unique("date", keep="first").sort("date")
    year = pl.col("date").dt.year()
    ends_in_december = (pl.col("date").dt.ordinal_day().max() == pl.date(year, 12, 31).dt.ordinal_day().max()).over(
        year
    )
    last = days.filter(ends_in_december).select(year.max()).item()
    return days.filter(year.is_between(last - NORMAL_YEARS, last, closed="right"))


def design_temperature(effective: pl.DataFrame, *, return_period_years: float) -> float:
    r"""Return the effective temperature of the coldest day that returns once in R years [degC].

    The yearly minima :math:`m` follow a Gumbel distribution: with :math:`x = -m`, L-moments
    :math:`\lambda_1, \lambda_2`, scale :math:`\beta = \lambda_2 / \ln 2` and mode
    :math:`\mu = \lambda_1 - 0.5772\,\beta`, the level is :math:`-(\mu - \beta \ln(-\ln(1 - 1/R)))` (Hosking 1990,
    J. R. Stat. Soc. B 52). British gas networks are built for the 1-in-20 peak day, which also follows from a Gumbel
    distribution of yearly peaks (National Grid, Gas Demand Forecasting Methodology, 2016). Where demand is a straight line
    of temperature, its peak falls on the coldest day.

    Parameters
    ----------
    effective
        `date`, `temperature_effective_c` [degC].
    return_period_years
        :math:`R` [yr].

    """
    minima = effective.group_by(pl.col("date").dt.year()).agg(pl.col("temperature_effective_c").min())
    cold = np.sort(-minima["temperature_effective_c"].to_numpy())
    n = len(cold)
    mean = cold.mean()
    second = 2 * (np.arange(n) * cold).sum() / (n * (n - 1)) - mean
    scale = second / np.log(2)
    return float(-(mean - EULER * scale - scale * np.log(-np.log(1 - 1 / return_period_years))))


def split_end_uses(
    lines: TwoLines, normal: NormalWeather, *, dwelling_type: str, gas_kwh_per_year: float
) -> dict[str, float]:
    r"""Split the gas of a home in normal weather into hot water, cooking and space heating [kWh/yr].

    Cooking :math:`c` is the published value, the same every day. Nobody heats on the warmest days of a year, so gas on these
    days is cooking and hot water. Hot water rises towards winter, when mains water is cold, by the law of Watson et al.
    (2019) whose shape is :math:`w(T) = 1.8248 - 0.0458\,T`:
    :math:`Q_w = N\,\overline{w}\,(\overline{G}_{warm} - c) / \overline{w}_{warm}`, with the :math:`N` days of a year, and
    means over all days and over the warmest. Space heating is the rest. The warmer line alone would not do: above the
    balance temperature gas falls faster than hot water does, since some homes still heat there.

    Parameters
    ----------
    lines
        One row of fitted lines.
    normal
        Normal weather, and the values of end uses.
    dwelling_type
        Dwelling type, which decides the number of occupants.
    gas_kwh_per_year
        Gas in normal weather [kWh/yr].

    """
    uses = normal.end_uses
    days = round(uses.days_without_heating_per_year * normal.years)
    warmest = np.sort(normal.effective_c)[-days:]
    cooking = min(uses.cooking_kwh_per_year(dwelling_type), gas_kwh_per_year)
    left = max(float(lines.gas_at(warmest).mean()) - cooking / DAYS_PER_YEAR, 0.0)
    mean, mean_warm = (
        np.maximum(uses.hot_water_at_0_c + uses.hot_water_per_k * days_c, 0).mean()
        for days_c in (normal.effective_c, warmest)
    )
    hot_water = min(DAYS_PER_YEAR * left * float(mean / mean_warm), gas_kwh_per_year - cooking)
    return {
        "hot_water_gas_kwh_per_year": hot_water,
        "cooking_gas_kwh_per_year": cooking,
        "space_gas_kwh_per_year": gas_kwh_per_year - hot_water - cooking,
    }
