"""The embedded Prefect server: real processes, real locks, real kills."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.server.client import start_server
from flows.server.files import ServerError, ServerFiles

USER = """
import sys
from pathlib import Path
from flows.server.client import start_server
with start_server(Path(sys.argv[1]), ignore_configured=True) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""
FLOW = """
import sys
from pathlib import Path
from flows.server.client import start_server, without_heartbeats
with start_server(Path(sys.argv[1]), ignore_configured=True) as server:
    from prefect import flow, task
    from prefect.client.orchestration import get_client
    server.wait_ready()
    double = task(lambda n: 2 * n, name="double")
    @flow
    def doubled():
        return sum(double(n) for n in range(15))
    with without_heartbeats():
        print(doubled())
    with get_client(sync_client=True) as client:
        print([run.state_name for run in client.read_flow_runs()])
"""
AUDIT = """
import os, sys
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        address = arguments[1] if event == "socket.connect" else arguments[0]
        host = address[0] if isinstance(address, tuple) else address
        with open(RECORD, "a") as record:
            record.write(f"{os.getpid()} {host}\\n")
sys.addaudithook(note)
with open(RECORD, "a") as record:
    record.write(f"{os.getpid()} began\\n")
"""


class User:
    """A process that uses the server until it is told to go, or killed."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, home],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def url(self) -> str:
        """Return the server's address as this user knows it."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, *, kill: bool = False) -> None:
        """Let the user go."""
        if kill:
            self.process.kill()
        self.process.communicate()


def wait_until(happened: Callable[[], bool], seconds: float = 60) -> bool:
    """Say whether it happened in time."""
    deadline = time.monotonic() + seconds
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    return happened()


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and was not yet taken note of does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def server_pid(files: ServerFiles) -> int:
    """Return the process that serves."""
    assert wait_until(lambda: json.loads(files.address.read_text())["pid"] is not None)
    return int(json.loads(files.address.read_text())["pid"])


def listening(pid: int) -> set[str]:
    """Return the addresses, in hexadecimal as Linux tells them, on which a process listens."""
    inodes = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return {fields[1].split(":")[0] for fields in lines if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes}


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file to which every process of this module writes whom it talks to."""
    return tmp_path_factory.mktemp("audit") / "connections"


@pytest.fixture(scope="module")
def environment(record: Path) -> dict[str, str]:
    """Give an environment in which Python notes every connection; its configured server does not exist."""
    (record.parent / "sitecustomize.py").write_text(f"RECORD = {str(record)!r}\n{AUDIT}", encoding="utf-8")
    return os.environ | {"PYTHONPATH": str(record.parent), "PREFECT_API_URL": "http://127.0.0.1:1/api"}


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[list[User]]:
    """Give two users of one home that started at the same moment."""
    home = tmp_path_factory.mktemp("home") / "with a blank"
    both = [User(home, environment), User(home, environment)]
    yield both
    for user in both:
        user.end(kill=True)


@pytest.fixture(scope="module")
def files(users: list[User]) -> ServerFiles:
    """Give the files of their server, once both know it."""
    urls = {user.url() for user in users}
    home = ServerFiles(Path(str(users[0].process.args[3])))  # type: ignore[index, union-attr]
    assert urls == {home.read_address()}
    return home


def test_two_users_that_start_together_share_one_server(files: ServerFiles) -> None:
    with start_server(files.home, ignore_configured=True) as third:
        assert third.url == files.read_address()
        assert third.wait_ready() == third.url
        assert os.environ["PREFECT_API_URL"] == third.url
    assert os.environ.get("PREFECT_API_URL") != third.url


def test_a_flow_runs_on_it(files: ServerFiles, environment: dict[str, str]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FLOW, files.home], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == ["210", "['Completed']"]
    assert run.stderr == ""
    assert files.log.read_text() == ""


def test_server_and_client_talk_to_this_machine_only(files: ServerFiles, record: Path) -> None:
    notes = [line.split(" ", 1) for line in record.read_text().splitlines()]
    assert str(server_pid(files)) in {pid for pid, _ in notes}
    hosts = {host for _, host in notes} - {"began"}
    assert "127.0.0.1" in hosts
    assert hosts <= {"127.0.0.1", "localhost"}


def test_it_listens_on_loopback_only(files: ServerFiles) -> None:
    assert listening(server_pid(files)) == {"0100007F"}


def test_a_killed_user_leaves_the_others_their_server(files: ServerFiles, users: list[User]) -> None:
    pid = server_pid(files)
    users[0].end(kill=True)
    assert not wait_until(lambda: not is_alive(pid), seconds=1.5)


def test_it_ends_with_its_last_user_even_a_killed_one_and_has_stored_its_history(
    files: ServerFiles, users: list[User]
) -> None:
    pid = server_pid(files)
    for user in users:
        user.end(kill=True)
    assert wait_until(lambda: not is_alive(pid))
    assert not files.address.exists()
    with contextlib.closing(sqlite3.connect(files.database)) as history:
        assert history.execute("SELECT state_name, count(*) FROM task_run GROUP BY 1").fetchall() == [("Completed", 15)]


def test_a_killed_server_and_a_torn_database_do_not_stop_the_next_user(
    files: ServerFiles, users: list[User], environment: dict[str, str]
) -> None:
    for user in users:
        user.end(kill=True)
    user = User(files.home, environment)
    first = user.url()
    os.kill(server_pid(files), signal.SIGKILL)
    assert wait_until(lambda: files.read_live_address() is None)
    user.end(kill=True)
    assert files.read_address() == first  # stale
    files.database.write_bytes(b"torn" * 10_000)
    with start_server(files.home, ignore_configured=True) as server:
        assert server.url != first
        server.wait_ready()
        assert files.database.with_suffix(".unusable").read_bytes().startswith(b"torn")


def test_a_configured_server_is_used_instead_and_named_when_it_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with start_server(tmp_path / "prefect") as server:
        assert not server.is_embedded
        assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
        with pytest.raises(ServerError, match=r"no answer from http://127\.0\.0\.1:1/api/health .* PREFECT_API_URL"):
            server.wait_ready(timeout_seconds=0.1)
    assert not (tmp_path / "prefect").exists()


def test_a_server_that_cannot_start_is_told_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prefect.db").mkdir()  # neither a database nor one that can be made
    (tmp_path / "prefect.unusable").mkdir()
    (tmp_path / "prefect.unusable" / "full").touch()
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with (
        start_server(tmp_path) as server,
        pytest.raises(ServerError, match=r"ended while it started; the end of .*\.log"),
    ):
        server.wait_ready()
