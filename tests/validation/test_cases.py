"""The shared cases of real exports: right numbers, or a helpful message; collected only if they are beside the project."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from flows.operations.status import describe_status, read_status
from flows.pipeline.content import Content, begin_content
from flows.pipeline.months import BUILD_MONTHS
from flows.pipeline.stages import STAGES, work_missing
from flows.settings import Settings, load_settings
from tests.landing_files import ingest, options
from transforms.tables.lake import FLAGGED, READING
from warehouse.manifest import Manifest

CASES = Path(__file__).parents[3] / "shared" / "cases" / "inputs"
NEAR = 0.02  # totals may differ by this share
RUN_DATE = dt.date(2026, 6, 1)

# Words that status must say of each case whose readings are held or refused: one of the two ways to be right.
WORDS: dict[str, tuple[str, ...]] = {
    "01": ("HELD", "its unit stands nowhere in it", 'unit = "kWh" or "m3"'),
    "02": ("HELD", "its unit stands nowhere in it", 'unit = "kWh" or "m3"'),
    "11": ("one value a day", "register", "half-hourly"),
    "15": ("REFUSED", "register", "irregular"),
    "20": ("REFUSED", "lost their offset", "download the file anew"),
    "29": ("HELD", "left out", 'absent = "zero" or "missing"', r"11,8\d\d kWh"),
    "41": ("REFUSED", "register", "never fall"),
    "58": ("mill_lane", "not in the household table"),
    "56": ("HELD", "its unit is in doubt", r"0\.\d+ times the gas of the mean British home"),
}
# Homes that a case has and lists no total for: what they hold is right, or not known.
OTHER_HOMES = {"65": {"c65_hourly"}}


@dataclass(frozen=True)
class Found:
    """The result of one case."""

    kwh: dict[str, float]
    ok: dict[str, int]
    text: str
    manifests: dict[str, Manifest]


def take_in(home: Path, landing: Path) -> Found:
    """Take in a landing folder, follow its homes and build its months, as a run does, in this process."""
    (home / "landing").unlink(missing_ok=True)
    home.mkdir(exist_ok=True)
    (home / "landing").symlink_to(landing, target_is_directory=True)
    manifests = ingest(home, options(run_date=RUN_DATE))
    settings = load_settings(home=home)
    content = begin_content(settings)
    for stage in STAGES[: STAGES.index(BUILD_MONTHS) + 1]:
        content = content.plan(stage)
        work_missing(content, stage)
    ok = _ok_readings(content)
    homes = ok.group_by("household_id").agg(kwh=pl.col("gas_kwh").sum(), ok=pl.len()).sort("household_id")
    return Found(
        kwh=dict(homes.select("household_id", "kwh").iter_rows()),
        ok=dict(homes.select("household_id", "ok").iter_rows()),
        text=_tell(settings),
        manifests=manifests,
    )


def _tell(settings: Settings) -> str:
    return describe_status(read_status(settings), verbose=True)


def _ok_readings(content: Content) -> pl.DataFrame:
    key = ["source_id", "line"]
    parts = [
        content.lake.read(object_key).select(*READING.schema).with_columns(source_id=pl.lit(m.source_id))
        for m in content.inputs.readings
        for month, object_key in m.months.items()
        if month != "none"
    ]
    flagged = [content.lake.read(unit.key(FLAGGED)).select(*key) for unit in content.units_of(BUILD_MONTHS)]
    if not parts:
        return pl.DataFrame(schema={"household_id": pl.String, "gas_kwh": pl.Float64})
    every = pl.concat(parts)
    return every.join(pl.concat(flagged), on=key, how="anti") if flagged else every


def is_near(found: dict[str, float], expected: dict[str, float]) -> bool:
    """Say whether homes have the totals that are expected; a home may bear another name."""
    pairs = zip(sorted(found.values()), sorted(expected.values()), strict=False)
    return len(found) == len(expected) and all(abs(a - b) <= NEAR * b for a, b in pairs)


if CASES.exists():
    NAMES = sorted(path.name for path in CASES.iterdir())

    @pytest.mark.parametrize("case", NAMES)
    def test_a_case_gives_right_numbers_or_words_that_help(tmp_path: Path, case: str) -> None:
        folder = CASES / case
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        nights = sorted(path for path in (folder / "landing").glob("night*")) or [folder / "landing"]
        for night in nights:
            found = take_in(tmp_path / "home", night)
        assert_nothing_is_silent(found, folder / "landing")
        totals = expected.get("total_kwh_by_home") or {}
        if case[:2] in WORDS:
            for words in WORDS[case[:2]]:
                assert re.search(words, found.text), f"{words!r} is not said in\n{found.text}"
            assert is_near(found.kwh, {home: totals[home] for home in found.kwh}), found.kwh
        else:
            wanted = totals or {"": expected["true_total_kwh"]}
            kwh = {home: value for home, value in found.kwh.items() if home not in OTHER_HOMES.get(case[:2], ())}
            assert is_near(kwh, wanted), f"{kwh} for {wanted}\n{found.text}"

    def assert_nothing_is_silent(found: Found, landing: Path) -> None:
        """Assert that status names every file of the landing folder."""
        missing = [p.name for p in landing.rglob("*") if p.is_file() and p.name not in found.text]
        assert not missing, f"{missing} are not named in\n{found.text}"


def test_near_is_two_in_a_hundred_and_counts_homes() -> None:
    assert is_near({"a": 100.0}, {"b": 101.9})
    assert not is_near({"a": 100.0}, {"b": 102.1})
    assert not is_near({"a": 50.0, "b": 50.0}, {"a": 100.0})
