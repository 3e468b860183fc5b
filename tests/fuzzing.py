"""Every parser under mutated input: what it may say, what it may never do, and a second reading of lines in plain Python.

`python -m tests.fuzzing --seconds 600 [--seed 1] [--only lines]` mutates without end and counts; what ends in another error than
the parser's own, or breaks a rule of this module, is written into tests/corpus/, which `make test` reads for ever after.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import hashlib
import json
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from flows.settings import FeedSettings, Settings, SettingsError, load_settings
from tests.example_areas import FIGURES, write_area_folder
from tests.landing_files import CLEAN, DAY
from transforms.areas.contributions import NAMES, ContributionError, Rules, judge_rows
from transforms.areas.geometry import Coverage
from transforms.lcoh.assumptions.overrides import override
from transforms.lcoh.assumptions.refusals import AssumptionError
from transforms.readings.declaration import (
    STRIPPED,
    GasConversion,
    Layout,
    NotUsedError,
    RefusalError,
    StampFormat,
    normalise_name,
)
from transforms.readings.delivered_table import DeliveredRows, read_text_table
from transforms.readings.formats import FORMATS
from transforms.readings.headers import recognise
from transforms.readings.household_table import read_households
from transforms.readings.parse import Parsed
from transforms.readings.plain_lines import parse_each, parse_text
from transforms.readings.recognition import find_layout
from transforms.readings.stamps import parse_stamps
from transforms.readings.temperature_table import read_temperature
from transforms.tables.words import DWELLING_TYPES_OR_UNKNOWN
from warehouse.areas.built_in import read_built_in
from warehouse.areas.contributions import read_rows
from warehouse.areas.folder import FILES, read_area_folder
from warehouse.containers import load_rows, open_delivery
from warehouse.cost_figures import read_assumptions
from warehouse.landing import LIMITS, iter_text
from warehouse.manifest import Manifest

CORPUS = Path(__file__).parent / "corpus"
MOST_BYTES = 20_000  # of an input: what is larger only takes longer
EDRP = recognise(["ANON_ID", "ADVANCEDATETIME", "HH", "GASKWH"])
GOOD_EDRP = re.compile(
    rb"[A-Za-z0-9]{1,12},(0[1-9]|1\d|2[0-8])(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)(0[1-9]|1\d):"
    rb"([01]\d|2[0-3]):(00|30):00,([1-9]|[1-4]\d),\d{1,3}(\.\d{1,3})?\r?"
)
NULL_IDS = (b"na", b"null", b"nan", b"none", b"nil", b"missing")
TOKENS: tuple[bytes, ...] = (
    b"\r\r\n", b"\r\n", b"\r", b"\n", b"\n\n", b",", b";", b"\t", b'"', b'""', b"'", b" ", b"\xc2\xa0", b"\xe2\x80\xaf", b"\x00", b"\xff",
    b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"1 234.5", b"0. 5", b"1_0", b"1e308", b"1e999", b"-0", b"+.5", b"0x1p3", b"NaN", b"inf", b"1,5", b"NA",
    b"ab", b"AB", b"\xc3\xa9", b"e\xcc\x81", b"\xef\xbc\x91", b"\xd9\xa3", b"00012", b"12.0", b"29FEB09:00:00:00", b"13FEB08:24:00:00",
    b"2009-02-30", b"9999-12-31T23:59:59Z", b"0001-01-01", b"2009-03-29T01:30:00", b"24:00", b"+25:00", b"ANON_ID,ADVANCEDATETIME,HH,GASKWH",
    b"=cmd|' /C calc'!A0", b"../../etc/passwd", b"{", b"}", b"[", b"]" , b"[[", b"\\", b"#", b"null", b"true", b"-1", b"4294967296",
    b"9" * 400, b"[" * 3000, b'{"a":' * 2000, b"x" * 5000, b"," * 600,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """One parser: inputs that it takes, and what is asked of it whatever it is given."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], None]
    share: int = 1  # of the draws, beside those of the other targets
    together: int = 1  # inputs of one draw, each a line of what is checked


@dataclass(frozen=True, slots=True)
class Change:
    """One mutation: its kind, where, how far, and what is put there."""

    kind: int
    at: float
    length: float
    token: int


