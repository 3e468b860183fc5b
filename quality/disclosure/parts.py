r"""Sets of homes that are published side by side, at once or one release after the other.

Published means can be turned into sums (assume the numbers of homes known, although they are published rounded) and
added and subtracted at will: `all` less every type but one, the year less all hours but one, a release less the one
before. Let :math:`A_1, \dots, A_m` be the sets of homes behind everything that was ever published of one period, and
cut the homes into parts by which of the sets they lie in. Every combination has the same coefficient on all homes of a
part, so what it rests on is a union of parts. Hence the rule, the only one: **a set is published only if every part that
it forms anew holds at least ten homes.** Then nothing that can be worked out rests on fewer: no complement, no
difference of two releases, of many, or of what many have in common.

What it means, case by case:

- A type that one to nine homes joined or left keeps its old figures: they would be a part of their own. So it does where
  five joined and five left, although their difference would rest on ten.
- A home whose readings were corrected is another home than before, with a part of its own: the difference of two releases
  is the correction. But an outsider may be able to compute the change, as when all readings are converted anew; no such
  change is cover for one withdrawn home. So the rule must hold twice: with homes told apart by their readings, and not.
- `all` keeps its figures where the homes that changed, and of which no new figure of a type is shown, are few together.
- A type that was hidden beside a small one stays hidden where showing it would lay that one open in an `all` of the past.
- What holds of a year holds of each hour, where the homes are those with a good reading in it: ten homes may join of
  which nine are there at 3 o'clock. A profile is shown anew only if it may be in every hour; else the old one stays whole.

Whoever knows the readings of all homes of a part but one can work out that one; no threshold protects from that. The
rule makes nine others the least that he has to know.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Marks = NDArray[np.bool_]


def accept_sets(
    sets: Marks, homes: NDArray[np.int64], *, threshold: int, known: int = 0, cells: Marks | None = None
) -> list[bool]:
    """Say of each set, in their order, whether a figure of it may be published beside those accepted before it.

    Parameters
    ----------
    sets
        Sets x units: whether a set holds a unit.
    homes
        Units x cells: homes of each unit [1]; a unit is a home, or homes that no set divides. With one cell: units.
    threshold
        Homes that every new part holds at least.
    known
        So many of the first sets are published already; nothing is said of them.
    cells
        Sets x cells: whether a set's figure of the cell is shown; by default all are.

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
    """Say whether a set forms no small part, new or left over, beside published ones."""
    nowhere = np.zeros((1, len(new)), dtype=bool)
    patterns, part = np.unique(np.vstack([nowhere, published]), axis=1, return_inverse=True)
    inside = np.zeros((patterns.shape[1], counts.shape[1]), dtype=np.int64)
    outside = np.zeros_like(inside)
    np.add.at(inside, part.ravel()[new], counts[new])
    np.add.at(outside, part.ravel()[~new], counts[~new])
    nowhere_yet = np.asarray(~patterns.any(axis=0)).reshape(-1, 1)
    outside *= ~nowhere_yet  # of homes in no published set there is nothing to subtract from
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

    A quantile :math:`q` of :math:`n` homes is asked for only where :math:`n \min(q, 1 - q) \ge k / 2` with the
    threshold :math:`k`: else its :math:`k` nearest homes are not centred on it, and it is the extreme that shows. The
    mean of all homes is published too; hence windows that overlap, or that leave a few homes between them, are left
    out, the middle one last.
    """
    if len(values) < threshold:
        return {}
    wanted = [q for q in sorted(quantiles, key=lambda q: abs(q - 0.5)) if 2 * len(values) * min(q, 1 - q) >= threshold]
    sets = [np.ones(len(values), dtype=bool), *(nearest_homes(values, q, homes=threshold) for q in wanted)]
    accepted = accept_sets(np.array(sets), np.ones(len(values), dtype=np.int64), threshold=threshold)
    return {q: of for q, of, yes in zip(wanted, sets[1:], accepted[1:], strict=True) if yes}
