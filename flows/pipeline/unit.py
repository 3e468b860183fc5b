"""Units of work and their fingerprints: the hash of what a unit reads, its parameters and the modules that compute it."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from transforms.tables.schema import Table
from warehouse.lake import Lake

NO_NUMBERS = ("gate", "report")  # stages that judge or show figures and make none
# The modules whose text decides a stage's output. A change of any other module leaves the stage's units valid.
CODE = {
    "ingest": (
        "transforms.readings.formats",
        "transforms.readings.stamps",
        "transforms.readings.clocks",
        "transforms.readings.parse",
        "transforms.readings.line_flags",
        "transforms.public.forgotten",
        "warehouse.landing",
        "warehouse.reading_objects",
        "flows.pipeline.ingest_source",
    ),
    "ingest_table": (
        "transforms.readings.delivered_table",
        "transforms.readings.household_table",
        "transforms.readings.temperature_table",
        "transforms.climate.temperature",
    ),
    "digest": ("transforms.readings.neighbour_flags", "transforms.history.digest", "transforms.history.equal_runs"),
    "history": (
        "transforms.history.history",
        "transforms.history.equal_runs",
        "transforms.history.slip_rule",
        "transforms.history.unit_slips",
        "transforms.climate.gas_law",
        "transforms.readings.formats",
        "transforms.climate.temperature",
    ),
    "month": ("transforms.readings.neighbour_flags", "transforms.readings.inferred_flags", "transforms.heat.hours"),
    "period": (
        "transforms.heat.periods",
        "transforms.heat.cells",
        "transforms.heat.heating",
        "transforms.heat.selection",
        "transforms.heat.levels",
        "transforms.heat.profiles",
        "transforms.heat.demand",
        "transforms.heat.season",
        "transforms.climate.local_time",
        "transforms.climate.temperature",
        "transforms.weather.weather",
        "transforms.weather.weather_days",
        "transforms.climate.weather_fit",
        "transforms.climate.weather_normal",
    ),
    "diversity": (
        "transforms.peaks.cold_days",
        "transforms.peaks.diversity",
        "transforms.peaks.diversity_curve",
        "transforms.peaks.diversity_draws",
        "transforms.heat.levels",
    ),
    "cost": (
        "transforms.lcoh",
        "transforms.claims.claims",
        "transforms.claims.sample_claims",
        "transforms.climate.temperature",
        "transforms.climate.weather_normal",
        "flows.pipeline.costs",
    ),
    "gate": (
        "quality.changed",
        "quality.checks",
        "quality.gate",
        "quality.measure",
        "quality.truths",
        "flows.pipeline.judgement",
    ),
    "report": (
        "reports",
        "quality.disclosure",
        "transforms.public.public",
        "transforms.public.changes",
        "transforms.public.inert_cells",
        "transforms.public.licences",
        "warehouse.public.public_database",
        "warehouse.public.public_files",
        "warehouse.public.data_package",
        "flows.pipeline.downloads",
        "transforms.tables.origins",
        "flows.pipeline.report",
        "flows.pipeline.external",
        "transforms.external",
        "transforms.heat.season",
        "transforms.climate.local_time",
        "transforms.peaks.peak_rules",
        "warehouse.reference_folder",
    ),
}


def fingerprint(**parts: Any) -> str:
    """Return the sha256 of the parts, independent of their order."""
    text = json.dumps(parts, sort_keys=True, default=_as_text)
    return hashlib.sha256(text.encode()).hexdigest()


def describe_table(table: Table) -> list[str]:
    """Return the shape of a table: what a stage that writes it depends on."""
    return [f"{name}:{dtype}" for name, dtype in table.schema.items()]


@functools.cache
def code_fingerprint(stage: str) -> str:
    """Return the hash of the text of a stage's modules; a package stands for all its files."""
    digest = hashlib.sha256()
    for name in CODE[stage]:
        for path in _files_of(name):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files_of(module: str) -> list[Path]:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        message = f"no module {module}"
        raise ModuleNotFoundError(message)
    origin = Path(spec.origin)
    if origin.name != "__init__.py":
        return [origin]
    return sorted(p for p in origin.parent.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def _as_text(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(ABC):
    """One piece of work: its objects are named by its fingerprint, and the last of its `tables` commits it."""

    fingerprint: str
    stage: ClassVar[str]
    tables: ClassVar[tuple[str, ...]]
    in_order: ClassVar[bool] = False  # whether each unit of the stage reads what the one before has written

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call the unit."""

    @property
    @abstractmethod
    def folder(self) -> str:
        """Where its objects lie below their table."""

    def key(self, table: str) -> str:
        """Return the key of one of the unit's objects."""
        return f"{table}/{self.folder}/{self.fingerprint}.parquet"

    @property
    def commit_key(self) -> str:
        """The object that is written last and says that the unit is done."""
        return self.key(self.tables[-1])


def is_missing(lake: Lake, unit: Unit) -> bool:
    """Say whether a unit is not done yet."""
    return not lake.exists(unit.commit_key)


def hash_frame(frame: pl.DataFrame) -> str:
    """Return a hash of a frame's rows that does not depend on their order."""
    return fingerprint(rows=frame.sort(frame.columns).write_csv(float_precision=9), names=frame.columns)
