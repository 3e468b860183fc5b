"""A webhook on loopback for alerts of tests: a real server with given answers."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Webhook:
    """A server that answers with given statuses in turn; the last one repeats."""

    statuses: list[int]
    got: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


def _make_handler(hook: Webhook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.got.append(json.loads(body))
            hook.headers.append(dict(self.headers))
            status = hook.statuses[min(len(hook.got), len(hook.statuses)) - 1]
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


def serve(statuses: list[int]) -> tuple[Webhook, ThreadingHTTPServer]:
    """Start a webhook that answers with these statuses; whoever asked for it shuts it down."""
    hook = Webhook(statuses)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(hook))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    hook.url = f"http://127.0.0.1:{server.server_port}/services/secret-path"
    return hook, server
