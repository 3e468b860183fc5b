"""The values of one scenario, from the rows of the table `assumption`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transforms.lcoh.assumptions.parameters import figures_of
from transforms.lcoh.assumptions.refusals import AssumptionError, unknown_name

ALL_SCENARIOS: Final = "all"

Key: TypeAlias = tuple[str, str]  # item and parameter
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class ScenarioFigures:
    """The values of one scenario: from its own rows, and from rows of all scenarios where it has none."""

    scenario: str
    by_year: dict[Key, dict[int, float]]

    def one(self, item: str, parameter: str) -> float:
        """Return a value that holds in all years."""
        return self._series(item, parameter)[0]

    def has(self, item: str, parameter: str) -> bool:
        """Say whether the scenario sees a value, in one year at least."""
        return (item, parameter) in self.by_year

    def items(self, item: str) -> dict[str, float]:
        """Return all values of an item whose parameters are rows of data, such as the network scales."""
        return {parameter: years[0] for (i, parameter), years in self.by_year.items() if i == item}

    def series(self, item: str, parameter: str, years: Sequence[int]) -> NDArray[np.float64]:
        """Return the value of each of `years`.

        Raises
        ------
        AssumptionError
            If a year is missing: no rule of the scenario covers it.

        """
        values = self._series(item, parameter)
        if 0 in values:
            return np.full(len(years), values[0])
        missing = [year for year in years if year not in values]
        if missing:
            message = (
                f"scenario {self.scenario}: {item}.{parameter} has no value for {len(missing)} years "
                f"({missing[0]} to {missing[-1]}), and no rule extends it; it is given for {min(values)} to "
                f"{max(values)}: add rows, one row with year 0 for all years, or a rule (hold_first, interpolate, "
                "hold_last)"
            )
            raise AssumptionError(message)
        return np.array([values[year] for year in years])

    def record(self, record: type[Record], item: str) -> Record:
        """Return the values of `item` as a typed record such as `HeatNetwork`."""
        declared = figures_of(record)
        values = {name: self.one(item, name) for name in declared}
        return record(**{name: int(v) if declared[name].whole else v for name, v in values.items()})

    def _series(self, item: str, parameter: str) -> dict[int, float]:
        try:
            return self.by_year[item, parameter]
        except KeyError:
            message = f"scenario {self.scenario} has no {item}.{parameter}; add a row for it, or use another scenario"
            raise AssumptionError(message) from None


def check_scenario(assumptions: pl.DataFrame, scenario: str) -> None:
    """Refuse a scenario to which no row belongs.

    Raises
    ------
    UnknownNameError
        If there is no such scenario; the message lists those that exist.

    """
    scenarios = set(assumptions["scenario"].unique()) - {ALL_SCENARIOS}
    if scenario not in scenarios:
        raise unknown_name("scenario", scenario, scenarios)


def seen_rows(assumptions: pl.DataFrame, scenario: str) -> pl.DataFrame:
    """Return the rows of a scenario: its own, and rows of all scenarios where it has none."""
    own = pl.col("scenario") == scenario
    return assumptions.filter(pl.col("scenario").is_in([scenario, ALL_SCENARIOS])).filter(
        own | ~own.any().over("item", "parameter")
    )


def scenario_figures(assumptions: pl.DataFrame, scenario: str) -> ScenarioFigures:
    """Return the values of `scenario` in the table `assumption`.

    Raises
    ------
    UnknownNameError
        If no row belongs to the scenario.
    AssumptionError
        If its money is in prices of different years; resolved rows are all in prices of one year.

    """
    check_scenario(assumptions, scenario)
    rows = seen_rows(assumptions, scenario)
    bases = rows.filter(pl.col("price_base") != "none")["price_base"].unique().sort().to_list()
    if len(bases) > 1:
        example = rows.filter(pl.col("price_base") == bases[-1]).row(0, named=True)
        message = (
            f"scenario {scenario} mixes prices of {' and '.join(bases)} (e.g. {example['item']}.{example['parameter']} "
            f"in prices of {bases[-1]}): resolve the rows, which brings all to one year"
        )
        raise AssumptionError(message)
    by_year: dict[Key, dict[int, float]] = {}
    for item, parameter, year, value in rows.select("item", "parameter", "year", "value").iter_rows():
        by_year.setdefault((item, parameter), {})[year] = value
    return ScenarioFigures(scenario, by_year)


def list_changes(assumptions: pl.DataFrame, scenario: str, series: Iterable[Key]) -> dict[Key, list[str]]:
    """Return how each series of a scenario was changed: borrowed, interpolated, held or converted to other prices.

    Series without a change are left out, and so are years before the first year of operation.
    """
    seen = seen_rows(assumptions, scenario)
    start = seen.filter(pl.col("item") == "study", pl.col("parameter") == "start_year")["value"].max()
    rows = seen.filter((pl.col("year") == 0) | (pl.col("year") >= start))
    changes = {}
    for item, parameter in series:
        of_series = rows.filter(pl.col("item") == item, pl.col("parameter") == parameter).sort("year")
        done = of_series["status"].str.split("; ").list.slice(1).explode(empty_as_null=True, keep_nulls=True)
        if words := done.drop_nulls().unique(maintain_order=True).to_list():
            changes[item, parameter] = words
    return changes