def mutate(seed: bytes, changes: Sequence[Change], other: bytes = b"") -> bytes:
    """Return an input after some changes."""
    data = seed
    for change in changes:
        start = int(change.at * (len(data) + 1))
        end = min(len(data), start + 1 + int(change.length**3 * len(data)))
        token = TOKENS[change.token % len(TOKENS)]
        match change.kind % 8:
            case 0:
                data = data[:start] + token + data[start:]
            case 1:
                data = data[:start] + token + data[end:]
            case 2:
                data = data[:start] + data[end:]
            case 3:
                data = data[:end] + data[start:end] * (1 + change.token % 3) + data[end:]
            case 4 if start < len(data):
                data = data[:start] + bytes([data[start] ^ (1 << change.token % 8)]) + data[start + 1 :]
            case 5:
                data = data[:start] + other[int(change.length * len(other)) :]
            case 6:
                lines = data.split(b"\n")
                data = b"\n".join(lines[start % len(lines) :] + lines[: start % len(lines)])
            case _:
                data = data[:start] + bytes([change.token % 256]) + data[end:]
        data = data[:MOST_BYTES]
    return data


def draw_changes(rng: random.Random) -> list[Change]:
    """Draw some changes."""
    return [
        Change(rng.randrange(8), rng.random(), rng.random(), rng.randrange(2**16)) for _ in range(rng.choice((1, 1, 2, 3, 5, 9)))
    ]  # fmt: skip


# ---- readings ------------------------------------------------------------------------------------------------------


Lines = tuple[int, int, pl.DataFrame, pl.DataFrame]


def parse_blocks(texts: Sequence[bytes], layout: Layout, parse: Callable[..., Parsed] = parse_text) -> Lines:
    """Return lines, header and blank lines, readings and rejects of blocks of lines, parsed one after the other."""
    line, other, readings, rejects = 1, 0, [], []
    for text in texts:
        parsed = parse(text, layout, line, clock="utc", conversion=GasConversion(), ends_file=False)
        readings.append(parsed.readings)
        rejects.append(parsed.rejects)
        other += parsed.header_lines + parsed.blank_lines
        line += parsed.lines
    return line - 1, other, pl.concat(readings), pl.concat(rejects)


def check_lines(data: bytes) -> None:
    """Hold lines of EDRP against this: each is counted once, whatever their blocks and order; a value stands in its line, a good line is a reading."""
    text = data.rstrip(b"\n") + b"\n"
    delivered = text[:-1].split(b"\n")
    try:
        lines, other, readings, rejects = parse_blocks([text], EDRP)
        one_by_one = parse_blocks([text], EDRP, parse_each)
    except RefusalError as error:  # a line is the header of another table
        assert "header" in str(error) or "electricity" in str(error)  # noqa: PT017 - that the reason is this one
        if half := len(delivered) // 2:
            for part in (delivered[:half], delivered[half:]):
                check_lines(b"\n".join(part))
        return
    assert lines == len(delivered) == other + len(readings) + len(rejects)
    assert set(readings["line"]).isdisjoint(rejects["line"])
    assert (lines, other) == one_by_one[:2]
    assert readings.equals(one_by_one[2].select(readings.columns))
    assert rejects.equals(one_by_one[3])
    kept = list(readings.select("line", "household_id", "instant_utc", "gas_kwh").iter_rows())
    for line, home, instant, kwh in kept:
        assert read_line_again(delivered[line - 1]) == (home, instant, kwh), delivered[line - 1]
    good = {
        n for n, line in enumerate(delivered, 1) if GOOD_EDRP.fullmatch(line) and not line.lower().startswith(NULL_IDS)
    }
    assert good <= set(readings["line"])
    for line, told in rejects.select("line", "text").iter_rows():
        raw = delivered[line - 1].rstrip(b"\r")
        assert told in {raw.decode("utf-8", "replace"), raw.decode("latin-1")}
    half = len(delivered) // 2
    if half:
        parts = [b"\n".join(part) + b"\n" for part in (delivered[:half], delivered[half:])]
        _, other_again, *again = parse_blocks(parts, EDRP)
        assert other_again == other
        assert all(one.equals(two) for one, two in zip((readings, rejects), again, strict=True))
    turned = b"\n".join(reversed(delivered)) + b"\n"
    _, _, backwards, _ = parse_blocks([turned], EDRP)
    assert sorted(kept) == sorted(
        (len(delivered) + 1 - line, *rest)
        for line, *rest in backwards.select("line", "household_id", "instant_utc", "gas_kwh").iter_rows()
    )


