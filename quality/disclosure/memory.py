"""The memory of releases: the sets of homes behind everything that was ever published."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quality.disclosure.parts import Marks, accept_sets
from quality.disclosure.rule import DisclosureRule
from quality.disclosure.units import Codes, count_units
from transforms.public.public import RELEASE_EDITION, RELEASE_MEMBER, ReleaseRecord

CODE = np.uint16
CODES = 2**16 - 1  # a good hour has a code from 1 to this number
HEAT, FUNNEL = "heat", "funnel"
YEAR, HOURS, QUANTILE = "year", "hours", "quantile"
DIVERSITY_LEVEL = {60: "diversity of hours", 30: "diversity of half-hours"}  # by length of the interval [min]
LEVELS = {HEAT: (YEAR, HOURS, QUANTILE), FUNNEL: (FUNNEL,), **{level: (level,) for level in DIVERSITY_LEVEL.values()}}
WHOLE = np.ones(1, dtype=bool)  # the one cell of a year


@dataclass(frozen=True, slots=True)
class HomesOfPeriod:
    """Homes of a period with the codes of their readings, homes x cells, and the groups that they make."""

    period: str
    start: dt.datetime | None
    ids: Sequence[str]
    codes: Codes
    groups: Mapping[str, Marks]


def short_codes(rows: Iterable[bytes]) -> Codes:
    """Return one code for each home from bytes that depend on its readings."""
    digests = [int.from_bytes(hashlib.blake2b(row, digest_size=4).digest()) % CODES + 1 for row in rows]
    return np.array(digests, dtype=CODE).reshape(-1, 1)


@dataclass(frozen=True)
class Standing:
    """The homes of one period, in every version that was ever published and as they are now, and the sets that they form."""

    kind: str
    period: str
    start: dt.datetime | None
    versions: pl.DataFrame  # household_id, codes
    codes: Codes  # versions x cells
    home: NDArray[np.intp]  # of each version
    sets: Mapping[int, Marks]  # by number: which versions a set holds
    now: Mapping[str, int]  # groups of today by the number of their set

    @property
    def cells(self) -> int:
        """Cells of the hourly level."""
        return int(self.codes.shape[1])


class ReleaseMemory:
    """The sets of homes of all earlier releases, and what this one adds to them."""

    def __init__(self, last: ReleaseRecord | None, *, threshold: int) -> None:
        self._member = RELEASE_MEMBER.empty() if last is None else last.member
        self._edition = RELEASE_EDITION.empty() if last is None else last.edition
        self._threshold = threshold
        self._stood: list[Standing] = []

    def stand(self, kind: str, homes: HomesOfPeriod) -> Standing:
        """Join the present homes with those of earlier releases; a set that existed before keeps its number."""
        earlier = self._member.filter(level=kind, period=homes.period).select("household_id", "codes", "sets")
        now = pl.DataFrame(
            {"household_id": list(homes.ids), "codes": [row.tobytes() for row in homes.codes]},
            schema={"household_id": pl.String, "codes": pl.Binary},
        ).with_row_index("row")
        both = earlier.join(now, on=["household_id", "codes"], how="full", coalesce=True).sort("household_id", "codes")
        row = both["row"].to_numpy()
        sets = {
            int(number): both["sets"].list.contains(number).fill_null(value=False).to_numpy()
            for number in earlier["sets"].explode().unique().sort()
        }
        numbers: dict[str, int] = {}
        there = both["row"].is_not_null().to_numpy()
        for name, marks in homes.groups.items():
            own = np.zeros(len(both), dtype=bool)
            own[there] = marks[row[there].astype(np.intp)]
            same = next((n for n, known in sets.items() if np.array_equal(known, own)), None)
            numbers[name] = max(sets, default=-1) + 1 if same is None else same
            sets[numbers[name]] = own
        codes = np.frombuffer(b"".join(both["codes"]), dtype=CODE).reshape(len(both), -1 if len(both) else 0)
        home = both["household_id"].rle_id().to_numpy().astype(np.intp)
        versions = both.select("household_id", "codes")
        standing = Standing(kind, homes.period, homes.start, versions, codes, home, sets, numbers)
        self._stood.append(standing)
        return standing

    def was_shown(self, level: str, standing: Standing) -> set[str]:
        """Return the groups that were ever shown at a level in a period."""
        return set(self._edition.filter(level=level, period=standing.period)["group"])

    def accept(
        self, level: str, standing: Standing, wanted: Mapping[str, Marks], *, beside: Collection[str] = ()
    ) -> set[str]:
        """Return the groups that may be shown anew, judged in their order; `wanted` says in which cells.

        They are judged together with everything that was shown at the level and at the levels in `beside`.
        """
        if not wanted:
            return set()
        levels, hourly = (level, *beside), level == HOURS
        cells = standing.cells if hourly else 1
        rows = self._edition.filter(pl.col("level").is_in(levels), period=standing.period)
        known = {(number, tuple(hidden)): None for number, hidden in rows.select("set", "hidden").iter_rows()}
        numbers = [*(number for number, _ in known), *(standing.now[name] for name in wanted)]
        masks = [*(_mask(hidden, cells) for _, hidden in known), *wanted.values()]
        marks = np.array([standing.sets[number] for number in numbers])
        verdicts = []
        for by_value in (False, True):
            sets, counts = count_units(standing.codes, standing.home, marks, hourly=hourly, by_value=by_value)
            judged = accept_sets(sets, counts, threshold=self._threshold, known=len(known), cells=np.array(masks))
            verdicts.append({name for name, yes in zip(wanted, judged, strict=True) if yes})
        both = verdicts[0] & verdicts[1]
        if both in verdicts:
            return both
        # a group that one comparison refused may have hidden homes in the other comparison: judge again without it
        return self.accept(
            level, standing, {name: mask for name, mask in wanted.items() if name in both}, beside=beside
        )

    def add(self, level: str, standing: Standing, shown: Mapping[str, Marks]) -> None:
        """Add the groups that this release shows anew, and the cells of each."""
        for group, cells in shown.items():
            hidden = np.flatnonzero(~cells).tolist()
            known = self._edition.filter(level=level, period=standing.period, group=group)
            new = (standing.now[group], hidden)
            if new not in [(number, list(cells)) for number, cells in known.select("set", "hidden").iter_rows()]:
                row = (level, standing.period, group, len(known), *new)
                added = pl.DataFrame([row], schema=RELEASE_EDITION.schema, orient="row")
                self._edition = pl.concat([self._edition, added])

    def tables(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return `RELEASE_MEMBER` and `RELEASE_EDITION` with what this release added; sets never shown are dropped."""
        stood = pl.DataFrame(
            [(standing.kind, standing.period) for standing in self._stood],
            schema={"level": pl.String, "period": pl.String},
            orient="row",
        )
        others = self._member.join(stood, on=["level", "period"], how="anti", maintain_order="left")
        rows = pl.concat([others, *(self._rows(standing) for standing in self._stood)])
        return rows.sort(*RELEASE_MEMBER.key, "codes"), self._edition

    def _rows(self, standing: Standing) -> pl.DataFrame:
        rows = self._edition.filter(pl.col("level").is_in(LEVELS[standing.kind]), period=standing.period)
        used = rows["set"].unique().sort().to_list()
        held = [[number for number in used if standing.sets[number][n]] for n in range(len(standing.versions))]
        return RELEASE_MEMBER.conform(
            standing.versions.with_columns(
                level=pl.lit(standing.kind),
                period=pl.lit(standing.period),
                sets=pl.Series(held, dtype=pl.List(pl.Int64)),
            ).filter(pl.col("sets").list.len() > 0)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The basis for judging a release: the rule, the last release, and the homes behind all earlier releases."""

    rule: DisclosureRule
    last: ReleaseRecord | None
    memory: ReleaseMemory


def _mask(hidden: Iterable[int], cells: int) -> Marks:
    mask = np.ones(cells, dtype=bool)
    mask[list(hidden)] = False
    return mask
