"""What a candidate is judged by: limits, the date, the published results, and the decisions about sources."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import polars as pl

from flows.pipeline.code import code_fingerprint
from flows.pipeline.content import Content, describe_rules
from flows.pipeline.months import BUILD_MONTHS
from flows.pipeline.periods import AGGREGATE_PERIODS
from flows.pipeline.unit import fingerprint
from quality.alarms.all_alarms import Circumstances, check_alarms
from quality.alarms.drift import Previous
from quality.alarms.limits import AlarmLimits, read_limits
from quality.changed import Changed
from quality.checks import Check
from quality.gate import choose_checks, critical_failures, judge
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.cost import ASSUMPTION
from warehouse.figures import read_figures
from warehouse.publish import History
from warehouse.quarantine import Decision, withdrawn_sources

RULES_NAMED = 3  # rules that the reason of a quarantine names
JUDGED_BY = ("alarm", "flag_share")  # items of assumptions that only judge results


def list_checks(content: Content, history: History | None, row: pl.DataFrame) -> tuple[list[Check], list[Check]]:
    """Return all checks of a candidate, and the alarms among them.

    Parameters
    ----------
    content
        The content of the candidate.
    history
        The published warehouse; None if nothing is published.
    row
        The run's own row (`RUN`).

    """
    limits = read_limits(read_figures("alarm"))
    settings, inputs = content.settings, content.inputs
    accepted = frozenset(d.source_id for d in inputs.decisions if d.state == "accepted")
    given = Circumstances(
        limits=limits,
        flag_shares=read_figures("flag_share"),
        run_date=row["started_at_utc"][0].date(),
        freshness_days=settings.freshness_days,
        large_sources=_large_sources(content, limits),
        accepted=accepted,
        previous=None if history is None else Previous(annual=history.annual_heat, months=history.monthly_heat),
        drift_is_explained=None if history is None else explain_drift(content, history, row, accepted),
    )
    alarms = check_alarms(given)
    return choose_checks(WAREHOUSE_TABLES, settings.sufficiency, alarms), alarms


def _large_sources(content: Content, limits: AlarmLimits) -> list[str]:
    return [
        m.source_id
        for m in content.inputs.readings
        if len(m.households) >= limits.households_min and m.readings >= limits.half_hours_min
    ]


def explain_drift(content: Content, history: History, row: pl.DataFrame, accepted: frozenset[str]) -> str | None:
    """Say what explains differences from the published results, apart from the readings; return None if nothing does."""
    published = history.run.tail(1)
    own = pl.concat([content.assumptions, describe_rules(content.settings)])
    withdrawn = withdrawn_sources(content.inputs.manifests, content.inputs.decisions)
    reasons = {
        "the code that computes them is another": row["code_fingerprint"][0] != published["code_fingerprint"][0],
        "settings that shape numbers changed": row["settings"][0] != published["settings"][0],
        "assumptions changed": not _figures(own).equals(_figures(history.assumption)),
        "a source was accepted as it is": bool((accepted & _used(content)) - history.sources_used),
        "a source was withdrawn": bool(withdrawn & history.sources_used),
        "drift was accepted for this run": content.settings.accept_drift,
    }
    return "; ".join(reason for reason, holds in reasons.items() if holds) or None


def _figures(assumptions: pl.DataFrame) -> pl.DataFrame:
    """Return the assumptions that results are computed from, in a fixed order; derived ones follow from the readings."""
    key = ASSUMPTION.key
    given = ~pl.col("item").is_in(JUDGED_BY) & ~pl.col("status").str.starts_with("derived")
    return assumptions.filter(given).select(*key, "value").sort(*key, "value")


def _used(content: Content) -> frozenset[str]:
    return frozenset(m.source_id for m in content.inputs.readings)


def suspect_source(content: Content, history: History | None, culprit: str | None) -> str | None:
    """Return the one source that may explain a failure alone, or None.

    It is the source that the broken rows name, or else the only source that the published snapshot lacks. If there is no
    other source, the answer is None, since nothing could be published without it.
    """
    used = _used(content)
    new = used - history.sources_used if history is not None else frozenset()
    suspect = culprit or (next(iter(new)) if len(new) == 1 else None)
    return suspect if suspect in used and len(used) > 1 else None


def decide_quarantine(content: Content, source_id: str, results: pl.DataFrame, now: dt.datetime) -> Decision:
    """Return the decision to leave a source out, with the rules that fail because of it."""
    rules = [
        f"{name} counts {count:,.0f} ({meaning})" if count is not None else f"{name} could not be measured"
        for name, count, meaning in critical_failures(results).select("check_name", "observed", "meaning").iter_rows()
    ]
    more = f"; and {len(rules) - RULES_NAMED} more" if len(rules) > RULES_NAMED else ""
    (file_name,) = [m.file_name for m in content.inputs.readings if m.source_id == source_id]
    return Decision(
        source_id=source_id,
        file_name=file_name,
        state="quarantined",
        reason=f"it alone explains that the gate failed: {'; '.join(rules[:RULES_NAMED])}{more}",
        decided_at_utc=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The part of a candidate that is measured, and the checks; table `run` stores it for the gate of the next run."""

    changed: Changed
    is_full: bool
    gate_fingerprint: str

    def describe(self) -> dict[str, str]:
        """Return the columns of the run's row about it."""
        return {"audit": "full" if self.is_full else "carried", "gate_fingerprint": self.gate_fingerprint}


def plan_audit(content: Content, history: History | None, now: dt.datetime) -> Audit:
    """Return the part of a candidate that the gate has to measure: what changed since the published warehouse, or all."""
    own = _hash_gate(content)
    months = {unit.given.month.first_day: unit.fingerprint for unit in content.units_of(BUILD_MONTHS)}
    periods = {unit.key_value: unit.fingerprint for unit in content.units_of(AGGREGATE_PERIODS)}
    if history is None or _is_due(content, history, own, now):
        return Audit(changed=Changed(months=tuple(months), periods=tuple(periods)), is_full=True, gate_fingerprint=own)
    months_judged = dict(history.build_month.select("month", "fingerprint").iter_rows())
    periods_judged = json.loads(history.run["periods"][-1])
    changed = Changed(
        months=tuple(month for month, of in months.items() if months_judged.get(month) != of),
        periods=tuple(label for label, of in periods.items() if periods_judged.get(label) != of),
    )
    return Audit(changed=changed, is_full=False, gate_fingerprint=own)


def _is_due(content: Content, history: History, own: str, now: dt.datetime) -> bool:
    """Say whether everything has to be measured: on request, after the checks changed, or after enough days."""
    settings = content.settings
    if settings.full_audit or history.older is not None or history.run["gate_fingerprint"][-1] != own:
        return True
    last = history.run.filter(audit="full")["published_at_utc"].max()
    return not isinstance(last, dt.datetime) or now.replace(tzinfo=None) - last >= dt.timedelta(
        days=settings.full_audit_days
    )


def _hash_gate(content: Content) -> str:
    """Return the hash of the checks whose results are carried over, and of what they read besides months and periods."""
    checks = choose_checks(WAREHOUSE_TABLES, content.settings.sufficiency)
    return fingerprint(
        code=code_fingerprint(judge, declared=True),
        checks=[(check.name, check.expression, check.broken_rows) for check in checks if check.per],
        boiler_efficiency=content.inputs.boiler_efficiency,
    )
