"""The published tables as Prefect assets: each publication, and nothing else, tells that they were made.

A server that stores events shows them under `prefect.asset.materialization.succeeded`, Prefect Cloud in its catalogue. The
server that Hearth starts for itself stores none. Nothing of their rows is told: Prefect may be somebody else's server.
"""

from __future__ import annotations

import re

from prefect.assets import Asset, AssetProperties, add_asset_metadata, materialize
from prefect.cache_policies import NO_CACHE

from flows.progress import say
from flows.settings import Settings
from transforms.schema import Table
from transforms.tables import VIEWS, WAREHOUSE_TABLES
from warehouse.runs import RunLog

MADE_BY = "hearth"
NOT_IN_A_KEY = r"[^0-9A-Za-z._-]"  # Prefect allows more; a folder's name may hold anything


def record_tables(settings: Settings, log: RunLog) -> None:
    """Tell Prefect which tables a run has published; trouble with Prefect is said and stops nothing."""
    if log.outcome != "published":
        return
    tables = {describe_asset(settings, table): table for table in (*WAREHOUSE_TABLES, *VIEWS)}

    @materialize(
        *tables, by=MADE_BY, name="tables", task_run_name="tables", cache_policy=NO_CACHE, persist_result=False
    )
    def tell() -> None:
        for asset, table in tables.items():
            told = {"run_id": log.run_id, "snapshot_id": log.snapshot_id, "tier": table.tier, "key": list(table.key)}
            add_asset_metadata(asset, told)

    try:
        tell()
    except Exception as error:  # noqa: BLE001 - what was published stays published, whatever Prefect makes of it
        say(f"the published tables could not be told to Prefect: {type(error).__name__}: {error}")


def describe_asset(settings: Settings, table: Table) -> Asset:
    """Return a table as an asset; homes of one server are told apart by the name of their folder."""
    home = re.sub(NOT_IN_A_KEY, "-", settings.home.resolve().name)
    return Asset(
        key=f"hearth://{home}/warehouse/{table.name}",
        properties=AssetProperties(name=table.name, description=table.grain),
    )
