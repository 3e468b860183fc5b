"""The rules of the house, for every file that is or would be committed."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import polars as pl
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {"requirements.txt": ("setup",), "requirements-dev.txt": ("dev",)}
ASSUMPTIONS = sorted((ROOT / "warehouse" / "assumptions").glob("*.csv"))

# Written in two parts, so that this file passes its own test.
REGISTRIES = tuple(
    name + end
    for name, end in (
        ("pypi.", "org"),
        ("python", "hosted.org"),
        ("npmjs.", "org"),
        ("npmjs.", "com"),
        ("yarnpkg.", "com"),
        ("anaconda.", "org"),
        ("crates.", "io"),
        ("proxy.golang.", "org"),
        ("rubygems.", "org"),
    )
)
LOCKS_WITH_ADDRESSES = re.compile(
    r"(uv|poetry|pdm|Pipfile|yarn|conda)[.-]lock|pylock(\..+)?\.toml|(package-lock|npm-shrinkwrap)\.json|pnpm-lock\.yaml"
)
MACHINE_PATH = re.compile(r"(?<![\w./<>*}-])/(?:work|root|home|Users|tmp|opt)/\w[\w.-]*")
PINNED = re.compile(r"(?m)^(?P<name>[A-Za-z0-9._-]+)(\[[\w,-]+\])?==(?P<version>[^\s;\\]+)(?P<rest>(.*\\\n)+.*)")


def committed() -> list[Path]:
    """List the files that git tracks or would take in."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


def text(path: Path) -> str:
    """Return what a file says; a binary one says nothing."""
    content = path.read_bytes()
    return "" if b"\0" in content[:8000] else content.decode("utf-8", errors="replace")


def registries_in(content: str) -> list[str]:
    """List the package registries that a text names."""
    return [host for host in REGISTRIES if host in content.lower()]


def pins_in(lock: str) -> dict[str, set[str]]:
    """Return the locked versions of each package; markers may lock several."""
    pins: dict[str, set[str]] = {}
    for match in PINNED.finditer(lock):
        pins.setdefault(canonicalize_name(match["name"]), set()).add(match["version"])
    return pins


def disagreements(requirements: list[Requirement], pins: dict[str, set[str]]) -> list[str]:
    """Name the requirements that a lock lacks or does not meet."""
    return [
        str(wanted)
        for wanted in requirements
        if not (versions := pins.get(canonicalize_name(wanted.name)))
        or not all(wanted.specifier.contains(version) for version in versions)
    ]


def direct_requirements(extras: tuple[str, ...]) -> list[Requirement]:
    """List what pyproject.toml asks for with some extras, those of hearth itself followed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    for extra in extras:
        for requirement in map(Requirement, optional[extra]):
            own = canonicalize_name(requirement.name) == project["name"]
            wanted += direct_requirements(tuple(requirement.extras)) if own else [requirement]
    return wanted


def test_no_file_names_a_package_registry() -> None:
    assert {str(path): found for path in committed() if (found := registries_in(text(path)))} == {}
    assert registries_in("see https://" + "PyPI." + "org/simple") == ["pypi." + "org"]


def test_no_lock_format_that_records_addresses_is_committed() -> None:
    assert [path.name for path in committed() if LOCKS_WITH_ADDRESSES.fullmatch(path.name)] == []
    assert LOCKS_WITH_ADDRESSES.fullmatch("uv.lock")
    assert LOCKS_WITH_ADDRESSES.fullmatch("package-lock.json")


def test_no_file_names_a_path_of_one_machine() -> None:
    found = {str(path): match[0] for path in committed() if (match := MACHINE_PATH.search(text(path)))}
    assert found == {}
    assert MACHINE_PATH.search("open('/ho" + "me/someone/data.csv')")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_and_hashes_everything_and_holds_no_address(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"(?m)^(?=\S)", lock) if block.strip()]
    assert [block for block in blocks if not (PINNED.match(block) and "--hash=sha256:" in block)] == []
    assert re.findall(r"://|@ |^-.*", lock, flags=re.MULTILINE) == []


@pytest.mark.parametrize(("name", "extras"), LOCKS.items())
def test_a_lock_holds_every_direct_requirement_within_its_range(name: str, extras: tuple[str, ...]) -> None:
    pins = pins_in((ROOT / name).read_text(encoding="utf-8"))
    wanted = direct_requirements(extras)
    assert len(wanted) > len(extras)
    assert disagreements(wanted, pins) == [], f"run `make lock`: {name} is older than pyproject.toml"
    assert disagreements([Requirement("prefect<3"), Requirement("not-there")], pins) == ["prefect<3", "not-there"]


def test_both_locks_pin_the_same_versions() -> None:
    run, dev = (pins_in((ROOT / name).read_text(encoding="utf-8")) for name in LOCKS)
    assert {name: (versions, dev.get(name)) for name, versions in run.items() if dev.get(name) != versions} == {}


def test_there_are_figures() -> None:
    assert len(ASSUMPTIONS) > 1


@pytest.mark.parametrize("path", ASSUMPTIONS, ids=lambda path: path.stem)
def test_every_figure_has_a_unit_and_a_source(path: Path) -> None:
    figures = pl.read_csv(path, infer_schema=False)
    assert figures.height > 0
    for column in ("unit", "source"):
        empty = figures.filter(pl.col(column).is_null() | (pl.col(column).str.strip_chars() == ""))
        assert empty.height == 0, f"{path.name} has {empty.height} rows without {column}, e.g. {empty.row(0)}"
