"""What every test may ask for: the Prefect server of this run of the tests, and a browser.

Where no chromium is found, browser tests are left out and the last line of the run says so; CI must have one.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.server import start_server

HERE = Path(__file__).parent
BROWSER_TESTS = HERE / "e2e" / "test_browser.py"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WITHOUT_BROWSER = CHROMIUM is None and not os.environ.get("CI")
INSTALL = "apt-get install --yes chromium"
NOT_RUN = f"browser tests NOT RUN\nno chromium found; to run them: {INSTALL}"

collect_ignore = [str(BROWSER_TESTS)] if WITHOUT_BROWSER else []


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of the browser; without one (in CI) this fails."""
    if CHROMIUM is None:
        pytest.fail(f"no chromium found: {INSTALL}")
    return CHROMIUM


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """Give the URL of one Prefect server for all workers of this run; flows run on it from here on."""
    folder = tmp_path_factory.getbasetemp()
    common = folder if worker_id == "master" else folder.parent
    with start_server(common / "prefect", ignore_configured=True) as server:
        if "prefect" in sys.modules:  # it read the environment when it was imported
            from prefect.context import refresh_global_settings_context

            refresh_global_settings_context()
        yield server.wait_ready()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say as the very last line that browser tests were asked for and not run."""
    is_worker = hasattr(config, "workerinput")
    asked = any(BROWSER_TESTS.is_relative_to(Path(arg.split("::")[0]).resolve()) for arg in config.args)
    if WITHOUT_BROWSER and asked and not is_worker:
        print(f"\n{NOT_RUN}")  # noqa: T201 - after pytest's own summary, which ends before
