"""The files through which an embedded Prefect server and its users meet, and locks that end with their process."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.writing import OWNER_ONLY, PRIVATE, write_whole

if TYPE_CHECKING:
    from flows.home import Home

END_SECONDS = 30.0  # ample: an ending server is gone in well under a second
POLL_SECONDS = 0.05
API_URL, AUTH = "PREFECT_API_URL", "PREFECT_API_AUTH_STRING"


class ServerError(RuntimeError):
    """The Prefect server cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """The files of a server, in its folder `home`."""

    home: Path

    @property
    def users_lock(self) -> Path:
        """Lock that every user holds shared."""
        return self.home / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Lock that a user holds while it looks for a server or starts one."""
        return self.home / "start.lock"

    @property
    def server_lock(self) -> Path:
        """Lock that the running server holds."""
        return self.home / "server.lock"

    @property
    def address(self) -> Path:
        """File with URL and process id of the server; it is valid as long as `server.lock` is held."""
        return self.home / "server.json"

    @property
    def credential(self) -> Path:
        """File with the user and password that the server asks for; only its owner can read it."""
        return self.home / "credential"

    def make_credential(self) -> None:
        """Make a random credential, unless there is one; the caller holds `start.lock`."""
        if not self.credential.exists():
            write_whole(self.credential, f"hearth:{secrets.token_urlsafe(32)}", mode=OWNER_ONLY)

    def read_credential(self) -> str:
        """Return user and password as Prefect's `PREFECT_API_AUTH_STRING` takes them.

        Raises
        ------
        ServerError
            If another account owns the data folder, or somebody deleted the file of a running server.

        """
        try:
            return self.credential.read_text(encoding="utf-8")
        except OSError as error:
            message = f"only the owner of {self.home} can use its Prefect server: {self.credential}: {error.strerror}"
            raise ServerError(message) from None

    @property
    def log(self) -> Path:
        """File with what the server printed."""
        return self.home / "server.log"

    @property
    def database(self) -> Path:
        """Prefect's own history; nothing else depends on it."""
        return self.home / "prefect.db"

    def write_address(self, url: str, pid: int | None, *, schedules: bool) -> None:
        """Store the address of the server, whole or not at all, and whether it schedules."""
        said = json.dumps({"url": url, "pid": pid, "schedules": schedules}) + "\n"
        write_whole(self.address, said, mode=PRIVATE)

    def read_address(self) -> str | None:
        """Return the URL in the file of the address, or None if there is none."""
        try:
            url: str = json.loads(self.address.read_text(encoding="utf-8"))["url"]
        except (FileNotFoundError, ValueError, KeyError):
            return None
        return url

    def schedules(self) -> bool:
        """Say whether the server in the file of the address schedules."""
        try:
            return bool(json.loads(self.address.read_text(encoding="utf-8"))["schedules"])
        except (FileNotFoundError, ValueError, KeyError):
            return False

    def read_live_address(self) -> str | None:
        """Return the URL of the server, or None if no server is running."""
        start_lock = take_lock(
            self.start_lock, fcntl.LOCK_EX
        )  # `server.lock` is taken for a moment: nobody may see that
        try:
            server_lock = try_lock(self.server_lock, fcntl.LOCK_SH)
            if server_lock is None:
                return self.read_address()
            os.close(server_lock)
            return None
        finally:
            os.close(start_lock)


def use_scheduling_api(folders: Home) -> str | None:
    """Let this process use the API that schedules for a data folder, and return its URL, or None if there is none.

    It is the configured API, or else that of `hearth up`, whose credential is put into the environment. Call it before
    Prefect is imported.
    """
    if configured := os.environ.get("PREFECT_API_URL"):
        return configured
    files = ServerFiles(folders.prefect.resolve())
    try:
        url = files.read_live_address() if files.schedules() else None
        if url is not None:
            os.environ |= {API_URL: url, AUTH: files.read_credential()}
    except (PermissionError, ServerError):  # only the owner may use it
        return None
    return url


def try_lock(path: Path, kind: int) -> int | None:
    """Return a descriptor that holds the lock, or None if others hold it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def take_lock(path: Path, kind: int) -> int:
    """Return a descriptor that holds the lock, after waiting for other holders.

    Raises
    ------
    ServerError
        If another process holds it for longer than `END_SECONDS`.

    """
    deadline = time.monotonic() + END_SECONDS
    while (descriptor := try_lock(path, kind)) is None:
        if time.monotonic() > deadline:
            raise ServerError(f"{path} is held for more than {END_SECONDS:.0f} s by a process that should end")
        time.sleep(POLL_SECONDS)
    return descriptor
