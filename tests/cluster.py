"""A cluster on loopback: a real S3 endpoint, a real Dask scheduler, and workers that are processes of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECRET = "a-secret-that-no-log-may-hold"  # noqa: S105 - of an endpoint that takes any
BUCKET = "readings"
STARTED_WITHIN_SECONDS = 60
AT_WORK_WITHIN_SECONDS = 60


@dataclass(kw_only=True)
class Cluster:
    """Where the parts answer, and the processes of the workers."""

    endpoint: str
    scheduler: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def settings(self, prefix: str) -> dict[str, Any]:
        """Return the settings of a home whose lake lies in the bucket, worked on by the workers."""
        return {"lake": f"s3://{BUCKET}/{prefix}", "task_runner": "dask", "dask_scheduler": self.scheduler}

    def kill_one_at_work(self, client: Any) -> int:
        """Kill the first worker that is seen at work; return how many units it had when it was stopped."""
        ids = client.run(os.getpid)
        by_address = {address: worker for address, pid in ids.items() for worker in self.workers if worker.pid == pid}
        until = time.monotonic() + AT_WORK_WITHIN_SECONDS
        while time.monotonic() < until:
            for address, worker in by_address.items():
                if not client.processing(workers=[address]).get(address):
                    continue
                worker.send_signal(signal.SIGSTOP)  # from here on it ends nothing
                time.sleep(0.1)
                if held := client.processing(workers=[address]).get(address):
                    worker.kill()
                    worker.wait()
                    return len(held)
                worker.send_signal(signal.SIGCONT)
            time.sleep(0.01)
        raise TimeoutError("no worker is seen at work")


@contextmanager
def running_cluster(folder: Path, *, workers: int) -> Iterator[Cluster]:
    """Start all parts; the environment names endpoint and credentials as long as the block lasts."""
    with ExitStack() as stack:
        port = _find_free_port()
        endpoint = f"http://127.0.0.1:{port}"
        _start(stack, folder / "s3.log", sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
        os.environ |= {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "eu-west-2",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        file = folder / "scheduler.json"
        dask = [sys.executable, "-m", "dask"]
        _start(
            stack, folder / "scheduler.log", *dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file),
        )  # fmt: skip
        _wait_until(file.exists)
        cluster = Cluster(endpoint=endpoint, scheduler=json.loads(file.read_text())["address"])
        for n in range(workers):
            cluster.workers.append(
                _start(
                    stack, folder / f"worker-{n}.log", *dask, "worker", cluster.scheduler, "--nthreads", "1", "--no-nanny",
                    "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(folder / f"worker-{n}"),
                )
            )  # fmt: skip
        _wait_until(lambda: _answers(port))
        _create_bucket()
        yield cluster


def _start(stack: ExitStack, log: Path, *command: str) -> subprocess.Popen[bytes]:
    process = stack.enter_context(
        subprocess.Popen(
            command,
            stdout=stack.enter_context(log.open("wb")),
            stderr=subprocess.STDOUT,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
        )
    )
    stack.callback(process.kill)
    return process


def _create_bucket() -> None:
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    client.close()


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until(holds: Any) -> None:
    until = time.monotonic() + STARTED_WITHIN_SECONDS
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError("a part of the cluster does not start")
        time.sleep(0.1)
