"""Transports over httpx2 (and over an httpx client the caller gives), sync and async.

The client's own pool is made at the first request: HTTP/1.1, proxies from the environment as httpx2
has them, no cookies kept, no redirects followed. It is made anew after a fork and, when async, for
each event loop, because connections belong to the process and the loop that opened them.

Deadlines. httpx2 knows limits for single operations only, so a server that drips bytes could keep
a call alive for ever. The limits handed to it are therefore ``Limit`` objects; they reach the
network layer untouched, where ``_Deadlines`` asks them anew before each operation on the socket.
A client given by the caller keeps its own network layer: there a timer watches over each read of the
body, and in the async client over the head as well; in the sync one a head that drips has only the
limit for single reads.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from .errors import ConfigurationError
from .timeouts import Limit
from .transport import TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import ModuleType

    from .timeouts import Budget, LimitName
    from .transport import Phase, PreparedRequest

_MAX_CONNECTIONS = 1000
_MAX_IDLE = 100
_IDLE_SECONDS = 30.0
_BODIED = ("POST", "PUT", "PATCH")


def library_of(client: object) -> ModuleType | None:
    """httpx2 or httpx, whichever the class of ``client`` comes from, without importing either."""
    for kind in type(client).__mro__:
        name = kind.__module__.partition(".")[0]
        if name in ("httpx2", "httpx"):
            return sys.modules.get(name)
    return None


def new_client(name: str) -> Any:
    """An httpx2 ``Client`` or ``AsyncClient`` as this module's docstring says."""
    try:
        import httpx2
    except ImportError:
        raise ConfigurationError(
            "httpx2 is not installed; it speaks HTTP for this client"
        ) from None

    limits = httpx2.Limits(
        max_connections=_MAX_CONNECTIONS,
        max_keepalive_connections=_MAX_IDLE,
        keepalive_expiry=_IDLE_SECONDS,
    )
    from http.cookiejar import DefaultCookiePolicy

    try:
        client = getattr(httpx2, name)(limits=limits, timeout=None, trust_env=True)
    except Exception as error:  # a malformed proxy or certificate variable
        raise ConfigurationError(f"cannot set up the HTTP client: {error}") from error
    client.headers.clear()
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    transports = [
        client._transport,
        *client._mounts.values(),
    ]
    wrap = _AsyncBackend if name == "AsyncClient" else _Backend
    for transport in transports:
        pool = getattr(transport, "_pool", None)
        backend = getattr(pool, "_network_backend", None)
        # Without these the deadline is still kept between blocks.
        if pool is not None and backend is not None:
            pool._network_backend = wrap(backend)
    return client


def _now(timeout: float | None, error: str) -> float | None:
    """The limit of an operation that begins now; past the deadline httpcore2's error of that name."""
    if not isinstance(timeout, Limit):
        return timeout
    left = timeout.left()
    if left is not None and left <= 0:
        import httpcore2

        raise getattr(httpcore2, error)("the deadline has passed")
    return left


class _Backend:
    """A network backend of httpcore2 whose connections ask limits anew."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **others: Any
    ) -> _Connection:
        timeout = _now(timeout, "ConnectTimeout")
        return _Connection(self._backend.connect_tcp(host, port, timeout=timeout, **others))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, **others: Any
    ) -> _Connection:
        timeout = _now(timeout, "ConnectTimeout")
        return _Connection(self._backend.connect_unix_socket(path, timeout=timeout, **others))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _Connection:
    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.close = stream.close
        self.get_extra_info = stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._stream.read(max_bytes, timeout=_now(timeout, "ReadTimeout"))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_now(timeout, "WriteTimeout"))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Connection:
        timeout = _now(timeout, "ConnectTimeout")
        return _Connection(self._stream.start_tls(ssl_context, server_hostname, timeout))


class _AsyncBackend:
    """The async twin of _Backend; knows its connections, for when their event loop is gone."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.connections: WeakSet[_AsyncConnection] = WeakSet()

    def added(self, stream: Any) -> _AsyncConnection:
        """A connection, remembered as long as somebody else has it."""
        connection = _AsyncConnection(stream, self)
        self.connections.add(connection)
        return connection

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **others: Any
    ) -> _AsyncConnection:
        timeout = _now(timeout, "ConnectTimeout")
        return self.added(await self._backend.connect_tcp(host, port, timeout=timeout, **others))

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, **others: Any
    ) -> _AsyncConnection:
        timeout = _now(timeout, "ConnectTimeout")
        return self.added(await self._backend.connect_unix_socket(path, timeout=timeout, **others))

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


class _AsyncConnection:
    def __init__(self, stream: Any, backend: _AsyncBackend) -> None:
        self._stream = stream
        self._backend = backend
        self.aclose = stream.aclose
        self.get_extra_info = stream.get_extra_info

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = await self._stream.read(max_bytes, timeout=_now(timeout, "ReadTimeout"))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout=_now(timeout, "WriteTimeout"))

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _AsyncConnection:
        timeout = _now(timeout, "ConnectTimeout")
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        return self._backend.added(stream)

    def discard(self) -> None:
        """Close the socket beneath, when the event loop cannot do it any more."""
        stream = getattr(self._stream, "_stream", None)
        stream = getattr(stream, "transport_stream", stream)
        transport = getattr(stream, "_transport", None)
        socket = getattr(transport, "_sock", None)
        if socket is not None:
            # asyncio's transport would find its loop closed, and complain.
            transport._sock = None  # type: ignore[union-attr]
            socket.close()


