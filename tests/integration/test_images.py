"""Figures as pictures, drawn by a real browser without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.figures.completeness import draw_completeness
from reports.figures.cost import draw_individual
from reports.figures.exhibit import Exhibit
from reports.figures.gate import draw_gate
from reports.figures.season import draw_day_kinds
from reports.images import WIDTH, offline_page, picture, write_images
from tests.example_site import RUN, make_inputs

SAMPLE = "Made-up sample data, not EDRP."


@pytest.fixture(scope="module")
def exhibits() -> list[Exhibit]:
    """Give a figure with a choice, a map, and one that has no chart."""
    given = make_inputs()
    return [draw_day_kinds(given, RUN), draw_completeness(given, RUN), draw_gate(given, RUN)]


@pytest.fixture(scope="module")
def folder(exhibits: list[Exhibit], tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Path:
    """Give a folder with the images of these figures."""
    assert Path(chromium).exists()
    out = tmp_path_factory.mktemp("images") / "new"
    written = write_images(exhibits, out)
    assert [path.name for path in written] == [
        f"{key}.{kind}" for key in ("season-week", "completeness") for kind in ("png", "svg")
    ]
    return out


def words_of(svg: Path) -> str:
    """Return the text of a picture, its lines joined."""
    lines = re.sub(r"<[^>]+>", " ", svg.read_text(encoding="utf-8"))
    return " ".join(lines.replace("\N{NO-BREAK SPACE}", " ").split())


def test_a_picture_holds_title_words_source_and_the_mark_of_sample_data(folder: Path, exhibits: list[Exhibit]) -> None:
    for exhibit in exhibits[:2]:
        words = words_of(folder / f"{exhibit.key}.svg")
        assert words.startswith(f"{exhibit.title} ") or f" {exhibit.title} " in words
        assert exhibit.shows in words
        assert SAMPLE in words
        assert f"Run: {RUN.run_id}" in words


def test_a_png_is_as_large_as_it_says_and_not_blank(folder: Path, exhibits: list[Exhibit]) -> None:
    for exhibit in exhibits[:2]:
        content = (folder / f"{exhibit.key}.png").read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
        assert (width, height) == (2 * WIDTH, 2 * picture(exhibit).layout.height)
        assert len(content) > 20_000


def test_a_picture_of_a_choice_shows_its_first_one_alone(folder: Path, exhibits: list[Exhibit]) -> None:
    shown = [trace for trace in picture(exhibits[0]).data if trace.visible]
    assert {trace.meta["choice"] for trace in shown} == {"all"}
    assert len(shown) == 2
    assert words_of(folder / "season-week.svg").count("Weekdays") >= 1
    assert all(trace.visible is None for trace in exhibits[0].chart.data), "the figure of the page stays as it is"  # type: ignore[union-attr]


def test_costs_at_the_papers_demand_carry_no_mark_of_sample_data() -> None:
    few = draw_individual(make_inputs({"semi_detached": 1}), RUN)
    assert not few.rests_on_homes
    assert SAMPLE not in picture(few).layout.title.text
    assert SAMPLE in picture(draw_individual(make_inputs(), RUN)).layout.title.text.replace("<br>", " ")


def test_the_page_that_draws_asks_no_network() -> None:
    page = offline_page().generate_index()
    assert re.findall(r'src="(\w+):', page) == ["file", "file"]
    assert "http" not in page


def test_words_of_a_figure_are_inert_in_its_picture(exhibits: list[Exhibit]) -> None:
    hostile = Exhibit(
        key="x", title="<a href='x'>t</a>", shows="a & b", alternative="", provenance={"Source": "<b>s</b>"}, chart=exhibits[0].chart
    )  # fmt: skip
    told = picture(hostile).layout.title.text
    assert "&lt;a href=" in told
    assert "a &amp; b" in told
    assert "<a" not in told


def test_without_a_browser_the_command_that_brings_one_is_named(
    exhibits: list[Exhibit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-such-browser"))
    with pytest.raises(
        FileNotFoundError,
        match=r"no chromium found, which draws the 2 figures as images; .*apt-get install --yes chromium",
    ):
        write_images(exhibits, tmp_path / "images")


def test_a_kind_that_is_not_known_is_refused_before_anything_is_drawn(exhibits: list[Exhibit], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="gif is no kind of image: take png or svg"):
        write_images(exhibits, tmp_path / "images", kinds=("png", "gif"))
    assert not (tmp_path / "images").exists()


def test_figures_without_a_chart_give_no_file_and_need_no_browser(exhibits: list[Exhibit], tmp_path: Path) -> None:
    assert write_images(exhibits[2:], tmp_path) == []
