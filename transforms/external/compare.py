"""The external check: every value that both this run and a published study have (`EXTERNAL_CHECK`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from transforms.external.levels import compare_bands, compare_types
from transforms.external.own import OwnFigures
from transforms.external.reference import BUILDING_TYPES, References
from transforms.external.shapes import compare_shapes
from transforms.tables.published import EXTERNAL_CHECK
from transforms.tables.words import DWELLING_TYPES


@dataclass(frozen=True, slots=True)
class ExternalCheck:
    """The comparison, and sentences on what has no counterpart."""

    rows: pl.DataFrame  # rows of `EXTERNAL_CHECK`
    not_compared: tuple[str, ...]


def check_external(own: OwnFigures | None, references: References) -> ExternalCheck:
    """Compare a run with SERL: levels by dwelling type and temperature band, and the shape of the day.

    Parameters
    ----------
    own
        Values of the run, as from `summarise_own`; None if nothing is published.
    references
        Published tables of the studies.

    """
    if own is None:
        return ExternalCheck(EXTERNAL_CHECK.empty(), ("this run publishes no level to compare",))
    parts = [
        *compare_types(own, references),
        *compare_bands(own, references),
        *compare_shapes(own, references),
    ]
    return ExternalCheck(put_together(parts), name_what_is_left_out(own, references))


def put_together(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the parts as one table, with the ratio of own to published values."""
    named = [
        part.with_columns(ratio=pl.when(pl.col("published") != 0).then(pl.col("own") / pl.col("published")))
        for part in parts
        if len(part)
    ]
    rows = [EXTERNAL_CHECK.conform(part) for part in named]
    return pl.concat([EXTERNAL_CHECK.empty(), *rows]).sort(EXTERNAL_CHECK.key)


def name_what_is_left_out(own: OwnFigures, references: References) -> tuple[str, ...]:
    """Say which dwelling types and bands of the run the studies lack, and which of theirs the run lacks."""
    out = []
    theirs = set(references.level_by_type["building_type"]) | set(
        references.half_hour_gas.filter(pl.col("segmentation") == "building_type")["segment"]
    )
    known = {BUILDING_TYPES[name] for name in theirs if name in BUILDING_TYPES}
    shown = set(own.levels["dwelling_type"])
    if theirs:
        out += [f"{name}: SERL has no such building type" for name in DWELLING_TYPES if name in shown - known]
        out += [f"{name}: not published by this run" for name in DWELLING_TYPES if name in known - shown]
        out += [f"{name}: no dwelling type of ours" for name in sorted(theirs - set(BUILDING_TYPES))]
    bands = set(references.level_by_band["temperature_band"])
    missing = references.level_by_band.filter(
        ~pl.col("temperature_band").is_in(own.bands["temperature_band"].implode())
    )
    out += [
        f"days of {name}: not published by this run"
        for name in missing.sort("temperature_c")["temperature_band"].unique(maintain_order=True)
    ]
    if bands:
        out += [f"days of {name}: not published by SERL" for name in own.bands["temperature_band"] if name not in bands]
    return tuple(out)