def read_line_again(line: bytes) -> tuple[str, dt.datetime, float]:
    """Return home, moment and kWh of an EDRP line as Python's own csv, strptime and float read it."""
    text = line.decode().rstrip("\r")
    fields = text.split(",")
    if len(fields) != EDRP.width:
        (fields,) = csv.reader([text.replace("\r", " ")])
    home, stamp, _, value = (part.strip(STRIPPED) for part in fields)
    return home, read_stamp_again(stamp), float(value)


def read_stamp_again(stamp: str) -> dt.datetime:
    """Return the moment of an EDRP stamp; its months are English, whatever the locale."""
    found = re.fullmatch(r"(\d\d)([A-Za-z]{3})(\d\d|\d{4}):(\d\d):(\d\d):(\d\d)", stamp, re.ASCII)
    assert found is not None, stamp
    month = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC".index(found[2].upper()) // 3 + 1
    year = int(found[3]) if len(found[3]) == len("2009") else 2000 + int(found[3])
    if year >= 2070 and len(found[3]) == len("09"):  # as chrono reads %y; C and Python begin with 69
        year -= 100
    is_midnight = found[4] == "24"
    at = dt.datetime(year, month, int(found[1]), 0 if is_midnight else int(found[4]), int(found[5]), int(found[6]))
    return at + dt.timedelta(days=is_midnight)


def check_file(data: bytes) -> None:
    """Hold a whole text file of any format against this: its lines are counted alike in blocks of any size."""
    with tempfile.NamedTemporaryFile(suffix=".csv", dir=memory_folder()) as file:
        Path(file.name).write_bytes(data)
        try:
            layout = find_layout(data, is_whole=True)
        except (RefusalError, NotUsedError):
            return
        if layout.format.kind != "readings":
            return
        told = []
        for size in (len(data) + 1, 97):
            try:
                blocks = [block + b"" for block in iter_text(file.name, layout, size, LIMITS)]
                lines, other, readings, rejects = parse_blocks(blocks, layout)
            except RefusalError as error:
                told.append(re.sub(r"\d+", "n", str(error)))
                continue
            if not layout.intervals:
                assert lines == other + len(readings) + len(rejects)
            told.append((lines, other, readings.sort(pl.all()).rows(), rejects.rows()))
        assert told[0] == told[1]


def check_stamps(data: bytes) -> None:
    """Hold moments against this: what is made of a text stands in it, and each text is read the same among others and alone."""
    texts = pl.Series([line.decode("utf-8", "replace") for line in data.split(b"\n")[:50]], dtype=pl.String)
    for formats in stamp_formats():
        found = parse_stamps(texts, formats)
        assert len(found) == len(texts)
        assert found[:6].equals(pl.concat([parse_stamps(texts[n : n + 1], formats) for n in range(min(len(texts), 6))]))
        for text, moment in zip(texts, found, strict=True):
            digits = re.sub(r"\D", "", text)
            if moment is not None and not text.strip().isdigit():  # codes of the Irish trial, seconds since 1970
                assert f"{moment:%y}" in digits or "+" in text or "-" in text, (text, moment)
                assert f"{moment.minute:02}" in digits or not moment.minute or re.search(r"[+-]\d\d:?\d\d$", text), text


@cache
def stamp_formats() -> tuple[tuple[StampFormat, ...], ...]:
    """Return the moments that formats know, each list of them once."""
    return tuple({known.stamp_formats: None for known in FORMATS if known.stamp_formats})


# ---- tables --------------------------------------------------------------------------------------------------------


def check_delivered(data: bytes, kind: str) -> tuple[DeliveredRows, pl.DataFrame, Layout] | None:
    """Return the rows of a small table, every line of which is accounted for; None where it is refused."""
    try:
        layout = find_layout(data, is_whole=True)
        if layout.format.kind != kind:
            return None
        delivered = read_text_table(data, layout)
        read = read_households(delivered) if kind == "households" else read_temperature(delivered, layout.format)
    except (RefusalError, NotUsedError):
        return None
    lines, table = read
    assert lines.lines == lines.header_lines + lines.blank_lines + len(lines.rejects) + len(lines.rows)
    assert lines.lines == data.removesuffix(b"\n").count(b"\n") + 1
    assert set(lines.rows["line"]).isdisjoint(lines.rejects["line"])
    return lines, table, layout


