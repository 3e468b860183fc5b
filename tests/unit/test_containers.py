"""Landing files that are no text: readings of odd JSON, and XML that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from transforms.readings.declaration import RefusalError
from warehouse.containers import _read_green_button, _read_json
from warehouse.landing import LIMITS

FEED = "<feed><IntervalReading><timePeriod><start>0</start><duration>1800</duration></timePeriod><value>{}</value></IntervalReading><ReadingType><uom>72</uom><commodity>7</commodity></ReadingType></feed>"  # fmt: skip
ENTITIES = '<!DOCTYPE feed [<!ENTITY much "9999">]>'


def test_entries_of_a_json_list_that_are_no_pairs_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    pairs = [["2009-06-01T00:00Z", 1.5], None, 7, {"a": 1, "b": 2}, [], ["2009-06-01T00:30Z", 2.5]]
    path.write_text(json.dumps({"results": pairs}), encoding="utf-8")
    frame = _read_json(str(path), "text", LIMITS)
    assert frame.rows() == [("2009-06-01T00:00Z", "1.5"), ("2009-06-01T00:30Z", "2.5")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_document_type_is_refused_in_every_encoding_that_the_parser_reads(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes((ENTITIES + FEED.format("&much;")).encode(encoding))
    with pytest.raises(RefusalError, match="a document type of its own"):
        _read_green_button(str(path), "text", LIMITS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_green_button_without_a_document_type_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(FEED.format("1500").encode(encoding))
    frame = _read_green_button(str(path), "text", LIMITS)
    assert frame.select("espi_start", "espi_end", "espi_value", "espi_unit").rows() == [("0", "1800", "1500.0", "Wh")]
