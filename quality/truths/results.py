"""Truths of the cost of heat, and of the tables in which the warehouse describes itself."""

from __future__ import annotations

from quality.checks import Check
from quality.truths.sameness import same
from transforms.tables.words import SYSTEMS


def check_cost() -> list[Check]:
    """Return the truths of the levelised cost of heat."""
    parts = "capital_gbp_per_mwh + om_gbp_per_mwh + fuel_gbp_per_mwh + carbon_gbp_per_mwh"
    systems = ", ".join(f"('{system}')" for system in SYSTEMS)
    return [
        Check(
            name="lcoh.parts_add_up",
            table="lcoh",
            meaning="the levelised cost is capital + operation and maintenance + fuel + carbon",
            reads=("lcoh",),
            broken_rows=f"""
                SELECT scenario, convention, demand_basis, period, system, scale, dwelling_type,
                    lcoh_gbp_per_mwh, {parts} AS parts_gbp_per_mwh
                FROM lcoh WHERE ({same(f"({parts})", "lcoh_gbp_per_mwh")}) IS NOT TRUE
            """,
        ),
        Check(
            name="lcoh.has_every_system",
            table="lcoh",
            meaning=f"{', '.join(SYSTEMS)} are compared for each scenario, convention, demand and period",
            severity="warning",  # a scenario may lack a price: systems without a cost are left out and named
            reads=("lcoh",),
            broken_rows=f"""
                SELECT scenario, convention, demand_basis, period, system
                FROM (SELECT DISTINCT scenario, convention, demand_basis, period FROM lcoh)
                CROSS JOIN (VALUES {systems}) AS compared (system)
                ANTI JOIN lcoh USING (scenario, convention, demand_basis, period, system)
            """,
        ),
        Check(
            name="lcoh.interval_holds_cost",
            table="lcoh",
            meaning="the 95 % interval of a cost, where there is one, holds it",
            severity="warning",  # as that of the demand, an honest interval may miss it
            reads=("lcoh",),
            broken_rows="""
                SELECT scenario, convention, period, system, scale, dwelling_type, lcoh_ci_low, lcoh_gbp_per_mwh, lcoh_ci_high
                FROM lcoh WHERE coalesce(lcoh_ci_low, lcoh_ci_high) IS NOT NULL
                    AND (lcoh_ci_low <= lcoh_gbp_per_mwh * (1 + 1e-9) AND lcoh_gbp_per_mwh <= lcoh_ci_high * (1 + 1e-9))
                        IS NOT TRUE
            """,
        ),
        Check(
            name="lcoh_household.homes_are_those_included",
            table="lcoh_household",
            meaning="each home with a cost is included in the period",
            reads=("lcoh_household", "household_period"),
            broken_rows="""
                SELECT household_id, period, system FROM lcoh_household
                ANTI JOIN (SELECT household_id, period FROM household_period WHERE included) USING (household_id, period)
            """,
        ),
        Check(
            name="lcoh_probability.shares_add_to_one",
            table="lcoh_probability",
            meaning="of the systems of one choice, one is the cheapest in every draw",
            reads=("lcoh_probability",),
            broken_rows="""
                SELECT scenario, convention, period, dwelling_type, alternatives, sum(cheapest_share) AS together
                FROM lcoh_probability GROUP BY ALL HAVING (abs(sum(cheapest_share) - 1) <= 1e-6) IS NOT TRUE
            """,
        ),
        Check(
            name="diversity.quantiles_are_in_order",
            table="diversity",
            meaning="of the draws of a peak, 5 % lie below the lower end, half below the median, 95 % below the upper end",
            reads=("diversity",),
            broken_rows="""
                SELECT dwelling_type, period, interval_minutes, dwellings, peak_kw_p05, peak_kw_p50, peak_kw_p95
                FROM diversity WHERE (peak_kw_p05 <= peak_kw_p50 AND peak_kw_p50 <= peak_kw_p95) IS NOT TRUE
            """,
        ),
        Check(
            name="claim.is_as_expected",
            table="claim",
            meaning="what the model and the readings say to each statement of the paper is what is expected",
            severity="warning",  # statements about the readings are the readings' to confirm or not
            reads=("claim",),
            broken_rows="""
                SELECT claim, published, model, tolerance, expected FROM claim
                WHERE model IS NOT NULL AND as_expected IS NOT TRUE
            """,
        ),
    ]


def check_dictionary() -> list[Check]:
    """Return the truth of the data dictionary."""
    return [
        Check(
            name="data_dictionary.lists_every_column",
            table="data_dictionary",
            meaning="the data dictionary lists exactly the columns of the warehouse, with their types",
            reads=("data_dictionary",),
            broken_rows="""
                SELECT table_name, column_name, data_type, type AS listed_type
                FROM (
                    SELECT table_name, column_name, data_type FROM information_schema.columns
                    WHERE table_catalog = current_database() AND table_schema = 'main'
                ) AS found FULL JOIN data_dictionary USING (table_name, column_name)
                WHERE (data_type = type) IS NOT TRUE
            """,
        ),
    ]
