"""One bad delivery is named and left out; the rest is published as if it had not come."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.operations.quarantine import decide
from flows.operations.rehearsal import compare_backfill
from flows.operations.status import describe_status, read_status
from flows.pipeline import publication
from flows.pipeline.ingest import ingest_file, plan_ingest
from flows.pipeline.ingest_decisions import ingest_options
from flows.settings import load_settings
from tests.pipeline import copy_home, read_tables, write_edrp
from tests.pipeline import run_without_report as run
from warehouse.lake import Lake
from warehouse.publish import WarehouseFolder
from warehouse.quarantine import decision_key, read_decisions

FIRST = {str(n): 0.5 + 0.02 * n for n in range(1, 13)}
SECOND = {str(n): 0.5 + 0.02 * n for n in range(13, 25)}
WINTER = (dt.date(2009, 2, 10), dt.date(2009, 3, 1))
MARCH = (dt.date(2009, 3, 1), dt.date(2009, 3, 11))  # 120 home-days: enough to be judged
M3_AS_KWH = 11.22


def times(homes: dict[str, float], factor: float) -> dict[str, float]:
    """Return homes at another level."""
    return {home: level * factor for home, level in homes.items()}


@pytest.fixture(scope="module")
def winter(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Path:
    """Give a folder with three weeks of 24 homes published; tests work on copies."""
    del prefect_api
    root = tmp_path_factory.mktemp("winter")
    write_edrp(root / "landing" / "supplier" / "winter.csv", FIRST | SECOND, *WINTER)
    assert run(root / "home", root / "landing")["outcome"] == "published"
    return root


@pytest.fixture
def root(winter: Path, tmp_path: Path) -> Path:
    """Give a copy of the winter in which a test may deliver files."""
    return copy_home(winter, tmp_path)


def deliver(root: Path, name: str, homes: dict[str, float]) -> Path:
    """Deliver readings of March."""
    return write_edrp(root / "landing" / "supplier" / name, homes, *MARCH)


def night(root: Path, **settings: Any) -> dict[str, Any]:
    """Run over the landing folder."""
    return run(root / "home", root / "landing", settings=settings)


def without_ledger(root: Path) -> dict[str, pl.DataFrame]:
    """Return the published tables but the ledger of files."""
    return {name: frame for name, frame in read_tables(root / "home").items() if name != "source"}


def ledger(root: Path) -> dict[str, tuple[str, bool, str | None]]:
    """Return outcome, whether superseded, and reason by source id."""
    rows = read_tables(root / "home")["source"].select("source_id", "outcome", "superseded", "reason").rows()
    return {source: (outcome, superseded, reason) for source, outcome, superseded, reason in rows}


def quarantined(root: Path) -> list[str]:
    """Return the names of the files that are left out."""
    decisions = read_decisions(Lake(root / "home" / "lake"))
    return [decision.file_name for decision in decisions if decision.state == "quarantined"]


def hearth(root: Path, *arguments: str) -> tuple[int, str]:
    """Run a command on the home and return its exit code and output."""
    result = CliRunner().invoke(app, [*arguments, "--home", str(root / "home")])
    return result.exit_code, result.output


def test_a_comparison_names_the_file_that_the_backfill_would_leave_out(root: Path) -> None:
    deliver(root, "wrong.csv", times(FIRST, M3_AS_KWH))
    deliver(root, "right.csv", SECOND)
    settings = load_settings(home=root / "home", report_after_run=False, landing_quiet_seconds=0)
    options = ingest_options(settings, today=dt.datetime.now(dt.UTC).date())
    for work in plan_ingest(settings.folders.lake, root / "landing", options).works:
        ingest_file(settings.folders.lake, work, options)
    lines = compare_backfill(settings, "2009-02", "2009-03").splitlines()
    assert any("24 homes" in line or "household_period" in line or "build_month" in line for line in lines)
    assert [line for line in lines if "it would leave out supplier/wrong.csv: " in line] == lines[-1:]
    assert quarantined(root) == []


def test_a_delivery_in_another_unit_is_named_and_left_out(root: Path) -> None:
    before = without_ledger(root)
    deliver(root, "march.csv", times(FIRST, M3_AS_KWH))
    log = night(root)
    assert log["outcome"] == "published"
    assert "warning: source.none_is_quarantined expects" in log["message"]
    assert "supplier/march.csv" in log["message"]
    after = without_ledger(root)
    assert [name for name in before if not before[name].equals(after[name])] == []
    ((outcome, superseded, reason),) = [row for row in ledger(root).values() if row[0] != "accepted"]
    assert (outcome, superseded) == ("quarantined", False)
    assert reason is not None
    assert "source_level.keeps_to_its_homes_level counts 1" in reason
    current = WarehouseFolder(root / "home" / "warehouse").current.stat()
    assert night(root)["outcome"] == "unchanged"
    assert WarehouseFolder(root / "home" / "warehouse").current.stat().st_ino == current.st_ino
    told = describe_status(read_status(load_settings(home=root / "home")))
    assert "supplier/march.csv: QUARANTINED, it alone explains that the gate failed" in told
    code, listed = hearth(root, "quarantine")
    assert (code, listed.count("\n")) == (0, 1)
    assert "supplier/march.csv: quarantined" in listed
    assert json.loads(hearth(root, "quarantine", "--json")[1])[0]["state"] == "quarantined"


def test_of_two_bad_deliveries_none_is_left_out_and_the_gate_fails(root: Path) -> None:
    folder = WarehouseFolder(root / "home" / "warehouse")
    before = folder.current.stat()
    deliver(root, "march_a.csv", times(FIRST, M3_AS_KWH))
    deliver(root, "march_b.csv", times(SECOND, M3_AS_KWH))
    log = night(root)
    assert log["outcome"] == "gate_failed"
    assert "march_a.csv" in log["message"]
    assert "march_b.csv" in log["message"]
    assert quarantined(root) == []
    now = folder.current.stat()
    assert (now.st_ino, now.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert hearth(root, "quarantine", "--put", "supplier/march_a.csv")[0] == 0
    assert night(root)["outcome"] == "published"  # the other one is the only one that is left
    assert set(quarantined(root)) == {"supplier/march_a.csv", "supplier/march_b.csv"}


def test_a_bad_delivery_beside_healthy_ones_is_found_on_the_first_night(tmp_path: Path, winter: Path) -> None:
    shutil.copytree(winter / "landing", tmp_path / "landing")
    deliver(tmp_path, "march_a.csv", times(FIRST, 1 / M3_AS_KWH))
    deliver(tmp_path, "march_b.csv", SECOND)
    assert night(tmp_path)["outcome"] == "published"
    assert quarantined(tmp_path) == ["supplier/march_a.csv"]
    homes = read_tables(tmp_path / "home")["household"].filter(pl.col("last_interval_utc") >= dt.datetime(2009, 3, 1))
    assert set(homes["household_id"]) == set(SECOND)


def test_a_lifted_source_is_judged_again_and_an_accepted_one_taken_as_it_is(root: Path) -> None:
    deliver(root, "march.csv", times(FIRST, M3_AS_KWH))
    night(root)
    code, told = hearth(root, "quarantine", "--lift", "supplier/march.csv")
    assert (code, "judges it like any other" in told) == (0, True)
    assert quarantined(root) == []
    log = night(root)
    assert log["outcome"] == "unchanged"
    assert "quarantined again" in log["message"]
    (name,) = quarantined(root)
    assert hearth(root, "quarantine", "--accept", name)[0] == 0
    log = night(root)
    assert log["outcome"] == "published"
    assert "warning: source_level.small_source_keeps_its_level expects" in log["message"]
    assert quarantined(root) == []
    assert {outcome for outcome, _, _ in ledger(root).values()} == {"accepted"}
    flags = read_tables(root / "home")["flag_count"]
    assert flags["source_id"].n_unique() == 2


def test_a_corrected_file_replaces_the_one_that_was_left_out(root: Path) -> None:
    deliver(root, "march.csv", times(FIRST, M3_AS_KWH))
    night(root)
    deliver(root, "march.csv", FIRST)
    log = night(root)
    assert (log["outcome"], "quarantined" in log["message"]) == ("published", False)
    assert sorted((outcome, superseded) for outcome, superseded, _ in ledger(root).values()) == [
        ("accepted", False),
        ("accepted", False),
        ("quarantined", True),
    ]


def test_a_healthy_delivery_is_taken_in_and_stays_in_use_when_bad_content_takes_its_place(root: Path) -> None:
    deliver(root, "march.csv", FIRST)
    assert night(root)["outcome"] == "published"
    assert quarantined(root) == []
    assert read_tables(root / "home")["build_month"]["month"].dt.month().to_list() == [2, 3]
    before = without_ledger(root)
    deliver(root, "march.csv", times(FIRST, M3_AS_KWH))
    assert night(root)["outcome"] == "published"
    after = without_ledger(root)
    assert [name for name in before if not before[name].equals(after[name])] == []
    assert sorted((outcome, superseded) for outcome, superseded, _ in ledger(root).values()) == [
        ("accepted", False),
        ("accepted", False),
        ("quarantined", False),
    ]


def test_a_run_that_dies_before_the_rename_is_made_good_by_the_next(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = without_ledger(root)
    deliver(root, "march.csv", times(FIRST, M3_AS_KWH))

    def die(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as power:
        power.setattr(publication, "put_in_place", die)
        with pytest.raises(RuntimeError, match="power cut"):
            night(root)
    assert quarantined(root) == ["supplier/march.csv"]
    assert len(ledger(root)) == 1
    assert night(root)["outcome"] == "published"
    after = without_ledger(root)
    assert [name for name in before if not before[name].equals(after[name])] == []


def test_a_decision_is_content_that_no_sweep_takes(root: Path) -> None:
    march = deliver(root, "march.csv", times(FIRST, M3_AS_KWH))
    night(root, collect_after_days=0)
    (decision,) = read_decisions(Lake(root / "home" / "lake"))
    assert Lake(root / "home" / "lake").exists(decision_key(decision.source_id))
    march.unlink()
    assert night(root, collect_after_days=0)["outcome"] == "unchanged"
    assert quarantined(root) == ["supplier/march.csv"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--lift", "never.csv"],
            "no source of readings is named 'never.csv'; there are 1, such as supplier/winter.csv",
        ),
        (["--lift", "supplier/winter.csv"], "is not quarantined"),
        (["--lift", "a", "--put", "b"], "one of --lift, --accept and --put"),
    ],
)
def test_what_cannot_be_decided_is_told(root: Path, arguments: list[str], says: str) -> None:
    code, told = hearth(root, "quarantine", *arguments)
    assert code == 2
    assert says in told


def test_with_every_source_put_aside_there_is_nothing_to_publish(root: Path) -> None:
    assert "no source is quarantined" in hearth(root, "quarantine")[1]
    settings = load_settings(home=root / "home")
    (source,) = ledger(root)
    assert "the next run publishes without it" in decide(settings, source[:20], "quarantined")
    log = night(root)
    assert log["outcome"] == "nothing_usable"
    assert "1 are quarantined" in log["message"]


def test_a_silent_night_says_which_feed_is_late(root: Path) -> None:
    log = night(root, freshness_days=30)
    assert log["outcome"] == "unchanged"
    assert "edrp/supplier ends 2009-02-28 23:30 UTC" in log["message"]
    state = read_status(load_settings(home=root / "home", freshness_days=30))
    assert "LATE: more than 30 days old" in describe_status(state)
    assert [feed.alarm for feed in read_status(load_settings(home=root / "home")).feeds] == [None]
    assert state.gate is not None
    assert [what.split(":")[0] for what in state.gate.not_judged][:2] == ["drift", "age of the newest readings"]
