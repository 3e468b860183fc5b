"""Parts of a report: made again exactly where their tables or their code changed, else taken over byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest

from flows.pipeline import parts as parts_module
from flows.pipeline.parts import Made, Parts, drawing_from
from reports.figures.exhibit import Exhibit
from reports.inputs import Published, RunInfo, WatchedTables
from reports.pages import PAGES, Draw, draw_listed, sections
from reports.site import render_site
from tests.example_release import make_release
from tests.example_site import RUN
from transforms.tables.cost import LCOH
from transforms.tables.heat import HEAT_PROFILE
from transforms.tables.lineage import SOURCE
from transforms.tables.schema import Table

DRAWS = [draw for page in PAGES for part in page.parts for draw in part.draws]


@pytest.fixture(scope="module")
def release() -> Published:
    """Return published tables of which none is empty."""
    return make_release()


def draw_site(parts: Parts, published: Published, run: RunInfo = RUN) -> tuple[list[str], list[Exhibit]]:
    """Return the functions that draw when a site is put together, by name, and its figures."""
    drawn = list[str]()

    def watched(draw: Draw, published: Published, run: RunInfo) -> Sequence[Exhibit]:
        drawn.append(draw.__name__)
        return draw_listed(draw, published, run)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts_module, "draw_listed", watched)
        drawing = drawing_from(parts, published, run)
        figures = [
            shown for page in PAGES for part in sections(page, published, run, drawing) for shown in part.exhibits
        ]
    return drawn, figures


def with_a_row_less(published: Published, table: Table) -> Published:
    """Return the release with another content of one table."""
    changed = replace(published[table], frame=published[table].frame.head(-1))
    return Published({**published.tables, table.name: changed})


@pytest.fixture(scope="module")
def reads(release: Published) -> dict[str, frozenset[str]]:
    """Give the tables that each function reads when it draws, by its name."""
    read = dict[str, frozenset[str]]()
    for draw in DRAWS:
        draw_listed(draw, watched := WatchedTables(release.tables), RUN)
        read[draw.__name__] = frozenset(watched.read)
    return read


@dataclass(frozen=True, kw_only=True)
class FirstDrawing:
    """What was drawn when no part was kept."""

    folder: Path
    drawn: list[str]
    figures: list[Exhibit]


@pytest.fixture(scope="module")
def first(release: Published, tmp_path_factory: pytest.TempPathFactory) -> FirstDrawing:
    """Give the parts of the release; tests work on copies."""
    folder = tmp_path_factory.mktemp("first") / "parts"
    drawn, figures = draw_site(Parts(folder), release)
    return FirstDrawing(folder=folder, drawn=drawn, figures=figures)


@pytest.fixture
def parts(first: FirstDrawing, tmp_path: Path) -> Parts:
    """Give a copy of them."""
    return Parts(Path(shutil.copytree(first.folder, tmp_path / "parts")))


def test_a_release_with_the_same_tables_draws_nothing_and_shows_its_own_run(
    parts: Parts, first: FirstDrawing, release: Published
) -> None:
    assert sorted(first.drawn) == sorted(draw.__name__ for draw in DRAWS)
    kept = {file.name: file.read_bytes() for file in parts.folder.iterdir()}
    next_run = replace(RUN, run_id="20260102T000000Z-ffffff")
    drawn, after = draw_site(parts, release, next_run)
    assert drawn == []
    assert {file.name: file.read_bytes() for file in parts.folder.iterdir()} == kept
    assert [figure.chart for figure in after] == [figure.chart for figure in first.figures]
    assert {figure.provenance["Run"] for figure in after} == {next_run.run_id}


@pytest.mark.parametrize("table", [LCOH, HEAT_PROFILE, SOURCE], ids=lambda table: table.name)
def test_a_changed_table_draws_exactly_the_figures_that_read_it(
    parts: Parts, release: Published, reads: dict[str, frozenset[str]], table: Table
) -> None:
    expected = [draw.__name__ for draw in DRAWS if table.name in reads[draw.__name__]]
    assert table is SOURCE or 0 < len(expected) < len(DRAWS)
    drawn, _ = draw_site(parts, with_a_row_less(release, table))
    assert sorted(drawn) == sorted(expected)


def test_a_changed_choice_of_the_run_draws_all_and_another_code_its_own(
    parts: Parts, release: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = DRAWS[0]
    drawn, _ = draw_site(parts, release, replace(RUN, origin="another origin"))
    assert len(drawn) == len(DRAWS)
    draw_site(parts, release)
    code_of = parts_module.code_fingerprint
    monkeypatch.setattr(
        parts_module, "code_fingerprint", lambda draw, **given: "another" if draw is one else code_of(draw, **given)
    )
    assert draw_site(parts, release)[0] == [one.__name__]


def test_a_damaged_part_and_one_that_is_gone_are_drawn_again(parts: Parts, release: Published) -> None:
    torn, other, gone, *_ = sorted(parts.folder.iterdir())
    kept = {file: file.read_bytes() for file in (torn, other, gone)}
    torn.write_bytes(kept[torn][: len(kept[torn]) // 2])
    other.write_bytes(kept[other].replace(b'"title"', b'"titel"', 1))
    gone.unlink()
    drawn, _ = draw_site(parts, release)
    assert sorted(drawn) == sorted(file.stem.rpartition(".")[2] for file in kept)
    assert {file: file.read_bytes() for file in kept} == kept


def test_a_site_of_parts_has_the_pages_of_one_that_is_drawn(tmp_path: Path, parts: Parts, release: Published) -> None:
    render_site(release, run=RUN, out=tmp_path / "drawn")
    render_site(release, run=RUN, out=tmp_path / "taken", drawing=drawing_from(parts, release, RUN))
    files = [file.relative_to(tmp_path / "drawn") for file in (tmp_path / "drawn").rglob("*") if file.is_file()]
    assert len(files) > len(PAGES)
    assert [
        str(file)
        for file in files
        if (tmp_path / "drawn" / file).read_bytes() != (tmp_path / "taken" / file).read_bytes()
    ] == []


def test_tables_are_computed_again_for_another_input(tmp_path: Path) -> None:
    parts, computed = Parts(tmp_path / "parts"), list[str]()
    rows = LCOH.empty()

    def compute() -> dict[Table, pl.DataFrame]:
        computed.append("once")
        return {LCOH: rows}

    for given in ("a", "a", "b"):
        taken = parts.take_tables("costs", code="c", given=given, make=compute)
        assert taken[LCOH].equals(rows)
    assert len(computed) == 2
    assert (
        parts.take("costs", code="d", hash_of={}.get, make=lambda: Made(content=b"new", inputs=frozenset())) == b"new"
    )
