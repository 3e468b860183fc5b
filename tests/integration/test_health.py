"""OK, WARN or FAIL: what monitoring reads of a data folder, and the lines that tell of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.operations.freshness import FeedState
from flows.operations.health import Health
from flows.operations.status import describe_feed
from flows.server.run_watch import RunWatch
from quality.gate import describe_finding
from warehouse.runs import RunLog, running, write_run

NOW = dt.datetime.now(dt.UTC)
NOTHING = "nothing is published yet"


def check(home: Path) -> tuple[int, str]:
    """Return what `hearth status --check` exits with and prints."""
    ran = CliRunner().invoke(app, ["status", "--check", "--home", str(home)])
    return ran.exit_code, ran.stdout


def leave_run(home: Path, **told: Any) -> None:
    """Leave the log of a run that has ended."""
    write_run(home / "runs", RunLog(**{"run_id": "r1", "kind": "nightly", "started_at_utc": NOW} | told))


@pytest.mark.parametrize(
    ("told", "code", "line"),
    [
        ({"outcome": "unchanged"}, 1, NOTHING),
        ({"outcome": "interrupted", "message": "4 of 12 months kept"}, 1, "was interrupted, 4 of 12 months kept"),
        ({"outcome": "unchanged", "unreadable": ["a.csv"]}, 1, "1 file cannot be read"),
        ({"outcome": "running"}, 2, "the last nightly was killed or lost power"),  # nobody holds its lock
        ({"outcome": "gate_failed", "failed_checks": ["a", "b"]}, 2, "the gate stopped the last run: 2 checks"),
        ({"outcome": "landing_missing", "message": "there is no folder x"}, 2, "the landing folder is missing"),
        ({"outcome": "nothing_usable", "message": "no file"}, 2, "found nothing usable"),
        ({"outcome": "failed", "message": "OSError: no disk\nmore"}, 2, "the last nightly failed: OSError: no disk;"),
    ],
)
def test_the_last_run_decides_between_warn_and_fail(told: dict[str, Any], code: int, line: str, tmp_path: Path) -> None:
    leave_run(tmp_path, **told)
    exit_code, said = check(tmp_path)
    assert exit_code == code
    assert said.startswith(("OK", "WARN", "FAIL")[code])
    assert line in said
    assert len(said.splitlines()) == 1


def test_a_run_after_the_bad_one_makes_it_good(tmp_path: Path) -> None:
    leave_run(tmp_path, outcome="gate_failed")
    assert check(tmp_path)[0] == 2
    leave_run(tmp_path, run_id="r2", outcome="unchanged", started_at_utc=NOW + dt.timedelta(seconds=1))
    assert check(tmp_path)[0] == 1


def test_a_published_warehouse_with_its_report_is_ok_and_the_plain_command_exits_0(sample_home: Path) -> None:
    home = sample_home / "hearth-data"
    assert check(home) == (0, "OK         nothing needs attention\n")
    ran = CliRunner().invoke(app, ["status", "--home", str(home)])
    assert ran.exit_code == 0
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("OK ")
    assert next(line for line in lines if line.startswith("gate")).startswith("gate       passed; 0 warnings in ")
    assert "  edrp (landing folder): ends Dec 2009" in lines


def test_health_is_one_line_with_the_worst_first() -> None:
    assert Health(level="OK", reasons=[]).exit_code == 0
    worst = Health(level="FAIL", reasons=["no disk", "late"])
    assert (worst.exit_code, worst.describe()) == (2, "FAIL       no disk; late")


def test_a_finding_is_a_sentence_without_json() -> None:
    row = {
        "check_name": "a.check", "meaning": "every home has a type", "observed": 2.0, "lower": 0.0, "upper": 0.0,
        "sample_keys": '[{"household_id": "7", "period": "2009"}, {"household_id": "9", "period": "2009"}]',
    }  # fmt: skip
    said = describe_finding(row, with_homes=True)
    assert said.startswith("a.check expects: every home has a type. Found: 2, expected at most 0")
    assert said.endswith("such as household_id 7, period 2009; household_id 9, period 2009")
    assert not set('{}[]"') & set(said)
    anonymous = describe_finding(row, with_homes=False)
    assert anonymous.endswith("expected at most 0, such as period 2009")
    keys = '[{"source_id": "ab12", "file_name": "gas.csv", "flagged": 21480, "year": 2009, "share": 0.372916, "home": null}]'
    assert describe_finding(row | {"sample_keys": keys}, with_homes=False).endswith(
        "such as file_name gas.csv, flagged 21,480, year 2009, share 0.3729"
    )
    assert (
        describe_finding(row | {"observed": None, "sample_keys": None}, with_homes=True)
        == "a.check expects: every home has a type."
    )


@pytest.mark.parametrize(
    ("days", "told"), [(0, "newest reading 2009-12-31 23:30 UTC, today"), (1, "1 day old"), (6000, "ends Dec 2009")]
)
def test_the_age_of_a_feed_is_told_as_people_say_it(days: int, told: str) -> None:
    newest = dt.datetime(2009, 12, 31, 23, 30, tzinfo=dt.UTC)
    feed = FeedState(feed="edrp/.", newest_utc=newest, days_old=days, days_behind=0, alarm=None)
    assert told in describe_feed(feed)
    assert describe_feed(feed).startswith("  edrp (landing folder): ")


def test_hearth_up_tells_of_each_run_once_when_it_begins_and_once_when_it_has_ended(tmp_path: Path) -> None:
    leave_run(tmp_path, run_id="old", outcome="published")
    watch = RunWatch(tmp_path / "runs")
    assert watch.look() == []
    log = RunLog(run_id="new", kind="backfill", reason="new rule", started_at_utc=NOW)
    with running(tmp_path / "runs", log):
        assert watch.look() == ["run        new begins: backfill, new rule"]
        assert watch.look() == []
        log.outcome = "published"
    (line,) = watch.look()
    assert line.startswith("run        new ended: published after ")
    assert watch.look() == []
