"""A release beside the one before it, its licence, and the whole report as one file to mail."""

from __future__ import annotations

import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import yaml

from flows.pipeline.downloads import zip_report
from flows.pipeline.report import describe_release
from flows.settings import Settings, SettingsError, load_settings
from quality.disclosure.changes import add_changes
from quality.disclosure.rule import DisclosureRule
from tests.attackers import Trial, homes_of, publish_means, warehouse_of
from tests.example_site import RUN
from transforms.public.public import PUBLIC_TABLES, Release
from warehouse.public.releases import ReleaseFolder

ROOT = Path(__file__).parents[2]
SIZES = {"detached": 24, "terraced": 30, "flat": 26}
TRIAL = Trial(homes_of(SIZES))
FIRST, SECOND = "20260101T000000Z-aa", "20260102T000000Z-bb"


def release(trial: Trial, name: str, last: Release | None = None, *, threshold: int = 10) -> Release:
    """Publish a trial after another release."""
    with warehouse_of(trial) as query:
        return publish_means(
            query, release_id=name, last=None if last is None else last.record, rule=DisclosureRule(threshold=threshold)
        )


@pytest.fixture(scope="module")
def first() -> Release:
    """Give the first release of a trial."""
    return release(TRIAL, FIRST)


@pytest.fixture(scope="module")
def second(first: Release) -> Release:
    """Give the second one: all flats but ten are new."""
    homes = {home: of for home, of in TRIAL.homes.items() if of != "flat"}
    newcomers = {f"new-{n}": "flat" for n in range(14)}
    kept = [home for home, of in TRIAL.homes.items() if of == "flat"][:10]
    return release(Trial({**homes, **newcomers, **dict.fromkeys(kept, "flat")}), SECOND, first)


@pytest.fixture
def folder(tmp_path: Path, first: Release, second: Release) -> ReleaseFolder:
    """Give the folder in which both are recorded."""
    folder = ReleaseFolder(tmp_path / "releases")
    folder.write(first.record)
    folder.write(second.record)
    return folder


def test_the_first_release_has_nothing_to_compare_with(tmp_path: Path, first: Release) -> None:
    earlier = ReleaseFolder(tmp_path / "releases").shown_before(FIRST)
    assert earlier is None
    changed = add_changes(first, earlier)
    assert changed.tables["table_change"].frame.is_empty()
    assert changed.tables["demand_change"].frame.is_empty()


def test_a_release_is_compared_with_the_one_before_it_and_never_with_itself(
    folder: ReleaseFolder, first: Release, second: Release
) -> None:
    earlier = folder.shown_before(SECOND)
    assert earlier is not None
    assert earlier.release_id == FIRST
    assert earlier.shown["heat_demand_annual"].equals(first.record.shown["heat_demand_annual"])
    assert folder.shown_before(FIRST) is None, "the later one is no earlier one"
    folder.write(second.record)  # the report of the second one, written anew
    again = folder.shown_before(SECOND)
    assert again is not None
    assert again.release_id == FIRST


def test_demand_and_tables_say_how_far_they_moved(folder: ReleaseFolder, first: Release, second: Release) -> None:
    changed = add_changes(second, folder.shown_before(SECOND))
    demand = changed.tables["demand_change"].frame
    for name, before, after, relative in demand.select(
        "dwelling_type", "heat_kwh_mean_before", "heat_kwh_mean_after", "relative_change"
    ).iter_rows():
        shown = [
            of.tables["heat_demand_annual"].frame.filter(dwelling_type=name)["heat_kwh_mean"].to_list()
            for of in (first, second)
        ]
        assert [before, after] == [values[0] if values else None for values in shown]
        if before is not None and after is not None:
            assert relative == pytest.approx(after / before - 1)
    moved = dict(demand.select("dwelling_type", "relative_change").drop_nulls().iter_rows())
    assert moved["flat"] != 0
    assert moved["detached"] == moved["terraced"] == 0
    tables = changed.tables["table_change"].frame
    assert set(tables["table_name"]) == set(second.tables)
    assert set(tables["since_release"]) == {FIRST}
    row = tables.row(by_predicate=pl.col("table_name") == "heat_demand_annual", named=True)
    assert row["rows_changed"] >= 2
    assert (row["rows_added"], row["rows_removed"]) == (0, 0)


