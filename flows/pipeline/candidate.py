"""Filling a candidate: every table of the warehouse from the units of a content."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from flows.pipeline.content import Content, describe_rules
from flows.pipeline.costs import COST_HEAT
from flows.pipeline.inputs import Inputs
from flows.pipeline.months import BUILD_MONTHS
from flows.pipeline.periods import AGGREGATE_PERIODS
from flows.pipeline.stages import STAGES, hash_code_of_numbers
from flows.pipeline.unit import Stage
from transforms.heat.selection import combine_households, list_homes
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.cost import ASSUMPTION
from transforms.tables.heat import HEAT_HOURLY, HOUSEHOLD, HOUSEHOLD_PERIOD, TEMPERATURE_HOURLY
from transforms.tables.lake import CELL
from transforms.tables.lineage import DATA_DICTIONARY, FLAG_COUNT, RUN, SOURCE
from transforms.tables.schema import UTC, Table
from transforms.tables.words import NOT_BUILT
from warehouse.manifest import Manifest
from warehouse.publish import Candidate, describe_columns
from warehouse.quarantine import LEFT_OUT
from warehouse.reading_objects import NO_MONTH
from warehouse.versions import WAREHOUSE_FORMAT, own_version


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """The facts about a run that its row in the warehouse holds."""

    run_id: str
    kind: str
    reason: str | None
    started_at_utc: dt.datetime
    sources_new: int
    months_built: int


def fill_candidate(candidate: Candidate, content: Content, changed: Collection[dt.date] = ()) -> None:
    """Load every table, except the lineage of the run itself: tables that stages write, and tables put together here.

    A candidate that began with the published hours gets only the hours of months that `changed`.
    """
    put_together = put_tables_together(content)
    for table in WAREHOUSE_TABLES:
        if table in put_together:
            candidate.load_frame(table, put_together[table])
    for stage in STAGES:
        for table in stage.tables:
            if table in WAREHOUSE_TABLES and table not in put_together:
                units = content.units_of(stage)
                if table is HEAT_HOURLY and candidate.has_hours:
                    months = {unit.given.month.first_day: unit for unit in content.units_of(BUILD_MONTHS)}
                    rows = {month: content.lake.count_rows(unit.key(table)) for month, unit in months.items()}
                    units = tuple(months[month] for month in candidate.drop_stale_months(rows, changed))
                with content.lake.files(unit.key(table) for unit in units) as files:
                    candidate.load_parquet(table, files)


def put_tables_together(content: Content) -> dict[Table, pl.DataFrame]:
    """Return the tables that no stage writes, or that hold more than the rows of one stage.

    They need no stage of their own: each is put together in moments from what is in the lake already. As units they would
    be stored there twice, and every delivered file would make a copy of each.
    """
    inputs, periods = content.inputs, read_units(content, AGGREGATE_PERIODS, HOUSEHOLD_PERIOD)
    homes = list_homes(inputs.households, inputs.seen)
    return {
        HOUSEHOLD: combine_households(homes, periods, read_units(content, BUILD_MONTHS, CELL)),
        TEMPERATURE_HOURLY: inputs.temperature,
        SOURCE: list_sources(inputs),
        FLAG_COUNT: count_all_flags(content),
        ASSUMPTION: pl.concat([read_units(content, COST_HEAT, ASSUMPTION), describe_rules(content.settings)]),
        DATA_DICTIONARY: describe_columns(),
    }


def read_units(content: Content, stage: Stage[Any], table: Table) -> pl.DataFrame:
    """Return the rows of a table from all units of a stage."""
    return pl.concat([table.empty(), *(content.lake.read(unit.key(table)) for unit in content.units_of(stage))])


def list_sources(inputs: Inputs) -> pl.DataFrame:
    """Return the ledger: one row for each delivered file, accepted, refused or left out (`SOURCE`)."""
    left_out = {d.source_id: {"outcome": d.state, "reason": d.reason} for d in inputs.decisions if d.state in LEFT_OUT}
    rows = [
        _source_row(m) | {"superseded": m.source_id in inputs.replaced} | left_out.get(m.source_id, {})
        for m in inputs.manifests
    ]
    return pl.DataFrame(rows, schema=SOURCE.schema)


def _source_row(manifest: Manifest) -> dict[str, object]:
    row = manifest.model_dump(include=set(SOURCE.schema))
    times = {name: _without_zone(row[name]) for name in row if name.endswith("_utc")}
    return row | times | {"sha256": manifest.source_id}


def _without_zone(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment


def count_all_flags(content: Content) -> pl.DataFrame:
    """Add up the flags of all months, of readings without a month, and of months that were not built (`FLAG_COUNT`)."""
    built = read_units(content, BUILD_MONTHS, FLAG_COUNT)
    without_month = pl.DataFrame(
        [
            {"source_id": m.source_id, "flag": "bad_time", "readings": m.line_flags["bad_time"]}
            for m in content.inputs.readings
            if m.line_flags.get("bad_time")
        ],
        schema=FLAG_COUNT.schema,
    )
    not_built = pl.DataFrame(
        [
            {"source_id": m.source_id, "flag": NOT_BUILT, "readings": m.month_readings[month]}
            for m in content.inputs.readings
            for month in m.month_readings
            if month in content.not_built or (month not in m.months and month != NO_MONTH)
        ],
        schema=FLAG_COUNT.schema,
    )
    both = pl.concat([built, without_month, not_built])
    return both.group_by("source_id", "flag").agg(pl.col("readings").sum()).sort("source_id", "flag")


def make_run_row(
    record: RunRecord,
    content: Content,
    *,
    snapshot_id: str,
    base: str | None,
    now: dt.datetime,
    judged: Mapping[str, str],
) -> pl.DataFrame:
    """Return the run's own row (`RUN`); `judged` holds its columns about the gate."""
    row = {
        "run_id": record.run_id,
        "kind": record.kind,
        "reason": record.reason,
        "started_at_utc": record.started_at_utc.replace(tzinfo=None),
        "published_at_utc": now.replace(tzinfo=None),
        "snapshot_id": snapshot_id,
        "base_snapshot_id": base,
        "content_fingerprint": content.fingerprint,
        "code_version": own_version(),
        "warehouse_format": WAREHOUSE_FORMAT,
        "code_fingerprint": hash_code_of_numbers(),
        "settings": json.dumps(content.settings.shaping_numbers(), sort_keys=True),
        "periods": json.dumps({unit.key_value: unit.fingerprint for unit in content.units_of(AGGREGATE_PERIODS)}),
        "sources_new": record.sources_new,
        "months_built": record.months_built,
        **judged,
    }
    return RUN.conform(
        pl.DataFrame(
            [row],
            schema_overrides={
                "reason": pl.String,
                "base_snapshot_id": pl.String,
                "published_at_utc": UTC,
                "started_at_utc": UTC,
            },
        )
    )
