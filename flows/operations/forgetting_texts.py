"""Logs, alerts and Prefect's files without one home: what a run said may have named it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.home import Home
from flows.server.files import ServerFiles
from warehouse.forgetting.lake import Forgetting
from warehouse.seals import seal_text, unseal_text
from warehouse.writing import write_whole

MADE_BY_US = ("event", "kind", "outcome", "stage")  # fields that hold our own words, beside ids and times
ENDING = ("_id", "_utc")
PATIENCE_SECONDS = 20.0  # that a server whose last user left may take to end


def mask_logs(folders: Home, home: Forgetting) -> int:
    """Write every log of a run and the list of standing alerts anew that name the home; return how many."""
    documents = [*folders.runs.glob("*.json"), *folders.alerts.glob("*.json")]
    lines = [*folders.runs.glob("*.jsonl")]
    return sum(_rewrite(path, home, _mask_document) for path in documents) + sum(
        _rewrite(path, home, _mask_lines) for path in lines
    )


def _rewrite(path: Path, home: Forgetting, mask: Callable[[str, Forgetting], str]) -> bool:
    before, is_sealed = unseal_text(path.read_text(encoding="utf-8"), path.name)
    after = mask(before, home) if home.marks.may_name(before) else before
    if after == before:
        return False
    write_whole(path, seal_text(after, path.name) if is_sealed else after, mode=path.stat().st_mode & 0o777)
    return True


def _mask_document(text: str, home: Forgetting) -> str:
    return _mask_json(text, home, indent=1)


def _mask_lines(text: str, home: Forgetting) -> str:
    return "\n".join(_mask_json(line, home) for line in text.split("\n"))


def _mask_json(text: str, home: Forgetting, indent: int | None = None) -> str:
    """Mask the texts of a document; one that a kill cut short is masked as a whole, and stays what it is."""
    try:
        given = json.loads(text)
    except ValueError:
        return home.marks.mask(text)
    masked = _mask(given, home)
    return text if masked == given else json.dumps(masked, indent=indent)


def _mask(value: Any, home: Forgetting) -> Any:
    """Mask all texts but those in fields that hold our own words, ids and times."""
    if isinstance(value, str):
        return home.marks.mask(value)
    if isinstance(value, list):
        return [_mask(of, home) for of in value]
    if isinstance(value, dict):
        return {
            name: of if name in MADE_BY_US or name.endswith(ENDING) else _mask(of, home) for name, of in value.items()
        }
    return value


def server_lives(folders: Home) -> bool:
    """Say whether a Prefect server of the home still lives after the time that one takes to end."""
    files = ServerFiles(folders.prefect.resolve())
    if not files.home.exists():
        return False
    deadline = time.monotonic() + PATIENCE_SECONDS
    while files.read_live_address() is not None:
        if files.schedules() or time.monotonic() > deadline:
            return True
        time.sleep(0.1)
    return False


def clear_prefect(folders: Home) -> None:
    """Delete what Prefect's embedded server recorded, which nothing needs: names of files, errors, its log.

    The locks stay: a server that starts at this moment holds one.
    """
    folder = folders.prefect
    for path in folder.iterdir() if folder.exists() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.suffix != ".lock":
            path.unlink()
