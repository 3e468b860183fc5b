"""The content of a warehouse: the inputs that the lake holds now, and the units of every stage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from flows.pipeline.ingest_decisions import ingest_options
from flows.pipeline.inputs import Inputs, read_inputs
from flows.pipeline.unit import Given, Stage, Unit, describe_table, fingerprint
from flows.settings import Settings
from quality.alarms.limits import describe_flag_shares
from transforms.climate.temperature import hourly_temperature
from transforms.climate.weather_normal import NormalWeather, NormalYears
from transforms.heat.heating import HeatingRule
from transforms.history.catch_up import CATCH_UP_RULE
from transforms.history.equal_runs import COLD_ZERO, STUCK
from transforms.history.slip_rule import SLIP
from transforms.history.whole_series import WHOLE_SERIES
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.cost import ASSUMPTION
from transforms.tables.rules import describe_rule
from transforms.tables.views import VIEWS
from warehouse.cost_figures import read_shipped_assumptions
from warehouse.figures import read_figures
from warehouse.lake import Lake
from warehouse.publish import History
from warehouse.quarantine import Decision, decision_key

if TYPE_CHECKING:
    from flows.pipeline.months import Span


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """The inputs of a warehouse, and the units that are added stage by stage.

    The fingerprint says whether the published warehouse is up to date. A backfill sets `span` and `published_months`
    (rows of `BUILD_MONTH`): months outside the span keep their published state. The months in `not_built` (YYYY-MM) are
    left out, since work on them failed; their readings are counted as not built.
    """

    lake: Lake
    settings: Settings
    inputs: Inputs
    assumptions: pl.DataFrame
    span: Span | None = None
    published_months: pl.DataFrame | None = None
    not_built: frozenset[str] = frozenset()
    units: Mapping[str, tuple[Unit[Any], ...]] = field(default_factory=dict)  # by name of the stage

    def units_of(self, stage: Stage[Given]) -> tuple[Unit[Given], ...]:
        """Return the units of a planned stage."""
        return self.units[stage.name]

    def plan(self, stage: Stage[Any]) -> Content:
        """Return the content with the units of the next stage; stages are planned in their order."""
        return replace(self, units={**self.units, stage.name: tuple(stage.plan(self))})

    @cached_property
    def fingerprint(self) -> str:
        """The hash of units, ledger, assumptions, cost model and table declarations."""
        return fingerprint(
            units=self.units,
            sources=[
                (m.source_id, m.outcome, m.reason, m.decisions_fingerprint, m.readings) for m in self.inputs.manifests
            ],
            replaced=self.inputs.replaced,
            decisions=[(d.source_id, d.state, d.reason) for d in self.inputs.decisions],
            households=self.inputs.households,
            temperature=self.inputs.temperature,
            not_built=self.not_built,
            rules=describe_rules(self.settings),
            tables={table.name: describe_table(table) for table in WAREHOUSE_TABLES},
            views={view.name: view.sql for view in VIEWS},
        )

    @property
    def keys(self) -> set[str]:
        """The keys of all lake objects that it rests on."""
        of_units = {key for units in self.units.values() for unit in units for key in unit.keys}
        of_sources = {key for manifest in self.inputs.manifests for key in manifest.object_keys}
        of_decisions = {decision_key(decision.source_id) for decision in self.inputs.decisions}
        return of_units | of_sources | of_decisions


def begin_content(
    settings: Settings,
    history: History | None = None,
    *,
    span: Span | None = None,
    decided: Sequence[Decision] = (),
    not_built: frozenset[str] = frozenset(),
) -> Content:
    """Return the content with the present inputs and no planned stage.

    Parameters
    ----------
    settings
        Settings, which name the data folder.
    history
        The published warehouse, whose months outside its span a backfill keeps.
    span
        The months that a backfill brings up to date; None means every month.
    decided
        Decisions about sources that count as if they were in the lake.
    not_built
        Months that are left out, since work on them failed.

    """
    lake, assumptions = settings.folders.lake, read_shipped_assumptions()
    return Content(
        lake=lake,
        settings=settings,
        inputs=read_current_inputs(lake, assumptions, decided, normal_years=settings.normal_weather),
        assumptions=assumptions,
        span=span,
        published_months=None if history is None else history.build_month,
        not_built=not_built,
    )


def read_current_inputs(
    lake: Lake, assumptions: pl.DataFrame, decided: Sequence[Decision] = (), *, normal_years: NormalYears = "1991-2010"
) -> Inputs:
    """Return the present inputs from the accepted sources and the shipped tables; `read_inputs` explains `decided`."""
    return read_inputs(
        lake,
        default_temperature=hourly_temperature(read_figures("temperature_daily")),
        boiler_efficiency=look_up(assumptions, "boiler_stock", "efficiency"),
        stock_shares=stock_shares(assumptions),
        normal=NormalWeather.from_tables(read_figures, years=normal_years),
        decided=decided,
    )


def describe_rules(settings: Settings) -> pl.DataFrame:
    """Return the bounds of all rules, the gas conversion and the limits of alarms as rows of `ASSUMPTION`."""
    options = ingest_options(settings, today=dt.date.min)
    rules: dict[str, Any] = {
        "line_flag": options.thresholds,
        "stuck": STUCK,
        "cold_zero_run": COLD_ZERO,
        "catch_up": CATCH_UP_RULE,
        "suspected_unit": SLIP,
        "unit_of_home": WHOLE_SERIES,
        "gas_heating": HeatingRule(),
        "sufficiency": settings.sufficiency,
    }
    figures = [read_figures(name) for name in ("weather", "diversity_rule", "alarm", "usual_level", "area_figure")]
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
    """Return the value of an assumption that has one row.

    Raises
    ------
    KeyError
        If it has no row, or several.

    """
    rows = assumptions.filter((pl.col("item") == item) & (pl.col("parameter") == parameter))
    if len(rows) != 1:
        message = f"{len(rows)} assumptions named {item}, {parameter}; there must be one"
        raise KeyError(message)
    return float(rows["value"][0])
