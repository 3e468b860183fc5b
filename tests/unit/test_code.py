"""The code part of a fingerprint: every module that a work imports, and nothing that does not compute."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.pipeline import code
from flows.pipeline.code import OURS, Code, find_code, hash_files
from flows.pipeline.ingest_source import read_readings, read_table
from flows.pipeline.report import write_report
from flows.pipeline.stages import STAGES
from quality.gate import judge

WORKS: dict[str, Callable[..., Any]] = {
    "ingest": read_readings,
    "ingest tables": read_table,
    **{stage.name: stage.work for stage in STAGES},
}
SHOWN: dict[str, Callable[..., Any]] = {"gate": judge, "report": write_report}
# What must not make a stage stale: other stages, pages and checks, and what plans or publishes.
FAR = ("reports", "quality", "flows.runs", "flows.operations", "flows.cli", "flows.settings", "flows.pipeline.content",
       "flows.pipeline.candidate", "flows.pipeline.publication", "flows.pipeline.report", "warehouse.publish",
       "warehouse.manifest", "warehouse.quarantine", "warehouse.public")  # fmt: skip
COMPUTES_COSTS = ("transforms.lcoh", "transforms.claims")
COMPUTES_PEAKS = ("transforms.peaks",)
COMPUTES_WEATHER = ("transforms.weather.weather",)
FOLLOWS = ("transforms.history",)
BEYOND = {
    "ingest": (*FOLLOWS, *COMPUTES_COSTS, *COMPUTES_PEAKS, *COMPUTES_WEATHER, "transforms.heat"),
    "ingest tables": (*FOLLOWS, *COMPUTES_COSTS, *COMPUTES_PEAKS, *COMPUTES_WEATHER, "transforms.heat"),
    "digest months": ("transforms.heat", *COMPUTES_COSTS, *COMPUTES_PEAKS, *COMPUTES_WEATHER),
    "follow homes": ("transforms.heat", *COMPUTES_COSTS, *COMPUTES_PEAKS, *COMPUTES_WEATHER),
    "judge homes": ("transforms.heat", *COMPUTES_COSTS, *COMPUTES_PEAKS, *COMPUTES_WEATHER),
    "build months": (*FOLLOWS, *COMPUTES_COSTS, *COMPUTES_PEAKS, *COMPUTES_WEATHER, "transforms.heat.selection"),
    "aggregate periods": (*FOLLOWS, *COMPUTES_COSTS, *COMPUTES_PEAKS),
    "measure diversity": (*FOLLOWS, *COMPUTES_COSTS, *COMPUTES_WEATHER, "transforms.heat.season"),
    "cost heat": (*FOLLOWS, *COMPUTES_PEAKS, *COMPUTES_WEATHER),
    "model areas": (*FOLLOWS, *COMPUTES_PEAKS, *COMPUTES_WEATHER, "transforms.claims"),
}


def is_below(module: str, folders: tuple[str, ...]) -> bool:
    """Say whether a module is one of some, or below one."""
    return any(module == folder or module.startswith(f"{folder}.") for folder in folders)


@pytest.mark.parametrize("name", WORKS)
def test_no_stage_reaches_pages_checks_plans_or_another_stage(name: str) -> None:
    found = find_code(WORKS[name]).modules
    assert sorted(module for module in found if is_below(module, (*FAR, *BEYOND[name]))) == []


def test_modules_that_were_left_out_of_lists_by_hand_are_found() -> None:
    found = {name: find_code(work).modules for name, work in WORKS.items()}
    assert {"transforms.readings.neighbour_flags", "transforms.history.digest"} <= found["digest months"]
    assert "transforms.heat.selection" in found["aggregate periods"]  # it computes heat_kwh_observed
    assert "transforms.readings.neighbour_flags" in found["measure diversity"]
    assert "flows.pipeline.readings" in found["build months"]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a copy of all our modules, in which the code is looked for as long as the tests of this file run."""
    root, own = tmp_path_factory.mktemp("copied"), code.ROOT
    for package in OURS:
        shutil.copytree(own / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code, "ROOT", root)
        forget()
        yield root
    forget()


