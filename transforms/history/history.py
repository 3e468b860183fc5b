"""Homes through the months: a small memory of each home shows faults that no single month shows.

Each step takes the memory of all homes and the digest of one month. It returns the next memory, and the findings that this
month made certain. So no step reads more than one month, however long the history is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import polars as pl

from transforms.climate.gas_law import GasLaw
from transforms.history.catch_up import judge_gap_values
from transforms.history.digest import Digest
from transforms.history.equal_runs import join_runs, judge_cold_zeros, judge_stuck, name_step
from transforms.history.levels import compare_levels, expect_days, pick_usable, update_levels
from transforms.history.slip_rule import SLIP
from transforms.history.unit_slips import find_changes, judge_changes, keep_sharpest
from transforms.history.whole_series import judge_homes, span_flagged
from transforms.tables.fixed_order import group_in_order
from transforms.tables.lake import (
    CATCH_UP,
    CLOSED_RUN,
    HOME_LEVEL,
    LEVEL_CHANGE,
    MONTH_READINGS,
    OPEN_RUN,
    RECENT_DAY,
    UNSETTLED,
)
from transforms.tables.lineage import FLAG_JUDGEMENT, SOURCE_LEVEL, SUSPECT_SPAN, UNIT_DOUBT

REMEMBERED_DAYS = 2 * SLIP.days
# For each inferred flag, why readings are not judged, or not fully, with the expression that counts them
_OUTCOMES: dict[str, dict[str, pl.Expr]] = {
    "suspected_unit": {
        f"fewer than {REMEMBERED_DAYS} days of half their readings": pl.col("unsettled"),
        "judged by the season: the temperature is unknown": pl.col("readings_without_temperature")
        - pl.col("unsettled_without"),
    },
    "stuck": {"the meter's step is unknown": pl.col("unsettled")},
    "cold_zero_run": {"no temperature": pl.col("readings_without_temperature")},
    "catch_up": {},
}
_COUNTS = {
    "readings": pl.col("half_hours").sum(),
    "readings_without_temperature": pl.col("half_hours").filter(~pl.col("is_measured")).sum(),
}


@dataclass(frozen=True, slots=True)
class HomesMemory:
    """Memory of all homes at the end of a month."""

    recent_day: pl.DataFrame
    open_run: pl.DataFrame
    home_level: pl.DataFrame

    @classmethod
    def empty(cls) -> HomesMemory:
        """Return the memory before the first month."""
        return cls(RECENT_DAY.empty(), OPEN_RUN.empty(), HOME_LEVEL.empty())


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings of one month, or of several months together."""

    closed_run: pl.DataFrame
    level_change: pl.DataFrame
    source_level: pl.DataFrame
    unsettled: pl.DataFrame
    month_readings: pl.DataFrame
    catch_up: pl.DataFrame

    @classmethod
    def together(cls, months: Sequence[Findings]) -> Findings:
        """Put the findings of months together."""
        empty = (CLOSED_RUN, LEVEL_CHANGE, SOURCE_LEVEL, UNSETTLED, MONTH_READINGS, CATCH_UP)
        return cls(
            *(
                pl.concat([table.empty(), *(getattr(month, field.name) for month in months)])
                for field, table in zip(fields(cls), empty, strict=True)
            )
        )


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Conclusions on homes from all months together."""

    suspect_span: pl.DataFrame
    unit_doubt: pl.DataFrame
    flag_judgement: pl.DataFrame


def advance(memory: HomesMemory, digest: Digest, effective: pl.DataFrame, law: GasLaw) -> tuple[HomesMemory, Findings]:
    """Return the memory of homes after one month, and the findings that the month made certain.

    Parameters
    ----------
    memory
        Memory at the end of the month before.
    digest
        Digest of the month.
    effective
        Effective temperature of the month's days, as from `transforms.history.levels.fill_with_normal`.
    law
        Gas of the mean British home by temperature.

    """
    priced = expect_days(digest.day, effective, law)
    usable = pick_usable(priced)
    level = update_levels(memory.home_level, priced, usable)
    ended, open_run = join_runs(memory.open_run, digest.equal_run)
    days = pl.concat([memory.recent_day, RECENT_DAY.conform(usable)])
    findings = Findings(
        closed_run=name_step(ended, level),
        level_change=find_changes(days),
        source_level=measure_sources(priced, memory.home_level),
        unsettled=_list_unsettled(priced, level),
        month_readings=_count_readings(priced),
        catch_up=judge_gap_values(digest.gap_value, memory.open_run),
    )
    recent = days.sort("household_id", "date").group_by("household_id", maintain_order=True).tail(REMEMBERED_DAYS)
    return HomesMemory(RECENT_DAY.conform(recent), open_run, level), findings


def measure_sources(priced: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    r"""Compare each source's month with earlier readings of the same homes, and with those from other sources.

    :math:`r_s = \sum_i G_{is} / \sum_i E_{is} L_i`, over the homes :math:`i` with a level :math:`L_i` in those other
    readings. :math:`G_{is}` is the gas of a home in the source, and :math:`E_{is}` the gas of the mean British home in the
    same half-hours.

    Parameters
    ----------
    priced
        Days of one month as from `expect_days`.
    before
        Rows of `HOME_LEVEL` at the end of the month before.

    Returns
    -------
    pl.DataFrame
        Rows of `SOURCE_LEVEL`.

    """
    month = pl.col("date").min().dt.month_start()
    by_home = group_in_order(priced, ("source_id", "household_id"), by="date").agg(
        month=month,
        half_hours=pl.col("half_hours").sum(),
        gas_kwh=pl.col("gas_kwh").sum(),
        expected_kwh=pl.col("expected_kwh").sum(),
    )
    elsewhere = by_home.join(
        before.select("household_id", gas_before="gas_kwh", expected_before="expected_kwh"),
        on="household_id",
        how="left",
        maintain_order="left",
    ).with_columns(
        gas_elsewhere=pl.col("gas_before").fill_null(0)
        + pl.col("gas_kwh").sum().over("household_id")
        - pl.col("gas_kwh"),
        expected_elsewhere=pl.col("expected_before").fill_null(0)
        + pl.col("expected_kwh").sum().over("household_id")
        - pl.col("expected_kwh"),
    )
    has_both = (pl.col("expected_elsewhere") > 0) & (pl.col("expected_kwh") > 0)
    carried = pl.col("expected_kwh") * pl.col("gas_elsewhere") / pl.col("expected_elsewhere")
    usual = pl.when(has_both).then(carried)
    rows = elsewhere.with_columns(usual_kwh=usual, own_kwh=pl.when(has_both).then("gas_kwh"))
    sums = group_in_order(rows, "source_id", by=None).agg(
        pl.col("month").min(),
        households=pl.len(),
        half_hours=pl.col("half_hours").sum(),
        gas_kwh=pl.col("gas_kwh").sum(),
        level=_over(pl.col("gas_kwh").sum(), pl.col("expected_kwh").sum()),
        households_before=pl.col("usual_kwh").count(),
        level_before=_over(pl.col("usual_kwh").sum(), pl.col("expected_kwh").filter(has_both).sum()),
        ratio=_over(pl.col("own_kwh").sum(), pl.col("usual_kwh").sum()),
    )
    return SOURCE_LEVEL.conform(sums)


def _over(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)


def _list_unsettled(priced: pl.DataFrame, level: pl.DataFrame) -> pl.DataFrame:
    """Count the month's readings of homes that some rule cannot judge yet (`UNSETTLED`)."""
    readings = priced.group_by("household_id").agg(month=pl.col("date").min().dt.month_start(), **_COUNTS)
    known = readings.join(level.select("household_id", "days", "step_kwh"), on="household_id")
    short = known.filter(pl.col("days") < REMEMBERED_DAYS).with_columns(flag=pl.lit("suspected_unit"))
    without_step = known.filter(pl.col("step_kwh").is_null()).with_columns(flag=pl.lit("stuck"))
    return UNSETTLED.conform(pl.concat([short, without_step])).sort(UNSETTLED.key)


