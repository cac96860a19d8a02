"""Which transport a client speaks through; decided at its first request, so that none is imported before."""

from __future__ import annotations

from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .transport import AsyncTransport, SyncTransport


class SyncConnections:
    """The transport of a client and of the copies ``with_options`` makes of it."""

    __slots__ = ("_closed", "_given", "_lock", "_transport")

    def __init__(self, http_client: object | None) -> None:
        self._given = http_client
        self._lock = allocate_lock()
        self._closed = False
        self._transport: SyncTransport | None = None
        if http_client is not None:
            self._transport = self._make()

    def get(self) -> SyncTransport:
        """The transport, made now if need be."""
        transport = self._transport
        if transport is None:
            with self._lock:
                transport = self._transport
                if transport is None:
                    transport = self._transport = self._make()
                    if self._closed:
                        transport.close()
        return transport

    def _make(self) -> SyncTransport:
        from .httpx2_sync import Httpx2Transport
        from .httpx2_transport import library_of

        given = self._given
        if given is not None and library_of(given) is None and _implements(given, "send", "close"):
            transport: SyncTransport = given  # type: ignore[assignment]
            return transport
        return Httpx2Transport(given)

    def close(self) -> None:
        """Close the connections; a client that was given stays open."""
        self._closed = True
        if self._transport is not None:
            self._transport.close()


class AsyncConnections:
    """The async twin of SyncConnections."""

    __slots__ = ("_closed", "_given", "_transport")

    def __init__(self, http_client: object | None) -> None:
        self._given = http_client
        self._closed = False
        self._transport: AsyncTransport | None = None
        if http_client is not None:
            self._transport = self._make()

    def get(self) -> AsyncTransport:
        """The transport, made now if need be."""
        transport = self._transport
        if transport is None:
            transport = self._transport = self._make()
        return transport

    def _make(self) -> AsyncTransport:
        from .httpx2_async import AsyncHttpx2Transport
        from .httpx2_transport import library_of

        given = self._given
        if given is not None and library_of(given) is None and _implements(given, "send", "close"):
            transport: AsyncTransport = given  # type: ignore[assignment]
            return transport
        return AsyncHttpx2Transport(given)

    async def close(self) -> None:
        """Close the connections; a client that was given stays open."""
        await self.get().close()


def _implements(thing: object, *names: str) -> bool:
    return all(callable(getattr(thing, name, None)) for name in names)