def forget() -> None:
    """Let the code be read anew, as in another process."""
    code._FOUND.clear()
    for cached in (
        code._read,
        code._file_of,
        code._describe_libraries,
        code.hash_all_files,
        code.code_fingerprint,
        code.hash_files,
    ):
        cached.cache_clear()


READ = code._read.__wrapped__


class Reader:
    """Reads the modules of a tree, each once until it changes one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.read: dict[str, Any] = {}

    def __call__(self, module: str) -> Any:
        """Return the imports of a module, and its hash."""
        if module not in self.read:
            self.read[module] = READ(module)
        return self.read[module]

    def path_of(self, module: str) -> Path:
        """Return the file of a module."""
        return self.root.joinpath(*module.split(".")).with_suffix(".py")

    @contextmanager
    def changed(self, module: str, text: str) -> Iterator[None]:
        """Let a module have another text in this block."""
        path = self.path_of(module)
        own = path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
        self.read.pop(module, None)
        try:
            yield
        finally:
            path.write_text(own, encoding="utf-8")
            self.read.pop(module, None)


@pytest.fixture(scope="module")
def before(copied: Path) -> dict[str, str]:
    """Give the fingerprints of the copy, in which each test leaves all as it was."""
    assert copied == code.ROOT
    return fingerprints()


@pytest.fixture(scope="module")
def modules(copied: Path) -> Reader:
    """Give what has read each module of the copy once."""
    return Reader(copied)


@pytest.fixture
def reader(modules: Reader, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Let modules be read by that."""
    monkeypatch.setattr(code, "_read", modules)
    return modules


def fingerprints() -> dict[str, str]:
    """Return the fingerprint of the code of every work, and of the gate and the report."""
    plain = {name: code.hash_code(work) for name, work in WORKS.items()}
    return plain | {name: code.hash_code(make, declared=True) for name, make in SHOWN.items()}


def change_a_constant(text: str) -> str | None:
    """Return a module with one of its constants changed, or None where it has none."""
    tree = ast.parse(text)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings and isinstance(node.value, int | float | str):
            if isinstance(node.value, str) and (
                node.lineno != node.end_lineno or "f" in text.splitlines()[node.lineno - 1][: node.col_offset][-1:]
            ):
                continue
            lines = text.splitlines(keepends=True)
            line = lines[node.lineno - 1].encode()
            changed = "'another release'" if isinstance(node.value, str) else "987654"
            lines[node.lineno - 1] = (line[: node.col_offset] + changed.encode() + line[node.end_col_offset :]).decode()
            try:
                ast.parse("".join(lines))
            except SyntaxError:
                continue
            return "".join(lines)
    return None


def test_a_changed_constant_of_any_module_makes_exactly_those_stages_stale_whose_work_imports_it(
    before: dict[str, str], reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: dict[str, Code] = {name: find_code(work) for name, work in WORKS.items()}
    codes |= {name: find_code(make, declared=True) for name, make in SHOWN.items()}
    by_work = {make: codes[name] for name, make in (WORKS | SHOWN).items()}
    monkeypatch.setattr(code, "find_code", lambda make, **_: by_work[make])  # a constant imports nothing else
    owns = {make.__module__ for make in (*WORKS.values(), *SHOWN.values())}  # of these, only what is reached counts
    changed = 0
    for module in sorted(set[str]().union(*(found.modules for found in codes.values())) - owns):
        path = reader.path_of(module)
        if not path.exists() or (edited := change_a_constant(path.read_text(encoding="utf-8"))) is None:
            continue  # a package, or a module without a constant
        with reader.changed(module, edited):
            after = fingerprints()
        stale = {name for name in after if after[name] != before[name]}
        assert stale == {name for name, found in codes.items() if module in found.modules}, module
        changed += 1
    assert changed > 150
    assert fingerprints() == before


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_changed_work_makes_its_own_stage_stale_and_no_other(
    before: dict[str, str], reader: Reader, stage: Any
) -> None:
    text = reader.path_of(stage.work.__module__).read_text(encoding="utf-8")
    (work,) = (
        node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == stage.work.__name__
    )
    lines = text.splitlines(keepends=True)
    lines.insert(work.body[-1].lineno - 1, "    another = 2\n")
    with reader.changed(stage.work.__module__, "".join(lines)):
        after = fingerprints()
    stale = {name for name in WORKS if after[name] != before[name]}
    assert stale == {stage.name}


def test_comments_docstrings_and_moved_lines_make_nothing_stale(copied: Path, before: dict[str, str]) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in copied.rglob("*.py")}
    for path, text in texts.items():
        reworded = re.sub(r'^"""', '"""Told otherwise. ', text, count=1)
        path.write_text(f"# a comment\n\n\n{reworded}\n# one more\n", encoding="utf-8")
    forget()
    after = fingerprints()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    forget()
    assert after == before


