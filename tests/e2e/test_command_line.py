"""The command line as its users meet it: the program itself, its exit codes, and what it prints where."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import xlsxwriter

from tests.pipeline import on_server, write_edrp

HEARTH = Path(sys.executable).with_name("hearth")
SPAN = (dt.date(2009, 1, 1), dt.date(2010, 1, 1))
HOMES = {"1": 0.5, "2": 0.7, "3": 0.9}
QUICK = {
    "HEARTH_REPORT_AFTER_RUN": "false",
    "HEARTH_SOBOL_SAMPLES": "64",
    "HEARTH_BOOTSTRAP_REPLICATES": "100",
}


def hearth(
    *arguments: str | Path, home: Path, url: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `hearth` and return what it printed and how it ended."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEARTH_", "PREFECT_"))}
    server = on_server(url) if url else {}
    return subprocess.run(
        [HEARTH, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=home.parent,
        env=kept | server | QUICK | {"HEARTH_HOME": str(home), "COLUMNS": "100"} | environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder as the UK Data Service delivers the study: readings, electricity, workbooks, documents."""
    root = tmp_path_factory.mktemp("trial") / "UKDA-7591-CSV"
    write_edrp(root / "csv" / "edrp_gas.csv", HOMES, *SPAN)
    (root / "csv" / "edrp_elec.csv").write_text(
        "ANON_ID,ADVANCEDATETIME,HH,ELECKWH\n1,01JAN09:00:30:00,1,0.2\n", encoding="utf-8"
    )
    (root / "mrdoc").mkdir()
    (root / "mrdoc" / "guide.pdf").write_bytes(b"%PDF-1.4\n")
    with xlsxwriter.Workbook(root / "csv" / "edrp_metadata.xlsx") as book:
        sheet = book.add_worksheet()
        rows = [["Trial metadata"], ["Hhold_ID", "firstAdvance", "Dwelling"]]
        rows += [
            [int(home), "2009-01-01 00:30", kind]
            for home, kind in zip(HOMES, ("Flat", "Semi-detached", "Terraced"), strict=True)
        ]
        rows += [[], ["Notes: one row per household"]]
        for n, row in enumerate(rows):
            sheet.write_row(n, 0, row)
    return root


def snapshot_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and modification time of every file below a folder."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


@dataclass(frozen=True, kw_only=True)
class FirstRun:
    """A run over the folder as delivered, with its report; tests that change its data folder work on copies."""

    home: Path
    ran: subprocess.CompletedProcess[str]
    touched: bool  # whether anything was changed in the folder as delivered

    def copy(self, to: Path) -> Path:
        """Copy the data folder."""
        return Path(shutil.copytree(self.home, to / "home", symlinks=True))


@pytest.fixture(scope="module")
def first(delivered: Path, tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> FirstRun:
    """Give the run."""
    before, home = snapshot_of(delivered), tmp_path_factory.mktemp("first") / "home"
    ran = hearth("run", "--landing", delivered, home=home, url=prefect_api, HEARTH_REPORT_AFTER_RUN="true")
    assert ran.returncode == 0, ran.stderr
    return FirstRun(home=home, ran=ran, touched=snapshot_of(delivered) != before)


def test_an_edrp_folder_as_delivered_is_read_in_place(
    delivered: Path, first: FirstRun, tmp_path: Path, prefect_api: str
) -> None:
    ran, home = first.ran, first.copy(tmp_path)
    assert not first.touched
    for name in ("edrp_elec.csv", "edrp_metadata.xlsx", "guide.pdf"):
        assert name in ran.stderr
    status = json.loads(hearth("status", "--json", home=home).stdout)
    refused = [source["reason"] for source in status["sources"] if source["outcome"] == "refused"]
    assert len(refused) == 1
    assert "electricity" in refused[0]
    types = hearth("sql", "SELECT DISTINCT dwelling_type FROM household", "--format", "csv", home=home)
    assert types.stdout.split() == ["dwelling_type", "unknown"]

    made = hearth("households", "--from", delivered / "csv" / "edrp_metadata.xlsx", "--type", "Dwelling", "--out", home.parent / "own" / "households.csv", home=home)  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert hearth("run", "--landing", home.parent / "own", home=home, url=prefect_api).returncode == 0
    typed = hearth("sql", "SELECT household_id, dwelling_type FROM household ORDER BY 1", "--format", "csv", home=home)
    assert typed.stdout.splitlines()[1:] == ["1,flat", "2,semi_detached", "3,terraced"]


def test_a_refused_file_stops_nothing_and_is_a_failure_only_on_request(tmp_path: Path, prefect_api: str) -> None:
    landing, home = tmp_path / "landing", tmp_path / "home"
    write_edrp(landing / "good.csv", {"1": 0.5}, dt.date(2009, 1, 1), dt.date(2009, 1, 8))
    (landing / "broken.csv").write_text("something,else\n1,2\n", encoding="utf-8")
    ran = hearth("run", "--landing", landing, home=home, url=prefect_api)
    assert ran.returncode == 0, ran.stderr
    assert "refused: broken.csv" in ran.stderr
    (landing / "empty.csv").write_text("", encoding="utf-8")
    assert hearth("run", "--landing", landing, "--fail-on-refused", home=home, url=prefect_api).returncode == 1
    told = hearth("status", home=home).stdout
    assert "broken.csv: REFUSED" in told
    assert "no home has enough readings" in told
    assert "report     none: `hearth report`" in told


def test_a_landing_folder_with_nothing_usable_is_a_failure(tmp_path: Path, prefect_api: str) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "notes.csv").write_text("hello\n", encoding="utf-8")
    ran = hearth("run", "--landing", tmp_path / "landing", home=tmp_path / "home", url=prefect_api)
    assert ran.returncode == 1
    assert "nothing_usable" in ran.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--landing", "no-such-folder"],
        ["backfill", "--from", "2009-13", "--to", "2009-14"],
        ["backfill", "--from", "2009-03", "--to", "2009-02"],
        ["sql", "SELECT 1"],
        ["lcoh", "--scenario", "nonsense"],
        ["sample", "--out", "x", "--households", "0"],
        ["nonsense"],
    ],
)
def test_wrong_usage_exits_with_2_and_says_why_in_a_line_or_two(arguments: list[str], tmp_path: Path) -> None:
    ran = hearth(*arguments, home=tmp_path / "home")
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert ran.stderr.strip()


