"""The inputs of a site: published tables, and the run that published them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from reports import text
from transforms.public.public import PUBLIC_TABLES, PublicTable
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import (
    HEAT_DEMAND_ANNUAL,
    HEAT_HOURLY,
    HEAT_PROFILE,
    HOUSEHOLD_PERIOD,
    SELECTION_FUNNEL,
)
from transforms.tables.lineage import DATA_DICTIONARY, FLAG_COUNT, SOURCE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_DAY, WEATHER_FIT  # fmt: skip

WAY_OF_A_NUMBER = (
    SOURCE,
    FLAG_COUNT,
    HEAT_HOURLY,
    HOUSEHOLD_PERIOD,
    HEAT_PROFILE,
    WEATHER_DAY,
    WEATHER_FIT,
    HEAT_DEMAND_ANNUAL,
    ASSUMPTION,
    LCOH,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """The run that published the tables, and the costs that the pages compare.

    If the homes are made up, `origin` says by what (`hearth sample seed=1`); it is None if they are real.
    """

    run_id: str
    snapshot_id: str
    kind: str
    published_at_utc: dt.datetime
    code_version: str
    code_fingerprint: str
    scenario: str = "current2026"
    convention: str = "best_practice"
    paper_scenario: str = "paper_fit"
    paper_convention: str = "wang2018"
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A download: its path below the folder of the site, and its content in words.

    `table` is the published table in it; it is None if the file holds several tables or none.
    """

    file: str
    holds: str
    table: str | None = None
    rows: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Published:
    """The published tables of one release by name, as pages read them: `published[HEAT_PROFILE]`.

    The tables are always the same; a table without results in this release is empty.
    """

    tables: Mapping[str, PublicTable]

    def __post_init__(self) -> None:
        bare = [name for name, table in self.tables.items() if not isinstance(table, PublicTable)]
        if bare:
            message = f"{', '.join(bare)} did not pass disclosure control: publish through quality.disclosure first"
            raise TypeError(message)
        missing = sorted(set(PUBLIC_TABLES) - {DATA_DICTIONARY.name} - set(self.tables))
        if missing:
            message = f"{len(missing)} published tables are missing (e.g. {missing[0]}): a page must not leave them out silently"
            raise ValueError(message)

    def __getitem__(self, table: Table) -> PublicTable:
        return self.tables[table.name]

    @cached_property
    def periods(self) -> tuple[str, ...]:
        """Study periods, earliest first, including periods of which nothing can be shown."""
        named = [
            self[HEAT_DEMAND_ANNUAL].frame["period"],
            self[HEAT_DEMAND_ANNUAL].suppressed["period"],
            self[SELECTION_FUNNEL].frame["period"],
        ]
        return tuple(sorted(set(pl.concat(named).drop_nulls())))

    @property
    def period(self) -> str:
        """The latest study period, which figures show; empty if there is none."""
        return self.periods[-1] if self.periods else ""

    def basis_for(self, systems: Collection[str]) -> str:
        """Return the demand at which costs of `systems` are shown: `measured` if it may be shown, or otherwise `paper`."""
        measured = self[LCOH].frame.filter(demand_basis="measured", period=self.period)
        return "paper" if measured.filter(pl.col("system").is_in(systems)).is_empty() else "measured"

    def homes(self, dwelling_type: str = "all") -> int | None:
        """Return the published number of homes behind a group in the shown period."""
        rows = self[HEAT_DEMAND_ANNUAL].frame.filter(dwelling_type=dwelling_type, period=self.period)
        return None if rows.is_empty() else int(rows["households"][0])

    def costs(
        self, run: RunInfo, systems: Collection[str], *, basis: str | None = None, convention: str | None = None
    ) -> pl.DataFrame:
        """Return the costs of `systems` in the run's scenario on one basis of demand, in the shown period.

        Raises
        ------
        ValueError
            If the table of costs has no row of the scenario and the convention.

        """
        basis, convention = basis or self.basis_for(systems), convention or run.convention
        scenario = run.paper_scenario if convention == run.paper_convention else run.scenario
        rows = self[LCOH].frame.filter(scenario=scenario, convention=convention)
        if rows.is_empty():
            message = f"table lcoh has no row of scenario {scenario} and convention {convention}"
            raise ValueError(message)
        rows = rows.filter(pl.col("system").is_in(systems), demand_basis=basis)
        return rows.filter(period=self.period) if basis == "measured" else rows

    def rows_of(self, table: Table) -> pl.DataFrame:
        """Return the rows of a table in the shown period, or otherwise at the paper's demand."""
        rows = self[table].frame
        if "period" not in rows.columns:
            return rows
        of_period = rows.filter(period=self.period)
        return rows.filter(period="paper") if of_period.is_empty() else of_period

    def option(self, system: str, scale: str) -> str:
        """Return the name of a heating option; the name of a network includes its number of homes."""
        if system != "network":
            return text.name_of(system)
        sizes = self[ASSUMPTION].frame.filter(item="network_scale", parameter=scale)["value"]
        size = text.name_of(scale).lower() if sizes.is_empty() else f"{sizes[0]:,.0f}\N{NO-BREAK SPACE}homes"
        return f"Network, {size}"

    def of_release(self, run: RunInfo) -> dict[str, str]:
        """Return the facts about the source that every figure of the release shows: run, homes, period and source."""
        homes = self.homes()
        counted = (
            f"fewer than {self[HEAT_DEMAND_ANNUAL].threshold}, or none that suffices"
            if homes is None
            else f"about {homes:,}"
        )
        files = self[SOURCE].frame.filter(outcome="accepted", kind="readings").height
        homes_of = (
            f"{text.visible(run.origin)}: made-up sample data, not EDRP"
            if run.origin
            else f"readings of {files:,} delivered files"
        )
        return {
            "Run": text.visible(run.run_id),
            "Homes": counted,
            "Period": self.period or "none",
            "Source": homes_of,
        }

    def trace(self, table: Table, columns: Sequence[str]) -> str:
        """Return the table of a figure's numbers in the warehouse, and the module that computed them."""
        names = ", ".join(table.column(name).name for name in columns)
        return f"table {table.name}, columns {names}; computed by {table.module}"


