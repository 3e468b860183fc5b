"""Contributed loads, supplies, networks, opportunity areas and policy targets: each row is accepted, or refused with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import shapely

from transforms.areas.figures import AreaFigures
from transforms.areas.geometry import Coverage, read_shape
from transforms.areas.grid import PlaceError, place_by_degrees, place_by_metres, to_grid
from transforms.tables.areas import CONTRIBUTION, CONTRIBUTION_KINDS, CONTRIBUTION_LOG

# The limits below are our own choice. They are wide: they find wrong units and repeated rows, not unusual sites.
HOURS: Final = 8760.0  # of a year of 365 days, as in the cost model
LEAST_FULL_LOAD_HOURS: Final = 50.0  # a year; even a load of a few cold days has more
MOST_HEAT_PER_FUEL: Final = 1.1  # a boiler gives at most 1.0; the rest is rounding
KWH_PER_MWH: Final = 1000.0
LONGEST: Final = 200  # characters of a name
NEAR_M: Final = 25.0  # two contributions of one category closer than this are taken for one
LENGTH_TOLERANCE: Final = 0.02  # between the given length of a line and the length of its shape
HEAT_PER_HOME_MWH: Final = (1.0, 80.0)  # a year; outside these the unit is probably wrong
LEAST_LOAD_MWH, MOST_LOAD_MWH = 1.0, 100_000.0  # a year, of one load that is not industrial
OPEN_LICENCES: Final = ("OGL-UK-3.0", "CC-BY-4.0", "CC0-1.0", "ODbL-1.0", "PDDL-1.0")
CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "load": ("residential", "communal_residential", "hospital", "school", "leisure", "office", "retail", "hotel", "industrial", "other"),
    "supply": ("chp", "efw", "data_centre", "river", "sewage", "industrial_waste_heat", "geothermal", "heat_pump", "boiler"),
    "network": ("heat_network", "transmission"),
    "opportunity_area": ("heat_network_zone", "regeneration", "other"),
    "policy_target": ("connection", "carbon", "renewable_share", "other"),
}  # fmt: skip
STATUSES: Final = ("existing", "under_construction", "proposed", "potential")
BASES: Final = ("metered", "benchmark", "estimated")
HOMES_OF: Final = ("residential", "communal_residential")
LINES, POLYGONS = ("network",), ("opportunity_area",)


@dataclass(frozen=True, slots=True)
class ContributionColumn:
    """One column of a contribution: what it holds, for which kinds, and what may stand in it."""

    name: str
    meaning: str
    kinds: tuple[str, ...] = CONTRIBUTION_KINDS
    needed: bool = False
    number: bool = False
    lower: float | None = None
    upper: float | None = None
    allowed: tuple[str, ...] = ()


FIELDS: Final = (
    ContributionColumn("kind", "load, supply, network, opportunity_area or policy_target", needed=True, allowed=CONTRIBUTION_KINDS),
    ContributionColumn("contributor", "who contributes it", needed=True),
    ContributionColumn("site_id", "what you call it; the same id again takes the place of the row before", needed=True),
    ContributionColumn("name", "its name", needed=True),
    ContributionColumn("category", "what kind of load, supply, network, area or target", needed=True),
    ContributionColumn("status", "existing, under_construction, proposed or potential", needed=True, allowed=STATUSES),
    ContributionColumn("latitude", "latitude (WGS84), or easting and northing", number=True),
    ContributionColumn("longitude", "longitude (WGS84)", number=True),
    ContributionColumn("easting", "easting on the British National Grid [m]", number=True),
    ContributionColumn("northing", "northing on the British National Grid [m]", number=True),
    ContributionColumn("shape", "line or area as WKT in metres of the British National Grid", kinds=(*LINES, *POLYGONS)),
    ContributionColumn("homes", "homes", number=True, lower=0, upper=1_000_000),
    ContributionColumn("heat_mwh", "heat in a year [MWh]", number=True, lower=0, upper=20_000_000),
    ContributionColumn("fuel_mwh", "fuel in a year [MWh]", kinds=("load",), number=True, lower=0, upper=20_000_000),
    ContributionColumn("peak_kw", "highest load [kW]", kinds=("load", "network"), number=True, lower=0, upper=5_000_000),
    ContributionColumn("capacity_kw", "heat capacity [kW]", kinds=("supply", "network"), number=True, lower=0, upper=5_000_000),
    ContributionColumn("temperature_c", "supply temperature [degC]", kinds=("supply", "network"), number=True, lower=5, upper=150),
    ContributionColumn("length_m", "length of the line [m]", kinds=LINES, number=True, lower=1, upper=500_000),
    ContributionColumn("value_basis", "metered, benchmark or estimated", kinds=("load", "network"), allowed=BASES),
    ContributionColumn("source", "where it comes from", needed=True),
    ContributionColumn("licence", "an open licence: " + ", ".join(OPEN_LICENCES), needed=True, allowed=OPEN_LICENCES),
    ContributionColumn("valid_from", "day from which it holds, as 2026-01-31", needed=True),
)  # fmt: skip
NAMES: Final = tuple(field.name for field in FIELDS)
Row = Mapping[str, str]


class ContributionError(ValueError):
    """A contribution that cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The judged rows of a file."""

    accepted: pl.DataFrame
    """The rows that can be used (`CONTRIBUTION`)."""
    problems: tuple[str | None, ...]
    """The problem of each row of the file in its order; None for a row that can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What every row is judged by."""

    coverage: Coverage
    figures: AreaFigures
    today: dt.date


def judge_rows(rows: Sequence[Row], rules: Rules) -> Judged:
    """Return the rows of a file that can be used, and what is wrong with each of the others.

    A problem names the column, the reason and the next step.

    This does not reuse the rejects of deliveries (`DeliveredRows.reject`). There an expression judges all lines at once,
    and a reject leaves the table. Here each row is judged by its geometry and by the rows accepted before it, and every
    row goes back to its contributor with its problem.

    Parameters
    ----------
    rows
        The delivered text of each row by column.
    rules
        Areas, declared values and the day of today.

    """
    problems: list[str | None] = []
    accepted: list[dict[str, object]] = []
    for row in rows:
        given = {name: (row.get(name) or "").strip() for name in NAMES}
        try:
            found = _judge(given, rules)
            _refuse_double(found, accepted)
        except ContributionError as error:
            problems.append(str(error))
        else:
            problems.append(None)
            accepted.append(found)
    return Judged(pl.DataFrame(accepted, schema=CONTRIBUTION.schema), tuple(problems))


def latest_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the row that holds now for each kind, contributor and id: that of the latest day, and of one day the last added."""
    return (
        rows.sort("valid_from", maintain_order=True)
        .unique(CONTRIBUTION.key, keep="last", maintain_order=True)
        .sort(CONTRIBUTION.key)
    )


