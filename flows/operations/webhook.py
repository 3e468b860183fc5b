"""Posting to a webhook: failures that may pass are retried for a limited time, and no failure is an error of the run."""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections.abc import Mapping

import httpx
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_before_delay, wait_exponential

LAST_STATUS_OF_SUCCESS = 299
WORTH_RETRYING = frozenset({408, 425, 429})  # too slow, too early, too many; and all from 500 on, errors of the server
FIRST_SERVER_ERROR = 500
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 8.0
ANSWER_SECONDS = 5.0  # time that one attempt waits for an answer


class _PassingError(RuntimeError):
    """An attempt failed, and another one may succeed."""


class _LastingError(RuntimeError):
    """An attempt failed, and another one would fail as well."""


def post(url: str, payload: Mapping[str, object], *, token: str | None, seconds: float) -> str | None:
    """Post JSON within so many seconds; return None, or the reason why it could not be delivered.

    The reason names neither the address nor the token: both may be secrets.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at lower levels it logs the whole address
    if token is not None and not _is_private(url):
        return "the token is not sent over http: use an https address"
    outcome: list[str | None] = []
    # in a thread, since a server that sends single bytes now and then never exceeds the timeout of one read
    worker = threading.Thread(
        target=lambda: outcome.append(_try(url, payload, token, seconds)), name="webhook", daemon=True
    )
    worker.start()
    worker.join(seconds)
    return outcome[0] if outcome else f"no answer within {seconds:g} s"


def _try(url: str, payload: Mapping[str, object], token: str | None, seconds: float) -> str | None:
    deadline = time.monotonic() + seconds
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    attempts = Retrying(
        retry=retry_if_exception_type(_PassingError),
        stop=stop_before_delay(seconds),
        wait=wait_exponential(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS),
    )
    try:
        attempts(_post_once, url, payload, headers, deadline)
    except RetryError as error:
        return f"{error.last_attempt.exception()}, after {error.last_attempt.attempt_number} attempts"
    except _LastingError as error:
        return str(error)
    return None


def _post_once(url: str, payload: Mapping[str, object], headers: Mapping[str, str], deadline: float) -> None:
    left = max(deadline - time.monotonic(), 0.05)
    try:
        status = httpx.post(
            url, json=dict(payload), headers=dict(headers), timeout=min(ANSWER_SECONDS, left)
        ).status_code
    except httpx.TransportError as error:
        raise _PassingError(type(error).__name__) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _LastingError(type(error).__name__) from None
    if status in WORTH_RETRYING or status >= FIRST_SERVER_ERROR:
        raise _PassingError(f"the webhook answered {status}")
    if status > LAST_STATUS_OF_SUCCESS:
        raise _LastingError(f"the webhook answered {status}")


def _is_private(url: str) -> bool:
    """Say whether nobody can read on the way what is sent to an address: it is https, or this machine itself."""
    address = httpx.URL(url)
    if address.scheme == "https" or address.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        return False
