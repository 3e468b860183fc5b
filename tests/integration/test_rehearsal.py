"""`hearth backfill --dry-run --compare`: what a changed rule would move is told before it is carried out, and nothing is left."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from flows.answers.diff import describe_publication
from flows.cli.main import app
from flows.operations import rehearsal
from flows.operations.rehearsal import clear_abandoned, compare_backfill
from flows.settings import Settings, load_settings
from tests.pipeline import run_without_report as run
from tests.pipeline import write_edrp, write_households

SPAN = ("2009-01", "2009-12")
NEW_RULE = {"completeness_min": 0.9, "sobol_samples": 64, "bootstrap_replicates": 100}
OLD_RULE = NEW_RULE | {"completeness_min": 0.99}
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Path:
    """Give a data folder with a year of 12 homes, of which one begins late, ends early and counts by the new rule alone."""
    del prefect_api
    root = tmp_path_factory.mktemp("rehearsal")
    homes = {str(n): 0.3 + 0.05 * n for n in range(1, 12)}
    write_edrp(root / "landing" / "a.csv", homes, dt.date(2009, 1, 1), dt.date(2010, 1, 1))
    write_edrp(root / "landing" / "b.csv", {"12": 0.9}, dt.date(2009, 1, 10), dt.date(2009, 12, 20))
    write_households(root / "landing" / "households.csv", dict.fromkeys([*homes, "12"], "flat"))
    assert run(root / "home", root / "landing", settings=OLD_RULE)["outcome"] == "published"
    return root / "home"


@pytest.fixture
def home(published: Path, tmp_path: Path) -> Path:
    """Give a copy of the data folder."""
    return Path(shutil.copytree(published, tmp_path / "home", symlinks=True))


def new_rule(home: Path) -> Settings:
    """Return the settings with the rule that is tried."""
    return load_settings(home=home, report_after_run=False, **NEW_RULE)


def list_files(home: Path) -> dict[str, tuple[str, int, int]]:
    """Return content, mode and time of every file, and mode of every folder; Prefect's own files left out."""
    return {
        path.relative_to(home).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mode,
            path.stat().st_mtime_ns if path.is_file() else 0,
        )
        for path in home.rglob("*")
        if "prefect" not in path.relative_to(home).parts
    }


def test_what_a_rule_would_move_is_what_the_backfill_moves_and_nothing_is_left(home: Path) -> None:
    before = list_files(home)
    told = compare_backfill(new_rule(home), *SPAN).splitlines()
    assert list_files(home) == before
    assert told[0].endswith(" to what the backfill would publish")
    (heat,) = (line for line in told if "all homes, " in line and "11 to 12 homes" in line)
    assert "kWh (+" in heat
    log = run(home, settings=NEW_RULE, kind="backfill", first_month=SPAN[0], last_month=SPAN[1])
    moved = (describe_publication(new_rule(home), log) or "").splitlines()
    assert moved[1:] == told[1:]
    assert compare_backfill(new_rule(home), *SPAN).startswith("nothing would move")


def test_the_dry_run_names_the_option_and_the_option_goes_with_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEW_RULE.items():
        monkeypatch.setenv(f"HEARTH_{name.upper()}", str(value))
    call = ["backfill", "--from", SPAN[0], "--to", SPAN[1], "--home", str(home)]
    before = list_files(home)
    plain = CliRunner().invoke(app, [*call, "--dry-run"])
    assert plain.exit_code == 0, plain.output
    assert "add --compare" in plain.stdout
    assert "homes" not in plain.stdout
    compared = CliRunner().invoke(app, [*call, "--dry-run", "--compare"])
    assert compared.exit_code == 0, compared.output
    assert "11 to 12 homes" in compared.stdout
    assert "--compare goes with --dry-run" in CliRunner().invoke(app, [*call, "--compare"]).output
    assert list_files(home) == before


def test_what_the_gate_would_refuse_is_said(home: Path) -> None:
    (damaged,) = (home / "lake").glob("heat_hourly/month=2009-01/*.parquet")
    pl.read_parquet(damaged).with_columns(pl.col("gas_kwh", "heat_kwh") * 1.01).write_parquet(damaged)
    before = list_files(home)
    told = compare_backfill(new_rule(home).model_copy(update={"full_audit": True}), *SPAN)
    assert "the gate would refuse it, and nothing be published: " in told
    assert "11 to 12 homes" in told
    assert list_files(home) == before


def test_an_interrupted_comparison_leaves_nothing_and_a_killed_one_is_cleared(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_files(home)

    def interrupt(*_: object) -> None:
        assert (home / ".rehearsal" / "lake" / "sources").is_dir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rehearsal, "publish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            compare_backfill(new_rule(home), *SPAN)
    assert list_files(home) == before
    left = home / ".rehearsal" / "lake"
    left.mkdir(parents=True)
    (left / "object.parquet").write_bytes(b"left by a kill")
    assert "11 to 12 homes" in compare_backfill(new_rule(home), *SPAN)
    assert list_files(home) == before
    left.mkdir(parents=True)
    clear_abandoned(new_rule(home))
    assert list_files(home) == before


def test_two_comparisons_do_not_meet_and_there_has_to_be_something_to_compare_with(home: Path, tmp_path: Path) -> None:
    (home / ".rehearsal").mkdir()
    handle = os.open(home / ".rehearsal", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(ValueError, match="another comparison is under way"):
        compare_backfill(new_rule(home), *SPAN)
    assert (home / ".rehearsal").is_dir()
    os.close(handle)
    with pytest.raises(ValueError, match="nothing is published that a backfill could move"):
        compare_backfill(new_rule(tmp_path / "empty"), *SPAN)
    assert not (tmp_path / "empty").exists()
    with pytest.raises(ValueError, match="a bucket is not copied"):
        compare_backfill(new_rule(home).model_copy(update={"lake": "s3://bucket/lake"}), *SPAN)