def log_contributions(rows: pl.DataFrame) -> pl.DataFrame:
    """Return who contributed what and when (`CONTRIBUTION_LOG`), without the user who ran the command.

    Parameters
    ----------
    rows
        Every row that was kept, standing or withdrawn: `file_sha256`, `contributor`, `kind`, `added_at_utc`,
        `withdrawn_at_utc`.

    """
    same_in_file = pl.col("added_at_utc", "withdrawn_at_utc").first()
    counted = rows.group_by(CONTRIBUTION_LOG.key).agg(same_in_file, rows=pl.len())
    return CONTRIBUTION_LOG.conform(counted).sort(CONTRIBUTION_LOG.key)


def _refuse(column: str, reason: str, step: str) -> ContributionError:
    return ContributionError(f"{column}: {reason}; {step}")


def _judge(given: Row, rules: Rules) -> dict[str, object]:
    kind = given["kind"]
    _check_fields(given, kind)
    numbers = {field.name: _number(given, field) for field in FIELDS if field.number}
    day = _day(given["valid_from"], rules.today)
    shape = _shape(given, kind, numbers)
    easting, northing = _place(given, numbers, shape)
    if rules.coverage.find_area(easting, northing) is None:
        raise _refuse("easting", f"{easting:.0f}, {northing:.0f} is in no area of London", "check the coordinates")
    heat = _heat(given, kind, numbers, rules.figures)
    length = None if shape is None or kind not in LINES else float(shapely.length(shape))
    return {
        "kind": kind,
        "contributor": given["contributor"],
        "site_id": given["site_id"],
        "name": given["name"],
        "category": given["category"],
        "status": given["status"],
        "easting": easting,
        "northing": northing,
        "points": None if shape is None else _points(shape),
        "homes": None if numbers["homes"] is None else int(numbers["homes"]),
        "heat_mwh": heat,
        "peak_kw": numbers["peak_kw"],
        "capacity_kw": numbers["capacity_kw"],
        "temperature_c": numbers["temperature_c"],
        "length_m": length,
        "value_basis": given["value_basis"] or None,
        "obliged": _obliged(given, heat, rules.figures) if kind == "load" else None,
        "source": given["source"],
        "licence": given["licence"],
        "valid_from": day,
    }


