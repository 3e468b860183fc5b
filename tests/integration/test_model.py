"""Random sequences of what happens to a data folder, beside a model in memory: after each run both hold the same hours."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flows.operations.forgetting import forget
from flows.operations.quarantine import decide
from flows.operations.withdrawal import withdraw
from flows.pipeline.months import Span
from flows.settings import Settings, load_settings
from tests import damaging
from tests.pipeline import read_tables, write_edrp
from tests.publishing import run_here
from transforms.tables.heat import HEAT_HOURLY
from warehouse import writing
from warehouse.manifest import read_manifests
from warehouse.snapshots import Hold, lift_hold, list_files, put_back, write_hold

HOMES = ("101", "102", "103")
SLOTS = {"january.csv": dt.date(2009, 1, 5), "both.csv": dt.date(2009, 1, 27), "february.csv": dt.date(2009, 2, 4)}
DAYS = 8  # of a file: two of the three overlap in none, the middle one lies in two months
LEVELS = (0.5, 0.55, 0.6)
DAMAGED = (
    "lake/heat_hourly/**/*", "lake/cell/**/*", "lake/build_month/**/*", "lake/home_level/**/*", "lake/day/**/*", "runs/*.json",
)  # fmt: skip
PUBLISHED = ("warehouse/current.duckdb",)  # damaged only while nothing is held
Hours = dict[tuple[str, dt.datetime], float]


class CrashError(BaseException):
    """The process ends here."""


@dataclass(slots=True)
class Content:
    """What one file held at one time: its half-hours, and whether it is left out."""

    text: str
    out: bool = False
    gone: bool = False  # withdrawn: left out for good

    def half_hours(self) -> dict[tuple[str, dt.datetime], float]:
        """Read the lines as a person would: the stamp names the end of the half-hour."""
        found = {}
        for line in self.text.splitlines()[1:]:
            home, stamp, _, kwh = line.split(",")
            end = dt.datetime.strptime(stamp.title(), "%d%b%y:%H:%M:%S")  # noqa: DTZ007 - UTC without a zone
            found[home, end - dt.timedelta(minutes=30)] = float(kwh)
        return found


@dataclass(slots=True)
class Model:
    """The contents that each path has had, oldest first; homes that are forgotten; what is held."""

    paths: dict[str, list[Content]] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    published: Hours | None = None
    held: bool = False

    def in_use(self) -> list[Content]:
        """Return the newest content of each path that is not left out."""
        used = []
        for contents in self.paths.values():
            counted = [content for content in contents if not content.out]
            used += counted[-1:]
        return used

    def hours(self) -> Hours:
        """Return the gas of each hour whose two half-hours are known, and told alike by all who tell them."""
        told: dict[tuple[str, dt.datetime], set[float]] = {}
        for content in self.in_use():
            for place, kwh in content.half_hours().items():
                told.setdefault(place, set()).add(kwh)
        sure = {place: values.copy().pop() for place, values in told.items() if len(values) == 1}
        half = dt.timedelta(minutes=30)
        return {
            (home, at): kwh + sure[home, at + half]
            for (home, at), kwh in sure.items()
            if at.minute == 0 and (home, at + half) in sure and home not in self.forgotten
        }


class FolderMachine(RuleBasedStateMachine):
    """A data folder, and the model that it is held against."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="hearth-model-"))
        self.home = self.root / "home"
        self.model = Model()
        self.changes: dict[str, Any] = {}

    @property
    def settings(self) -> Settings:
        """The settings of the folder."""
        return load_settings(home=str(self.home), landing_quiet_seconds=0)

    def teardown(self) -> None:
        """Run a last time, compare, and clear away."""
        try:
            if self.model.hours():
                self.run_and_compare()
        finally:
            writing.at_step = _NOTHING
            shutil.rmtree(self.root)

    @initialize()
    def begin(self) -> None:
        """Publish a first delivery of all homes."""
        self.deliver("january.csv", 0.5, list(HOMES))
        self.run_and_compare()

    @rule(slot=st.sampled_from(sorted(SLOTS)), level=st.sampled_from(LEVELS), homes=st.permutations(HOMES))
    def deliver(self, slot: str, level: float, homes: list[str]) -> None:
        """Deliver a file, or its correction under the same name, or the same again."""
        first = SLOTS[slot]
        path = self.home / "landing" / slot
        shown = (
            {home: level + 0.1 * n for n, home in enumerate(sorted(homes[:2]))}
            if slot == "both.csv"
            else {home: level + 0.1 * n for n, home in enumerate(HOMES)}
        )
        write_edrp(path, shown, first, first + dt.timedelta(days=DAYS))
        contents = self.model.paths.setdefault(slot, [])
        text = path.read_text(encoding="utf-8")
        if contents and contents[-1].text == text:
            return
        before = [content for content in contents if content.text == text]
        contents[:] = [content for content in contents if content.text != text]
        contents.append(before[0] if before else Content(text))

    def source_of(self, slot: str) -> str | None:
        """Return the id under which the newest content of a path was taken in."""
        found = [
            (place.revision, m.source_id)
            for m in read_manifests(self.settings.folders.lake)
            for place in m.paths
            if Path(place.path).name == slot
        ]
        return max(found)[1] if found else None

    @rule(slot=st.sampled_from(sorted(SLOTS)), state=st.sampled_from(["quarantined", "lifted", "withdrawn"]))
    def decide_about(self, slot: str, state: Any) -> None:
        """Put a file aside, take it in again, or withdraw it."""
        self.run_and_compare()
        source, contents = self.source_of(slot), self.model.paths.get(slot, [])
        if source is None or contents[-1].gone or (state == "lifted") != contents[-1].out:
            return
        others = [content for content in self.model.in_use() if content is not contents[-1]]
        if state != "lifted" and not others:
            return  # without any reading nothing is published
        if state == "withdrawn":
            withdraw(self.settings, source[:16])
            contents[-1].gone = True
        else:
            decide(self.settings, source[:16], state)
        contents[-1].out = state != "lifted"

    @rule(replicates=st.sampled_from([100, 120]))
    def change_rule(self, replicates: int) -> None:
        """Change a setting that shapes numbers."""
        self.changes = {"bootstrap_replicates": replicates}

    @rule(seed=st.integers(0, 1000))
    def damage(self, seed: int) -> None:
        """Damage a file of the folder."""
        chance = random.Random(seed)
        patterns = DAMAGED if self.model.held else (*DAMAGED, *PUBLISHED)
        shown = [path for pattern in patterns for path in sorted(self.home.glob(pattern)) if path.is_file()]
        chance.choice([damaging.empty, damaging.cut, damaging.flip_bit])(chance.choice(shown))

    @rule(step=st.integers(1, 120))
    def crash(self, step: int) -> None:
        """Let a run end at a step of a write."""
        done = 0

        def end_there(_step: str, _target: Path) -> None:
            nonlocal done
            done += 1
            if done == step:
                raise CrashError

        writing.at_step = end_there
        try:
            run_here(self.home, **self.changes)
        except CrashError:
            pass
        finally:
            writing.at_step = _NOTHING

    @precondition(lambda self: not self.model.held)
    @rule()
    def roll_back(self) -> None:
        """Bring the oldest snapshot back that is whole, and hold it."""
        self.run_and_compare()
        folder = self.settings.folders.warehouse
        oldest = list_files(folder)[-1]
        hold = Hold(
            snapshot_id=oldest.snapshot_id, instead_of=None, reason=None, decided_at_utc=dt.datetime.now(dt.UTC)
        )
        with folder.lock():
            write_hold(folder, hold)
            put_back(folder, oldest.snapshot_id)
        self.model.held, self.model.published = True, self.hours_published()

    @precondition(lambda self: self.model.held)
    @rule()
    def resume(self) -> None:
        """Let runs publish again."""
        lift_hold(self.settings.folders.warehouse)
        self.model.held = False

    @precondition(lambda self: not self.model.held and len(self.model.forgotten) < 1)
    @rule(home=st.sampled_from(HOMES))
    def forget_home(self, home: str) -> None:
        """Forget a home."""
        self.run_and_compare()
        forget(
            self.settings, home, reason=None,
            run=lambda _settings: run_here(self.home, **self.changes).model_dump(mode="json"),
        )  # fmt: skip
        self.model.forgotten.add(home)
        self.run_and_compare()

    @rule()
    def backfill(self) -> None:
        """Build all months again from the lake."""
        self.run_and_compare(span=Span("2009-01", "2009-02"))

    @rule()
    def run_and_compare(self, span: Span | None = None) -> None:
        """Run, and hold what is published against the model."""
        log = run_here(self.home, span=span, **self.changes)
        assert log.outcome in {"published", "unchanged"}, log.failed_checks
        if not self.model.held:
            self.model.published = self.model.hours()
        assert self.hours_published() == pytest.approx(self.model.published, abs=1e-9)

    def hours_published(self) -> Hours:
        """Return what is published, as the model tells it."""
        rows = read_tables(self.home)[HEAT_HOURLY.name].select("household_id", "hour_start_utc", "gas_kwh")
        return {(home, at): kwh for home, at, kwh in rows.iter_rows()}


_NOTHING = writing.at_step


@pytest.mark.timeout(900)  # it is bounded by the number of steps, not by the clock of a busy machine
def test_a_data_folder_holds_what_the_model_holds_whatever_happens() -> None:
    run_state_machine_as_test(
        FolderMachine,
        settings=settings(
            max_examples=2, stateful_step_count=6, deadline=None, phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
