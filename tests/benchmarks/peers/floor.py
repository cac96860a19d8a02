"""The floor: a socket, or one asyncio.Protocol, and msgspec, with nothing that could be left out.

It reads the status and the header fields of an answer, and knows a success from a failure. It has
no timeouts, retries, or errors of its own, and trusts the server in everything.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from conversation import API_KEY, MESSAGES, MODEL

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

TITLE = "raw socket + msgspec"
PACKAGES = ("msgspec",)
IMPORT = "import socket, msgspec"

CONNECTIONS = 100
"""Of the async floor at the same time; more requests than that wait."""


def _address(base: str) -> tuple[bool, str, int, str]:
    scheme, _, rest = base.partition("://")
    authority, _, path = rest.partition("/")
    host, _, port = authority.partition(":")
    return scheme == "https", host, int(port), path


class _Requests:
    """The bytes of requests to one base URL."""

    def __init__(self, base: str) -> None:
        from peers.shapes import encode

        self.is_tls, self.host, self.port, path = _address(base)
        self._encode = encode
        self._head = (
            f"POST /{path}/v1/chat/completions HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()

    def request(self, messages: Any, **fields: bool) -> bytes:
        body = self._encode({"model": MODEL, "messages": messages, **fields})
        return b"%b%d\r\n\r\n%b" % (self._head, len(body), body)

    def context(self) -> Any:
        import ssl

        return ssl.create_default_context() if self.is_tls else None


def _fields(head: bytes) -> dict[str, str]:
    """The header fields of an answer, which must be a success."""
    status, *lines = head.decode("latin-1").split("\r\n")
    if not 200 <= int(status.split(" ", 2)[1]) < 300:
        raise RuntimeError(status)
    fields = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return fields


class Sync:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        import socket

        from peers.framing import Chunked, Events
        from peers.shapes import decode_completion

        self._decode, self._chunked, self._events = decode_completion, Chunked, Events
        self._requests = _Requests(base)
        connection = socket.create_connection((self._requests.host, self._requests.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._requests.is_tls:
            context = self._requests.context()
            connection = context.wrap_socket(connection, server_hostname=self._requests.host)
        self._socket = connection
        self.close = connection.close

    def ask(self, messages: Any = MESSAGES) -> str:
        self._socket.sendall(self._requests.request(messages))
        fields, body = self._head()
        if missing := int(fields["content-length"]) - len(body):
            body += self._socket.recv(missing, 256)  # MSG_WAITALL
        content = self._decode(body).choices[0].message.content
        return content or ""

    def _head(self) -> tuple[dict[str, str], bytes]:
        data = self._socket.recv(65536)
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._socket.recv(65536)
        return _fields(data[:end]), data[end + 4 :]

    def _chunks(self) -> Any:
        self._socket.sendall(self._requests.request(MESSAGES, stream=True))
        _, data = self._head()
        chunked, events, receive = self._chunked(), self._events(), self._socket.recv
        while True:
            yield from events.feed(chunked.feed(data))
            if chunked.done:
                return
            data = receive(65536)

    def read(self) -> int:
        count = 0
        for chunk in self._chunks():
            count += len(chunk.choices[0].delta.content or "")
        return count

    def first(self) -> float:
        seen = 0.0
        for _ in self._chunks():
            seen = seen or time.perf_counter()
        return seen

    def chunks(self) -> list[Any]:
        return list(self._chunks())


class Async:
    def __init__(self, base: str, timeout: float | None = None) -> None:
        import asyncio

        from peers.framing import Chunked, Events
        from peers.shapes import decode_completion

        self._decode, self._chunked, self._events = decode_completion, Chunked, Events
        self._requests = _Requests(base)
        self._context = self._requests.context()
        self._loop = asyncio.get_running_loop()
        self._protocol = _protocol()
        self._idle: list[Any] = []
        self._open = 0
        self._waiting: deque[asyncio.Future[Any]] = deque()

    async def _acquire(self) -> Any:
        if self._idle:
            return self._idle.pop()
        if self._open < CONNECTIONS:
            self._open += 1
            host, port = self._requests.host, self._requests.port
            name = host if self._requests.is_tls else None
            _, connection = await self._loop.create_connection(
                self._protocol, host, port, ssl=self._context, server_hostname=name
            )
            return connection
        waiter = self._loop.create_future()
        self._waiting.append(waiter)
        return await waiter

    def _release(self, connection: Any) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(connection)
        else:
            self._idle.append(connection)

    async def ask(self, messages: Any = MESSAGES) -> str:
        connection = await self._acquire()
        connection.transport.write(self._requests.request(messages))
        data = await connection.more()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += await connection.more()
        size = end + 4 + int(_fields(data[:end])["content-length"])
        while len(data) < size:
            data += await connection.more()
        self._release(connection)
        content = self._decode(data[end + 4 :]).choices[0].message.content
        return content or ""

    async def _chunks(self) -> Any:
        connection = await self._acquire()
        connection.transport.write(self._requests.request(MESSAGES, stream=True))
        data = await connection.more()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += await connection.more()
        _fields(data[:end])
        data = data[end + 4 :]
        chunked, events = self._chunked(), self._events()
        while True:
            for chunk in events.feed(chunked.feed(data)):
                yield chunk
            if chunked.done:
                break
            data = await connection.more()
        self._release(connection)

    async def read(self) -> int:
        count = 0
        async for chunk in self._chunks():
            count += len(chunk.choices[0].delta.content or "")
        return count

    async def first(self) -> float:
        seen = 0.0
        async for _ in self._chunks():
            seen = seen or time.perf_counter()
        return seen

    async def close(self) -> None:
        for connection in self._idle:
            connection.transport.close()


def _protocol() -> Callable[[], asyncio.Protocol]:
    import asyncio

    class Connection(asyncio.Protocol):
        """Keeps what has arrived until somebody asks for it."""

        transport: Any
        _data = b""
        _waiter: asyncio.Future[bytes] | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            self._loop = asyncio.get_running_loop()

        def data_received(self, data: bytes) -> None:
            if self._waiter is None:
                self._data += data
            else:
                self._waiter.set_result(data)
                self._waiter = None

        async def more(self) -> bytes:
            if self._data:
                data, self._data = self._data, b""
                return data
            self._waiter = self._loop.create_future()
            return await self._waiter

    return Connection


def decoder() -> Callable[[bytes], object]:
    from peers.shapes import decode_chunk

    return decode_chunk
