"""A candidate is filled: every table of the warehouse from the units of a content."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from flows.pipeline.content import Content, describe_rules
from flows.pipeline.costs import COST_TABLES
from flows.pipeline.inputs import Inputs
from flows.pipeline.months import MonthUnit, read_cells
from flows.pipeline.unit import CODE, NO_NUMBERS, Unit, code_fingerprint, fingerprint
from transforms.heat.selection import combine_households, list_homes
from transforms.tables.cost import ASSUMPTION
from transforms.tables.cost_analysis import DIVERSITY, DIVERSITY_CURVE, DIVERSITY_HOME
from transforms.tables.heat import (
    HEAT_DEMAND_ANNUAL,
    HEAT_HOURLY,
    HEAT_PROFILE,
    HEAT_PROFILE_SEASON,
    HOUSEHOLD,
    HOUSEHOLD_PERIOD,
    SELECTION_FUNNEL,
    TEMPERATURE_HOURLY,
)
from transforms.tables.lineage import (
    BUILD_MONTH,
    DATA_DICTIONARY,
    FLAG_COUNT,
    FLAG_JUDGEMENT,
    RUN,
    SOURCE,
    SOURCE_LEVEL,
    SUSPECT_SPAN,
)
from transforms.tables.schema import UTC, Table
from transforms.tables.weather import HOUSEHOLD_WEATHER, WEATHER_DAY, WEATHER_FIT
from warehouse.lake import Lake
from warehouse.manifest import Manifest
from warehouse.publish import Candidate, describe_columns
from warehouse.quarantine import LEFT_OUT
from warehouse.versions import WAREHOUSE_FORMAT, own_version


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What a run says of itself in the warehouse."""

    run_id: str
    kind: str
    reason: str | None
    started_at_utc: dt.datetime
    sources_new: int
    months_built: int


def fill_candidate(candidate: Candidate, lake: Lake, content: Content) -> None:
    """Load every table but the lineage of the run itself."""
    cells = read_cells(lake, list(content.months))
    by_period = _read_units(lake, content.periods, HOUSEHOLD_PERIOD)
    homes = list_homes(content.inputs.households, content.inputs.seen)
    frames = {
        HOUSEHOLD: combine_households(homes, by_period, cells),
        HOUSEHOLD_PERIOD: by_period,
        SELECTION_FUNNEL: _read_units(lake, content.periods, SELECTION_FUNNEL),
        HEAT_PROFILE: _read_units(lake, content.periods, HEAT_PROFILE),
        HEAT_PROFILE_SEASON: _read_units(lake, content.periods, HEAT_PROFILE_SEASON),
        HEAT_DEMAND_ANNUAL: _read_units(lake, content.periods, HEAT_DEMAND_ANNUAL),
        WEATHER_FIT: _read_units(lake, content.periods, WEATHER_FIT),
        WEATHER_DAY: _read_units(lake, content.periods, WEATHER_DAY),
        HOUSEHOLD_WEATHER: _read_units(lake, content.periods, HOUSEHOLD_WEATHER),
        TEMPERATURE_HOURLY: content.inputs.temperature,
        DIVERSITY: _read_units(lake, content.costs.diversities, DIVERSITY),
        DIVERSITY_HOME: _read_units(lake, content.costs.diversities, DIVERSITY_HOME),
        DIVERSITY_CURVE: _read_units(lake, content.costs.diversities, DIVERSITY_CURVE),
        SOURCE: list_sources(content.inputs),
        SOURCE_LEVEL: content.verdict.source_level,
        FLAG_COUNT: count_all_flags(lake, content),
        FLAG_JUDGEMENT: content.verdict.flag_judgement,
        SUSPECT_SPAN: content.verdict.suspect_span,
        BUILD_MONTH: _read_months(lake, content.months, "build_month", BUILD_MONTH),
        DATA_DICTIONARY: describe_columns(),
    }
    frames |= {table: table.conform(lake.read(content.costs.key(table.name))) for table in COST_TABLES}
    frames[ASSUMPTION] = pl.concat([frames[ASSUMPTION], describe_rules(content.settings)])
    for table, frame in frames.items():
        candidate.load_frame(table, frame)
    candidate.load_parquet(HEAT_HOURLY, [lake.path(unit.key("heat_hourly")) for unit in content.months])


def list_sources(inputs: Inputs) -> pl.DataFrame:
    """Return the ledger: one row per delivered file, accepted, refused or left out (`SOURCE`)."""
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


def count_all_flags(lake: Lake, content: Content) -> pl.DataFrame:
    """Add up the flags of all months and of the readings that belong to none (`FLAG_COUNT`)."""
    built = _read_months(lake, content.months, "flag_count", FLAG_COUNT)
    without_month = pl.DataFrame(
        [
            {"source_id": m.source_id, "flag": "bad_time", "readings": m.line_flags["bad_time"]}
            for m in content.inputs.readings
            if m.line_flags.get("bad_time")
        ],
        schema=FLAG_COUNT.schema,
    )
    both = pl.concat([built, without_month])
    return both.group_by("source_id", "flag").agg(pl.col("readings").sum()).sort("source_id", "flag")


def _read_months(lake: Lake, units: Sequence[MonthUnit], name: str, table: Table) -> pl.DataFrame:
    return pl.concat([table.empty(), *(table.conform(lake.read(unit.key(name))) for unit in units)])


def _read_units(lake: Lake, units: Sequence[Unit], table: Table) -> pl.DataFrame:
    return pl.concat([table.empty(), *(table.conform(lake.read(unit.key(table.name))) for unit in units)])


def make_run_row(
    record: RunRecord,
    content: Content,
    *,
    snapshot_id: str,
    base: str | None,
    now: dt.datetime,
    judged: Mapping[str, str],
) -> pl.DataFrame:
    """Return the run's own row (`RUN`); `judged` are its columns on the gate."""
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
        "code_fingerprint": fingerprint(
            **{stage: code_fingerprint(stage) for stage in CODE if stage not in NO_NUMBERS}
        ),
        "settings": json.dumps(content.settings.shaping_numbers(), sort_keys=True),
        "periods": json.dumps({unit.period.label: unit.fingerprint for unit in content.periods}),
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
