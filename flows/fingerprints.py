"""Fingerprints: the hash of what a unit of work reads, its parameters and the modules that compute it."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transforms.schema import Table

NO_NUMBERS = ("gate", "report")  # stages that judge or show figures and make none

# The modules whose text decides a stage's output. A change of any other module leaves the stage's units valid.
CODE = {
    "ingest": (
        "transforms.formats",
        "transforms.stamps",
        "transforms.clocks",
        "transforms.parse",
        "transforms.line_flags",
        "transforms.forgotten",
        "warehouse.landing",
        "warehouse.reading_objects",
        "flows.ingest_source",
    ),
    "ingest_table": (
        "transforms.delivered_table",
        "transforms.household_table",
        "transforms.temperature_table",
        "transforms.temperature",
    ),
    "digest": ("transforms.neighbour_flags", "transforms.digest", "transforms.equal_runs"),
    "history": (
        "transforms.history",
        "transforms.equal_runs",
        "transforms.slip_rule",
        "transforms.unit_slips",
        "transforms.gas_law",
        "transforms.formats",
        "transforms.temperature",
    ),
    "month": ("transforms.neighbour_flags", "transforms.inferred_flags", "transforms.hours"),
    "period": (
        "transforms.periods",
        "transforms.cells",
        "transforms.heating",
        "transforms.selection",
        "transforms.levels",
        "transforms.profiles",
        "transforms.demand",
        "transforms.season",
        "transforms.local_time",
        "transforms.temperature",
        "transforms.weather",
        "transforms.weather_days",
        "transforms.weather_fit",
        "transforms.weather_normal",
    ),
    "diversity": (
        "transforms.cold_days",
        "transforms.diversity",
        "transforms.diversity_curve",
        "transforms.diversity_draws",
        "transforms.levels",
    ),
    "cost": (
        "transforms.lcoh",
        "transforms.claims",
        "transforms.sample_claims",
        "transforms.temperature",
        "transforms.weather_normal",
        "flows.cost_units",
    ),
    "gate": (
        "quality.changed",
        "quality.checks",
        "quality.gate",
        "quality.measure",
        "quality.truths",
        "flows.audit",
    ),
    "report": (
        "reports",
        "quality.disclosure",
        "transforms.public",
        "transforms.changes",
        "transforms.inert_cells",
        "transforms.licences",
        "warehouse.public_database",
        "warehouse.public_files",
        "warehouse.data_package",
        "flows.downloads",
        "flows.lineage",
        "flows.report",
        "flows.external",
        "transforms.external",
        "transforms.season",
        "transforms.local_time",
        "transforms.peak_rules",
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
