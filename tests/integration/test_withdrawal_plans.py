"""What a run plans from after a file was withdrawn: the landing folder and the lake alone."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.operations.alerts import find_facts
from flows.operations.withdrawal import carry_out, undo, withdraw
from flows.pipeline.candidate import list_sources
from flows.pipeline.content import read_current_inputs
from flows.pipeline.history import make_digests
from flows.pipeline.ingest import plan_ingest
from flows.pipeline.inputs import Inputs
from flows.pipeline.months import make_months
from flows.settings import Settings, load_settings
from quality.disclosure.accounts import publish_ledger
from tests.landing_files import JUNE, LINES, deliver, edrp_lines, half_hours, ingest, options
from tests.pipeline import run_without_report as run
from transforms.tables.lineage import SUSPECT_SPAN
from warehouse.cost_figures import read_assumptions
from warehouse.lake import Lake
from warehouse.manifest import Manifest, read_manifests
from warehouse.runs import RunLog


def hearth(home: Path, *arguments: str) -> tuple[int, str]:
    """Run a command on a home and return its exit code and output."""
    result = CliRunner().invoke(app, [*arguments, "--home", str(home)])
    return result.exit_code, result.output


OCTOPUS_HEADER = "Consumption (m³), Start, End"
OCTOPUS = [
    f"0.1, 2023-01-01T{hour:02}:00:00+00:00, 2023-01-01T{hour:02}:30:00+00:00" for hour in range(24)
]  # they name no home
JULY_LINES = edrp_lines(half_hours(["7", "9"], dt.date(2009, 7, 1), 1))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home whose lake holds a June, a July and a household table."""
    deliver(tmp_path / "landing", "june.csv", LINES)
    deliver(tmp_path / "landing", "july.csv", [*JULY_LINES, "9,no stamp,1,0.1"])
    deliver(tmp_path / "landing", "households.csv", ["7,flat", "9,flat", "12,flat"], "household_id,dwelling_type")
    ingest(tmp_path)
    return tmp_path


def settings_of(home: Path) -> Settings:
    """Return the settings of a home."""
    return load_settings(home=home, landing=home / "landing")


def inputs_of(home: Path) -> Inputs:
    """Return what the lake gives to a plan."""
    return read_current_inputs(Lake(home / "lake"), read_assumptions())


def month_fingerprints(home: Path) -> dict[str, str]:
    """Return the fingerprint of each month's unit."""
    inputs = inputs_of(home)
    months = make_months(make_digests(inputs), SUSPECT_SPAN.empty(), inputs.boiler_efficiency)
    return {unit.key_value: unit.fingerprint for unit in months}


def ledger(home: Path) -> dict[str, tuple[str, bool]]:
    """Return outcome and whether superseded by the beginning of the source id."""
    rows = list_sources(inputs_of(home)).select("source_id", "outcome", "superseded").rows()
    return {source: (outcome, superseded) for source, outcome, superseded in rows}


def next_night(home: Path) -> dict[str, Manifest]:
    """Do what a run does before it plans."""
    carry_out(Lake(home / "lake"))
    return ingest(home)


def test_only_the_months_of_a_withdrawn_file_are_planned_anew(home: Path) -> None:
    before = month_fingerprints(home)
    late = edrp_lines(half_hours(["12"], dt.date(2009, 7, 30), 4))
    deliver(home / "landing", "late.csv", late)
    ingest(home)
    with_late = month_fingerprints(home)
    assert {month for month in with_late if with_late[month] != before.get(month)} == {"2009-07", "2009-08"}
    withdraw(settings_of(home), "late.csv")
    assert month_fingerprints(home) == before


def test_a_plan_leaves_a_source_out_from_the_decision_on_and_not_only_from_the_next_run(home: Path) -> None:
    withdraw(settings_of(home), "july.csv")
    decided = inputs_of(home)
    assert [m.file_name for m in decided.readings] == ["june.csv"]
    next_night(home)
    carried_out = inputs_of(home)
    assert carried_out.readings == decided.readings
    assert list_sources(carried_out).equals(list_sources(decided))


def test_the_same_content_under_another_name_stays_withdrawn_and_is_named(home: Path) -> None:
    withdraw(settings_of(home), "july.csv")
    next_night(home)
    (home / "landing" / "july.csv").rename(home / "landing" / "sent_again.csv")
    lake = Lake(home / "lake")
    assert plan_ingest(lake, home / "landing", options()).withdrawn == ("sent_again.csv",)
    ingest(home)
    plan = plan_ingest(lake, home / "landing", options())
    assert (plan.works, plan.withdrawn) == ((), ("sent_again.csv",))
    assert [m.file_name for m in inputs_of(home).readings] == ["june.csv"]


