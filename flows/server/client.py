"""The embedded Prefect server, from its users' side: one server per data folder, which every process joins that needs it.

Nothing here imports Prefect, so that a server can start while its first user still imports the rest:

    with start_server(home / "prefect") as server:
        from flows.runs.nightly import nightly

        server.wait_ready()
        with without_heartbeats():
            nightly()

Three lock files decide who does what; the operating system releases the locks of a process that dies.

- `users.lock`: every user holds it shared. The server ends when it gets it exclusively, and holds it until the end, so that
  nobody joins a server that is ending.
- `start.lock`: a user holds it while it looks for a server or starts one, so that two users do not start two servers.
- `server.lock`: the server holds it as long as it lives; the process that starts it hands the lock over. A process that
  gets this lock may start another server.

A run needs only the API. `hearth up` asks for a server with all of Prefect's services, which also schedules; runs of the
same data folder join it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import subprocess  # nosec B404  # programs that are started are our own, Prefect or git
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.request import ProxyHandler, build_opener

from flows.server.files import API_URL, AUTH, END_SECONDS, POLL_SECONDS, ServerError, ServerFiles, take_lock, try_lock
from warehouse.writing import OWNERS_FOLDER

if TYPE_CHECKING:
    import httpx

LOOPBACK = "127.0.0.1"
READY_SECONDS = 120.0  # a new database on a busy machine takes half a minute
DRAIN_SECONDS = 5.0  # time for Prefect's thread to send its last events
READY_POLL_SECONDS = 0.5
LOG_TAIL = 1500  # characters of the server's log that a message shows
NO_TRACKING = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
EMBEDDED_CLIENT = {
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",  # the run has a log of its own, and SQLite has one writer
}
FOREIGN = (
    "PREFECT_PROFILE",
    "PREFECT_API_KEY",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED",
)  # settings for another server


@dataclass(slots=True)
class PrefectServer:
    """A Prefect server that this process uses until `release` or its own end."""

    url: str
    files: ServerFiles | None = None
    _users_lock: int | None = None
    _environment: dict[str, str | None] = field(default_factory=dict)

    @property
    def is_embedded(self) -> bool:
        """Say whether this is a server of ours, not a configured one."""
        return self.files is not None

    def wait_ready(self, timeout_seconds: float = READY_SECONDS) -> str:
        """Return the URL of the API as soon as the server answers.

        Raises
        ------
        ServerError
            If the server ended, or did not answer in time.

        """
        deadline = time.monotonic() + timeout_seconds
        while not answers(self.url, deadline - time.monotonic()):
            if self.files is not None and self.files.read_live_address() != self.url:
                raise ServerError(f"the embedded Prefect server ended while it started; {_tail(self.files.log)}")
            if time.monotonic() > deadline:
                where = f"see {self.files.log}" if self.files else "is PREFECT_API_URL right? unset it to use our own"
                raise ServerError(f"no answer from {self.url}/health within {timeout_seconds:.0f} s; {where}")
            time.sleep(POLL_SECONDS)
        return self.url

    def check_alive(self) -> None:
        """Check that a server of ours is still running.

        Raises
        ------
        ServerError
            If it is not.

        """
        lock = None if self.files is None else try_lock(self.files.server_lock, fcntl.LOCK_SH)
        if self.files is not None and lock is not None:  # a running server holds it
            os.close(lock)
            raise ServerError(f"the Prefect server ended unexpectedly; {_tail(self.files.log)}")

    def release(self) -> None:
        """Leave the server; it ends after its last user has left."""
        if self._users_lock is not None:
            worker = sys.modules.get("prefect.events.worker")
            if worker is not None:  # events that its thread still holds must be sent before the server ends
                logging.getLogger("EventsWorker").setLevel(logging.ERROR)  # it warns that it still has events
                worker.EventsWorker.drain_all(timeout=DRAIN_SECONDS, at_exit=False)
            os.close(self._users_lock)
            self._users_lock = None
        for name, before in self._environment.items():
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before
        self._environment.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def start_server(
    prefect_home: Path, *, ignore_configured: bool = False, schedules: bool = False, port: int = 0
) -> PrefectServer:
    """Join the server of `prefect_home`, or start it; return at once, with PREFECT_* of this process set.

    Call it before Prefect is imported. If the environment has a PREFECT_API_URL, that server is used instead, unless
    `ignore_configured`.

    Parameters
    ----------
    prefect_home
        Folder of the server's files.
    ignore_configured
        Whether a server of our own is used although PREFECT_API_URL names another.
    schedules
        Whether the server schedules runs; it starts after a server that does not schedule has ended.
    port
        Port on loopback of a new server; 0 means a free one.

    Raises
    ------
    ServerError
        If an ending server does not go away, another one schedules already, or the port is taken.

    """
    before = dict(os.environ)
    configured = os.environ.get("PREFECT_API_URL")
    if configured and not ignore_configured:
        server = PrefectServer(configured)
        os.environ |= NO_TRACKING
    else:
        files = ServerFiles(prefect_home.resolve())
        files.home.mkdir(parents=True, exist_ok=True, mode=OWNERS_FOLDER)
        server = _schedule(files, port) if schedules else _join(files)
        for name in FOREIGN:
            os.environ.pop(name, None)
        os.environ |= NO_TRACKING | {
            "PREFECT_HOME": str(files.home),
            API_URL: server.url,
            AUTH: files.read_credential(),
        }
        for name, value in EMBEDDED_CLIENT.items():
            os.environ.setdefault(name, value)
    changed = {name for name in before.keys() | os.environ.keys() if before.get(name) != os.environ.get(name)}
    server._environment |= {name: before.get(name) for name in changed}  # noqa: SLF001 - this function makes the server
    return server


def open_api(url: str, *, timeout_seconds: float, credential: str | None = None) -> httpx.Client:
    """Return a client of a Prefect API, with the credential and the token against cross-site requests that it asks for.

    Parameters
    ----------
    url
        Address of the API.
    timeout_seconds
        Time that each answer may take [s].
    credential
        User and password; by default those of the environment, if it has any.

    Raises
    ------
    httpx.HTTPError
        If the server does not answer.

    """
    import httpx

    user, _, password = (credential or os.environ.get(AUTH, "")).partition(":")
    auth, asker, base = (user, password) if user else None, str(uuid.uuid4()), url.rstrip("/")
    token = httpx.get(
        f"{base}/csrf-token", params={"client": asker}, auth=auth, timeout=timeout_seconds, trust_env=False
    )
    headers = {"Prefect-Csrf-Client": asker, "Prefect-Csrf-Token": token.json()["token"]} if token.is_success else {}
    return httpx.Client(base_url=base, auth=auth, headers=headers, timeout=timeout_seconds, trust_env=False)


@contextmanager
def away_from_here(prefect_home: Path) -> Iterator[None]:
    """Make the server's folder the current one while this block runs.

    Prefect reads prefect.toml, pyproject.toml and .env in the current folder, and they can name code that it runs. The
    user's current folder may hold files that somebody else delivered.
    """
    prefect_home.mkdir(parents=True, exist_ok=True, mode=OWNERS_FOLDER)
    with chdir(prefect_home):
        yield


@contextmanager
def without_heartbeats() -> Iterator[None]:
    """Run the flows of this block without heartbeats.

    At its end a flow waits a second or two for its heartbeat thread. On an embedded server nobody reads heartbeats, and no
    environment variable turns them off.
    """
    from prefect.settings import temporary_settings

    with temporary_settings({"flows.heartbeat_frequency": None}):
        yield


def _join(files: ServerFiles) -> PrefectServer:
    users_lock = take_lock(files.users_lock, fcntl.LOCK_SH)
    return PrefectServer(join_or_start(files), files, users_lock)


def _schedule(files: ServerFiles, port: int) -> PrefectServer:
    """Start a server that schedules, after runs that use one without a schedule have ended."""
    has_said = False
    while True:
        if files.read_live_address() is not None:
            if files.schedules():
                raise ServerError(
                    f"a server of {files.home} schedules already, at {files.read_address()}: `hearth up` runs"
                )
            if not has_said:
                print("waiting for the end of the run that is under way", file=sys.stderr, flush=True)  # noqa: T201 - for people
                has_said = True
            time.sleep(READY_POLL_SECONDS)
            continue
        users_lock = take_lock(files.users_lock, fcntl.LOCK_SH)
        try:
            url = join_or_start(files, schedules=True, port=port)
        except OSError as error:
            os.close(users_lock)
            raise ServerError(
                f"port {port} on {LOOPBACK} cannot be used: {error.strerror}; name another with --port"
            ) from None
        if files.schedules():
            return PrefectServer(url, files, users_lock)
        os.close(users_lock)  # a run started a server without a schedule first


def join_or_start(files: ServerFiles, *, schedules: bool = False, port: int = 0) -> str:
    """Return the address of the server of these files; start one if none is running.

    Raises
    ------
    ServerError
        If a server neither ends nor names its address.
    OSError
        If the port is taken.

    """
    start_lock = take_lock(files.start_lock, fcntl.LOCK_EX)
    try:
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            server_lock = try_lock(files.server_lock, fcntl.LOCK_EX)
            if server_lock is not None:
                return _start(files, server_lock, schedules=schedules, port=port)
            url = files.read_address()
            if url is not None:
                return url
            time.sleep(POLL_SECONDS)  # an ending server has deleted its address and will soon release its lock
    finally:
        os.close(start_lock)
    raise ServerError(f"a Prefect server of {files.home} neither ends nor names its address; see {files.log}")


def _start(files: ServerFiles, server_lock: int, *, schedules: bool, port: int) -> str:
    """Start the server on a socket that listens already, so that its address is known and early requests wait."""
    files.make_credential()
    try:
        listener = socket.create_server((LOOPBACK, port), backlog=128)
    except OSError:
        os.close(server_lock)
        raise
    with listener:
        url = f"http://{LOOPBACK}:{listener.getsockname()[1]}/api"
        files.write_address(
            url, None, schedules=schedules
        )  # before the server starts: a process that finds `server.lock` held finds this address
        with files.log.open("wb") as log:
            server = subprocess.Popen(  # nosec B603  # a list of our own words, without a shell
                # -P: a folder `flows` in the current folder must not be imported instead of this package
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "flows.server.keeper",
                    files.home,
                    str(listener.fileno()),
                    str(server_lock),
                    *(["schedules"] if schedules else []),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(listener.fileno(), server_lock),
                cwd=files.home,  # as `away_from_here`
                start_new_session=True,  # Ctrl-C in the terminal is for the user, not for the server
            )
    os.close(server_lock)  # the server's copy keeps the lock
    threading.Thread(target=server.wait, name="prefect-server", daemon=True).start()  # leaves no zombie when it ends
    return url


def answers(url: str, patience_seconds: float) -> bool:
    """Say whether the Prefect API at an address answers that it is healthy."""
    is_here = f"//{LOOPBACK}" in url or "//localhost" in url
    opener = build_opener(*([ProxyHandler({})] if is_here else []))  # no proxy leads to this machine's loopback
    try:
        with opener.open(f"{url.rstrip('/')}/health", timeout=max(patience_seconds, POLL_SECONDS)) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - the status is its own name
    except (OSError, ValueError, HTTPException):  # no connection, no address, or a server of another kind
        return False


def _tail(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return f"the end of {log}:\n{text[-LOG_TAIL:]}"