@dataclass(frozen=True)
class WatchedTables(Published):
    """Published tables that record which of them a figure reads.

    Text that every figure of a release shows is replaced by marks, so that a figure does not change with the run.
    """

    read: set[str] = field(default_factory=set)

    def __getitem__(self, table: Table) -> PublicTable:
        """Return a table, and record its name."""
        self.read.add(table.name)
        return super().__getitem__(table)

    def of_release(self, run: RunInfo) -> dict[str, str]:  # noqa: ARG002 - as of `Published`
        """Return marks."""
        return {term: mark(term) for term in ("Run", "Homes", "Period", "Source")}


def mark(term: str) -> str:
    """Return the marks in a drawn figure for text that every figure of its release shows."""
    return f"\0{term}\0"


def provenance_of_demand(published: Published, run: RunInfo, *, trace: str) -> dict[str, str]:
    """Return run, homes, source and trace of a figure of heat."""
    return {**published.of_release(run), "Trace": trace}


def provenance_of_cost(published: Published, run: RunInfo, *, trace: str, rows: pl.DataFrame) -> dict[str, str]:
    """Return run, homes, scenario, convention with its denominator, source and trace of a figure of cost `rows`."""
    of_run = _of_costs(published, run, measured=rows["demand_basis"].first() != "paper")
    pairs = rows.select("convention", "denominator").unique(maintain_order=True).iter_rows()
    per = "; ".join(f"{convention}, per MWh of heat {denominator}" for convention, denominator in pairs)
    own = rows.filter(pl.col("scenario") != run.scenario).select("scenario", "convention").unique(maintain_order=True)
    scenario = "; ".join([run.scenario, *(f"{name} for {convention}" for name, convention in own.iter_rows())])
    return {**of_run, "Scenario": scenario, "Convention": per, "Trace": trace}


def provenance_of_analysis(
    published: Published, run: RunInfo, *, trace: str, rows: pl.DataFrame, measured: bool
) -> dict[str, str]:
    """Return run, homes, scenario, convention, source and trace of a figure that is drawn from an analysis of costs."""
    of_run = _of_costs(published, run, measured=measured)
    named = {
        name.capitalize(): text.visible("; ".join(rows[name].unique(maintain_order=True)))
        for name in ("scenario", "convention")
    }
    return {**of_run, **named, "Trace": trace}


def _of_costs(published: Published, run: RunInfo, *, measured: bool) -> dict[str, str]:
    of_run = published.of_release(run)
    if measured:
        return of_run | {"Source": f"{of_run['Source']}; prices and technology: the assumptions of page Method"}
    return of_run | {
        "Homes": "none: demand as published",
        "Period": "paper",
        "Source": "Wang 2018, and the assumptions of page Method",
    }
