"""Units as Prefect tasks: trouble with files is tried again, anything else is told at once, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prefect import flow

from flows.runs.tasks import UnitsFailedError, run_task, run_tasks
from flows.runs.workers import Threads


def failing(error: Exception, times: int, calls: list[str]) -> Callable[[], str]:
    """Return work that fails so many times before it succeeds."""

    def work() -> str:
        calls.append("called")
        if len(calls) <= times:
            raise error
        return "done"

    return work


@flow
def one(work: list[Callable[[], str]]) -> str:
    """Run one piece of work as a task."""
    return run_task("one", work[0])


@flow
def several(works: list[tuple[str, Callable[[], str]]]) -> list[str]:
    """Run pieces of work side by side."""
    return run_tasks("several", works, workers=Threads(2))


def test_trouble_with_a_file_is_tried_again(prefect_api: str) -> None:
    del prefect_api
    calls: list[str] = []
    assert one([failing(OSError("disk is busy"), 1, calls)]) == "done"
    assert len(calls) == 2


def test_any_other_error_is_not_tried_again(prefect_api: str) -> None:
    del prefect_api
    calls: list[str] = []
    with pytest.raises(ValueError, match="wrong"):
        one([failing(ValueError("wrong"), 1, calls)])
    assert len(calls) == 1


def test_a_failed_unit_is_named_after_all_others_are_done(prefect_api: str, capsys: pytest.CaptureFixture[str]) -> None:
    del prefect_api
    good: list[str] = []
    works = [
        ("month 2009-01", failing(ValueError("wrong"), 9, [])),
        *((f"unit {n}", failing(ValueError(), 0, good)) for n in range(3)),
    ]
    with pytest.raises(
        UnitsFailedError, match=r"1 of 4 units failed after retries, first month 2009-01: ValueError\('wrong'\)"
    ):
        several(works)
    assert len(good) == 3
    assert "several" in capsys.readouterr().err
