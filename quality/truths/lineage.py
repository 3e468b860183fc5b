"""Truths of inferred flags and suspicious spans, of sources, and of the months that were built."""

from __future__ import annotations

from quality.checks import Check
from transforms.tables.words import INFERRED_FLAGS, NOT_BUILT

INFERRED = ", ".join(f"'{flag}'" for flag in INFERRED_FLAGS)
FLAGS_OF_ALL = f"(SELECT unnest([{INFERRED}]) AS flag)"


def check_judgements() -> list[Check]:
    """Return the truths of the readings that inferred flags were judged for."""
    return [
        Check(
            name="flag_judgement.months_are_those_built",
            table="flag_judgement",
            meaning=(
                "for each built month and inferred flag the readings judged and not judged are between its ok "
                "half-hours and all its readings"
            ),
            reads=("flag_judgement", "build_month"),
            broken_rows=f"""
                WITH built AS (SELECT month, flag, ok_half_hours, readings AS delivered FROM build_month, {FLAGS_OF_ALL}),
                told AS (SELECT month, flag, sum(readings)::BIGINT AS told FROM flag_judgement GROUP BY ALL)
                SELECT month, flag, told, ok_half_hours, delivered FROM built FULL JOIN told USING (month, flag)
                WHERE (coalesce(told, 0) BETWEEN least(ok_half_hours, delivered) AND greatest(ok_half_hours, delivered)) IS NOT TRUE
            """,
        ),
        Check(
            name="flag_judgement.covers_every_reading",
            table="flag_judgement",
            meaning="each inferred flag was judged, or could not be, for every reading that no earlier flag hit",
            reads=("flag_judgement", "flag_count"),
            broken_rows=f"""
                SELECT flag, told, readings FROM (
                    SELECT flag, coalesce(sum(readings), 0)::BIGINT AS told
                    FROM {FLAGS_OF_ALL} LEFT JOIN flag_judgement USING (flag) GROUP BY flag
                ), (
                    SELECT coalesce(sum(readings), 0)::BIGINT AS readings FROM flag_count WHERE flag IN ('ok', {INFERRED})
                )
                WHERE (told = readings) IS NOT TRUE
            """,
        ),
    ]


def check_spans() -> list[Check]:
    """Return the truths of suspicious spans."""
    return [
        Check(
            name="suspect_span.spans_are_apart",
            table="suspect_span",
            meaning="a span ends after it starts, and no two spans of a home and flag overlap",
            reads=("suspect_span",),
            broken_rows="""
                SELECT household_id, flag, start_utc, end_utc, before_utc FROM (
                    SELECT *, max(end_utc) OVER (
                        PARTITION BY household_id, flag ORDER BY start_utc ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ) AS before_utc FROM suspect_span
                )
                WHERE (end_utc > start_utc AND coalesce(before_utc <= start_utc, true)) IS NOT TRUE
            """,
        ),
        Check(
            name="suspect_span.home_is_known",
            table="suspect_span",
            meaning="every home with a span stands in the table household",
            reads=("suspect_span", "household"),
            broken_rows="""
                SELECT household_id, count(*) AS spans FROM suspect_span ANTI JOIN household USING (household_id) GROUP BY ALL
            """,
        ),
        Check(
            name="suspect_span.wrong_unit_has_a_factor",
            table="suspect_span",
            meaning="a span has a factor, other than one, exactly where a wrong unit is suspected",
            reads=("suspect_span",),
            broken_rows="""
                SELECT household_id, flag, start_utc, factor FROM suspect_span
                WHERE (CASE WHEN flag = 'suspected_unit' THEN factor > 0 AND factor <> 1 ELSE factor IS NULL END) IS NOT TRUE
            """,
        ),
        Check(
            name="suspect_span.holds_every_flagged_reading",
            table="suspect_span",
            meaning="the spans of an inferred flag have room for every reading that carries it",
            reads=("suspect_span", "flag_count"),
            broken_rows=f"""
                SELECT flag, flagged, half_hours FROM (
                    SELECT flag, sum(readings)::BIGINT AS flagged FROM flag_count WHERE flag IN ({INFERRED}) GROUP BY flag
                ) LEFT JOIN (
                    SELECT flag, sum(date_diff('minute', start_utc, end_utc)) / 30 AS half_hours FROM suspect_span GROUP BY flag
                ) USING (flag)
                WHERE (flagged <= coalesce(half_hours, 0)) IS NOT TRUE
            """,
        ),
    ]


def check_sources() -> list[Check]:
    """Return the truths of which sources enter the tables."""
    return [
        Check(
            name="source.none_is_quarantined",
            table="source",
            meaning="no file of readings is left out; `hearth quarantine` lists those that are, with the reason",
            severity="warning",
            reads=("source",),
            broken_rows="""
                SELECT source_id, file_name, reason FROM source WHERE outcome = 'quarantined' AND NOT superseded
            """,
        ),
        Check(
            name="source.left_out_has_a_reason",
            table="source",
            meaning="a file that is refused, quarantined or withdrawn says why, and one that is accepted has no reason to say",
            reads=("source",),
            broken_rows="""
                SELECT source_id, file_name, outcome, reason FROM source
                WHERE ((outcome = 'accepted') = (reason IS NULL)) IS NOT TRUE
            """,
        ),
        Check(
            name="source_level.source_is_used",
            table="source_level",
            meaning="every source with a level is an accepted file of readings, and has readings in it only if nothing superseded it",
            reads=("source_level", "source"),
            broken_rows="""
                SELECT source_id, month, outcome, superseded, half_hours FROM source_level LEFT JOIN source USING (source_id)
                WHERE (kind = 'readings' AND outcome = 'accepted' AND (half_hours = 0 OR NOT superseded)) IS NOT TRUE
            """,
        ),
        Check(
            name="source_level.ratio_is_of_homes_with_both",
            table="source_level",
            meaning="a ratio rests on homes that have other readings, and none can be told where there are none",
            reads=("source_level",),
            broken_rows="""
                SELECT source_id, month, households, households_before, ratio FROM source_level
                WHERE (households_before <= households AND (households_before > 0 OR ratio IS NULL)) IS NOT TRUE
            """,
        ),
        Check(
            name="build_month.readings_are_those_flagged",
            table="build_month",
            meaning="the readings of all built months are those that carry a flag, have a usable time, and lie in a month that was built",
            reads=("build_month", "flag_count"),
            broken_rows=f"""
                SELECT * FROM
                    (SELECT coalesce(sum(readings), 0)::BIGINT AS built FROM build_month),
                    (SELECT coalesce(sum(readings), 0)::BIGINT AS flagged FROM flag_count WHERE flag NOT IN ('bad_time', '{NOT_BUILT}'))
                WHERE (built = flagged) IS NOT TRUE
            """,
        ),
    ]