def test_an_unknown_setting_exits_with_2_and_names_it(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "hearth.toml").write_text(
        'landing_quiet = 5\n[feeds."edrp/."]\nclock = "moon"\n', encoding="utf-8"
    )
    ran = hearth("config", home=tmp_path / "home")
    assert ran.returncode == 2
    assert "landing_quiet" in ran.stderr
    assert "clock" in ran.stderr


def test_config_tells_where_each_value_came_from(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "hearth.toml").write_text("seed = 7\nworkers = 3\n", encoding="utf-8")
    told = hearth("config", home=tmp_path / "home", HEARTH_WORKERS="4").stdout
    assert f"seed = 7\n    from {tmp_path}/home/hearth.toml" in told
    assert "workers = 4\n    from environment HEARTH_WORKERS" in told
    assert "completeness_min = 0.9\n    from default" in told


def test_settings_of_prefect_in_the_folder_one_stands_in_run_no_code(tmp_path: Path, prefect_api: str) -> None:
    landing, home = tmp_path / "landing", tmp_path / "home"
    write_edrp(landing / "gas.csv", {"1": 0.5}, dt.date(2009, 1, 1), dt.date(2009, 1, 3))
    handler = f'{{"()": "os.mkdir", "path": "{tmp_path}/ran"}}'
    (tmp_path / "evil.yml").write_text(f'{{"version": 1, "handlers": {{"evil": {handler}}}}}\n', encoding="utf-8")
    (tmp_path / "prefect.toml").write_text(f'[logging]\nconfig_path = "{tmp_path}/evil.yml"\n', encoding="utf-8")
    obeyed = subprocess.run(
        [sys.executable, "-c", "import prefect; prefect.main"], cwd=tmp_path, check=False, capture_output=True
    )
    assert (tmp_path / "ran").is_dir(), f"Prefect alone obeys such a file: {obeyed.stderr!r}"
    (tmp_path / "ran").rmdir()
    ran = hearth("run", "--landing", landing, home=home, url=prefect_api)
    assert ran.returncode == 0, ran.stderr
    assert not (tmp_path / "ran").exists()


def test_a_backfill_can_be_looked_at_first_and_then_run(first: FirstRun, tmp_path: Path, prefect_api: str) -> None:
    home = first.copy(tmp_path)
    told = hearth("backfill", "--from", "2009-02", "--to", "2009-03", "--force", "--dry-run", home=home).stdout
    assert [line.split()[0] for line in told.splitlines()[:2]] == ["2009-02", "2009-03"]
    assert "forced" in told
    ran = hearth("backfill", "--from", "2009-02", "--to", "2009-03", "--reason", "a look", home=home, url=prefect_api)
    assert ran.returncode == 0, ran.stderr
    assert "unchanged" in ran.stdout


def test_results_go_to_standard_output_and_progress_to_standard_error(first: FirstRun) -> None:
    ran = first.ran
    assert f"report     {first.home / 'reports' / 'current' / 'index.html'}\n" in ran.stdout
    assert "build months: 12 done" in ran.stderr
    assert "build months" not in ran.stdout
    assert "published" in ran.stdout
