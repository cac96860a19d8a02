"""The fault server without sockets: an ASGI application that answers as the script of a server says.

A test that talks to a running ``FaultServer`` talks to this application instead, when its client has
the in-process transport: the application finds the server by the address of the request, takes the
next answer of its script, and turns the bytes into ASGI messages. What is no HTTP answer cannot be
said in ASGI; such tests are skipped for this transport, with that reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httptools

from tests.behaviour.fault_server import CUT, RESET, STALL, FaultServer, Pause, Received, Reply


class _Answer:
    """ASGI messages from the bytes of one answer, as far as they have come."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._headers: list[tuple[bytes, bytes]] = []
        self._has_length = False
        self._status = 0
        self._ended = False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        self._parser.feed_data(data)
        yield from self._taken()

    def end(self) -> Iterator[dict[str, Any]]:
        """The connection ends: so does a body without a length."""
        if self._status >= 200 and not self._has_length and not self._ended:
            self.on_message_complete()
        yield from self._taken()

    def _taken(self) -> list[dict[str, Any]]:
        taken, self.messages = self.messages, []
        return taken

    def on_message_begin(self) -> None:
        self._headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        if self._status < 200:
            return  # ASGI has no word for it
        names = {name.lower() for name, _ in self._headers}
        self._has_length = bool(names & {b"content-length", b"transfer-encoding"})
        fields = [field for field in self._headers if field[0].lower() != b"transfer-encoding"]
        self.messages.append(
            {
                "type": "http.response.start",
                "status": self._status,
                "headers": fields,
            }
        )

    def on_body(self, data: bytes) -> None:
        if self._status < 200:
            return
        self.messages.append({"type": "http.response.body", "body": data, "more_body": True})

    def on_message_complete(self) -> None:
        if self._status < 200:
            return
        self._ended = True
        self.messages.append({"type": "http.response.body", "body": b"", "more_body": False})


def is_expressible(script: Reply) -> bool:
    """Whether an answer is HTTP, as far as it goes."""
    answer = _Answer()
    try:
        for step in script:
            if isinstance(step, bytes):
                list(answer.feed(step))
    except httptools.HttpParserError:
        return False
    return all(isinstance(step, (bytes, Pause)) or step in (CUT, RESET, STALL) for step in script)


async def scripted_app(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application for every running FaultServer."""
    host, port = scope["server"]
    server = FaultServer.running.get(f"http://{host}:{port}")
    if server is None:
        raise ConnectionRefusedError(f"no server at {host}:{port}")
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            server.closed_by_client.set()
            return
        body += message["body"]
        if not message["more_body"]:
            break
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    script = server.script[min(len(server.requests), len(server.script) - 1)]
    server.requests.append(Received(scope["method"], target.decode(), headers, body, 1))
    server.connections = 1
    gone = asyncio.ensure_future(receive())
    try:
        await _play(script, send, gone)
    except OSError:
        pass
    finally:
        if gone.done() or script[-1] is STALL:
            server.closed_by_client.set()
        gone.cancel()


async def _play(script: Reply, send: Any, gone: asyncio.Future[Any]) -> None:
    answer = _Answer()
    for step in script:
        if isinstance(step, bytes):
            for message in answer.feed(step):
                await send(message)
        elif isinstance(step, Pause):
            await asyncio.wait([gone], timeout=step.seconds)
        elif step is STALL:
            await asyncio.wait([gone])
        else:
            break
    for message in answer.end():
        await send(message)
