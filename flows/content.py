"""What a warehouse is made of: the units that the lake gives now, and the tables filled from them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polars as pl

from flows.cost_units import COST_TABLES, CostUnit, plan_costs, plan_diversity
from flows.fingerprints import CODE, NO_NUMBERS, code_fingerprint, describe_table, fingerprint
from flows.history_units import HistoryUnit, plan_digests, plan_history, read_verdict
from flows.inputs import Inputs, read_inputs
from flows.plan import MonthUnit, PeriodUnit, Unit, hash_frame, plan_months, plan_period
from flows.settings import Settings, ingest_options
from flows.units import read_cells
from quality.alarms import describe_flag_shares
from transforms import tables
from transforms.equal_runs import COLD_ZERO, STUCK
from transforms.heating import HeatingRule
from transforms.history import Verdict
from transforms.periods import find_periods
from transforms.rules import describe_rule
from transforms.schema import UTC, Table
from transforms.selection import combine_households, list_homes
from transforms.slip_rule import SLIP
from transforms.temperature import hourly_temperature
from transforms.weather_normal import NormalWeather
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures
from warehouse.lake import Lake
from warehouse.manifest import Manifest
from warehouse.publish import Candidate, describe_columns
from warehouse.quarantine import LEFT_OUT, Decision, decision_key
from warehouse.versions import WAREHOUSE_FORMAT, own_version

Work = Callable[[Sequence[Unit], Inputs], None]


@dataclass(frozen=True)
class Content:
    """Everything that a warehouse is made of; its fingerprint says whether the published one is up to date."""

    inputs: Inputs
    chain: tuple[HistoryUnit, ...]
    verdict: Verdict
    months: tuple[MonthUnit, ...]
    periods: tuple[PeriodUnit, ...]
    costs: CostUnit
    settings: Settings

    @cached_property
    def fingerprint(self) -> str:
        """The hash of units, ledger, assumptions, cost model and table declarations."""
        return fingerprint(
            history=[unit.fingerprint for unit in self.chain],
            months=[unit.fingerprint for unit in self.months],
            periods=[unit.fingerprint for unit in self.periods],
            sources=[
                (m.source_id, m.outcome, m.reason, m.decisions_fingerprint, m.readings) for m in self.inputs.manifests
            ],
            replaced=self.inputs.replaced,
            decisions=[(d.source_id, d.state, d.reason) for d in self.inputs.decisions],
            households=None if self.inputs.households is None else hash_frame(self.inputs.households),
            temperature=hash_frame(self.inputs.temperature),
            costs=self.costs.fingerprint,
            rules=hash_frame(describe_rules(self.settings)),
            tables={table.name: describe_table(table) for table in tables.WAREHOUSE_TABLES},
            views={view.name: view.sql for view in tables.VIEWS},
        )

    @property
    def keys(self) -> set[str]:
        """The lake objects that it rests on."""
        digests = (unit.digest for unit in self.chain)
        units: tuple[Unit, ...] = (
            *digests, *self.chain, *self.months, *self.periods, *self.costs.diversities, self.costs,
        )  # fmt: skip
        of_sources = {key for manifest in self.inputs.manifests for key in manifest.object_keys}
        of_decisions = {decision_key(decision.source_id) for decision in self.inputs.decisions}
        return of_sources | of_decisions | {unit.key(table) for unit in units for table in unit.tables}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What a run says of itself in the warehouse."""

    run_id: str
    kind: str
    reason: str | None
    started_at_utc: dt.datetime
    sources_new: int
    months_built: int


def read_current_inputs(lake: Lake, assumptions: pl.DataFrame, decided: Sequence[Decision] = ()) -> Inputs:
    """Return what the accepted sources and the built-in figures hold now; `decided` as of `read_inputs`."""
    return read_inputs(
        lake,
        default_temperature=hourly_temperature(read_figures("temperature_daily")),
        boiler_efficiency=look_up(assumptions, "boiler_stock", "efficiency"),
        stock_shares=stock_shares(assumptions),
        normal=NormalWeather.from_tables(read_figures),
        decided=decided,
    )


