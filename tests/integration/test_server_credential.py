"""Who may talk to an embedded Prefect server: nobody but its owner, at no endpoint."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from flows.server.client import PrefectServer, open_api, start_server
from flows.server.files import AUTH, ServerFiles
from flows.server.up import JOB_TEMPLATE, reduce_environment

OPEN = {"/health", "/ready"}  # they say that a server is there, and nothing else
NOBODY = 65534
ELSEWHERE = {"Origin": "https://a-page-in-the-browser.example"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """Give a server of its own."""
    with start_server(tmp_path_factory.mktemp("owned") / "prefect", ignore_configured=True) as server:
        server.wait_ready()
        yield server


def endpoints(server: PrefectServer) -> list[tuple[str, str]]:
    """Return method and path of everything that the API offers."""
    with open_api(server.url, timeout_seconds=60) as owner:
        described = owner.get("/openapi.json").raise_for_status().json()["paths"]
    return [(method, path) for path, methods in described.items() for method in methods]


def test_no_endpoint_answers_who_has_no_credential_or_a_wrong_one(server: PrefectServer) -> None:
    offered = endpoints(server)
    assert len(offered) > 100
    for auth in (None, ("hearth", "guessed")):
        with httpx.Client(base_url=server.url, auth=auth, trust_env=False, timeout=60) as stranger:
            answers = {
                (method, path): stranger.request(method, path.replace("{", "").replace("}", "")).status_code
                for method, path in offered
                if path.removeprefix("/api") not in OPEN
            }
        assert set(answers.values()) <= {401, 403}  # no credential; no token against cross-site requests


def test_the_owner_is_answered_and_a_page_of_another_site_is_not(server: PrefectServer) -> None:
    with open_api(server.url, timeout_seconds=60) as owner:
        assert owner.post("/flow_runs/count", json={}).status_code == 200
        assert "Access-Control-Allow-Origin" not in owner.get("/version", headers=ELSEWHERE).headers
        own = server.url.removesuffix("/api")
        assert owner.get("/version", headers={"Origin": own}).headers["Access-Control-Allow-Origin"] == own
        del owner.headers["Prefect-Csrf-Token"]
        assert owner.post("/flow_runs/count", json={}).status_code == 403  # credential without a token of this session


def test_the_credential_is_the_owners_alone(server: PrefectServer) -> None:
    assert server.files is not None
    credential = server.files.credential
    assert stat.S_IMODE(credential.stat().st_mode) == 0o600
    secret = credential.read_text().partition(":")[2]
    assert len(secret) > 40
    for path in credential.parent.rglob("*"):
        if path.is_file() and path != credential:
            assert secret.encode() not in path.read_bytes(), path
    if os.geteuid() == 0:  # then this test can become another account
        read = "import os, sys; os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2])); open(sys.argv[1]).read()"
        other = subprocess.run(
            [sys.executable, "-c", read, credential, str(NOBODY)], capture_output=True, text=True, check=False
        )
        assert "PermissionError" in other.stderr


def test_two_homes_have_two_credentials_and_one_home_keeps_its_own(tmp_path: Path) -> None:
    one, other = ServerFiles(tmp_path / "one"), ServerFiles(tmp_path / "other")
    for files in (one, other, one):
        before = files.credential.read_text() if files.credential.exists() else None
        files.make_credential()
        assert before in {None, files.read_credential()}
    assert one.read_credential() != other.read_credential()


def test_the_environment_is_as_before_once_the_server_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(AUTH, "of:another")
    with start_server(tmp_path / "prefect", ignore_configured=True) as server:
        assert os.environ[AUTH] != "of:another"
        server.wait_ready()
    assert os.environ[AUTH] == "of:another"


def test_a_run_can_be_given_no_command_and_sees_no_key_of_another_program() -> None:
    template = json.loads(Path(JOB_TEMPLATE).read_text())
    assert template["variables"] == {"type": "object", "properties": {}, "additionalProperties": False}
    assert "command" not in template["job_configuration"]
    given = {"PATH": "/usr/bin", "HEARTH_ALERT_TOKEN": "t", "PREFECT_API_URL": "u", "GITHUB_TOKEN": "g", "SECRET": "s"}
    assert reduce_environment(given) == {"PATH": "/usr/bin", "HEARTH_ALERT_TOKEN": "t", "PREFECT_API_URL": "u"}
