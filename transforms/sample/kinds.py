"""Unusual homes with sound meters: they only cook, only heat, stand empty, or keep a pilot light."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.climate.gas_law import GasLaw
from transforms.climate.half_hour_shapes import HALF_HOURS, half_hour_starts
from transforms.climate.local_time import LONDON

GAS_BOILER, ELECTRIC = "gas_boiler", "electric"
DAYS_PER_WEEK, DAYS_PER_YEAR = 7, 365  # of 2009, the year of the published levels
Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class CookingOnly:
    """Homes that use gas around meals, in any weather."""

    homes_share: float
    low_kwh_per_day: float
    high_kwh_per_day: float
    declared_electric_share: float  # share of these homes that declare electric heating; the others declare none [1]
    breakfast_h: float
    breakfast_share: float
    lunch_h: float
    lunch_share: float
    dinner_h: float
    dinner_share: float
    meal_sd_h: float

    def shares_of_day(self) -> Floats:
        """Return the 48 shares of a local day's gas [1]: a bell around each meal."""
        middle = (np.arange(HALF_HOURS) + 0.5) / 2
        meals = (
            (self.breakfast_h, self.breakfast_share),
            (self.lunch_h, self.lunch_share),
            (self.dinner_h, self.dinner_share),
        )
        bells = [np.exp(-(((middle - hour) / self.meal_sd_h) ** 2) / 2) for hour, _ in meals]
        day = np.sum([share * bell / bell.sum() for (_, share), bell in zip(meals, bells, strict=True)], axis=0)
        shares: Floats = day / day.sum()
        return shares


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatingOnly:
    """Homes whose boiler only heats rooms, and is off in summer."""

    homes_share: float
    first_month_off: float
    last_month_off: float
    cold_c: float
    fortnight_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacant:
    """Homes that stand empty for some weeks, kept above frost."""

    homes_share: float
    low_weeks: float
    high_weeks: float
    low_level: float
    high_level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """Homes that use no gas for some days."""

    homes_share: float
    low_days: float
    high_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotLight:
    """Homes with a small flame that never goes out."""

    homes_share: float
    low_kwh: float
    high_kwh: float


@dataclass(frozen=True, slots=True)
class HomeKinds:
    """Kinds of homes, each with its share and its properties; all other homes are `heated`."""

    cooking_only: CookingOnly
    heating_only: HeatingOnly
    vacant: Vacant
    holiday: Holiday
    pilot_light: PilotLight

    @classmethod
    def from_values(cls, values: Mapping[str, Mapping[str, float]]) -> HomeKinds:
        """Return the kinds of the shipped table `sample_home_kind`, given by item and parameter."""
        return cls(
            cooking_only=CookingOnly(**values["cooking_only"]),
            heating_only=HeatingOnly(**values["heating_only"]),
            vacant=Vacant(**values["vacant"]),
            holiday=Holiday(**values["holiday"]),
            pilot_light=PilotLight(**values["pilot_light"]),
        )

    @property
    def homes_share(self) -> dict[str, float]:
        """Share of each kind in all homes [1]."""
        return {name: getattr(self, name).homes_share for name in KINDS[1:]}


KINDS = ("heated", "cooking_only", "heating_only", "vacant", "holiday", "pilot_light")


