"""Following homes through all months: digests of months, then what is remembered of homes, one month after the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import ClassVar

import polars as pl

from flows.pipeline.inputs import Inputs, SourcedMonth, load_readings, source_months
from flows.pipeline.unit import Unit, code_fingerprint, describe_table, fingerprint, hash_frame
from transforms.climate.gas_law import GasLaw
from transforms.climate.temperature import daily_temperature, effective_temperature
from transforms.heat.selection import list_homes
from transforms.history.digest import digest_month
from transforms.history.history import Findings, Memory, Verdict, advance, conclude
from transforms.tables.lake import DAY, EQUAL_RUN
from warehouse.figures import read_figures
from warehouse.lake import Lake


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestUnit(Unit):
    """One month of readings to be digested."""

    of: SourcedMonth
    stage: ClassVar[str] = "digest months"
    tables: ClassVar[tuple[str, ...]] = ("equal_run", "day")

    @property
    def name(self) -> str:
        """What people call the unit."""
        return f"digest {self.of.month}"

    @property
    def folder(self) -> str:
        """Where its objects lie below their table."""
        return f"month={self.of.month}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryUnit(Unit):
    """One month to be gone through with what is remembered of homes at the end of the month before."""

    digest: DigestUnit
    before: HistoryUnit | None
    effective: pl.DataFrame
    law: GasLaw
    stage: ClassVar[str] = "follow homes"
    in_order: ClassVar[bool] = True
    tables: ClassVar[tuple[str, ...]] = (
        "recent_day", "open_run", "home_level", "closed_run", "level_change", "source_level", "unsettled", "month_readings",
    )  # fmt: skip

    @property
    def name(self) -> str:
        """What people call the unit."""
        return f"homes up to {self.digest.of.month}"

    @property
    def folder(self) -> str:
        """Where its objects lie below their table."""
        return f"month={self.digest.of.month}"


def plan_digests(inputs: Inputs) -> list[DigestUnit]:
    """Return the unit of every month that has readings, earliest first."""
    shape = [describe_table(table) for table in (DAY, EQUAL_RUN)]
    code = code_fingerprint("digest")
    return [
        DigestUnit(of=month, fingerprint=fingerprint(data=month.data_fingerprint, code=code, tables=shape))
        for month in source_months(inputs)
    ]


def plan_history(digests: Sequence[DigestUnit], inputs: Inputs) -> list[HistoryUnit]:
    """Return the chain of units over the digested months: each reads what the one before remembers."""
    effective = effective_temperature(daily_temperature(inputs.temperature))
    code, law = code_fingerprint("history"), GasLaw.from_tables(read_figures)
    chain: list[HistoryUnit] = []
    for digest in digests:
        month = effective.filter(pl.col("date").dt.month_start() == dt.date.fromisoformat(f"{digest.of.month}-01"))
        before = chain[-1] if chain else None
        text = fingerprint(
            digest=digest.fingerprint,
            before=before.fingerprint if before else None,
            temperature=hash_frame(month),
            law=asdict(law),
            code=code,
        )
        chain.append(HistoryUnit(fingerprint=text, digest=digest, before=before, effective=month, law=law))
    return chain


def work_digest(lake: Lake, unit: DigestUnit, inputs: Inputs) -> dict[str, int]:
    """Digest one month and return its counts."""
    readings, sources = load_readings(lake, unit.of, inputs)
    digest = digest_month(readings, sources, known=inputs.known)
    for table in unit.tables:
        lake.put_frame(unit.key(table), getattr(digest, table))
    return {"days": len(digest.day), "runs": len(digest.equal_run)}


def work_history(lake: Lake, unit: HistoryUnit) -> dict[str, int]:
    """Go through one month and return its counts."""
    day, equal_run = (lake.read(unit.digest.key(table)) for table in ("day", "equal_run"))
    memory, findings = advance(_read_memory(lake, unit.before), day, equal_run, unit.effective, unit.law)
    for table in unit.tables:
        frame = getattr(memory if hasattr(memory, table) else findings, table)
        lake.put_frame(unit.key(table), frame)
    return {"homes": len(memory.home_level), "findings": len(findings.closed_run) + len(findings.level_change)}


def read_verdict(lake: Lake, chain: Sequence[HistoryUnit], inputs: Inputs) -> Verdict:
    """Judge homes by all months together."""
    months = [Findings(*(lake.read(unit.key(field.name)) for field in fields(Findings))) for unit in chain]
    memory = _read_memory(lake, chain[-1] if chain else None)
    homes = list_homes(inputs.households, inputs.seen)
    return conclude(memory, Findings.together(months), homes, daily_temperature(inputs.temperature))


def _read_memory(lake: Lake, unit: HistoryUnit | None) -> Memory:
    if unit is None:
        return Memory.empty()
    return Memory(*(lake.read(unit.key(field.name)) for field in fields(Memory)))
