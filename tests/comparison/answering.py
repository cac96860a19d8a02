"""The server that all clients of the comparison talk to: canned answers, and what was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

PETS = {
    "plain": {"id": "plain", "status": "here"},
    "value": {"id": "value", "status": "lost"},
    "field": {"id": "field", "status": "here", "color": "red"},
    "null": {"id": "null", "status": "here", "owner": None},
    "again": {"id": "again", "status": "here"},
    "keyed": {"id": "keyed", "status": "here"},
}
"""Answers by the id of the pet: one deviates from the document in each way that servers do."""

PARTS = ("Hel", "lo")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: CannedServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path = url.path.removeprefix("/v1")
        query = parse_qs(url.query)
        if path == "/last":
            self._answer(200, {"query": self.server.query})
            return
        self.server.query = url.query
        if path == "/pets":
            first = {"data": [{"id": "1", "status": "here"}, {"id": "2", "status": "sold"}]}
            second = {"data": [{"id": "3", "status": "here"}], "has_more": False}
            self._answer(
                200,
                second if "cursor" in query else first | {"has_more": True, "next_cursor": "p2"},
            )
        elif path == "/pets/missing":
            self._answer(404, {"message": "no such pet"})
        elif path == "/pets/overloaded":
            self._answer(529, {"message": "overloaded"})
        elif path == "/pets/keyed" and not self.headers.get("authorization"):
            self._answer(401, {"message": "no key"})
        elif path == "/pets/again" and self.server.count(path) == 1:
            self._answer(503, {"message": "not now"})
        elif path.startswith("/pets/"):
            self._answer(200, PETS[path.removeprefix("/pets/")])
        elif path.startswith("/animals/"):
            self._answer(200, {"kind": "dog", "name": "Rex"})
        else:
            self._answer(204, None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path != "/v1/chat":
            self._answer(204, None)
        elif b'"stream":true' in body.replace(b" ", b""):
            events = "".join(f"data: {json.dumps({'delta': part})}\n\n" for part in PARTS)
            self._send(200, f"{events}data: [DONE]\n\n".encode(), "text/event-stream")
        else:
            self._answer(200, {"text": "".join(PARTS)})

    def _answer(self, status: int, value: object) -> None:
        self._send(status, b"" if value is None else json.dumps(value).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class CannedServer(ThreadingHTTPServer):
    """Counts the requests of each path, and keeps the last query string (`GET /last`)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.query = ""
        self._seen: dict[str, int] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def count(self, path: str) -> int:
        """How often a path was asked for, this time included."""
        self._seen[path] = self._seen.get(path, 0) + 1
        return self._seen[path]

    def forget(self) -> None:
        """Begin to count anew: another client comes."""
        self._seen.clear()


@contextmanager
def serving() -> Iterator[CannedServer]:
    """A server on loopback for the `with` block."""
    with CannedServer() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
