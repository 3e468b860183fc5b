"""How much of a candidate the gate measures: now and then all of it, else what changed since it was last judged."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from flows.content import Content
from flows.fingerprints import code_fingerprint, fingerprint
from quality.changed import Changed
from quality.gate import choose_checks
from transforms import tables
from warehouse.publish import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What of a candidate is measured, and by which checks; `run` keeps it, so that the next gate can carry from it."""

    changed: Changed
    is_full: bool
    gate_fingerprint: str

    def describe(self) -> dict[str, str]:
        """Return what the row of the run says of it."""
        return {"audit": "full" if self.is_full else "carried", "gate_fingerprint": self.gate_fingerprint}


def plan_audit(content: Content, history: History | None, now: dt.datetime) -> Audit:
    """Return what the gate has to measure of a candidate, given what is published."""
    own = _hash_gate(content)
    months = {unit.of.first_day: unit.fingerprint for unit in content.months}
    periods = {unit.period.label: unit.fingerprint for unit in content.periods}
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
    """Say whether all has to be measured: it is asked for, or other checks judged what is published, or long ago."""
    settings = content.settings
    if settings.full_audit or history.older is not None or history.run["gate_fingerprint"][-1] != own:
        return True
    last = history.run.filter(audit="full")["published_at_utc"].max()
    return not isinstance(last, dt.datetime) or now.replace(tzinfo=None) - last >= dt.timedelta(
        days=settings.full_audit_days
    )


def _hash_gate(content: Content) -> str:
    """Return the hash of the checks that are carried, and of what they read beside a month or a study period."""
    checks = choose_checks(tables.WAREHOUSE_TABLES, content.settings.sufficiency)
    return fingerprint(
        code=code_fingerprint("gate"),
        checks=[(check.name, check.expression, check.broken_rows) for check in checks if check.per],
        boiler_efficiency=content.inputs.boiler_efficiency,
    )
