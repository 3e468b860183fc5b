"""The embedded Prefect server, from its own side: a process that serves until its last user has left.

flows/server/client.py starts it as `python -m flows.server.keeper HOME LISTENER LOCK [schedules]` with two inherited
descriptors: a listening socket and the held `server.lock`. Without arguments it makes the template: a database with every
migration applied (15 s), which is copied into new data folders (0.01 s).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import os
import socket
import sqlite3
import subprocess  # nosec B404  # programs that are started are our own, Prefect or git
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from flows.server.client import LOOPBACK, NO_TRACKING
from flows.server.files import ServerFiles
from warehouse.writing import OWNER_ONLY, write_whole

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp, Receive, Scope, Send

POLL_SECONDS = 0.5
END_SECONDS = 10.0
TEMPLATE = Path(sys.prefix) / "share" / "hearth" / f"prefect-{version('prefect')}.sqlite"
SETTINGS = (
    NO_TRACKING
    | {
        "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
        "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        # SQLite has one writer. Services that write at the same time make requests fail, and their clients wait for seconds. So
        # automations and stored events, which an embedded server does not need, are off; task runs are stored by the hundred.
        "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
        "PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "500",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "30",
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "3",  # how often a run that waits for another looks again
    }
)


def main(arguments: list[str]) -> None:
    """Serve with the arguments of flows/server/client.py; without arguments make the template."""
    if not arguments:
        make_template()
        return
    home, listener, _server_lock, *words = arguments
    files, first = ServerFiles(Path(home)), "again" not in words
    if not serve(files, socket.socket(fileno=int(listener)), first=first, schedules="schedules" in words) and first:
        # A database that this Prefect cannot use, since it is damaged or from a newer version, must not stop the nightly.
        files.database.replace(files.database.with_suffix(".unusable"))
        command = [sys.executable, "-P", "-m", "flows.server.keeper", *arguments, "again"]
        os.execv(sys.executable, command)  # noqa: S606 - this program once more, with the locks that it holds  # nosec B606


def serve(files: ServerFiles, listener: socket.socket, *, first: bool, schedules: bool) -> bool:
    """Serve until the last user has left; return False if the server could not start on the database that it found."""
    for name in [name for name in os.environ if name.startswith("PREFECT")]:
        del os.environ[name]  # the caller's settings are for another server
    address = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    # Every account of this machine can reach loopback, and so can every page that is open in a browser on it.
    os.environ |= SETTINGS | {
        "PREFECT_HOME": str(files.home),
        "PREFECT_SERVER_API_AUTH_STRING": files.read_credential(),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": address,
    }
    files.write_address(f"{address}/api", os.getpid(), schedules=schedules)
    if schedules:
        os.environ["PREFECT_UI_API_URL"] = f"{address}/api"
    watch = LastUser(files)
    found = files.database.exists()
    if not found:
        copy_template(files.database)
    gc.disable()  # imports leave no garbage, and looking for it would take a fifth of the time
    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=not schedules, final=True)
    gc.freeze()
    gc.enable()
    app.add_middleware(OneWriter)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2))
    watch.server = server
    with contextlib.suppress(SystemExit):  # uvicorn raises it if the app did not start
        server.run(sockets=[listener])
    return server.started or not (found and first)


class LastUser(threading.Thread):
    """A thread that ends this process when no user is left, also if the users were killed."""

    def __init__(self, files: ServerFiles) -> None:
        super().__init__(name="last-user", daemon=True)
        self.files = files
        self.server: uvicorn.Server | None = None
        self.start()

    def run(self) -> None:
        """Wait for the lock that every user holds, delete the address, and end the process."""
        lock = os.open(self.files.users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(POLL_SECONDS)
        self.files.address.unlink(missing_ok=True)
        if self.server is not None and self.server.started:
            self.server.should_exit = True
            time.sleep(END_SECONDS)
        os._exit(0)


class OneWriter:
    """Passes one changing request at a time to the app: of two at once, one would fail in SQLite and wait."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, a changing one when it is its turn."""
        if scope["type"] == "http" and scope["method"] != "GET":
            async with self.turn:
                await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def make_template() -> None:
    """Make the database that new data folders start from, once per environment and version of Prefect."""
    if TEMPLATE.exists():
        return
    TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TEMPLATE.parent) as folder:
        migrated = Path(folder) / "migrated.sqlite"
        url = f"sqlite+aiosqlite:///{migrated}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        environment |= SETTINGS | {"PREFECT_HOME": folder, "PREFECT_API_DATABASE_CONNECTION_URL": url}
        command = [sys.executable, "-P", "-m", "prefect", "server", "database", "upgrade", "--yes"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)  # nosec B603  # a list of our own words, without a shell
        whole = Path(folder) / "whole.sqlite"
        with contextlib.closing(sqlite3.connect(migrated)) as connection:
            connection.execute("VACUUM INTO ?", (str(whole),))  # includes what is still in the write-ahead log
        whole.replace(TEMPLATE)


def copy_template(database: Path) -> None:
    """Copy the template into a new data folder; without a template the server migrates an empty database itself."""
    for journal in ("-wal", "-shm"):  # left by a database that was moved away; SQLite would apply them to the new one
        database.with_name(database.name + journal).unlink(missing_ok=True)
    if TEMPLATE.exists():
        write_whole(database, TEMPLATE.read_bytes(), mode=OWNER_ONLY)


if __name__ == "__main__":
    main(sys.argv[1:])
