"""Descriptions of the downloads for programs: a Frictionless Data Package, and a manifest with a checksum per file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from transforms.public.licences import LICENCES
from transforms.tables.schema import Column, Table
from warehouse.public.public_database import ReleaseInfo
from warehouse.public.public_files import CSV_FOLDER, PublicFile

FIELD_TYPES = {
    pl.String: "string",
    pl.Int64: "integer",
    pl.Int8: "integer",
    pl.Float64: "number",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "datetime",
}
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".gz": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def describe_package(files: Sequence[PublicFile], info: ReleaseInfo) -> dict[str, Any]:
    """Return the descriptor of a Frictionless Data Package.

    Its resources are the CSV files. The other files are listed as `alternatives`, with bytes and checksums: programs that
    read Data Packages would take them for tables, and many cannot read Parquet or DuckDB.
    """
    package: dict[str, Any] = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "hearth",
        "id": info.release_id,
        "title": "Hearth: heat profiles of homes and the levelised cost of heat",
        "description": f"{describe_origin(info)} {info.licence}",
        "version": info.release_id,
        "created": f"{info.published_at_utc:%Y-%m-%dT%H:%M:%SZ}",
        "contributors": [{"title": info.publisher, "roles": ["publisher"]}],
    }
    if info.licence_id is not None:
        licence = LICENCES[info.licence_id]
        package["licenses"] = [{"name": licence.identifier, "path": licence.url, "title": licence.title}]
    resources = [
        _describe_resource(file, file.table) for file in files if file.table and file.file.startswith(CSV_FOLDER)
    ]
    alternatives = [_describe_file(file) for file in files if not file.file.startswith(CSV_FOLDER)]
    return package | {"resources": resources, "alternatives": alternatives}


def describe_manifest(files: Sequence[PublicFile], info: ReleaseInfo) -> dict[str, Any]:
    """Return the release, and the list of all its files with bytes, sha256, rows and table."""
    release = asdict(info) | {"published_at_utc": f"{info.published_at_utc.isoformat()}Z", "licence": info.licence}
    rows = [
        {
            "file": file.file,
            "holds": file.holds,
            "bytes": file.bytes,
            "sha256": file.sha256,
            "table": None if file.table is None else file.table.name,
            "rows": file.rows,
            "licence": info.licence_id,
            "run_id": info.run_id,
            "snapshot": info.release_id,
        }
        for file in files
    ]
    return {"release": release, "files": rows}


def describe_origin(info: ReleaseInfo) -> str:
    """Say what data the release was computed from."""
    if info.made_up_by is not None:
        return f"Sample data: the homes are made up ({info.made_up_by}); no value is a measurement."
    return f"Results from homes whose gas was read half-hourly; each rests on at least {info.threshold} homes."


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON with indents, so that people can read it as well."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _describe_resource(file: PublicFile, table: Table) -> dict[str, Any]:
    compressed = {"compression": "gz"} if file.file.endswith(".gz") else {}
    return {
        "name": table.name.replace("_", "-"),
        "type": "table",
        **_describe_file(file),
        "format": "csv",
        **compressed,
        "encoding": "utf-8",
        "schema": describe_schema(table),
    }


def _describe_file(file: PublicFile) -> dict[str, Any]:
    return {
        "path": file.file,
        "title": file.holds,
        "mediatype": MEDIA_TYPES[Path(file.file).suffix],
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
    }


def describe_schema(table: Table) -> dict[str, Any]:
    """Return the Table Schema of a table: types, units, meanings, bounds and key."""
    return {
        "fields": [_describe_field(column) for column in table.columns],
        "primaryKey": list(table.key),
        "missingValues": [""],
    }


def _describe_field(column: Column) -> dict[str, Any]:
    kind = FIELD_TYPES[column.dtype.base_type()]
    text = kind == "string"  # CSV does not tell an empty text from a missing one
    constraints: dict[str, Any] = {} if column.nullable or text else {"required": True}
    if column.lower is not None:
        constraints["minimum"] = column.lower
    if column.upper is not None:
        constraints["maximum"] = column.upper
    if column.allowed:
        constraints["enum"] = list(column.allowed)
    field = {"name": column.name, "type": kind, "title": column.label, "description": column.meaning}
    if column.unit:
        field["unit"] = column.unit
    return field | ({"constraints": constraints} if constraints else {})
