"""What a warehouse is made of: the units that the lake gives now, and the tables filled from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polars as pl

from flows.pipeline.costs import CostUnit, plan_costs
from flows.pipeline.diversity import plan_diversity
from flows.pipeline.history import HistoryUnit, plan_digests, plan_history, read_verdict
from flows.pipeline.ingest_decisions import ingest_options
from flows.pipeline.inputs import Inputs, read_inputs
from flows.pipeline.months import MonthUnit, plan_months, read_cells
from flows.pipeline.periods import PeriodUnit, plan_period
from flows.pipeline.unit import Unit, describe_table, fingerprint, hash_frame
from flows.settings import Settings
from quality.alarms.limits import describe_flag_shares
from transforms.climate.temperature import hourly_temperature
from transforms.climate.weather_normal import NormalWeather
from transforms.heat.heating import HeatingRule
from transforms.heat.periods import find_periods
from transforms.history.equal_runs import COLD_ZERO, STUCK
from transforms.history.history import Verdict
from transforms.history.slip_rule import SLIP
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.cost import ASSUMPTION
from transforms.tables.rules import describe_rule
from transforms.tables.views import VIEWS
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures
from warehouse.lake import Lake
from warehouse.quarantine import Decision, decision_key

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
            tables={table.name: describe_table(table) for table in WAREHOUSE_TABLES},
            views={view.name: view.sql for view in VIEWS},
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
    """Return the bounds of all rules, the gas conversion and the figures of alarms as rows of `ASSUMPTION`."""
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
    return pl.concat(ASSUMPTION.conform(frame) for frame in rows)


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
