"""A file that is taken back goes from the tables and from the lake, stays out, and can be taken in again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.operations.status import describe_status, read_status
from flows.settings import load_settings
from tests.pipeline import differing, read_tables, write_edrp, write_households
from tests.pipeline import run_without_report as run
from warehouse.lake import Lake
from warehouse.manifest import Manifest, read_manifests

WINTER, MARCH = "supplier/winter.csv", "supplier/march.csv"
WINTER_HOMES = {str(n): 0.4 + 0.02 * n for n in range(1, 13)}
MARCH_HOMES = {str(n): 0.4 + 0.02 * n for n in range(7, 16)}
WHY = "another customer's homes"


def hearth(home: Path, *arguments: str) -> tuple[int, str]:
    """Run a command on a home and return its exit code and output."""
    result = CliRunner().invoke(app, [*arguments, "--home", str(home)])
    return result.exit_code, result.output


@dataclass(frozen=True, kw_only=True)
class State:
    """What a home held after a run."""

    log: dict[str, Any]
    tables: dict[str, pl.DataFrame]
    march: Manifest | None
    objects: frozenset[str]  # of the lake
    status: str
    output: str  # of the command before the run

    @property
    def figures(self) -> dict[str, pl.DataFrame]:
        """The published tables without the ledger, which keeps the row of what is withdrawn."""
        return {name: frame for name, frame in self.tables.items() if name != "source"}

    def row(self, file_name: str) -> dict[str, Any]:
        """Return the ledger's row of a file."""
        return self.tables["source"].row(by_predicate=pl.col("file_name") == file_name, named=True)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> dict[str, State]:
    """Give what a home held after each of its nights: without March, with it, without it again, and with it again."""
    del prefect_api
    root = tmp_path_factory.mktemp("story")
    home, landing = root / "home", root / "landing"

    def night(output: str = "", **settings: Any) -> State:
        log = run(home, landing, settings=settings)
        found = [m for m in read_manifests(Lake(home / "lake")) if m.file_name == MARCH]
        return State(
            log=log,
            tables=read_tables(home),
            march=found[0] if found else None,
            objects=frozenset(Lake(home / "lake").keys(".")),
            status=describe_status(read_status(load_settings(home=home))),
            output=output,
        )

    write_edrp(landing / WINTER, WINTER_HOMES, dt.date(2009, 2, 1), dt.date(2009, 3, 1))
    write_households(landing / "households.csv", dict.fromkeys(WINTER_HOMES | MARCH_HOMES, "flat"))
    nights = {"before": night()}
    march = write_edrp(landing / MARCH, MARCH_HOMES, dt.date(2009, 3, 1), dt.date(2009, 3, 15))
    march.write_text(march.read_text(encoding="utf-8") + "13,no stamp,1,0.5\n", encoding="utf-8")
    nights["with"] = night()
    code, output = hearth(home, "withdraw", MARCH, "--reason", WHY)
    assert code == 0, output
    decided = read_tables(home)
    assert differing(nights["with"].tables, decided) == []  # the command decides; a run acts
    nights["without"] = night(output)
    nights["next"] = night(collect_after_days=0)
    code, output = hearth(home, "withdraw", "--undo", MARCH)
    assert code == 0, output
    nights["again"] = night(output)
    return nights


def test_what_is_published_without_a_withdrawn_file_is_as_if_it_had_never_come(story: dict[str, State]) -> None:
    assert differing(story["before"].figures, story["with"].figures)
    assert story["without"].log["outcome"] == "published"
    assert differing(story["before"].figures, story["without"].figures) == []
    assert story["without"].log["months_built"] == 0  # February was done, and March has no readings any more


def test_the_ledger_keeps_the_row_of_a_withdrawn_file_with_the_reason(story: dict[str, State]) -> None:
    before, after = story["with"].row(MARCH), story["without"].row(MARCH)
    assert (before["outcome"], before["rejects"]) == ("accepted", 1)
    assert after == before | {"outcome": "withdrawn", "reason": WHY}
    assert story["without"].row(WINTER) == story["before"].row(WINTER)
    assert f"{MARCH}: WITHDRAWN, {WHY}" in story["without"].status


def test_the_objects_of_a_withdrawn_file_go_with_all_that_was_made_of_it(story: dict[str, State]) -> None:
    march = story["with"].march
    assert march is not None
    held = {*march.months.values(), str(march.rejects_key)}
    assert len(held) == 2
    assert held <= story["with"].objects
    assert story["next"].log["outcome"] == "unchanged"
    assert not held & story["next"].objects
    assert [key for key in story["with"].objects if "month=2009-03" in key]
    assert not [key for key in story["next"].objects if "month=2009-03" in key]
    given_up = story["next"].march
    assert given_up is not None
    assert (given_up.outcome, given_up.households, given_up.months) == ("withdrawn", (), {})


def test_the_command_says_what_follows_and_whose_the_file_is(story: dict[str, State]) -> None:
    assert "`hearth run` publishes without it" in story["without"].output
    assert f"landing/{MARCH}; while it is there it stays withdrawn" in story["without"].output


def test_a_withdrawal_that_is_undone_leaves_no_trace(story: dict[str, State]) -> None:
    assert "`hearth run` takes it in again" in story["again"].output
    assert (story["again"].log["outcome"], story["again"].log["files_ingested"]) == ("published", 1)
    assert differing(story["with"].tables, story["again"].tables) == []
