"""`hearth up`: server, work pool, deployments and worker of one data folder, under one supervisor in the foreground."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess  # nosec B404  # programs that are started are our own, Prefect or git
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from flows.progress import say
from flows.server.client import PrefectServer, away_from_here, open_api, start_server
from flows.server.files import ServerFiles
from flows.server.run_watch import RunWatch
from flows.settings import Settings
from warehouse.landing_state import describe_missing
from warehouse.manifest import read_manifests

PROJECT = Path(__file__).parents[2]  # the folder of prefect.yaml
POOL = "hearth"
JOB_TEMPLATE = str(
    Path(__file__).with_name("pool.json")
)  # without variables, so that no request can set command or folder
# Environment variables that a run needs. Others, such as keys of other programs, are not passed on.
WORKER_NEEDS = {
    "HOME", "HTTPS_PROXY", "HTTP_PROXY", "LANG", "LOGNAME", "NO_PROXY", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ",
    "USER", "https_proxy", "http_proxy", "no_proxy",
}  # fmt: skip
WORKER_NEEDS_BEGIN = ("HEARTH_", "PREFECT_", "LC_", "AWS_", "POLARS_", "OPENBLAS_", "OMP_", "DO_NOT_TRACK")
GRACE_SECONDS = 20.0  # time for a run to end after SIGTERM; its work so far is kept in any case
SAME_REQUEST_SECONDS = (
    2.0  # two signals within this time are one request, which terminal and service manager both pass on
)
POLL_SECONDS = 0.5
ANSWER_SECONDS = 5.0
WORKER = {
    "PREFECT_WORKER_QUERY_SECONDS": "3"
}  # how often it looks for runs; Prefect's 10 s suit a server with many workers
RESTART_SECONDS = (1, 5, 30)  # waits before the first, second and later restarts of a worker
STEADY_SECONDS = 60.0  # after this time a worker counts as started, and the waits begin anew


def tell(text: str) -> None:
    """Print a message with the time."""
    say(f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC  {text}")


class DeployError(RuntimeError):
    """The deployments could not be made; the message holds Prefect's output."""


def keep_up(settings: Settings, *, port: int) -> None:
    """Serve, schedule and work until SIGINT or SIGTERM.

    Parameters
    ----------
    settings
        Settings of the runs; later changes of hearth.toml need a restart.
    port
        Port of the server on loopback; 0 means a free one. If PREFECT_API_URL is set, that server is used instead.

    Raises
    ------
    flows.server.ServerError
        If the server cannot be started.
    DeployError
        If Prefect refuses the deployments.

    """
    settings = settings.with_whole_paths()
    prefect = settings.folders.prefect
    with (
        stopped_by_signals() as stop,
        away_from_here(prefect),
        start_server(prefect, schedules=True, port=port) as server,
    ):
        tell(f"server     {server.url.removesuffix('/api')} starts")
        server.wait_ready()
        environment = reduce_environment(os.environ) | settings_as_environment(settings)
        deploy(environment)
        tell(f"deployed   nightly ({wait_for_schedule(server)}), backfill, report")
        missing = describe_missing(settings.landing_folder, read_manifests(settings.folders.lake))
        tell(f"landing    {'MISSING: ' + missing if missing else settings.landing_folder}")
        watch_worker(settings, environment, stop, server)
    if server.files is not None:
        wait_for_end(server.files)
    tell("stopped")


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set, also if the shell that started us ignores them for its children."""
    stop, asked_at = threading.Event(), 0.0

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked_at
        if stop.is_set() and time.monotonic() - asked_at > SAME_REQUEST_SECONDS:
            raise KeyboardInterrupt  # the second request ends everything at once
        if not stop.is_set():
            asked_at = time.monotonic()
            stop.set()

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def reduce_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that runs need."""
    return {n: value for n, value in environment.items() if n in WORKER_NEEDS or n.startswith(WORKER_NEEDS_BEGIN)}


