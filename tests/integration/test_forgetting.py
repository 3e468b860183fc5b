"""A home that is forgotten is nowhere but in the files of its owner, and the figures are those of deliveries without it."""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.operations.forgetting import forget
from flows.pipeline.ingest_decisions import list_spellings
from flows.settings import load_settings
from tests.forgettable_homes import files_naming, is_same, write_deliveries
from tests.landing_files import LINES, deliver, ingest, options, read_readings
from tests.pipeline import read_tables, run
from transforms.tables.lineage import BUILD_MONTH, SOURCE
from warehouse.forgetting.tombstones import ForgottenFolder, KeyLostError, Unfinished
from warehouse.lake import Lake
from warehouse.manifest import read_manifests
from warehouse.publish import WarehouseFolder
from warehouse.reader import open_published
from warehouse.snapshots import Hold, lift_hold, write_hold

pytestmark = pytest.mark.timeout(900)  # two whole runs with a report, and a third without
QUICK = {"bootstrap_replicates": 100, "sobol_samples": 64}
ENVIRONMENT = {f"HEARTH_{name.upper()}": str(value) for name, value in QUICK.items()}
EARLIER = "20200101T000000Z-0a1b2c"
PLACES = (  # kinds of files that hold the home before it is forgotten
    "lake/readings/", "lake/rejects/", "lake/sources/", "lake/households/", "lake/day/", "lake/recent_day/", "lake/flagged/",
    "lake/heat_hourly/", "lake/household_period/", "lake/lcoh_household/", "releases/objects/member/", "runs/",
    "warehouse/current.duckdb", "warehouse/snapshots/", "warehouse/candidates/",
)  # fmt: skip
READER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    print(con.execute("SELECT count(*) FROM heat_hourly WHERE household_id = $1", [sys.argv[2]]).fetchall()[0][0], flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Story:
    """A home folder before and after one home was forgotten, and one that never had it."""

    household_id: str
    home: Path
    landing: Path
    held_before: set[str]
    published_before: dict[str, pl.DataFrame]
    shown_before: pl.DataFrame  # the public demand
    seen_by_reader: list[int]  # hours of the home in an open connection: before, and after
    output: str
    control: dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Story:
    """Give a home of whose 15 homes one was forgotten, among them files that are gone, and a control without it."""
    del prefect_api
    root, wanted = tmp_path_factory.mktemp("forget"), secrets.token_hex(10)
    home, landing = root / "home", root / "landing"
    write_deliveries(landing, wanted)
    write_deliveries(root / "without", None)
    assert run(home, landing, settings=QUICK, reason=f"asked for by {wanted}")["outcome"] == "published"
    current = home / "warehouse" / "current.duckdb"
    before, shown = read_tables(home), read_public(home, "heat_demand_annual")
    shutil.copy(current, home / "warehouse" / "snapshots" / f"{EARLIER}.duckdb")
    (home / "warehouse" / "candidates").mkdir(exist_ok=True)
    shutil.copy(current, home / "warehouse" / "candidates" / "refused.duckdb")
    (landing / "supplier" / "december.csv").unlink()  # the lake alone still has it
    held = files_naming(home, wanted)
    with subprocess.Popen(
        [sys.executable, "-c", READER, current, wanted], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        seen = [ask(reader)]
        given = CliRunner().invoke(
            app,
            ["forget", wanted, "--home", str(home), "--reason", "consent ended"],
            env=ENVIRONMENT,
            input=f"{wanted}\n",
        )
        seen.append(ask(reader))
    assert given.exit_code == 0, given.output
    assert (
        run(root / "control", root / "without", settings=QUICK | {"report_after_run": False})["outcome"] == "published"
    )
    return Story(
        household_id=wanted, home=home, landing=landing, held_before=held, published_before=before, shown_before=shown,
        seen_by_reader=seen, output=given.output, control=read_tables(root / "control"),
    )  # fmt: skip


def ask(reader: subprocess.Popen[str]) -> int:
    """Return how many hours of the home an open connection sees."""
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.write("\n")
    reader.stdin.flush()
    return int(reader.stdout.readline())


def read_public(home: Path, table: str) -> pl.DataFrame:
    """Return a table of the downloads of the current report."""
    return pl.read_parquet(home / "reports" / "current" / "downloads" / "parquet" / f"{table}.parquet")


def with_names(frame: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Return a table with the names of files in place of their hashes, which differ where a line differs."""
    if "source_id" not in frame.columns:
        return frame
    names = dict(named.select("source_id", "file_name").iter_rows())
    return frame.with_columns(pl.col("source_id").replace(names)).sort(pl.all())


def test_the_search_finds_the_home_in_every_kind_of_place_before(story: Story) -> None:
    for place in PLACES:
        assert any(name.startswith(place) for name in story.held_before), place
    assert len(story.held_before) > 60


def test_a_forgotten_home_is_nowhere_but_in_the_landing_folder(story: Story) -> None:
    assert files_naming(story.home, story.household_id) == set()
    assert files_naming(story.landing, story.household_id)


def test_figures_are_those_of_deliveries_without_the_home(story: Story) -> None:
    after, differs = read_tables(story.home), []
    for name, expected in story.control.items():
        hashes = ["fingerprint", "data_fingerprint"] if name == BUILD_MONTH.name else []
        if name == SOURCE.name:
            continue
        one = with_names(after[name], after["source"]).drop(hashes)
        if not is_same(one, with_names(expected, story.control["source"]).drop(hashes)):
            differs.append(name)
    assert differs == []
    assert not after["heat_demand_annual"].equals(story.published_before["heat_demand_annual"])


def test_the_ledger_counts_the_lines_of_the_home_as_rejects(story: Story) -> None:
    after = {row["file_name"]: row for row in read_tables(story.home)["source"].iter_rows(named=True)}
    expected = {row["file_name"]: row for row in story.control["source"].iter_rows(named=True)}
    own = after.pop("meters/(forgotten).csv")
    assert (own["outcome"], own["lines"], own["readings"], own["rejects"]) == ("refused", 25, 0, 24)
    assert after.keys() == expected.keys()
    for name, row in after.items():
        assert row["lines"] == row["header_lines"] + row["blank_lines"] + row["readings"] + row["rejects"]
        assert row["readings"] == expected[name]["readings"]
        assert row["first_interval_utc"] == expected[name]["first_interval_utc"]
        assert row["last_interval_utc"] == expected[name]["last_interval_utc"]
    lake = Lake(story.home / "lake")
    spring = next(m for m in read_manifests(lake) if m.file_name == "supplier/spring.csv")
    rejects = lake.read(str(spring.rejects_key))
    assert len(rejects) == spring.rejects
    assert rejects["reason"].value_counts().sort("count")["count"][-1] == spring.counted["forgotten"]
    assert rejects.filter(reason="forgotten")["text"].unique().to_list() == [""]
    assert "1003,no stamp,1,0.5" in rejects["text"].to_list()  # of another home: it stays


def test_snapshots_that_rest_on_the_home_are_gone_and_readers_are_not_disturbed(story: Story) -> None:
    before, after = story.seen_by_reader
    assert before == after > 8000
    with open_published(story.home / "warehouse" / "current.duckdb") as warehouse:
        last = warehouse.query("SELECT snapshot_id, reason FROM run ORDER BY published_at_utc").rows()
    assert [reason for _, reason in last] == ["asked for by (forgotten)", "a home was forgotten"]
    kept = [path.stem for path in (story.home / "warehouse" / "snapshots").iterdir()]
    assert kept == [last[-1][0]]
    assert list((story.home / "warehouse" / "candidates").iterdir()) == []


def test_what_was_shown_of_so_few_homes_more_or_less_stays_as_it_was_shown(story: Story) -> None:
    shown, moved = read_public(story.home, "heat_demand_annual"), read_tables(story.home)["heat_demand_annual"]
    figures = ["dwelling_type", "period", "heat_kwh_mean"]
    assert shown.select(figures).equals(story.shown_before.select(figures))
    assert not shown.join(moved, on=["dwelling_type", "period", "heat_kwh_mean"], how="semi").height
    members = [pl.read_parquet(path) for path in (story.home / "releases" / "objects" / "member").iterdir()]
    tokens = [
        set(member["household_id"].filter(member["household_id"].str.starts_with("forgotten-"))) for member in members
    ]
    assert all(of == tokens[0] for of in tokens)  # one name in all releases: the home counts as one
    assert [len(token) for token in tokens[0]] == [len("forgotten-") + 16]


def test_the_owner_is_told_which_delivered_files_still_hold_the_home(story: Story) -> None:
    held = {f"{story.landing}/{name}" for name in files_naming(story.landing, story.household_id)}
    told = set(re.findall(rf"^{story.landing}/.+$", story.output, flags=re.MULTILINE))
    assert told == held
    assert len(told) == 4


def test_the_tombstone_is_a_keyed_hash_that_only_its_owner_reads(story: Story) -> None:
    folder = story.home / "forgotten"
    (stone,) = folder.glob("tombstones/*.json")
    told = json.loads(stone.read_text(encoding="utf-8"))
    assert (told["reason"], told["length"], len(told["mark"])) == ("consent ended", 20, 64)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not (folder / "unfinished.json").exists()


def refuse(home: Path, *arguments: str, typed: str | None = None) -> str:
    """Call the command, see that it is refused and that nothing was begun, and return what it says."""
    given = CliRunner().invoke(app, ["forget", *arguments, "--home", str(home)], input=typed)
    assert given.exit_code != 0, given.output
    assert not (home / "forgotten").exists()
    return given.output


def test_what_cannot_be_carried_to_its_end_is_refused_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing, manifests = tmp_path / "landing", ingest(tmp_path)
    assert manifests == {}
    deliver(landing, "day.csv", LINES)
    ingest(tmp_path)
    assert "no delivered file holds a home '8'" in refuse(tmp_path, "8", "--yes")
    assert "the two ids differ; nothing was done" in refuse(tmp_path, "7", typed="12\n")
    assert "write it without the id" in refuse(tmp_path, "7", "--yes", "--reason", "home 7 asked")
    assert "give either the id of a home or --finish" in refuse(tmp_path)
    assert "no home is being forgotten" in refuse(tmp_path, "--finish")
    folder = WarehouseFolder(tmp_path / "warehouse")
    folder.root.mkdir()
    hold = Hold(snapshot_id="s", instead_of=None, reason=None, decided_at_utc=dt.datetime.now(dt.UTC))
    write_hold(folder, hold)
    assert "`hearth rollback --resume` first" in refuse(tmp_path, "7", "--yes")
    lift_hold(folder)
    monkeypatch.setenv("HEARTH_FEEDS", json.dumps({"octopus/.": {"household_id": "7"}}))
    assert "take the line out first" in refuse(tmp_path, "7", "--yes")


def buried(household_id: str) -> Unfinished:
    """Return the note of a home of which nothing is known but its id."""
    now = dt.datetime.now(dt.UTC)
    return Unfinished(
        household_id=household_id, reason=None, began_at_utc=now, token="0" * 16, sources=(), landing_files=()
    )


def test_homes_are_not_taken_in_again_when_the_key_is_lost(tmp_path: Path) -> None:
    folder = ForgottenFolder(tmp_path / "forgotten")
    folder.bury(buried("7"))
    assert folder.read_tombstones().among(["7", "12"]) == {"7"}
    (tmp_path / "forgotten" / "key").unlink()
    with pytest.raises(KeyLostError, match="1 homes are forgotten, and the key that recognises them is lost"):
        folder.read_tombstones()


AGAIN = ("0{},01JAN09:00:30:00,1,0.4", " {}.0,01JAN09:01:00:00,2,0.4", "8,01JAN09:00:30:00,1,0.4")


def test_a_forgotten_home_does_not_come_back_under_another_spelling_or_from_another_supplier(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    ForgottenFolder(tmp_path / "forgotten").bury(buried("46"))
    stones = ForgottenFolder(tmp_path / "forgotten").read_tombstones()
    deliver(landing / "other_supplier", "day.csv", [line.format(46) for line in AGAIN])
    deliver(
        landing, "meters/046.csv", ["0.4, 2010-01-01T00:00:00Z, 2010-01-01T00:30:00Z"], "Consumption (m³), Start, End"
    )
    (landing / "households.csv").write_text("household_id,dwelling_type\n0046,flat\n8,flat\n", encoding="utf-8")
    manifests = ingest(tmp_path, options(forgotten=stones))
    assert set(manifests) == {"other_supplier/day.csv", "households.csv"}  # the file that is named after it is not read
    assert {name: manifest.households for name, manifest in manifests.items()} == dict.fromkeys(manifests, ("8",))
    assert manifests["other_supplier/day.csv"].reject_reasons == {"forgotten": 2}
    assert manifests["households.csv"].counted["forgotten"] == 1
    assert not re.search(r"\b0*46\b", read_readings(tmp_path, manifests["other_supplier/day.csv"]).write_csv())


def test_homes_with_like_ids_are_told_apart_where_one_file_holds_both(tmp_path: Path) -> None:
    landing, lake = tmp_path / "landing", Lake(tmp_path / "lake")
    deliver(landing, "day.csv", [line.format(46) for line in AGAIN])
    ingest(tmp_path)
    (manifest,) = read_manifests(lake)
    assert list_spellings([manifest], (), "46") == ({"046", "46.0"}, frozenset())  # of one file: two homes
    settings = load_settings(home=tmp_path)
    with pytest.raises(ValueError, match=r"'46' may be any of the homes '046', '46.0': give one of these"):
        forget(settings, "46", reason=None, run=dict)
    assert not (tmp_path / "forgotten").exists()
    done = forget(settings, "046", reason=None, run=lambda _: {"outcome": "none"})
    assert done.apart == ("46.0",)
    assert "but not '46.0': in the deliveries these ids are other homes" in done.describe()
    assert {home for m in read_manifests(lake) for home in m.households} == {"46.0", "8"}
    stones = ForgottenFolder(tmp_path / "forgotten").read_tombstones()
    assert stones.among(["46", "046", "0046", "46.0", "8"]) == {"46", "046", "0046"}


def test_all_spellings_of_one_home_are_forgotten_by_any_of_them(tmp_path: Path) -> None:
    landing, lake = tmp_path / "landing", Lake(tmp_path / "lake")
    for name, home in (("one/day.csv", "46"), ("two/day.csv", "0046")):
        deliver(landing, name, [line.format(home).replace(" ", "") for line in ("{},01JAN09:00:30:00,1,0.4", AGAIN[2])])
    ingest(tmp_path)
    assert {home for m in read_manifests(lake) for home in m.households} == {"46", "8"}
    done = forget(load_settings(home=tmp_path), "046", reason=None, run=lambda _: {"outcome": "none"})
    assert (done.sources, done.apart) == (2, ())
    assert "every spelling of the id stays out" in done.describe()
    assert {home for m in read_manifests(lake) for home in m.households} == {"8"}
    assert not any(re.search(r'"0*46"', m.model_dump_json()) for m in read_manifests(lake))
    stones = ForgottenFolder(tmp_path / "forgotten").read_tombstones()
    assert stones.among(["46", "0046", "46.0", "8"]) == {"46", "0046", "46.0"}
