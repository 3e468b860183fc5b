"""`public.duckdb`: the published tables as one DuckDB file for download, with their meaning and units inside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import polars as pl

from transforms.public import PUBLIC_TABLES, PublicTable
from transforms.schema import UTC, Column, Table
from transforms.tables import DATA_DICTIONARY
from warehouse.lake import flush_to_disk
from warehouse.publish import STORAGE_VERSION, create_statements, describe_columns

EVERYONE_READS = 0o444
LICENCE = (
    "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), attribution: The Hearth authors. Figures that others "
    "published (tables assumption and external_check) stay under the terms of those who published them, named in their "
    "columns source and study."
)

RELEASE = Table(
    "release", "the publication that the tables of this file belong to", ("release_id",),
    (
        Column("release_id", pl.String, "identifier of the release: the snapshot of the warehouse it was made of"),
        Column("run_id", pl.String, "run that published the warehouse"),
        Column("published_at_utc", UTC, "when the warehouse was complete"),
        Column("code_version", pl.String, "version of Hearth"),
        Column("code_fingerprint", pl.String, "hash of the modules that computed the warehouse"),
        Column("made_up_by", pl.String, "what made the homes up, null for real ones", nullable=True),
        Column("threshold", pl.Int64, "fewest homes behind a cell; counts of homes are rounded to tens", "1", lower=10),
        Column("licence", pl.String, "terms of use of the tables"),
    ),
    tier="public",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseInfo:
    """What a public database says of itself."""

    release_id: str
    run_id: str
    published_at_utc: dt.datetime
    code_version: str
    code_fingerprint: str
    made_up_by: str | None
    threshold: int
    licence: str = LICENCE


def write_public_database(path: Path, published: Mapping[str, PublicTable], info: ReleaseInfo) -> Path:
    """Write the published tables into a new DuckDB file, rows in the order of their keys, and return its path.

    Raises
    ------
    TypeError
        If something among them did not pass disclosure control.

    """
    bare = [name for name, table in published.items() if not isinstance(table, PublicTable)]
    if bare:
        message = f"{', '.join(bare)} did not pass disclosure control: publish through quality.disclosure first"
        raise TypeError(message)
    frames = {PUBLIC_TABLES[table.name]: table.frame for table in published.values()}
    frames[RELEASE] = pl.DataFrame([asdict(info)], schema=RELEASE.schema)
    described = [*frames, dictionary := PUBLIC_TABLES[DATA_DICTIONARY.name]]
    frames[dictionary] = describe_columns(described)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.tmp")
    partial.unlink(missing_ok=True)
    with closing(duckdb.connect()) as con:
        con.execute("SET TimeZone = 'UTC'")
        quoted = str(partial).replace("'", "''")
        con.execute(f"ATTACH '{quoted}' AS candidate (STORAGE_VERSION '{STORAGE_VERSION}')")
        for table, frame in sorted(frames.items(), key=lambda item: item[0].name):
            _load(con, table, frame)
        con.execute("CHECKPOINT candidate")
        con.execute("DETACH candidate")
    flush_to_disk(partial)
    partial.chmod(EVERYONE_READS)
    return partial.replace(path)


def _load(con: duckdb.DuckDBPyConnection, table: Table, frame: pl.DataFrame) -> None:
    for statement in create_statements(table):
        con.execute(statement)
    con.register("incoming", table.conform(frame).sort(table.key).to_arrow())
    con.execute(f"INSERT INTO candidate.{table.name} SELECT * FROM incoming")
    con.unregister("incoming")
