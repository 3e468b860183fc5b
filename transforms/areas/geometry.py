"""Circles on the areas of a map: what share of each area lies inside, found through an index."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

SIDES: Final = 1024  # of the polygon that stands for a circle
SIDES_PER_QUARTER: Final = SIDES // 4
WIDER: Final = math.sqrt(2 * math.pi / SIDES / math.sin(2 * math.pi / SIDES))  # gives the polygon the circle's area

Geometries = NDArray[np.object_]


def iter_features(collection: Any) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Yield properties and geometry of each feature of a GeoJSON collection.

    Raises
    ------
    ValueError
        If it is no collection, or holds no feature.

    """
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or not features:
        raise ValueError("it holds no features")
    for feature in features:
        properties = (feature.get("properties") or {}) if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            raise ValueError("one of its features is no feature of GeoJSON")  # noqa: TRY004 - of a file, not of a caller
        yield properties, feature.get("geometry")


def read_shape(geometry: Mapping[str, Any] | bytes) -> shapely.Geometry:
    """Return the shape that GeoJSON or WKB describes.

    Raises
    ------
    ValueError
        If it cannot be read, is empty, or has infinite coordinates.

    """
    try:
        is_binary = isinstance(geometry, bytes)
        shape = shapely.from_wkb(geometry) if is_binary else shapely.from_geojson(json.dumps(geometry))
    except shapely.errors.ShapelyError as error:
        message = f"a geometry cannot be read: {str(error).partition(':')[0]}"
        raise ValueError(message) from None
    if shape is None or shape.is_empty or not np.isfinite(shapely.get_coordinates(shape)).all():
        raise ValueError("a geometry has no coordinates, or infinite ones")
    return shape


@dataclass(frozen=True, slots=True)
class Coverage:
    """The polygons of one level of areas on the British National Grid, with an index that is built once."""

    area_ids: tuple[str, ...]
    polygons: Geometries
    drawn_m2: NDArray[np.float64]
    tree: shapely.STRtree

    @classmethod
    def from_rings(cls, rings: dict[str, list[NDArray[np.float64]]]) -> Coverage:
        """Return the coverage of areas from their rings [m]; a ring that runs clockwise is a hole."""
        polygons = np.array([_polygon(of_area) for of_area in rings.values()], dtype=object)
        shapely.prepare(polygons)
        return cls(tuple(rings), polygons, shapely.area(polygons), shapely.STRtree(polygons))

    def shares_in_circle(self, easting: float, northing: float, radius_m: float) -> pl.DataFrame:
        """Return the share of each area that a circle covers, and the share of the circle that lies in each area.

        s_a = A(circle and a) / A(a),  c_a = A(circle and a) / A(circle)

        The areas A are those of the drawn polygons. They serve for shares alone; densities use the published land.

        Parameters
        ----------
        easting, northing, radius_m
            The circle on the grid [m].

        Returns
        -------
        pl.DataFrame
            `area_id`, `share_of_area` [1], `share_of_circle` [1]: one row for each area that the circle overlaps.

        """
        circle = circle_polygon(easting, northing, radius_m)
        found = np.sort(self.tree.query(circle, predicate="intersects"))
        common_m2 = shapely.area(shapely.intersection(self.polygons[found], circle))
        return pl.DataFrame(
            {
                "area_id": [self.area_ids[at] for at in found],
                "share_of_area": common_m2 / self.drawn_m2[found],
                "share_of_circle": common_m2 / (math.pi * radius_m**2),
            },
            schema={"area_id": pl.String, "share_of_area": pl.Float64, "share_of_circle": pl.Float64},
        ).filter(pl.col("share_of_area") > 0)

    def find_area(self, easting: float, northing: float) -> str | None:
        """Return the area that a point lies in, or None outside all of them."""
        found = np.sort(self.tree.query(shapely.points(easting, northing), predicate="intersects"))
        return self.area_ids[found[0]] if len(found) else None

    def list_neighbours(self) -> pl.DataFrame:
        """Return each pair of areas that share a border, not only a corner: `area_id`, `neighbour_id`, both ways."""
        one, other = self.tree.query(self.polygons, predicate="intersects")
        pairs = one < other
        one, other = one[pairs], other[pairs]
        along = shapely.length(shapely.intersection(self.polygons[one], self.polygons[other])) > 0
        ids = np.array(self.area_ids, dtype=object)
        first, second = ids[one[along]], ids[other[along]]
        return pl.DataFrame(
            {"area_id": [*first, *second], "neighbour_id": [*second, *first]},
            schema={"area_id": pl.String, "neighbour_id": pl.String},
        ).sort("area_id", "neighbour_id")


def circle_polygon(easting: float, northing: float, radius_m: float) -> shapely.Polygon:
    """Return the polygon of 1,024 sides that has a circle's middle and its area."""
    circle: shapely.Polygon = shapely.buffer(
        shapely.points(easting, northing), WIDER * radius_m, quad_segs=SIDES_PER_QUARTER
    )
    return circle


def _polygon(rings: list[NDArray[np.float64]]) -> shapely.MultiPolygon:
    turned = [(ring, _signed_m2(ring)) for ring in rings]
    outer = [shapely.Polygon(ring) for ring, area in turned if area > 0]
    holes = [shapely.Polygon(ring) for ring, area in turned if area < 0]
    whole = shapely.union_all([shapely.make_valid(part) for part in outer])
    return shapely.difference(whole, shapely.union_all(holes)) if holes else whole


def _signed_m2(ring: NDArray[np.float64]) -> float:
    at = ring - ring[0]  # near the origin no digits are lost
    start, end = at[:-1], at[1:]
    return float((start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]).sum() / 2)
