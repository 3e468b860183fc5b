"""`hearth check`, `hearth feeds` and `hearth formats`: what files are taken for, before and after a run."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.operations.files import FeedTaken, read_feeds_taken, write_suggestions
from flows.settings import load_settings
from tests.landing_files import CLEAN
from tests.peoples_files import KWH, octopus, take, use
from transforms.readings.formats import FORMATS
from warehouse import writing


def call(*arguments: str) -> tuple[int, str]:
    """Run a command in this process and return its exit code and what it printed."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_a_file_is_judged_without_a_run_and_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_HOME", str(tmp_path / "home"))
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(CLEAN, encoding="utf-8")
    bad.write_text("secret;header\n1,5;2\n", encoding="utf-8")
    code, told = call("check", str(good))
    assert code == 0
    assert "96 readings, 0 rejects" in told
    table = tmp_path / "households.csv"
    table.write_text("household_id,dwelling_type\n1,flat\n", encoding="utf-8")
    assert "2 lines: 1 row, 0 rejects" in call("check", str(table))[1], "a row of a table is no reading"
    code, told = call("check", str(good), str(bad), "--json")
    judged = {Path(file["file"]).name: file for file in json.loads(told)}
    assert code == 1
    assert (judged["good.csv"]["outcome"], judged["bad.csv"]["outcome"]) == ("accepted", "refused")
    assert "semicolon-separated" in judged["bad.csv"]["reason"]
    assert "secret" not in judged["bad.csv"]["reason"]
    assert judged["bad.csv"]["state"]["detail"] == "line 1: secret;header"
    assert not (tmp_path / "home").exists()


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder, seed in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "gas.csv").write_text(octopus(use(3, seed=seed)), encoding="utf-8")
    code, told = call("check", str(tmp_path / "a" / "gas.csv"), str(tmp_path / "b" / "gas.csv"))
    assert code == 0
    assert told.count("144 readings") == 2


def test_files_of_one_name_in_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = [tmp_path / supplier / "2009" / "gas.csv" for supplier in ("a", "b", "c")]
    for seed, file in enumerate(files):
        file.parent.mkdir(parents=True)
        file.write_text(octopus(use(3, seed=seed)), encoding="utf-8")
    code, told = call("check", *map(str, files))
    assert code == 0
    assert told.count("144 readings") == len(files)
    assert all(str(file) in told for file in files)


def test_hearth_toml_is_written_whole_and_a_link_to_it_stays_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, before = tmp_path / "kept" / "hearth.toml", "seed = 3  # ours\n"
    file.parent.mkdir()
    file.write_text(before, encoding="utf-8")
    (tmp_path / "hearth.toml").symlink_to(file)
    settings = load_settings(home=tmp_path)
    feeds = [FeedTaken(feed="edrp/a", files={}, taken={}, declared={}, asked={"clock": ["local"]})]

    def fail(step: str, target: Path) -> None:
        if step == "written":
            raise OSError(errno.ENOSPC, step, str(target))

    with monkeypatch.context() as full:
        full.setattr(writing, "at_step", fail)
        with pytest.raises(OSError, match="written"):
            write_suggestions(feeds, settings)
    assert file.read_text(encoding="utf-8") == before
    assert 'clock = "local"' in write_suggestions(feeds, settings)
    assert (tmp_path / "hearth.toml").is_symlink()
    assert before in file.read_text(encoding="utf-8")
    assert load_settings(home=tmp_path).feeds["edrp/a"].clock == "local"


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    code, _ = call("check", str(tmp_path / "nowhere.csv"))
    assert code == 2


def test_feeds_say_what_they_are_taken_for_and_write_what_is_suggested(tmp_path: Path) -> None:
    gas = use(365, home="gas", first=use(1)["interval_start_utc"][0].replace(month=1, day=1))
    for folder in ("one", "two"):
        (tmp_path / "landing" / folder).mkdir(parents=True)
    (tmp_path / "landing" / "one" / "a.csv").write_text(octopus(gas), encoding="utf-8")
    (tmp_path / "landing" / "two" / "b.csv").write_text(octopus(gas.tail(9000), KWH), encoding="utf-8")
    take(tmp_path)
    (tmp_path / "hearth.toml").write_text("# mine\nseed = 3\n", encoding="utf-8")
    settings = load_settings(home=tmp_path)
    code, told = call("feeds", "--home", str(tmp_path))
    assert code == 0
    assert "octopus/one: 1 accepted" in told
    assert "octopus_kwh/two: 1 held" in told
    assert 'ASKED     unit under [feeds."octopus_kwh/two"], the readings suggest m3' in told
    assert 'octopus_kwh/two: unit = "m3"' in write_suggestions(read_feeds_taken(settings), settings)
    again = load_settings(home=tmp_path)
    assert (again.feeds["octopus_kwh/two"].unit, again.seed) == ("m3", 3)
    assert "# mine" in (tmp_path / "hearth.toml").read_text(encoding="utf-8")
    assert "nothing is suggested" in write_suggestions(read_feeds_taken(again), again)


def test_every_format_is_listed_with_its_lines() -> None:
    code, told = call("formats")
    assert code == 0
    assert all(f"{known.name}: " in told and known.example[0][:60] in told for known in FORMATS)
