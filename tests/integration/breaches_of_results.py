"""Bad rows of profiles, annual figures, weather, costs and the dictionary; see `breaches.py`."""

from __future__ import annotations

HOUR_A, HOUR_B = "TIMESTAMP '2009-02-10 03:00:00'", "TIMESTAMP '2009-02-10 04:00:00'"
AT_A_OR_B = f"hour_start_utc IN ({HOUR_A}, {HOUR_B})"


def moved(figure: float) -> str:
    """Return SQL that is `figure` in one hour and minus it in the next: the year's sum stays."""
    return f"CASE WHEN hour_start_utc = {HOUR_A} THEN {figure} ELSE -{figure} END"


BREACHES_OF_RESULTS: dict[str, list[list[str]]] = {
    "heat_profile.hour_is_in_its_period": [
        [
            f"""INSERT INTO heat_profile SELECT * REPLACE (
                    'stock' AS dwelling_type, TIMESTAMP '2010-01-01' AS hour_start_utc, 0 AS gas_kwh_mean, 0 AS heat_kwh_mean)
                FROM heat_profile WHERE dwelling_type = 'flat' AND hour_start_utc = {HOUR_A}""",
            """UPDATE heat_demand_annual SET gas_kwh_mean = 0, heat_kwh_mean = 0, peak_hour_heat_kwh = 0,
                peak_hour_utc = TIMESTAMP '2010-01-01'  WHERE dwelling_type = 'stock'""",
            "INSERT INTO demand_gap (dwelling_type, period, hours_missing) VALUES ('stock', '2009', 8760)",
            """INSERT INTO heat_profile_season
                SELECT * REPLACE ('stock' AS dwelling_type, 1 AS days, 0 AS gas_kwh_mean, 0 AS heat_kwh_mean)
                FROM heat_profile_season WHERE dwelling_type = 'flat' AND hour_local = 3 AND segment IN ('02', 'weekday')""",
        ]
    ],
    "heat_profile.day_has_24_hours": [
        ["DELETE FROM demand_gap WHERE dwelling_type = 'flat'"],
        ["UPDATE demand_gap SET hours_missing = 2 WHERE dwelling_type = 'flat'"],
    ],
    "heat_profile.mean_times_homes_is_sum_over_homes": [
        [
            f"UPDATE heat_profile SET {figure} = {figure} + {moved(0.01)} WHERE dwelling_type = 'flat' AND {AT_A_OR_B}",
            f"UPDATE heat_profile SET {figure} = {figure} + {moved(0.005)} WHERE dwelling_type = 'all' AND {AT_A_OR_B}",
        ]
        for figure in ("gas_kwh_mean", "heat_kwh_mean")
    ],
    "heat_profile.missing_homes_count_at_their_level": [
        [
            f"""UPDATE heat_hourly SET gas_kwh = gas_kwh + {figure}, heat_kwh = heat_kwh + 0.8054 * {figure}
            WHERE household_id = 'home2' AND hour_start_utc = TIMESTAMP '{hour}'"""
            for figure, hour in ((0.01, "2009-01-01 05:00"), (-0.01, "2009-01-05 06:00"))  # home1 lacks these hours
        ],
    ],
    "heat_profile.all_is_sum_of_types": [
        [f"UPDATE heat_profile SET {figure} = {figure} + {moved(0.01)} WHERE dwelling_type = 'all' AND {AT_A_OR_B}"]
        for figure in ("gas_kwh_mean", "heat_kwh_mean")
    ],
    "heat_demand_annual.demand_is_sum_of_profile": [
        ["UPDATE heat_demand_annual SET gas_kwh_mean = gas_kwh_mean * 1.000001 WHERE dwelling_type = 'detached'"],
        ["UPDATE heat_demand_annual SET heat_kwh_mean = heat_kwh_mean * 1.000001 WHERE dwelling_type = 'flat'"],
    ],
    "heat_demand_annual.peak_is_highest_hour": [
        [f"UPDATE heat_demand_annual SET peak_hour_utc = {HOUR_A} WHERE dwelling_type = 'flat'"],
        ["UPDATE heat_demand_annual SET peak_hour_heat_kwh = peak_hour_heat_kwh + 0.001 WHERE dwelling_type = 'all'"],
    ],
    "heat_demand_annual.mean_has_homes": [
        ["UPDATE heat_demand_annual SET note = NULL WHERE dwelling_type = 'stock'"],
    ],
    "heat_demand_annual.homes_are_those_included": [
        [
            f"UPDATE {table} SET households = {households} WHERE dwelling_type = '{group}'"
            for table in ("heat_demand_annual", "weather_fit")
        ]
        for group, households in (("flat", 3), ("all", 5))
    ],
    "heat_demand_annual.interval_holds_mean": [
        ["UPDATE heat_demand_annual SET heat_kwh_ci_low = heat_kwh_mean * 1.01 WHERE dwelling_type = 'all'"],
        ["UPDATE heat_demand_annual SET heat_kwh_ci_high = heat_kwh_mean * 0.99 WHERE dwelling_type = 'all'"],
        ["UPDATE heat_demand_annual SET heat_kwh_ci_high = NULL WHERE dwelling_type = 'all'"],
    ],
    "heat_demand_annual.gaps_are_random": [
        ["UPDATE demand_gap SET are_random = false WHERE dwelling_type = 'all'"],
    ],
    "heat_demand_annual.agrees_with_homes": [
        ["UPDATE heat_demand_annual SET household_heat_kwh_mean = heat_kwh_mean * 1.006 WHERE dwelling_type = 'flat'"],
        ["UPDATE heat_demand_annual SET household_heat_kwh_mean = NULL WHERE dwelling_type = 'flat'"],
    ],
    "weather_fit.days_are_those_shown": [
        ["UPDATE weather_fit SET days = 4 WHERE dwelling_type = 'all'"],
        ["DELETE FROM weather_day WHERE gas_kwh_mean = 1"],
        ["UPDATE weather_fit SET households = 3 WHERE dwelling_type = 'flat'"],
        ["UPDATE weather_day SET households = 5 WHERE gas_kwh_mean = 1"],
    ],
    "weather_day.fitted_is_on_the_lines": [
        ["UPDATE weather_day SET gas_kwh_fitted = 75.001 WHERE gas_kwh_mean = 77"],
        ["UPDATE weather_day SET gas_kwh_fitted = NULL WHERE gas_kwh_mean = 77"],
        ["UPDATE weather_fit SET warm_slope_gas_kwh_per_day_k = 1.4 WHERE dwelling_type = 'all'"],
    ],
    "household_weather.home_is_included": [
        ["UPDATE household_weather SET household_id = 'home5' WHERE household_id = 'home1'"],
        ["UPDATE household_weather SET period = '2010' WHERE household_id = 'home1'"],
    ],
    "weather_fit.end_uses_add_up": [
        [f"UPDATE weather_fit SET {use}_gas_kwh_per_year = {use}_gas_kwh_per_year + 1 WHERE dwelling_type = 'all'"]
        for use in ("hot_water", "cooking", "space")
    ],
    "weather_fit.interval_holds_normal": [
        [
            f"UPDATE {table} SET heat_kwh_weather_normal_ci_{end} = heat_kwh_weather_normal * {factor} WHERE dwelling_type = 'all'"
            for table in ("weather_fit", "heat_demand_annual")
        ]
        for end, factor in (("low", 1.01), ("high", 0.99))
    ],
    "heat_demand_annual.weather_normal_is_that_of_the_fit": [
        ["UPDATE heat_demand_annual SET heat_kwh_weather_normal = heat_kwh_weather_normal + 1 WHERE dwelling_type = 'all'"],
        ["UPDATE heat_demand_annual SET heat_kwh_weather_normal_ci_low = NULL WHERE dwelling_type = 'all'"],
        ["UPDATE heat_demand_annual SET heat_kwh_weather_normal = 1 WHERE dwelling_type = 'flat'"],
    ],
    "lcoh.parts_add_up": [
        [f"UPDATE lcoh SET {part}_gbp_per_mwh = {part}_gbp_per_mwh + 0.001 WHERE system = 'ashp'"]
        for part in ("capital", "om", "fuel", "carbon", "lcoh")
    ],
    "lcoh.has_every_system": [["DELETE FROM lcoh WHERE system = 'gshp'"]],
    "lcoh.interval_holds_cost": [["UPDATE lcoh SET lcoh_ci_low = lcoh_gbp_per_mwh + 1, lcoh_ci_high = lcoh_gbp_per_mwh + 2"]],
    "lcoh_household.homes_are_those_included": [["UPDATE lcoh_household SET household_id = 'home5'"]],
    "lcoh_probability.shares_add_to_one": [["UPDATE lcoh_probability SET cheapest_share = 0.9"]],
    "diversity.quantiles_are_in_order": [["UPDATE diversity SET peak_kw_p05 = peak_kw_p50 + 1"]],
    "claim.is_as_expected": [["UPDATE claim SET model = 1, as_expected = false"]],
    "data_dictionary.lists_every_column": [
        ["DELETE FROM data_dictionary WHERE table_name = 'heat_hourly' AND column_name = 'gas_kwh'"],
        ["UPDATE data_dictionary SET type = 'FLOAT' WHERE table_name = 'heat_hourly' AND column_name = 'gas_kwh'"],
        ["UPDATE data_dictionary SET column_name = 'gas' WHERE table_name = 'heat_hourly' AND column_name = 'gas_kwh'"],
    ],
}  # fmt: skip
