"""One bad row for each truth: statements that make it false in the true warehouse, and nothing else."""

from __future__ import annotations

from tests.integration.breaches_of_results import AT_A_OR_B, BREACHES_OF_RESULTS, HOUR_A, moved

NORMAL = "heat_kwh_weather_normal"
WITHOUT_NORMAL_WEATHER = [
    f"UPDATE {table} SET {NORMAL} = NULL, {NORMAL}_ci_low = NULL, {NORMAL}_ci_high = NULL"
    for table in ("weather_fit", "heat_demand_annual")
]

# By truth: ways to break it, each a list of statements. The first statement breaks it; those that follow keep the
# other truths, which rest on the same row, true.
BREACHES_OF_READINGS: dict[str, list[list[str]]] = {
    "source.ledger_closes": [
        ["UPDATE source SET lines = lines + 1 WHERE source_id = 'a'"],
        ["UPDATE source SET rejects = rejects - 1 WHERE source_id = 'a'"],
    ],
    "flag_count.covers_every_reading": [
        [
            "UPDATE flag_count SET readings = readings - 1 WHERE flag = 'sentinel_max'",
            "UPDATE build_month SET readings = readings - 1 WHERE month = DATE '2009-03-01'",
        ],
        [
            "DELETE FROM flag_count WHERE flag = 'sentinel_max'",
            "UPDATE build_month SET readings = readings - 1 WHERE month > DATE '2009-02-01'",
        ],
        [
            "INSERT INTO flag_count VALUES ('c', 'negative', 1)",
            "UPDATE build_month SET readings = readings + 1 WHERE month = DATE '2009-03-01'",
        ],
    ],
    "flag_count.ok_readings_are_those_built": [
        [
            "UPDATE flag_count SET readings = readings - 1 WHERE source_id = 'b' AND flag = 'ok'",
            "UPDATE flag_count SET readings = readings + 1 WHERE source_id = 'b' AND flag = 'sentinel_max'",
            "UPDATE flag_judgement SET readings = readings - 1 WHERE month = DATE '2009-01-01' AND outcome = 'judged'",
        ]
    ],
    "source.none_is_quarantined": [
        ["UPDATE source SET outcome = 'quarantined' WHERE source_id = 'c'"],
    ],
    "source.left_out_has_a_reason": [
        ["UPDATE source SET reason = NULL WHERE source_id = 'c'"],
        ["UPDATE source SET reason = 'too high' WHERE source_id = 'a'"],
    ],
    "source_level.source_is_used": [
        ["UPDATE source_level SET source_id = 'c' WHERE source_id = 'b'"],
        ["UPDATE source_level SET source_id = 'd' WHERE source_id = 'b'"],
        ["UPDATE source_level SET source_id = 'never heard of' WHERE source_id = 'b'"],
        ["UPDATE source SET superseded = true WHERE source_id = 'b'"],
    ],
    "source_level.ratio_is_of_homes_with_both": [
        ["UPDATE source_level SET households_before = 0 WHERE source_id = 'a'"],
        ["UPDATE source_level SET households_before = 13 WHERE source_id = 'a'"],
    ],
    "build_month.readings_are_those_flagged": [
        ["UPDATE build_month SET readings = readings + 1 WHERE month = DATE '2009-03-01'"],
    ],
    "flag_judgement.months_are_those_built": [
        [
            "UPDATE flag_judgement SET readings = readings - 1 WHERE month = DATE '2009-03-01' AND flag = 'stuck'",
            "UPDATE flag_judgement SET readings = readings + 1 WHERE month = DATE '2009-04-01' AND flag = 'stuck'",
        ],
        [
            "UPDATE flag_judgement SET month = DATE '2010-03-01' WHERE month = DATE '2009-03-01' AND flag = 'stuck'",
        ],
    ],
    "flag_judgement.covers_every_reading": [
        ["UPDATE flag_judgement SET readings = readings + 1 WHERE month = DATE '2009-03-01' AND flag = 'stuck'"],
        ["UPDATE flag_judgement SET readings = readings - 1 WHERE month = DATE '2009-01-01' AND flag = 'cold_zero_run'"],
    ],
    "suspect_span.spans_are_apart": [
        ["UPDATE suspect_span SET end_utc = start_utc WHERE flag = 'suspected_unit'"],
        ["UPDATE suspect_span SET end_utc = TIMESTAMP '2009-02-10 00:30:00' WHERE household_id = 'home1' AND flag = 'stuck' AND start_utc < TIMESTAMP '2009-02-01'"],
    ],
    "suspect_span.home_is_known": [
        ["UPDATE suspect_span SET household_id = 'ghost' WHERE household_id = 'home2'"],
    ],
    "suspect_span.wrong_unit_has_a_factor": [
        ["UPDATE suspect_span SET factor = NULL WHERE flag = 'suspected_unit'"],
        ["UPDATE suspect_span SET factor = 1 WHERE flag = 'suspected_unit'"],
        ["UPDATE suspect_span SET factor = 2.83 WHERE household_id = 'home2'"],
    ],
    "suspect_span.holds_every_flagged_reading": [
        ["DELETE FROM suspect_span WHERE flag = 'stuck'"],
        ["UPDATE suspect_span SET end_utc = start_utc + INTERVAL 10 MINUTE WHERE flag = 'stuck'"],
    ],
    "build_month.hours_have_two_half_hours": [
        ["UPDATE build_month SET used_half_hours = used_half_hours - 1 WHERE month = DATE '2009-03-01'"],
        [
            "UPDATE build_month SET readings = ok_half_hours - 1 WHERE month = DATE '2009-03-01'",
            "UPDATE flag_count SET readings = readings - 2 WHERE flag = 'sentinel_max'",
            "UPDATE source SET readings = readings - 2, lines = lines - 2 WHERE source_id = 'b'",
        ],
    ],
    "heat_hourly.hours_are_those_built": [
        [
            "UPDATE build_month SET hours = hours - 1 WHERE month = DATE '2009-03-01'",
            "UPDATE build_month SET used_half_hours = 2 * hours WHERE month = DATE '2009-03-01'",
        ],
    ],
    "heat_hourly.energy_is_that_of_its_half_hours": [
        ["UPDATE build_month SET used_gas_kwh = used_gas_kwh + 0.001 WHERE month = DATE '2009-03-01'"],
    ],
    "heat_hourly.starts_on_the_hour": [
        [f"UPDATE heat_hourly SET hour_start_utc = {HOUR_A} + INTERVAL 15 MINUTE WHERE household_id = 'home5' AND hour_start_utc = {HOUR_A}"],
    ],
    "heat_hourly.heat_is_gas_times_boiler_efficiency": [
        [f"UPDATE heat_hourly SET heat_kwh = heat_kwh + {moved(0.1)} WHERE household_id = 'home5' AND {AT_A_OR_B}"],
        ["UPDATE assumption SET value = 0.8055 WHERE item = 'boiler_stock'", *WITHOUT_NORMAL_WEATHER],
        ["DELETE FROM assumption WHERE item = 'boiler_stock'", *WITHOUT_NORMAL_WEATHER],
        [
            "INSERT INTO assumption SELECT * REPLACE ('other' AS scenario, 0.9 AS value) FROM assumption WHERE item = 'boiler_stock'",
            *WITHOUT_NORMAL_WEATHER,
        ],
    ],
    "heat_hourly.home_is_known": [
        [
            "DELETE FROM household WHERE household_id = 'home5'",
            "DELETE FROM household_period WHERE household_id = 'home5'",
            "UPDATE selection_funnel SET households_without = 4",
        ],
    ],
    "household_period.home_is_known": [
        ["INSERT INTO household_period SELECT * REPLACE ('ghost' AS household_id, 0 AS hours_observed, 0 AS heat_kwh_observed) FROM household_period WHERE household_id = 'home5'"],
    ],
    "household_period.period_is_twelve_months": [
        ["UPDATE household_period SET period_end_utc = TIMESTAMP '2010-01-01 01:00:00' WHERE household_id = 'home5'"],
    ],
    "household_period.excluded_home_has_a_reason": [
        ["UPDATE household_period SET exclusion_reason = NULL WHERE household_id = 'home5'"],
        ["UPDATE household_period SET exclusion_reason = 'no_readings' WHERE household_id = 'home2'"],
    ],
    "household_period.included_home_suffices": [
        ["UPDATE household_period SET completeness = 0.8999 WHERE household_id = 'home2'"],
        ["UPDATE household_period SET weakest_cell = 0.4999 WHERE household_id = 'home2'"],
    ],
    "household_period.included_home_has_annual_heat": [
        ["UPDATE household_period SET heat_kwh_annual = NULL WHERE household_id = 'home2'"],
        ["UPDATE household_period SET filled_share = filled_share + 0.01 WHERE household_id = 'home2'"],
    ],
    "household_period.observed_heat_is_that_of_its_hours": [
        ["UPDATE household_period SET hours_observed = hours_observed + 1 WHERE household_id = 'home5'"],
        ["UPDATE household_period SET heat_kwh_observed = heat_kwh_observed + 0.001 WHERE household_id = 'home5'"],
    ],
    "household.included_in_some_period": [
        ["UPDATE household SET included = true WHERE household_id = 'home5'"],
        ["UPDATE household SET included = false WHERE household_id = 'home2'"],
    ],
    "selection_funnel.narrows_to_the_included_homes": [
        ["UPDATE selection_funnel SET households = 3 WHERE step = 2"],
        ["UPDATE selection_funnel SET households = 6 WHERE step = 1"],
        ["DELETE FROM selection_funnel"],
    ],
    "selection_funnel.one_step_less_keeps_no_fewer": [
        ["UPDATE selection_funnel SET households_without = 3 WHERE step = 1"],
        ["UPDATE selection_funnel SET households_without = 6 WHERE step = 1"],
    ],
    "selection_funnel.ends_at_the_heat_of_all": [
        ["UPDATE selection_funnel SET heat_kwh_mean = heat_kwh_mean * 1.006 WHERE step = 2"],
        ["UPDATE selection_funnel SET heat_kwh_mean = NULL WHERE step = 2"],
    ],
    "heat_profile_season.days_add_up_to_profile": [
        ["UPDATE heat_profile_season SET days = days + 1 WHERE dwelling_type = 'all' AND segment = '03' AND hour_local = 7"],
        ["UPDATE heat_profile_season SET heat_kwh_mean = heat_kwh_mean * 1.00001 WHERE dwelling_type = 'all' AND segment = '03' AND hour_local = 7"],
        ["UPDATE heat_profile_season SET gas_kwh_mean = gas_kwh_mean * 1.00001 WHERE dwelling_type = 'flat' AND segment = 'weekend' AND hour_local = 7"],
        ["DELETE FROM heat_profile_season WHERE dwelling_type = 'flat' AND segmentation = 'day_kind'"],
    ],
    "heat_profile_season.bands_hold_no_other_hours": [
        ["UPDATE heat_profile_season SET days = days + 32 WHERE dwelling_type = 'flat' AND segmentation = 'temperature_band'"],
    ],
}  # fmt: skip

BREACHES = BREACHES_OF_READINGS | BREACHES_OF_RESULTS
