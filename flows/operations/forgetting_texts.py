"""Logs, alerts and Prefect's files without one home: messages of runs may have named it."""

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
from warehouse.lake import DamagedObjectError
from warehouse.seals import BrokenSealError, seal_text, unseal_text
from warehouse.writing import write_whole

OWN_WORDS = ("event", "kind", "outcome", "stage")  # fields that hold words of Hearth itself
OWN_ENDINGS = ("_id", "_utc")  # fields that hold ids of runs and times
PATIENCE_SECONDS = 20.0  # time for a server to end after its last user left


def mask_logs(folders: Home, home: Forgetting) -> int:
    """Rewrite the logs of runs and the list of standing alerts that name the home; return how many were rewritten."""
    documents = [*folders.runs.glob("*.json"), *folders.alerts.glob("*.json")]
    lines = [*folders.runs.glob("*.jsonl")]
    return sum(_rewrite(path, home, _mask_document) for path in documents) + sum(
        _rewrite(path, home, _mask_lines) for path in lines
    )


def _rewrite(path: Path, home: Forgetting, mask: Callable[[str, Forgetting], str]) -> bool:
    try:
        before, is_sealed = unseal_text(path.read_text(encoding="utf-8"), path.name)
    except (BrokenSealError, UnicodeDecodeError) as error:
        raise DamagedObjectError(path.parent, path.name, str(error)) from None
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
    """Mask the texts of a document; text that is no JSON, since a kill cut it, is masked as a whole."""
    try:
        document = json.loads(text)
    except ValueError:
        return home.marks.mask(text)
    masked = _mask(document, home)
    return text if masked == document else json.dumps(masked, indent=indent)


def _mask(value: Any, home: Forgetting) -> Any:
    """Mask all texts, except fields that hold words of Hearth itself, ids of runs and times."""
    if isinstance(value, str):
        return home.marks.mask(value)
    if isinstance(value, list):
        return [_mask(inner, home) for inner in value]
    if isinstance(value, dict):
        return {
            name: inner if name in OWN_WORDS or name.endswith(OWN_ENDINGS) else _mask(inner, home)
            for name, inner in value.items()
        }
    return value


def server_lives(folders: Home) -> bool:
    """Say whether a Prefect server of the data folder is still running after the time that one takes to end."""
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
    """Delete the records of the embedded Prefect server: they hold names of files and errors, and nothing needs them.

    The lock files stay, since a server that starts at this moment holds one.
    """
    folder = folders.prefect
    for path in folder.iterdir() if folder.exists() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.suffix != ".lock":
            path.unlink()