def _count_readings(priced: pl.DataFrame) -> pl.DataFrame:
    """Count the month's readings that can be judged (`MONTH_READINGS`); a month without any has no row."""
    return MONTH_READINGS.conform(priced.group_by(month=pl.col("date").dt.month_start()).agg(**_COUNTS))


def conclude(
    memory: HomesMemory, findings: Findings, homes: pl.DataFrame, daily: pl.DataFrame, usual_levels: Mapping[str, float]
) -> Conclusion:
    """Judge homes by all months together.

    Parameters
    ----------
    memory
        Memory at the end of the last month.
    findings
        Findings of all months.
    homes
        `household_id`, `dwelling_type`.
    daily
        `date`, `temperature_mean_c` [degC].
    usual_levels
        Published level of a home by its dwelling type [1].

    """
    still_open = name_step(memory.open_run, memory.home_level)
    later_step = memory.home_level.select("household_id", later="step_kwh")
    runs = pl.concat([findings.closed_run, still_open]).join(later_step, on="household_id", how="left")
    runs = CLOSED_RUN.conform(runs.with_columns(step_kwh=pl.coalesce("step_kwh", "later")))
    levels = compare_levels(memory.home_level, homes, usual_levels)
    changes = judge_changes(keep_sharpest(findings.level_change), levels)
    steady = levels.join(findings.level_change.filter("is_sure"), on="household_id", how="anti")
    doubts = judge_homes(steady)
    spans = {
        "suspected_unit": pl.concat([changes, span_flagged(doubts)]),
        "stuck": judge_stuck(runs),
        "cold_zero_run": judge_cold_zeros(runs, daily),
        "catch_up": findings.catch_up,
    }
    found = [frame.with_columns(flag=pl.lit(flag)) for flag, frame in spans.items()]
    nothing = SUSPECT_SPAN.empty()
    return Conclusion(
        suspect_span=SUSPECT_SPAN.conform(pl.concat([nothing, *found], how="diagonal_relaxed")).sort(SUSPECT_SPAN.key),
        unit_doubt=UNIT_DOUBT.conform(doubts),
        flag_judgement=count_judged(findings, memory.home_level),
    )


