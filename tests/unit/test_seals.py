"""Seals: any change of an object's bytes, and any exchange of objects, is seen when the object is read."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.pipeline.healing import _name_file
from flows.settings import load_settings
from tests import damaging
from warehouse.lake import DamagedObjectError, Lake
from warehouse.quarantine import Decision

KEY = "heat_hourly/month=2009-01/name.parquet"
RECORD = "quarantine/source.json"
SOURCE = "a" * 64
FRAME = pl.DataFrame({"household_id": ["1", "2", "3"], "heat_kwh": [0.1, 0.2, 0.3]})
DECISION = Decision(
    source_id="source", file_name="a.csv", state="accepted", reason="r", decided_at_utc=dt.datetime(2026, 1, 1)
)
DAMAGES = [damaging.remove, damaging.empty, damaging.cut, damaging.flip_bit, damaging.scribble]


def stored(root: Path) -> Lake:
    """Return a lake with one object of each kind."""
    lake = Lake(root)
    lake.put_frame(KEY, FRAME)
    lake.put_model(RECORD, DECISION)
    return lake


def test_what_was_written_is_read(tmp_path: Path) -> None:
    lake = stored(tmp_path)
    assert lake.read(KEY).equals(FRAME)
    assert lake.get_model(RECORD, Decision) == DECISION
    assert list(lake.find_damage([KEY], every_byte=True)) == []


@pytest.mark.parametrize("damage", [*DAMAGES, damaging.change_value])
def test_a_damaged_table_is_refused_by_its_key(damage: damaging.Damage, tmp_path: Path) -> None:
    lake = stored(tmp_path)
    damage(lake.path(KEY))
    with pytest.raises(DamagedObjectError, match="heat_hourly"):
        lake.read(KEY)
    assert [error.key for error in lake.find_damage([KEY], every_byte=True)] == [KEY]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_refused_by_its_key(damage: damaging.Damage, tmp_path: Path) -> None:
    lake = stored(tmp_path)
    damage(lake.path(RECORD))
    with pytest.raises(DamagedObjectError, match="quarantine"):
        lake.get_model(RECORD, Decision)


@pytest.mark.parametrize("key", [KEY, RECORD])
def test_the_content_of_another_key_is_refused(key: str, tmp_path: Path) -> None:
    lake = stored(tmp_path)
    other = key.replace("2009-01", "2009-02").replace("source.", "other.")
    lake.path(other).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(lake.path(key), lake.path(other))
    with pytest.raises(DamagedObjectError, match="another object"):
        lake.read(other) if key == KEY else lake.get_model(other, Decision)


@given(data=st.data())
def test_no_bit_of_a_table_or_a_record_turns_unseen(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lake = stored(tmp_path_factory.mktemp("bits"))
    key = data.draw(st.sampled_from([KEY, RECORD]))
    content = bytearray(lake.path(key).read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    lake.path(key).write_bytes(bytes(content))
    if key == KEY:
        with pytest.raises(DamagedObjectError):
            lake.read(key)
        return
    try:  # white space at its end is no content
        assert lake.get_model(key, Decision) == DECISION
    except DamagedObjectError:
        return


def test_objects_of_an_earlier_version_are_read_as_they_are(tmp_path: Path) -> None:
    lake = stored(tmp_path)
    FRAME.write_parquet(lake.path(KEY))
    lake.path(RECORD).write_text(DECISION.model_dump_json(indent=1))
    assert lake.read(KEY).equals(FRAME)
    assert lake.get_model(RECORD, Decision) == DECISION
    damaging.cut(lake.path(KEY))
    with pytest.raises(DamagedObjectError):
        lake.read(KEY)


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        ('"gas \\"old\\" \\u00e9.csv", "feed": cut', 'gas "old" \u00e9.csv'),
        ('"gas.csv", cut', "gas.csv"),
        ('"gas \\q.csv", cut', f"the file with the SHA-256 {SOURCE}"),
        ("nothing of it", f"the file with the SHA-256 {SOURCE}"),
    ],
)
def test_a_file_is_named_by_what_is_left_of_its_manifest(tmp_path: Path, rest: str, name: str) -> None:
    path = tmp_path / "lake" / "sources" / f"{SOURCE}.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"file_name": ' + rest, encoding="utf-8")
    assert _name_file(load_settings(home=tmp_path), SOURCE) == name
