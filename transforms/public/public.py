"""Published tables and records of releases; only disclosure control makes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from transforms.tables.areas import AREA_TABLES
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.cost_analysis import (
    ABATEMENT,
    BREAK_EVEN,
    CHEAPEST_MAP,
    CLAIM,
    DIVERSITY,
    LCOH_DISTRIBUTION,
    LCOH_PROBABILITY,
    LCOH_SENSITIVITY,
    LCOH_SOBOL,
    NETWORK_FINANCE,
    SEASONAL_PERFORMANCE,
)
from transforms.tables.electric import ELECTRIC_TABLES
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HEAT_PROFILE_SEASON, SELECTION_FUNNEL
from transforms.tables.lineage import BUILD_MONTH, DATA_DICTIONARY, FLAG_COUNT, FLAG_JUDGEMENT, QUALITY_RESULT, SOURCE
from transforms.tables.published import (
    DEMAND_CHANGE,
    EXTERNAL_CHECK,
    GATE_RUN,
    HEAT_DEMAND_QUANTILE,
    LCOH_CAPITAL,
    LCOH_COMPONENT,
    LCOH_ENERGY,
    LCOH_QUANTILE,
    TABLE_CHANGE,
)
from transforms.tables.schema import Column, Table
from transforms.tables.weather import WEATHER_DAY, WEATHER_FIT

KEPT = {"dwelling_type": pl.String, "period": pl.String}

RELEASE_MEMBER = Table(
    "release_member", "one home, with one version of its readings, behind published values", ("level", "period", "household_id"),
    (
        Column("level", pl.String, "heat: behind values of heat; funnel: behind the selection funnel; diversity: behind peaks of many homes"),
        Column("period", pl.String, "study period"),
        Column("household_id", pl.String, "pseudonymous id of the home"),
        Column("codes", pl.Binary, "one 16-bit number per hour (for funnel and diversity: per period) that identifies its readings; 0: none"),
        Column("sets", pl.List(pl.Int64), "numbers of the published sets of homes that contain it"),
    ),
)  # fmt: skip
RELEASE_EDITION = Table(
    "release_edition", "one set of homes behind a group of cells that was once published", ("level", "period", "group", "number"),
    (
        Column("level", pl.String, "kind of published values: year, hours, quantile, funnel or diversity"),
        Column("period", pl.String, "study period"),
        Column("group", pl.String, "name of the cells: a dwelling type, all, a quantile or a step"),
        Column("number", pl.Int64, "order of publication of the group", lower=0),
        Column("set", pl.Int64, "number of the set of homes", lower=0),
        Column("hidden", pl.List(pl.Int64), "cells that were not shown"),
    ),
)  # fmt: skip


def _public(
    table: Table, *, only: Collection[str] = (), without: Collection[str] = (), nullable: Collection[str] = ()
) -> Table:
    """Return a table as it is published: fewer columns, nulls where values may be hidden."""
    kept = [c for c in table.columns if (not only or c.name in only) and c.name not in without]
    columns = tuple(replace(c, nullable=c.nullable or c.name in nullable) for c in kept)
    return replace(table, columns=columns, tier="public", may_be_empty=True)


def _with_meaning(table: Table, names: Collection[str], where: str) -> Table:
    """Return a table in which some columns say how they are rounded."""
    said = f"rounded to the most that one home can deliver {where}"
    columns = (replace(c, meaning=f"{c.meaning}, {said}") if c.name in names else c for c in table.columns)
    return replace(table, columns=tuple(columns))


LEDGER_COLUMNS = (
    "source_id", "file_name", "format", "kind", "outcome", "reason", "lines", "header_lines", "blank_lines",
    "readings", "rejects", "regrouped", "clock", "stamp", "superseded", "ingested_at_utc",
)  # fmt: skip
CHECK_COLUMNS = (
    "check_name",
    "table_name",
    "severity",
    "passed",
    "meaning",
)  # values and sample keys may reveal a home
MONTH_COLUMNS = ("month", "households", "readings", "ok_half_hours", "hours")
LINE_COLUMNS = ("lines", "readings", "rejects", "regrouped")
ADDS_UP = Column(
    "adds_up",
    pl.Boolean,
    "whether header lines, blank lines, readings and rejects add up to the lines; null: not read",
    nullable=True,
)

_LEDGER = _with_meaning(
    _public(SOURCE, only=LEDGER_COLUMNS, nullable=LINE_COLUMNS),
    LINE_COLUMNS,
    "in the file's span; null for a file whose homes are not known",
)
PUBLIC_SOURCE = replace(_LEDGER, columns=(*_LEDGER.columns, ADDS_UP))
FLAG_TOTAL = Table(
    "flag_count", "readings of all sources that carry one flag", ("flag",),
    (
        FLAG_COUNT.column("flag"),
        Column("readings", pl.Int64, "readings, rounded to the most that one home can deliver; null: fewer than that", "1", nullable=True, lower=0),
        Column("share", pl.Float64, "share of the readings that are shown", "1", nullable=True, lower=0, upper=1),
    ),
    tier="public",
    may_be_empty=True,
    made_by="quality.disclosure.accounts:publish_flags",
)  # fmt: skip

PUBLIC_TABLES = {
    table.name: table
    for table in (
        # how far the mean of the homes' own heat differs from the type's would reveal the homes with gaps, however few
        _public(HEAT_DEMAND_ANNUAL, without=("household_heat_kwh_mean",)),
        _public(HEAT_DEMAND_QUANTILE),
        _public(HEAT_PROFILE),
        _public(HEAT_PROFILE_SEASON),
        _public(WEATHER_FIT),
        _public(WEATHER_DAY),
        _public(LCOH),
        _public(LCOH_DISTRIBUTION, nullable=("lcoh_mean_gbp_per_mwh", "gap_expected_gbp_per_mwh")),
        _public(LCOH_QUANTILE),
        LCOH_COMPONENT,
        LCOH_CAPITAL,
        LCOH_ENERGY,
        _public(DIVERSITY, nullable=("peak_kw_p05", "peak_kw_p95")),
        _public(LCOH_SENSITIVITY),
        _public(LCOH_SOBOL),
        _public(LCOH_PROBABILITY),
        _public(BREAK_EVEN),
        _public(CHEAPEST_MAP),
        _public(ABATEMENT),
        _public(SEASONAL_PERFORMANCE),
        _public(NETWORK_FINANCE),
        *(_public(table) for table in ELECTRIC_TABLES),
        _public(CLAIM),
        _public(ASSUMPTION),
        _public(SELECTION_FUNNEL, nullable=("households", "households_without")),
        PUBLIC_SOURCE,
        FLAG_TOTAL,
        _with_meaning(_public(FLAG_JUDGEMENT), ("readings",), "in the month"),
        replace(_public(QUALITY_RESULT, only=CHECK_COLUMNS), key=("check_name",)),
        _public(GATE_RUN),
        _with_meaning(_public(BUILD_MONTH, only=MONTH_COLUMNS), MONTH_COLUMNS[2:], "in the month"),
        _public(EXTERNAL_CHECK),
        *AREA_TABLES,
        DEMAND_CHANGE,
        TABLE_CHANGE,
        _public(DATA_DICTIONARY),
    )
}


def _nothing_kept() -> pl.DataFrame:
    return pl.DataFrame(schema=KEPT)


@dataclass(frozen=True, slots=True)
class PublicTable:
    """A table that has passed disclosure control; only `quality.disclosure` makes one.

    `frame` holds the cells that may be shown. `suppressed` holds the keys of the hidden cells, with the reason in
    `because`: `few_homes` (the cell rests on fewer than `threshold` homes), `companion` (it would reveal such a cell)
    or `few_changes` (together with an earlier release it would). `few_changes` holds the groups, by dwelling type and
    period, whose values in `frame` are those of an earlier release for that last reason.
    """

    name: str
    frame: pl.DataFrame
    suppressed: pl.DataFrame
    threshold: int
    few_changes: pl.DataFrame = field(default_factory=_nothing_kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRecord:
    """Restricted record of a release: the cells that it showed and hid, and the homes behind it and all earlier ones."""

    release_id: str
    threshold: int
    shown: Mapping[str, pl.DataFrame]
    hidden: Mapping[str, pl.DataFrame]
    member: pl.DataFrame  # rows of `RELEASE_MEMBER`
    edition: pl.DataFrame  # rows of `RELEASE_EDITION`


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRelease:
    """The tables that an earlier release showed; all of it is public."""

    release_id: str
    threshold: int
    shown: Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Everything that may be published of one warehouse, and the record that must be kept."""

    tables: Mapping[str, PublicTable]
    record: ReleaseRecord
