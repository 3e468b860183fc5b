"""What a run leaves beside its tables, logs, Prefect's database, alerts and what it printed, names no home and no reading."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from pathlib import Path

import pytest

from tests.forgettable_homes import files_naming
from tests.pipeline import write_edrp
from tests.running_up import HEARTH, QUICK, own_environment
from tests.webhook_server import serve

HOMES = ("7f3a9c1e5b2d8046", "c0ffee5ca1ab1e77", "0badcafe0d15ea5e")  # long, so that none stands anywhere by chance
READING = "3.141592"
TRACES = ("runs", "prefect", "alerts")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, list[str]]:
    """Give a data folder after a run that refuses a file, rejects lines and misses a home; what it printed and posted."""
    root = tmp_path_factory.mktemp("traces")
    home, landing = root / "home", root / "landing"
    gas = write_edrp(
        landing / "gas.csv", {str(n): 0.5 + n / 10 for n in range(3)}, dt.date(2009, 1, 1), dt.date(2009, 2, 1)
    )
    header, *lines = gas.read_text(encoding="utf-8").splitlines()
    named = [f"{HOMES[int(line.partition(',')[0])]},{line.partition(',')[2]}" for line in lines]
    named[5] = f"{named[5].rpartition(',')[0]},{READING}"
    gas.write_text("\n".join([header, *named, f"{HOMES[0]},no stamp,1,{READING}"]) + "\n", encoding="utf-8")
    (landing / "refused.csv").write_text(f"{HOMES[1]},01JAN09:00:30:00,2,{READING}\n", encoding="utf-8")
    (landing / "households.csv").write_text(
        f"household_id,dwelling_type\n{HOMES[0]},flat\n{HOMES[1]},flat\n", encoding="utf-8"
    )
    webhook, server = serve([200])
    try:
        done = subprocess.run(
            [HEARTH, "run", "--home", home, "--landing", landing],
            env=own_environment() | QUICK | {"HEARTH_ALERT_URL": webhook.url, "HEARTH_REPORT_AFTER_RUN": "false"},
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=280,
        )  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()
    posted = [json.dumps(one) for one in webhook.got]
    assert done.returncode == 0, done.stderr
    return home, done.stdout + done.stderr, posted


def test_logs_prefects_database_and_alerts_name_no_home_and_no_reading(ran: tuple[Path, str, list[str]]) -> None:
    home, printed, posted = ran
    assert posted
    assert list((home / "prefect").glob("*.db"))
    for wanted in (*HOMES, READING):
        found = {place for place in files_naming(home, wanted) if place.startswith(TRACES)}
        assert found == set(), wanted
        assert wanted not in printed
        assert not [post for post in posted if wanted in post]


def test_the_search_finds_what_is_there(ran: tuple[Path, str, list[str]]) -> None:
    home, printed, _ = ran
    assert "refused.csv" in printed
    assert {place.split("/")[0] for place in files_naming(home, HOMES[0])} >= {"lake", "warehouse"}
    assert {place for place in files_naming(home, "published") if place.startswith("runs")}
