"""Whether a Prefect API answers: other programs at its address, and words that are no address, are no API."""

from __future__ import annotations

import socket
import threading

import pytest

from flows.server.client import LOOPBACK, answers


@pytest.mark.parametrize("reply", [b"", b"SSH-2.0-something\r\n", b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"])
def test_a_server_of_another_kind_is_no_api(reply: bytes) -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        assert not answers(f"http://{LOOPBACK}:{listener.getsockname()[1]}/api", 5.0)
        thread.join()


def test_an_api_that_is_healthy_answers() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                assert connection.recv(1024).startswith(b"GET /api/health ")
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue")

        thread = threading.Thread(target=answer)
        thread.start()
        assert answers(f"http://{LOOPBACK}:{listener.getsockname()[1]}/api", 5.0)
        thread.join()


@pytest.mark.parametrize("url", ["nowhere", "http://", "nowhere://x"])
def test_words_that_are_no_address_do_not_answer(url: str) -> None:
    assert not answers(url, 0.1)
