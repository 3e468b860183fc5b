"""The part of a candidate that no gate has judged yet, and SQL that measures a check on that part only.

The fingerprint of a month or of a study period decides its rows. So a check that depends on the rows of one such unit
is measured once for each fingerprint: rows that the published warehouse already holds were judged before it was
published, and broke nothing (docs/decisions/0017-what-the-gate-carries.md).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from transforms.heat.periods import shift_month
from transforms.tables.schema import Table

Unit = Literal["month", "period"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The months (by first day) and study periods (by label) that are measured; results for all others are carried over."""

    months: tuple[dt.date, ...]
    periods: tuple[str, ...]

    def narrow(self, sql: str, per: Unit, tables: Sequence[Table]) -> str:
        """Return `sql` so that it reads only the changed months or periods of `tables`."""
        rows = self._in_months if per == "month" else self._in_periods
        cut = [
            f"{table.name} AS (SELECT * FROM main.{table.name} WHERE {condition})"
            for table in tables
            if (condition := rows(table))
        ]
        return f"WITH {', '.join(cut)} {sql}" if cut else sql

    def split(self, parts: int) -> list[Changed]:
        """Split the months into at most `parts` parts."""
        size = max(1, -(-len(self.months) // parts))
        starts = range(0, max(1, len(self.months)), size)
        return [Changed(months=self.months[start : start + size], periods=()) for start in starts]

    def _in_months(self, table: Table) -> str | None:
        """Return an SQL condition for the rows of the months, as spans of time, so that DuckDB skips all rows outside them."""
        if "hour_start_utc" not in table.schema:
            return None
        months = set(self.months)
        starts = sorted(month for month in months if shift_month(month, -1) not in months)
        ends = sorted(end for month in months if (end := shift_month(month, 1)) not in months)
        spans = [
            f"(hour_start_utc >= TIMESTAMP '{start}' AND hour_start_utc < TIMESTAMP '{end}')"
            for start, end in zip(starts, ends, strict=True)
        ]
        return " OR ".join(spans) or "false"

    def _in_periods(self, table: Table) -> str | None:
        if "period" not in table.schema:
            return None
        labels = ", ".join("'" + label.replace("'", "''") + "'" for label in self.periods)
        return f"period IN ({labels})" if labels else "false"