def describe_rules(settings: Settings) -> pl.DataFrame:
    """Return the bounds of all rules, the gas conversion and the figures of alarms as rows of `tables.ASSUMPTION`."""
    options = ingest_options(settings, today=dt.date.min)
    rules: dict[str, Any] = {
        "line_flag": options.thresholds,
        "stuck": STUCK,
        "cold_zero_run": COLD_ZERO,
        "suspected_unit": SLIP,
        "gas_heating": HeatingRule(),
        "sufficiency": settings.sufficiency,
    }
    figures = [read_figures(name) for name in ("weather", "diversity_rule", "alarm")]
    shares = describe_flag_shares(read_figures("flag_share"))
    rows = [
        *(describe_rule(item, rule) for item, rule in rules.items()),
        options.conversion.describe(),
        *figures,
        shares,
    ]
    return pl.concat(tables.ASSUMPTION.conform(frame) for frame in rows)


def stock_shares(assumptions: pl.DataFrame) -> dict[str, float]:
    """Return the share of each dwelling type in the national stock [1]."""
    rows = assumptions.filter(pl.col("item") == "stock_share")
    return dict(rows.select("parameter", "value").iter_rows())


def look_up(assumptions: pl.DataFrame, item: str, parameter: str) -> float:
    """Return the one value of an assumption that holds always.

    Raises
    ------
    KeyError
        If there is no such row.

    """
    rows = assumptions.filter((pl.col("item") == item) & (pl.col("parameter") == parameter))
    if len(rows) != 1:
        message = f"{len(rows)} assumptions named {item}, {parameter}; there must be one"
        raise KeyError(message)
    return float(rows["value"][0])


def plan_periods(lake: Lake, months: Sequence[MonthUnit], inputs: Inputs, settings: Settings) -> tuple[PeriodUnit, ...]:
    """Find the study periods of the built months and return their units."""
    periods = find_periods(read_cells(lake, list(months)), settings.sufficiency, settings.period_starts)
    units = (plan_period(period, months, inputs, settings) for period in periods)
    return tuple(unit for unit in units if unit.months)


def follow_homes(
    lake: Lake, work: Work, assumptions: pl.DataFrame, decided: Sequence[Decision] = ()
) -> tuple[Inputs, tuple[HistoryUnit, ...], Verdict]:
    """Return the current inputs with the suspicious spans of all homes, and what they were found by.

    `work` is called for digests, then for months of history, that are not done: only they tell which months change.
    """
    inputs = read_current_inputs(lake, assumptions, decided)
    digests = plan_digests(inputs)
    work(digests, inputs)
    chain = tuple(plan_history(digests, inputs))
    work(chain, inputs)
    verdict = read_verdict(lake, chain, inputs)
    return replace(inputs, spans=verdict.suspect_span), chain, verdict


def plan_content(
    lake: Lake,
    settings: Settings,
    work: Work,
    choose: Callable[[list[MonthUnit]], list[MonthUnit]],
    decided: Sequence[Decision] = (),
) -> Content:
    """Return the content that the lake gives now, or would give with the decisions about sources in `decided`.

    `work` is called for the units that are not done.
    """
    assumptions = read_assumptions()
    inputs, chain, verdict = follow_homes(lake, work, assumptions, decided)
    months = choose(plan_months(inputs))
    work(months, inputs)
    periods = plan_periods(lake, months, inputs, settings)
    work(periods, inputs)
    diversities = plan_diversity(periods, assumptions)
    work(diversities, inputs)
    costs = plan_costs(diversities, assumptions, settings)
    work([costs], inputs)
    return Content(inputs, chain, verdict, tuple(months), periods, costs, settings)


