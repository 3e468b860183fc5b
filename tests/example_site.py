"""Tables of a made-up trial as a published warehouse would hold them, for tests of pages."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from quality.disclosure.accounts import (
    publish_checks,
    publish_external,
    publish_flags,
    publish_funnel,
    publish_ledger,
    publish_months,
    publish_open,
)
from quality.disclosure.cells import publish_cells, publish_costs
from quality.disclosure.everything import by_name
from quality.disclosure.rule import BY_DWELLING_TYPE, BY_HOUR, FLOOR
from reports.figures.exhibit import Exhibit
from reports.inputs import Published, RunInfo
from tests import example_heat
from tests.example_heat import LEVELS
from transforms.lcoh.model.conventions import lenses_beside
from transforms.lcoh.model.demands import measured_demand, paper_demand
from transforms.lcoh.results.table import lcoh_table
from transforms.public.public import PUBLIC_TABLES, PublicTable
from transforms.tables.cost import ASSUMPTION, LCOH
from transforms.tables.heat import HEAT_DEMAND_ANNUAL, HEAT_PROFILE, HEAT_PROFILE_SEASON
from transforms.tables.lineage import FLAG_JUDGEMENT, SOURCE
from transforms.tables.published import HEAT_DEMAND_QUANTILE
from transforms.tables.schema import Table
from transforms.tables.weather import WEATHER_DAY, WEATHER_FIT
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures

HOMES = {"detached": 104, "semi_detached": 158, "terraced": 166, "bungalow": 56, "flat": 107}
SHARES = {"detached": 0.17, "semi_detached": 0.26, "terraced": 0.28, "bungalow": 0.09, "flat": 0.2}
PEAK_KWH = 7.46
RUN = RunInfo(
    scenario="eep2019",
    run_id="20261122T034512-7f3a",
    snapshot_id="20261122T034512-7f3a",
    kind="nightly",
    published_at_utc=dt.datetime(2026, 11, 22, 3, 45),
    code_version="0.1.0",
    code_fingerprint="b1946ac92492",
    origin="hearth sample seed=1",
)


def make_assumptions() -> pl.DataFrame:
    """Return the assumptions that ship with Hearth."""
    return read_assumptions()


def make_demand(homes: dict[str, int], period: str = "2009") -> pl.DataFrame:
    """Return annual demand by dwelling type, with `all`, and `stock` where each type has ten homes."""
    mean = sum(LEVELS[name] * n for name, n in homes.items()) / sum(homes.values())
    rows = [(name, homes[name], float(LEVELS[name])) for name in homes] + [("all", sum(homes.values()), mean)]
    if len(homes) == len(LEVELS) and min(homes.values()) >= 10:
        rows.append(("stock", sum(homes.values()), sum(LEVELS[name] * share for name, share in SHARES.items())))
    heat = pl.col("heat_kwh_mean")
    spread = 1.96 * 0.5 / pl.col("households").sqrt()
    frame = pl.DataFrame(rows, schema=["dwelling_type", "households", "heat_kwh_mean"], orient="row")
    return HEAT_DEMAND_ANNUAL.conform(
        frame.with_columns(
            period=pl.lit(period),
            year=pl.lit(int(period) if period.isdigit() else None),
            gas_kwh_mean=heat / 0.8054,
            heat_kwh_ci_low=heat * (1 - spread),
            heat_kwh_ci_high=heat * (1 + spread),
            heat_kwh_weather_normal=heat * 1.03,
            heat_kwh_weather_normal_ci_low=heat * (1.03 - spread),
            heat_kwh_weather_normal_ci_high=heat * (1.03 + spread),
            household_heat_kwh_mean=heat,
            peak_hour_heat_kwh=pl.lit(PEAK_KWH),
            peak_hour_utc=pl.datetime(2009, 1, 6, 17),
            note=pl.lit(None),
        )
    )


def make_profile(homes: dict[str, int], period: str = "2009", *, seed: int = 1) -> pl.DataFrame:
    """Return the mean hourly profile of each type and of all homes beside a temperature, 8,760 hours."""
    draw = np.random.default_rng(seed)
    hours = pl.datetime_range(dt.datetime(2009, 1, 1), dt.datetime(2009, 12, 31, 23), interval="1h", eager=True)
    hour = np.arange(8760)
    weather = np.repeat(np.convolve(draw.normal(0, 3.2, 367), [0.5, 0.3, 0.2], mode="valid"), 24)
    temperature = (
        10.2
        - 7.4 * np.cos(2 * np.pi * (hour / 24 - 18) / 365)
        + weather[:8760]
        + 2.4 * np.sin(2 * np.pi * (hour % 24 - 9) / 24)
    )
    shape = 0.35 + 1.1 * np.exp(-(((hour % 24) - 7) ** 2) / 5) + 1.3 * np.exp(-(((hour % 24) - 18) ** 2) / 9)
    heat = shape * (0.35 + 0.24 * np.clip(14.5 - temperature, 0, None)) * draw.normal(1, 0.03, 8760)
    heat *= PEAK_KWH / heat.max()
    every = pl.DataFrame({"hour_start_utc": hours, "heat_kwh_mean": heat, "temperature_c": temperature})
    level = example_heat.level_of("all", homes)
    return pl.concat(
        HEAT_PROFILE.conform(
            every.with_columns(
                pl.col("heat_kwh_mean") * example_heat.level_of(name, homes) / level,
                dwelling_type=pl.lit(name),
                period=pl.lit(period),
                # in March a tenth of the homes delivers nothing
                households=pl.when(pl.col("hour_start_utc").dt.month() == 3).then(count - count // 10).otherwise(count),
            ).with_columns(gas_kwh_mean=pl.col("heat_kwh_mean") / 0.8054, heat_kwh_se=pl.col("heat_kwh_mean") * 0.02)
        )
        for name, count in example_heat.groups_of(homes).items()
    )


READINGS = (("paper_fit", "wang2018"), *((RUN.scenario, name) for name in lenses_beside(RUN.convention)))


def make_lcoh(demand: pl.DataFrame) -> pl.DataFrame:
    """Return the cost of heat at measured and published demand, as the run and as the paper read the cost model."""
    assumptions = make_assumptions()
    both = pl.concat([measured_demand(demand), paper_demand(assumptions)], how="diagonal")
    return pl.concat(
        [lcoh_table(both, assumptions, scenario=scenario, convention=convention) for scenario, convention in READINGS]
    )


def costs_at(demand: pl.DataFrame, assumptions: pl.DataFrame) -> pl.DataFrame:
    """Return the cost of heat at measured demands, as the run and as the paper read the cost model."""
    asked = measured_demand(demand)
    rows = [lcoh_table(asked, assumptions, scenario=s, convention=c) for s, c in READINGS if len(asked)]
    return pl.concat([LCOH.empty(), *rows])


def make_sources(names: list[str]) -> pl.DataFrame:
    """Return a ledger: the named files accepted, and one refused file."""
    accepted = [
        (name, "accepted", None, 1_051_200 + 37 * i, 1 + 3 * i, i, 1_051_180 + 34 * i - 4, 23 - i)
        for i, name in enumerate(names)
    ]
    rows = [
        *accepted,
        (
            "edrp_elec.csv",
            "refused",
            "column ELECKWH: electricity is not used; known formats are edrp, octopus, canonical",
            0,
            0,
            0,
            0,
            0,
        ),
    ]
    columns = ["file_name", "outcome", "reason", "lines", "header_lines", "blank_lines", "readings", "rejects"]
    return SOURCE.conform(
        pl.DataFrame(rows, schema=columns, orient="row").with_columns(
            source_id=pl.int_range(pl.len()).cast(pl.String).str.pad_start(64, "0"),
            feed=pl.lit("edrp/."),
            kind=pl.when(pl.col("outcome") == "accepted").then(pl.lit("readings")).otherwise(pl.lit("none")),
            format=pl.when(pl.col("outcome") == "accepted").then(pl.lit("edrp")).otherwise(pl.lit("none")),
            sha256=pl.int_range(pl.len()).cast(pl.String).str.pad_start(64, "0"),
            bytes=pl.col("lines") * 34,
            clock=pl.lit("utc"),
            clock_basis=pl.lit("declared default"),
            stamp=pl.lit("end"),
            stamp_basis=pl.lit("HH against the stamp"),
            id_basis=pl.lit("a column of the file"),
            first_interval_utc=pl.datetime(2009, 1, 1),
            last_interval_utc=pl.datetime(2009, 12, 31, 23, 30),
            superseded=pl.lit(value=False),
            regrouped=pl.lit(0),
            ingested_at_utc=pl.datetime(2026, 11, 22, 3, 40),
        )
    )


def publish(table: Table, frame: pl.DataFrame, *, of: PublicTable) -> PublicTable:
    """Publish cells that stand where those of `of` do."""
    return publish_cells(table, frame, coarser=of)


def publish_totals(table: Table, frame: pl.DataFrame, *, homes: int) -> PublicTable:
    """Publish sums over all homes, where they are enough."""
    shown = frame if homes >= FLOOR else frame.clear()
    hidden = frame.filter(homes < FLOOR).select(*table.key, pl.lit("few_homes").alias("because"))
    return PublicTable(table.name, shown, hidden, FLOOR)


def make_inputs(homes: dict[str, int] | None = None, *tables: PublicTable, names: list[str] | None = None) -> Published:
    """Return the published tables of a trial whose types have `homes` homes; `tables` take the place of its own."""
    counted = tuple((HOMES if homes is None else homes).items())
    trial = _publish_trial(counted, tuple(names or ("2009/edrp_gas_h1.csv", "2009/edrp_gas_h2.csv.gz")))
    return with_tables(trial, *tables)


def with_tables(published: Published, *tables: PublicTable) -> Published:
    """Return published tables of which some are replaced."""
    return Published({**published.tables, **by_name(tables)})


def with_frame(published: Published, table: Table, frame: pl.DataFrame, **marks: Any) -> Published:
    """Return published tables of which one has other rows."""
    return with_tables(published, replace(published[table], frame=frame, **marks))


def without(published: Published, *tables: Table) -> Published:
    """Return published tables of which some are empty."""
    return with_tables(published, *(publish_empty(table) for table in tables))


def publish_empty(table: Table) -> PublicTable:
    """Return a table that a release has nothing of."""
    keys = table.empty().select(*table.key, pl.lit("few_homes").alias("because"))
    return PublicTable(table.name, table.empty(), keys, FLOOR)


@functools.cache
def _publish_trial(counted: tuple[tuple[str, int], ...], names: tuple[str, ...]) -> Published:
    homes = dict(counted)
    included = sum(homes.values())
    annual = make_demand(homes)
    demand = publish_cells(HEAT_DEMAND_ANNUAL, annual, margins=[BY_DWELLING_TYPE])
    profile = publish_cells(HEAT_PROFILE, make_profile(homes), margins=[BY_HOUR], coarser=demand)
    assumptions = publish_open(
        ASSUMPTION,
        pl.concat(
            [
                make_assumptions(),
                *(ASSUMPTION.conform(read_figures(name)) for name in ("diversity_rule", "area_figure")),
            ]
        ),
    )
    lcoh = publish_costs(
        make_lcoh(annual), costs_at(demand.frame, assumptions.frame), demand=demand, assumptions=assumptions
    )
    seen = included + example_heat.SEEN_BESIDE if included >= 10 else included
    flags = pl.DataFrame(
        {
            "source_id": ["0" * 64] * 8,
            "flag": [
                "ok",
                "sentinel_max",
                "bad_time",
                "duplicate_exact",
                "duplicate_conflict",
                "very_high",
                "off_grid",
                "negative",
            ],
            "readings": [9_410_233, 104_512, 9_340, 2_120, 310, 160, 75, 12],
        }
    )
    months = pl.DataFrame({"month": pl.date_range(dt.date(2009, 1, 1), dt.date(2009, 12, 1), "1mo", eager=True)}).with_columns(
        households=pl.lit(seen), readings=pl.lit(1_051_180), ok_half_hours=pl.lit(961_233), hours=pl.lit(479_800),
    )  # fmt: skip
    checks = pl.DataFrame(
        {
            "check_name": [
                "ledger is conserved",
                "energy of hours equals energy of half-hours",
                "every type has homes",
            ],
            "table_name": ["source", "build_month", "heat_demand_annual"],
            "severity": ["critical", "critical", "warning"],
            "passed": [True, True, True],
            "meaning": [
                "lines = headers + blanks + readings + rejects",
                "no energy appears or is lost",
                "no type is empty",
            ],
        }
    )
    given = by_name(
        [
            demand,
            profile,
            lcoh,
            assumptions,
            publish_funnel(example_heat.make_funnel(included, heat=example_heat.level_of("all", homes))),
            publish_ledger(make_sources(list(names))),
            publish_flags(flags, homes=seen, half_hours=17_520),
            publish_checks(checks),
            publish_months(months),
            publish(HEAT_DEMAND_QUANTILE, example_heat.make_quantiles(homes), of=demand),
            publish(WEATHER_FIT, example_heat.make_weather_fit(homes), of=demand),
            publish(WEATHER_DAY, example_heat.make_weather_days(homes), of=demand),
            publish(HEAT_PROFILE_SEASON, example_heat.make_season(homes), of=demand),
            publish_totals(FLAG_JUDGEMENT, example_heat.make_judgements(), homes=seen),
            publish_external(example_heat.make_external(homes)),
        ]
    )
    rest = [
        publish_empty(table) for name, table in PUBLIC_TABLES.items() if name not in given and name != "data_dictionary"
    ]
    return Published({**given, **by_name(rest)})


def chart_of(exhibit: Exhibit) -> go.Figure:
    """Return the chart of an exhibit that has one."""
    assert exhibit.missing is None
    assert exhibit.chart is not None
    return exhibit.chart