def test_what_changed_rests_on_what_both_show_and_is_not_remembered(folder: ReleaseFolder, second: Release) -> None:
    changed = add_changes(second, folder.shown_before(SECOND))
    assert "table_change" not in changed.record.shown
    assert set(changed.tables) == {*second.tables, "table_change", "demand_change"}
    assert all(PUBLIC_TABLES[name].tier == "public" for name in ("table_change", "demand_change"))


def test_a_release_of_a_lower_threshold_is_not_shown_again(folder: ReleaseFolder, first: Release) -> None:
    third = release(TRIAL, "20260103T000000Z-cc", first, threshold=20)
    earlier = folder.shown_before("20260103T000000Z-cc")
    assert earlier is not None
    assert earlier.threshold == 10
    assert add_changes(third, earlier).tables["demand_change"].frame.is_empty()
    assert not add_changes(third, replace(earlier, threshold=20)).tables["demand_change"].frame.is_empty()


def test_sample_figures_are_free_and_those_of_real_homes_are_their_owners(tmp_path: Path, first: Release) -> None:
    settings = Settings(home=tmp_path)
    sample = describe_release(RUN, first, settings)
    assert (sample.licence_id, sample.publisher) == ("CC-BY-4.0", "The Hearth authors")
    real = replace(RUN, origin=None)
    info = describe_release(real, first, settings)
    assert info.licence_id is None
    assert info.licence.startswith("No licence is given")
    given = Settings(home=tmp_path, data_licence="OGL-UK-3.0", data_publisher="publisher of a test")
    info = describe_release(real, first, given)
    assert (info.licence_id, info.publisher) == ("OGL-UK-3.0", "publisher of a test")
    assert "attribution: publisher of a test" in info.licence


def test_a_licence_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"data_licence.*'WTFPL' is no licence for data .* CC-BY-4\.0"):
        load_settings(data_licence="WTFPL")


def test_the_software_is_cited_in_the_version_that_it_has() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (cited["cff-version"], cited["type"]) == ("1.2.0", "software")
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
    assert cited["authors"] == [{"name": "The Hearth authors"}]


def make_report(home: Path) -> Settings:
    """Write a small report into a home."""
    folder = home / "reports" / "20260101T000000Z-aa-1234"
    (folder / "downloads").mkdir(parents=True)
    (folder / "index.html").write_text("<p>report</p>" * 100, encoding="utf-8")
    (folder / "downloads" / "a.parquet").write_bytes(b"PAR1")
    (folder / "secret").symlink_to(ROOT / "LICENSE")
    (home / "reports" / "current").symlink_to(folder.name)
    return Settings(home=home)


def test_a_report_is_one_zip_that_unpacks_into_one_folder(tmp_path: Path) -> None:
    settings = make_report(tmp_path / "home")
    file = zip_report(settings, tmp_path / "mail" / "report.zip")
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"hearth-report-20260101T000000Z-aa-1234/{name}" for name in ("downloads/a.parquet", "index.html")]  # fmt: skip
        archive.extractall(tmp_path / "unpacked")
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}
    (page,) = (tmp_path / "unpacked").rglob("index.html")
    assert page.read_bytes() == (tmp_path / "home" / "reports" / "current" / "index.html").read_bytes()
    assert [path.name for path in file.parent.iterdir()] == ["report.zip"]


def test_the_same_report_gives_the_same_zip(tmp_path: Path) -> None:
    settings = make_report(tmp_path / "home")
    one = zip_report(settings, tmp_path / "one.zip").read_bytes()
    (tmp_path / "home" / "reports" / "current" / "index.html").touch()
    assert zip_report(settings, tmp_path / "one.zip").read_bytes() == one
    (tmp_path / "home" / "reports" / "current" / "index.html").write_text("another", encoding="utf-8")
    assert zip_report(settings, tmp_path / "one.zip").read_bytes() != one


def test_a_zip_of_no_report_or_onto_a_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="`hearth run` or `hearth report` writes one"):
        zip_report(Settings(home=tmp_path / "empty"), tmp_path / "report.zip")
    assert not (tmp_path / "report.zip").exists()
    settings = make_report(tmp_path / "home")
    with pytest.raises(IsADirectoryError, match="name the zip file to write"):
        zip_report(settings, tmp_path)
