"""CITATION.cff and README.txt of a release: how it is cited, and what its files hold."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

NAME = "Hearth: heat profiles of homes and the levelised cost of heat"
PACKAGE = "datapackage.json"
KEYWORDS = ("heat demand", "gas", "smart meter", "levelised cost of heat", "heat pump", "district heating")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """The facts for a citation; `package_sha256` is the checksum of `datapackage.json`."""

    snapshot: str
    publisher: str
    published_at_utc: dt.datetime
    code_version: str
    origin: str
    licence: str
    licence_id: str | None
    package_sha256: str

    @property
    def line(self) -> str:
        """The citation as one line of text."""
        return (
            f"{self.publisher} ({self.published_at_utc.year}): {NAME}. Snapshot {self.snapshot}, "
            f"sha256 of {PACKAGE} {self.package_sha256}."
        )


def render_citation(cited: Cited) -> str:
    """Return `CITATION.cff` (version 1.2.0) of a release.

    The checksum is that of `datapackage.json`, which lists the checksums of the CSV and Parquet files and of the workbook. It
    stays the same if the same release is written again; the DuckDB file does not, since it holds a random number.
    """
    licence = [f"license: {cited.licence_id}"] if cited.licence_id is not None else []
    lines = [
        "cff-version: 1.2.0",
        f"message: {_quoted('If you use these figures, please cite them as below. ' + cited.licence)}",
        "type: dataset",
        f"title: {_quoted(NAME)}",
        f"abstract: {_quoted(cited.origin)}",
        "authors:",
        f"  - name: {_quoted(cited.publisher)}",
        f"version: {_quoted(cited.snapshot)}",
        f"date-released: {_quoted(f'{cited.published_at_utc:%Y-%m-%d}')}",
        "identifiers:",
        "  - type: other",
        f"    value: {_quoted(cited.snapshot)}",
        "    description: Snapshot of the warehouse that the figures were published from",
        "  - type: other",
        f"    value: {_quoted('sha256:' + cited.package_sha256)}",
        f"    description: SHA-256 of {PACKAGE}, which holds the checksum of every CSV and Parquet file",
        *licence,
        "keywords:",
        *(f"  - {word}" for word in KEYWORDS),
        "references:",
        "  - type: software",
        "    title: Hearth",
        "    authors:",
        "      - name: The Hearth authors",
        f"    version: {_quoted(cited.code_version)}",
        "    license: MIT",
    ]
    return "\n".join(lines) + "\n"


def render_readme(cited: Cited, *, hours: str) -> str:
    """Return `README.txt`; `hours` is the path of the Parquet file of hourly profiles."""
    return f"""{NAME}
{"=" * len(NAME)}

{cited.origin}
Snapshot {cited.snapshot}, made by Hearth {cited.code_version}.

Licence
-------
{cited.licence}

How to cite
-----------
{cited.line}
CITATION.cff says the same for programs.

Files
-----
csv/                one file per table, UTF-8, comma, first row names; large ones are compressed (.csv.gz)
parquet/            the same tables for programs, with the unit and meaning of each column in the schema
hearth.xlsx         the same tables for spreadsheets, units in the second row; very long ones are left to Parquet
public.duckdb       the same tables and some views as one DuckDB file (version 1.4 or later), with comments
datapackage.json    Frictionless Data Package: types, units, bounds, keys and checksums
manifest.json       every file with its size, sha256, rows, table, licence, run and snapshot
CITATION.cff        how to cite this snapshot

Columns
-------
The unit stands in a column's name (heat_kwh) or in datapackage.json. A name that ends in _utc is UTC and names the start
of its interval. An empty cell is a figure that is not there or not shown. In CSV, a text cell that a spreadsheet would take for
a formula has an apostrophe before it; Parquet has the text as it is.

Read in place
-------------
On any web server that serves parts of files (ranges), one month of one column is read without the rest:

    import datetime as dt, polars as pl
    profile = pl.scan_parquet("https://.../{hours}")
    january = pl.col("hour_start_utc").is_between(dt.datetime(2009, 1, 1), dt.datetime(2009, 1, 31, 23))
    profile.filter(january, dwelling_type="all").select("heat_kwh_mean").collect()

Check a download
----------------
    python -c "import hashlib; print(hashlib.sha256(open('{PACKAGE}', 'rb').read()).hexdigest())"
"""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML string
