"""What attack tests share: small warehouses whose homes are known, and an attacker who does the linear algebra.

The attacker keeps every release, and knows which homes and how many stand behind each published cell. He looks for a
combination of published sums that rests on few homes.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import duckdb
import numpy as np
import polars as pl

from quality.disclosure.cells import publish_computed
from quality.disclosure.everything import by_name, disclose_means, seal
from quality.disclosure.homes import Query
from quality.disclosure.rule import DEFAULT_RULE, DisclosureRule
from transforms.heat.season import profile_by_season
from transforms.public.public import PUBLIC_TABLES, Release, ReleaseRecord
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.heat import (
    HEAT_DEMAND_ANNUAL,
    HEAT_HOURLY,
    HEAT_PROFILE,
    HOUSEHOLD,
    HOUSEHOLD_PERIOD,
    SELECTION_FUNNEL,
)
from transforms.tables.words import DWELLING_TYPES

START = dt.datetime(2009, 1, 1)
PERIOD = "2009"
EFFICIENCY = 0.8054
SHARES = dict(zip(DWELLING_TYPES, (0.17, 0.26, 0.28, 0.09, 0.2), strict=True))
GROUP = ["dwelling_type", "period"]
MOST_VERSIONS = 100

Row = Mapping[tuple[str, int], float]  # coefficients on homes, each with the version of its readings


@dataclass(frozen=True)
class Trial:
    """Homes of known types with known readings; `versions` counts how often those of a home were corrected."""

    homes: Mapping[str, str]
    hours: int = 6
    versions: Mapping[str, int] = field(default_factory=dict)
    gaps: frozenset[tuple[str, int]] = frozenset()
    excluded: frozenset[str] = frozenset()

    def without(self, homes: Iterable[str]) -> Trial:
        """Withdraw homes."""
        gone = set(homes)
        return replace(self, homes={home: of for home, of in self.homes.items() if home not in gone})

    def joined_by(self, homes: Mapping[str, str]) -> Trial:
        """Add homes."""
        return replace(self, homes={**self.homes, **homes})

    def corrected(self, homes: Iterable[str]) -> Trial:
        """Correct the readings of homes."""
        return replace(self, versions={**self.versions, **{home: self.versions.get(home, 0) + 1 for home in homes}})

    def of(self, dwelling_type: str) -> list[str]:
        """Return the included homes of a type, or of all."""
        return sorted(
            home for home, of in self.homes.items() if dwelling_type in (of, "all") and home not in self.excluded
        )

    def hourly(self) -> pl.DataFrame:
        """Return every good hour; what a home reads depends on its name, version and the hour alone."""
        rows = []
        for home in sorted(self.homes):
            seed = int.from_bytes(f"{home}/{self.versions.get(home, 0)}".encode())
            gas = np.random.default_rng(seed).uniform(
                2e6, 12e6, self.hours
            )  # high, so that a rounded year tells the homes
            rows += [
                (home, START + dt.timedelta(hours=h), gas[h]) for h in range(self.hours) if (home, h) not in self.gaps
            ]
        schema = {"household_id": pl.String, "hour_start_utc": pl.Datetime("us"), "gas_kwh": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row").with_columns(heat_kwh=pl.col("gas_kwh") * EFFICIENCY)

    def profile(self) -> pl.DataFrame:
        """Return mean heat by type and hour, of `all`, and of `stock` where there are all five types."""
        included = self.hourly().filter(~pl.col("household_id").is_in(sorted(self.excluded)))
        typed = included.with_columns(dwelling_type=pl.col("household_id").replace_strict(dict(self.homes)))
        keys = ["dwelling_type", "hour_start_utc"]
        means = (
            pl.concat([typed, typed.with_columns(dwelling_type=pl.lit("all"))])
            .sort("household_id")
            .group_by(keys)
            .agg(
                households=pl.len().cast(pl.Int64),
                gas_kwh_mean=pl.col("gas_kwh").mean(),
                heat_kwh_mean=pl.col("heat_kwh").mean(),
            )
        )
        if set(self.homes.values()) >= set(DWELLING_TYPES):
            weight = pl.col("dwelling_type").replace_strict(SHARES, default=None, return_dtype=pl.Float64)
            stock = (
                means.filter(pl.col("dwelling_type").is_in(DWELLING_TYPES))
                .group_by("hour_start_utc")
                .agg(pl.col("households").sum(), (pl.col("gas_kwh_mean", "heat_kwh_mean") * weight).sum())
                .select(dwelling_type=pl.lit("stock"), hour_start_utc="hour_start_utc", households="households",
                        gas_kwh_mean="gas_kwh_mean", heat_kwh_mean="heat_kwh_mean")
            )  # fmt: skip
            means = pl.concat([means.select(stock.columns), stock])
        return HEAT_PROFILE.conform(
            means.with_columns(period=pl.lit(PERIOD), heat_kwh_se=pl.lit(None), temperature_c=pl.lit(4.0))
        ).sort(HEAT_PROFILE.key)

    def annual(self) -> pl.DataFrame:
        """Return the sums of the profiles."""
        counts = {of: len(self.of(of)) for of in {*self.homes.values(), "all"}} | {"stock": len(self.of("all"))}
        nothing = [c.name for c in HEAT_DEMAND_ANNUAL.columns if c.nullable and c.name != "gas_kwh_mean"]
        sums = (
            self.profile()
            .sort("hour_start_utc")
            .group_by(GROUP, maintain_order=True)
            .agg(pl.col("gas_kwh_mean", "heat_kwh_mean").sum())
        )
        return HEAT_DEMAND_ANNUAL.conform(
            sums.with_columns(
                households=pl.col("dwelling_type").replace_strict(counts, return_dtype=pl.Int64),
                **{name: pl.lit(None) for name in nothing if name != "heat_kwh_mean"},
            )
        )


@contextmanager
def warehouse_of(trial: Trial, more: Mapping[str, pl.DataFrame] | None = None) -> Iterator[Query]:
    """Give a warehouse of a trial to ask, with `more` tables of it."""
    frames = {table.name: table.empty() for table in WAREHOUSE_TABLES} | _tables_of(trial) | dict(more or {})
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for name, frame in frames.items():
            con.register(name, frame.to_arrow())
        yield lambda sql: con.sql(sql).pl()


def _tables_of(trial: Trial) -> dict[str, pl.DataFrame]:
    hourly, profile, annual = trial.hourly(), trial.profile(), trial.annual()
    homes = pl.DataFrame({"household_id": list(trial.homes), "dwelling_type": list(trial.homes.values())})
    sums = hourly.group_by("household_id").agg(
        heat_kwh_observed=pl.col("heat_kwh").sum(), hours_observed=pl.len().cast(pl.Int64)
    )
    is_excluded = pl.col("household_id").is_in(sorted(trial.excluded))
    filled = pl.lit(trial.hours) / pl.col("hours_observed")
    by_period = homes.join(sums, on="household_id").with_columns(
        period=pl.lit(PERIOD), period_start_utc=pl.lit(START), period_end_utc=pl.lit(START + dt.timedelta(hours=trial.hours)),
        completeness=1 / filled, weakest_cell=1 / filled, included=~is_excluded,
        exclusion_reason=pl.when(is_excluded).then(pl.lit("thin_month_hour")),
        heat_kwh_annual=pl.col("heat_kwh_observed") * filled, filled_share=1 - 1 / filled,
    )  # fmt: skip
    last, everyone = (homes.filter(of).join(sums, on="household_id") for of in (~is_excluded, pl.lit(value=True)))
    passing = [*[everyone] * 5, last]
    but_one = [*[last] * 5, everyone]
    steps = pl.DataFrame({"step": range(6), "criterion": list("abcdef")}).with_columns(
        period=pl.lit(PERIOD),
        households=pl.Series([len(of) for of in passing]),
        heat_kwh_mean=pl.Series([of["heat_kwh_observed"].mean() for of in passing]),
        households_without=pl.Series([len(of) for of in but_one]),
        heat_kwh_mean_without=pl.Series([of["heat_kwh_observed"].mean() for of in but_one]),
    )
    return {
        "heat_hourly": HEAT_HOURLY.conform(hourly),
        "heat_profile": profile,
        "heat_demand_annual": annual,
        "heat_profile_season": profile_by_season(profile),
        "household": HOUSEHOLD.conform(
            homes.with_columns(
                heating_system=pl.lit(None), origin=pl.lit(None), included=pl.lit(value=True), exclusion_reason=pl.lit(None),
                first_interval_utc=pl.lit(None), last_interval_utc=pl.lit(None), completeness=pl.lit(1.0),
            )
        ),
        "household_period": HOUSEHOLD_PERIOD.conform(by_period),
        "selection_funnel": SELECTION_FUNNEL.conform(steps),
    }  # fmt: skip


def publish_means(
    query: Query, *, release_id: str, last: ReleaseRecord | None = None, rule: DisclosureRule = DEFAULT_RULE
) -> Release:
    """Publish a warehouse of homes without any cost: its tables of costs are empty."""
    means = disclose_means(query, last=last, rule=rule)
    demand = means.tables["heat_demand_annual"]
    rest = [
        publish_computed(table, table.empty(), of=demand)
        for name, table in PUBLIC_TABLES.items()
        if name not in {*means.tables, "data_dictionary", "demand_change", "table_change"}
    ]
    return seal(release_id, {**means.tables, **by_name(rest)}, means.control)


def smallest_support(rows: Sequence[Row], *, below: int = 10) -> int | None:
    """Return the fewest homes that a combination of published sums rests on, or None if `below` or more.

    Homes on which every row has the same coefficients can only appear together. For each set of such groups that
    holds few homes, some combination rests on it alone if leaving its columns out lowers the rank.
    """
    columns = sorted({column for row in rows for column in row})
    if not columns:
        return None
    matrix = np.array([[row.get(column, 0.0) for column in columns] for row in rows])
    patterns, group = np.unique(matrix.round(12), axis=1, return_inverse=True)
    homes = [{columns[n][0] for n in np.flatnonzero(group.ravel() == k)} for k in range(patterns.shape[1])]
    rank = np.linalg.matrix_rank(patterns)
    best: int | None = None
    small = [k for k, of in enumerate(homes) if len(of) < below]

    def search(start: int, chosen: list[int], reached: set[str]) -> None:
        nonlocal best
        if chosen and (best is None or len(reached) < best):
            rest = np.delete(patterns, chosen, axis=1)
            if (np.linalg.matrix_rank(rest) if rest.size else 0) < rank:
                best = len(reached)
                return
        for n in range(start, len(small)):
            now = reached | homes[small[n]]
            if len(now) < below:
                search(n + 1, [*chosen, small[n]], now)

    search(0, [], set())
    return best


def published_sums(
    releases: Sequence[Release], trials: Sequence[Trial], *, hour: int | None, predictable: bool = False
) -> list[Row]:
    """Return a row per cell that was published at an hour, or of the year: the homes whose sum it tells.

    Which of the trials a value stems from is told by the value. Where corrections are `predictable`, the attacker
    computes one version of a home's readings from another.

    Raises
    ------
    AssertionError
        If a published value is that of no trial.

    """
    name = "heat_demand_annual" if hour is None else "heat_profile"
    truths = [trial.annual() if hour is None else trial.profile() for trial in trials]
    rows = []
    for release in releases:
        frame = release.tables[name].frame
        if hour is not None:
            frame = frame.filter(pl.col("hour_start_utc") == START + dt.timedelta(hours=hour))
        for group, value in frame.select("dwelling_type", "heat_kwh_mean").iter_rows():
            if group != "stock":
                row = _row_of(group, value, truths, trials, hour=hour)
                rows.append({(home, 0 if predictable else n): of for (home, n), of in row.items()})
    return rows


def published_hours_and_years(releases: Sequence[Release], trials: Sequence[Trial]) -> dict[str, list[Row]]:
    """Return a row per published hour and year of each group: a year is the sum of the means of its hours.

    Each hour of a home is an unknown of its own, so that the attacker may subtract shown hours from a year.
    """
    rows: dict[str, list[Row]] = defaultdict(list)
    annual, profiles = [trial.annual() for trial in trials], [trial.profile() for trial in trials]
    for release in releases:
        for name, value in (
            release.tables["heat_demand_annual"].frame.select("dwelling_type", "heat_kwh_mean").iter_rows()
        ):
            if name != "stock":
                trial = _trial_of(name, value, annual, trials, hour=None)
                rows[name].append(
                    {of: share for hour in range(trial.hours) for of, share in _hour_of(trial, name, hour).items()}
                )
        profile = release.tables["heat_profile"].frame.filter(pl.col("dwelling_type") != "stock")
        for name, moment, value in profile.select("dwelling_type", "hour_start_utc", "heat_kwh_mean").iter_rows():
            hour = int((moment - START) / dt.timedelta(hours=1))
            rows[name].append(_hour_of(_trial_of(name, value, profiles, trials, hour=hour), name, hour))
    return dict(rows)


def hidden_beyond(rows: Sequence[Row], few: int = 9) -> float | None:
    """Return the fewest homes of an hour, in the mean of hours that a year leaves hidden, beyond the `few` that are there most.

    What is left of a year when every hour is subtracted that some release showed of the same homes and readings; None where
    nothing is left.
    """
    shown = {frozenset(row.items()) for row in rows}
    found = []
    for row in rows:
        parts = defaultdict(dict)
        for (home, place), share in row.items():
            parts[place // MOST_VERSIONS][(home, place)] = share
        hidden = [part for part in parts.values() if frozenset(part.items()) not in shown]
        if len(parts) > 1 and hidden:
            present = Counter(home for part in hidden for home, _ in part)
            found.append((present.total() - sum(n for _, n in present.most_common(few))) / len(hidden))
    return min(found, default=None)


def _hour_of(trial: Trial, group: str, hour: int) -> Row:
    homes = [home for home in trial.of(group) if (home, hour) not in trial.gaps]
    return {(home, hour * MOST_VERSIONS + trial.versions.get(home, 0)): 1 / len(homes) for home in homes}


def _row_of(
    group: str, value: float, truths: Sequence[pl.DataFrame], trials: Sequence[Trial], *, hour: int | None
) -> Row:
    trial = _trial_of(group, value, truths, trials, hour=hour)
    return {
        (home, trial.versions.get(home, 0)): 1.0
        for home in trial.of(group)
        if hour is None or (home, hour) not in trial.gaps
    }


def _trial_of(
    group: str, value: float, truths: Sequence[pl.DataFrame], trials: Sequence[Trial], *, hour: int | None
) -> Trial:
    near = 5.01 if hour is None else 1e-6  # a year is rounded to 10 kWh
    errors = []
    for truth in truths:
        rows = truth.filter(dwelling_type=group)
        if hour is not None:
            rows = rows.filter(pl.col("hour_start_utc") == START + dt.timedelta(hours=hour))
        errors.append(abs(rows["heat_kwh_mean"][0] - value) if len(rows) else np.inf)
    best = int(np.argmin(errors))
    assert errors[best] < near, f"{group} shows {value}, which no trial gives"
    return trials[best]


def homes_of(counts: Mapping[str, int], *, name: str = "h") -> dict[str, str]:
    """Return homes by name with so many of each type."""
    return {f"{name}-{of}-{n}": of for of, count in counts.items() for n in range(count)}


def play(trial: Trial, night: Sequence[tuple[str, str, int]], number: int) -> Trial:
    """Let homes join, leave or be corrected."""
    for n, (what, of, count) in enumerate(night):
        homes = trial.of(of)[:count]
        if what == "join":
            trial = trial.joined_by(homes_of({of: count}, name=f"n{number}.{n}"))
        elif what == "correct":
            trial = trial.corrected(homes)
        elif len(trial.of(of)) - count > 2:
            trial = trial.without(homes)
    return trial
