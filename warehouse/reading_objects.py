"""The objects of one source in the lake: its readings by month and its rejects, written block by block."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import Any, Self

import polars as pl

from transforms.tables.lake import READING, REJECT
from warehouse.lake import Lake

NO_MONTH = "none"  # the "month" of readings with an unusable time stamp (bad_time), which is never built

# line numbers and half-hours grow in even steps: stored as differences they take a fifth of the space, and less time
_ENCODINGS = {"line": "DELTA_BINARY_PACKED", "interval_start_utc": "DELTA_BINARY_PACKED"}
_DICTIONARIES = ["household_id", "flag", "gas_kwh"]


def name_object(source_id: str, decisions_fingerprint: str, tag: str) -> str:
    """Return the name of the objects of a source; `tag` marks objects that were rewritten without a forgotten home."""
    return "-".join(filter(None, (source_id[:16], decisions_fingerprint[:8], tag)))


class ReadingObjects:
    """Open objects of one source; all appear when the `with` block ends, and none if it ends with an error."""

    def __init__(
        self, lake: Lake, source_id: str, decisions_fingerprint: str, *, tag: str = "", keep: bool = True
    ) -> None:
        self._lake = lake
        self._keep = keep  # False: readings are counted and not written
        self._name = name_object(source_id, decisions_fingerprint, tag)
        self._stack = ExitStack()
        self._writers: dict[str, Any] = {}
        self.months: dict[str, str] = {}
        self.month_readings: Counter[str] = Counter()
        self.rejects_key: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.__exit__(*exc)  # type: ignore[arg-type]  # the three of any `with`

    def write_readings(self, readings: pl.DataFrame) -> None:
        """Append readings to the objects of their months, in the order of home and time."""
        month = pl.when(pl.col("flag") == "bad_time").then(None).otherwise(pl.col("interval_start_utc"))
        named = READING.conform(readings).with_columns(month=month.dt.truncate("1mo"))
        if self._keep:  # a stable sort is quick on rows that are mostly in order already
            named = named.sort("household_id", "interval_start_utc", maintain_order=True)
        parts = named.partition_by("month", as_dict=True, include_key=False, maintain_order=True)
        for (moment,), part in parts.items():
            name = NO_MONTH if moment is None else f"{moment:%Y-%m}"
            key = self.months.setdefault(name, f"readings/month={name}/{self._name}.parquet")
            self._append(key, part, use_dictionary=_DICTIONARIES, column_encoding=_ENCODINGS)
            self.month_readings[name] += len(part)

    def write_rejects(self, rejects: pl.DataFrame) -> None:
        """Append rejects."""
        if len(rejects):
            self.rejects_key = f"rejects/{self._name}.parquet"
            self._append(self.rejects_key, REJECT.conform(rejects))

    def forget(self) -> None:
        """Forget the keys and counts of this source, after the `with` block ended with an error and no object appeared."""
        self.months, self.rejects_key = {}, None
        self.month_readings.clear()

    def _append(self, key: str, frame: pl.DataFrame, **options: Any) -> None:
        if not self._keep:
            return
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if key not in self._writers:
            self._writers[key] = self._stack.enter_context(self._lake.parquet_writer(key, table.schema, **options))
        self._writers[key].write_table(table)
