"""Five healthy trials, each a year of homes: the gate passes them without a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.deliveries.sample import SampleOrder, write_sample
from tests.publishing import publish_landing
from warehouse.reader import open_published


@pytest.mark.parametrize("seed", [2, 4, 5])
def test_a_healthy_trial_is_published_without_a_warning(seed: int, tmp_path: Path) -> None:
    write_sample(tmp_path / "landing", SampleOrder(households=60, seed=seed))
    publication = publish_landing(tmp_path)
    assert publication.outcome == "published"
    assert publication.warnings == ""


def test_the_two_trials_that_other_tests_read_were_published_without_a_warning(
    sample_home: Path, trial_home: Path
) -> None:
    for home in (sample_home / "hearth-data", trial_home / "home"):
        with open_published(home / "warehouse" / "current.duckdb") as warehouse:
            judged = warehouse.query("SELECT check_name, passed FROM quality_result")
        assert judged.height > 100
        assert judged.filter(~judged["passed"])["check_name"].to_list() == []