def check_households(data: bytes) -> None:
    """Hold homes against this: each once, of a known type, and spelled as in the text."""
    if (read := check_delivered(data, "households")) is None:
        return
    _, table, _ = read
    assert table["household_id"].is_unique().all()
    assert set(table["dwelling_type"]) <= set(DWELLING_TYPES_OR_UNKNOWN)
    text = data.decode("utf-8", "replace").replace('""', '"').replace("\r", " ")
    assert all(home and home in text for home in table["household_id"])


def check_temperature(data: bytes) -> None:
    """Hold temperatures against this: each hour once, possible, and of the table alone."""
    if (read := check_delivered(data, "temperature")) is None:
        return
    _, table, _ = read
    assert table["hour_start_utc"].is_unique().all()
    assert table["temperature_c"].is_between(-60, 60).all()


def check_container(data: bytes) -> None:
    """Hold a file of any kind against this: recognised with columns that it has, or refused."""
    for suffix in (".csv", ".txt", ".json", ".xml", ".parquet", ".xlsx"):
        if data[:4] in {b"PAR1", b"PK\x03\x04"} and suffix != ".csv":
            continue  # by their content, whatever their name
        with tempfile.NamedTemporaryFile(suffix=suffix, dir=memory_folder()) as file:
            Path(file.name).write_bytes(data)
            try:
                opened = open_delivery(file.name)
                if opened.rows is not None:
                    rows = load_rows(opened.rows, LIMITS.loaded_bytes)
                    assert max(opened.layout.positions.values()) < rows.width
            except (RefusalError, NotUsedError):
                continue


def check_areas(data: bytes) -> None:
    """Hold a folder of areas with one changed file against this: what is wrong is named, and built-in figures stand in."""
    name, _, content = data.partition(b"\n")
    file = next(
        (kind.file.pattern for kind in FILES if kind.file.pattern.encode() == name), "ons_lsoa_2021_london_bng.geojson"
    )
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        written = write_area_folder(Path(folder))
        (written / file).write_bytes(content)
        found = read_area_folder(written)
        assert {finding.state for finding in found.findings} <= {"ok", "refused", "missing"}
        assert all(finding.problem for finding in found.findings if finding.state != "ok")
        assert len(found.reference.area)


@cache
def rules() -> Rules:
    """Return what contributions are judged by."""
    corners = read_built_in().borders["msoa"].corners()
    return Rules(coverage=Coverage.from_rings(corners), figures=FIGURES, today=dt.date(2026, 6, 1))


def check_contributions(data: bytes) -> None:
    """Hold contributions against this: each row is used or told why not, and what is used stands in the file."""
    for suffix in (".csv", ".geojson"):
        try:
            rows = read_rows(data, suffix)
        except ContributionError as error:
            assert str(error)  # noqa: PT017 - that a reason is given
            continue
        judged = judge_rows(rows, rules())
        assert len(judged.problems) == len(rows)
        assert len(judged.accepted) == sum(problem is None for problem in judged.problems)
        given = {row["site_id"].strip() for row in rows if row.get("site_id")}
        assert set(judged.accepted["site_id"]) <= given
        assert (judged.accepted["heat_mwh"].drop_nulls() >= 0).all()


# ---- what people write ---------------------------------------------------------------------------------------------


@cache
def assumptions() -> pl.DataFrame:
    """Return the figures of the cost model."""
    return read_assumptions()


def check_assumptions(data: bytes) -> None:
    """Hold a file of assumptions against this: rows that can be used, or an error that names the file."""
    with tempfile.NamedTemporaryFile(suffix=".csv", dir=memory_folder()) as file:
        Path(file.name).write_bytes(data)
        try:
            read = read_assumptions([Path(file.name)])
        except AssumptionError as error:
            assert str(error)  # noqa: PT017 - that a reason is given
            return
        assert read["value"].is_finite().all()


