"""A plain web server on loopback that serves a folder, with parts of files, and counts the bytes that it sends."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Served:
    """The address of the server, and the bytes of each answer by request."""

    address: str
    bodies: list[tuple[str | None, int]] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Bytes of all bodies."""
        return sum(sent for _, sent in self.bodies)


class _Ranges(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args: object, served: Served, **kwargs: object) -> None:
        self.served = served
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Send the length of a file, and that the server gives parts of it."""
        self._send(body=False)

    def do_GET(self) -> None:
        """Send a file, or the requested part of it."""
        self._send(body=True)

    def _send(self, *, body: bool) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content, asked = path.read_bytes(), self.headers.get("Range")
        first, last = _bounds(asked, len(content))
        self.send_response(200 if asked is None else 206)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last + 1 - first))
        if asked is not None:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.end_headers()
        if body:
            self.served.bodies.append((asked, last + 1 - first))
            self.wfile.write(content[first : last + 1])


def _bounds(asked: str | None, size: int) -> tuple[int, int]:
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", asked or "bytes=0-")
    assert match is not None, f"{asked} is no single range"
    first, last = match.groups()
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last) if last else size - 1, size - 1)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve a folder while the block runs."""
    served = Served("")
    handler = functools.partial(_Ranges, directory=str(folder), served=served)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        served.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
