"""One small run from end to end: what `make quick` asks beside the unit tests."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from warehouse.reader import open_published

HOMES = 60


def test_sixty_homes_become_a_warehouse_and_a_report_that_agree_with_their_files(sample_home: Path) -> None:
    data = sample_home / "hearth-data"
    (log,) = [json.loads(path.read_text()) for path in (data / "runs").glob("*.json")]
    assert log["outcome"] == "published"
    with open_published(data / "warehouse" / "current.duckdb") as warehouse:
        (source,) = warehouse.query("SELECT * FROM source WHERE kind = 'readings'").to_dicts()
        counted = warehouse.query("SELECT count(*) FROM household").item()
        gas, heat = warehouse.query("SELECT sum(gas_kwh), sum(heat_kwh) FROM heat_hourly").row(0)
        annual, bars = warehouse.query(
            "SELECT max(heat_kwh_mean) FILTER (dwelling_type = 'all'), count(*) FROM heat_demand_annual"
        ).row(0)
        costs = warehouse.query("SELECT min(lcoh_gbp_per_mwh), max(lcoh_gbp_per_mwh) FROM lcoh").row(0)
    lines = (sample_home / "landing" / source["file_name"]).read_text(encoding="utf-8").count("\n")
    assert (
        source["lines"]
        == lines
        == source["header_lines"] + source["blank_lines"] + source["readings"] + source["rejects"]
    )
    assert HOMES - 2 <= counted <= HOMES  # the household table lacks one or two on purpose
    assert heat == pytest.approx(gas * 0.8054)
    assert bars >= 2
    assert 8_000 < annual < 20_000
    assert 0 < costs[0] < costs[1] < 500
    page = (data / "reports" / "current" / "index.html").read_text(encoding="utf-8")
    assert re.search(r"made up|made-up", page)
    assert (data / "reports" / "current" / "downloads" / "public.duckdb").is_file()
