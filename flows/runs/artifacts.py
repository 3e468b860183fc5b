"""What a run writes to Prefect for people: a page about its outcome, and the progress of its stages.

Nothing here fails a run: if a page cannot be written, one message says so. Prefect may be somebody else's server, so a page
names no home, and shows only results that were published.
"""

from __future__ import annotations

import contextvars
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, cast
from uuid import UUID

import polars as pl
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.assets import Asset, AssetProperties, add_asset_metadata, materialize
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client

from flows.operations.state import HomeState
from flows.progress import describe_seconds, say
from flows.settings import Settings
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.schema import Table
from transforms.tables.views import VIEWS
from warehouse.runs import RunLog

RUN_KEY: Final = "hearth-run"
EVERY_SECONDS: Final = 2.0  # between two updates of a progress artifact
WHOLE: Final = 100.0  # Prefect counts progress in per cent
NAMED: Final = 10  # checks that a page names
WITH_TABLES: Final = frozenset(
    {"published", "unchanged"}
)  # outcomes after which the published tables are those of the run
MADE_BY = "hearth"
NOT_IN_A_KEY = r"[^0-9A-Za-z._-]"  # Prefect allows more, but the name of a folder may hold any character


def name_flow_run(log: RunLog) -> None:
    """Give the run in Prefect the name that logs and warehouse use: its run id."""
    if log.flow_run_id is None:
        return
    try:
        with get_client(sync_client=True) as client:
            client.update_flow_run(UUID(log.flow_run_id), name=log.run_id)
    except Exception as error:  # noqa: BLE001 - as `record_run`
        say(f"the run could not be named in Prefect: {type(error).__name__}: {error}")


def record_run(settings: Settings, log: RunLog) -> None:
    """Write the page of a run that has ended, as the artifact `hearth-run` of its flow run."""
    if log.flow_run_id is None or log.outcome == "interrupted":  # the person who interrupted it knows
        return
    try:
        create_markdown_artifact(
            describe_run(settings, log),
            key=RUN_KEY,
            description=f"{log.kind} run {log.run_id}: {log.outcome}",
        )
    except Exception as error:  # noqa: BLE001 - a run that did its work stays done, and one that failed keeps its own error
        say(f"the page of the run could not be written to Prefect: {type(error).__name__}: {error}")


def describe_run(settings: Settings, log: RunLog) -> str:
    """Return outcome, gate, ledger and headline results of a run as Markdown."""
    took = (
        ""
        if log.finished_at_utc is None
        else describe_seconds((log.finished_at_utc - log.started_at_utc).total_seconds())
    )
    error = f" ({log.message.split(':')[0]}; `hearth status` says more)" if log.outcome == "failed" else ""
    parts = [
        f"# {log.kind}: {log.outcome}{error}",
        _table(
            ("run", "started (UTC)", "took", "snapshot", "files taken in", "refused", "held", "waiting", "months built"),
            [
                (log.run_id, f"{log.started_at_utc:%Y-%m-%d %H:%M:%S}", took, log.snapshot_id or "none", log.files_ingested,
                 log.files_refused, log.files_held, log.files_waiting, log.months_built)
            ],
        ),
    ]  # fmt: skip
    if log.failed_checks:
        parts += ["## Gate", f"failed, nothing was published: {_name_checks(log.failed_checks)}"]
    if log.outcome in WITH_TABLES:
        parts += _describe_tables(HomeState(settings), log)
    return "\n\n".join(parts)


def _describe_tables(state: HomeState, log: RunLog) -> list[str]:
    if state.history is None:
        return []
    checks, broken = len(state.judged), state.findings["check_name"].sort().to_list()
    warned = f"; warnings: {_name_checks(broken)}" if broken else ""
    sample = ["**Sample data: the homes are made up.**"] if state.history.origins else []
    return [
        *sample,
        "## Gate",
        f"passed; {checks - len(broken)} of {checks} checks hold{warned}",
        "## Ledger",
        _table(("holds", "outcome", "files", "lines", "readings or rows", "rejects"), state.history.ledger.rows()),
        "## Headline results",
        _describe_headlines(state.settings, log),
    ]


