"""What makes a table: the function on its declaration is the one that a real run gets the rows from."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FrameType
from typing import Any

import polars as pl
import pytest

from flows.pipeline.candidate import put_tables_together
from flows.pipeline.code import OURS, find_code
from flows.pipeline.content import Content, begin_content
from flows.pipeline.stages import STAGES
from flows.settings import load_settings
from tests.landing_files import ingest
from tests.pipeline import write_edrp, write_households
from transforms.public.public import PUBLIC_TABLES
from transforms.tables.catalogue import WAREHOUSE_TABLES
from transforms.tables.heat import HOUSEHOLD, TEMPERATURE_HOURLY
from transforms.tables.lineage import DATA_DICTIONARY, FLAG_COUNT, SOURCE
from transforms.tables.schema import Table
from transforms.tables.views import VIEWS

TYPES = ("detached", "semi_detached", "terraced", "bungalow", "flat")
HANDED_IN = {
    "flows.pipeline.unit",
    "warehouse.lake",
    "warehouse.stores",
    "warehouse.buckets",
    "warehouse.writing",
}  # a work is given its unit and the lake
WRITTEN = {table: stage for stage in STAGES for table in stage.tables}
TOGETHER = (HOUSEHOLD, TEMPERATURE_HOURLY, SOURCE, DATA_DICTIONARY)  # put together when a candidate is filled


def find_function(table: Table) -> Callable[..., Any]:
    """Return the function that the declaration of a table names."""
    module, _, name = table.made_by.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def list_frames(value: object) -> Iterator[pl.DataFrame]:
    """Give the frames in what a function returned."""
    if isinstance(value, pl.DataFrame):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from list_frames(part)
    elif isinstance(value, Mapping):
        yield from list_frames(tuple(value.values()))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from list_frames(tuple(getattr(value, field.name) for field in dataclasses.fields(value)))


class Watched:
    """What ran while something was watched: modules by stage, and what the named functions returned."""

    def __init__(self) -> None:
        self.stage = ""
        self.modules: dict[str, set[str]] = defaultdict(set)
        self.returned: dict[str, list[object]] = defaultdict(list)
        tables = [*WRITTEN, *TOGETHER]
        self.names: dict[CodeType, str] = {find_function(table).__code__: table.made_by for table in tables}

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """Take note of a call or a return."""
        module = str(frame.f_globals.get("__name__", ""))
        if event == "call" and module.split(".", maxsplit=1)[0] in OURS:
            self.modules[self.stage].add(module)
        elif event == "return" and frame.f_code in self.names and argument is not None:
            self.returned[self.names[frame.f_code]].append(argument)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Watched, Content]:
    """Give what ran while a year of twelve homes went through all stages, and what came of it."""
    root = tmp_path_factory.mktemp("watched")
    homes = {str(n): 0.3 + 0.05 * n for n in range(1, 13)}
    write_edrp(root / "landing" / "gas.csv", homes, dt.date(2009, 1, 1), dt.date(2010, 1, 1))
    write_households(root / "landing" / "households.csv", {home: TYPES[int(home) % 5] for home in homes})
    ingest(root)
    settings = load_settings(home=root, sobol_samples=64, bootstrap_replicates=100)
    seen = Watched()
    sys.setprofile(seen)
    try:
        content = begin_content(settings)
        for stage in STAGES:
            seen.stage = ""
            content = content.plan(stage)
            units = content.units_of(stage)
            seen.stage = stage.name
            for unit in units:
                unit.work(content.lake)
        seen.stage = ""
        put_tables_together(content)
    finally:
        sys.setprofile(None)
    return seen, content


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_module_that_a_work_runs_is_in_its_code_or_in_that_of_a_stage_before(
    watched: tuple[Watched, Content], stage: Any
) -> None:
    rests_on = STAGES[: STAGES.index(stage) + 1]  # a unit that is handed in has the code of its own stage behind it
    codes = [find_code(one.work) for one in rests_on]
    known = set[str]().union(*(code.modules for code in codes), {one.work.__module__ for one in rests_on})
    known |= {module for code in codes for module, _ in code.declared}
    ran = watched[0].modules[stage.name] - HANDED_IN
    assert stage.work.__module__ in ran
    assert sorted(ran - known) == []


@pytest.mark.parametrize("table", WRITTEN, ids=lambda table: table.name)
def test_a_table_of_a_stage_holds_what_the_function_on_its_declaration_returned(
    watched: tuple[Watched, Content], table: Table
) -> None:
    seen, content = watched
    stage = WRITTEN[table]
    code = find_code(stage.work)
    assert table.made_by.partition(":")[0] in code.modules | {stage.work.__module__}
    frames = [frame for value in seen.returned[table.made_by] for frame in list_frames(value)]
    shaped = [table.conform(frame).sort(table.key) for frame in frames if set(table.schema) <= set(frame.columns)]
    if stage.keyed_by == "run" and shaped:  # the function may be asked once for each lens
        shaped.append(pl.concat(shaped).unique(maintain_order=True).sort(table.key))
    for unit in content.units_of(stage):
        stored = content.lake.read(unit.key(table)).sort(table.key)
        assert any(stored.equals(frame) for frame in shaped), f"{table.made_by} returned no {unit.name}"


@pytest.mark.parametrize("table", TOGETHER, ids=lambda table: table.name)
def test_a_table_that_is_put_together_is_what_the_function_on_its_declaration_returned(
    watched: tuple[Watched, Content], table: Table
) -> None:
    seen, content = watched
    frames = [frame for value in seen.returned[table.made_by] for frame in list_frames(value)]
    shaped = [frame for frame in frames if set(table.schema) <= set(frame.columns)]
    together = table.conform(put_tables_together(content)[table])
    assert any(together.equals(table.conform(frame)) for frame in shaped)


def test_every_table_that_people_see_names_what_makes_it() -> None:
    views = {view.name for view in VIEWS}
    tables = [*WAREHOUSE_TABLES, *(table for name, table in PUBLIC_TABLES.items() if name not in views)]
    assert [table.name for table in tables if not table.made_by] == []
    assert all(callable(find_function(table)) for table in tables)


def test_every_table_of_the_warehouse_is_written_by_one_stage_or_put_together() -> None:
    tables = [table for stage in STAGES for table in stage.tables]
    assert len(tables) == len(set(tables))
    others = {table.name for table in WAREHOUSE_TABLES if table not in tables}
    assert others == {"household", "temperature_hourly", "source", "data_dictionary", "run", "quality_result"}
    assert FLAG_COUNT in tables