def count_judged(findings: Findings, level: pl.DataFrame) -> pl.DataFrame:
    """Count, for each inferred flag, the readings that could be judged and those that could not (`FLAG_JUDGEMENT`)."""
    settled = (
        pl.when(pl.col("flag") == "stuck")
        .then(pl.col("step_kwh").is_not_null())
        .otherwise(pl.col("days") >= REMEMBERED_DAYS)
    )
    still_open = findings.unsettled.join(level, on="household_id").filter(~settled)
    months = findings.month_readings
    rows = []
    for flag, outcomes in _OUTCOMES.items():
        counts = (
            still_open.filter(pl.col("flag") == flag)
            .group_by("month")
            .agg(unsettled=pl.col("readings").sum(), unsettled_without=pl.col("readings_without_temperature").sum())
        )
        joined = months.join(counts, on="month", how="left").with_columns(
            pl.col("unsettled", "unsettled_without").fill_null(0)
        )
        wide = joined.select("month", judged=pl.col("readings") - pl.sum_horizontal(0, *outcomes.values()), **outcomes)
        long = wide.unpivot(["judged", *outcomes], index="month", variable_name="outcome", value_name="readings")
        rows.append(
            long.filter((pl.col("readings") > 0) | (pl.col("outcome") == "judged")).with_columns(flag=pl.lit(flag))
        )
    return FLAG_JUDGEMENT.conform(pl.concat(rows)).sort(FLAG_JUDGEMENT.key)
