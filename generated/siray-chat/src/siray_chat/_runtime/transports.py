"""Which transport a client speaks through; decided at its first request, so that none is imported before.

A client of another library that the user gives is spoken to through the adapter for that library;
an object that is a transport itself is used as it is; otherwise the ``direct`` transport is.
"""

from __future__ import annotations

from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

    from .transport import AsyncTransport, SyncTransport


class SyncConnections:
    """The transport of a client and of the copies ``with_options`` makes of it.

    Raises ConfigurationError for what cannot be used, or not together.
    """

    __slots__ = ("_closed", "_lock", "_options", "_transport")

    def __init__(
        self,
        http_client: object | None,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        unix_socket: str | None = None,
    ) -> None:
        self._options = (proxy, ssl_context, unix_socket)
        self._lock = allocate_lock()
        self._closed = False
        self._transport: SyncTransport | None = None
        if self._options != _NOTHING:
            _check(http_client, proxy, unix_socket)
        if http_client is not None:
            self._transport = _sync_adapter(http_client)

    def get(self) -> SyncTransport:
        """The transport, made now if need be."""
        return self._transport or self._make()

    def _make(self) -> SyncTransport:
        if self._closed:
            raise _closed()
        from .direct.sync_transport import DirectTransport

        proxy, ssl_context, unix_socket = self._options
        made = DirectTransport(proxy=proxy, ssl_context=ssl_context, unix_socket=unix_socket)
        with self._lock:
            transport = self._transport
            if transport is None:
                transport = self._transport = made
        if self._closed:
            transport.close()
        return transport

    def close(self) -> None:
        """Close the connections; a client that was given stays open."""
        self._closed = True
        if self._transport is not None:
            self._transport.close()


class AsyncConnections:
    """The async twin of SyncConnections."""

    __slots__ = ("_closed", "_lock", "_options", "_transport")

    def __init__(
        self,
        http_client: object | None,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        unix_socket: str | None = None,
    ) -> None:
        self._options = (proxy, ssl_context, unix_socket)
        self._lock = allocate_lock()
        self._closed = False
        self._transport: AsyncTransport | None = None
        if self._options != _NOTHING:
            _check(http_client, proxy, unix_socket)
        if http_client is not None:
            self._transport = _async_adapter(http_client)

    def get(self) -> AsyncTransport:
        """The transport, made now if need be."""
        return self._transport or self._make()

    def _make(self) -> AsyncTransport:
        if self._closed:
            raise _closed()
        from .direct.async_transport import AsyncDirectTransport

        proxy, ssl_context, unix_socket = self._options
        made = AsyncDirectTransport(proxy=proxy, ssl_context=ssl_context, unix_socket=unix_socket)
        with self._lock:
            # Event loops in several threads may share a client.
            transport = self._transport
            if transport is None:
                transport = self._transport = made
        return transport

    async def close(self) -> None:
        """Close the connections; a client that was given stays open."""
        self._closed = True
        if self._transport is not None:
            await self._transport.close()


_NOTHING = (None, None, None)


def _sync_adapter(given: object) -> SyncTransport:
    library = _library_of(given)
    if not library and _is_transport(given):
        own: SyncTransport = given  # type: ignore[assignment]
        return own
    # Refuses what is of no known library, or of the other kind.
    from .httpx2_sync import Httpx2Transport

    return Httpx2Transport(given)


def _async_adapter(given: object) -> AsyncTransport:
    library = _library_of(given)
    if not library and _is_transport(given):
        own: AsyncTransport = given  # type: ignore[assignment]
        return own
    if library == "aiohttp":
        from .aiohttp_async import AiohttpTransport

        return AiohttpTransport(given)
    from .httpx2_async import AsyncHttpx2Transport

    return AsyncHttpx2Transport(given)


def _library_of(given: object) -> str:
    """The HTTP library that an object comes from, if it is one we know."""
    for kind in type(given).__mro__:
        name = kind.__module__.partition(".")[0]
        if name in ("httpx2", "httpx", "aiohttp"):
            return name
    return ""


def _is_transport(thing: object) -> bool:
    return all(callable(getattr(thing, name, None)) for name in ("send", "close"))


def _check(http_client: object | None, proxy: str | None, unix_socket: str | None) -> None:
    """Refuse at once what would fail at the first request. Raises ConfigurationError."""
    if http_client is not None:
        from .errors import ConfigurationError

        raise ConfigurationError(
            "proxy, ssl_context and unix_socket are settings of the connections, which are those of "
            "http_client here: set them there"
        )
    if proxy is not None or unix_socket is not None:
        from .direct.routes import Routes

        Routes(proxy, unix_socket)


def _closed() -> Exception:
    from .transport import TransportError

    return TransportError("the client has been closed", "connecting", permanent=True)
