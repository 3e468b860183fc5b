"""Counting homes by the sets that they are in, for a year or for each hour, with or without regard to their readings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint16]
Marks = NDArray[np.bool_]
HOURS_AT_ONCE = 500  # bounds memory


def count_units(
    codes: Codes, home: NDArray[np.intp], sets: Marks, *, hourly: bool, by_value: bool
) -> tuple[Marks, NDArray[np.int64]]:
    """Count homes by the sets that they are in.

    Parameters
    ----------
    codes
        Versions x hours: a code of the version's reading in the hour; 0 means no reading. A home has a version for every
        set of readings that it was ever published with.
    home
        The home of each version.
    sets
        Sets x versions: whether a set holds the version.
    hourly
        Whether each hour is a cell, or the year.
    by_value
        Whether a home with another reading counts as another home.

    Returns
    -------
    tuple
        Sets x units: whether a set holds the unit; units x cells: the homes of the unit.

    """
    if not len(home):
        return np.zeros((len(sets), 0), dtype=bool), np.zeros((0, codes.shape[1] if hourly else 1), dtype=np.int64)
    if not hourly:  # the year is one cell in which every version has a reading of its own
        codes = (np.arange(len(home)).reshape(-1, 1) % (2**16 - 1) + 1).astype(np.uint16)
    order = np.argsort(home, kind="stable")
    first = np.flatnonzero(np.diff(home[order], prepend=-1))
    versions = np.diff(first, append=len(order))
    marks, counts = [], []
    for many in np.unique(versions):
        rows = order[first[versions == many][:, None] + np.arange(many)]  # homes x versions
        units, sizes = _count(codes, rows, sets, by_value=by_value)
        marks.append(units)
        counts.append(sizes)
    return _merge(np.concatenate(marks, axis=1), np.concatenate(counts))


def _count(codes: Codes, rows: NDArray[np.intp], sets: Marks, *, by_value: bool) -> tuple[Marks, NDArray[np.int64]]:
    """Count homes with equal numbers of versions; homes are one unit if versions are in the same sets and agree likewise."""
    many, cells = rows.shape[1], codes.shape[1]
    held = sets[:, rows]  # sets x homes x versions
    classes, of = np.unique(held.transpose(1, 0, 2).reshape(len(rows), -1), axis=0, return_inverse=True)
    units = len(classes) << many
    counts = np.zeros((units, cells), dtype=np.int64)
    for start in range(0, cells, HOURS_AT_ONCE):
        part = codes[rows, start : start + HOURS_AT_ONCE] if cells > 1 else codes[rows]
        for version in range(many if by_value else 1):
            alike = part == part[:, [version]] if by_value else part > 0
            agree = ((alike & (part > 0)) << np.arange(many)[None, :, None]).sum(axis=1)
            counted = (agree > 0) & (agree & ((1 << version) - 1) == 0)
            unit = (of.reshape(-1, 1) << many) + agree
            width = part.shape[2]
            place = (unit * width + np.arange(width))[counted]
            counts[:, start : start + width] += np.bincount(place, minlength=units * width).reshape(units, width)
    which = (np.arange(1 << many)[:, None] >> np.arange(many)) & 1 == 1  # patterns x versions
    by_class = classes.reshape(len(classes), len(sets), many)
    marks = (by_class[:, :, None, :] & which[None, None]).any(axis=3)  # classes x sets x patterns
    return marks.transpose(1, 0, 2).reshape(len(sets), units), counts


def _merge(marks: Marks, counts: NDArray[np.int64]) -> tuple[Marks, NDArray[np.int64]]:
    """Merge units that are in the same sets."""
    present = counts.any(axis=1)
    patterns, unit = np.unique(marks[:, present], axis=1, return_inverse=True)
    merged = np.zeros((patterns.shape[1], counts.shape[1]), dtype=np.int64)
    np.add.at(merged, unit.ravel(), counts[present])
    return patterns, merged