def fill_candidate(candidate: Candidate, lake: Lake, content: Content) -> None:
    """Load every table but the lineage of the run itself."""
    cells = read_cells(lake, list(content.months))
    by_period = _read_units(lake, content.periods, tables.HOUSEHOLD_PERIOD)
    homes = list_homes(content.inputs.households, content.inputs.seen)
    frames = {
        tables.HOUSEHOLD: combine_households(homes, by_period, cells),
        tables.HOUSEHOLD_PERIOD: by_period,
        tables.SELECTION_FUNNEL: _read_units(lake, content.periods, tables.SELECTION_FUNNEL),
        tables.HEAT_PROFILE: _read_units(lake, content.periods, tables.HEAT_PROFILE),
        tables.HEAT_PROFILE_SEASON: _read_units(lake, content.periods, tables.HEAT_PROFILE_SEASON),
        tables.HEAT_DEMAND_ANNUAL: _read_units(lake, content.periods, tables.HEAT_DEMAND_ANNUAL),
        tables.WEATHER_FIT: _read_units(lake, content.periods, tables.WEATHER_FIT),
        tables.WEATHER_DAY: _read_units(lake, content.periods, tables.WEATHER_DAY),
        tables.HOUSEHOLD_WEATHER: _read_units(lake, content.periods, tables.HOUSEHOLD_WEATHER),
        tables.TEMPERATURE_HOURLY: content.inputs.temperature,
        tables.DIVERSITY: _read_units(lake, content.costs.diversities, tables.DIVERSITY),
        tables.DIVERSITY_HOME: _read_units(lake, content.costs.diversities, tables.DIVERSITY_HOME),
        tables.DIVERSITY_CURVE: _read_units(lake, content.costs.diversities, tables.DIVERSITY_CURVE),
        tables.SOURCE: list_sources(content.inputs),
        tables.SOURCE_LEVEL: content.verdict.source_level,
        tables.FLAG_COUNT: count_all_flags(lake, content),
        tables.FLAG_JUDGEMENT: content.verdict.flag_judgement,
        tables.SUSPECT_SPAN: content.verdict.suspect_span,
        tables.BUILD_MONTH: _read_months(lake, content.months, "build_month", tables.BUILD_MONTH),
        tables.DATA_DICTIONARY: describe_columns(),
    }
    frames |= {table: table.conform(lake.read(content.costs.key(table.name))) for table in COST_TABLES}
    frames[tables.ASSUMPTION] = pl.concat([frames[tables.ASSUMPTION], describe_rules(content.settings)])
    for table, frame in frames.items():
        candidate.load_frame(table, frame)
    candidate.load_parquet(tables.HEAT_HOURLY, [lake.path(unit.key("heat_hourly")) for unit in content.months])


def list_sources(inputs: Inputs) -> pl.DataFrame:
    """Return the ledger: one row per delivered file, accepted, refused or left out (`tables.SOURCE`)."""
    left_out = {d.source_id: {"outcome": d.state, "reason": d.reason} for d in inputs.decisions if d.state in LEFT_OUT}
    rows = [
        _source_row(m) | {"superseded": m.source_id in inputs.replaced} | left_out.get(m.source_id, {})
        for m in inputs.manifests
    ]
    return pl.DataFrame(rows, schema=tables.SOURCE.schema)


def _source_row(manifest: Manifest) -> dict[str, object]:
    row = manifest.model_dump(include=set(tables.SOURCE.schema))
    times = {name: _without_zone(row[name]) for name in row if name.endswith("_utc")}
    return row | times | {"sha256": manifest.source_id}


def _without_zone(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment


def count_all_flags(lake: Lake, content: Content) -> pl.DataFrame:
    """Add up the flags of all months and of the readings that belong to none (`tables.FLAG_COUNT`)."""
    built = _read_months(lake, content.months, "flag_count", tables.FLAG_COUNT)
    without_month = pl.DataFrame(
        [
            {"source_id": m.source_id, "flag": "bad_time", "readings": m.line_flags["bad_time"]}
            for m in content.inputs.readings
            if m.line_flags.get("bad_time")
        ],
        schema=tables.FLAG_COUNT.schema,
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
    """Return the run's own row (`tables.RUN`); `judged` are its columns on the gate."""
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
    return tables.RUN.conform(
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
