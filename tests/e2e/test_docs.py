"""The docs are true: every command in them runs, links lead somewhere, generated pages are fresh, settings exist."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import xlsxwriter

from flows.cli.documentation import PAGES
from flows.cli.room_picture import draw_rooms
from flows.settings import Settings
from tests.doc_blocks import ROOT, Block, blocks, pages
from tests.pipeline import on_server
from transforms.public.public import PUBLIC_TABLES
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.schema import Table

BIN = Path(sys.executable).parent
COMMANDS = [block for page in pages() for block in blocks(page, "sh")]
EVERY_COMMAND = re.compile(r"^\s*(?:export \S+|(?:\.venv/bin/)?(?:make|hearth|duckdb|prefect|apt-get|git|0 2 \*.*)\b.*)$", re.MULTILINE)  # fmt: skip
NOT_RUN = {  # blocks in `text` that hold commands, by their first line, and why no test runs them
    "make demo": "CI runs it by itself: 600 homes take minutes; `make test` is what runs this test",
    "apt-get install": "changes the machine, and a clone needs an address",
    "0 2 * * *": "a line of a crontab; its command is `hearth run`, which is run",
    "export PREFECT_API_URL": "needs a server that stays; tests/integration/test_schedule.py deploys prefect.yaml on one",
    "make check": "these are the tests",
    "make PYTHON": "needs other versions of Python, and a run on each",
    "make torture": "campaigns are too long for CI; tests/integration/test_torture.py runs the short form",
    "make setup": "needs a cluster and a bucket; tests/integration/test_cluster.py runs both on loopback",
    "hearth forget": "takes a home out of what the other blocks read; tests/integration/test_forgetting.py runs it",
    "hearth pseudonyms": "builds anew what the other blocks read; tests/integration/test_pseudonyms.py changes a key",
    "hearth diff": "needs two snapshots; tests/integration/test_diff.py compares two",
    "hearth up": "runs until it is stopped; tests/e2e/test_up.py runs it",
}
LINK = re.compile(r"(?<!\\)!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
CODE = re.compile(r"```.*?^ *```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
IN_CODE = re.compile(r"`((?:flows|transforms|quality|warehouse|reports|tests|docs)/[\w/*]+\.(?:py|csv|md))`")


@pytest.fixture(scope="module")
def scratch(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the sample's folder, with the files that a reader of the docs is taken to have."""
    place = tmp_path_factory.mktemp("docs") / "scratch"
    shutil.copytree(sample_home, place, symlinks=True)
    (place / "UKDA-7591-CSV").mkdir()
    (place / "UKDA-7591-CSV" / "edrp_gas.csv").write_bytes((place / "landing" / "edrp_gas.csv").read_bytes())
    with xlsxwriter.Workbook(place / "edrp_metadata.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["Hhold_ID", "dwelling_type"])
        for row in range(1, 61):
            sheet.write_row(row, 0, [row, "terraced"])
    return place


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: f"{block.page}:{block.line}")
def test_every_command_of_the_docs_runs(block: Block, scratch: Path, prefect_api: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEARTH_", "PREFECT_"))}
    path = f"{BIN}{os.pathsep}{kept['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text], cwd=scratch, capture_output=True, text=True, check=False,
        env=kept | {"PATH": path, "COLUMNS": "80"} | on_server(prefect_api),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout


def test_commands_that_no_test_runs_are_few_and_named() -> None:
    shown = [block for page in pages() for block in blocks(page, "text", "") if EVERY_COMMAND.search(block.text)]
    unnamed = [f"{b.page}:{b.line}" for b in shown if not b.text.lstrip().startswith(tuple(NOT_RUN))]
    assert unnamed == []
    assert {start for start in NOT_RUN if any(b.text.lstrip().startswith(start) for b in shown)} == set(NOT_RUN)
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings(page: Path) -> None:
    broken = []
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        name, _, anchor = target.partition("#")
        if name.startswith(("https://", "http://", "mailto:")):
            continue
        linked = page if not name else (page.parent / name).resolve()
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings get."""
    content = re.sub(r"```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", content, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = IN_CODE.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not list(ROOT.glob(name.rstrip("/")))] == []


def test_the_ways_through_the_code_name_functions_that_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py):(\w+)`", page)
    assert len(named) > 15
    for file, function in named:
        defined = [
            one.name for one in ast.parse((ROOT / file).read_text(encoding="utf-8")).body if hasattr(one, "name")
        ]
        assert function in defined, f"{file} has no {function}"


def test_the_picture_shows_an_import_and_not_its_short_cut(tmp_path: Path) -> None:
    for path, text in {
        "flows/pipeline/run.py": "from transforms.heat.hours import build\nimport warehouse.lake\n",
        "warehouse/lake.py": "def f():\n    from transforms.heat.hours import build\n",
        "transforms/heat/hours.py": "import polars\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    drawn = draw_rooms(tmp_path)
    assert "flows_pipeline --> warehouse" in drawn
    assert "warehouse --> transforms_heat" in drawn
    assert "flows_pipeline --> transforms_heat" not in drawn


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_fresh(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), f"docs/{name} is stale: make docs"


@pytest.mark.parametrize("table", [*WAREHOUSE_TABLES, *PUBLIC_TABLES.values()], ids=lambda table: table.name)
def test_every_table_that_can_be_queried_is_in_the_data_dictionary(table: Table) -> None:
    page = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert f"\n### {table.name}\n" in page.replace(" (public)\n", "\n")


@pytest.mark.parametrize(
    "block", [b for page in pages() for b in blocks(page, "toml")], ids=lambda b: f"{b.page}:{b.line}"
)
def test_settings_in_the_docs_can_be_set(block: Block) -> None:
    given = tomllib.loads(block.text)
    assert set(given) <= set(Settings.model_fields)
    given.pop("published_group", None)  # a group of the machine
    assert Settings.model_validate(given)


def test_defaults_that_the_operations_page_names_are_the_defaults() -> None:
    content = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)` \((\d+)\)", content)
    assert len(named) >= 3
    assert {name: float(value) for name, value in named} == {
        name: float(Settings.model_fields[name].default) for name, _ in named
    }


def test_a_named_environment_variable_is_a_setting() -> None:
    content = "".join(page.read_text(encoding="utf-8") for page in pages())
    named = {name.lower() for name in re.findall(r"\bHEARTH_([A-Z_]*[A-Z])\b", content)}
    assert len(named) >= 3
    assert named - set(Settings.model_fields) <= {"alert_token", "config"}  # a secret, and the file that holds the rest
