"""Truths of the cost of heat and of what the warehouse says of itself."""

from __future__ import annotations

from quality.checks import Check
from quality.truths.sameness import same
from transforms.tables import SYSTEMS


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
            reads=("lcoh",),
            broken_rows=f"""
                SELECT scenario, convention, demand_basis, period, system
                FROM (SELECT DISTINCT scenario, convention, demand_basis, period FROM lcoh)
                CROSS JOIN (VALUES {systems}) AS compared (system)
                ANTI JOIN lcoh USING (scenario, convention, demand_basis, period, system)
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