def _check_fields(given: Row, kind: str) -> None:
    for field in FIELDS:
        value = given[field.name]
        if not value:
            if field.needed:
                raise _refuse(field.name, "nothing is given", f"give {field.meaning}")
            continue
        if len(value) > LONGEST and field.name != "shape":
            raise _refuse(field.name, f"it has {len(value):,} characters", f"use at most {LONGEST}")
        if any(ord(character) < ord(" ") for character in value):
            raise _refuse(field.name, "it holds a control character", "take it out")
        if field.allowed and value not in field.allowed:
            raise _refuse(field.name, f"{value!r} is not known", f"choose one of {', '.join(field.allowed)}")
        if kind not in field.kinds:
            raise _refuse(field.name, f"a {kind} has none", "leave it empty")
    if given["category"] not in CATEGORIES[kind]:
        raise _refuse("category", f"{given['category']!r} is no {kind}", f"choose one of {', '.join(CATEGORIES[kind])}")


def _number(given: Row, field: ContributionColumn) -> float | None:
    if not given[field.name]:
        return None
    try:
        value = float(given[field.name])
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise _refuse(field.name, f"{given[field.name]!r} is no number", "write digits and a decimal point")
    for bound, wrong in (
        (field.lower, field.lower is not None and value < field.lower),
        (field.upper, field.upper is not None and value > field.upper),
    ):
        if wrong:
            raise _refuse(field.name, f"{value:g} is out of bounds ({bound:g})", f"give {field.meaning}")
    return value


