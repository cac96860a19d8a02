"""Transports over a client of httpx2 or httpx that the caller gives, sync and async.

Connections, proxies, TLS, cookies and the client's own headers are the client's. Redirects, content
codings and limits of time are ours: the client's settings for them are overruled for each request.

Deadlines. These libraries know limits for single operations only, so a server that drips bytes could
keep a call alive for ever. In the async client a timer watches over the head and over each read of
the body. In the sync one a timer shuts the socket down, where the connection can be found: that of
an answer over HTTP/1.1, and, before there is an answer, that which the client's own transport has
for the request. Over HTTP/2, and in a transport that the caller has put in place of the library's,
the limits for single operations are all there is.
"""

from __future__ import annotations

import sys
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any

from .errors import ConfigurationError
from .transport import TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import ModuleType

    from .timeouts import Budget, LimitName
    from .transport import Phase, PreparedRequest

_BODIED = ("POST", "PUT", "PATCH")


def library_of(client: object) -> ModuleType | None:
    """httpx2 or httpx, whichever the class of ``client`` comes from, without importing either."""
    for kind in type(client).__mro__:
        name = kind.__module__.partition(".")[0]
        if name in ("httpx2", "httpx"):
            return sys.modules.get(name)
    return None


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


def own_connection(response: Any) -> Any:
    """The network stream below an answer, where no other answer shares it (HTTP/2 does)."""
    extensions = response.extensions
    if extensions.get("http_version") in (b"HTTP/1.1", b"HTTP/1.0"):
        return extensions.get("network_stream")
    return None


def connection_of_request(client: Any, request: Any) -> Any:
    """The network stream that a request of ``client`` waits for its answer on, where it can be told."""
    transport = client._transport_for_url(request.url)
    for waiting in list(getattr(getattr(transport, "_pool", None), "_requests", ())):
        if waiting.request.extensions.get("timeout") is request.extensions["timeout"]:
            connection = waiting.connection
            # A connection through a proxy has that to the proxy inside.
            while getattr(connection, "_connection", None) is not None:
                connection = connection._connection
            shared = hasattr(connection, "_h2_state")
            return None if shared else getattr(connection, "_network_stream", None)
    return None


def shut(stream: Any) -> None:
    """Wake whoever reads from a network stream: closing a socket alone does not."""
    socket = None if stream is None else stream.get_extra_info("socket")
    if socket is not None:
        socket.shutdown(SHUT_RDWR)


class WireRequest:
    """Builds requests of one library, once its classes are known."""

    __slots__ = ("_async_stream", "_stream")

    def __init__(self, library: Any) -> None:
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
            extensions={"timeout": _limits(budget)},
        )
        if built.method != request.method:
            built.method = request.method  # the library writes every method in capitals
        return built


def _limits(budget: Budget) -> dict[str, float | None]:
    """Those for single operations, each cut to what is left of the whole."""
    timeout = budget.timeout
    left = budget.remaining()
    if left is not None:
        left = max(left, 0.001)
    limits = {
        "connect": timeout.connect,
        "read": timeout.read,
        "write": timeout.write,
        "pool": timeout.pool,
    }
    return {
        name: left if limit is None else limit if left is None else min(limit, left)
        for name, limit in limits.items()
    }


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
        if wanted == "Client" and kind.__module__.partition(".")[0] == "aiohttp":
            raise ConfigurationError("an aiohttp session is for the async client")
        raise ConfigurationError(
            f"http_client must be an httpx2.{wanted} (or httpx.{wanted}), not {kind.__module__}.{kind.__qualname__}"
        )
    if not isinstance(client, getattr(library, wanted)):
        raise ConfigurationError(f"http_client must be an {library.__name__}.{wanted} here")
    return library
