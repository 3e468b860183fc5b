"""The nightly schedule on a server as production runs it."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from flows.server.client import NO_TRACKING, PrefectServer
from flows.server.keeper import copy_template
from tests.pipeline import write_edrp
from tests.running_up import HEARTH
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.views import VIEWS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def production(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give an environment whose Prefect server runs with all its services, as `prefect server start` does."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    environment |= NO_TRACKING | {"PREFECT_HOME": str(tmp_path), "PREFECT_API_URL": url}
    copy_template(tmp_path / "prefect.db")
    command = [sys.executable, "-m", "prefect", "server", "start", "--no-ui", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        PrefectServer(url).wait_ready()
        yield environment
    finally:
        server.terminate()
        server.wait()


def ask(environment: dict[str, str], path: str, body: dict[str, Any]) -> Any:
    """Post to the API and return its answer."""
    headers = {"Content-Type": "application/json"}
    with httpx.Client(base_url=environment["PREFECT_API_URL"], trust_env=False, headers=headers, timeout=60) as client:
        return client.post(path, json=body).raise_for_status().json()


def test_the_deployment_of_prefect_yaml_is_scheduled_at_two_in_london(production: dict[str, str]) -> None:
    ask(production, "work_pools/", {"name": "hearth", "type": "process"})
    deploy = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    subprocess.run(deploy, cwd=ROOT, env=production, check=True, capture_output=True)
    scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    deadline = time.monotonic() + 60
    while not (runs := ask(production, "flow_runs/filter", scheduled)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert len(runs) > 0
    starts = [dt.datetime.fromisoformat(run["expected_start_time"]) for run in runs]
    assert {start.astimezone(ZoneInfo("Europe/London")).strftime("%H:%M") for start in starts} == {"02:00"}


def test_a_publication_tells_its_tables_as_assets_and_a_night_with_nothing_new_tells_none(
    production: dict[str, str], tmp_path: Path
) -> None:
    write_edrp(tmp_path / "landing" / "gas.csv", {"1": 0.5, "2": 0.8}, dt.date(2009, 1, 1), dt.date(2009, 2, 1))
    home = tmp_path / "a home"
    settings = {"HEARTH_REPORT_AFTER_RUN": "false", "HEARTH_SOBOL_SAMPLES": "64"}
    night = [HEARTH, "run", "--home", home, "--landing", tmp_path / "landing"]

    def tell() -> list[dict[str, Any]]:
        subprocess.run(night, env=production | settings, check=True, capture_output=True)
        made = {"filter": {"event": {"name": ["prefect.asset.materialization.succeeded"]}}, "limit": 50}
        deadline = time.monotonic() + 30
        while not (page := ask(production, "events/filter", made))["events"] and time.monotonic() < deadline:
            time.sleep(0.5)
        found = list(page["events"])
        while page["next_page"]:
            page = httpx.get(page["next_page"], trust_env=False, timeout=60).raise_for_status().json()
            found += page["events"]
        return found

    told = tell()
    keys = {event["resource"]["prefect.resource.id"] for event in told}
    assert keys == {f"hearth://a-home/warehouse/{table.name}" for table in (*WAREHOUSE_TABLES, *VIEWS)}
    assert {event["payload"]["snapshot_id"] for event in told} == {
        snapshot.stem for snapshot in (home / "warehouse" / "snapshots").iterdir()
    }
    assert len(tell()) == len(told)