def _day(text: str, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise _refuse("valid_from", f"{text!r} is no day", "write it as 2026-01-31") from None
    if day > today:
        raise _refuse("valid_from", f"{day} is in the future", "contribute it when it holds")
    return day


def _shape(given: Row, kind: str, numbers: Mapping[str, float | None]) -> shapely.Geometry | None:
    wanted = "LineString" if kind in LINES else "Polygon"
    if not given["shape"]:
        if kind in (*LINES, *POLYGONS):
            raise _refuse("shape", "nothing is given", f"give a {wanted} as WKT in metres of the British National Grid")
        return None
    shape = shapely.from_wkt(given["shape"], on_invalid="ignore")
    if shape is None or shape.geom_type != wanted or shape.is_empty:
        raise _refuse(
            "shape", f"it is no {wanted}", "write it as WKT, such as LINESTRING (530000 180000, 530100 180000)"
        )
    if not shape.is_valid or not shape.is_simple:
        raise _refuse("shape", "it crosses itself", "draw it anew without crossings")
    if shapely.get_num_interior_rings(shape):
        raise _refuse("shape", "it has a hole", "give its outer line alone")
    length = float(shapely.length(shape))
    given_m = numbers["length_m"]
    if kind in LINES and given_m is not None and abs(given_m / length - 1) >= LENGTH_TOLERANCE:
        raise _refuse(
            "length_m",
            f"{given_m:g} m is not the length of the shape, {length:.0f} m",
            "mend one of them or leave it empty",
        )
    return shape


def _place(given: Row, numbers: Mapping[str, float | None], shape: shapely.Geometry | None) -> tuple[float, float]:
    latitude, longitude, easting, northing = (
        numbers[name] for name in ("latitude", "longitude", "easting", "northing")
    )
    try:
        if latitude is not None and longitude is not None:
            by_degrees = place_by_degrees(latitude, longitude)
            if (
                easting is not None
                and northing is not None
                and np.hypot(by_degrees[0] - easting, by_degrees[1] - northing) > NEAR_M
            ):
                raise _refuse("easting", "it is another place than latitude and longitude", "give one of the pairs")
            return by_degrees
        if easting is not None and northing is not None:
            return place_by_metres(easting, northing)
        if shape is not None:
            middle = shapely.point_on_surface(shape)
            return place_by_metres(float(middle.x), float(middle.y))
    except PlaceError as error:
        raise _refuse(
            "shape" if shape is not None and not given["easting"] else "easting" if easting is not None else "latitude",
            str(error),
            "check the coordinates",
        ) from None
    raise _refuse("easting", "no place is given", "give latitude and longitude, or easting and northing")


def _heat(given: Row, kind: str, numbers: Mapping[str, float | None], figures: AreaFigures) -> float | None:
    heat, fuel, peak, homes = (numbers[name] for name in ("heat_mwh", "fuel_mwh", "peak_kw", "homes"))
    if kind == "load" and heat is None:
        raise _refuse("heat_mwh", "nothing is given", "give the heat of a year in MWh")
    if heat is not None and fuel is not None and heat > fuel * MOST_HEAT_PER_FUEL:
        raise _refuse(
            "heat_mwh",
            f"{heat:g} MWh is more than the fuel, {fuel:g} MWh",
            "check both; a heat pump's fuel is left empty",
        )
    if heat is not None and peak is not None and peak < heat * KWH_PER_MWH / HOURS:
        raise _refuse(
            "peak_kw", f"{peak:g} kW is below the mean load, {heat * KWH_PER_MWH / HOURS:.0f} kW", "check both units"
        )
    if heat is not None and peak is not None and heat > 0 and peak > heat * KWH_PER_MWH / LEAST_FULL_LOAD_HOURS:
        raise _refuse(
            "peak_kw", f"{peak:g} kW would run less than {LEAST_FULL_LOAD_HOURS:g} hours a year", "check both units"
        )
    if kind == "load" and heat is not None and homes:
        low, high = HEAT_PER_HOME_MWH
        if not low <= heat / homes <= high:
            raise _refuse(
                "heat_mwh",
                f"{heat / homes:g} MWh a home is out of bounds ({low:g} to {high:g})",
                "give MWh, not kWh or GWh",
            )
    if kind == "load" and heat is not None and heat < LEAST_LOAD_MWH:
        raise _refuse("heat_mwh", f"{heat:g} MWh a year is too little for a load", "give MWh, not GWh")
    if kind == "load" and heat is not None and heat > MOST_LOAD_MWH and given["category"] != "industrial":
        raise _refuse("heat_mwh", f"{heat:g} MWh a year is too much for a load", "give MWh, not kWh")
    metered_homes = kind == "load" and given["value_basis"] == "metered" and given["category"] in HOMES_OF
    if metered_homes and (homes or 0) < figures.least_metered_homes:
        raise _refuse(
            "homes",
            f"metered figures of {homes or 0:g} homes would tell of single homes",
            f"contribute {figures.least_metered_homes} or more together",
        )
    return heat


def _obliged(given: Row, heat_mwh: float | None, figures: AreaFigures) -> str | None:
    """Return why the draft zoning rules would oblige a load to connect, in the order in which they name it."""
    if given["status"] in {"proposed", "under_construction"}:
        return "a new building"
    if given["category"] == "communal_residential":
        return "communal heating"
    if given["category"] not in HOMES_OF and heat_mwh is not None and heat_mwh > figures.zoning_nondomestic_mwh:
        return f"not homes, above {figures.zoning_nondomestic_mwh:g} MWh a year"
    return None


def _refuse_double(found: Mapping[str, object], accepted: Sequence[Mapping[str, object]]) -> None:
    for other in accepted:
        same = all(found[name] == other[name] for name in ("kind", "contributor", "site_id"))
        if same and found["valid_from"] == other["valid_from"]:
            raise _refuse("site_id", f"{found['site_id']!r} stands twice with one day", "keep one of the rows")
        near = np.hypot(found["easting"] - other["easting"], found["northing"] - other["northing"]) <= NEAR_M  # type: ignore[operator]
        if near and not same and found["kind"] == other["kind"] and found["category"] == other["category"]:
            raise _refuse(
                "site_id",
                f"it lies within {NEAR_M:g} m of {other['site_id']!r} of the same category",
                "keep one of the rows",
            )


def _points(shape: shapely.Geometry) -> str:
    return ",".join(f"{value:.1f}" for value in shapely.get_coordinates(shape).ravel())


def row_of_feature(properties: Mapping[str, object], geometry: Mapping[str, object] | bytes | None) -> dict[str, str]:
    """Return a feature of a map file as a row of text: a point as its coordinates, a line or an area as its shape.

    Raises
    ------
    ContributionError
        If the geometry is no point, line or polygon.
    ValueError
        If the geometry cannot be read.

    """
    row = {name: "" if (value := properties.get(name)) is None else str(value) for name in NAMES}
    if geometry is None:
        return row
    shape = read_shape(geometry)
    if shape.geom_type not in {"Point", "LineString", "Polygon"}:
        message = f"a geometry is a {shape.geom_type}: only points, lines and polygons can be contributed"
        raise ContributionError(message)
    x, y = shapely.get_coordinates(shape).T
    in_degrees = bool(np.all((np.abs(x) <= 180) & (np.abs(y) <= 90)))  # noqa: PLR2004 - degrees
    if shape.geom_type == "Point":
        pair = ("longitude", "latitude") if in_degrees else ("easting", "northing")
        return row | {name: repr(float(value)) for name, value in zip(pair, (x[0], y[0]), strict=True)}
    if in_degrees:
        easting, northing = to_grid(y, x)
        shape = shapely.set_coordinates(shape, np.column_stack([easting, northing]))
    return row | {"shape": shapely.to_wkt(shape, rounding_precision=1)}
