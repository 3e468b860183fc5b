"""What every test may ask for: the Prefect server of this run of the tests, and a browser.

Where no chromium is found, browser tests are left out and the last line of the run says so; CI must have one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from flows.server.client import start_server
from tests.pipeline import on_server

HERE = Path(__file__).parent
BROWSER_TESTS = (HERE / "e2e" / "test_browser.py", HERE / "integration" / "test_images.py")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WITHOUT_BROWSER = CHROMIUM is None and not os.environ.get("CI")
INSTALL = "apt-get install --yes chromium"
NOT_RUN = f"browser tests NOT RUN\nno chromium found; to run them: {INSTALL}"

# The same examples in every run; others with `make test TESTS="--hypothesis-profile=random tests/unit"`. No deadlines: they would
# judge the machine.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("repeatable")

collect_ignore = list(map(str, BROWSER_TESTS)) if WITHOUT_BROWSER else []


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


MadeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> MadeOnce:
    """Give what returns a folder by its name: whichever worker asks first makes what is in it, and all only read it."""
    folder = tmp_path_factory.getbasetemp()
    common = folder if worker_id == "master" else folder.parent

    def get(name: str, make: Callable[[Path], object]) -> Path:
        place, done = common / name, common / f"{name}.done"
        with FileLock(common / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                make(place)
                done.touch()
        return place

    return get


@pytest.fixture(scope="session")
def sample_home(made_once: MadeOnce, prefect_api: str) -> Path:
    """Give a folder in which `hearth sample` and `hearth run` were called for 60 homes: only read it.

    It holds `landing/` and `hearth-data/`; copy it before anything is changed in it.
    """
    hearth = Path(sys.executable).with_name("hearth")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEARTH_", "PREFECT_"))}

    def make(place: Path) -> None:
        for call in (("sample", "--out", "landing", "--households", "60"), ("run", "--landing", "landing")):
            environment = kept | on_server(prefect_api)
            made = subprocess.run(
                [hearth, *call], cwd=place, env=environment, check=False, capture_output=True, text=True
            )
            if made.returncode:
                pytest.fail(f"hearth {' '.join(call)} ended with {made.returncode}: {made.stderr[-2000:]}")

    return made_once("sample", make)


@pytest.fixture(scope="session")
def trial_home(made_once: MadeOnce, prefect_api: str) -> Path:
    """Give a folder with a made-up trial of 120 homes in `landing/`, run and reported below `home/`: only read it."""
    del prefect_api
    from flows.deliveries.sample import SampleOrder, write_sample
    from tests.pipeline import run

    def make(place: Path) -> None:
        write_sample(place / "landing", SampleOrder(households=120, seed=3))
        assert run(place / "home", place / "landing")["outcome"] == "published"

    return made_once("trial", make)


@pytest.fixture(scope="session")
def whole_site(made_once: MadeOnce) -> Path:
    """Give the folder of a site with every table that a release may have: only read it."""
    from reports.site import render_site
    from tests.example_release import make_release
    from tests.example_site import RUN

    def make(out: Path) -> None:
        assert render_site(make_release(), run=RUN, out=out) == out / "index.html"

    return made_once("site", make)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say as the very last line that browser tests were asked for and not run."""
    is_worker = hasattr(config, "workerinput")
    paths = [Path(arg.split("::")[0]).resolve() for arg in config.args]
    asked = any(tests.is_relative_to(path) for tests in BROWSER_TESTS for path in paths)
    if WITHOUT_BROWSER and asked and not is_worker:
        print(f"\n{NOT_RUN}")  # noqa: T201 - after pytest's own summary, which ends before