def test_a_withdrawn_file_is_not_read_where_the_lake_is_lost_and_only_the_decision_is_left(home: Path) -> None:
    withdraw(settings_of(home), "july.csv")
    withdraw(settings_of(home), "households.csv")
    for folder in (home / "lake").iterdir():
        if folder.name != "quarantine":
            shutil.rmtree(folder)
    manifests = next_night(home)
    withdrawn = [manifests["july.csv"], manifests["households.csv"]]
    assert [(m.outcome, m.lines, len(m.object_keys)) for m in withdrawn] == [("withdrawn", 0, 1)] * 2  # the manifest
    assert manifests["june.csv"].outcome == "accepted"
    assert not list((home / "lake").glob("readings/month=2009-07/*"))
    assert not list((home / "lake").glob("rejects/*"))


def test_a_changed_rule_reads_every_file_again_but_the_withdrawn_one(home: Path) -> None:
    withdraw(settings_of(home), "july.csv")
    next_night(home)
    stricter = options(thresholds=replace(options().thresholds, very_high_kwh=0.01))
    assert [work.name for work in plan_ingest(Lake(home / "lake"), home / "landing", stricter).works] == ["june.csv"]


def test_withdrawn_content_gives_its_place_back_to_what_it_had_superseded(home: Path) -> None:
    before = month_fingerprints(home)
    old = next(m for m in read_manifests(Lake(home / "lake")) if m.file_name == "july.csv").source_id
    before_new = ledger(home).keys()
    deliver(home / "landing", "july.csv", JULY_LINES[:40])
    ingest(home)
    (new,) = ledger(home).keys() - before_new
    assert (ledger(home)[old], ledger(home)[new]) == (("accepted", True), ("accepted", False))
    with pytest.raises(ValueError, match=r"names 2 contents .* write the beginning of the source id"):
        withdraw(settings_of(home), "july.csv")
    withdraw(settings_of(home), new[:16])
    next_night(home)
    assert (ledger(home)[old], ledger(home)[new]) == (("accepted", False), ("withdrawn", False))
    assert month_fingerprints(home) == before


def test_the_published_ledger_says_that_a_file_was_taken_back_and_not_in_whose_words(home: Path) -> None:
    withdraw(settings_of(home), "july.csv", reason="home 9 has moved out")
    held = list_sources(inputs_of(home))
    assert "home 9 has moved out" in held["reason"]
    shown = publish_ledger(held).frame
    assert dict(shown.select("file_name", "reason").rows()) == {
        "july.csv": "taken back", "june.csv": None, "households.csv": None,
    }  # fmt: skip


def test_a_withdrawn_file_that_is_named_after_its_home_is_not_named_in_public_although_nobody_read_it(
    tmp_path: Path,
) -> None:
    deliver(tmp_path / "landing", "maple_road_9.csv", OCTOPUS, OCTOPUS_HEADER)
    ingest(tmp_path)
    withdraw(settings_of(tmp_path), "maple_road_9.csv")
    shutil.rmtree(tmp_path / "lake" / "sources")
    assert next_night(tmp_path)["maple_road_9.csv"].outcome == "withdrawn"
    published = publish_ledger(list_sources(inputs_of(tmp_path))).frame
    assert published["outcome"].to_list() == ["withdrawn"]
    assert "maple" not in published.write_csv()


def test_a_refused_file_that_is_named_after_its_home_is_not_named_in_public(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "maple_road_9.csv", ["0.1, no stamp, no stamp"], OCTOPUS_HEADER)
    assert ingest(tmp_path)["maple_road_9.csv"].outcome == "refused"
    assert "maple" not in publish_ledger(list_sources(inputs_of(tmp_path))).frame.write_csv()


def test_a_withdrawn_household_table_knows_no_home_and_types_none(home: Path) -> None:
    assert inputs_of(home).known == frozenset({"7", "9", "12"})
    withdraw(settings_of(home), "households.csv")
    assert inputs_of(home).known is None


def test_a_withdrawn_table_names_no_home_for_files_that_name_none(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "households.csv", ["42,flat"], "household_id,dwelling_type")
    deliver(tmp_path / "landing", "consumption.csv", OCTOPUS, OCTOPUS_HEADER)
    assert ingest(tmp_path)["consumption.csv"].households == ("42",)
    withdraw(settings_of(tmp_path), "households.csv")
    assert next_night(tmp_path)["consumption.csv"].households == ("consumption",)