def _describe_headlines(settings: Settings, log: RunLog) -> str:
    """Return the demand of all homes and the cost of each system, as published."""
    names = ("heat_demand_annual", "lcoh")
    shown = settings.folders.releases.read_shown(log.snapshot_id or "", names)
    if set(shown) != set(names):
        return "no release of this snapshot is recorded"
    demand = shown["heat_demand_annual"].filter(pl.col("dwelling_type") == "all").sort("period").tail(1)
    lines = [
        f"Heat per home and year, all homes, {period}: **{heat:,.0f} kWh** ({homes:,} homes)"
        for period, heat, homes in demand.select("period", "heat_kwh_mean", "households").drop_nulls().iter_rows()
    ]
    costs = shown["lcoh"].filter(
        pl.col("scenario") == settings.scenario,
        pl.col("convention") == settings.convention,
        pl.col("dwelling_type").is_in(["all", "stock"]),
    )
    measured = costs.filter(pl.col("demand_basis") == "measured").filter(pl.col("period") == pl.col("period").max())
    rows = costs.filter(pl.col("demand_basis") == "paper") if measured.is_empty() else measured
    rows = rows.sort("system", "scale", "dwelling_type")
    table = _table(
        ("system", "scale", "demand of", "basis", "GBP/MWh"),
        [
            (*row, f"{cost:,.1f}")
            for *row, cost in rows.select(
                "system", "scale", "dwelling_type", "demand_basis", "lcoh_gbp_per_mwh"
            ).iter_rows()
        ],
    )
    return "\n\n".join(
        [
            *(lines or ["no demand of all homes is published"]),
            f"Cost of heat, {settings.scenario}, {settings.convention}:",
            table,
        ]
    )


def _name_checks(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(f"`{name}`" for name in names[:NAMED]) + more


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [
        heads,
        ["---"] * len(heads),
        *([f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@contextmanager
def stage_progress(stage: str, *, pieces: int, amount: float) -> Iterator[Callable[[float], None]]:
    """Show the progress of a stage in Prefect; the block calls the function it gets with the amount of work in each piece.

    The artifact appears with the first piece that ends after two seconds, or at the end. It changes every two seconds at
    most.
    """
    if not pieces:
        yield lambda done: None  # noqa: ARG005 - nothing is to be told
        return
    shown = _StageArtifact(stage, pieces, amount)
    try:
        yield shown.tick
    finally:
        shown.end()


class _StageArtifact:
    """The progress artifact of one stage; called from the threads of its units, it belongs to the flow run."""

    def __init__(self, stage: str, pieces: int, amount: float) -> None:
        self.stage, self.pieces, self.amount = stage, pieces, amount
        self.context = contextvars.copy_context()  # the context of the flow; the thread of a unit has the unit's
        self.lock = threading.Lock()
        self.done, self.worked = 0, 0.0
        self.last = time.monotonic()
        self.artifact: UUID | None = None
        self.is_broken = False

    def tick(self, worked: float) -> None:
        """Count a piece that is done."""
        with self.lock:
            self.done += 1
            self.worked += worked
            if time.monotonic() - self.last >= EVERY_SECONDS and self.done < self.pieces:
                self._show()

    def end(self) -> None:
        """Show how far the stage came."""
        with self.lock:
            self._show()

    def _show(self) -> None:
        if self.is_broken:
            return
        try:
            self.context.run(self._write)
        except Exception as error:  # noqa: BLE001 - as `record_run`
            self.is_broken = True
            say(f"the progress of {self.stage} could not be written to Prefect: {type(error).__name__}: {error}")
        self.last = time.monotonic()

    def _write(self) -> None:
        share = WHOLE if self.done == self.pieces else WHOLE * self.worked / max(self.amount, self.worked, 1)
        how_far = f"{self.stage}: {self.done:,} of {self.pieces:,}"
        if self.artifact is None:
            key = f"hearth-{self.stage.replace(' ', '-')}"
            self.artifact = cast(
                "UUID", create_progress_artifact(share, key=key, description=how_far)
            )  # no coroutine, since the flow is not asynchronous
        else:
            update_progress_artifact(self.artifact, share, description=how_far)


def record_tables(settings: Settings, log: RunLog) -> None:
    """Tell Prefect which tables a run has published; an error of Prefect is printed and stops nothing."""
    if log.outcome != "published":
        return
    tables = {describe_asset(settings, table): table for table in (*WAREHOUSE_TABLES, *VIEWS)}

    @materialize(
        *tables, by=MADE_BY, name="tables", task_run_name="tables", cache_policy=NO_CACHE, persist_result=False
    )
    def tell() -> None:
        for asset, table in tables.items():
            facts = {"run_id": log.run_id, "snapshot_id": log.snapshot_id, "tier": table.tier, "key": list(table.key)}
            add_asset_metadata(asset, facts)

    try:
        tell()
    except Exception as error:  # noqa: BLE001 - what was published stays published, whatever Prefect makes of it
        say(f"the published tables could not be told to Prefect: {type(error).__name__}: {error}")


def describe_asset(settings: Settings, table: Table) -> Asset:
    """Return a table as an asset; its key holds the name of the data folder, since a server may serve several."""
    home = re.sub(NOT_IN_A_KEY, "-", settings.home.resolve().name)
    return Asset(
        key=f"hearth://{home}/warehouse/{table.name}",
        properties=AssetProperties(name=table.name, description=table.grain),
    )