def draw_kinds(homes: pl.DataFrame, kinds: HomeKinds, *, half_hours: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw the kind of each home, independent of its type and level.

    Every kind occurs, in the order of `KINDS`, as long as half of the homes stay heated and the span can hold the
    shortest absence twice.

    Parameters
    ----------
    homes
        `household_id`, `dwelling_type`, `gas_kwh_2009` [kWh/yr], one row per home.
    kinds
        Kinds of homes with their shares.
    half_hours
        True half-hours per home; absences lie within them.
    rng
        Source of randomness.

    Returns
    -------
    pl.DataFrame
        `homes`, in which homes that only cook have a level of their own, with `kind`, `heating_system` (as declared,
        may be null), `away_first` and `away_count` (half-hours of the span, 0 where nobody is away), `away_level`
        (share of the usual gas while away) [1], `pilot_kwh` per half-hour [kWh].

    """
    n = len(homes)
    days = half_hours // HALF_HOURS
    order = rng.permutation(n)
    kind = np.zeros(n, dtype=np.intp)
    taken = 0
    for code, (name, share) in enumerate(kinds.homes_share.items(), start=1):
        shortest = {"vacant": kinds.vacant.low_weeks * DAYS_PER_WEEK, "holiday": kinds.holiday.low_days}.get(name, 0)
        count = min(max(1, round(share * n)), n // 2 - taken) if days >= 2 * shortest else 0
        kind[order[taken : taken + count]] = code
        taken += count
    is_kind = {name: kind == code for code, name in enumerate(KINDS)}
    # every value is drawn for every home, so that the values of one kind do not depend on the share of another
    cooking, declared, level, length, start, pilot = rng.random((6, n))
    gas = homes["gas_kwh_2009"].to_numpy()
    electric = is_kind["cooking_only"] & (
        _rank(declared, is_kind["cooking_only"]) < kinds.cooking_only.declared_electric_share
    )
    away_days = np.where(
        is_kind["vacant"],
        _between(kinds.vacant.low_weeks, kinds.vacant.high_weeks, length) * DAYS_PER_WEEK,
        _between(kinds.holiday.low_days, kinds.holiday.high_days, length),
    )
    away_days = np.minimum(np.round(away_days), days // 2).astype(np.int64) * (is_kind["vacant"] | is_kind["holiday"])
    return homes.with_columns(
        gas_kwh_2009=pl.Series(
            np.where(
                is_kind["cooking_only"],
                _between(kinds.cooking_only.low_kwh_per_day, kinds.cooking_only.high_kwh_per_day, cooking)
                * DAYS_PER_YEAR,
                gas,
            )
        ),
        kind=pl.Series([KINDS[code] for code in kind]),
        heating_system=pl.Series(
            [
                ELECTRIC if e else None if c else GAS_BOILER
                for e, c in zip(electric, is_kind["cooking_only"], strict=True)
            ],
            dtype=pl.String,
        ),
        away_first=pl.Series(np.floor(start * (days - away_days + 1)).astype(np.int64) * HALF_HOURS),
        away_count=pl.Series(away_days * HALF_HOURS),
        away_level=pl.Series(
            np.where(is_kind["vacant"], _between(kinds.vacant.low_level, kinds.vacant.high_level, level), 0.0)
        ),
        pilot_kwh=pl.Series(
            np.where(
                is_kind["pilot_light"], _between(kinds.pilot_light.low_kwh, kinds.pilot_light.high_kwh, pilot), 0.0
            )
        ),
    )


def _between(low: float, high: float, uniform: Floats) -> Floats:
    return low + (high - low) * uniform


def _rank(values: Floats, among: NDArray[np.bool_]) -> Floats:
    """Return the rank of each value among some, from 0 to below 1."""
    below = (values[:, None] > values[None, among]).sum(axis=1)
    return np.asarray(below / max(int(among.sum()), 1), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class YearOfKinds:
    """Shares of gas by which the kinds differ within one calendar year, by half-hour."""

    cooking_share: Floats32  # of the gas of a year of 365 days [1]
    heating_share: Floats32  # of a home's gas that heats rooms, 0 while the heating is off [1]

    @classmethod
    def of_year(cls, year: int, weather: pl.DataFrame, law: GasLaw, kinds: HomeKinds) -> YearOfKinds:
        """Return the shares of one calendar year.

        Parameters
        ----------
        year
            Calendar year, UTC.
        weather
            `date`, `temperature_mean_c`, `temperature_effective_c` [degC] of each day of the year and, if they are
            known, of the days after it.
        law
            Gas of a day by temperature; heating begins at its break.
        kinds
            Properties of homes that only cook, or only heat.

        """
        starts = half_hour_starts(dt.date(year, 1, 1), dt.date(year + 1, 1, 1))
        local = starts.dt.replace_time_zone("UTC").dt.convert_time_zone(LONDON)
        half_hour = local.dt.hour().to_numpy().astype(int) * 2 + local.dt.minute().to_numpy() // 30
        cooking = kinds.cooking_only.shares_of_day()[half_hour] / DAYS_PER_YEAR
        of_year = weather.sort("date").filter(pl.col("date").dt.year() == year)
        gas = law.gas_of_day(of_year["temperature_effective_c"].to_numpy())
        base = law.gas_of_day(np.array([np.nextafter(law.break_c, 0)]))[0]
        heating = np.clip(1 - base / np.maximum(gas, base), 0, 1) * ~_is_off(year, weather, kinds.heating_only)
        return cls(cooking.astype(np.float32), np.repeat(heating, HALF_HOURS).astype(np.float32))


def _is_off(year: int, weather: pl.DataFrame, rule: HeatingOnly) -> NDArray[np.bool_]:
    """Say for each day of a year whether the heating is off: in the months of summer, once cold fortnights are over."""
    length = int(rule.fortnight_days)
    days = weather.sort("date").select(
        "date",
        summer=pl.col("date").dt.month().is_between(int(rule.first_month_off), int(rule.last_month_off)),
        # of the days that begin here; the last days of the known years have no fortnight ahead
        ahead=pl.col("temperature_mean_c").rolling_mean(length).shift(1 - length),
    )
    days = days.filter(pl.col("date").dt.year() == year)
    first_half = pl.col("date").dt.month() < (rule.first_month_off + rule.last_month_off) / 2
    cold = days.filter(pl.col("summer") & first_half & (pl.col("ahead") < rule.cold_c))["date"].max()
    off = days["summer"] & (days["date"] > cold) if isinstance(cold, dt.date) else days["summer"]
    return off.to_numpy()


def shape_expected(
    expected_kwh: Floats32, annual_kwh: Floats32, homes: pl.DataFrame, of_year: YearOfKinds, *, skipped: int
) -> Floats32:
    """Return the expected gas of the homes of a block in each half-hour of a year, by the kind of each home [kWh].

    Parameters
    ----------
    expected_kwh
        Homes x half-hours of the year, of homes that heat and have hot water all year [kWh].
    annual_kwh
        The homes' gas in 2009 [kWh].
    homes
        Homes, as from `draw_kinds`.
    of_year
        Shares of the kinds in this year.
    skipped
        Half-hours from the start of the year to the start of the span; negative where the span began before.

    """
    shaped = expected_kwh.copy()
    cooking, heating = ((homes["kind"] == name).to_numpy() for name in ("cooking_only", "heating_only"))
    shaped[cooking] = annual_kwh[cooking, None] * of_year.cooking_share
    shaped[heating] *= of_year.heating_share
    away = homes.with_row_index("row").filter(pl.col("away_count") > 0)
    for row, first, count, level in away.select("row", "away_first", "away_count", "away_level").iter_rows():
        low, high = (int(np.clip(edge + skipped, 0, shaped.shape[1])) for edge in (first, first + count))
        shaped[row, low:high] *= np.float32(level)
    return shaped