def check_setting(data: bytes) -> None:
    """Hold `--set` against this: a figure within its bounds, or an error."""
    try:
        read = override(assumptions(), data.decode("utf-8", "surrogateescape").split("\n")[:3], scenario="current2026")
    except AssumptionError as error:
        assert str(error)  # noqa: PT017 - that a reason is given
        return
    assert read["value"].is_finite().all()


def check_toml(data: bytes) -> None:
    """Hold hearth.toml against this: settings, or an error that names the file."""
    with tempfile.TemporaryDirectory(dir=memory_folder()) as home:
        (Path(home) / "hearth.toml").write_bytes(data)
        try:
            read = load_settings(home=Path(home))
        except SettingsError as error:
            assert "hearth.toml" in str(error)  # noqa: PT017 - that the file is named
            return
        assert read.disclosure_threshold >= 10


def check_manifest(data: bytes) -> None:
    """Hold a manifest against this: one, or pydantic's own error, which readers of the lake expect."""
    try:
        read = Manifest.model_validate_json(data)
    except ValidationError:
        return
    assert Manifest.model_validate_json(read.model_dump_json()) == read


# ---- seeds ---------------------------------------------------------------------------------------------------------


def _readings() -> list[bytes]:
    head, *lines = CLEAN.encode().splitlines(keepends=True)
    few = b"".join(lines[:6])
    return [
        head + few,
        head.replace(b"\n", b"\r\n") + few.replace(b"\n", b"\r\n"),
        head + few.replace(b"\n", b"\r\r\n"),
        head
        + b"ab,01JUN09:00:00:00,1,0.1\nAB,01JUN09:00:00:00,1,0.2\n\xc3\xa9,01JUN09:00:00:00,1,0.3\ne\xcc\x81,01JUN09:00:00:00,1,0.4\n",
        head + b'"a,b",01JUN09:00:30:00,2,1 234.5\n12,01JUN2009:24:00:00,48,0. 5\n\n' + head + b",,,\n",
    ]


def _single_lines() -> list[bytes]:
    return sorted({line for text in _readings() for line in text.split(b"\n")[1:] if line.strip()})


def _files() -> list[bytes]:
    octopus = b"Consumption (m\xc2\xb3), Start, End\n0.948, 2023-04-04T01:00:00+01:00, 2023-04-04T01:30:00+01:00\n"
    own = DAY.head(5).with_columns(pl.col("interval_start_utc").dt.to_string("iso")).write_csv().encode()
    days = (
        "id,date,"
        + ",".join(f"{h:02}:{m:02}" for h in range(24) for m in (0, 30))
        + "\n1,2009-01-01"
        + ",0.1" * 48
        + "\n"
    )
    return [*_readings(), octopus, own, days.encode(), octopus.replace(b",", b";"), own.decode().encode("utf-16")]


def _households() -> list[bytes]:
    return [
        b'household_id,dwelling_type,heating_system\n1,flat,gas_boiler\n2,"Semi, detached",\n1,flat,\n3,castle,x\n',
        b'ANON_ID;type\r\n="0012";Flat\r\n\r\n12.0;det\r\n',
    ]


def _temperatures() -> list[bytes]:
    return [
        b"date,temperature_mean_c\n2009-01-01,3.5\n2009-01-02,-4\n2009-01-02,-4\n2009-01-03,99\n",
        b"hour_start_utc,temperature_c\n2009-01-01 00:00:00,3.5\n2009-01-01T01:00:00Z,4\n",
        b"date,temperature_mean_c,temperature_min_c,temperature_max_c\n2009-01-01,3.5,1,6\n2009-01-02,3,7,1\n",
    ]


def _stamps() -> list[bytes]:
    return [
        b"13FEB08:00:30:00\n13FEB2008:24:00:00\n29FEB09:00:00:00\n01jan09:12:00:00",
        b"2023-04-04T01:00:00+01:00\n2009-01-01 00:30\n2009-01-01T24:00:00Z\n01/02/2009 03:30\n19501\n1234567890",
    ]


