"""The folder of references: its files are read, missing ones are named, and bad ones are refused by name."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from warehouse.reference_folder import fingerprint_folder, read_reference_folder

TYPES = "serl/serl2022_gas_daily_by_building_type.csv"
BANDS = "serl/serl2021-23_gas_daily_by_temp_band.csv"
SHAPES = "serl/serl_gas_hh_shapes_long.csv"
DAYS = "real_gas/fluvius_2024_2meters_gas_daily.feather"
FILTERS = {
    "summary_time": "Daily", "weekday_weekend": "both", "segmentation_variable_1": "primary_space_heating_fuel",
    "segment_1_value": "Gas", "segmentation_variable_2": "has_PV", "segment_2_value": "No",
}  # fmt: skip


def serl_rows(
    segmentation: str, segments: dict[str, float], *, unit: str = "kWh/day", year: str = "2022"
) -> pl.DataFrame:
    """Return daily statistics as SERL lays them out."""
    fixed = FILTERS | {"unit": unit, "aggregation_period": year, "segmentation_variable_3": segmentation}
    return pl.DataFrame({"segment_3_value": list(segments), "mean": list(segments.values())}).with_columns(
        *(pl.lit(value).alias(name) for name, value in fixed.items()), mean_temp=11.0, mean_hdd=5.0, n_rounded=1000
    )


def write_folder(folder: Path) -> Path:
    """Write a folder that is as it should be."""
    (folder / "serl").mkdir(parents=True)
    (folder / "real_gas").mkdir()
    types = {"Detached": 40.0, "Terraced": 26.0}
    by_floor = serl_rows("building_type", {"Detached": 0.4}, unit="kWh/m2/day")
    pl.concat([serl_rows("building_type", types), by_floor]).write_csv(folder / TYPES)
    serl_rows("temperature_band", {"-5_to_0": 80.0, "0_to_5": 60.0}).write_csv(folder / BANDS)
    shapes = pl.DataFrame(
        {
            "read_time_local": [f"{n // 2:02d}:{n % 2 * 30:02d}" for n in range(48)],
            "mean_kW": [float(n) for n in range(48)],
        }
    )
    pl.concat(
        [
            shapes.with_columns(segmentation=pl.lit("building_type"), segment=pl.lit("Detached")),
            shapes.with_columns(segmentation=pl.lit("temperature_band_C"), segment=pl.lit("0_to_5")),
        ]
    ).with_columns(year=2022, n=500).write_csv(folder / SHAPES)
    days = pl.DataFrame({"EAN_ID": [1, 8589934593], "DATE": [dt.datetime(2024, 1, 1)] * 2, "CONS_sum": [12.5, 0.0]})
    days.write_ipc(folder / DAYS)
    return folder


def test_a_whole_folder_is_read_in_our_words(tmp_path: Path) -> None:
    found = read_reference_folder(write_folder(tmp_path))
    assert (found.missing, found.refused) == ((), {})
    references = found.references
    assert references.level_by_type.sort("building_type").rows() == [
        (2022, "Detached", 40.0, 11.0, 5.0, 0.4, 1000),
        (2022, "Terraced", 26.0, 11.0, 5.0, None, 1000),
    ]
    assert references.level_by_band["temperature_band"].to_list() == ["-5_to_0_c", "0_to_5_c"]
    assert references.half_hour_gas.height == 96
    assert references.half_hour_gas.row(1) == (2022, "building_type", "Detached", 30, 1.0, 500)
    assert set(references.half_hour_gas["segment"]) == {"Detached", "0_to_5_c"}
    assert references.daily_gas.rows() == [("1", dt.date(2024, 1, 1), 12.5), ("8589934593", dt.date(2024, 1, 1), 0.0)]


def test_an_absent_folder_is_all_missing_and_no_error(tmp_path: Path) -> None:
    found = read_reference_folder(tmp_path / "none")
    assert len(found.missing) == 4
    assert found.refused == {}
    assert found.references.daily_gas.is_empty()


def test_a_missing_file_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / SHAPES).unlink()
    found = read_reference_folder(folder)
    assert found.missing == ("serl/serl_gas_hh_shapes_long.csv",)
    assert found.references.half_hour_gas.is_empty()
    assert found.references.level_by_type.height == 2


def spoil(folder: Path, name: str, change: pl.Expr | str) -> None:
    """Write a CSV of the folder anew with a column dropped or changed."""
    frame = pl.read_csv(folder / name)
    (frame.drop(change) if isinstance(change, str) else frame.with_columns(change)).write_csv(folder / name)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        (TYPES, "mean_hdd", "lacks 1 columns, e.g. mean_hdd"),
        (TYPES, pl.lit("Electricity").alias("segment_1_value"), "holds no row of gas of homes of one building type"),
        (TYPES, pl.col("mean") * 1000, "2 impossible values of mean gas per home, e.g. 40000.0 kWh/d"),
        (TYPES, pl.lit("many").alias("mean"), "does not hold gas of homes of one building type"),
        (BANDS, pl.lit("0_to_5").alias("segment_3_value"), "2 rows with a key that occurs twice"),
        (SHAPES, "n", "lacks 1 columns, e.g. n"),
        (SHAPES, pl.lit("noon").alias("read_time_local"), "does not hold mean gas in one half-hour"),
        (SHAPES, -pl.col("mean_kW"), "94 impossible values of mean gas per home"),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused_by_name(
    tmp_path: Path, name: str, change: pl.Expr | str, why: str
) -> None:
    folder = write_folder(tmp_path)
    spoil(folder, name, change)
    found = read_reference_folder(folder)
    assert list(found.refused) == [name]
    assert Path(name).name in found.refused[name]
    assert why in found.refused[name]
    assert found.references.daily_gas.height == 2


def test_a_truncated_feather_is_refused_by_name(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    content = (folder / DAYS).read_bytes()
    (folder / DAYS).write_bytes(content[: len(content) // 2])
    found = read_reference_folder(folder)
    assert list(found.refused) == [DAYS]
    assert "cannot be read as feather" in found.refused[DAYS]
    assert found.references.level_by_type.height == 2


def test_the_fingerprint_follows_the_content_of_the_files_that_are_read(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    before = fingerprint_folder(folder)
    (folder / "note.txt").write_text("not read")
    assert fingerprint_folder(folder) == before
    spoil(folder, BANDS, pl.col("mean") + 1)
    assert fingerprint_folder(folder) != before
