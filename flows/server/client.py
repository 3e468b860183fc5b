"""The embedded Prefect server, from its users' side: one server per home, joined by every process that needs it.

Nothing here imports Prefect, so that a server can start while its first user still imports the rest:

    with start_server(home / "prefect") as server:
        from flows.runs.nightly import nightly

        server.wait_ready()
        with without_heartbeats():
            nightly()

Three lock files decide who does what; the operating system takes each lock from a process that dies.

- `users.lock`: every user holds it shared. The server ends once it gets it exclusively, and keeps it until it is gone:
  nobody joins a server that ends.
- `start.lock`: held while a user looks for a server and starts one; two starters make one server.
- `server.lock`: the server holds it as long as it lives, handed over by its starter. Who gets it may start another.

A run needs only the API. `hearth up` asks for a server with all of Prefect's services, which also schedules: runs of the
same home join it.
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
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from flows.server.files import API_URL, AUTH, END_SECONDS, POLL_SECONDS, ServerError, ServerFiles, take_lock, try_lock
from warehouse.writing import OWNERS_FOLDER

if TYPE_CHECKING:
    import httpx

LOOPBACK = "127.0.0.1"
READY_SECONDS = 120.0  # a new database on a busy machine takes half a minute
DRAIN_SECONDS = 5.0
READY_POLL_SECONDS = 0.5
LOG_TAIL = 1500
NO_TRACKING = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
EMBEDDED_CLIENT = {
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",  # the run's own log tells it; a second writer would block the first
}
FOREIGN = (
    "PREFECT_PROFILE",
    "PREFECT_API_KEY",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED",
)  # they belong to some other server


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
        while not _answers(self.url, deadline - time.monotonic()):
            if self.files is not None and self.files.read_live_address() != self.url:
                raise ServerError(f"the embedded Prefect server ended while it started; {_tail(self.files.log)}")
            if time.monotonic() > deadline:
                where = f"see {self.files.log}" if self.files else "is PREFECT_API_URL right? unset it to use our own"
                raise ServerError(f"no answer from {self.url}/health within {timeout_seconds:.0f} s; {where}")
            time.sleep(POLL_SECONDS)
        return self.url

    def check_alive(self) -> None:
        """Refuse to go on with a server of ours that is gone.

        Raises
        ------
        ServerError
            If it is.

        """
        lock = None if self.files is None else try_lock(self.files.server_lock, fcntl.LOCK_SH)
        if self.files is not None and lock is not None:  # which the server would hold
            os.close(lock)
            raise ServerError(f"the Prefect server ended, which nobody asked for; {_tail(self.files.log)}")

    def release(self) -> None:
        """Leave the server; the last user's leaving ends it."""
        if self._users_lock is not None:
            worker = sys.modules.get("prefect.events.worker")
            if worker is not None:  # what its thread still holds would be sent to a server that is gone
                logging.getLogger("EventsWorker").setLevel(logging.ERROR)  # it would warn that it is at work
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
    """Join the server of `prefect_home`, or start it, and return at once; set PREFECT_* of this process.

    Call it before Prefect is imported. A PREFECT_API_URL in the environment is used instead, unless
    `ignore_configured`.

    Parameters
    ----------
    prefect_home
        Folder of the server's files.
    ignore_configured
        Use a server of our own although PREFECT_API_URL names one.
    schedules
        Start one that schedules; it waits for the end of a server that does not.
    port
        Port on loopback of a server that is started; 0: a free one.

    Raises
    ------
    ServerError
        If a server that ends does not go, another one schedules already, or the port is taken.

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
    """Return a client of a Prefect API that may ask for a credential, and for a token against cross-site requests.

    Parameters
    ----------
    url
        Of the API.
    timeout_seconds
        For each answer [s].
    credential
        User and password; by default those of the environment, where there are any.

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
    """Stand in the server's folder while this block runs.

    Prefect reads prefect.toml, pyproject.toml and .env where one stands, and they can name code that it runs. One may
    stand among files that somebody delivered.
    """
    prefect_home.mkdir(parents=True, exist_ok=True, mode=OWNERS_FOLDER)
    with chdir(prefect_home):
        yield


@contextmanager
def without_heartbeats() -> Iterator[None]:
    """Run the flows of this block without heartbeats.

    Each flow waits a second or two for the end of its own; on an embedded server nobody listens to them, and no variable
    of the environment can turn them off.
    """
    from prefect.settings import temporary_settings

    with temporary_settings({"flows.heartbeat_frequency": None}):
        yield


def _join(files: ServerFiles) -> PrefectServer:
    users_lock = take_lock(files.users_lock, fcntl.LOCK_SH)
    return PrefectServer(join_or_start(files), files, users_lock)


def _schedule(files: ServerFiles, port: int) -> PrefectServer:
    """Start a server that schedules, as soon as no run uses one that does not."""
    told = False
    while True:
        if files.read_live_address() is not None:
            if files.schedules():
                raise ServerError(
                    f"a server of {files.home} schedules already, at {files.read_address()}: `hearth up` runs"
                )
            if not told:
                print("waiting for the end of the run that is under way", file=sys.stderr, flush=True)  # noqa: T201 - for people
                told = True
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
        os.close(users_lock)  # a run was quicker to start its own


def join_or_start(files: ServerFiles, *, schedules: bool = False, port: int = 0) -> str:
    """Return the address of the server of these files, which is started where none lives.

    Raises
    ------
    ServerError
        If a server neither ends nor says where it listens.
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
            time.sleep(POLL_SECONDS)  # a server that ends has withdrawn its address and is about to drop its lock
    finally:
        os.close(start_lock)
    raise ServerError(f"a Prefect server of {files.home} neither ends nor says where it listens; see {files.log}")


def _start(files: ServerFiles, server_lock: int, *, schedules: bool, port: int) -> str:
    """Start the server on a port that listens already, so that its address is known and early calls only wait."""
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
        )  # before the server lives: who finds `server.lock` held finds this address
        with files.log.open("wb") as log:
            server = subprocess.Popen(  # nosec B603  # a list of our own words, without a shell
                # -P: a folder `flows` where the command is given must not take this package's place
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
    threading.Thread(target=server.wait, name="prefect-server", daemon=True).start()  # takes note of its end
    return url


def _answers(url: str, patience_seconds: float) -> bool:
    opener = build_opener(ProxyHandler({}))  # a proxy has no way to this machine's loopback
    try:
        with opener.open(f"{url}/health", timeout=max(patience_seconds, POLL_SECONDS)) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - the status is its own name
    except (URLError, OSError):
        return False


def _tail(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return f"the end of {log}:\n{text[-LOG_TAIL:]}"
