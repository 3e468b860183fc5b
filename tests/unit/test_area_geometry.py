"""Geometry of areas: the grid, borders as arcs, and circles, against independent sums."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.example_areas import SIDE_M, SOUTH, WEST, write_area_folder
from transforms.areas.borders import borders_from_frames, borders_to_frames, find_borders
from transforms.areas.geometry import Coverage, circle_polygon
from transforms.areas.grid import PlaceError, place_by_degrees, place_by_metres, to_degrees, to_grid
from warehouse.areas.built_in import read_built_in
from warehouse.areas.folder import read_area_folder

Floats = NDArray[np.float64]
SHARED = Path(__file__).parents[2].parent / "shared" / "reference" / "london"
KNOWN = [  # label points of the Office for National Statistics, in both systems
    (51.51816940307617, -0.09714999794960022, 532123, 181632),
    (51.518829345703125, -0.09196999669075012, 532480, 181715),
]  # fmt: skip


def cross(one: Floats, other: Floats) -> Floats:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


def angle(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.arctan2(cross(one, other), (one * other).sum(axis=1)))


def area_in_circle_m2(edges: Floats, easting: float, northing: float, radius_m: float) -> float:
    """Return the exact area that rings and a circle have in common; the map's script in the browser computes the same.

    Each edge makes a triangle with the circle's centre. Where the edge runs inside the circle, the triangle counts; where
    it runs outside, the sector counts.
    """
    start, end = edges - (easting, northing)
    step = end - start
    length_sq = np.maximum((step**2).sum(axis=1), 1e-300)
    along = -(start * step).sum(axis=1) / length_sq
    reach_sq = radius_m**2 - ((start + along[:, None] * step) ** 2).sum(axis=1)
    half = np.sqrt(np.maximum(reach_sq, 0.0) / length_sq)
    enter = np.where(reach_sq > 0, np.clip(along - half, 0.0, 1.0), 1.0)
    leave = np.where(reach_sq > 0, np.clip(along + half, 0.0, 1.0), 1.0)
    first, last = start + enter[:, None] * step, start + leave[:, None] * step
    chord = cross(first, last) / 2
    sectors = (angle(start, first) + angle(last, end)) * radius_m**2 / 2
    return float((chord + sectors).sum())


def edges_of(*rings: Floats) -> Floats:
    """Return the two ends of all edges of closed rings, shape (2, edges, 2)."""
    return np.concatenate([np.stack([ring[:-1], ring[1:]]) for ring in rings], axis=1)


def brute_force(coverage: Coverage, easting: float, northing: float, radius_m: float) -> dict[str, float]:
    """Return the common area of a circle and every area, without an index [m2]."""
    circle = circle_polygon(easting, northing, radius_m)
    common = shapely.area(shapely.intersection(coverage.polygons, circle))
    return {area: float(m2) for area, m2 in zip(coverage.area_ids, common, strict=True) if m2 > 0}


@pytest.mark.parametrize(("latitude", "longitude", "easting", "northing"), KNOWN)
def test_degrees_become_metres_of_the_grid(latitude: float, longitude: float, easting: float, northing: float) -> None:
    found = to_grid(latitude, longitude)
    assert np.hypot(found[0] - easting, found[1] - northing) < 3


@given(st.floats(505_000, 560_000), st.floats(156_000, 200_000))
def test_there_and_back_is_the_same_place(easting: float, northing: float) -> None:
    again = to_grid(*to_degrees(easting, northing))
    assert np.hypot(again[0] - easting, again[1] - northing) < 0.002


@pytest.mark.skipif(not SHARED.exists(), reason="the published files are not beside the project")
def test_all_published_points_are_within_three_metres() -> None:
    points = pl.read_csv(SHARED / "ons_lsoa_2021_london.csv")
    easting, northing = to_grid(points["label_lat"].to_numpy(), points["label_lon"].to_numpy())
    off = np.hypot(easting - points["label_easting"].to_numpy(), northing - points["label_northing"].to_numpy())
    assert len(off) == 4994
    assert off.max() < 3


@pytest.mark.parametrize(
    ("given_pair", "likely"),
    [
        ((-0.1, 51.5), "did you mean --lat 51.5 --lon -0.1"),
        ((51.5, 1.2), "latitude 51.25 to 51.72"),
        ((530_000, 180_000), "did you mean --easting 530000 --northing 180000"),
        ((float("nan"), 0.1), "is outside London"),
    ],
)
def test_wrong_degrees_are_refused_with_the_likely_pair(given_pair: tuple[float, float], likely: str) -> None:
    with pytest.raises(PlaceError, match="is outside London") as refused:
        place_by_degrees(*given_pair)
    assert likely in str(refused.value)


@pytest.mark.parametrize(
    ("given_pair", "likely"),
    [
        ((180_000, 530_000), "did you mean --easting 530000 --northing 180000"),
        ((530, 180), "did you mean --easting 530000 --northing 180000"),
        ((51.5, -0.1), "did you mean --lat 51.5 --lon -0.1"),
        ((400_000, 300_000), "easting 500000 to 565000"),
    ],
)
def test_wrong_metres_are_refused_with_the_likely_pair(given_pair: tuple[float, float], likely: str) -> None:
    with pytest.raises(PlaceError) as refused:
        place_by_metres(*given_pair)
    assert likely in str(refused.value)


def test_a_place_in_london_is_taken() -> None:
    assert place_by_metres(530_000, 180_000) == (530_000, 180_000)
    assert place_by_degrees(51.5, -0.1)[0] == pytest.approx(532_000, abs=1000)


def test_neighbours_share_their_arcs_and_merged_areas_keep_their_outline(tmp_path: Path) -> None:
    borders = read_area_folder(write_area_folder(tmp_path)).reference.borders
    lsoas, msoas, boroughs = (borders[level] for level in ("lsoa", "msoa", "borough"))
    assert len(lsoas.arcs) == 2 + 4 * 2 + 5  # outer lines of the ends, of the others, and the borders between them
    assert lsoas.arcs is msoas.arcs
    for level, count, side in ((lsoas, 6, 1), (msoas, 3, 2), (boroughs, 2, 4)):
        drawn = Coverage.from_rings(level.corners())
        assert len(drawn.area_ids) == count
        assert drawn.drawn_m2[0] == SIDE_M**2 * side
        assert drawn.drawn_m2.sum() == 6 * SIDE_M**2


def test_an_enclave_is_a_hole_and_its_own_area() -> None:
    outer, inner = shapely.box(530_000, 180_000, 530_300, 180_300), shapely.box(530_100, 180_100, 530_200, 180_200)
    borders = find_borders({"around": shapely.difference(outer, inner), "within": inner})
    drawn = Coverage.from_rings(borders.corners())
    assert len(borders.arcs) == 2
    assert dict(zip(drawn.area_ids, drawn.drawn_m2, strict=True)) == {"around": 80_000, "within": 10_000}
    whole = borders.merge({"around": "both", "within": "both"})
    assert Coverage.from_rings(whole.corners()).drawn_m2.tolist() == [90_000]


def test_borders_survive_the_way_through_tables(tmp_path: Path) -> None:
    borders = read_area_folder(write_area_folder(tmp_path)).reference.borders
    arc, ring = borders_to_frames(borders)
    for level, of_level in borders.items():
        again = borders_from_frames(arc, ring, level)
        assert again.arcs == of_level.arcs
        assert dict(again.rings) == dict(of_level.rings)


@pytest.fixture(scope="module")
def msoas() -> Coverage:
    """Return the built-in MSOAs."""
    return Coverage.from_rings(read_built_in().borders["msoa"].corners())


def circles(count: int) -> list[tuple[float, float, float]]:
    """Return circles all over London, some across its border."""
    rng = np.random.default_rng(16)
    return [
        (rng.uniform(505_000, 560_000), rng.uniform(157_000, 199_000), rng.uniform(100, 5000)) for _ in range(count)
    ]


def test_the_index_finds_the_same_as_brute_force(msoas: Coverage) -> None:
    for easting, northing, radius_m in circles(25):
        found = msoas.shares_in_circle(easting, northing, radius_m)
        expected = brute_force(msoas, easting, northing, radius_m)
        assert found["area_id"].to_list() == list(expected)
        own = np.array([msoas.drawn_m2[msoas.area_ids.index(area)] for area in expected])
        assert found["share_of_area"].to_numpy() * own == pytest.approx(list(expected.values()), rel=1e-9, abs=1e-6)


def test_the_polygon_of_a_circle_is_as_good_as_the_exact_circle(msoas: Coverage) -> None:
    edges = {area: edges_of(*rings) for area, rings in read_built_in().borders["msoa"].corners().items()}
    inside = 0
    for easting, northing, radius_m in circles(1000):
        shares = msoas.shares_in_circle(easting, northing, radius_m)
        by_polygon = shares["share_of_circle"].sum() * np.pi * radius_m**2
        met = np.concatenate([np.empty((2, 0, 2)), *(edges[area] for area in shares["area_id"])], axis=1)
        exact = area_in_circle_m2(met, easting, northing, radius_m)
        assert by_polygon == pytest.approx(exact, abs=1e-5 * np.pi * radius_m**2)
        inside += shares["share_of_circle"].sum() > 0.999
    assert len(shapely.get_coordinates(circle_polygon(0, 0, 500))) == 1024 + 1
    assert 300 < inside < 1000  # whole circles, and some that London's border cuts


def test_a_circle_within_one_square_and_on_its_corner(tmp_path: Path) -> None:
    drawn = Coverage.from_rings(read_area_folder(write_area_folder(tmp_path)).reference.borders["lsoa"].corners())
    within = drawn.shares_in_circle(WEST + 500, SOUTH + 500, 300)
    assert within["area_id"].to_list() == ["E01000001"]
    assert within["share_of_area"][0] == pytest.approx(np.pi * 0.09, rel=1e-5)
    corner = drawn.shares_in_circle(WEST + SIDE_M, SOUTH, 400)
    assert corner["share_of_circle"].to_list() == pytest.approx([0.25, 0.25])
    assert drawn.find_area(WEST + 1500, SOUTH + 10) == "E01000002"
    assert drawn.find_area(WEST - 10, SOUTH) is None


def test_neighbours_share_a_border_and_not_only_a_corner() -> None:
    squares = {
        "a": shapely.box(0, 0, 1, 1), "b": shapely.box(1, 0, 2, 1), "c": shapely.box(1, 1, 2, 2),
    }  # fmt: skip
    rings = {name: [shapely.get_coordinates(shape.normalize())[::-1]] for name, shape in squares.items()}
    pairs = Coverage.from_rings(rings).list_neighbours()
    assert pairs.rows() == [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")]
