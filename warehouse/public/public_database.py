"""`public.duckdb`: the published tables as one DuckDB file for download, with their meaning and units inside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import polars as pl

from transforms.public.licences import LICENCES, SAMPLE_LICENCE, SAMPLE_PUBLISHER, state_licence
from transforms.public.public import PUBLIC_TABLES, PublicTable
from transforms.tables.lineage import DATA_DICTIONARY
from transforms.tables.schema import UTC, Column, Table
from transforms.tables.views import PUBLIC_VIEWS
from warehouse.publish import STORAGE_VERSION, create_statements, describe_columns
from warehouse.writing import flush_to_disk, renamed_onto

EVERYONE_READS = 0o444
BLOCK_BYTES = 16_384  # many small tables: the usual blocks of 256 kB would make the file 2.6 times as large

RELEASE = Table(
    "release", "the publication that the tables of this file belong to", ("release_id",),
    (
        Column("release_id", pl.String, "identifier of the release: the snapshot of the warehouse that it was made from"),
        Column("run_id", pl.String, "run that published the warehouse"),
        Column("published_at_utc", UTC, "when the warehouse was complete"),
        Column("code_version", pl.String, "version of Hearth"),
        Column("code_fingerprint", pl.String, "hash of the modules that computed the warehouse"),
        Column("made_up_by", pl.String, "what made the homes up, null for real ones", nullable=True),
        Column("threshold", pl.Int64, "fewest homes behind a cell; counts of homes are rounded to tens", "1", lower=10),
        Column("publisher", pl.String, "who publishes the tables"),
        Column("licence", pl.String, "terms of use of the tables"),
        Column("licence_id", pl.String, "SPDX identifier of the licence, null where none is given", nullable=True),
    ),
    tier="public",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseInfo:
    """The description of a release that each of its files carries."""

    release_id: str
    run_id: str
    published_at_utc: dt.datetime
    code_version: str
    code_fingerprint: str
    made_up_by: str | None
    threshold: int
    publisher: str = SAMPLE_PUBLISHER
    licence_id: str | None = SAMPLE_LICENCE.identifier

    @property
    def licence(self) -> str:
        """The terms of use in words."""
        return state_licence(None if self.licence_id is None else LICENCES[self.licence_id], self.publisher)


def collect_tables(published: Mapping[str, PublicTable], info: ReleaseInfo) -> dict[Table, pl.DataFrame]:
    """Return the tables of a release in the order of their names, with rows in the order of their keys.

    Every release has the same tables; one without results has no rows. Among them are the table `release`, which
    describes the release, and the data dictionary.

    Raises
    ------
    TypeError
        If one of `published` did not pass disclosure control.

    """
    bare = [name for name, table in published.items() if not isinstance(table, PublicTable)]
    if bare:
        message = f"{', '.join(bare)} did not pass disclosure control: publish through quality.disclosure first"
        raise TypeError(message)
    frames = {table: table.empty() for table in PUBLIC_TABLES.values()}
    frames |= {PUBLIC_TABLES[table.name]: table.frame for table in published.values()}
    frames[RELEASE] = pl.DataFrame([asdict(info) | {"licence": info.licence}], schema=RELEASE.schema)
    frames[PUBLIC_TABLES[DATA_DICTIONARY.name]] = describe_columns([*frames, *PUBLIC_VIEWS])
    ordered = sorted(frames.items(), key=lambda item: item[0].name)
    return {table: table.conform(frame).sort(table.key) for table, frame in ordered}


def write_public_database(path: Path, published: Mapping[str, PublicTable], info: ReleaseInfo) -> Path:
    """Write the tables of a release into a new DuckDB file, with the public views, and return its path.

    Raises
    ------
    TypeError
        As `collect_tables`.

    """
    tables = collect_tables(published, info)
    with renamed_onto(path) as partial:
        _write_database(partial, tables)
        partial.chmod(EVERYONE_READS)
        flush_to_disk(partial)
    return path


def _write_database(path: Path, tables: Mapping[Table, pl.DataFrame]) -> None:
    with closing(duckdb.connect()) as con:
        con.execute("SET TimeZone = 'UTC'")
        quoted = str(path).replace("'", "''")
        con.execute(f"ATTACH '{quoted}' AS candidate (STORAGE_VERSION '{STORAGE_VERSION}', BLOCK_SIZE {BLOCK_BYTES})")
        for table, frame in tables.items():
            _load(con, table, frame)
        con.execute("USE candidate")
        for statement in (statement for view in PUBLIC_VIEWS for statement in create_statements(view)):
            con.execute(statement)
        con.execute("CHECKPOINT candidate")
        con.execute("USE memory")
        con.execute("DETACH candidate")


def _load(con: duckdb.DuckDBPyConnection, table: Table, frame: pl.DataFrame) -> None:
    for statement in create_statements(table):
        con.execute(statement)
    con.register("incoming", frame.to_arrow())
    con.execute(f"INSERT INTO candidate.{table.name} SELECT * FROM incoming")  # nosec B608  # names are of our own declarations, values are parameters
    con.unregister("incoming")
