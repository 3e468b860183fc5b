"""Formats of lake and warehouse: the own one opens, a newer one is refused by name, an older one with a next step."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from transforms.tables.schema import Column, Table
from warehouse.lake import DamagedObjectError, Lake
from warehouse.manifest import read_manifests
from warehouse.publish import carry_over
from warehouse.versions import (
    LAKE_FORMAT,
    LAKE_FORMAT_KEY,
    WAREHOUSE_FORMAT,
    FormatError,
    check_lake,
    check_not_newer,
    describe_older,
    own_version,
    record_lake,
)


def test_a_lake_records_the_version_that_wrote_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    check_lake(lake)  # one without a record is of the first format
    record_lake(lake)
    assert json.loads(lake.get_text(LAKE_FORMAT_KEY)) == {"format": LAKE_FORMAT, "hearth_version": own_version()}
    check_lake(lake)
    assert read_manifests(lake) == []


def test_a_lake_is_not_written_to_while_its_record_is_right(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    record_lake(lake)
    before = lake.path(LAKE_FORMAT_KEY).stat().st_mtime_ns
    record_lake(lake)
    assert lake.path(LAKE_FORMAT_KEY).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("number", "words"),
    [(LAKE_FORMAT + 1, "use Hearth 9.9.9 or newer"), (0, "`hearth run` takes the landing files in again")],
)
def test_a_lake_of_another_format_is_refused_by_name(number: int, words: str, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.put_text(LAKE_FORMAT_KEY, json.dumps({"format": number, "hearth_version": "9.9.9"}))
    with pytest.raises(FormatError, match=r"9\.9\.9") as refused:
        read_manifests(lake)
    assert words in str(refused.value)
    assert f"format {number}" in str(refused.value)


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.put_text(LAKE_FORMAT_KEY, "{")
    with pytest.raises(DamagedObjectError, match=r"format\.json is damaged: it does not state"):
        check_lake(lake)


def runs(number: int | None) -> pl.DataFrame:
    """Return the last run of a warehouse of some format; None: of a time before it was recorded."""
    column = {} if number is None else {"warehouse_format": [number]}
    return pl.DataFrame({"code_version": ["9.9.9"], **column})


def test_a_newer_warehouse_is_refused_by_name() -> None:
    check_not_newer(runs(WAREHOUSE_FORMAT), "a.duckdb")
    check_not_newer(runs(None), "a.duckdb")
    with pytest.raises(FormatError, match=r"a\.duckdb has format \d+, written by Hearth 9\.9\.9"):
        check_not_newer(runs(WAREHOUSE_FORMAT + 1), "a.duckdb")


def test_a_warehouse_is_older_by_its_number_or_by_columns_that_it_lacks() -> None:
    assert describe_older(runs(WAREHOUSE_FORMAT), []) is None
    assert "format 0" in str(describe_older(runs(None), []))
    assert "lacks 2 columns, such as run.kind" in str(
        describe_older(runs(WAREHOUSE_FORMAT), ["run.kind", "run.reason"])
    )


def test_earlier_lineage_is_carried_over_as_far_as_it_goes() -> None:
    table = Table("t", "a thing", ("a",), (Column("a", pl.Int64, "a"), Column("b", pl.String, "b", nullable=True)))
    assert carry_over(table, pl.DataFrame({"a": [1], "gone": ["x"]})).rows() == [(1, None)]
    assert carry_over(table, pl.DataFrame({"b": ["x"]})).is_empty()
