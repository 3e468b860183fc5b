"""How the gas of homes follows the weather of a period, and the demand of a year of normal weather."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtrit

from transforms.climate.weather_fit import TwoLines, fit_two_lines, slope_error
from transforms.climate.weather_normal import NormalWeather, split_end_uses
from transforms.heat.demand import WEATHER_NORMAL, Bootstrap, Drawn, draw_annual_heat, studentised_interval
from transforms.heat.periods import Period
from transforms.heat.profiles import MIN_HOMES_OF_A_TYPE
from transforms.tables.schema import Table
from transforms.tables.weather import HOUSEHOLD_WEATHER, WEATHER_DAY, WEATHER_FIT
from transforms.weather.weather_days import HOURS, PeriodWeather, mean_days, peak_shares

Floats = NDArray[np.float64]
WATTS_PER_KW = 1000
LEVEL = 0.95  # of the interval of a home's heat loss
LAG_DAYS = 14  # days further apart count as independent: cold spells and holidays last up to a fortnight
FITTED_VALUES = 4  # base, two slopes and the balance temperature


@dataclass(frozen=True, slots=True)
class Weather:
    """The tables of one period."""

    fit: pl.DataFrame  # rows of `WEATHER_FIT`
    day: pl.DataFrame  # rows of `WEATHER_DAY`
    household: pl.DataFrame  # rows of `HOUSEHOLD_WEATHER`


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Weather of a period and normal weather, and the heat that lies between them."""

    period: PeriodWeather
    normal: NormalWeather
    boiler_efficiency: float  # heat per gas [1]

    def added_heat_kwh(self, lines: TwoLines) -> Floats:
        r"""Return the heat that normal weather adds to the heat of the period, shape (rows of `lines`,) [kWh/yr].

        :math:`\Delta = \eta\,(G_n - G_p)` with the gas on the lines in a year of normal weather, and in the weather of the
        period. The difference is added to measured heat, so that heat which does not follow the weather stays as it is, and
        a leap day drops out. A ratio would scale that heat too.
        """
        gas_of_period = lines.gas_at(self.period.effective_c) @ self.period.days_stood_for
        difference: Floats = self.boiler_efficiency * (self.normal.gas_of_year(lines) - gas_of_period)
        return difference


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyGas:
    """Gas of the included homes on each day of a period."""

    period: Period
    homes: pl.DataFrame
    """`household_id`, `dwelling_type` of the included homes."""
    kwh: Floats
    """Homes in that order x days of the period [kWh/d], NaN where a day is not whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnHeat:
    """Annual heat with the homes drawn again and again, and how they are drawn."""

    by_type: Mapping[str, Drawn]
    """As from `demand.draw_annual_heat`."""
    weights: Mapping[str, float] | None
    """National shares for `stock` [1], where there are any."""
    bootstrap: Bootstrap

    @classmethod
    def draw(cls, annual: pl.DataFrame, *, weights: Mapping[str, float] | None, bootstrap: Bootstrap) -> DrawnHeat:
        """Draw the annual heat of homes."""
        by_type = draw_annual_heat(annual, weights=weights, bootstrap=bootstrap)
        return cls(by_type=by_type, weights=weights, bootstrap=bootstrap)


def describe_weather(
    gas: DailyGas, profile: pl.DataFrame, annual: pl.DataFrame, *, drawn: DrawnHeat, correction: Correction
) -> Weather:
    """Fit gas to the weather of a period, type by type and home by home, and correct demand to normal weather.

    A day of a type is the mean over its homes with all 24 hours, weighted by their number. So the lines are those of all
    home-days together, and a day on which most homes are missing cannot bend them. For the interval, homes are drawn with
    the weights of `demand.draw_annual_heat`; each draw has its own means, fit and correction.

    Parameters
    ----------
    gas
        Gas of the included homes, day by day.
    profile, annual
        Rows of `HEAT_PROFILE` and `HEAT_DEMAND_ANNUAL` of the period.
    drawn
        Annual heat of draws of the same homes.
    correction
        Weather of the period and normal weather.

    """
    weather, normal = correction.period, correction.normal
    known = gas.kwh[:, weather.positions]
    means = mean_days(known, gas.homes, weights=drawn.weights)
    replicates = mean_days(known, gas.homes, weights=drawn.weights, bootstrap=drawn.bootstrap)
    shares = peak_shares(profile, weather, coldest_days=normal.coldest_days, design_c=normal.design_c)
    fits, days = [], [WEATHER_DAY.empty().drop("period")]
    for row in annual.sort("dwelling_type").iter_rows(named=True):
        name = row["dwelling_type"]
        fit = {"dwelling_type": name, "households": row["households"], "days": 0, "note": row["note"]}
        if name in means:
            mean, homes = means[name]
            lines = fit_two_lines(weather.effective_c, mean, homes, normal.rules)
            fit |= _line_columns(lines, correction.boiler_efficiency, row=0)
            fit |= {"days": int((homes[0] > 0).sum())}
            fit["note"] = _note(weather, lines, homes=row["households"], days=fit["days"])
            days.append(_days_of_type(name, weather, mean[0], homes[0], lines))
            if weather.gap is None and np.isfinite(lines.base_kwh_per_day[0]):
                fit |= _normal_columns(row, lines, correction)
                fit |= _design_columns(lines, correction, shares.get(name))
                if row["households"] >= MIN_HOMES_OF_A_TYPE:
                    refits = fit_two_lines(weather.effective_c, *replicates[name], normal.rules)
                    level = drawn.bootstrap.level
                    fit |= _interval(
                        drawn.by_type[name], correction.added_heat_kwh(lines), correction.added_heat_kwh(refits), level
                    )
        fits.append(fit)
    named = {"period": gas.period.label, "normal": normal.label}
    return Weather(
        fit=_conform(WEATHER_FIT, [named | fit for fit in fits]),
        day=WEATHER_DAY.conform(pl.concat(days).with_columns(period=pl.lit(gas.period.label))).sort(WEATHER_DAY.key),
        household=describe_homes(gas, correction),
    )


def describe_homes(gas: DailyGas, correction: Correction) -> pl.DataFrame:
    """Fit each included home's own lines (`HOUSEHOLD_WEATHER`); null where its days are too few.

    The balance temperature is the home's own. Homes differ by more (SERL: standard deviation 2.3 K) than a year of days
    leaves uncertain, and another home's balance temperature would flatten the slope of a home that starts to heat later. The
    interval of the heat loss shows how well the days of the period fix it; it says nothing about other years or residents.
    """
    weather = correction.period
    known = gas.kwh[:, weather.positions]
    lines = fit_two_lines(weather.effective_c, known, np.isfinite(known).astype(np.float64), correction.normal.rules)
    days = np.isfinite(known).sum(axis=1)
    error = slope_error(lines, weather.effective_c, known, lag_days=LAG_DAYS)
    reach = stdtrit(np.maximum(days - FITTED_VALUES, 1), (1 + LEVEL) / 2) * error
    figures = _lines_as_columns(lines, correction.boiler_efficiency) | {
        "heat_loss_w_per_k_ci_low": heat_loss(
            np.maximum(lines.slope_kwh_per_day_k - reach, 0), correction.boiler_efficiency
        ),
        "heat_loss_w_per_k_ci_high": heat_loss(lines.slope_kwh_per_day_k + reach, correction.boiler_efficiency),
        "normal_correction_kwh": np.where(weather.gap is None, correction.added_heat_kwh(lines), np.nan),
    }
    columns = {name: pl.Series(values, nan_to_null=True) for name, values in figures.items()}
    return HOUSEHOLD_WEATHER.conform(
        pl.DataFrame(
            {"household_id": gas.homes["household_id"], "days": np.isfinite(gas.kwh).sum(axis=1), **columns}
        ).with_columns(period=pl.lit(gas.period.label))
    ).sort(HOUSEHOLD_WEATHER.key)


def join_normal(annual: pl.DataFrame, fit: pl.DataFrame) -> pl.DataFrame:
    """Add the heat in normal weather of rows of `WEATHER_FIT` to rows of `HEAT_DEMAND_ANNUAL`."""
    columns = annual.columns
    normal = fit.select("dwelling_type", "period", *WEATHER_NORMAL)
    joined = annual.drop(WEATHER_NORMAL).join(normal, on=["dwelling_type", "period"], how="left", maintain_order="left")
    return joined.select(columns)


def heat_loss(slope_kwh_per_day_k: Floats, boiler_efficiency: float) -> Floats:
    r"""Return heat per kelvin as power, :math:`H = \eta\,s / 24\,\mathrm{h}` [W/K], from the slope of gas [kWh/(d K)].

    It is the heat that the boiler adds for each kelvin. So it exceeds the loss of the fabric, since hot water also rises in
    the cold.
    """
    return boiler_efficiency * slope_kwh_per_day_k / HOURS * WATTS_PER_KW


def _lines_as_columns(lines: TwoLines, boiler_efficiency: float) -> dict[str, Floats]:
    """Return the columns that fits of types and of homes share; NaN where a value is missing."""
    return {
        "balance_temperature_c": np.where(lines.has_balance, lines.balance_c, np.nan),
        "base_gas_kwh_per_day": np.where(lines.has_balance, np.maximum(lines.base_kwh_per_day, 0), np.nan),
        "slope_gas_kwh_per_day_k": lines.slope_kwh_per_day_k,
        "heat_loss_w_per_k": heat_loss(lines.slope_kwh_per_day_k, boiler_efficiency),
        "r_squared": lines.r_squared,
    }


def _line_columns(lines: TwoLines, boiler_efficiency: float, *, row: int) -> dict[str, float | None]:
    columns = _lines_as_columns(lines, boiler_efficiency) | {
        "warm_slope_gas_kwh_per_day_k": lines.warm_slope_kwh_per_day_k
    }
    return {name: _or_none(values[row]) for name, values in columns.items()}


def _normal_columns(row: Mapping[str, float], lines: TwoLines, correction: Correction) -> dict[str, float | None]:
    heat = max(row["heat_kwh_mean"] + float(correction.added_heat_kwh(lines)[0]), 0.0)
    uses = split_end_uses(
        lines,
        correction.normal,
        dwelling_type=str(row["dwelling_type"]),
        gas_kwh_per_year=heat / correction.boiler_efficiency,
    )
    return {WEATHER_NORMAL[0]: heat, **uses}


def _design_columns(lines: TwoLines, correction: Correction, peak_share: float | None) -> dict[str, float | None]:
    design = correction.normal.design_c
    heat = correction.boiler_efficiency * float(lines.gas_at(np.array([design]))[0, 0])
    return {
        "design_temperature_c": design,
        "design_day_heat_kwh": heat,
        "design_peak_hour_heat_kwh": None if peak_share is None else heat * peak_share,
    }


def _interval(
    measured: Drawn, correction_kwh: Floats, correction_kwh_draws: Floats, level: float
) -> dict[str, float | None]:
    """Return the bootstrap-t interval of heat in normal weather.

    Its standard errors are those of the measured heat, scaled by the ratio of the two: homes differ by their level, and
    the relative correction hardly differs between them.
    """
    if measured.heat_kwh == 0:
        return {}
    heat = measured.heat_kwh + float(correction_kwh[0])
    draws = measured.heat_kwh_draws + correction_kwh_draws
    in_normal = Drawn(
        measured.households,
        heat,
        measured.error_kwh * heat / measured.heat_kwh,
        draws,
        measured.error_kwh_draws * draws / measured.heat_kwh_draws,
    )
    low, high = studentised_interval(in_normal, level)
    return {WEATHER_NORMAL[1]: _or_none(low), WEATHER_NORMAL[2]: _or_none(high)}


def _days_of_type(name: str, weather: PeriodWeather, mean: Floats, homes: Floats, lines: TwoLines) -> pl.DataFrame:
    """Return rows of `WEATHER_DAY` without the period."""
    columns = WEATHER_DAY.empty().drop("period").schema
    return pl.DataFrame(
        {
            "dwelling_type": [name] * len(weather.dates),
            "date": weather.dates,
            "households": homes.astype(np.int64),
            "temperature_effective_c": weather.effective_c,
            "gas_kwh_mean": mean,
            "gas_kwh_fitted": pl.Series(lines.gas_at(weather.effective_c)[0], nan_to_null=True),
        },
        schema=columns,
    ).filter(pl.col("households") > 0)


def _note(weather: PeriodWeather, lines: TwoLines, *, homes: int, days: int) -> str | None:
    if weather.gap is not None:
        return weather.gap
    if not np.isfinite(lines.base_kwh_per_day[0]):
        return f"only {days} days have a home with all 24 hours; too few for a fit"
    if not lines.has_balance[0]:
        return "gas shows no balance temperature: one straight line was fitted"
    return (
        f"rests on {homes} homes; there is no interval below {MIN_HOMES_OF_A_TYPE}"
        if homes < MIN_HOMES_OF_A_TYPE
        else None
    )


def _conform(table: Table, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Return rows, in which columns may be absent, as a frame of `table`."""
    filled = [{name: row.get(name) for name in table.schema} for row in rows]
    return table.conform(pl.DataFrame(filled, schema=table.schema, orient="row")).sort(table.key)


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
