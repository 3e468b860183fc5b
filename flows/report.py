"""The report: published tables from the warehouse through disclosure control onto pages, swapped in by one rename."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from flows.fingerprints import code_fingerprint, fingerprint
from flows.settings import Settings
from quality.disclosure import (
    BY_DWELLING_TYPE,
    BY_HOUR,
    DisclosureRule,
    publish_cells,
    publish_checks,
    publish_flags,
    publish_following,
    publish_funnel,
    publish_ledger,
    publish_months,
    publish_open,
)
from reports.site import RunInfo, SiteInputs, render_site
from transforms import tables
from warehouse.publish import WarehouseFolder
from warehouse.reader import open_published

Query = Callable[[str], pl.DataFrame]

COMPUTED_BY = {
    "source": "transforms/parse.py",
    "heat_hourly": "transforms/hours.py",
    "household_period": "transforms/selection.py",
    "heat_profile": "transforms/profiles.py",
    "heat_demand_annual": "transforms/demand.py",
    "lcoh": "transforms/lcoh/table.py",
    "assumption": "warehouse/cost_figures.py",
    "selection_funnel": "transforms/selection.py",
    "flag_count": "transforms/hours.py",
    "build_month": "transforms/hours.py",
    "quality_result": "quality/checks.py",
}


def write_report(settings: Settings, *, anew: bool = False) -> Path:
    """Write the site of the published warehouse, point `reports/current` to it, and return its first page.

    A site that is there already is taken as it is, unless it is to be written `anew`.

    Raises
    ------
    FileNotFoundError
        If nothing is published yet.

    """
    with open_published(WarehouseFolder(settings.home / "warehouse").current) as warehouse:
        run = describe_run(warehouse.query, settings)
        inputs = read_site_inputs(warehouse.query, settings)
    reports, name = settings.home / "reports", _folder_name(run.snapshot_id, settings)
    existing = sorted(reports.glob(f"{name}*"))
    folder = reports / (f"{name}-{uuid.uuid4().hex[:8]}" if anew else name)
    if anew or not existing:
        partial = reports / f".{name}.{uuid.uuid4().hex[:8]}.tmp"
        render_site(inputs, run=run, out=partial)
        try:
            partial.rename(folder)
        except OSError:  # another process wrote the same site meanwhile
            shutil.rmtree(partial)
        _point_to(folder)
        for replaced in existing:
            shutil.rmtree(replaced)
    else:
        _point_to(existing[-1])
    return settings.home / "reports" / "current" / "index.html"


def report_is_current(settings: Settings) -> bool:
    """Say whether `reports/current` is the site of the published warehouse, by today's code."""
    current = settings.home / "reports" / "current"
    database = WarehouseFolder(settings.home / "warehouse").current
    if not (current / "index.html").exists() or not database.exists():
        return False
    with open_published(database) as warehouse:
        snapshot = warehouse.query("SELECT snapshot_id FROM run ORDER BY published_at_utc, run_id")["snapshot_id"][-1]
    return current.resolve().name.startswith(_folder_name(snapshot, settings))


def _folder_name(snapshot_id: str, settings: Settings) -> str:
    made_by = fingerprint(
        code=code_fingerprint("report"), convention=settings.convention, threshold=settings.disclosure_threshold
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


def read_site_inputs(query: Query, settings: Settings) -> SiteInputs:
    """Return the tables of the site, each through disclosure control."""
    rule = DisclosureRule(threshold=settings.disclosure_threshold)

    def table(name: str, where: str = "true") -> pl.DataFrame:
        return query(f"SELECT * FROM {name} WHERE {where}")

    homes = int(query("SELECT count(DISTINCT household_id) AS homes FROM heat_hourly")["homes"][0])
    demand = publish_cells(
        tables.HEAT_DEMAND_ANNUAL, table("heat_demand_annual"), margins=[BY_DWELLING_TYPE], rule=rule
    )
    return SiteInputs(
        demand=demand,
        profile=publish_cells(
            tables.HEAT_PROFILE,
            table("heat_profile", "dwelling_type = 'all'"),
            margins=[BY_HOUR],
            coarser=demand,
            rule=rule,
        ),
        lcoh=publish_following(
            tables.LCOH, table("lcoh"), of=demand, measured=pl.col("demand_basis") == "measured", rule=rule
        ),
        assumptions=publish_open(tables.ASSUMPTION, table("assumption"), rule=rule),
        funnel=publish_funnel(table("selection_funnel"), rule=rule),
        sources=publish_ledger(table("source"), rule=rule),
        flags=publish_flags(table("flag_count"), homes=homes, rule=rule),
        checks=publish_checks(
            table("quality_result", "run_id = (SELECT arg_max(run_id, published_at_utc) FROM run)"), rule=rule
        ),
        months=publish_months(table("build_month"), rule=rule),
        computed_by=COMPUTED_BY,
    )
