"""Nights keep the published hours and exchange the months that changed; the tables are those of one run over everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.pipeline import publication
from tests.pipeline import differing, read_tables, write_edrp, write_households
from tests.pipeline import run_without_report as run
from warehouse.publish import Candidate

HOMES = {str(n): 0.3 + 0.04 * n for n in range(1, 13)}
DAY = dt.timedelta(days=1)
NEW_YEAR = dt.date(2010, 1, 1)


@pytest.fixture
def exchanged(monkeypatch: pytest.MonkeyPatch) -> list[list[str] | None]:
    """Give what each candidate exchanged of the published hours; None for one that was filled anew."""
    seen: list[list[str] | None] = []
    exchange, fill = Candidate.drop_stale_months, publication.fill_candidate

    def watched_fill(candidate: Candidate, *given: Any) -> None:
        seen.append(None)
        fill(candidate, *given)

    def watched_exchange(candidate: Candidate, *given: Any) -> list[dt.date]:
        months = exchange(candidate, *given)
        seen[-1] = [f"{month:%Y-%m}" for month in months]
        return months

    monkeypatch.setattr(publication, "fill_candidate", watched_fill)
    monkeypatch.setattr(Candidate, "drop_stale_months", watched_exchange)
    return seen


def test_nights_exchange_what_changed_and_end_where_one_run_ends(
    tmp_path: Path, prefect_api: str, exchanged: list[list[str] | None]
) -> None:
    del prefect_api
    home, landing = tmp_path / "home", tmp_path / "landing"

    def deliver(day: dt.date, *, times: float = 1.0) -> Callable[[], object]:
        levels = {name: times * level for name, level in HOMES.items()}
        return lambda: write_edrp(landing / f"{day}.csv", levels, day, day + DAY)

    write_edrp(landing / "2009.csv", HOMES, dt.date(2009, 1, 1), NEW_YEAR)
    write_households(landing / "households.csv", dict.fromkeys(HOMES, "flat"))
    nights = [lambda: None, deliver(NEW_YEAR), deliver(NEW_YEAR + DAY), deliver(NEW_YEAR, times=1.1)]
    for arrives in nights:
        arrives()
        assert run(home, landing)["outcome"] == "published"
    assert exchanged[0] is None
    assert all(months is not None and "2010-01" in months and len(months) <= 2 for months in exchanged[1:])

    audited = run(home, landing, settings={"full_audit": True})
    assert audited["outcome"] == "unchanged"
    assert exchanged[-1] is None  # whoever asks for a full audit gets what the lake gives

    run(tmp_path / "at-once", landing)
    ledger = {"source", "flag_count", "source_level", "build_month"}  # they know of the content that was replaced
    assert set(differing(read_tables(tmp_path / "at-once"), read_tables(home))) <= ledger


def test_after_a_file_is_withdrawn_nothing_of_the_published_file_is_kept(
    tmp_path: Path, prefect_api: str, exchanged: list[list[str] | None]
) -> None:
    del prefect_api
    home, landing = tmp_path / "home", tmp_path / "landing"
    write_edrp(landing / "winter.csv", HOMES, dt.date(2009, 1, 1), dt.date(2009, 3, 1))
    late = write_edrp(landing / "march.csv", HOMES, dt.date(2009, 3, 1), dt.date(2009, 3, 15))
    write_households(landing / "households.csv", dict.fromkeys(HOMES, "flat"))
    run(home, landing)
    given = ["withdraw", late.name, "--reason", "another customer's homes", "--home", str(home)]
    assert CliRunner().invoke(app, given).exit_code == 0
    run(home, landing)
    write_edrp(landing / "april.csv", HOMES, dt.date(2009, 4, 1), dt.date(2009, 4, 15))
    run(home, landing)
    assert exchanged[:2] == [None, None]
    assert exchanged[2] is not None
    assert "2009-04" in exchanged[2]
