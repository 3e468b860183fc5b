"""One fault of each kind, injected into a run: what is published stays whole, and the next run makes all good."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture import FAULTS, Ground, Injection, inject, prepare

pytestmark = pytest.mark.timeout(900)  # some runs, each in a process of its own
SHORT = ("killed", "torn", "no space", "no right", "clock back")  # the others are in `make torture`


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Give the data folder that each fault meets."""
    root = tmp_path_factory.mktemp("torture")
    return prepare(root)


@pytest.mark.parametrize("fault", SHORT)
def test_after_a_fault_nothing_is_lost_or_doubled_and_the_message_says_what_to_do(
    fault: str, ground: Ground, tmp_path: Path
) -> None:
    outcome = inject(ground, Injection.choose(FAULTS.index(fault), ground.steps), tmp_path)
    assert outcome.wrong == (), outcome
