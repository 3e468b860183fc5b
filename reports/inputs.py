"""What a site is made from: published tables, and the run that they belong to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import polars as pl

from reports import text
from transforms.public.public import PublicTable
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import (
    HEAT_DEMAND_ANNUAL,
    HEAT_HOURLY,
    HEAT_PROFILE,
    HEAT_PROFILE_SEASON,
    HOUSEHOLD_PERIOD,
    SELECTION_FUNNEL,
)
from transforms.tables.lineage import BUILD_MONTH, FLAG_COUNT, FLAG_JUDGEMENT, SOURCE
from transforms.tables.published import EXTERNAL_CHECK, HEAT_DEMAND_QUANTILE
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
TRACED = (
    *WAY_OF_A_NUMBER,
    SELECTION_FUNNEL,
    HEAT_PROFILE_SEASON,
    HEAT_DEMAND_QUANTILE,
    FLAG_JUDGEMENT,
    BUILD_MONTH,
    EXTERNAL_CHECK,
)
OPTIONAL = (
    "sensitivity", "claims", "diversity", "probability", "break_even", "sobol", "performance", "abatement", "finance",
    "distribution", "cost_quantiles", "gate_run", "demand_change", "table_change",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """The run that published the tables, and which of its costs the pages compare.

    `origin` says that the homes are made up (`hearth sample seed=1`), None that they are real.
    """

    run_id: str
    snapshot_id: str
    kind: str
    published_at_utc: dt.datetime
    code_version: str
    code_fingerprint: str
    scenario: str = "eep2019"
    convention: str = "best_practice"
    paper_scenario: str = "paper_fit"
    paper_convention: str = "wang2018"
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A file that lies beside the pages: its path below the site's folder, and what it holds, in words.

    `table` names the published table that it holds alone, None where it holds several or none.
    """

    file: str
    holds: str
    table: str | None = None
    rows: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class SiteInputs:
    """The published tables of one warehouse.

    `external` is empty where nothing was compared, tables of `OPTIONAL`
    are None where a release has none, `computed_by` names the
    module that computed each table (`{"heat_demand_annual": "transforms/heat/demand.py", ...}`).
    """

    demand: PublicTable
    profile: PublicTable
    lcoh: PublicTable
    assumptions: PublicTable
    funnel: PublicTable
    sources: PublicTable
    flags: PublicTable
    checks: PublicTable
    months: PublicTable
    quantiles: PublicTable
    weather_fit: PublicTable
    weather_days: PublicTable
    season: PublicTable
    judgements: PublicTable
    external: PublicTable
    computed_by: Mapping[str, str]
    sensitivity: PublicTable | None = None
    claims: PublicTable | None = None
    diversity: PublicTable | None = None
    probability: PublicTable | None = None
    break_even: PublicTable | None = None
    sobol: PublicTable | None = None
    performance: PublicTable | None = None
    abatement: PublicTable | None = None
    finance: PublicTable | None = None
    distribution: PublicTable | None = None
    cost_quantiles: PublicTable | None = None
    gate_run: PublicTable | None = None
    demand_change: PublicTable | None = None
    table_change: PublicTable | None = None

    def __post_init__(self) -> None:
        bare = [
            f.name
            for f in fields(self)
            if f.name != "computed_by"
            and not isinstance(getattr(self, f.name), PublicTable)
            and not (f.name in OPTIONAL and getattr(self, f.name) is None)
        ]
        if bare:
            message = f"{', '.join(bare)} did not pass disclosure control: publish through quality.disclosure first"
            raise TypeError(message)
        given = [table.name for name in OPTIONAL if (table := getattr(self, name)) is not None]
        untold = [name for name in (*(table.name for table in TRACED), *given) if name not in self.computed_by]
        if untold:
            message = f"computed_by does not say which module computes {', '.join(untold)}"
            raise ValueError(message)

    @cached_property
    def periods(self) -> tuple[str, ...]:
        """Study periods, earliest first, those included of which nothing can be shown."""
        named = [self.demand.frame["period"], self.demand.suppressed["period"], self.funnel.frame["period"]]
        return tuple(sorted(set(pl.concat(named).drop_nulls())))

    @property
    def period(self) -> str:
        """The latest study period: the one that figures show; empty where there is none."""
        return self.periods[-1] if self.periods else ""

    def basis_for(self, systems: Collection[str]) -> str:
        """Return whose demand the costs of `systems` are shown at: `measured` where it may be shown, else `paper`."""
        measured = self.lcoh.frame.filter(demand_basis="measured", period=self.period)
        return "paper" if measured.filter(pl.col("system").is_in(systems)).is_empty() else "measured"

    def homes(self, dwelling_type: str = "all") -> int | None:
        """Return the published number of homes behind a group in the shown period."""
        rows = self.demand.frame.filter(dwelling_type=dwelling_type, period=self.period)
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
        rows = self.lcoh.frame.filter(scenario=scenario, convention=convention)
        if rows.is_empty():
            message = f"table lcoh has no row of scenario {scenario} and convention {convention}"
            raise ValueError(message)
        rows = rows.filter(pl.col("system").is_in(systems), demand_basis=basis)
        return rows.filter(period=self.period) if basis == "measured" else rows

    def rows_of(self, name: str, **where: str) -> pl.DataFrame:
        """Return the rows of an optional table in the shown period, else at the paper's demand; no columns without it."""
        given: PublicTable | None = getattr(self, name)
        if given is None or given.frame.is_empty():
            return pl.DataFrame()
        rows = given.frame.filter(**where) if where else given.frame
        if "period" not in rows.columns:
            return rows
        of_period = rows.filter(period=self.period)
        return rows.filter(period="paper") if of_period.is_empty() else of_period

    def option(self, system: str, scale: str) -> str:
        """Return the name of a heating option, a network's with the number of homes that its scale stands for."""
        if system != "network":
            return text.name_of(system)
        sizes = self.assumptions.frame.filter(item="network_scale", parameter=scale)["value"]
        size = text.name_of(scale).lower() if sizes.is_empty() else f"{sizes[0]:,.0f}\N{NO-BREAK SPACE}homes"
        return f"Network, {size}"

    def trace(self, table: Table, columns: Sequence[str]) -> str:
        """Return where in the warehouse a figure's numbers stand and which module computed them."""
        names = ", ".join(table.column(name).name for name in columns)
        return f"table {table.name}, columns {names}; computed by {self.computed_by[table.name]}"


