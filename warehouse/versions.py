"""Which version of Hearth wrote a lake or a warehouse, and whether this one can read it.

Lake and warehouse each have a format number, apart from the version of the package. It rises when the meaning of stored
content changes. A warehouse that merely lacks columns is recognised by comparing its columns with the declared ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import polars as pl

from transforms.tables.catalogue import WAREHOUSE_TABLES
from warehouse.lake import DamagedObjectError, Lake

LAKE_FORMAT = 2  # objects are sealed; in format 1 they are not
OLDEST_LAKE_FORMAT = 1  # the oldest format that this version reads
WAREHOUSE_FORMAT = 1
UNNUMBERED_WAREHOUSE = 0  # published before its number was recorded
LAKE_FORMAT_KEY = "format.json"
KEY_FINGERPRINT = "pseudonym_key"  # in it: a keyed hash that tells the key of the lake's pseudonyms, empty without


class FormatError(ValueError):
    """Stored by a version of Hearth that this one cannot read; the message names both and the next step."""


def own_version() -> str:
    """Return the version of the package that runs."""
    return version("hearth")


def record_lake(lake: Lake, key_fingerprint: str = "") -> None:
    """Write the format of the lake, the version of Hearth that last wrote to it, and the key of its pseudonyms."""
    said = {"format": LAKE_FORMAT, "hearth_version": own_version()}
    if key_fingerprint:
        said[KEY_FINGERPRINT] = key_fingerprint
    if not lake.exists(LAKE_FORMAT_KEY) or json.loads(lake.get_text(LAKE_FORMAT_KEY)) != said:
        lake.put_text(LAKE_FORMAT_KEY, json.dumps(said))


def read_key_fingerprint(lake: Lake) -> str:
    """Return what tells the key that the pseudonyms of a lake were made with; nothing where its ids are as delivered."""
    check_lake(lake)
    if not lake.exists(LAKE_FORMAT_KEY):
        return ""
    return str(json.loads(lake.get_text(LAKE_FORMAT_KEY)).get(KEY_FINGERPRINT, ""))


def check_lake(lake: Lake) -> None:
    """Check that this version can read the lake; a lake that records no format has format 1.

    Raises
    ------
    FormatError
        If its format is newer than this version, or too old for it.

    """
    if not lake.exists(LAKE_FORMAT_KEY):
        return
    try:
        said = json.loads(lake.get_text(LAKE_FORMAT_KEY))
        number, writer = int(said["format"]), str(said["hearth_version"])
    except (ValueError, KeyError, TypeError):
        raise DamagedObjectError(lake.root, LAKE_FORMAT_KEY, "it does not state the format of the lake") from None
    where = f"the lake {lake.root} has format {number}, written by Hearth {writer}"
    own = f"this is Hearth {own_version()}"
    if number > LAKE_FORMAT:
        message = f"{where}; {own}, which reads formats up to {LAKE_FORMAT}: use Hearth {writer} or newer"
        raise FormatError(message)
    if number < OLDEST_LAKE_FORMAT:
        message = (
            f"{where}; {own}, which reads formats from {OLDEST_LAKE_FORMAT} on: move the lake aside, and `hearth run` "
            "takes the landing files in again"
        )
        raise FormatError(message)


def read_warehouse_format(run: pl.DataFrame) -> int:
    """Return the format of a warehouse from its table `run`, oldest run first."""
    number = run["warehouse_format"][-1] if "warehouse_format" in run.columns else None
    return UNNUMBERED_WAREHOUSE if number is None else int(number)


def check_not_newer(run: pl.DataFrame, name: str) -> None:
    """Check that this version can read the format of a warehouse.

    Raises
    ------
    FormatError
        If a newer version of Hearth wrote it.

    """
    number = read_warehouse_format(run)
    if number > WAREHOUSE_FORMAT:
        writer = run["code_version"][-1] if "code_version" in run.columns else "unknown"
        message = (
            f"{name} has format {number}, written by Hearth {writer}; this is Hearth {own_version()}, which reads "
            f"formats up to {WAREHOUSE_FORMAT}: use Hearth {writer} or newer"
        )
        raise FormatError(message)


def lacking_columns(query: Callable[[str], pl.DataFrame]) -> list[str]:
    """Return the declared columns that an open warehouse lacks, as table.column."""
    found = query("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal")
    have = set(found.iter_rows())
    return [
        f"{table.name}.{name}" for table in WAREHOUSE_TABLES for name in table.schema if (table.name, name) not in have
    ]


def check_current_format(query: Callable[[str], pl.DataFrame], database: Path) -> None:
    """Check that an open warehouse has the format and the columns of this version.

    Raises
    ------
    FormatError
        If it is newer or older; for an older one the message says how to bring it up to date.

    """
    run = query("SELECT * FROM run ORDER BY published_at_utc, run_id")
    check_not_newer(run, str(database))
    older = describe_older(run, lacking_columns(query))
    if older is not None:
        message = f"{database} {older}: `hearth run` publishes it anew"
        raise FormatError(message)


def describe_older(run: pl.DataFrame, lacking: list[str]) -> str | None:
    """Say in what a warehouse is older than this version, or return None if it is not."""
    number = read_warehouse_format(run)
    if number >= WAREHOUSE_FORMAT and not lacking:
        return None
    writer = run["code_version"][-1] if "code_version" in run.columns else "unknown"
    parts = [f"has format {number}, not {WAREHOUSE_FORMAT}"] if number < WAREHOUSE_FORMAT else []
    if lacking:
        columns = f"column {lacking[0]}" if len(lacking) == 1 else f"{len(lacking)} columns, such as {lacking[0]}"
        parts.append(f"lacks {columns}")
    return f"of Hearth {writer} {' and '.join(parts)}"
