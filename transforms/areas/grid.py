"""Longitude and latitude to metres of the British National Grid, and back."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer

LONDON_DEGREES = {"latitude": (51.25, 51.72), "longitude": (-0.55, 0.36)}
LONDON_METRES = {"easting": (500_000.0, 565_000.0), "northing": (152_000.0, 205_000.0)}

# The published Helmert parameters from WGS84 to OSGB36 are written out. If pyproj chose the transformation, a machine with
# the Ordnance Survey's grid of corrections would place a site some metres away from a machine without it.
HELMERT = "+x=446.448 +y=-125.157 +z=542.06 +rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 +convention=position_vector"
PIPELINE = (
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=push +v_3 "
    f"+step +proj=cart +ellps=WGS84 +step +inv +proj=helmert {HELMERT} "
    "+step +inv +proj=cart +ellps=airy +step +proj=pop +v_3 "
    "+step +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy"
)


class PlaceError(ValueError):
    """A place that cannot be used; the message says why, and which pair was probably meant."""


@cache
def _transformer() -> Transformer:
    return Transformer.from_pipeline(PIPELINE)


def to_grid(latitude: ArrayLike, longitude: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return easting and northing of places in WGS84.

    A Helmert transformation with seven parameters, then a transverse Mercator projection. Without the Ordnance Survey's
    grid of corrections, points in London are right to 3 m.

    Parameters
    ----------
    latitude, longitude
        WGS84 [degrees], of one shape.

    Returns
    -------
    tuple of ndarray [m]

    References
    ----------
    Ordnance Survey, A guide to coordinate systems in Great Britain, section 6.6.

    Examples
    --------
    >>> easting, northing = to_grid(51.51816940307617, -0.09714999794960022)
    >>> bool(abs(easting - 532_123) < 3 and abs(northing - 181_632) < 3)
    True

    """
    easting, northing = _transformer().transform(
        np.asarray(longitude, dtype=float), np.asarray(latitude, dtype=float), errcheck=True
    )
    return np.asarray(easting), np.asarray(northing)


def to_degrees(easting: ArrayLike, northing: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitude and longitude of places on the grid [degrees]: the inverse of `to_grid`."""
    longitude, latitude = _transformer().transform(
        np.asarray(easting, dtype=float), np.asarray(northing, dtype=float), direction="INVERSE", errcheck=True
    )
    return np.asarray(latitude), np.asarray(longitude)


def place_by_degrees(latitude: float, longitude: float) -> tuple[float, float]:
    """Return easting and northing of a place in London.

    Raises
    ------
    PlaceError
        If it lies outside London; the message names the pair that was probably meant.

    """
    if _in(LONDON_DEGREES, latitude=latitude, longitude=longitude):
        easting, northing = to_grid(latitude, longitude)
        return float(easting), float(northing)
    given = f"latitude {latitude:g}, longitude {longitude:g} is outside London"
    raise PlaceError(given + _likely_degrees(latitude, longitude))


def place_by_metres(easting: float, northing: float) -> tuple[float, float]:
    """Return the easting and northing that were given, if they lie in London.

    Raises
    ------
    PlaceError
        If it lies outside London; the message names the pair that was probably meant.

    """
    if _in(LONDON_METRES, easting=easting, northing=northing):
        return float(easting), float(northing)
    given = f"easting {easting:g}, northing {northing:g} is outside London"
    raise PlaceError(given + _likely_metres(easting, northing))


def _in(bounds: dict[str, tuple[float, float]], **values: float) -> bool:
    return all(low <= values[name] <= high for name, (low, high) in bounds.items())


def _likely_degrees(latitude: float, longitude: float) -> str:
    pairs = {(latitude, longitude), (longitude, latitude), (latitude, -longitude), (longitude, -latitude)}
    for lat, lon in sorted(pairs):
        if _in(LONDON_DEGREES, latitude=lat, longitude=lon):
            return f"; did you mean --lat {lat:g} --lon {lon:g}?"
    if _in(LONDON_METRES, easting=latitude, northing=longitude):
        return f"; these look like metres: did you mean --easting {latitude:g} --northing {longitude:g}?"
    if _in(LONDON_METRES, easting=longitude, northing=latitude):
        return f"; these look like metres: did you mean --easting {longitude:g} --northing {latitude:g}?"
    return f"; London has {_say(LONDON_DEGREES)}"


def _likely_metres(easting: float, northing: float) -> str:
    if _in(LONDON_METRES, easting=northing, northing=easting):
        return f"; did you mean --easting {northing:g} --northing {easting:g}?"
    for scale in (10.0, 1000.0):  # decimetres, kilometres
        for factor in (scale, 1 / scale):
            if _in(LONDON_METRES, easting=easting * factor, northing=northing * factor):
                return f"; did you mean --easting {easting * factor:g} --northing {northing * factor:g}?"
    for lat, lon in ((easting, northing), (northing, easting)):
        if _in(LONDON_DEGREES, latitude=lat, longitude=lon):
            return f"; these look like degrees: did you mean --lat {lat:g} --lon {lon:g}?"
    return f"; London has {_say(LONDON_METRES)}"


def _say(bounds: dict[str, tuple[float, float]]) -> str:
    return ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in bounds.items())
