"""The summary: one page of A4 that chromium prints, with both lenses of cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.pages import SUMMARY
from reports.site import render_site
from reports.summary import print_page
from tests.browsing import count_pages
from tests.example_site import RUN, make_inputs
from tests.site_pages import Page, words_of


def test_the_summary_prints_on_one_page(whole_site: Path, tmp_path: Path, chromium: str) -> None:
    assert chromium
    pdf = print_page(whole_site / SUMMARY.file, tmp_path / "new" / "summary.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert count_pages(pdf) == 1
    longer = print_page(whole_site / "demand.html", tmp_path / "demand.pdf").read_bytes()
    assert count_pages(longer) > 3


def test_a_release_of_few_homes_fits_one_page_too(tmp_path: Path, chromium: str) -> None:
    assert chromium
    render_site(make_inputs({"flat": 3}), run=RUN, out=tmp_path / "site")
    pdf = print_page(tmp_path / "site" / SUMMARY.file, tmp_path / "summary.pdf").read_bytes()
    assert count_pages(pdf) == 1


def test_the_summary_answers_what_the_first_page_answers(whole_site: Path) -> None:
    summary, first = (
        words_of(Page((whole_site / name).read_text(encoding="utf-8"))) for name in (SUMMARY.file, "index.html")
    )
    for words in (
        "How much heat does a home need?", "Cheapest to society:", "Cost of heat delivered to the household", "How sure is that?",
        "Made-up sample data",
    ):  # fmt: skip
        assert words in summary
        assert words in first
    assert f'href="{SUMMARY.file}"' in (whole_site / "index.html").read_text(encoding="utf-8")


def test_without_a_browser_the_command_that_brings_one_and_the_page_are_named(
    whole_site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-such-browser"))
    with pytest.raises(FileNotFoundError, match=r"apt-get install --yes chromium.*summary\.html can be printed"):
        print_page(whole_site / SUMMARY.file, tmp_path / "summary.pdf")
    assert not (tmp_path / "summary.pdf").exists()
