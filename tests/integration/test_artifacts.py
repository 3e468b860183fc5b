"""What a run leaves in Prefect: its page with the right figures, and the progress of stages that had work."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.runs import artifacts
from flows.runs.artifacts import RUN_KEY, describe_run, record_run, stage_progress
from flows.settings import Settings, load_settings
from tests.pipeline import run
from warehouse.runs import RunLog, read_runs

START = dt.datetime(2026, 1, 1, 2, tzinfo=dt.UTC)
AS_THE_COMMAND = {  # that made the sample's home
    name: Settings.model_fields[name].default for name in ("sobol_samples", "bootstrap_replicates")
}


def artifacts_of(flow_run_id: str) -> list[tuple[str, Any]]:
    """Return key and content of the artifacts of a flow run, oldest first."""
    chosen = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(flow_run_id)]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=chosen)
    by_age = sorted(found, key=lambda artifact: str(artifact.created))
    return [(str(artifact.key), artifact.data) for artifact in by_age]


@pytest.fixture(scope="module")
def first_run(sample_home: Path, prefect_api: str) -> dict[str, Any]:
    """Give the artifacts of the run that published the sample."""
    del prefect_api
    (log,) = read_runs(sample_home / "hearth-data" / "runs")
    assert log.flow_run_id
    return dict(artifacts_of(log.flow_run_id))  # files may be taken in more than once: the last time counts


def test_the_page_of_a_run_counts_what_was_delivered(first_run: dict[str, Any], sample_home: Path) -> None:
    page = first_run[RUN_KEY]
    lines = len((sample_home / "landing" / "edrp_gas.csv").read_bytes().splitlines())
    assert page.startswith("# nightly: published\n")
    assert re.search(rf"\| readings \| accepted \| 1 \| {lines:,} \|", page)
    assert "| households | accepted | 1 |" in page
    assert "**Sample data: the homes are made up.**" in page
    database = sample_home / "hearth-data" / "warehouse" / "current.duckdb"
    with duckdb.connect(str(database), read_only=True) as con:
        held, all_checks = con.execute("SELECT count(*) FILTER (passed), count(*) FROM quality_result").fetchone() or (
            0,
            0,
        )
    assert f"passed; {held} of {all_checks} checks hold" in page


def test_the_headline_figures_are_the_published_ones(first_run: dict[str, Any], sample_home: Path) -> None:
    public = next((sample_home / "hearth-data" / "reports" / "current" / "downloads").glob("public*.duckdb"))
    with duckdb.connect(str(public), read_only=True) as con:
        heat, homes = con.execute(
            "SELECT heat_kwh_mean, households FROM heat_demand_annual WHERE dwelling_type = 'all'"
        ).fetchone() or (0, 0)
        costs = con.execute(
            "SELECT system, lcoh_gbp_per_mwh FROM lcoh WHERE scenario = 'current2026' AND convention = 'best_practice' AND dwelling_type = 'all' "
            "AND demand_basis = 'measured' AND system <> 'network'"
        ).fetchall()
    page = first_run[RUN_KEY]
    assert f"**{heat:,.0f} kWh** ({homes:,} homes)" in page
    assert homes % 10 == 0
    assert len(costs) == 3
    for system, cost in costs:
        assert f"| {system} | individual | all | measured | {cost:,.1f} |" in page


def test_each_stage_with_work_ends_at_its_whole(first_run: dict[str, Any]) -> None:
    progress = {key: data for key, data in first_run.items() if key != RUN_KEY}
    assert {"hearth-ingest", "hearth-build-months", "hearth-aggregate-periods", "hearth-cost-heat"} <= progress.keys()
    assert set(progress.values()) == {100.0}


def test_a_run_with_nothing_new_leaves_its_page_alone(sample_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_home / "hearth-data", home, symlinks=True, ignore=shutil.ignore_patterns("prefect"))
    log = run(home, sample_home / "landing", settings=AS_THE_COMMAND)
    assert log["outcome"] == "unchanged"
    found = artifacts_of(log["flow_run_id"])
    ((key, page),) = found
    assert key == RUN_KEY
    assert page.startswith("# nightly: unchanged\n")
    assert "## Headline results" in page


def test_a_page_tells_no_details_of_an_error_and_names_failed_checks(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    log: dict[str, Any] = {"run_id": "r1", "kind": "nightly", "started_at_utc": START}
    failed = describe_run(settings, RunLog(**log, outcome="failed", message="ValueError: home 4711 is odd"))
    assert failed.startswith("# nightly: failed (ValueError; `hearth status` says more)")
    assert "4711" not in failed
    names = [f"check_{n}" for n in range(12)]
    stopped = describe_run(settings, RunLog(**log, outcome="gate_failed", message="home 4711", failed_checks=names))
    assert "failed, nothing was published: `check_0`, `check_1`" in stopped
    assert "`check_9` and 2 more" in stopped
    assert "4711" not in stopped


@flow
def stage(name: str, pieces: int, done: int) -> str:
    """Run a stage whose pieces do nothing, and return the id of the flow run."""
    from prefect.runtime import flow_run

    with stage_progress(name, pieces=pieces, amount=float(pieces)) as tick:
        for _ in range(done):
            tick(1.0)
    return str(flow_run.id)


def test_a_stage_without_work_leaves_nothing(prefect_api: str) -> None:
    del prefect_api
    assert artifacts_of(stage("none", 0, 0)) == []


def test_one_artifact_follows_a_stage_and_stays_where_it_stopped(
    prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del prefect_api
    monkeypatch.setattr(artifacts, "EVERY_SECONDS", 0.0)
    assert artifacts_of(stage("half way", 4, 2)) == [("hearth-half-way", 50.0)]


def test_what_cannot_be_written_fails_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = RunLog(run_id="r1", kind="nightly", started_at_utc=START, outcome="unchanged", flow_run_id="x")
    start = time.monotonic()
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        record_run(load_settings(home=tmp_path), log)
        with stage_progress("ingest", pieces=2, amount=2.0) as tick:
            tick(1.0)
    assert time.monotonic() - start < 60
    told = capsys.readouterr().err
    assert "the page of the run could not be written to Prefect" in told
    assert told.count("the progress of ingest could not be written to Prefect") == 1
