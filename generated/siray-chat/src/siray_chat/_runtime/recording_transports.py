"""Transports that write down what goes through them, for tests that replay it later.

They stand between a client and any other transport. What an exchange is written down as is the
business of a ``Recorder``, which the fixtures of the package bring (``testing/_engine/recording.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bodies import Body
from .transport import PreparedRequest, TransportError
from .transports import AsyncConnections, SyncConnections

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Literal, Protocol, TypeAlias

    from .timeouts import Budget
    from .transport import AsyncExchange, Exchange, Fields

    End: TypeAlias = Literal["", "cut", "stalled", "abandoned"]

    class Entry(Protocol):
        """One exchange that is being recorded. Only the first end counts."""

        def sent(self, block: bytes) -> None:
            """Part of the request's body has gone out."""
            ...

        def answered(self, status: int, headers: Fields) -> None:
            """The head of the answer is here; without it nothing is recorded."""
            ...

        def received(self, block: bytes) -> None:
            """Part of the answer's body has come."""
            ...

        def ended(self, how: End = "") -> None:
            """The answer has ended, and how."""
            ...

        def left(self) -> None:
            """The caller is gone; called by a garbage collector."""
            ...

    class Recorder(Protocol):
        """Where exchanges are kept."""

        def begin(self, method: str, url: str, headers: list[tuple[str, str]]) -> Entry:
            """A request is about to be sent."""
            ...

        def close(self) -> None:
            """Keep everything safe; called when a client closes."""
            ...


class RecordingTransport:
    """Implements SyncTransport; give it to a client as ``http_client``.

    ``inner`` is what a client takes as ``http_client``; without it, what clients use by themselves.
    """

    __slots__ = ("__weakref__", "_connections", "_recorder")

    def __init__(self, recorder: Recorder, inner: object | None = None) -> None:
        self._recorder = recorder
        self._connections = SyncConnections(inner)

    def send(self, request: PreparedRequest, budget: Budget) -> RecordedExchange:
        """Send, and wait for the head. Raises TransportError."""
        entry = self._recorder.begin(request.method, request.url, request.headers)
        exchange = self._connections.get().send(_watched(request, entry), budget)
        entry.answered(exchange.status, exchange.headers)
        return RecordedExchange(exchange, entry)

    def close(self) -> None:
        """Close the connections; a client that was given stays open."""
        self._connections.close()
        self._recorder.close()


class RecordedExchange:
    """Implements Exchange."""

    __slots__ = ("__weakref__", "_entry", "_exchange", "headers", "status")

    def __init__(self, exchange: Exchange, entry: Entry) -> None:
        self.status: int = exchange.status
        self.headers: Fields = exchange.headers
        self._exchange = exchange
        self._entry = entry

    def whole(self) -> bytes | None:
        """The body, if all of it has arrived already."""
        whole = getattr(self._exchange, "whole", None)
        content: bytes | None = None if whole is None else whole()
        if content is not None:
            _take_all(self._entry, content)
        return content

    def read(self) -> bytes:
        """The next block, or ``b""`` at the end."""
        try:
            block = self._exchange.read()
        except TransportError as error:
            self._entry.ended(_how(error))
            raise
        _take(self._entry, block)
        return block

    def close(self) -> None:
        """Release the connection."""
        self._exchange.close()
        self._entry.ended("abandoned")

    def abandon(self) -> None:
        """As close, from a garbage collector."""
        self._exchange.abandon()
        self._entry.left()


class AsyncRecordingTransport:
    """Implements AsyncTransport; give it to a client as ``http_client``.

    ``inner`` is what a client takes as ``http_client``; without it, what clients use by themselves.
    """

    __slots__ = ("__weakref__", "_connections", "_recorder")

    def __init__(self, recorder: Recorder, inner: object | None = None) -> None:
        self._recorder = recorder
        self._connections = AsyncConnections(inner)

    async def send(self, request: PreparedRequest, budget: Budget) -> AsyncRecordedExchange:
        """Send, and wait for the head. Raises TransportError."""
        entry = self._recorder.begin(request.method, request.url, request.headers)
        exchange = await self._connections.get().send(_watched(request, entry), budget)
        entry.answered(exchange.status, exchange.headers)
        return AsyncRecordedExchange(exchange, entry)

    async def close(self) -> None:
        """Close the connections; a client that was given stays open."""
        await self._connections.close()
        self._recorder.close()


class AsyncRecordedExchange:
    """Implements AsyncExchange."""

    __slots__ = ("__weakref__", "_entry", "_exchange", "headers", "status")

    def __init__(self, exchange: AsyncExchange, entry: Entry) -> None:
        self.status: int = exchange.status
        self.headers: Fields = exchange.headers
        self._exchange = exchange
        self._entry = entry

    def whole(self) -> bytes | None:
        """The body, if all of it has arrived already."""
        whole = getattr(self._exchange, "whole", None)
        content: bytes | None = None if whole is None else whole()
        if content is not None:
            _take_all(self._entry, content)
        return content

    async def read(self) -> bytes:
        """The next block, or ``b""`` at the end."""
        try:
            block = await self._exchange.read()
        except TransportError as error:
            self._entry.ended(_how(error))
            raise
        _take(self._entry, block)
        return block

    async def close(self) -> None:
        """Release the connection."""
        await self._exchange.close()
        self._entry.ended("abandoned")

    def abandon(self) -> None:
        """As close, from a garbage collector."""
        self._exchange.abandon()
        self._entry.left()


class _WatchedBody(Body):
    """A body that is read while it is sent, and told of to the recorder."""

    def __init__(self, body: Body, entry: Entry) -> None:
        super().__init__(None, body.content_type)
        self.length = body.length
        self._body = body
        self._entry = entry

    def blocks(self) -> Iterator[bytes]:
        """The body from its beginning."""
        try:
            for block in self._body.blocks():
                self._entry.sent(block)
                yield block
        finally:
            self.failure = self._body.failure

    async def ablocks(self) -> AsyncIterator[bytes]:
        """The same for an async transport."""
        try:
            async for block in self._body.ablocks():
                self._entry.sent(block)
                yield block
        finally:
            self.failure = self._body.failure


def _watched(request: PreparedRequest, entry: Entry) -> PreparedRequest:
    """The request, told of to the recorder as it is sent."""
    body = request.body
    if body is None:
        return request
    if body.content is not None:
        entry.sent(body.content)
        return request
    watched = _WatchedBody(body, entry)
    return PreparedRequest(request.method, request.url, request.headers, watched)


def _take(entry: Entry, block: bytes) -> None:
    if block:
        entry.received(block)
    else:
        entry.ended()


def _take_all(entry: Entry, content: bytes) -> None:
    if content:
        entry.received(content)
    entry.ended()


def _how(error: TransportError) -> End:
    return "cut" if error.limit is None else "stalled"
