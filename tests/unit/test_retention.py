"""Which snapshots stay: by number, age and disk, and never at the price of the way back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.publish import WarehouseFolder
from warehouse.snapshots import (
    Hold,
    Retention,
    SnapshotFile,
    decide_retention,
    forget_old_snapshots,
    honour_hold,
    list_files,
    put_back,
    read_hold,
    write_hold,
)

NOW = dt.datetime(2026, 11, 22, 2, 0, tzinfo=dt.UTC)
GIGABYTE = 10**9


def files(count: int, *, current: int = 0, size: int = GIGABYTE) -> list[SnapshotFile]:
    """Return snapshots of the last days, newest first, one a day."""
    made = [NOW - dt.timedelta(days=n) for n in range(count)]
    return [
        SnapshotFile(
            snapshot_id=f"{moment:%Y%m%dT%H%M%SZ}-{n:08x}", path=Path(f"{n}.duckdb"), bytes=size, made_at_utc=moment,
            is_current=n == current,
        )
        for n, moment in enumerate(made)
    ]  # fmt: skip


def stay(found: list[SnapshotFile], retention: Retention, hold: Hold | None = None) -> list[int]:
    """Return the ranks of those that stay, 0 for the newest."""
    verdicts = decide_retention(found, retention, now=NOW, hold=hold)
    return [n for n, verdict in enumerate(verdicts) if verdict.stays]


@pytest.mark.parametrize(
    ("retention", "ranks"),
    [
        (Retention(keep=10), [0, 1, 2, 3, 4, 5]),
        (Retention(keep=3), [0, 1, 2]),
        (Retention(keep=1), [0]),
        (Retention(keep=10, days=2.5), [0, 1, 2]),
        (Retention(keep=10, days=0.5), [0, 1]),  # the way back stays, however old
        (Retention(keep=10, gigabytes=4), [0, 1, 2, 3]),
        (Retention(keep=10, gigabytes=0.1), [0, 1]),
        (Retention(keep=4, days=30, gigabytes=3.5), [0, 1, 2]),
    ],
)
def test_each_limit_ends_the_oldest(retention: Retention, ranks: list[int]) -> None:
    assert stay(files(6), retention) == ranks


def test_after_a_rollback_the_published_one_and_both_its_neighbours_in_time_stay() -> None:
    found = files(6, current=4)
    hold = Hold(snapshot_id=found[4].snapshot_id, instead_of=found[1].snapshot_id, reason=None, decided_at_utc=NOW)
    assert stay(found, Retention(keep=2, days=0.5), hold) == [0, 1, 4, 5]
    assert stay(found, Retention(keep=1), hold) == [0, 4]


def test_each_verdict_says_why() -> None:
    reasons = [v.because for v in decide_retention(files(4), Retention(keep=3, days=1.5), now=NOW)]
    assert reasons == [
        "published",
        "the one before the published: the way back",
        "older than 1.5 days (snapshots_keep_days)",
        "not one of the newest 3 (snapshots_keep)",
    ]


@given(
    count=st.integers(1, 12),
    current=st.integers(0, 11),
    keep=st.integers(1, 12),
    days=st.none() | st.floats(0.1, 20),
    gigabytes=st.none() | st.floats(0.1, 12),
)
def test_the_published_one_always_stays_and_deciding_twice_changes_nothing(
    count: int, current: int, keep: int, days: float | None, gigabytes: float | None
) -> None:
    found, retention = (
        files(count, current=min(current, count - 1)),
        Retention(keep=keep, days=days, gigabytes=gigabytes),
    )
    first = [v.file for v in decide_retention(found, retention, now=NOW) if v.stays]
    assert any(file.is_current for file in first)
    assert [v.file for v in decide_retention(first, retention, now=NOW) if v.stays] == first
    if keep > 1 and min(current, count - 1) + 1 < count:
        assert found[min(current, count - 1) + 1] in first


def make_folder(root: Path, count: int) -> WarehouseFolder:
    """Make snapshots of a few bytes, the newest of them published."""
    folder = WarehouseFolder(root)
    folder.snapshots.mkdir(parents=True)
    for file in files(count):
        folder.snapshot(file.snapshot_id).write_text(file.snapshot_id, encoding="utf-8")
    put_back(folder, list_files(folder)[0].snapshot_id)
    return folder


def test_expired_files_are_deleted_and_the_rest_is_not_touched(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, 4)
    names = [file.snapshot_id for file in list_files(folder)]
    assert forget_old_snapshots(folder, Retention(keep=2), now=NOW) == names[2:]
    assert [file.snapshot_id for file in list_files(folder)] == names[:2]
    assert folder.current.read_text(encoding="utf-8") == names[0]


def test_a_snapshot_is_put_back_by_one_rename_and_twice_is_once(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, 3)
    older = list_files(folder)[2].snapshot_id
    (folder.root / ".current.0badc0de.tmp").write_text("left by a killed process", encoding="utf-8")
    for _ in range(2):
        put_back(folder, older)
        assert folder.current.samefile(folder.snapshot(older))
        assert sorted(path.name for path in folder.root.iterdir()) == ["current.duckdb", "snapshots"]


def test_a_kill_between_the_decision_and_the_rename_is_made_good(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, 2)
    newest, older = (file.snapshot_id for file in list_files(folder))
    write_hold(folder, Hold(snapshot_id=older, instead_of=newest, reason="bad", decided_at_utc=NOW))
    assert folder.current.read_text(encoding="utf-8") == newest
    assert honour_hold(folder) == read_hold(folder)
    assert folder.current.read_text(encoding="utf-8") == older