def test_another_version_of_a_library_that_computes_makes_everything_stale(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = code.version
    monkeypatch.setattr(code, "version", lambda name: "99.1" if name == "scipy" else real(name))
    code._describe_libraries.cache_clear()
    after = fingerprints()
    monkeypatch.undo()
    code._describe_libraries.cache_clear()
    assert [name for name in before if before[name] == after[name]] == []


def test_a_changed_template_makes_the_report_stale(copied: Path) -> None:
    before = hash_files("reports")
    path = copied / "reports" / "assets" / "site.css"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n", encoding="utf-8")
    forget()
    after = hash_files("reports")
    path.write_text(text, encoding="utf-8")
    forget()
    assert before != after


TELL = """
import json, sys
sys.path.insert(0, sys.argv[1])
from flows.pipeline.stages import STAGES
from flows.pipeline import code
assert str(code.ROOT) == sys.argv[1], code.ROOT
print(json.dumps({stage.name: stage.code for stage in STAGES}))
"""


def tell_codes(root: Path) -> dict[str, str]:
    """Return the code of each stage of a tree, found by a process that runs that tree."""
    ran = subprocess.run(
        [sys.executable, "-c", TELL, str(root)], cwd=root, capture_output=True, text=True, check=True,
        env={"PYTHONDONTWRITEBYTECODE": "1", "PATH": ""},
    )  # fmt: skip
    found: dict[str, str] = json.loads(ran.stdout)
    return found


def test_the_shape_of_a_declaration_makes_its_readers_stale_and_its_words_do_not(
    copied: Path, before: dict[str, str]
) -> None:
    path = copied / "transforms" / "tables" / "heat.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("homes with a good reading in the hour", "homes that count", 1), encoding="utf-8")
    reworded = tell_codes(copied)
    path.write_text(
        text.replace('Column("households", N, "homes with a good', 'Column("households", F, "homes with a good', 1),
        encoding="utf-8",
    )
    reshaped = tell_codes(copied)
    path.write_text(text, encoding="utf-8")
    assert reworded == {stage.name: before[stage.name] for stage in STAGES}
    stale = {name for name in reshaped if reshaped[name] != reworded[name]}
    assert "aggregate periods" in stale
    assert not stale & {"digest months", "follow homes", "judge homes", "build months"}


def test_a_run_takes_over_findings_of_the_run_before_in_the_same_files(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, kept, sought = STAGES[0].work, tmp_path / "code-hashes.json", list[str]()
    find = code.find_code

    def watched(function: Callable[..., Any], **given: Any) -> Code:
        sought.append(function.__name__)
        return find(function, **given)

    def in_another_process() -> str:
        forget()
        with code.hashes_kept_in(kept):
            return code.code_fingerprint(work)

    monkeypatch.setattr(code, "find_code", watched)
    first = in_another_process()
    assert in_another_process() == first
    assert sought == [work.__name__]

    kept.write_text('{"of_all_files": 1', encoding="utf-8")
    assert in_another_process() == first
    assert sought == [work.__name__] * 2

    path = copied.joinpath(*work.__module__.split(".")).with_suffix(".py")
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}# a comment\n", encoding="utf-8")
    assert in_another_process() == first  # it is looked for again, and a comment changes nothing
    assert sought == [work.__name__] * 3

    forget()
    before = kept.read_bytes()
    with code.hashes_kept_in(kept):
        path.write_text(text, encoding="utf-8")  # the code changes while a run is at work
        code.code_fingerprint(read_table)
    assert kept.read_bytes() == before
    forget()
