"""Whether two data folders hold the same numbers: `python -m tests.benchmarks.same_numbers BEFORE AFTER [BEFORE AFTER ...]`.

Every table of the warehouse and of the published database is compared row by row, numbers to the last bit. What names a run,
a moment or the code that computed (`LINEAGE`) is left out; the ledger of checks is compared by its verdicts. Exit status 1
if anything differs; each difference is named with its table, column, number of rows and largest relative size.

To make a pair: `hearth run --landing FOLDER` with the code before and with the code after, each with a `HEARTH_HOME` of its own.
"""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path

import duckdb
import polars as pl

DATABASES = ("warehouse/current.duckdb", "reports/current/downloads/public.duckdb")
LINEAGE = {"run", "gate_run", "quality_result", "data_dictionary", "demand_change", "table_change"}
OF_A_RUN = {
    "ingested_at_utc",
    "fingerprint",
    "code_fingerprint",
    "data_fingerprint",
    "decisions_fingerprint",
    "run_id",
    "release_id",
}


def read_tables(path: Path) -> dict[str, pl.DataFrame]:
    """Return every table of a database by name."""
    with duckdb.connect(str(path), read_only=True) as database:
        database.execute("SET TimeZone='UTC'")
        names = database.execute(
            "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND schema_name = 'main' ORDER BY ALL"
        ).fetchall()
        return {name: database.sql(f'SELECT * FROM "{name}"').pl() for (name,) in names}


def compare(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    """Name what differs between two tables, whatever the order of their rows."""
    found = []
    for sign, names in (
        ("-", set(before.columns) - set(after.columns)),
        ("+", set(after.columns) - set(before.columns)),
    ):
        found += [f"column {sign}{name}" for name in sorted(names)]
    columns = [name for name in before.columns if name in after.columns and name not in OF_A_RUN]
    if len(before) != len(after):
        return [*found, f"{len(before)} rows before, {len(after)} after"]
    texts = [name for name in columns if not before.schema[name].is_float()]
    order = [*texts, *(name for name in columns if name not in texts)]
    one, other = (frame.select(columns).sort(order, nulls_last=True, maintain_order=True) for frame in (before, after))
    for name in columns:
        differs = ~one[name].eq_missing(other[name])
        if differs.any():
            size = ""
            if one.schema[name].is_numeric() and other.schema[name].is_numeric():
                a, b = one[name].filter(differs).cast(pl.Float64), other[name].filter(differs).cast(pl.Float64)
                size = f", at most {((b - a) / a).abs().max()} of the value"
            found.append(f"{name}: {differs.sum()} of {len(one)} rows differ{size}")
    return found


def compare_folders(before: Path, after: Path) -> list[str]:
    """Name what differs between two data folders."""
    found = []
    for database in DATABASES:
        one, other = read_tables(before / database), read_tables(after / database)
        found += [f"{database}: no table {name} any more" for name in one.keys() - other.keys()]
        found += [f"{database}: new table {name}" for name in other.keys() - one.keys()]
        for name in sorted((one.keys() & other.keys()) - LINEAGE):
            found += [f"{database}: {name}: {line}" for line in compare(one[name], other[name])]
        found += [
            f"{database}: check {name} passed {was}, passes {now}"
            for name, was, now in _verdicts(one).join(_verdicts(other), on="check_name").iter_rows()
            if was != now
        ]
    return found


def _verdicts(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return whether each check of the last run passed."""
    results = tables["quality_result"]
    if "run_id" in results.columns:
        results = results.filter(pl.col("run_id") == pl.col("run_id").sort().last())
    return results.group_by("check_name").agg(pl.col("passed").all())


def main() -> int:
    """Print the differences between each pair of folders, or that there are none."""
    folders = [Path(name) for name in sys.argv[1:]]
    if not folders or len(folders) % 2:
        sys.stderr.write("name pairs of data folders: BEFORE AFTER\n")
        return 2
    found = {(one, other): compare_folders(one, other) for one, other in zip(folders[::2], folders[1::2], strict=True)}
    for (one, other), lines in found.items():
        sys.stdout.write(f"{one} and {other}: {'the same numbers' if not lines else ''}\n")
        sys.stdout.writelines(f"  {line}\n" for line in lines)
    return int(bool(list(chain(*found.values()))))


if __name__ == "__main__":
    sys.exit(main())
