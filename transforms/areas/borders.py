"""Borders of areas as arcs that neighbours share: half the points, and no slits between areas when drawn.

A ring is a list of signed numbers: n is arc n - 1 as it runs, -n the same arc backwards. Rings run anticlockwise
around an area and clockwise around a hole in it.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from transforms.areas.geometry import iter_features, read_shape
from transforms.tables.areas import AREA_ARC, AREA_RING

Point: TypeAlias = tuple[int, int]
Arc: TypeAlias = tuple[Point, ...]
Ring: TypeAlias = tuple[int, ...]
WEST, EAST, SOUTH, NORTH = 490_000, 575_000, 145_000, 210_000  # London and some land around it [m]


@dataclass(frozen=True, slots=True)
class Borders:
    """Arcs in whole metres of the grid, and the rings of each area."""

    arcs: tuple[Arc, ...]
    rings: Mapping[str, tuple[Ring, ...]]

    def draw(self, ring: Ring) -> NDArray[np.float64]:
        """Return the corners of a ring [m], shape (n, 2), the first repeated at the end."""
        parts = [self.arcs[n - 1] if n > 0 else self.arcs[-n - 1][::-1] for n in ring]
        points = [parts[0][0], *(point for part in parts for point in part[1:])]
        return np.array(points, dtype=float)

    def corners(self) -> dict[str, list[NDArray[np.float64]]]:
        """Return the corners of every ring of every area."""
        return {area: [self.draw(ring) for ring in rings] for area, rings in self.rings.items()}

    def merge(self, parent_of: Mapping[str, str]) -> Borders:
        """Return the borders of larger areas, drawn with the same arcs; `parent_of` names the larger area of each area."""
        held: dict[str, Counter[int]] = defaultdict(Counter)
        for area, rings in self.rings.items():
            held[parent_of[area]].update(n for ring in rings for n in ring)
        outer = {parent: [n for n in arcs if -n not in arcs] for parent, arcs in held.items()}
        return Borders(self.arcs, {parent: tuple(_stitch(numbers, self.arcs)) for parent, numbers in outer.items()})


def borders_from_frames(arc: pl.DataFrame, ring: pl.DataFrame, level: str) -> Borders:
    """Return the borders of one level from `AREA_ARC` and `AREA_RING`."""
    arcs = tuple(_read_points(text) for text in arc.sort("arc")["points"])
    rings: dict[str, tuple[Ring, ...]] = {}
    of_level = ring.filter(pl.col("level") == level).sort("area_id", "ring")
    for area, numbers in of_level.select("area_id", "arcs").iter_rows():
        rings[area] = (*rings.get(area, ()), tuple(int(n) for n in numbers.split(",")))
    return Borders(arcs, rings)


def borders_to_frames(borders: Mapping[str, Borders]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return borders of all levels, which share their arcs, as `AREA_ARC` and `AREA_RING`."""
    arcs = next(iter(borders.values())).arcs
    points = [",".join(str(n) for n in np.diff([(0, 0), *arc], axis=0).ravel()) for arc in arcs]
    arc = pl.DataFrame({"arc": range(1, len(arcs) + 1), "points": points}, schema=AREA_ARC.schema)
    rows = [
        (level, area, number, ",".join(map(str, ring)))
        for level, of_level in borders.items()
        for area, rings in of_level.rings.items()
        for number, ring in enumerate(rings, start=1)
    ]
    return arc, AREA_RING.conform(pl.DataFrame(rows, schema=AREA_RING.schema, orient="row")).sort(AREA_RING.key)


def _read_points(text: str) -> Arc:
    steps = np.array(text.split(","), dtype=np.int64).reshape(-1, 2)
    return tuple((int(x), int(y)) for x, y in steps.cumsum(axis=0))


def find_borders(polygons: Mapping[str, shapely.Geometry]) -> Borders:
    """Return the borders of areas; their polygons must share corners wherever they meet."""
    rings = {area: [_whole_metres(ring) for ring in _rings(shape)] for area, shape in polygons.items()}
    nodes = _find_nodes(ring for of_area in rings.values() for ring in of_area)
    numbers: dict[Arc, int] = {}
    cut = {
        area: tuple(tuple(_number(part, numbers) for part in _cut(ring, nodes)) for ring in of_area)
        for area, of_area in rings.items()
    }
    return Borders(tuple(numbers), cut)


