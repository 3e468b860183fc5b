"""A folder of published studies: which files it holds, and their rows as tables of the project."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from transforms.external.reference import DAILY_GAS, HALF_HOUR_GAS, LEVEL_BY_BAND, LEVEL_BY_TYPE, REFERENCES, References
from transforms.tables.schema import Table

SERL_LEVEL_COLUMNS = (
    "unit", "summary_time", "aggregation_period", "weekday_weekend", "segmentation_variable_1", "segment_1_value",
    "segmentation_variable_2", "segment_2_value", "segmentation_variable_3", "segment_3_value", "mean", "mean_temp",
    "mean_hdd", "n_rounded",
)  # fmt: skip
SERL_SHAPE_COLUMNS = ("year", "segmentation", "segment", "read_time_local", "mean_kW", "n")
FLUVIUS_COLUMNS = ("EAN_ID", "DATE", "CONS_sum")


class ReferenceFileError(ValueError):
    """A reference file does not hold what its name promises; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class ReferenceFile:
    """The files of one study: their names, the columns that they must have, and their translation into a table of ours."""

    table: Table
    pattern: str
    columns: tuple[str, ...]
    translate: Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class ReferenceFolder:
    """The content of a folder of references."""

    references: References
    missing: tuple[str, ...]  # patterns that no file matches
    refused: Mapping[str, str]  # file -> reason why it is not used


def read_reference_folder(folder: Path) -> ReferenceFolder:
    """Read a folder of references; missing and refused files are named, and the others are used.

    Parameters
    ----------
    folder
        The folder; it holds `serl/*.csv` and `real_gas/fluvius*.feather` under their published names.

    """
    missing: list[str] = []
    refused: dict[str, str] = {}
    tables: dict[str, pl.DataFrame] = {}
    for kind in FILES:
        paths = sorted(folder.glob(kind.pattern))
        if not paths:
            missing.append(kind.pattern)
        frames = [kind.table.empty()]
        for path in paths:
            try:
                frames.append(read_reference_file(kind, path))
            except ReferenceFileError as error:
                refused[path.relative_to(folder).as_posix()] = str(error)
        tables[kind.table.name] = pl.concat(frames).unique(kind.table.key, keep="first", maintain_order=True)
    return ReferenceFolder(References(**tables), tuple(missing), refused)


def fingerprint_folder(folder: Path) -> str:
    """Return a hash of the names and contents of the files that are read, so that a changed file is noticed."""
    digest = hashlib.sha256()
    for path in sorted(path for kind in FILES for path in folder.glob(kind.pattern)):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_reference_file(kind: ReferenceFile, path: Path) -> pl.DataFrame:
    """Return one reference file as rows of its table.

    Raises
    ------
    ReferenceFileError
        If the file cannot be read, lacks columns, holds no row of the study, or holds an impossible value.

    """
    try:
        frame = pl.read_ipc(path) if path.suffix == ".feather" else pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        message = f"{path.name} cannot be read as {path.suffix.lstrip('.')}: {str(error).splitlines()[0]}"
        raise ReferenceFileError(message) from None
    lacking = [name for name in kind.columns if name not in frame.columns]
    if lacking:
        message = f"{path.name} lacks {len(lacking)} columns, e.g. {lacking[0]}; put the published file there unchanged"
        raise ReferenceFileError(message)
    try:
        rows = kind.table.conform(kind.translate(frame))
    except (pl.exceptions.PolarsError, ValueError) as error:
        message = f"{path.name} does not hold {kind.table.grain}: {str(error).splitlines()[0]}"
        raise ReferenceFileError(message) from None
    _refuse_impossible(kind.table, rows, path.name)
    return rows