def discard_connections(client: Any) -> None:
    """Close the sockets of an own async client whose event loop has been closed."""
    for transport in (client._transport, *client._mounts.values()):
        backend = getattr(getattr(transport, "_pool", None), "_network_backend", None)
        if isinstance(backend, _AsyncBackend):
            for connection in list(backend.connections):
                connection.discard()


_CONNECTING = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol")
_TIMEOUTS: dict[str, LimitName] = {
    "ConnectTimeout": "connect",
    "PoolTimeout": "pool",
    "ReadTimeout": "read",
    "WriteTimeout": "write",
}


def failure(error: BaseException, phase: Phase, budget: Budget) -> TransportError:
    """Our error for one of httpx2 or httpx, by the names of its classes."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & set(_CONNECTING):
        phase = "connecting"
    elif phase == "waiting" and names & {"WriteError", "WriteTimeout"}:
        phase = "sending"
    text = str(error) or type(error).__name__
    for name, limit in _TIMEOUTS.items():
        if name in names:
            blamed, seconds = budget.blame(limit)
            return TransportError(text, phase, limit=blamed, seconds=seconds)
    if "TimeoutException" in names or isinstance(error, TimeoutError):
        blamed, seconds = budget.blame("read")
        return TransportError(text, phase, limit=blamed, seconds=seconds)
    if names & {"UnsupportedProtocol", "LocalProtocolError", "InvalidURL", "CookieConflict"}:
        return TransportError(text, "connecting", permanent=True)
    if isinstance(error, RuntimeError) and "closed" in text:
        return TransportError("the client has been closed", "connecting", permanent=True)
    return TransportError(text, phase)


def overdue(budget: Budget, phase: Phase) -> TransportError:
    """The error for a deadline found to have passed."""
    limit, seconds = budget.blame("total")
    return TransportError("the deadline has passed", phase, limit=limit, seconds=seconds)


def fields_of_response(response: Any) -> list[tuple[str, str]]:
    """The header fields as they came; bytes that are no UTF-8 read as Latin-1."""
    fields: list[tuple[str, str]] = []
    for name, value in response.headers.raw:
        try:
            fields.append((name.decode("ascii", "replace"), value.decode()))
        except UnicodeDecodeError:
            fields.append((name.decode("ascii", "replace"), value.decode("latin-1")))
    return fields


def own_connection(response: Any) -> Any:
    """The network stream below an answer, where no other answer shares it (HTTP/2 does)."""
    extensions = response.extensions
    if extensions.get("http_version") in (b"HTTP/1.1", b"HTTP/1.0"):
        return extensions.get("network_stream")
    return None


class WireRequest:
    """Builds requests of one library, once its classes are known."""

    __slots__ = ("_async_stream", "_library", "_stream")

    def __init__(self, library: Any) -> None:
        self._library = library

        class Blocks(library.SyncByteStream):  # type: ignore[misc]
            def __init__(self, request: PreparedRequest) -> None:
                self.request = request

            def __iter__(self) -> Iterator[bytes]:
                return self.request.blocks()

        class AsyncBlocks(library.AsyncByteStream):  # type: ignore[misc]
            def __init__(self, request: PreparedRequest) -> None:
                self.request = request

            def __aiter__(self) -> AsyncIterator[bytes]:
                return self.request.ablocks()

        self._stream: Callable[[PreparedRequest], Any] = Blocks
        self._async_stream: Callable[[PreparedRequest], Any] = AsyncBlocks

    def build(
        self, client: Any, request: PreparedRequest, budget: Budget, *, is_async: bool
    ) -> Any:
        """A request of the library; ``client`` adds what it was set up with."""
        body = request.body
        content: Any = None
        if body is not None:
            if body.content is not None:
                content = body.content
            else:
                content = (self._async_stream if is_async else self._stream)(request)
        headers = [
            (name.encode("ascii"), _header_bytes(value))
            for name, value in request.headers
            # The library says itself that the body of these methods is empty.
            if body is not None or name != "Content-Length" or request.method not in _BODIED
        ]
        built = client.build_request(
            request.method,
            request.url,
            headers=headers,
            content=content,
            extensions={"timeout": budget.limits()},
        )
        if built.method != request.method:
            built.method = request.method  # the library writes every method in capitals
        return built


def _header_bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


def check_client(client: object, wanted: str) -> Any:
    """The library of the caller's client. Raises ConfigurationError where it is none, or the other kind."""
    library = library_of(client)
    if library is None:
        kind = type(client)
        raise ConfigurationError(
            f"http_client must be an httpx2.{wanted} (or httpx.{wanted}), not {kind.__module__}.{kind.__qualname__}"
        )
    if not isinstance(client, getattr(library, wanted)):
        raise ConfigurationError(f"http_client must be an {library.__name__}.{wanted} here")
    return library
