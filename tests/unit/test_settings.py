"""Settings: where they are read, what each may be, and how a mistake in one is told."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import annotated_types
import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.settings import (
    PATHS,
    FeedSettings,
    Settings,
    SettingsError,
    explain_settings,
    find_ignored_config,
    load_settings,
)

NUMBERS = [
    name for name, field in Settings.model_fields.items() if field.annotation in {int, float, int | None, float | None}
]


def bounds_of(name: str) -> tuple[float, float]:
    """Return the smallest and the largest value that a setting is declared to take."""
    low = high = math.nan
    for rule in Settings.model_fields[name].metadata:
        match rule:
            case annotated_types.Ge(ge=bound) | annotated_types.Gt(gt=bound):
                low = bound
            case annotated_types.Le(le=bound) | annotated_types.Lt(lt=bound):
                high = bound
    return low, high


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_config(folder: Path, text: str) -> Path:
    """Write a hearth.toml."""
    folder.mkdir(exist_ok=True)
    (folder / "hearth.toml").write_text(text, encoding="utf-8")
    return folder / "hearth.toml"


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_bounds_and_a_value_beyond_them_is_named(name: str, tmp_path: Path) -> None:
    low, high = bounds_of(name)
    assert math.isfinite(low)
    assert math.isfinite(high)
    for wrong in (low - 1, high * 2, math.inf, math.nan):
        with pytest.raises(SettingsError, match=name):
            load_settings(home=tmp_path, **{name: wrong})


@pytest.mark.parametrize("name", [name for name in NUMBERS if name.endswith("_days")])
def test_the_longest_time_can_be_counted_back_from_today(name: str) -> None:
    _, high = bounds_of(name)
    assert dt.datetime.now(dt.UTC) - dt.timedelta(days=high) > dt.datetime(1900, 1, 1, tzinfo=dt.UTC)


def test_a_variable_that_no_setting_bears_is_refused_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_settings().completeness_min == 0.9
    monkeypatch.setenv("HEARTH_COMPLETNESS_MIN", "0.5")
    with pytest.raises(SettingsError, match=r"HEARTH_COMPLETNESS_MIN.*did you mean HEARTH_COMPLETENESS_MIN\?"):
        load_settings()
    ran = CliRunner().invoke(app, ["config"])
    assert ran.exit_code == 2
    assert not ran.stdout


def test_a_value_out_of_bounds_is_reported_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_COMPLETENESS_MIN", "1.5")
    with pytest.raises(SettingsError, match=r"environment HEARTH_COMPLETENESS_MIN: .* = \"1.5\": it should be less"):
        load_settings()
    monkeypatch.setenv("HEARTH_COMPLETENESS_MIN", "0.5")
    assert load_settings().completeness_min == 0.5


def test_each_mistake_in_a_file_is_reported_with_its_line(tmp_path: Path) -> None:
    file = write_config(
        tmp_path / "home",
        'seed = 7\nlanding_quiet = 5\ncollect_after_days = 1e308\n[feeds."edrp/."]\nclock = "moon"\ndelivery_pattern = "("\n',
    )
    with pytest.raises(SettingsError) as refused:
        load_settings(home=tmp_path / "home")
    lines = sorted(str(refused.value).splitlines())
    assert len(lines) == 4
    for line, said in zip(lines, ("landing_quiet_seconds?", "36525", "'utc' or 'local'", "regular expr"), strict=True):
        assert said in line
    assert [line.split(":")[0] for line in lines] == [f"{file}, line {n}" for n in (2, 3, 5, 6)]


@pytest.mark.parametrize(("text", "line"), [("seed = 7\nworkers 3\nscenario = 'a'\n", 2), ("seed = 7\nworkers", 2)])
def test_a_file_that_is_no_toml_is_named_with_the_line(tmp_path: Path, text: str, line: int) -> None:
    file = write_config(tmp_path / "home", text)
    with pytest.raises(SettingsError, match=f"line {line}") as refused:
        load_settings(home=tmp_path / "home")
    assert str(refused.value).startswith(str(file))


def test_an_address_is_not_repeated_by_the_message_that_refuses_it(tmp_path: Path) -> None:
    write_config(tmp_path / "home", 'alert_url = "htps://chat.example.org/hooks/s3cret"\n')
    with pytest.raises(SettingsError, match="alert_url") as refused:
        load_settings(home=tmp_path / "home")
    assert "s3cret" not in str(refused.value)


def test_the_file_of_the_data_folder_holds_and_that_of_the_folder_one_stands_in_does_not(tmp_path: Path) -> None:
    write_config(tmp_path, 'home = "stolen"\nalert_url = "https://thief.example.org"\n')
    write_config(tmp_path / "home", "seed = 7\n")
    settings = load_settings(home=tmp_path / "home")
    assert (settings.home, settings.seed, settings.alert_url) == (tmp_path / "home", 7, None)
    assert find_ignored_config(settings) == Path("hearth.toml")
    run = CliRunner().invoke(app, ["config", "--home", "home"])
    assert "hearth.toml in this folder is not read" in run.stderr
    assert "seed = 7\n    from home/hearth.toml" in run.stdout


def test_a_file_is_read_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(tmp_path / "etc", 'home = "data"\nlanding = "deliveries"\nseed = 8\n')
    monkeypatch.setenv("HEARTH_CONFIG", "")  # restored after the command line has set it
    run = CliRunner().invoke(app, ["--config", "etc/hearth.toml", "config"])
    assert run.exit_code == 0
    assert f"seed = 8\n    from {tmp_path}/etc/hearth.toml" in run.stdout
    assert f"home = {tmp_path}/etc/data\n" in run.stdout
    assert f"landing = {tmp_path}/etc/deliveries\n" in run.stdout
    refused = CliRunner().invoke(app, ["--config", "none.toml", "config"])
    assert refused.exit_code == 2
    assert "none.toml" in refused.stderr


def test_a_file_in_the_data_folder_cannot_name_another_data_folder(tmp_path: Path) -> None:
    write_config(tmp_path / "home", 'home = "elsewhere"\n')
    with pytest.raises(SettingsError, match=r"hearth.toml, line 1: home"):
        load_settings(home=tmp_path / "home")


def test_flag_environment_file_and_default_come_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_config(tmp_path / "home", "seed = 7\nworkers = 3\nbootstrap_replicates = 100\n")
    monkeypatch.setenv("HEARTH_WORKERS", "4")
    monkeypatch.setenv("HEARTH_BOOTSTRAP_REPLICATES", "200")
    rows = explain_settings(home=tmp_path / "home", bootstrap_replicates=300)
    values: dict[str, tuple[Any, str]] = {name: (value, origin) for name, value, origin, _ in rows}
    assert values["seed"] == (7, str(file))
    assert values["workers"] == (4, "environment HEARTH_WORKERS")
    assert values["bootstrap_replicates"] == (300, "flag")
    assert values["scenario"] == ("current2026", "default")


@pytest.mark.parametrize("pattern", ["(", r"(?P<date>\d{8})"])
def test_a_delivery_pattern_that_cannot_tell_a_date_is_refused(pattern: str) -> None:
    assert FeedSettings(delivery_pattern=r"(?P<delivery_date>\d{8})")
    with pytest.raises(ValueError, match=r"regular expression|delivery_date"):
        FeedSettings(delivery_pattern=pattern)


ABSURD = (
    "1e308",
    "-1e308",
    "nan",
    "inf",
    "1" * 400,
    "",
    "(",
    "{}",
    "[1e308]",
    '{"a": {"delivery_pattern": "("}}',
    "\x1b[2J",
    "../" * 400,
)


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name != "home"])
def test_no_absurd_value_of_any_setting_ends_in_a_trace(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ABSURD:
        monkeypatch.setenv(f"HEARTH_{name.upper()}", value)
        ran = CliRunner().invoke(app, ["config", "--home", str(tmp_path)])
        assert ran.exit_code in {0, 2}, (value, ran.exception)
        assert "Traceback" not in ran.output
        assert ran.exit_code == 0 or name in ran.stderr.lower(), value


@pytest.mark.parametrize("name", FeedSettings.model_fields)
def test_no_absurd_value_of_a_feed_ends_in_a_trace(name: str, tmp_path: Path) -> None:
    for value in (*ABSURD[:4], "[]", "[{}]", '"("', '"1e308"', "true", "1979-05-27T07:32:00Z", '""'):
        write_config(tmp_path / "home", f'seed = 7\n[feeds."edrp/."]\n{name} = {value}\n')
        ran = CliRunner().invoke(app, ["config", "--home", str(tmp_path / "home")])
        assert ran.exit_code in {0, 2}, (value, ran.exception)
        assert "Traceback" not in ran.output
        assert ran.exit_code == 0 or "hearth.toml, line 3: " in ran.stderr, (value, ran.stderr)


def test_every_folder_that_a_setting_names_holds_from_any_folder(tmp_path: Path) -> None:
    named = {name for name, field in Settings.model_fields.items() if "Path" in str(field.annotation)}
    assert named == PATHS
    inside = sorted(named - {"home"})
    (tmp_path / "hearth.toml").write_text("".join(f'{name} = "x/{name}"\n' for name in inside), encoding="utf-8")
    settings = load_settings(home=tmp_path)
    assert {name: getattr(settings, name) for name in inside} == {name: tmp_path / "x" / name for name in inside}
    given = load_settings(home=Path("data"), **{name: Path(name) for name in inside}).with_whole_paths()
    assert all(getattr(given, name).is_absolute() for name in named)