def _containers() -> list[bytes]:
    import io

    parquet = io.BytesIO()
    DAY.head(4).write_parquet(parquet, compression="uncompressed")
    book = io.BytesIO()
    DAY.head(4).write_excel(book)
    records = [
        {"consumption": 0.1, "interval_start": "2023-01-01T00:00:00Z", "interval_end": "2023-01-01T00:30:00Z"}
    ] * 3
    feed = (
        b'<feed xmlns="http://naesb.org/espi"><ReadingType><uom>72</uom><commodity>7</commodity><powerOfTenMultiplier>0'
        b"</powerOfTenMultiplier></ReadingType><IntervalReading><timePeriod><duration>1800</duration><start>1230768000</start>"
        b"</timePeriod><value>300</value></IntervalReading></feed>"
    )
    return [
        parquet.getvalue(),
        book.getvalue(),
        json.dumps({"results": records}).encode(),
        json.dumps([[1, 2], [3, 4]]).encode(),
        feed,
    ]


def _areas() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        written = write_area_folder(Path(folder))
        return [path.name.encode() + b"\n" + path.read_bytes() for path in sorted(written.iterdir())]


def _contributions() -> list[bytes]:
    row = {
        "kind": "load", "contributor": "A borough", "site_id": "h1", "name": "Hospital", "category": "hospital", "status": "existing",
        "easting": "533255", "northing": "182589", "heat_mwh": "9000", "fuel_mwh": "10500", "peak_kw": "3500", "value_basis": "metered",
        "source": "own survey", "licence": "OGL-UK-3.0", "valid_from": "2026-01-31",
    }  # fmt: skip
    zone = row | {
        "kind": "opportunity_area", "category": "other", "site_id": "z", "heat_mwh": "", "fuel_mwh": "", "peak_kw": "", "value_basis": "",
        "shape": "POLYGON ((533000 181000, 534000 181000, 534000 182000, 533000 182000, 533000 181000))",
    }  # fmt: skip
    table = pl.DataFrame([{name: one.get(name, "") for name in NAMES} for one in (row, zone)]).write_csv().encode()
    point = {"type": "Feature", "properties": row, "geometry": {"type": "Point", "coordinates": [-0.09, 51.53]}}
    return [table, json.dumps({"type": "FeatureCollection", "features": [point, point]}).encode()]


def _assumptions() -> list[bytes]:
    head = b"scenario,item,parameter,year,value,unit,price_base,status,source\n"
    return [
        head + b"current2026,electricity_residential,price_gbp_per_mwh,0,190,GBP/MWh,2018,own,mine\n",
        head
        + b"all,network_finance,connection_years,0,5,yr,none,own choice,mine\nnew,air_source_heat_pump,spf,2030,3.1,1,none,own,x\n",
    ]


def _settings() -> list[bytes]:
    return [
        b"heat_pump_spf=3.0", b"electricity_residential.price_gbp_per_mwh=21 p/kWh", b"network_finance.connection_years=5 yr",
        b"network_finance.connection_years=5\nelectricity_residential.price_gbp_per_mwh=210",
    ]  # fmt: skip


def _toml() -> list[bytes]:
    numbers = "\n".join(
        f"{name} = {json.dumps(info.default)}"
        for name, info in Settings.model_fields.items()
        if isinstance(info.default, int | float)
    )
    feed = "\n".join(f'{name} = "utc"' for name in FeedSettings.model_fields)
    return [
        numbers.encode(), f'[feeds."edrp/a"]\n{feed}\n'.encode(),
        b'study_periods = ["2009-01"]\npublished_mode = 0o440\ndata_licence = "CC-BY-4.0"\n[feeds."edrp/."]\nclock = "utc"\n',
    ]  # fmt: skip


def _manifests() -> list[bytes]:
    made = Manifest(
        source_id="a" * 64, kind="readings", outcome="accepted", format="edrp", feed="edrp/.", file_name="gas.csv", paths=(), bytes=10,
        months={"2009-01": "readings/month=2009-01/a.parquet"}, month_readings={"2009-01": 5}, households=("1", "2"),
        decisions_fingerprint="x", ingested_at_utc=dt.datetime(2026, 1, 1), hearth_version="0",
    )  # fmt: skip
    return [made.model_dump_json().encode(), made.model_dump_json(indent=1).encode()]


def _headers() -> list[bytes]:
    return [
        ",".join(field.names[0] for field in known.fields).encode() + b"\n" + b"1," * len(known.fields) + b"\n"
        for known in FORMATS
    ]


