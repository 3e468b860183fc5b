"""Checks of the machine and of what is installed on it."""

from __future__ import annotations

import datetime as dt
import os
import platform
import shutil
import socket
import sys
import zoneinfo
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from flows.operations.findings import Finding, fail, ok, warn
from flows.server.client import LOOPBACK, answers

NAMED = ("duckdb", "polars", "prefect")  # packages whose versions a report of a fault should name
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ANSWER_SECONDS = 2.0
RUN_BYTES = 1e9  # memory of a run without its workers
WORKER_BYTES = 0.5e9  # memory of one worker: a block of a file while it is parsed
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
CGROUP_USED = (Path("/sys/fs/cgroup/memory.current"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"))
INSTALL = "run `make setup` in the folder that Hearth came in"


def check_python() -> Finding:
    """Check that Hearth supports this version of Python."""
    wanted, found = metadata("hearth")["Requires-Python"], platform.python_version()
    if not SpecifierSet(wanted).contains(found, prereleases=True):
        return fail(
            "python", f"{found}, and Hearth needs {wanted}", "delete .venv and run `make setup` with such a Python"
        )
    return ok("python", f"{found} in {sys.prefix}")


def check_packages() -> Finding:
    """Check that every package that Hearth needs is installed in a version that it supports."""
    asked = [Requirement(text) for text in metadata("hearth").get_all("Requires-Dist") or ()]
    needed = [r for r in asked if r.marker is None or r.marker.evaluate({"extra": ""})]
    if wrong := judge_versions(needed):
        return fail("packages", "; ".join(wrong), INSTALL)
    named = ", ".join(f"{name} {version(name)}" for name in NAMED)
    return ok("packages", f"{len(needed)} within their bounds: {named}")


def judge_versions(needed: Sequence[Requirement]) -> list[str]:
    """Return which of the requirements the installed packages do not meet."""
    wrong = []
    for requirement in needed:
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is not installed")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found} is installed, {requirement.specifier} is needed")
    return wrong


def check_command() -> Finding:
    """Check that `hearth` on PATH is this installation."""
    own, found = Path(sys.prefix) / "bin" / "hearth", shutil.which("hearth")
    add = f'export PATH="{own.parent}:$PATH"'
    if found is None:
        return warn("command", "`hearth` is not on PATH", add)
    if Path(found).resolve() != own.resolve():
        return warn("command", f"PATH leads to another hearth, {found}", add)
    return ok("command", found)


def check_browser() -> Finding:
    """Check that a browser is there for static images and the tests of pages."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        return warn(
            "browser", "no chromium: no static images, no tests of pages", "on Debian: apt-get install --yes chromium"
        )
    return ok("browser", found)


def check_zone() -> Finding:
    """Check that London's clock changes are known."""
    summer = dt.datetime(2009, 7, 1, tzinfo=dt.UTC)
    try:
        ahead = summer.astimezone(zoneinfo.ZoneInfo("Europe/London")).utcoffset()
    except zoneinfo.ZoneInfoNotFoundError:
        return fail("time zones", "Europe/London is unknown", INSTALL)
    if ahead != dt.timedelta(hours=1):
        return fail("time zones", f"London is {ahead} ahead of UTC in July 2009, not 1:00:00", INSTALL)
    return ok("time zones", "Europe/London is known")


def check_memory(workers: int) -> Finding:
    """Check that enough memory is free for a run with so many workers."""
    needed, free = RUN_BYTES + WORKER_BYTES * workers, free_memory()
    what = f"{free / 1e9:.1f} GB free, a run with {workers} workers needs about {needed / 1e9:.1f} GB"
    if free < needed:
        return warn("memory", what, "set HEARTH_WORKERS=1, or end other programs before a run")
    return ok("memory", what)


def free_memory() -> float:
    """Return the memory that a new program can have [B]: the free memory of the machine, or less in a container."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    free = float(fields["MemAvailable"].split()[0]) * 1024
    for limit, used in zip(CGROUP_LIMITS, CGROUP_USED, strict=True):
        if limit.exists() and used.exists() and (most := limit.read_text(encoding="ascii").strip()).isdigit():
            free = min(free, float(most) - float(used.read_text(encoding="ascii")))
    return free


def check_server(prefect_home: Path, *, start: bool) -> Finding:
    """Check the Prefect server that runs would use: the configured one, or our own; `start` also starts our own."""
    configured = os.environ.get("PREFECT_API_URL")
    if configured:
        if answers(configured, ANSWER_SECONDS):
            return ok("server", f"{configured} answers (PREFECT_API_URL)")
        return fail("server", f"{configured} does not answer (PREFECT_API_URL)", "start it, or unset PREFECT_API_URL")
    try:
        with socket.create_server((LOOPBACK, 0)) as listener:
            port = listener.getsockname()[1]
    except OSError as error:
        return fail("server", f"nothing can listen on {LOOPBACK}: {error.strerror}", "allow connections on loopback")
    if start:
        return _start(prefect_home)
    return ok("server", f"our own can listen on {LOOPBACK}, now on port {port}; --server starts it")


def _start(prefect_home: Path) -> Finding:
    from flows.server.client import start_server

    began = dt.datetime.now(dt.UTC)
    try:
        with start_server(prefect_home) as server:
            url = server.wait_ready()
    except (RuntimeError, OSError) as error:
        return fail("server", f"our own does not start: {error}", f"move {prefect_home} away: nothing else needs it")
    took = (dt.datetime.now(dt.UTC) - began).total_seconds()
    return ok("server", f"our own answered at {url} after {took:.0f} s")
