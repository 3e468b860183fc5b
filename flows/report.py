"""The report: published tables from the warehouse through disclosure control onto pages, swapped in by one rename."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from flows.cost_units import PAPER_SCENARIO, cost_means
from flows.external import compare_with_studies, fingerprint_references
from flows.fingerprints import code_fingerprint, fingerprint
from flows.settings import Settings
from quality.disclosure import DisclosureRule, publish_all
from reports.site import Download, RunInfo, SiteInputs, render_site
from transforms import tables
from transforms.lcoh.measured_rows import measured_rows, replace_rows
from transforms.lcoh.performance import reference_performance, seasonal_performance
from transforms.lcoh.scenarios import scenario_figures
from transforms.lcoh.table import lcoh_table
from transforms.public import PublicTable, Release
from transforms.schema import Table
from transforms.weather_normal import NormalWeather
from warehouse.cost_figures import read_assumptions
from warehouse.figures import read_figures
from warehouse.public_database import ReleaseInfo, write_public_database
from warehouse.publish import WarehouseFolder
from warehouse.reader import open_published
from warehouse.releases import ReleaseFolder

Query = Callable[[str], pl.DataFrame]

DATABASE = Download(
    "downloads/public.duckdb", "every published table with the meaning and unit of its columns (DuckDB)"
)
COMPUTED_BY = {
    "source": "transforms/parse.py",
    "heat_hourly": "transforms/hours.py",
    "household_period": "transforms/selection.py",
    "heat_profile": "transforms/profiles.py",
    "heat_profile_season": "transforms/season.py",
    "heat_demand_annual": "transforms/demand.py",
    "heat_demand_quantile": "quality/disclosure/cells.py",
    "weather_day": "transforms/weather_days.py",
    "weather_fit": "transforms/weather_fit.py",
    "lcoh": "transforms/lcoh/table.py",
    "lcoh_sensitivity": "transforms/lcoh/curves.py",
    "lcoh_sobol": "transforms/lcoh/variance.py",
    "lcoh_probability": "transforms/lcoh/probability.py",
    "break_even": "transforms/lcoh/break_even.py",
    "abatement": "transforms/lcoh/abatement.py",
    "seasonal_performance": "transforms/lcoh/performance.py",
    "network_finance": "transforms/lcoh/finance.py",
    "claim": "transforms/claims.py",
    "assumption": "warehouse/cost_figures.py",
    "selection_funnel": "transforms/selection.py",
    "flag_count": "transforms/hours.py",
    "flag_judgement": "transforms/inferred_flags.py",
    "build_month": "transforms/hours.py",
    "quality_result": "quality/checks.py",
    "external_check": "transforms/external",
}


def write_report(settings: Settings, *, anew: bool = False) -> Path:
    """Write the site of the published warehouse, point `reports/current` to it, and return its first page.

    A site that is there already is taken as it is, unless it is to be written `anew`. The release is recorded before
    the site is pointed at: a kill in between leaves a release that nobody saw, never a site that nobody remembers.

    Raises
    ------
    FileNotFoundError
        If nothing is published yet.

    """
    database, releases = WarehouseFolder(settings.home / "warehouse").current, ReleaseFolder(settings.home / "releases")
    with open_published(database) as warehouse, releases.lock():
        run = describe_run(warehouse.query, settings)
        reports, name = settings.home / "reports", _folder_name(run.snapshot_id, settings)
        existing = sorted(reports.glob(f"{name}*"))
        if existing and not anew and releases.exists(run.snapshot_id):
            _point_to(existing[-1])
            return reports / "current" / "index.html"
        for leftover in reports.glob(".*.tmp"):  # of a killed process: the lock says that no other is writing
            shutil.rmtree(leftover)
        release = publish_release(warehouse.query, run, releases, settings)
        unfinished = reports / f".{name}.{uuid.uuid4().hex[:8]}.tmp"
        try:
            write_public_database(unfinished / DATABASE.file, release.tables, describe_release(run, release))
            render_site(site_inputs(release.tables), run=run, out=unfinished, downloads=[DATABASE])
            releases.write(release.record)
            folder = reports / (f"{name}-{uuid.uuid4().hex[:8]}" if existing else name)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        _point_to(folder)
        for replaced in existing:
            shutil.rmtree(replaced)
        releases.forget_old(settings.snapshots_keep)
    return reports / "current" / "index.html"


def report_is_current(settings: Settings) -> bool:
    """Say whether `reports/current` is the site of the published warehouse, by today's code."""
    current = settings.home / "reports" / "current"
    database = WarehouseFolder(settings.home / "warehouse").current
    if not (current / "index.html").exists() or not database.exists():
        return False
    with open_published(database) as warehouse:
        snapshot = warehouse.query("SELECT snapshot_id FROM run ORDER BY published_at_utc, run_id")["snapshot_id"][-1]
    recorded = ReleaseFolder(settings.home / "releases").exists(snapshot)
    return recorded and current.resolve().name.startswith(_folder_name(snapshot, settings))


def _folder_name(snapshot_id: str, settings: Settings) -> str:
    made_by = fingerprint(
        code=code_fingerprint("report"),
        convention=settings.convention,
        threshold=settings.disclosure_threshold,
        references=fingerprint_references(settings.reference_folder),
    )
    return f"{snapshot_id}-{made_by[:8]}"