def check_headers(data: bytes) -> None:
    """Hold headers against this: a layout whose columns exist and whose signature is that of its own line, or a refusal that does not quote it."""
    try:
        layout = find_layout(data, is_whole=True)
    except (RefusalError, NotUsedError) as error:
        longest = max(re.split(rb"[,;\t\r\n]", data), key=len).decode("utf-8", "replace").strip()
        assert len(longest) < 60 or longest not in str(error)  # noqa: PT017 - what is published holds no content
        return
    places = [*layout.positions.values(), *layout.intervals]
    assert max(places) < layout.width
    assert len(set(places)) == len(places)
    if layout.signature is not None:
        assert layout.signature == normalise_name(layout.signature)


TARGETS: tuple[Target, ...] = (
    Target("lines", _readings, check_lines, 6),
    Target("single_lines", _single_lines, check_lines, together=2000),
    Target("file", _files, check_file, 2),
    Target("stamps", _stamps, check_stamps, 1),
    Target("headers", _headers, check_headers, 6),
    Target("households", _households, check_households, 3),
    Target("temperature", _temperatures, check_temperature, 3),
    Target("container", _containers, check_container, 2),
    Target("areas", _areas, check_areas, 1),
    Target("contributions", _contributions, check_contributions, 2),
    Target("assumptions", _assumptions, check_assumptions, 1),
    Target("set", _settings, check_setting, 2),
    Target("toml", _toml, check_toml, 4),
    Target("manifest", _manifests, check_manifest, 8),
)


def memory_folder() -> str | None:
    """Return a folder in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - files in it have drawn names


def corpus_of(target: Target) -> list[Path]:
    """Return the inputs that once broke a target."""
    return sorted((CORPUS / target.name).glob("*"))


def find_failure(target: Target, data: bytes) -> BaseException | None:
    """Return what breaks a target, None where nothing does."""
    try:
        target.check(data)
    except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - whatever it is, it is the finding
        return error
    return None


def narrow(target: Target, inputs: Sequence[bytes]) -> bytes:
    """Return the half of inputs that still breaks a target, of that half the half, and so on."""
    half = len(inputs) // 2
    for part in (inputs[:half], inputs[half:]) if half else ():
        if find_failure(target, b"\n".join(part)) is not None:
            return narrow(target, part)
    return b"\n".join(inputs)


@dataclass
class Findings:
    """How many inputs each target was given, and what broke it, one input of each kind."""

    inputs: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Path] = field(default_factory=dict)

    def run(self, target: Target, inputs: Sequence[bytes]) -> None:
        """Give a target the inputs of one draw; keep the first of each kind of failure."""
        self.inputs[target.name] += len(inputs)
        data = b"\n".join(inputs)
        error = find_failure(target, data)
        if error is not None:
            last = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{target.name}: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
            if kind not in self.kinds:
                data = narrow(target, inputs)
                path = CORPUS / target.name / hashlib.sha256(data).hexdigest()[:16]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                self.kinds[kind] = path
                print(f"{kind}: {str(error)[:200]!r} -> {path}", file=sys.stderr, flush=True)  # noqa: T201


def fuzz(seconds: float, seed: int, only: str | None = None) -> Findings:
    """Mutate seeds and the corpus until the time is over."""
    rng, findings = random.Random(seed), Findings()
    targets = [target for target in TARGETS if only in {None, target.name}]
    seeds = {target.name: [*target.seeds(), *(path.read_bytes() for path in corpus_of(target))] for target in targets}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        (target,) = rng.choices(targets, [target.share for target in targets])
        given = seeds[target.name]
        findings.run(
            target,
            [mutate(rng.choice(given), draw_changes(rng), rng.choice(given)) for _ in range(target.together)],
        )
    return findings


def main() -> None:
    """Fuzz by the command line; exit 1 where something broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[target.name for target in TARGETS])
    given = parser.parse_args()
    found = fuzz(given.seconds, given.seed, given.only)
    for name, count in sorted(found.inputs.items()):
        print(f"{name:<14}{count:>10,} inputs")  # noqa: T201
    print(f"{'all':<14}{found.inputs.total():>10,} inputs, {len(found.kinds)} kinds of failure")  # noqa: T201
    sys.exit(1 if found.kinds else 0)


if __name__ == "__main__":
    main()
