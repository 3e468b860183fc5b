"""Honest short scripts beside Hearth: from the same CSV to the mean hour by dwelling type, in polars, DuckDB and pandas.

They drop what does not parse and hours without both half-hours, and do nothing else: no flag, no ledger, no gap corrected, no
rerun. `floor` is less still: the file typed, its stamps parsed line by line, to one Parquet file.
"""

from __future__ import annotations

import sys
from pathlib import Path

STAMP = "%d%b%y:%H:%M:%S"


def floor(readings: Path, households: Path, out: Path) -> None:
    """Type the file and write it."""
    import polars as pl

    del households
    types = {"ANON_ID": pl.String, "ADVANCEDATETIME": pl.String, "HH": pl.Int16, "GASKWH": pl.Float64}
    lines = pl.scan_csv(readings, schema=types, ignore_errors=True)
    lines.with_columns(pl.col("ADVANCEDATETIME").str.to_datetime(STAMP, strict=False)).sink_parquet(out)


def polars(readings: Path, households: Path, out: Path) -> None:
    """Make the profile in one polars query."""
    import polars as pl

    types = {"ANON_ID": pl.String, "ADVANCEDATETIME": pl.String, "HH": pl.Int16, "GASKWH": pl.Float64}
    homes = pl.scan_csv(households, infer_schema=False).select("household_id", "dwelling_type")
    (
        pl.scan_csv(readings, schema=types, ignore_errors=True)
        .with_columns(end=pl.col("ADVANCEDATETIME").str.to_datetime(STAMP, strict=False))
        .drop_nulls()
        .with_columns(hour=(pl.col("end") - pl.duration(minutes=30)).dt.truncate("1h"))
        .group_by("ANON_ID", "hour")
        .agg(pl.col("GASKWH").sum(), parts=pl.len())
        .filter(pl.col("parts") == 2)
        .join(homes, left_on="ANON_ID", right_on="household_id")
        .group_by("dwelling_type", "hour")
        .agg(homes=pl.len(), gas_kwh_mean=pl.col("GASKWH").mean())
        .sort("dwelling_type", "hour")
        .collect(engine="streaming")
        .write_parquet(out)
    )


def duckdb(readings: Path, households: Path, out: Path) -> None:
    """Make the profile in one SQL statement."""
    import duckdb as database

    database.execute(
        f"""
        COPY (
            WITH hours AS (
                SELECT ANON_ID, date_trunc('hour', try_strptime(ADVANCEDATETIME, '{STAMP}') - INTERVAL 30 MINUTE) AS hour,
                    sum(TRY_CAST(GASKWH AS DOUBLE)) AS gas_kwh
                FROM read_csv('{readings}', all_varchar = true, header = true, null_padding = true)
                WHERE TRY_CAST(GASKWH AS DOUBLE) IS NOT NULL AND try_strptime(ADVANCEDATETIME, '{STAMP}') IS NOT NULL
                GROUP BY ALL HAVING count(*) = 2
            )
            SELECT dwelling_type, hour, count(*) AS homes, avg(gas_kwh) AS gas_kwh_mean
            FROM hours JOIN read_csv('{households}', all_varchar = true) ON ANON_ID = household_id
            GROUP BY ALL ORDER BY ALL
        ) TO '{out}' (FORMAT parquet)
        """
    )


def pandas(readings: Path, households: Path, out: Path) -> None:
    """Make the profile as most notebooks do; pandas is there because great-expectations needs it."""
    import pandas as pd

    lines = pd.read_csv(readings, dtype={"ANON_ID": str}, low_memory=False)
    lines["end"] = pd.to_datetime(lines["ADVANCEDATETIME"], format=STAMP, errors="coerce")
    lines["GASKWH"] = pd.to_numeric(lines["GASKWH"], errors="coerce")
    lines = lines.dropna(subset=["end", "GASKWH"])
    lines["hour"] = (lines["end"] - pd.Timedelta(minutes=30)).dt.floor("h")
    hours = lines.groupby(["ANON_ID", "hour"], as_index=False).agg(gas_kwh=("GASKWH", "sum"), parts=("GASKWH", "size"))
    homes = pd.read_csv(households, dtype=str)[["household_id", "dwelling_type"]]
    joined = hours[hours["parts"] == 2].merge(homes, left_on="ANON_ID", right_on="household_id")
    profile = joined.groupby(["dwelling_type", "hour"])["gas_kwh"].agg(["size", "mean"])
    profile.reset_index().to_parquet(out)


SCRIPTS = {script.__name__: script for script in (floor, polars, duckdb, pandas)}

if __name__ == "__main__":
    SCRIPTS[sys.argv[1]](*map(Path, sys.argv[2:5]))
