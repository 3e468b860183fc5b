"""Served as plain files, downloads are read in place: one column of one month takes a small part of the file."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reports.citation import Cited, render_readme
from tests.range_server import serving
from transforms.tables.heat import HEAT_PROFILE
from warehouse.public.public_files import write_parquet_files

JANUARY = (dt.datetime(2009, 1, 1), dt.datetime(2009, 1, 31, 23))
TYPES = ("all", "bungalow", "detached", "flat", "semi_detached", "stock", "terraced")
FILE = "parquet/heat_profile.parquet"
SPECULATIVE = 262_144  # what polars asks for at first, in the hope that the footer lies within


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the hourly profiles of seven groups in three years."""
    hours = pl.datetime_range(dt.datetime(2009, 1, 1), dt.datetime(2011, 12, 31, 23), interval="1h", eager=True)
    draw, rows = np.random.default_rng(1), len(hours) * len(TYPES)
    frame = pl.DataFrame({"hour_start_utc": hours}).join(pl.DataFrame({"dwelling_type": TYPES}), how="cross")
    profile = frame.with_columns(
        period=pl.col("hour_start_utc").dt.year().cast(pl.String),
        households=pl.lit(240),
        gas_kwh_mean=pl.Series(draw.uniform(0, 10, rows)),
        heat_kwh_mean=pl.Series(draw.uniform(0, 8, rows)),
        heat_kwh_se=pl.Series(draw.uniform(0, 0.3, rows)),
        temperature_c=pl.Series(draw.normal(10, 5, rows)),
    )
    folder = tmp_path_factory.mktemp("served")
    write_parquet_files(folder, {HEAT_PROFILE: HEAT_PROFILE.conform(profile).sort(HEAT_PROFILE.key)}, {"release": "r0"})
    return folder


def january(folder: Path) -> pl.Series:
    """Return the heat of all homes in January 2009, read from the disk."""
    rows = pl.read_parquet(folder / FILE).filter(pl.col("hour_start_utc").is_between(*JANUARY), dwelling_type="all")
    return rows.sort("hour_start_utc")["heat_kwh_mean"]


def test_polars_reads_one_column_of_one_month_in_place(folder: Path) -> None:
    with serving(folder) as served:
        profile = pl.scan_parquet(f"{served.address}/{FILE}")
        month = pl.col("hour_start_utc").is_between(*JANUARY)
        heat = profile.filter(month, dwelling_type="all").select("heat_kwh_mean").collect()["heat_kwh_mean"]
    assert heat.equals(january(folder))
    assert len(heat) == 744
    size = (folder / FILE).stat().st_size
    assert all(asked is not None for asked, _ in served.bodies), "no request takes the whole file"
    assert served.bytes < 0.12 * size
    assert served.bytes - SPECULATIVE < 0.04 * size


class RangeFile(io.RawIOBase):
    """A file on a web server, of which only the parts are fetched that are read."""

    def __init__(self, address: str, client: httpx.Client) -> None:
        super().__init__()
        self._address, self._client, self._at = address, client, 0
        self._size = int(client.head(address).headers["Content-Length"])

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Fetch the next bytes."""
        end = self._size if size < 0 else min(self._at + size, self._size)
        if end <= self._at:
            return b""
        answer = self._client.get(self._address, headers={"Range": f"bytes={self._at}-{end - 1}"})
        self._at = end
        return answer.content


def test_pyarrow_reads_one_column_of_one_month_in_place(folder: Path) -> None:
    with serving(folder) as served, httpx.Client() as client:
        file = pq.ParquetFile(pa.PythonFile(RangeFile(f"{served.address}/{FILE}", client), mode="r"))
        position = file.schema_arrow.get_field_index("hour_start_utc")
        groups = [
            group
            for group in range(file.num_row_groups)
            if file.metadata.row_group(group).column(position).statistics.min <= JANUARY[1]
        ]
        heat = file.read_row_group(groups[0], columns=["heat_kwh_mean"])
        meaning = file.schema_arrow.field("heat_kwh_mean").metadata[b"unit"]
    assert groups == [0], "one row group a month"
    assert heat.num_rows == 744 * len(TYPES)
    assert meaning == b"kWh/h"
    assert served.bytes < 0.03 * (folder / FILE).stat().st_size


def test_each_month_is_one_row_group(folder: Path) -> None:
    metadata = pq.read_metadata(folder / FILE)
    assert metadata.num_row_groups == 36
    position = metadata.schema.to_arrow_schema().get_field_index("hour_start_utc")
    for group in range(metadata.num_row_groups):
        statistics = metadata.row_group(group).column(position).statistics
        assert (statistics.min.year, statistics.min.month) == (statistics.max.year, statistics.max.month)


def test_the_lines_of_the_readme_run(folder: Path) -> None:
    cited = Cited(
        snapshot="r0", publisher="p", published_at_utc=dt.datetime(2026, 1, 1), code_version="0.1.0", origin="o",
        licence="l", licence_id=None, package_sha256="0",
    )  # fmt: skip
    readme = render_readme(cited, hours=FILE)
    lines = re.findall(r"^    (?!python)(.+)$", readme, flags=re.MULTILINE)
    assert len(lines) == 4
    with serving(folder) as served:
        names: dict[str, pl.DataFrame] = {}
        *first, last = lines
        code = "\n".join([*first, f"heat = {last}"]).replace("https://...", served.address)
        exec(code, names)  # noqa: S102 - the code is our own README's
    assert names["heat"]["heat_kwh_mean"].equals(january(folder))
    assert served.bytes < 0.12 * (folder / FILE).stat().st_size
