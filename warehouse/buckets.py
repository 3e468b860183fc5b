"""Objects in a bucket of an S3-compatible store, for a lake at `s3://bucket/prefix`.

Every AWS client looks for endpoint and credentials in the same places, and so does this one: the environment
(`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, ...) and the usual files (`~/.aws`). Nothing here stores or prints them. An object
appears with the one PUT that holds it, or when its multipart upload completes. Callers read and write a temporary copy of
the object on the disk, in the folder of `TMPDIR`.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import platform
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SCHEME: Final = "s3://"
TEMPORARY: Final = "hearth-object-"  # the name of every temporary copy begins so
LOCK_WAIT: Final = dt.timedelta(minutes=10)  # for another machine's publication, which takes minutes
LOCK_POLL_SECONDS: Final = 1.0
CONNECTING: Final = threading.Lock()  # boto3's default session makes clients for one thread at a time
TAKEN: Final = frozenset(
    {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
)  # replies to `If-None-Match`
MISSING: Final = frozenset({"NoSuchKey", "404", "NotFound"})
NO_BUCKET: Final = "NoSuchBucket"
REFUSED: Final = frozenset(
    {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
)


class BucketError(OSError):
    """A bucket cannot be used; the message says why and what to do."""


class BucketLockedError(BucketError):
    """Another machine publishes from the lake, or died while it did."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The objects below `url`. A Dask worker receives the address alone, and uses its own credentials."""

    url: str

    def __str__(self) -> str:
        """Return the address, for people."""
        return self.url

    def __truediv__(self, folder: str) -> Bucket:
        """Return a folder below this one, as `Path` does."""
        return Bucket(f"{self.url}/{folder}")

    @property
    def name(self) -> str:
        """The name of the bucket."""
        return self.url.removeprefix(SCHEME).partition("/")[0]

    @property
    def prefix(self) -> str:
        """The beginning that all keys of the lake have in the bucket."""
        rest = self.url.removeprefix(SCHEME).partition("/")[2].strip("/")
        return f"{rest}/" if rest else ""

    def locate(self, key: str) -> str:
        """Return the address of an object."""
        return f"{SCHEME}{self.name}/{self.prefix}{key}"

    def holds(self, path: Path) -> bool:
        """Say whether a file of this machine is the temporary copy of an object."""
        return path.parent == Path(tempfile.gettempdir()) and path.name.startswith(TEMPORARY)

    def exists(self, key: str) -> bool:
        """Say whether an object is there."""
        return self._head(key) is not None

    def size(self, key: str) -> int:
        """Return the size of an object [B]."""
        head = self._head(key)
        if head is None:
            raise FileNotFoundError(self.locate(key))
        return int(head["ContentLength"])

    def walk(self, folder: str = "") -> Iterator[tuple[str, dt.datetime]]:
        """Yield the keys below a folder, each with the time at which it was written."""
        below = self.prefix if folder in {"", "."} else f"{self.prefix}{folder.rstrip('/')}/"
        with self._explaining():
            for page in _connect().get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=below):
                for entry in page.get("Contents", ()):
                    yield entry["Key"].removeprefix(self.prefix), entry["LastModified"]

    def delete(self, key: str) -> None:
        """Delete an object; one that is gone already is no error."""
        with self._explaining():
            _connect().delete_object(Bucket=self.name, Key=self.prefix + key)

    def move(self, key: str, onto: str) -> None:
        """Give an object another key."""
        with self._explaining(key):
            source = {"Bucket": self.name, "Key": self.prefix + key}
            _connect().copy(source, self.name, self.prefix + onto)
        self.delete(key)

    def take(self, file: Path, key: str) -> None:
        """Move a file of this machine into the bucket."""
        with self._explaining():
            _connect().upload_file(str(file), self.name, self.prefix + key)
        file.unlink()

    def make_private(self) -> None:
        """Do nothing: the owner of the bucket decides who may look into it."""

    @contextmanager
    def reading(self, key: str) -> Iterator[Path]:
        """Give a temporary copy of an object.

        Raises
        ------
        FileNotFoundError
            If there is no such object.

        """
        with _temporary_file(key) as path:
            with self._explaining(key):
                _connect().download_file(self.name, self.prefix + key, str(path))
            yield path

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        """Give an empty file; it becomes the object when the block ends without an error."""
        with _temporary_file(key) as path:
            yield path
            with self._explaining():
                _connect().upload_file(str(path), self.name, self.prefix + key)

    def check(self) -> None:
        """Ask the bucket for one key, so that a wrong address or wrong credentials are known at the start.

        Raises
        ------
        BucketError
            If the bucket does not exist, does not answer or refuses the credentials.

        """
        with self._explaining():
            _connect().list_objects_v2(Bucket=self.name, Prefix=self.prefix, MaxKeys=1)

    @contextmanager
    def lock(
        self, key: str, *, wait: dt.timedelta = LOCK_WAIT, waiting: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """Hold a lock: the object `key`, which only one process can create.

        Parameters
        ----------
        key
            The object that is the lock.
        wait
            How long to wait for another holder.
        waiting
            Called once with a description of the holder, if another process holds the lock.

        Raises
        ------
        BucketLockedError
            If another process holds the lock for longer than `wait`. The message says since when, and how to break it.

        """
        token = secrets.token_hex(16)
        holder = {"host": platform.node(), "process": os.getpid(), "token": token}
        until = time.monotonic() + wait.total_seconds()
        has_told = False
        while not self._create(key, json.dumps(holder)):
            if self._read_holder(key).get("token") == token:  # the answer to our PUT was lost, and boto3 asked again
                break
            locked = self._describe_lock(key)
            if locked is not None and time.monotonic() >= until:
                raise BucketLockedError(
                    f"{locked}; if that run is dead, delete the object, for example with `aws s3 rm {self.locate(key)}`"
                )
            if locked is not None and waiting is not None and not has_told:
                waiting(locked)
                has_told = True
            time.sleep(LOCK_POLL_SECONDS)
        try:
            if self._create(key, json.dumps(holder)):
                raise BucketError(
                    f"the store of {self.url} ignores If-None-Match, so that two machines could publish at the same time; "
                    "use a store with conditional writes"
                )
            yield
        finally:
            if (
                self._read_holder(key).get("token") == token
            ):  # otherwise somebody broke the lock: it is not ours to delete
                self.delete(key)

    def _create(self, key: str, text: str) -> bool:
        """Create an object and return True; return False if it exists already."""
        from botocore.exceptions import ClientError

        with self._explaining():
            try:
                _connect().put_object(Bucket=self.name, Key=self.prefix + key, Body=text.encode(), IfNoneMatch="*")
            except ClientError as error:
                if error.response["Error"]["Code"] in TAKEN:
                    return False
                raise
        return True

    def _read_holder(self, key: str) -> dict[str, Any]:
        """Return what a lock says about its holder; nothing if it is gone, or was written by hand."""
        try:
            with self.reading(key) as path:
                holder = json.loads(path.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return holder if isinstance(holder, dict) else {}

    def _describe_lock(self, key: str) -> str | None:
        """Return who holds a lock and since when, or None if it was released meanwhile."""
        holder, head = self._read_holder(key), self._head(key)
        if head is None:
            return None
        who = f"process {holder.get('process', '?')} on {holder.get('host', 'an unknown machine')}"
        age = dt.datetime.now(dt.UTC) - head["LastModified"]
        since = f"since {head['LastModified']:%Y-%m-%d %H:%M:%S} UTC ({_describe_age(age)})"
        return f"{who} publishes from {self.url} {since}"

    def _head(self, key: str) -> dict[str, Any] | None:
        try:
            with self._explaining(key):
                head: dict[str, Any] = _connect().head_object(Bucket=self.name, Key=self.prefix + key)
        except FileNotFoundError:
            return None
        return head

    @contextmanager
    def _explaining(self, key: str | None = None) -> Iterator[None]:
        """Turn errors of boto3 into ours; if `key` is given and does not exist, into a `FileNotFoundError`."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
        from botocore.exceptions import ConnectionError as NoConnectionError

        try:
            yield
        except ClientError as error:
            code = str(error.response["Error"].get("Code"))
            if key is not None and code in MISSING:
                raise FileNotFoundError(self.locate(key)) from None
            raise BucketError(self._explain(code)) from None
        except NoCredentialsError:
            raise BucketError(
                f"there are no credentials for the lake {self.url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                "AWS_PROFILE with ~/.aws/credentials"
            ) from None
        except (NoConnectionError, HTTPClientError):
            where = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "the endpoint of AWS"
            raise BucketError(
                f"{where} does not answer for the lake {self.url}; AWS_ENDPOINT_URL names the endpoint"
            ) from None
        except (BotoCoreError, Boto3Error) as error:
            raise BucketError(f"the lake {self.url} cannot be used: {error}") from None

    def _explain(self, code: str) -> str:
        if code == NO_BUCKET:
            return f"there is no bucket {self.name} for the lake {self.url}; create it, or correct the setting lake"
        if code in REFUSED:
            return f"the store refuses the credentials for the lake {self.url} ({code}); they must list, read, write and delete there"
        return f"the store of the lake {self.url} answers {code}"


def _connect() -> Any:
    """Return the client that all threads of this process share; the first request shows what is wrong with it."""
    with CONNECTING:
        return _make_client()


@functools.lru_cache(maxsize=1)
def _make_client() -> Any:
    import boto3

    try:
        return boto3.client("s3")
    except ValueError as error:  # the endpoint is no address
        raise BucketError(f"{error}; AWS_ENDPOINT_URL names the endpoint, such as https://s3.example.org") from None


@contextmanager
def _temporary_file(key: str) -> Iterator[Path]:
    """Give an empty file that only its owner can read; it is deleted when the block ends."""
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=Path(key).suffix)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _describe_age(age: dt.timedelta) -> str:
    minutes = max(int(age.total_seconds()), 0) // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004 - minutes of an hour