def provenance_of_demand(inputs: SiteInputs, run: RunInfo, *, trace: str) -> dict[str, str]:
    """Return run, homes, source and trace of a figure of heat."""
    return {**_of_run(inputs, run), "Trace": trace}


def provenance_of_cost(inputs: SiteInputs, run: RunInfo, *, trace: str, rows: pl.DataFrame) -> dict[str, str]:
    """Return run, homes, scenario, convention with its denominator, source and trace of a figure of cost `rows`."""
    of_run = _of_costs(inputs, run, measured=rows["demand_basis"].first() != "paper")
    pairs = rows.select("convention", "denominator").unique(maintain_order=True).iter_rows()
    per = "; ".join(f"{convention}, per MWh of heat {denominator}" for convention, denominator in pairs)
    own = rows.filter(pl.col("scenario") != run.scenario).select("scenario", "convention").unique(maintain_order=True)
    scenario = "; ".join([run.scenario, *(f"{name} for {convention}" for name, convention in own.iter_rows())])
    return {**of_run, "Scenario": scenario, "Convention": per, "Trace": trace}


def provenance_of_analysis(
    inputs: SiteInputs, run: RunInfo, *, trace: str, rows: pl.DataFrame, measured: bool
) -> dict[str, str]:
    """Return run, homes, scenario, convention, source and trace of a figure that is drawn from an analysis of costs."""
    of_run = _of_costs(inputs, run, measured=measured)
    named = {
        name.capitalize(): text.visible("; ".join(rows[name].unique(maintain_order=True)))
        for name in ("scenario", "convention")
    }
    return {**of_run, **named, "Trace": trace}


def _of_costs(inputs: SiteInputs, run: RunInfo, *, measured: bool) -> dict[str, str]:
    of_run = _of_run(inputs, run)
    if measured:
        return of_run | {"Source": f"{of_run['Source']}; prices and technology: the assumptions of page Method"}
    return of_run | {
        "Homes": "none: demand as published",
        "Period": "paper",
        "Source": "Wang 2018, and the assumptions of page Method",
    }


def _of_run(inputs: SiteInputs, run: RunInfo) -> dict[str, str]:
    homes = inputs.homes()
    counted = f"fewer than {inputs.demand.threshold}, or none that suffices" if homes is None else f"about {homes:,}"
    files = inputs.sources.frame.filter(outcome="accepted", kind="readings").height
    homes_of = (
        f"{text.visible(run.origin)}: made-up sample data, not EDRP"
        if run.origin
        else f"readings of {files:,} delivered files"
    )
    return {"Run": text.visible(run.run_id), "Homes": counted, "Period": inputs.period or "none", "Source": homes_of}
