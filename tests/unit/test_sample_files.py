"""The files that a made-up trial consists of."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.deliveries.sample import SampleOrder, SampleSummary, write_sample

JANUARY = {"start": dt.date(2009, 1, 1), "end": dt.date(2009, 2, 1)}
HEADER = ["ANON_ID", "ADVANCEDATETIME", "HH", "GASKWH"]
NAMES = {"README.txt", "edrp_gas.csv", "households.csv", "temperature.csv", "truth.parquet"}


@pytest.fixture(scope="module")
def typical(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return write_sample(tmp_path_factory.mktemp("typical"), SampleOrder(households=120, **JANUARY))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return write_sample(tmp_path_factory.mktemp("clean"), SampleOrder(households=20, faults="none", **JANUARY))


def read_lines(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="ascii") as handle:
        return list(csv.reader(handle))


def test_a_trial_consists_of_five_files(typical: SampleSummary) -> None:
    assert {path.name for path in typical.out.iterdir()} == NAMES


def test_every_file_says_that_the_trial_is_made_up(typical: SampleSummary) -> None:
    readme = (typical.out / "README.txt").read_text(encoding="utf-8")
    assert "No household stands behind these files" in readme
    assert "not measurements" in str(typical)
    households = pl.read_csv(typical.out / "households.csv")
    assert households["origin"].unique().to_list() == ["hearth sample seed=1"]


def test_a_clean_delivery_is_the_truth_line_by_line(clean: SampleSummary) -> None:
    lines = read_lines(clean.out / "edrp_gas.csv")
    truth = pl.read_parquet(clean.out / "truth.parquet")
    assert lines[0] == HEADER
    assert len(lines) == 1 + len(truth) == 1 + 20 * 31 * 48 == clean.lines
    assert [line[0] for line in lines[1:]] == truth["household_id"].to_list()
    assert [float(line[3]) for line in lines[1:]] == truth["gas_kwh"].to_list()
    assert lines[1][:3] == ["1", "01JAN09:00:30:00", "1"]
    assert lines[-1][:3] == ["20", "01FEB09:00:00:00", "48"]
    assert pl.read_csv(clean.out / "households.csv").height == 20


def test_a_typical_delivery_holds_each_line_that_the_truth_announces(typical: SampleSummary) -> None:
    lines = read_lines(typical.out / "edrp_gas.csv")
    truth = pl.read_parquet(typical.out / "truth.parquet")
    assert len(lines) == typical.lines
    assert lines.count(HEADER) == typical.header_lines == 4
    assert lines.count([]) == typical.blank_lines == 1
    readings = [line for line in lines if line not in ([], HEADER)]
    assert len(readings) == truth["delivered"].sum()
    frame = pl.DataFrame(readings, schema=["household_id", "stamp", "hh", "gas"], orient="row").with_columns(
        delivered_start_utc=pl.col("stamp").str.to_datetime("%d%b%y:%H:%M:%S", strict=False) - pl.duration(minutes=30),
        value=pl.col("gas").cast(pl.Float64, strict=False),
    )
    rejects = truth.filter(pl.col("fault") == "reject")
    assert frame.filter(pl.col("delivered_start_utc").is_null() | pl.col("value").is_null()).height == len(rejects) > 0
    joined = frame.drop_nulls().join(truth, on=["household_id", "delivered_start_utc"], how="left", validate="m:1")
    assert joined["gas_kwh"].null_count() == 0
    same_value = joined["fault"].is_null() | joined["fault"].is_in(
        ["unknown_household", "off_grid", "bad_time", "duplicate_exact"]
    )
    assert (joined["value"] == joined["gas_kwh"]).filter(same_value).all()
    assert (joined["value"] >= 89.8).filter(joined["fault"].is_in(["very_high", "sentinel_max"])).all()
    assert (joined["value"] < 0).filter(joined["fault"] == "negative").all()


def test_every_kind_of_fault_is_in_a_typical_delivery(typical: SampleSummary) -> None:
    assert set(typical.faults) == {
        "missing", "reject", "bad_time", "off_grid", "negative", "sentinel_max", "very_high", "unknown_household",
        "duplicate_exact", "duplicate_conflict",
    }  # fmt: skip
    assert min(typical.faults.values()) >= 2
    truth = pl.read_parquet(typical.out / "truth.parquet")
    assert dict(truth["fault"].drop_nulls().value_counts().iter_rows()) == typical.faults


def test_repeated_readings_come_after_all_others(typical: SampleSummary) -> None:
    lines = read_lines(typical.out / "edrp_gas.csv")
    late = lines[lines.index([]) + 2 :]
    assert len(late) == typical.faults["duplicate_exact"] + typical.faults["duplicate_conflict"]
    seen = {tuple(line[:2]) for line in lines[: lines.index([])]}
    assert all(tuple(line[:2]) in seen for line in late)


def test_lines_run_by_home_and_then_by_time(clean: SampleSummary) -> None:
    homes = [int(line[0]) for line in read_lines(clean.out / "edrp_gas.csv")[1:]]
    assert homes == sorted(homes)


def test_the_household_table_lacks_a_home_that_delivers(typical: SampleSummary) -> None:
    truth = pl.read_parquet(typical.out / "truth.parquet")
    known = pl.read_csv(typical.out / "households.csv", schema_overrides={"household_id": pl.String})
    assert known.columns == ["household_id", "dwelling_type", "heating_system", "origin"]
    unknown = set(truth["household_id"]) - set(known["household_id"])
    assert len(unknown) == 120 - typical.known_households == 1
    assert set(truth.filter(pl.col("fault") == "unknown_household")["household_id"]) == unknown


def test_the_temperature_is_that_of_the_span(typical: SampleSummary) -> None:
    temperature = pl.read_csv(typical.out / "temperature.csv", try_parse_dates=True)
    assert temperature.columns == ["date", "temperature_mean_c"]
    assert (
        temperature["date"].to_list() == pl.date_range(dt.date(2009, 1, 1), dt.date(2009, 1, 31), eager=True).to_list()
    )
    assert temperature["temperature_mean_c"][5] == -2.8


def test_the_same_arguments_write_the_same_bytes(typical: SampleSummary, tmp_path: Path) -> None:
    write_sample(tmp_path, SampleOrder(households=120, **JANUARY))
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (typical.out / name).read_bytes(), name


def test_another_seed_writes_another_trial(clean: SampleSummary, tmp_path: Path) -> None:
    write_sample(tmp_path, SampleOrder(households=20, faults="none", seed=2, **JANUARY))
    assert (tmp_path / "edrp_gas.csv").read_bytes() != (clean.out / "edrp_gas.csv").read_bytes()


def test_spans_of_the_same_homes_fit_together(clean: SampleSummary, tmp_path: Path) -> None:
    write_sample(
        tmp_path, SampleOrder(households=20, faults="none", start=dt.date(2008, 12, 31), end=dt.date(2009, 1, 3))
    )
    longer = pl.read_parquet(clean.out / "truth.parquet").filter(pl.col("interval_start_utc") < dt.date(2009, 1, 3))
    shorter = pl.read_parquet(tmp_path / "truth.parquet").filter(pl.col("interval_start_utc") >= dt.date(2009, 1, 1))
    assert_frame_equal(shorter, longer)


def test_our_own_format_holds_the_same_readings_as_csv_and_as_parquet(tmp_path: Path) -> None:
    arguments = {"households": 20, "faults": "typical", **JANUARY}
    as_csv = write_sample(tmp_path / "csv", SampleOrder(file_format="canonical", **arguments))
    as_parquet = write_sample(tmp_path / "parquet", SampleOrder(file_format="canonical_parquet", **arguments))
    columns = ["household_id", "interval_start_utc", "gas_kwh"]
    lines = [line for line in read_lines(tmp_path / "csv" / "canonical_gas.csv") if line not in ([], columns)]
    read = pl.DataFrame(lines, schema=columns, orient="row").with_columns(
        pl.col("interval_start_utc").str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False),
        pl.col("gas_kwh").cast(pl.Float64, strict=False),
    )
    assert_frame_equal(read, pl.read_parquet(tmp_path / "parquet" / "canonical_gas.parquet"))
    assert as_csv.faults == as_parquet.faults
    assert (as_parquet.header_lines, as_parquet.blank_lines) == (0, 0)


def test_the_conventions_change_the_stamps_and_nothing_else(tmp_path: Path) -> None:
    span = {"start": dt.date(2009, 10, 24), "end": dt.date(2009, 10, 27)}
    truths = []
    for stamp, clock in (("end", "utc"), ("start", "local")):
        write_sample(tmp_path / stamp, SampleOrder(households=3, faults="none", stamp=stamp, clock=clock, **span))  # type: ignore[arg-type]
        truths.append((tmp_path / stamp / "truth.parquet").read_bytes())
    assert truths[0] == truths[1]
    one, two = (read_lines(tmp_path / stamp / "edrp_gas.csv") for stamp in ("end", "start"))
    assert [(line[0], line[3]) for line in one] == [(line[0], line[3]) for line in two]
    stamps = [line[1] for line in two if line[0] == "1"]
    assert sum(stamp.startswith("25OCT09") for stamp in stamps) == 50
    assert stamps.count("25OCT09:01:30:00") == 2


def test_each_block_of_homes_is_announced(tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    order = SampleOrder(households=60, **JANUARY)
    write_sample(tmp_path, order, advance=lambda homes, total: done.append((homes, total)))
    assert done == [(30, 60), (60, 60)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"end": dt.date(2026, 2, 1)}, "no temperatures for 2026; they are known from 2007 to 2025"),
        ({"start": dt.date(2006, 12, 31)}, "no temperatures for 2006"),
        ({"end": dt.date(2009, 1, 1)}, "2009-01-01 is not after 2009-01-01"),
        ({"file_format": "canonical", "clock": "local"}, "a local clock needs --format edrp"),
        ({"file_format": "xlsx"}, "unknown format 'xlsx'; known are edrp, canonical, canonical_parquet"),
        ({"faults": "many"}, "unknown faults 'many'; known are none, typical, all"),
    ],
)
def test_a_sample_that_cannot_be_written_is_refused_before_the_first_file(
    tmp_path: Path, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_sample(tmp_path / "sample", SampleOrder(households=5, **arguments))  # type: ignore[arg-type]
    assert not (tmp_path / "sample").exists()
