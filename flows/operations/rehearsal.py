"""What a backfill would change: it is done in a throwaway copy of the data folder, and the two warehouses are compared.

The copy consists of hard links, since Hearth replaces files and never writes into them. So it needs disk space only for
what is built anew. If the lake is on another disk than the copy, the files are copied.
"""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.answers.diff import compare_warehouses
from flows.operations.withdrawal import carry_out
from flows.pipeline.candidate import RunRecord
from flows.pipeline.months import Span
from flows.pipeline.publication import publish
from flows.progress import say, working
from flows.settings import Settings
from warehouse.lake import DamagedObjectError
from warehouse.publish import read_history
from warehouse.quarantine import read_decisions
from warehouse.runs import at_work
from warehouse.snapshots import describe_hold, read_hold
from warehouse.writing import OWNERS_FOLDER

LEFT_OUT = ("damaged",)  # folder of the lake that no run reads


def compare_backfill(settings: Settings, first: str, last: str) -> str:
    """Do a backfill in a copy, and return what `hearth diff` says of the published warehouse and the one it would publish.

    Raises
    ------
    ValueError
        If nothing is published, the lake is in a bucket, or another comparison is under way.

    """
    if not settings.folders.published.exists():
        raise ValueError("nothing is published that a backfill could move: `hearth run` first")
    with at_work(settings.folders.runs), _copy_folder(settings) as copy:
        base = read_history(copy.folders.published)
        before = copy.home / "before.duckdb"
        before.hardlink_to(copy.folders.published)
        carry_out(copy.folders.lake)
        decided = set(read_decisions(copy.folders.lake))
        now = dt.datetime.now(dt.UTC)
        record = RunRecord(
            run_id="rehearsal", kind="backfill", reason=None, started_at_utc=now, sources_new=0, months_built=0
        )
        with working("do it in a copy"):
            publication = publish(copy, record, Span(first, last))
        if publication.outcome == "unchanged":
            return "; ".join(
                filter(None, ["nothing would move: the published warehouse is up to date", publication.warnings])
            )
        after, lines = copy.folders.published, []
        if publication.outcome == "gate_failed":
            (after,) = copy.folders.warehouse.candidates.glob("*.duckdb")
            lines.append(f"the gate would refuse it, and nothing be published: {', '.join(publication.failed_checks)}")
        quarantined = set(read_decisions(copy.folders.lake)) - decided  # one at most
        lines += [f"it would leave out {decision.file_name}: {decision.reason}" for decision in quarantined]
        if (hold := read_hold(settings.folders.warehouse)) is not None:
            lines.append(f"it would not be published: {describe_hold(hold)}")
        found = compare_warehouses(before, after, settings)
        names = {"before": base.snapshot_id if base else before.stem, "after": "what the backfill would publish"}
        return "\n".join([found.model_copy(update=names).describe(), *lines])


def clear_abandoned(settings: Settings) -> None:
    """Delete the copy that a killed comparison left; the caller makes sure that no comparison is under way."""
    if settings.folders.rehearsal.exists():
        shutil.rmtree(settings.folders.rehearsal)


@contextmanager
def _copy_folder(settings: Settings) -> Iterator[Settings]:
    """Give the settings of a copy of the data folder; the copy is deleted when the block ends, also after an error."""
    lake, warehouse = settings.folders.lake.root, settings.folders.warehouse
    if not isinstance(lake, Path):
        raise ValueError("--compare needs a lake in a folder: a bucket is not copied")  # noqa: TRY004 - it is the setting that is wrong
    root = settings.folders.rehearsal
    root.mkdir(mode=OWNERS_FOLDER, exist_ok=True)
    with _held(root):
        try:
            for left in root.iterdir():  # by a killed comparison
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()
            copy = settings.model_copy(update={"home": root, "lake": None})
            shutil.copytree(lake, root / "lake", copy_function=_link, ignore=shutil.ignore_patterns(*LEFT_OUT))
            copy.folders.warehouse.root.mkdir()
            copy.folders.runs.mkdir()
            _link(str(warehouse.current), str(copy.folders.published))
            yield copy
        except DamagedObjectError as error:  # name the object in the lake, not the one in the copy
            raise DamagedObjectError(lake, error.key, error.why) from None
        finally:
            shutil.rmtree(root)
    say("the copy is deleted")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Lock a folder against other comparisons; the lock ends with its process and leaves no file."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ValueError("another comparison is under way; try again when it has ended") from None
    finally:
        os.close(handle)


def _link(source: str, target: str) -> None:
    """Give a file a second name, or copy it if the disk cannot; a file that a run deletes at this moment is not needed."""
    try:
        Path(target).hardlink_to(source)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EPERM, errno.ENOTSUP}:
            raise
        shutil.copy2(source, target)
