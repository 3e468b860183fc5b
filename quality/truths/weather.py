"""Truths of the weather: fitted lines, the days that they are fitted to, and demand in normal weather."""

from __future__ import annotations

from quality.checks import Check
from quality.truths.readings import BOILER_EFFICIENCY
from quality.truths.sameness import RELATIVE_TOLERANCE, same

ON_THE_LINE_KWH = 1e-6  # per home and day: rounding of a sum of terms that nearly cancel


def check_weather() -> list[Check]:
    """Return the truths of `weather_fit`, `weather_day` and `household_weather`."""
    return [*_check_fits(), *_check_normal()]


def _check_fits() -> list[Check]:
    return [
        Check(
            name="weather_fit.days_are_those_shown",
            table="weather_fit",
            meaning="lines are fitted to exactly the days that weather_day shows, of homes that stand behind the annual figure",
            reads=("weather_fit", "weather_day", "heat_demand_annual"),
            broken_rows="""
                WITH shown AS (
                    SELECT dwelling_type, period, count(*) AS days_shown, max(households) AS homes_shown
                    FROM weather_day GROUP BY ALL
                ), annual AS (SELECT dwelling_type, period, households AS included FROM heat_demand_annual)
                SELECT dwelling_type, period, days, days_shown, households, homes_shown, included
                FROM weather_fit FULL JOIN shown USING (dwelling_type, period) LEFT JOIN annual USING (dwelling_type, period)
                WHERE (days = coalesce(days_shown, 0) AND households = included AND coalesce(homes_shown, 0) <= households)
                    IS NOT TRUE
            """,
        ),
        Check(
            name="weather_day.fitted_is_on_the_lines",
            table="weather_day",
            meaning="fitted gas lies on the two lines of its type, and not below nothing",
            reads=("weather_day", "weather_fit"),
            broken_rows=f"""
                SELECT dwelling_type, period, date, temperature_effective_c, gas_kwh_fitted, on_the_lines FROM (
                    SELECT weather_day.*, temperature_effective_c - balance_temperature_c AS above, base_gas_kwh_per_day,
                        greatest(0, base_gas_kwh_per_day - above * CASE WHEN above < 0 THEN slope_gas_kwh_per_day_k
                            ELSE warm_slope_gas_kwh_per_day_k END) AS on_the_lines
                    FROM weather_day LEFT JOIN weather_fit USING (dwelling_type, period)
                    WHERE balance_temperature_c IS NOT NULL OR weather_fit.period IS NULL
                )
                WHERE (abs(gas_kwh_fitted - on_the_lines) <= {ON_THE_LINE_KWH}) IS NOT TRUE
            """,
        ),
        Check(
            name="household_weather.home_is_included",
            table="household_weather",
            meaning="every home with a fit of its own is included in that period",
            reads=("household_weather", "household_period"),
            broken_rows="""
                SELECT household_id, period FROM household_weather
                ANTI JOIN (SELECT household_id, period FROM household_period WHERE included) USING (household_id, period)
            """,
        ),
    ]


def _check_normal() -> list[Check]:
    item, parameter = BOILER_EFFICIENCY
    return [
        Check(
            name="weather_fit.end_uses_add_up",
            table="weather_fit",
            meaning="gas for hot water, cooking and space heating is the gas of the heat in normal weather",
            reads=("weather_fit", "assumption"),
            broken_rows=f"""
                SELECT dwelling_type, period, heat_kwh_weather_normal, uses_heat_kwh FROM (
                    SELECT *, efficiency * (hot_water_gas_kwh_per_year + cooking_gas_kwh_per_year + space_gas_kwh_per_year)
                        AS uses_heat_kwh
                    FROM weather_fit, (
                        SELECT any_value(value) AS efficiency FROM assumption WHERE item = '{item}' AND parameter = '{parameter}'
                    )
                )
                WHERE heat_kwh_weather_normal IS NOT NULL
                    AND ({same("heat_kwh_weather_normal", "uses_heat_kwh")}) IS NOT TRUE
            """,
        ),
        Check(
            name="weather_fit.interval_holds_normal",
            table="weather_fit",
            meaning="the 95 % interval, where there is one, holds the heat in normal weather",
            severity="warning",  # as with the annual mean
            reads=("weather_fit",),
            broken_rows=f"""
                SELECT dwelling_type, period, heat_kwh_weather_normal_ci_low, heat_kwh_weather_normal,
                    heat_kwh_weather_normal_ci_high FROM weather_fit
                WHERE coalesce(heat_kwh_weather_normal_ci_low, heat_kwh_weather_normal_ci_high) IS NOT NULL
                    AND (heat_kwh_weather_normal_ci_low <= heat_kwh_weather_normal * (1 + {RELATIVE_TOLERANCE})
                        AND heat_kwh_weather_normal <= heat_kwh_weather_normal_ci_high * (1 + {RELATIVE_TOLERANCE}))
                    IS NOT TRUE
            """,
        ),
        Check(
            name="heat_demand_annual.weather_normal_is_that_of_the_fit",
            table="heat_demand_annual",
            meaning="the heat in normal weather beside the annual figure is that of the fit, interval included",
            reads=("heat_demand_annual", "weather_fit"),
            broken_rows="""
                SELECT dwelling_type, period, annual.heat_kwh_weather_normal, fit.heat_kwh_weather_normal AS of_fit
                FROM heat_demand_annual AS annual LEFT JOIN weather_fit AS fit USING (dwelling_type, period)
                WHERE annual.heat_kwh_weather_normal IS DISTINCT FROM fit.heat_kwh_weather_normal
                    OR annual.heat_kwh_weather_normal_ci_low IS DISTINCT FROM fit.heat_kwh_weather_normal_ci_low
                    OR annual.heat_kwh_weather_normal_ci_high IS DISTINCT FROM fit.heat_kwh_weather_normal_ci_high
            """,
        ),
    ]