def test_a_withdrawn_file_has_no_say_about_the_clock_of_its_feed(tmp_path: Path) -> None:
    spring = half_hours([str(n) for n in range(1, 16)], dt.date(2009, 3, 27), 5)
    deliver(tmp_path / "landing", "local.csv", edrp_lines(spring, clock="local"))
    deliver(tmp_path / "landing", "june.csv", LINES)
    assert {m.clock for m in ingest(tmp_path).values()} == {"local"}
    withdraw(settings_of(tmp_path), "local.csv")
    assert next_night(tmp_path)["june.csv"].clock == "utc"


def test_undoing_a_withdrawal_asks_for_the_file_where_nobody_holds_it(home: Path) -> None:
    withdraw(settings_of(home), "july.csv")
    next_night(home)
    kept = (home / "landing" / "july.csv").rename(home / "july.kept")
    assert "deliver it again" in undo(settings_of(home), "july.csv")
    assert next_night(home)["july.csv"].outcome == "withdrawn"
    assert [m.file_name for m in inputs_of(home).readings] == ["june.csv"]
    shutil.copy(kept, home / "landing" / "july.csv")
    assert next_night(home)["july.csv"].outcome == "accepted"
    assert sorted(m.file_name for m in inputs_of(home).readings) == ["july.csv", "june.csv"]


def test_a_run_that_died_while_it_gave_objects_up_is_made_good_by_the_next(home: Path) -> None:
    before = month_fingerprints(home)
    withdraw(settings_of(home), "july.csv")
    withdraw(settings_of(home), "households.csv")
    lake = Lake(home / "lake")
    kept = {key: lake.get_text(key) for key in lake.keys("sources")}
    assert len(carry_out(lake)) == 2
    for key, text in list(kept.items())[:2]:  # as if it had been killed before these were written
        lake.put_text(key, text)
    next_night(home)
    assert carry_out(lake) == []
    assert sorted(m.outcome for m in read_manifests(lake)) == ["accepted", "withdrawn", "withdrawn"]
    assert set(month_fingerprints(home)) == {"2009-06"} != set(before)


def test_a_withdrawn_file_makes_no_feed_late(tmp_path: Path) -> None:
    deliver(tmp_path / "landing", "a/june.csv", LINES)
    deliver(tmp_path / "landing", "b/later.csv", edrp_lines(half_hours(["7"], JUNE + dt.timedelta(days=300), 1)))
    ingest(tmp_path)
    log = RunLog(run_id="r", kind="nightly", outcome="published", started_at_utc=dt.datetime.now(dt.UTC))
    assert [fact.kind for fact in find_facts(settings_of(tmp_path), log)[0]] == ["stale_data"]
    withdraw(settings_of(tmp_path), "b/later.csv")
    assert find_facts(settings_of(tmp_path), log)[0] == []


def test_with_every_file_withdrawn_the_command_says_that_nothing_will_be_published(home: Path) -> None:
    withdraw(settings_of(home), "june.csv")
    assert "no other file of readings is in use" in withdraw(settings_of(home), "july.csv")


def test_a_run_without_any_file_left_publishes_nothing_and_says_why(home: Path, prefect_api: str) -> None:
    del prefect_api
    withdraw(settings_of(home), "june.csv")
    withdraw(settings_of(home), "july.csv")
    log = run(home, home / "landing")
    assert log["outcome"] == "nothing_usable"
    assert "2 are withdrawn" in log["message"]


def test_what_is_withdrawn_is_listed_and_what_cannot_be_decided_is_told(home: Path) -> None:
    assert hearth(home, "withdraw") == (0, "no file is withdrawn\n")
    assert hearth(home, "withdraw", "july.csv", "--reason", "sent by mistake")[0] == 0
    assert "july.csv: withdrawn" in hearth(home, "withdraw")[1]
    (listed,) = json.loads(hearth(home, "withdraw", "--json")[1])
    assert (listed["state"], listed["reason"]) == ("withdrawn", "sent by mistake")
    wrong = {
        ("withdraw", "july.csv"): "is withdrawn already",
        ("withdraw", "never.csv"): "no file is named 'never.csv'; there are 3",
        ("withdraw", "--undo", "june.csv"): "no withdrawn file is named",
        ("withdraw", "--undo"): "name the file",
        ("quarantine", "--lift", "july.csv"): "hearth withdraw --undo",
    }
    for arguments, says in wrong.items():
        code, told = hearth(home, *arguments)
        assert (code, says in told) == (2, True), told
