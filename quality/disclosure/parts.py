r"""Sets of homes that are published side by side, at once or one release after the other.

Published means can be turned into sums (assume that the numbers of homes are known, although they are published rounded).
Sums can be added and subtracted: `all` less every type but one, the year less all hours but one, a release less the one
before. Let :math:`A_1, \dots, A_m` be the sets of homes behind everything that was ever published about one period, and
divide the homes into parts by the sets that they are in. Every combination of sums has the same coefficient on all homes
of a part, so it rests on a union of parts. Hence the only rule: **a set is published only if every part that it forms
anew holds at least ten homes.** Then nothing that can be computed rests on fewer homes: no complement, and no difference
between two or more releases.

The rule in single cases:

- A type that one to nine homes joined or left keeps its old values, since these homes would be a part of their own. The
  same holds if five joined and five left, although the difference would rest on ten homes.
- A home whose readings were corrected counts as another home, with a part of its own, since the difference of two releases
  is the correction. But an outsider may be able to compute the change, for example if all readings are converted anew;
  then the changed homes do not hide one withdrawn home. So the rule must hold in both ways of counting: a home with other
  readings is another home, and it is the same home.
- `all` keeps its old value if few homes changed in those types that show no new value.
- A type that was hidden beside a small type stays hidden if showing it would reveal the small one through an earlier `all`.
- The rule holds for each hour as for a year, with the homes that have a good reading in the hour: ten homes may join, and
  only nine of them have a reading at 3 o'clock. A profile is shown anew only if every hour may be; otherwise the whole old
  profile stays.

A person who knows the readings of all homes of a part except one can compute that one, and no threshold prevents this. By
the rule, this person has to know at least nine homes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Marks = NDArray[np.bool_]


def accept_sets(
    sets: Marks, homes: NDArray[np.int64], *, threshold: int, known: int = 0, cells: Marks | None = None
) -> list[bool]:
    """Return for each set, in their order, whether its value may be published beside those accepted before it.

    Parameters
    ----------
    sets
        Sets x units: whether a set holds a unit.
    homes
        Units x cells: homes of each unit [1]; a unit is a home, or homes that no set divides. With one cell: units.
    threshold
        The fewest homes of a new part.
    known
        Number of sets at the beginning that are published already; they are not judged.
    cells
        Sets x cells: whether a set's value of the cell is shown; by default all are.

    """
    counts = homes.reshape(len(homes), -1)
    shown = np.ones((len(sets), counts.shape[1]), dtype=bool) if cells is None else cells
    accepted = list(range(known))
    for number in range(known, len(sets)):
        # cells in which the same of the sets are shown are judged together
        patterns, kind = np.unique(shown[[*accepted, number]], axis=1, return_inverse=True)
        if all(
            _fits(
                sets[[n for n, yes in zip(accepted, patterns[:-1, int(k)], strict=True) if yes]],
                sets[number],
                counts[:, kind.ravel() == k],
                threshold,
            )
            for k in np.flatnonzero(patterns[-1])
        ):
            accepted.append(number)
    return [number in accepted for number in range(known, len(sets))]


def _fits(published: Marks, new: Marks, counts: NDArray[np.int64], threshold: int) -> bool:
    """Say whether a set forms no small part beside published ones, neither within it nor outside."""
    nowhere = np.zeros((1, len(new)), dtype=bool)
    patterns, part = np.unique(np.vstack([nowhere, published]), axis=1, return_inverse=True)
    inside = np.zeros((patterns.shape[1], counts.shape[1]), dtype=np.int64)
    outside = np.zeros_like(inside)
    np.add.at(inside, part.ravel()[new], counts[new])
    np.add.at(outside, part.ravel()[~new], counts[~new])
    nowhere_yet = np.asarray(~patterns.any(axis=0)).reshape(-1, 1)
    outside *= ~nowhere_yet  # homes in no published set cannot be the rest of a difference
    divided = (inside > 0) & (outside > 0)
    fresh = (inside > 0) & nowhere_yet
    small = (fresh | divided) & (inside < threshold) | divided & (outside < threshold)
    return not bool(small.any())


def nearest_homes(values: NDArray[np.float64], quantile: float, *, homes: int) -> Marks:
    """Mark the `homes` homes whose values lie nearest to a quantile of all; equal distances by value, then by order."""
    distance = np.abs(values - np.quantile(values, quantile))
    found = np.zeros(len(values), dtype=bool)
    found[np.lexsort((values, distance))[:homes]] = True
    return found


def choose_windows(values: NDArray[np.float64], quantiles: Sequence[float], *, threshold: int) -> dict[float, Marks]:
    r"""Return, for each quantile that may be shown, the homes nearest to it.

    A quantile :math:`q` of :math:`n` homes is shown only if :math:`n \min(q, 1 - q) \ge k / 2` with the threshold :math:`k`:
    otherwise its :math:`k` nearest homes are not centred on it, and include the extreme home. The mean of all homes is
    published too, so windows that overlap, or leave few homes between them, are dropped, the middle one last.
    """
    if len(values) < threshold:
        return {}
    wanted = [q for q in sorted(quantiles, key=lambda q: abs(q - 0.5)) if 2 * len(values) * min(q, 1 - q) >= threshold]
    sets = [np.ones(len(values), dtype=bool), *(nearest_homes(values, q, homes=threshold) for q in wanted)]
    accepted = accept_sets(np.array(sets), np.ones(len(values), dtype=np.int64), threshold=threshold)
    return {q: of for q, of, yes in zip(wanted, sets[1:], accepted[1:], strict=True) if yes}