def settings_as_environment(settings: Settings) -> dict[str, str]:
    """Return the settings that were set as HEARTH_*, so that a worker in any folder runs with them.

    The paths in `settings` must be absolute.
    """
    values = settings.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    values |= {"home": str(settings.home), "landing": str(settings.landing_folder)}
    if settings.alert_url is not None:  # a dump of the settings leaves it out
        values["alert_url"] = str(settings.alert_url)
    return {
        f"HEARTH_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }


def deploy(environment: dict[str, str]) -> None:
    """Make the work pool and the deployments of prefect.yaml on the server of the environment."""
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    pool = ["work-pool", "create", POOL, "--type", "process", "--overwrite", "--base-job-template", JOB_TEMPLATE]
    for command in (pool, ["deploy", "--all"]):
        done = subprocess.run(  # nosec B603  # a list of our own words, without a shell
            [*prefect, *command], cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            message = f"`prefect {' '.join(command)}` in {PROJECT} failed:\n{done.stdout}{done.stderr}"
            raise DeployError(message)


def wait_for_schedule(server: PrefectServer) -> str:
    """Say when the next run is scheduled; the server needs a moment to plan it."""
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline:
        if night := ask_next_night(server):
            return f"next at {night} UTC"
        time.sleep(POLL_SECONDS)
    return "no night is scheduled: is it paused?"


def watch_worker(settings: Settings, environment: dict[str, str], stop: threading.Event, server: PrefectServer) -> None:
    """Keep a worker running until `stop`; runs that a dead worker left are queued again, at the next start at the latest.

    Raises
    ------
    flows.server.ServerError
        If the server is gone: without it nothing would be scheduled.

    """
    from flows.server.stale import read_at_work, take_up_again

    deaths = starts = 0
    runs = RunWatch(settings.folders.runs)
    left = read_at_work(POOL)  # runs that a killed supervisor left
    while not stop.is_set():
        for name in take_up_again(settings.folders, left):
            tell(f"again      run {name}, which its worker left behind")
        worker, started = start_worker(environment), time.monotonic()
        tell(f"worker     started again ({starts})" if starts else "worker     ready; stop all with Ctrl-C")
        starts += 1
        try:
            while worker.poll() is None and not stop.wait(POLL_SECONDS):
                server.check_alive()
                tell_of_runs(runs, server)
            left = read_at_work(POOL)
        finally:
            end_worker(worker)
        if not stop.is_set():
            tell(f"worker     ended with {worker.returncode}")
            deaths = 0 if time.monotonic() - started > STEADY_SECONDS else deaths
            stop.wait(RESTART_SECONDS[min(deaths, len(RESTART_SECONDS) - 1)])
            deaths += 1
    for name in take_up_again(settings.folders, left):
        tell(f"again      run {name}, when `hearth up` is started next")


def tell_of_runs(runs: RunWatch, server: PrefectServer) -> None:
    """Print which runs began and ended; after the end of one, also when the next is scheduled."""
    news = runs.look()
    for line in news:
        tell(line)
    if any(" ended: " in line for line in news):
        night = ask_next_night(server)
        tell(f"waits      for the nightly{f' of {night} UTC' if night else ''}, or for a run that somebody queues")


def ask_next_night(server: PrefectServer) -> str | None:
    """Return when the next nightly run is scheduled (UTC), or None if the server does not answer at once.

    Prefect's own client would retry for a minute if the server is gone, and the supervisor would notice too late.
    """
    import httpx

    asked = {
        "deployments": {"name": {"any_": ["nightly"]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": 1,
    }
    try:
        with open_api(server.url, timeout_seconds=ANSWER_SECONDS) as client:
            (soonest,) = client.post("/flow_runs/filter", json=asked).raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        return None
    return str(soonest["expected_start_time"])[:16].replace("T", " ")


def wait_for_end(files: ServerFiles) -> None:
    """Wait until no server of these files is running, but not for long: other users may keep it."""
    deadline = time.monotonic() + GRACE_SECONDS
    while files.read_live_address() is not None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS / 5)


def start_worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own, so that Ctrl-C reaches only the supervisor, which ends the worker in order."""
    worker = ["worker", "start", "--pool", POOL, "--name", f"hearth-{os.getpid()}"]
    command = [sys.executable, "-P", "-m", "flows.server.worker_keeper", *worker]
    return subprocess.Popen(command, env=WORKER | environment, stdin=subprocess.PIPE, start_new_session=True)  # nosec B603  # a list of our own words, without a shell


def end_worker(worker: subprocess.Popen[bytes]) -> None:
    """End a worker and its runs, with SIGTERM and after a while with SIGKILL; nothing that they finished is lost."""
    for number, patience in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, GRACE_SECONDS)):
        try:
            os.killpg(worker.pid, number)
        except ProcessLookupError:
            break
        deadline = time.monotonic() + patience
        while _group_lives(worker) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS / 5)
    worker.wait()
    if worker.stdin is not None:
        worker.stdin.close()


def _group_lives(worker: subprocess.Popen[bytes]) -> bool:
    worker.poll()  # a process that has ended counts as one of its group until this is called
    try:
        os.killpg(worker.pid, 0)
    except ProcessLookupError:
        return False
    return True
