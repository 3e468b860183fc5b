"""A folder of published files about London's LSOAs: what each file gives, what is wrong with it, and where to get it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from transforms.areas.borders import Borders, find_borders, read_polygons
from transforms.areas.reference import AreaReference, SmallAreas, list_areas, list_gas
from transforms.tables.areas import BOROUGH_GAS, BUNGALOWS, FUEL_POOR, HOMES, LINK, PIECES, PLACE, SMALL_AREA_GAS
from warehouse.areas.built_in import read_borough_gas, read_built_in
from warehouse.reference_folder import ReferenceFile, ReferenceFileError, read_reference_file

OGL: Final = "Open Government Licence v3.0"
LONDON_CODES: Final = "^E09"
FLATS: Final = (
    "flat_purpose_built", "flat_converted_or_shared", "flat_other_conversion", "flat_commercial",
    "caravan",  # a mobile home is as small as a flat
)  # fmt: skip
HOUSES: Final = ("detached", "semi_detached", "terraced")
VOA_HOUSES: Final = ("bungalow", *HOUSES)
BORDER_PATTERN: Final = "ons_lsoa_2021_london_bng.geojson"
BORDER_CODE: Final = "lsoa21cd"
BORDER_SOURCE: Final = "ONS Open Geography Portal: LSOA (December 2021) boundaries EW, generalised, EPSG:27700"


@dataclass(frozen=True, slots=True)
class AreaFile:
    """One file of the folder: what it gives and where it is published."""

    file: ReferenceFile
    gives: str
    source: str
    needed: bool = False
    """Whether LSOAs cannot be shown without it."""


@dataclass(frozen=True, slots=True)
class FileFinding:
    """What `hearth reference check` says of one file."""

    name: str
    state: str
    """ok, missing or refused."""
    rows: int
    licence: str
    gives: str
    source: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AreaFolder:
    """What an area folder gives: findings for each file, and the areas."""

    findings: tuple[FileFinding, ...]
    reference: AreaReference

    @property
    def is_whole(self) -> bool:
        """Whether every file is there and was read."""
        return all(finding.state == "ok" for finding in self.findings)


def read_area_folder(folder: Path) -> AreaFolder:
    """Read a folder of area files. Missing and refused files are named, and the built-in tables replace them."""
    frames: dict[str, pl.DataFrame] = {}
    findings = []
    for kind in FILES:
        frame, finding = _read_piece(folder, kind)
        place = frames.get(PLACE.name)
        if frame is not None and (problem := _find_strange_areas(kind, frame, place, frames.get(LINK.name))):
            frame, finding = None, _refused(finding, problem)
        findings.append(finding)
        if frame is not None:
            frames[kind.file.table.name] = frame
    borders, finding = _read_borders(folder, frames.get(PLACE.name))
    findings.append(finding)
    problems = tuple(f"{f.name}: {f.problem}" for f in findings if f.state != "ok")
    return AreaFolder(tuple(findings), _put_together(frames, borders, problems))


def fingerprint_area_folder(folder: Path | None) -> str | None:
    """Return a hash of the names and contents of the files that are read, so that a changed file is noticed."""
    if folder is None:
        return None
    digest = hashlib.sha256()
    for pattern in (*(kind.file.pattern for kind in FILES), BORDER_PATTERN):
        for path in sorted(folder.glob(pattern)):
            digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _put_together(
    frames: Mapping[str, pl.DataFrame], borders: Mapping[str, Borders] | None, problems: tuple[str, ...]
) -> AreaReference:
    built_in = read_built_in()
    if any(kind.needed and kind.file.table.name not in frames for kind in FILES):
        return AreaReference(area=built_in.area, gas=built_in.gas, borders=built_in.borders, findings=problems)
    pieces = {table.name: frames.get(table.name, table.empty()) for table in PIECES}
    borough_gas = pieces[BOROUGH_GAS.name] if BOROUGH_GAS.name in frames else read_borough_gas()
    small = SmallAreas(
        place=pieces[PLACE.name],
        homes=pieces[HOMES.name],
        link=pieces[LINK.name],
        bungalows=pieces[BUNGALOWS.name],
        gas=pieces[SMALL_AREA_GAS.name],
        fuel_poor=pieces[FUEL_POOR.name],
    )
    area = list_areas(small, borough_gas)
    gas = list_gas(area, borough_gas, link=small.link, gas=small.gas)
    return AreaReference(area=area, gas=gas, borders=borders or built_in.borders, findings=problems)


def _read_piece(folder: Path, kind: AreaFile) -> tuple[pl.DataFrame | None, FileFinding]:
    path = folder / kind.file.pattern
    if not path.exists():
        return None, _finding(kind, "missing", problem=f"get it from {kind.source}")
    try:
        frame = read_reference_file(kind.file, path)
    except ReferenceFileError as error:
        return None, _finding(kind, "refused", problem=str(error))
    return frame, _finding(kind, "ok", rows=len(frame))


def _finding(kind: AreaFile, state: str, *, rows: int = 0, problem: str = "") -> FileFinding:
    return FileFinding(kind.file.pattern, state, rows, OGL, kind.gives, kind.source, problem)


def _refused(finding: FileFinding, problem: str) -> FileFinding:
    return FileFinding(finding.name, "refused", 0, finding.licence, finding.gives, finding.source, problem)


def _find_strange_areas(
    kind: AreaFile, frame: pl.DataFrame, place: pl.DataFrame | None, link: pl.DataFrame | None
) -> str | None:
    """Say which areas of a file are in no other file, or which it lacks; return None if nothing is wrong."""
    for known, column in ((place, "area_id"), (link, "lsoa_2011_id")):
        if known is None or known is frame or column not in frame.columns:
            continue
        unknown = frame.join(known, on=column, how="anti")
        if len(unknown):
            return (
                f"{len(unknown)} rows have an unknown {column}, e.g. {unknown[column][0]}; "
                "keep London's areas of the same year"
            )
    if place is not None and kind.file.table is HOMES:
        absent = place.join(frame, on="area_id", how="anti")["area_id"]
        if len(absent):
            return f"{len(absent)} areas have no row, e.g. {absent[0]}; put the whole file there"
    return None


def _read_borders(folder: Path, place: pl.DataFrame | None) -> tuple[Mapping[str, Borders] | None, FileFinding]:
    gives = "borders of LSOAs, to draw and to share out"
    path = folder / BORDER_PATTERN
    absent = FileFinding(BORDER_PATTERN, "missing", 0, OGL, gives, BORDER_SOURCE, f"get it from {BORDER_SOURCE}")
    if not path.exists():
        return None, absent
    try:
        polygons = read_polygons(json.loads(path.read_text(encoding="utf-8")), BORDER_CODE)
    except (ValueError, RecursionError, OSError) as error:
        return None, _refused(absent, f"{BORDER_PATTERN} cannot be used: {str(error).splitlines()[0]}")
    known = set() if place is None else set(place["area_id"])
    if strange := sorted(known ^ set(polygons)):
        problem = f"{len(strange)} areas are in only one of {BORDER_PATTERN} and {PLACE_PATTERN}, e.g. {strange[0]}"
        return None, _refused(absent, problem)
    assert place is not None  # noqa: S101 - else every polygon would be strange  # nosec B101
    lsoas = find_borders(polygons)
    msoas = lsoas.merge(dict(place.select("area_id", "msoa_id").iter_rows()))
    boroughs = msoas.merge(dict(place.select("msoa_id", "borough_id").unique().iter_rows()))
    found = FileFinding(BORDER_PATTERN, "ok", len(polygons), OGL, gives, BORDER_SOURCE)
    return {"borough": boroughs, "msoa": msoas, "lsoa": lsoas}, found


def _translate_place(frame: pl.DataFrame) -> pl.DataFrame:
    _check_codes(frame, {"lsoa21cd": r"^E01\d{6}$", "msoa21cd": r"^E02\d{6}$", "lad22cd": r"^E09\d{6}$"})
    for code, parent in (("msoa21cd", "lad22cd"), ("lsoa21cd", "msoa21cd")):
        split = frame.group_by(code).agg(pl.col(parent).n_unique()).filter(pl.col(parent) > 1)
        if len(split):
            message = f"{split[code][0]} lies in {split[parent][0]} areas of the next level"
            raise ValueError(message)
    return frame.select(
        "area_km2", area_id="lsoa21cd", name="lsoa21nm", msoa_id="msoa21cd", msoa_name="msoa21nm", borough_id="lad22cd",
        borough_name="lad22nm", easting="centroid_easting", northing="centroid_northing",
    )  # fmt: skip


def _translate_homes(frame: pl.DataFrame) -> pl.DataFrame:
    _check_codes(frame, {"lsoa21cd": r"^E01\d{6}$"})
    wrong = frame.filter(pl.sum_horizontal(*HOUSES, *FLATS) != pl.col("households"))
    if len(wrong):
        message = (
            f"in {len(wrong)} areas the types do not sum to the households, e.g. {wrong['lsoa21cd'][0]} with "
            f"{wrong['households'][0]}"
        )
        raise ValueError(message)
    return frame.select(*HOUSES, area_id="lsoa21cd", homes="households", flat=pl.sum_horizontal(*FLATS))


def _translate_link(frame: pl.DataFrame) -> pl.DataFrame:
    _check_codes(frame, {"lsoa11cd": r"^E01\d{6}$", "lsoa21cd": r"^E01\d{6}$", "msoa11cd": r"^E02\d{6}$"})
    return frame.select(lsoa_2011_id="lsoa11cd", area_id="lsoa21cd", msoa_2011_id="msoa11cd", borough_id="lad22cd")


def _translate_gas(frame: pl.DataFrame) -> pl.DataFrame:
    _check_codes(frame, {"lsoa11cd": r"^E01\d{6}$"})
    return frame.select("year", "gas_kwh", lsoa_2011_id="lsoa11cd", gas_meters="meters")


def _translate_borough_gas(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("code").str.contains(LONDON_CODES)).select(
        "year", borough_id="code", name="local_authority", gas_meters=pl.col("meters_dom_k") * 1000, gas_gwh="gwh_dom",
        nondomestic_gwh="gwh_nondom",
    )  # fmt: skip


def _translate_bungalows(frame: pl.DataFrame) -> pl.DataFrame:
    _check_codes(frame, {"lsoa11cd": r"^E01\d{6}$"})
    return frame.select(lsoa_2011_id="lsoa11cd", bungalows="bungalow", houses=pl.sum_horizontal(*VOA_HOUSES))


def _translate_fuel_poor(frame: pl.DataFrame) -> pl.DataFrame:
    _check_codes(frame, {"lsoa11cd": r"^E01\d{6}$"})
    wrong = frame.filter(pl.col("fuel_poor_households") > pl.col("households"))
    if len(wrong):
        message = f"{wrong['lsoa11cd'][0]} has more fuel-poor homes than homes"
        raise ValueError(message)
    return frame.select(lsoa_2011_id="lsoa11cd", homes="households", fuel_poor_homes="fuel_poor_households")


def _check_codes(frame: pl.DataFrame, patterns: Mapping[str, str]) -> None:
    for column, pattern in patterns.items():
        wrong = frame.filter(~pl.col(column).cast(pl.String).str.contains(pattern).fill_null(value=False))
        if len(wrong):
            message = f"{len(wrong)} rows have no code of the kind {pattern} in {column}, e.g. {wrong[column][0]}"
            raise ValueError(message)


PLACE_PATTERN: Final = "ons_lsoa_2021_london.csv"
FILES: Final = (
    AreaFile(
        ReferenceFile(
            PLACE, PLACE_PATTERN,
            ("lsoa21cd", "lsoa21nm", "msoa21cd", "msoa21nm", "lad22cd", "lad22nm", "area_km2", "centroid_easting", "centroid_northing"),
            _translate_place,
        ),
        "LSOAs of 2021: codes, names, published land, centres of population",
        "ONS Open Geography Portal: LSOA 2021 lookups, standard area measurements, population-weighted centroids", needed=True,
    ),
    AreaFile(
        ReferenceFile(
            HOMES, "census2021_ts044_accommodation_type_lsoa_london.csv", ("lsoa21cd", "households", *HOUSES, *FLATS),
            _translate_homes,
        ),
        "homes of each LSOA by type", "ONS, Census 2021 table TS044 by LSOA (Nomis)", needed=True,
    ),
    AreaFile(
        ReferenceFile(
            LINK, "ons_lsoa_2011_to_2021_london.csv", ("lsoa11cd", "lsoa21cd", "msoa11cd", "lad22cd"), _translate_link
        ),
        "which LSOA of 2021 an LSOA of 2011 became", "ONS Open Geography Portal: LSOA (2011) to LSOA (2021) lookup",
    ),
    AreaFile(
        ReferenceFile(
            SMALL_AREA_GAS, "desnz_lsoa_domestic_gas_london_2018_2019.csv", ("year", "lsoa11cd", "meters", "gas_kwh"),
            _translate_gas,
        ),
        "domestic gas and meters by LSOA of 2011", "DESNZ, Lower and Middle Super Output Areas gas consumption",
    ),
    AreaFile(
        ReferenceFile(
            BOROUGH_GAS, "desnz_subnational_gas_la_2015_2021.csv",
            ("year", "code", "local_authority", "meters_dom_k", "gwh_dom", "gwh_nondom"), _translate_borough_gas,
        ),
        "gas and meters by borough, domestic and not", "DESNZ, Regional and local authority gas consumption statistics",
    ),
    AreaFile(
        ReferenceFile(
            BUNGALOWS, "voa_2015_dwellings_by_type_lsoa_london.csv", ("lsoa11cd", *VOA_HOUSES), _translate_bungalows
        ),
        "bungalows among the houses", "VOA, Council Tax stock of properties by property type (CTSOP3), 2015",
    ),
    AreaFile(
        ReferenceFile(
            FUEL_POOR, "desnz_2019_fuel_poverty_lsoa_london.csv", ("lsoa11cd", "households", "fuel_poor_households"),
            _translate_fuel_poor,
        ),
        "homes in fuel poverty", "DESNZ, Sub-regional fuel poverty data 2019",
    ),
)  # fmt: skip