def read_polygons(collection: Mapping[str, Any], code: str) -> dict[str, shapely.Geometry]:
    """Return the polygons of a GeoJSON collection on the British National Grid [m], by the property `code` of each.

    Raises
    ------
    ValueError
        If it is no collection of polygons, if a code is missing or doubled, or if coordinates are no metres of the grid.

    """
    found: dict[str, shapely.Geometry] = {}
    for properties, geometry in iter_features(collection):
        area = properties.get(code)
        if not isinstance(area, str) or area in found:
            message = f"{code} of a feature is {'doubled' if area in found else 'missing'}: {area}"
            raise ValueError(message)
        shape = read_shape(geometry)
        if shape.geom_type not in {"Polygon", "MultiPolygon"} or not shape.is_valid:
            message = f"{area} has no valid polygon; put the published file there unchanged"
            raise ValueError(message)
        found[area] = shape
    west, south, east, north = shapely.total_bounds(np.array(list(found.values()), dtype=object))
    if west < WEST or east > EAST or south < SOUTH or north > NORTH:
        message = f"its coordinates are no metres of the British National Grid in London, e.g. {west:g}, {south:g}"
        raise ValueError(message)
    return found


def _rings(shape: shapely.Geometry) -> Iterable[NDArray[np.float64]]:
    for part in shapely.get_parts(shapely.orient_polygons(shape)):
        yield shapely.get_coordinates(part.exterior)
        for hole in part.interiors:
            yield shapely.get_coordinates(hole)


def _whole_metres(ring: NDArray[np.float64]) -> list[Point]:
    points = [(int(x), int(y)) for x, y in np.rint(ring)]
    return [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]][:-1]


def _find_nodes(rings: Iterable[Sequence[Point]]) -> set[Point]:
    """Return the corners at which three areas, or two and the outside, meet."""
    beside: dict[Point, set[Point]] = defaultdict(set)
    sides: Counter[frozenset[Point]] = Counter()
    for ring in rings:
        for one, other in zip(ring, (*ring[1:], ring[0]), strict=True):
            beside[one].add(other)
            beside[other].add(one)
            sides[frozenset((one, other))] += 1
    return {
        point
        for point, others in beside.items()
        if len(others) != 2 or len({sides[frozenset((point, other))] for other in others}) > 1  # noqa: PLR2004
    }


def _cut(ring: Sequence[Point], nodes: set[Point]) -> Iterable[Arc]:
    at = [n for n, point in enumerate(ring) if point in nodes]
    if not at:  # an island, or an enclave: both sides begin at the same corner
        first = ring.index(min(ring))
        yield (*ring[first:], *ring[: first + 1])
        return
    turned = (*ring[at[0] :], *ring[: at[0] + 1])
    stops = [n - at[0] for n in at] + [len(ring)]
    for start, stop in itertools.pairwise(stops):
        yield tuple(turned[start : stop + 1])


def _number(arc: Arc, numbers: dict[Arc, int]) -> int:
    if arc in numbers:
        return numbers[arc]
    if (back := arc[::-1]) in numbers:
        return -numbers[back]
    numbers[arc] = len(numbers) + 1
    return numbers[arc]


def _stitch(numbers: Iterable[int], arcs: Sequence[Arc]) -> Iterable[Ring]:
    """Join the arcs around an area into closed rings."""
    begins: dict[Point, list[int]] = defaultdict(list)
    for n in numbers:
        begins[_ends(n, arcs)[0]].append(n)
    while begins:
        start = min(begins)
        ring: list[int] = []
        at = start
        while not ring or at != start:
            n = begins[at].pop()
            if not begins[at]:
                del begins[at]
            ring.append(n)
            at = _ends(n, arcs)[1]
        yield tuple(ring)


def _ends(n: int, arcs: Sequence[Arc]) -> tuple[Point, Point]:
    arc = arcs[abs(n) - 1]
    return (arc[0], arc[-1]) if n > 0 else (arc[-1], arc[0])