def _refuse_impossible(table: Table, rows: pl.DataFrame, name: str) -> None:
    if rows.is_empty():
        message = f"{name} holds no row of {table.grain}; put the published file there unchanged"
        raise ReferenceFileError(message)
    repeated = rows.filter(rows.select(table.key).is_duplicated())
    if len(repeated):
        example = repeated.select(table.key).row(0)
        message = f"{name} has {len(repeated)} rows with a key that occurs twice, e.g. {example}; keep one of each"
        raise ReferenceFileError(message)
    for column in table.columns:
        value = pl.col(column.name)
        outside = pl.lit(value=False)
        if column.lower is not None:
            outside |= value < column.lower
        if column.upper is not None:
            outside |= value > column.upper
        bad = rows.filter(outside)
        if len(bad):
            message = (
                f"{name} has {len(bad)} impossible values of {column.meaning}, e.g. {bad[column.name][0]} "
                f"{column.unit} where {column.lower} to {column.upper} is possible"
            )
            raise ReferenceFileError(message)


def _serl_level(frame: pl.DataFrame, segmentation: str) -> pl.DataFrame:
    """Return the yearly daily statistics of gas-heated homes without solar panels."""
    wanted = {
        "summary_time": "Daily", "weekday_weekend": "both", "segmentation_variable_1": "primary_space_heating_fuel",
        "segment_1_value": "Gas", "segmentation_variable_2": "has_PV", "segment_2_value": "No",
        "segmentation_variable_3": segmentation,
    }  # fmt: skip
    return frame.filter(pl.col(name) == value for name, value in wanted.items()).with_columns(
        year=pl.col("aggregation_period").cast(pl.Int64)
    )


def _read_serl_types(frame: pl.DataFrame) -> pl.DataFrame:
    rows = _serl_level(frame, "building_type")
    key = ["year", "segment_3_value"]
    per_floor = rows.filter(pl.col("unit") == "kWh/m2/day").select(*key, gas_kwh_per_m2_day="mean")
    return rows.filter(pl.col("unit") == "kWh/day").join(per_floor, on=key, how="left").select(
        "year", "gas_kwh_per_m2_day", building_type="segment_3_value", gas_kwh_per_day="mean",
        temperature_c="mean_temp", degree_days_k="mean_hdd", households="n_rounded",
    )  # fmt: skip


def _read_serl_bands(frame: pl.DataFrame) -> pl.DataFrame:
    rows = _serl_level(frame, "temperature_band").filter(pl.col("unit") == "kWh/day")
    return rows.select(
        "year", temperature_band=pl.col("segment_3_value") + "_c", gas_kwh_per_day="mean", temperature_c="mean_temp",
        households="n_rounded",
    )  # fmt: skip


def _read_serl_half_hours(frame: pl.DataFrame) -> pl.DataFrame:
    time = pl.col("read_time_local").str.split_exact(":", 1)
    minute = time.struct.field("field_0").cast(pl.Int64) * 60 + time.struct.field("field_1").cast(pl.Int64)
    band = pl.col("segmentation") == "temperature_band_C"
    return frame.select(
        "year",
        segmentation=pl.when(band).then(pl.lit("temperature_band")).otherwise("segmentation"),
        segment=pl.when(band).then(pl.col("segment") + "_c").otherwise("segment"),
        read_minute_local=minute,
        gas_kw_mean="mean_kW",
        households="n",
    )


def _read_fluvius(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        household_id=pl.col("EAN_ID").cast(pl.String), date=pl.col("DATE").cast(pl.Date), gas_kwh="CONS_sum"
    )


FILES = (
    ReferenceFile(LEVEL_BY_TYPE, "serl/serl*_gas_daily_by_building_type.csv", SERL_LEVEL_COLUMNS, _read_serl_types),
    ReferenceFile(LEVEL_BY_BAND, "serl/serl*_gas_daily_by_temp_band.csv", SERL_LEVEL_COLUMNS, _read_serl_bands),
    ReferenceFile(HALF_HOUR_GAS, "serl/serl_gas_hh_shapes_long.csv", SERL_SHAPE_COLUMNS, _read_serl_half_hours),
    ReferenceFile(DAILY_GAS, "real_gas/fluvius*_gas_daily.feather", FLUVIUS_COLUMNS, _read_fluvius),
)
assert tuple(f.table for f in FILES) == REFERENCES  # noqa: S101 - a table without a file could never be filled  # nosec B101
