"""Five healthy trials, each a year of homes: the gate passes them without a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.deliveries.sample import SampleOrder, write_sample
from tests.publishing import publish_landing


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_healthy_trial_is_published_without_a_warning(seed: int, tmp_path: Path) -> None:
    write_sample(tmp_path / "landing", SampleOrder(households=60, seed=seed))
    publication = publish_landing(tmp_path)
    assert publication.outcome == "published"
    assert publication.warnings == ""
