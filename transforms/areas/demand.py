"""The heat of one home of each dwelling type, with which areas are modelled: measured, or the paper's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.lcoh.assumptions.parameters import LOAD_DAYS
from transforms.lcoh.model.demands import MEASURED_WEATHER, NORMAL_WEATHER, CostWeather
from transforms.lcoh.model.load_shape import HOURS_PER_DAY, LoadShape
from transforms.tables.areas import AREA_HOME_DEMAND
from transforms.tables.cost_analysis import DIVERSITY
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE
from transforms.tables.weather import WEATHER_FIT
from transforms.tables.words import DWELLING_TYPES

Floats = NDArray[np.float64]

HOURLY: Final = 60  # minutes
ALL_HOMES: Final = "all"
MEASURED, PAPER = "measured", "paper"
ENOUGH: Final = (
    len(LOAD_DAYS) * HOURS_PER_DAY
)  # published hours that a load through the year needs, as in the assumptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Tables of measured homes, from which areas are modelled: those of a run, or those of a release."""

    demand: pl.DataFrame
    """`HEAT_DEMAND_ANNUAL`."""
    profile: pl.DataFrame
    """`HEAT_PROFILE`."""
    weather_fit: pl.DataFrame
    """`WEATHER_FIT`."""
    diversity: pl.DataFrame
    """`DIVERSITY`."""
    made_up: bool
    """Whether the homes are made up."""
    held: frozenset[str] = frozenset()
    """Dwelling types whose values are those of an earlier release."""
    cost_weather: CostWeather = NORMAL_WEATHER
    """Weather of the demand on which costs rest."""

    @classmethod
    def of_no_homes(cls) -> Means:
        """Return the tables without a row."""
        return cls(
            demand=HEAT_DEMAND_ANNUAL.empty(),
            profile=HEAT_PROFILE.empty(),
            weather_fit=WEATHER_FIT.empty(),
            diversity=DIVERSITY.empty(),
            made_up=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakOverMany:
    """The peak per home of n homes together, over the peak per home of very many homes; arrays of one shape (numbers,)."""

    homes: Floats
    """Numbers of homes n, ascending."""
    low: Floats
    """5 % quantile of draws [1]; NaN where no band is published."""
    middle: Floats
    """Median of draws [1]."""
    high: Floats
    """95 % quantile of draws [1]; NaN where no band is published."""

    def at(self, homes: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the quantiles at any numbers of homes [1], interpolated in the logarithm of the number."""
        at = np.log(np.maximum(homes, 1.0))
        known = np.log(self.homes)
        low, middle, high = (np.interp(at, known, values) for values in (self.low, self.middle, self.high))
        return low, middle, high


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeDemand:
    """The heat of a home of each dwelling type, in the order of `DWELLING_TYPES`."""

    basis: str
    period: str
    heat_kwh: Floats
    """Heat of a home [kWh/yr], shape (types,)."""
    half_width_kwh: tuple[Floats, Floats] | None
    """How far the 95 % interval reaches below and above it [kWh/yr], each of shape (types,); None without measured homes."""
    normal_kwh: Floats | None
    """Heat of a home in normal weather [kWh/yr], shape (types,); None where it is not known."""
    measured: NDArray[np.bool_]
    """Which types are measured and published, shape (types,)."""
    hours_kwh: Floats
    """Mean load of a home [kWh/h], shape (hours, types)."""
    peak: PeakOverMany
    design_over_year_peak: float
    """Highest hour of the winter for which plant is built, over the highest hour of the period [1]."""
    made_up: bool
    """Whether the homes are made up."""
    held: frozenset[str] = frozenset()
    """Dwelling types whose values are those of an earlier release."""
    hours_of: tuple[str | None, ...] = (None,) * len(DWELLING_TYPES)
    """The dwelling type, or `all`, whose published profile each type's hours follow; None: the load of the assumptions."""
    cost_weather: CostWeather = NORMAL_WEATHER
    """Weather of the demand on which costs rest."""

    def in_cost_weather(self) -> HomeDemand:
        """Return the demand that costs rest on: the heat of normal weather, where it is known, and the same design peak."""
        if self.normal_kwh is None or self.cost_weather == MEASURED_WEATHER:
            return self
        to_normal = self.normal_kwh / self.heat_kwh
        hours_kwh = self.hours_kwh * to_normal
        highest, carried = (hours.sum(axis=1).max() for hours in (self.hours_kwh, hours_kwh))
        return replace(
            self,
            heat_kwh=self.normal_kwh,
            hours_kwh=hours_kwh,
            design_over_year_peak=self.design_over_year_peak * float(highest / carried),
        )

    @property
    def types_held(self) -> str | None:
        """Names of the types that are held; None where none is."""
        return ", ".join(name for name in DWELLING_TYPES if name in self.held) or None

    @property
    def not_published(self) -> str | None:
        """Names of the types without a published measurement; None where every type has one."""
        names = [name for name, is_measured in zip(DWELLING_TYPES, self.measured, strict=True) if not is_measured]
        return ", ".join(names) or None


def paper_home_demand(demand: pl.DataFrame, shape: LoadShape) -> HomeDemand:
    """Return the paper's demands with the load of the assumptions, for a map without readings.

    Parameters
    ----------
    demand
        `dwelling_type`, `demand_kwh`, as `paper_demand` gives it.
    shape
        Load through the year and diversity.

    """
    by_type = dict(demand.select("dwelling_type", "demand_kwh").iter_rows())
    heat_kwh = np.array([float(by_type[name]) for name in DWELLING_TYPES])
    hours = np.concatenate(
        [np.tile(row, max(round(days), 1)) for row, days in zip(shape.load, shape.days, strict=True)]
    )
    # from one home to more than London has in an area; values between are interpolated
    homes = np.array([1.0, 2, 5, 10, 20, 50, 100, 500, 1000, 5000, 20_000, 100_000, 1_000_000])
    over_many = np.asarray(shape.peak_over_mean(homes)) / shape.load.max()
    return HomeDemand(
        basis=PAPER,
        period=PAPER,
        heat_kwh=heat_kwh,
        half_width_kwh=None,
        normal_kwh=None,
        measured=np.zeros(len(DWELLING_TYPES), dtype=bool),
        hours_kwh=(hours / hours.sum())[:, None] * heat_kwh,
        peak=PeakOverMany(homes=homes, low=over_many * np.nan, middle=over_many, high=over_many * np.nan),
        design_over_year_peak=shape.design_over_year_peak,
        made_up=False,
    )


def measured_home_demand(
    paper: HomeDemand,
    means: Means,
) -> HomeDemand | None:
    """Return the demands of the latest measured period, or None where no dwelling type has one.

    A type without a published demand takes the paper's, scaled by the ratio of measured to paper demand over the measured
    types. The result names such types. Their hours are those of all homes.

    Parameters
    ----------
    paper
        The paper's demands.
    means
        Measured tables of any periods.

    """
    demand, profile = means.demand, means.profile
    known = demand.filter(pl.col("heat_kwh_mean") > 0, pl.col("dwelling_type").is_in(DWELLING_TYPES))
    if known.is_empty():
        return None
    period = str(known["period"].max())
    rows = {row["dwelling_type"]: row for row in known.filter(pl.col("period") == period).iter_rows(named=True)}
    there = np.array([name in rows for name in DWELLING_TYPES])
    heat_kwh = _fill([rows.get(name, {}).get("heat_kwh_mean") for name in DWELLING_TYPES], paper.heat_kwh)
    low = _fill([rows.get(name, {}).get("heat_kwh_ci_low") for name in DWELLING_TYPES], heat_kwh)
    high = _fill([rows.get(name, {}).get("heat_kwh_ci_high") for name in DWELLING_TYPES], heat_kwh)
    normals = [rows.get(name, {}).get("heat_kwh_weather_normal") for name in DWELLING_TYPES]
    hours, hours_of = _hours(profile.filter(pl.col("period") == period), heat_kwh)
    return HomeDemand(
        basis=MEASURED,
        period=period,
        heat_kwh=heat_kwh,
        half_width_kwh=(np.maximum(heat_kwh - low, 0.0), np.maximum(high - heat_kwh, 0.0)),
        normal_kwh=None if all(value is None for value in normals) else _fill(normals, heat_kwh),
        measured=there,
        hours_kwh=paper.hours_kwh / paper.heat_kwh * heat_kwh if hours is None else hours,
        peak=_peak_over_many(means.diversity.filter(pl.col("period") == period)) or paper.peak,
        design_over_year_peak=_design(means.weather_fit, known, period) or paper.design_over_year_peak,
        made_up=means.made_up,
        held=means.held & frozenset(rows),
        cost_weather=means.cost_weather,
        hours_of=hours_of,
    )


def _fill(values: list[float | None], instead: Floats) -> Floats:
    """Return the values; a missing one is `instead`, scaled by the ratio of the two sums over the known ones."""
    known = np.array([value is not None for value in values])
    given = np.array([np.nan if value is None else value for value in values])
    ratio = given[known].sum() / instead[known].sum() if known.any() else 1.0
    return np.where(known, given, instead * ratio)


def _hours(profile: pl.DataFrame, heat_kwh: Floats) -> tuple[Floats | None, tuple[str | None, ...]]:
    """Return the hours of each type [kWh/h], scaled to its heat of a year, and the profile that each type follows.

    A type with too few published hours follows the profile of all homes. Where that is hidden, it follows the first type
    with enough hours. Otherwise a year's heat would fall into a few hours, and the peak would be one that no home has.
    """
    table = (
        profile.filter(pl.col("dwelling_type").is_in([*DWELLING_TYPES, ALL_HOMES]))
        .pivot(on="dwelling_type", index="hour_start_utc", values="heat_kwh_mean")
        .sort("hour_start_utc")
    )
    known = [name for name in (ALL_HOMES, *DWELLING_TYPES) if name in table.columns and table[name].count() >= ENOUGH]
    if not known:
        return None, (None,) * len(DWELLING_TYPES)
    hours_of = tuple(name if name in known else known[0] for name in DWELLING_TYPES)
    columns = [table[name].fill_null(0.0).to_numpy() for name in hours_of]
    return np.stack([own / own.sum() * kwh for own, kwh in zip(columns, heat_kwh, strict=True)], axis=1), hours_of


def list_home_demands(demands: list[HomeDemand]) -> pl.DataFrame:
    """Return the heat of a home of each type, and where it comes from (`AREA_HOME_DEMAND`)."""
    rows = [
        {
            "demand_basis": demand.basis,
            "period": demand.period,
            "dwelling_type": name,
            "heat_kwh": float(demand.heat_kwh[at]),
            "state": "held" if name in demand.held else "measured" if demand.measured[at] else "assumed",
            "hours_of": demand.hours_of[at],
        }
        for demand in demands
        for at, name in enumerate(DWELLING_TYPES)
    ]
    return pl.DataFrame(rows, schema=AREA_HOME_DEMAND.schema).sort(AREA_HOME_DEMAND.key)


def _peak_over_many(diversity: pl.DataFrame) -> PeakOverMany | None:
    rows = diversity.filter(pl.col("dwelling_type") == ALL_HOMES, pl.col("interval_minutes") == HOURLY).sort(
        "dwellings"
    )
    if rows.is_empty():
        return None
    settled = float(rows["peak_kw_p50"][-1])
    low, middle, high = (rows[name].to_numpy() / settled for name in ("peak_kw_p05", "peak_kw_p50", "peak_kw_p95"))
    return PeakOverMany(homes=rows["dwellings"].to_numpy().astype(float), low=low, middle=middle, high=high)


def _design(fit: pl.DataFrame, demand: pl.DataFrame, period: str) -> float | None:
    """Return the design peak over the peak of the period [1]: the mean over the types that have both, weighted by homes."""
    both = (
        fit.join(demand, on=["dwelling_type", "period"], suffix="_of_year")
        .filter(pl.col("period") == period, pl.col("design_peak_hour_heat_kwh") > 0, pl.col("peak_hour_heat_kwh") > 0)
        .sort("dwelling_type")  # a join has no order, and the last digits of a mean depend on it
    )
    if both.is_empty():
        return None
    ratio = (both["design_peak_hour_heat_kwh"] / both["peak_hour_heat_kwh"]).to_numpy()
    return float(np.average(ratio, weights=both["households_of_year"].to_numpy()))
