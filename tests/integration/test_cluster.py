"""Beyond one machine: the lake in a bucket, units on Dask workers, and the same tables as of one machine."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client

from tests.cluster import BUCKET, SECRET, Cluster, running_cluster
from tests.pipeline import differing, on_server, read_tables, run_without_report, write_edrp, write_households
from warehouse.buckets import Bucket, BucketLockedError, _connect, _make_client
from warehouse.lake import LOCK_KEY, open_lake

TYPES = ("detached", "semi_detached", "terraced", "flat", "bungalow")
HOMES = {str(n): 0.3 + n / 40 for n in range(1, 16)}
HEARTH = Path(sys.executable).with_name("hearth")
pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give a cluster with two workers."""
    before = dict(os.environ)
    try:
        with running_cluster(tmp_path_factory.mktemp("cluster"), workers=2) as started:
            yield started
    finally:
        os.environ.clear()
        os.environ |= before
        _make_client.cache_clear()


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give three files of readings, three months each, and a household table."""
    folder = tmp_path_factory.mktemp("landing")
    names = list(HOMES)
    for n in range(3):
        part = {home: HOMES[home] for home in names[n::3]}
        write_edrp(folder / f"gas_{n}.csv", part, dt.date(2009, 1, 1), dt.date(2009, 4, 1))
    write_households(folder / "households.csv", {home: TYPES[n % 5] for n, home in enumerate(names)})
    return folder


@pytest.mark.timeout(900)  # three runs
@pytest.mark.usefixtures("prefect_api")
def test_a_lake_in_a_bucket_and_a_worker_killed_at_work_leave_the_tables_of_one_machine(
    cluster: Cluster, landing: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    alone, spread = tmp_path / "alone", tmp_path / "spread"
    assert run_without_report(alone, landing)["outcome"] == "published"
    lost: list[int] = []
    with Client(cluster.scheduler, set_as_default=False) as watching:
        killer = threading.Thread(target=lambda: lost.append(cluster.kill_one_at_work(watching)))
        killer.start()
        log = run_without_report(spread, landing, settings=cluster.settings("killed"))
        killer.join()
        assert len(watching.nthreads()) == 1
    assert lost[0] >= 1  # what it had in hand was worked on by the other
    assert (log["outcome"], log["units_failed"]) == ("published", [])
    assert differing(read_tables(alone), read_tables(spread)) == []
    assert not (spread / "lake").exists()
    assert sorted(open_lake(f"s3://{BUCKET}/killed").keys(".")) == sorted(open_lake(alone / "lake").keys("."))
    assert run_without_report(spread, landing, settings=cluster.settings("killed"))["outcome"] == "unchanged"
    out, err = capfd.readouterr()
    kept = [path.read_bytes() for path in spread.rglob("*") if path.is_file()]
    assert "Dask workers" in out + err
    assert SECRET not in out + err
    assert not any(SECRET.encode() in content for content in kept)


def test_who_publishes_from_a_bucket_keeps_others_out_until_it_is_done() -> None:
    bucket, told = Bucket(f"s3://{BUCKET}/locked"), list[str]()
    with bucket.lock(LOCK_KEY):
        with (
            pytest.raises(BucketLockedError, match=r"\(0 min\); if that run is dead, delete the object") as refused,
            bucket.lock(LOCK_KEY, wait=dt.timedelta(0), waiting=told.append),
        ):
            pytest.fail("two hold it")
        assert f"aws s3 rm s3://{BUCKET}/locked/{LOCK_KEY}" in str(refused.value)
        assert f"process {os.getpid()} on " in str(refused.value)
    with bucket.lock(LOCK_KEY, wait=dt.timedelta(0)):
        assert bucket.exists(LOCK_KEY)
    assert not bucket.exists(LOCK_KEY)


def test_two_that_want_the_lock_have_it_one_after_the_other() -> None:
    lake, inside, most, told = open_lake(f"s3://{BUCKET}/turns"), list[int](), list[int](), list[str]()

    def take_turn(n: int) -> None:
        with lake.lock(told.append):
            inside.append(n)
            most.append(len(inside))
            lake.put_text(f"turn-{n}.json", "{}")
            inside.remove(n)

    turns = [threading.Thread(target=take_turn, args=(n,)) for n in range(3)]
    for turn in turns:
        turn.start()
    for turn in turns:
        turn.join()
    assert most == [1, 1, 1]
    assert len(lake.keys(".")) == 3
    assert all("publishes from s3://" in text for text in told)


def test_a_broken_lock_that_another_one_took_is_left_to_it() -> None:
    bucket = Bucket(f"s3://{BUCKET}/broken")
    with bucket.lock(LOCK_KEY):
        bucket.delete(LOCK_KEY)
        assert bucket._create(LOCK_KEY, '{"host": "other", "process": 1, "token": "theirs"}')
    assert bucket._read_holder(LOCK_KEY)["token"] == "theirs"  # noqa: S105 - no secret


@pytest.mark.parametrize("text", ["", "{}", "[1]", "by hand"])
def test_a_lock_that_was_written_by_hand_is_a_lock(text: str) -> None:
    bucket = Bucket(f"s3://{BUCKET}/by-hand")
    bucket.delete(LOCK_KEY)
    assert bucket._create(LOCK_KEY, text)
    with (
        pytest.raises(BucketLockedError, match=r"on an unknown machine publishes from .* delete the object"),
        bucket.lock(LOCK_KEY, wait=dt.timedelta(0)),
    ):
        pytest.fail("two hold it")
    assert bucket.exists(LOCK_KEY)


class ForgetfulBucket(Bucket):
    """A bucket whose answer to the first PUT of a lock is lost, so that boto3 asks again and is told that it exists."""

    __slots__ = ()

    def _create(self, key: str, text: str) -> bool:
        return False if super()._create(key, text) else super()._create(key, text)


def test_a_lock_is_ours_also_where_the_answer_to_its_put_was_lost() -> None:
    bucket = ForgetfulBucket(f"s3://{BUCKET}/lost-answer")
    with bucket.lock(LOCK_KEY, wait=dt.timedelta(0)):
        assert bucket.exists(LOCK_KEY)
    assert not bucket.exists(LOCK_KEY)


def test_threads_that_begin_together_share_one_client() -> None:
    _make_client.cache_clear()
    together, found = threading.Barrier(8), list[object]()

    def connect() -> None:
        together.wait()
        found.append(_connect())

    threads = [threading.Thread(target=connect) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in found}) == 1


def hearth(*arguments: str, home: Path, **environment: str | None) -> tuple[int, str]:
    """Run `hearth` and return how it ended and all that it printed; a variable of None is taken out."""
    given = os.environ | {"HEARTH_HOME": str(home), "AWS_MAX_ATTEMPTS": "1"} | environment
    kept = {name: value for name, value in given.items() if value is not None}
    done = subprocess.run([HEARTH, *arguments], capture_output=True, text=True, env=kept, cwd=home, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"HEARTH_LAKE": "s3://nowhere/lake"}, "hearth: there is no bucket nowhere for the lake s3://nowhere/lake"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "hearth: http://127.0.0.1:9 does not answer for the lake"),
        ({"AWS_ENDPOINT_URL": "no address"}, "hearth: Invalid endpoint: no address; AWS_ENDPOINT_URL names"),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "hearth: there are no credentials for the lake"),
        ({"HEARTH_LAKE": f"s3://me:{SECRET}@readings/lake"}, "hearth: environment HEARTH_LAKE: lake: write it as s3://"),
        ({"HEARTH_TASK_RUNNER": "dask"}, 'hearth: task_runner = "dask" needs dask_scheduler'),
    ],
)  # fmt: skip
def test_a_bucket_that_cannot_be_used_is_one_sentence_and_exit_2(
    environment: dict[str, str | None], told: str, landing: Path, tmp_path: Path, prefect_api: str
) -> None:
    given: dict[str, str | None] = {"HEARTH_LAKE": f"s3://{BUCKET}/lake", **on_server(prefect_api)}
    code, said = hearth("run", "--landing", str(landing), home=tmp_path, **given | environment)
    assert (code, len(said.splitlines())) == (2, 1), said
    assert said.startswith(told)
    assert SECRET not in said


def test_a_scheduler_that_does_not_answer_is_one_sentence_and_exit_2(
    landing: Path, tmp_path: Path, prefect_api: str
) -> None:
    dask = {"HEARTH_TASK_RUNNER": "dask", "HEARTH_DASK_SCHEDULER": "tcp://127.0.0.1:9"}
    code, said = hearth("run", "--landing", str(landing), home=tmp_path, **on_server(prefect_api), **dask)
    assert code == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9, which dask_scheduler names" in said
    assert "Traceback" not in said


def test_nothing_of_a_cluster_is_imported_by_a_run_on_one_machine() -> None:
    code = (
        "import sys, flows.runs.nightly; print(sorted({'boto3', 'botocore', 'distributed', 'dask'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_settings_are_told_without_a_credential(tmp_path: Path) -> None:
    code, said = hearth("config", home=tmp_path, HEARTH_LAKE=f"s3://{BUCKET}/lake")
    assert code == 0
    assert f"s3://{BUCKET}/lake" in said
    assert SECRET not in said
    (tmp_path / "hearth.toml").write_text(f'aws_secret_access_key = "{SECRET}"\n', encoding="utf-8")
    code, said = hearth("config", home=tmp_path)
    assert (code, SECRET in said) == (2, False)
    assert "there is no such setting" in said
