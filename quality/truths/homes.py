"""Truths of the selection: which homes are included in a period, and their observed heat."""

from __future__ import annotations

from quality.checks import Check
from quality.truths.sameness import same
from transforms.heat.demand import AGREEMENT
from transforms.heat.periods import Sufficiency


def check_selection(sufficiency: Sufficiency) -> list[Check]:
    """Return the truths of the included homes and of their observed heat."""
    return [
        Check(
            name="household_period.home_is_known",
            table="household_period",
            meaning="every home of a period stands in the table household",
            reads=("household_period", "household"),
            broken_rows="""
                SELECT household_id, period FROM household_period ANTI JOIN household USING (household_id)
            """,
        ),
        Check(
            name="household_period.period_is_twelve_months",
            table="household_period",
            meaning="a period is the same twelve months for every home",
            reads=("household_period",),
            broken_rows="""
                SELECT period, min(period_start_utc) AS first_start, max(period_start_utc) AS last_start,
                    min(period_end_utc) AS first_end, max(period_end_utc) AS last_end
                FROM household_period GROUP BY period
                HAVING (first_start = last_start AND first_end = last_end AND first_start + INTERVAL 12 MONTH = first_end)
                    IS NOT TRUE
            """,
        ),
        Check(
            name="household_period.excluded_home_has_a_reason",
            table="household_period",
            meaning="a home is included or has one reason for which it is not",
            reads=("household_period",),
            broken_rows="""
                SELECT household_id, period, included, exclusion_reason FROM household_period
                WHERE (included = (exclusion_reason IS NULL)) IS NOT TRUE
            """,
        ),
        Check(
            name="household_period.included_home_suffices",
            table="household_period",
            meaning=(
                f"an included home has {100 * sufficiency.completeness_min:g} % of the period's half-hours "
                f"and {100 * sufficiency.cell_min:g} % of each month-by-hour cell"
            ),
            reads=("household_period",),
            broken_rows=f"""
                SELECT household_id, period, completeness, weakest_cell FROM household_period
                WHERE included AND
                    (completeness >= {sufficiency.completeness_min} AND weakest_cell >= {sufficiency.cell_min})
                    IS NOT TRUE
            """,
        ),
        Check(
            name="household_period.included_home_has_annual_heat",
            table="household_period",
            meaning="an included home's annual heat is known, and what was not observed of it is its filled share",
            reads=("household_period",),
            broken_rows=f"""
                SELECT household_id, period, heat_kwh_observed, heat_kwh_annual, filled_share FROM household_period
                WHERE included AND ({same("heat_kwh_annual * (1 - filled_share)", "heat_kwh_observed")}) IS NOT TRUE
            """,
        ),
        Check(
            name="household_period.observed_heat_is_that_of_its_hours",
            table="household_period",
            meaning="a home's hours and heat in a period are those of heat_hourly",
            reads=("household_period", "heat_hourly"),
            per="period",
            broken_rows=f"""
                SELECT household_id, period, hours_observed, hours, heat_kwh_observed, heat_kwh
                FROM household_period LEFT JOIN (
                    SELECT household_id, period, count(*) AS hours, sum(heat_kwh) AS heat_kwh
                    FROM heat_hourly JOIN household_period USING (household_id)
                    WHERE hour_start_utc >= period_start_utc AND hour_start_utc < period_end_utc
                    GROUP BY ALL
                ) USING (household_id, period)
                WHERE (hours_observed = coalesce(hours, 0) AND {same("heat_kwh_observed", "coalesce(heat_kwh, 0)")})
                    IS NOT TRUE
            """,
        ),
        Check(
            name="household.included_in_some_period",
            table="household",
            meaning="a home is included exactly if it is in some period",
            reads=("household", "household_period"),
            broken_rows="""
                SELECT household_id, household.included, in_some
                FROM household LEFT JOIN (
                    SELECT household_id, bool_or(included) AS in_some FROM household_period GROUP BY ALL
                ) USING (household_id)
                WHERE (household.included = coalesce(in_some, false)) IS NOT TRUE
            """,
        ),
    ]


def check_funnel() -> list[Check]:
    """Return the truths of the selection funnel."""
    return [
        Check(
            name="selection_funnel.narrows_to_the_included_homes",
            table="selection_funnel",
            meaning="no step of the funnel has more homes than the one before, and the last has the included ones",
            reads=("selection_funnel", "household_period"),
            broken_rows="""
                SELECT period, step, households, before, included FROM (
                    SELECT period, step, households,
                        lag(households, 1, households) OVER steps AS before,
                        step = last_value(step) OVER (steps ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS is_last
                    FROM selection_funnel WINDOW steps AS (PARTITION BY period ORDER BY step)
                ) FULL JOIN (
                    SELECT period, count(*) FILTER (WHERE included) AS included FROM household_period GROUP BY ALL
                ) USING (period)
                WHERE (households <= before AND (NOT is_last OR households = included)) IS NOT TRUE
            """,
        ),
        Check(
            name="selection_funnel.one_step_less_keeps_no_fewer",
            table="selection_funnel",
            meaning="without any one step no fewer homes are left than with all of them, and no more than at the start",
            reads=("selection_funnel", "household_period"),
            broken_rows="""
                SELECT period, step, households_without, included, named FROM selection_funnel LEFT JOIN (
                    SELECT period, count(*) FILTER (WHERE included) AS included, count(*) AS named
                    FROM household_period GROUP BY ALL
                ) USING (period)
                WHERE (households_without BETWEEN included AND named) IS NOT TRUE
            """,
        ),
        Check(
            name="selection_funnel.ends_at_the_heat_of_all",
            table="selection_funnel",
            meaning=f"the mean heat after the last step is that of all included homes, within {100 * AGREEMENT:g} %",
            severity="warning",  # the same homes through another estimator
            reads=("selection_funnel", "heat_demand_annual"),
            broken_rows=f"""
                SELECT period, last.heat_kwh_mean, annual.heat_kwh_mean AS annual_heat_kwh FROM (
                    SELECT period, max_by(heat_kwh_mean, step) AS heat_kwh_mean FROM selection_funnel GROUP BY period
                ) AS last LEFT JOIN (SELECT * FROM heat_demand_annual WHERE dwelling_type = 'all') AS annual USING (period)
                WHERE coalesce(last.heat_kwh_mean, annual.heat_kwh_mean) IS NOT NULL
                    AND (abs(last.heat_kwh_mean - annual.heat_kwh_mean) <= {AGREEMENT} * annual.heat_kwh_mean) IS NOT TRUE
            """,
        ),
    ]