def _point_to(folder: Path) -> None:
    link = folder.with_name("current")
    new = folder.with_name(f".current.{uuid.uuid4().hex[:8]}")
    new.symlink_to(folder.name, target_is_directory=True)
    new.replace(link)


def describe_run(query: Query, settings: Settings) -> RunInfo:
    """Return the run that published the warehouse."""
    run: dict[str, Any] = query("SELECT * FROM run ORDER BY published_at_utc, run_id").row(-1, named=True)
    origins = query("SELECT DISTINCT origin FROM household WHERE origin IS NOT NULL ORDER BY origin")["origin"]
    return RunInfo(
        run_id=run["run_id"],
        snapshot_id=run["snapshot_id"],
        kind=run["kind"],
        published_at_utc=run["published_at_utc"],
        code_version=run["code_version"],
        code_fingerprint=run["code_fingerprint"],
        scenario=settings.scenario,
        convention=settings.convention,
        origin=", ".join(origins) or None,
    )


def publish_release(query: Query, run: RunInfo, releases: ReleaseFolder, settings: Settings) -> Release:
    """Take every table of the warehouse that may be published through disclosure control, beside all earlier releases."""
    return publish_all(
        query,
        release_id=run.snapshot_id,
        last=releases.latest(),
        cost=lcoh_table,
        remeasure=partial(_remeasure, query),
        compute=partial(_compute, settings, run.origin),
        compare=partial(_compare, query, settings.reference_folder, run.origin),
        rule=DisclosureRule(threshold=settings.disclosure_threshold),
    )


def _remeasure(query: Query, assumptions: pl.DataFrame, published: Mapping[str, PublicTable]) -> pl.DataFrame:
    """Put what the cost model takes from the homes anew, from the tables that are published.

    Of the diversity of homes, which is not, two figures of three digits are taken: how far the peak falls, and how fast.
    """
    profile, demand, fit = (published[name].frame for name in ("heat_profile", "heat_demand_annual", "weather_fit"))
    given = read_assumptions()
    if demand.is_empty():
        return replace_rows(assumptions, given.join(assumptions, on=tables.ASSUMPTION.key, how="semi"))
    seasonal = _performance(profile, fit, given)
    measured = measured_rows(
        period=str(demand["period"].max()), profile=profile, demand=demand, weather_fit=fit, seasonal=seasonal,
        diversity=query("SELECT * FROM diversity"), curve=query("SELECT * FROM diversity_curve"),
    )  # fmt: skip
    anew = replace_rows(given, measured).join(assumptions, on=tables.ASSUMPTION.key, how="semi")
    return replace_rows(assumptions, anew).sort(tables.ASSUMPTION.key)


def _compute(settings: Settings, origin: str | None, published: Mapping[str, PublicTable]) -> dict[Table, pl.DataFrame]:
    """Return the tables of costs that follow from published means."""
    demand, profile, assumptions, fit = (
        published[name].frame for name in ("heat_demand_annual", "heat_profile", "assumption", "weather_fit")
    )
    return {
        tables.SEASONAL_PERFORMANCE: _performance(profile, fit, assumptions),
        **cost_means(demand, profile, assumptions, settings, origin=origin),
    }


def _performance(profile: pl.DataFrame, fit: pl.DataFrame, assumptions: pl.DataFrame) -> pl.DataFrame:
    figures, normal = scenario_figures(assumptions, PAPER_SCENARIO), NormalWeather.from_tables(read_figures)
    return pl.concat([seasonal_performance(profile, fit, figures, normal), reference_performance(figures, normal)])


def _compare(
    query: Query, folder: Path | None, origin: str | None, published: Mapping[str, PublicTable]
) -> pl.DataFrame:
    return compare_with_studies(
        query,
        folder,
        profile=published["heat_profile"],
        season=published["heat_profile_season"],
        demand=published["heat_demand_annual"],
        origin=origin,
    ).rows


def site_inputs(published: Mapping[str, PublicTable]) -> SiteInputs:
    """Return the published tables as the site takes them."""
    return SiteInputs(
        demand=published["heat_demand_annual"],
        quantiles=published["heat_demand_quantile"],
        profile=published["heat_profile"],
        season=published["heat_profile_season"],
        weather_fit=published["weather_fit"],
        weather_days=published["weather_day"],
        lcoh=published["lcoh"],
        assumptions=published["assumption"],
        funnel=published["selection_funnel"],
        sources=published["source"],
        flags=published["flag_count"],
        judgements=published["flag_judgement"],
        checks=published["quality_result"],
        months=published["build_month"],
        external=published["external_check"],
        sensitivity=published["lcoh_sensitivity"],
        claims=published["claim"],
        probability=published["lcoh_probability"],
        break_even=published["break_even"],
        sobol=published["lcoh_sobol"],
        performance=published["seasonal_performance"],
        abatement=published["abatement"],
        finance=published["network_finance"],
        computed_by=COMPUTED_BY,
    )


def describe_release(run: RunInfo, release: Release) -> ReleaseInfo:
    """Return what the public database says of itself."""
    return ReleaseInfo(
        release_id=release.record.release_id,
        run_id=run.run_id,
        published_at_utc=run.published_at_utc,
        code_version=run.code_version,
        code_fingerprint=run.code_fingerprint,
        made_up_by=run.origin,
        threshold=release.record.threshold,
    )
